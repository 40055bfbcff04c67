"""Evidence and EvidenceVariable: results in R4B and R5. https://hl7.org/fhir/R5/evidence.html

A measure is an EvidenceVariable with a category per row; the values of a group are an Evidence with a
statistic per cell, an analysis is an Evidence that compares groups.
"""

from collections.abc import Callable, Iterator
from typing import Any

from fhir_trial.mapping import extensions, urls
from fhir_trial.mapping.graph import Index, Reference, Resource, reference
from fhir_trial.mapping.narrative import heading, narrative, paragraph
from fhir_trial.mapping.results import estimates
from fhir_trial.mapping.results.context import (
    Common,
    Context,
    common,
    common_extension,
    row_extension,
    row_heading,
)
from fhir_trial.mapping.results.groups import read_group_id
from fhir_trial.mapping.results.quantity import number_text, quantity, unsigned, unsigned_text
from fhir_trial.mapping.results.tables import Cell, Row, Table
from fhir_trial.release import Release
from fhir_trial.results import (
    Achievement,
    Analysis,
    AnalysisDetails,
    DenominatorCount,
    EventCount,
    Measurement,
    WithdrawalCount,
)

Element = dict[str, Any]

VARIABLE_ROLES = "http://terminology.hl7.org/CodeSystem/variable-role"


def _role(code: str) -> Element:
    return {"coding": [{"system": VARIABLE_ROLES, "code": code}]}


# --- writing --------------------------------------------------------------------------------------------


def measure(table: Table, context: Context, members: list[Reference]) -> Resource:
    """The EvidenceVariable of a measure, with its rows; each Evidence of `members` refers to it."""
    resource_id = context.id(table.name)
    written: Resource = {"resourceType": "EvidenceVariable", "id": resource_id}
    text = narrative(
        heading(table.title),
        paragraph("Time frame", table.time_frame),
        paragraph("Description", table.description),
    )
    if text:
        written["text"] = text
    stated = common(table)
    extension = extensions.extension(*table.details) if table.details else []
    extension += common_extension(stated)
    if extension:
        written["extension"] = extension
    written["url"] = urls.canonical("EvidenceVariable", resource_id)
    written["identifier"] = [context.identifier]
    if table.title:
        written["title"] = table.title
    if table.time_frame and not context.graph.r5:  # R4B has a time frame only beside a definition
        time_frame = extensions.simple("outcome-time-frame", "valueString", table.time_frame)
        written["_title"] = {"extension": time_frame}
    written["status"] = "active"
    if table.description:
        written["description"] = table.description
    if table.time_frame and context.graph.r5:
        written["characteristic"] = [{"timeFromEvent": [{"description": table.time_frame}]}]
    if rows := _rows(table.rows, stated):
        written["category"] = rows
    return written


def _rows(rows: list[Row], stated: Common) -> list[Element]:
    found: list[Element] = []
    for place, title, part in rows:
        extension = row_extension(part, stated)
        if not extension and not title:
            continue
        written: Element = {"id": place}
        if extension:
            written["extension"] = extension
        if title:
            written["name"] = title
        found.append(written)
    return found


def values(table: Table, context: Context) -> list[Resource]:
    """The Evidence of each group: a statistic per cell."""
    write = _Statistics(table, context.release)
    prefix = f"{table.name}-group-"
    resources = []
    for number, (subject, cells) in enumerate(context.subjects(table), 1):
        population: Element = {"variableRole": _role("population")}
        if subject:
            population["observed"] = subject
        written = _evidence(f"{prefix}{number}", table.title, context)
        written["variableDefinition"] = [population, _measured(table, context)]
        if cells:
            counts = isinstance(cells[0][3], EventCount)
            written["statistic"] = _events(cells) if counts else write.statistics(cells)
        resources.append(written)
    return resources


def _evidence(name: str, title: str | None, context: Context) -> Resource:
    written: Resource = {"resourceType": "Evidence", "id": context.id(name)}
    written["identifier"] = [context.identifier]
    if title:
        written["title"] = title
    written["status"] = "active"
    return written


def _measured(table: Table, context: Context) -> Element:
    variable = reference("EvidenceVariable", context.id(table.name), table.title)
    return {"variableRole": _role("measuredVariable"), "observed": variable}


class _Statistics:
    """Cells of one table as statistics."""

    def __init__(self, table: Table, release: Release) -> None:
        self._unit = table.unit
        self._type = estimates.concept("statistic_type", table.param, release)
        self._count = estimates.concept("statistic_type", "COUNT_OF_PARTICIPANTS", release)
        self._base = estimates.kind(table.dispersion, release)

    def statistics(self, cells: list[Cell]) -> list[Element]:
        found: list[Element] = []
        add = found.append
        count, unit, kind_of_statistic = self._count, self._unit, self._type
        for place, label, above, part in cells:
            kind = type(part)
            written: Element = {"id": place}
            if above:
                written["extension"] = [row_heading(above)]
            if kind is Measurement:
                if part.comment:
                    written["note"] = [{"text": part.comment}]
                if kind_of_statistic:
                    written["statisticType"] = kind_of_statistic
                if label:
                    written["category"] = {"text": label}
                if part.value:
                    written["quantity"] = quantity(part.value, unit)
                if part.spread or part.lower_limit or part.upper_limit:
                    written["attributeEstimate"] = estimates.spread(part, self._base)
            elif kind is DenominatorCount:
                written["statisticType"] = count
                if label:
                    written["category"] = {"text": label}
                if part.value:
                    written["quantity"] = quantity(part.value)
            else:
                self._subjects(part, label, written)
            add(written)
        return found

    def _subjects(self, part: Achievement | WithdrawalCount, label: str | None, written: Element) -> None:
        if part.comment:
            written["note"] = [{"text": part.comment}]
        if label:
            written["category"] = {"text": label}
        if isinstance(part, Achievement) and part.units:
            written["quantity"] = quantity(part.units, self._unit)
        if part.subjects:
            written.update(unsigned("numberAffected", part.subjects))


def _events(cells: list[Cell]) -> list[Element]:
    found: list[Element] = []
    for place, label, _, part in cells:
        affected, events, at_risk = part.num_affected, part.num_events, part.num_at_risk
        written: Element = {"id": place, "category": {"text": label}} if label else {"id": place}
        if events is not None:
            written["numberOfEvents"] = events
        if affected is not None:
            written["numberAffected"] = affected
        if at_risk is not None:
            written["sampleSize"] = {"numberOfParticipants": at_risk}
        found.append(written)
    return found


def analysis(table: Table, context: Context, number: int, stated: Analysis) -> Resource:
    """The Evidence of a statistical analysis: the groups it compares, the estimate and its tests."""
    written = _evidence(f"{table.name}-analysis-{number}", table.title, context)
    if extension := extensions.extension("analysis", stated, AnalysisDetails):
        written["extension"] = extension
    if stated.group_description:
        written["description"] = stated.group_description
    compared = [context.group(table.groups, group_id) for group_id in stated.group_ids or ()]
    written["variableDefinition"] = [
        *({"variableRole": _role("exposure"), "observed": group} for group in compared),
        _measured(table, context),
    ]
    if statistic := _analysis_statistic(stated, context.release):
        written["statistic"] = [statistic]
    return {key: written[key] for key in _EVIDENCE_ORDER if key in written}


_EVIDENCE_ORDER = (
    "resourceType",
    "id",
    "extension",
    "identifier",
    "title",
    "status",
    "description",
    "variableDefinition",
    "statistic",
)


def _analysis_statistic(stated: Analysis, release: Release) -> Element:
    written: Element = {}
    if stated.other_analysis_description:
        written["description"] = stated.other_analysis_description
    if stated.estimate_comment:
        written["note"] = [{"text": stated.estimate_comment}]
    if found := estimates.concept("statistic_type", stated.param_type, release):
        written["statisticType"] = found
    if stated.param_value:
        written["quantity"] = quantity(stated.param_value)
    if fragments := list(estimates.of_analysis(stated, release)):
        written["attributeEstimate"] = fragments
    if method := estimates.concept("statistical_method", stated.statistical_method, release):
        written["modelCharacteristic"] = [{"code": method}]
    return written


# --- reading --------------------------------------------------------------------------------------------


def read_measure(measure: Resource) -> tuple[str | None, str | None, str | None]:
    """Title, description and time frame of a measure."""
    time_frame = extensions.value(measure.get("_title"), "outcome-time-frame", "valueString")
    for characteristic in measure.get("characteristic", ()):
        for event in characteristic.get("timeFromEvent", ()):
            time_frame = time_frame or event.get("description")
    return measure.get("title"), measure.get("description"), time_frame


def read_rows(measure: Resource) -> Iterator[tuple[str, str | None, Element]]:
    """Place, title and element of each row."""
    for category in measure.get("category", ()):
        yield category.get("id", ""), category.get("name"), category


def _variables(evidence: Resource, role: str) -> list[Reference | None]:
    return [
        definition.get("observed")
        for definition in evidence.get("variableDefinition", ())
        if any(c.get("code") == role for c in definition.get("variableRole", {}).get("coding", ()))
    ]


def read_subject(values: Resource) -> Reference | None:
    """The group whose values a resource holds."""
    populations = _variables(values, "population")
    return populations[0] if populations else None


def read_cells(values: Resource) -> Iterator[tuple[str, Element]]:
    """Place and values of each cell, as the record has them, without the group."""
    for statistic in values.get("statistic", ()):
        place = statistic.get("id", "")
        read = _READERS.get(place.rpartition(".")[2][:1])
        if read is not None:
            yield place, {key: value for key, value in read(statistic).items() if value is not None}


def _read_measurement(statistic: Element) -> Element:
    return {
        "value": number_text(statistic.get("quantity")),
        **estimates.read_spread(statistic.get("attributeEstimate", [])),
        "comment": _comment(statistic),
    }


def _comment(statistic: Element) -> Any:
    notes = statistic.get("note", [])
    return notes[0].get("text") if notes else None


def _read_denominator(statistic: Element) -> Element:
    return {"value": number_text(statistic.get("quantity"))}


def _read_subjects(statistic: Element) -> Element:
    return {
        "comment": _comment(statistic),
        "numSubjects": unsigned_text(statistic, "numberAffected"),
        "numUnits": number_text(statistic.get("quantity")),
    }


def _read_event(statistic: Element) -> Element:
    return {
        "numEvents": statistic.get("numberOfEvents"),
        "numAffected": statistic.get("numberAffected"),
        "numAtRisk": statistic.get("sampleSize", {}).get("numberOfParticipants"),
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
    """Whether an Evidence is an analysis: it measures, and no population is described."""
    return not _variables(resource, "population")


def read_analysis(resource: Resource, index: Index) -> Element:
    """The fields of the record that an analysis states."""
    statistic: Element = next(iter(resource.get("statistic", ())), {})
    ids = [read_group_id(one, index) for one in _variables(resource, "exposure")]
    return {
        "paramValue": number_text(statistic.get("quantity")),
        **estimates.read_analysis(statistic.get("attributeEstimate", [])),
        "estimateComment": _comment(statistic),
        "otherAnalysisDescription": statistic.get("description"),
        "groupDescription": resource.get("description"),
        "groupIds": [group_id for group_id in ids if group_id is not None] or None,
    }
