"""The parsed form of an eligibility text: a tree of criteria that still knows where each word stood."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

Section = Literal["inclusion", "exclusion", "other"]
Logic = Literal["all-of", "any-of", "at-least", "unknown"]
SpanKind = Literal["heading", "label", "marker", "criterion", "blank"]

_OTHER_CRITERIA = re.compile(
    r"(?:other|further|additional)(?:\s+\S+){0,4}?\s+(?:inclusion|exclusion|eligibility)\S*"
    r"(?:\s+(?:and|or|exclusion|inclusion)\b)*\s*criteria\s+(?:\w+\s+){0,3}?(?:appl(?:y|ied|ies)|exist)",
    re.IGNORECASE,
)


class Span(NamedTuple):
    """One piece of the source text; the spans of a text cover it without gap or overlap."""

    start: int
    end: int
    kind: SpanKind


class Criterion(NamedTuple):
    """One criterion as written, with what it holds below itself.

    A named tuple, because it is immutable, has slots, and is built ten times faster than a frozen
    dataclass: texts are split for every record that is converted.
    """

    section: Section
    path: str
    """Where it stands, e.g. "inclusion.3.1": under the inclusion heading, first below the third criterion.

    The words of a list may put it into another section than the one it stands in ("Excluded:").
    """
    label: str | None
    """The cohort or topic sub-heading it stands under ("For adolescents"), None without one."""
    marker: str
    """The number or bullet as written ("*", "1.", "a)"), "" for a plain paragraph."""
    text: str
    """What people read: markdown escapes undone, hard wraps joined."""
    start: int
    end: int
    """`source[start:end]` is the verbatim text, without the marker and without what stands below."""
    children: tuple["Criterion", ...] = ()
    logic: Logic = "unknown"
    """How the children are joined, stated only where the words say so."""
    threshold: int | None = None
    """n of "at least n of the following"; None unless logic is "at-least"."""

    def walk(self) -> Iterator["Criterion"]:
        """This criterion and all below it, in document order."""
        waiting = [self]
        while waiting:
            criterion = waiting.pop()
            yield criterion
            waiting.extend(reversed(criterion.children))


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """An eligibility text, split; `text` is the source, unchanged."""

    text: str
    criteria: tuple[Criterion, ...]
    """The top-level criteria in document order."""
    marks: tuple[Span, ...]
    """Section headings, labels (sub-headings) and lone bullets, in document order."""

    @property
    def incomplete(self) -> bool:
        """Whether the text itself says that criteria are missing ("other criteria may apply")."""
        return "riteria" in self.text and _OTHER_CRITERIA.search(self.text) is not None

    def walk(self) -> Iterator[Criterion]:
        """Every criterion at every level, in document order."""
        for criterion in self.criteria:
            yield from criterion.walk()

    def spans(self) -> Iterator[Span]:
        """The whole source in order, without gap or overlap; empty spans are left out."""
        pieces = [*self.marks]
        for criterion in self.walk():
            if criterion.marker:
                at = self.text.rindex(criterion.marker, 0, criterion.start)
                pieces.append(Span(at, at + len(criterion.marker), "marker"))
            pieces.append(Span(criterion.start, criterion.end, "criterion"))
        position = 0
        for piece in sorted(pieces):
            if piece.start > position:
                yield Span(position, piece.start, "blank")
            yield piece
            position = piece.end
        if position < len(self.text):
            yield Span(position, len(self.text), "blank")
