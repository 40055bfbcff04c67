"""The reviewed tables of `mappings/eligibility/`, read once, when the first line is understood."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Literal

from fhir_trial.data import mappings_dir

Kind = Literal["measure", "score", "class"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit of measure: UCUM code, what it measures, and its size in that dimension's common unit."""

    ucum: str
    dimension: str
    factor: Decimal
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """Something that criteria set limits to."""

    id: str
    name: str
    kind: Kind
    aliases: tuple[str, ...]
    units: tuple[Unit, ...]
    assumed: Unit | None
    """The unit meant when none is written; None where that would be a guess."""
    by_range: bool
    """Without a unit, the only one in which the number is plausible is meant."""
    molar_mass: Decimal | None
    """Grams a mole, where criteria use both mass and molar units."""
    low: float
    high: float
    """Plausible values, in the first of the units."""
    loinc: str
    loinc_molar: str

    def loinc_for(self, unit: Unit | None) -> str | None:
        """The LOINC code that is right for a unit; codes differ between mass and molar units."""
        if unit is None:
            return self.loinc if self.loinc and not self.loinc_molar else None
        if unit.dimension.startswith("molar"):
            return (
                self.loinc_molar
                or (self.loinc if self.units[0].dimension == unit.dimension else None)
                or None
            )
        return (
            self.loinc
            if self.loinc and (not self.units or self.units[0].dimension == unit.dimension)
            else None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """All tables."""

    variables: dict[str, Variable]
    units: dict[str, Unit]
    by_alias: dict[str, Variable]
    """Aliases as `squeezed` writes them."""
    units_by_alias: dict[str, tuple[Unit, ...]]
    words: dict[str, frozenset[str]]
    """Kind of word -> the words."""
    languages: dict[str, str]
    """Name of a language -> BCP 47."""


def squeezed(words: str) -> str:
    """One spelling for the ways to write a name: no spaces, hyphens or apostrophes, and decimal points."""
    return _DECIMAL_POINT.sub(".", words.translate(_SQUEEZE))


_DECIMAL_POINT = re.compile(r"(?<=\d)[,·•](?=\d)")


_SQUEEZE = {ord(sign): None for sign in " \t\n-‐‑–'’`\xa0\u2009"} | {
    ord("μ"): "µ",
    ord("º"): "°",
    ord("˚"): "°",
    ord("⁄"): "/",
}


@cache
def vocabulary() -> Vocabulary:
    """The tables, read on first use."""
    units = {row["ucum"]: _unit(row) for row in _rows("units")}
    variables = {row["id"]: _variable(row, units) for row in _rows("variables")}
    by_alias: dict[str, tuple[Unit, ...]] = {}
    for unit in units.values():
        for alias in unit.aliases:
            by_alias[squeezed(alias)] = (*by_alias.get(squeezed(alias), ()), unit)
    return Vocabulary(
        variables=variables,
        units=units,
        by_alias={squeezed(alias): variable for variable in variables.values() for alias in variable.aliases},
        units_by_alias=by_alias,
        words={row["kind"]: frozenset(row["words"].split("|")) for row in _rows("words")},
        languages={row["name"]: row["code"] for row in _rows("languages")},
    )


def _rows(table: str) -> Iterator[dict[str, str]]:
    with (mappings_dir() / "eligibility" / f"{table}.csv").open(encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def _unit(row: dict[str, str]) -> Unit:
    return Unit(
        ucum=row["ucum"],
        dimension=row["dimension"],
        factor=Decimal(row["factor"]),
        aliases=tuple(alias for alias in row["aliases"].split("|") if alias),
    )


def _variable(row: dict[str, str], units: dict[str, Unit]) -> Variable:
    kind = row["kind"]
    assert kind in ("measure", "score", "class")
    return Variable(
        id=row["id"],
        name=row["name"],
        kind=kind,  # type: ignore[arg-type]  # checked just above
        aliases=tuple(row["aliases"].split("|")),
        units=tuple(units[code] for code in row["units"].split("|") if code),
        assumed=units.get(row["assumed"]),
        by_range=row["assumed"] == "by-range",
        molar_mass=Decimal(row["molar_mass"]) if row["molar_mass"] else None,
        low=float(row["low"]),
        high=float(row["high"]),
        loinc=row["loinc"],
        loinc_molar=row["loinc_molar"],
    )
