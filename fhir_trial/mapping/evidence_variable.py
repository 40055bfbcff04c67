"""EvidenceVariable: an outcome as R5 wants it, with its time frame. R4 and R4B shape it differently.

https://hl7.org/fhir/R5/evidencevariable.html
"""

from fhir_trial.mapping import urls
from fhir_trial.mapping.graph import Resource
from fhir_trial.mapping.narrative import heading, narrative, paragraph
from fhir_trial.mapping.research_study.design import listed_outcomes, outcome_id
from fhir_trial.trial import Outcome, Trial


def outcome_variables(trial: Trial) -> list[Resource]:
    """An R5 EvidenceVariable per outcome, in order."""
    return [
        _resource(outcome_id(trial.id, token, number), outcome)
        for token, number, outcome in listed_outcomes(trial.protocol.outcomes)
    ]


def _resource(resource_id: str, outcome: Outcome) -> Resource:
    resource: Resource = {"resourceType": "EvidenceVariable", "id": resource_id}
    text = narrative(
        heading(outcome.measure),
        paragraph("Time frame", outcome.time_frame),
        paragraph("Description", outcome.description),
    )
    if text:
        resource["text"] = text
    resource["url"] = urls.canonical("EvidenceVariable", resource_id)
    if outcome.measure:
        resource["title"] = outcome.measure
    resource["status"] = "active"
    if outcome.description:
        resource["description"] = outcome.description
    if outcome.time_frame:
        resource["characteristic"] = [{"timeFromEvent": [{"description": outcome.time_frame}]}]
    return resource
