"""Lines and what is read from them; the wording is ours, no line of a corpus stands here."""

from decimal import Decimal

import pytest

from fhir_trial.eligibility import Constraint, Reading, Section, constraints, parse
from fhir_trial.sources import ctgov_v2
from tests.records import CORPUS, needs_corpus


def limits(text: str) -> list[str]:
    """The numeric limits of a line, one string each: variable, bounds, unit or limit of normal."""
    return [written(constraint) for constraint in constraints(text).constraints if constraint.bounds]


def written(constraint: Constraint) -> str:
    joint = " or " if constraint.join == "any-of" else " "
    bounds = joint.join(f"{bound.operator} {bound.value}" for bound in constraint.bounds)
    return f"{constraint.variable} {bounds} {constraint.multiple_of or constraint.unit or 'no unit'}"


AGES = [
    ("Age ≥ 21 years", "age ge 21 a"),
    ("Aged 21 to 64 years", "age ge 21 le 64 a"),
    ("21-64 years of age", "age ge 21 le 64 a"),
    ("21~64 years old", "age ge 21 le 64 a"),
    ("Between the ages of 21 and 64", "age ge 21 le 64 a"),
    ("People between 21 and 64 years", "age ge 21 le 64 a"),
    ("21 years or older", "age ge 21 a"),
    ("21 years of age and above", "age ge 21 a"),
    ("Be at least 21 years old", "age ge 21 a"),
    ("At least 21 years of age or older", "age ge 21 a"),
    ("Twenty-one (21) years of age or older", "age ge 21 a"),
    ("No younger than 21 years", "age ge 21 a"),
    ("Older than 21 years", "age gt 21 a"),
    ("Over the age of 21", "age gt 21 a"),
    ("Women over 21 years", "age gt 21 a"),
    ("Under 21 years of age", "age lt 21 a"),
    ("Age no more than 64 years", "age le 64 a"),
    ("Age 64 or younger", "age le 64 a"),
    ("Maximum age: 64 years", "age le 64 a"),
    ("Age >/= 21", "age ge 21 a"),
    ("Age > or = 21", "age ge 21 a"),
    ("Age ≧ 21", "age ge 21 a"),
    ("Age ＜ 21", "age lt 21 a"),
    ("Age >> 21", "age gt 21 a"),
    ("Age ≥ 21 and < 64 years", "age ge 21 lt 64 a"),
    ("21 ≤ age ≤ 64", "age ge 21 le 64 a"),
    ("Infants aged 3 to 9 months", "age ge 3 le 9 mo"),
    ("Age less than 36 hours", "age lt 36 h"),
    ("Age 21+", "age ge 21 a"),
    ("Adults (≥ 21 years)", "age ge 21 a"),
    ("Aged (21-64) years", "age ge 21 le 64 a"),
    ("21-64 age", "age ge 21 le 64 a"),
    ("Participants of 21-64 years", "age ge 21 le 64 a"),
    ("Infants less than 40 hours of life", "age lt 40 h"),
    ("At least 21 completed years of age", "age ge 21 a"),
    ("21+ years of age", "age ge 21 a"),
    ("21 y.o. or older", "age ge 21 a"),
    ("21 y/o and above", "age ge 21 a"),
    ("Age > 21 y/o.", "age gt 21 a"),
    ("Age =/> 21", "age ge 21 a"),
    ("Age â‰¥ 21", "age ge 21 a"),
    ("Age greater than or equal to (>=) 21 years", "age ge 21 a"),
    ("21 years or older patients", "age ge 21 a"),
    ("Age between 3 to < 16 years", "age ge 3 lt 16 a"),
    ("21 years or over and under 64 years", "age ge 21 lt 64 a"),
    ("Aged 64 years or older at the time of the first vaccination", "age ge 64 a"),
]


@pytest.mark.parametrize(("text", "expected"), AGES)
def test_an_age_is_read_in_full(text: str, expected: str) -> None:
    assert limits(text) == [expected]
    assert constraints(text).status == "computable"


OBSERVATIONS = [
    ("BMI 19.5–31 kg/m²", "bmi ge 19.5 le 31 kg/m2"),
    ("Body mass index (BMI) above 31", "bmi gt 31 kg/m2"),
    ("Minimum weight of 42 kg", "weight ge 42 kg"),
    ("Weighs at least 95 lbs", "weight ge 95 [lb_av]"),
    ("Haemoglobin ≥ 8.5 g/dL", "hemoglobin ge 8.5 g/dL"),
    ("Haemoglobin (Hb) at least 85 g/L", "hemoglobin ge 85 g/L"),
    ("ANC ≥ 1,200/µL", "neutrophils ge 1200 /uL"),
    ("ANC ≥ 1.2 x 10^9/L", "neutrophils ge 1.2 10*9/L"),
    ("ANC ≥ 1.2 × 10⁹/L", "neutrophils ge 1.2 10*9/L"),
    ("ANC ≥ 1.2 x 109/L", "neutrophils ge 1.2 10*9/L"),
    ("Platelets > 80 x 10e9/L", "platelets gt 80 10*9/L"),
    ("Platelets > 80 000/mm3", "platelets gt 80000 /uL"),
    ("Platelet count of no less than 80 K/uL", "platelets ge 80 10*3/uL"),
    ("HbA1c 6,8-9,4 %", "hba1c ge 6.8 le 9.4 %"),
    ("HbA1c ≤ 70 mmol/mol", "hba1c le 70 mmol/mol"),
    ("Creatinine < 140 µmol/l", "creatinine lt 140 umol/L"),
    ("Creatinine < 140 μmol/l", "creatinine lt 140 umol/L"),
    ("eGFR below 35 ml / min / 1.73 m2", "egfr lt 35 mL/min/{1.73_m2}"),
    (
        "Estimated creatinine clearance greater than or equal to 35 mL/min",
        "creatinine-clearance ge 35 mL/min",
    ),
    ("Life expectancy of more than 5 months", "life-expectancy gt 5 mo"),
    ("Gestational age < 29 weeks", "gestational-age lt 29 wk"),
    ("LVEF not less than 45%", "lvef ge 45 %"),
    ("45% ≤ LVEF", "lvef ge 45 %"),
    ("QTcF > 465 msec", "qtc gt 465 ms"),
    ("Temperature ≥ 38.3 °C", "temperature ge 38.3 Cel"),
    ("Temperature ≥ 100.9 °F", "temperature ge 100.9 [degF]"),
    ("ECOG performance status 0-1", "ecog ge 0 le 1 {score}"),
    ("ECOG of 0, 1 or 2", "ecog ge 0 le 2 {score}"),
    ("ECOG 0,1", "ecog ge 0 le 1 {score}"),
    ("Eastern Cooperative Oncology Group (ECOG) PS ≤ 2", "ecog le 2 {score}"),
    ("Performance status 0-2 (ECOG)", "ecog ge 0 le 2 {score}"),
    ("ASA I-III", "asa ge 1 le 3 {score}"),
    ("ASA Ⅰ－Ⅲ", "asa ge 1 le 3 {score}"),
    ("American Society of Anesthesiologists status II or III", "asa ge 2 le 3 {score}"),
    ("ASA class I or II", "asa ge 1 le 2 {score}"),
    ("NYHA class III/IV", "nyha ge 3 le 4 {score}"),
    ("NYHA > II", "nyha gt 2 {score}"),
    ("MMSE score of 21 or more", "mmse ge 21 {score}"),
    ("PHQ 9 score ≥ 12", "phq-9 ge 12 {score}"),
    ("BMI below 19 or above 41", "bmi lt 19 or gt 41 kg/m2"),
    ("INR ≤ 1.4", "inr le 1.4 no unit"),
    ("Smokes more than 8 cigarettes per day", "cigarettes gt 8 /d"),
    ("Smokes more than 30 cigarettes per week", "cigarettes gt 30 /wk"),
    ("BMI ≥ 91st percentile", "bmi ge 91 {percentile}"),
    ("Estimated foetal weight below the 8th percentile", "fetal-weight lt 8 {percentile}"),
    ("Weight loss > 7 kg", "weight-loss gt 7 kg"),
    ("Change in body weight over 4 %", "weight-change gt 4 %"),
    ("Life expectancy ≥ 48 h", "life-expectancy ge 48 h"),
    ("Pain score of at least 3/10", "pain-score ge 3 {score}"),
    ("CDR 0.5 or 1", "cdr ge 0.5 le 1 {score}"),
    ("ALT > three times ULN", "alt gt 3 ULN"),
    ("eGFR below 35", "egfr lt 35 mL/min/{1.73_m2}"),
    ("Exhaled CO > 7", "exhaled-co gt 7 [ppm]"),
    ("Smoked at least 15 pack-years", "pack-years ge 15 {pack-years}"),
    ("17-21 gestational weeks", "gestational-age ge 17 le 21 wk"),
    ("Gestation ≥ 36 completed weeks", "gestational-age ge 36 wk"),
    ("WBC > 2,700/ µ L", "wbc gt 2700 /uL"),
    ("eGFR less than (<) 35 ml/min", "egfr lt 35 mL/min"),
    ("SBP above 155 millimeters of mercury (mmHg)", "sbp gt 155 mm[Hg]"),
    ("Bilirubin at or above 90 umol per litre", "bilirubin ge 90 umol/L"),
    ("Haemoglobin > or = to 11 g/dL", "hemoglobin ge 11 g/dL"),
    ("ALT level(s) > 4 times the upper limit of normal", "alt gt 4 ULN"),
    ("ALT ≤ 4 ⋅ ULN", "alt le 4 ULN"),
    ("FEV1/FVC < 0.69", "fev1-fvc lt 0.69 1"),
    ("FEV1/FVC < 69 %", "fev1-fvc lt 69 %"),
    ("Fasting plasma glucose > 7.2 mM", "fasting-glucose gt 7.2 mmol/L"),
    ("Myopia of at least 9 D", "myopia ge 9 [diop]"),
    ("Weight (kg): 42-95", "weight ge 42 le 95 kg"),
    ("Haemoglobin (g/dL) ≥ 9", "hemoglobin ge 9 g/dL"),
    ("FSH > 25 IU/L", "fsh gt 25 [IU]/L"),
    ("HCV RNA ≥ 900 IU/mL", "hcv-rna ge 900 [IU]/mL"),
    ("Panel reactive antibody (PRA) > 45 %", "pra gt 45 %"),
    ("Pulmonary vascular resistance > 5.5 Wood units", "vascular-resistance gt 5.5 [wood'U]"),
    ("Aortic valve area < 0.9 cm²", "aortic-valve-area lt 0.9 cm2"),
    ("Menstrual cycle of 23 to 37 days", "menstrual-cycle ge 23 le 37 d"),
    ("Asthma Control Test score ≤ 17", "act le 17 {score}"),
    ("Cervical length on transvaginal ultrasound below 22 mm", "cervical-length lt 22 mm"),
]


@pytest.mark.parametrize(("text", "expected"), OBSERVATIONS)
def test_an_observation_is_read_in_full(text: str, expected: str) -> None:
    assert limits(text) == [expected]
    assert constraints(text).status == "computable"


ODD_UNITS = [
    ("ANC ≥ 1.2 x 10^9/Liter (L)", "neutrophils ge 1.2 10*9/L"),
    ("ANC ≥ 1.2 x 10^9 / L", "neutrophils ge 1.2 10*9/L"),
    ("ANC ≥ 1.2 × 10⁹ cells per litre", "neutrophils ge 1.2 10*9/L"),
    ("Platelets > 80 x 10^3/microliter", "platelets gt 80 10*3/uL"),
    ("Platelets > 80,000 per microL", "platelets gt 80000 /uL"),
    ("Platelets > 80,000 / microliter", "platelets gt 80000 /uL"),
    ("WBC > 2, 700/µL", "wbc gt 2700 /uL"),
    ("Creatinine clearance < 35 cc per minute", "creatinine-clearance lt 35 mL/min"),
    ("eGFR < 35 mL/min/1•73 m2", "egfr lt 35 mL/min/{1.73_m2}"),
    ("eGFR < 35 mL/min /1,73m2", "egfr lt 35 mL/min/{1.73_m2}"),
    ("eGFR < 35 mL/min/1.73 square metres", "egfr lt 35 mL/min/{1.73_m2}"),
    ("Glucose > 190 mg⁄dL", "glucose gt 190 mg/dL"),
    ("Bilirubin > 2.2 mg %", "bilirubin gt 2.2 mg/dL"),
    ("24-hour urine protein ≥ 2.1 g", "proteinuria ge 2.1 g/(24.h)"),
    ("24 h urine protein between 1 and 4 g", "proteinuria ge 1 le 4 g/(24.h)"),
    ("Urine protein ≥ 700 mg in 24 hours", "proteinuria ge 700 mg/(24.h)"),
    ("Pain score of at least 35/100", "pain-score ge 35 {score}"),
    ("MMSE ≥ 21 out of 30", "mmse ge 21 {score}"),
    ("Glasgow Coma Scale 15/15", "gcs eq 15 {score}"),
    ("HBV DNA ≥ 3×10^3 copies/mL", "hbv-dna ge 3000 {copies}/mL"),
    ("HIV RNA ≥ 10^5 copies/mL", "hiv-rna ge 100000 {copies}/mL"),
    ("HCV RNA > 1.5 × 10⁴ IU/mL", "hcv-rna gt 15000 [IU]/mL"),
    ("BMI > 88%ile", "bmi gt 88 {percentile}"),
    ("BMI from the 7th to the 88th percentile", "bmi ge 7 le 88 {percentile}"),
    ("BMI 7th-88th percentile", "bmi ge 7 le 88 {percentile}"),
]


@pytest.mark.parametrize(("text", "expected"), ODD_UNITS)
def test_a_unit_is_read_in_each_spelling(text: str, expected: str) -> None:
    assert limits(text) == [expected]
    assert constraints(text).status == "computable"


@pytest.mark.parametrize(
    "text",
    [
        "eGFR < 35 mL/min/1.65 m2",  # not mL/min
        "Platelets < 80,000/mL",  # nobody lives with so few
        "Haemoglobin < 9 mg/dL",
        "Urine protein ≥ 2.1 g",  # in what time?
        "HBV DNA > 103 IU/mL",  # 10³
        "GCS 8/10",  # the scale ends at 15
        "ALT > 4 N",
        "ALT > 2 x reference range",
        "Gleason ≥ 3+4",
        "CD4 < 10^8/L",
        "Gestational age ≥ 35+5",  # 35 weeks and 5 days
    ],
)
def test_a_unit_that_is_not_the_whole_or_cannot_be_is_not_read(text: str) -> None:
    assert limits(text) == []


COMPARISONS = [
    ("BMI >_ 31", "bmi ge 31 kg/m2"),
    ("BMI <_31", "bmi le 31 kg/m2"),
    ("BMI <U+2265> 31", "bmi ge 31 kg/m2"),
    ("BMI <U+2266>31", "bmi le 31 kg/m2"),
    ("BMI > = 31", "bmi ge 31 kg/m2"),
    ("BMI &gt; 31", "bmi gt 31 kg/m2"),
    ("BMI &lt;31", "bmi lt 31 kg/m2"),
    ("BMI &ge; 31", "bmi ge 31 kg/m2"),
    ("BMI &lt;= 31", "bmi le 31 kg/m2"),
    ("BMI ‹= 31", "bmi le 31 kg/m2"),
    ("BMI › 31", "bmi gt 31 kg/m2"),
    ("BMI ³ 31", "bmi ge 31 kg/m2"),
    ("BMI £ 31", "bmi le 31 kg/m2"),
    ("BMI inferior or equal to 31", "bmi le 31 kg/m2"),
    ("BMI superior or equal to 31", "bmi ge 31 kg/m2"),
    ("BMI equal or superior to 31", "bmi ge 31 kg/m2"),
    ("BMI below or equal to 31", "bmi le 31 kg/m2"),
    ("BMI above or equal to 31", "bmi ge 31 kg/m2"),
    ("BMI less than or equals to 31", "bmi le 31 kg/m2"),
    ("BMI less than equal to 31", "bmi le 31 kg/m2"),
    ("BMI greater than equal to 31", "bmi ge 31 kg/m2"),
    ("BMI more or equal to 31", "bmi ge 31 kg/m2"),
    ("BMI not inferior to 31", "bmi ge 31 kg/m2"),
    ("BMI not superior to 31", "bmi le 31 kg/m2"),
    ("BMI at minimum 31", "bmi ge 31 kg/m2"),
    ("A minimum BMI of 31", "bmi ge 31 kg/m2"),
    ("Heart rate outside the range of 52-98 bpm", "heart-rate lt 52 or gt 98 /min"),
    ("Heart rate outside of 52 to 98 bpm", "heart-rate lt 52 or gt 98 /min"),
    ("PHQ-9 ≥ 6 to 26", "phq-9 ge 6 le 26 {score}"),
    ("BMI > 26 to 44", "bmi gt 26 le 44 kg/m2"),
    ("BMI between > 19 and < 29", "bmi gt 19 lt 29 kg/m2"),
    ("BMI between ≥ 19 and 29", "bmi ge 19 le 29 kg/m2"),
    ("BMI between 19 and < 29", "bmi ge 19 lt 29 kg/m2"),
    ("Age between, and including, 21 and 52 years", "age ge 21 le 52 a"),
    ("Age between 21 and 52 years, inclusive", "age ge 21 le 52 a"),
    ("Between ages of 8 and 71", "age ge 8 le 71 a"),
    ("From birth to 19 years", "age le 19 a"),
    ("ECOG status0-2", "ecog ge 0 le 2 {score}"),
    ("ECOG 0 to1", "ecog ge 0 le 1 {score}"),
    ("ECOG 0, 1 or2", "ecog ge 0 le 2 {score}"),
    ("Age 21 to64 years", "age ge 21 le 64 a"),
    ("36 weeks gestation or greater", "gestational-age ge 36 wk"),
    ("RASS between 0 and -3", "rass ge -3 le 0 {score}"),
    ("RASS -1 to -4", "rass ge -4 le -1 {score}"),
    ("RASS of -2 to +1", "rass ge -2 le 1 {score}"),
    ("RASS less than -2", "rass lt -2 {score}"),
    ("Richmond agitation-sedation scale (RASS) -1 to -4", "rass ge -4 le -1 {score}"),
    ("RASS +1 or greater", "rass ge 1 {score}"),
    ("T-score < -2.3", "bmd-t lt -2.3 no unit"),
    ("T-score between -1.1 and -2.3", "bmd-t ge -2.3 le -1.1 no unit"),
    ("Base excess < -7 mmol/L", "base-excess lt -7 mmol/L"),
    ("Spherical equivalent -1.25 D to -5.75 D", "spherical-equivalent ge -5.75 le -1.25 [diop]"),
    ("Spherical equivalent between +0.50 and −5.75 D", "spherical-equivalent ge -5.75 le 0.50 [diop]"),
]


@pytest.mark.parametrize(("text", "expected"), COMPARISONS)
def test_a_comparison_is_read_in_each_spelling(text: str, expected: str) -> None:
    assert limits(text) == [expected]
    assert constraints(text).status == "computable"


@pytest.mark.parametrize(
    "text",
    [
        "BMI ≥ 26-31",  # which of the two?
        "BMI < 26 to 31",
        "Life expectancy > 4 to 7 months",
        "BMI at least 26 to 31",
        "BMI between < 19 and > 29",
        "BMI between 19 and -29",
        "BMI not outside 19 to 29",
        "RASS ≥ -9",  # not on the scale
        "-2 ≤ RASS ≤ 4",  # a minus in front of all else may be a bullet
        "-1 to -3 on the RASS",
        "RASS 0 -3",  # to 3 or to -3?
        "Myopia over -5.75 D",  # more or less of it?
    ],
)
def test_two_numbers_that_make_no_range_are_not_read(text: str) -> None:
    assert limits(text) == []


def test_a_dash_between_a_name_and_its_number_is_no_minus() -> None:
    assert limits("BMI -26 to 31") == ["bmi ge 26 le 31 kg/m2"]
    assert limits("Age -21-64 years") == ["age ge 21 le 64 a"]


def test_a_number_with_a_sign_keeps_it_in_its_literal() -> None:
    bounds = constraints("Spherical equivalent +0.50 to −5.75 D").constraints[0].bounds
    assert [bound.literal for bound in bounds] == ["−5.75", "+0.50"]


WEEKS_AND_DAYS = [
    ("Gestational age 23+2 to 27+5 weeks", "gestational-age ge 163 le 194 d"),
    ("23+2 - 27+5 weeks of gestation", "gestational-age ge 163 le 194 d"),
    ("23 weeks 2 days to 27 weeks 5 days gestational age", "gestational-age ge 163 le 194 d"),
    ("Gestational age between 23 weeks 2 days and 27 weeks 5 days", "gestational-age ge 163 le 194 d"),
    ("Gestational age between 23 weeks and 27 weeks, 5 days", "gestational-age ge 161 le 194 d"),
    ("23 2/7 to 27 5/7 weeks of gestation", "gestational-age ge 163 le 194 d"),
    ("232/7 to 275/7 weeks of gestation", "gestational-age ge 163 le 194 d"),
    ("Gestational age 23-27 5/7 weeks", "gestational-age ge 161 le 194 d"),
    ("Gestational age ≥ 29+0 weeks", "gestational-age ge 203 d"),
    ("Gestational age 23w2d to 27w5d", "gestational-age ge 163 le 194 d"),
    ("Gestational age under 29 weeks and 5 days", "gestational-age lt 208 d"),
    ("Aged 3 years 2 months to 7 years 10 months", "age ge 38 le 94 mo"),
    ("Aged 3 years to 7 years 10 months", "age ge 36 le 94 mo"),
]


@pytest.mark.parametrize(("text", "expected"), WEEKS_AND_DAYS)
def test_a_time_in_two_units_is_one_number_in_the_smaller(text: str, expected: str) -> None:
    assert limits(text) == [expected]
    assert constraints(text).status == "computable"


def test_a_time_in_two_units_keeps_its_literal() -> None:
    text = "Gestational age between 23 Weeks 2 days and 27 5/7 weeks"
    assert [bound.literal for bound in constraints(text).constraints[0].bounds] == [
        "23 Weeks 2 days",
        "27 5/7",
    ]
    assert constraints(text).constraints[0].unit_text == ""


def test_days_of_a_week_of_treatment_are_not_days_of_an_age() -> None:
    assert limits("Older than 3 weeks, 5 days a week in a nursery") == ["age gt 3 wk"]


BY_SEX = [
    (
        "Haemoglobin ≥ 12.5 g/dL (men) or ≥ 11.5 g/dL (women)",
        ["hemoglobin ge 12.5 g/dL", "hemoglobin ge 11.5 g/dL"],
    ),
    (
        "Haemoglobin < 12.5 g/dL for males and < 11.5 g/dL for females",
        ["hemoglobin lt 12.5 g/dL", "hemoglobin lt 11.5 g/dL"],
    ),
    ("QTcF > 455 ms for men and 475 ms for women", ["qtc gt 455 ms", "qtc gt 475 ms"]),
    ("QTc: male > 455 ms, female > 475 ms", ["qtc gt 455 ms", "qtc gt 475 ms"]),
    ("Waist above 101/87 cm (men/women)", ["waist gt 101 cm", "waist gt 87 cm"]),
    (
        "Creatinine above 1.7 and 1.3 mg/dL in men and women",
        ["creatinine gt 1.7 mg/dL", "creatinine gt 1.3 mg/dL"],
    ),
    (
        "Hb at least 12.6 g/dL (women: 11.6 g/dL or more)",
        ["hemoglobin ge 12.6 g/dL", "hemoglobin ge 11.6 g/dL"],
    ),
    ("Age ≥ 46 years for men and ≥ 56 years for women", ["age ge 46 a", "age ge 56 a"]),
    ("Age 46-75 years (men) or 56-75 years (women)", ["age ge 46 le 75 a", "age ge 56 le 75 a"]),
]


@pytest.mark.parametrize(("text", "expected"), BY_SEX)
def test_limits_of_one_sex_each_are_read_and_the_line_is_not_computable(
    text: str, expected: list[str]
) -> None:
    assert limits(text) == expected
    for section in ("inclusion", "exclusion"):
        reading = constraints(text, section=section)
        assert (reading.status, reading.join) == ("partial", "unknown")
        assert {"men", "women", "male", "female", "males", "females"} & set(reading.residue)


def test_a_limit_for_another_variable_of_the_other_sex_is_not_taken() -> None:
    assert limits("BMI > 31 in women over 52 years") == ["bmi gt 31 kg/m2"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Platelets < 60", "platelets lt 60 10*9/L"),
        ("Platelets < 60,000", "platelets lt 60000 /uL"),
        ("Neutrophils below 1300", "neutrophils lt 1300 /uL"),
        ("Albumin > 28", "albumin gt 28 g/L"),
        ("Fasting glucose > 130", "fasting-glucose gt 130 mg/dL"),
        ("Fasting glucose > 7.2", "fasting-glucose gt 7.2 mmol/L"),
        ("QTc > 475", "qtc gt 475 ms"),
        ("Temperature > 38.2", "temperature gt 38.2 Cel"),
        ("Temperature > 100.8", "temperature gt 100.8 [degF]"),
        ("Haematocrit < 29", "hematocrit lt 29 %"),
    ],
)
def test_a_unit_left_out_is_the_only_plausible_one_and_the_line_is_partial(text: str, expected: str) -> None:
    assert limits(text) == [expected]
    assert constraints(text).status == "partial"


@pytest.mark.parametrize("text", ["Creatinine = 1.3 mg/dL", "Age = 21 years"])
def test_an_equality_of_a_quantity_is_most_often_a_lost_sign(text: str) -> None:
    assert [c.bounds[0].operator for c in constraints(text).constraints] == ["eq"]
    assert constraints(text).status == "partial"


def test_a_range_that_lost_its_first_sign_keeps_the_second_only() -> None:
    assert limits("9 = MMSE < 25") == ["mmse lt 25 {score}"]
    assert constraints("9 = MMSE < 25").status == "partial"


@pytest.mark.parametrize("text", ["Bilirubin > 19 mol/L", "Creatinine < 140 mmol/L", "Glucose > 300 mmol/L"])
def test_a_molar_value_that_no_person_has_is_not_believed(text: str) -> None:
    assert limits(text) == []


MULTIPLES = [
    ("ALT ≤ 2 x ULN", "alt le 2 ULN"),
    ("ALT ≤ 2 × upper limit of normal (ULN)", "alt le 2 ULN"),
    ("ALT greater than 2 times the upper limit of normal", "alt gt 2 ULN"),
    ("ALT > 2 times the upper normal range", "alt gt 2 ULN"),
    ("ALT ≤ 2 times the institutional upper limit of the normal range", "alt le 2 ULN"),
    ("Calcium < 0.9 x LLN", "calcium lt 0.9 LLN"),
    ("Bilirubin ≤ ULN", "bilirubin le 1 ULN"),
    ("ALT within 2 x ULN", "alt le 2 ULN"),
    ("ALT above the upper limit of normal", "alt gt 1 ULN"),
    ("ALT more than twice the upper limit of normal", "alt gt 2 ULN"),
    ("ALT elevated to more than 2 x ULN", "alt gt 2 ULN"),
    ("ALT > 2 x the upper limit of the laboratory's normal range", "alt gt 2 ULN"),
    ("ALT > 2x the normal upper limit", "alt gt 2 ULN"),
    ("ALT > 2.2 folds the upper normal limit", "alt gt 2.2 ULN"),
    ("ALT above 2 times as high as the maximal normal value", "alt gt 2 ULN"),
    ("ALT > x2 ULN", "alt gt 2 ULN"),
    ("ALT > ×2 the upper limit of normal", "alt gt 2 ULN"),
    ("ALT < 2.2 normal limit (ULN)", "alt lt 2.2 ULN"),
    ("ALT < 2.2 x upper normal limit (UNL)", "alt lt 2.2 ULN"),
    ("ALT > 30 % above ULN", "alt gt 1.3 ULN"),
    ("ALT ≤ 130% of the upper limit of normal", "alt le 1.3 ULN"),
]


@pytest.mark.parametrize(("text", "expected"), MULTIPLES)
def test_a_multiple_of_a_limit_of_normal_stays_one(text: str, expected: str) -> None:
    reading = constraints(text)
    assert [written(constraint) for constraint in reading.constraints] == [expected]
    assert reading.constraints[0].unit is None
    assert reading.status == "computable"


class TestKnownErrorsOfOthers:
    def test_a_unit_is_not_taken_from_the_next_word(self) -> None:
        reading = constraints("LDH > 310 U/L Increase in troponin")
        assert limits("LDH > 310 U/L Increase in troponin") == ["ldh gt 310 U/L"]
        assert reading.status == "partial"

    def test_a_european_thousand_is_not_a_decimal(self) -> None:
        assert limits("Platelets < 80.000 /mmc") == ["platelets lt 80000 /uL"]
        assert constraints("Platelets < 80.000 /mmc").constraints[0].bounds[0].literal == "80.000"

    def test_a_multiple_of_the_normal_range_is_not_a_number(self) -> None:
        assert limits("AST > 4 times the upper normal range") == ["ast gt 4 ULN"]
        assert limits("AST > 4 times normal") == ["ast gt 4 ULN"]
        assert constraints("AST > 4 times normal").status == "partial"  # which end of normal?
        assert limits("Creatinine thrice higher than normal") == ["creatinine gt 3 ULN"]
        assert limits("AST 4-fold elevated") == []

    def test_an_increase_is_not_a_value(self) -> None:
        assert limits("CRP increase of at least twice") == []
        assert limits("CRP increase of at least 3 times") == []

    def test_a_contradictory_pair_is_not_a_range(self) -> None:
        assert constraints("SpO2 > 93% on oxygen OR < 93% in room air").status != "computable"
        assert limits("SpO2 > 93% or < 93%") == []

    def test_both_sides_of_a_gap_are_kept(self) -> None:
        assert limits("under 35 or over 70 years of age") == ["age lt 35 or gt 70 a"]
        assert limits("Younger than 35 and older than 70 years") == ["age lt 35 or gt 70 a"]

    @pytest.mark.parametrize(
        "text",
        [
            "Charlson age score > 4",
            "Bone age > 11 years",
            "Age-adjusted Charlson index above 4",
            "Diabetes diagnosed before the age of 31",
            "Onset of gout after age 41",
            "Mother older than 31 years",
            "Gout for over 5 years",
            "Age at menopause over 51",
        ],
    )
    def test_another_age_is_not_the_age(self, text: str) -> None:
        assert not any(limit.startswith("age") for limit in limits(text))

    def test_gestational_age_is_its_own_variable(self) -> None:
        assert limits("Gestational age ≥ 34 weeks") == ["gestational-age ge 34 wk"]

    def test_both_ends_of_a_range_are_kept(self) -> None:
        assert limits("Age ≥ 23 and ≤ 44") == ["age ge 23 le 44 a"]


@pytest.mark.parametrize(
    "text",
    [
        "At least 2 weight loss attempts",  # no unit
        "Stroke within 6 months",
        "Creatinine > 2",  # mg/dL or mmol/L?
        "Smoked at least 90 cigarettes in a lifetime",
        "Foetal weight over 12 kg",  # nobody's
        "Increase in serum creatinine > 0.4 mg/dL",
        "BMI percentile > 85",
        "5 mg of anything daily",
        "Platelets > 9000000/µL",  # not plausible in any unit
        "Gestational age between 23 weeks 9 days and 27 weeks",  # there are seven days in a week
        "At least one EGFR mutation",  # not a filtration rate
        "Glucose > 40",  # mg/dL or mmol/L?
        "Haemoglobin < 10",  # g/dL or mmol/L?
        "Platelets < 60 giga",  # a unit that is not known
        "ALT > ULN x 4",
        "HBV DNA > 105 IU/mL",  # 10⁵
        "Height < 5' 3\"",
        "Viral load ≥ 900 IU/mL",  # of which virus?
        "Postmenopausal, defined as aged over 51 without menses",
        "Postmenopausal women under 51 whose menses ended",
        "BMI of 26",  # exactly 26 is not what is meant
        "Haemoglobin > 9 cm",  # not a unit of haemoglobin
        "Visual acuity 20/40 or better",
        "BMI > 26-31",  # which of the two?
        "Gout (2) asthma (3)",
        "MMSE score 2 points below that of last year",
        "CR > 12 months",  # complete response, not creatinine
        "Phase 2 or 3 trial",
        "Pain on a 0-10 numeric rating scale",
    ],
)
def test_what_cannot_be_stated_is_left_to_the_text(text: str) -> None:
    assert limits(text) == []
    assert constraints(text).status == "text"


@pytest.mark.parametrize(
    ("text", "residue"),
    [
        ("Age ≥ 21 years unless a parent consents", "unless"),
        ("BMI > 31 with gout", "gout"),
        ("Healthy people aged 21 to 64 years", "Healthy"),
        ("Adults with BMI > 31 kg/m2", "Adults"),
        ("Haemoglobin ≥ 11 g/dL for women", "for"),
        ("Cohort B: age ≥ 21 years", "Cohort"),
        ("No haemoglobin below 9 g/dL", "No"),
        ("EASI score ≥ 14 at the screening visit and at the next visit", "visit"),
        ("Age 21-64 years or living alone", "or"),
        ("ALT ≤ 2 x ULN (≤ 4 x ULN if tumours in the liver)", "if"),
    ],
)
def test_a_line_with_words_left_over_is_partial(text: str, residue: str) -> None:
    reading = constraints(text)
    assert reading.status == "partial"
    assert residue in reading.residue


@pytest.mark.parametrize(
    ("text", "join"),
    [
        ("Haemoglobin ≥ 9 g/dL and platelets ≥ 80 x 10^9/L", "all-of"),
        ("Haemoglobin < 9 g/dL or platelets < 80 x 10^9/L", "any-of"),
        ("ALT or AST > 2 x ULN", "any-of"),
        ("ALT and AST ≤ 2 x ULN", "all-of"),
        ("SBP ≥ 165 mmHg and/or DBP ≥ 95 mmHg", "any-of"),
        ("Minimum age: 21 years Maximum age: 64 years", "all-of"),
    ],
)
def test_limits_are_joined_as_the_words_say(text: str, join: str) -> None:
    reading = constraints(text)
    assert (reading.status, reading.join) == ("computable", join)


@pytest.mark.parametrize("text", ["Haemoglobin ≥ 9 g/dL, platelets ≥ 80 x 10^9/L", "ALT/AST ≤ 2 x ULN"])
def test_a_list_joined_by_no_word_is_all_of_only_among_inclusion_criteria(text: str) -> None:
    assert constraints(text).join == "unknown"
    assert constraints(text).status == "partial"
    assert constraints(text, section="exclusion").status == "partial"
    included = constraints(text, section="inclusion")
    assert (included.status, included.join) == ("computable", "all-of")


def test_the_number_of_the_next_item_does_not_belong_to_the_limit() -> None:
    assert limits("3. ECOG 0 or 1 4. Gout") == ["ecog ge 0 le 1 {score}"]
    assert constraints("3. ECOG 0 or 1 4. Gout").status == "partial"


def test_a_pair_of_pressures_sets_two_limits() -> None:
    assert limits("Blood pressure of 165/95 or higher") == ["sbp ge 165 mm[Hg]", "dbp ge 95 mm[Hg]"]
    assert limits("Blood pressure > 165/95 mmHg") == ["sbp gt 165 mm[Hg]", "dbp gt 95 mm[Hg]"]
    assert constraints("Blood pressure > 165/95 mmHg", section="exclusion").status == "partial"
    assert constraints("Blood pressure > 165/95 mmHg", section="inclusion").join == "unknown"
    assert constraints("Blood pressure ≤ 165/95 mmHg", section="inclusion").status == "computable"
    assert constraints("Blood pressure ≤ 165/95 mmHg", section="inclusion").join == "all-of"


def test_a_time_window_is_kept() -> None:
    reading = constraints("Platelets ≥ 80 x 10^9/L within two weeks before randomisation")
    window = reading.constraints[0].window
    assert window is not None
    assert (window.text, str(window.value), window.unit) == (
        "within two weeks before randomisation",
        "2",
        "wk",
    )
    assert reading.status == "computable"


def test_a_time_in_front_of_a_limit_is_its_window() -> None:
    window = constraints("Current (within 5 weeks prior to enrolment) HbA1c > 8.1%").constraints[0].window
    assert window is not None
    assert window.text == "within 5 weeks prior to enrolment"


def windows(text: str) -> list[str | None]:
    return [c.window.text if c.window else None for c in constraints(text).constraints]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Haemoglobin ≥ 9 g/dL and platelets ≥ 80 x 10^9/L within 12 days", ["within 12 days"] * 2),
        ("Within 12 days: haemoglobin ≥ 9 g/dL and platelets ≥ 80 x 10^9/L", ["Within 12 days"] * 2),
        ("Age ≥ 21 years and BMI ≤ 31 at screening", ["at screening"] * 2),
        ("Age ≥ 21 years and BMI ≤ 31 within 12 days", [None, "within 12 days"]),
        ("Haemoglobin ≥ 9 g/dL and platelets ≥ 80 x 10^9/L (within 12 days)", [None, "within 12 days"]),
        ("No transfusion within 12 days, haemoglobin ≥ 9 g/dL, ANC ≥ 1.2 x 10^9/L", [None, None]),
        (
            "Haemoglobin ≥ 9 g/dL at screening and platelets ≥ 80 x 10^9/L at baseline",
            ["at screening", "at baseline"],
        ),
    ],
)
def test_a_time_that_opens_or_closes_a_line_is_of_all_its_limits(
    text: str, expected: list[str | None]
) -> None:
    assert windows(text) == expected


def test_a_point_in_time_is_a_window_without_a_number() -> None:
    window = constraints("At least 21 years old at screening").constraints[0].window
    assert window is not None
    assert (window.text, window.value) == ("at screening", None)


def test_a_limit_said_again_in_another_unit_is_one_limit() -> None:
    assert limits("Haemoglobin ≥ 9 g/dL (90 g/L)") == ["hemoglobin ge 9 g/dL"]
    assert constraints("Haemoglobin ≥ 9 g/dL (90 g/L)").status == "computable"


def test_offsets_point_at_the_words() -> None:
    text = "Patients: BMI ≥ 31 kg/m2"
    constraint = constraints(text).constraints[0]
    assert text[constraint.start : constraint.end] == "BMI ≥ 31 kg/m2"


def test_the_literal_is_kept_beside_the_value() -> None:
    bound = constraints("ANC ≥ 1,200/µL").constraints[0].bounds[0]
    assert (bound.literal, str(bound.value)) == ("1,200", "1200")


def test_units_and_numbers_are_kept_as_written() -> None:
    anc = constraints("ANC ≥ 1.2 × 10⁹/L").constraints[0]
    assert (anc.unit_text, anc.unit, anc.factor) == ("× 10⁹/L", "10*9/L", Decimal(1000))
    assert constraints("ALT ≤ 2 x ULN").constraints[0].unit_text == "x ULN"
    assert constraints("BMI > 31").constraints[0].unit_text == ""
    assert constraints("Weight ≥ 42 Kg").constraints[0].unit_text == "Kg"
    assert [bound.literal for bound in constraints("NYHA class II-IV").constraints[0].bounds] == ["II", "IV"]
    assert [bound.literal for bound in constraints("ASA I or II").constraints[0].bounds] == ["I", "II"]


def test_loinc_follows_the_unit() -> None:
    assert constraints("Creatinine < 1.4 mg/dL").constraints[0].loinc == "2160-0"
    assert constraints("Creatinine < 140 µmol/L").constraints[0].loinc == "14682-9"
    assert constraints("Creatinine < 1.5 x ULN").constraints[0].loinc is None


@pytest.mark.parametrize("text", ["Age ≥ 21 years", "Not aged below 21 years", "No age below 21 years"])
def test_exclusion_does_not_turn_a_limit_round(text: str) -> None:
    assert limits(text) == [
        written(c) for c in constraints(text, section="exclusion").constraints if c.bounds
    ]


def coded(reading: Reading) -> list[tuple[str, tuple[str, ...], bool]]:
    return [(c.variable, c.codes, c.negated) for c in reading.constraints]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Female", [("sex", ("female",), False)]),
        ("Men only", [("sex", ("male",), False)]),
        ("Men or women", [("sex", ("male", "female"), False)]),
        ("Either sex", [("sex", ("female", "male"), False)]),
        ("Pregnancy", [("pregnancy", (), False)]),
        ("Women who are pregnant.", [("pregnancy", (), False)]),
        ("Breast-feeding mothers", [("lactation", (), False)]),
        ("Pregnant women or nursing mothers", [("pregnancy", (), False), ("lactation", (), False)]),
        ("Planning to become pregnant", [("pregnancy-intention", (), False)]),
        ("Pregnant or trying to conceive", [("pregnancy", (), False), ("pregnancy-intention", (), False)]),
        (
            "Women who are pregnant, nursing, or intend to become pregnant during the study",
            [("pregnancy", (), False), ("lactation", (), False), ("pregnancy-intention", (), False)],
        ),
        ("Not pregnant", [("pregnancy", (), True)]),
        ("Self-reported lactation", [("lactation", (), False)]),
        ("Patients that are pregnant", [("pregnancy", (), False)]),
        ("Attempting to conceive", [("pregnancy-intention", (), False)]),
        ("Nursing (applicable to women only)", [("lactation", (), False)]),
        ("Fluent in Spanish", [("language", ("es",), False)]),
        (
            "Able to speak and read English or French",
            [("language", ("en", "fr"), False), ("language-literacy", ("en", "fr"), False)],
        ),
        ("Danish-speaking", [("language", ("da",), False)]),
        ("Unable to speak English", [("language", ("en",), True)]),
        ("Non-Danish speaking", [("language", ("da",), True)]),
    ],
)
def test_a_line_about_people_is_read_in_full(
    text: str, expected: list[tuple[str, tuple[str, ...], bool]]
) -> None:
    assert coded(constraints(text)) == expected
    assert constraints(text).status == "computable"


@pytest.mark.parametrize(
    "text",
    [
        "Pregnant or planning to travel",
        "Fluent in English and Spanish",  # both, or whichever?
        "Men with gout",
        "Willing to learn English",
        "Breast cancer",
        "A pregnancy test that is negative",
    ],
)
def test_a_line_about_people_that_says_more_is_not_computable(text: str) -> None:
    assert constraints(text).status == "text"


def test_the_time_of_an_intention_is_its_window() -> None:
    window = constraints("Pregnant or planning to become pregnant during the trial").constraints[1].window
    assert window is not None
    assert window.text == "during the trial"


def test_a_point_in_time_is_the_window_of_a_state_too() -> None:
    reading = constraints("Pregnant or nursing women at Enrolment")
    assert [state.window and state.window.text for state in reading.constraints] == ["at Enrolment"] * 2


def test_denied_pregnancy_and_lactation_must_both_be_absent() -> None:
    assert constraints("Not pregnant or nursing").join == "all-of"
    assert constraints("Pregnant and lactating women").join == "any-of"


def test_the_sex_in_front_of_an_age_is_a_limit_too() -> None:
    assert coded(constraints("Women aged 21 years or older"))[1] == ("sex", ("female",), False)
    assert [c.variable for c in constraints("Men and women aged 21 years or older").constraints] == ["age"]


def test_a_condition_is_read_only_from_the_terms_of_the_trial() -> None:
    terms = {"Arthritis, Gouty": "D015210", "Asthma": "D001249"}
    assert coded(constraints("Diagnosis of gouty arthritis", mesh_terms=terms)) == [
        ("condition", ("D015210",), False)
    ]
    assert coded(constraints("No history of asthma", mesh_terms=terms)) == [("condition", ("D001249",), True)]
    assert constraints("Severe asthma", mesh_terms=terms).status == "text"
    assert constraints("Asthma or eczema", mesh_terms=terms).status == "text"
    assert constraints("Family history of asthma", mesh_terms=terms).status == "text"
    assert constraints("Asthma").status == "text"


@pytest.mark.parametrize(
    "text",
    ["Type 2 diabetes", "Type II diabetes mellitus", "Diabetes mellitus, type 2", "Type-2 diabetes patients"],
)
def test_the_type_of_a_condition_is_read_in_each_spelling(text: str) -> None:
    terms = {"Diabetes Mellitus, Type 2": "D003924", "Diabetes Mellitus": "D003920"}
    assert coded(constraints(text, mesh_terms=terms)) == [("condition", ("D003924",), False)]


def test_a_line_without_words_is_text() -> None:
    assert constraints("").status == "text"
    assert constraints("3.").status == "text"


def test_ends_of_an_age_in_different_units_are_limits_of_their_own() -> None:
    reading = constraints("Older than 5 months and younger than 66 years")
    assert (limits(reading.text), reading.join) == (["age gt 5 mo", "age lt 66 a"], "all-of")
    assert limits("Between four months and seventy years of age") == ["age ge 4 mo", "age le 70 a"]
    assert limits("Between six months and sixteen years of age") == ["age ge 6 mo", "age le 16 a"]
    reading = constraints("Aged 5 months to 16 years")
    assert (limits(reading.text), reading.join) == (["age ge 5 mo", "age le 16 a"], "all-of")
    reading = constraints("Younger than 5 months or older than 66 years")
    assert (limits(reading.text), reading.join) == (["age lt 5 mo", "age gt 66 a"], "any-of")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Vein grafts more than two years old", []),  # not the participant's age
        ("Verbal IQ > 77", []),  # not the whole IQ
        ("CDR 0 or 1", []),  # 0.5 stands between them
        ("Weight loss or weight gain > 7 kg", ["weight-gain gt 7 kg"]),
        ("Smokers or CO above 7 ppm", ["exhaled-co gt 7 [ppm]"]),  # the limit is of one of them
        ("Creatinine 1.4 x ULN", ["creatinine eq 1.4 ULN"]),  # exactly, at least or at most?
    ],
)
def test_a_limit_of_something_else_is_left_out_and_the_line_is_not_computable(
    text: str, expected: list[str]
) -> None:
    assert limits(text) == expected
    assert constraints(text).status != "computable"


@pytest.mark.parametrize("section", ["inclusion", "exclusion", "other"])
@needs_corpus
def test_reading_only_what_can_be_understood_whole_changes_no_computable_line(section: Section) -> None:
    """Of the real records; the lines that are not computable may lose their status "partial" only."""
    for path in sorted((CORPUS / "ctgov_v2").glob("*.json")):
        stated = ctgov_v2.decode(path.read_bytes()).protocol.eligibility
        for criterion in parse((stated and stated.criteria) or "").walk():
            reading = constraints(criterion.text, section=section)
            quick = constraints(criterion.text, section=section, whole=True)
            if "computable" in (reading.status, quick.status):
                assert quick == reading
            else:
                assert quick.status in ("text", reading.status)


@pytest.mark.parametrize("text", ["Prothrombin time above ULN + 3 seconds", "AST > ULN plus 12 U/L"])
def test_what_is_added_to_a_limit_of_normal_is_no_multiple_of_it(text: str) -> None:
    assert limits(text) == []


@pytest.mark.parametrize(
    "sign", [">", "＞", "›", "&gt;", "≥", "&ge;", "³", "â‰¥", "over", "at least", "beyond"]
)
def test_every_way_to_compare_is_seen_right_behind_the_people_it_is_of(sign: str) -> None:
    """The sieve lists what comparisons begin with; a way that it does not list would never be read."""
    assert [limit.split()[2] for limit in limits(f"Adults {sign} 21")] == ["21"]
