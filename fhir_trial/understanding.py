"""How each line of eligibility criteria was understood: for people, and as numbers over many trials."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fhir_trial.eligibility import Constraint, Criterion, Reading, Terms, constraints, parse
from fhir_trial.trial import Trial

SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "eq": "="}


class Line(NamedTuple):
    """One criterion and its reading."""

    criterion: Criterion
    reading: Reading
    depth: int


def lines(trial: Trial, mesh_terms: dict[str, str]) -> Iterator[Line]:
    """Every criterion of a trial in document order, each with its reading."""
    stated = trial.protocol.eligibility
    if stated is None or not stated.criteria:
        return
    terms = Terms(mesh_terms)
    for criterion in parse(stated.criteria).walk():
        reading = constraints(criterion.text, section=criterion.section, mesh_terms=terms)
        yield Line(criterion, reading, criterion.path.count(".") - 1)


def wording(constraint: Constraint) -> str:
    """A constraint in short: "age ≥ 18 a", "alt ≤ 3 × ULN", "sex female"."""
    joint = " or " if constraint.join == "any-of" else ", "
    unit = f" × {constraint.multiple_of}" if constraint.multiple_of else f" {constraint.unit or ''}".rstrip()
    limits = joint.join(f"{SIGNS[bound.operator]} {bound.value}{unit}" for bound in constraint.bounds)
    said = limits or " or ".join(constraint.codes) or ("no" if constraint.negated else "yes")
    window = f" ({constraint.window.text})" if constraint.window else ""
    return f"{constraint.variable} {said}{window}"


def document(trial_id: str, line: Line) -> dict[str, Any]:
    """One line as JSON: {id, path, section, text, start, end, status, constraints 0..*, residue 0..*}."""
    criterion, reading, _ = line
    stated: dict[str, Any] = {
        "id": trial_id,
        "path": criterion.path,
        "section": criterion.section,
        "text": criterion.text,
        "start": criterion.start,
        "end": criterion.end,
        "status": reading.status,
    }
    if criterion.label:
        stated["label"] = criterion.label
    if criterion.children:
        stated["logic"] = criterion.logic
        if criterion.threshold is not None:
            stated["threshold"] = criterion.threshold
    stated["constraints"] = [_constraint(constraint) for constraint in reading.constraints]
    if len(reading.constraints) > 1:
        stated["join"] = reading.join
    stated["residue"] = list(reading.residue)
    return stated


def _constraint(constraint: Constraint) -> dict[str, Any]:
    stated: dict[str, Any] = {"variable": constraint.variable, "rule": constraint.rule}
    if constraint.bounds:
        stated["bounds"] = [[bound.operator, str(bound.value)] for bound in constraint.bounds]
    if len(constraint.bounds) > 1:
        stated["join"] = constraint.join
    if constraint.codes:
        stated["codes"] = list(constraint.codes)
    for key, value in (
        ("unit", constraint.unit),
        ("multipleOf", constraint.multiple_of),
        ("loinc", constraint.loinc),
        ("window", constraint.window.text if constraint.window else None),
        ("negated", constraint.negated or None),
    ):
        if value is not None:
            stated[key] = value
    return stated


_WORD = re.compile(r"[^\W\d_]{3,}")


@dataclass(slots=True)
class Share:
    """How much was understood over many trials."""

    trials: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    """Words of partial and text lines that no constraint holds."""

    def add(self, found: list[Line]) -> None:
        """Count one trial."""
        self.trials += 1
        for _, reading, _ in found:
            self.statuses[reading.status] += 1
            if reading.status != "computable":
                left = reading.residue or (reading.text,)
                self.words.update({word.lower() for text in left for word in _WORD.findall(text)})

    def document(self, commonest: int) -> dict[str, Any]:
        """{trials, lines, computable, partial, text, notUnderstood} as numbers."""
        return {
            "trials": self.trials,
            "lines": self.statuses.total(),
            **{status: self.statuses[status] for status in ("computable", "partial", "text")},
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
