"""FHIR that did not come from here: what can be read is read, the rest is listed, nothing crashes."""

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import fhir_trial
from fhir_trial import foreign, mapping
from fhir_trial.bundle import bundle
from fhir_trial.cli import app
from fhir_trial.errors import RecordError
from fhir_trial.release import Release
from tests import changes
from tests.complete_records import Maker
from tests.records import CORPUS, needs_corpus, record

MCODE = CORPUS / "fhir_mcode" / "complete_study.json"
EBM = sorted(CORPUS.glob("fhir_ebm/ResearchStudy*.json"))


def by_hand() -> dict[str, Any]:
    """A study as a person might write it."""
    return {
        "resourceType": "ResearchStudy",
        "identifier": [{"system": "https://drks.de", "value": "DRKS00000001"}],
        "title": "A study by hand",
        "status": "active",
        "condition": [{"text": "Asthma"}],
        "period": {"start": "2024-05"},
        "sponsor": {"reference": "#sponsor", "display": "A hospital"},
        "site": [{"reference": "#site"}],
        "note": [{"text": "to be checked"}],
        "contained": [
            {"resourceType": "Organization", "id": "sponsor", "name": "The hospital"},
            {"resourceType": "Location", "id": "site", "name": "Clinic", "address": {"city": "Bonn"}},
        ],
    }


def test_a_study_by_hand_gives_what_can_be_read() -> None:
    found = foreign.read(by_hand(), Release.R4)
    assert found.trial is None
    assert found.record["protocolSection"] == {
        "identificationModule": {
            "secondaryIdInfos": [{"id": "DRKS00000001"}],
            "briefTitle": "A study by hand",
        },
        "statusModule": {"startDateStruct": {"date": "2024-05"}},
        "sponsorCollaboratorsModule": {"leadSponsor": {"name": "The hospital"}},
        "conditionsModule": {"conditions": ["Asthma"]},
        "contactsLocationsModule": {"locations": [{"facility": "Clinic", "city": "Bonn"}]},
    }


def test_what_was_not_read_is_listed() -> None:
    assert foreign.read(by_hand(), Release.R4).unread == (
        "ResearchStudy.identifier[0].system",
        "ResearchStudy.status",
        "ResearchStudy.sponsor.display",
        "ResearchStudy.note[0].text",
    )


def test_a_study_with_an_nct_number_becomes_a_trial() -> None:
    study = by_hand() | {"identifier": [{"system": "http://clinicaltrials.gov", "value": "NCT00000001"}]}
    found = foreign.read(study, Release.R4)
    assert found.trial is not None
    assert found.trial.id == "NCT00000001"


def test_a_number_that_is_none_is_listed() -> None:
    study = by_hand() | {"identifier": [{"system": "http://clinicaltrials.gov", "value": "see letter"}]}
    found = foreign.read(study, Release.R4)
    assert found.trial is None
    assert "ResearchStudy.identifier[0].value" in found.unread


def test_references_by_full_url_are_followed() -> None:
    study = by_hand() | {"sponsor": {"reference": "urn:uuid:6d1c0a9e-0000-4000-8000-000000000001"}}
    organization = {"resourceType": "Organization", "name": "By url"}
    entries = [
        {"fullUrl": "urn:uuid:6d1c0a9e-0000-4000-8000-000000000002", "resource": study},
        {"fullUrl": "urn:uuid:6d1c0a9e-0000-4000-8000-000000000001", "resource": organization},
        {"resource": {"resourceType": "Basic"}},
    ]
    found = foreign.read({"resourceType": "Bundle", "type": "collection", "entry": entries}, Release.R4)
    sponsors = found.record["protocolSection"]["sponsorCollaboratorsModule"]
    assert sponsors == {"leadSponsor": {"name": "By url"}}
    assert "Bundle.entry[2].resource" in found.unread


def test_elements_of_the_wrong_type_are_left_out() -> None:
    study = by_hand() | {"title": ["two", "titles"], "condition": {"text": "alone"}, "site": "Bonn", "x": 1}
    found = foreign.read(study, Release.R4)
    assert found.record["protocolSection"]["conditionsModule"] == {"conditions": ["alone"]}
    assert {"ResearchStudy.title", "ResearchStudy.site[0]", "ResearchStudy.x"} <= set(found.unread)


@pytest.mark.parametrize(
    "document",
    [None, [], "x", {}, {"resourceType": "Patient"}, {"resourceType": "Bundle"}, {"resourceType": ["x"]}],
)
def test_what_holds_no_study_is_refused(document: Any) -> None:
    with pytest.raises(RecordError):
        foreign.read(document, Release.R4)


@pytest.mark.parametrize("release", list(Release))
def test_our_own_bundle_is_read_whole(release: Release) -> None:
    document = Maker(1, sizes=(1,), absent=0.2, texts=["words"]).record()
    written = bundle(changes.output(document, release))
    assert foreign.is_ours(written)
    found = foreign.read(written, release)
    assert changes.stated(found.record) == document


def test_narratives_and_ids_are_not_listed() -> None:
    written = bundle(changes.output(record(), Release.R4))
    unread = foreign.read(written, Release.R4).unread
    assert [path for path in unread if ".resource.text." in path or path.endswith(".id")] == []


# --- examples of others ----------------------------------------------------------------------------------


@needs_corpus
def test_the_study_of_mcode_is_read() -> None:
    found = foreign.read(json.loads(MCODE.read_bytes()), Release.R4)
    assert found.trial is not None
    assert found.trial.id == "NCT02513394"
    protocol = found.record["protocolSection"]
    assert protocol["statusModule"]["startDateStruct"] == {"date": "2015-08-01"}
    assert protocol["eligibilityModule"]["eligibilityCriteria"].startswith("Inclusion Criteria")
    assert "ResearchStudy.category[0].text" in found.unread


@pytest.mark.parametrize("path", EBM or [None], ids=lambda path: path.stem[-30:] if path else "none")
def test_the_studies_of_the_evidence_guide_are_read_as_r5(path: Any) -> None:
    if path is None:
        pytest.skip("real records stand beside the checkout only")
    found = foreign.read(json.loads(path.read_bytes()), Release.R5)
    assert found.record["protocolSection"]["identificationModule"]["briefTitle"]
    assert found.unread


# --- anything --------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place of a document, the inner ones too."""
    found = [path] if path else []
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for step, below in items:
            found += places(below, (*path, step))
    return found


def spoilt(document: Any, chance: random.Random, values: list[Any]) -> Any:
    """A document with something dropped, doubled, moved or replaced at a few places."""
    made = copy.deepcopy(document)
    for value in values:
        path = chance.choice(places(made))
        target = made
        for step in path[:-1]:
            target = target[step]
        match chance.randrange(4):
            case 0:
                del target[path[-1]]
            case 1:
                target[path[-1]] = [target[path[-1]], copy.deepcopy(target[path[-1]])]
            case 2:
                other = made
                for step in chance.choice(places(made)):
                    other = other[step]
                target[path[-1]] = copy.deepcopy(other)
            case _:
                target[path[-1]] = value
        if not places(made):
            break
    return made


BUNDLES = {
    release: [
        bundle(
            mapping.resources(
                changes.trial(Maker(seed, sizes=(1,), absent=0.5, texts=["a", "b"]).record()), release
            )
        )
        for seed in range(4)
    ]
    for release in Release
}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    release=st.sampled_from(list(Release)),
    number=st.integers(0, 3),
    chance=st.randoms(use_true_random=False),
    values=st.lists(JSON, min_size=1, max_size=12),
)
def test_a_spoilt_bundle_gives_a_result_or_a_record_error(
    release: Release, number: int, chance: random.Random, values: list[Any]
) -> None:
    document = spoilt(BUNDLES[release][number], chance, values)
    try:
        found = foreign.read(document, release)
    except RecordError:
        return
    assert found.record["protocolSection"]


@settings(max_examples=100, deadline=None)
@given(document=JSON, name=st.sampled_from(["identifier", "extension", "contained", "arm", "site", "title"]))
def test_any_json_in_a_study_gives_a_result(document: Any, name: str) -> None:
    assert foreign.read({"resourceType": "ResearchStudy", name: document}, Release.R4).record


# --- from outside ----------------------------------------------------------------------------------------


def test_convert_reads_a_study_alone() -> None:
    found = fhir_trial.convert(by_hand(), to="ctgov")
    assert found["protocolSection"]["identificationModule"]["briefTitle"] == "A study by hand"


def test_a_study_without_a_number_cannot_become_our_resources() -> None:
    with pytest.raises(RecordError, match="no NCT number"):
        fhir_trial.convert(by_hand(), to="R5")


def test_the_command_line_says_what_was_not_read(tmp_path: Path) -> None:
    source = tmp_path / "study.json"
    source.write_text(json.dumps(by_hand()))
    result = CliRunner().invoke(app, ["convert", str(source), "--to", "ctgov"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == fhir_trial.convert(by_hand(), to="ctgov")
    assert f"warning: {source}: not read: ResearchStudy.note[0].text" in result.stderr
    assert "not mapped  4 elements of foreign FHIR" in result.stderr
