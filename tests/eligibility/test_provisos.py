"""Which limit the words "if ...", "unless ...", "for patients with ..." belong to; the wording is ours."""

import pytest

from fhir_trial.eligibility import constraints


def _provisos(text: str) -> list[tuple[str, str]]:
    reading = constraints(text, section="inclusion")
    assert reading.status == "partial"
    return [(limit.variable, limit.proviso) for limit in reading.constraints]


@pytest.mark.parametrize(
    ("text", "proviso"),
    [
        ("ALT ≤ 2.5 x ULN if the liver is free of metastases", "if the liver is free of metastases"),
        ("Bilirubin < 1.5 x ULN, unless due to haemolysis", "unless due to haemolysis"),
        ("Bilirubin < 1.5 x ULN (except for Gilbert's disease); no ascites", "except for Gilbert's disease"),
        ("Platelets ≥ 75,000/µL in the absence of transfusions", "in the absence of transfusions"),
        ("INR ≤ 1.4 for patients not on warfarin.", "for patients not on warfarin"),
        ("For patients not on warfarin: INR ≤ 1.4", "For patients not on warfarin"),
        ("No oedema. If on dialysis, potassium < 6 mmol/L", "If on dialysis"),
        ("LVEF ≥ 45 %, when measured by scan", "when measured by scan"),
    ],
)
def test_a_limit_carries_the_words_that_say_for_whom_or_when_it_holds(text: str, proviso: str) -> None:
    assert [words for _, words in _provisos(text)] == [proviso]


def test_a_proviso_between_two_limits_behind_a_comma_is_of_the_second() -> None:
    assert _provisos("Creatinine < 1.5 mg/dL, if diabetic, creatinine < 1.2 mg/dL") == [
        ("creatinine", ""),
        ("creatinine", "if diabetic"),
    ]


def test_a_proviso_right_behind_a_limit_is_of_that_one_though_another_limit_follows() -> None:
    assert _provisos("QTcF > 455 ms for males or > 475 ms for females") == [
        ("qtc", "for males"),
        ("qtc", "for females"),
    ]


@pytest.mark.parametrize(
    "text",
    ["Haematocrit: men > 40 %, women > 36 %", "Haematocrit > 40 % (men) or > 36 % (women)"],
)
def test_limits_by_sex_carry_the_sex_they_are_for(text: str) -> None:
    assert _provisos(text) == [("hematocrit", "men"), ("hematocrit", "women")]


def test_a_proviso_ends_where_another_value_begins() -> None:
    text = "ALT ≤ 2 x ULN if no metastases in the liver or ≤ 4 x ULN with them"
    assert _provisos(text) == [("alt", "if no metastases in the liver")]


def test_the_proviso_of_a_value_that_is_not_read_is_not_given_to_the_limit_before() -> None:
    assert _provisos("ALT < 2 x ULN, and for patients with liver metastases 4 x ULN") == [("alt", "")]
    assert _provisos("Bilirubin < 2 x ULN (for patients with Gilbert's, 4 x ULN)") == [("bilirubin", "")]


@pytest.mark.parametrize(
    ("text", "proviso"),
    [
        (
            "Creatinine clearance > 55 mL/min for patients with creatinine > 1.1 mg/dL",
            "for patients with creatinine > 1.1 mg/dL",
        ),
        (
            "Bilirubin < 2 mg/dL (except in Gilbert's: direct bilirubin < 1 mg/dL), albumin > 3 g/dL",
            "except in Gilbert's: direct bilirubin < 1 mg/dL",
        ),
    ],
)
def test_a_limit_inside_a_proviso_is_none_of_the_lines_own(text: str, proviso: str) -> None:
    reading = constraints(text)
    assert reading.constraints[0].proviso == proviso
    inside = proviso.rsplit(" ", 3)[-3]
    assert all(inside not in text[limit.start : limit.end] for limit in reading.constraints[1:])
    assert any("1" in words for words in reading.residue)


@pytest.mark.parametrize(
    "text",
    [
        "AST < 2 x ULN (< 4 x ULN if the liver has metastases)",
        "AST < 2 x ULN, or < 4 x ULN in the presence of liver metastases",
        "AST < 2 x ULN; for patients with liver metastases, < 4 x ULN",
        "AST < 2 x ULN if there are none, but < 4 x ULN if there are metastases",
    ],
)
def test_a_second_value_of_the_same_is_a_limit_with_its_own_proviso(text: str) -> None:
    reading = constraints(text, section="inclusion")
    assert [(str(limit.bounds[0].value), limit.variable) for limit in reading.constraints] == [
        ("2", "ast"),
        ("4", "ast"),
    ]
    assert "metastases" in reading.constraints[1].proviso
    assert reading.join == "unknown"


def test_a_second_value_without_a_proviso_is_not_given_to_the_variable_before() -> None:
    assert len(constraints("AST < 2 x ULN, or < 4 x ULN with metastases").constraints) == 1


def test_a_time_inside_a_proviso_is_no_window_of_the_limit() -> None:
    reading = constraints("Diastolic BP > 95 mmHg, unless treated prior to enrolment")
    assert [(limit.window, limit.proviso) for limit in reading.constraints] == [
        (None, "unless treated prior to enrolment")
    ]


def test_limits_with_the_same_proviso_are_joined_as_they_are_without_it() -> None:
    assert constraints("For patients not on warfarin: INR and aPTT ≤ 1.4 x ULN").join == "all-of"


def test_a_time_or_a_place_is_no_proviso() -> None:
    for text in ("Haemoglobin > 9 g/dL in serum", "Weight > 50 kg for the last 3 months"):
        assert [limit.proviso for limit in constraints(text).constraints] == [""]
