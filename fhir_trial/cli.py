"""The command line: arguments in, a use case called, text out, an exit code."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from fhir_trial import __version__, cli_criteria, cli_report, cli_server, terminal
from fhir_trial.errors import ExitCode, Issue
from fhir_trial.release import Release

if TYPE_CHECKING:
    from fhir_trial.client.access import Access
    from fhir_trial.pipeline import Outcome
    from fhir_trial.summary import Summary


ISSUES_SHOWN = 5
"""How many errors of one invalid bundle are shown; `validate` shows all."""


UNREAD_SHOWN = 50
"""How many elements that were not read are shown of one foreign bundle."""


class To(StrEnum):
    """What `convert` makes."""

    R4 = "R4"
    R4B = "R4B"
    R5 = "R5"
    CTGOV = "ctgov"


class BundleKind(StrEnum):
    """How the bundle is meant: to keep, or to send to a server."""

    COLLECTION = "collection"
    TRANSACTION = "transaction"


class Layout(StrEnum):
    """How the output is laid out."""

    JSON = "json"
    NDJSON = "ndjson"


class Format(StrEnum):
    """The input formats; the keys of `reading.SOURCES`, pinned by a test."""

    CTGOV_V2 = "ctgov-v2"
    PAGE_TEXT = "page-text"


SOURCE_HELP = "File, folder, .zip, .gz, NDJSON, JSON array, list reply, page text; - is standard input."
CODES_HELP = (
    "Exit codes: 0 everything done; 1 some records failed or are invalid, the rest were done; "
    "2 wrong usage, or the output cannot be written; 3 no record could be read."
)
CONVERT_HELP = f"""Convert registry records to FHIR bundles, and bundles back or to another release.

The output is validated before it is written; a record whose bundle has errors is reported and left out.

\b
Examples:
  fhir-trial convert seeds/NCT03597321.page.txt
  fhir-trial convert records.zip --to R5 -o bundles.ndjson
  fhir-trial convert records/ --bundle transaction -o out/
  curl -s https://clinicaltrials.gov/api/v2/studies/NCT03597321 | fhir-trial convert -
  fhir-trial convert out/NCT03597321.json --to ctgov

{CODES_HELP}
"""
VALIDATE_HELP = f"""Validate FHIR resources and bundles: structure, codes, invariants, references, narratives.

Issues go to standard output, one a line (with --json, one JSON object a line); the summary to standard error.

\b
Examples:
  fhir-trial validate bundle.json
  fhir-trial validate out/ --release R5
  fhir-trial convert records.zip | fhir-trial validate - --json
  fhir-trial validate out/ --engine hl7
  fhir-trial validate bundle.json --server http://localhost:8080/fhir

{CODES_HELP}
"""

app = typer.Typer(
    name="fhir-trial",
    help="Clinical-trial registry records into, through and out of FHIR (R4, R4B, R5).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        terminal.echo(f"fhir-trial {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Options of the program itself."""


@app.command(help=CONVERT_HELP)
def convert(
    source: Annotated[list[str], typer.Argument(help=SOURCE_HELP)],
    to: Annotated[To, typer.Option(help="FHIR release, or the registry's own format.")] = To.R4,
    bundle: Annotated[BundleKind, typer.Option(help="Kind of Bundle.")] = BundleKind.COLLECTION,
    layout: Annotated[
        Layout,
        typer.Option("--format", help="json: one record indented, several a line each; ndjson: a line each."),
    ] = Layout.JSON,
    output: Annotated[
        str,
        typer.Option("--output", "-o", help="File, folder (made if it ends in /), or - for standard output."),
    ] = "-",
    source_format: Annotated[
        Format | None,
        typer.Option("--from", help="Format of the sources; recognised by content if not given."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Summary as one line of JSON.")] = False,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first failure.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Processes to work on.")] = 1,
) -> None:
    """Convert registry records."""
    from fhir_trial import pipeline, writing

    _usable(output)
    options = pipeline.Options(
        release=None if to == To.CTGOV else Release(to.value),
        bundle=bundle.value,
        format=source_format and source_format.value,
        indent=layout == Layout.JSON and writing.is_folder(output),
    )
    summary = _summary(f"converted to {to.value}", None if output == "-" else output)
    outcomes = _observed(
        pipeline.convert_all(source, options, jobs=jobs), summary, fail_fast=fail_fast, show=not as_json
    )
    _written(outcomes, output, layout)
    _end(summary, as_json)


@app.command(help=VALIDATE_HELP)
@cli_server.with_optional_access
def validate(
    source: Annotated[list[str], typer.Argument(help="FHIR JSON or NDJSON: file, folder, .zip, .gz, or -.")],
    to_server: "Access | None",
    release: Annotated[Release, typer.Option(help="FHIR release to validate against.")] = Release.R4,
    engine: Annotated[
        cli_server.Engine, typer.Option(help="ours, or HL7's own engine (needs Java 17 and Maven).")
    ] = cli_server.Engine.OURS,
    as_json: Annotated[bool, typer.Option("--json", help="Issues and summary as lines of JSON.")] = False,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first failure.")] = False,
) -> None:
    """Validate FHIR."""
    summary = _summary(f"valid {release.value}", None)
    outcomes = cli_server.validated(source, release, engine, to_server)
    with _delivery("-"):
        for outcome in _observed(outcomes, summary, fail_fast=fail_fast, show=False):
            if outcome.error and not as_json:
                _print_failure(outcome)
            for issue in outcome.issues:
                _print_issue(issue, as_json)
    _end(summary, as_json)


cli_server.register(app)
cli_report.register(app)
cli_criteria.register(app)


def main() -> None:
    """The entry point of `fhir-trial`."""
    app(prog_name="fhir-trial")


# --- output ----------------------------------------------------------------------------------------------


def _usable(output: str) -> None:
    """Refuse an output whose folder is not there before anything is read."""
    from pathlib import Path

    from fhir_trial import writing

    parent = Path(output).parent
    if output != writing.STDOUT and not writing.is_folder(output) and not parent.is_dir():
        _refuse(f"cannot write {output}: there is no folder {parent}")


def _written(outcomes: Iterable["Outcome"], output: str, layout: Layout) -> None:
    """Write what was converted; a file is not touched if nothing was."""
    from fhir_trial import writing

    converted = (outcome for outcome in outcomes if outcome.data is not None)
    first = next(converted, None)
    if first is None:
        return
    with _delivery(output), writing.opened(output, layout.value) as write:
        for outcome in chain([first], converted):
            write(outcome.id or "", outcome.data or b"")


@contextmanager
def _delivery(output: str) -> Iterator[None]:
    """What an output may do to us: its reader leaves (`| head`), which is no error, or it takes no more."""
    try:
        yield
    except BrokenPipeError:
        _drop_what_is_buffered()
        raise typer.Exit(ExitCode.OK) from None
    except OSError as exc:
        if output == "-":
            _drop_what_is_buffered()
        _refuse(f"cannot write {'standard output' if output == '-' else output}: {exc.strerror or exc}")


def _drop_what_is_buffered() -> None:
    """Keep what standard output still holds from failing once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refuse(reason: str) -> NoReturn:
    terminal.echo(f"fhir-trial: {reason}", err=True)
    raise typer.Exit(ExitCode.USAGE)


# --- reports ---------------------------------------------------------------------------------------------


def _summary(verb: str, target: str | None) -> "Summary":
    from fhir_trial.summary import Summary

    return Summary(verb=verb, target=target)


def _observed(
    outcomes: Iterable["Outcome"], summary: "Summary", *, fail_fast: bool, show: bool
) -> Iterator["Outcome"]:
    """The outcomes, counted and shown as they pass; up to the first failure if asked so."""
    from fhir_trial.progress import watched

    with watched(outcomes, beside_data=summary.target is None) as watched_outcomes:
        for outcome in watched_outcomes:
            summary.add(outcome)
            if show:
                _print_failure(outcome)
                _print_unread(outcome)
            yield outcome
            if outcome.failed and fail_fast:
                summary.stopped = True
                return


def _print_failure(outcome: "Outcome") -> None:
    if outcome.error:
        terminal.echo(f"error: {outcome.error}", err=True)
        return
    errors = outcome.errors
    for issue in errors[:ISSUES_SHOWN]:
        terminal.echo(str(issue), err=True)
    if len(errors) > ISSUES_SHOWN:
        terminal.echo(f"{outcome.place}: and {len(errors) - ISSUES_SHOWN} more", err=True)


def _print_unread(outcome: "Outcome") -> None:
    """What nothing was made of, in FHIR that others wrote."""
    for path in outcome.unread[:UNREAD_SHOWN]:
        terminal.echo(f"warning: {outcome.place}: not read: {path}", err=True)
    if len(outcome.unread) > UNREAD_SHOWN:
        more = len(outcome.unread) - UNREAD_SHOWN
        terminal.echo(
            f"warning: {outcome.place}: not read: {more} more (--json counts all by element)", err=True
        )


def _print_issue(issue: Issue, as_json: bool) -> None:
    if as_json:
        terminal.echo_json(issue)
    else:
        terminal.echo(str(issue))


def _end(summary: "Summary", as_json: bool) -> None:
    if as_json:
        terminal.echo_json(summary.document(), err=True)
    else:
        terminal.echo(summary.text(), err=True)
    if summary.exit_code:
        raise typer.Exit(summary.exit_code)
