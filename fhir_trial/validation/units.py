"""UCUM codes: whether one can be read as a unit at all. https://ucum.org/ucum"""

import re
from collections.abc import Iterable

_ANNOTATION = re.compile(r"\{[^{}]*\}")
_OPERATORS = re.compile(r"[./()]")
_EXPONENT = re.compile(r"[-+]?\d+\Z")
_TEN = re.compile(r"10[*^]")
_PREFIXES = ("da", *"YZEPTGMkhdcmunpfazy")


def parts(code: str) -> list[str]:
    """The simple units of a code, bare of annotations and exponents: "mL/min/{1.73_m2}" -> mL, min."""
    found = []
    for part in _OPERATORS.split(_ANNOTATION.sub("", code)):
        unit = _EXPONENT.sub("", _TEN.sub("", part))
        if unit:
            found.append(unit)
    return found


def simple_units(codes: Iterable[str]) -> frozenset[str]:
    """The simple units that a list of codes is made of."""
    return frozenset(part for code in codes for part in parts(code))


def is_readable(code: str, simple: frozenset[str]) -> bool:
    """Whether every part of a code is a simple unit, with or without a metric prefix."""
    return all(_is_simple(part, simple) for part in parts(code))


def _is_simple(part: str, simple: frozenset[str]) -> bool:
    return part in simple or any(part.removeprefix(prefix) in simple for prefix in _PREFIXES)
