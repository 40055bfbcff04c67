"""Reads a line of criteria: which limits it sets, and whether that is all it says."""

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from msgspec.structs import replace

from fhir_trial.eligibility import people, statements
from fhir_trial.eligibility.constraint import Constraint, Join, Reading, Status, Window
from fhir_trial.eligibility.criteria import Section
from fhir_trial.eligibility.glance import may_be_whole
from fhir_trial.eligibility.grammar import leaves_a_denial_open, limits
from fhir_trial.eligibility.interpreter import Interpreter, says_how_measured, window_of
from fhir_trial.eligibility.lexer import Token, lowered, tokens
from fhir_trial.eligibility.patterns import listed
from fhir_trial.eligibility.people import Terms
from fhir_trial.eligibility.provisos import OPENERS, provisos
from fhir_trial.eligibility.quantities import restates
from fhir_trial.eligibility.sieve import may_hold_a_limit, telling, words_of

_LONGEST = 10_000
"""Characters; no criterion of a person is longer, and reading looks back and forth within a line."""
_SHORT = 80
"""Characters of the lines whose reading is remembered; others seldom come again."""
_MARKER = re.compile(
    r"\s*(?:[-*•·–●○▪]+\s+|\(?\d{1,2}[.)]\s+|\(?[a-z]\)\s+|\(?[ivx]+\)\s+"
    # a number without its blank, in front of an age ("1.18 years or older")
    r"|\d\.(?=(?:1[2-9]|[2-9]\d)\s?(?:[-–~]|to\b|years|yrs|≤|<)))"
)
_SIGNS = re.compile("[0-9≥≤<>]")
_ANY_DIGIT = re.compile(r"\d")
# A digit that is neither part of a word nor the number of a type or of a time; looked at before all else.
_FREE_DIGIT = re.compile(
    r"[≥≤<>]|\d(?<!\w\d)(?<![a-z)]-\d)"
    r"(?<!type \d)(?<!phase \d)(?<!within \d)(?<!last \d)(?<!past \d)(?<!previous \d)"
)
_NUMBER_WORDS = listed(
    "asa nyha uln unl lln iuln ii iii iv class grade one two three four five six seven ten twelve fifteen"
    " sixteen eighteen twenty thirty forty fifty sixty seventy eighty twice thrice upper lower"
)
_TELLING = _NUMBER_WORDS | people.HINTS | statements.HINTS
_NUMBERS = frozenset("NQTLMU")


@cache
def _worth_a_look() -> frozenset[str]:
    """A line without any of these words, and without a term of the trial, is text."""
    return _TELLING | telling()


def _has_a_free_digit(lower: str) -> bool:
    """Whether a line has a number that may be a limit's, or a sign of comparison."""
    sign = _SIGNS.search(lower) or (None if lower.isascii() else _ANY_DIGIT.search(lower))
    return sign is not None and _FREE_DIGIT.search(lower, sign.start()) is not None


_IN_BRACKETS = re.compile(
    r"\((\d+(?:\.\d+)?\s*[-–~]\s*\d+(?:\.\d+)?)\)(?=\s*(?:years?|months?|weeks?|days?)(?![a-z]))"
)
"""A range whose unit stands behind its brackets ("(20-30) weeks"); without them it keeps its place."""

_UNIT_AGAIN = re.compile(
    r"((?:squared?|met(?:er|re)s?|lit(?:er|re)s?|decilit(?:er|re)s?|millilit(?:er|re)s?|minutes?|mercury|hours?)"
    r"(?![a-z]))\s*\((?=[^()\s]*(?:/|mmhg)|[dmµ]?l\))[^()\s]{1,18}\)"
)
"""A unit in words, and in brackets its sign ("milligrams per deciliter (mg/dL)")."""


def constraints(
    text: str,
    *,
    section: Section = "other",
    mesh_terms: Mapping[str, str] | Terms | None = None,
    whole: bool = False,
) -> Reading:
    """How a criterion is understood: its limits, and the words that no limit holds.

    section: limits that an inclusion criterion lists with commas or slashes must all hold; elsewhere the
    words would have to say so.
    mesh_terms: MeSH terms of the trial itself -> their ids, as `Terms` where many lines are read; a condition
    is read only if it is one of these.
    whole: read a line only if all of it can be understood; one with any other word is text at once, which
    saves half of the time, where it would else be partial.
    """
    terms = mesh_terms if isinstance(mesh_terms, Terms) else Terms(mesh_terms) if mesh_terms else None
    if len(text) > _LONGEST or (whole and not may_be_whole(text, terms)):
        return Reading(text=text, status="text")
    lower = _unmarked(text)
    words = words_of(lower)
    told = _worth_a_look().intersection(words)
    named = terms is not None and terms.may_be_in(words)
    if not told and not named:
        return Reading(text=text, status="text")
    numbered = _has_a_free_digit(lower)
    if not numbered and not named and _TELLING.isdisjoint(told):
        return Reading(text=text, status="text")
    if not _is_cut(text):
        reading = None
        if named or not people.HINTS.isdisjoint(told):
            reading = people.reading(text, lower, words, terms)
        if reading is None and not statements.HINTS.isdisjoint(told):
            reading = statements.reading(text, lower, words)
        if reading is not None:
            return reading
    if not numbered and _NUMBER_WORDS.isdisjoint(told):
        return Reading(text=text, status="text")
    if not may_hold_a_limit(lower, words, told):
        return Reading(text=text, status="text")
    if len(text) <= _SHORT:
        return _short(text, lower, section, whole)
    return _Line(text, lower, section, whole).reading()


def _is_cut(text: str) -> bool:
    """Whether a line says that it goes on."""
    return text.endswith(("...", "…"))


def _unmarked(text: str) -> str:
    """Lower case of the same length, with blanks for a number or bullet."""
    lower = lowered(text)
    if "a" <= lower[:1] <= "z" and ")" not in lower:
        return lower
    marker = _MARKER.match(lower)
    return lower if marker is None else " " * marker.end() + lower[marker.end() :]


@lru_cache(maxsize=10_000)
def _short(text: str, lower: str, section: Section, whole: bool) -> Reading:
    """The reading of a short line: these come again and again in a registry."""
    return _Line(text, lower, section, whole).reading()


def forget() -> None:
    """Read short lines anew: for those who measure how long it takes."""
    _short.cache_clear()
    statements.forget()


def _plain(lower: str) -> str:
    """Without brackets that only hide or repeat something, in the same length."""
    lower = _IN_BRACKETS.sub(r" \1 ", lower)
    again = "per " in lower or "mercury (" in lower or "/lit" in lower
    return _UNIT_AGAIN.sub(_blanked, lower) if again else lower


def _blanked(match: re.Match[str]) -> str:
    return match[1] + " " * (match.end() - match.end(1))


class _Line:
    """One line while it is read."""

    def __init__(self, text: str, lower: str, section: Section, whole: bool) -> None:
        self.text = text
        self.section = section
        self.tokens = tokens(_plain(lower) if "(" in lower else lower, whole=whole)
        self.kinds = "".join([token[0] for token in self.tokens])
        self.restated: list[list[Token]] = []
        if "(" in self.kinds and _INSIDE_A_RANGE.search(self.kinds) is not None:
            self._leave_out_restatements()
        self.left = self.kinds
        """The letters of the tokens, those that a limit holds as fillers."""
        self.found: list[Constraint] = []
        self.places: list[tuple[int, int]] = []
        self.interpreter = Interpreter(text, lower, self.tokens, self.kinds)

    def _leave_out_restatements(self) -> None:
        """Set brackets apart behind which a range goes on ("from 7 % (53 mmol/mol) to 9 %")."""
        kept, end = [], 0
        for match in _INSIDE_A_RANGE.finditer(self.kinds):
            self.restated.append(self.tokens[match.start() : match.end()])
            kept += self.tokens[end : match.start()]
            end = match.end()
        self.tokens = kept + self.tokens[end:]
        self.kinds = "".join([token[0] for token in self.tokens])

    def reading(self) -> Reading:
        if _NUMBERS.isdisjoint(self.kinds):
            return Reading(text=self.text, status="text")
        for limit in limits(self.tokens, self.kinds):
            read = self.interpreter.constraints(limit)
            if read:
                self.found += read
                self.places.append((limit.start, limit.end))
                self._use(limit.start, limit.end, read[0])
        if not self.found:
            return Reading(text=self.text, status="text")
        if "F" in self.kinds or "X" in self.kinds:
            self._sex()
        if "w" in self.kinds and len(self.found) > 1:
            self._share_window()
        residue = self._residue()
        may_open = residue and not OPENERS.isdisjoint([token.text for token in self.tokens])
        if may_open and self._add_provisos():
            residue = self._residue()
        join = self._join()
        if join == "unknown" and self.section == "inclusion" and not self._alternatives():
            join = "all-of"
        if self.interpreter.undecided or (
            len(self.found) > 1 and "|" in self.kinds and leaves_a_denial_open(self.tokens)
        ):
            join = "unknown"
        if join == "all-of" and len(self.found) > 1:
            join = self._if_it_can_be_met(join, residue)
        status: Status = (
            "partial"
            if residue or not self.interpreter.complete or join == "unknown" or _is_cut(self.text)
            else "computable"
        )
        return Reading(
            text=self.text, status=status, constraints=tuple(self.found), join=join, residue=residue
        )

    def _use(self, start: int, end: int, read: Constraint) -> None:
        """Mark the tokens of a limit, and of brackets behind it that say the same again."""
        restated = None
        if "(" in self.kinds[end : end + 3]:
            restated = _RESTATED.match(self.kinds, end)
        elif self.kinds.startswith("|", end):
            restated = _RESTATED_BY_OR.match(self.kinds, end)
        if restated is not None and restates(self.tokens[end : restated.end()], read):
            end = restated.end()
        self._set_left(start, "f" * (end - start))

    def _set_left(self, start: int, letters: str) -> None:
        self.left = f"{self.left[:start]}{letters}{self.left[start + len(letters) :]}"

    def _sex(self) -> None:
        """The sex of whom the line speaks; one that only some limits are for is left in the residue."""
        if any(constraint.variable != "age" for constraint in self.found):
            return
        at = [i for i, kind in enumerate(self.kinds) if kind in "FX"]
        sexes = {self.kinds[i] for i in at}
        letters = set(self.kinds[at[0] : at[-1]])
        together = not letters - set("FX|&/,Sf()") and not letters.isdisjoint("|&/")
        first = min(start for start, _ in self.places)
        between = self.kinds[at[-1] + 1 : first]
        before = at[-1] < first and between[:1] != ":" and "?" not in between
        if len(sexes) == 2 and together:
            for place in at:
                self._set_left(place, "f")
        elif len(sexes) == 1 and before and len(at) == 1:
            self._set_left(at[0], "f")
            token = self.tokens[at[0]]
            code = "female" if token.kind == "F" else "male"
            self.found.append(
                Constraint(
                    variable="sex", codes=(code,), rule="sex.subject", start=token.start, end=token.end
                )
            )

    def _add_provisos(self) -> bool:
        """Say for whom or when each limit holds, where the words around it do; whether they do of any."""
        said = provisos(self.text, self.tokens, self.places)
        words = " … ".join(filter(None, said))
        if not words:
            return False
        by_place = list(zip(self.places, said, strict=True))
        of_limit = {self.tokens[start].start: proviso for (start, _), proviso in by_place}
        self.found = [
            _with_proviso(constraint, proviso, words)
            for constraint in self.found
            if (proviso := of_limit.get(constraint.start, "")) is not None
        ]
        for (start, end), proviso in by_place:
            if proviso is None:
                self._set_left(start, self.kinds[start:end])
        self.places = [place for place, proviso in by_place if proviso is not None]
        if len({constraint.proviso for constraint in self.found}) > 1:
            self.interpreter.undecided = True  # who is of one of them need not be of the others
        return True

    def _share_window(self) -> None:
        """A time that opens or closes the line is said of all its limits, not only of the nearest."""
        at = self.kinds.find("w")
        limited = [i for i, constraint in enumerate(self.found) if constraint.bounds]
        if len(limited) < 2 or not (self._opens(at) or self._closes(at)):
            return
        if not self._opens(at) and self.found[limited[-1]].variable in _OVER_A_TIME:
            return
        token = self.tokens[at]
        window = window_of(token, self.text[token.start : token.end])
        for i in limited:
            if _may_be_of(window, self.found[i]):
                self.found[i] = replace(self.found[i], window=window)

    def _opens(self, at: int) -> bool:
        """Whether a time is the only one of the line and stands before all that is limited."""
        before = at < self.places[0][0] and self.kinds.count("w") == 1
        led = self.kinds[at + 1 : at + 2] == "," and not set(self.kinds[:at]) - set("fS")
        return before and (led or self.kinds[at + 1 : at + 2] == ":")

    def _closes(self, at: int) -> bool:
        """Whether a time is the only one of the line and its end; in brackets it is of what they follow."""
        behind = self.places[-1][0] < at and not set(self.kinds[at + 1 :]) - set(".,")
        joined = not set(_ABBREVIATION.sub("", self.kinds[self.places[0][0] : at])) & set("()")
        return behind and joined

    def _alternatives(self) -> bool:
        """Whether an "or" stands between or inside the limits."""
        return "|" in self.kinds[self.places[0][0] : self.places[-1][1]]

    def _residue(self) -> tuple[str, ...]:
        aged = "C" in self.left and any(constraint.variable == "age" for constraint in self.found)
        saying = _SAYING_BESIDE_AN_AGE if aged else _SAYING
        joints = self._joints() if "|" in self.left else set()
        left = []
        for match in saying.finditer(self.left):
            kind, place = match[0], match.start()
            if not (kind == "|" and place in joints) and not (kind == "w" and self._is_kept(place)):
                left.append(self.tokens[place])
        left = left or [self.tokens[place] for place in self._telling_fillers()]
        left += [token for said in self.restated if not self._is_restated(said) for token in said[1:-1]]
        return tuple([self.text[token.start : token.end] for token in left])

    def _is_restated(self, said: list[Token]) -> bool:
        """Whether brackets inside a limit repeat one of its values in another unit."""
        start = said[0].start
        return any(
            limit.start < start < limit.end and restates(said, limit) for limit in self.found if limit.bounds
        )

    def _telling_fillers(self) -> list[int]:
        """The places of fillers that say something here: the "A" of a group, "acceptable" at the end."""
        last = len(self.kinds.rstrip(".,")) - 1
        found = [last] if self.tokens[last].text in _ALLOWED else []
        if "A" in self.text and _GROUP_A.search(self.text) is not None:
            found += [i for i, token in enumerate(self.tokens) if self.text[token.start : token.end] == "A"]
        if "any time" in self.text:
            found += [i for i, token in enumerate(self.tokens) if token.text == "time"]
        if "w" in self.kinds:
            found += [
                match.end() - 1 for match in _SECOND_MOMENT.finditer(self.kinds) if self._is_a_moment(match)
            ]
        if "inclusive" in self.text and any(
            bound.operator in ("gt", "lt") for constraint in self.found for bound in constraint.bounds
        ):
            found += [i for i, token in enumerate(self.tokens) if "inclusive" in token.text]
        return found

    def _is_a_moment(self, joined: re.Match[str]) -> bool:
        return self.tokens[joined.end() - 1].text in _MOMENTS

    def _joints(self) -> set[int]:
        """The places of an "or" that joins limits, or the two sexes; any other "or" is not understood."""
        between = [range(a, b) for (_, a), (b, _) in zip(self.places, self.places[1:], strict=False)]
        sexes = [i for i, kind in enumerate(self.kinds) if kind in "FX"]
        if len(sexes) > 1:
            between.append(range(sexes[0], sexes[-1]))
        return {i for span in between for i in span}

    def _is_kept(self, place: int) -> bool:
        """Whether a time is the window of a limit; one that stands apart may be that of the only limit."""
        token = self.tokens[place]
        words = self.text[token.start : token.end]
        if any(
            constraint.window is not None and constraint.window.text == words for constraint in self.found
        ):
            return True
        limited = [i for i, constraint in enumerate(self.found) if constraint.bounds]
        if len(limited) != 1 or self.found[limited[0]].window is not None or not self._is_of_the_limit(place):
            return False
        window = window_of(token, words)
        if not _may_be_of(window, self.found[limited[0]]):
            return False
        self.found[limited[0]] = replace(self.found[limited[0]], window=window)
        return True

    def _is_of_the_limit(self, place: int) -> bool:
        """Whether nothing stands between a time and the limits that it could be the time of."""
        start, end = self.places[0][0], self.places[-1][1]
        between = self.tokens[end:place] if place >= end else self.tokens[place + 1 : start]
        return all(says_how_measured(token) for token in between)

    def _join(self) -> Join:
        """How the limits of the line are joined, by the words between them."""
        joins = set(self.interpreter.joins)
        if len(self.places) == 1 and not joins:
            return "all-of"
        gaps = [
            set(self.kinds[a:b]) & set("|&/")
            for (_, a), (b, _) in zip(self.places, self.places[1:], strict=False)
        ]
        if gaps:
            spoken = [gap for gap in gaps if gap]
            if not spoken and self._one_range():
                return "all-of"
            if not spoken or not gaps[-1] or any(gap != spoken[0] or gap == {"/"} for gap in spoken):
                return "unknown"
            joins.add("any-of" if spoken[0] == {"|"} else "all-of")
        if len(joins) > 1:
            return "unknown"
        return joins.pop() if joins else "all-of"

    def _if_it_can_be_met(self, join: Join, residue: tuple[str, ...]) -> Join:
        """The join of limits of which all should hold, unless two of one variable cannot.

        "Under 18 kg/m2 and over 35 kg/m2" are two groups of people; two upper limits are those of two groups,
        too, and who is in which is told by words that are not understood.
        """
        limited = [constraint for constraint in self.found if constraint.bounds]
        for i, one in enumerate(limited):
            for other in limited[i + 1 :]:
                if _measured_alike(one, other) and not _is_one_range(one, other):
                    apart = len(limited) == 2 and {frozenset(_ends(one)), frozenset(_ends(other))} == _APART
                    return "any-of" if apart and not residue else "unknown"
        return join

    def _one_range(self) -> bool:
        """Whether the limits are the two ends for one variable ("Minimum age: 18 Maximum age: 60")."""
        limited = [constraint for constraint in self.found if constraint.bounds]
        same = len({(constraint.variable, constraint.unit) for constraint in limited}) == 1
        return same and len(limited) == 2 and _is_one_range(*limited)


def _with_proviso(constraint: Constraint, proviso: str, of_all: str) -> Constraint:
    """The constraint with its proviso; a time in one ("unless treated before enrolment") is no window."""
    window = constraint.window
    return replace(
        constraint,
        proviso=proviso or constraint.proviso,
        window=None if window is not None and window.text in of_all else window,
    )


def _may_be_of(window: Window, constraint: Constraint) -> bool:
    """An age is not measured within some days, but it may be meant at a point in time."""
    return window.value is None or constraint.variable != "age"


def _measured_alike(one: Constraint, other: Constraint) -> bool:
    """Whether two limits are of the same quantity at the same time."""
    return (
        one.variable == other.variable
        and (one.unit, one.multiple_of) == (other.unit, other.multiple_of)
        and one.window == other.window
    )


def _is_one_range(one: Constraint, other: Constraint) -> bool:
    """Whether two limits are the two ends of a range."""
    if len(one.bounds) != 1 or len(other.bounds) != 1 or {*_ends(one), *_ends(other)} != {"g", "l"}:
        return False
    low, high = sorted((one.bounds[0], other.bounds[0]), key=lambda bound: bound.operator)
    return low.value < high.value


def _ends(constraint: Constraint) -> set[str]:
    """Whether a limit has a lower end (g), an upper end (l), or is a value (e)."""
    return {bound.operator[0] for bound in constraint.bounds}


_GROUP_A = re.compile(r"(?i:\b(?:groups?|arms?|cohorts?|parts?|category|type|class|stage)\s+)A\b|\(\s*A\s*\)")
"""A group's name that reads like an article."""
_SECOND_MOMENT = re.compile("w[&|,/]{1,2}f")
_MOMENTS = listed("baseline screening enrollment enrolment inclusion randomization randomisation entry")
"""Behind a time they are another one ("at screening and baseline")."""
_ALLOWED = listed("acceptable eligible")
"""At the end of a line they say that it may be, not that it must."""
_APART = {frozenset("g"), frozenset("l")}
_OVER_A_TIME = frozenset(
    {"weight-loss", "weight-gain", "weight-change", "cigarettes", "alcohol-intake", "hba1c"}
)
"""What is itself over a time, or looks back over months: the time behind it is its own."""
_ABBREVIATION = re.compile(r"\([VA]\)")
_RESTATED_BY_OR = re.compile(r"\|O?f*[QT](?=[,.)]|\Z)")
"""The same in another unit: "≥ 9 g/dL or ≥ 5.6 mmol/L"."""
_INSIDE_A_RANGE = re.compile(r"(?<=[QTN])\(f*O?[QT]f*\)(?=f*[&r|,]{0,2}f*O?f*[QT])")
"""Brackets with a value, between two values."""
_SAYING = re.compile("[^f.:,()Sr&]")
"""The letters of the tokens that say something; a stage of life is said by an age itself."""
_SAYING_BESIDE_AN_AGE = re.compile("[^f.:,()Sr&C]")
_RESTATED = re.compile(r"K?f*\(f*(?:[NQTL]r[NQTL]|O?f*[NQTL](?:[&|r,]f*O?f*[NQTL])?P?)K?f*\)")
