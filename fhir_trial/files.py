"""Opens what the user names (file, folder, .zip, .gz, standard input) as streams, one at a time.

Archives are recognised by content and read without unpacking to disk. What unpacks out of all proportion
is refused before it fills the memory: see the limits.
"""

import io
import lzma
import os
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from gzip import GzipFile
from pathlib import Path
from typing import IO, cast

from fhir_trial.errors import RecordError

MIB = 1 << 20
MAX_RECORD = 64 * MIB
"""The longest record, and the longest line, that is read; the registry's longest are about 15 MiB."""
MAX_DOCUMENT = 256 * MIB
"""The longest document that has to be held in memory whole: a JSON array or a list reply."""
MAX_RATIO = 200
"""How many times its packed size a file above MAX_RECORD may unpack to; records reach about 20."""

UNREADABLE = (
    *(OSError, EOFError, NotImplementedError, UnicodeDecodeError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)
"""What reading a stream may raise besides RecordError: a disk fault, a damaged or an exotic archive."""

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Stream:
    """An open file or archive member, and what to call it in a message."""

    place: str
    file: io.BufferedReader


def streams(path: str | os.PathLike[str]) -> Iterator[Stream | RecordError]:
    """Every file behind a path, opened in turn; "-" is standard input, a folder is walked in sorted order."""
    if os.fspath(path) == "-":
        yield from _unpacked("standard input", cast(io.BufferedReader, sys.stdin.buffer))
        return
    for file in _files_below(Path(path)) if Path(path).is_dir() else [Path(path)]:
        if isinstance(file, RecordError):
            yield file
        else:
            yield from _opened(file)


def shown(path: str | os.PathLike[str]) -> str:
    """A path as text that can be printed and written as JSON, even if its name is not UTF-8."""
    return os.fsencode(path).decode(errors="replace")


def unreadable(exc: BaseException, place: str) -> RecordError:
    """A fault of the disk or of an archive, in the user's words."""
    reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
    return RecordError(f"cannot be read: {reason}", source=place)


def _files_below(folder: Path) -> Iterator[Path | RecordError]:
    """The regular files in a folder and its folders, without hidden ones; a closed folder is an error."""
    closed: list[OSError] = []
    for parent, folders, names in os.walk(folder, onerror=closed.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(parent, name)
            if not name.startswith(".") and file.is_file():
                yield file
    for exc in closed:
        yield unreadable(exc, shown(exc.filename))


def _opened(path: Path) -> Iterator[Stream | RecordError]:
    try:
        file = path.open("rb")
    except OSError as exc:
        yield unreadable(exc, shown(path))
        return
    with file:
        yield from _unpacked(shown(path), file)


def _unpacked(place: str, file: io.BufferedReader, *, inside: bool = False) -> Iterator[Stream | RecordError]:
    """The stream itself, or what an archive holds."""
    try:
        head = file.peek(4)[:4]
    except UNREADABLE as exc:
        yield unreadable(exc, place)
        return
    if head.startswith(_GZIP) and not inside:
        yield from _gunzipped(place, file)
    elif head in _ZIP and not inside:
        yield from _members(place, file)
    elif head.startswith(_GZIP) or head in _ZIP:
        yield RecordError("an archive inside an archive is not read", source=place)
    else:
        yield Stream(place, file)


# --- archives --------------------------------------------------------------------------------------------


class _Counted(io.RawIOBase):
    """A stream that knows how many bytes went through it, and may refuse to give more."""

    def __init__(self, file: IO[bytes], allowed: Callable[[], int] | None = None) -> None:
        self.file = file
        self.allowed = allowed
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]  # typeshed names no type that Python 3.11 has
        data = self.file.read(len(buffer))
        buffer[: len(data)] = data
        self.count += len(data)
        if self.allowed and self.count > self.allowed():
            raise RecordError(f"unpacks to more than {MAX_RATIO} times its size (a zip bomb?)")
        return len(data)


def _allowed(packed: int) -> int:
    return max(MAX_RECORD, MAX_RATIO * packed)


def _gunzipped(place: str, file: io.BufferedReader) -> Iterator[Stream | RecordError]:
    packed = _Counted(file)
    with GzipFile(fileobj=io.BufferedReader(packed)) as unpacked:
        counted = _Counted(cast(IO[bytes], unpacked), lambda: _allowed(packed.count))
        yield from _unpacked(place, io.BufferedReader(counted), inside=True)


def _members(place: str, file: io.BufferedReader) -> Iterator[Stream | RecordError]:
    with tempfile.SpooledTemporaryFile(max_size=MAX_RECORD) as spool:
        source: IO[bytes] = file
        if not file.seekable():  # a pipe; the list of members stands at the end of a zip
            shutil.copyfileobj(file, spool)
            source = cast(IO[bytes], spool)
        try:
            archive = zipfile.ZipFile(source)
        except UNREADABLE as exc:
            yield unreadable(exc, place)
            return
        with archive:
            yield from _contents(place, archive)


def _contents(place: str, archive: zipfile.ZipFile) -> Iterator[Stream | RecordError]:
    members = [info for info in archive.infolist() if not info.is_dir() and not _is_hidden(info.filename)]
    sound = [info for info in members if not _refusal(info)]
    if sum(info.file_size for info in sound) > _allowed(sum(info.compress_size for info in sound)):
        yield RecordError(f"unpacks to more than {MAX_RATIO} times its size (a zip bomb?)", source=place)
        return
    for info in members:
        yield from _member(f"{place}!{info.filename}", archive, info)


def _is_hidden(name: str) -> bool:
    parts = name.split("/")
    return parts[0] == "__MACOSX" or any(part.startswith(".") and part != ".." for part in parts)


def _member(place: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[Stream | RecordError]:
    refusal = _refusal(info)
    if refusal:
        yield RecordError(refusal, source=place)
        return
    try:
        member = archive.open(info)
    except UNREADABLE as exc:
        yield unreadable(exc, place)
        return
    with member:
        counted = _Counted(member, lambda: _allowed(info.compress_size))
        yield from _unpacked(place, io.BufferedReader(counted), inside=True)


def _refusal(info: zipfile.ZipInfo) -> str | None:
    """Why a member is not even opened."""
    name = info.filename.replace("\\", "/")
    if ".." in name.split("/") or name.startswith("/") or name[1:2] == ":":
        return "the member's path climbs out of the archive"
    if info.flag_bits & 1:
        return "the member is encrypted"
    if info.file_size > _allowed(info.compress_size):
        return f"unpacks to more than {MAX_RATIO} times its size (a zip bomb?)"
    return None
