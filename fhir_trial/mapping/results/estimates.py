"""Spread, limits, p values and confidence intervals, in the shape of Evidence.statistic.attributeEstimate.

https://hl7.org/fhir/R5/evidence.html; R4 carries the same fragments on Observation components.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from fhir_trial.codemaps import rows, system
from fhir_trial.mapping.results.quantity import (
    NUMBER_TEXT,
    interval,
    interval_texts,
    kept_text,
    number,
    number_text,
)
from fhir_trial.release import Release
from fhir_trial.results import Analysis, Measurement

Element = dict[str, Any]


@cache
def _codings(path: str, release: Release) -> dict[str, tuple[str, str, str]]:
    """Words or token of the registry -> system, code and text, for those with a standard code."""
    return {
        row["source_code"]: (system(row["target_system"], release), row["target_code"], row["display"])
        for row in rows(path)
        if row["target_code"]
    }


@cache
def _displays(path: str) -> dict[str, str]:
    return {row["source_code"]: row["display"] for row in rows(path)}


def concept(name: str, stated: str | None, release: Release) -> Element | None:
    """CodeableConcept of what the registry calls a statistic; None without a standard code.

    The bindings are extensible, so an engine warns of text alone: the registry's own words always travel in
    the details of the measure or analysis.
    """
    found = _codings(f"results/{name}.csv", release).get(stated) if stated else None
    if found is None:
        return None
    uri, code, text = found
    return {"coding": [{"system": uri, "code": code}], "text": text}


def words(name: str, stated: str | None) -> str | None:
    """What people read for a token of the registry, or the registry's own words."""
    return _displays(f"results/{name}.csv").get(stated, stated) if stated else None


def kind(stated: str | None, release: Release) -> Element:
    """The start of an estimate: its `type` where there is a standard code, else a `description`."""
    found = concept("estimate_type", stated, release)
    if found:
        return {"type": found}
    text = words("estimate_type", stated)
    return {"description": text} if text else {}


def dispersion(stated: str | None, release: Release) -> Element | None:
    """CodeableConcept of what the spread or the limits of values are: a standard code, or the words."""
    text = words("estimate_type", stated)
    return concept("estimate_type", stated, release) or ({"text": text} if text else None)


def spread(stated: Measurement, base: Element) -> list[Element]:
    """Estimates of a measurement: one of its spread, one of its limits; 0..2."""
    found: list[Element] = []
    if stated.spread:
        found.append({**base, "quantity": number(stated.spread)})
    if stated.lower_limit or stated.upper_limit:
        found.append({**base, "range": interval(stated.lower_limit, stated.upper_limit)})
    return found


def read_spread(estimates: list[Element]) -> dict[str, str]:
    """{spread, lowerLimit, upperLimit}, each 0..1."""
    found: dict[str, str] = {}
    for estimate in estimates:
        lower, upper = interval_texts(estimate.get("range"))
        texts = {
            "spread": number_text(estimate.get("quantity")),
            "lowerLimit": lower,
            "upperLimit": upper,
        }
        found.update({key: text for key, text in texts.items() if text is not None})
    return found


# --- analyses -------------------------------------------------------------------------------------------

DISPERSION, P_VALUE, INTERVAL = "dispersion", "p-value", "interval"
"""Element ids of an analysis's estimates."""


def of_analysis(stated: Analysis, release: Release) -> Iterator[Element]:
    """The estimates of an analysis, 0..3, each with an id that says which it is."""
    if stated.dispersion_value:
        base = kind(stated.dispersion_type, release)
        yield {"id": DISPERSION, **base, "quantity": number(stated.dispersion_value)}
    if stated.p_value or stated.p_value_comment:
        note = {"note": [{"text": stated.p_value_comment}]} if stated.p_value_comment else {}
        value = {"quantity": number(stated.p_value)} if stated.p_value else {}
        yield {"id": P_VALUE, **note, **kind("P_VALUE", release), **value}
    if stated.ci_pct_value or stated.ci_lower_limit or stated.ci_upper_limit:
        bounds = interval(stated.ci_lower_limit, stated.ci_upper_limit)
        written = {"id": INTERVAL, **kind("CONFIDENCE_INTERVAL", release)}
        if stated.ci_pct_value:
            written |= level(stated.ci_pct_value)
        yield written | ({"range": bounds} if bounds else {})


def read_analysis(estimates: list[Element]) -> dict[str, str | None]:
    """The fields of an analysis that its estimates hold; None for those they do not state."""
    by_id = {estimate.get("id"): estimate for estimate in estimates}
    p_value, bounds = by_id.get(P_VALUE, {}), by_id.get(INTERVAL, {})
    lower, upper = interval_texts(bounds.get("range"))
    notes = p_value.get("note", [])
    return {
        "dispersionValue": number_text(by_id.get(DISPERSION, {}).get("quantity")),
        "pValue": number_text(p_value.get("quantity")),
        "pValueComment": notes[0].get("text") if notes else None,
        "ciPctValue": level_text(bounds),
        "ciLowerLimit": lower,
        "ciUpperLimit": upper,
    }


def level(percentage: str) -> Element:
    """{level, _level: each 0..1}: the share that a percentage such as "95" says."""
    stated = number(percentage).get("value")
    if stated is None:
        return {"_level": number(percentage)["_value"]}
    share = round(stated / 100, 8)
    if _percentage(share) == percentage:
        return {"level": share}
    return {"level": share, "_level": {"extension": [{"url": NUMBER_TEXT, "valueString": percentage}]}}


def level_text(estimate: Element) -> str | None:
    """The percentage as the registry writes it."""
    kept = kept_text(estimate.get("_level"))
    if kept is not None:
        return kept
    return _percentage(estimate["level"]) if "level" in estimate else None


def _percentage(share: float) -> str:
    stated = round(share * 100, 6)
    return str(int(stated)) if stated == int(stated) else str(stated)
