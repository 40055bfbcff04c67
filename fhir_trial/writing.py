"""Writes the texts of a batch: to standard output, to one file, or to a file each in a folder.

A file appears whole or not at all: it is written beside its place under a hidden name and renamed at the
end, so neither a crash nor a full disk leaves half a file, or harms the one that was there before.
"""

import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

import orjson

Layout = Literal["json", "ndjson"]
Write = Callable[[str, bytes], None]
"""Takes the id and the JSON text of a record."""

STDOUT = "-"


def is_folder(target: str) -> bool:
    """Whether `-o` names a folder: it is one, or it ends like one."""
    return target.endswith(("/", os.sep)) or Path(target).is_dir()


@contextmanager
def opened(target: str, layout: Layout) -> Iterator[Write]:
    """The way out to a target; what was written is in place when the context ends without an error.

    Layout "json" is one indented document, or, from the second record on, a line each; in a folder every
    file is one indented document. Layout "ndjson" is always a line each.
    """
    if target == STDOUT:
        with _joined(sys.stdout.buffer, layout) as write:
            yield write
        sys.stdout.buffer.flush()
    elif is_folder(target):
        yield _each_in(Path(target), layout)
    else:
        with _whole_file(Path(target)) as file, _joined(file, layout) as write:
            yield write


def _each_in(folder: Path, layout: Layout) -> Write:
    folder.mkdir(parents=True, exist_ok=True)

    def write(name: str, text: bytes) -> None:
        with _whole_file(folder / f"{name}.{layout}") as file:
            file.write(text + b"\n")

    return write


@contextmanager
def _joined(file: BinaryIO, layout: Layout) -> Iterator[Write]:
    """One document indented, several a line each; the first is held back until it is known which."""
    held: list[bytes] = []
    count = 0

    def write(_: str, text: bytes) -> None:
        nonlocal count
        count += 1
        if layout == "json" and count == 1:
            held.append(text)
            return
        while held:
            file.write(held.pop() + b"\n")
        file.write(text + b"\n")

    yield write
    if held:
        file.write(orjson.dumps(orjson.loads(held[0]), option=orjson.OPT_INDENT_2) + b"\n")


@contextmanager
def _whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its place only when all of it is written."""
    path = path.resolve()
    if path.exists() and not path.is_file():  # a device or a pipe cannot be replaced
        with path.open("wb") as device:
            yield device
        return
    hidden = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}")
    try:
        with hidden.open("xb") as file:
            yield file
        hidden.replace(path)
    finally:
        hidden.unlink(missing_ok=True)
