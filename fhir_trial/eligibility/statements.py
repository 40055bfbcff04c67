"""Lines of study conduct that can be understood in full: consent, other studies, habits, contraception."""

import re
from functools import lru_cache

from fhir_trial.eligibility import agreement, conduct
from fhir_trial.eligibility.constraint import Constraint, Join, Reading
from fhir_trial.eligibility.sieve import words_of

HINTS: frozenset[str] = agreement.HINTS | conduct.HINTS
"""A line without any of these is none of them."""

VOCABULARY: frozenset[str] = agreement.VOCABULARY | conduct.VOCABULARY
"""A line with any other word is none of them; one look-up settles it for most lines with a hint."""
LONGEST = 250
"""Characters; a longer line says more than one of these."""
_NUMBERED = re.compile(r"\d{1,2}[.)](?=[a-z])")


def reading(text: str, lower: str, words: list[str]) -> Reading | None:
    """A line with a hint that is understood in full, None for all others; words: those of the line."""
    if len(lower) > LONGEST or not VOCABULARY.issuperset(words):
        return None
    line = lower.strip(" \t.;,:")
    numbered = _NUMBERED.match(line)
    if numbered is not None:
        line = line[numbered.end() :]
    at = lower.find(line) if line else 0
    found, join = _found(text[at : at + len(line)], line, at)
    return Reading(text=text, status="computable", constraints=found, join=join) if found else None


@lru_cache(maxsize=10_000)
def _found(written: str, line: str, at: int) -> tuple[tuple[Constraint, ...], Join]:
    """What a line says; these come again and again in a registry ("Signed informed consent")."""
    words = words_of(line)
    found, join = agreement.agreement(line, words, at)
    return (found, join) if found else conduct.conduct(written, line, words, at)


def forget() -> None:
    """Read lines anew: for those who measure how long it takes."""
    _found.cache_clear()
