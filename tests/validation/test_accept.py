"""The accept path says nothing but what the walker says, for valid resources and for damaged ones."""

import subprocess
import sys
from random import Random

import pytest

from fhir_trial.errors import Issue
from fhir_trial.release import Release
from fhir_trial.validation import explain, validate
from fhir_trial.validation.accept import acceptor
from tests.validation.breakage import broken
from tests.validation.fixtures import MAKERS, Json
from tests.validation.mutations import PASSING, REFUSED, WARNED

RELEASES = list(Release)


def as_set(issues: list[Issue]) -> list[tuple[str, ...]]:
    return sorted((one.severity, one.rule, one.expression, one.message) for one in issues)


def assert_paths_agree(node: Json, release: Release) -> None:
    assert as_set(validate(node, release=release)) == as_set(explain(node, release=release))


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", MAKERS)
def test_valid_resources_take_the_accept_path(name: str, release: Release) -> None:
    node, fast = MAKERS[name](release), acceptor(release)
    assert fast.bundle(node).clean if "entry" in node else fast.resource(node) is not None


@pytest.mark.parametrize("release", RELEASES)
def test_both_paths_agree_on_every_row_of_the_mutation_tables(release: Release) -> None:
    for row in [*WARNED, *PASSING, *(one for rows in REFUSED.values() for one in rows)]:
        if release in row.releases:
            node = row.mutated(release)
            found, wanted = validate(node, release=release), explain(node, release=release)
            assert as_set(found) == as_set(wanted), row.name


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", MAKERS)
def test_both_paths_agree_on_random_damage(name: str, release: Release) -> None:
    random = Random(f"{name} {release}")
    base = MAKERS[name](release)
    for _ in range(250):
        node = broken(base, random)
        assert_paths_agree(node, release)


@pytest.mark.parametrize(
    "text", [" padded", "padded\u00a0", "", "a\x01", "\u202eopen", "half \ud800", 5, {}, None]
)
def test_an_odd_text_sends_only_its_own_entry_to_the_walker(text: object) -> None:
    node = MAKERS["bundle"](Release.R4)
    place = next(n for n, one in enumerate(node["entry"]) if one["resource"]["resourceType"] == "Location")
    node["entry"][place]["resource"]["name"] = text
    verdict = acceptor(Release.R4).bundle(node)
    assert verdict.accepted.keys() == set(range(len(node["entry"]))) - {place}
    assert_paths_agree(node, Release.R4)


def test_validation_loads_no_model_classes() -> None:
    code = (
        "import sys; from tests.validation.fixtures import bundle; from fhir_trial.release import Release;"
        "from fhir_trial.validation import validate; assert validate(bundle(Release.R4)) == [];"
        "print([name for name in sys.modules if name.startswith(('fhir.resources', 'pydantic', 'fhirpath'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
