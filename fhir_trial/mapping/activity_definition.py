"""ActivityDefinition: an intervention. https://hl7.org/fhir/R4/activitydefinition.html"""

import re
from typing import Any

from fhir_trial.codemaps import plain_codes
from fhir_trial.mapping import extensions, mesh, urls
from fhir_trial.mapping.graph import Graph, Index, Resource
from fhir_trial.mapping.narrative import heading, listing, narrative, paragraph
from fhir_trial.trial import Intervention

_MEDICINES = ("DRUG", "BIOLOGICAL", "DIETARY_SUPPLEMENT")
"""Types whose intervention is a product that is given."""


def activity_id(trial_id: str, number: int) -> str:
    """The id of the n-th intervention (from 1) of a trial."""
    return f"{trial_id}-intervention-{number}"


def activity_definitions(
    trial_id: str, stated: list[Intervention] | None, terms: dict[str, dict[str, str]], graph: Graph
) -> list[Resource]:
    """An ActivityDefinition per intervention, in order."""
    return [
        _resource(activity_id(trial_id, number), intervention, terms, graph)
        for number, intervention in enumerate(stated or (), start=1)
    ]


def _resource(
    resource_id: str, stated: Intervention, terms: dict[str, dict[str, str]], graph: Graph
) -> Resource:
    kind = graph.maps.intervention_type.concept(stated.type) if stated.type else None
    resource: Resource = {"resourceType": "ActivityDefinition", "id": resource_id}
    text = narrative(
        heading(stated.name),
        paragraph("Type", kind["text"] if kind else None),
        paragraph("Description", stated.description),
        listing("Other names", stated.other_names or ()),
    )
    if text:
        resource["text"] = text
    extension = _texts("other-name", stated.other_names) + _texts("arm-group-label", stated.arm_labels)
    if extension:
        resource["extension"] = extension
    resource["url"] = urls.canonical("ActivityDefinition", resource_id)
    if stated.name:
        resource["title"] = stated.name
    resource["status"] = "active"
    if stated.description:
        resource["description"] = stated.description
    if kind:
        resource["topic"] = [kind]
    request = plain_codes("activity_definition/kind").get(stated.type or "")
    if request:
        resource["kind"] = request
    if stated.name:
        resource["code"] = mesh.concept(stated.name, terms)
        if stated.type in _MEDICINES:
            resource["productCodeableConcept"] = mesh.concept(stated.name, terms)
    return resource


def _texts(name: str, texts: list[str] | None) -> list[dict[str, Any]]:
    return [extension for text in texts or () for extension in extensions.simple(name, "valueString", text)]


_NUMBERED = re.compile(r"-intervention-(\d+)\Z")


def _number(resource: Resource) -> int:
    """Interventions keep their order by their ids: a server may give them back in any order."""
    match = _NUMBERED.search(resource.get("id", ""))
    return int(match[1]) if match else 0


def read_interventions(index: Index) -> list[dict[str, Any]]:
    """The interventions of the record."""
    return [_read(resource, index) for resource in sorted(index.of_type("ActivityDefinition"), key=_number)]


def _read(resource: Resource, index: Index) -> dict[str, Any]:
    kinds = [index.maps.intervention_type.token(topic) for topic in resource.get("topic", ())]
    found = {
        "type": next((kind for kind in kinds if kind), None),
        "name": resource.get("title"),
        "description": resource.get("description"),
        "armGroupLabels": extensions.values(resource, "arm-group-label", "valueString"),
        "otherNames": extensions.values(resource, "other-name", "valueString"),
    }
    return {key: value for key, value in found.items() if value not in (None, [])}
