"""How a trial's page text is laid out: its lines, its headings, and where its sections begin.

A page is a header (title, id, date), then sections. A section is a heading alone on its line, a sentence
in which the page explains the section, and what the trial has to say. Texts of the trial hold lines such
as "Study Design" of their own, so a line that reads like a heading is one only on evidence, and for each
heading only the candidates with the best evidence count:

1. SAID: the next line is the heading's own sentence, word for word;
2. REWORDED: the next line is one sentence of about that length, with half of its telling words;
3. SIGNED: a label that only this section has ("Group Type ...") follows before the next candidate;
4. ALONE: nothing but empty lines around it. Taken outside free text, or where no heading of the page
   has better evidence than SIGNED (a page rendered without the sentences, or with all of them new).

Above the line with the record's id, which is below the title, only 1 and 2 count.

In doubt a line stays in the text it stands in: text is never split, and never lost.

The first line below a heading is the page's, not the trial's, when it is that sentence (SAID, REWORDED);
when it is a sentence where the section has only labels or names; and when no heading of the page is
followed by a sentence we know, but its label sections do begin with one (all of them are new).
"""

import re
from collections.abc import Sequence
from enum import IntEnum
from typing import Literal, NamedTuple

from fhir_trial.errors import RecordError

HEADER = "page header"
RESULTS_PENDING_SENTENCE = (
    "The study team has not published outcome measurements, participant flow, or safety data "
    "for this trial yet. Check back later for updates."
)


class Line(NamedTuple):
    """One line of a page; non-breaking spaces are spaces, and nothing trails."""

    number: int
    text: str
    """As it came, with its indentation."""
    words: str
    """Without indentation, each run of blanks one space."""


class Heading(NamedTuple):
    """A section of the page class."""

    title: str
    holds: Literal["labels", "names", "items", "text"]
    """Labels with values; a name a line; items of several lines; or free text, alone or within items."""
    sentence: str
    signature: str = ""
    """A regular expression for the label lines that only this section has."""


class Section(NamedTuple):
    """What stands under one heading, without the page's own sentence."""

    title: str
    number: int
    lines: tuple[Line, ...]

    def error(self, reason: str, line: Line | None = None) -> RecordError:
        """The error of one line of this section."""
        return RecordError(reason, f"line {line.number if line else self.number}, {self.title}")


_VALUE = r"(?::? \S+)?"

# Headings and sentences as on seeds/NCT03597321.page.txt.
SEEN = (
    Heading("Study Results", "labels", RESULTS_PENDING_SENTENCE),
    Heading(
        "Basic Information",
        "labels",
        "Get a concise snapshot of the trial, including recruitment status, study phase, enrollment targets, "
        "and key timeline milestones.",
        r"(?:Recruitment Status|Clinical Phase|Total Enrollment|Study Classification|Study Start Date)\b.*",
    ),
    Heading(
        "Brief Summary",
        "text",
        "Review the sponsor-provided synopsis that highlights what the study is about and why it is being "
        "conducted.",
    ),
    Heading(
        "Detailed Description",
        "text",
        "Dive into the extended narrative that explains the scientific background, objectives, and "
        "procedures in greater depth.",
    ),
    Heading(
        "Conditions",
        "names",
        "See the medical conditions and disease areas that this research is targeting or investigating.",
    ),
    Heading(
        "Study Design",
        "labels",
        "Understand how the trial is structured, including allocation methods, masking strategies, primary "
        "purpose, and other design elements.",
        r"(?:Allocation Method|Primary Study Purpose|Blinding Strategy|Observational Model"
        r"|(?:Study )?Time Perspective)\b.*",
    ),
    Heading(
        "Study Groups",
        "text",
        "Review each arm or cohort in the study, along with the interventions and objectives associated with "
        "them.",
        rf"Group Type{_VALUE}|No interventions assigned to this group",
    ),
    Heading(
        "Interventions",
        "text",
        "Learn about the drugs, procedures, or behavioral strategies being tested and how they are applied "
        "within this trial.",
        rf"Intervention Type{_VALUE}",
    ),
    Heading(
        "Eligibility Criteria",
        "text",
        "Check the participation requirements, including inclusion and exclusion rules, age limits, and "
        "whether healthy volunteers are accepted.",
        r"(?:Minimum Eligible Age|Maximum Eligible Age|Eligible Sex|Accepts Healthy Volunteers)\b.*",
    ),
    Heading(
        "Sponsors",
        "items",
        "Meet the organizations funding or collaborating on the study and learn about their roles.",
        rf"Sponsor Role{_VALUE}",
    ),
    Heading(
        "Responsible Party",
        "labels",
        "Identify the individual or organization who holds primary responsibility for the study information "
        "submitted to regulators.",
        rf"Responsibility Role{_VALUE}",
    ),
    Heading(
        "Principal Investigators",
        "items",
        "Learn about the lead researchers overseeing the trial and their institutional affiliations.",
        r"Role:.*",
    ),
    Heading(
        "Locations",
        "items",
        "Explore where the study is taking place and check the recruitment status at each "
        "participating site.",
        rf"Site Status{_VALUE}",
    ),
    Heading(
        "Countries",
        "names",
        "Review the countries where the study has at least one active or historical site.",
    ),
    Heading(
        "Other Identifiers",
        "items",
        "Review additional registry numbers or institutional identifiers associated with this trial.",
        r"Identifier (?:Type|Source):.*",
    ),
    Heading(
        "More Related Trials",
        "items",
        "Additional clinical trials that may be relevant based on similarity analysis.",
        r"NCT\d+(?: [A-Z_]+)?(?: .*)?",
    ),
)

# Not on the seed; the sentences are ours, in the manner of the page, and another wording is tolerated.
FORESEEN = (
    Heading("Keywords", "names", "Explore the keywords that describe the study."),
    Heading(
        "Other Intervention Names",
        "names",
        "Discover other names that are in use for the listed interventions.",
    ),
)

HEADINGS = {heading.title: heading for heading in (*SEEN, *FORESEEN)}
_SIGNATURES = {title: re.compile(h.signature) for title, h in HEADINGS.items() if h.signature}


def _telling_words(sentence: str) -> frozenset[str]:
    return frozenset(word for word in re.findall(r"[a-z]+", sentence.lower()) if len(word) > 4)


_TELLING = {title: _telling_words(heading.sentence) for title, heading in HEADINGS.items()}
_FREE_TEXT = frozenset(title for title, heading in HEADINGS.items() if heading.holds == "text")

# The verb that opens a sentence of the page: with it, a section that we do not know is known as one.
_VERBS = "|".join(
    sorted(
        {heading.sentence.split()[0] for heading in HEADINGS.values()} - {"The", "Additional"}
        | {"Access", "Browse", "Download", "Find", "Read", "View"}
    )
)
_PAGE_SENTENCE = re.compile(rf"(?:{_VERBS})(?: \S+){{4,}}\.")
_SENTENCE = re.compile(r"\S+(?: \S+){4,}\.")
_UNKNOWN_TITLE = re.compile(r"[A-Z]\S*(?: \S+){0,4}(?<![.,;:?!])")
_LINE_END = re.compile(r"\r\n|\n|\r")
_NO_BREAK_SPACES = "\u00a0\u202f\u2007"
_RECORD_ID = re.compile(r"NCT ID\b(?:: ?| |$)")


class Evidence(IntEnum):
    """How sure it is that a line is a heading."""

    NONE = 0
    ALONE = 1
    SIGNED = 2
    REWORDED = 3
    SAID = 4


class _Candidate(NamedTuple):
    at: int
    title: str
    evidence: Evidence


def lines(text: str) -> list[Line]:
    """The lines of a page, whatever ends them, without a byte order mark."""
    text = text.removeprefix("\ufeff")
    for space in _NO_BREAK_SPACES:
        text = text.replace(space, " ")
    return [
        Line(number, line.rstrip(), " ".join(line.split())) if line else Line(number, "", "")
        for number, line in enumerate(_LINE_END.split(text), start=1)
    ]


def sections(page: list[Line]) -> list[Section]:
    """The header of a page (always first, perhaps empty) and its sections, in the page's order."""
    candidates = _candidates(page)
    # the sentence of the results is of another kind: it says nothing of how the page explains its sections
    explained = [candidate.evidence for candidate in candidates if candidate.title != "Study Results"]
    style = max(explained, default=Evidence.NONE)
    headings = _headings(page, candidates, style)
    all_new = style < Evidence.REWORDED and _sentences_are_new(page, headings)
    ends = [heading.at for heading in headings[1:]] + [len(page)]
    found = [Section(HEADER, 1, tuple(page[: headings[0].at if headings else len(page)]))]
    for heading, end in zip(headings, ends, strict=False):
        body = page[heading.at + 1 : end]
        if _first_is_the_pages(heading, body, all_new=all_new):
            body = body[_next_index(body, 0) + 1 :]
        found.append(Section(heading.title, page[heading.at].number, tuple(body)))
    return found


def record_lines(page: list[Line]) -> list[Line]:
    """The lines at which a record begins: "NCT ID" with what follows it in a page's header."""
    found: list[Line] = []
    for index, line in enumerate(page):
        if _RECORD_ID.match(line.words):
            following = page[_next_index(page, index + 1) :][:1]
            if not found or any(_follows_an_id(page, after) for after in following):
                found.append(line)
    return found


def said_headings(page: list[Line]) -> int:
    """How many headings of the page class stand there with their own sentence."""
    return sum(
        1
        for index, line in enumerate(page)
        if line.words in HEADINGS and _resemblance(line.words, _next_words(page, index)) is Evidence.SAID
    )


def same_words(one: str, other: str) -> bool:
    """Whether two sentences differ in nothing but case and the full stop."""
    return one.casefold().rstrip(".") == other.casefold().rstrip(".")


def _follows_an_id(page: list[Line], line: Line) -> bool:
    if line.words.startswith("Last Updated"):
        return True
    index = line.number - 1
    return line.words in HEADINGS and (
        _resemblance(line.words, _next_words(page, index)) is Evidence.SAID
        or line.words in ("Study Results", "Basic Information")
    )


# --- evidence --------------------------------------------------------------------------------------------


def _candidates(page: list[Line]) -> list[_Candidate]:
    places = [index for index, line in enumerate(page) if line.words in HEADINGS]
    ends = [*places, len(page)][1:]
    return [
        _Candidate(index, page[index].words, _evidence(page, index, end))
        for index, end in zip(places, ends, strict=True)
    ]


def _evidence(page: list[Line], index: int, end: int) -> Evidence:
    title = page[index].words
    if title == "Study Results":
        return _evidence_of_results(page, index)
    resemblance = _resemblance(title, _next_words(page, index))
    if resemblance:
        return resemblance
    if _is_signed(title, page[index + 1 : end]):
        return Evidence.SIGNED
    return Evidence.ALONE if _stands_alone(page, index) else Evidence.NONE


def _evidence_of_results(page: list[Line], index: int) -> Evidence:
    """Here the sentence stands below the value "Results pending"; the value alone proves little."""
    value = _next_index(page, index + 1)
    if any(same_words(_next_words(page, at), RESULTS_PENDING_SENTENCE) for at in (index, value)):
        return Evidence.SAID
    return Evidence.ALONE if _stands_alone(page, index) else Evidence.NONE


def _is_signed(title: str, following: list[Line]) -> bool:
    signature = _SIGNATURES.get(title)
    if signature is None or not any(signature.fullmatch(line.words) for line in following):
        return False
    # groups list interventions too: there, the line stands in the text of a group
    group = _SIGNATURES["Study Groups"]
    return title != "Interventions" or not any(group.fullmatch(line.words) for line in following)


def _resemblance(title: str, words: str) -> Evidence:
    """How like the sentence of a heading the line after it is."""
    sentence = HEADINGS[title].sentence
    if same_words(words, sentence):
        return Evidence.SAID
    if words.endswith(".") and ". " not in words and len(words) < 1.5 * len(sentence):
        telling = _TELLING[title]
        if 2 * len(telling & _telling_words(words)) >= len(telling):
            return Evidence.REWORDED
    return Evidence.NONE


def _stands_alone(page: list[Line], index: int) -> bool:
    around = (page[index - 1].words if index else "", page[index + 1].words if index + 1 < len(page) else "")
    return around == ("", "")


def _headings(page: list[Line], candidates: list[_Candidate], style: Evidence) -> list[_Candidate]:
    """The candidates that are headings, and the headings of sections that the page class does not have."""
    best: dict[str, Evidence] = {}
    for candidate in candidates:
        best[candidate.title] = max(candidate.evidence, best.get(candidate.title, Evidence.NONE))
    start = next((index for index, line in enumerate(page) if _RECORD_ID.match(line.words)), -1)
    chosen = [
        c
        for c in candidates
        if c.evidence and c.evidence == best[c.title] and (c.at > start or c.evidence > Evidence.SIGNED)
    ]
    if style < Evidence.REWORDED:
        return _one_each(chosen)
    kept: list[_Candidate] = []
    for candidate in chosen:
        if candidate.evidence > Evidence.ALONE or not (kept and kept[-1].title in _FREE_TEXT):
            kept.append(candidate)
    return _with_unknown(page, kept)


def _one_each(candidates: list[_Candidate]) -> list[_Candidate]:
    """Of equal candidates the last, since free text comes early; of the free texts themselves the first."""
    one: dict[str, _Candidate] = {}
    for candidate in candidates:
        if candidate.title not in one or candidate.title not in ("Brief Summary", "Detailed Description"):
            one[candidate.title] = candidate
    return sorted(one.values())


def _with_unknown(page: list[Line], headings: list[_Candidate]) -> list[_Candidate]:
    """Outside free text, a short line above a sentence in the page's manner opens a section too."""
    ends = [heading.at for heading in headings[1:]] + [len(page)]
    unknown = [
        _Candidate(above, page[above].words, Evidence.REWORDED)
        for heading, end in zip(headings, ends, strict=False)
        if heading.title not in _FREE_TEXT
        for index in range(heading.at + 2, end)
        if page[index].words.endswith(".")
        and _PAGE_SENTENCE.fullmatch(page[index].words)
        and (above := _filled_above(page, index)) > heading.at
        and _UNKNOWN_TITLE.fullmatch(page[above].words)
        and _stands_alone(page, above)
    ]
    return sorted([*headings, *unknown])


def _sentences_are_new(page: list[Line], headings: list[_Candidate]) -> bool:
    """Whether sections that begin with a label begin with a sentence instead."""
    return any(
        heading.title in ("Basic Information", "Study Design", "Responsible Party")
        and _SENTENCE.fullmatch(_next_words(page, heading.at)) is not None
        for heading in headings
    )


def _first_is_the_pages(heading: _Candidate, body: list[Line], *, all_new: bool) -> bool:
    words = _next_words(body, -1)
    known = HEADINGS.get(heading.title)
    if known is None:
        return True
    if known.title == "Study Results":
        return same_words(words, known.sentence)
    if _resemblance(known.title, words):
        return True
    return (all_new or known.holds in ("labels", "names")) and _SENTENCE.fullmatch(words) is not None


def _next_index(page: Sequence[Line], start: int) -> int:
    """The index of the first line at or after `start` that is not empty; the length when there is none."""
    for index in range(start, len(page)):
        if page[index].words:
            return index
    return len(page)


def _filled_above(page: Sequence[Line], index: int) -> int:
    """The index of the last line before `index` that is not empty; -1 when there is none."""
    return next((above for above in range(index - 1, -1, -1) if page[above].words), -1)


def _next_words(page: Sequence[Line], index: int) -> str:
    following = _next_index(page, index + 1)
    return page[following].words if following < len(page) else ""
