"""JSON text that is a resource: what a reader of dicts can no longer see."""

import json
from decimal import Decimal
from typing import Any

from fhir_trial.validation.formats import MOST_DIGITS

DEEPEST_TEXT = 200
"""Brackets open at once; the standard library's reader recurses, and servers have limits of their own."""


class Duplicates:
    """Notes the keys that a JSON object has twice."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        node = dict(pairs)
        if len(node) < len(pairs):
            names = [name for name, _ in pairs]
            self.found += sorted({name for name in names if names.count(name) > 1})
        return node


def decoded(data: bytes | str) -> str:
    """The text of JSON bytes, which are UTF-8; a byte order mark is skipped."""
    text = data if isinstance(data, str) else data.decode("utf-8")
    return text.removeprefix("\ufeff")


def load(text: str, duplicates: Duplicates) -> Any:
    """The JSON value of a text; ValueError when it is none, or nested beyond reason."""
    if too_deep(text):
        raise ValueError(f"nested more than {DEEPEST_TEXT} levels deep")
    return json.loads(text, object_pairs_hook=duplicates, parse_float=_number, parse_constant=_refuse)


def too_deep(text: str) -> bool:
    """Whether more brackets are open at once than any resource needs; those in strings may count."""
    if text.count("[") + text.count("{") <= DEEPEST_TEXT:
        return False
    depth, inside, escaped = 0, False, False
    for sign in text:
        if inside:
            inside, escaped = escaped or sign != '"', not escaped and sign == "\\"
        elif sign == '"':
            inside = True
        elif sign in "[{":
            depth += 1
            if depth > DEEPEST_TEXT:
                return True
        elif sign in "]}":
            depth -= 1
    return False


def _number(text: str) -> float | Decimal:
    """A float, but where it would lose digits: the walker then sees them all."""
    digits = sum(sign.isdigit() for sign in text.lower().partition("e")[0])
    return Decimal(text) if digits > MOST_DIGITS else float(text)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
