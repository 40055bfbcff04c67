"""ClinicalTrials.gov API v2: one record's JSON to a `Trial`, and the `Trial` back to the document.

Decoding takes the fast way first: msgspec builds the typed trial, and a proof that nothing was dropped
follows. What is written again is the same bytes; or it has as many quotation marks (a dropped key takes at
least two with it, and nothing adds any but the escape \\u0022), where need be together with the fields that
old records are known to have besides. Whatever fails the proof is walked in Python, which finds the unknown
fields, the empty values, the nulls and the repeated keys, and says where they are.

Source: https://clinicaltrials.gov/data-api/about-api/study-data-structure
"""

import codecs
import json
import re
from functools import cache
from typing import Any, NoReturn

import msgspec

from fhir_trial.codemaps import rows
from fhir_trial.errors import RecordError
from fhir_trial.sources import ctgov_v2_schema as schema
from fhir_trial.sources import paths
from fhir_trial.trial import Trial

MAX_NESTING = 100
"""How deep an unknown field may nest; the registry's own records nest 12 deep at most."""

_OWN_KEYS = ("unknownFields", "emptyValues")
"""What only this program writes; in a registry's record these are fields like any unknown one."""

# a regular expression that begins with literal characters is found in a third of the time that `in` takes
_escaped_quote = re.compile(rb"\\u0022").search
_empty_text = re.compile(rb'""(?<!\\"")').search  # but not the end of a text that ends in a quotation mark
_empty_object = re.compile(rb"\{\}").search
_empty_list = re.compile(rb"\[\]").search

_DECODER = msgspec.json.Decoder(Trial)
_ENCODER = msgspec.json.Encoder()
_BOMS_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decode(data: bytes) -> Trial:
    """The trial in one record.

    Raises: RecordError with the place of what breaks the format.
    """
    data = utf8(data)
    try:
        trial = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _decode_slowly(data, None)
    return _proven(trial, data) or _decode_slowly(data, trial)


def encode(trial: Trial) -> dict[str, Any]:
    """The record as the registry writes it: empty values back in place, nothing of our own in it.

    Raises: RecordError for an empty value whose place the record does not have.
    """
    document: dict[str, Any] = msgspec.json.decode(_ENCODER.encode(trial))
    for key in (*_OWN_KEYS, "pageSection"):
        document.pop(key, None)
    for path, value in (trial.empty or {}).items():
        try:
            paths.put(document, paths.steps(path), value)
        except (AttributeError, TypeError, LookupError):
            raise RecordError("there is no such place for an empty value", path) from None
    return document


def utf8(data: bytes) -> bytes:
    """The same JSON text in UTF-8 without a byte order mark."""
    if data.startswith(codecs.BOM_UTF8):
        return data[3:]
    if data.startswith(_BOMS_UTF16):
        try:
            return data.decode("utf-16").encode()
        except UnicodeError as exc:
            raise RecordError(f"invalid UTF-16: {exc}") from exc
    return data


def _proven(trial: Trial, data: bytes) -> Trial | None:
    """The trial with all that is in `data`; None when that is not proven, or something has no content."""
    if trial.unknown is not None or trial.empty is not None:
        return None
    encoded = _ENCODER.encode(trial)
    if _empty_text(encoded) or _empty_object(encoded) or _empty_list(encoded):
        return None
    if data.startswith(encoded) and not data[len(encoded) :].strip():
        return trial
    if _escaped_quote(data):
        return None
    lacking = data.count(b'"') - encoded.count(b'"')
    return _with_unpublished(trial, data, lacking) if lacking else trial


def _with_unpublished(trial: Trial, data: bytes, lacking: int) -> Trial | None:
    """The trial with its unpublished fields, when these are what it lacks: so many quotation marks."""
    decoder, places = _unpublished()
    try:
        found = msgspec.to_builtins(decoder.decode(data))
    except msgspec.DecodeError:  # a null above them, or an endless number
        return None
    unknown = {}
    for path, steps in places.items():
        try:
            value = paths.follow(found, steps)
        except KeyError:
            continue
        unknown[path] = value
        lacking -= 2 + _ENCODER.encode(value).count(b'"')
    if lacking or any(_nesting(value) > MAX_NESTING for value in unknown.values()):
        return None
    return msgspec.structs.replace(trial, unknown=unknown)


@cache
def _unpublished() -> tuple["msgspec.json.Decoder[Any]", dict[str, list[str | int]]]:
    """What reads nothing but the fields that the registry does not publish; their paths and steps.

    Those below a list are rare, and left to the walk.
    """
    stated = [f"$.{row['source_path']}" for row in rows("not_mapped.csv")]
    places = {path: paths.steps(path) for path in stated if "[]" not in path}
    tree: dict[str, Any] = {}
    for steps in places.values():
        paths.put(tree, steps, Any)
    return msgspec.json.Decoder(_partial(tree)), places


def _partial(tree: dict[str, Any]) -> type[msgspec.Struct]:
    """A type that holds the members of a tree where they are there, and passes over all others."""
    fields = [
        (name, (_partial(below) if isinstance(below, dict) else below) | msgspec.UnsetType, msgspec.UNSET)
        for name, below in tree.items()
    ]
    return msgspec.defstruct("Partial", fields)


def _decode_slowly(data: bytes, trial: Trial | None) -> Trial:
    """The trial by way of the document, which says what was dropped; `trial` is what came of the fast way."""
    try:
        return _walked(_document(data), trial)
    except RecursionError:
        raise RecordError("nested too deeply to be a record") from None


def _walked(document: Any, trial: Trial | None) -> Trial:
    if not isinstance(document, dict):
        raise RecordError(f"a record is an object, this is {schema.describe(document)}")
    sieve = _Sieve(None if trial is None else _with_content(trial))
    known = sieve.sift(document, schema.root(), None)
    if trial is None or sieve.empty:
        trial = _decode_known(known, document)
    return msgspec.structs.replace(trial, unknown=sieve.unknown or None, empty=sieve.empty or None)


def _with_content(trial: Trial) -> Any:
    """The document of a trial in which every value has content; None when it holds one without."""
    encoded = _ENCODER.encode(trial)
    if _empty_text(encoded) or _empty_object(encoded) or _empty_list(encoded):
        return None
    return msgspec.json.decode(encoded)


def _decode_known(known: dict[str, Any], document: dict[str, Any]) -> Trial:
    """The trial in what is left of a document."""
    try:
        return _DECODER.decode(_ENCODER.encode(known))
    except msgspec.ValidationError as exc:
        raise _explained(exc, document, known) from exc
    except msgspec.DecodeError as exc:
        raise RecordError(f"malformed JSON: {exc}") from exc


# --- sifting ---------------------------------------------------------------------------------------------

_Place = tuple[Any, str | int] | None
"""A place as (place of the parent, key); it becomes a path only where there is something to say about it."""


class _Sieve:
    """Goes through a document; what the model does not know, and what has no content, stays in it."""

    def __init__(self, decoded: Any) -> None:
        """`decoded`: what the model is known to hold, all of it with content; such parts pass unseen."""
        self.unknown: dict[str, Any] = {}
        self.empty: dict[str, Any] = {}
        self._decoded = decoded

    def sift(self, value: Any, node: schema.Node, place: _Place, decoded: Any = None) -> Any:
        """What passes: the value without all that."""
        if place is None:
            decoded = self._decoded
        if node.fields is not None and isinstance(value, dict):
            return self._object(value, node.fields, place, decoded if isinstance(decoded, dict) else {})
        if node.item is not None and isinstance(value, list):
            return self._list(value, node.item, place)
        return value

    def _object(
        self, value: dict[str, Any], fields: dict[str, schema.Node], place: _Place, decoded: dict[str, Any]
    ) -> dict[str, Any]:
        passed = {}
        for key, member in value.items():
            node = fields.get(key)
            if node is None:
                self._keep(member, (place, key))
            elif key in decoded and decoded[key] == member:
                passed[key] = member
            elif self._has_content(member, place, key):
                passed[key] = (
                    member if node.is_leaf else self.sift(member, node, (place, key), decoded.get(key))
                )
        return passed

    def _list(self, value: list[Any], node: schema.Node, place: _Place) -> list[Any]:
        return [
            item if node.is_leaf else self.sift(item, node, (place, index))
            for index, item in enumerate(value)
            if self._has_content(item, place, index)
        ]

    def _keep(self, value: Any, place: _Place) -> None:
        if _nesting(value) > MAX_NESTING:
            raise RecordError("nested too deeply to be a record", _path(place))
        self.unknown[_path(place)] = value

    def _has_content(self, value: Any, parent: _Place, key: str | int) -> bool:
        """Whether a value says anything; if not it is noted, as a whole, so that it can be put back."""
        if value is None:
            raise RecordError("null, where the registry leaves the field out", _path((parent, key)))
        if _is_blank(value):
            self.empty[_path((parent, key))] = value
            return False
        return True


def _path(place: _Place) -> str:
    return "$" if place is None else paths.child(_path(place[0]), place[1])


def _is_blank(value: Any) -> bool:
    if isinstance(value, str):
        return not value
    if isinstance(value, dict):
        return all(map(_is_blank, value.values()))
    if isinstance(value, list):
        return all(map(_is_blank, value))
    return False


def _nesting(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_nesting, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_nesting, value), default=0)
    return 0


# --- strict JSON -----------------------------------------------------------------------------------------


def _document(data: bytes) -> Any:
    """The document; Python's slower reader is asked only where something is wrong, to say what and where."""
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _loads(data)
    if _escaped_quote(data) or _ENCODER.encode(document).count(b'"') != data.count(b'"'):
        return _loads(data)
    return document


def _loads(data: bytes) -> Any:
    """The document, with an error that gives line and column; each key once."""
    try:
        text = data.decode()
    except UnicodeDecodeError as exc:
        raise RecordError(f"invalid UTF-8: byte 0x{data[exc.start]:02x} at offset {exc.start}") from exc
    try:
        document = json.loads(text, object_pairs_hook=_unrepeated, parse_constant=_no_constant)
    except json.JSONDecodeError as exc:
        raise RecordError(_syntax_reason(exc)) from exc
    except ValueError as exc:  # a number of thousands of digits
        raise RecordError(f"malformed JSON: {exc}") from exc
    _refuse(document, "$")
    return document


class _Repeated(dict[str, Any]):
    """An object in which a key stands twice; its place is known only once the document is whole."""

    key = ""


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    repeated = _Repeated(found)
    repeated.key = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    return repeated


def _refuse(value: Any, path: str) -> None:
    """Refuse what Python's reader takes and JSON does not: a repeated key, half of a surrogate pair."""
    if isinstance(value, str):
        _refuse_surrogate(value, path)
    elif isinstance(value, _Repeated):
        raise RecordError(f"the key {value.key!r} stands twice in one object", path)
    elif isinstance(value, dict):
        for key, member in value.items():
            _refuse_surrogate(key, path)
            _refuse(member, paths.child(path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _refuse(item, paths.child(path, index))


def _refuse_surrogate(text: str, path: str) -> None:
    half = None if text.isascii() else _SURROGATE.search(text)
    if half is not None:
        raise RecordError(
            f"malformed JSON: \\u{ord(half[0]):04x} is half of a surrogate pair, which is no character", path
        )


_SURROGATE = re.compile("[\ud800-\udfff]")


def _no_constant(name: str) -> NoReturn:
    raise RecordError(f"malformed JSON: {name} is not a JSON number")


def _syntax_reason(exc: json.JSONDecodeError) -> str:
    where = f"line {exc.lineno}, column {exc.colno}"
    if not exc.doc.strip():
        return "empty: no JSON in it"
    if exc.msg.startswith("Unterminated string") or exc.pos >= len(exc.doc.rstrip()):
        return f"the JSON breaks off ({where}, of {len(exc.doc)} characters): {exc.msg}"
    return f"malformed JSON ({where}): {exc.msg}"


# --- explaining ------------------------------------------------------------------------------------------


def _explained(exc: msgspec.ValidationError, document: dict[str, Any], known: dict[str, Any]) -> RecordError:
    """What msgspec found, with the value that offends, where it stands and what is expected there."""
    message, _, at = str(exc).partition(" - at `")
    place = at.rstrip("`") or "$"
    steps = paths.steps(place)
    if message.startswith("Object missing required field"):
        name = message.split("`")[1]
        lack = "empty" if name in paths.follow(document, steps) else "missing"
        return RecordError(f"the field {name} is {lack}", place)
    value = paths.follow(known, steps)
    return RecordError(
        schema.complaint(value, schema.node_at(steps)), _original(place, steps, document, value)
    )


def _original(place: str, steps: list[str | int], document: dict[str, Any], value: Any) -> str:
    """The place in the document as it came, where empty items of a list still have their index."""
    path: list[str | int] = []
    for step in steps:
        if isinstance(step, int):
            content = [i for i, item in enumerate(paths.follow(document, path)) if not _is_blank(item)]
            step = content[step]
        path.append(step)
    found = "$"
    for step in path:
        found = paths.child(found, step)
    return found
