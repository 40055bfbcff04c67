"""A progress display on standard error, if that is a terminal and the work takes more than a moment."""

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from fhir_trial import terminal

if TYPE_CHECKING:
    from rich.progress import Progress

Item = TypeVar("Item")

_A_MOMENT = 1.0
"""Seconds before anything is shown."""


@contextmanager
def watched(items: Iterable[Item], *, beside_data: bool = False) -> Iterator[Iterator[Item]]:
    """The same items; how many have passed is shown meanwhile, unless a terminal shows the data itself."""
    if not sys.stderr.isatty() or (beside_data and sys.stdout.isatty()):
        yield iter(items)
        return
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), MofNCompleteColumn(), TextColumn("records"), TimeElapsedColumn())
    console = terminal.console(err=True)
    if console.is_dumb_terminal:  # it cannot draw over what it has drawn
        yield iter(items)
        return
    # standard output carries data, which must not be drawn into the display
    display = Progress(*columns, console=console, transient=True, redirect_stdout=False)
    try:
        yield _counted(items, display)
    finally:
        if display.live.is_started:  # else it would show a cursor that it has not hidden
            display.stop()


def _counted(items: Iterable[Item], display: "Progress") -> Iterator[Item]:
    begin = time.monotonic()
    task = display.add_task("", total=None)
    for item in items:
        yield item
        display.advance(task)
        if not display.live.is_started and time.monotonic() - begin > _A_MOMENT:
            display.start()
