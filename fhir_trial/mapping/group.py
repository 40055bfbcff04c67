"""Group: who may take part. https://hl7.org/fhir/R4/group.html, https://hl7.org/fhir/R5/group.html

The characteristics of a Group are joined by AND. Where the words of a list say otherwise, or do not say, the
nested Group that holds the list carries a modifier extension.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fhir_trial.eligibility import Criterion, Terms, constraints, parse
from fhir_trial.mapping import cross_version, extensions, time_span, urls
from fhir_trial.mapping.criterion import Combined, coded
from fhir_trial.mapping.graph import Graph, Index, Reference, Resource, reference
from fhir_trial.mapping.narrative import bullets, heading, narrative, paragraph, preformatted
from fhir_trial.mapping.verdict import of_parent, verdict
from fhir_trial.trial import Eligibility

Element = dict[str, Any]


def group_id(trial_id: str) -> str:
    """The id of a trial's eligibility Group."""
    return f"{trial_id}-eligibility"


def eligibility_groups(
    trial_id: str, stated: Eligibility | None, mesh_terms: Mapping[str, str], graph: Graph
) -> list[Resource]:
    """The eligibility Group and the nested ones it refers to; none when the record states nothing.

    mesh_terms: words of the trial's own conditions -> MeSH descriptor.
    """
    if stated is None or stated == Eligibility():
        return []
    criteria = parse(stated.criteria).criteria if stated.criteria else ()
    nested = _Nested(group_id(trial_id), mesh_terms, graph)
    group = _group(group_id(trial_id), f"Eligibility criteria of {trial_id}", graph)
    group["text"] = _narrative(trial_id, stated, graph)
    group["extension"] = _extensions(stated)
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
    return {key: value for key in _ORDER if (value := group.get(key)) or value is False}


def _extensions(stated: Eligibility) -> list[Element]:
    url = urls.EXTENSION + "standard-age"
    return [{"url": url, "valueCode": token} for token in stated.standard_ages or ()]


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


_START = urls.EXTENSION + "criterion-start"
"""The extension that every criterion carries, and nothing else does."""
_END = urls.EXTENSION + "criterion-end"
_STATUS = urls.EXTENSION + "criterion-status"
_LABEL = urls.EXTENSION + "criterion-label"
_SECTION = urls.EXTENSION + "criterion-section"
_ALTERNATIVES = "Eligibility criterion"
"""The code's text where a part of a line has no words of its own."""


class _List(NamedTuple):
    """What becomes a nested Group: its words, its members, how they are joined."""

    text: str
    members: Sequence[Criterion | Element | Combined]
    join: str
    threshold: int | None = None


class _Nested:
    """Characteristics of criteria; what holds several of them becomes a Group of its own."""

    def __init__(self, base_id: str, mesh_terms: Mapping[str, str], graph: Graph) -> None:
        self._base_id = base_id
        self._terms = Terms(mesh_terms) if mesh_terms else None
        self._graph = graph
        self._waiting: deque[tuple[str, _List]] = deque()
        self._count = 0

    def characteristics(self, criteria: Sequence[Criterion]) -> list[Element]:
        return [
            self._criterion(criterion, exclude=criterion.section == "exclusion") for criterion in criteria
        ]

    def groups(self) -> list[Resource]:
        """The nested Groups, level by level: a loop, since a text may nest deeper than a stack."""
        written = []
        while self._waiting:
            written.append(self._group(*self._waiting.popleft()))
        return written

    def _criterion(self, criterion: Criterion, *, exclude: bool) -> Element:
        """A criterion, coded where all of it is understood; its words stand in the code's text."""
        text = criterion.text
        if criterion.children:
            below = _List(text, criterion.children, criterion.logic, criterion.threshold)
            return {"extension": _said(criterion, of_parent(criterion)), **self._listed(below, exclude)}
        status, form = self._read(criterion)
        said = _said(criterion, status)
        if form is None:  # the words hold of whom the Group describes
            return {"extension": said, "code": {"text": text}, "valueBoolean": True, "exclude": exclude}
        if isinstance(form, Combined):
            return {"extension": said, **self._listed(_List(text, form.members, form.join), exclude)}
        form["code"]["text"] = text
        return {"extension": said, **form, "exclude": exclude != form["exclude"]}

    def _read(self, criterion: Criterion) -> tuple[str, Element | Combined | None]:
        """How far a criterion was understood, and its coded form if it has one."""
        reading = constraints(criterion.text, section=criterion.section, mesh_terms=self._terms, whole=True)
        if reading.status != "computable":  # most lines
            return reading.status, None
        status = verdict(criterion, reading)
        return status, coded(reading, self._graph) if status == "computable" else None

    def _listed(self, stated: _List, exclude: bool) -> Element:
        """A characteristic that refers to a Group of its own."""
        code = {"text": stated.text or _ALTERNATIVES}
        return {"code": code, "valueReference": self._refer(stated), "exclude": exclude}

    def _refer(self, stated: _List) -> Reference:
        self._count += 1
        resource_id = f"{self._base_id}-{self._count}"
        self._waiting.append((resource_id, stated))
        return reference("Group", resource_id, stated.text)

    def _group(self, resource_id: str, stated: _List) -> Resource:
        group = _group(resource_id, None, self._graph)
        items = [member.text for member in stated.members if isinstance(member, Criterion)]
        if text := narrative(heading(stated.text), bullets(items)):
            group["text"] = text
        if self._graph.r5:
            group["description"] = stated.text  # left out when empty
        elif stated.text:
            group["extension"] = [cross_version.extension("Group.description", stated.text)]
        if stated.join != "all-of":
            group["modifierExtension"] = _combination(stated.join, stated.threshold)
        # Polarity stands on the reference to this Group, so nothing below it is excluded again.
        group["characteristic"] = [self._member(member) for member in stated.members]
        return _ordered(group)

    def _member(self, member: Criterion | Element | Combined) -> Element:
        if isinstance(member, Criterion):
            return self._criterion(member, exclude=False)
        if isinstance(member, Combined):
            return self._listed(_List("", member.members, member.join), False)
        return member


def _said(criterion: Criterion, status: str) -> list[Element]:
    """The extensions of a criterion: where its words stand, how far they were understood.

    What goes without saying is left out: the end of words that stand in the source as they are read, the
    status of a criterion that stands as its words and nothing else. Number or bullet stand in the source,
    before the start.
    """
    text, start, end = criterion.text, criterion.start, criterion.end
    written: list[Element] = [{"url": _START, "valueInteger": start}]
    if end != start + len(text):
        written.append({"url": _END, "valueInteger": end})
    if status != "text":
        written.append({"url": _STATUS, "valueCode": status})
    if criterion.label:
        written.append({"url": _LABEL, "valueString": criterion.label})
    if criterion.section == "other":
        written.append({"url": _SECTION, "valueCode": "other"})
    return written


def _combination(join: str, threshold: int | None) -> list[Element]:
    inner: list[Element] = [{"url": "method", "valueCode": join}]
    if threshold is not None:
        inner.append({"url": "threshold", "valuePositiveInt": threshold})
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
    if ages := extensions.values(group, "standard-age", "valueCode"):
        found["stdAges"] = ages
    return found


def _read_characteristic(characteristic: Element, index: Index) -> dict[str, Any]:
    if any(extension.get("url") == _START for extension in characteristic.get("extension", ())):
        return {}  # it was read from the text, which comes back as a whole
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
