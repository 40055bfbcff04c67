"""Numbers that the registry publishes as text, as FHIR numbers: "12.3", "<0.001", "1,234", "NA", and back.

A number that FHIR writes just as the registry does travels alone. Any other keeps the registry's text on the
number (`number-text`); a text that is no number has that text only, and says so (`data-absent-reason`).
"""

import re
from typing import Any

from fhir_trial.mapping.urls import DATA_ABSENT, EXTENSION

Element = dict[str, Any]

NUMBER_TEXT = EXTENSION + "number-text"
ABSENT_REASONS = "http://terminology.hl7.org/CodeSystem/data-absent-reason"

_NUMBER = re.compile(r"(<=|>=|[<>≤≥=]?) ?([-+]?(?:\d{1,3}(?:,\d{3})+|\d*)(?:\.\d+)?)\Z", re.ASCII)
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d{0,14})\.\d{1,14}\Z", re.ASCII)
_COMPARATORS = {"≤": "<=", "≥": ">=", "=": ""}
_MOST_DIGITS = 15
"""What a double holds exactly; longer numbers would come back as others."""
_LARGEST_UNSIGNED = 2**31 - 1


def is_plain(text: str) -> bool:
    """Whether a text is a whole number as FHIR writes it, short enough for every reader."""
    return text.isdigit() and text.isascii() and (text[0] != "0" or text == "0") and len(text) <= _MOST_DIGITS


def is_integer(text: str) -> bool:
    """Whether a text is a whole number that FHIR's integers hold."""
    return len(text) <= 10 and is_plain(text) and int(text) <= _LARGEST_UNSIGNED


def quantity(text: str, unit: str | None = None) -> Element:
    """Quantity {value 0..1, comparator 0..1, unit 0..1} of a text, in the unit as the registry writes it."""
    found = number(text)
    if unit:
        found["unit"] = unit
    return found


def number(text: str) -> Element:
    """Quantity {value 0..1, comparator 0..1} of a text."""
    if text.isdigit() and is_plain(text):
        return {"value": int(text)}
    if _DECIMAL.match(text):
        decimal = float(text)
        if str(decimal) == text:
            return {"value": decimal}
    match = _NUMBER.match(text)
    value = _value(match[2]) if match else None
    if match is None or value is None:
        return {"_value": {"extension": [*_absent(text), _kept(text)]}}
    comparator = _COMPARATORS.get(match[1], match[1])
    if f"{comparator}{value}" == text:
        return {"value": value, "comparator": comparator} if comparator else {"value": value}
    found: Element = {"value": value, "_value": {"extension": [_kept(text)]}}
    if comparator:
        found["comparator"] = comparator
    return found


def _value(digits: str) -> int | float | None:
    plain = digits.replace(",", "")
    if not plain.strip("+-.") or sum(map(str.isdigit, plain)) > _MOST_DIGITS:
        return None
    return float(plain) if "." in plain else int(plain)


def _kept(text: str) -> Element:
    return {"url": NUMBER_TEXT, "valueString": text}


def _absent(text: str) -> list[Element]:
    return [{"url": DATA_ABSENT, "valueCode": absent_reason(text)}]


def absent_reason(text: str) -> str:
    """Why there is no number: the registry writes NA where a value does not apply or cannot be estimated."""
    return "not-applicable" if text == "NA" else "as-text"


def is_number(quantity: Element) -> bool:
    """Whether a Quantity of `quantity` has a number."""
    return "value" in quantity


def number_text(quantity: Any) -> str | None:
    """The text of a Quantity as the registry writes it."""
    if not isinstance(quantity, dict):
        return None
    kept = kept_text(quantity.get("_value"))
    if kept is not None:
        return kept
    value = quantity.get("value")
    return None if value is None else f"{quantity.get('comparator', '')}{value}"


def kept_text(primitive: Any) -> str | None:
    """The registry's text that stands on a number."""
    for extension in (primitive or {}).get("extension", ()):
        if extension.get("url") == NUMBER_TEXT:
            text: str | None = extension.get("valueString")
            return text
    return None


def unsigned(name: str, text: str) -> Element:
    """The property of an unsignedInt: the count, or its text alone where it is none."""
    if is_integer(text):
        return {name: int(text)}
    return {f"_{name}": {"extension": [*_absent(text), _kept(text)]}}


def unsigned_text(element: Element, name: str) -> str | None:
    """The text of an unsignedInt as the registry writes it."""
    kept = kept_text(element.get(f"_{name}"))
    if kept is not None:
        return kept
    return str(element[name]) if name in element else None


_LIMITS = {"low": EXTENSION + "lower-limit", "high": EXTENSION + "upper-limit"}


def interval(lower: str | None, upper: str | None) -> Element:
    """Range {low 0..1, high 0..1}; bounds that are no plain numbers, or contradict (rng-2), stay texts.

    An engine compares whatever stands in `low` and `high`, so a bound without a number cannot stand there.
    """
    texts = {name: text for name, text in (("low", lower), ("high", upper)) if text}
    bounds = {name: number(text) for name, text in texts.items()}
    written = {
        name: bound for name, bound in bounds.items() if "value" in bound and "comparator" not in bound
    }
    if len(written) == 2 and written["low"]["value"] > written["high"]["value"]:
        written = {}
    kept = [
        {"url": _LIMITS[name], "valueString": text} for name, text in texts.items() if name not in written
    ]
    return {"extension": kept, **written} if kept else written


def interval_texts(stated: Any) -> tuple[str | None, str | None]:
    """Lower and upper bound of a Range as the registry writes them."""
    bounds = stated if isinstance(stated, dict) else {}
    kept = {one.get("url"): one.get("valueString") for one in bounds.get("extension", ())}
    low, high = (kept.get(_LIMITS[name]) or number_text(bounds.get(name)) for name in ("low", "high"))
    return low, high
