"""What the resources of one trial's results have in common, in every release."""

import re
from collections import Counter
from typing import Any, NamedTuple

from fhir_trial.mapping import extensions, urls
from fhir_trial.mapping.graph import Graph, Reference
from fhir_trial.mapping.results.groups import Groups, logical_reference
from fhir_trial.mapping.results.tables import Cell, Table
from fhir_trial.results import AdverseEvent, Milestone, ResultGroup, Withdrawal

Element = dict[str, Any]

FLOW, BASELINE, OUTCOMES, EVENTS = (
    "participant-flow",
    "baseline-characteristics",
    "outcome-measures",
    "adverse-events",
)
"""The parts of the results, as codes of our code system."""
PART_TITLES = {
    FLOW: "Participant flow",
    BASELINE: "Baseline characteristics",
    OUTCOMES: "Outcome measures",
    EVENTS: "Adverse events",
}
ANALYSIS = "statistical-analysis"

MEDDRA = "https://www.meddra.org"
"""THO NamingSystem mdr, preferred."""


Subject = tuple[Reference | None, list[Cell]]
"""The group that values belong to: a reference 0..1, and its cells."""


class Context:
    """The trial, the release and the Groups that results are written for."""

    def __init__(self, trial_id: str, graph: Graph) -> None:
        self.trial_id = trial_id
        self.graph = graph
        self.release = graph.release
        self.groups = Groups(trial_id, graph)
        self.identifier = {"system": urls.RESULTS, "value": trial_id}
        """On every resource of the results: finds them by study where the release has no other search."""

    def id(self, name: str) -> str:
        """The id of a resource of the results, e.g. NCT03597321-result-outcome-1."""
        return f"{self.trial_id}-result-{name}"

    def group(self, groups: list[ResultGroup], group_id: str) -> Reference:
        """Reference to a group by its id: to its Group, or by identifier when none is listed."""
        listed = next((group for group in groups if group.id == group_id), None)
        return self.groups.reference(listed) if listed else logical_reference(group_id)

    def subjects(self, table: Table) -> list[Subject]:
        """The groups of a table in order: those listed, then those that only cells name.

        Cells of an id that stands twice belong to the first group of that id.
        """
        found: list[Subject] = []
        known: set[str | None] = set()
        every, totals, lists = table.cells, table.totals, table.lists_groups
        reference = self.groups.reference
        for number, group in enumerate(table.groups):
            group_id = group.id
            if totals is not None:
                cells = totals[number]
            else:
                cells = [] if group_id in known else every.get(group_id, [])
            known.add(group_id)
            if cells or lists:
                found.append((reference(group), cells))
        if not known.issuperset(every):
            for group_id, cells in every.items():
                if group_id not in known:
                    found.append((None if group_id is None else logical_reference(group_id), cells))
        return found


# --- rows -----------------------------------------------------------------------------------------------

_EVENT = urls.EXTENSION + "adverse-event"
_ORGAN_SYSTEM = urls.EXTENSION + "organ-system"
_COMMENT = urls.EXTENSION + "result-comment"
_HEADING = urls.EXTENSION + "row-heading"


class Common(NamedTuple):
    """What most events of a table say: said once, and not again in the rows that say the same."""

    vocabulary: str | None = None
    assessment: str | None = None


def common(table: Table) -> Common:
    """What a table's rows need not repeat: only what every row states, so that none is given another's."""
    if not table.rows or not isinstance(table.rows[0][2], AdverseEvent):
        return Common()
    return Common(
        _most([event.source_vocabulary for _, _, event in table.rows]),
        _most([event.assessment_type for _, _, event in table.rows]),
    )


def _most(stated: list[str | None]) -> str | None:
    return Counter(stated).most_common(1)[0][0] if all(stated) else None


def common_extension(stated: Common) -> list[Element]:
    """What a table's rows have in common, as an extension of the measure: 0..1."""
    return _event_extension(stated.vocabulary, stated.assessment, None)


def row_extension(part: Any, stated: Common) -> list[Element]:
    """What the release has no element for in a row, but for what the rows have in common."""
    if isinstance(part, AdverseEvent):
        if not part.term and not part.organ_system:
            stated = Common()  # else the row would say nothing, and there would be none
        vocabulary, assessment = part.source_vocabulary, part.assessment_type
        own = _event_extension(
            None if vocabulary == stated.vocabulary else vocabulary,
            None if assessment == stated.assessment else assessment,
            part.notes,
        )
        return [{"url": _ORGAN_SYSTEM, "valueString": part.organ_system}, *own] if part.organ_system else own
    if isinstance(part, Milestone | Withdrawal) and part.comment:
        return [{"url": _COMMENT, "valueMarkdown": part.comment}]
    return []


def _event_extension(vocabulary: str | None, assessment: str | None, notes: str | None) -> list[Element]:
    inner: list[Element] = []
    if vocabulary:
        inner.append({"url": "sourceVocabulary", "valueString": vocabulary})
        if coding := _coding(vocabulary):
            inner.append({"url": "vocabulary", "valueCoding": coding})
    if assessment:
        inner.append({"url": "assessmentType", "valueCode": assessment})
    if notes:
        inner.append({"url": "notes", "valueMarkdown": notes})
    return [{"url": _EVENT, "extension": inner}] if inner else []


def row_heading(heading: str) -> Element:
    """The heading above the row of a cell; people need it beside the row's own title, readers do not."""
    return {"url": _HEADING, "valueString": heading}


_VERSION = re.compile(r"\d+(?:\.\d+)?", re.ASCII)


def _coding(vocabulary: str) -> Element | None:
    """Coding {system, version 0..1} of MedDRA: the registry has the words of a term and no code."""
    if "meddra" not in vocabulary.lower():
        return None
    version = _VERSION.search(vocabulary)
    return {"system": MEDDRA, "version": version[0]} if version else {"system": MEDDRA}


_TITLES = {
    "d": "units",
    "c": "title",
    "k": "title",
    "p": "title",
    "m": "type",
    "w": "type",
    "e": "term",
    "o": "term",
}
_EVENT_VALUES = {"sourceVocabulary": "valueString", "assessmentType": "valueCode", "notes": "valueMarkdown"}


def read_common(measure: Element) -> Element:
    """The fields of the record that all events of a measure have."""
    return _read_event(measure.get("extension", ()))


def _read_event(stated: Any) -> Element:
    return {
        name: inner[_EVENT_VALUES[name]]
        for one in stated
        if one.get("url") == _EVENT
        for inner in one.get("extension", ())
        if (name := inner.get("url")) in _EVENT_VALUES and _EVENT_VALUES[name] in inner
    }


def read_row(letter: str, title: str | None, element: Element, stated: Element) -> Element:
    """The fields of the record that a row holds; `stated`: what holds for every row of the measure."""
    found: Element = {}
    if title is not None and letter in _TITLES:
        found[_TITLES[letter]] = title
    if letter in ("e", "o"):
        found |= stated
        found |= _read_event(element.get("extension", ()))
        if organ := extensions.value(element, "organ-system", "valueString"):
            found["organSystem"] = organ
    elif comment := extensions.value(element, "result-comment", "valueMarkdown"):
        found["comment"] = comment
    return found
