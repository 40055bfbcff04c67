"""The ways a written number can be read, the likeliest first."""

import re
from decimal import Decimal

_THOUSANDS = re.compile(r"\d{1,3}(?:[,'’ \xa0]\d{3})+(?:\.\d+)?\Z")
_EUROPEAN_THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?\Z")
_PLAIN = re.compile(r"-?\d*\.?\d+\Z")
_DECIMAL_COMMA = re.compile(r"\d+[,·]\d+\Z")


def values(literal: str) -> list[Decimal]:
    """The readings of a number; which one is meant is for its unit and plausible range to decide."""
    literal = literal.replace("−", "-")
    readings = []
    if _PLAIN.match(literal):
        readings.append(Decimal(literal))
    if _THOUSANDS.match(literal):
        readings.append(Decimal(re.sub(r"[^\d.]", "", literal)))
    if _EUROPEAN_THOUSANDS.match(literal):
        readings.append(Decimal(literal.replace(".", "").replace(",", ".")))
    if _DECIMAL_COMMA.match(literal):
        readings.append(Decimal(re.sub("[,·]", ".", literal)))
    return readings
