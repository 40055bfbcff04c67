"""Splits an eligibility text into its tree of criteria, in one pass and without losing a character.

Texts come as the markdown of the registry's API ("* " bullets, escapes, blocks apart by blank lines), as its
legacy layout (indented, hard wrapped), and as plain paragraphs; one set of rules reads all three.
"""

import html
import re
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from fhir_trial.eligibility import headings, logic, sides
from fhir_trial.eligibility.criteria import Criteria, Criterion, Section, Span

# Indent, marker with the space behind it, rest of the line. A marker is a bullet, a number or a letter; the
# lookaheads keep "-5 °C", "1.5 x ULN" and "E. coli" what they are.
_LINE = re.compile(
    r"([^\S\n]*)"
    r"("
    r"(?:\\?[-*+–—‐‑]|[•●○◦▪■□▫·‣∙⁃◆◇➢➤✓])(?:[^\S\n]+|(?=[A-Za-z≥≤(])|(?=\n|\Z))"
    r"|[•●○◦▪■□▫‣∙⁃◆◇➢➤✓]"
    r"|o[^\S\n]+(?=[A-Z≥≤<>])"
    r"|\(?\d{1,3}(?:\\?\.\d{1,2}){0,3}(?:\\?\.(?=[^\d\n])|\\?\)(?=\S|[^\S\n])|、)[^\S\n]*"
    r"|\d{1,2}(?:\.\d{1,2}){1,3}[^\S\n]+(?=[A-Z][a-z]{2})"
    r"|\(?(?:[a-zA-Z]|[ivx]{2,5}|[IVX]{2,5})\)[^\S\n]*"
    r"|(?:[a-z]|[ivx]{2,5})\\?\.[^\S\n]+"
    r"|(?:[A-Z]|[IVX]{2,5})\\?\.[^\S\n]+(?=[A-Z0-9≥≤<>])"
    r")?"
    r"([^\n]*)\n?"
)
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_ENTITY = re.compile(r"&(?:#\d{1,6}|#x[0-9a-fA-F]{1,5}|[a-zA-Z]{2,8});")
_WRAP = re.compile(r"(?<!\s)\s*\n\s*")  # from the first blank on, lest each of many is tried
_WRAPPED_FROM = 60
"""A plain line shorter than this was not broken off by a margin."""
_NOWHERE = -10
"""The indent of a section: left of every line, and no line's own."""
_NO_COLUMN = 1_000_000
"""The indent of an item on the line of its heading: right of every line, so that the next is no child."""
_OF_HEADINGS = ("riteri", "RITERI", "lusion", "LUSION", "ligib", "LIGIB", "ontraindic", "ONTRAINDIC")
"""Parts of words; one of them stands in every heading of a section."""
_CHILD_INDENT = 2
"""Columns that make a child; one column is a ragged number (" 9." over "10.")."""


_Node = tuple[int, Section, str, str | None, str, int, int]
"""Depth, then the fields of a Criterion from section to end."""


class _Named(NamedTuple):
    """A heading that names a cohort behind its colon."""

    mark: int
    """Its place among the marks."""
    offset: int
    """Where in it the name begins."""
    criteria: int
    """How many there were when it was read."""


class _Level:
    """An open criterion that the next lines may belong to; the lowest stands for the section."""

    __slots__ = ("children", "column", "indent", "kind", "path")

    def __init__(self, indent: int, column: int, kind: str, path: str) -> None:
        self.indent = indent
        self.column = column
        self.kind = kind
        self.path = path
        self.children = 0


def parse(text: str) -> Criteria:
    """The criteria of an eligibility text; any text is accepted, and every character is kept."""
    return _Splitter(text).criteria()


def readable(verbatim: str) -> str:
    """What people read: markdown escapes and HTML entities undone, hard wraps joined."""
    words = _WRAP.sub(" ", verbatim) if "\n" in verbatim else verbatim
    if "\\" in words:
        words = _ESCAPE.sub(r"\1", words)
    return _ENTITY.sub(lambda match: html.unescape(match[0]), words) if "&" in words else words


class _Splitter:
    """The state of one pass over a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.nodes: list[_Node] = []
        self.announcing: list[int] = []
        """Places of the nodes that may have something to say of those below them or behind them."""
        self.marks: list[Span] = []
        self.section: Section = "other"
        self.undecided = True
        """No heading has said the side of what follows, so a sentence may."""
        self.named: _Named | None = None
        self.label: str | None = None
        self.roots = {
            name: _Level(_NOWHERE, _NOWHERE, "", name) for name in ("inclusion", "exclusion", "other")
        }
        self.levels = [self.roots["other"]]

    def criteria(self) -> Criteria:
        self._read()
        _place(self.text, self.nodes, self.announcing)
        return Criteria(text=self.text, criteria=_tree(self.text, self.nodes), marks=tuple(self.marks))

    def _read(self) -> None:
        """Go through the lines; what most lines are, the next item of a list, is done on the spot."""
        position = 0
        after_blank = True
        previous = ""
        nodes = self.nodes
        mentions = _Mentions(self.text)
        for indent, marker, body in _LINE.findall(self.text):
            start = position + len(indent) + len(marker)
            position = start + len(body) + 1
            if not body and not marker:
                after_blank = True
                continue
            body = body.rstrip()
            end = start + len(body)
            column = len(indent) if "\t" not in indent else len(indent.expandtabs(4))
            if end > mentions.next:
                mentions.skip(end)
                after_blank = self._telling(
                    column, marker, body, start, previous if not after_blank else None
                )
                previous = body
                if body and _announces(body):
                    self.announcing.append(len(nodes) - 1)
                continue
            if not marker:
                if not body:
                    after_blank = True
                    continue
                if after_blank or not self._continues(column, previous, body):
                    self._plain(column, body, start, after_blank=after_blank)
                else:
                    self._extend(column, start, end)
            elif not body:
                self._lone(marker, start)
            else:
                glyph = marker.rstrip()
                kind = _kind(glyph)
                levels = self.levels
                top = levels[-1]
                if top.indent == column and top.kind == kind:
                    parent = levels[-2]
                    parent.children += 1
                    top.path = path = f"{parent.path}.{parent.children}"
                    top.children = 0
                    nodes.append((len(levels) - 2, self.section, path, self.label, glyph, start, end))
                else:
                    self._item(column, len(marker), kind, glyph, start, end)
            after_blank = False
            previous = body
            if body and (body[-1] in ":：" or "e following" in body):  # which `_announces` looks at again
                self.announcing.append(len(nodes) - 1)
        self._settle()

    def _telling(self, column: int, marker: str, body: str, start: int, previous: str | None) -> bool:
        """A line that speaks of inclusion or exclusion; whether the next cannot be the rest of it."""
        further = headings.further_headings(body, marked=marker != "")
        line = body[: further[0]].rstrip() if further else body
        end = start + len(line)
        if not marker:
            if previous is None or not self._continues(column, previous, line):
                self._plain(column, line, start, after_blank=previous is None)
            else:
                self._extend(column, start, end)
        elif not self._marked_heading(marker, line, start):
            glyph = marker.rstrip()
            self._item(column, len(marker), _kind(glyph), glyph, start, end)
        elif not further:
            return True
        for cut, stop in pairwise((*further, len(body))) if further else ():
            self._plain(0, body[cut:stop].rstrip(), start + cut, after_blank=True)
        return False

    def _item(self, indent: int, width: int, kind: str, glyph: str, start: int, end: int) -> None:
        """A line with another marker or indent than the one before: a sibling, a child or an uncle."""
        levels = self.levels
        if levels[-1].indent == indent and levels[-1].kind == kind:
            levels.pop()
            self._add(indent, indent + width, kind, glyph, start, end)
            return
        while indent < levels[-1].indent + _CHILD_INDENT:
            top = levels[-1]
            if (
                top.kind
                and top.kind != kind
                and indent > top.indent - _CHILD_INDENT
                and self._nests(top, kind)
            ):
                break
            levels.pop()
        self._add(indent, indent + width, kind, glyph, start, end)

    def _nests(self, top: _Level, kind: str) -> bool:
        """Whether a list of another kind at the same indent stands below the open criterion."""
        if any(level.kind == kind and level.indent >= top.indent - 1 for level in self.levels):
            return False
        end = self.nodes[-1][-1]
        return self.text[end - 1] == ":" or (top.kind[0] == "1" and kind[0] in "1a" and kind > top.kind)

    def _plain(self, indent: int, body: str, start: int, *, after_blank: bool) -> None:
        """A line without a marker: a heading, a label, a note to the criterion above, or a criterion."""
        if not self._heading(body, start):
            self._words(indent, body, start, after_blank=after_blank)

    def _words(self, indent: int, body: str, start: int, *, after_blank: bool) -> None:
        """A line without a marker that is no heading of a section."""
        while indent < self.levels[-1].column:
            self.levels.pop()
        nested = len(self.levels) > 1
        if not nested and headings.is_label(body):
            self._label(body, start)
            return
        introduced = nested and self.text[self.nodes[-1][-1] - 1] in ":："
        if nested and after_blank and self.levels[-1].children == 0 and not introduced:
            self._extend(indent, start, start + len(body))
            return
        opens = body[-1] in ":：" or body.endswith("following")
        if self.undecided and (side := sides.opening_sentence(body)) is not None:
            self.section = side
            self.levels = [self.roots[side]]
        self._add(indent, indent + 1, ":" if opens else "", "", start, start + len(body))

    def _heading(self, body: str, start: int) -> bool:
        if not any(part in body for part in _OF_HEADINGS):
            return False
        head = body[: headings.MAX_HEADING]
        heading = (
            headings.section_heading(head, marked=False)
            or headings.other_name(head, self.section)
            or headings.neutral_heading(head)
        )
        if heading is None:
            return False
        self._open(heading, start, body)
        return True

    def _marked_heading(self, marker: str, body: str, start: int) -> bool:
        """A heading that was given a bullet or a number like the criteria below it."""
        heading = headings.section_heading(body[: headings.MAX_HEADING], marked=True)
        if heading is None:
            return False
        self._lone(marker, start)
        self._open(heading, start, body)
        return True

    def _lone(self, marker: str, start: int) -> None:
        """A marker that no criterion carries."""
        at = start - len(marker)
        self.marks.append(Span(at, at + len(marker.rstrip()), "marker"))

    def _open(self, heading: headings.Heading, start: int, body: str) -> None:
        """Begin a section; a criterion on the heading's own line is its first."""
        if self.named is not None:
            self._settle()
        length = min(heading.length, len(body))
        end = start + len(body[:length].rstrip())
        self.marks.append(Span(start, end, "heading"))
        self.section = heading.section
        self.label = heading.group
        self.undecided = heading.undecided
        self.levels = [self.roots[self.section]]
        if heading.named_from:
            self.named = _Named(len(self.marks) - 1, heading.named_from, len(self.nodes))
        if length < len(body) and (rest := body[length:].lstrip()):
            self._first(rest, start + len(body) - len(rest))

    def _first(self, rest: str, start: int) -> None:
        """The criterion on the line of a heading; its number or bullet stands at no column of a list."""
        match = _LINE.match(rest)
        marker = match[2] if match is not None else None
        if not marker:
            self._words(0, rest, start, after_blank=True)
        elif len(marker) == len(rest):
            self._lone(marker, start + len(marker))
        else:
            glyph, end = marker.rstrip(), start + len(rest)
            self._add(_NO_COLUMN, _NO_COLUMN, _kind(glyph), glyph, start + len(marker), end)

    def _settle(self) -> None:
        """Take the name of a cohort behind a heading for its criterion if nothing else was written there."""
        if self.named is not None and self.named.criteria == len(self.nodes):
            start, end, _ = self.marks[self.named.mark]
            at = start + self.named.offset
            while self.text[at].isspace():
                at += 1
            self.marks[self.named.mark] = Span(start, start + len(self.text[start:at].rstrip()), "heading")
            self.label = None
            self._add(0, 1, "", "", at, end)
        self.named = None

    def _label(self, body: str, start: int) -> None:
        self.marks.append(Span(start, start + len(body), "label"))
        self.label = readable(body).rstrip(":： ")
        self.levels = [self.roots[self.section]]

    def _add(self, indent: int, column: int, kind: str, glyph: str, start: int, end: int) -> None:
        levels = self.levels
        parent = levels[-1]
        parent.children += 1
        if parent.children == 1 and len(levels) > 1:
            self.announcing.append(len(self.nodes) - 1)
        path = f"{parent.path}.{parent.children}"
        self.nodes.append((len(levels) - 1, self.section, path, self.label, glyph, start, end))
        if kind == ":":  # the list below an introducing line stands at the same indent
            indent -= _CHILD_INDENT
        levels.append(_Level(indent, column, kind, path))

    def _continues(self, column: int, previous: str, body: str) -> bool:
        """Whether a plain line is the rest of the line above, broken by a margin."""
        top = self.levels[-1]
        if len(self.levels) == 1:
            return False
        if top.kind and top.kind != ":" and column > top.indent:
            return True
        if not top.kind and self.levels[-2].kind and column >= top.indent:
            return True  # a paragraph inside an item
        cut_off = len(previous) >= _WRAPPED_FROM and previous[-1] not in ".:;"
        return cut_off and not body[0].isupper() and "clusion" not in body[:_WRAPPED_FROM]

    def _extend(self, indent: int, start: int, end: int) -> None:
        """More of the criterion above, unless a lone marker stands between them."""
        if self.marks and self.marks[-1].start > self.nodes[-1][-2]:
            self._add(indent, indent + 1, "", "", start, end)
        else:
            self.nodes[-1] = (*self.nodes[-1][:-1], end)


class _Mentions:
    """Where the text speaks of inclusion or exclusion, so that other lines need not be looked at."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._places = dict.fromkeys(("clusion", "CLUSION"), -1)
        self.next = 0
        self.skip(0)

    def skip(self, position: int) -> None:
        """Move to the first mention at or after a position; each word is sought once through the text."""
        for word, place in self._places.items():
            if place < position:
                found = self._text.find(word, position)
                self._places[word] = found if found >= 0 else len(self._text)
        self.next = min(self._places.values())


@lru_cache(maxsize=1024)
def _kind(glyph: str) -> str:
    """The sort of a marker: its own sign for bullets, "1" and the number of dots, or "a"."""
    first = glyph.lstrip("\\(")[:1]
    if glyph == "o":  # what became of the hollow bullet of a word processor
        return glyph
    if first.isdigit():
        return "1" + "." * glyph.rstrip(".)").count(".")
    return ("a" if first.islower() else "A") if first.isalpha() else first


def _announces(line: str) -> bool:
    """Whether a list may be expected behind a line."""
    return line[-1] in ":：" or ("e following" in line and ":" not in line)


def _place(text: str, nodes: list[_Node], announcing: list[int]) -> None:
    """Put lists into the section their parents name ("Patients are excluded if:" among inclusion criteria).

    Inside another list a parent cannot change sides, since those above it speak for all they hold: such a
    list is of no side. So is what follows a parent whose list is not indented: nothing shows where it ends.
    Each node moves at most twice, so that the time stays linear.
    """
    free = 0  # the first node behind the last list of no side
    sides_of: dict[tuple[int, Section], sides.Side | None] = {}
    for at in announcing:  # in their order, and some of them twice
        if at < free:
            continue
        depth, section, _, label, _, start, end = nodes[at]
        is_parent = at + 1 < len(nodes) and nodes[at + 1][0] > depth
        if section == "other" or not (is_parent or _announces(text[start:end])):
            continue
        if (at, section) not in sides_of:
            sides_of[at, section] = sides.section_of_list(text[start:end], section)
        side = sides_of[at, section]
        if side is None:
            continue
        stop = at + 1
        if is_parent:
            while stop < len(nodes) and nodes[stop][0] > depth:
                stop += 1
            found = side.section if depth == 0 else "other"
        else:
            while stop < len(nodes) and nodes[stop][0] >= depth and nodes[stop][1] == section:
                if nodes[stop][3] != label:
                    break
                stop += 1
            found = "other"
        for index in range(at if side.whole else at + 1, stop):
            node = nodes[index]
            nodes[index] = (node[0], found, *node[2:])
        if found == "other":
            free = stop


def _tree(text: str, nodes: list[_Node]) -> tuple[Criterion, ...]:
    """The nodes, children inside their parents; built from the end, so that each is built once."""
    levels: list[list[Criterion]] = [[]]
    for depth, section, path, label, marker, start, end in reversed(nodes):
        words = text[start:end]
        if "\\" in words or "\n" in words or "&" in words:
            words = readable(words)
        if len(levels) > depth + 1:
            below = levels.pop()
            below.reverse()
            criterion = _parent(section, path, label, marker, words, start, end, tuple(below))
        else:
            # The generated __new__ would cost as much as all the rest of this loop.
            criterion = tuple.__new__(
                Criterion, (section, path, label, marker, words, start, end, (), "unknown", None)
            )
            while len(levels) <= depth:
                levels.append([])
        levels[depth].append(criterion)
    levels[0].reverse()
    return tuple(levels[0])


def _parent(
    section: Section,
    path: str,
    label: str | None,
    marker: str,
    words: str,
    start: int,
    end: int,
    children: tuple[Criterion, ...],
) -> Criterion:
    joined, threshold = logic.parent_logic(words, [child.text for child in children])
    if threshold is not None and len(children) == 1 and not children[0].marker:
        joined, threshold = "unknown", None  # "two of the following: A, B or C" in one paragraph
    return Criterion(section, path, label, marker, words, start, end, children, joined, threshold)
