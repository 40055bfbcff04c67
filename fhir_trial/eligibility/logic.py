"""How a parent line joins what stands below it, where its words say so; all patterns read lower case.

A line is believed only as a whole. What is left of it beside "any of the following" has to be words that
connect ("patients must have"), or a thing that the list defines ("adequate organ function, as shown by").
Any other word may be a condition of its own, a scope, a negation or what the number counts, and then the
logic is not stated.
"""

import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from fhir_trial.eligibility.criteria import Logic

_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBERS = {word: number for number, word in enumerate(_WORDS, start=1)}
_NUMBER = rf"(?:\d{{1,2}}|{'|'.join(_WORDS)})"
_SAME_AGAIN = rf"(?:\s*\(\s*(?:≥?\s*{_NUMBER}|or\s+more)\s*\))?"  # "two (2)"
_KINDS = (
    r"(?:criteri(?:a|on|ums?)|conditions?|requirements?|features?|factors?|characteristics?|findings?|symptoms?"
    r"|signs?|diseases?|disorders?|diagnos[ei]s|illness(?:es)?|infections?|abnormalit(?:y|ies)|events?"
    r"|complications?|comorbidit(?:y|ies)|manifestations?|results?|values?|limits?|parameters?|tests?|examinations?"
    r"|measure(?:s|ments?)?|scores?|standards?|categor(?:y|ies)|items?|statements?|situations?|circumstances"
    r"|treatments?|therap(?:y|ies)|medications?|medicines?|drugs?|agents?|procedures?|interventions?|means|methods?"
    r"|ways|options?|types?|classes|groups?|definitions?|indications?|contraindications?|combinations?|assessments?)"
)
"""What the children of a list may be called."""


def _list(total: str) -> str:
    """What ends a quantifier ("the following", "criteria below"); "above" is another list."""
    return (
        rf"(?:(?:the|these|those)(?:\s+|(?=:)))?(?:(?P<{total}>{_NUMBER})\s+)?(?:following\b(?:\s+(?P<{total}_>{_NUMBER})\b{_SAME_AGAIN})?"
        rf"|{_CRITERIA}{_KINDS}\s+(?:below|that\s+follow|(?:listed|given|described|stated|specified)\s+below)\b"
        rf"|(?:list\s+)?(?:below|listed)\b|(?<=these\s){_KINDS}\b|(?<=those\s){_KINDS}\b|(?<=these)(?=\s*:)|{_CRITERIA}criteria\b)"
    )


def _of_list(total: str) -> str:
    return rf"(?:\s+{_OF}(?:\s+the\s+list\s+of)?\s+{_list(total)}|\s+{_OF}\s*(?=:))"


def _of_whole(slash: str, words: str) -> str:
    """How many there are in all: "2/3 of the following", "2 of these 3 of"."""
    return (
        rf"(?:\s*/\s*(?P<{slash}>\d{{1,2}})"
        rf"|\s+(?:out\s+of|of|from)\s+(?:the\s+|these\s+)?(?P<{words}>{_NUMBER})(?=\s+{_OF}\s))?"
    )


_CRITERIA = r"(?:(?:inclusion|exclusion|eligibility|entry|study)\s+)?"
_OF = r"(?:out\s+of|of|from|among)"
_OF_KIND = rf"(?:\s+(?:(?:additional|clinical|different|major|minor|other|risk)\s+)?{_KINDS})?"
_AT_LEAST = (
    r"(?:at\s+least|(?:a\s+)?minimum(?:\s+of)?|(?:no|not)\s+(?:less|fewer)\s+than|≥|>=|>/="
    r"|(?P<over>more\s+than|greater\s+than|over|>))"
)


@cache
def _quantifier() -> re.Pattern[str]:
    """All the ways to say "any of the following"; made when the first list is met, since that takes 50 ms."""
    return re.compile(
        r"(?<![\w<>≤≥/-])(?:"
        rf"(?P<all>(?:all|each|both|every(?:\s+one)?)(?:\s+(?P<number>{_NUMBER}){_SAME_AGAIN})?"
        rf"(?:(?:\s+of)?\s+{_list('t1')}|\s+of\s*(?=:)|\s*(?=:)))"
        rf"|(?P<must>the\s+following\s+(?:{_KINDS}\s+)?(?:must|should|shall|need\s+to|have\s+to|are|were)\s+all\b)"
        rf"|(?P<any>(?:any|either)(?:\s+(?:one|1))?{_SAME_AGAIN}(?:\s+or\s+(?:more|both))?"
        rf"(?:(?:\s+of)?\s+{_list('t2')}|\s+of\s*(?=:)|\s*(?=:)))"
        rf"|(?P<some>(?:one|1){_SAME_AGAIN}(?:\s+or\s+(?:more|both|several)|\s+and/or\s+more){_OF_KIND}{_of_list('t3')})"
        rf"|(?P<least>{_AT_LEAST}\s*(?P<n1>{_NUMBER}){_SAME_AGAIN}{_of_whole('whole1', 'whole2')}"
        rf"{_OF_KIND}(?:{_of_list('t4')}|\s+{_list('t5')}))"
        rf"|(?P<more>(?:any\s+)?(?P<n2>{_NUMBER}){_SAME_AGAIN}(?:\s+or\s+(?:more|greater)|\s*\+){_OF_KIND}"
        rf"(?:{_of_list('t6')}|\s+{_list('t7')}))"
        rf"|(?P<part>(?:any\s+)?(?P<n3>{_NUMBER}){_SAME_AGAIN}{_of_whole('whole3', 'whole4')}"
        rf"{_OF_KIND}{_of_list('t8')})"
        r")"
    )


_TOTALS = (
    "number",
    *(f"whole{n}" for n in "1234"),
    *(f"t{n}{end}" for n in range(1, 9) for end in ("", "_")),
)

_SUBJECT = r"(?:patients?|participants?|subjects?|individuals?|persons?|people|volunteers?|candidates?)"
_STUDY = (
    r"(?:(?:the|this|our|a|an|study|clinical|trial|protocol|research|entry|entering|inclusion|enrol+ment|enrol+ing"
    r"|enrol+ed|enter|participation|participate|participating|take|taking|part|in|into|of|to|for|from|be|as|considered"
    r"|eligible|eligibility|registration|randomi[sz]ation|randomi[sz]ed|included|screening)\b\s*)*"
)
# The verdict on whoever meets the list: it says which section the list is, not how it is joined.
_VERDICT = re.compile(
    r"\b(?:(?:will|must|should|shall|may|can|are|is|to)\s+(?:also\s+)?){0,2}(?:be\s+)?(?:considered\s+)?"
    r"(?:excluded|ineligible|precluded|not\s+(?:to\s+)?(?:be\s+)?(?:considered\s+)?(?:eligible|enrol+ed|included|admitted)"
    rf"|eligible|included|enrol+ed)\b\s*(?:(?:for|from|in|into|to)\b\s*{_STUDY})?"
    r"(?:(?:only\s+)?(?:if|when|provided\s+that)\b)?"
)
_OF_VERDICTS = ("excluded", "eligible", "precluded", "enrol", "included", "admitted")
# Words that take in everybody, and moments at which everybody is looked at.
_PHRASES = re.compile(
    rf"\b(?:all|each|every|any|eligible)\s+(?:study\s+)?{_SUBJECT}\b"
    r"|\b(?:men|males?)\s+(?:and|or)\s+(?:women|females?)\b|\b(?:women|females?)\s+(?:and|or)\s+(?:men|males?)\b"
    rf"|\b(?:for|from)\s+(?:the\s+|this\s+|study\s+|trial\s+)*(?:study|trial|entry|inclusion|enrol+ment|participation"
    r"|eligibility|randomi[sz]ation|registration)\b"
    r"|\b(?:visit|day)\s+-?\d{1,2}\b|\(v\d{1,2}\)"
)
_CONNECTING = """
a an the this these those that who which they he she it there their his her his/her he/she patient
patients participant participants subject subjects individual individuals person persons people volunteer
volunteers candidate candidates must should shall will need needs required to do does be been being is are
was were has have had having with of meet meets meeting met satisfy satisfies satisfying satisfied fulfil
fulfils fulfill fulfills fulfilling fulfilled show shows showing shown present presents presenting exhibit
exhibits exhibiting demonstrate demonstrates experience experiences experienced experiencing suffer
suffers suffering suffered from receive receives received receiving take takes taking taken use uses using
used undergone endorse endorses report reports apply applies hold holds true belong belongs conform
conforms comply complies fall under into medical addition also additionally fulfilment fulfillment history
diagnosis diagnoses diagnosed presence evidence known suspected documented confirmed current currently
previous previously prior past active clinical clinically significant treatment treated therapy ongoing
eligible eligibility inclusion exclusion enroll enrol enrolled enrollment enrolment entry enter study
trial participation participate participating included considered order screening baseline visit
randomisation randomization randomised randomized registration registered time at in on during before and
or following criteria criterion conditions requirements
"""
_CONNECTORS = frozenset(_CONNECTING.split())
# Conditions, scopes and denials: with one of them there is more than a thing that is defined.
_NO_THING = re.compile(
    r"[<>≤≥=;:?]|\.\s|\A\s*(?:for|in|at|on|during)\b"
    r"|\b(?:if|when|whe(?:re|n)ver|where|unless|except\w*|excluding|only|but|although|other|also|who|whose"
    r"|with|and|or|nor|either|cohorts?|arms?|groups?|parts?|phases?|stage\s+\d+|sub-?study|stratum|females?"
    r"|males?|women|woman|men|man|children|adolescents?|infants?|adults?|girls?|boys?|mothers?|fathers?|partners?"
    r"|family|no|not|non|none|without|absence|absent|free|never|neither|lack\w*|fail\w*|cannot|unable|refus\w*"
    r"|may|must|should|will|aged?|years?|months?|weeks?|days?|least|most|more|less|fewer|limited|such)\b"
)
_FUNCTION = re.compile(
    r"(?:in)?(?:adequate|sufficient|acceptable|normal|abnormal|impaired|satisfactory|preserved)\s+"
    r"(?:(?!(?:if|unless|for|in|at|when|with|without|not|no|who|only|females?|males?|women|men|cohort|arm)\b)"
    r"[a-z-]+[\s,/]+){0,8}?(?:functions?|reserves?)[\s,.:;(–-]*"
)
_LINK = re.compile(
    r"(?:\b(?:as|is|are|was|were|and)\s+)?\b(?:(?:defined|evidenced|demonstrated|shown|indicated|determined|documented"
    r"|confirmed|established|manifested|characteri[sz]ed|proven|verified|assessed|diagnosed|supported)\s+(?:by|as|through"
    r"|via|according\s+to)|defined|based\s+on|includ(?:ing|es?)|i\.?\s?e|namely|that\s+is|meaning|consisting\s+of|by)\b[\s,.]*"
)
_WITH_A_THING = re.compile(
    rf"(?:(?:all|the|a|an)\s+)*(?:{_SUBJECT}\s+)?"
    r"(?:(?:must|should|shall|will|who)\s+)*(?:with|have|has|having|present)\s+"
)
_NO_KIND = (
    r"(?:unless|except\w*|but|if|when|for|in|at|within|with|without|not|no|and|or|who|only|females?|males?|women"
    r"|men)\b"
)
_KIND_BEHIND = re.compile(
    rf"\s+(?:(?:(?!{_NO_KIND})[a-z/'’-]+|\([a-z]+\))\s+){{0,4}}?"
    rf"{_KINDS}(?:(?:\s+(?:and|or|and/or)\s+|\s*/\s*|\s+){_KINDS})?(?![\w-])"
)
_TOKEN = re.compile(r"[^\s,;:.()\[\]*_\"'“”’–—-]+(?:[-'’/][^\s,;:.()\[\]*_\"'“”’–—-]+)*")
_ENDS_OPEN = re.compile(r"\b(?:and|or|and/or|nor|than|not)[\s,;:(]*\Z")
_BEGINS_OPEN = re.compile(r"[\s,;)]*(?:and|or|and/or|but|plus)\b")
_LAST_WORD = re.compile(r"[\s,;/](or|and)[\s,;.:]*\Z")
_FIRST_WORD = re.compile(r"(or|and)[\s,]")
_LIST_WORDS = (
    "following",
    "below",
    "these",
    "those",
    "criteri",
    "listed",
    "all",
    "both",
    "either",
    "each",
    "of:",
    "of :",
)
"""Words of which each quantifier has one."""
_LONGEST = 400
"""Characters of a parent that may still be one statement."""


class _Said(NamedTuple):
    logic: Logic
    threshold: int | None = None
    total: int | None = None
    """How many children the words speak of ("2 of these 3")."""


_NOTHING = _Said("unknown")


def parent_logic(text: str, children: Sequence[str]) -> tuple[Logic, int | None]:
    """How the children are joined, and n of "at least n"; "unknown" when the words do not say."""
    if len(text) > _LONGEST:
        return "unknown", None
    words = text.lower()
    written = _joined(children)
    if written == "unknown" and not any(word in words for word in _LIST_WORDS):
        return "unknown", None
    said = _said(words, by_joints=written != "unknown")
    if said is None or not _fits(said, len(children)):
        return "unknown", None
    if said.logic == "unknown":
        return written, None
    agree = written in ("unknown", said.logic) or (written == "any-of" and said.threshold == 1)
    return (said.logic, said.threshold) if agree else ("unknown", None)


def _said(text: str, *, by_joints: bool) -> _Said | None:
    """What a parent says of its children; None for one that says more than how they are joined.

    by_joints: the children say it, so that a parent which does not is asked whether it lets them.
    """
    if any(part in text for part in _OF_VERDICTS):
        text = _VERDICT.sub(" ", text)
    quantifiers = list(_quantifier().finditer(text))
    if not quantifiers:
        return _NOTHING if by_joints and (_connects(text) or _defines(text)) else None
    front, behind = text[: quantifiers[0].start()], text[quantifiers[-1].end() :]
    if _ENDS_OPEN.search(front) or _BEGINS_OPEN.match(behind):
        return None
    between = (text[first.end() : second.start()] for first, second in pairwise(quantifiers))
    if not (_connects(front) or _defines(front)) or not all(map(_connects, between)):
        return None
    kind = _KIND_BEHIND.match(behind)
    if not _connects(behind) and (kind is None or not _connects(behind[kind.end() :])):
        return None
    found = {_meaning(match) for match in quantifiers}
    return found.pop() if len(found) == 1 else None


def _fits(said: _Said, count: int) -> bool:
    """Whether there are as many children as the words speak of."""
    if said.total is not None and said.total != count:
        return False
    return said.threshold is None or 0 < said.threshold <= count


def _meaning(match: re.Match[str]) -> _Said:
    total = next((_number(match[name]) for name in _TOTALS if match[name]), None)
    if match["all"] or match["must"]:
        return _Said("all-of", None, total)
    if match["any"] or match["some"]:
        return _Said("any-of", None, total)
    count = _number(match["n1"] or match["n2"] or match["n3"])
    if count == 1 and match["n3"]:
        return _Said("any-of", None, total)
    return _Said("at-least", count + 1 if match["over"] else count, total)


def _number(words: str) -> int:
    return _NUMBERS.get(words) or int(words)


def _connects(text: str) -> bool:
    """Whether words only lead to or from a list and say nothing of their own."""
    words = _TOKEN.findall(_PHRASES.sub(" ", text))
    return all(word in _CONNECTORS for word in words)


def _defines(text: str) -> bool:
    """Whether words name a thing and say that the list is what it means."""
    links = list(_LINK.finditer(text))
    for link in reversed(links):
        if _connects(text[link.end() :]):
            text = text[: link.start()]
            break
    else:
        return _FUNCTION.fullmatch(text.strip()) is not None
    subject = _WITH_A_THING.match(text)
    thing = text[subject.end() :] if subject is not None else text
    return _NO_THING.search(thing) is None or _FUNCTION.fullmatch(thing.strip()) is not None


def _joined(children: Sequence[str]) -> Logic:
    """What the words at the joints of a list say.

    As in prose, an "or" before the last item speaks for all. An "and" there may only end an enumeration
    ("...; stroke; and heart failure" under an exclusion means any of them), so it has to stand at each joint.
    """
    joints = [_joint(first, second) for first, second in pairwise(children)]
    if joints and joints[-1] == "or" and "and" not in joints:
        return "any-of"
    return "all-of" if joints and set(joints) == {"and"} else "unknown"


def _joint(first: str, second: str) -> str:
    match = _LAST_WORD.search(first[-8:].lower()) or _FIRST_WORD.match(second[:8].lower())
    return "" if match is None else match[1]
