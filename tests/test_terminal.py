"""What reaches a terminal: no control character of a record, and colour only where it is wanted."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fhir_trial.cli import app
from fhir_trial.terminal import visible
from tests.records import SEED, dumps, record

ESCAPE = "\x1b[31m red \x1b]0;title\x07 \x9b31m \x7f\r"


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A record with escape sequences in its texts and in the name of a field."""
    path = tmp_path / "x.json"
    stated = record(
        1,
        eligibilityModule={"eligibilityCriteria": f"{ESCAPE} over 18 years"},
        descriptionModule={"briefSummary": ESCAPE},
    )
    path.write_bytes(dumps(stated | {f"odd{ESCAPE}": 1}))
    return path


def _controls(text: str) -> set[str]:
    return {c for c in text if (ord(c) < 0x20 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0}


@pytest.mark.parametrize(
    "arguments",
    [
        ["criteria"],
        ["criteria", "--json"],
        ["criteria", "--summary"],
        ["report"],
        ["report", "--json"],
        ["report", "--summary"],
        ["convert", "-o", os.devnull],
        ["convert", "-o", os.devnull, "--json"],
        ["validate"],
        ["validate", "--json"],
    ],
)
def test_no_command_sends_a_control_character_of_a_record_to_the_terminal(
    arguments: list[str], hostile: Path
) -> None:
    result = CliRunner().invoke(app, [arguments[0], str(hostile), *arguments[1:]])
    assert result.output
    assert _controls(result.stdout + result.stderr) == set()


def test_issues_of_validation_show_control_characters(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"resourceType": "Patient", f"odd{ESCAPE}": 1, "gender": ESCAPE}))
    for options in ([], ["--json"]):
        result = CliRunner().invoke(app, ["validate", str(path), *options])
        assert _controls(result.stdout + result.stderr) == set()
        assert "odd" in result.stdout


def test_the_message_on_a_bad_record_shows_control_characters(tmp_path: Path) -> None:
    path = tmp_path / "x\x1b[31m.json"
    path.write_bytes(dumps(record(1)).replace(b"NCT00000001", b"\\u001b[31m"))
    for command in ("convert", "criteria", "report"):
        result = CliRunner().invoke(app, [command, str(path)])
        assert _controls(result.stdout + result.stderr) == set()
        assert r"x\x1b[31m.json" in result.stderr


def test_control_characters_are_shown_in_tables_and_kept_in_json(hostile: Path) -> None:
    shown = CliRunner().invoke(app, ["criteria", str(hostile)], env={"COLUMNS": "200"}).stdout
    assert r"\x1b[31m red \x1b]0;title\x07 \x9b31m \x7f" in shown
    (line,) = json.loads(CliRunner().invoke(app, ["criteria", str(hostile), "--json"]).stdout)["criteria"]
    assert line["text"].startswith("\x1b[31m red \x1b]0;title\x07 \x9b31m \x7f")


def test_letters_of_any_script_and_line_feeds_are_left_as_they_are() -> None:
    text = "≥ 18 años\n\tמבוגרים 日本\xa0x"
    assert visible(text) == text


def _on_terminal(*arguments: str, **settings: str) -> str:
    """What a command writes to a terminal."""
    reader, writer = pty.openpty()
    environment = {
        "PATH": os.environ["PATH"],
        "TERM": "xterm-256color",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "fhir_trial", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=writer,
        env=environment | settings,
    ):
        os.close(writer)
        shown = b""
        try:
            while part := os.read(reader, 100_000):
                shown += part
        except OSError:  # Linux says so when the other end is closed
            pass
    os.close(reader)
    return shown.decode()


def test_a_terminal_shows_colours() -> None:
    assert "\x1b[32m" in _on_terminal("criteria", str(SEED))


@pytest.mark.parametrize("settings", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
@pytest.mark.parametrize(
    "arguments",
    [["criteria"], ["report"], ["convert", "-o", os.devnull], ["validate"], ["criteria", "--help"]],
)
def test_no_colour_is_shown_where_none_is_wanted(arguments: list[str], settings: dict[str, str]) -> None:
    shown = _on_terminal(arguments[0], str(SEED), *arguments[1:], **settings)
    assert shown
    # a progress display that comes up on a slow machine still moves the cursor, where there is one
    assert not re.search(r"\x1b\[[\d;]*m" if "NO_COLOR" in settings else "\x1b", shown)


def test_an_empty_no_color_is_none() -> None:
    assert "\x1b[32m" in _on_terminal("criteria", str(SEED), NO_COLOR="")
