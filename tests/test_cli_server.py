"""push, pull, validate --server, sandbox and definitions on the command line."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

import fhir_trial
from fhir_trial import cli_server
from fhir_trial.cli import app
from fhir_trial.client import access
from fhir_trial.engines.definitions import definition_files
from fhir_trial.errors import ExitCode
from fhir_trial.release import Release
from tests.client.loopback import Reply, Request, serving
from tests.client.scripted import Json, fhir, outcome
from tests.records import SEED, dumps, record
from tests.transfer.fake import FakeServer


def run(*arguments: str | Path, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments], env=env)


@contextmanager
def listening(server: FakeServer) -> Iterator[str]:
    """The address of a fake server."""

    def answer(request: Request) -> Reply:
        url = f"http://x/r4{request.path.removeprefix('/fhir')}"
        headers = {name: value for name, value in request.headers.items() if name != "content-length"}
        response = server(httpx.Request(request.method, url, content=request.body, headers=headers))
        return response.status_code, response.json()

    with serving(answer) as url:
        yield url


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "records.ndjson"
    path.write_bytes(dumps(record(1), record(2), record(3)))
    return path


def refuses(number: int, resource_type: str = "Group") -> FakeServer:
    def rule(resource: Json) -> str | None:
        mine = resource["id"].startswith(f"NCT{number:08}") and resource["resourceType"] == resource_type
        return "not wanted here" if mine else None

    return FakeServer(rule=rule)


# --- push ------------------------------------------------------------------------------------------------


def test_push_tells_what_it_did(source: Path) -> None:
    server = FakeServer()
    with listening(server) as url:
        result = run("push", source, "--server", url)
    assert result.exit_code == ExitCode.OK, result.stderr
    assert result.stdout == ""
    assert "records     3 read, 3 converted, 0 failed" in result.stderr
    assert f"pushed      3 stored, 0 refused by {url}" in result.stderr
    for name in ("Uploads ", "Success ", "Duration ", "Requ. Latencies ", "Proc. Latencies ", "Bytes In "):
        assert f"\n{name}" in result.stderr
    assert "100.00 %" in result.stderr
    assert "Status Codes     [code:count]" in result.stderr
    assert "ResearchStudy/NCT00000003" in server.resources


def test_push_tells_a_machine_what_it_did(source: Path) -> None:
    with listening(FakeServer()) as url:
        for status in ("created", "unchanged"):
            result = run("push", source, "--server", url, "--json")
            summary = json.loads(result.stderr)
            assert (summary["stored"], summary["refused"], summary["exitCode"]) == (3, 0, 0)
            assert summary["pushed"][status] == sum(summary["pushed"].values()) > 0
            assert summary["statistics"]["statusCodes"] == {"200": summary["statistics"]["requests"]}


def test_push_takes_the_server_from_the_environment(source: Path) -> None:
    with listening(FakeServer()) as url:
        assert run("push", source, env={"FHIR_TRIAL_SERVER": url}).exit_code == ExitCode.OK


def test_push_reports_a_refusal_and_goes_on(source: Path, tmp_path: Path) -> None:
    letters = tmp_path / "refused.ndjson"
    server = refuses(2)
    with listening(server) as url:
        result = run("push", source, "--server", url, "--dead-letter", letters)
    assert result.exit_code == ExitCode.SERVER_REFUSED
    place = f"{source}, line 2"
    assert f"error: {place}: Bundle.entry[2] (Group/NCT00000002-eligibility): POST /: 422" in result.stderr
    assert {"ResearchStudy/NCT00000001", "ResearchStudy/NCT00000003"} <= server.resources.keys()
    (line,) = map(json.loads, letters.read_text().splitlines())
    assert (line["source"], line["record"]) == (place, "NCT00000002")
    assert line["key"] == "Group/NCT00000002-eligibility"
    assert line["outcome"]["issue"][0]["diagnostics"] == "not wanted here"
    assert line["resource"]["resourceType"] == "Group"


def test_push_reports_a_refusal_to_a_machine(source: Path) -> None:
    with listening(refuses(2)) as url:
        summary = json.loads(run("push", source, "--server", url, "--json").stderr.splitlines()[-1])
    assert (summary["stored"], summary["refused"], summary["exitCode"]) == (2, 1, 4)
    assert summary["refusals"][0]["place"] == "Bundle.entry[2]"


def test_push_goes_on_after_a_bad_record(tmp_path: Path) -> None:
    source = tmp_path / "records.ndjson"
    source.write_bytes(dumps(record(1)) + b"\n{broken\n" + dumps(record(3)))
    with listening(FakeServer()) as url:
        result = run("push", source, "--server", url)
    assert result.exit_code == ExitCode.SOME_FAILED
    assert "line 2" in result.stderr
    assert "2 stored" in result.stderr


def test_push_stops_at_the_first_failure_if_told(tmp_path: Path) -> None:
    source = tmp_path / "records.ndjson"
    source.write_bytes(dumps(*map(record, range(1, 200))))
    server = refuses(1)
    with listening(server) as url:
        result = run("push", source, "--server", url, "--fail-fast")
    assert result.exit_code == ExitCode.SERVER_REFUSED
    assert sum(name.startswith("ResearchStudy/") for name in server.resources) < 100


def test_push_of_nothing_is_nothing_read(tmp_path: Path) -> None:
    empty = tmp_path / "empty.json"
    empty.write_text("")
    with listening(FakeServer()) as url:
        assert run("push", empty, "--server", url).exit_code == ExitCode.NOTHING_READ


def test_push_sends_definitions_first_if_told(source: Path) -> None:
    server = FakeServer()
    with listening(server) as url:
        result = run("push", source, "--server", url, "--definitions")
    assert result.exit_code == ExitCode.OK
    assert len(server.transactions[0]) == len(definition_files(Release.R4))
    assert "pushed      3 stored" in result.stderr


def test_push_to_another_release_sends_nothing(source: Path) -> None:
    server = FakeServer(release="5.0.0")
    with listening(server) as url:
        result = run("push", source, "--server", url, "--to", "R4")
    assert result.exit_code == ExitCode.SERVER_REFUSED
    assert "the server speaks FHIR 5.0.0 (R5), not R4" in result.stderr
    assert not server.asked


def test_push_writes_the_servers_release(source: Path) -> None:
    server = FakeServer(release="5.0.0")
    with listening(server) as url:
        assert run("push", source, "--server", url).exit_code == ExitCode.OK
    assert "membership" in server.resources["Group/NCT00000001-eligibility"]


def test_push_to_a_server_that_is_not_there(source: Path) -> None:
    result = run("push", source, "--server", "http://127.0.0.1:9/fhir", "--retries", "0")
    assert result.exit_code == ExitCode.SERVER_UNREACHABLE
    assert "error: GET metadata: no answer from http://127.0.0.1:9" in result.stderr
    assert "sends what is missing" in result.stderr


def test_push_to_a_server_that_does_not_let_us_in(source: Path) -> None:
    with listening(FakeServer(fault=lambda _: fhir(outcome("not you"), 403))) as url:
        result = run("push", source, "--server", url)
    assert result.exit_code == ExitCode.SERVER_REFUSED
    assert "403 Forbidden: not you" in result.stderr


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--server", "http://me:hunter2@x/fhir"], "user or password"),
        (["--server", "nonsense"], "no http or https address"),
        (["--server", "http://x/fhir", "--auth", "basic"], "basic needs a user name or client id"),
        (["--server", "http://x/fhir", "--auth", "bearer"], "FHIR_TRIAL_SECRET holds no secret"),
        (
            ["--server", "http://x/fhir", "--auth", "oauth2", "--name", "me"],
            "the address of the token server",
        ),
        (["--server", "http://x/fhir", "--ca", "/none.pem"], "cannot use the certificate files"),
        (["--server", "http://x/fhir", "--dead-letter", "/none/x"], "cannot write /none/x"),
    ],
)
def test_what_cannot_be_is_wrong_usage(source: Path, options: list[str], reason: str) -> None:
    result = run("push", source, *options, env={"FHIR_TRIAL_SECRET": ""})
    assert result.exit_code == ExitCode.USAGE
    assert reason in result.stderr
    assert "hunter2" not in result.output


def test_a_secret_comes_from_the_environment_or_a_file(source: Path, tmp_path: Path) -> None:
    seen = []

    def answer(request: Request) -> Reply:
        seen.append(request.headers.get("authorization"))
        return 401, {}

    file = tmp_path / "token"
    file.write_text("from-file\n")
    with serving(answer) as url:
        options = ["push", str(source), "--server", url, "--auth", "bearer"]
        assert run(*options, env={"FHIR_TRIAL_SECRET": "from-env"}).exit_code == ExitCode.SERVER_REFUSED
        assert run(*options, "--secret-file", file).exit_code == ExitCode.SERVER_REFUSED
    assert seen == ["Bearer from-env", "Bearer from-file"]


def test_the_ways_to_say_who_we_are_are_those_of_the_client() -> None:
    assert [each.value for each in cli_server.AuthKind] == [each.value for each in access.AuthKind]


# --- pull ------------------------------------------------------------------------------------------------


@pytest.fixture
def stocked(source: Path) -> FakeServer:
    server = FakeServer()
    with listening(server) as url:
        assert run("push", source, SEED, "--server", url).exit_code == ExitCode.OK
    return server


def test_pull_gives_what_convert_gives(stocked: FakeServer) -> None:
    with listening(stocked) as url:
        result = run("pull", "NCT03597321", "--server", url)
    assert result.exit_code == ExitCode.OK
    found, made = json.loads(result.stdout), fhir_trial.convert(SEED.read_bytes())
    by_url = {entry["fullUrl"]: entry["resource"] for entry in made["entry"]}
    assert {entry["fullUrl"]: entry["resource"] for entry in found["entry"]} == by_url
    assert "pulled      1 studies, 0 failed" in result.stderr


def test_pull_gives_the_registrys_record(stocked: FakeServer) -> None:
    with listening(stocked) as url:
        result = run("pull", "NCT00000001", "--server", url, "--to", "ctgov")
    expected = fhir_trial.convert(fhir_trial.convert(record(1)), to="ctgov")
    assert json.loads(result.stdout) == expected


def test_pull_finds_by_search_and_takes_everything(stocked: FakeServer, tmp_path: Path) -> None:
    with listening(stocked) as url:
        found = run("pull", "--search", "status=active", "--server", url, "--format", "ndjson")
        everything = run("pull", "--all", "--server", url, "-o", f"{tmp_path}/out/", "--json")
    assert len(found.stdout.splitlines()) == 4
    assert json.loads(everything.stderr)["pulled"] == 4
    assert len(list((tmp_path / "out").glob("NCT*.json"))) == 4


def test_pull_writes_a_file_for_each_type(stocked: FakeServer, tmp_path: Path) -> None:
    with listening(stocked) as url:
        result = run("pull", "--all", "--server", url, "--format", "by-type", "-o", tmp_path / "types")
    assert result.exit_code == ExitCode.OK
    lines = [
        json.loads(line)
        for file in (tmp_path / "types").glob("*.ndjson")
        for line in file.read_text().splitlines()
        if file.stem == json.loads(line)["resourceType"]
    ]
    assert len(lines) == len(stocked.resources)


def test_pull_of_what_is_not_there_is_said(stocked: FakeServer) -> None:
    with listening(stocked) as url:
        some = run("pull", "NCT00000001", "NCT99999999", "--server", url)
        none = run("pull", "NCT99999999", "--server", url, "--json")
    assert some.exit_code == ExitCode.SOME_FAILED
    assert "error: NCT99999999: the server has no such study" in some.stderr
    assert none.exit_code == ExitCode.NOTHING_READ
    assert json.loads(none.stderr.splitlines()[-1])["failures"][0]["id"] == "NCT99999999"


def test_pull_of_what_is_no_record_is_said(stocked: FakeServer) -> None:
    stocked.resources = {"ResearchStudy/x": {"resourceType": "ResearchStudy", "id": "x", "status": "active"}}
    with listening(stocked) as url:
        result = run("pull", "x", "--server", url, "--to", "ctgov")
    assert result.exit_code == ExitCode.SOME_FAILED
    assert "error: x: " in result.stderr


def test_pull_warns_of_what_is_missing(stocked: FakeServer) -> None:
    del stocked.resources["Group/NCT00000001-eligibility"]
    with listening(stocked) as url:
        result = run("pull", "NCT00000001", "--server", url)
    assert "warning: NCT00000001: not on the server: Group/NCT00000001-eligibility" in result.stderr


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["NCT1", "--all"],
        ["--all", "--search", "status=active"],
        ["--all", "--format", "by-type"],
        ["--all", "--format", "by-type", "-o", "x/", "--to", "ctgov"],
        ["--search", "status="],
        ["--all", "-o", "/none/x"],
    ],
)
def test_a_pull_that_cannot_be_is_wrong_usage(stocked: FakeServer, options: list[str]) -> None:
    with listening(stocked) as url:
        assert run("pull", *options, "--server", url).exit_code == ExitCode.USAGE


def test_pull_from_a_server_that_is_not_there() -> None:
    result = run("pull", "NCT1", "--server", "http://127.0.0.1:9", "--retries", "0")
    assert result.exit_code == ExitCode.SERVER_UNREACHABLE


def test_pull_from_a_release_that_nobody_supports(stocked: FakeServer) -> None:
    stocked.release = "3.0.2"
    with listening(stocked) as url:
        result = run("pull", "NCT1", "--server", url)
    assert result.exit_code == ExitCode.SERVER_REFUSED
    assert "R4, R4B and R5 are supported" in result.stderr


# --- validate, definitions, sandbox ----------------------------------------------------------------------


def test_validate_asks_a_server(tmp_path: Path) -> None:
    file = tmp_path / "resources.ndjson"
    group = {"resourceType": "Group", "id": "NCT00000002-x"}
    file.write_bytes(dumps({"resourceType": "Basic", "id": "1"}) + b"\n")
    (tmp_path / "group.json").write_bytes(dumps(group))
    with listening(refuses(2)) as url:
        good = run("validate", file, "--server", url)
        bad = run("validate", tmp_path / "group.json", "--server", url)
    assert good.exit_code == ExitCode.OK, good.output
    assert bad.exit_code == ExitCode.SOME_FAILED
    assert "not wanted here" in bad.stdout


def test_validate_by_a_server_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"resourceType": "Basic"}')
    result = run("validate", tmp_path / "x.json", "--server", "http://127.0.0.1:9", "--retries", "0")
    assert result.exit_code == ExitCode.SERVER_UNREACHABLE


def test_validate_is_not_sent_to_a_server_by_the_environment(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"resourceType": "Organization", "name": "x"}')
    result = run("validate", tmp_path / "x.json", env={"FHIR_TRIAL_SERVER": "http://127.0.0.1:9"})
    assert result.exit_code == ExitCode.OK


@pytest.mark.judge
def test_validate_asks_the_engine_of_hl7(tmp_path: Path) -> None:
    bundle = fhir_trial.convert(SEED.read_bytes())
    (tmp_path / "good.json").write_text(json.dumps(bundle))
    bundle["entry"][0]["resource"]["status"] = "nonsense"
    (tmp_path / "bad.json").write_text(json.dumps(bundle))
    (tmp_path / "other.json").write_text('{"a": 1}')
    result = run("validate", tmp_path, "--engine", "hl7", "--json")
    assert result.exit_code == ExitCode.SOME_FAILED
    errors = [each for each in map(json.loads, result.stdout.splitlines()) if each["severity"] == "error"]
    assert errors
    assert all("bad.json" in each["source"] for each in errors)
    assert json.loads(result.stderr.splitlines()[-1])["failed"] == 2


@pytest.mark.parametrize("release", list(Release))
def test_definitions_are_written(release: Release, tmp_path: Path) -> None:
    result = run("definitions", "-o", tmp_path / "new" / "folder", "--to", release.value)
    assert result.exit_code == ExitCode.OK
    written = {file.name for file in (tmp_path / "new" / "folder").iterdir()}
    assert written == {file.name for file in definition_files(release)}


def test_definitions_that_cannot_be_written_are_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert run("definitions", "-o", tmp_path / "file").exit_code == ExitCode.USAGE


def test_a_sandbox_without_java_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    result = run("sandbox")
    assert result.exit_code == ExitCode.USAGE
    assert "JDK 17 or newer and Maven are needed" in result.stderr
