"""Reads registry records of every known format from wherever they are; formats are told by content.

`records` finds them (bytes and place, not yet parsed), `parse` makes one a `Trial`, `read` does both.
"""

import codecs
import io
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import msgspec

from fhir_trial import files
from fhir_trial.errors import RecordError
from fhir_trial.files import MAX_DOCUMENT, MAX_RECORD, MIB, Stream
from fhir_trial.sources import ctgov_v2
from fhir_trial.trial import Trial

CTGOV_V2 = "ctgov-v2"
PAGE_TEXT = "page-text"
FHIR = "fhir"
"""Not a source: FHIR resources are recognised to be validated, converted, or refused by name."""
TEXT = "text"
"""Not JSON: a page, or something that deserves an error with its name; parsing tells."""

_USUAL_START = b'{"protocolSection"'
_BLANK = b" \t\r\n"
_API_ERROR = re.compile(r"is unknown parameter|invalid field name|^Parameter '|not found|is invalid")
_LONGEST_API_ERROR = 2000
_HTML = re.compile(r"\s*(<!--.*?-->\s*)*<(!doctype html|html|head|body)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it was found: its bytes, where they stand and what format they look like."""

    place: str
    data: bytes
    format: str


class _Shape(msgspec.Struct):
    """Just enough of a JSON object to tell what it is."""

    resource_type: Any = msgspec.field(name="resourceType", default=None)
    studies: list[msgspec.Raw] | None = None
    protocol: msgspec.Raw | None = msgspec.field(name="protocolSection", default=None)


def parse(data: bytes | str | dict[str, Any], *, format: str | None = None) -> Trial:  # noqa: A002 - the word of the public API
    """The trial in one record of any known format; `format` (a key of SOURCES) overrides recognition.

    Raises: RecordError with the place of what breaks the format.
    """
    raw = ctgov_v2.utf8(_as_bytes(data))
    return parse_record(Record("", raw, _known(format) or _recognised(raw)))


def read(path: str | os.PathLike[str], *, format: str | None = None) -> Iterator[Trial | RecordError]:  # noqa: A002 - the word of the public API
    """Every trial behind a path, in order; a record that cannot be read comes as its RecordError.

    The path is a file, a folder, a .zip or .gz, NDJSON, a JSON array, a list reply of the API, a page as
    text, or "-" for standard input. Memory stays constant for everything but an array or a list reply.
    """
    for record in records(path, format=format):
        if isinstance(record, RecordError):
            yield record
            continue
        try:
            trial = parse_record(record)
        except RecordError as exc:
            yield exc.in_source(record.place)
        else:
            yield trial


def parse_record(record: Record) -> Trial:
    """The trial in a record that `records` found."""
    try:
        return _PARSERS[record.format](record.data)
    except RecordError as exc:
        if exc.place == "$" and record.format in (CTGOV_V2, FHIR):
            raise _misfit(record.data, exc) from exc
        raise


def records(path: str | os.PathLike[str], *, format: str | None = None) -> Iterator[Record | RecordError]:  # noqa: A002 - the word of the public API
    """Every record behind a path, not yet parsed."""
    _known(format)
    for stream in files.streams(path):
        if isinstance(stream, RecordError):
            yield stream
            continue
        try:
            yield from _found(stream, format)
        except RecordError as exc:
            yield exc.in_source(stream.place)
        except files.UNREADABLE as exc:
            yield files.unreadable(exc, stream.place)


def is_fhir(data: bytes | str) -> bool:
    """Whether a JSON text is a FHIR resource."""
    return _parts(_as_bytes(data)) == FHIR


# --- one stream to its records ---------------------------------------------------------------------------


def _found(stream: Stream, format: str | None) -> Iterator[Record | RecordError]:  # noqa: A002 - the word of the public API
    place, file = stream.place, stream.file
    if file.peek(2)[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        file = io.BufferedReader(io.BytesIO(ctgov_v2.utf8(_whole(file))))
    lines = enumerate(iter(lambda: file.readline(MAX_RECORD + 1), b""), 1)
    first, before = _first_line(lines)
    kind = format or _recognised(first)
    if kind != CTGOV_V2:
        yield _bounded(place, before + first + _whole(file, already=len(first)), kind)
        return
    if len(first) > MAX_RECORD:
        yield from _after_long_line(place, file, before + first)
        return
    second, between = _first_line(lines, required=False)
    if second and _is_ndjson(first, second):
        numbers = (before.count(b"\n") + 1, (before + first + between).count(b"\n") + 1)
        yield from _lines(place, file, chain(zip(numbers, (first, second), strict=True), lines))
    else:
        start = before + first + between + second
        yield from _document(place, start + _whole(file, already=len(start)))


def _first_line(lines: Iterator[tuple[int, bytes]], *, required: bool = True) -> tuple[bytes, bytes]:
    """The next line with something on it, and the blank ones before it."""
    blank = bytearray()
    for _, line in lines:
        if line.strip(_BLANK + codecs.BOM_UTF8):
            return line.removeprefix(codecs.BOM_UTF8), bytes(blank)
        blank += line
        if len(blank) > MIB:
            raise RecordError("more than 1 MiB of blank lines")
    if required:
        raise RecordError("empty: nothing in it")
    return b"", bytes(blank)


def _is_ndjson(first: bytes, second: bytes) -> bool:
    """Whether two lines are two records rather than the beginning of one; also if the first is broken."""
    start, end = first.strip(_BLANK), second.lstrip(_BLANK)
    if start.startswith(_USUAL_START) and end.startswith(_USUAL_START):
        return True
    if end[:1] == b"{" and start[-1:] not in b"[,:{":
        return True
    return start.startswith(b"{") and start.endswith(b"}") and _is_json(start)


def _is_json(data: bytes) -> bool:
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _lines(
    place: str, file: io.BufferedReader, lines: Iterator[tuple[int, bytes]]
) -> Iterator[Record | RecordError]:
    """NDJSON: a line, a record; lines that are too long are skipped without being held."""
    for number, line in lines:
        if len(line) > MAX_RECORD:
            _skip_line(file)
            yield _too_long(f"{place}, line {number}")
        elif line.strip(_BLANK):
            yield from _document(f"{place}, line {number}", line.strip(_BLANK))


def _after_long_line(place: str, file: io.BufferedReader, start: bytes) -> Iterator[Record | RecordError]:
    """A first line beyond the limit: an array or list reply on one line, or NDJSON with a bad line."""
    if start.lstrip(_BLANK).startswith(b"[") or b'"studies"' in start[:4096]:
        yield from _document(place, start + _whole(file, already=len(start)))
        return
    del start
    _skip_line(file)
    yield _too_long(f"{place}, line 1")
    rest = enumerate(iter(lambda: file.readline(MAX_RECORD + 1), b""), 2)
    yield from _lines(place, file, rest)


def _skip_line(file: io.BufferedReader) -> None:
    while True:
        part = file.readline(MIB)
        if not part or part.endswith(b"\n"):
            return


def _too_long(place: str) -> RecordError:
    return RecordError(f"longer than {MAX_RECORD // MIB} MiB, the limit for one record", source=place)


def _whole(file: io.BufferedReader, already: int = 0) -> bytes:
    """The rest of a stream that must be held in memory."""
    data = file.read(MAX_DOCUMENT - already + 1)
    if len(data) + already > MAX_DOCUMENT:
        raise RecordError(
            f"longer than {MAX_DOCUMENT // MIB} MiB, the limit for one document; NDJSON may be of any length"
        )
    return data


def _document(place: str, data: bytes) -> Iterator[Record | RecordError]:
    """A JSON text: one record, an array of records, a list reply, or FHIR."""
    if data.startswith(_USUAL_START):
        yield _bounded(place, data, CTGOV_V2)
        return
    parts = _parts(data)
    if isinstance(parts, str):
        yield _bounded(place, data, parts)
        return
    name, items = parts
    del data
    for index, item in enumerate(items):
        part = bytes(item)
        yield _bounded(f"{place}{name}[{index}]", part, _kind(part))


def _parts(data: bytes) -> str | tuple[str, list[msgspec.Raw]]:
    """The format of a single record, or the items of a list and the list's name."""
    try:
        if data.lstrip(_BLANK + codecs.BOM_UTF8).startswith(b"["):
            return "", msgspec.json.decode(ctgov_v2.utf8(data), type=list[msgspec.Raw])
        shape = msgspec.json.decode(ctgov_v2.utf8(data), type=_Shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return CTGOV_V2  # parsing it says what is wrong, and where
    if shape.studies is not None and shape.protocol is None:
        return ", studies", shape.studies
    return FHIR if shape.resource_type is not None else CTGOV_V2


def _kind(data: bytes) -> str:
    """The format of an item of a list."""
    if data.startswith(_USUAL_START):
        return CTGOV_V2
    parts = _parts(data)
    return parts if isinstance(parts, str) else CTGOV_V2


def _bounded(place: str, data: bytes, kind: str) -> Record | RecordError:
    return _too_long(place) if len(data) > MAX_RECORD else Record(place, data, kind)


# --- recognition -----------------------------------------------------------------------------------------


def _known(format: str | None) -> str | None:  # noqa: A002 - the word of the public API
    if format is not None and format not in SOURCES:
        raise ValueError(f"unknown format {format!r}, expected one of {', '.join(SOURCES)}")
    return format


def _recognised(data: bytes) -> str:
    return CTGOV_V2 if data.lstrip(_BLANK + codecs.BOM_UTF8)[:1] in (b"{", b"[") else TEXT


def _text(data: bytes) -> Trial:
    """The trial in what is not JSON, which is a page or something that deserves an error with its name."""
    text = _decoded(data)
    stranger = _stranger(text)
    if stranger:
        raise RecordError(stranger)
    from fhir_trial.sources import page_text

    if not page_text.looks_like(text):
        raise RecordError(f"no known format; it begins with {text.strip()[:60]!r}")
    return _page(data)


def _page(data: bytes) -> Trial:
    from fhir_trial.sources import page_text

    document = page_text.document(_decoded(data))
    empty = document.pop("emptyValues", None)
    trial = ctgov_v2.decode(msgspec.json.encode(document))
    return msgspec.structs.replace(trial, empty=empty) if empty else trial


def _decoded(data: bytes) -> str:
    if b"\0" in data:
        raise RecordError(f"binary data, not a record (begins with {data[:8].hex(' ')})")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise RecordError(f"invalid UTF-8: byte 0x{data[exc.start]:02x} at offset {exc.start}") from exc


def _stranger(text: str) -> str | None:
    """What a text is that is certainly no record."""
    start = text.lstrip()[:200].rstrip()
    if not start:
        return "empty: nothing in it"
    if _HTML.match(text):
        return "this is an HTML page, not a registry record"
    if start.startswith("<"):
        return "this is XML; the registry's records are read as JSON (API v2) or as page text"
    if len(text) < _LONGEST_API_ERROR and _API_ERROR.search(text):
        return f"this is an error reply of the registry's API: {start!r}"
    return None


def _misfit(data: bytes, error: RecordError) -> RecordError:
    """A clearer error for JSON that is something else altogether."""
    try:
        parts = _parts(data)
        if isinstance(parts, tuple):
            return RecordError(f"a list of {len(parts[1])} records, not one; `read` goes through them")
        if parts == FHIR:
            kind = msgspec.json.decode(data, type=_Shape).resource_type
            return RecordError(f"this is a FHIR {str(kind)[:40]}, not a registry record")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return error
    return error


def _as_bytes(data: bytes | str | dict[str, Any]) -> bytes:
    if isinstance(data, bytes):
        return data
    try:
        return data.encode() if isinstance(data, str) else msgspec.json.encode(data)
    except UnicodeEncodeError as exc:
        half = f"\\u{ord(exc.object[exc.start]):04x} is half of a surrogate pair, which is no character"
        raise RecordError(f"not a JSON document: {half}") from exc
    except (TypeError, ValueError, RecursionError) as exc:
        raise RecordError(f"not a JSON document: {exc}") from exc


SOURCES: dict[str, Callable[[bytes], Trial]] = {
    CTGOV_V2: ctgov_v2.decode,
    PAGE_TEXT: _page,
}
"""Format name (`--from`) -> how one record of it becomes a Trial."""

_PARSERS = {**SOURCES, TEXT: _text, FHIR: ctgov_v2.decode}
