"""Fixtures for the tests that need Java: the judge and HAPI servers, each started once a session."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import httpx
import pytest

from fhir_trial.engines import EngineUnavailableError, jvm
from fhir_trial.engines.judge import Judge
from fhir_trial.engines.sandbox import Sandbox
from fhir_trial.release import Release

JudgeOf = Callable[[Release], Judge]


@cache
def missing_java() -> str | None:
    """Why Java engines cannot run here; None when they can."""
    try:
        jvm.java()
        jvm.maven()
    except EngineUnavailableError as error:
        return str(error)
    return None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips what needs Java where there is none; FHIR_TRIAL_REQUIRE_JAVA=1 makes that an error."""
    marked = item.get_closest_marker("judge") or item.get_closest_marker("server")
    if marked and (reason := missing_java()):
        if os.environ.get("FHIR_TRIAL_REQUIRE_JAVA") == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def judge() -> Iterator[JudgeOf]:
    """HL7's engine of a release, started when first asked for: `judge(Release.R4).check(...)`."""
    with ExitStack() as running:
        yield cache(lambda release: running.enter_context(Judge(release)))


@pytest.fixture(scope="session")
def hapi_r4() -> Iterator[str]:
    """The base URL of an R4 server; take `empty_hapi_r4` to begin with nothing on it."""
    with Sandbox(Release.R4) as server:
        yield server.base_url


@pytest.fixture(scope="session")
def hapi_r4b() -> Iterator[str]:
    """The base URL of an R4B server."""
    with Sandbox(Release.R4B) as server:
        yield server.base_url


@pytest.fixture(scope="session")
def hapi_r5() -> Iterator[str]:
    """The base URL of an R5 server; take `empty_hapi_r5` to begin with nothing on it."""
    with Sandbox(Release.R5) as server:
        yield server.base_url


@pytest.fixture
def empty_hapi_r4(hapi_r4: str) -> str:
    """The base URL of the R4 server, emptied for this test."""
    return emptied(hapi_r4)


@pytest.fixture
def empty_hapi_r5(hapi_r5: str) -> str:
    """The base URL of the R5 server, emptied for this test."""
    return emptied(hapi_r5)


def emptied(base_url: str) -> str:
    """The server without any resource or history: as new, in less than a second."""
    everything = {"name": "expungeEverything", "valueBoolean": True}
    body = {"resourceType": "Parameters", "parameter": [everything]}
    httpx.post(f"{base_url}/$expunge", json=body, timeout=60).raise_for_status()
    return base_url
