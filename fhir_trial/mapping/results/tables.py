"""A part of the results as a table: rows, cells and groups with their places, whatever the release.

Everything that results report is a table: periods and milestones, denominators, classes and categories,
adverse events are its rows, and each cell belongs to a group. A place says where a row or cell stands in the
lists of the record, outermost first: `c2.k1.v3` is the third measurement of the first category of the second
class. So a reader restores every list in its order, and resources refer to rows by their element ids.
"""

import re
from typing import Any, NamedTuple

from msgspec import Struct

from fhir_trial.results import AdverseEvent, Denominator, MeasureClass, Period, ResultGroup

Document = dict[str, Any]


Row = tuple[str, str | None, Any]
"""A row: its place, what people call it, and the part of the results that it is."""

Cell = tuple[str, str | None, str | None, Any]
"""A cell: its place, what its row and the heading above are called, and the part with its values.

Plain tuples, for a large trial has ten thousands of them.
"""

Cells = dict[str | None, list[Cell]]
"""Group id -> cells."""


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
    cells: Cells
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
        self.cells: Cells = {}

    def add_periods(self, periods: list[Period] | None) -> None:
        """The periods of a participant flow, with milestones and withdrawals."""
        for number, period in enumerate(periods or (), 1):
            place = f"p{number}"
            title = period.title
            self.rows.append((place, title, period))
            for index, milestone in enumerate(period.milestones or (), 1):
                reached = milestone.achievements
                self._add_row(f"{place}.m{index}", milestone.type, title, milestone, "a", reached)
            for index, withdrawal in enumerate(period.withdrawals or (), 1):
                reasons = withdrawal.reasons
                self._add_row(f"{place}.w{index}", withdrawal.type, title, withdrawal, "r", reasons)

    def add_denominators(
        self, denominators: list[Denominator] | None, above: str = "", heading: str | None = None
    ) -> None:
        """How many units were analysed, in the whole table or in one of its classes."""
        for number, denominator in enumerate(denominators or (), 1):
            place = f"{above}d{number}"
            units = denominator.units
            self.rows.append((place, units, denominator))
            counts = denominator.counts
            if counts:
                called = (f"{units} analysed", heading) if units else (heading, None)
                self._add_cells(f"{place}.n", counts, *called)

    def add_classes(self, classes: list[MeasureClass] | None) -> None:
        """The classes of a measure, with their denominators and categories."""
        rows = self.rows
        for number, stated in enumerate(classes or (), 1):
            place = f"c{number}"
            title = stated.title
            rows.append((place, title, stated))
            self.add_denominators(stated.denominators, f"{place}.", title)
            for index, category in enumerate(stated.categories or (), 1):
                self._add_row(
                    f"{place}.k{index}", category.title, title, category, "v", category.measurements
                )

    def add_events(self, letter: str, events: list[AdverseEvent] | None) -> None:
        """Adverse events of one kind."""
        for number, event in enumerate(events or (), 1):
            self._add_row(f"{letter}{number}", event.term, None, event, "s", event.stats)

    def _add_row(
        self, place: str, title: str | None, above: str | None, part: Any, letter: str, parts: Any
    ) -> None:
        """A row that has cells only; without a title its cells go by the heading above."""
        self.rows.append((place, title, part))
        if not parts:
            return
        if title:
            self._add_cells(f"{place}.{letter}", parts, title, above)
        else:
            self._add_cells(f"{place}.{letter}", parts, above, None)

    def _add_cells(self, above: str, parts: Any, label: str | None, heading: str | None) -> None:
        cells = self.cells
        for number, part in enumerate(parts, 1):
            group_id = part.group_id
            of_group = cells.get(group_id)
            if of_group is None:
                cells[group_id] = of_group = []
            of_group.append((f"{above}{number}", label, heading, part))


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
