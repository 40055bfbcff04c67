"""Where each value of a record stands in its resources: found by changing values and seeing what changes.

Each leaf is given another value in half of a dozen copies of the record, every leaf in a half of its own. A
place that changes in exactly those copies, always from one value to one other, holds the value of that leaf.
What is not found so (a place that several leaves share) is changed alone.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Any, Literal, NamedTuple

import msgspec

from fhir_trial import mapping
from fhir_trial.mapping.urls import BASE
from fhir_trial.release import Release
from fhir_trial.report import reasons
from fhir_trial.report.leaves import (
    RESULTS,
    UNKNOWN,
    Leaf,
    another,
    document,
    general,
    is_choice,
    leaves,
    names_group,
    said_once,
    table,
)
from fhir_trial.report.places import Places, places
from fhir_trial.trial import Trial

Document = dict[str, Any]

How = Literal["element", "HL7 extension", "our extension", "code map"]


class Place(NamedTuple):
    """One place where a value stands."""

    resource: str
    """Type and id."""
    path: str
    """FHIRPath in that resource."""
    how: How
    rest: int
    """0: the place holds the value, or its code; 1: it holds more, or the text without its markup; 2: it
    holds a part, or what follows from the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """One leaf of a record: its value, and where it stands, or why it stands nowhere."""

    record: str
    path: str
    value: Any
    places: tuple[Place, ...] = ()
    """The best first."""
    reason: str | None = None
    """Why the leaf is not mapped on purpose; None for a leaf that is mapped, or lost."""

    @property
    def field(self) -> str:
        """The path without the numbers of list items."""
        return general(self.path)

    @property
    def how(self) -> str:
        """How the leaf travels: the best place's way, "not mapped", or "lost"."""
        if self.places:
            return self.places[0].how
        return "not mapped" if self.reason else "lost"


def trace(trial: Trial, release: Release = Release.R4) -> list[Traced]:
    """Every leaf of a record with the places of its value in the resources of a release."""
    tracer = _Tracer(trial, release)
    tracer.follow()
    return [tracer.traced(leaf) for leaf in tracer.leaves]


class _Tracer:
    """One record being traced."""

    def __init__(self, trial: Trial, release: Release) -> None:
        self._id, self._release = trial.id, release
        self._document = document(trial)
        self._stated = self._places(self._document)
        self.leaves = leaves(self._document)
        self._numbers = {leaf.path: number for number, leaf in enumerate(self.leaves)}
        self._others = {leaf.path: another(leaf, self._numbers[leaf.path]) for leaf in self.leaves}
        self._found: dict[str, dict[str, int]] = {}
        self._owned: set[str] = set()
        """Places that are known to hold one leaf alone."""

    def follow(self) -> None:
        """Find the places of every leaf."""
        for part in self._unused():
            del self._document[part]
        self._names()
        self._said_once()
        rest = [leaf for leaf in self.leaves if leaf.steps[0] in self._document and not self._is_found(leaf)]
        for _ in range(2):  # the second time without those whose changes hid the others
            self._halves(rest)
            rest = [leaf for leaf in rest if not self._is_found(leaf)]
        for leaf in rest:
            self._alone(leaf)
            if not _is_held(self._found.get(leaf.path, {})):
                self._others[leaf.path] = another(leaf, self._numbers[leaf.path], turned=True)
                self._alone(leaf)

    def _is_found(self, leaf: Leaf) -> bool:
        return _is_held(self._found.get(leaf.path, {}))

    def _unused(self) -> set[str]:
        """What is carried aside: parts of the document without which the resources are the same."""
        return {
            part
            for part in (RESULTS, UNKNOWN)
            if part in self._document
            and self._places({k: v for k, v in self._document.items() if k != part}).values
            == self._stated.values
        }

    def _halves(self, followed: list[Leaf]) -> None:
        """Change many leaves at once, each in a set of copies of its own."""
        if not followed:
            return
        copies = next(n for n in range(4, 64, 2) if comb(n, n // 2) >= 4 * len(followed))
        marks = dict(zip(_halves(copies), followed, strict=False))
        seen: dict[str, list[Any]] = {}
        for number in range(copies):
            changed = self._changed(leaf for mark, leaf in marks.items() if number in mark)
            for place, value in self._differences(self._places(changed)):
                seen.setdefault(place, [_SAME] * copies)[number] = value
        for place, values in seen.items():
            mark = tuple(number for number, value in enumerate(values) if value is not _SAME)
            leaf = marks.get(mark)
            other = values[mark[0]]
            if leaf is not None and all(_same(values[number], other) for number in mark):
                self._note(leaf, place, other)
                self._owned.add(place)

    def _names(self) -> None:
        """Change the name of a group wherever its table uses it: alone, it would hand a number to another."""
        named: dict[tuple[Any, ...], list[Leaf]] = {}
        for leaf in self.leaves:
            if names_group(leaf) and leaf.steps[0] in self._document:
                named.setdefault((table(leaf), leaf.value), []).append(leaf)
        for equals in named.values():
            other = self._others[equals[0].path]
            self._others.update(dict.fromkeys((leaf.path for leaf in equals), other))
            for place, value in self._differences(self._places(self._changed(equals))):
                if value is not _GONE:
                    for leaf in equals:
                        self._note(leaf, place, value)

    def _said_once(self) -> None:
        """Change what may stand once for many leaves in all of them; if each has its own place, leave it."""
        found: dict[tuple[Any, ...], list[Leaf]] = {}
        for leaf in self.leaves:
            key = said_once(leaf, self._document) if leaf.steps[0] in self._document else None
            if key is not None:
                found.setdefault(key, []).append(leaf)
        for equals in found.values():
            others = {leaf.path: self._others[leaf.path] for leaf in equals}
            self._others.update(dict.fromkeys(others, others[equals[0].path]))
            after = [
                (place, value)
                for place, value in self._differences(self._places(self._changed(equals)))
                if value is not _GONE
            ]
            if len(after) < max(len(equals), 2):
                for place, value in after:
                    for leaf in equals:
                        self._note(leaf, place, value)
            else:
                self._others.update(others)

    def _alone(self, leaf: Leaf) -> None:
        """Change one leaf; then, if that only moves things, its equals in the same module with it."""
        after = list(self._differences(self._places(self._changed([leaf]))))
        moved = all(value is _GONE for _, value in after)
        if after and moved and is_choice(leaf):
            equals = [
                each for each in self.leaves if each.node == leaf.node and each.steps[:2] == leaf.steps[:2]
            ]
            together = self._differences(self._places(self._changed(equals)))
            stay = [
                (place, now)
                for place, now in together
                if now is not _GONE and (place not in self._owned or _is_beside(place, after))
            ]
            after = stay or after
        for place, value in after:
            self._note(leaf, place, value)

    def _changed(self, changed: Iterable[Leaf]) -> Document:
        copy: Document = _copy(self._document)
        for leaf in changed:
            target: Any = copy
            for step in leaf.steps[:-1]:
                target = target[step]
            target[leaf.steps[-1]] = self._others[leaf.path]
        return copy

    def _places(self, stated: Document) -> Places:
        trial = _DECODER.decode(msgspec.json.encode(stated))
        return places(mapping.resources(trial, self._release), trial.id)

    def _differences(self, other: Places) -> Iterator[tuple[str, Any]]:
        """The places of the record's own resources whose value is another, or is gone."""
        get = other.values.get
        for place, value in self._stated.values.items():
            now = get(place, _GONE)
            if now is not value and not _same(now, value):
                yield place, now

    def _note(self, leaf: Leaf, place: str, now: Any) -> None:
        rest = _rest(now, self._others[leaf.path])
        if is_choice(leaf):
            rest = 2 if now is _GONE else 0
        elif rest == 0 and isinstance(leaf.value, str) and not self._is_verbatim(leaf.value, place):
            rest = 1
        self._found.setdefault(leaf.path, {})[place] = rest

    def _is_verbatim(self, value: str, place: str) -> bool:
        """Whether a place has a text as it is: a list of criteria loses its bullets and escapes."""
        stated = self._stated.values[place]
        return not isinstance(stated, str) or stated == value or _NUMBER.match(value) is not None

    def traced(self, leaf: Leaf) -> Traced:
        """What was found of a leaf; a place counts when it holds the value."""
        found = self._found.get(leaf.path, {})
        stated = [self._place(place, rest) for place, rest in found.items() if self._tells(leaf, place, rest)]
        if not _is_held(found) and not is_choice(leaf):
            stated = []
        stated = sorted(dict.fromkeys(stated), key=_rank)
        return Traced(
            record=self._id,
            path=leaf.path,
            value=leaf.value,
            places=tuple(stated),
            reason=None if stated else reasons.reason(leaf),
        )

    def _tells(self, leaf: Leaf, place: str, rest: int) -> bool:
        """Whether a place says something of a leaf's value: it may also go because something else went."""
        if rest < 2:
            return True
        if is_choice(leaf):  # one token has a standard code beside the registry's, the other has none
            held = [each for each, rest in self._found[leaf.path].items() if rest < 2]
            return not held or any(_concept(each) == _concept(place) for each in held)
        stated = self._stated.values[place]
        return isinstance(stated, str) and stated in str(leaf.value)

    def _place(self, place: str, rest: int) -> Place:
        resource, path = self._stated.shown(place)
        return Place(resource, path, _how(path), rest)


_FEW = 5
"""So many leaves are changed sooner one by one than in halves."""

_SAME, _GONE = object(), object()
_NUMBER = re.compile(r"-?(?:\d+(?:\.\d+)?|\.\d+)\Z", re.ASCII)
_DECODER = msgspec.json.Decoder(Trial)


def _halves(copies: int) -> Iterator[tuple[int, ...]]:
    return combinations(range(copies), copies // 2)


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and type(one) is type(other)


def _rest(now: Any, other: Any) -> int:
    """What a place holds beside the value that a leaf was given: see `Place.rest`."""
    given, text = str(other).lstrip("<>="), str(now)
    if given == text or (isinstance(now, int) and given.startswith(f"{text} ")):  # "18 Years" is 18 years
        return 0
    if (
        isinstance(now, float) and _NUMBER.match(given) and round(now * 100, 6) == float(given)
    ):  # 95 % is 0.95
        return 0
    return 1 if given in text else 2


_STEP = re.compile(r"\.(extension\('[^']*'\)\[\d+\]\.value|\w+)\Z")


def _is_beside(place: str, moved: Iterable[tuple[str, Any]]) -> bool:
    """Whether a place belongs to the element from which others moved away: two dates, one type."""
    element = _STEP.sub("", place) + "."
    return any(other.startswith(element) for other, _ in moved)


def _concept(place: str) -> str:
    return place.partition(".coding[")[0]


def _is_held(found: dict[str, int]) -> bool:
    return any(rest < 2 for rest in found.values())


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _how(path: str) -> How:
    if path.endswith(".code") and ".coding[" in path:
        return "code map"
    if f"('{BASE}" in path or f"='{BASE}" in path:
        return "our extension"
    return "HL7 extension" if "xtension('" in path or "xtension.where(" in path else "element"


_ORDER: dict[How, int] = {"code map": 0, "element": 1, "HL7 extension": 2, "our extension": 3}


def _rank(place: Place) -> tuple[int, bool, int, bool, int, str]:
    """The value itself first, then what means it; a display or an address made of it comes late."""
    last = place.path.rpartition(".")[2]
    elsewhere = not place.path.startswith("ResearchStudy.")
    late = last in ("display", "url", "system")
    return (place.rest, late, _ORDER[place.how], elsewhere, len(place.path), place.path)
