"""What the registry allows at each place of a record, read off the types of `Trial`, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec.inspect
from msgspec.inspect import Type

from fhir_trial.trial import Trial

_SHOWN = 60
"""How many characters of an offending value a message shows."""

_OWN_KEYS = ("unknownFields", "emptyValues")


@dataclass(frozen=True, slots=True)
class Node:
    """One place of a record: its members or items, else what a value must be."""

    expected: str
    fields: dict[str, "Node"] | None = None
    item: "Node | None" = None
    tokens: tuple[str, ...] = ()

    @property
    def is_leaf(self) -> bool:
        """Whether nothing stands below."""
        return self.fields is None and self.item is None


@cache
def root() -> Node:
    """The place `$`."""
    node = _node(msgspec.inspect.type_info(Trial))
    for key in _OWN_KEYS:
        (node.fields or {}).pop(key)
    return node


def node_at(steps: Sequence[str | int]) -> Node:
    """The place that a path leads to."""
    node = root()
    for step in steps:
        following = node.item if isinstance(step, int) else (node.fields or {}).get(step)
        if following is None:
            break
        node = following
    return node


def complaint(value: Any, node: Node) -> str:
    """Why a value is refused at a place, with what is expected there."""
    if node.tokens and isinstance(value, str):
        return f"unknown token {shown(value)}, expected {node.expected}"
    return f"expected {node.expected}, found {describe(value)}"


def describe(value: Any) -> str:
    """A value in words: "the text '2021-13'", "the number 12", "a list"."""
    if isinstance(value, str):
        return f"the text {shown(value)}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {shown(value)}"
    if value is None:
        return "null"
    return "a list" if isinstance(value, list) else "an object"


def shown(value: Any) -> str:
    """`repr` of a value, shortened."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _node(kind: Type, words: str = "") -> Node:
    match kind:
        case msgspec.inspect.Metadata(type=inner, extra_json_schema=extra):
            return _node(inner, str((extra or {}).get("description", "")))
        case msgspec.inspect.UnionType(types=types):
            return _union(types)
        case msgspec.inspect.StructType(fields=fields):
            return Node("an object", fields={field.encode_name: _node(field.type) for field in fields})
        case msgspec.inspect.ListType(item_type=item):
            return Node("a list", item=_node(item))
        case msgspec.inspect.LiteralType(values=values):
            tokens = tuple(map(str, values))
            return Node(f"one of {', '.join(tokens)}", tokens=tokens)
    return Node(words or _words(kind))


def _union(types: Sequence[Type]) -> Node:
    absent = (msgspec.inspect.NoneType, msgspec.inspect.RawType)
    stated = [kind for kind in types if not isinstance(kind, absent)]
    if len(stated) == 1:
        return _node(stated[0])
    return Node(" or ".join(dict.fromkeys(_words(kind) for kind in stated)) or "a value")


def _words(kind: Type) -> str:
    match kind:
        case msgspec.inspect.StrType():
            return "text"
        case msgspec.inspect.BoolType():
            return "true or false"
        case msgspec.inspect.IntType(ge=low, le=high):
            bounds = f" from {low}" if low is not None else ""
            return f"a whole number{bounds}" + (f" to {high}" if high is not None else "")
        case msgspec.inspect.FloatType():
            return "a number"
    return "a value"
