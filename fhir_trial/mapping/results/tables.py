"""A part of the results as a table: rows, cells and groups with their places, whatever the release.

Everything that results report is a table: periods and milestones, denominators, classes and categories,
adverse events are its rows, and each cell belongs to a group. A place says where a row or cell stands in the
lists of the record, outermost first: `c2.k1.v3` is the third measurement of the first category of the second
class. So a reader restores every list in its order, and resources refer to rows by their element ids.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import Struct

from fhir_trial.results import (
    Achievement,
    AdverseEvent,
    Category,
    Denominator,
    DenominatorCount,
    EventCount,
    MeasureClass,
    Measurement,
    Milestone,
    Period,
    ResultGroup,
    Withdrawal,
    WithdrawalCount,
)

Document = dict[str, Any]


class Row(NamedTuple):
    """A row: its place, what people call it, and the part of the results that it is."""

    place: str
    title: str | None
    part: Any


class Cell(NamedTuple):
    """A cell: its place, what its row and the heading above are called, and the part with its values."""

    place: str
    label: str | None
    heading: str | None
    part: Any


class Table(NamedTuple):
    """One measure, the participant flow, or the adverse events of one kind."""

    name: str
    part: str
    """Code of the part of the results that it belongs to."""
    title: str | None
    groups: list[ResultGroup]
    lists_groups: bool
    """Whether the groups are listed by this table, not by another one of the same part."""
    rows: list[Row]
    cells: dict[str | None, list[Cell]]
    """Group id -> cells."""
    description: str | None = None
    time_frame: str | None = None
    details: tuple[str, Struct, type[Struct]] | None = None
    """Extension, what it is taken from, and the struct that says which fields it holds."""
    totals: list[list[Cell]] | None = None
    """The cells of each listed group, where they belong to its place in the list and not to its id."""
    source: Any = None
    """The measure that the table is made of, where it is one."""
    unit: str | None = None
    param: str | None = None
    dispersion: str | None = None


_BELOW: dict[type[Struct], tuple[tuple[str, str], ...]] = {
    MeasureClass: (("denominators", "d"), ("categories", "k")),
    Category: (("measurements", "v"),),
    Denominator: (("counts", "n"),),
    Period: (("milestones", "m"), ("withdrawals", "w")),
    Milestone: (("achievements", "a"),),
    Withdrawal: (("reasons", "r"),),
    AdverseEvent: (("stats", "s"),),
}
"""Part of the results -> its lists, each with the letter that marks it in a place."""

_TITLES: dict[type[Struct], str] = {
    MeasureClass: "title",
    Category: "title",
    Denominator: "units",
    Period: "title",
    Milestone: "type",
    Withdrawal: "type",
    AdverseEvent: "term",
}
"""What a row is called."""

_CELLS = frozenset({Measurement, DenominatorCount, Achievement, WithdrawalCount, EventCount})

_LISTS = {
    "d": "denoms",
    "n": "counts",
    "c": "classes",
    "k": "categories",
    "v": "measurements",
    "p": "periods",
    "m": "milestones",
    "a": "achievements",
    "w": "dropWithdraws",
    "r": "reasons",
    "e": "seriousEvents",
    "o": "otherEvents",
    "s": "stats",
}
_STEP = re.compile(r"([dnckvpmawreos])([1-9]\d{0,8})\Z", re.ASCII)


class Body:
    """The rows and cells of a table while they are collected."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.cells: dict[str | None, list[Cell]] = {}

    def add(
        self,
        letter: str,
        parts: list[Any] | None,
        above: str = "",
        label: str | None = None,
        heading: str | None = None,
    ) -> None:
        """Take in a list of parts, with all that stands below each."""
        if not parts:
            return
        kind = type(parts[0])
        if kind in _CELLS:
            self._add_cells(f"{above}{letter}", parts, label, heading)
            return
        name, lists = _TITLES[kind], _BELOW[kind]
        for number, part in enumerate(parts, 1):
            place = f"{above}{letter}{number}"
            title = getattr(part, name)
            self.rows.append(Row(place, title, part))
            called = (_label(title, kind), label) if title else (label, heading)
            for attribute, mark in lists:
                self.add(mark, getattr(part, attribute), f"{place}.", *called)

    def _add_cells(self, above: str, parts: list[Any], label: str | None, heading: str | None) -> None:
        cells = self.cells
        for number, part in enumerate(parts, 1):
            group_id = part.group_id
            if group_id not in cells:
                cells[group_id] = []
            cells[group_id].append(Cell(f"{above}{number}", label, heading, part))


def _label(title: str, kind: type[Struct]) -> str:
    return f"{title} analysed" if kind is Denominator else title


# --- reading --------------------------------------------------------------------------------------------


def put(document: Document, place: str, values: Document) -> None:
    """Put the values of a row or cell at its place; a place of another form is passed over."""
    steps = [_STEP.match(step) for step in place.split(".")]
    node = document
    for step in steps:
        if step is None:
            return
        node = node.setdefault(_LISTS[step[1]], {}).setdefault(int(step[2]), {})
    node.update(values)


def listed(document: Document) -> Document:
    """A document in which the items that `put` numbered are lists again."""
    return {key: _listed(value) for key, value in document.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(isinstance(key, int) for key in value):
        return [listed(value[number]) for number in sorted(value)]
    return listed(value)


def last_letter(place: str) -> str:
    """The letter that says what kind of cell stands at a place."""
    return place.rpartition(".")[2][:1]


def ordered(table: Table) -> Iterator[tuple[ResultGroup, list[Cell]]]:
    """Each listed group with its cells; those of an id that stands twice belong to the first."""
    seen: set[str | None] = set()
    for number, group in enumerate(table.groups):
        if table.totals is not None:
            yield group, table.totals[number]
        else:
            yield group, [] if group.id in seen else table.cells.get(group.id, [])
        seen.add(group.id)
