"""Which section a list belongs to by the words of its parent; all patterns read lower case.

"Patients with any of the following will be excluded:" among inclusion criteria is an exclusion. What may be
enrolled is no exclusion, what is allowed is not required, and a denial may turn either: such a list is of no
side.
"""

import re
from typing import NamedTuple

from fhir_trial.eligibility.criteria import Section

# The verdict of a sentence that introduces a list, up to the end of the line or to the "if" behind it. Who is
# ineligible for anything but the study has something that medicine says of him.
_TO_THE_STUDY = (
    r"(?:\s+(?:the|this|our)\s+(?:\w+\s+)?(?:study|trial|protocol)\b)?(?:\s+(?:from|for|to|in|into|by)\b(?:\s+(?:the|this|our|a|any|being|be|study|clinical|research|current"
    r"|present|trial|protocol|entry|entering|enter|inclusion|included|enrol+(?:ment|ing|ed)?|participation"
    r"|participat(?:e|ing)|take|taking|part|in|into|of|to|phase|randomi[sz]ation|randomi[sz]ed|registration"
    r"|screening|admission)\b)+)?"
)
_THEN = (
    r"(?=(?:\s*\([^()]*\))?(?:\Z|[\s,]+(?:(?:only\s+)?if|when(?:ever)?|who|with|having|in\s+(?:the\s+)?"
    r"(?:case|event|presence)|provided|as\s+follows|as\s+long\s+as|under|due\s+to|because|based\s+on"
    r"|on\s+the\s+basis|are|is|include|according|during|throughout|at|prior|while|within|except\w*|unless|should"
    r"|which|or)\b))"
)
_ENTER = (
    r"(?:(?:allowed|permitted)\s+to\s+(?:enter|participate|enrol+|take\s+part|join)|eligible|included|enrol+ed"
    r"|recruited|admitted|accepted|randomi[sz]ed|registered)"
)
_MODAL = r"(?:will|shall|should|must|may|can|could|would)"
_BE = (
    rf"\b(?:(?:{_MODAL}|are|is|were|was|to)\s+(?:all\s+|also\s+)?(?:be\s+)?|be\s+)(?:considered\s+)?(?:as\s+)?"
    r"(?:an?\s+)?"
)
_NOT_BE = (
    rf"\b(?:(?:{_MODAL}|are|is|were|was|to)\s+not|cannot|can['’]t|won['’]t|aren['’]t|not)"
    r"\s+(?:to\s+)?(?:be\s+)?(?:considered\s+)?(?:as\s+)?(?:an?\s+)?"
)
_EXCLUSION = r"(?:exclusionary|exclusions?(?:\s+criteri(?:a|on))?)"
_KEPT_OUT = re.compile(
    rf"{_BE}(?:excluded|ineligible|non-?eligible|precluded|disqualified|rejected|prohibited|forbidden|disallowed"
    rf"|{_EXCLUSION}){_TO_THE_STUDY}{_THEN}"
    rf"|{_NOT_BE}(?:{_ENTER}|permitted|allowed|acceptable|participate|enter|enrol+|take\s+part)"
    rf"{_TO_THE_STUDY}{_THEN}"
    rf"|{_BE}(?:excluded|disqualified|precluded)(?:\s+from\s+(?:the\s+|this\s+)?(?:study|trial|participation))?"
    r"\s+(?:for|on\s+the\s+basis\s+of)\b"
    rf"|\b(?:(?:{_MODAL})\s+)?(?:preclude|exclude)s?\s+(?:(?:the|a|him|her|them|from|study|trial|patients?|subjects?"
    r"|participants?|entry|enrol+ment|participation|inclusion)\s*)+\Z"
    rf"|\b(?:{_MODAL}\s+)?(?:lead|result|be\s+(?:reasons?|grounds|cause))s?\s+(?:to|in|for)\s+exclusion{_TO_THE_STUDY}\Z"
)
# Without a heading less is needed to tell that a sentence speaks of who may enter.
_MAY_ENTER = re.compile(
    r"\beligible\b|\b(?:be|are|is|were|being)\s+(?:considered\s+for\s+)?(?:included|inclusion|enrol+ed|recruited)\b"
    r"|\b(?:for|to)\s+(?:inclusion|enrol?lment|participation)\s+in\b"
    r"|\b(?:must|should|shall|ha(?:ve|s)\s+to)\s+(?:all\s+)?(?:meet|fulfil\w*|satisfy)\b"
)
_DENIAL = re.compile(r"\b(?:no|not|none|neither|nor|never|cannot|without|unless|except\w*|fail\w*)\b")
# At the beginning of a line nobody has to be named.
_KEEPS_OUT = re.compile(
    r"(?:to\s+be\s+|we\s+(?:will\s+)?|automatically\s+|who\s+is\s+)?exclud(?:e|ed|es|ing)"
    r"(?:\Z|\s+(?:if|are|is|when|who|those|any|all|the|women|patients?|subjects?|participants?|individuals?|people"
    r"|persons?|volunteers?|candidates?|for|due|in\s+case|following|conditions|criteria|with|having)\b)"
    r"|(?:reasons?\s+)?(?:to\s+exclude|for\s+excluding)\b"
    rf"|(?:is\s+|are\s+)?(?:not\s+eligible|ineligible|non-?eligible){_TO_THE_STUDY}{_THEN}"
    r"|(?:not\s+(?:permitted|allowed)|prohibited|disallowed|forbidden)\b(?:\s+[a-z-]+){0,3}\Z"
    r"|(?:absolute\s+|relative\s+|general\s+)*contraindications?\Z|(?:in|non-?)eligibility\s+criteria\Z"
    r"|(?:the\s+)?exclusion\s+criteri(?:a|on)\s+(?!for|of|in)[^.;]*\Z"
    r"|(?:[a-z]+\s+){0,8}exclusion\s+criteri(?:a|on)(?:\s+(?:apply|applies|(?:are|is)\s+met))?\Z"
)
_LET_IN = re.compile(
    rf"{_BE}{_ENTER}{_TO_THE_STUDY}{_THEN}"
    rf"|\b(?:may|can|will|could)\s+(?:participate|enter|enrol+|take\s+part)\b{_TO_THE_STUDY}{_THEN}"
    r"|\A(?:eligible|included?)\s+(?:if|when|are)\b|\binclusion\s+criteri(?:a|on)\Z"
    rf"|\A(?:in\s+order\s+)?(?:for|to)\s+(?:inclusion|be\s+(?:considered\s+)?{_ENTER})\b"
)
_ALLOWED = re.compile(
    rf"{_BE}(?:permitted|allowed|acceptable|permissible)"
    r"(?!\s+to\s+(?:enter|participate|enrol|take\s+part|be|join)\b)"
    rf"(?:\s+(?:to|in|into|on|for)\b{_TO_THE_STUDY})?{_THEN}"
    rf"|{_NOT_BE}(?:excluded|disqualified|precluded|prohibited|{_EXCLUSION}){_TO_THE_STUDY}{_THEN}"
    r"|\A(?:permitted|allowed|exceptions?)\b"
)
# "Other causes must be excluded:" is of no person and no list.
_WHO = re.compile(
    r"\b(?:patients?|participants?|subjects?|individuals?|persons?|people|volunteers?|candidates?|women|men|females?"
    r"|males?|children|adults?|adolescents?|infants?|donors?|controls?|cases?|families|homes|facilities|sites|you|they|those|these|following|who\w*"
    r"|any(?:one|body)?|every(?:one|body)|with|having|treatments?|therap(?:y|ies)|medications?|drugs?)\b"
)
# A denial of the list itself: what stands in it is then on the other side.
_DENIED = re.compile(
    r"\b(?:none|neither|without|unless|except\w*|other\s+than|lack\w*|absence|fail\w*|unable|unwilling|cannot"
    r"|not|no)\b|n[’']t\b"
)
_PARTS = (
    "exclu",
    "eligib",
    "permit",
    "allow",
    "accept",
    "contraindic",
    "qualif",
    "preclude",
    "prohibit",
    "forbid",
    "exception",
    "reject",
    "admitted",
    "recruited",
    "included",
    "inclusion",
    "randomi",
    "registered",
    "particip",
    "take part",
    "enrol",
    " enter",
)
"""A line without any of these parts of words gives no verdict."""
_SPACES = re.compile(r"[\s\\]+")
_LONGEST = 1_000
"""Characters of a line that may still be a sentence about a list."""
_SENTENCE_END = re.compile(r"[.;]\s+(?=\S)")


class Side(NamedTuple):
    """Where a list belongs, and whether its parent, too, says nothing but that."""

    section: Section
    whole: bool


def section_of_list(line: str, section: Section) -> Side | None:
    """The section of a list whose parent says so; None where it stays in the section it stands in."""
    words = line.lower()
    if len(line) > _LONGEST or not any(part in words for part in _PARTS):
        return None
    words = _SPACES.sub(" ", words).strip("*_ :：.")
    sentences = _SENTENCE_END.split(words)
    found = _found(sentences[-1], section)
    if found is None:
        return None
    return Side(found, True) if len(sentences) == 1 else Side("other", False)


def opening_sentence(line: str) -> Section | None:
    """The side that a sentence says the list below it is on, in a text that has said nothing of sides."""
    words = line.strip("*_ ").lower() if len(line) <= _LONGEST else ""
    if words[-1:] not in (":", "："):
        return None
    words = words.rstrip(":： ")
    verdict = _kept_out(words)
    if verdict is not None:
        words = words[: verdict.start()] + words[verdict.end() :]
    included = _MAY_ENTER.search(words)
    if _DENIAL.search(words) or (included is None) == (verdict is None):
        return None
    return "inclusion" if verdict is None else "exclusion"


def _kept_out(words: str) -> re.Match[str] | None:
    verdict = _KEPT_OUT.search(words)
    if verdict is not None and verdict.start() and "eligible" not in verdict[0]:
        return verdict if _WHO.search(words, 0, verdict.start()) else None
    return verdict or _KEEPS_OUT.match(words)


def _found(words: str, section: Section) -> Section | None:
    if section == "other":
        return None
    if _ALLOWED.search(words) is not None:
        return "other"
    verdict = _kept_out(words)
    if verdict is not None:
        if _denied(words, verdict):
            return "other"
        return "exclusion" if section == "inclusion" else None
    verdict = _LET_IN.search(words) if section == "exclusion" else None
    return None if verdict is None or _denied(words, verdict) else "other"


def _denied(words: str, verdict: re.Match[str]) -> bool:
    return _DENIED.search(words[: verdict.start()] + " " + words[verdict.end() :]) is not None
