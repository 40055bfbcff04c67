"""The text of a trial's web page to a record in the registry's own shape (API v2), as far as the page goes.

What only a page says goes to `pageSection`; lines that have no place in a record go to `unknownFields`,
section by section; labels and sections that stand there without content go to `emptyValues`. Layout, and
which sentences are the page's own, is the matter of `page_layout`.

Texts keep their lines as they stand. What belongs to the page's layout is undone: line ends, blanks at the
end of a line, an indentation that all lines of a text share, non-breaking spaces. Tokens, dates and ages
must be the registry's own. "-" and "N/A" say nothing.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple, get_args

from fhir_trial import tokens
from fhir_trial.errors import RecordError
from fhir_trial.sources import page_layout, paths
from fhir_trial.sources.page_layout import Line, Section
from fhir_trial.trial import PARTIAL_DATE, TIME_SPAN

Fragment = dict[str, Any]
"""A part of the record, by module."""

MAX_COUNT = 2**31 - 1
RECOGNISED_BY = 100_000
"""How many characters are looked at to recognise a page."""

_NCT_ID = re.compile(r"NCT\d{8}\Z", re.ASCII)
_DATE = re.compile(PARTIAL_DATE, re.ASCII)
_DATE_SHAPE = re.compile(r"\d{4}(?:-\d{2}){0,2}\Z", re.ASCII)
_DATE_AND_TYPE = re.compile(r"(?P<date>.*?)(?: \(?(?P<type>ACTUAL|ESTIMATED)\)?)?")
_AGE = re.compile(TIME_SPAN, re.ASCII)
_ENROLMENT = re.compile(
    r"(?P<count>\d+|\d{1,3}(?:,\d{3})+)(?: participants?)?(?: \(?(?P<type>ACTUAL|ESTIMATED)\)?)?", re.ASCII
)
_PHASE_SEPARATOR = re.compile(r"[,/|&; ]+")
_MARKUP = re.compile(r"\ufeff?\s*<(?:!doctype|html|head|body|\?xml)\b", re.IGNORECASE)
# a title may begin with a bracket
_JSON = re.compile(r"""\ufeff?\s*(?:\{\s*["}]|\[\s*[\[{"\]])""")
_NOTHING = frozenset({"-", "–", "—", "n/a"})
_TOKEN = r"(?::? (?P<value>[A-Z][A-Z0-9_]+))?"
_GROUP_TYPE = re.compile(rf"Group Type:?{_TOKEN}")
_INTERVENTION_TYPE = re.compile(rf"Intervention Type:?{_TOKEN}")
_SITE_STATUS = re.compile(rf"Site Status:?{_TOKEN}")
_SPONSOR_ROLE = re.compile(r"Sponsor Role(?::? (?P<value>\S+))?:?")
_OFFICIAL_ROLE = re.compile(r"Role:(?: (?P<value>\S.*))?")
_NO_INTERVENTIONS = re.compile(r"(?P<value>)No interventions assigned to this group\.?")
# "Korea, Republic of", as the registry wrote it for long
_INVERTED_COUNTRY = re.compile(
    r"(?:^|, )(?P<country>[^,]+, (?:[^,]*(?:Republic|States|Province) of[^,]*|Occupied))\Z"
)
_IDENTIFIER = re.compile(r"Identifier (?P<label>Type|Source|Domain|Link):?(?: (?P<value>\S.*))?")
_RELATED = re.compile(
    r"(?P<id>NCT\d+)(?: (?P<status>[A-Z_]+)(?: (?P<phases>[A-Z][A-Z0-9_]*(?:[,/|&; ]+[A-Z][A-Z0-9_]*)*))?)?"
)

_WHO_MASKED = {
    "participants": "PARTICIPANT",
    "caregivers": "CARE_PROVIDER",
    "care providers": "CARE_PROVIDER",
    "investigators": "INVESTIGATOR",
    "outcome assessors": "OUTCOMES_ASSESSOR",
    "outcomes assessors": "OUTCOMES_ASSESSOR",
    **{token.lower(): token for token in get_args(tokens.WhoMasked)},
}


def looks_like(text: str) -> bool:
    """Whether the text is such a page, of one record or of several, whole or damaged."""
    if _MARKUP.match(text) or _JSON.match(text):
        return False
    page = page_layout.lines(text[:RECOGNISED_BY])
    start = [line for line in page if line.words][:20]
    return any(re.match(r"NCT ID\b", line.words) for line in start) or page_layout.said_headings(page) > 1


def document(text: str) -> dict[str, Any]:
    """The record that a page shows, ready to be decoded as a `Trial`.

    Raises: RecordError with the line and the section of what cannot be read.
    """
    _require_page(text)
    page = page_layout.lines(text)
    header, *sections = page_layout.sections(page)
    _require_one_record(page, header)
    reading = _Reading({})
    record: dict[str, Any] = {"protocolSection": {}}
    _merge(record, _header(header, reading), header)
    for section, fragment in _fragments(sections, reading):
        _merge(record, fragment, section)
    return _finished(record, reading)


def _require_page(text: str) -> None:
    if not text.removeprefix("\ufeff").strip():
        raise RecordError("the page is empty", "line 1")
    if _MARKUP.match(text):
        raise RecordError("this is the markup of a page (HTML or XML), not its text", "line 1")
    if _JSON.match(text):
        raise RecordError("this is JSON, not the text of a page", "line 1")


def _require_one_record(page: list[Line], header: Section) -> None:
    starts = page_layout.record_lines(page)
    if len(starts) > 1:
        second = starts[1]
        raise RecordError(f"a second record begins here: {second.words!r}", f"line {second.number}")
    if not starts or starts[0] not in header.lines:
        raise header.error("no NCT ID")


# --- putting the record together -------------------------------------------------------------------------


class _Reading(NamedTuple):
    """What was read and has no place in a record: lines by section."""

    aside: dict[str, list[str]]

    def put(self, section: Section, lines: Iterable[Line]) -> None:
        texts = [line.text.strip() for line in lines if line.words]
        if texts:
            self.aside.setdefault(section.title, []).extend(texts)


def _fragments(sections: list[Section], reading: _Reading) -> Iterator[tuple[Section, Fragment]]:
    catalogue: list[_Intervention] = []
    for section in sections:
        if section.title == "Interventions":
            catalogue += _interventions(section, reading)
    countries = [line.text.strip() for s in sections if s.title == "Countries" for line in _filled(s.lines)]
    for section in sections:
        if section.title == "Study Groups":
            yield section, _arms(section, catalogue, reading)
        elif section.title == "Locations":
            yield section, _locations(section, countries, reading)
        elif section.title in _READERS:
            yield section, _READERS[section.title](section, reading)
        elif section.title not in ("Interventions", "Other Intervention Names"):
            reading.put(section, section.lines)
    if catalogue:
        at = next(s for s in sections if s.title in ("Interventions", "Study Groups"))
        _name_otherwise(catalogue, [s for s in sections if s.title == "Other Intervention Names"], reading)
        yield at, _module("armsInterventionsModule", interventions=[item.record() for item in catalogue])
    else:
        for section in sections:
            if section.title == "Other Intervention Names":
                reading.put(section, section.lines)


def _merge(into: Fragment, fragment: Fragment, section: Section) -> None:
    """Add what a section says; sections may be repeated as long as they do not contradict each other."""
    for key, value in fragment.items():
        known = into.setdefault(key, value)
        if known is value or value in (known, ""):
            continue
        if known == "":
            into[key] = value
        elif isinstance(known, dict) and isinstance(value, dict):
            _merge(known, value, section)
        elif isinstance(known, list) and isinstance(value, list):
            known.extend(item for item in value if item not in known)
        else:
            raise section.error(f"{key} is stated twice, as {_short(known)} and as {_short(value)}")


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _finished(record: dict[str, Any], reading: _Reading) -> dict[str, Any]:
    empty: dict[str, Any] = {}
    finished: dict[str, Any] = _without_empty(record, "$", empty)
    if reading.aside:
        finished["unknownFields"] = {
            paths.child("$.pageSection", title): texts for title, texts in reading.aside.items()
        }
    if empty:
        finished["emptyValues"] = empty
    return finished


def _without_empty(value: Any, path: str, empty: dict[str, Any]) -> Any:
    """The value without the texts that say nothing, which are noted."""
    if isinstance(value, list):
        return [
            _without_empty(item, paths.child(path, index), empty) if isinstance(item, dict) else item
            for index, item in enumerate(value)
        ]
    kept = {}
    for key, member in value.items():
        if isinstance(member, dict | list):
            if kept_member := _without_empty(member, paths.child(path, key), empty):
                kept[key] = kept_member
        elif member == "":
            empty[paths.child(path, key)] = ""
        else:
            kept[key] = member
    return kept


def _module(name: str, **fields: Any) -> Fragment:
    """A fragment with one module of the protocol section, without what is None."""
    return {"protocolSection": {name: _stated(**fields)}}


def _stated(**fields: Any) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}


# --- values ----------------------------------------------------------------------------------------------


def _filled(lines: Iterable[Line]) -> list[Line]:
    return [line for line in lines if line.words]


def _prose(lines: Sequence[Line]) -> str:
    """The text of these lines, without empty lines around it and without the indentation all share."""
    filled = [index for index, line in enumerate(lines) if line.words]
    if not filled:
        return ""
    texts = [line.text for line in lines[filled[0] : filled[-1] + 1]]
    indents = [text[: len(text) - len(text.lstrip())] for text in texts if text]
    # all that lies between the least and the greatest of the indents begins as these two do
    least, greatest = min(indents), max(indents)
    shared = next((i for i, (a, b) in enumerate(zip(least, greatest, strict=False)) if a != b), len(least))
    return "\n".join(text[shared:] for text in texts)


def _says_nothing(words: str) -> bool:
    return not words or words.casefold() in _NOTHING


def _token(section: Section, line: Line, label: str, words: str, known: Any) -> str:
    """A token of the registry's list `known`; the empty text when the page shows the label alone."""
    if _says_nothing(words) and words.upper() not in get_args(known):
        return ""
    if words not in get_args(known):
        raise section.error(f"unknown token {words!r} for {label}", line)
    return words


def _date(section: Section, line: Line, label: str, words: str) -> str:
    if _says_nothing(words):
        return ""
    if not _DATE.match(words):
        fault = "impossible" if _DATE_SHAPE.match(words) else "unreadable"
        raise section.error(f"{fault} date {words!r} for {label}", line)
    return words


def _date_struct(section: Section, line: Line, label: str, words: str) -> dict[str, str]:
    match = _DATE_AND_TYPE.fullmatch(words)
    date, kind = (match["date"], match["type"]) if match else (words, None)
    return _stated(date=_date(section, line, label, date), type=kind)


def _enrolment(section: Section, line: Line, label: str, words: str) -> dict[str, Any] | str:
    if _says_nothing(words):
        return ""
    match = _ENROLMENT.fullmatch(words)
    count = int(match["count"].replace(",", "")) if match and len(match["count"]) < 20 else MAX_COUNT + 1
    if match is None or count > MAX_COUNT:
        raise section.error(f"unreadable number of participants {words!r} for {label}", line)
    return _stated(count=count, type=match["type"])


def _phases(section: Section, line: Line, label: str, words: str) -> list[str] | str:
    if _says_nothing(words):
        return ""
    return [
        _token(section, line, label, phase, tokens.Phase) for phase in _PHASE_SEPARATOR.split(words) if phase
    ]


def _age(section: Section, line: Line, label: str, words: str) -> str:
    if _says_nothing(words):
        return ""
    age = words.title()
    if not _AGE.match(age):
        raise section.error(f"unreadable age {words!r} for {label}", line)
    return age


def _yes_or_no(section: Section, line: Line, label: str, words: str) -> bool | str:
    if _says_nothing(words):
        return ""
    if words.casefold() not in ("yes", "no"):
        raise section.error(f"{label} is neither Yes nor No: {words!r}", line)
    return words.casefold() == "yes"


# --- labels with values ----------------------------------------------------------------------------------

_Reader = Callable[[Section, Line, str, str], Any]


def _one_of(known: Any) -> _Reader:
    """Reads one of the tokens of the list `known`."""
    return lambda section, line, label, words: _token(section, line, label, words, known)


class _Labels:
    """The labels of a stretch of lines, each with the lines of its value, below it or beside it."""

    def __init__(self, section: Section, lines: Sequence[Line], labels: Iterable[str]) -> None:
        self.section = section
        self.loose: list[Line] = []
        """The lines before the first label."""
        self._at: dict[str, Line] = {}
        self._values: dict[str, list[Line]] = {}
        self.repeated: list[Line] = []
        self._collect(lines, _label_pattern(tuple(labels)))

    def _collect(self, lines: Sequence[Line], pattern: re.Pattern[str]) -> None:
        values = self.loose
        for line in lines:
            match = pattern.match(line.words)
            if match is None:
                values.append(line)
                continue
            label, values = match[0], []
            if beside := line.words[len(label) :].lstrip(": "):
                values.append(Line(line.number, beside, beside))
            if label in self._values:
                self.repeated.append(line)
            self._at.setdefault(label, line)
            self._values.setdefault(label, values)

    def lines(self, label: str) -> list[Line]:
        """The lines of a value that are not empty."""
        return _filled(self._values.get(label, ()))

    def labels(self) -> Iterable[str]:
        return self._values

    def read(self, label: str, reader: _Reader) -> Any:
        """What `reader` makes of the first line of a value; None when the label is not there."""
        if label not in self._at:
            return None
        first = next(iter(self.lines(label)), None)
        return reader(self.section, first or self._at[label], label, first.words if first else "")

    def token(self, label: str, known: Any) -> Any:
        """The value as one of the registry's tokens."""
        return self.read(label, _one_of(known))

    def prose(self, label: str) -> str | None:
        """The value as text of any length."""
        return _prose(self._values[label]) if label in self._values else None

    def surplus(self, *, prose: Iterable[str] = (), after: dict[str, int] | None = None) -> list[Line]:
        """The lines that belong to no value: before the first label, or after a value's one line."""
        found = _filled(self.loose)
        for label in self._values:
            if label not in prose:
                found += self.lines(label)[(after or {}).get(label, 1) :]
        return found

    def require_unique(self) -> None:
        """A label that stands there twice has no one value."""
        if self.repeated:
            line = self.repeated[0]
            raise self.section.error(f"label repeated: {line.words!r}", line)


@cache
def _label_pattern(labels: tuple[str, ...]) -> re.Pattern[str]:
    """Finds a label at the start of a line, the longer of two that begin alike."""
    return re.compile(rf"(?:{'|'.join(sorted(labels, key=len, reverse=True))})(?=[: ]|\Z)")


def _header(section: Section, reading: _Reading) -> Fragment:
    labels = _Labels(section, section.lines, ("NCT ID", "Last Updated"))
    nct_id = labels.read("NCT ID", _nct_id)
    labels.require_unique()
    above = _filled(labels.loose)
    below = [*labels.lines("NCT ID")[1:], *labels.lines("Last Updated")[1:]]
    # right above the id, where other lines may stand above it; or the only line below
    title = above.pop() if above else below.pop() if len(below) == 1 else None
    reading.put(section, [*above, *below])
    return {
        "protocolSection": {
            "identificationModule": _stated(nctId=nct_id, briefTitle=title.text.strip() if title else None)
        },
        "pageSection": _stated(lastUpdated=labels.read("Last Updated", _date)),
    }


def _nct_id(section: Section, line: Line, label: str, words: str) -> str:
    if _says_nothing(words):
        raise section.error("no NCT ID", line)
    if not _NCT_ID.match(words):
        raise section.error(f"malformed NCT ID {words!r}, which is NCT and eight digits", line)
    return words


def _study_results(section: Section, reading: _Reading) -> Fragment:
    """What the page says of results; "Results pending" is followed by the page's own sentence."""
    lines = [
        line
        for line in section.lines
        if not page_layout.same_words(line.words, page_layout.RESULTS_PENDING_SENTENCE)
    ]
    filled = _filled(lines)
    if not filled or not page_layout.same_words(filled[0].words, "Results pending"):
        return {"pageSection": {"resultsNote": _prose(lines)}}
    if len(filled) == 2 and filled[1].words.endswith("."):
        lines.remove(filled[1])
    return {"hasResults": False, "pageSection": {"resultsNote": _prose(lines)}}


_BASIC = (
    "Recruitment Status",
    "Clinical Phase",
    "Total Enrollment",
    "Study Classification",
    "Study Start Date",
    "Primary Completion Date",
    "Study Completion Date",
    "Official Title",
    "Acronym",
    "Why Stopped",
)


def _basic_information(section: Section, reading: _Reading) -> Fragment:
    labels = _Labels(section, section.lines, _BASIC)
    labels.require_unique()
    reading.put(section, labels.surplus(prose=["Why Stopped"]))
    return {
        "protocolSection": {
            "identificationModule": _stated(
                officialTitle=labels.read("Official Title", _text),
                acronym=labels.read("Acronym", _text),
            ),
            "statusModule": _stated(
                overallStatus=labels.token("Recruitment Status", tokens.Status),
                whyStopped=labels.prose("Why Stopped"),
                startDateStruct=labels.read("Study Start Date", _date_struct),
                primaryCompletionDateStruct=labels.read("Primary Completion Date", _date_struct),
                completionDateStruct=labels.read("Study Completion Date", _date_struct),
            ),
            "designModule": _stated(
                studyType=labels.token("Study Classification", tokens.StudyType),
                phases=labels.read("Clinical Phase", _phases),
                enrollmentInfo=labels.read("Total Enrollment", _enrolment),
            ),
        }
    }


def _text(section: Section, line: Line, label: str, words: str) -> str:
    return "" if _says_nothing(words) else line.text.strip()


def _brief_summary(section: Section, reading: _Reading) -> Fragment:
    return _module("descriptionModule", briefSummary=_prose(section.lines))


def _detailed_description(section: Section, reading: _Reading) -> Fragment:
    return _module("descriptionModule", detailedDescription=_prose(section.lines))


def _names(section: Section) -> list[str] | str:
    return [line.text.strip() for line in _filled(section.lines)] or ""


def _conditions(section: Section, reading: _Reading) -> Fragment:
    return _module("conditionsModule", conditions=_names(section))


def _keywords(section: Section, reading: _Reading) -> Fragment:
    return _module("conditionsModule", keywords=_names(section))


def _countries(section: Section, reading: _Reading) -> Fragment:
    return {"pageSection": {"countries": _names(section)}}


_DESIGN = (
    "Allocation Method",
    "Intervention Model",
    "Intervention Model Description",
    "Primary Study Purpose",
    "Blinding Strategy",
    "Blinding Description",
    "Observational Model",
    "Observational Model Type",
    "Time Perspective",
    "Study Time Perspective",
)
_DESIGN_TEXTS = ("Intervention Model Description", "Blinding Description")


def _study_design(section: Section, reading: _Reading) -> Fragment:
    labels = _Labels(section, section.lines, _DESIGN)
    labels.require_unique()
    masked, others = _who_masked(labels.lines("Blinding Strategy")[1:])
    surplus = labels.surplus(prose=_DESIGN_TEXTS, after={"Blinding Strategy": MAX_COUNT})
    reading.put(section, [*surplus, *others])
    masking = _stated(
        masking=labels.token("Blinding Strategy", tokens.DesignMasking),
        maskingDescription=labels.prose("Blinding Description"),
        whoMasked=masked or None,
    )
    design = _stated(
        allocation=labels.token("Allocation Method", tokens.DesignAllocation),
        interventionModel=labels.token("Intervention Model", tokens.InterventionalAssignment),
        interventionModelDescription=labels.prose("Intervention Model Description"),
        primaryPurpose=labels.token("Primary Study Purpose", tokens.PrimaryPurpose),
        observationalModel=_either(labels, _DESIGN[6:8], tokens.ObservationalModel),
        timePerspective=_either(labels, _DESIGN[8:10], tokens.DesignTimePerspective),
        maskingInfo=masking or None,
    )
    return _module("designModule", designInfo=design or None)


def _either(labels: _Labels, spellings: Iterable[str], known: Any) -> Any:
    """The value below any of a label's spellings."""
    return next((labels.token(label, known) for label in spellings if label in labels.labels()), None)


def _who_masked(lines: list[Line]) -> tuple[list[str], list[Line]]:
    """The roles listed below the blinding strategy, and the lines that are none."""
    roles: list[str] = []
    others: list[Line] = []
    for line in lines:
        named = [_WHO_MASKED.get(part.strip().casefold()) for part in line.words.split(",")]
        if None in named:
            others.append(line)
        roles += [role for role in named if role is not None and None not in named]
    return roles, others


_ELIGIBILITY: dict[str, _Reader] = {
    "Minimum Eligible Age": _age,
    "Maximum Eligible Age": _age,
    "Eligible Sex": _one_of(tokens.Sex),
    "Accepts Healthy Volunteers": _yes_or_no,
    "Sampling Method": _one_of(tokens.SamplingMethod),
    "Study Population": _text,
}


def _eligibility(section: Section, reading: _Reading) -> Fragment:
    """The criteria are all before the labels, which are read from the end: criteria may hold such lines."""
    start = _tail(section)
    labels = _Labels(section, section.lines[start:], _ELIGIBILITY)
    reading.put(section, labels.surplus(prose=["Study Population"]))
    return _module(
        "eligibilityModule",
        eligibilityCriteria=_prose(section.lines[:start]),
        healthyVolunteers=labels.read("Accepts Healthy Volunteers", _yes_or_no),
        sex=labels.token("Eligible Sex", tokens.Sex),
        minimumAge=labels.read("Minimum Eligible Age", _age),
        maximumAge=labels.read("Maximum Eligible Age", _age),
        studyPopulation=labels.prose("Study Population"),
        samplingMethod=labels.token("Sampling Method", tokens.SamplingMethod),
    )


def _tail(section: Section) -> int:
    """Where the labels begin: the first line from which on there is nothing but labels with one value.

    Where there is more between the labels, the first line from which on all values can be read.
    """
    pattern = _label_pattern(tuple(_ELIGIBILITY))
    starts = [index for index, line in enumerate(section.lines) if pattern.match(line.words)]
    for fits in (_is_neat, _is_readable):
        for start in starts:
            labels = _Labels(section, section.lines[start:], _ELIGIBILITY)
            if not labels.repeated and fits(labels):
                return start
    return len(section.lines)


def _is_neat(labels: _Labels) -> bool:
    return not labels.surplus(prose=["Study Population"])


def _is_readable(labels: _Labels) -> bool:
    try:
        return all(labels.read(label, _ELIGIBILITY[label]) is not None for label in labels.labels())
    except RecordError:
        return False


_INVESTIGATOR = ("Investigator Name", "Investigator Title", "Investigator Affiliation")


def _responsible_party(section: Section, reading: _Reading) -> Fragment:
    """The role, and the investigator: with labels, or on three lines, or the name alone."""
    labels = _Labels(section, section.lines, ("Responsibility Role", *_INVESTIGATOR))
    labels.require_unique()
    loose = [*_filled(labels.loose), *labels.lines("Responsibility Role")[1:]]
    party = {
        "type": labels.token("Responsibility Role", tokens.ResponsiblePartyType),
        "investigatorFullName": labels.read("Investigator Name", _text),
        "investigatorTitle": labels.read("Investigator Title", _text),
        "investigatorAffiliation": labels.read("Investigator Affiliation", _text),
    }
    if len(loose) in (1, 3) and party["investigatorFullName"] is None and party["type"] != "SPONSOR":
        party |= dict(zip(list(party)[1:], [line.text.strip() for line in loose], strict=False))
        loose = []
    reading.put(section, [*loose, *(line for label in _INVESTIGATOR for line in labels.lines(label)[1:])])
    return _module("sponsorCollaboratorsModule", responsibleParty=_stated(**party) or None)


# --- items -----------------------------------------------------------------------------------------------


class _Mark(NamedTuple):
    """A line that marks an item (by the pattern it fits), with the lines since the mark before."""

    before: list[Line]
    line: Line
    match: re.Match[str]
    value: str
    """What stands beside the mark, or below it where that is a token of `tokens_below`."""


def _marked(
    lines: Sequence[Line], patterns: Iterable[re.Pattern[str]], tokens_below: Iterable[str] = ()
) -> tuple[list[_Mark], list[Line]]:
    """The marks among the lines in order, and the lines after the last one."""
    patterns = tuple(patterns)
    marks: list[_Mark] = []
    before: list[Line] = []
    skip: Line | None = None
    for index, line in enumerate(lines):
        match = next((m for pattern in patterns if (m := pattern.fullmatch(line.words))), None)
        if match is None:
            if line is not skip:
                before.append(line)
            continue
        value = match.groupdict().get("value") or ""
        below = next((after for after in lines[index + 1 :] if after.words), None)
        if not value and below and below.words in tokens_below:
            value, skip = below.words, below
        marks.append(_Mark(before, line, match, value))
        before = []
    return marks, before


def _sponsors(section: Section, reading: _Reading) -> Fragment:
    """Name, class and role of each organisation."""
    marks, rest = _marked(section.lines, [_SPONSOR_ROLE], ("lead", "collaborator"))
    reading.put(section, rest)
    found: dict[str, list[dict[str, str]]] = {"lead": [], "collaborator": []}
    for mark in marks:
        role = mark.value.casefold()
        if role not in found:
            raise section.error(f"unknown token {mark.value!r} for Sponsor Role", mark.line)
        found[role].append(_sponsor(section, mark, reading))
    if len(found["lead"]) > 1:
        raise section.error("two lead sponsors")
    return _module(
        "sponsorCollaboratorsModule",
        leadSponsor=next(iter(found["lead"]), None),
        collaborators=found["collaborator"] or None,
    )


def _sponsor(section: Section, mark: _Mark, reading: _Reading) -> dict[str, str]:
    lines = _filled(mark.before)
    if not lines:
        raise section.error("a sponsor without a name", mark.line)
    reading.put(section, lines[1:-1])
    agency_class = (
        _token(section, lines[-1], "the class of a sponsor", lines[-1].words, tokens.AgencyClass)
        if len(lines) > 1
        else None
    )
    return _stated(name=lines[0].text.strip(), **{"class": agency_class})


def _officials(section: Section, reading: _Reading) -> Fragment:
    """Name, role and affiliation of each: a name is the line above a role, an affiliation the line below."""
    marks, rest = _marked(section.lines, [_OFFICIAL_ROLE], get_args(tokens.OfficialRole))
    officials: list[dict[str, str]] = []
    below = [*(mark.before for mark in marks), rest][1:]
    for mark, after in zip(marks, below, strict=True):
        name = next(reversed(_filled(mark.before)), None)
        affiliation = _filled(after)[: None if after is rest else -1]
        role = _token(section, mark.line, "the role of an investigator", mark.value, tokens.OfficialRole)
        officials.append(
            _stated(
                name=name and name.text.strip(),
                affiliation=affiliation[0].text.strip() if affiliation else None,
                role=role,
            )
        )
        reading.put(section, affiliation[1:])
    reading.put(section, _filled(marks[0].before)[:-1] if marks else rest)
    return _module("contactsLocationsModule", overallOfficials=officials or "")


def _locations(section: Section, countries: list[str], reading: _Reading) -> Fragment:
    """Facility, place and status of each site; sites without a status line are two lines each."""
    marks, rest = _marked(section.lines, [_SITE_STATUS], get_args(tokens.RecruitmentStatus))
    sites: list[dict[str, str]] = []
    for mark in marks:
        found = _sites(section, _filled(mark.before), countries, reading)
        status = _token(section, mark.line, "Site Status", mark.value, tokens.RecruitmentStatus)
        if found:
            found[-1]["status"] = status
        sites += found
    sites += _sites(section, _filled(rest), countries, reading)
    return _module("contactsLocationsModule", locations=sites or "")


def _sites(
    section: Section, lines: list[Line], countries: list[str], reading: _Reading
) -> list[dict[str, str]]:
    if len(lines) == 1:
        place = lines[0].text.strip()
        return [_place(place, countries) if "," in place else {"facility": place}]
    if len(lines) % 2:
        reading.put(section, lines[1:-1])
        lines = [lines[0], lines[-1]] if lines else []
    return [
        {"facility": facility.text.strip(), **_place(place.text.strip(), countries)}
        for facility, place in zip(lines[::2], lines[1::2], strict=True)
    ]


def _place(text: str, countries: list[str]) -> dict[str, str]:
    """City, state and country of "City, State, Country"; the page's list of countries settles commas."""
    country = max((c for c in countries if text == c or text.endswith(f", {c}")), key=len, default=None)
    if country is None and (inverted := _INVERTED_COUNTRY.search(text)):
        country = inverted["country"]
    if country is None:
        head, _, last = text.rpartition(", ")
        # two parts, the last no country of this page: City, State
        country = last if head and not (countries and "," not in head) else None
    local = text.removesuffix(country).removesuffix(", ") if country else text
    city, _, state = local.rpartition(", ")
    return _stated(city=city or state or None, state=state if city else None, country=country)


def _identifiers(section: Section, reading: _Reading) -> Fragment:
    """Each identifier has its fields below it, the source among them, which says what kind it is."""
    marks, rest = _marked(section.lines, [_IDENTIFIER])
    items: list[tuple[Line, dict[str, Line]]] = []
    for mark in marks:
        if above := _filled(mark.before):
            reading.put(section, above[:-1])
            items.append((above[-1], {}))
        if not items:
            raise section.error("identifier without its id", mark.line)
        if not _says_nothing(mark.value):
            items[-1][1][mark.match["label"]] = Line(mark.line.number, mark.value, mark.value)
    reading.put(section, rest)
    identification: dict[str, Any] = {}
    for line, fields in items:
        _add_identifier(identification, section, line, fields, reading)
    return _module("identificationModule", **identification)


def _add_identifier(
    identification: dict[str, Any], section: Section, line: Line, fields: dict[str, Line], reading: _Reading
) -> None:
    value = {label: field.words for label, field in fields.items()}
    source = value.get("Source", "").casefold()
    known = tokens.OrgStudyIdType if source == "org_study_id" else tokens.SecondaryIdType
    identifier = _stated(
        id=line.text.strip(),
        type=_token(section, fields["Type"], "Identifier Type", value["Type"], known)
        if "Type" in fields
        else None,
        domain=value.get("Domain"),
        link=value.get("Link"),
    )
    if source == "org_study_id" and "orgStudyIdInfo" not in identification:
        identification["orgStudyIdInfo"] = identifier
    elif source == "secondary_id":
        identification.setdefault("secondaryIdInfos", []).append(identifier)
    elif source == "nct_alias":
        identification.setdefault("nctIdAliases", []).append(identifier["id"])
    else:
        reading.put(section, [Line(line.number, f"{line.words} ({source or 'no source'})", line.words)])


def _related_trials(section: Section, reading: _Reading) -> Fragment:
    """Title, and below it id, status and phases, of each."""
    marks, rest = _marked(section.lines, [_RELATED])
    related = []
    for mark in marks:
        above = _filled(mark.before)
        reading.put(section, above[:-1])
        status, phases = mark.match["status"], mark.match["phases"]
        related.append(
            _stated(
                title=above[-1].text.strip() if above else None,
                nctId=_nct_id(section, mark.line, "NCT ID", mark.match["id"]),
                status=status and _token(section, mark.line, "a related trial", status, tokens.Status),
                phases=phases and _phases(section, mark.line, "a related trial", phases),
            )
        )
    reading.put(section, rest)
    return {"pageSection": {"relatedTrials": related or ""}}


# --- arms and interventions ------------------------------------------------------------------------------


class _Intervention(NamedTuple):
    """An intervention and the labels of the arms that list it."""

    name: str
    type: str | None
    lines: tuple[Line, ...]
    """The lines of its description."""
    arms: list[str]
    other_names: list[str]

    @property
    def title(self) -> str:
        """As an arm of a registry record names it: "Dietary Supplement: Vitamin D"."""
        return f"{self.type.replace('_', ' ').title()}: {self.name}" if self.type else self.name

    @property
    def words(self) -> tuple[str, ...]:
        """The description without regard to empty lines and blanks."""
        return tuple(line.words for line in self.lines if line.words)

    def record(self) -> dict[str, Any]:
        """The intervention of a registry record."""
        return _stated(
            type=self.type,
            name=self.name,
            description=_prose(self.lines) or None,
            armGroupLabels=self.arms or None,
            otherNames=self.other_names or None,
        )


def _interventions(section: Section, reading: _Reading) -> list[_Intervention]:
    """The section "Interventions": name, description and type of each."""
    marks, rest = _marked(section.lines, [_INTERVENTION_TYPE], get_args(tokens.InterventionType))
    reading.put(section, rest)
    found = []
    for mark in marks:
        name, description = _name_and_text(section, mark.before, "an intervention", mark.line)
        kind = _token(section, mark.line, "Intervention Type", mark.value, tokens.InterventionType)
        found.append(_Intervention(name, kind or None, tuple(description), [], []))
    return found


def _name_and_text(section: Section, lines: list[Line], what: str, at: Line) -> tuple[str, list[Line]]:
    first = next((index for index, line in enumerate(lines) if line.words), None)
    if first is None:
        raise section.error(f"{what} without a name", at)
    return lines[first].text.strip(), lines[first + 1 :]


def _name_otherwise(catalogue: list[_Intervention], sections: list[Section], reading: _Reading) -> None:
    """Other names go to the intervention when there is only one: the page does not say whose they are."""
    for section in sections:
        if len(catalogue) == 1:
            catalogue[0].other_names.extend(line.text.strip() for line in _filled(section.lines))
        else:
            reading.put(section, section.lines)


def _arms(section: Section, catalogue: list[_Intervention], reading: _Reading) -> Fragment:
    """The section "Study Groups"; adds to the catalogue which arms list an intervention."""
    groups = _Groups(section, catalogue, reading)
    groups.read()
    return _module("armsInterventionsModule", armGroups=[_stated(**arm) for arm in groups.arms] or "")


class _Groups:
    """Reads arm after arm: label, description, type, then its interventions: name, type, description.

    Nothing marks where the description of an intervention ends and the next arm begins. The section
    "Interventions" tells, which has the same description. Without it the description is taken to be one
    line, or all lines where only the name of the next intervention follows.
    """

    def __init__(self, section: Section, catalogue: list[_Intervention], reading: _Reading) -> None:
        self.section = section
        self.catalogue = catalogue
        self.listed_apart = bool(catalogue)
        self.reading = reading
        self.arms: list[dict[str, Any]] = []
        self.nested: _Mark | None = None
        """The mark of the intervention whose description is due."""
        self.name = ""
        self.typed = False
        """Whether the last mark was the type of the arm."""

    def read(self) -> None:
        """Go through the section once."""
        known = (*get_args(tokens.ArmGroupType), *get_args(tokens.InterventionType))
        patterns = (_GROUP_TYPE, _INTERVENTION_TYPE, _NO_INTERVENTIONS)
        marks, rest = _marked(self.section.lines, patterns, known)
        for mark in marks:
            lines = self._after_nested(mark.before, mark.match.re)
            if mark.match.re is _GROUP_TYPE:
                self._begin(lines, mark.line)
                self.arms[-1]["type"] = _token(
                    self.section, mark.line, "Group Type", mark.value, tokens.ArmGroupType
                )
            elif mark.match.re is _NO_INTERVENTIONS:
                self._begin_unless_typed(lines, mark.line)
            else:
                self._nest(lines, mark)
            self.typed = mark.match.re is _GROUP_TYPE
        last = self._after_nested(rest, None)
        if _filled(last):
            self._begin_unless_typed(last, last[0])

    def _begin(self, lines: list[Line], at: Line) -> None:
        label, description = _name_and_text(self.section, lines, "a group", at)
        self.arms.append({"label": label, "description": _prose(description) or None})

    def _begin_unless_typed(self, lines: list[Line], at: Line) -> None:
        if self.typed:
            self.reading.put(self.section, lines)
        else:
            self._begin(lines, at)

    def _nest(self, lines: list[Line], mark: _Mark) -> None:
        """The last line before the mark names the intervention; what stands above it begins an arm."""
        filled = _filled(lines)
        if not filled:
            raise self.section.error("an intervention without a name", mark.line)
        above = lines[: lines.index(filled[-1])]
        if _filled(above):
            self._begin_unless_typed(above, mark.line)
        self.name, self.nested = filled[-1].text.strip(), mark

    def _after_nested(self, lines: list[Line], following: re.Pattern[str] | None) -> list[Line]:
        """The lines that follow the description of the intervention before, which is noted."""
        if self.nested is None:
            return lines
        mark, self.nested = self.nested, None
        value = _token(self.section, mark.line, "Intervention Type", mark.value, tokens.InterventionType)
        kind = value or None
        candidates = [item for item in self.catalogue if (item.name, item.type) == (self.name, kind)]
        words = tuple(line.words for line in lines if line.words)
        fitting = [item for item in candidates if item.words == words[: len(item.words)]]
        longest = max((len(item.words) for item in fitting), default=None)
        if longest is None:
            longest = self._guess(lines, following)
        description, others = _split_after(lines, longest)
        same = [item for item in fitting if len(item.words) == longest]
        if not same and not (self.listed_apart and candidates):
            same = [_Intervention(self.name, kind, tuple(description), [], [])]
            self.catalogue += same
        elif not same:
            self.reading.put(self.section, description)
            same = candidates
        self._link(same)
        return others

    def _guess(self, lines: list[Line], following: re.Pattern[str] | None) -> int:
        filled = len(_filled(lines))
        if following is None:
            return filled
        return filled - 1 if following is _INTERVENTION_TYPE else min(1, filled - 1)

    def _link(self, interventions: list[_Intervention]) -> None:
        if not self.arms:
            return
        arm = self.arms[-1]
        names = arm.setdefault("interventionNames", [])
        if interventions[0].title not in names:
            names.append(interventions[0].title)
        for item in interventions:
            if arm["label"] not in item.arms:
                item.arms.append(arm["label"])


def _split_after(lines: list[Line], filled: int) -> tuple[list[Line], list[Line]]:
    """The lines up to and with the given number of lines that are not empty, and the others."""
    seen = 0
    for index, line in enumerate(lines):
        if seen == filled:
            return lines[:index], lines[index:]
        seen += bool(line.words)
    return lines, []


_READERS: dict[str, Callable[[Section, _Reading], Fragment]] = {
    "Study Results": _study_results,
    "Basic Information": _basic_information,
    "Brief Summary": _brief_summary,
    "Detailed Description": _detailed_description,
    "Conditions": _conditions,
    "Keywords": _keywords,
    "Study Design": _study_design,
    "Eligibility Criteria": _eligibility,
    "Sponsors": _sponsors,
    "Responsible Party": _responsible_party,
    "Principal Investigators": _officials,
    "Countries": _countries,
    "Other Identifiers": _identifiers,
    "More Related Trials": _related_trials,
}
