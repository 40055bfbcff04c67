"""PlanDefinition: the protocol; an action per arm, in it an action per intervention.

https://hl7.org/fhir/R4/plandefinition.html
"""

from typing import Any

from fhir_trial.codemaps import system
from fhir_trial.mapping import urls
from fhir_trial.mapping.activity_definition import activity_id
from fhir_trial.mapping.graph import Graph, Index, Resource, reference
from fhir_trial.mapping.narrative import heading, listing, narrative
from fhir_trial.mapping.research_study.design import arm_id
from fhir_trial.trial import Arm, ArmsInterventions, Intervention, Trial

Element = dict[str, Any]

UNASSIGNED = "unassigned"
"""Id of the action that holds the interventions which no arm names."""


def plan_id(trial_id: str) -> str:
    """The id of a trial's protocol."""
    return f"{trial_id}-protocol"


def plan_definition(trial: Trial, subject: str | None, graph: Graph) -> Resource:
    """The protocol of a trial: PlanDefinition {type clinical-protocol, action 0..*}."""
    stated = trial.protocol.arms_interventions or ArmsInterventions()
    title = trial.protocol.identification.brief_title or trial.protocol.identification.official_title
    resource_id = plan_id(trial.id)
    resource: Resource = {
        "resourceType": "PlanDefinition",
        "id": resource_id,
        "text": narrative(
            heading(f"Protocol of {trial.id}"), listing("Arms", [arm.label for arm in stated.arms or ()])
        ),
        "url": urls.canonical("PlanDefinition", resource_id),
        "name": f"{trial.id}_protocol",
    }
    if title:
        resource["title"] = title
    uri = system("plan-definition-type", graph.release)
    resource["type"] = {"coding": [{"system": uri, "code": "clinical-protocol"}]}
    resource["status"] = "active"
    if subject:
        resource["subjectReference"] = reference("Group", subject)
    if actions := _actions(trial.id, stated, graph):
        resource["action"] = actions
    return resource


def _actions(trial_id: str, stated: ArmsInterventions, graph: Graph) -> list[Element]:
    interventions = stated.interventions or []
    urls_by_name = _canonicals(trial_id, interventions, graph)
    actions = [
        action
        for number, arm in enumerate(stated.arms or (), start=1)
        if (action := _arm_action(number, arm, urls_by_name, graph))
    ]
    named = {urls_by_name.get(name) for arm in stated.arms or () for name in arm.intervention_names or ()}
    loose = [
        {"title": item.name, "definitionCanonical": url} if item.name else {"definitionCanonical": url}
        for item, url in zip(interventions, _urls(trial_id, interventions), strict=True)
        if url not in named
    ]
    if loose:
        actions.append(
            {**_identity(UNASSIGNED, graph), "title": "Interventions that no arm names", "action": loose}
        )
    return actions


def _urls(trial_id: str, interventions: list[Intervention]) -> list[str]:
    return [
        urls.canonical("ActivityDefinition", activity_id(trial_id, number))
        for number in range(1, len(interventions) + 1)
    ]


def _canonicals(trial_id: str, interventions: list[Intervention], graph: Graph) -> dict[str, str]:
    """The name by which arms call an intervention ("Drug: aspirin") -> the url of its ActivityDefinition."""
    found: dict[str, str] = {}
    for item, url in zip(interventions, _urls(trial_id, interventions), strict=True):
        if item.name and item.type:
            found.setdefault(f"{graph.maps.intervention_type.text(item.type)}: {item.name}", url)
    return found


def _identity(name: str, graph: Graph) -> Element:
    return {"id": name, "linkId": name} if graph.r5 else {"id": name}


def _arm_action(number: int, arm: Arm, canonicals: dict[str, str], graph: Graph) -> Element:
    action: Element = {}
    if arm.label:
        action["title"] = arm.label
    if arm.description:
        action["description"] = arm.description
    inner = []
    for name in arm.intervention_names or ():
        if not name:
            continue
        item: Element = {"title": name}
        if name in canonicals:
            item["definitionCanonical"] = canonicals[name]
        inner.append(item)
    if inner:
        action["action"] = inner
    # an element may not consist of an id alone (ele-1)
    return {**_identity(arm_id(number), graph), **action} if action else {}


def read_intervention_names(index: Index, protocol_references: list[Any]) -> dict[int, list[str]]:
    """Number of an arm (from 0) -> the interventions it names, in order."""
    plan = next(filter(None, (index.find(ref, "PlanDefinition") for ref in protocol_references)), None)
    found: dict[int, list[str]] = {}
    for action in (plan or {}).get("action", ()):
        identity = action.get("linkId") or action.get("id") or ""
        if identity.startswith(arm_id(0)[:-1]) and identity.rpartition("-")[2].isdecimal():
            names = [item["title"] for item in action.get("action", ()) if item.get("title")]
            if names:
                found[int(identity.rpartition("-")[2]) - 1] = names
    return found
