"""Every row of the tables in mappings/eligibility/."""

import csv
from decimal import Decimal

import pytest

from fhir_trial.data import mappings_dir
from fhir_trial.eligibility import constraints
from fhir_trial.eligibility.vocabulary import Unit, Variable, squeezed, vocabulary

VARIABLES = list(vocabulary().variables.values())
UNITS = list(vocabulary().units.values())


def has_check_digit(code: str) -> bool:
    """Whether a LOINC code ends in the check digit of its number (mod 10)."""
    digits, check = code.split("-")
    doubled = str(2 * int(digits[::-1][::2][::-1])) + digits[::-1][1::2]
    return (10 - sum(map(int, doubled)) % 10) % 10 == int(check)


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.id)
def test_a_variable_is_sound(variable: Variable) -> None:
    assert variable.low < variable.high
    assert variable.name
    assert all(alias == alias.strip().lower() and alias for alias in variable.aliases)
    assert variable.assumed is None or variable.assumed in variable.units
    for code in filter(None, (variable.loinc, variable.loinc_molar)):
        assert has_check_digit(code)


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.id)
def test_every_alias_is_read_as_its_variable(variable: Variable) -> None:
    unit = variable.units[0].aliases[0] if variable.units and variable.kind == "measure" else ""
    middle = (variable.low + variable.high) / 2
    value = round(middle) if variable.kind != "measure" or middle > 5 else round(middle, 2)
    for alias in variable.aliases:
        found = [constraint.variable for constraint in constraints(f"{alias} >= {value} {unit}").constraints]
        assert found == [variable.id], alias


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.ucum)
def test_a_unit_is_sound(unit: Unit) -> None:
    assert unit.factor > 0
    assert all(alias == alias.strip() and alias for alias in unit.aliases)


def test_units_of_one_size_and_dimension_are_told_apart_by_their_code_only() -> None:
    known = vocabulary().units
    assert known["g/dL"].factor / known["g/L"].factor == 10
    assert known["10*9/L"].factor == known["10*3/uL"].factor
    assert known["mmol/L"].factor / known["umol/L"].factor == Decimal(1000)


def test_every_unit_is_used_and_no_alias_is_of_two_variables() -> None:
    used = {unit.ucum for variable in VARIABLES for unit in variable.units}
    unused = {unit.ucum for unit in UNITS} - used
    assert unused <= {
        "min",
        "mg",
        "cm2",
        "m2",
        "mol/L",
        "nmol/L",
        "10*12/L",
        "10*6/uL",
        "10*3/mL",
        "L/min",
        "ug/dL",
        "cm[H2O]",
    }
    aliases = [squeezed(alias) for variable in VARIABLES for alias in variable.aliases]
    owners = {alias: {v.id for v in VARIABLES if alias in map(squeezed, v.aliases)} for alias in set(aliases)}
    assert {alias: ids for alias, ids in owners.items() if len(ids) > 1} == {}


@pytest.mark.parametrize("variable", [v for v in VARIABLES if v.by_range], ids=lambda variable: variable.id)
def test_a_unit_that_the_range_decides_is_one_of_several_of_known_size(variable: Variable) -> None:
    assert variable.assumed is None
    assert len(variable.units) > 1 or variable.id == "head-circumference"
    comparable = {"mass-concentration", "molar-concentration"} if variable.molar_mass else set()
    comparable |= {variable.units[0].dimension, "temperature-fahrenheit"}
    assert {unit.dimension for unit in variable.units} <= comparable


def test_loinc_is_given_only_where_the_unit_allows_it() -> None:
    glucose = vocabulary().variables["glucose"]
    assert glucose.loinc_for(vocabulary().units["mg/dL"]) == "2345-7"
    assert glucose.loinc_for(vocabulary().units["mmol/L"]) == "14749-6"
    assert glucose.loinc_for(None) is None


@pytest.mark.parametrize("table", ["variables", "units", "words"])
def test_the_tables_are_rectangular(table: str) -> None:
    text = (mappings_dir() / "eligibility" / f"{table}.csv").read_text("utf-8")
    rows = list(csv.reader(text.splitlines()))
    assert {len(row) for row in rows} == {len(rows[0])}


def test_the_notice_of_loinc_travels_with_the_codes() -> None:
    assert "copyright © Regenstrief Institute" in (mappings_dir() / "eligibility" / "README.md").read_text(
        "utf-8"
    )
