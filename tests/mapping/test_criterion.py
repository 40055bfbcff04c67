"""Criteria that were understood: codes, quantities in UCUM, alternatives, and what stays text."""

from typing import Any

import pytest

from fhir_trial.eligibility import Criterion, Section
from fhir_trial.mapping.verdict import joins_only
from fhir_trial.release import Release
from tests.eligibility.test_glance import LONG_LINES
from tests.mapping.made import codes, extensions, of_type, trial


def _groups(
    *criteria: str, section: str = "Inclusion", release: Release = Release.R4
) -> list[dict[str, Any]]:
    text = f"{section} Criteria:\n\n" + "\n".join(f"* {criterion}" for criterion in criteria)
    return of_type(trial(eligibilityModule={"eligibilityCriteria": text}), "Group", release)


def _said(characteristic: dict[str, Any]) -> dict[str, Any]:
    return {
        name: next(value for key, value in found.items() if key.startswith("value"))
        for name in ("start", "end", "status", "marker", "label", "section")
        for found in extensions(characteristic, f"criterion-{name}")
    }


@pytest.mark.parametrize("release", Release)
def test_an_age_limit_is_a_quantity_in_years(release: Release) -> None:
    (found,) = _groups("Age 19 years or older", release=release)[0]["characteristic"]
    assert codes(found["code"]) == ["397669002"]
    quantity = found["valueQuantity"]
    assert (quantity["value"], quantity["comparator"], quantity["code"]) == (19, ">=", "a")
    assert _said(found)["status"] == "computable"
    assert found["code"]["text"] == "Age 19 years or older"


def test_a_range_is_a_range_and_a_laboratory_value_has_its_loinc_code_and_unit() -> None:
    (bmi, platelets) = _groups("BMI between 18.5 and 30 kg/m2", "Platelets >= 100 x 10^9/L")[0][
        "characteristic"
    ]
    assert "39156-5" in codes(bmi["code"])
    assert [bmi["valueRange"][end]["value"] for end in ("low", "high")] == [18.5, 30]
    assert platelets["valueQuantity"]["code"] == "10*9/L"


@pytest.mark.parametrize(("section", "expected"), [("Inclusion", False), ("Exclusion", True)])
def test_a_limit_keeps_the_polarity_of_its_words_and_exclude_says_the_section(
    section: str, expected: bool
) -> None:
    (found,) = _groups("Body mass index > 40 kg/m2", section=section)[0]["characteristic"]
    assert found["valueQuantity"]["comparator"] == ">"
    assert found["exclude"] is expected


def test_a_multiple_of_a_limit_of_normal_never_stands_as_a_bare_number() -> None:
    (found,) = _groups("ALT <= 3 x ULN")[0]["characteristic"]
    assert found["modifierExtension"][0]["valueCode"] == "ULN"
    assert "code" not in found["valueQuantity"]
    assert found["valueQuantity"]["unit"] == "× ULN"


def test_several_limits_of_one_line_are_a_group_that_says_how_they_are_joined() -> None:
    outer, inner = _groups("Age under 40 years or over 60 years", section="Exclusion")
    (reference,) = outer["characteristic"]
    assert reference["valueReference"]["reference"] == f"Group/{inner['id']}"
    assert reference["exclude"] is True
    assert inner["modifierExtension"][0]["extension"][0]["valueCode"] == "any-of"
    assert [c["valueQuantity"]["comparator"] for c in inner["characteristic"]] == ["<", ">"]
    assert [c["exclude"] for c in inner["characteristic"]] == [False, False]


def test_what_is_not_understood_stays_as_its_words() -> None:
    (found,) = _groups("Swallows capsules without trouble")[0]["characteristic"]
    assert found["code"] == {"text": "Swallows capsules without trouble"}
    assert found["valueBoolean"] is True
    assert "status" not in _said(found)


def test_a_line_with_words_that_are_not_understood_stays_as_its_words() -> None:
    (found,) = _groups("Age 19 years or older with a functioning kidney transplant")[0]["characteristic"]
    assert "valueQuantity" not in found
    assert "status" not in _said(found)


def test_limits_that_may_hold_together_or_not_stay_as_their_words_and_say_so() -> None:
    (found,) = _groups("Blood pressure above 140/90 mmHg", section="Exclusion")[0]["characteristic"]
    assert found["code"] == {"text": "Blood pressure above 140/90 mmHg"}
    assert _said(found)["status"] == "partial"


def test_a_limit_of_one_cohort_is_not_joined_to_those_of_all() -> None:
    text = "Inclusion Criteria:\n\nFor adolescent participants:\n\n* Age 12 years or older\n"
    (group,) = of_type(trial(eligibilityModule={"eligibilityCriteria": text}), "Group")
    (found,) = group["characteristic"]
    assert found["code"] == {"text": "Age 12 years or older"}
    assert _said(found)["status"] == "partial"
    assert _said(found)["label"].startswith("For adolescent participants")


def _status(words: str, section: str = "Inclusion", release: Release = Release.R4) -> str | None:
    text = f"{section} Criteria:\n\n* {words}\n  * Asthma\n  * COPD\n"
    stated = trial(eligibilityModule={"eligibilityCriteria": text})
    (parent,) = of_type(stated, "Group", release)[0]["characteristic"]
    assert "valueReference" in parent
    return _said(parent).get("status")


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize(
    ("words", "section", "expected"),
    [
        ("Any of the following:", "Inclusion", "computable"),
        ("At least 2 of the following criteria", "Inclusion", "computable"),
        ("Patients will be excluded if they meet any of the following criteria:", "Exclusion", "computable"),
        ("Any of the following criteria not met:", "Exclusion", "partial"),
        ("Smokers with any of the following:", "Inclusion", "partial"),
        ("Any of the following within 6 months:", "Exclusion", "partial"),
        ("Age 19 years or older:", "Inclusion", "partial"),
        ("The following:", "Inclusion", "partial"),
    ],
)
def test_words_above_a_list_are_understood_only_if_they_join_it_and_say_no_more(
    words: str, section: str, expected: str, release: Release
) -> None:
    assert _status(words, section, release) == expected


@pytest.mark.parametrize(
    ("words", "section", "expected"),
    [
        ("Patients will be excluded if any of the following are met:", "exclusion", True),
        ("Patients will be excluded if any of the following are met:", "inclusion", False),
        ("Patients are eligible if any of the following are met:", "inclusion", True),
        ("Patients are eligible if any of the following are met:", "exclusion", False),
        ("Patients are not eligible if any of the following are not met:", "exclusion", False),
    ],
)
def test_words_that_let_in_or_keep_out_only_join_a_list_of_that_section(
    words: str, section: Section, expected: bool
) -> None:
    member = Criterion(section, f"{section}.1.1", None, "*", "Gout", 0, 4)
    criterion = Criterion(section, f"{section}.1", None, "*", words, 0, len(words), (member,), "any-of")
    assert joins_only(criterion) is expected


def test_offsets_lead_back_to_the_words_in_the_description() -> None:
    text = "Inclusion Criteria:\n\n1. Adults \\>= 18 years\n2. Asthma\n"
    (group,) = of_type(trial(eligibilityModule={"eligibilityCriteria": text}), "Group", Release.R5)
    first, second = (_said(found) for found in group["characteristic"])
    assert group["description"][first["start"] : first["end"]] == "Adults \\>= 18 years"
    assert "end" not in second
    assert group["description"][second["start"] :].startswith("Asthma")


def test_a_condition_is_coded_only_as_a_mesh_term_of_the_trial_itself() -> None:
    browse = {"meshes": [{"id": "D001249", "term": "Asthma"}]}
    stated = trial(
        conditionsModule={"conditions": ["Asthma"]},
        eligibilityModule={"eligibilityCriteria": "Inclusion Criteria:\n\n* Asthma\n* Gout\n"},
        sections={"derivedSection": {"conditionBrowseModule": browse}},
    )
    asthma, gout = of_type(stated, "Group")[0]["characteristic"]
    assert codes(asthma["valueCodeableConcept"]) == ["D001249"]
    assert gout["code"] == {"text": "Gout"}
    assert gout["valueBoolean"] is True


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize("section", ["Inclusion", "Exclusion"])
def test_who_speaks_neither_of_two_languages_is_denied_each_of_them(section: str, release: Release) -> None:
    outer, inner = _groups("Does not speak English or Spanish", section=section, release=release)
    assert outer["characteristic"][0]["exclude"] is (section == "Exclusion")
    assert "modifierExtension" not in inner
    found = [(codes(c["valueCodeableConcept"]), c["exclude"]) for c in inner["characteristic"]]
    assert found == [(["en"], True), (["es"], True)]


@pytest.mark.parametrize("release", Release)
def test_who_speaks_one_of_two_languages_meets_any_of_them(release: Release) -> None:
    _, inner = _groups("Speaks English or Spanish", release=release)
    assert inner["modifierExtension"][0]["extension"][0]["valueCode"] == "any-of"
    assert [c["exclude"] for c in inner["characteristic"]] == [False, False]


@pytest.mark.parametrize("release", Release)
def test_a_limit_with_a_time_cannot_be_read_without_it(release: Release) -> None:
    (found,) = _groups("Platelets >= 100 x 10^9/L within 14 days before randomization", release=release)[0][
        "characteristic"
    ]
    (window,) = found["modifierExtension"]
    assert window["url"].endswith("/time-window")
    assert window["extension"][1]["valueDuration"] == {
        "value": 14,
        "unit": "d",
        "system": "http://unitsofmeasure.org",
        "code": "d",
    }


def test_a_multiple_with_a_time_has_both_modifiers() -> None:
    (found,) = _groups("ALT <= 3 x ULN within 7 days before enrolment")[0]["characteristic"]
    names = [modifier["url"].rpartition("/")[2] for modifier in found["modifierExtension"]]
    assert names == ["time-window", "multiple-of-limit"]


@pytest.mark.parametrize("words", LONG_LINES)
@pytest.mark.parametrize("release", Release)
def test_a_long_line_is_coded_if_all_of_it_is_understood(words: str, release: Release) -> None:
    browse = {"meshes": [{"id": "D003924", "term": "Diabetes Mellitus, Type 2"}]}
    stated = trial(
        conditionsModule={"conditions": ["Type 2 Diabetes Mellitus"]},
        eligibilityModule={"eligibilityCriteria": f"Inclusion Criteria:\n\n* {words}\n"},
        sections={"derivedSection": {"conditionBrowseModule": browse}},
    )
    (found,) = of_type(stated, "Group", release)[0]["characteristic"]
    assert _said(found)["status"] == "computable"
    assert found["code"]["text"] == words
