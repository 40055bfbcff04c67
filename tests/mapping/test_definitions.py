"""The definitions of our own: in step with the table, the types and the output."""

from typing import Any

import orjson
import pytest

from fhir_trial.mapping import resources
from fhir_trial.mapping.urls import BASE, EXTENSION
from fhir_trial.release import Release
from fhir_trial.sources import ctgov_v2
from tests.complete_records import Maker
from tests.records import ROOT
from tools.build_definitions import definitions

FOLDER = ROOT / "mappings" / "definitions"


def test_the_committed_definitions_are_what_the_tool_writes() -> None:
    for name, content in definitions().items():
        assert (FOLDER / name).read_bytes() == content, f"{name}: run `python -m tools.build_definitions`"


def _urls(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {
            v
            for k, v in value.items()
            if k in ("url", "system") and isinstance(v, str) and v.startswith(BASE)
        }
        return own.union(*map(_urls, value.values()))
    return set().union(*map(_urls, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("release", Release)
def test_every_extension_and_code_system_of_ours_in_the_output_is_defined(release: Release) -> None:
    written = resources(ctgov_v2.decode(orjson.dumps(Maker(3).record())), release)
    used = {url for url in _urls(written) if url.startswith((EXTENSION, f"{BASE}/CodeSystem/"))}
    defined = {orjson.loads(content)["url"] for content in definitions().values()}
    assert used <= defined
    assert len(used) > 30
