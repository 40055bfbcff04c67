"""The modules of the results as tables."""

from collections.abc import Iterator

from fhir_trial.mapping.results.context import BASELINE, EVENTS, FLOW, OUTCOMES, PART_TITLES
from fhir_trial.mapping.results.tables import Body, Cell, Cells, Table
from fhir_trial.results import (
    AdverseEvents,
    AdverseEventsDetails,
    Baseline,
    BaselineDetails,
    BaselineMeasure,
    BaselineMeasureDetails,
    EventCount,
    EventGroup,
    FlowDetails,
    OutcomeMeasure,
    OutcomeMeasureDetails,
    ParticipantFlow,
    ResultGroup,
    Results,
)

TOTALS = {"t1": "deaths", "t2": "serious", "t3": "other"}
"""Place of a group's totals in the adverse events -> how the registry's keys for them begin."""
_TOTAL_TITLES = {"t1": "All-cause mortality", "t2": "Serious adverse events", "t3": "Other adverse events"}


def tables(results: Results) -> Iterator[Table]:
    """The tables of the results, in order; the first one of a part stands for the whole module."""
    if results.flow:
        yield _flow(results.flow)
    if results.baseline:
        yield from _baseline(results.baseline)
    if results.outcomes:
        for number, measure in enumerate(results.outcomes.measures or (), 1):
            yield _outcome(number, measure)
    if results.events:
        yield from _events(results.events)


def _flow(flow: ParticipantFlow) -> Table:
    body = Body()
    body.add_periods(flow.periods)
    return Table(
        name="flow",
        part=FLOW,
        title=PART_TITLES[FLOW],
        details=("participant-flow", flow, FlowDetails),
        groups=flow.groups or [],
        lists_groups=True,
        rows=body.rows,
        cells=body.cells,
        unit=flow.type_units_analyzed,
    )


def _baseline(baseline: Baseline) -> Iterator[Table]:
    body = Body()
    body.add_denominators(baseline.denominators)
    groups = baseline.groups or []
    yield Table(
        name="baseline",
        part=BASELINE,
        title=PART_TITLES[BASELINE],
        details=("baseline", baseline, BaselineDetails),
        groups=groups,
        lists_groups=True,
        rows=body.rows,
        cells=body.cells,
    )
    for number, measure in enumerate(baseline.measures or (), 1):
        yield _baseline_measure(number, measure, groups)


def _baseline_measure(number: int, measure: BaselineMeasure, groups: list[ResultGroup]) -> Table:
    body = _measure_body(measure)
    return Table(
        name=f"baseline-{number}",
        part=BASELINE,
        title=measure.title,
        description=measure.description,
        details=("baseline-measure", measure, BaselineMeasureDetails),
        groups=groups,
        lists_groups=False,
        rows=body.rows,
        cells=body.cells,
        source=measure,
        unit=measure.unit_of_measure,
        param=measure.param_type,
        dispersion=measure.dispersion_type,
    )


def _measure_body(measure: BaselineMeasure | OutcomeMeasure) -> Body:
    body = Body()
    body.add_denominators(measure.denominators)
    body.add_classes(measure.classes)
    return body


def _outcome(number: int, measure: OutcomeMeasure) -> Table:
    body = _measure_body(measure)
    return Table(
        name=f"outcome-{number}",
        part=OUTCOMES,
        title=measure.title,
        description=measure.description,
        time_frame=measure.time_frame,
        details=("outcome-measure", measure, OutcomeMeasureDetails),
        groups=measure.groups or [],
        lists_groups=True,
        rows=body.rows,
        cells=body.cells,
        source=measure,
        unit=measure.unit_of_measure,
        param=measure.param_type,
        dispersion=measure.dispersion_type,
    )


def _events(events: AdverseEvents) -> Iterator[Table]:
    groups: list[ResultGroup] = list(events.groups or ())
    cells: Cells = {}
    yield Table(
        name="adverse-events",
        part=EVENTS,
        title=PART_TITLES[EVENTS],
        description=events.description,
        time_frame=events.time_frame,
        details=("adverse-events", events, AdverseEventsDetails),
        groups=groups,
        lists_groups=True,
        rows=[],
        cells=cells,
        totals=[_totals(group) for group in events.groups or ()],
    )
    for name, letter, title, stated in (
        ("serious-events", "e", _TOTAL_TITLES["t2"], events.serious),
        ("other-events", "o", _TOTAL_TITLES["t3"], events.other),
    ):
        if stated:
            body = Body()
            body.add_events(letter, stated)
            yield Table(
                name=name,
                part=EVENTS,
                title=title,
                time_frame=events.time_frame,
                groups=groups,
                lists_groups=False,
                rows=body.rows,
                cells=body.cells,
            )


def _totals(group: EventGroup) -> list[Cell]:
    """The totals of a group; two groups of the same id keep their own."""
    cells: list[Cell] = []
    for place, name in TOTALS.items():
        affected = getattr(group, f"{name}_num_affected")
        at_risk = getattr(group, f"{name}_num_at_risk")
        if affected is not None or at_risk is not None:
            part = EventCount(num_affected=affected, num_at_risk=at_risk)
            cells.append((place, _TOTAL_TITLES[place], None, part))
    return cells
