"""The command `criteria`: lines as understood, shares over many records, and the words left over."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fhir_trial.cli import app
from fhir_trial.errors import ExitCode
from fhir_trial.understanding import Share, understood, wording
from tests.mapping.made import extensions, of_type, trial
from tests.records import ROOT, SEED, dumps, record

TEXT = (
    "Inclusion Criteria:\n\n* Age 19 years or older\n* ALT <= 3 x ULN\n* Asthma for which treatment failed\n"
)
ALL_KINDS = """Inclusion Criteria:

1. Platelets at least 75,000/uL within two weeks before enrolment
2. Meets all of the following:

   1. Age \\>= 19 years
   2. Body mass index under 30 kg/m2 with good appetite

3. Smokers with any of the following:

   * Asthma
   * COPD

Cohort B:

* Age at least 60 years

Exclusion Criteria:

* Does not speak English or Spanish
* Blood pressure above 140/90 mmHg

Other exclusion criteria may apply.
"""


def _run(*arguments: str, columns: int = 120) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["criteria", *arguments], env={"COLUMNS": str(columns)})
    return result.exit_code, result.stdout, result.stderr


def _records(folder: Path, *numbers: int, text: str = TEXT) -> str:
    modules = {"eligibilityModule": {"eligibilityCriteria": text}}
    path = folder / "records.ndjson"
    path.write_bytes(dumps(*(record(number, **modules) for number in numbers)))
    return str(path)


def _document(folder: Path, text: str) -> dict[str, Any]:
    code, out, _ = _run(_records(folder, 1, text=text), "--json")
    assert code == ExitCode.OK
    found: dict[str, Any] = json.loads(out)
    return found


# --- for a person ----------------------------------------------------------------------------------------


def test_a_person_sees_a_table_of_the_lines_with_status_and_limits() -> None:
    code, out, _ = _run(str(SEED))
    assert code == ExitCode.OK
    assert re.search(r"criterion +status +understood as +text", out)
    assert re.search(r"inclusion\.2 +computable +age ≥ 18 a, ≤ 70 a +Patient age from 18 to 70\.", out)
    assert re.search(r"exclusion\.7 +text +Previous solid organ", out)


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_a_narrow_table_folds_words_and_drops_none(columns: int, tmp_path: Path) -> None:
    word = "pneumonoultramicroscopic" * 6
    code, out, _ = _run(_records(tmp_path, 1, text=f"* {word} until week 12"), columns=columns)
    lines = out.splitlines()
    assert code == ExitCode.OK
    assert max(map(len, lines)) <= columns
    # the last column alone: everything of the line, in order
    at = next(line.index("text") for line in lines if "criterion" in line)
    at = max(at, next(line.index("pneu"[0], at) for line in lines if line.startswith(" other.1")))
    assert word + "untilweek12" in re.sub(r"\s", "", "".join(line[at:] for line in lines))


def test_the_number_as_written_and_the_sub_heading_stand_before_the_words(tmp_path: Path) -> None:
    _, out, _ = _run(_records(tmp_path, 1, text=ALL_KINDS))
    assert "1. Platelets at least" in out
    assert re.search(r"partial +age ≥ 60 a +\[Cohort B\]", out)


def test_a_list_that_says_it_is_not_complete_is_shown_as_such(tmp_path: Path) -> None:
    said = "other criteria apply: the list is not complete"
    assert said in _run(_records(tmp_path, 1, text=ALL_KINDS))[1]
    assert said not in _run(_records(tmp_path, 1))[1]


def test_denied_languages_read_as_denied(tmp_path: Path) -> None:
    assert "language not en, not es" in _run(_records(tmp_path, 1, text=ALL_KINDS))[1]


def test_a_record_without_criteria_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(dumps(record(1, eligibilityModule={"sex": "ALL"})))
    code, out, _ = _run(str(path))
    assert (code, "no criteria" in out) == (ExitCode.OK, True)


# --- for a machine ---------------------------------------------------------------------------------------


def test_one_record_is_one_json_document(tmp_path: Path) -> None:
    found = _document(tmp_path, TEXT)
    age, alt, asthma = found["criteria"]
    assert (found["id"], found["incomplete"]) == ("NCT00000001", False)
    assert (age["status"], age["constraints"][0]["bounds"]) == (
        "computable",
        [{"operator": "ge", "value": "19", "literal": "19"}],
    )
    assert alt["constraints"][0]["multipleOf"] == "ULN"
    assert TEXT[asthma["start"] : asthma["end"]] == asthma["text"]


def test_several_records_are_a_line_of_json_each(tmp_path: Path) -> None:
    code, out, err = _run(_records(tmp_path, 1, 2), "--json")
    assert code == ExitCode.OK
    assert [json.loads(line)["id"] for line in out.splitlines()] == ["NCT00000001", "NCT00000002"]
    assert "records     2" in err


def test_the_json_says_all_that_was_understood(tmp_path: Path) -> None:
    found = _document(tmp_path, ALL_KINDS)
    by_path = {line["path"]: line for line in found["criteria"]}
    assert found["incomplete"] is True
    platelets = by_path["inclusion.1"]
    (limit,) = platelets["constraints"]
    assert platelets["marker"] == "1."
    assert limit["bounds"] == [{"operator": "ge", "value": "75000", "literal": "75,000"}]
    assert limit["unitText"].lower().endswith("ul")
    assert limit["window"] == {"text": "within two weeks before enrolment", "value": "2", "unit": "wk"}
    assert platelets["text"][limit["start"] : limit["end"]].startswith("Platelets at least 75,000")
    assert (by_path["inclusion.2"]["logic"], by_path["inclusion.2"]["status"]) == ("all-of", "computable")
    assert ALL_KINDS[by_path["inclusion.2.1"]["start"] :].startswith("Age \\>= 19 years")
    assert by_path["inclusion.2.2"]["status"] == "partial"
    assert "appetite" in " ".join(by_path["inclusion.2.2"]["residue"])
    assert by_path["inclusion.3"]["status"] == "partial"
    assert by_path["inclusion.4"]["label"] == "Cohort B"
    assert by_path["exclusion.1"]["constraints"][0]["negated"] is True
    assert by_path["exclusion.2"]["join"] == "unknown"


def test_the_page_on_the_command_names_every_field_of_its_json(tmp_path: Path) -> None:
    def names(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*map(names, value.values()))
        return set().union(*map(names, value)) if isinstance(value, list) else set()

    page = (ROOT / "docs" / "criteria.md").read_text()
    written = names(_document(tmp_path, ALL_KINDS + "\n* At least 2 of the following:\n  * Gout\n  * Acne\n"))
    assert {name for name in written if f"`{name}`" not in page} == set()
    assert {"label", "marker", "logic", "residue", "window", "literal", "unitText"} <= written


@pytest.mark.parametrize("text", [ALL_KINDS, TEXT])
def test_a_line_has_one_status_here_and_in_the_group(text: str, tmp_path: Path) -> None:
    stated = trial(eligibilityModule={"eligibilityCriteria": text})
    in_fhir = {
        extensions(found, "criterion-start")[0]["valueInteger"]: [
            extension["valueCode"] for extension in extensions(found, "criterion-status")
        ]
        for group in of_type(stated, "Group")
        for found in group["characteristic"]
        if extensions(found, "criterion-start")
    }
    for line in _document(tmp_path, text)["criteria"]:
        said = in_fhir[line["start"]]
        # the Group reads a line as a whole: without status some word of it is not understood
        assert said == [line["status"]] or (not said and line["status"] != "computable")


# --- many records ----------------------------------------------------------------------------------------


def test_several_records_end_with_the_share_of_each_and_the_words_left_over(tmp_path: Path) -> None:
    code, out, _ = _run(_records(tmp_path, 1, 2), "--summary", "--json")
    found = json.loads(out)
    assert code == ExitCode.OK
    assert (found["trials"], found["lines"], found["computable"], found["text"]) == (2, 6, 4, 2)
    assert found["notUnderstood"]["asthma"] == 2


def test_the_share_counts_a_line_of_a_cohort_as_partial_and_no_line_that_only_joins(tmp_path: Path) -> None:
    _, out, _ = _run(_records(tmp_path, 1, text=ALL_KINDS), "--summary", "--json")
    found = json.loads(out)
    assert (found["incomplete"], found["joining"]) == (1, 1)
    assert (found["computable"], found["partial"]) == (3, 4)
    assert "following" not in _run(_records(tmp_path, 1, text="* Any of the following:\n  * Gout"))[1].split(
        "not understood"
    )


def test_a_bad_record_is_named_and_the_rest_is_shown(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    code, out, err = _run(str(bad), str(SEED))
    assert code == ExitCode.SOME_FAILED
    assert "bad.json" in err
    assert "NCT03597321" in out
    assert _run(str(bad))[0] == ExitCode.NOTHING_READ


@pytest.mark.parametrize("options", [[], ["--json"], ["--summary"], ["--summary", "--json"]])
def test_a_folder_without_records_is_nothing_read(options: list[str], tmp_path: Path) -> None:
    code, out, err = _run(str(tmp_path), *options)
    assert code == ExitCode.NOTHING_READ
    assert "records     0" in out + err or '"trials":0' in out


# --- parts -----------------------------------------------------------------------------------------------


def test_a_constraint_in_words_says_variable_limit_and_unit() -> None:
    found = understood(trial(eligibilityModule={"eligibilityCriteria": TEXT}), {})
    assert [wording(c) for line in found.lines for c in line.reading.constraints] == [
        "age ≥ 19 a",
        "alt ≤ 3 × ULN",
    ]


def test_words_of_equal_count_come_in_alphabetical_order() -> None:
    share = Share()
    share.add(understood(trial(eligibilityModule={"eligibilityCriteria": "zebra apple"}), {}))
    assert [word for word, _ in share.ranked(5)] == ["apple", "zebra"]
