"""How each line of eligibility criteria was understood: for people, and as numbers over many trials."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fhir_trial.eligibility import Constraint, Criterion, Reading, Terms, Window, constraints, parse
from fhir_trial.eligibility.constraint import Status
from fhir_trial.mapping.verdict import joins_only, verdict
from fhir_trial.trial import Trial

SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "eq": "="}
STATUSES: tuple[Status, ...] = ("computable", "partial", "text")


class Line(NamedTuple):
    """One criterion and its reading."""

    criterion: Criterion
    reading: Reading
    status: Status
    """How far it was understood where it stands; the words alone may say more (`reading.status`)."""
    joins: bool
    """Whether it only says how the list below it is joined."""


class Understood(NamedTuple):
    """The criteria of a trial."""

    id: str
    lines: list[Line]
    """In document order."""
    incomplete: bool
    """Whether the text itself says that criteria are missing."""


def understood(trial: Trial, mesh_terms: dict[str, str]) -> Understood:
    """Every criterion of a trial with its reading; mesh_terms: words of its conditions -> MeSH descriptor."""
    stated = trial.protocol.eligibility
    if stated is None or not stated.criteria:
        return Understood(trial.id, [], incomplete=False)
    parsed = parse(stated.criteria)
    terms = Terms(mesh_terms)
    return Understood(
        trial.id, [_line(criterion, terms) for criterion in parsed.walk()], incomplete=parsed.incomplete
    )


def _line(criterion: Criterion, terms: Terms) -> Line:
    reading = constraints(criterion.text, section=criterion.section, mesh_terms=terms)
    joins = bool(criterion.children) and joins_only(criterion)
    return Line(criterion, reading, verdict(criterion, reading), joins)


# --- for people ------------------------------------------------------------------------------------------


def meaning(line: Line) -> Iterator[str]:
    """What a line was understood as, a limit or a note each."""
    criterion, reading, _, joins = line
    if criterion.children:
        yield _LISTS[criterion.logic].format(criterion.threshold)
    joint = _JOINTS[reading.join]
    for number, constraint in enumerate(reading.constraints):
        yield f"{joint if number else ''}{wording(constraint)}"
    if reading.constraints and criterion.label is not None:
        yield "(only under its sub-heading)"
    if reading.constraints and criterion.section == "other":
        yield "(to include or to exclude?)"
    if reading.status == "partial" and reading.residue and not joins:
        yield f"not understood: {' … '.join(reading.residue)}"


_LISTS = {"all-of": "all of:", "any-of": "any of:", "at-least": "at least {} of:", "unknown": "a list:"}
_JOINTS = {"all-of": "and ", "any-of": "or ", "unknown": "and/or "}


def wording(constraint: Constraint) -> str:
    """A constraint in short: "age ≥ 18 a", "alt ≤ 3 × ULN", "sex female", "language not en, not es"."""
    joint = " or " if constraint.join == "any-of" else ", "
    unit = f" × {constraint.multiple_of}" if constraint.multiple_of else f" {constraint.unit or ''}".rstrip()
    limits = joint.join(f"{SIGNS[bound.operator]} {bound.value}{unit}" for bound in constraint.bounds)
    said = limits or _codes(constraint) or ("no" if constraint.negated else "yes")
    window = f" ({constraint.window.text})" if constraint.window else ""
    proviso = f" ({constraint.proviso})" if constraint.proviso else ""
    denied = "not " if constraint.bounds and constraint.negated else ""
    return f"{denied}{constraint.variable} {said}{window}{proviso}"


def _codes(constraint: Constraint) -> str:
    if constraint.negated:
        return ", ".join(f"not {code}" for code in constraint.codes)
    return " or ".join(constraint.codes)


# --- for machines ----------------------------------------------------------------------------------------


def document(found: Understood) -> dict[str, Any]:
    """The criteria of a trial as JSON; docs/criteria.md says what each field means."""
    return {"id": found.id, "incomplete": found.incomplete, "criteria": [*map(_criterion, found.lines)]}


def _criterion(line: Line) -> dict[str, Any]:
    criterion, reading, status, _ = line
    children = bool(criterion.children)
    return _stated(
        path=criterion.path,
        section=criterion.section,
        label=criterion.label,
        marker=criterion.marker or None,
        text=criterion.text,
        start=criterion.start,
        end=criterion.end,
        status=status,
        logic=criterion.logic if children else None,
        threshold=criterion.threshold if children else None,
        constraints=[*map(_constraint, reading.constraints)],
        join=reading.join if len(reading.constraints) > 1 else None,
        residue=[*reading.residue],
    )


def _constraint(constraint: Constraint) -> dict[str, Any]:
    bounds = [
        {"operator": bound.operator, "value": str(bound.value), "literal": bound.literal}
        for bound in constraint.bounds
    ]
    return _stated(
        variable=constraint.variable,
        bounds=bounds or None,
        join=constraint.join if len(bounds) > 1 else None,
        unit=constraint.unit,
        unitText=constraint.unit_text or None,
        multipleOf=constraint.multiple_of,
        codes=[*constraint.codes] or None,
        negated=constraint.negated or None,
        window=_window(constraint.window) if constraint.window else None,
        proviso=constraint.proviso or None,
        loinc=constraint.loinc,
        rule=constraint.rule,
        start=constraint.start,
        end=constraint.end,
    )


def _window(window: Window) -> dict[str, Any]:
    value = None if window.value is None else str(window.value)
    return _stated(text=window.text, value=value, unit=window.unit)


def _stated(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


# --- over many trials ------------------------------------------------------------------------------------

_WORD = re.compile(r"[^\W\d_]{3,}")


@dataclass(slots=True)
class Share:
    """How much was understood over many trials."""

    trials: int = 0
    incomplete: int = 0
    """Trials whose text says that criteria are missing."""
    joining: int = 0
    """Lines that only join a list; they set no limit, so they are not counted among the others."""
    statuses: Counter[Status] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    """Words of partial and text lines that no constraint holds."""

    def add(self, found: Understood) -> None:
        """Count one trial."""
        self.trials += 1
        self.incomplete += found.incomplete
        for _, reading, status, joins in found.lines:
            if joins:
                self.joining += 1
                continue
            self.statuses[status] += 1
            if reading.status != "computable":
                left = reading.residue or (reading.text,)
                self.words.update({word.lower() for text in left for word in _WORD.findall(text)})

    def document(self, commonest: int) -> dict[str, Any]:
        """{trials, incomplete, lines, joining, computable, partial, text, notUnderstood} as numbers."""
        return {
            "trials": self.trials,
            "incomplete": self.incomplete,
            "lines": self.statuses.total(),
            "joining": self.joining,
            **{status: self.statuses[status] for status in STATUSES},
            "notUnderstood": dict(self.ranked(commonest)),
        }

    def ranked(self, commonest: int) -> list[tuple[str, int]]:
        """The commonest words not understood; of equal counts the first in the alphabet."""
        words = ((word, count) for word, count in self.words.items() if word not in _SMALL_WORDS)
        return sorted(words, key=lambda item: (-item[1], item[0]))[:commonest]


_SMALL_WORDS = frozenset(
    word
    for line in (
        "the and for with not any are has have who from that this will been must may can other than such",
        "which were was their its all one per into due prior during within",
    )
    for word in line.split()
)
