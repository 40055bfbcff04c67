"""Lines on what people are, have and can do, and on whom the investigator finds unsuitable; our wording."""

import csv

import pytest

from fhir_trial.data import mappings_dir
from fhir_trial.eligibility import circumstances, constraints
from tests.eligibility.test_statements import said

CIRCUMSTANCES = [
    ("People who are incarcerated", "imprisonment"),
    ("Is not a prisoner", "not imprisonment"),
    ("Persons deprived of liberty or under guardianship", "deprivation-of-liberty or guardianship"),
    ("Under tutorship or curatorship", "guardianship or curatorship"),
    ("Volunteer affiliated to a social security scheme", "social-security"),
    ("Absence of health insurance", "not health-insurance"),
    ("Live in the United States", "residence-us"),
    ("Does not own a smartphone", "not smartphone-ownership"),
    ("Must have access to the internet", "internet-access"),
    ("Previous enrolment in this trial", "previous-enrolment"),
    ("Contraindications for MRI or language barrier", "mri-contraindication or language-barrier"),
    ("Known contraindication to the study treatment", "study-drug-contraindication"),
    ("Illiterate persons", "not literacy"),
    ("Currently in hospice care", "hospice-care [Currently: ]"),
]
ABILITIES = [
    ("Is able to swallow tablets or capsules", "swallowing-ability"),
    ("Cannot swallow pills", "not swallowing-ability"),
    ("Inability to take oral drugs", "not oral-intake-ability"),
]
LESIONS = [
    ("Patients with measurable lesions", "measurable-disease"),
    ("No measurable disease", "not measurable-disease"),
    ("At least one (1) measurable lesion as per RECIST version 1.1", "measurable-disease-recist-1-1"),
]
PREGNANCY_TESTS = [
    ("Has a negative pregnancy test", "negative-pregnancy-test"),
    ("For women of childbearing potential, a negative urine pregnancy test at the baseline visit",
     "negative-urine-pregnancy-test [at the baseline visit: ]"),
    ("Women of reproductive potential must have a negative urine or serum pregnancy test"
     " within 4 days before dosing",
     "negative-serum-pregnancy-test [within 4 days before dosing: 4d]"
     " or negative-urine-pregnancy-test [within 4 days before dosing: 4d]"),
]  # fmt: skip
JUDGEMENTS = [
    "Unsuitable for the trial in the view of the study physician",
    "In the investigator's judgement, not suitable for participation in this study",
    "Any other reason that would make the volunteer ineligible, as determined by the investigator",
    "Found by the principal investigator to be unsuitable for the study",
]


@pytest.mark.parametrize(("text", "expected"), CIRCUMSTANCES + ABILITIES + LESIONS + PREGNANCY_TESTS)
def test_a_circumstance_is_read_with_its_polarity_and_time(text: str, expected: str) -> None:
    assert said(text) == expected


@pytest.mark.parametrize("text", JUDGEMENTS)
def test_whom_the_investigator_finds_unsuitable_is_one_state(text: str) -> None:
    assert said(text) == "investigator-judgement"


@pytest.mark.parametrize(
    "text",
    [
        "Prisoners, except those on parole",
        "Mother is a prisoner",
        "Healthy",  # by whose judgement?
        "Refusal",  # of what?
        "Smartphone",
        "Smartphone with a camera",
        "Lives in the United States or Canada",
        "Lives in Ontario",
        "Previously enrolled",
        "Previous enrolment in that study",
        "Contraindication to heparin",
        "Able to swallow",
        "Able to take medication",
        "Unable or unwilling to swallow tablets",
        "Able to swallow tablets whole without water",
        "No smartphone or prisoners",
        "Literate in Finnish",
    ],
)
def test_a_circumstance_that_says_more_or_less_stays_text(text: str) -> None:
    assert said(text) == "text"


@pytest.mark.parametrize(
    "text",
    [
        "Adequate renal function",  # by which measure?
        "Measurable lesions:",  # the lines below say what that is
        "Measurable disease outside the liver",
        "Measurable or evaluable disease",
        "Prisoners per RECIST 1.1",
        "Measurable disease per RECIST 1.0",
    ],
)
def test_a_function_or_a_lesion_that_is_told_more_of_or_not_measured_stays_text(text: str) -> None:
    assert said(text) == "text"


@pytest.mark.parametrize(
    "text",
    [
        "Positive pregnancy test",
        "A pregnancy test",
        "No negative pregnancy test",
        "Negative pregnancy test, or sterile",
        "Women must have a negative pregnancy test",  # all women, also those who cannot become pregnant?
        "Negative pregnancy test within six (3) days",
        "Negative pregnancy test within 3 days after screening",
    ],
)
def test_another_test_or_another_time_stays_text(text: str) -> None:
    assert said(text) == "text"


@pytest.mark.parametrize(
    "text",
    [
        "Unsuitable for the study",  # by whose judgement?
        "In the opinion of the investigator",
        "Suitable in the opinion of the investigator",
        "Any illness that, in the opinion of the investigator, makes the patient unsuitable",
        "Any reason deemed inappropriate by the investigator",  # the reason, not the person
        "Unsuitable for surgery in the opinion of the investigator",
        "Any condition that, in the opinion of the investigator, would interfere with the study",
        "Unsuitable in the opinion of the family",
        "Considered unsuitable by the investigator in the opinion of the physician",
    ],
)
def test_a_judgement_of_something_else_stays_text(text: str) -> None:
    assert said(text) == "text"


def test_every_circumstance_has_a_row_with_a_definition() -> None:
    with (mappings_dir() / "eligibility" / "states.csv").open(encoding="utf-8") as lines:
        rows = {row["id"] for row in csv.DictReader(lines)}
    texts = [text for text, _ in CIRCUMSTANCES + ABILITIES + LESIONS + PREGNANCY_TESTS]
    read = {constraint.variable for text in texts for constraint in constraints(text).constraints}
    assert read | set(circumstances._STATES) | {"investigator-judgement"} <= rows


@pytest.mark.parametrize("way", sorted(circumstances._SAID))
def test_every_way_to_say_a_circumstance_is_read(way: str) -> None:
    reading = constraints(way, whole=True)
    assert [constraint.variable for constraint in reading.constraints] == [circumstances._SAID[way]]
    assert reading == constraints(way)


def test_a_long_line_of_circumstances_is_read_to_its_end() -> None:
    assert said("or a person who is literate " * 9 + "or") == "text"
    assert said("in the opinion of the investigator " * 7) == "text"
