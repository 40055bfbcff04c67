"""Every rule broken once is refused at its place, and what HL7's engines let pass is let pass."""

import pytest

from fhir_trial.release import Release
from tests.validation.mutations import PASSING, REFUSED, WARNED, Row, passes

Case = tuple[Row, Release]


def cases(rows: list[Row]) -> list[object]:
    return [
        pytest.param(row, release, id=f"{release}-{row.name}") for row in rows for release in row.releases
    ]


@pytest.mark.parametrize(("row", "release"), cases([row for rows in REFUSED.values() for row in rows]))
def test_a_broken_rule_is_an_error_at_its_place(row: Row, release: Release) -> None:
    where = row.expression(release)
    found = row.issues(release)
    assert where in [issue.expression for issue in found if issue.severity == "error"], found


@pytest.mark.parametrize(("row", "release"), cases(WARNED))
def test_a_doubtful_thing_is_a_warning_and_no_error(row: Row, release: Release) -> None:
    found = row.issues(release)
    assert row.expression(release) in [issue.expression for issue in found if issue.severity == "warning"]
    assert passes(row, release), found


@pytest.mark.parametrize(("row", "release"), cases(PASSING))
def test_what_the_engines_let_pass_is_let_pass(row: Row, release: Release) -> None:
    assert passes(row, release), row.issues(release)
