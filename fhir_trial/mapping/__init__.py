"""Trial -> FHIR resources, and back: one module per resource, both directions side by side."""

from typing import Any

import msgspec

from fhir_trial.errors import RecordError
from fhir_trial.mapping import mesh
from fhir_trial.mapping.activity_definition import activity_definitions, read_interventions
from fhir_trial.mapping.evidence_variable import outcome_variables
from fhir_trial.mapping.graph import Graph, Index, Resource
from fhir_trial.mapping.group import eligibility_groups, read_eligibility
from fhir_trial.mapping.plan_definition import plan_definition, read_intervention_names
from fhir_trial.mapping.research_study import read_study, research_study
from fhir_trial.mapping.research_study.design import read_arms
from fhir_trial.mapping.results import read_results, result_resources
from fhir_trial.release import Release
from fhir_trial.trial import Sponsors, Trial


def resources(trial: Trial, release: Release) -> list[Resource]:
    """The resources of a trial in one release, in bundle order.

    Raises: UnmappedCodeError for a token without a row in mappings/.
    """
    graph = Graph(release, agency_classes(trial))
    conditions = mesh.dictionary(trial.derived.conditions if trial.derived else None, release)
    mesh_terms = {words: coding["code"] for words, coding in conditions.items()}
    groups = eligibility_groups(trial.id, trial.protocol.eligibility, mesh_terms, graph)
    group = groups[0]["id"] if groups else None
    terms = mesh.dictionary(trial.derived.interventions if trial.derived else None, release)
    arms_interventions = trial.protocol.arms_interventions
    interventions = arms_interventions.interventions if arms_interventions else None
    results = result_resources(trial, graph)
    study = research_study(trial, group, terms, results.report, graph)
    return [
        study,
        plan_definition(trial, group, graph),
        *groups,
        *results.groups,
        *activity_definitions(trial.id, interventions, terms, graph),
        *results.whole,
        *(outcome_variables(trial) if graph.r5 else ()),
        *results.measures,
        *results.values,
        *graph.resources(),
    ]


def agency_classes(trial: Trial) -> dict[str, str]:
    """Name of an organization -> its class, wherever the record states both; the first statement counts."""
    sponsors = trial.protocol.sponsors or Sponsors()
    stated = [
        trial.protocol.identification.organization,
        sponsors.lead_sponsor,
        *(sponsors.collaborators or ()),
    ]
    found: dict[str, str] = {}
    for party in stated:
        if party and party.name and party.agency_class:
            found.setdefault(party.name, party.agency_class)
    return found


def read_resources(stated: list[dict[str, Any]], release: Release) -> Trial:
    """The trial that resources describe.

    Raises: RecordError when they hold no ResearchStudy, or several, or one that is not a registry's.
    """
    try:
        return msgspec.convert(read_document(stated, release), Trial)
    except msgspec.ValidationError as error:
        raise RecordError(str(error), "ResearchStudy") from error


def read_document(stated: list[dict[str, Any]], release: Release) -> dict[str, Any]:
    """What resources say, as the document of a `Trial`, not yet checked against its types.

    Raises: RecordError when they hold no ResearchStudy, or several.
    """
    index = Index(stated, release)
    studies = index.of_type("ResearchStudy")
    if len(studies) != 1:
        raise RecordError(f"expected one ResearchStudy, found {len(studies)}", "Bundle.entry")
    study = studies[0]
    document: dict[str, Any] = {}
    read_study(study, index, document)
    _read_arms(study, index, document["protocolSection"])
    eligibility = read_eligibility(_group_references(study, index), index)
    if eligibility:
        document["protocolSection"]["eligibilityModule"] = eligibility
    if results := read_results(study, index):
        document["resultsSection"] = results
    return document


def _group_references(study: Resource, index: Index) -> list[Any]:
    if index.r5:
        return [study.get("recruitment", {}).get("eligibility")]
    return list(study.get("enrollment", ()))


def _read_arms(study: Resource, index: Index, protocol: dict[str, Any]) -> None:
    arms = read_arms(study, index)
    for number, names in read_intervention_names(index, study.get("protocol", [])).items():
        if number < len(arms):
            arms[number]["interventionNames"] = names
    module = {"armGroups": arms, "interventions": read_interventions(index)}
    if stated := {key: items for key, items in module.items() if items}:
        protocol["armsInterventionsModule"] = stated
