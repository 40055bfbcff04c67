"""The documents say what the program does."""

import re
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from fhir_trial import files
from fhir_trial.cli import app
from fhir_trial.errors import ExitCode
from tests.records import ROOT, SEED

README = (ROOT / "README.md").read_text()
COMMANDS: dict[str, Any] = dict(getattr(typer.main.get_command(app), "commands"))  # noqa: B009 - not typed


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme_and_its_help_has_examples(name: str) -> None:
    assert f"fhir-trial {name}" in README
    text = CliRunner().invoke(app, [name, "--help"]).stdout
    assert "Examples:" in text
    assert text.count(f"fhir-trial {name}") >= 2
    assert "Exit codes:" in text


def test_the_readme_shows_what_the_seed_gives() -> None:
    summary = CliRunner().invoke(app, ["convert", str(SEED)]).stderr
    for line in summary.splitlines():
        assert line in README, "copy the output of `make demo` into README.md"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_help(name: str) -> None:
    for parameter in COMMANDS[name].params:
        assert getattr(parameter, "help", None), parameter.name


@pytest.mark.parametrize("code", list(ExitCode))
def test_every_exit_code_is_in_the_readme(code: ExitCode) -> None:
    assert re.search(rf"^\| {int(code)} \|", README, re.MULTILINE)


def test_the_limits_in_the_readme_are_the_programs() -> None:
    for limit in (files.MAX_RECORD, files.MAX_DOCUMENT):
        assert f"{limit // files.MIB} MiB" in README
    assert f"{files.MAX_RATIO} times" in README


def test_the_registrys_attribution_is_in_the_readme() -> None:
    assert "ClinicalTrials.gov, U.S. National Library of Medicine" in README
    assert "does not endorse" in README or "no endorsement" in README


def test_every_relative_link_leads_somewhere() -> None:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_readmes_test_command_is_what_continuous_integration_runs() -> None:
    assert "make test" in README
    assert "make test" in (ROOT / ".ci" / "run").read_text()
