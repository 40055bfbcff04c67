"""The invariants of data types and resources that are errors in HL7's engines, as predicates.

Each takes the element as JSON and answers whether the rule holds. A predicate is only asked about an
element whose structure is right as far as it goes; it answers True where structure is already at fault.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

from fhir_trial.release import Release

Json = dict[str, Any]


class Invariant(NamedTuple):
    """A rule of the specification: its key, its text, its predicate."""

    key: str
    text: str
    holds: Callable[[Json], bool]
    warning: bool = False
    asks: frozenset[str] = frozenset()
    """The rule holds wherever one of these properties is missing."""
    keys_only: bool = False
    """Whether the rule asks which properties there are, and nothing about their values."""


def _on_keys(key: str, text: str, holds: Callable[[Json], bool], *, warning: bool = False) -> Invariant:
    """A rule about which properties there are."""
    return Invariant(key, text, holds, warning, keys_only=True)


def _on_values(
    key: str, text: str, holds: Callable[[Json], bool], *asks: str, warning: bool = False
) -> Invariant:
    """A rule about the values of these properties."""
    return Invariant(key, text, holds, warning, frozenset(asks))


def _number(value: Any) -> float | None:
    return value if type(value) in (int, float) else None


def _needs(name: str, *others: str) -> Callable[[Json], bool]:
    """If `name` is there, one of the others is."""
    return lambda node: name not in node or any(other in node or "_" + other in node for other in others)


def _not_negative(name: str) -> Callable[[Json], bool]:
    return lambda node: (_number(node.get(name)) or 0) >= 0


def _low_first(node: Json) -> bool:
    low, high = node.get("low"), node.get("high")
    if not isinstance(low, dict) or not isinstance(high, dict):
        return True
    if any(low.get(key) != high.get(key) for key in ("system", "code", "unit")):
        return True
    first, last = _number(low.get("value")), _number(high.get("value"))
    return first is None or last is None or first <= last


def _start_first(node: Json) -> bool:
    start, end = node.get("start"), node.get("end")
    return not isinstance(start, str) or not isinstance(end, str) or not later(start, end)


def _start_surely_first(node: Json) -> bool:
    """Before R5 the rule compares without boundaries: 2021-02-03 to 2021 is neither, and refused."""
    start, end = node.get("start"), node.get("end")
    if not isinstance(start, str) or not isinstance(end, str):
        return True
    days = start.partition("T")[0], end.partition("T")[0]
    length = min(map(len, days))
    uneven = len(days[0]) != len(days[1]) or ("T" in start) != ("T" in end)
    return not later(start, end) and not (uneven and days[0][:length] == days[1][:length])


def later(start: str, end: str) -> bool:
    """Whether a dateTime is certainly after another; precisions may differ."""
    if "T" in start and "T" in end:
        first, last = _moment(start), _moment(end)
        return first is not None and last is not None and first > last
    length = min(len(start.partition("T")[0]), len(end.partition("T")[0]))
    return start[:length] > end[:length]


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _none_has(name: str, field: str, value: str) -> Callable[[Json], bool]:
    """No item of a list has this value in this field."""

    def holds(node: Json) -> bool:
        items = node.get(name)
        if not isinstance(items, list):
            return True
        return not any(isinstance(one, dict) and one.get(field) == value for one in items)

    return holds


def _ratio(node: Json) -> bool:
    if ("numerator" in node) != ("denominator" in node):
        return False
    return "numerator" in node or "extension" in node


def _is_name(node: Json) -> bool:
    name = node.get("name")
    return not isinstance(name, str) or (
        name[:1].isupper() and name.isascii() and name.replace("_", "a").isalnum()
    )


def _members_only_if_actual(node: Json) -> bool:
    return "member" not in node or node.get("actual") is True


def _plain_url(node: Json) -> bool:
    url = node.get("url")
    return not isinstance(url, str) or not ("|" in url or "#" in url)


def _input_once(node: Json) -> bool:
    """Names either the requirement or the related data, not both."""
    return not ("relatedData" in node and "requirement" in node)


_NAMES = ("name", "_name", "identifier")
"""What org-1 wants one of; HL7's engine counts a name that is only said to be absent."""
_CODE_NEEDS_SYSTEM = _on_keys("qty-3", "a unit code needs a system", _needs("code", "system"))
_TIMING = (
    _on_keys("tim-1", "a duration needs its unit", _needs("duration", "durationUnit")),
    _on_keys("tim-2", "a period needs its unit", _needs("period", "periodUnit")),
    _on_values("tim-4", "the duration is not negative", _not_negative("duration"), "duration"),
    _on_values("tim-5", "the period is not negative", _not_negative("period"), "period"),
    _on_keys("tim-6", "periodMax needs a period", _needs("periodMax", "period")),
    _on_keys("tim-7", "durationMax needs a duration", _needs("durationMax", "duration")),
    _on_keys("tim-8", "countMax needs a count", _needs("countMax", "count")),
    _on_keys("tim-9", "an offset needs a when", _needs("offset", "when")),
    _on_keys(
        "tim-10", "timeOfDay and when exclude each other", lambda n: "timeOfDay" not in n or "when" not in n
    ),
)

_BOTH: dict[str, tuple[Invariant, ...]] = {
    "Attachment": (
        _on_keys("att-1", "data needs a contentType", _needs("data", "contentType")),
        _on_values(
            "attachment-mime",
            "contentType is no MIME type",
            lambda n: "/" in n["contentType"] if isinstance(n.get("contentType"), str) else True,
            "contentType",
            warning=True,
        ),
    ),
    "ContactPoint": (_on_keys("cpt-2", "a value needs a system", _needs("value", "system")),),
    "Expression": (
        _on_keys(
            "exp-1", "needs an expression or a reference", lambda n: "expression" in n or "reference" in n
        ),
    ),
    "Identifier": (
        _on_keys(
            "ident-1",
            "an identifier without a value says little",
            lambda n: "value" in n or "_value" in n,
            warning=True,
        ),
    ),
    "Organization": (
        _on_keys("org-1", "needs a name or an identifier", lambda n: not n.keys().isdisjoint(_NAMES)),
    ),
    "Quantity": (_CODE_NEEDS_SYSTEM,),
    "Range": (_on_values("rng-2", "low is not above high", _low_first, "low", "high"),),
    "Ratio": (_on_keys("rat-1", "numerator and denominator come together", _ratio),),
    "Timing.repeat": _TIMING,
}
_NAMED = _on_values(
    "name-token", "the name is usable as an identifier by machines", _is_name, "name", warning=True
)
_PLAIN_URL = _on_values("cnl-1", "the url holds no | or #", _plain_url, "url", warning=True)

_R4 = {
    "Period": (
        _on_values("per-1", "the start is surely not after the end", _start_surely_first, "start", "end"),
    ),
    "Group": (_on_values("grp-1", "only an actual group has members", _members_only_if_actual, "member"),),
    "Organization": (
        *_BOTH["Organization"],
        _on_values(
            "org-2", "an organization has no home telephone", _none_has("telecom", "use", "home"), "telecom"
        ),
        _on_values(
            "org-3", "an organization has no home address", _none_has("address", "use", "home"), "address"
        ),
    ),
} | dict.fromkeys(
    ("ActivityDefinition", "EvidenceVariable", "Library", "Measure", "PlanDefinition"), (_NAMED,)
)

_R5 = {
    "Period": (_on_values("per-1", "the start is not after the end", _start_first, "start", "end"),),
    "PlanDefinition.action.input": (
        _on_keys("pld-0", "an input has a requirement or related data, not both", _input_once),
    ),
    "PlanDefinition.action.output": (
        _on_keys("pld-1", "an output has a requirement or related data, not both", _input_once),
    ),
    "Reference": (
        _on_keys(
            "ref-2",
            "needs a reference, an identifier or a display",
            lambda n: any(
                k in n for k in ("reference", "identifier", "display", "extension", "_reference", "_display")
            ),
        ),
    ),
} | dict.fromkeys(
    (
        "ActivityDefinition",
        "Citation",
        "CodeSystem",
        "Evidence",
        "EvidenceReport",
        "EvidenceVariable",
        "Library",
        "Measure",
        "PlanDefinition",
        "StructureDefinition",
        "ValueSet",
    ),
    (_NAMED, _PLAIN_URL),
)

_QUANTITIES = ("Age", "Count", "Distance", "Duration", "Money", "SimpleQuantity", "MoneyQuantity")


@cache
def invariants(release: Release) -> dict[str, tuple[Invariant, ...]]:
    """The invariants of every type of a release."""
    found = dict(_BOTH) | (_R5 if release is Release.R5 else _R4)
    for name in _QUANTITIES:
        if name != "Money":
            found[name] = found["Quantity"]
    return found
