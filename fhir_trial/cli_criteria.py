"""The command `criteria`: how each line of the eligibility criteria was understood."""

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from fhir_trial import terminal
from fhir_trial.errors import ExitCode, RecordError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from fhir_trial.trial import Trial
    from fhir_trial.understanding import Line, Share, Understood

COMMONEST = 15
"""How many of the words not understood are shown."""
STYLES = {"computable": "green", "partial": "yellow", "text": ""}

CRITERIA_HELP = """Show how each line of the eligibility criteria was understood.

Lines that are computable are understood in full: all of it is in the limits shown. Others are understood in
part, or not at all; their words are kept as they are. Several records end with the share of each and the
commonest words not understood; --summary shows nothing else.

--json gives each record as a JSON object on a line of its own (its fields: docs/criteria.md).

\b
Examples:
  fhir-trial criteria seeds/NCT03597321.page.txt
  fhir-trial criteria records.zip --summary
  fhir-trial criteria records/ --json > records.ndjson

Exit codes: 0 everything read; 1 some records could not be read; 3 no record could be read.
"""


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(help=CRITERIA_HELP)(criteria)


def criteria(
    source: Annotated[
        list[str], typer.Argument(help="Records: file, folder, archive, NDJSON, page text, or -.")
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="A line of JSON for each record; with --summary one in all.")
    ] = False,
    summary: Annotated[bool, typer.Option("--summary", help="Only the share over all records.")] = False,
) -> None:
    """Show how eligibility criteria were understood."""
    from fhir_trial import understanding

    share, failed = understanding.Share(), 0
    screen = None if as_json or summary else terminal.console()
    with terminal.leaving_reader():
        for item in _read(source):
            if isinstance(item, RecordError):
                failed += 1
                terminal.echo(f"error: {item}", err=True)
                continue
            found = understanding.understood(item, _mesh_terms(item))
            share.add(found)
            if screen is not None:
                _show(found, screen)
            elif as_json and not summary:
                terminal.echo_json(understanding.document(found))
        _conclude(share, failed, as_json=as_json, summary=summary)


def _read(sources: list[str]) -> "Iterator[Trial | RecordError]":
    from fhir_trial import reading

    return chain.from_iterable(map(reading.read, sources))


def _mesh_terms(trial: "Trial") -> dict[str, str]:
    from fhir_trial.mapping import mesh
    from fhir_trial.release import Release

    matched = mesh.dictionary(trial.derived.conditions if trial.derived else None, Release.R4)
    return {words: coding["code"] for words, coding in matched.items()}


# --- for people ------------------------------------------------------------------------------------------


def _show(found: "Understood", screen: "Console") -> None:
    """A table of the criteria; cells are folded, never cut."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    with screen.capture() as drawn:
        screen.print(Text(found.id, style="bold"))
        if found.incomplete:
            screen.print(Text("The text says that other criteria apply: the list is not complete."))
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
        for name, share in (("criterion", None), ("status", None), ("understood as", 2), ("text", 3)):
            table.add_column(name, ratio=share, overflow="fold")
        for line in found.lines:
            table.add_row(*_cells(line))
        screen.print(table if found.lines else "no criteria")
        screen.print()
    typer.echo(drawn.get(), nl=False)


def _cells(line: "Line") -> "Iterator[Text]":
    from rich.text import Text

    from fhir_trial.understanding import meaning

    criterion, status = line.criterion, line.status
    numbered = any(map(str.isalnum, criterion.marker))
    text = f"{criterion.marker} {criterion.text}" if numbered else criterion.text
    style = STYLES[status]
    yield Text(criterion.path)
    yield Text(status, style=style)
    yield Text(terminal.visible("\n".join(meaning(line))), style="cyan")
    words = Text(terminal.visible(f"[{criterion.label}]\n") if criterion.label else "", style="italic")
    yield words.append(Text(terminal.visible(text), style=style or "not italic"))


def _conclude(share: "Share", failed: int, *, as_json: bool, summary: bool) -> None:
    if as_json and summary:
        terminal.echo_json(share.document(COMMONEST))
    elif summary or share.trials != 1:
        for line in _totals(share):
            terminal.echo(line, err=not summary)
    if not share.trials:
        raise typer.Exit(ExitCode.NOTHING_READ)
    if failed:
        raise typer.Exit(ExitCode.SOME_FAILED)


def _totals(share: "Share") -> Iterator[str]:
    from fhir_trial.understanding import STATUSES

    lines = share.statuses.total()
    yield f"records     {share.trials}"
    if not share.trials:
        return
    yield f"lines       {lines}, without {share.joining} that only join others"
    for status in STATUSES:
        count = share.statuses[status]
        percent = f"{100 * count / lines:5.1f} %" if lines else "    –"
        yield f"{status:<11} {count:>6}  {percent}"
    if share.incomplete:
        yield f"incomplete  {share.incomplete} records, whose text says that other criteria apply"
    if share.words:
        words = ", ".join(f"{word} {count}" for word, count in share.ranked(COMMONEST))
        yield f"commonest words not understood: {words}"
