"""ResearchStudy: phase, purpose, design, enrolment, arms, outcomes, conditions."""

from typing import Any

from fhir_trial.codemaps import CodeMap
from fhir_trial.mapping import extensions, mesh, time_span
from fhir_trial.mapping.graph import Graph, Index, reference
from fhir_trial.mapping.organization import ABSENT
from fhir_trial.mapping.urls import EXTENSION
from fhir_trial.trial import Arm, Design, DesignInfo, Enrollment, Masking, Outcome, Outcomes, Trial

Element = dict[str, Any]


def phase(phases: list[str], graph: Graph) -> Element:
    """One CodeableConcept for the phases a record names; two neighbouring phases have a code of their own."""
    joined = "|".join(phases)
    known = graph.maps.phase
    if joined in known:
        return known.concept(joined)
    concepts = [known.registry_coding(token) for token in phases]
    return {"coding": concepts, "text": ", ".join(known.text(token) for token in phases)}


def read_phase(concept: Element | None, index: Index) -> list[str]:
    """The phases a CodeableConcept stands for; 0..*."""
    if not concept:
        return []
    return [token for joined in index.maps.phase.tokens(concept) for token in joined.split("|")]


# --- design ---------------------------------------------------------------------------------------------


def categories(design: Design, graph: Graph) -> list[Element]:
    """The facets of the design, a CodeableConcept each; the registry coding says which facet it is."""
    maps, info = graph.maps, design.info or DesignInfo()
    masking = info.masking or Masking()
    biospecimens = design.biospecimens.retention if design.biospecimens else None
    stated: list[tuple[str, CodeMap, str | None]] = [
        ("Study Type", maps.study_type, design.study_type),
        ("Allocation", maps.allocation, info.allocation),
        ("Intervention Model", maps.intervention_model, info.intervention_model),
        ("Observational Model", maps.observational_model, info.observational_model),
        ("Time Perspective", maps.time_perspective, info.time_perspective),
        ("Masking", maps.masking, masking.masking),
        ("Biospecimen Retention", maps.biospecimen_retention, biospecimens),
    ]
    written = [_facet(label, code_map, token) for label, code_map, token in stated if token]
    written += [_facet("Masked", maps.who_masked, token) for token in masking.who_masked or ()]
    return written


def _facet(label: str, code_map: CodeMap, token: str) -> Element:
    concept = code_map.concept(token)
    concept["text"] = f"{label}: {concept['text']}"
    return concept


def read_categories(concepts: list[Element], index: Index, document: Element) -> None:
    """Put the facets of the design into the record's designModule."""
    maps = index.maps
    design = {"studyType": maps.study_type}
    info = {
        "allocation": maps.allocation,
        "interventionModel": maps.intervention_model,
        "observationalModel": maps.observational_model,
        "timePerspective": maps.time_perspective,
    }
    for concept in concepts:
        for path, facets in (
            ((), design),
            (("designInfo",), info),
            (("designInfo", "maskingInfo"), {"masking": maps.masking}),
            (("bioSpec",), {"retention": maps.biospecimen_retention}),
        ):
            for key, code_map in facets.items():
                if token := code_map.token(concept):
                    _into(document, path)[key] = token
        if token := maps.who_masked.token(concept):
            _into(document, ("designInfo", "maskingInfo")).setdefault("whoMasked", []).append(token)


def _into(document: Element, path: tuple[str, ...]) -> Element:
    for step in path:
        document = document.setdefault(step, {})
    return document


def design_extensions(design: Design) -> list[Element]:
    """Our extensions: the descriptions of model, masking and biospecimens, the target duration."""
    info = design.info or DesignInfo()
    masking = info.masking or Masking()
    simple = extensions.simple
    duration = time_span.quantity(design.target_duration) if design.target_duration else None
    biospecimens = design.biospecimens.description if design.biospecimens else None
    return (
        simple("intervention-model-description", "valueMarkdown", info.intervention_model_description)
        + simple("masking-description", "valueMarkdown", masking.description)
        + simple("biospecimen-description", "valueMarkdown", biospecimens)
        + simple("target-duration", "valueDuration", duration)
        + simple("expanded-access-pointers", "valueInteger", design.pointers_to_expanded_access)
    )


def read_design_extensions(study: Element, document: Element) -> None:
    """Put what design_extensions wrote into the record's designModule."""
    value = extensions.value
    duration = value(study, "target-duration", "valueDuration")
    for path, key, stated in (
        (
            ("designInfo",),
            "interventionModelDescription",
            value(study, "intervention-model-description", "valueMarkdown"),
        ),
        (
            ("designInfo", "maskingInfo"),
            "maskingDescription",
            value(study, "masking-description", "valueMarkdown"),
        ),
        (("bioSpec",), "description", value(study, "biospecimen-description", "valueMarkdown")),
        ((), "targetDuration", time_span.text(duration) if duration else None),
        ((), "nPtrsToThisExpAccNctId", value(study, "expanded-access-pointers", "valueInteger")),
    ):
        if stated is not None:
            _into(document, path)[key] = stated


# --- enrolment ------------------------------------------------------------------------------------------


def recruitment(enrollment: Enrollment | None, group_id: str | None, graph: Graph) -> Element:
    """ResearchStudy.recruitment {targetNumber, actualNumber, eligibility}, each 0..1.

    Units: participants.
    """
    fragment: Element = {}
    if enrollment and enrollment.count is not None and enrollment.type:
        fragment["actualNumber" if enrollment.type == "ACTUAL" else "targetNumber"] = enrollment.count
    if group_id:
        fragment["eligibility"] = reference("Group", group_id)
    return fragment


def enrollment_extension(enrollment: Enrollment | None) -> list[Element]:
    """A count of which the record does not say whether it is actual (or the reverse)."""
    if enrollment is None or (enrollment.count is not None and enrollment.type):
        return []
    return extensions.extension("enrollment", enrollment)


def read_enrollment(study: Element, fragments: list[Element]) -> Element:
    """{count, type}, each 0..1."""
    for fragment in fragments:
        for key, kind in (("actualNumber", "ACTUAL"), ("targetNumber", "ESTIMATED")):
            if key in fragment:
                return {"count": fragment[key], "type": kind}
    stated = extensions.parts(study, "enrollment", Enrollment)
    return stated[0] if stated else {}


# --- arms -----------------------------------------------------------------------------------------------


def arm_id(number: int) -> str:
    """What ties an arm of the study to its action in the PlanDefinition."""
    return f"arm-{number}"


def arms(stated: list[Arm], graph: Graph) -> list[Element]:
    """R4 arm / R5 comparisonGroup per arm, in order: {name 1..1, type 0..1, description 0..1}."""
    written = []
    for number, arm in enumerate(stated, start=1):
        element: Element = {"linkId": arm_id(number)} if graph.r5 else {"id": arm_id(number)}
        if arm.label:
            element["name"] = arm.label
        else:
            element["_name"] = ABSENT
        if arm.type:
            element["type"] = graph.maps.arm_type.concept(arm.type)
        if arm.description:
            element["description"] = arm.description
        written.append(element)
    return written


def read_arms(study: Element, index: Index) -> list[Element]:
    """The arms of the record without their interventions."""
    found = []
    for element in study.get("comparisonGroup" if index.r5 else "arm", ()):
        arm: Element = {}
        if element.get("name"):
            arm["label"] = element["name"]
        if token := index.maps.arm_type.token(element.get("type")):
            arm["type"] = token
        if element.get("description"):
            arm["description"] = element["description"]
        found.append(arm)
    return found


# --- outcomes -------------------------------------------------------------------------------------------

OUTCOME_KINDS = {"PRIMARY": "primary", "SECONDARY": "secondary", "OTHER": "other"}
"""Token of mappings/research_study/outcome_type.csv -> field of Outcomes."""


def listed_outcomes(outcomes: Outcomes | None) -> list[tuple[str, int, Outcome]]:
    """Every outcome as (type token, its number within the type from 1, outcome), in order."""
    if outcomes is None:
        return []
    return [
        (token, number, outcome)
        for token, attribute in OUTCOME_KINDS.items()
        for number, outcome in enumerate(getattr(outcomes, attribute) or (), start=1)
    ]


def outcome_measures(trial: Trial, graph: Graph) -> list[Element]:
    """ResearchStudy.outcomeMeasure fragments {name, type, description, reference}; time frame on name."""
    written = []
    for token, number, outcome in listed_outcomes(trial.protocol.outcomes):
        fragment: Element = {}
        if outcome.measure:
            fragment["name"] = outcome.measure
        if outcome.time_frame:
            frame = {"url": EXTENSION + "outcome-time-frame", "valueString": outcome.time_frame}
            fragment["_name"] = {"extension": [frame]}
        fragment["type"] = [graph.maps.outcome_type.concept(token)]
        if outcome.description:
            fragment["description"] = outcome.description
        if graph.r5:
            fragment["reference"] = reference("EvidenceVariable", outcome_id(trial.id, token, number))
        written.append(fragment)
    return written


def outcome_id(trial_id: str, token: str, number: int) -> str:
    """The id of an outcome's EvidenceVariable, e.g. NCT03597321-outcome-primary-1."""
    return f"{trial_id}-outcome-{OUTCOME_KINDS[token]}-{number}"


def read_outcomes(fragments: list[Element], index: Index) -> Element:
    """The outcomesModule of the record."""
    found: Element = {}
    for fragment in fragments:
        tokens = [index.maps.outcome_type.token(kind) for kind in fragment.get("type", ())]
        key = OUTCOME_KINDS.get(next((token for token in tokens if token), "OTHER"), "other")
        outcome: Element = {}
        if fragment.get("name"):
            outcome["measure"] = fragment["name"]
        if fragment.get("description"):
            outcome["description"] = fragment["description"]
        if frame := extensions.value(fragment.get("_name"), "outcome-time-frame", "valueString"):
            outcome["timeFrame"] = frame
        found.setdefault(f"{key}Outcomes", []).append(outcome)
    return found


# --- conditions -----------------------------------------------------------------------------------------


def words(texts: list[str] | None, terms: dict[str, dict[str, str]]) -> list[Element]:
    """A CodeableConcept per condition or keyword, with the MeSH coding the registry found for its words."""
    return [mesh.concept(text, terms) for text in texts or () if text]


def read_words(concepts: list[Element]) -> list[str]:
    """The record's own words."""
    return [concept["text"] for concept in concepts if concept.get("text")]
