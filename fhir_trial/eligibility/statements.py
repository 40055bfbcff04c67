"""Lines that can be understood in full by a closed vocabulary: study conduct, circumstances, judgement."""

import re
from functools import lru_cache

from fhir_trial.eligibility import agreement, circumstances, conduct, judgement
from fhir_trial.eligibility.constraint import Reading
from fhir_trial.eligibility.sieve import words_of
from fhir_trial.eligibility.templates import Family, Found, first_found

HINTS: frozenset[str] = agreement.HINTS | conduct.HINTS | circumstances.HINTS | judgement.HINTS
"""A line without any of these is none of them."""

VOCABULARY: frozenset[str] = agreement.VOCABULARY.union(
    conduct.VOCABULARY, circumstances.VOCABULARY, judgement.VOCABULARY
)
"""A line with any other word is none of them; one look-up settles it for most lines with a hint."""
LONGEST = 250
"""Characters; a longer line says more than one of these."""
_FAMILIES: tuple[Family, ...] = (
    *conduct.FAMILIES,
    (circumstances.HINTS, circumstances.circumstance),
    (judgement.HINTS, judgement.judgement),
)
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
    found, join = _found(text[at : at + len(line)], line, at, lower.rstrip().endswith(":"))
    return Reading(text=text, status="computable", constraints=found, join=join) if found else None


@lru_cache(maxsize=10_000)
def _found(written: str, line: str, at: int, leads: bool) -> Found:
    """What a line says; these come again and again in a registry ("Signed informed consent").

    leads: whether it leads to other lines, which may say what it means.
    """
    words = words_of(line)
    agreed = agreement.agreement(line, words, at)
    if agreed[0]:
        return agreed
    return first_found(conduct.FAMILIES if leads else _FAMILIES, written, line, words, at)


def forget() -> None:
    """Read lines anew: for those who measure how long it takes."""
    _found.cache_clear()
