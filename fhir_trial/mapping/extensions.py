"""Extensions of our own: a part of the trial as typed sub-extensions, and back.

The sub-extension urls are the registry's own field names, the value types follow from the types of the
`Trial`: text -> string, markup -> markdown, partial date -> date, token -> code. No JSON, no copies.
"""

import types
import typing
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Struct

from fhir_trial import trial as model
from fhir_trial.mapping.urls import EXTENSION

Extension = dict[str, Any]


class Field(NamedTuple):
    """How one field of a struct travels."""

    attribute: str
    name: str
    value_key: str | None
    """The value[x] property of a single value; None for a nested struct."""
    struct: type[Struct] | None
    repeats: bool


def _value_key(annotation: Any) -> str:
    """The value[x] property for the annotation of a leaf."""
    if annotation == model.Date:
        return "valueDate"
    if annotation == model.Markup:
        return "valueMarkdown"
    if typing.get_origin(annotation) is Annotated:
        annotation = typing.get_args(annotation)[0]
    if typing.get_origin(annotation) is Literal:
        return "valueCode"
    return {bool: "valueBoolean", int: "valueInteger", str: "valueString"}[annotation]


def without_none(annotation: Any) -> Any:
    """The annotation of a value that is stated: `X | None` -> `X`."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        members = [member for member in typing.get_args(annotation) if member is not type(None)]
        return members[0] if len(members) == 1 else annotation
    return annotation


def _field(info: msgspec.structs.FieldInfo, annotation: Any) -> Field:
    inner = without_none(annotation)
    repeats = typing.get_origin(inner) is list
    if repeats:
        (inner,) = typing.get_args(inner)
    if isinstance(inner, type) and issubclass(inner, Struct):
        return Field(info.name, info.encode_name, None, inner, repeats)
    return Field(info.name, info.encode_name, _value_key(inner), None, repeats)


@cache
def fields(struct: type[Struct]) -> tuple[Field, ...]:
    """The fields of a struct, in order, with the way each travels."""
    hints = typing.get_type_hints(struct, include_extras=True)
    return tuple(_field(info, hints[info.name]) for info in msgspec.structs.fields(struct))


@cache
def _writer(struct: type[Struct]) -> Callable[[Any], list[Extension]]:
    """A function from a struct to its sub-extensions, built once per type."""
    plan = [
        (f.attribute, f.name, f.value_key or "", f.repeats, _writer(f.struct) if f.struct else None)
        for f in fields(struct)
    ]

    def write(part: Any) -> list[Extension]:
        written: list[Extension] = []
        for attribute, name, key, repeats, nested in plan:
            value = getattr(part, attribute)
            if value is None or value == "":
                continue
            for item in value if repeats else (value,):
                if nested is None:
                    if item != "":
                        written.append({"url": name, key: item})
                elif inner := nested(item):
                    written.append({"url": name, "extension": inner})
        return written

    return write


def extension(name: str, part: Struct | None, struct: type[Struct] | None = None) -> list[Extension]:
    """The extension `<base>/<name>` of a struct: 0..1, none when the struct says nothing.

    `struct` is a base of the part's type, when only the fields of that base are to travel in it.
    """
    if part is None:
        return []
    inner = _writer(struct or type(part))(part)
    return [{"url": EXTENSION + name, "extension": inner}] if inner else []


def document(struct: type[Struct], written: Extension) -> dict[str, Any]:
    """The part of the record's document that an extension holds (keys as the registry spells them)."""
    by_name = {f.name: f for f in fields(struct)}
    found: dict[str, Any] = {}
    for inner in written.get("extension", ()):
        field = by_name.get(inner.get("url", ""))
        if field is None:
            continue
        value = document(field.struct, inner) if field.struct else inner.get(field.value_key)
        if value is None:
            continue
        if field.repeats:
            found.setdefault(field.name, []).append(value)
        else:
            found[field.name] = value
    return found


def simple(name: str, value_key: str, value: Any) -> list[Extension]:
    """The extension `<base>/<name>` of a single value: 0..1."""
    return [] if value is None or value == "" else [{"url": EXTENSION + name, value_key: value}]


def values(element: dict[str, Any] | None, name: str, value_key: str) -> list[Any]:
    """The values of each extension `<base>/<name>` on an element, in order."""
    url = EXTENSION + name
    return [
        e[value_key] for e in (element or {}).get("extension", ()) if e.get("url") == url and value_key in e
    ]


def value(element: dict[str, Any] | None, name: str, value_key: str) -> Any:
    """The value of the first extension `<base>/<name>` on an element, or None."""
    found = values(element, name, value_key)
    return found[0] if found else None


def parts(element: dict[str, Any] | None, name: str, struct: type[Struct]) -> list[dict[str, Any]]:
    """The document part of each extension `<base>/<name>` on an element, in order."""
    url = EXTENSION + name
    return [document(struct, e) for e in (element or {}).get("extension", ()) if e.get("url") == url]
