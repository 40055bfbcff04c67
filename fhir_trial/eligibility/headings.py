"""Tells section headings and sub-headings from lines that only look like them."""

import re
from functools import lru_cache
from typing import NamedTuple

from fhir_trial.eligibility.criteria import Section

# What nobody sees: soft hyphens, spaces without width, marks of direction, the mark at the start of a file.
_UNSEEN = "\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff"
_DECORATION = rf"[\s*_#>\\{_UNSEEN}]*+"
_OPENING = rf"[\s*_#<>=~|\\\[({{\"'“‘–—{_UNSEEN}-]*"
_CLOSING = rf"[\s*_#<>=~|\\\])}}\"'”’{_UNSEEN}]*+"
_STOP = r"[:：]{1,3}|[.;,…]{0,3}\s*\Z|\s*[-–—]{1,5}\Z"
_NOUN = (
    r"(?:c(?:ri|re|r)t[ei]{1,2}r[ei]{0,2}(?:a|on|um)s?|conditions?|requirements?|factors?|characteristics|standards?"
    r"|diagnos[ei]s|medications?|drugs?|comorbidit(?:y|ies)|parameters?|questions?|checklist|reasons?)"
)
_VERB = (
    r"(?:(?:will|shall|should|must|may)\s+)?(?:be\s+)?(?:are|is|be|were|include[sd]?|including|apply|applies"
    r"|consists?\s+of|comprises?|comprised\s+of|contains?|as\s+follows|are\s+as\s+follows)(?:\s+(?:of\s+)?the\s+following)?"
    r"(?:,?\s+but\s+(?:are\s+|is\s+)?not\s+limited\s+to)?"
)
# With the slips of the keyboard seen in records: a heading not recognised turns every criterion below it.
_INCLUSION = r"in(?:clus|lus|cus|culs|lcus|cluss|clsu)ions?"
_EXCLUSION = r"ex(?:clus|lus|cus|culs|lcus|cluss|clsu)ions?"
_POLARITY = (
    rf"(?P<negated>non[-\s]?)?(?P<polarity>{_INCLUSION}|{_EXCLUSION})(?:ary)?"
    rf"(?P<both>\s*(?:/|&|and|or)\s*(?:non[-\s]?)?(?:{_INCLUSION}|{_EXCLUSION}))?"
)
_SECTION_HEADING = re.compile(
    rf"{_OPENING}(?P<lead>(?:(?:[^\s:;,]*[^\s:;,.]:?|\d+\.)\s+){{0,6}}?){_POLARITY}"
    rf"(?P<noun>[-\s]+{_NOUN}\b(?:\s*(?:/|&|\band|\bor)\s*(?:{_NOUN}|contraindications?)\b)?)?{_DECORATION}"
    r"(?P<group>\([^()]{1,120}\)|(?:for|of|in|at|during|before|prior\s+to)\s+[^:.;]{1,90}"
    r"|,\s+[^:.;,]{1,90}(?=:)|/\s*[^:.;/]{1,40})?"
    rf"(?P<verb>\s*{_VERB}(?=\s*:))?{_CLOSING}"
    rf"(?P<stop>{_STOP}|[.]\s|[-–—]{{1,2}}\s)",
    re.IGNORECASE,
)
# "Reasons for exclusion:", said the other way round.
_TURNED_HEADING = re.compile(
    rf"{_OPENING}(?:(?:key|main|major|study|general|common|specific|additional|further|other|the|following"
    rf"|patients?|subjects?|participants?|\d{{1,2}}(?:\.\d{{1,2}})*\.?)\s+)*"
    rf"(?:{_NOUN}|grounds|causes?)\s+(?:for|of)\s+(?:(?:the|patients?|subjects?|participants?)\s+)?{_POLARITY}"
    rf"(?:\s+(?:of|from|in|into|to)\s+(?:(?:the|this|study|trial|patients|participants|subjects)\b\s*)+)?"
    rf"(?P<verb>\s*{_VERB}(?=\s*:))?{_CLOSING}(?P<stop>{_STOP})",
    re.IGNORECASE,
)
# The sides by other names. A contraindication keeps out of a trial, too, but inside its exclusion criteria it
# is a topic among others.
_OUT_HEADING = re.compile(
    rf"{_OPENING}(?:(?P<topic>(?:(?:absolute|relative|general|medical|study|main|major)\s+)*contraindications?)"
    r"|(?:(?:key|main|major|study|general|patients?|subjects?|participants?)\s+)*"
    r"(?:in-?|un|non[-\s]?|not\s+)eligib(?:le|ility)"
    rf"(?:\s+(?:patients?|subjects?|participants?|{_NOUN}))*)(?:\s*{_VERB})?{_CLOSING}[:：]\s*\Z"
    rf"|{_OPENING}(?:in-?|un|non[-\s]?)eligibility\s+{_NOUN}{_CLOSING}[.;,]?\Z",
    re.IGNORECASE,
)
_NEUTRAL_HEADING = re.compile(
    rf"{_OPENING}(?P<lead>(?:[^\s:;,.]+\s+){{0,3}}?)"
    r"(?P<what>eligibility|removing|removal|withdrawal|discontinuation|drop-?\s?out|rejection|termination"
    r"|elimination|suspension|enrol?lment|entry|selection|re-?enrol?lment)"
    rf"\s+{_NOUN}{_CLOSING}(?P<stop>[:：]|[.;,]?\Z)",
    re.IGNORECASE,
)
# The capital inside a line is what tells it, unless the word before makes it part of a sentence.
_INLINE_HEADING = re.compile(
    rf"\s(?:(?:Key|Main|Major|Study|General)\s+)?(?=[IE])(?i:{_POLARITY})\s+[Cc]riteria\s*:", re.ASCII
)
_IN_SENTENCE = re.compile(
    r"(?:[/,(]|\b(?:the|of|to|in|all|any|no|not|see|per|with|and|or|meets?|other|these|following))\s*\Z",
    re.IGNORECASE,
)
# "Inclusion criteria for matched controls 20 adults with ...": the colon was forgotten.
_RUN_ON_HEADING = re.compile(
    rf"{_DECORATION}(?i:{_POLARITY}\s+criteria)\s+for\s+"
    r"(?P<group>(?:[a-z-]+\s+){0,3}?(?:controls|cases|patients|participants|subjects|volunteers|caregivers|donors"
    r"|parents|children|adults))\s+(?=\d|[A-Z][a-z]|[≥≤<>])"
)

# Words that make the words before "inclusion criteria" a sentence about criteria, not a heading.
_SENTENCE_WORDS = re.compile(
    r"\b(?:no|not|any|all|meet|meets|meeting|met|fail\w*|fulfil\w*|satisf\w*|do|does|to|of|is|are|be|who|with|if"
    r"|must|should|may|will|by|per|under|at|which|that|note|protocol-defined|protocol\s+defined|than|one)\b",
    re.IGNORECASE,
)
_GROUP_NAME = re.compile(
    r"(?:(?!\b(?:no|not|without|with|who|must|that|have|has|had|able|age|aged|and\s+not)\b)[^\d<>≤≥=.;]|\d(?=\W*\Z)){2,70}\Z",
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
    r"|one|either|requires?|exclud\w+|no|not|at\s+least|can|cannot|able|shown|follows|below)\b|\d\s+of\b",
    re.IGNORECASE,
)
_ID = r"(?:\d{1,2}[a-zA-Z]?|[IVX]{1,4}[ab]?|[A-Za-z]\d?)"
_COHORTS = (
    rf"(?i:stage|part|phase|cohort|arm|group|stratum)s?\s+{_ID}(?:\s*(?:[,/&-]|and|or|to)\s*{_ID}){{0,5}}"
)
_COHORT_NAME = re.compile(rf"{_COHORTS}\s*:?")
# "Inclusion Criteria Stage 1", "Exclusion criteria for healthy carers": the cohort is all that follows.
_COHORT_HEADING = re.compile(
    rf"{_DECORATION}(?i:{_POLARITY}\s+criteria)\s*[-–—,]?\s*"
    rf"(?P<group>(?:for\s+)?{_COHORTS}|for\s+(?:[^\s:;,.]+\s+){{0,4}}[^\s:;,.]+)\s*\Z"
)
# The end of a line broken by a margin, and a heading without its colon: "once daily Inclusion criteria".
_TRAILING_HEADING = re.compile(
    rf"(?P<lead>(?:[^\sA-Z:;][^\s:;]*\s+){{1,6}})(?=[IE])(?i:{_POLARITY})\s+[Cc]riteria\s*\Z"
)
# What a list needs to be a sentence ("Participant:", "History of:"): it is no name of a cohort or topic.
_UNFINISHED = re.compile(
    r"(?:(?:the|each|every)\s+)?(?:participant|patient|subject|individual|volunteer)\s*[:：]\Z"
    r"|.*\b(?:of|with|for|by|from|to|in|on|and|or|the|an?)\s*[:：]\Z",
    re.IGNORECASE,
)
# A disease or an act by its name ("Inclusion body myositis:"), since headings were sought before; and what
# a list is of.
_SIDE_FIRST = re.compile(
    rf"{_OPENING}(?:{_INCLUSION}|{_EXCLUSION}|prohibited|forbidden|disallowed)\b", re.IGNORECASE
)
# Names that take in everybody, so that nothing is said of a cohort.
_EVERYBODY = re.compile(
    r"(?:all|both|(?:the\s+|all\s+)?study|the\s+trial)\s+(?:enrolled\s+)?(?:patients|participants|subjects|volunteers"
    r"|individuals|groups|cohorts|arms|parts|phases|stages)"
    r"|(?:the|this|study|trial|entry|enrol?lment|participation|into|in|to|\s)+",
    re.IGNORECASE,
)
# "Exclusion criteria at screening": everybody is screened.
_MOMENT = re.compile(
    r"(?:(?:at|during|before|prior\s+to|on)\s+)?(?:(?:the|study|trial|initial|first|time\s+of)\s+)*"
    r"(?:screening|baseline|enrol?lment|entry|inclusion|randomi[sz]ation|registration|admission|recruitment|visit|day)"
    r"(?:\s+(?:visit|period|phase))?(?:\s+-?\d{1,2})?(?:\s*\(\w+(?:\s+[\w-]+){0,2}\))?",
    re.IGNORECASE,
)
_VERBS_BEHIND = re.compile(rf"\s+{_VERB}\s*\Z", re.IGNORECASE)
_NOTE = """
must meet meets met all any following least each every answer answers answered apply applies check select tick
continued cont'd list include includes including summary general common see below fulfil fulfill fulfilled
satisfy satisfied required needed exclude excludes
"""
_BESIDE_NOTE = """
of the one two at criteria criterion be is are yes should shall to have has that if or more these present true
patient patients participant participants subject subjects they individuals volunteers both either but not
limited in order for enrolment enrollment entry and item items will excluded included exclusion inclusion
"""
_NOTE_WORDS = frozenset(_NOTE.split())
_BESIDE_NOTES = frozenset(_BESIDE_NOTE.split())
_COLONS = (":", "：")
_DASHES = ("-", "--", "–", "—", "–-", "-–", "——", "––")
_COHORT_LINE = re.compile(
    r"(?:study\s+)?(?:cohort|arm|group|part|phase|stage|stratum|sub-?study)\s+[\w/ -]{1,30}\Z", re.IGNORECASE
)
_ENTRY = frozenset(("eligibility", "enrolment", "enrollment", "entry", "selection"))
_MAX_LABEL = 90
MAX_HEADING = 240
"""Characters of a line looked at for a heading."""


class Heading(NamedTuple):
    """A section heading at the front of a line."""

    section: Section
    length: int
    """Characters of the line that belong to the heading; what follows is a criterion."""
    group: str | None
    """The cohort the heading names, e.g. "Controls" of "Inclusion criteria (Controls):"."""
    named_from: int = 0
    """Where a cohort is named behind the colon; with no list below, that is the criterion. Else 0."""
    undecided: bool = False
    """It is for both sides, and sentences below may tell them apart ("Participants are excluded if:")."""


@lru_cache(maxsize=512)  # nine in ten headings are one of two
def section_heading(line: str, *, marked: bool) -> Heading | None:
    """The heading that opens a line, None for a line that only mentions criteria."""
    match = _SECTION_HEADING.match(line)
    if match is None or not _is_heading(match, line, marked=marked):
        return _turned_heading(line) or (None if marked else _heading_without_colon(line))
    rest = line[match.end() :].strip()
    section, group = _section(match), _group(match["group"])
    if match["noun"] is None and match["stop"].strip() in _DASHES and rest:
        return Heading(section, len(line), None if _is_note(rest) else rest.rstrip(":"))
    if match["group"] is None and rest and _is_group(rest) and match["stop"] != ". ":
        return Heading(section, len(line), _group(rest.rstrip(":")), match.end())
    return Heading(
        section, match.end(), group or _lead_group(match["lead"]), undecided=match["both"] is not None
    )


def other_name(line: str, section: Section) -> Heading | None:
    """A heading of what keeps people out that does not call it exclusion ("Non-eligible:")."""
    match = _OUT_HEADING.match(line)
    if match is None or (match["topic"] and section == "exclusion"):
        return None
    return Heading("exclusion", len(line), None)


def neutral_heading(line: str) -> Heading | None:
    """A heading that names neither side: eligibility in general, or what ends participation."""
    match = _NEUTRAL_HEADING.match(line)
    if match is None or _SENTENCE_WORDS.search(match["lead"]):
        return None
    return Heading("other", match.end(), None, undecided=match["what"].lower() in _ENTRY)


def further_headings(line: str, *, marked: bool) -> tuple[int, ...]:
    """Where further headings begin inside a line that holds several sections."""
    if line.rfind("sion") < len("Inclusion") and line.rfind("SION") < len("Inclusion"):
        return ()  # only the heading that most lines of this kind are
    trailing = None if marked else _TRAILING_HEADING.match(line)
    if trailing is not None and not _SENTENCE_WORDS.search(trailing["lead"]):
        return (trailing.end("lead"),)
    match = _INLINE_HEADING.search(line)
    if match is None:
        return ()
    first = section_heading(line[:MAX_HEADING], marked=False) or neutral_heading(line[:MAX_HEADING])
    behind = 0 if first is None else first.named_from or first.length
    return tuple(
        match.start() + 1
        for match in _INLINE_HEADING.finditer(line, behind)
        if not _IN_SENTENCE.search(line, max(0, match.start() - 12), match.start())
    )


def is_label(line: str) -> bool:
    """Whether a plain line is a sub-heading, i.e. names a cohort or a topic and states nothing."""
    if len(line) > _MAX_LABEL:
        return False
    if line[-1] not in ":：":
        return _COHORT_LINE.match(line) is not None
    if len(line.split()) > 9 or _UNFINISHED.match(line) or _SIDE_FIRST.match(line):
        return False
    return not _CLAUSE_WORDS.search(line) and not re.search(r"[<>≤≥=;.]", line)


def _is_heading(match: re.Match[str], line: str, *, marked: bool) -> bool:
    if _SENTENCE_WORDS.search(match["lead"]) and not re.match(r"the\s+following\s+\Z", match["lead"], re.I):
        return False
    stop = match["stop"].strip()
    colon = stop[:1] in _COLONS
    rest = line[match.end() :].strip()
    closed = not colon and not rest  # the line ends here, with a full stop or a dash if not with nothing
    if closed and not all(word[0].isupper() or word[0].isdigit() for word in match["lead"].split()):
        return False
    if closed and stop and not (match["negated"] or match["polarity"])[0].isupper():
        return False
    if _is_a_line_before(match["lead"]) and match["polarity"][0].isupper():
        return False
    if match["noun"] is None:
        return _is_bare_heading(match, rest, stop, marked=marked)
    if match["group"] and not _is_of_the_heading(match["group"], colon=colon):
        return False
    return not marked or colon or closed


def _is_bare_heading(match: re.Match[str], rest: str, stop: str, *, marked: bool) -> bool:
    """A heading without "criteria": the side, and at most who or that it is the general part."""
    if match["group"] or not match["polarity"].lower().rstrip("s").endswith("ion"):
        return False
    if marked and rest:
        return False
    if stop in _DASHES and rest:
        return not match["lead"] and (_is_note(rest) or _COHORT_NAME.fullmatch(rest) is not None)
    capitals = not marked and all(word[0].isupper() for word in match["lead"].split())
    if stop[:1] in (":", ""):
        return not match["lead"] or (capitals and stop != "" and not rest)  # "Dancer Inclusion:"
    return not match["lead"] and not rest


def _is_of_the_heading(words: str, *, colon: bool) -> bool:
    """Whether what stands between the heading and its colon names a cohort, a moment or how to read it."""
    if words.startswith("("):
        return True
    if words.startswith(","):
        name = words.lstrip(", ")
        return _group(words) is None or (
            _GROUP_WORD.search(name) is not None and not _CLAUSE_WORDS.search(name)
        )
    if words.startswith("/"):
        return _group(words) is None or _COHORT_NAME.fullmatch(words.strip("/ ")) is not None
    if re.match(r"at|during|before|prior", words, re.IGNORECASE):
        return _group(words) is None
    return colon


def _turned_heading(line: str) -> Heading | None:
    """ "Criteria for exclusion:", nothing else on the line."""
    match = _TURNED_HEADING.match(line)
    if match is None or line[match.end() :].strip():
        return None
    if match["stop"][:1] not in _COLONS and not line.lstrip("*_#> [(")[:1].isupper():
        return None
    return Heading(_section(match), match.end(), None, undecided=match["both"] is not None)


def _heading_without_colon(line: str) -> Heading | None:
    match = _COHORT_HEADING.match(line)
    if match is None:
        match = _RUN_ON_HEADING.match(line)
    elif _group(match["group"]) is not None and (
        not _GROUP_WORD.search(match["group"]) or _CLAUSE_WORDS.search(match["group"])
    ):
        return None
    return None if match is None else Heading(_section(match), match.end(), _group(match["group"]))


def _is_a_line_before(lead: str) -> bool:
    """Whether the words before a capital are a criterion ("Signed consent Exclusion criteria:")."""
    words = lead.split()
    if not words or not lead[0].isupper() or not words[-1].islower():
        return False
    return _GROUP_WORD.search(words[-1]) is None and _lead_group(words[-1]) is not None


def _section(match: re.Match[str]) -> Section:
    if match["both"]:
        return "other"
    included = match["polarity"].lower().startswith("in") and not match["negated"]
    return "inclusion" if included else "exclusion"


def _group(words: str | None) -> str | None:
    """The cohort of a heading; None for words that take in everybody or say how to read the list."""
    if words is None:
        return None
    name = words.strip(" \t,/")
    bracketed = name.startswith("(") and name.endswith(")")
    name = name[1:-1].strip() if bracketed else name
    moment = _MOMENT.fullmatch(name)
    name = re.sub(r"\A(?:for|of|in)\s+", "", name, flags=re.IGNORECASE)
    name = _VERBS_BEHIND.sub("", name).strip()
    return name if name and moment is None and not _EVERYBODY.fullmatch(name) and not _is_note(name) else None


def _is_note(words: str) -> bool:
    """Whether words only say how to read the list ("must meet all"), of everybody."""
    if re.fullmatch(r"n\s*=\s*\d+", words, re.IGNORECASE):
        return True
    said = set(re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", words.lower()))
    return not said.isdisjoint(_NOTE_WORDS) and said <= _NOTE_WORDS | _BESIDE_NOTES


def _lead_group(lead: str) -> str | None:
    """The cohort in front of the words, e.g. "Clinic" of "Clinic inclusion criteria"."""
    words = lead.strip().rstrip(":")
    plain = re.fullmatch(
        r"(?:key|main|major|study|general|(?:patient|subject|participant)(?:s|'s|s')?|specific|other|additional|further"
        r"|the|following|basic|common|absolute|principal|important|complete|detailed|criteria|[ivx\d.]+|\s)*",
        words,
        re.IGNORECASE,
    )
    return None if plain else words


def _is_group(rest: str) -> bool:
    if _COHORT_NAME.fullmatch(rest):
        return True
    named = _GROUP_NAME.match(rest) is not None and _GROUP_WORD.search(rest) is not None
    return named and rest[0] not in "-–—*•·" and len(rest.split()) <= 7
