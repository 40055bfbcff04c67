"""What the resources of one trial's results have in common, in every release."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from fhir_trial.mapping import extensions, urls
from fhir_trial.mapping.graph import Graph, Reference
from fhir_trial.mapping.results.groups import Groups, logical_reference
from fhir_trial.mapping.results.tables import Cell, Table, ordered
from fhir_trial.results import AdverseEvent, AdverseEventDetails, Milestone, ResultGroup, Withdrawal

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


class Subject(NamedTuple):
    """The group that values belong to: a reference 0..1, what it is called, and its cells."""

    reference: Reference | None
    title: str | None
    cells: list[Cell]


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

    def subjects(self, table: Table) -> Iterator[Subject]:
        """The groups of a table in order: those listed, then those that only cells name."""
        for group, cells in ordered(table):
            if cells or table.lists_groups:
                yield Subject(self.groups.reference(group), group.title or group.id, cells)
        known = {group.id for group in table.groups}
        for group_id, cells in table.cells.items():
            if group_id not in known:
                reference = logical_reference(group_id) if group_id is not None else None
                yield Subject(reference, group_id, cells)


# --- rows -----------------------------------------------------------------------------------------------


def row_extension(part: Any) -> list[Element]:
    """What the release has no element for in a row."""
    if isinstance(part, AdverseEvent):
        return extensions.extension("adverse-event", part, AdverseEventDetails)
    if isinstance(part, Milestone | Withdrawal):
        return extensions.simple("result-comment", "valueMarkdown", part.comment)
    return []


def row_heading(cell: Cell) -> list[Element]:
    """The heading above the row of a cell; people need it beside the row's own title, readers do not."""
    return extensions.simple("row-heading", "valueString", cell.heading)


_VERSION = re.compile(r"\d+(?:\.\d+)?", re.ASCII)


def event_coding(part: Any) -> Element | None:
    """Coding {system, version 0..1} of a MedDRA term: the registry has the words of the term and no code."""
    if not isinstance(part, AdverseEvent) or not part.term:
        return None
    vocabulary = part.source_vocabulary
    if not vocabulary or "meddra" not in vocabulary.lower():
        return None
    coding: Element = {"system": MEDDRA}
    if version := _VERSION.search(vocabulary):
        coding["version"] = version[0]
    return coding


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


def read_row(letter: str, title: str | None, element: Element) -> Element:
    """The fields of the record that a row holds."""
    found: Element = {}
    if title is not None and letter in _TITLES:
        found[_TITLES[letter]] = title
    for details in extensions.parts(element, "adverse-event", AdverseEventDetails):
        found |= details
    comment = extensions.value(element, "result-comment", "valueMarkdown")
    return found | ({"comment": comment} if comment else {})
