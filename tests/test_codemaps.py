"""Every row of every code map: complete against the registry's tokens, known to the release's value sets."""

import csv
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest

from fhir_trial import tokens
from fhir_trial.codemaps import CodeMap, maps, plain_codes, rows, system
from fhir_trial.errors import UnmappedCodeError
from fhir_trial.release import Release
from fhir_trial.validation import validate
from tests.records import CORPUS, ROOT, needs_corpus

MAPPINGS = ROOT / "mappings"
CODE_MAPS = sorted(
    path.relative_to(MAPPINGS).with_suffix("").as_posix()
    for path in MAPPINGS.glob("*/*.csv")
    if path.parent.name not in ("eligibility", "validation")
)
RELATIONSHIPS = {
    "equivalent",
    "source-is-narrower-than-target",
    "source-is-broader-than-target",
    "related-to",
    "not-related-to",
}
CODE_ELEMENTS = {"research_study/status_r4", "activity_definition/kind"}
"""Maps whose target is an element of type code, not a coding."""


def _rows(name: str) -> list[dict[str, str]]:
    return list(rows(f"{name}.csv"))


@pytest.mark.parametrize("name", CODE_MAPS)
def test_rows_are_unique_and_well_formed(name: str) -> None:
    stated = _rows(name)
    assert len({row["source_code"] for row in stated}) == len(stated)
    for row in stated:
        assert row["relationship"] in RELATIONSHIPS, row
        assert bool(row["target_code"]) == (row["relationship"] != "not-related-to"), row
        assert bool(row["target_code"]) == bool(row["target_system"]), row


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize("name", [name for name in CODE_MAPS if name not in CODE_ELEMENTS])
def test_every_target_code_is_known_to_the_release(name: str, release: Release) -> None:
    for row in _rows(name):
        if not row["target_code"]:
            continue
        coding = {"system": system(row["target_system"], release), "code": row["target_code"]}
        assert (
            _errors(
                {"resourceType": "Organization", "id": "o", "name": "o", "type": [{"coding": [coding]}]},
                release,
            )
            == []
        )


@pytest.mark.parametrize("release", [Release.R4, Release.R4B])
def test_every_r4_status_is_in_the_required_value_set(release: Release) -> None:
    for code in plain_codes("research_study/status_r4").values():
        assert _errors({"resourceType": "ResearchStudy", "id": "s", "status": code}, release) == []


@pytest.mark.parametrize("release", Release)
def test_every_kind_is_in_the_required_value_set(release: Release) -> None:
    for code in plain_codes("activity_definition/kind").values():
        resource = {"resourceType": "ActivityDefinition", "id": "a", "status": "active", "kind": code}
        assert _errors(resource, release) == []


def _errors(resource: dict[str, Any], release: Release) -> list[str]:
    return [str(issue) for issue in validate(resource, release=release) if issue.severity != "warning"]


ENUMERATIONS = {name: code_map for name, code_map in maps(Release.R4).named().items() if code_map.enumeration}


@pytest.mark.parametrize("name", [name for name in ENUMERATIONS if name != "phase"])
def test_a_map_has_exactly_the_tokens_of_the_registry(name: str) -> None:
    code_map = ENUMERATIONS[name]
    assert {row.source_code for row in code_map.rows} == set(
        get_args(getattr(tokens, code_map.enumeration or ""))
    )


def test_the_phase_map_has_every_token_and_the_two_combinations_with_a_code() -> None:
    assert {row.source_code for row in maps(Release.R4).phase.rows} == set(get_args(tokens.Phase)) | {
        "PHASE1|PHASE2",
        "PHASE2|PHASE3",
    }


@pytest.mark.parametrize("name", ["status_r4", "progress_status"])
def test_all_fourteen_statuses_have_a_row(name: str) -> None:
    assert sorted(row["source_code"] for row in _rows(f"research_study/{name}")) == sorted(
        get_args(tokens.Status)
    )
    assert len(_rows(f"research_study/{name}")) == 14


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize("name", ENUMERATIONS)
def test_every_token_can_be_read_back(name: str, release: Release) -> None:
    code_map: CodeMap = getattr(maps(release), name)
    for row in code_map.rows:
        assert code_map.token(code_map.concept(row.source_code)) == row.source_code


def test_a_token_without_a_row_is_an_error_that_names_token_and_map() -> None:
    with pytest.raises(
        UnmappedCodeError, match=r"'PAUSED' has no row in mappings/research_study/progress_status\.csv"
    ):
        maps(Release.R4).status.concept("PAUSED")


def test_every_file_is_valid_csv_with_the_same_number_of_cells_in_each_row() -> None:
    for path in MAPPINGS.rglob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            lengths = {len(row) for row in csv.reader(file)}
        assert len(lengths) == 1, path


@needs_corpus
def test_the_token_lists_are_those_of_the_registrys_api() -> None:
    yaml = pytest.importorskip("yaml")
    spec = yaml.safe_load((CORPUS / "ctgov_v2_spec" / "ctg-oas-v2.yaml").read_text(encoding="utf-8"))
    for name, schema in spec["components"]["schemas"].items():
        if "enum" in schema and hasattr(tokens, name):
            assert sorted(get_args(getattr(tokens, name))) == sorted(schema["enum"]), name


@needs_corpus
def test_every_country_of_the_dev_records_has_a_row() -> None:
    known = {row["source_code"] for row in _rows("location/country")}
    for path in _sampled():
        contacts = orjson.loads(path.read_bytes())["protocolSection"].get("contactsLocationsModule", {})
        assert {site["country"] for site in contacts.get("locations", ())} <= known


def _sampled() -> list[Path]:
    return sorted((CORPUS / "ctgov_v2").glob("*.json"))
