"""The trace of one record as lines: for a person to read, and for a machine."""

from collections.abc import Iterable, Iterator
from typing import Any

from fhir_trial.report.shortening import short_path, short_resource, short_value
from fhir_trial.report.tracing import Place, Traced

_LONGEST_NAME = 48
_LONGEST_SHOWN = 42
_LONGEST_VALUE = 200
"""How many characters of a value the machine's lines have."""


def table(traced: Iterable[Traced]) -> Iterator[str]:
    """The leaves of a record, grouped by module: name, value, how, where."""
    module = None
    for leaf in traced:
        here, name = split(leaf.path)
        if here != module:
            module = here
            yield f"\n{leaf.record}  {module}" if module else f"\n{leaf.record}"
        if len(name) > _LONGEST_NAME:
            name = f"…{name[1 - _LONGEST_NAME :]}"
        value = short_value(leaf.value, _LONGEST_SHOWN)
        yield f"  {name:{_LONGEST_NAME}} {value:{_LONGEST_SHOWN}} {leaf.how:13} {where(leaf)}"


def split(path: str) -> tuple[str, str]:
    """The module of a path (`protocolSection.statusModule`), and the rest."""
    parts = path.removeprefix("$.").split(".")
    return ".".join(parts[:2]) if len(parts) > 2 else parts[0] if len(parts) > 1 else "", _rest(parts)


def _rest(parts: list[str]) -> str:
    return ".".join(parts[2:] if len(parts) > 2 else parts[1:] or parts)


def where(leaf: Traced) -> str:
    """The best place of a leaf and how many more there are; or the reason for none."""
    if not leaf.places:
        return leaf.reason or "LOST: no place has this value"
    best, more = leaf.places[0], len(leaf.places) - 1
    return shown_place(best) + (f" (and {more} more)" if more else "")


def shown_place(place: Place) -> str:
    """A place to be read: the path begins with the resource's type, so only the id is added to it."""
    return f"{short_path(place.path)} of {short_resource(place.resource.partition('/')[2])}"


def entry(leaf: Traced) -> dict[str, Any]:
    """A leaf for a machine: one line of NDJSON."""
    value = leaf.value
    if isinstance(value, str) and len(value) > _LONGEST_VALUE:
        value = f"{value[:_LONGEST_VALUE]}…"
    return {
        "record": leaf.record,
        "source": leaf.path,
        "value": value,
        "how": leaf.how,
        "places": [
            {"resource": p.resource, "path": p.path, "how": p.how, "holds": HOLDS[p.rest]}
            for p in leaf.places
        ],
        "reason": leaf.reason,
    }


HOLDS = ("value", "value with more, or without markup", "part")
"""What a place holds, by `Place.rest`."""
