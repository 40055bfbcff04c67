"""The command `criteria`: how each line of the eligibility criteria was understood."""

import sys
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from fhir_trial.errors import ExitCode, RecordError

if TYPE_CHECKING:
    from fhir_trial.trial import Trial
    from fhir_trial.understanding import Line, Share

COMMONEST = 15
"""How many of the words not understood are shown."""
COLOURS = {"computable": "green", "partial": "yellow", "text": None}
MARKS = {"computable": "+", "partial": "~", "text": " "}

CRITERIA_HELP = """Show how each line of the eligibility criteria was understood.

Lines marked + are computable: all of them is in the limits shown. Lines marked ~ are understood in part,
others not at all; their words are kept as they are. Several records end with the share of each and the
commonest words not understood; --summary shows nothing else.

\b
Examples:
  fhir-trial criteria seeds/NCT03597321.page.txt
  fhir-trial criteria records.zip --summary
  fhir-trial criteria records/ --json > lines.ndjson

Exit codes: 0 everything read; 1 some records could not be read; 3 no record could be read.
"""


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(help=CRITERIA_HELP)(criteria)


def criteria(
    source: Annotated[
        list[str], typer.Argument(help="Records: file, folder, archive, NDJSON, page text, or -.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line of criteria.")] = False,
    summary: Annotated[bool, typer.Option("--summary", help="Only the share over all records.")] = False,
) -> None:
    """Show how eligibility criteria were understood."""
    from fhir_trial import understanding

    share, failed = understanding.Share(), 0
    for item in _read(source):
        if isinstance(item, RecordError):
            failed += 1
            typer.echo(f"error: {item}", err=True)
            continue
        found = list(understanding.lines(item, _mesh_terms(item)))
        share.add(found)
        if as_json and not summary:
            for line in found:
                sys.stdout.buffer.write(orjson.dumps(understanding.document(item.id, line)) + b"\n")
        elif not summary:
            _show(item.id, found)
    _conclude(share, failed, as_json=as_json, summary=summary)


def _read(sources: list[str]) -> "Iterator[Trial | RecordError]":
    from fhir_trial import reading

    return chain.from_iterable(map(reading.read, sources))


def _mesh_terms(trial: "Trial") -> dict[str, str]:
    from fhir_trial.mapping import mesh
    from fhir_trial.release import Release

    matched = mesh.dictionary(trial.derived.conditions if trial.derived else None, Release.R4)
    return {words: coding["code"] for words, coding in matched.items()}


def _show(trial_id: str, found: "list[Line]") -> None:
    from fhir_trial.understanding import wording

    typer.secho(trial_id, bold=True)
    section = label = None
    for criterion, reading, depth in found:
        if criterion.section != section:
            section = criterion.section
            typer.secho(f"\n{section.capitalize()}", bold=True)
        if criterion.label != label:
            label = criterion.label
            if label:
                typer.secho(f"  [{label}]", italic=True)
        indent = "    " * depth
        logic = f"  ({criterion.logic})" if criterion.children else ""
        typer.secho(f"{MARKS[reading.status]} {indent}{criterion.text}{logic}", fg=COLOURS[reading.status])
        joint = f"  ({reading.join})" if len(reading.constraints) > 1 else ""
        for constraint in reading.constraints:
            typer.secho(f"    {indent}→ {wording(constraint)}{joint}", fg="cyan")
        if reading.status == "partial" and reading.residue:
            typer.secho(f"    {indent}  not understood: {' … '.join(reading.residue)}", dim=True)
    typer.echo()


def _conclude(share: "Share", failed: int, *, as_json: bool, summary: bool) -> None:
    if as_json and summary:
        typer.echo(orjson.dumps(share.document(COMMONEST)).decode())
    elif summary or share.trials > 1:
        lines = share.statuses.total()
        typer.echo(f"records     {share.trials}, with {lines} lines of criteria", err=not summary)
        for status in ("computable", "partial", "text"):
            count = share.statuses[status]
            percent = f"{100 * count / lines:5.1f} %" if lines else "    –"
            typer.echo(f"{status:<11} {count:>6}  {percent}", err=not summary)
        words = ", ".join(f"{word} {count}" for word, count in share.ranked(COMMONEST))
        typer.echo(f"commonest words not understood: {words}", err=not summary)
    if failed:
        raise typer.Exit(ExitCode.SOME_FAILED if share.trials else ExitCode.NOTHING_READ)
