"""The ways a written number can be read, the likeliest first."""

import re
from decimal import Decimal
from functools import lru_cache

_THOUSANDS = re.compile(r"\d{1,3}(?:(?:[,'’ \xa0]|,\s)\d{3})+(?:\.\d+)?\Z")
_EUROPEAN_THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?\Z")
_PLAIN = re.compile(r"[-+]?\d*\.?\d+\Z")
_DECIMAL_COMMA = re.compile(r"\d+[,·]\d+\Z")
_WEEKS_AND_DAYS = re.compile(r"(\d{1,2})(?:\s+(?:and\s+)?|\s*\+\s*|(?=\d\s?/))([0-6])(?:\s?/\s?7)?\Z")
_TWO_TIMES = re.compile(r"(\d+)\s*(?:completed\s+)?([wy])[a-z]*\D*?(\d+)\s*-?\s*[dm]")
_POWER_OF_TEN = re.compile(r"(?:(\d+(?:[.,]\d+)?)\s*[x×✕*·•⋅∙]\s*)?10\s*\^?\s*(\d\d?|[⁰¹²³⁴⁵⁶⁷⁸⁹]+)\Z")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_MINUS = str.maketrans("−–‐‑", "----")
_PERCENT = re.compile(r"(\d+(?:[.,]\d+)?)\s*%\s*(of)?")
IN_ONE = {"d": 7, "mo": 12}
"""Days in a week, months in a year."""


@lru_cache(maxsize=4096)
def mixed_time(literal: str) -> tuple[Decimal, str] | None:
    """The size in days of "23 weeks 4 days" or "23 4/7", in months of "2 years 6 months", with the unit."""
    times = _TWO_TIMES.match(literal)
    if times is not None:
        unit = "d" if times[2] == "w" else "mo"
        return Decimal(int(times[1]) * IN_ONE[unit] + int(times[3])), unit
    weeks = _WEEKS_AND_DAYS.match(literal)
    return (Decimal(int(weeks[1]) * 7 + int(weeks[2])), "d") if weeks is not None else None


def has_points_for_thousands(literal: str) -> bool:
    """Whether the points of a number may part its thousands; no thousand begins with a nought."""
    return not literal.startswith("0") and _EUROPEAN_THOUSANDS.match(literal) is not None


def values(literal: str) -> list[Decimal]:
    """The readings of a number; which one is meant is for its unit and plausible range to decide."""
    literal = literal.translate(_MINUS)
    readings = []
    if _PLAIN.match(literal):
        readings.append(Decimal(literal))
    if _THOUSANDS.match(literal):
        readings.append(Decimal(re.sub(r"[^\d.]", "", literal)))
    if _EUROPEAN_THOUSANDS.match(literal):
        readings.append(Decimal(literal.replace(".", "").replace(",", ".")))
    if _DECIMAL_COMMA.match(literal):
        readings.append(Decimal(re.sub("[,·]", ".", literal)))
    if not readings and (power := _POWER_OF_TEN.match(literal)) is not None:
        readings.append(_size(power[1] or "1", int(power[2].translate(_SUPERSCRIPTS))))
    return readings


def _size(factor: str, exponent: int) -> Decimal:
    """A power of ten written out, so that it looks like every other number."""
    return Decimal(format(Decimal(factor.replace(",", ".")).scaleb(exponent), "f"))


def times_normal(literal: str) -> list[Decimal]:
    """The multiple of a limit of normal that a number stands for, also "20 % above" it and "150 % of" it."""
    percent = _PERCENT.match(literal)
    if percent is None:
        return values(literal)
    share = Decimal(percent[1].replace(",", ".")) / 100
    return [share if percent[2] else 1 + share]
