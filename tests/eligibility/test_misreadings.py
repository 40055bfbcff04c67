"""Lines that are easily misread: what they do not say may not be read from them; the wording is ours."""

import pytest

from fhir_trial.eligibility import Constraint, constraints
from fhir_trial.eligibility.people import Terms
from tests.eligibility.test_constraints import limits


def _window(text: str) -> list[str | None]:
    return [limit.window.text if limit.window else None for limit in constraints(text).constraints]


def _states(text: str) -> list[tuple[str, bool]]:
    return [(stated.variable, stated.negated) for stated in constraints(text).constraints]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("NYHA class III, or a stroke within 5 months", "within 5 months"),
        ("Haemoglobin ≥ 9 g/dL without transfusion in the last 3 weeks", "in the last 3 weeks"),
        ("LVEF < 45 %, ≤ 70 hours prior to enrolment", "prior to enrolment"),
        ("Age ≥ 21 years with surgery planned within 4 weeks", "within 4 weeks"),
    ],
)
def test_the_time_of_something_else_is_no_window_of_a_limit(text: str, words: str) -> None:
    assert _window(text) == [None]
    assert words in constraints(text).residue


def test_a_time_stays_with_a_limit_across_words_of_measuring() -> None:
    assert _window("Haemoglobin ≥ 9 g/dL, measured within 12 days") == ["within 12 days"]


def test_the_time_of_a_loss_is_not_shared_with_what_stands_before_it() -> None:
    text = "LDH > 2 x ULN and weight loss ≥ 6 % in the previous 5 months"
    assert _window(text) == [None, "in the previous 5 months"]


def test_a_closing_time_is_shared_across_an_abbreviation_in_brackets() -> None:
    text = "Haemoglobin ≥ 9 g/dL and platelets (PLT) ≥ 80 x 10^9/L within 12 days"
    assert _window(text) == ["within 12 days", "within 12 days"]


def test_a_treatment_is_no_time() -> None:
    assert _window("SBP > 145 mmHg on treatment") == [None]
    assert constraints("SBP > 145 mmHg on treatment").status == "partial"


@pytest.mark.parametrize(
    "text",
    [
        "BMI < 17 kg/m2 and BMI > 36 kg/m2",
        "Adults older than 66 and children younger than 16 years",
        "Haemoglobin < 8 g/dL and haemoglobin > 18 g/dL",
    ],
)
def test_limits_that_nobody_can_meet_together_are_those_of_two_groups(text: str) -> None:
    reading = constraints(text)
    assert (reading.status, reading.join) == ("computable", "any-of")


@pytest.mark.parametrize(
    "text",
    [
        "Adults (≥ 21 years) and children (≥ 7 years)",
        "Bilirubin ≤ 1.4 x ULN (with Gilbert's syndrome bilirubin ≤ 3.5 x ULN)",
        "MMSE 11-25; an MMSE above 25 may be allowed",
    ],
)
def test_how_two_limits_of_one_variable_are_joined_is_not_guessed(text: str) -> None:
    for section in ("inclusion", "exclusion"):
        reading = constraints(text, section=section)
        assert (reading.status, reading.join) == ("partial", "unknown")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Not younger than 21 or older than 64 years", ["age ge 21 le 64 a"]),
        ("No less than 21 years or more than 64 years old", ["age ge 21 le 64 a"]),
        ("Not over 64 years of age or under 21 years of age", ["age le 64 ge 21 a"]),
    ],
)
def test_a_denial_holds_for_both_ends(text: str, expected: list[str]) -> None:
    assert limits(text) == expected
    assert constraints(text).join == "all-of"


@pytest.mark.parametrize(
    "text",
    ["Haemoglobin not below 9 g/dL or platelets below 80 x 10^9/L", "ECOG not > 2 or KPS < 70"],
)
def test_how_far_a_denial_reaches_is_not_guessed(text: str) -> None:
    reading = constraints(text)
    assert (reading.status, reading.join) == ("partial", "unknown")


@pytest.mark.parametrize(
    "text",
    ["Group A: BMI > 31", "BMI > 31 in group A", "Age ≥ 21 (Group A)", "BMI > 31 kg/m2 (A)"],
)
def test_a_group_is_seen_although_its_name_is_an_article(text: str) -> None:
    assert constraints(text).status == "partial"
    assert "A" in constraints(text).residue


def test_an_article_at_the_beginning_is_one() -> None:
    assert constraints("A BMI > 31 kg/m2").status == "computable"


@pytest.mark.parametrize(
    "text",
    [
        "Has a child aged 2 to 4 years",
        "Having an infant aged 3 to 9 months",
        "Women with newborns less than 40 hours old",
        "For participants aged 7 to 12 years: assent",
        "Spirometry (only applicable to subjects age 7 and older)",
        "If under 16 years of age, consent of a parent",
        "Sudden death before 45 years of age in a brother",
        "Ulcers older than 2 years",
        "Women under 45 would be considered fertile",
    ],
)
def test_the_age_of_somebody_else_or_of_whom_a_line_is_for_is_no_limit(text: str) -> None:
    assert limits(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "BMI ≥ 26 kg/m2 (≥ 23 kg/m2)",
        "Age 21-64 years (21-70 years)",
        "ALT ≤ 3 x ULN (6 x ULN)",
        "Bilirubin ≤ 1.4 x ULN (≤ 3 mg/dL)",
        "Creatinine > 1.4 mg/dL (> 190 µmol/L)",
        "Weight > 60 kg (210 lb)",
        "ECOG 0-1 (0-2)",
        "Age > 45 years (47)",
        "HbA1c > 9 % (60 mmol/mol)",
    ],
)
def test_a_second_value_in_brackets_that_says_something_else_is_left_over(text: str) -> None:
    assert constraints(text).status == "partial"


@pytest.mark.parametrize(
    "text",
    [
        "Creatinine > 1.4 mg/dL (> 124 µmol/L)",
        "Weight > 60 kg (132 lb)",
        "HbA1c > 9 % (75 mmol/mol)",
        "Temperature 35.5-37.5 °C (95.9-99.5 °F)",
        "Haemoglobin ≥ 90 g/L (9 g/dL)",
        "Pain score of at least 5 (0-10)",
    ],
)
def test_a_second_value_in_brackets_that_says_the_same_is_part_of_the_limit(text: str) -> None:
    assert constraints(text).status == "computable"
    assert len(limits(text)) == 1


@pytest.mark.parametrize("name", ["Asthma (mild)", "Asthma (mother)", "Asthma (ever)"])
def test_a_word_in_brackets_behind_a_condition_is_not_its_abbreviation(name: str) -> None:
    terms = Terms({"Asthma": "D001249", "Multiple Sclerosis": "D009103"})
    assert constraints(name, mesh_terms=terms).status == "text"
    assert constraints("Multiple sclerosis (MS)", mesh_terms=terms).status == "computable"


@pytest.mark.parametrize(
    "text",
    [
        "Not pregnant and planning to become pregnant",
        "Non-pregnant, lactating women",
        "Not pregnant, trying to conceive",
    ],
)
def test_a_denied_pregnancy_denies_nothing_that_follows_without_an_or(text: str) -> None:
    assert constraints(text).status == "text"


def test_a_denial_that_is_said_again_denies_each() -> None:
    expected = [("pregnancy", True), ("lactation", True)]
    assert _states("Non-pregnant and non-lactating women") == expected
    assert _states("Not pregnant or breastfeeding") == expected


def test_to_read_a_language_is_not_to_speak_it() -> None:
    assert _states("Able to read English") == [("language-literacy", False)]
    assert _states("Able to understand and read English") == [
        ("language", False),
        ("language-literacy", False),
    ]


def test_taking_part_that_is_joined_to_consent_is_a_state_of_its_own() -> None:
    assert [name for name, _ in _states("Willing to give informed consent and participate in the study")] == [
        "informed-consent-willingness",
        "participation-willingness",
    ]


@pytest.mark.parametrize("text", ["HbA1c > 9 % acceptable", "Haemoglobin ≥ 9 g/dL at any time"])
def test_a_word_that_says_more_here_than_elsewhere_is_left_over(text: str) -> None:
    assert constraints(text).status == "partial"


@pytest.mark.parametrize("text", ["Not ASA I", "Worse than ECOG 2", "NYHA II or better"])
def test_a_plain_value_that_a_word_compares_or_denies_is_not_read(text: str) -> None:
    assert limits(text) == []


@pytest.mark.parametrize("text", ["KPS = 60", "ALT = 2 x ULN", "MMSE score = 23"])
def test_an_equality_on_a_long_scale_or_of_a_multiple_is_most_often_a_lost_sign(text: str) -> None:
    assert constraints(text).status == "partial"


def test_levels_behind_an_equals_sign_are_counted_up() -> None:
    assert limits("ECOG = 0, 1 or 2") == ["ecog ge 0 le 2 {score}"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FEV1/forced vital capacity (FEV1/FVC) > 65 %", ["fev1-fvc gt 65 %"]),
        ("DAS28 (ESR) ≥ 3.4", ["das28 ge 3.4 {score}"]),
        ("BP > 145 mmHg systolic", ["sbp gt 145 mm[Hg]"]),
        ("Mean blood pressure > 145/90 mmHg", []),
        ("Arm circumference (MUAC) < 112 mm and older than 7 months", ["muac lt 112 mm", "age gt 7 mo"]),
        ("Central venous oxygen saturation < 66 %", []),
    ],
)
def test_a_limit_is_of_the_variable_that_its_words_name(text: str, expected: list[str]) -> None:
    assert limits(text) == expected


def test_scales_for_the_same_are_alternatives() -> None:
    for section in ("inclusion", "exclusion"):
        reading = constraints("Karnofsky/Lansky ≥ 60", section=section)
        assert (reading.status, reading.join) == ("computable", "any-of")


def test_the_sex_before_other_words_is_not_whose_age_is_limited() -> None:
    assert _sexes(constraints("Pregnant women and small children aged < 16 years").constraints) == []
    assert constraints("Males, females over 66 years").status == "partial"


def _sexes(found: tuple[Constraint, ...]) -> list[tuple[str, ...]]:
    return [constraint.codes for constraint in found if constraint.variable == "sex"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "i) Haemoglobin ≥ 92 g/L ii) ANC ≥ 1.4 x 10^9/L",
            ["hemoglobin ge 92 g/L", "neutrophils ge 1.4 10*9/L"],
        ),
        ("ECOG 0 or 1; 6) gout", ["ecog ge 0 le 1 {score}"]),
        ("Stroke (NYHA III or IV)", ["nyha ge 3 le 4 {score}"]),
        ("1.21 years or older", ["age ge 21 a"]),
        ("Haemoglobin ≥ 9 g/dL 8 days before enrolment", ["hemoglobin ge 9 g/dL"]),
    ],
)
def test_a_list_number_or_a_time_behind_a_limit_is_no_part_of_it(text: str, expected: list[str]) -> None:
    assert limits(text) == expected


def test_the_limits_of_two_sexes_are_read_where_the_first_opens_the_line() -> None:
    assert limits("Men with QTc ≥ 455 ms, women ≥ 475 ms") == ["qtc ge 455 ms", "qtc ge 475 ms"]
    assert constraints("Men with QTc ≥ 455 ms, women ≥ 475 ms").status == "partial"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MoCA (0-30) ≥ 24", ["moca ge 24 {score}"]),
        ("Pain score (0-10) of at least 5", ["pain-score ge 5 {score}"]),
        ("Pain on a VAS (0-10)", []),
        ("ECOG (0-1)", ["ecog ge 0 le 1 {score}"]),
        ("Rutherford 3b", []),
        ("Improvement in BCVA of ≥ 22 letters", []),
    ],
)
def test_a_scale_or_a_change_is_no_limit(text: str, expected: list[str]) -> None:
    assert limits(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("At least 15 pack-years", ["pack-years ge 15 {pack-years}"]),
        ("More than 12 cigarettes per day", ["cigarettes gt 12 /d"]),
        ("> 16 drinks per week", ["alcohol-intake gt 16 {drinks}/wk"]),
    ],
)
def test_a_unit_that_is_of_one_thing_only_names_it(text: str, expected: list[str]) -> None:
    assert limits(text) == expected
    assert constraints(text).status == "computable"


def test_a_limit_in_brackets_behind_the_name_of_a_condition_is_read() -> None:
    assert limits("Albuminuria (UACR > 45 mg/g)") == ["uacr gt 45 mg/g"]
    assert constraints("Albuminuria (UACR > 45 mg/g)").status == "partial"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Elderly (over 66 years)", ["age gt 66 a"]),
        ("F.1.3 Elderly (≥ 66 years): yes", ["age ge 66 a"]),
        ("2 younger children", []),
        ("PHQ-9 of 16 or higher or a plan of suicide", ["phq-9 ge 16 {score}"]),
        (
            "Toxicity above Common Terminology Criteria for Adverse Events grade 2",
            ["ctcae-grade gt 2 {score}"],
        ),
        ("Bleeding (CTCAE 5.0)", []),
        ("Bleeding (CTCAE v. 4)", []),
        ("Item 3 of the HAM-D above 2", []),
        ("17-item HAM-D score ≥ 19", ["ham-d ge 19 {score}"]),
        ("Biopsy unless AFP > 450 ng/mL", []),
        ("LVEF < 1 x ULN", []),
        ("LVEF < LLN", ["lvef lt 1 LLN"]),
        ("FEV1/FVC > 65 % of predicted", []),
        ("Physical status I-III", ["physical-status ge 1 le 3 {score}"]),
        ("American Society of Anesthesiologists (ASA) physical status I-III", ["asa ge 1 le 3 {score}"]),
    ],
)
def test_versions_items_conditions_and_other_scales_are_no_limits(text: str, expected: list[str]) -> None:
    assert limits(text) == expected


def test_a_line_that_goes_on_is_not_computable() -> None:
    assert constraints("Patients over 19 years...").status == "partial"
    assert constraints("Male participants…").status == "text"


def test_a_denial_of_speaking_and_reading_is_left_to_the_text() -> None:
    assert constraints("Unable to read and understand English").status == "text"
    assert constraints("Unable to speak English").status == "computable"


@pytest.mark.parametrize("text", ["NYHA = III", "ECOG = 2", "CHA2DS2-VASc = 3"])
def test_a_written_equals_sign_is_in_doubt_on_every_scale(text: str) -> None:
    assert constraints(text).status == "partial"
    assert constraints(text.replace("= ", "")).status == "computable"


@pytest.mark.parametrize(
    "text",
    [
        "Bilirubin (except Gilbert syndrome) ≤ 1.4 x ULN",
        "ALT (unless liver metastases) ≤ 3 x ULN",
        "BMI (mother) > 31 kg/m2",
        "Haemoglobin (decrease) > 2 g/dL",
        "HbA1c (cohort B) < 9 %",
    ],
)
def test_words_in_brackets_behind_a_name_that_make_it_another_are_no_abbreviation(text: str) -> None:
    assert limits(text) == []
    assert constraints(text, whole=True).status == "text"


def test_the_type_in_an_abbreviation_is_that_of_the_condition() -> None:
    terms = Terms({"Diabetes Mellitus, Type 2": "D003924"})
    assert constraints("Diabetes mellitus type 2 (T1DM)", mesh_terms=terms).status == "text"


@pytest.mark.parametrize(
    "text",
    [
        "Glucose (CSF) < 35 mg/dL",
        "CD4 (nadir) < 180 cells/mm3",
        "BMI (pre-pregnancy) ≥ 31 kg/m2",
        "MMSE (spouse) < 22",
        "Systolic BP (standing) < 85 mmHg",
    ],
)
def test_a_name_with_a_word_in_brackets_may_be_another_quantity(text: str) -> None:
    assert constraints(text).status == "text"


@pytest.mark.parametrize(
    "text",
    [
        "Mean corpuscular volume (MCV) > 102 fL",
        "Haemoglobin (g/dL) > 9.5",
        "Cobb angle (CA) > 22°",
        "eGFR (Cockcroft-Gault) > 55 mL/min/1.73 m2",
    ],
)
def test_brackets_with_a_short_form_another_form_a_unit_or_a_method_leave_a_name_what_it_is(
    text: str,
) -> None:
    assert constraints(text).status == "computable"


@pytest.mark.parametrize("text", ["Ferritin > 1.500 ng/mL", "HIV RNA < 2.000 copies/mL"])
def test_points_that_may_part_thousands_leave_a_number_open(text: str) -> None:
    assert constraints(text).status == "text"


def test_points_part_thousands_where_no_decimal_is_plausible_and_the_other_way_round() -> None:
    assert limits("Platelets > 90.000/µL") == ["platelets gt 90000 /uL"]
    assert limits("Lactate < 0.900 mmol/L") == ["lactate lt 0.900 mmol/L"]


@pytest.mark.parametrize(
    "text", ["Weight of the newborn < 2 kg", "Haemoglobin of children < 9 g/dL", "IQ of the children < 65"]
)
def test_the_value_of_somebody_named_behind_the_quantity_is_not_read(text: str) -> None:
    assert constraints(text).status == "text"


@pytest.mark.parametrize(
    "text",
    [
        "Pleural fluid glucose < 55 mg/dL",
        "Donor BMI < 31 kg/m2",
        "Mothers with CD4 < 180 cells/mm3",
        "Nadir CD4 < 180 cells/mm3",
        "Target INR 2.1 to 2.9",
        "LDL to HDL > 3.5",
        "Wife aged 22 to 33 years",
    ],
)
def test_another_specimen_person_or_kind_of_value_is_not_read(text: str) -> None:
    assert constraints(text).constraints == ()


@pytest.mark.parametrize(
    "text",
    ["No fever > 38.2 °C", "Without QTc > 455 ms", "Lack of LDL ≥ 95 mg/dL", "Not to have HbA1c > 8.2 %"],
)
def test_a_denied_limit_says_that_it_is_denied(text: str) -> None:
    reading = constraints(text)
    assert reading.status == "partial"
    assert [limit.negated for limit in reading.constraints] == [True]


def test_heart_failure_is_no_denial() -> None:
    assert [limit.negated for limit in constraints("Heart failure NYHA III").constraints] == [False]


@pytest.mark.parametrize(
    "text", ["Aged over 19 years (inclusive)", "Patients under 71 years of age, inclusive"]
)
def test_inclusive_behind_a_comparison_that_excludes_its_end_is_left_open(text: str) -> None:
    assert constraints(text).residue


def test_two_moments_are_one_window() -> None:
    assert _window("HAM-D ≥ 19 at screening and baseline") == ["at screening and baseline"]


def test_a_refraction_above_a_negative_value_in_words_is_left_open() -> None:
    assert constraints("Spherical equivalent greater than -5.5 D").status == "text"
    assert constraints("Spherical equivalent ≥ -2.5 D").status == "computable"


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("Patients diagnosed with lupus, aged 19 to 74 years", ("19", "74")),
        ("Age ≥ 19 years prior to screening", ("19",)),
        ("19 yrs. or older", ("19",)),
        ("Twenty-two years or older", ("22",)),
        ("Adults of thirty five years or older", ("35",)),
    ],
)
def test_an_age_is_read_beside_words_that_may_tell_of_another(text: str, age: tuple[str, ...]) -> None:
    read = constraints(text).constraints[0]
    assert (read.variable, tuple(str(bound.value) for bound in read.bounds)) == ("age", age)


def test_the_age_at_a_diagnosis_is_not_read() -> None:
    assert constraints("Diagnosed with lupus at age > 13 years").constraints == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HbA1c between 7.2 % (55 mmol/mol) and 10.2 % (88 mmol/mol)", "hba1c ge 7.2 le 10.2 %"),
        ("Weight ≥ 45 kg (99 lb) and ≤ 110 kg (243 lb)", "weight ge 45 le 110 kg"),
        ("Glucose > 108 mg/dL (6 mmol/L) to < 252 mg/dL (14 mmol/L)", "glucose gt 108 lt 252 mg/dL"),
    ],
)
def test_a_range_goes_on_behind_brackets_that_restate_its_first_end(text: str, expected: str) -> None:
    assert limits(text) == [expected]
    assert constraints(text).status == "computable"


def test_brackets_inside_a_range_that_say_something_else_are_left_over() -> None:
    assert "44 mmol/mol" in constraints("HbA1c from 7.2 % (44 mmol/mol) to 10.2 %").residue


def test_below_the_lower_limit_of_normal_needs_no_digit() -> None:
    assert constraints("Haemoglobin below the lower limit of normal").status == "computable"


def test_a_name_that_begins_like_or_up_is_a_name() -> None:
    text = "Albumin < 2.9 g/dL and UPCR ≥ 3.1 g/g"
    assert [limit.variable for limit in constraints(text).constraints] == ["albumin", "upcr"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Haemoglobin ≥ 9.5 g/dL or ≥ 5.9 mmol/L", "hemoglobin ge 9.5 g/dL"),
        ("Creatinine clearance above 55 mL/min or equal", "creatinine-clearance ge 55 mL/min"),
        ("AST ≤ to 2.2 x ULN", "ast le 2.2 ULN"),
        ("Haemoglobin not < 8.5 g/dL", "hemoglobin ge 8.5 g/dL"),
    ],
)
def test_a_limit_said_again_or_oddly_is_one_limit(text: str, expected: str) -> None:
    assert limits(text) == [expected]
    assert constraints(text).status == "computable"


def test_an_equals_sign_with_its_own_number_says_nothing_of_the_limit_before() -> None:
    assert limits("Aged < 3 or = 9 years") == ["age lt 3 a"]


def test_a_multiple_of_n_is_one_of_normal_and_leaves_its_end_open() -> None:
    reading = constraints("AST ≤ 2.2 x N")
    assert (limits("AST ≤ 2.2 x N"), reading.status) == (["ast le 2.2 ULN"], "partial")


@pytest.mark.parametrize(
    "text", ["Patients with mental illness aged 19 to 63 years", "People with a leg ulcer aged ≥ 19 years"]
)
def test_what_people_have_does_not_make_an_age_another(text: str) -> None:
    assert [limit.variable for limit in constraints(text).constraints] == ["age"]


def test_the_age_of_a_wound_or_a_mind_is_not_read() -> None:
    assert not constraints("Leg ulcer older than 5 weeks").constraints
    assert not constraints("Mental age ≥ 9 years").constraints
