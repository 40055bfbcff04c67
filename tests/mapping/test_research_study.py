"""ResearchStudy: status, dates, phases, classifiers, identifiers, artifacts."""

from typing import Any, get_args

import pytest

from fhir_trial import tokens
from fhir_trial.release import Release
from tests.mapping.made import back, codes, extensions, of_type, study, trial

R4_STATUS = {
    "NOT_YET_RECRUITING": "approved",
    "RECRUITING": "active",
    "ENROLLING_BY_INVITATION": "active",
    "ACTIVE_NOT_RECRUITING": "closed-to-accrual",
    "SUSPENDED": "temporarily-closed-to-accrual",
    "TERMINATED": "administratively-completed",
    "COMPLETED": "completed",
    "WITHDRAWN": "withdrawn",
    "UNKNOWN": "in-review",
    "AVAILABLE": "active",
    "NO_LONGER_AVAILABLE": "closed-to-accrual",
    "TEMPORARILY_NOT_AVAILABLE": "temporarily-closed-to-accrual",
    "APPROVED_FOR_MARKETING": "completed",
    "WITHHELD": "in-review",
}


@pytest.mark.parametrize("token", get_args(tokens.Status))
def test_every_status_has_its_code_and_comes_back(token: str) -> None:
    stated = trial(statusModule={"overallStatus": token})
    assert study(stated)["status"] == R4_STATUS[token]
    for release in Release:
        assert back(stated, release)["protocolSection"]["statusModule"] == {"overallStatus": token}


def test_r5_keeps_the_state_of_the_resource_and_of_the_study_apart() -> None:
    written = study(trial(statusModule={"overallStatus": "RECRUITING"}), Release.R5)
    assert written["status"] == "active"
    assert codes(written["progressStatus"][0]["state"]) == ["recruiting"]


def test_an_unknown_study_has_the_r4_code_of_its_last_known_status() -> None:
    stated = trial(statusModule={"overallStatus": "UNKNOWN", "lastKnownStatus": "RECRUITING"})
    assert study(stated)["status"] == "active"
    assert back(stated)["protocolSection"]["statusModule"]["overallStatus"] == "UNKNOWN"


def test_a_reply_without_a_status_claims_neither_running_nor_ended() -> None:
    stated = trial()
    assert study(stated)["status"] == "in-review"
    assert back(stated)["protocolSection"] == {"identificationModule": {"nctId": "NCT00000001"}}


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2020-01", "2021-05-06", {"start": "2020-01", "end": "2021-05-06"}),
        ("2021-05-06", "2020-01", {}),
        ("2020-02", "2020-02-29", {}),
    ],
)
def test_a_period_that_r4_would_refuse_is_left_to_the_progress_status(
    start: str, end: str, expected: dict[str, str]
) -> None:
    dates = {"startDateStruct": {"date": start}, "completionDateStruct": {"date": end}}
    stated = trial(statusModule=dates)
    assert study(stated).get("period", {}) == expected
    assert back(stated)["protocolSection"]["statusModule"] == dates


def test_actual_and_estimated_dates_are_told_apart() -> None:
    dates = {
        "startDateStruct": {"date": "2020-01-02", "type": "ACTUAL"},
        "completionDateStruct": {"date": "2030-01", "type": "ESTIMATED"},
    }
    progress = study(trial(statusModule=dates), Release.R5)["progressStatus"]
    assert [(entry["actual"], entry["period"]) for entry in progress] == [
        (True, {"start": "2020-01-02"}),
        (False, {"end": "2030-01"}),
    ]


def test_registration_dates_are_hl7s_registration_activities() -> None:
    stated = trial(
        statusModule={
            "statusVerifiedDate": "2024-05",
            "studyFirstPostDateStruct": {"date": "2024-05-06", "type": "ESTIMATED"},
        }
    )
    verified, posted = extensions(study(stated), "researchStudy-studyRegistration")
    assert codes(verified["extension"][0]["valueCodeableConcept"]) == ["record-verification"]
    assert posted["extension"][1:] == [
        {"url": "actual", "valueBoolean": False},
        {"url": "period", "valuePeriod": {"end": "2024-05-06"}},
    ]


@pytest.mark.parametrize(
    ("phases", "expected"),
    [
        (["PHASE2"], ["phase-2"]),
        (["PHASE1", "PHASE2"], ["phase-1-phase-2"]),
        (["PHASE2", "PHASE3"], ["phase-2-phase-3"]),
        (["NA"], ["n-a"]),
        (["PHASE1", "PHASE3"], ["PHASE1", "PHASE3"]),
        (["PHASE1", "PHASE2", "PHASE3"], ["PHASE1", "PHASE2", "PHASE3"]),
    ],
)
def test_phases_are_one_code_where_there_is_one_and_all_tokens_where_not(
    phases: list[str], expected: list[str]
) -> None:
    stated = trial(designModule={"phases": phases})
    for release in Release:
        assert codes(study(stated, release)["phase"]) == expected
        assert back(stated, release)["protocolSection"]["designModule"]["phases"] == phases


def test_no_phase_is_made_up_where_the_record_names_none() -> None:
    assert "phase" not in study(trial(designModule={"studyType": "OBSERVATIONAL"}))


@pytest.mark.parametrize("value", [True, False])
def test_a_yes_or_no_of_the_record_is_a_classifier_and_silence_is_none(value: bool) -> None:
    oversight = {"oversightHasDmc": value}
    written = study(trial(oversightModule=oversight), Release.R5)
    expected = "data-monitoring-committee" if value else "no-data-monitoring-committee"
    assert [codes(concept) for concept in written["classifier"]] == [[expected]]
    assert "classifier" not in study(trial(), Release.R5)


def test_secondary_identifiers_keep_type_domain_and_link() -> None:
    stated = trial(
        identificationModule={
            "nctId": "NCT00000001",
            "secondaryIdInfos": [
                {"id": "2019-001234-12", "type": "EUDRACT_NUMBER"},
                {"id": "R01 1", "type": "NIH", "link": "https://reporter.nih.gov/x"},
                {"id": "DRKS1", "type": "REGISTRY", "domain": "DRKS"},
            ],
        }
    )
    eudract, nih, drks = study(stated)["identifier"][1:]
    assert eudract["system"] == "https://eudract.ema.europa.eu"
    assert codes(nih["type"]) == ["NIH"]
    assert extensions(nih, "identifier-link")[0]["valueString"] == "https://reporter.nih.gov/x"
    assert drks["assigner"]["display"] == "DRKS"


def test_mesh_codes_stand_where_the_words_match_and_in_their_canonical_form() -> None:
    browse = {"meshes": [{"id": "D000001249", "term": "Asthma"}]}
    stated = trial(
        conditionsModule={"conditions": ["Asthma", "Wheezing child"]},
        sections={"derivedSection": {"conditionBrowseModule": browse}},
    )
    asthma, other = study(stated)["condition"]
    assert asthma["coding"] == [
        {"system": "https://www.nlm.nih.gov/mesh", "code": "D001249", "display": "Asthma"}
    ]
    assert other == {"text": "Wheezing child"}
    assert back(stated)["derivedSection"]["conditionBrowseModule"] == browse


def test_a_link_that_is_no_url_keeps_its_text() -> None:
    links = [{"label": "Home", "url": "see www.example.com"}, {"url": "https://clinic.test/a?b=1"}]
    stated = trial(referencesModule={"seeAlsoLinks": links})
    for release in Release:
        assert back(stated, release)["protocolSection"]["referencesModule"]["seeAlsoLinks"] == links
    first, second = study(stated)["relatedArtifact"][1:]
    assert "url" not in first
    assert second["url"] == "https://clinic.test/a?b=1"


def test_the_source_record_is_named_and_no_clock_is_read() -> None:
    written = study(trial(7))
    assert written["relatedArtifact"][0]["url"] == "https://clinicaltrials.gov/study/NCT00000007"
    assert "meta" not in written


@pytest.mark.parametrize("release", Release)
def test_outcomes_keep_type_order_and_time_frame(release: Release) -> None:
    outcomes: dict[str, Any] = {
        "primaryOutcomes": [{"measure": "Survival", "timeFrame": "1 year"}],
        "secondaryOutcomes": [{"measure": "Pain", "description": "0 to 10"}, {"timeFrame": "Day 1"}],
        "otherOutcomes": [{"measure": "Mood"}],
    }
    assert back(trial(outcomesModule=outcomes), release)["protocolSection"]["outcomesModule"] == outcomes


def test_r5_has_an_evidence_variable_with_the_time_frame_for_each_outcome() -> None:
    stated = trial(outcomesModule={"primaryOutcomes": [{"measure": "Survival", "timeFrame": "1 year"}]})
    (variable,) = of_type(stated, "EvidenceVariable", Release.R5)
    assert variable["id"] == "NCT00000001-outcome-primary-1"
    assert variable["characteristic"] == [{"timeFromEvent": [{"description": "1 year"}]}]
    assert of_type(stated, "EvidenceVariable", Release.R4) == []
