"""Finding and reading records wherever they are."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import fhir_trial
from fhir_trial import files, reading
from fhir_trial.cli import Format
from fhir_trial.errors import RecordError
from fhir_trial.trial import Trial
from tests.records import SEED, dumps, record

THREE = dumps(record(1), record(2), record(3))
LIST_REPLY = json.dumps({"totalCount": 9, "studies": [record(1), record(2), record(3)], "nextPageToken": "x"})


def ids(path: Path | str) -> list[str]:
    """The ids of what is read; an error counts as its text."""
    return [item.id if isinstance(item, Trial) else str(item) for item in fhir_trial.read(path)]


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


SHAPES: dict[str, bytes] = {
    "NDJSON": THREE,
    "NDJSON with CRLF and blank lines": b"\r\n\r\n" + THREE.replace(b"\n", b"\r\n\r\n") + b"\r\n",
    "NDJSON with a BOM": THREE.decode().encode("utf-8-sig"),
    "NDJSON in UTF-16": THREE.decode().encode("utf-16"),
    "NDJSON with other keys first": dumps(*({"hasResults": False} | record(n) for n in (1, 2, 3))),
    "JSON array": json.dumps([record(1), record(2), record(3)]).encode(),
    "indented JSON array": json.dumps([record(1), record(2), record(3)], indent=2).encode(),
    "array with a record a line": b"[\n" + THREE.replace(b"\n", b",\n") + b"\n]",
    "list reply": LIST_REPLY.encode(),
    "indented list reply": json.dumps(json.loads(LIST_REPLY), indent=1).encode(),
    "list reply with the studies last": b'{"nextPageToken":"x","studies":[%s]}' % THREE.replace(b"\n", b","),
    "two list replies, a line each": dumps({"studies": [record(1)]}, {"studies": [record(2), record(3)]}),
    "gzip": gzip.compress(THREE),
    "zip": zipped(one=dumps(record(1)), two=dumps(record(2), record(3))),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_records_are_found_whatever_the_shape_and_the_name(shape: str, tmp_path: Path) -> None:
    path = tmp_path / "data.txt"
    path.write_bytes(SHAPES[shape])
    assert ids(path) == ["NCT00000001", "NCT00000002", "NCT00000003"]


@pytest.mark.parametrize("shape", SHAPES)
def test_standard_input_is_read_like_a_file(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    pipe = io.BufferedReader(Pipe(SHAPES[shape]))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(pipe))
    assert ids("-") == ["NCT00000001", "NCT00000002", "NCT00000003"]


def test_a_folder_is_read_in_sorted_order_without_hidden_files(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "1.json").write_bytes(dumps(record(3)))
    (tmp_path / "z.json").write_bytes(dumps(record(2)))
    (tmp_path / "a.json").write_bytes(dumps(record(1)))
    (tmp_path / ".hidden.json").write_bytes(b"nonsense")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x").write_bytes(b"nonsense")
    assert ids(tmp_path) == ["NCT00000001", "NCT00000002", "NCT00000003"]


def test_hidden_members_of_a_zip_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(**{"a.json": dumps(record(1)), "__MACOSX/._a.json": b"x", ".DS_Store": b"x"}))
    assert ids(path) == ["NCT00000001"]


def test_an_indented_record_is_one_record(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"\n\n" + json.dumps(record(5), indent=2).encode())
    assert ids(path) == ["NCT00000005"]


PLACES: dict[str, tuple[bytes, str]] = {
    "a line": (dumps(record(1), {"protocolSection": 1}, record(3)), "{path}, line 2: "),
    "a line after blank ones": (
        b"\n\n" + dumps(record(1)) + b"\n\n" + b"{}\n" + dumps(record(3)),
        "{path}, line 5: ",
    ),
    "a broken first line": (b"{]\n" + dumps(record(1), record(3)), "{path}, line 1: "),
    "an item": (json.dumps([record(1), {}, record(3)]).encode(), "{path}[1]: "),
    "a study of a list reply": (
        json.dumps({"studies": [record(1), 5, record(3)]}).encode(),
        "{path}, studies[1]: ",
    ),
    "a member": (zipped(a=dumps(record(1)), b=b"[1", c=dumps(record(3))), "{path}!b: "),
    "a line of a member": (zipped(a=dumps(record(1), {}), c=dumps(record(3))), "{path}!a, line 2: "),
    "a line of a gzip": (gzip.compress(dumps(record(1), {}, record(3))), "{path}, line 2: "),
}


@pytest.mark.parametrize("case", PLACES)
def test_an_error_names_the_place_and_the_rest_is_read(case: str, tmp_path: Path) -> None:
    path = tmp_path / "data"
    data, place = PLACES[case]
    path.write_bytes(data)
    items = list(fhir_trial.read(path))
    errors = [item for item in items if isinstance(item, RecordError)]
    assert [item.id for item in items if isinstance(item, Trial)][-1] == "NCT00000003"
    assert len(errors) == 1
    assert str(errors[0]).startswith(place.format(path=path))


def test_a_page_is_read_and_its_empty_section_noted() -> None:
    (trial,) = fhir_trial.read(SEED)
    assert isinstance(trial, Trial)
    assert trial.id == "NCT03597321"
    assert trial.empty
    assert trial.unknown is None


@pytest.mark.parametrize(
    "give",
    [
        lambda text: text,
        lambda text: text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.replace("\n", "\r\n"),
    ],
)
def test_a_page_is_parsed_in_every_encoding(give: Callable[[str], str | bytes]) -> None:
    assert fhir_trial.parse(give(SEED.read_text())).id == "NCT03597321"


@pytest.mark.parametrize("give", [lambda d: d, json.dumps, lambda d: json.dumps(d).encode()])
def test_a_record_is_parsed_from_a_dict_a_text_and_bytes(give: Callable[[object], str]) -> None:
    assert fhir_trial.parse(give(record(9))).id == "NCT00000009"


def test_parse_refuses_a_list_with_advice() -> None:
    with pytest.raises(RecordError, match="a list of 3 records, not one"):
        fhir_trial.parse(LIST_REPLY)


def test_parse_refuses_what_json_cannot_hold() -> None:
    with pytest.raises(RecordError, match="not a JSON document"):
        fhir_trial.parse({"protocolSection": object()})


def test_a_format_given_overrides_recognition(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(dumps(record()))
    (error,) = fhir_trial.read(path, format="page-text")
    assert isinstance(error, RecordError)
    (error,) = fhir_trial.read(SEED, format="ctgov-v2")
    assert isinstance(error, RecordError)
    assert "malformed JSON" in error.reason


def test_an_unknown_format_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="expected one of ctgov-v2, page-text"):
        next(reading.records(SEED, format="xml"))


def test_the_command_line_offers_the_formats_that_there_are() -> None:
    assert [each.value for each in Format] == list(reading.SOURCES)


def test_a_list_without_records_is_empty_not_an_error(tmp_path: Path) -> None:
    path = tmp_path / "none.json"
    path.write_bytes(b'{"totalCount": 0, "studies": []}')
    assert ids(path) == []


def test_a_line_beyond_the_limit_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_RECORD", 1000)
    path = tmp_path / "x"
    long = dumps(record(8, descriptionModule={"briefSummary": "x" * 5000}))
    path.write_bytes(b"\n".join([long, dumps(record(1)), long, dumps(record(2))]))
    errors = [item for item in fhir_trial.read(path) if isinstance(item, RecordError)]
    assert [error.source for error in errors] == [f"{path}, line 1", f"{path}, line 3"]
    assert [each for each in ids(path) if each.startswith("NCT")] == ["NCT00000001", "NCT00000002"]


def test_an_array_on_one_long_line_is_read_up_to_the_limit_of_a_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_RECORD", 500)
    path = tmp_path / "x"
    path.write_bytes(json.dumps([record(n) for n in range(1, 10)], separators=(",", ":")).encode())
    assert len(ids(path)) == 9
    assert ids(path)[0] == "NCT00000001"
    monkeypatch.setattr(reading, "MAX_DOCUMENT", 2000)
    (error,) = fhir_trial.read(path)
    assert isinstance(error, RecordError)
    assert "the limit for one document" in error.reason


def test_the_limits_leave_room_for_the_registrys_longest_records() -> None:
    assert 32 * files.MIB <= files.MAX_RECORD <= files.MAX_DOCUMENT <= 256 * files.MIB
