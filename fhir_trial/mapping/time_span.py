"""Spans of time as the registry writes them ("18 Years") and as UCUM quantities, without loss."""

from functools import cache
from typing import Any

from fhir_trial.codemaps import plain_codes

UCUM = "http://unitsofmeasure.org"


@cache
def quantity_parts(text: str) -> tuple[int, str, str]:
    """Value, unit as written and UCUM code of a span such as "18 Years".

    Units: UCUM a, mo, wk, d, h, min (mappings/units/time.csv).
    Raises: KeyError for a unit without a row.
    """
    value, unit = text.split(" ")
    return int(value), unit, plain_codes("units/time")[unit.removesuffix("s")]


def quantity(text: str) -> dict[str, Any]:
    """Quantity {value, unit, system, code}, each 1..1, of a span."""
    value, unit, code = quantity_parts(text)
    return {"value": value, "unit": unit, "system": UCUM, "code": code}


def text(quantity: dict[str, Any]) -> str | None:
    """The span as the registry writes it; None when the quantity has no value and unit."""
    value, unit = quantity.get("value"), quantity.get("unit")
    return f"{value} {unit}" if value is not None and unit else None
