"""How far a criterion was understood: one verdict for the Group and for the command `criteria`."""

import re

from fhir_trial.eligibility import Criterion, Reading
from fhir_trial.eligibility.constraint import Status
from fhir_trial.eligibility.patterns import listed


def verdict(criterion: Criterion, reading: Reading) -> Status:
    """How far a criterion was understood, with what its place says.

    A line of one cohort does not hold for all, and one without polarity may mean either.
    """
    if criterion.children:
        return of_parent(criterion)
    return reading.status if _applies(criterion) else _at_most_partial(reading.status)


def of_parent(criterion: Criterion) -> Status:
    """How far the words above a list are understood: in full only where they do nothing but join it.

    What else they say (of what, when, by whom) is not coded, while the list is: partial, whatever it is.
    """
    return "computable" if joins_only(criterion) and _applies(criterion) else "partial"


def joins_only(criterion: Criterion) -> bool:
    """Whether the words of a parent say how its list is joined and nothing else ("Any of the following:")."""
    if criterion.logic == "unknown":
        return False
    said = _OUT if criterion.section == "exclusion" else _IN
    words = _words(said.sub(" ", criterion.text.lower(), count=1))
    number = str(criterion.threshold or "")
    return all(word in _JOINING or word == number for word in words)


def _applies(criterion: Criterion) -> bool:
    return criterion.label is None and criterion.section != "other"


def _at_most_partial(status: Status) -> Status:
    return "partial" if status == "computable" else status


_words = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s.,;:()]").findall
_JOINING = listed(
    "any all both each either one two three four five six seven eight nine ten or more"
    " of the these following below listed"
    " at least a an minimum criterion criteria conditions requirements is are be being met meet meets meeting"
    " fulfil fulfill fulfils fulfills fulfilled satisfy satisfied must should will have has having with"
    " who if only they patient patients subject subjects participant participants individual individuals"
    " in into to for from this study trial participate participation enter entry enrol enroll enrollment"
    " enrolment order"
)
_IN = re.compile(r"\b(?:be\s+)?(?:considered\s+)?(?:eligible|included|enrol?led)\b|\binclusion\b")
_OUT = re.compile(
    r"\b(?:be\s+)?(?:excluded|ineligible|not\s+(?:be\s+)?(?:considered\s+)?(?:eligible|included|enrol?led))\b"
    r"|\bexclusion\b"
)
"""Whether those who meet the list may take part, said once and as its section says it."""
