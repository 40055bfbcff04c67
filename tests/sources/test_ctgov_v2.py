"""Decoding and encoding records of ClinicalTrials.gov API v2."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_trial.errors import RecordError
from fhir_trial.sources import ctgov_v2, paths
from tests.records import CORPUS, dumps, needs_corpus, record


def test_a_record_is_decoded_and_encoded_without_loss() -> None:
    document = record(7)
    trial = ctgov_v2.decode(dumps(document))
    assert trial.id == "NCT00000007"
    assert trial.protocol.status and trial.protocol.status.overall == "RECRUITING"
    assert ctgov_v2.encode(trial) == document


@needs_corpus
@pytest.mark.parametrize("folder", ["ctgov_v2", "ctgov_v2_partial"])
def test_every_real_record_comes_back_as_it_was(folder: str) -> None:
    for path in sorted((CORPUS / folder).glob("*.json")):
        trial = ctgov_v2.decode(path.read_bytes())
        document = ctgov_v2.encode(trial)
        for place, value in (trial.unknown or {}).items():
            paths.put(document, paths.steps(place), value)
        assert document == json.loads(path.read_bytes()), path.name


def test_unknown_fields_are_kept_aside_at_their_place() -> None:
    document = record(designModule={"phases": ["PHASE1"], "new": {"a": [1, None]}})
    document["odd key"] = True
    trial = ctgov_v2.decode(dumps(document))
    assert trial.unknown == {"$.protocolSection.designModule.new": {"a": [1, None]}, '$["odd key"]': True}


@pytest.mark.parametrize("name", ["unknownFields", "emptyValues"])
def test_a_field_that_is_called_like_our_own_is_an_unknown_one(name: str) -> None:
    trial = ctgov_v2.decode(dumps(record() | {name: {"x": 1}}))
    assert trial.unknown == {f"$.{name}": {"x": 1}}
    assert trial.empty is None


PREDICTED = "$.derivedSection.miscInfoModule.modelPredictions"
NESTED = "$.protocolSection.contactsLocationsModule.locations_nested"


def unpublished(**modules: Any) -> dict[str, Any]:
    """A record with the two fields that records of 2023 have and the registry does not publish."""
    sites = {"locations": [{"city": "Graz"}], "locations_nested": [{"city": "Graz", "empty": ""}]}
    document: dict[str, Any] = record(contactsLocationsModule=sites, **modules)
    predicted = {"versionHolder": "2023-05-01", "modelPredictions": {"bmi": {"min": None}}}
    return document | {"derivedSection": {"miscInfoModule": predicted}}


def test_fields_of_old_records_that_are_not_published_are_kept_aside_without_a_walk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ctgov_v2, "_decode_slowly", None)
    trial = ctgov_v2.decode(dumps(unpublished()))
    assert trial.unknown == {NESTED: [{"city": "Graz", "empty": ""}], PREDICTED: {"bmi": {"min": None}}}


def test_an_unknown_field_is_found_beside_those_of_old_records() -> None:
    trial = ctgov_v2.decode(dumps(unpublished(designModule={"new": "x"})))
    assert list(trial.unknown or {}) == ["$.protocolSection.designModule.new", NESTED, PREDICTED]


def test_a_key_that_stands_twice_in_a_field_of_old_records_is_refused() -> None:
    data = dumps(unpublished()).replace(b'"bmi":', b'"bmi":{"max":1},"bmi":')
    with pytest.raises(RecordError, match="the key 'bmi' stands twice"):
        ctgov_v2.decode(data)


@pytest.mark.parametrize("module", ["derivedSection", "protocolSection.contactsLocationsModule"])
def test_a_null_above_a_field_of_old_records_is_refused(module: str) -> None:
    document = unpublished()
    paths.put(document, paths.steps(f"$.{module}"), None)
    with pytest.raises(RecordError, match="null, where the registry leaves the field out"):
        ctgov_v2.decode(dumps(document))


def test_a_deep_field_of_old_records_is_refused() -> None:
    deep = b"[" * 101 + b"]" * 101
    with pytest.raises(RecordError, match="nested too deeply"):
        ctgov_v2.decode(dumps(unpublished()).replace(b"null", deep))


def test_an_unknown_field_is_found_beside_escapes_and_blanks_that_hide_it_from_counting() -> None:
    text = dumps(record()).decode()
    spaced = text.replace('"hasResults":', '"hasResults" :').replace("Trial 1", r"\u0022Trial\u0022")
    trial = ctgov_v2.decode(spaced.replace('{"protocolSection"', '{"new":1,"protocolSection"').encode())
    assert trial.unknown == {"$.new": 1}
    assert trial.protocol.identification.brief_title == '"Trial"'


def test_values_without_content_are_noted_left_out_and_put_back() -> None:
    document = record(
        conditionsModule={"conditions": ["", "Asthma", ""], "keywords": []},
        contactsLocationsModule={"locations": [{"city": ""}, {}, {"city": "Oslo", "status": ""}]},
        oversightModule={},
    )
    trial = ctgov_v2.decode(dumps(document))
    assert trial.protocol.conditions and trial.protocol.conditions.conditions == ["Asthma"]
    assert trial.protocol.oversight is None
    assert trial.empty == {
        "$.protocolSection.conditionsModule.conditions[0]": "",
        "$.protocolSection.conditionsModule.conditions[2]": "",
        "$.protocolSection.conditionsModule.keywords": [],
        "$.protocolSection.contactsLocationsModule.locations[0]": {"city": ""},
        "$.protocolSection.contactsLocationsModule.locations[1]": {},
        "$.protocolSection.contactsLocationsModule.locations[2].status": "",
        "$.protocolSection.oversightModule": {},
    }
    assert ctgov_v2.encode(trial) == document


def test_empty_values_are_found_when_blanks_stand_in_them() -> None:
    text = dumps(record(oversightModule={})).replace(b"{}", b"{ }")
    assert ctgov_v2.decode(text).empty == {"$.protocolSection.oversightModule": {}}


def test_a_text_that_ends_in_a_quotation_mark_is_not_an_empty_one() -> None:
    trial = ctgov_v2.decode(dumps(record(descriptionModule={"briefSummary": 'so called "'})))
    assert trial.empty is None


def test_unknown_fields_and_empty_values_of_the_results_are_found_too() -> None:
    more: dict[str, Any] = {"odd": 1, "limitationsAndCaveats": {}}
    results = {"moreInfoModule": more, "participantFlowModule": {"groups": []}}
    document = record() | {"resultsSection": results}
    trial = ctgov_v2.decode(dumps(document))
    assert trial.unknown == {"$.resultsSection.moreInfoModule.odd": 1}
    assert trial.empty == {
        "$.resultsSection.moreInfoModule.limitationsAndCaveats": {},
        "$.resultsSection.participantFlowModule": {"groups": []},
    }
    del more["odd"]
    assert ctgov_v2.encode(trial) == document


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_byte_order_mark_is_understood(encoding: str) -> None:
    assert ctgov_v2.decode(dumps(record(3)).decode().encode(encoding)).id == "NCT00000003"


BROKEN: list[tuple[str, Any, str, str]] = [
    ("sponsorCollaboratorsModule", {"leadSponsor": {"name": 7}}, ".leadSponsor.name", "expected text, found"),
    ("designModule", {"phases": "PHASE1"}, ".phases", "expected a list, found the text 'PHASE1'"),
    ("statusModule", {"overallStatus": "OPEN"}, ".overallStatus", "unknown token 'OPEN', expected one of"),
    ("oversightModule", [1], "", "expected an object, found a list"),
    (
        "eligibilityModule",
        {"minimumAge": "old"},
        ".minimumAge",
        "a unit of time, found the text 'old'",
    ),
    ("conditionsModule", {"conditions": ["", None]}, ".conditions[1]", "null, where the registry leaves"),
    (
        "outcomesModule",
        {"primaryOutcomes": [{}, {"measure": True}]},
        ".primaryOutcomes[1].measure",
        "found true",
    ),
    ("ipdSharingStatementModule", {"ipdSharing": None}, ".ipdSharing", "null"),
    ("identificationModule", {}, "", "the field identificationModule is empty"),
]


@pytest.mark.parametrize(("module", "content", "place", "reason"), BROKEN)
def test_an_error_says_where_and_what_is_expected_and_what_was_found(
    module: str, content: Any, place: str, reason: str
) -> None:
    with pytest.raises(RecordError) as caught:
        ctgov_v2.decode(dumps(record(**{module: content})))
    assert caught.value.place in (f"$.protocolSection.{module}{place}", "$.protocolSection")
    assert reason in caught.value.reason


def test_a_long_value_is_shown_shortened() -> None:
    with pytest.raises(RecordError) as caught:
        ctgov_v2.decode(dumps(record(statusModule={"overallStatus": "X" * 1000})))
    assert len(caught.value.reason) < 400


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
@settings(deadline=None, max_examples=100)
def test_any_json_is_a_trial_or_a_record_error(document: Any) -> None:
    for each in (document, {"protocolSection": document}, record(statusModule=document)):
        try:
            ctgov_v2.decode(json.dumps(each).encode())
        except RecordError:
            continue


@given(st.binary())
@settings(deadline=None, max_examples=200)
def test_any_bytes_are_a_trial_or_a_record_error(data: bytes) -> None:
    with pytest.raises(RecordError):
        ctgov_v2.decode(data)


@given(JSON)
@settings(deadline=None, max_examples=100)
def test_what_a_record_holds_besides_is_kept_whole(value: Any) -> None:
    text = json.dumps(record() | {"besides": value}, allow_nan=False) if _is_json(value) else None
    if text is not None:
        assert ctgov_v2.decode(text.encode()).unknown == {"$.besides": json.loads(text)["besides"]}


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False).encode()
    except ValueError:
        return False
    return "\\ud" not in json.dumps(value)


@pytest.mark.parametrize(
    "path", ["$", "nonsense", "$.protocolSection[3]", "$.protocolSection.identificationModule.nctId.x"]
)
def test_an_empty_value_without_a_place_is_an_error_that_names_it(path: str) -> None:
    trial = msgspec.structs.replace(ctgov_v2.decode(dumps(record())), empty={path: ""})
    with pytest.raises(RecordError) as caught:
        ctgov_v2.encode(trial)
    assert caught.value.place == path
