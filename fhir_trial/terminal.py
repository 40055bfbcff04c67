"""What people read on a terminal: control characters are shown, colour is only where it is wanted."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from fhir_trial.errors import ExitCode

if TYPE_CHECKING:
    from rich.console import Console

_CONTROLS = (*range(0x20), *range(0x7F, 0xA0))
_SHOWN = {code: f"\\x{code:02x}" for code in _CONTROLS if code not in (0x09, 0x0A)}
"""Whoever wrote a record must not recolour, rename or clear the terminal of those who read it."""
_SHOWN_IN_JSON = {code: f"\\u{code:04x}" for code in _CONTROLS if code >= 0x7F}
"""What JSON may hold as it is, while some terminals obey it."""


def visible(text: str) -> str:
    """The text with its control characters as escapes ("\\x1b"); tabs and line feeds stay."""
    return text.translate(_SHOWN)


def echo(text: str = "", *, err: bool = False) -> None:
    """Write a line for people."""
    typer.echo(visible(text), err=err)


def echo_json(value: Any, *, err: bool = False) -> None:
    """Write a line of JSON."""
    import orjson

    typer.echo(orjson.dumps(value).decode().translate(_SHOWN_IN_JSON), err=err)


def console(*, err: bool = False) -> "Console":
    """What draws tables: in colours on a terminal that has any, unless NO_COLOR is set (no-color.org)."""
    from rich.console import Console

    wanted = not os.environ.get("NO_COLOR")
    return Console(
        file=sys.stderr if err else sys.stdout,
        color_system="auto" if wanted else None,
        markup=False,
        emoji=False,
        highlight=False,
    )


@contextmanager
def leaving_reader() -> Iterator[None]:
    """Let the reader of standard output leave when it has what it wanted (`| head`): that is no error."""
    try:
        yield
    except BrokenPipeError:
        # what is still buffered would fail once more at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(ExitCode.OK) from None
