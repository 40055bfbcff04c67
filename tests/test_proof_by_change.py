"""Nothing is lost: whatever value of a record changes, the output changes, and the change comes back.

`python -m tools.prove` does the same over every record that is at hand, and prints figures.
"""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_trial import mapping, reading
from fhir_trial.bundle import bundle
from fhir_trial.release import Release
from fhir_trial.sources import ctgov_v2_schema as schema
from fhir_trial.trial import Trial
from tests import changes
from tests.complete_records import Maker
from tests.records import SEED

DEV = changes.dev_records()
SAMPLE = DEV[::23]
FEW = DEV[5::90]

complete = pytest.mark.parametrize("seed", range(4))
releases = pytest.mark.parametrize("release", list(Release))
dev = pytest.mark.parametrize("path", SAMPLE or [None], ids=lambda path: path.stem if path else "none")
few_dev = pytest.mark.parametrize("path", FEW or [None], ids=lambda path: path.stem if path else "none")


def dev_record(path: Path | None) -> changes.Document:
    if path is None:
        pytest.skip("real records stand beside the checkout only")
    return changes.known(path.read_bytes())


def complete_record(seed: int) -> changes.Document:
    return Maker(seed, sizes=(1, 3), absent=0.0).record()


# --- every value is in the output, and comes back --------------------------------------------------------


def assert_every_value_travels(document: changes.Document, release: Release) -> None:
    sentinels = changes.sentinels(document)
    assert changes.unseen(document, sentinels, release) == []
    changed = changes.changed(document, sentinels)
    assert changes.back(changes.output(changed, release), release) == changed


@releases
@dev
def test_every_value_of_a_real_record_travels(path: Path | None, release: Release) -> None:
    assert_every_value_travels(dev_record(path), release)


@releases
@complete
def test_every_value_of_a_complete_record_travels(seed: int, release: Release) -> None:
    assert_every_value_travels(complete_record(seed), release)


def test_a_complete_record_has_every_field_of_the_model() -> None:
    fields = {
        tuple(step for step in path if isinstance(step, str))
        for path, _, _ in changes.leaves(complete_record(0), schema.root())
    }
    stated = {
        tuple(path.split(".")) for path, _ in modelled_leaves() if path.partition(".")[0] in changes.SECTIONS
    }
    assert fields == stated


def modelled_leaves() -> list[tuple[str, schema.Node]]:
    from tests.test_trial import modelled

    return list(modelled(schema.root()))


@releases
@dev
def test_a_real_record_comes_back(path: Path | None, release: Release) -> None:
    document = dev_record(path)
    assert changes.back(changes.output(document, release), release) == document


@releases
@dev
def test_the_keys_of_a_real_record_come_back_in_their_order(path: Path | None, release: Release) -> None:
    document = dev_record(path)
    found = changes.back(changes.output(document, release), release)
    assert json.dumps(found) == json.dumps({key: document[key] for key in found})


# --- every flag and every code is in the output, and comes back ------------------------------------------


def assert_each_choice_travels(
    document: changes.Document, choices: list[tuple[changes.Path_, object]], release: Release
) -> None:
    before = changes.visible(changes.output(document, release))
    for path, value in choices:
        changed = changes.changed(document, {path: value})
        after = changes.output(changed, release)
        assert changes.visible(after) != before, (path, value)
        assert changes.back(after, release) == changed, (path, value)


@releases
@few_dev
def test_each_flag_and_code_of_a_real_record_travels(path: Path | None, release: Release) -> None:
    document = dev_record(path)
    assert_each_choice_travels(document, list(changes.one_choice_each(document)), release)


@releases
def test_every_token_of_a_complete_record_travels(release: Release) -> None:
    document = Maker(7, sizes=(1,), texts=["words", " blanks ", "≥ 18"]).record()
    assert_each_choice_travels(document, list(changes.choices(document)), release)


# --- absent fields, odd texts ----------------------------------------------------------------------------

ODD_TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    st.sampled_from(
        [
            *(" leading", "trailing ", "\n", "\t", " ", "\u00a0", "\u2028", "a\r\nb"),
            *("\\> \\* \\[x\\] \\_", "* one\n* two\n\n  1. three", "Inclusion Criteria:\n\n* a\n\n    * b"),
            *("NCT01234567", "2020-02-30", "true", "-1", "12345", "null", "https://example.org/a b"),
            *("http://example.org/?q=%20", "x" * 30_000, "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 עברית", "Drug: aspirin"),
        ]
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32),
    absent=st.sampled_from([0.0, 0.1, 0.3, 0.6, 0.9]),
    texts=st.lists(ODD_TEXTS, min_size=1, max_size=6),
    release=st.sampled_from(list(Release)),
)
def test_any_record_comes_back(seed: int, absent: float, texts: list[str], release: Release) -> None:
    document = Maker(seed, absent=absent, empty_lists=True, texts=texts).record()
    assert changes.back(changes.output(document, release), release) == document


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), absent=st.sampled_from([0.0, 0.2, 0.5, 0.8]))
def test_every_value_of_any_record_travels(seed: int, absent: float) -> None:
    document = Maker(seed, absent=absent, empty_lists=True, sizes=(1,)).record()
    for release in Release:
        assert_every_value_travels(document, release)


# --- between releases ------------------------------------------------------------------------------------


def assert_the_way_about_ends_where_it_began(stated: Trial) -> None:
    direct = bundle(mapping.resources(stated, Release.R4))
    assert json.dumps(changes.round_about(stated)) == json.dumps(direct)


@dev
def test_r4_to_r5_to_r4b_to_r4_gives_the_same_bytes(path: Path | None) -> None:
    assert_the_way_about_ends_where_it_began(changes.trial(dev_record(path)))


@complete
def test_the_way_about_keeps_a_complete_record(seed: int) -> None:
    assert_the_way_about_ends_where_it_began(changes.trial(complete_record(seed)))


def test_the_way_about_keeps_what_only_the_page_says() -> None:
    seed = reading.parse(SEED.read_bytes())
    assert seed.page is not None
    assert_the_way_about_ends_where_it_began(seed)
    assert seed.page.countries == ["France"]  # which the sites say too, so it is not said twice
    page = msgspec.structs.replace(seed.page, countries=None)
    for release in Release:
        found = mapping.read_resources(mapping.resources(seed, release), release)
        assert found == msgspec.structs.replace(seed, page=page)


# --- no copy of the source -------------------------------------------------------------------------------


@releases
@complete
def test_the_output_holds_no_copy_of_the_source(seed: int, release: Release) -> None:
    document = complete_record(seed)
    sentinels = changes.sentinels(document)
    output = changes.output(changes.changed(document, sentinels), release)
    assert changes.looks_copied(output, sentinels) == []


@pytest.mark.parametrize(
    "planted",
    [
        {"attachment": {"data": "e30="}},
        {"extension": [{"url": "x", "valueString": '{"briefTitle":"a"}'}]},
        {"note": "<sentinel-1> <sentinel-2>"},
    ],
)
def test_a_planted_copy_is_found(planted: changes.Document) -> None:
    assert len(changes.looks_copied([{"resourceType": "ResearchStudy", **planted}], {})) == 1


def test_a_lost_value_is_found() -> None:
    document = complete_record(0)
    path = ("protocolSection", "identificationModule", "briefTitle")
    resource = {"resourceType": "ResearchStudy", "text": {"div": "<sentinel-1>"}, "title": "another"}
    values = {str(value) for _, value in changes.visible([resource])}
    assert path in changes.sentinels(document)
    assert not changes.is_seen("<sentinel-1>", values, "\0".join(values))
