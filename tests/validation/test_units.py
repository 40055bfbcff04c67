"""UCUM codes: what can be read as a unit, and what cannot."""

import pytest

from fhir_trial.release import Release
from fhir_trial.validation.tables import tables
from fhir_trial.validation.units import is_readable, parts


@pytest.mark.parametrize(
    "code", ["mg/kg/d", "10*9/L", "kg/m2", "mL/min/{1.73_m2}", "ug/ks", "m/s2", "%", "1", "{score}", "/min"]
)
def test_units_made_of_known_parts_are_readable(code: str) -> None:
    assert is_readable(code, tables(Release.R4).simple_units)


@pytest.mark.parametrize("code", ["Years", "years", "mmHg", "foo", "mg/foo"])
def test_words_are_no_units(code: str) -> None:
    assert not is_readable(code, tables(Release.R4).simple_units)


def test_factors_exponents_and_annotations_are_no_parts() -> None:
    assert parts("10*3.m2/{cells}L") == ["m", "L"]
