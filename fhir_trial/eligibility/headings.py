"""Tells section headings and sub-headings from lines that only look like them."""

import re
from functools import lru_cache
from typing import NamedTuple

from fhir_trial.eligibility.criteria import Section

_DECORATION = r"[\s*_#>\\]*"
_NOUN = r"(?:criteri(?:a|on|ums?)|conditions?|requirements?|factors?|characteristics|standards?)"
# With the slips of the keyboard seen in records: a heading not recognised turns every criterion below it.
_INCLUSION = r"in(?:clus|lus|cus|culs|lcus|cluss|clsu)ions?"
_EXCLUSION = r"ex(?:clus|lus|cus|culs|lcus|cluss|clsu)ions?"
_POLARITY = (
    rf"(?P<negated>non[-\s]?)?(?P<polarity>{_INCLUSION}|{_EXCLUSION})(?:ary)?"
    rf"(?P<both>\s*(?:/|&|and|or)\s*(?:non[-\s]?)?(?:{_INCLUSION}|{_EXCLUSION}))?"
)
_SECTION_HEADING = re.compile(
    rf"{_DECORATION}(?P<lead>(?:(?:[^\s:;,]*[^\s:;,.]:?|\d+\.)\s+){{0,6}}?){_POLARITY}"
    rf"(?P<noun>[-\s]+{_NOUN})?{_DECORATION}"
    r"(?P<group>\([^()]{1,120}\)|(?:for|of|in)\s+[^:.;]{1,90})?"
    rf"(?P<verb>\s*(?:are|is|include|includes|apply|as follows|are as follows|were)(?=\s*:))?{_DECORATION}"
    r"(?P<stop>[:：]|[.]\s|[-–—]\s|\Z)",
    re.IGNORECASE,
)
_NEUTRAL_HEADING = re.compile(
    rf"{_DECORATION}(?P<lead>(?:[^\s:;,.]+\s+){{0,3}}?)"
    r"(?P<what>eligibility|removing|removal|withdrawal|discontinuation|drop-?\s?out|rejection|termination"
    r"|elimination|suspension|enrol?lment|entry|selection|re-?enrol?lment)"
    rf"\s+{_NOUN}{_DECORATION}(?P<stop>[:：]|\Z)",
    re.IGNORECASE,
)
_INLINE_HEADING = re.compile(
    rf"(?<=[.;)\s])\s(?P<lead>(?:Key|Main|Major|Study|General)\s+)?(?=[IE])(?i:{_POLARITY})\s+[Cc]riteria\s*:",
    re.ASCII,
)

# Words that make the words before "inclusion criteria" a sentence about criteria, not a heading.
_SENTENCE_WORDS = re.compile(
    r"\b(?:no|not|any|all|meet|meets|meeting|met|fail\w*|fulfil\w*|satisf\w*|do|does|to|of|is|are|be|who|with|if"
    r"|must|should|may|will|by|per|under|at|which|that|note|protocol-defined|protocol\s+defined|than|one)\b",
    re.IGNORECASE,
)
_GROUP_NAME = re.compile(
    r"(?:(?!\b(?:with|who|must|that|have|has|had|able|age|aged|and\s+not)\b)[^\d<>≤≥=.;]|\d(?=\W*\Z)){2,70}\Z",
    re.IGNORECASE,
)
_GROUP_WORD = re.compile(
    r"\b(?:cohorts?|arms?|groups?|parts?|phases?|stages?|patients?|subjects?|participants?|controls?|cases?"
    r"|volunteers?|famil(?:y|ies)|caregivers?|carers?|donors?|recipients?|parents?|child(?:ren)?|adults?"
    r"|adolescents?|infants?|clinics?|providers?|physicians?|nurses|staff|students?|sub-?study|mothers|women|men"
    r"|dyads?|healthy|all)\b",
    re.IGNORECASE,
)
_CLAUSE_WORDS = re.compile(
    r"\b(?:must|have|has|had|is|are|be|meets?|met|who|whose|that|will|may|should|includ\w+|defined|following|any|all"
    r"|one|either|requires?|no|not|at\s+least|can|cannot|able|shown|follows|below)\b",
    re.IGNORECASE,
)
_COHORT_LINE = re.compile(
    r"(?:study\s+)?(?:cohort|arm|group|part|phase|stage|stratum|sub-?study)\s+[\w/ -]{1,30}\Z", re.IGNORECASE
)
_MAX_LABEL = 90


class Heading(NamedTuple):
    """A section heading at the front of a line."""

    section: Section
    length: int
    """Characters of the line that belong to the heading; what follows is a criterion."""
    group: str | None
    """The cohort the heading names, e.g. "Controls" of "Inclusion criteria (Controls):"."""


@lru_cache(maxsize=512)  # nine in ten headings are one of two
def section_heading(line: str, *, marked: bool) -> Heading | None:
    """The heading that opens a line, None for a line that only mentions criteria."""
    match = _SECTION_HEADING.match(line)
    if match is None or not _is_heading(match, line, marked=marked):
        return None
    rest = line[match.end() :].strip()
    group = _group(match["group"])
    if group is None and rest and _is_group(rest) and match["stop"] != ". ":
        return Heading(_section(match), len(line), rest.rstrip(":"))
    return Heading(_section(match), match.end(), group or _lead_group(match["lead"]))


def neutral_heading(line: str) -> Heading | None:
    """A heading that names neither side: eligibility in general, or what ends participation."""
    match = _NEUTRAL_HEADING.match(line)
    if match is None or _SENTENCE_WORDS.search(match["lead"]):
        return None
    return Heading("other", match.end(), None)


def inline_heading(line: str) -> int | None:
    """Where a second heading begins inside a line that holds the whole text, None without one."""
    match = _INLINE_HEADING.search(line)
    return None if match is None else match.start() + 1


def is_label(line: str) -> bool:
    """Whether a plain line is a sub-heading, i.e. names a cohort or a topic and states nothing."""
    if len(line) > _MAX_LABEL:
        return False
    if line[-1] not in ":：":
        return _COHORT_LINE.match(line) is not None
    return len(line.split()) <= 9 and not _CLAUSE_WORDS.search(line) and not re.search(r"[<>≤≥=;.]", line)


def _is_heading(match: re.Match[str], line: str, *, marked: bool) -> bool:
    if _SENTENCE_WORDS.search(match["lead"]) and not re.match(r"the\s+following\s+\Z", match["lead"], re.I):
        return False
    if not match["stop"] and not all(
        word[0].isupper() or word[0].isdigit() for word in match["lead"].split()
    ):
        return False
    rest = line[match.end() :]
    if match["noun"] is None:
        bare = not match["lead"] and not match["group"] and (match["stop"] == ":" or not match["stop"])
        return (
            bare and match["polarity"].lower().rstrip("s").endswith("ion") and not (marked and rest.strip())
        )
    if match["group"] and match["stop"] not in (":", "：") and not match["group"].startswith("("):
        return False
    if marked:
        return match["stop"] in (":", "：", "") and (not rest.strip() or match["stop"] == ":")
    return True


def _section(match: re.Match[str]) -> Section:
    if match["both"]:
        return "other"
    included = match["polarity"].lower().startswith("in") and not match["negated"]
    return "inclusion" if included else "exclusion"


def _group(words: str | None) -> str | None:
    if words is None:
        return None
    return re.sub(r"\A(?:for|of|in)\s+", "", words.strip("() \t"), flags=re.IGNORECASE).strip() or None


def _lead_group(lead: str) -> str | None:
    """The cohort in front of the words, e.g. "Clinic" of "Clinic inclusion criteria"."""
    words = lead.strip().rstrip(":")
    plain = re.fullmatch(
        r"(?:key|main|major|study|general|patients?|subjects?|participants?|specific|other|additional|further|the"
        r"|following|basic|common|criteria|[ivx\d.]+|\s)*",
        words,
        re.IGNORECASE,
    )
    return None if plain else words


def _is_group(rest: str) -> bool:
    return (
        _GROUP_NAME.match(rest) is not None
        and _GROUP_WORD.search(rest) is not None
        and len(rest.split()) <= 7
    )
