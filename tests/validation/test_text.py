"""What only the JSON text shows: malformed, doubled keys, too deep, digits that a float loses."""

import json

import pytest

from fhir_trial.errors import Issue
from fhir_trial.release import Release
from fhir_trial.validation import validate, validate_json
from fhir_trial.validation.text import too_deep
from tests.validation.fixtures import bundle, location, study


def rules(issues: list[Issue]) -> list[tuple[str, str]]:
    return [(one.severity, one.rule) for one in issues]


def text(node: object) -> str:
    return json.dumps(node, ensure_ascii=False)


def test_a_valid_bundle_has_no_issues_as_text_and_as_bytes() -> None:
    for release in Release:
        data = text(bundle(release))
        assert validate_json(data, release=release) == []
        assert validate_json(b"\xef\xbb\xbf" + data.encode(), release=release) == []


@pytest.mark.parametrize(
    "data",
    [
        "{",
        "",
        "nonsense",
        '{"a": NaN}',
        '{"a": Infinity}',
        "[" * 100_000,
        '{"a":' * 5_000,
        b"\xff{}",
        "{} {}",
    ],
)
def test_malformed_text_is_fatal(data: str | bytes) -> None:
    assert rules(validate_json(data)) == [("fatal", "json")]


def test_a_doubled_key_is_an_error() -> None:
    data = text(study(Release.R4)).replace('"title":', '"title": "x", "title":')
    assert rules(validate_json(data, release="R4")) == [("error", "duplicate-key")]


@pytest.mark.parametrize(("release", "severity"), [("R4", "warning"), ("R4B", "warning"), ("R5", "error")])
def test_digits_that_a_double_loses_are_named(release: str, severity: str) -> None:
    data = text(location(Release(release))).replace("7.1", "7.1111111111111111111111111111111111111111")
    assert rules(validate_json(data, release=release)) == [(severity, "decimal-digits")]


@pytest.mark.parametrize("data", ["[]", "null", "5", '"x"'])
def test_json_that_is_no_object_is_an_error(data: str) -> None:
    assert rules(validate_json(data)) == [("error", "type")]


def test_brackets_inside_strings_do_not_nest() -> None:
    assert not too_deep(json.dumps({"a": "[" * 1000 + '\\"' + "{" * 1000}))
    assert too_deep("[" * 201)


def test_the_source_is_kept() -> None:
    broken = study(Release.R4) | {"status": "foo"}
    assert [one.source for one in validate(broken, source="a.json")] == ["a.json"]
    assert [one.source for one in validate_json("{", source="b.json")] == ["b.json"]


def test_an_unknown_release_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="R3"):
        validate(study(Release.R4), release="R3")
