"""Observation: results in R4. https://hl7.org/fhir/R4/observation.html, docs/decisions/0007

A measure is an Observation with a component per row; its members are an Observation per group, with a
component per cell, and one per analysis. All have the study as `focus`, so `Observation?focus=` finds them.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fhir_trial.mapping import extensions, urls
from fhir_trial.mapping.graph import Index, Reference, Resource, reference
from fhir_trial.mapping.narrative import heading, narrative, paragraph, text_line
from fhir_trial.mapping.organization import ABSENT
from fhir_trial.mapping.results import estimates
from fhir_trial.mapping.results.context import (
    ANALYSIS,
    PART_TITLES,
    Context,
    event_coding,
    row_extension,
    row_heading,
)
from fhir_trial.mapping.results.groups import read_group_id
from fhir_trial.mapping.results.quantity import (
    ABSENT_REASONS,
    absent_reason,
    is_number,
    number_text,
    quantity,
)
from fhir_trial.mapping.results.tables import Cell, Row, Table
from fhir_trial.results import (
    Achievement,
    Analysis,
    AnalysisDetails,
    DenominatorCount,
    EventCount,
    Measurement,
    OutcomeMeasure,
    WithdrawalCount,
)

Element = dict[str, Any]


def _part_concept(code: str, text: str) -> Element:
    return {"coding": [{"system": urls.RESULT_PARTS, "code": code}], "text": text}


def _named(text: str | None) -> Element:
    """The mandatory CodeableConcept of what is observed."""
    return {"text": text} if text else ABSENT


# --- writing --------------------------------------------------------------------------------------------


def measure(table: Table, context: Context, members: list[Reference]) -> Resource:
    """The Observation of a measure, with its rows; its members hold the values."""
    extension = extensions.extension(*table.details) if table.details else []
    written = _head(table.name, table, context, extension)
    if isinstance(table.source, OutcomeMeasure) and table.source.reporting_status == "NOT_POSTED":
        written["status"] = "registered"
    _about(written, table, context)
    if table.description:
        written["note"] = [{"text": table.description}]
    if members:
        written["hasMember"] = members
    if rows := [row for row in map(_row, table.rows) if row]:
        written["component"] = rows
    return written


def _head(
    name: str,
    table: Table,
    context: Context,
    extension: list[Element],
    subtitle: str | None = None,
    category: Element | None = None,
    code: str | None = None,
) -> Resource:
    """The elements of an Observation up to its code, in the order of the specification."""
    written: Resource = {"resourceType": "Observation", "id": context.id(name)}
    text = narrative(heading(table.title), text_line(subtitle), paragraph("Time frame", table.time_frame))
    if text:
        written["text"] = text
    if extension:
        written["extension"] = extension
    written["identifier"] = [context.identifier]
    written["status"] = "final"
    written["category"] = [category or _part_concept(table.part, PART_TITLES[table.part])]
    written["code"] = _named(code or table.title)
    return written


def _about(written: Resource, table: Table, context: Context, groups: Iterable[Reference] = ()) -> None:
    """The study, what is compared, and when it was observed."""
    written["focus"] = [reference("ResearchStudy", context.trial_id), *groups]
    if table.time_frame:
        written["effectiveTiming"] = {"code": {"text": table.time_frame}}


def _row(row: Row) -> Element | None:
    extension = row_extension(row.part)
    if not extension and not row.title:
        return None
    written: Element = {"id": row.place}
    if extension:
        written["extension"] = extension
    coding = event_coding(row.part)
    written["code"] = {"coding": [coding], "text": row.title} if coding else _named(row.title)
    return written


def values(table: Table, context: Context) -> list[Resource]:
    """The Observation of each group: a component per cell."""
    write = _Components(table, context).component
    statistic = estimates.words("statistic_type", table.param)
    resources = []
    for number, subject in enumerate(context.subjects(table), 1):
        written = _head(f"{table.name}-group-{number}", table, context, [], subject.title)
        if subject.reference:
            written["subject"] = subject.reference
        _about(written, table, context)
        if statistic:
            coded = estimates.concept("statistic_type", table.param, context.release)
            written["method"] = coded or {"text": statistic}
        if subject.cells:
            written["component"] = [write(cell) for cell in subject.cells]
        resources.append(written)
    return resources


class _Components:
    """Cells of one table as components."""

    def __init__(self, table: Table, context: Context) -> None:
        self._unit = table.unit
        self._title = table.title
        self._base = estimates.kind(table.dispersion, context.release)
        self._writers: dict[type, Callable[[Any, list[Element], Element], None]] = {
            Measurement: self._measurement,
            DenominatorCount: _denominator,
            Achievement: _achievement,
            WithdrawalCount: _subjects,
            EventCount: _event,
        }

    def component(self, cell: Cell) -> Element:
        extension = row_heading(cell)
        value: Element = {}
        self._writers[type(cell.part)](cell.part, extension, value)
        written: Element = {"id": cell.place}
        if extension:
            written["extension"] = extension
        written["code"] = _named(cell.label or self._title)
        written.update(value)
        return written

    def _measurement(self, part: Measurement, extension: list[Element], value: Element) -> None:
        for fragment in estimates.spread(part, self._base):
            extension.append(_estimate(fragment))
        if part.comment:
            extension += extensions.simple("result-comment", "valueMarkdown", part.comment)
        if part.value:
            stated = quantity(part.value, self._unit)
            value.update({"valueQuantity": stated} if is_number(stated) else _no_number(part.value))


def _no_number(text: str) -> Element:
    reason = {"system": ABSENT_REASONS, "code": absent_reason(text)}
    return {"dataAbsentReason": {"coding": [reason], "text": text}}


def _estimate(fragment: Element) -> Element:
    inner = [{"url": name, _ESTIMATE_VALUES[name]: value} for name, value in fragment.items()]
    return {"url": urls.EXTENSION + "attribute-estimate", "extension": inner}


_ESTIMATE_VALUES = {
    "type": "valueCodeableConcept",
    "description": "valueString",
    "quantity": "valueQuantity",
    "range": "valueRange",
}


def _denominator(part: DenominatorCount, extension: list[Element], value: Element) -> None:
    if part.value:
        value["valueQuantity"] = quantity(part.value)


def _subjects(part: WithdrawalCount, extension: list[Element], value: Element) -> None:
    extension += extensions.simple("result-comment", "valueMarkdown", part.comment)
    if part.subjects:
        value["valueQuantity"] = quantity(part.subjects, "participants")


def _achievement(part: Achievement, extension: list[Element], value: Element) -> None:
    if part.units:
        extension += extensions.simple("units-reached", "valueQuantity", quantity(part.units))
    _subjects(part, extension, value)


def _event(part: EventCount, extension: list[Element], value: Element) -> None:
    if part.num_events is not None:
        extension.append({"url": _NUMBER_OF_EVENTS, "valueUnsignedInt": part.num_events})
    if part.num_affected is not None or part.num_at_risk is not None:
        value["valueRatio"] = {
            "numerator": _count(part.num_affected),
            "denominator": _count(part.num_at_risk),
        }


_NUMBER_OF_EVENTS = urls.EXTENSION + "number-of-events"


def _count(stated: int | None) -> Element:
    return {"_value": ABSENT} if stated is None else {"value": stated}


def analysis(table: Table, context: Context, number: int, stated: Analysis) -> Resource:
    """The Observation of a statistical analysis; the groups it compares follow the study in `focus`."""
    extension = [
        *extensions.extension("analysis", stated, AnalysisDetails),
        *extensions.simple("comparison-description", "valueMarkdown", stated.group_description),
        *extensions.simple("other-analysis", "valueMarkdown", stated.other_analysis_description),
    ]
    category = _part_concept(ANALYSIS, "Statistical analysis")
    code = stated.param_type or stated.statistical_method or "Statistical analysis"
    method = stated.statistical_method
    written = _head(f"{table.name}-analysis-{number}", table, context, extension, method, category, code)
    _about(written, table, context, (context.group(table.groups, one) for one in stated.group_ids or ()))
    if stated.param_value:
        written["valueQuantity"] = quantity(stated.param_value)
    if stated.estimate_comment:
        written["note"] = [{"text": stated.estimate_comment}]
    if stated.statistical_method:
        written["method"] = {"text": stated.statistical_method}
    if components := [_component(one) for one in estimates.of_analysis(stated, context.release)]:
        written["component"] = components
    return written


def _component(estimate: Element) -> Element:
    """An estimate of an analysis as a component."""
    extension: list[Element] = []
    level = {
        key.replace("level", "valueDecimal"): estimate[key] for key in ("level", "_level") if key in estimate
    }
    if level:
        extension.append({"url": urls.EXTENSION + "estimate-level", **level})
    for note in estimate.get("note", ()):
        extension += extensions.simple("result-comment", "valueMarkdown", note["text"])
    written: Element = {"id": estimate["id"]}
    if extension:
        written["extension"] = extension
    written["code"] = estimate.get("type") or _named(estimate.get("description") or "Dispersion")
    for name in ("quantity", "range"):
        if name in estimate:
            written[_ESTIMATE_VALUES[name]] = estimate[name]
    return written


# --- reading --------------------------------------------------------------------------------------------


def read_measure(measure: Resource) -> tuple[str | None, str | None, str | None]:
    """Title, description and time frame of a measure."""
    notes = measure.get("note", [])
    timing = measure.get("effectiveTiming", {})
    return (
        measure.get("code", {}).get("text"),
        notes[0].get("text") if notes else None,
        timing.get("code", {}).get("text"),
    )


def read_rows(measure: Resource) -> Iterator[tuple[str, str | None, Element]]:
    """Place, title and element of each row."""
    for component in measure.get("component", ()):
        yield component.get("id", ""), component.get("code", {}).get("text"), component


def read_subject(values: Resource) -> Reference | None:
    """The group whose values a resource holds."""
    return values.get("subject")


def read_cells(values: Resource) -> Iterator[tuple[str, Element]]:
    """Place and values of each cell, as the record has them, without the group."""
    for component in values.get("component", ()):
        place = component.get("id", "")
        read = _READERS.get(place.rpartition(".")[2][:1])
        if read is not None:
            yield place, {key: value for key, value in read(component).items() if value is not None}


def _read_measurement(component: Element) -> Element:
    value = number_text(component.get("valueQuantity"))
    if value is None:
        value = component.get("dataAbsentReason", {}).get("text")
    stated = [_fragment(one) for one in component.get("extension", ()) if one.get("url") == _ESTIMATE]
    return {"value": value, **estimates.read_spread(stated), "comment": _comment(component)}


_ESTIMATE = urls.EXTENSION + "attribute-estimate"


def _fragment(written: Element) -> Element:
    return {
        one["url"]: one.get(_ESTIMATE_VALUES[one["url"]])
        for one in written.get("extension", ())
        if one.get("url") in _ESTIMATE_VALUES
    }


def _comment(component: Element) -> Any:
    return extensions.value(component, "result-comment", "valueMarkdown")


def _read_denominator(component: Element) -> Element:
    return {"value": number_text(component.get("valueQuantity"))}


def _read_subjects(component: Element) -> Element:
    units = extensions.value(component, "units-reached", "valueQuantity")
    return {
        "comment": _comment(component),
        "numSubjects": number_text(component.get("valueQuantity")),
        "numUnits": number_text(units),
    }


def _read_event(component: Element) -> Element:
    ratio = component.get("valueRatio", {})
    return {
        "numEvents": extensions.value(component, "number-of-events", "valueUnsignedInt"),
        "numAffected": ratio.get("numerator", {}).get("value"),
        "numAtRisk": ratio.get("denominator", {}).get("value"),
    }


_READERS: dict[str, Callable[[Element], Element]] = {
    "v": _read_measurement,
    "n": _read_denominator,
    "a": _read_subjects,
    "r": _read_subjects,
    "s": _read_event,
    "t": _read_event,
}


def is_analysis(resource: Resource) -> bool:
    """Whether a member of a measure is an analysis."""
    codings = [coding for category in resource.get("category", ()) for coding in category.get("coding", ())]
    return any(c.get("system") == urls.RESULT_PARTS and c.get("code") == ANALYSIS for c in codings)


def read_analysis(resource: Resource, index: Index) -> Element:
    """The fields of the record that an analysis states."""
    notes = resource.get("note", [])
    stated = [_as_estimate(component) for component in resource.get("component", ())]
    found: Element = {
        "paramValue": number_text(resource.get("valueQuantity")),
        **estimates.read_analysis(stated),
        "estimateComment": notes[0].get("text") if notes else None,
        "otherAnalysisDescription": extensions.value(resource, "other-analysis", "valueMarkdown"),
        "groupDescription": extensions.value(resource, "comparison-description", "valueMarkdown"),
    }
    ids = [read_group_id(one, index) for one in resource.get("focus", ())[1:]]
    found["groupIds"] = [group_id for group_id in ids if group_id is not None] or None
    return found


def _as_estimate(component: Element) -> Element:
    comment = _comment(component)
    found: Element = {
        "id": component.get("id"),
        "quantity": component.get("valueQuantity"),
        "range": component.get("valueRange"),
        "note": [{"text": comment}] if comment else [],
    }
    for one in component.get("extension", ()):
        if one.get("url") == urls.EXTENSION + "estimate-level":
            found |= {
                key.replace("valueDecimal", "level"): value for key, value in one.items() if key != "url"
            }
    return found
