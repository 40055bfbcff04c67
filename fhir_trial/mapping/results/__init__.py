"""The results of a trial and the resources that hold them, both directions; docs/decisions/0007.

R4B and R5: EvidenceReport, EvidenceVariable, Evidence. R4: Composition and Observation. In each release a
Group per group of participants, and the same tables with the same places (`tables.py`).
"""

from typing import Any, NamedTuple, Protocol

from fhir_trial.mapping import cross_version, extensions
from fhir_trial.mapping.graph import Graph, Index, Reference, Resource, reference
from fhir_trial.mapping.results import evidence, modules, observation, report
from fhir_trial.mapping.results.context import (
    BASELINE,
    EVENTS,
    FLOW,
    OUTCOMES,
    Context,
    read_common,
    read_row,
)
from fhir_trial.mapping.results.groups import read_group, read_group_id
from fhir_trial.mapping.results.tables import Table, last_letter, listed, put
from fhir_trial.release import Release
from fhir_trial.results import (
    AdverseEventsDetails,
    Analysis,
    AnalysisDetails,
    BaselineDetails,
    BaselineMeasureDetails,
    FlowDetails,
    MoreInfo,
    OutcomeMeasure,
    OutcomeMeasureDetails,
    Results,
)
from fhir_trial.trial import Trial

Element = dict[str, Any]


class Shape(Protocol):
    """How a release holds tables: the modules `evidence` and `observation`."""

    def measure(self, table: Table, context: Context, members: list[Reference]) -> Resource: ...
    def values(self, table: Table, context: Context) -> list[Resource]: ...
    def analysis(self, table: Table, context: Context, number: int, stated: Analysis) -> Resource: ...
    def read_measure(self, measure: Resource) -> tuple[str | None, str | None, str | None]: ...
    def read_rows(self, measure: Resource) -> Any: ...
    def read_subject(self, values: Resource) -> Reference | None: ...
    def read_cells(self, values: Resource) -> Any: ...
    def is_analysis(self, resource: Resource) -> bool: ...
    def read_analysis(self, resource: Resource, index: Index) -> Element: ...


def _shape(release: Release) -> Shape:
    return observation if release is Release.R4 else evidence


class Written(NamedTuple):
    """The resources of the results in bundle order, and what stands for them all."""

    groups: list[Resource]
    whole: list[Resource]
    """The report, 0..1."""
    measures: list[Resource]
    values: list[Resource]
    report: Reference | None


def result_resources(trial: Trial, graph: Graph) -> Written:
    """The resources of a trial's results; what they share with the trial goes into the graph.

    Shape: 1 report, per measure 1 resource, 1 per group with values and 1 per analysis; 1 Group per group.
    """
    return _written(trial, trial.results, graph) if trial.results else Written([], [], [], [], None)


def _written(trial: Trial, results: Results, graph: Graph) -> Written:
    context = Context(trial.id, graph)
    shape = _shape(graph.release)
    measures: list[Resource] = []
    members: list[Resource] = []
    entries: list[report.Entry] = []
    for table in modules.tables(results):
        below = _members(table, context, shape)
        references = [reference(one["resourceType"], one["id"]) for one in below]
        measure = shape.measure(table, context, references)
        of_measure = reference(measure["resourceType"], measure["id"], table.title)
        entries.append(report.Entry(table.part, table.title, of_measure, references))
        measures.append(measure)
        members += below
    more = results.more or MoreInfo()
    if graph.release is Release.R4:
        whole = report.composition(entries, more, trial, context)
    else:
        whole = report.evidence_report(entries, more, context)
    of_whole = reference(whole["resourceType"], whole["id"])
    return Written(context.groups.resources, [whole], measures, members, of_whole)


def _members(table: Table, context: Context, shape: Shape) -> list[Resource]:
    """What holds the values of a table: one resource per group, one per analysis."""
    analyses = table.source.analyses if isinstance(table.source, OutcomeMeasure) else None
    return shape.values(table, context) + [
        shape.analysis(table, context, number, stated) for number, stated in enumerate(analyses or (), 1)
    ]


# --- reading --------------------------------------------------------------------------------------------


def read_results(study: Resource, index: Index) -> Element:
    """The resultsSection of the record, from the report that a study refers to; empty without one."""
    stated = cross_version.read(study, "ResearchStudy.result", index.release)
    whole = next(
        (found for one in stated if (found := index.find(one, "EvidenceReport", "Composition"))), None
    )
    if whole is None:
        return {}
    reader = _Reader(index)
    section: Element = {}
    entries = report.read_entries(whole, index)
    by_part = {part: [entry[1:] for entry in entries if entry[0] == part] for part, *_ in entries}
    for part, key, read in (
        (FLOW, "participantFlowModule", reader.flow),
        (BASELINE, "baselineCharacteristicsModule", reader.baseline),
        (OUTCOMES, "outcomeMeasuresModule", reader.outcomes),
        (EVENTS, "adverseEventsModule", reader.events),
    ):
        if part in by_part and (module := read(by_part[part])):
            section[key] = module
    if more := report.read_more(whole):
        section["moreInfoModule"] = more
    return section


_Measures = list[tuple[Resource, list[Resource]]]


class _Reader:
    """Reads tables of one release back into the modules of the record."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._shape = _shape(index.release)

    def flow(self, measures: _Measures) -> Element:
        measure, members = measures[0]
        module = self._details(measure, "participant-flow", FlowDetails)
        return module | self._groups(members, "groups") | self._table(measure, members)

    def baseline(self, measures: _Measures) -> Element:
        (measure, members), *others = measures
        module = self._details(measure, "baseline", BaselineDetails)
        module |= self._groups(members, "groups") | self._table(measure, members)
        if others:
            module["measures"] = [
                self._details(other, "baseline-measure", BaselineMeasureDetails)
                | self._named(other, "title", "description")
                | self._table(other, below)
                for other, below in others
            ]
        return module

    def outcomes(self, measures: _Measures) -> Element:
        return {"outcomeMeasures": [self._outcome(measure, members) for measure, members in measures]}

    def _outcome(self, measure: Resource, members: list[Resource]) -> Element:
        found = self._details(measure, "outcome-measure", OutcomeMeasureDetails)
        found |= self._named(measure, "title", "description", "timeFrame")
        found |= self._groups(members, "groups") | self._table(measure, members)
        if analyses := [self._analysis(one) for one in members if self._shape.is_analysis(one)]:
            found["analyses"] = analyses
        return found

    def _analysis(self, resource: Resource) -> Element:
        stated = self._shape.read_analysis(resource, self._index)
        details = self._details(resource, "analysis", AnalysisDetails)
        return details | {key: value for key, value in stated.items() if value is not None}

    def events(self, measures: _Measures) -> Element:
        (measure, members), *others = measures
        module = self._details(measure, "adverse-events", AdverseEventsDetails)
        module |= self._named(measure, None, "description", "timeFrame")
        module |= self._groups(members, "eventGroups")
        for other, below in others:
            module |= self._table(other, below)
        return module

    def _details(self, resource: Resource, name: str, struct: Any) -> Element:
        found = extensions.parts(resource, name, struct)
        return found[0] if found else {}

    def _named(self, measure: Resource, *keys: str | None) -> Element:
        """Title, description and time frame under these keys, in that order."""
        values = self._shape.read_measure(measure)
        return {key: value for key, value in zip(keys, values, strict=False) if key and value}

    def _groups(self, members: list[Resource], key: str) -> Element:
        """The listed groups in order, with the totals that stand beside them."""
        groups = []
        for member in members:
            if self._shape.is_analysis(member):
                continue
            group = read_group(self._shape.read_subject(member), self._index)
            if group is not None:
                groups.append(group | self._totals(member))
        return {key: groups} if groups else {}

    def _totals(self, member: Resource) -> Element:
        return {
            f"{modules.TOTALS[place]}{key[0].upper()}{key[1:]}": value
            for place, values in self._shape.read_cells(member)
            if place in modules.TOTALS
            for key, value in values.items()
        }

    def _table(self, measure: Resource, members: list[Resource]) -> Element:
        """Rows and cells in the lists where they stood."""
        tree: Element = {}
        common = read_common(measure)
        for place, title, element in self._shape.read_rows(measure):
            put(tree, place, read_row(last_letter(place), title, element, common))
        for member in members:
            if self._shape.is_analysis(member):
                continue
            group_id = read_group_id(self._shape.read_subject(member), self._index)
            group = {} if group_id is None else {"groupId": group_id}
            for place, values in self._shape.read_cells(member):
                if place not in modules.TOTALS:
                    put(tree, place, group | values)
        return listed(tree)
