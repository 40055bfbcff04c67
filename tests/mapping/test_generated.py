"""Records with every field, made from the model: what becomes of them is valid and comes back as it was."""

import orjson
import pytest

from fhir_trial.bundle import bundle
from fhir_trial.mapping import read_resources, resources
from fhir_trial.release import Release
from fhir_trial.sources import ctgov_v2
from fhir_trial.validation import validate
from tests.complete_records import Maker

ABSENT = (0.0, 0.1, 0.4, 0.7)
"""Shares of fields left out at random."""


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize("seed", range(16))
def test_a_complete_record_is_valid_and_comes_back(seed: int, release: Release) -> None:
    document = Maker(seed, absent=ABSENT[seed % 4], empty_lists=seed % 2 == 1).record()
    written = resources(ctgov_v2.decode(orjson.dumps(document)), release)
    issues = validate(bundle(written), release=release)
    assert [str(issue) for issue in issues if issue.severity == "error"] == []
    sent = orjson.loads(orjson.dumps(written))
    assert ctgov_v2.encode(read_resources(sent, release)) == document
