"""Templates for lines that say one thing: who, whether it is denied, what, and in which time."""

import re
from collections.abc import Callable
from decimal import Decimal

from fhir_trial.eligibility.constraint import Constraint, Join, Window
from fhir_trial.eligibility.lexer import number_word
from fhir_trial.eligibility.phrases import Phrase, Phrases, ending_in, letters, one_of
from fhir_trial.eligibility.quantities import TIME_UNITS

Found = tuple[tuple[Constraint, ...], Join]
NOTHING: Found = ((), "all-of")
Family = tuple[frozenset[str], Callable[[str, str, list[str], int], Found]]
"""Words without any of which a line is none of a family, and what reads one that may be."""

_NUMBER = r"(?:\d+ |one |two |three |four |five |six |eight |ten |twelve )"
_UNIT = "(?:days |day |weeks |week |wks |months |month |mos |years |year )"
_SPAN = rf"{_NUMBER}(?:\( \d+ \) )?(?:calendar )?{_UNIT}"
_POINT = (
    "screening enrollment enrolment randomization randomisation inclusion baseline entry consent study"
    " trial visit administration dose treatment dosing registration start drug medication product icf"
    " therapy intervention vaccination"
)
_BEFORE_A_POINT = (
    "the their this study first signing signed informed initial day of in into to planned date time"
    " trial investigational v1 1 sv entering starting start v0 administration dose receiving initiation"
)
_SINCE = (
    rf"(?:{one_of('prior to|before|of|from|preceding|previous to|prior')}(?:"
    rf"{ending_in(_POINT, _BEFORE_A_POINT)}"
    r"))?"
)
_WITHIN = (
    "within the last|within the past|within the previous|within the prior|within the preceding|within"
    "|in the last|in the past|in the previous|in the preceding|in the prior|during the last|during the past"
    "|during the previous|during the preceding|during the prior|for the past|over the last|over the past"
    "|over the previous|within a|within past|within last|in last|in past|in the|during the"
)
AGO = rf"(?:{one_of(_WITHIN)}" + _SPAN + _SINCE + ")"
BEFORE = rf"(?:{one_of('prior to|before')}{ending_in(_POINT, _BEFORE_A_POINT)})"
"""A time whose length is not said."""
AND_OR = "or|and / or|/|, or|,"


class Line:
    """The phrases of a line that fits a template, and the constraint that each alternative of it makes."""

    def __init__(self, line: str, phrases: list[Phrase], match: re.Match[str], at: int) -> None:
        self.line = line
        self.phrases = phrases
        self.match = match
        self.letters = match[0]
        self.at = at

    def constraint(self, variable: str, window: Window | None, *, negated: bool) -> Constraint:
        return Constraint(
            variable=variable,
            negated=negated,
            window=window,
            rule=f"{variable}.line",
            start=self.at,
            end=self.at + len(self.line),
        )

    def found(self, stated: list[tuple[str, Window | None]], *, negated: bool) -> Found:
        """Alternatives, of which a denial denies each."""
        once = list(dict.fromkeys(stated))
        made = tuple(self.constraint(variable, window, negated=negated) for variable, window in once)
        return made, "any-of" if len(made) > 1 and not negated else "all-of"


def fitting(
    family: Phrases, template: re.Pattern[str], written: str, line: str, words: list[str], at: int
) -> Line | None:
    """The line cut into the phrases of a family, if that is all of it and the template holds."""
    if not family.could_be_all(words):
        return None
    phrases = family.cut(line)
    match = template.fullmatch(letters(phrases))
    return None if match is None or _contradicts_itself(line) else Line(written, phrases, match, at)


def first_found(families: tuple[Family, ...], written: str, line: str, words: list[str], at: int) -> Found:
    """What the first family that understands a line reads in it.

    written: the line as it stands in the text, from `at` on; line: the same in lower case; words: its words.
    """
    for hints, read in families:
        if not hints.isdisjoint(words):
            found = read(written, line, words, at)
            if found[0]:
                return found
    return NOTHING


def _contradicts_itself(line: str) -> bool:
    """Whether a number in words and the one in brackets behind it differ ("three (30) days")."""
    return any((number_word(word) or word) != int(digits) for word, digits in _TWICE_WRITTEN.findall(line))


_TWICE_WRITTEN = re.compile(r"([a-z]+|\d+)\s*\(\s*(\d+)\s*\)")


def window_of(phrase: Phrase, text: str) -> Window:
    words = text[phrase.start : phrase.end]
    span = _SPANNED.search(phrase.words)
    if span is None:
        return Window(words, None, None)
    number = span[1].strip()
    return Window(words, Decimal(number_word(number) or number), TIME_UNITS[span[2][0]])


_SPANNED = re.compile(rf"({_NUMBER}).*?({_UNIT})")
