"""Lines of study conduct that can be understood in full: consent, other studies, habits, contraception."""

import re

from fhir_trial.eligibility import agreement, conduct
from fhir_trial.eligibility.constraint import Reading

HINTS = agreement.HINTS | conduct.HINTS
"""A line without any of these is none of them."""

_VOCABULARY = agreement.VOCABULARY | conduct.VOCABULARY
"""A line with any other word is none of them; one look-up settles it for most lines with a hint."""
_LONGEST = 250
"""Characters; a longer line says more than one of these."""
_NUMBERED = re.compile(r"\d{1,2}[.)](?=[a-z])")


def reading(text: str, lower: str, words: list[str]) -> Reading | None:
    """A line of one of these families understood in full, None for all others; words: those of the line."""
    if len(lower) > _LONGEST or not _VOCABULARY.issuperset(words):
        return None
    line = lower.strip(" \t.;,:")
    numbered = _NUMBERED.match(line)
    if numbered is not None:
        line = line[numbered.end() :]
    at = lower.find(line) if line else 0
    found, join = agreement.agreement(line, words, at)
    if not found:
        found, join = conduct.conduct(text[at : at + len(line)], line, words, at)
    return Reading(text=text, status="computable", constraints=found, join=join) if found else None
