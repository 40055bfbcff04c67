"""What is said without Java, and where builds are kept; these tests need no Java."""

import os
from pathlib import Path

import pytest

from fhir_trial.engines import EngineUnavailableError, jvm


def fake_java(folder: Path, version: str) -> None:
    program = folder / "java"
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    program.chmod(0o755)


def test_no_java_is_an_error_that_says_what_is_needed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineUnavailableError, match="no java found: JDK 17 or newer and Maven"):
        jvm.java()
    with pytest.raises(EngineUnavailableError, match="no mvn found"):
        jvm.maven()


@pytest.mark.skipif(os.name == "nt", reason="the fake java is a shell script")
@pytest.mark.parametrize("version", ["1.8.0_402", "11.0.22"])
def test_an_old_java_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str) -> None:
    fake_java(tmp_path, version)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(EngineUnavailableError, match="java is too old"):
        jvm.java()


def test_builds_are_kept_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FHIR_TRIAL_CACHE", str(tmp_path))
    assert jvm.cache_dir() == tmp_path


def test_the_maven_project_is_found() -> None:
    assert (jvm.java_dir() / "judge" / "pom.xml").is_file()
