"""The command `fhir-trial report`: arguments in, traces called, text out, an exit code."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from fhir_trial import terminal
from fhir_trial.errors import ExitCode, RecordError
from fhir_trial.release import Release

if TYPE_CHECKING:
    from fhir_trial.report import Totals
    from fhir_trial.trial import Trial

HELP = """Show where every value of a record went: in which element of which resource, how, or why nowhere.

The report is found by following values: each is changed, and the resources are searched for what changes
with it. Narratives do not count, nor does the reference to the source.

\b
Examples:
  fhir-trial report seeds/NCT03597321.page.txt
  fhir-trial report record.json --to R5 --html record.html
  fhir-trial report records.zip --summary
  fhir-trial report records.zip --json | grep '"how":"not mapped"'

Exit codes: 0 everything traced; 1 some records could not be read, or a value was lost; 2 wrong usage, or the
page cannot be written; 3 no record could be read.
"""


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(name="report", help=HELP)(report)


def report(
    source: Annotated[
        list[str],
        typer.Argument(help="File, folder, .zip, .gz, NDJSON, JSON array, page text; - is standard input."),
    ],
    to: Annotated[Release, typer.Option(help="FHIR release.")] = Release.R4,
    summary: Annotated[
        bool, typer.Option("--summary", help="Fields, counts and shares over all records.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="A line of JSON for each value; with --summary one in all.")
    ] = False,
    html: Annotated[
        str | None, typer.Option("--html", help="Write a page that shows one record beside its resources.")
    ] = None,
) -> None:
    """Trace records."""
    from fhir_trial.report import Totals

    if html is not None and summary:
        _refuse("--html shows one record, --summary many")
    totals = Totals()
    trials = _trials(source, totals)
    with terminal.leaving_reader():
        if html is not None:
            _page(trials, to, html, totals)
        else:
            _lines(trials, to, totals, summary=summary, as_json=as_json)
    _end(totals, quiet=summary and as_json)


def _trials(sources: list[str], totals: "Totals") -> Iterator["Trial"]:
    """The records that can be read; of the others it is said why not."""
    from fhir_trial import reading

    for path in sources:
        for trial in reading.read(path):
            if isinstance(trial, RecordError):
                totals.failed += 1
                terminal.echo(f"error: {trial}", err=True)
            else:
                yield trial


def _lines(
    trials: Iterator["Trial"], release: Release, totals: "Totals", *, summary: bool, as_json: bool
) -> None:
    from fhir_trial.report import entry, table, trace

    for trial in trials:
        traced = trace(trial, release)
        totals.add(traced)
        if summary:
            continue
        if as_json:
            for leaf in traced:
                terminal.echo_json(entry(leaf))
        else:
            for line in table(traced):
                terminal.echo(line)
    if summary and as_json:
        terminal.echo_json(totals.document())
    elif summary and totals.records:
        for line in totals.lines():
            terminal.echo(line)


def _page(trials: Iterator["Trial"], release: Release, target: str, totals: "Totals") -> None:
    from pathlib import Path

    from fhir_trial.report import page, trace

    trial = next(trials, None)
    if trial is None:
        return
    if next(trials, None) is not None:
        _refuse("--html shows one record, the sources hold several")
    traced = trace(trial, release)
    totals.add(traced)
    try:
        Path(target).write_text(page(trial, release, traced), encoding="utf-8", errors="replace")
    except OSError as exc:
        _refuse(f"cannot write {target}: {exc.strerror or exc}")


def _refuse(reason: str) -> NoReturn:
    terminal.echo(f"fhir-trial: {reason}", err=True)
    raise typer.Exit(ExitCode.USAGE)


def _end(totals: "Totals", *, quiet: bool) -> None:
    if not quiet:
        terminal.echo(totals.headline(), err=True)
    if not totals.records:
        raise typer.Exit(ExitCode.NOTHING_READ)
    if totals.failed or totals.lost:
        raise typer.Exit(ExitCode.SOME_FAILED)
