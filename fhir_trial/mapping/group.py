"""Group: who may take part. https://hl7.org/fhir/R4/group.html, https://hl7.org/fhir/R5/group.html

The characteristics of a Group are joined by AND. Where the words of a list say otherwise, or do not say, the
nested Group that holds the list carries a modifier extension.
"""

from collections import deque
from typing import Any

from fhir_trial.eligibility import Criterion, parse
from fhir_trial.mapping import cross_version, extensions, time_span, urls
from fhir_trial.mapping.graph import Graph, Index, Reference, Resource, reference
from fhir_trial.mapping.narrative import bullets, heading, narrative, paragraph, preformatted
from fhir_trial.trial import Eligibility

Element = dict[str, Any]


def group_id(trial_id: str) -> str:
    """The id of a trial's eligibility Group."""
    return f"{trial_id}-eligibility"


def eligibility_groups(trial_id: str, stated: Eligibility | None, graph: Graph) -> list[Resource]:
    """The eligibility Group and the nested ones it refers to; none when the record states nothing."""
    if stated is None or stated == Eligibility():
        return []
    criteria = parse(stated.criteria).criteria if stated.criteria else ()
    nested = _Nested(group_id(trial_id), graph)
    group = _group(group_id(trial_id), f"Eligibility criteria of {trial_id}", graph)
    group["text"] = _narrative(trial_id, stated, graph)
    group["extension"] = _extensions(stated, graph)
    if not graph.r5 and stated.criteria:
        group["extension"].append(cross_version.extension("Group.description", stated.criteria))
    group["identifier"] = [{"system": urls.ELIGIBILITY_GROUP, "value": trial_id}]
    if graph.r5 and stated.criteria:
        group["description"] = stated.criteria
    group["characteristic"] = _structured(stated, graph) + nested.characteristics(criteria)
    return [_ordered(group), *nested.groups()]


_ORDER = (
    "resourceType",
    "id",
    "text",
    "extension",
    "modifierExtension",
    "identifier",
    "active",
    "type",
    "actual",
    "membership",
    "name",
    "description",
    "characteristic",
)
"""Order of the elements in a Group of any release."""


def _group(resource_id: str, name: str | None, graph: Graph) -> Resource:
    group: Resource = {"resourceType": "Group", "id": resource_id, "type": "person"}
    if graph.r5:
        group["membership"] = "definitional"
    else:
        group["actual"] = False
    if name:
        group["name"] = name
    return group


def _ordered(group: Resource) -> Resource:
    return {key: group[key] for key in _ORDER if group.get(key) not in (None, [])}


def _extensions(stated: Eligibility, graph: Graph) -> list[Element]:
    return [
        {
            "url": urls.EXTENSION + "standard-age",
            "valueCodeableConcept": graph.maps.standard_age.concept(token),
        }
        for token in stated.standard_ages or ()
    ]


# --- structured fields ----------------------------------------------------------------------------------


def _characteristic(trait: str, graph: Graph, *, exclude: bool = False, **value: Any) -> Element:
    return {"code": graph.maps.characteristic.concept(trait), **value, "exclude": exclude}


def _structured(stated: Eligibility, graph: Graph) -> list[Element]:
    """Characteristics of the structured fields, in the order of the record's page."""
    written = [
        _characteristic("age", graph, valueRange=bounds)
        for bounds in _age_ranges(stated.minimum_age, stated.maximum_age)
    ]
    maps = graph.maps
    if stated.sex:
        written.append(_characteristic("sex", graph, valueCodeableConcept=maps.sex.concept(stated.sex)))
    if stated.gender_based is not None:
        written.append(_characteristic("gender-based", graph, valueBoolean=stated.gender_based))
    if stated.gender_description:
        text = {"text": stated.gender_description}
        written.append(_characteristic("gender-description", graph, valueCodeableConcept=text))
    if stated.healthy_volunteers is not None:
        written.append(_characteristic("healthy-volunteers", graph, valueBoolean=stated.healthy_volunteers))
    if stated.study_population:
        text = {"text": stated.study_population}
        written.append(_characteristic("study-population", graph, valueCodeableConcept=text))
    if stated.sampling_method:
        method = maps.sampling_method.concept(stated.sampling_method)
        written.append(_characteristic("sampling-method", graph, valueCodeableConcept=method))
    return written


def _age_ranges(minimum: str | None, maximum: str | None) -> list[Element]:
    """One Range for both bounds; a Range each when they cannot be compared, or contradict (rng-2)."""
    low = {"low": time_span.quantity(minimum)} if minimum else {}
    high = {"high": time_span.quantity(maximum)} if maximum else {}
    if minimum and maximum:
        (least, _, unit), (most, _, other) = map(time_span.quantity_parts, (minimum, maximum))
        if unit != other or least > most:
            return [low, high]
    return [low | high] if low or high else []


# --- criteria -------------------------------------------------------------------------------------------


class _Nested:
    """Characteristics of criteria; a criterion with criteria below it refers to a Group of its own."""

    def __init__(self, base_id: str, graph: Graph) -> None:
        self._base_id = base_id
        self._graph = graph
        self._waiting: deque[tuple[str, Criterion]] = deque()
        self._count = 0

    def characteristics(self, criteria: tuple[Criterion, ...]) -> list[Element]:
        return [self._characteristic(criterion) for criterion in criteria]

    def groups(self) -> list[Resource]:
        """The nested Groups, level by level: a loop, since a text may nest deeper than a stack."""
        written = []
        while self._waiting:
            resource_id, criterion = self._waiting.popleft()
            written.append(self._nested_group(resource_id, criterion))
        return written

    def _characteristic(self, criterion: Criterion) -> Element:
        exclude = criterion.section == "exclusion"
        written: Element = {}
        extension = extensions.simple("criterion-label", "valueString", criterion.label)
        if criterion.section == "other":
            extension += extensions.simple("criterion-section", "valueCode", "other")
        if extension:
            written["extension"] = extension
        if criterion.children:
            value: Element = {"valueReference": self._child(criterion)}
        else:
            value = {"valueCodeableConcept": {"text": criterion.text}}
        return written | _characteristic("criterion", self._graph, exclude=exclude, **value)

    def _child(self, criterion: Criterion) -> Reference:
        self._count += 1
        resource_id = f"{self._base_id}-{self._count}"
        self._waiting.append((resource_id, criterion))
        return reference("Group", resource_id, criterion.text)

    def _nested_group(self, resource_id: str, criterion: Criterion) -> Resource:
        group = _group(resource_id, None, self._graph)
        items = [child.text for child in criterion.children]
        if text := narrative(heading(criterion.text), bullets(items)):
            group["text"] = text
        if self._graph.r5:
            group["description"] = criterion.text
        elif criterion.text:
            group["extension"] = [cross_version.extension("Group.description", criterion.text)]
        if criterion.logic != "all-of":
            group["modifierExtension"] = _combination(criterion)
        # Polarity stands on the reference to this Group, so nothing below it is excluded again.
        group["characteristic"] = [
            {**self._characteristic(child), "exclude": False} for child in criterion.children
        ]
        return _ordered(group)


def _combination(criterion: Criterion) -> list[Element]:
    inner: list[Element] = [{"url": "method", "valueCode": criterion.logic}]
    if criterion.threshold is not None:
        inner.append({"url": "threshold", "valuePositiveInt": criterion.threshold})
    return [{"url": urls.EXTENSION + "combination-method", "extension": inner}]


def _narrative(trial_id: str, stated: Eligibility, graph: Graph) -> Element | None:
    ages = f"{stated.minimum_age or 'any age'} to {stated.maximum_age or 'any age'}"
    volunteers = {True: "accepted", False: "not accepted", None: None}[stated.healthy_volunteers]
    return narrative(
        heading(f"Eligibility criteria of {trial_id}"),
        paragraph("Age", ages if stated.minimum_age or stated.maximum_age else None),
        paragraph("Sex", graph.maps.sex.text(stated.sex) if stated.sex else None),
        paragraph("Healthy volunteers", volunteers),
        paragraph("Study population", stated.study_population),
        preformatted(stated.criteria),
    )


# --- reading --------------------------------------------------------------------------------------------


def read_eligibility(study_references: list[Any], index: Index) -> dict[str, Any]:
    """The eligibilityModule of the record, from the Group a study refers to."""
    group = next((target for ref in study_references if (target := index.find(ref, "Group"))), None)
    if group is None:
        return {}
    found: dict[str, Any] = {}
    descriptions = cross_version.read(group, "Group.description", index.release)
    if descriptions:
        found["eligibilityCriteria"] = descriptions[0]
    for characteristic in group.get("characteristic", ()):
        found |= _read_characteristic(characteristic, index)
    ages = extensions.values(group, "standard-age", "valueCodeableConcept")
    if tokens := [index.maps.standard_age.token(age) for age in ages]:
        found["stdAges"] = tokens
    return found


def _read_characteristic(characteristic: Element, index: Index) -> dict[str, Any]:
    trait = index.maps.characteristic.token(characteristic.get("code"))
    concept = characteristic.get("valueCodeableConcept", {})
    if trait == "age":
        bounds = characteristic.get("valueRange", {})
        spans = {"minimumAge": bounds.get("low"), "maximumAge": bounds.get("high")}
        return {
            key: span for key, quantity in spans.items() if quantity and (span := time_span.text(quantity))
        }
    if trait == "sex":
        return {"sex": index.maps.sex.token(concept)} if index.maps.sex.token(concept) else {}
    if trait == "sampling-method":
        return {"samplingMethod": index.maps.sampling_method.token(concept)}
    texts = {"gender-description": "genderDescription", "study-population": "studyPopulation"}
    if trait in texts:
        return {texts[trait]: concept.get("text")}
    flags = {"gender-based": "genderBased", "healthy-volunteers": "healthyVolunteers"}
    if trait in flags and "valueBoolean" in characteristic:
        return {flags[trait]: characteristic["valueBoolean"]}
    return {}
