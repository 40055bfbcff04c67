"""The command `criteria`: lines as understood, shares over many records, and the words left over."""

import json
from pathlib import Path

from typer.testing import CliRunner

from fhir_trial.cli import app
from fhir_trial.errors import ExitCode
from fhir_trial.understanding import Share, lines, wording
from tests.mapping.made import trial
from tests.records import SEED, dumps, record

TEXT = (
    "Inclusion Criteria:\n\n* Age 19 years or older\n* ALT <= 3 x ULN\n* Asthma for which treatment failed\n"
)


def _run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["criteria", *arguments])
    return result.exit_code, result.stdout, result.stderr


def _records(folder: Path, *numbers: int) -> str:
    modules = {"eligibilityModule": {"eligibilityCriteria": TEXT}}
    path = folder / "records.ndjson"
    path.write_bytes(dumps(*(record(number, **modules) for number in numbers)))
    return str(path)


def test_a_person_sees_each_line_with_its_limits() -> None:
    code, out, _ = _run(str(SEED))
    assert code == ExitCode.OK
    assert "+ Patient age from 18 to 70." in out
    assert "→ age ≥ 18 a, ≤ 70 a" in out
    assert "Exclusion" in out


def test_a_program_gets_a_json_object_a_line(tmp_path: Path) -> None:
    code, out, _ = _run(_records(tmp_path, 1), "--json")
    age, alt, asthma = map(json.loads, out.splitlines())
    assert code == ExitCode.OK
    assert (age["status"], age["constraints"][0]["bounds"]) == ("computable", [["ge", "19"]])
    assert alt["constraints"][0]["multipleOf"] == "ULN"
    assert TEXT[asthma["start"] : asthma["end"]] == asthma["text"]


def test_several_records_end_with_the_share_of_each_and_the_words_left_over(tmp_path: Path) -> None:
    code, out, _ = _run(_records(tmp_path, 1, 2), "--summary", "--json")
    found = json.loads(out)
    assert code == ExitCode.OK
    assert (found["trials"], found["lines"], found["computable"], found["text"]) == (2, 6, 4, 2)
    assert found["notUnderstood"]["asthma"] == 2


def test_a_bad_record_is_named_and_the_rest_is_shown(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    code, out, err = _run(str(bad), str(SEED))
    assert code == ExitCode.SOME_FAILED
    assert "bad.json" in err
    assert "NCT03597321" in out
    assert _run(str(bad))[0] == ExitCode.NOTHING_READ


def test_a_constraint_in_words_says_variable_limit_and_unit() -> None:
    found = list(lines(trial(eligibilityModule={"eligibilityCriteria": TEXT}), {}))
    assert [wording(c) for line in found for c in line.reading.constraints] == ["age ≥ 19 a", "alt ≤ 3 × ULN"]


def test_words_of_equal_count_come_in_alphabetical_order() -> None:
    share = Share()
    share.add(list(lines(trial(eligibilityModule={"eligibilityCriteria": "zebra apple"}), {})))
    assert [word for word, _ in share.ranked(5)] == ["apple", "zebra"]
