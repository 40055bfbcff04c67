"""Totals over the traces of many records: fields, counts, shares."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from fhir_trial.report.leaves import general
from fhir_trial.report.shortening import short_path
from fhir_trial.report.tracing import Traced

HOWS = ("element", "code map", "HL7 extension", "our extension", "not mapped", "lost")
"""The ways of a leaf, in the order in which they are told."""


@dataclass(slots=True)
class FieldTotal:
    """What was seen of one field."""

    records: int = 0
    hows: Counter[str] = field(default_factory=Counter)
    wheres: Counter[str] = field(default_factory=Counter)
    """The best place of each leaf, without the numbers of list items."""
    reason: str | None = None


@dataclass(slots=True)
class Totals:
    """Counts over records, in constant memory: it grows with the fields, not with the records."""

    records: int = 0
    failed: int = 0
    fields: dict[str, FieldTotal] = field(default_factory=dict)

    def add(self, traced: Iterable[Traced]) -> None:
        """Count the leaves of one record."""
        self.records += 1
        seen = set()
        for leaf in traced:
            name = leaf.field
            total = self.fields.setdefault(name, FieldTotal())
            total.records += name not in seen
            seen.add(name)
            total.hows[leaf.how] += 1
            if leaf.places:
                total.wheres[general(leaf.places[0].path)] += 1
            total.reason = leaf.reason or total.reason

    @property
    def hows(self) -> Counter[str]:
        """How many leaves went which way."""
        return sum((total.hows for total in self.fields.values()), Counter[str]())

    @property
    def lost(self) -> int:
        """How many leaves have neither a place nor a reason."""
        return self.hows["lost"]

    def document(self) -> dict[str, Any]:
        """The machine's totals."""
        hows = self.hows
        return {
            "records": self.records,
            "failed": self.failed,
            "leaves": sum(hows.values()),
            "how": {how: hows[how] for how in HOWS},
            "fields": [_row(name, total) for name, total in sorted(self.fields.items())],
        }

    def lines(self) -> Iterator[str]:
        """The person's totals: a line a field."""
        width = max(map(len, self.fields), default=0)
        yield f"{'field':{width}}  records  leaves  how, and the place met most often"
        for name, total in sorted(self.fields.items()):
            counts = f"{total.records:7}  {sum(total.hows.values()):6}"
            yield f"{name:{width}}  {counts}  {_ways(total)}"

    def headline(self) -> str:
        """The totals in a few lines."""
        hows = self.hows
        leaves = sum(hows.values())
        rows = [f"records  {self.records} traced, {self.failed} failed", f"leaves   {leaves}"]
        rows += [f"  {how:14}{hows[how]:8}  {_share(hows[how], leaves)}" for how in HOWS]
        return "\n".join(rows)


def _row(name: str, total: FieldTotal) -> dict[str, Any]:
    return {
        "field": name,
        "records": total.records,
        "leaves": sum(total.hows.values()),
        "how": dict(total.hows),
        "places": dict(total.wheres.most_common()),
        "reason": total.reason,
    }


def _ways(total: FieldTotal) -> str:
    how = ", ".join(how for how, _ in total.hows.most_common())
    if total.wheres:
        return f"{how}: {short_path(total.wheres.most_common(1)[0][0])}"
    return f"{how}: {total.reason}" if total.reason else how


def _share(count: int, leaves: int) -> str:
    return f"{100 * count / leaves:5.1f} %" if leaves else ""
