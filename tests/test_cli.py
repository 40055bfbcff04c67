"""The command line: what goes to which stream, into which file, with which exit code."""

import json
import os
import pty
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import fhir_trial
from fhir_trial.cli import app
from fhir_trial.errors import ExitCode
from tests.records import SEED, dumps, record


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def three(tmp_path: Path) -> Path:
    path = tmp_path / "three.ndjson"
    path.write_bytes(dumps(record(1), record(2), record(3)))
    return path


def test_one_record_comes_out_indented() -> None:
    result = run("convert", SEED)
    assert result.exit_code == ExitCode.OK
    assert result.stdout.startswith('{\n  "resourceType": "Bundle",\n  "type": "collection",\n')
    assert json.loads(result.stdout) == fhir_trial.convert(SEED.read_bytes())


def test_several_records_come_out_a_line_each(three: Path) -> None:
    result = run("convert", three)
    lines = result.stdout.splitlines()
    assert [json.loads(line)["entry"][0]["resource"]["id"] for line in lines] == [
        "NCT00000001",
        "NCT00000002",
        "NCT00000003",
    ]


def test_ndjson_is_a_line_even_for_one_record() -> None:
    assert run("convert", SEED, "--format", "ndjson").stdout.count("\n") == 1


def test_the_summary_goes_to_standard_error_for_a_person() -> None:
    result = run("convert", SEED)
    assert "records     1 read, 1 converted to R4, 0 failed" in result.stderr
    assert "resources   " in result.stderr
    assert "validation  " in result.stderr


def test_the_summary_goes_to_standard_error_for_a_machine(tmp_path: Path) -> None:
    source = tmp_path / "x.ndjson"
    document = record(1) | {"hasResults": True, "resultsSection": {"a": 1}, "new": 1}
    document["protocolSection"]["conditionsModule"] = {"conditions": ["a"], "odd": 1}
    source.write_bytes(dumps(document, {"protocolSection": {}}))
    result = run("convert", source, "--json")
    assert result.exit_code == ExitCode.SOME_FAILED
    assert result.stderr.count("\n") == 1
    summary = json.loads(result.stderr)
    assert (summary["read"], summary["done"], summary["failed"]) == (2, 1, 1)
    assert summary["resources"]["ResearchStudy"] == 1
    assert summary["notMapped"] == {
        "unknownFields": {
            "$.new": 1,
            "$.protocolSection.conditionsModule.odd": 1,
            "$.resultsSection.a": 1,
        },
        "unreadElements": {},
    }
    assert summary["failures"][0]["source"] == f"{source}, line 2"
    assert summary["exitCode"] == 1


def test_the_person_is_told_what_was_not_mapped(tmp_path: Path) -> None:
    source = tmp_path / "x"
    source.write_bytes(dumps(record(1) | {"resultsSection": {"a": 1}, "new": [{"a": 1}]}))
    errors = run("convert", source).stderr
    assert "not mapped  $.resultsSection.a of 1 record, an unknown field" in errors
    assert "not mapped  $.new of 1 record, an unknown field" in errors


def test_a_file_is_written_whole_and_named_in_the_summary(three: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.ndjson"
    target.write_text("old")
    result = run("convert", three, "-o", target)
    assert result.stdout == ""
    assert len(target.read_text().splitlines()) == 3
    assert f"written to  {target}" in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.ndjson", "three.ndjson"]


def test_a_folder_is_made_and_gets_a_file_per_record(three: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "out"
    run("convert", three, "-o", f"{folder}/")
    assert sorted(path.name for path in folder.iterdir()) == [f"NCT0000000{n}.json" for n in (1, 2, 3)]
    assert (folder / "NCT00000001.json").read_text().startswith('{\n  "resourceType"')
    run("convert", three, "-o", folder, "--format", "ndjson")
    assert (folder / "NCT00000001.ndjson").read_text().count("\n") == 1


def test_nothing_is_written_if_nothing_was_converted(tmp_path: Path) -> None:
    source, target = tmp_path / "x", tmp_path / "out.json"
    source.write_text("nonsense")
    target.write_text("old")
    assert run("convert", source, "-o", target).exit_code == ExitCode.NOTHING_READ
    assert target.read_text() == "old"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    run("convert", SEED, "-o", tmp_path / "link.json")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_text().startswith("{")


def test_fail_fast_stops_at_the_first_failure_and_keeps_what_was_done(tmp_path: Path) -> None:
    source = tmp_path / "x.ndjson"
    source.write_bytes(dumps(record(1), {}, record(3)))
    result = run("convert", source, "--fail-fast")
    assert result.exit_code == ExitCode.SOME_FAILED
    assert json.loads(result.stdout)["entry"][0]["resource"]["id"] == "NCT00000001"
    assert "stopped     at the first failure" in result.stderr


def test_several_processes_give_the_same_in_the_same_order(tmp_path: Path) -> None:
    source = tmp_path / "x.ndjson"
    source.write_bytes(dumps(*(record(number) for number in range(1, 150)), {}, record(150), record(1)))
    alone, together = run("convert", source), run("convert", source, "--jobs", "2")
    assert together.stdout == alone.stdout
    assert together.stderr == alone.stderr
    assert together.exit_code == alone.exit_code == ExitCode.SOME_FAILED


def test_a_record_goes_there_and_back(tmp_path: Path) -> None:
    source, bundle = tmp_path / "x.json", tmp_path / "bundle.json"
    source.write_bytes(dumps(record(1)))
    run("convert", source, "--to", "R5", "-o", bundle)
    assert json.loads(run("convert", bundle, "--to", "ctgov").stdout) == record(1)


def test_a_bundle_that_is_not_valid_is_left_out_and_counted(tmp_path: Path) -> None:
    bundle = fhir_trial.convert(record(1))
    bundle["entry"][0]["resource"]["status"] = "nonsense"
    source = tmp_path / "x.ndjson"
    source.write_bytes(dumps(bundle, record(2)))
    result = run("convert", source, "--to", "ctgov")
    assert result.exit_code == ExitCode.SOME_FAILED
    assert json.loads(result.stdout) == record(2)
    assert f"{source}, line 1: error: Bundle.entry[0].resource.status: " in result.stderr


@pytest.mark.parametrize("release", list(fhir_trial.Release))
def test_what_convert_writes_is_valid(release: str, three: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    run("convert", three, "--to", release, "-o", target)
    result = run("validate", target, "--release", release)
    assert result.exit_code == ExitCode.OK, result.stdout
    assert f"3 read, 3 valid {release}, 0 failed" in result.stderr


def test_validate_prints_issues_to_standard_output(tmp_path: Path) -> None:
    source = tmp_path / "x"
    source.write_text('{"resourceType":"Organization","name":"x","active":"yes"}')
    result = run("validate", source)
    assert result.exit_code == ExitCode.SOME_FAILED
    assert f"{source}: error: Organization.active: " in result.stdout
    issue = json.loads(run("validate", source, "--json").stdout)
    assert issue["expression"] == "Organization.active"
    assert issue["source"] == str(source)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (dumps(record(1)), "this is a registry record, not FHIR; `fhir-trial convert` makes FHIR of it"),
        (b'{"a": 1}', "this is no FHIR resource: it has no resourceType"),
        (b"[1]", "this is no FHIR resource"),
        (b"{", "malformed JSON"),
        (b"prose", "malformed JSON"),
    ],
)
def test_validate_says_what_is_no_fhir(text: bytes, reason: str, tmp_path: Path) -> None:
    source = tmp_path / "x"
    source.write_bytes(text)
    result = run("validate", source)
    assert result.exit_code == ExitCode.NOTHING_READ
    assert reason in result.stderr


def test_validate_finds_a_key_that_stands_twice(tmp_path: Path) -> None:
    source = tmp_path / "x"
    source.write_text('{"resourceType":"Organization","name":"x","name":"y"}')
    assert "occurs twice" in run("validate", source).stdout


@pytest.mark.parametrize("arguments", [["convert"], ["convert", str(SEED), "--to", "R6"], ["nonsense"]])
def test_wrong_usage_has_a_code_of_its_own(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == ExitCode.USAGE


def test_the_version_is_shown() -> None:
    assert run("--version").stdout == f"fhir-trial {fhir_trial.__version__}\n"


def test_the_package_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "fhir_trial", "convert", "-", "--format", "ndjson"]
    done = subprocess.run(command, input=SEED.read_bytes(), capture_output=True, check=True)
    assert json.loads(done.stdout)["resourceType"] == "Bundle"


def test_nothing_but_text_is_shown_when_it_is_quick_or_no_terminal() -> None:
    assert "\x1b" not in run("convert", SEED).stderr


def test_a_terminal_shows_progress_after_a_moment() -> None:
    reader, writer = pty.openpty()
    code = "import sys, fhir_trial.progress as p; p._A_MOMENT = 0; print([*p.watched('ab').__enter__()])"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=writer) as process:
        os.close(writer)
        assert process.stdout
        assert process.stdout.read() == b"['a', 'b']\n"
    shown = os.read(reader, 100_000)
    os.close(reader)
    assert b"records" in shown


def test_help_is_quick() -> None:
    def seconds(*command: str) -> float:
        """CPU time: unlike the clock, it does not count what else the machine is doing."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *command], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    floor = min(seconds("-c", "pass") for _ in range(5))
    assert min(seconds("-m", "fhir_trial", "--help") for _ in range(5)) < 3 * floor + 0.2
