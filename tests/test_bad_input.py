"""Bad input of every kind: the message, the place, the exit code, that the rest was done, and no half file.

Each case stands in a folder between two good records; `fhir-trial convert` goes through all three.
"""

import gzip
import io
import json
import os
import resource
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import fhir_trial
from fhir_trial import files
from fhir_trial.cli import app
from fhir_trial.errors import ExitCode, RecordError
from tests.records import SEED, dumps, record

FIRST, LAST = 11, 99
PROTOCOL = "$.protocolSection"


def module(**content: Any) -> bytes:
    return dumps(record(50, **content))


def text(old: str, new: str) -> bytes:
    """A good record's text with one thing changed."""
    good = dumps(record(50)).decode()
    assert old in good
    return good.replace(old, new).encode()


def zipped(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
        archive.writestr("good.json", dumps(record(60)))
    return buffer.getvalue()


def archive(method: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        file.writestr("é.ndjson", dumps(record(1), record(2)))
        file.writestr("page", SEED.read_bytes())
    return buffer.getvalue()


ARCHIVES = {
    "stored": archive(zipfile.ZIP_STORED),
    "deflated": archive(zipfile.ZIP_DEFLATED),
    "bzip2": archive(zipfile.ZIP_BZIP2),
    "lzma": archive(zipfile.ZIP_LZMA),
    "gzip": gzip.compress(dumps(record(1), record(2))),
}


def encrypted() -> bytes:
    """A zip whose first member says that it is encrypted."""
    data = bytearray(zipped("a.json", dumps(record(50))))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(mark) + offset
        data[at : at + 2] = struct.pack("<H", 1)
    return bytes(data)


BOMB = b" " * (files.MAX_RECORD + files.MIB)
TWO_PAGES = SEED.read_bytes() + b"\n\n" + SEED.read_bytes().replace(b"NCT03597321", b"NCT03597322")

DEEP = '"x":' + "[" * 300 + "]" * 300 + ',"hasResults"'


class Case(NamedTuple):
    content: bytes | Callable[[], bytes]
    reason: str
    place: str = "$"
    """Where in the document."""
    inside: str = ""
    """What follows the file's name."""


CASES = {
    "empty file": Case(b"", "empty: nothing in it"),
    "only blanks": Case(b" \n\t\r\n", "empty: nothing in it"),
    "endless blank lines": Case(lambda: b"\n \n" * files.MIB, "more than 1 MiB of blank lines"),
    "only a BOM": Case(b"\xef\xbb\xbf", "empty: nothing in it"),
    "binary": Case(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary data, not a record (begins with 89 50 4e 47"),
    "truncated JSON": Case(dumps(record(50))[:100], "the JSON breaks off (line 1, column "),
    "malformed JSON": Case(text('"hasResults":', '"hasResults"'), "malformed JSON (line 1, column "),
    "a JSON number": Case(b"42", "no known format; it begins with '42'"),
    "an array of texts": Case(
        b'["NCT00000001"]', "a record is an object, this is the text 'NCT00000001'", inside="[0]"
    ),
    "another object": Case(b'{"id": 1}', "the field protocolSection is missing"),
    "studies that are no list": Case(b'{"studies": 3}', "the field protocolSection is missing"),
    "wrong shape": Case(
        module(designModule=[1]), "expected an object, found a list", f"{PROTOCOL}.designModule", ""
    ),
    "HTML error page": Case(b"<!DOCTYPE html><title>502 Bad Gateway</title>", "an HTML page, not a"),
    "XML": Case(b'<?xml version="1.0"?><clinical_study/>', "this is XML; "),
    "the API's error": Case(b"`query.recrs` is unknown parameter", "an error reply of the registry's API: "),
    "prose": Case(b"A trial of aspirin in asthma.", "no known format; it begins with 'A trial of"),
    "FHIR": Case(b'{"resourceType":"Patient"}', "this is a FHIR Patient, not a Bundle with a trial in it"),
    "a Bundle without a trial": Case(
        b'{"resourceType":"Bundle","type":"collection"}', "expected one ResearchStudy", "Bundle.entry"
    ),
    "two records in one page": Case(
        TWO_PAGES, "a second record begins here: 'NCT ID: NCT03597322'", "line 209"
    ),
    "missing id": Case(
        text('"nctId":"NCT00000050",', ""), "the field nctId is missing", f"{PROTOCOL}.identificationModule"
    ),
    "empty id": Case(text("NCT00000050", ""), "the field nctId is empty", f"{PROTOCOL}.identificationModule"),
    "malformed id": Case(
        text("NCT00000050", "NCT50"),
        "expected NCT and eight digits, found the text 'NCT50'",
        f"{PROTOCOL}.identificationModule.nctId",
    ),
    "id with a line feed": Case(
        text("NCT00000050", r"NCT00000050\n"), "expected NCT and", f"{PROTOCOL}.identificationModule.nctId"
    ),
    "unknown enum": Case(
        module(designModule={"phases": ["PHASE1", "PHASE9"]}),
        "unknown token 'PHASE9', expected one of ",
        f"{PROTOCOL}.designModule.phases[1]",
    ),
    "impossible date": Case(
        module(statusModule={"completionDateStruct": {"date": "2023-02-29"}}),
        "found the text '2023-02-29'",
        f"{PROTOCOL}.statusModule.completionDateStruct.date",
    ),
    "age that cannot be read": Case(
        module(eligibilityModule={"minimumAge": "eighteen"}),
        "a unit of time, found the text 'eighteen'",
        f"{PROTOCOL}.eligibilityModule.minimumAge",
    ),
    "negative count": Case(
        module(designModule={"enrollmentInfo": {"count": -1}}),
        "expected a whole number from 0 to 2147483647, found the number -1",
        f"{PROTOCOL}.designModule.enrollmentInfo.count",
    ),
    "null where text is due": Case(
        module(descriptionModule={"briefSummary": None}),
        "null, where the registry leaves the field out",
        f"{PROTOCOL}.descriptionModule.briefSummary",
    ),
    "number where text is due": Case(
        module(conditionsModule={"conditions": [12]}),
        "expected text, found the number 12",
        f"{PROTOCOL}.conditionsModule.conditions[0]",
    ),
    "text where true or false is due": Case(
        module(oversightModule={"oversightHasDmc": "yes"}),
        "expected true or false, found the text 'yes'",
        f"{PROTOCOL}.oversightModule.oversightHasDmc",
    ),
    "10,000-deep objects": Case(b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested too deeply"),
    "10,000-deep array": Case(b"[" * 10_000 + b"]" * 10_000, "nested too deeply"),
    "deep unknown field": Case(text('"hasResults"', DEEP), "nested too deeply", "$.x"),
    "invalid UTF-8": Case(
        text("Asthma", "Ast?ma").replace(b"?", b"\xe9"), "invalid UTF-8: byte 0xe9 at offset "
    ),
    "half a UTF-16 pair": Case(dumps(record(50)).decode().encode("utf-16")[:-1], "invalid UTF-16: "),
    "lone surrogate": Case(
        text("Asthma", r"a \ud800 b"),
        r"malformed JSON: \ud800 is half of a surrogate pair, which is no character",
        f"{PROTOCOL}.conditionsModule.conditions[0]",
    ),
    "lone surrogate in an unknown field": Case(
        text('"hasResults"', r'"x":["\udc00"],"hasResults"'), r"\udc00 is half of a surrogate pair", "$.x[0]"
    ),
    "lone surrogate in a key": Case(
        text('"hasResults"', r'"\udbff":1,"hasResults"'), r"\udbff is half of a surrogate pair"
    ),
    "not a number": Case(text("false", "NaN"), "malformed JSON: NaN is not a JSON number"),
    "a number of 5,000 digits": Case(text("false", "1" * 5000), "malformed JSON: "),
    "duplicate keys": Case(
        text('"sex":"ALL"', '"sex":"ALL","sex":"MALE"'),
        "the key 'sex' stands twice in one object",
        f"{PROTOCOL}.eligibilityModule",
    ),
    "duplicate id": Case(dumps(record(FIRST)), "NCT00000011 was already read from "),
    "damaged gzip": Case(gzip.compress(dumps(record(50)))[:-20], "cannot be read: "),
    "damaged zip": Case(zipped("a.json", b"{}")[:-30], "cannot be read: "),
    "zip that climbs out": Case(
        zipped("../../etc/a.json", b"{}"), "climbs out of the archive", inside="!../../etc/a.json"
    ),
    "zip with an absolute path": Case(
        zipped("/a.json", b"{}"), "climbs out of the archive", inside="!/a.json"
    ),
    "zip bomb": Case(
        lambda: zipped("a.json", BOMB), "unpacks to more than 200 times its size", inside="!a.json"
    ),
    "gzip bomb": Case(lambda: gzip.compress(BOMB), "unpacks to more than 200 times its size"),
    "encrypted zip": Case(encrypted, "the member is encrypted", inside="!a.json"),
    "archive in an archive": Case(
        zipped("a.gz", gzip.compress(b"{}")), "an archive inside an archive", inside="!a.gz"
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_bad_record_is_reported_and_the_rest_is_done(name: str, tmp_path: Path) -> None:
    content, reason, place, inside = CASES[name]
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    (source / "a.json").write_bytes(dumps(record(FIRST)))
    (source / "bad").write_bytes(content() if callable(content) else content)
    (source / "z.json").write_bytes(dumps(record(LAST)))

    result = CliRunner().invoke(app, ["convert", str(source), "-o", f"{out}/", "--json"])

    assert result.exit_code == ExitCode.SOME_FAILED, result.output
    assert result.stdout == ""
    summary = json.loads(result.stderr)
    assert summary["failed"] == 1
    failure = summary["failures"][0]
    assert failure["source"] == f"{source / 'bad'}{inside}"
    assert reason in failure["reason"]
    assert "\n" not in failure["reason"]
    assert failure["place"] == place
    written = {path.name for path in out.iterdir()}
    assert (
        {f"NCT{FIRST:08}.json", f"NCT{LAST:08}.json"}
        <= written
        <= {*(f"NCT{number:08}.json" for number in (FIRST, 60, LAST))}
    )


@pytest.mark.parametrize("name", CASES)
def test_read_yields_the_error_with_its_place(name: str, tmp_path: Path) -> None:
    content, _, _, inside = CASES[name]
    if name == "duplicate id":
        pytest.skip("one record alone is no duplicate")
    path = tmp_path / "bad"
    path.write_bytes(content() if callable(content) else content)
    errors = [item for item in fhir_trial.read(path) if isinstance(item, RecordError)]
    assert [error.source for error in errors] == [f"{path}{inside}"]


def test_records_alone_that_cannot_be_read_end_with_a_code_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"{")
    result = CliRunner().invoke(app, ["convert", str(path)])
    assert result.exit_code == ExitCode.NOTHING_READ
    assert result.stdout == ""
    assert f"error: {path}: the JSON breaks off" in result.stderr


def test_a_file_that_is_not_there_is_reported() -> None:
    result = CliRunner().invoke(app, ["convert", "nowhere.json", str(SEED), "-o", os.devnull])
    assert result.exit_code == ExitCode.SOME_FAILED
    assert "error: nowhere.json: cannot be read: No such file or directory" in result.stderr


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that fails when read")
def test_a_file_that_fails_when_read_is_reported() -> None:
    result = CliRunner().invoke(app, ["convert", "/proc/self/mem", str(SEED), "-o", os.devnull])
    assert result.exit_code == ExitCode.SOME_FAILED
    assert "error: /proc/self/mem: cannot be read: Input/output error" in result.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_without_permission_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.touch(0)
    result = CliRunner().invoke(app, ["convert", str(path)])
    assert "cannot be read: Permission denied" in result.stderr


@given(kind=st.sampled_from(sorted(ARCHIVES)), at=st.integers(0), damage=st.binary(max_size=4))
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_archive_is_records_and_errors_and_nothing_else(
    kind: str, at: int, damage: bytes, tmp_path: Path
) -> None:
    data = bytearray(ARCHIVES[kind])
    at %= len(data)
    data[at : at + len(damage)] = damage
    path = tmp_path / "x"
    path.write_bytes(data)
    assert all(isinstance(item, fhir_trial.Trial | RecordError) for item in fhir_trial.read(path))


def test_a_member_whose_name_is_no_text_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(zipped("é.json", dumps(record(1))).replace("é".encode(), b"\xff\xff"))
    (error,) = fhir_trial.read(path)
    assert isinstance(error, RecordError)
    assert error.reason.startswith("cannot be read: ")


def test_a_file_whose_name_is_no_text_is_read_and_reported(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.json")).write_bytes(b"{")
    (tmp_path / "good.json").write_bytes(dumps(record(1)))
    for arguments in ([], ["--json"]):
        result = CliRunner().invoke(app, ["convert", str(tmp_path), "-o", os.devnull, *arguments])
        assert result.exit_code == ExitCode.SOME_FAILED
        assert f"{tmp_path}/\N{REPLACEMENT CHARACTER}.json" in result.stderr


def test_utf16_with_a_bom_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(dumps(record(4)).decode().encode("utf-16"))
    assert CliRunner().invoke(app, ["convert", str(path), "-o", os.devnull]).exit_code == ExitCode.OK


def test_a_duplicate_says_whether_its_content_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(dumps(record(1)))
    (tmp_path / "b").write_bytes(dumps(record(1)))
    (tmp_path / "c").write_bytes(dumps(record(1, conditionsModule={"conditions": ["Other"]})))
    result = CliRunner().invoke(app, ["convert", str(tmp_path), "-o", os.devnull])
    first = f"NCT00000001 was already read from {tmp_path / 'a'}"
    assert f"{tmp_path / 'b'}: {first}, with the same content; the first was kept" in result.stderr
    assert f"{tmp_path / 'c'}: {first}, with other content; the first was kept" in result.stderr


def test_an_unknown_record_format_is_wrong_usage() -> None:
    result = CliRunner().invoke(app, ["convert", str(SEED), "--from", "xml"])
    assert result.exit_code == ExitCode.USAGE


# --- outputs ---------------------------------------------------------------------------------------------


def test_a_missing_output_folder_is_wrong_usage(tmp_path: Path) -> None:
    target = tmp_path / "none" / "out.json"
    result = CliRunner().invoke(app, ["convert", str(SEED), "-o", str(target)])
    assert result.exit_code == ExitCode.USAGE
    assert f"cannot write {target}: there is no folder {target.parent}" in result.stderr
    assert not target.parent.exists()


@pytest.mark.parametrize("target", ["/proc/out/", "/proc/out.json"])
def test_an_output_folder_that_is_read_only_is_one_clear_error(target: str) -> None:
    result = CliRunner().invoke(app, ["convert", str(SEED), "-o", target])
    assert result.exit_code == ExitCode.USAGE
    assert f"fhir-trial: cannot write {target}: " in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
@pytest.mark.parametrize("arguments", [["-o", "/dev/full"], []])
def test_a_full_disk_is_one_clear_error(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "fhir_trial", "convert", str(SEED), *arguments]
        run = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert run.returncode == ExitCode.USAGE
    assert run.stderr.count("\n") == 1
    assert "No space left on device" in run.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_validate_onto_a_full_disk_is_one_clear_error(tmp_path: Path) -> None:
    source = tmp_path / "x"
    source.write_text('{"resourceType":"Organization","name":"x","active":"yes"}')
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "fhir_trial", "validate", str(source)]
        run = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert run.returncode == ExitCode.USAGE
    assert run.stderr == "fhir-trial: cannot write standard output: No space left on device\n"


@pytest.mark.parametrize("target", ["out.json", "out/"])
def test_a_disk_that_fills_up_leaves_no_half_file_and_keeps_the_old_one(target: str, tmp_path: Path) -> None:
    (tmp_path / "out.json").write_text("old")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))

    run = subprocess.run(
        [sys.executable, "-m", "fhir_trial", "convert", str(SEED), "-o", target],
        cwd=tmp_path,
        env=os.environ
        | {"PYTHONPATH": str(Path(fhir_trial.__file__).parents[1]), "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == ExitCode.USAGE, run.stderr
    assert f"cannot write {target}: File too large" in run.stderr
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["out.json"]
    assert (tmp_path / "out.json").read_text() == "old"


def test_a_reader_that_leaves_ends_the_run_quietly(tmp_path: Path) -> None:
    source = tmp_path / "x.ndjson"
    source.write_bytes(dumps(*(record(number) for number in range(1, 200))))
    command = [sys.executable, "-m", "fhir_trial", "convert", str(source)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        assert run.stdout
        assert run.stderr
        run.stdout.read(100)
        run.stdout.close()
        assert run.stderr.read() == b""
    assert run.returncode == ExitCode.OK


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs the process's peak memory")
def test_a_line_of_200_mb_is_refused_in_little_memory(tmp_path: Path) -> None:
    source = tmp_path / "x.ndjson"
    with source.open("wb") as file:
        file.write(dumps(record(1)) + b'\n{"protocolSection":"')
        for _ in range(200):
            file.write(b"x" * 1_000_000)
        file.write(b'"}\n' + dumps(record(2)) + b"\n")
    code = (
        "import sys; from fhir_trial.cli import app; app(sys.argv[1:], standalone_mode=False); "
        "print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    command = [sys.executable, "-c", code, "convert", str(source), "-o", os.devnull]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert f"{source}, line 2: longer than 64 MiB, the limit for one record" in run.stderr
    assert "3 read, 2 converted to R4, 1 failed" in run.stderr
    assert int(run.stdout.split()[1]) < 300 * 1024


# --- markup ----------------------------------------------------------------------------------------------

SCRIPT = '<script>alert("x")</script><img src=x onerror=alert(1)> & <b>bold</b>'


@pytest.mark.parametrize("release", list(fhir_trial.Release))
def test_markup_in_a_text_comes_out_escaped(release: fhir_trial.Release) -> None:
    document = record(
        1,
        identificationModule={"nctId": "NCT00000001", "briefTitle": SCRIPT, "officialTitle": SCRIPT},
        descriptionModule={"briefSummary": SCRIPT, "detailedDescription": SCRIPT},
        conditionsModule={"conditions": [SCRIPT], "keywords": [SCRIPT]},
        armsInterventionsModule={
            "armGroups": [{"label": SCRIPT, "description": SCRIPT}],
            "interventions": [{"type": "DRUG", "name": SCRIPT, "armGroupLabels": [SCRIPT]}],
        },
        eligibilityModule={"eligibilityCriteria": f"Inclusion Criteria:\n\n* {SCRIPT}", "sex": "ALL"},
    )
    bundle = fhir_trial.convert(document, to=release)
    narratives = [
        entry["resource"]["text"]["div"] for entry in bundle["entry"] if "text" in entry["resource"]
    ]
    assert narratives
    for narrative in narratives:
        assert "<script" not in narrative
        assert "<img" not in narrative
    assert "&lt;script&gt;" in "".join(narratives)
    assert not [issue for issue in fhir_trial.validate(bundle, release) if issue.severity == "error"]
