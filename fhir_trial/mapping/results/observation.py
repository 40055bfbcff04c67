"""Observation: results in R4. https://hl7.org/fhir/R4/observation.html, docs/decisions/0007

A measure is an Observation with a component per row; its members are an Observation per group, with a
component per cell, and one per analysis. All have the study as `focus`, so `Observation?focus=` finds them.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from fhir_trial.mapping import extensions, urls
from fhir_trial.mapping.graph import Index, Reference, Resource, reference
from fhir_trial.mapping.narrative import heading, narrative, paragraph
from fhir_trial.mapping.organization import ABSENT
from fhir_trial.mapping.results import estimates
from fhir_trial.mapping.results.context import (
    ANALYSIS,
    PART_TITLES,
    Common,
    Context,
    common,
    common_extension,
    row_extension,
    row_heading,
)
from fhir_trial.mapping.results.groups import read_group_id
from fhir_trial.mapping.results.quantity import (
    ABSENT_REASONS,
    absent_reason,
    interval,
    interval_texts,
    is_integer,
    is_plain,
    number,
    number_text,
    quantity,
)
from fhir_trial.mapping.results.tables import Cell, Row, Table
from fhir_trial.release import Release
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
    stated = common(table)
    extension += common_extension(stated)
    posted = not isinstance(table.source, OutcomeMeasure) or table.source.reporting_status != "NOT_POSTED"
    written: Resource = {"resourceType": "Observation", "id": context.id(table.name)}
    if text := narrative(heading(table.title), paragraph("Time frame", table.time_frame)):
        written["text"] = text
    if extension:
        written["extension"] = extension
    written["status"] = "final" if posted else "registered"
    written["category"] = [_part_concept(table.part, PART_TITLES[table.part])]
    written["code"] = _named(table.title)
    written["focus"] = [reference("ResearchStudy", context.trial_id)]
    if table.time_frame:
        written["effectiveTiming"] = {"code": {"text": table.time_frame}}
    if table.description:
        written["note"] = [{"text": table.description}]
    if members:
        written["hasMember"] = members
    if rows := _rows(table.rows, stated):
        written["component"] = rows
    return written


def _rows(rows: list[Row], stated: Common) -> list[Element]:
    found: list[Element] = []
    for place, title, part in rows:
        if extension := row_extension(part, stated):
            code = {"text": title} if title else ABSENT
            found.append({"id": place, "extension": extension, "code": code})
        elif title:
            found.append({"id": place, "code": {"text": title}})
    return found


def values(table: Table, context: Context) -> list[Resource]:
    """The Observation of each group: a component per cell."""
    release = context.release
    study = f"ResearchStudy/{context.trial_id}"
    prefix = context.id(f"{table.name}-group-")
    title = table.title
    method = estimates.concept("statistic_type", table.param, release)
    if method is None and table.param:
        method = {"text": estimates.words("statistic_type", table.param)}
    resources = []
    for index, (subject, cells) in enumerate(context.subjects(table), 1):
        extension: list[Element] = []
        components = _components(cells, table, extension)
        written: Resource = {"resourceType": "Observation", "id": f"{prefix}{index}"}
        if extension:
            written["extension"] = extension
        written["status"] = "final"
        written["category"] = [_part_concept(table.part, PART_TITLES[table.part])]
        written["code"] = _named(title)
        if subject:
            written["subject"] = subject
        written["focus"] = [{"reference": study}]
        if table.time_frame:
            written["effectiveTiming"] = {"code": {"text": table.time_frame}}
        if method:
            written["method"] = method
        if components:
            written["component"] = components
        resources.append(written)
    return resources


def _components(cells: list[Cell], table: Table, extension: list[Element]) -> list[Element]:
    """The cells of a group; what they have in common goes to the extensions of the Observation, or first."""
    if not cells:
        return []
    if isinstance(cells[0][3], EventCount):
        return _events(cells, table.title)
    found: list[Element] = []
    add = found.append
    title, unit = table.title, table.unit
    spreads = False
    for place, label, above, part in cells:
        kind = type(part)
        own = [row_heading(above)] if above else []
        written: Element = {"id": place}
        if kind is Measurement:
            if part.spread or part.lower_limit or part.upper_limit:
                _spread(part, own)
                spreads = True
            if part.comment:
                own.append({"url": _COMMENT, "valueMarkdown": part.comment})
            if own:
                written["extension"] = own
            written["code"] = {"text": label} if label else _named(title)
            if part.value:
                value = part.value
                if unit and value.isdigit() and is_plain(value):
                    written["valueQuantity"] = {"value": int(value), "unit": unit}
                else:
                    _measured(value, unit, written)
        elif kind is DenominatorCount:
            if own:
                written["extension"] = own
            written["code"] = {"text": label} if label else _named(title)
            if value := part.value:
                if is_integer(value):
                    written["valueInteger"] = int(value)
                else:
                    written["valueQuantity"] = quantity(value)
        else:
            _subjects(part, own)
            if own:
                written["extension"] = own
            written["code"] = {"text": label} if label else _named(title)
            if part.subjects:
                written["valueQuantity"] = quantity(part.subjects, "participants")
        add(written)
    if spreads and (dispersion := estimates.dispersion(table.dispersion, Release.R4)):
        extension.append({"url": _DISPERSION, "valueCodeableConcept": dispersion})
    return found


def _measured(text: str, unit: str | None, written: Element) -> None:
    """The value of a measurement; a text that is no number is absent, and says so."""
    stated = number(text)
    if "value" in stated:
        if unit:
            stated["unit"] = unit
        written["valueQuantity"] = stated
    else:
        reason = {"system": ABSENT_REASONS, "code": absent_reason(text)}
        written["dataAbsentReason"] = {"coding": [reason], "text": text}


def _spread(part: Measurement, extension: list[Element]) -> None:
    if part.spread:
        extension.append({"url": _SPREAD, "valueQuantity": number(part.spread)})
    if part.lower_limit or part.upper_limit:
        extension.append({"url": _LIMITS, "valueRange": interval(part.lower_limit, part.upper_limit)})


def _subjects(part: Achievement | WithdrawalCount, extension: list[Element]) -> None:
    if isinstance(part, Achievement) and part.units:
        extension.append({"url": _UNITS_REACHED, "valueQuantity": quantity(part.units)})
    if part.comment:
        extension.append({"url": _COMMENT, "valueMarkdown": part.comment})


_COMMENT = urls.EXTENSION + "result-comment"
_SPREAD = urls.EXTENSION + "spread"
_LIMITS = urls.EXTENSION + "limits"
_DISPERSION = urls.EXTENSION + "dispersion"
_UNITS_REACHED = urls.EXTENSION + "units-reached"
_NUMBER_OF_EVENTS = urls.EXTENSION + "number-of-events"

AT_RISK = "participants-at-risk"
"""Element id of the component that says how many participants were at risk."""


def _events(cells: list[Cell], title: str | None) -> list[Element]:
    """Counts of events: how many were at risk stands once, for all components that are a mere count.

    A component with another number at risk, or without one of the numbers, is a ratio.
    """
    at_risk = _most_at_risk(cells)
    found: list[Element] = []
    if at_risk is not None:
        found.append({"id": AT_RISK, "code": {"text": "Participants at risk"}, "valueInteger": at_risk})
    add = found.append
    for place, label, _, part in cells:
        affected, events, risk = part.num_affected, part.num_events, part.num_at_risk
        code = {"text": label} if label else _named(title)
        written: Element = (
            {"id": place, "code": code}
            if events is None
            else {
                "id": place,
                "extension": [{"url": _NUMBER_OF_EVENTS, "valueUnsignedInt": events}],
                "code": code,
            }
        )
        if affected is not None and risk is not None and risk == at_risk:
            written["valueInteger"] = affected
        elif affected is not None or risk is not None:
            written["valueRatio"] = {"numerator": _count(affected), "denominator": _count(risk)}
        add(written)
    return found


def _most_at_risk(cells: list[Cell]) -> int | None:
    """The number at risk of most cells; None when a ratio each is as short."""
    stated = [
        part.num_at_risk
        for *_, part in cells
        if part.num_affected is not None and part.num_at_risk is not None
    ]
    if not stated:
        return None
    first = stated[0]
    count = stated.count(first)
    if count < len(stated):
        first, count = Counter(stated).most_common(1)[0]
    return first if count > 1 else None


def _count(stated: int | None) -> Element:
    return {"_value": ABSENT} if stated is None else {"value": stated}


def analysis(table: Table, context: Context, number: int, stated: Analysis) -> Resource:
    """The Observation of a statistical analysis; the groups it compares follow the study in `focus`."""
    extension = [
        *extensions.extension("analysis", stated, AnalysisDetails),
        *extensions.simple("comparison-description", "valueMarkdown", stated.group_description),
        *extensions.simple("other-analysis", "valueMarkdown", stated.other_analysis_description),
    ]
    written: Resource = {"resourceType": "Observation", "id": context.id(f"{table.name}-analysis-{number}")}
    if extension:
        written["extension"] = extension
    written["status"] = "final"
    written["category"] = [_part_concept(ANALYSIS, "Statistical analysis")]
    written["code"] = {"text": stated.param_type or stated.statistical_method or "Statistical analysis"}
    groups = [context.group(table.groups, group_id) for group_id in stated.group_ids or ()]
    written["focus"] = [reference("ResearchStudy", context.trial_id), *groups]
    if table.time_frame:
        written["effectiveTiming"] = {"code": {"text": table.time_frame}}
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
            written[f"value{name.capitalize()}"] = estimate[name]
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
    at_risk: int | None = None
    for component in values.get("component", ()):
        place = component.get("id", "")
        if place == AT_RISK:
            at_risk = component.get("valueInteger")
            continue
        read = _READERS.get(place.rpartition(".")[2][:1])
        if read is not None:
            stated = read(component)
            if read is _read_event and "valueInteger" in component:
                stated["numAtRisk"] = at_risk
            yield place, {key: value for key, value in stated.items() if value is not None}


def _read_measurement(component: Element) -> Element:
    value = number_text(component.get("valueQuantity"))
    if value is None:
        value = component.get("dataAbsentReason", {}).get("text")
    lower, upper = interval_texts(extensions.value(component, "limits", "valueRange"))
    return {
        "value": value,
        "spread": number_text(extensions.value(component, "spread", "valueQuantity")),
        "lowerLimit": lower,
        "upperLimit": upper,
        "comment": _comment(component),
    }


def _comment(component: Element) -> Any:
    return extensions.value(component, "result-comment", "valueMarkdown")


def _read_denominator(component: Element) -> Element:
    if "valueInteger" in component:
        return {"value": str(component["valueInteger"])}
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
    affected = ratio.get("numerator", {}).get("value")
    return {
        "numEvents": extensions.value(component, "number-of-events", "valueUnsignedInt"),
        "numAffected": component.get("valueInteger", affected),
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
