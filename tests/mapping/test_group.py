"""Group: ages, sex, healthy volunteers, and criteria verbatim, in order, nested, with their polarity."""

from typing import Any

import pytest

from fhir_trial.release import Release
from tests.mapping.made import back, codes, extensions, of_type, trial

NESTED = """Inclusion Criteria:

* Adults \\>= 18 years
* Any of the following:

  * asthma
  * COPD

Exclusion Criteria:

* Smoking"""


def _group(release: Release = Release.R4, **module: Any) -> dict[str, Any]:
    return of_type(trial(eligibilityModule=module), "Group", release)[0]


def _values(group: dict[str, Any], code: str) -> list[dict[str, Any]]:
    return [found for found in group["characteristic"] if code in codes(found["code"])]


def test_membership_is_definitional_in_the_words_of_each_release() -> None:
    assert _group(sex="ALL")["actual"] is False
    assert "actual" not in _group(Release.R5, sex="ALL")
    assert _group(Release.R5, sex="ALL")["membership"] == "definitional"


def test_ages_are_one_range_in_ucum_with_the_unit_as_written() -> None:
    (age,) = _values(_group(minimumAge="18 Years", maximumAge="70 Years"), "397669002")
    assert age["valueRange"] == {
        "low": {"value": 18, "unit": "Years", "system": "http://unitsofmeasure.org", "code": "a"},
        "high": {"value": 70, "unit": "Years", "system": "http://unitsofmeasure.org", "code": "a"},
    }


@pytest.mark.parametrize(("minimum", "maximum"), [("6 Months", "17 Years"), ("70 Years", "18 Years")])
def test_ages_that_cannot_share_a_range_have_one_each(minimum: str, maximum: str) -> None:
    ages = _values(_group(minimumAge=minimum, maximumAge=maximum), "397669002")
    assert [list(age["valueRange"]) for age in ages] == [["low"], ["high"]]


@pytest.mark.parametrize(
    ("unit", "code"),
    [("Years", "a"), ("Months", "mo"), ("Weeks", "wk"), ("Days", "d"), ("Hours", "h"), ("Minutes", "min")],
)
def test_every_unit_of_age_has_its_ucum_code(unit: str, code: str) -> None:
    (age,) = _values(_group(minimumAge=f"3 {unit}"), "397669002")
    assert age["valueRange"]["low"]["code"] == code


@pytest.mark.parametrize(("sex", "expected"), [("FEMALE", ["female"]), ("MALE", ["male"]), ("ALL", ["ALL"])])
def test_sex_is_an_administrative_gender_and_all_is_no_restriction(sex: str, expected: list[str]) -> None:
    (found,) = _values(_group(sex=sex), "263495000")
    assert codes(found["valueCodeableConcept"]) == expected


@pytest.mark.parametrize("release", Release)
def test_criteria_stand_verbatim_in_order_with_their_polarity(release: Release) -> None:
    group = _group(release, eligibilityCriteria=NESTED)
    criteria = group["characteristic"]
    assert [c["code"]["text"] for c in criteria] == [
        "Adults >= 18 years",
        "Any of the following:",
        "Smoking",
    ]
    assert [c["exclude"] for c in criteria] == [False, False, True]


def test_nested_criteria_are_a_group_that_says_how_they_are_joined() -> None:
    stated = trial(eligibilityModule={"eligibilityCriteria": NESTED})
    outer, inner = of_type(stated, "Group")
    assert outer["characteristic"][1]["valueReference"] == {
        "reference": f"Group/{inner['id']}",
        "display": "Any of the following:",
    }
    assert [c["code"]["text"] for c in inner["characteristic"]] == ["asthma", "COPD"]
    (combination,) = inner["modifierExtension"]
    assert combination["extension"][0] == {"url": "method", "valueCode": "any-of"}


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize(
    "text", [NESTED, "no headings at all", " blanks \r\n\r\n and \t tabs \n", "* a\n" * 300]
)
def test_the_text_of_the_criteria_comes_back_byte_for_byte(release: Release, text: str) -> None:
    module = back(trial(eligibilityModule={"eligibilityCriteria": text}), release)["protocolSection"]
    assert module["eligibilityModule"] == {"eligibilityCriteria": text}


def test_criteria_without_polarity_say_so() -> None:
    (criterion,) = _group(eligibilityCriteria="Ask the investigator.")["characteristic"]
    assert extensions(criterion, "criterion-section")[0]["valueCode"] == "other"


def test_a_text_nested_500_levels_deep_becomes_groups_with_ids_a_server_takes() -> None:
    text = "Inclusion Criteria:\n\n" + "\n".join("  " * level + f"* level {level}" for level in range(500))
    groups = of_type(trial(eligibilityModule={"eligibilityCriteria": text}), "Group")
    assert max(len(group["id"]) for group in groups) <= 64
    assert len({group["id"] for group in groups}) == len(groups) > 100


def test_a_record_without_eligibility_has_no_group() -> None:
    assert of_type(trial(), "Group") == []
