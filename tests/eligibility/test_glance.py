"""Lines that are left alone at a glance where all of them has to fit; the wording is ours.

That no line of the real records is left alone that can be understood, `test_constraints` shows.
"""

import pytest

from fhir_trial.eligibility import Terms, constraints, glance
from fhir_trial.eligibility.patterns import WORD_NUMBERS
from fhir_trial.eligibility.vocabulary import vocabulary

LONG_LINES = [
    "Panel reactive antibodies (PRA) of less than 35 % and haemoglobin (HBG) of at least 92 g/L at screening",
    "Female participants who are pregnant, contemplating getting pregnant, or breastfeeding at enrolment",
    "Participants who have signed a written informed consent form prior to any study procedures",
    "Platelet count of at least 75,000/uL, within 10 days prior to the start of the study",
    "Adequate renal function: creatinine clearance (Cockcroft-Gault) at least 45 mL/min at screening",
    "Participants with an Eastern Cooperative Oncology Group (ECOG) performance status score of 0 or 1",
    "Women who are known to be pregnant, breast feeding or planning pregnancy during the study period",
    "Participants must be able to speak, read, write, and understand English or Spanish fluently and well",
    "Participants who must have had a physician-diagnosed documented diagnosis of type 2 diabetes mellitus",
]


@pytest.mark.parametrize("before", ["", "Known ", "- ", "Patients with a history of unrelated disease and "])
@pytest.mark.parametrize(
    "words",
    [
        *LONG_LINES,
        "Gout of the left foot that was treated by a doctor for more than a year in the last ten years",
    ],
)
def test_a_glance_at_a_long_line_never_hides_what_reading_it_would_find(before: str, words: str) -> None:
    line = before + words
    terms = Terms({"Diabetes Mellitus, Type 2": "D003924"})
    read = constraints(line, section="inclusion", mesh_terms=terms)
    seen = constraints(line, section="inclusion", mesh_terms=terms, whole=True)
    assert (
        seen == read if "computable" in (seen.status, read.status) else seen.status in ("text", read.status)
    )


def test_no_word_that_limits_are_written_with_is_foreign_to_them() -> None:
    table = vocabulary()
    written = [alias for unit in table.units.values() for alias in unit.aliases]
    written += [alias for variable in table.variables.values() for alias in variable.aliases]
    written += [word for words in table.words.values() for word in words]
    written += [
        *WORD_NUMBERS,
        "upper limit of the institutional reference range",
        "no less than",
        "randomisation",
        "iuln",
    ]
    limits, *_ = glance._vocabularies()
    assert [words for words in written if not limits.admits(words.split())] == []
    assert not limits.admits(["melanoma,"])
    assert not limits.admits(["melanoma-related"])


def test_a_line_that_begins_with_blanks_is_read() -> None:
    line = "\xa0" * 85 + "Age 19 years or older"
    assert constraints(line, whole=True) == constraints(line)


@pytest.mark.parametrize(
    "name",
    [
        "Rheumatoid arthritis",
        "Neoplasms",
        "Von Willebrand disease",
        "Diabetes mellitus type i",
        "Non-small cell lung carcinoma (NSCLC)",
        "Type 2 diabetes mellitus (T2DM)",
        "Diabetes mellitus type 2 (T2DM)",
        "Confirmed rheumatoid arthritis",
    ],
)
def test_a_glance_hides_no_condition_of_the_trial(name: str) -> None:
    terms = Terms(
        {
            "Arthritis, Rheumatoid": "D001172", "Neoplasms": "D009369", "von Willebrand Diseases": "D014842",
            "Von Willebrand Disease": "D014842", "Diabetes Mellitus, Type 1": "D003922",
            "Diabetes Mellitus, Type 2": "D003924", "Carcinoma, Non-Small-Cell Lung": "D002289",
            "Non-small cell lung carcinoma": "D002289",
        }
    )  # fmt: skip
    read = constraints(name, mesh_terms=terms)
    assert read.status == "computable"
    assert constraints(name, mesh_terms=terms, whole=True) == read
