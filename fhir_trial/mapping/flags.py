"""The registry's yes/no statements as classifiers: one code for yes, one for no, none for "not said"."""

from typing import Any

from fhir_trial.mapping.graph import Graph, Index
from fhir_trial.trial import Trial

_PATHS: dict[str, tuple[str, ...]] = {
    "oversight.has_dmc": ("protocolSection", "oversightModule", "oversightHasDmc"),
    "oversight.is_fda_regulated_drug": ("protocolSection", "oversightModule", "isFdaRegulatedDrug"),
    "oversight.is_fda_regulated_device": ("protocolSection", "oversightModule", "isFdaRegulatedDevice"),
    "oversight.is_unapproved_device": ("protocolSection", "oversightModule", "isUnapprovedDevice"),
    "oversight.is_ppsd": ("protocolSection", "oversightModule", "isPpsd"),
    "oversight.is_us_export": ("protocolSection", "oversightModule", "isUsExport"),
    "oversight.fdaaa801_violation": ("protocolSection", "oversightModule", "fdaaa801Violation"),
    "status.delayed_posting": ("protocolSection", "statusModule", "delayedPosting"),
    "status.results_waived": ("protocolSection", "statusModule", "resultsWaived"),
    "expanded_access.has_expanded_access": (
        "protocolSection",
        "statusModule",
        "expandedAccessInfo",
        "hasExpandedAccess",
    ),
    "expanded_access_types.individual": (
        "protocolSection",
        "designModule",
        "expandedAccessTypes",
        "individual",
    ),
    "expanded_access_types.intermediate": (
        "protocolSection",
        "designModule",
        "expandedAccessTypes",
        "intermediate",
    ),
    "expanded_access_types.treatment": (
        "protocolSection",
        "designModule",
        "expandedAccessTypes",
        "treatment",
    ),
    "design.patient_registry": ("protocolSection", "designModule", "patientRegistry"),
    "documents.no_sap": ("documentSection", "largeDocumentModule", "noSap"),
    "trial.has_results": ("hasResults",),
}
"""Flag of mappings/research_study/classifier.csv -> where the record's document keeps it."""


def _parts(trial: Trial) -> dict[str, Any]:
    protocol = trial.protocol
    return {
        "oversight": protocol.oversight,
        "status": protocol.status,
        "expanded_access": protocol.status.expanded_access if protocol.status else None,
        "expanded_access_types": protocol.design.expanded_access_types if protocol.design else None,
        "design": protocol.design,
        "documents": trial.documents.documents if trial.documents else None,
        "trial": trial,
    }


_BY_PART: dict[str, list[str]] = {}
for _flag in _PATHS:
    _BY_PART.setdefault(_flag.partition(".")[0], []).append(_flag.partition(".")[2])


def classifiers(trial: Trial, graph: Graph) -> list[dict[str, Any]]:
    """CodeableConcept per stated flag, in the order of the table."""
    written = []
    concept = graph.maps.classifier.concept
    for name, part in _parts(trial).items():
        if part is None:
            continue
        for attribute in _BY_PART[name]:
            value = getattr(part, attribute)
            if value is not None:
                written.append(concept(f"{name}.{attribute}={'true' if value else 'false'}"))
    return written


def read(concepts: list[Any], index: Index, document: dict[str, Any]) -> None:
    """Put the flags that classifiers state into the record's document."""
    for concept in concepts:
        token = index.maps.classifier.token(concept)
        if token is None:
            continue
        flag, _, value = token.partition("=")
        *path, key = _PATHS[flag]
        target = document
        for step in path:
            target = target.setdefault(step, {})
        target[key] = value == "true"
