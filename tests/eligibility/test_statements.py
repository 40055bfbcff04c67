"""Lines of study conduct and what is read from them; the wording is ours, no line of a corpus stands here."""

import csv

import pytest

from fhir_trial.data import mappings_dir
from fhir_trial.eligibility import Constraint, constraints


def said(text: str) -> str:
    """What a line says: each state, denied or not, with its window, and how they are joined."""
    reading = constraints(text)
    if reading.status != "computable":
        return reading.status
    return (" or " if reading.join == "any-of" else " and ").join(map(written, reading.constraints))


def written(constraint: Constraint) -> str:
    window = constraint.window
    length = f" [{window.text}: {window.value or ''}{window.unit or ''}]" if window else ""
    return f"{'not ' if constraint.negated else ''}{constraint.variable}{length}"


CONSENT = [
    ("Written and signed informed consent of the participant", "informed-consent"),
    ("Participant has signed the informed consent form (ICF) before any trial procedure", "informed-consent"),
    ("Before enrolment, informed consent must be given", "informed-consent"),
    ("Able to give electronic informed consent", "informed-consent-ability"),
    ("Is capable of giving written consent to take part in this trial", "informed-consent-ability"),
    ("Agrees to sign an informed consent document", "informed-consent-willingness"),
    (
        "Persons able and willing to sign informed consent",
        "informed-consent-ability and informed-consent-willingness",
    ),
    (
        "Ability to understand, and willingness to sign, the informed consent form",
        "study-understanding and informed-consent-willingness",
    ),
    (
        "Able to give consent and comply with the visit schedule",
        "informed-consent-ability and protocol-compliance-ability",
    ),
    ("Provides consent or assent", "informed-consent or informed-assent"),
    ("Signed consent by the participant or guardian", "informed-consent or representative-consent"),
    ("Lack of written consent", "not informed-consent"),
    ("Persons who cannot give informed consent", "not informed-consent-ability"),
    ("Declines to sign the consent form", "not informed-consent-willingness"),
    (
        "Unwilling or unable to give written consent",
        "not informed-consent-ability or not informed-consent-willingness",
    ),
    (
        "Inability to give informed consent or to attend the study visits",
        "not informed-consent-ability or not protocol-compliance-ability",
    ),
]
COMPLIANCE = [
    ("Able to follow the study protocol", "protocol-compliance-ability"),
    ("Willing to attend all scheduled follow-up visits", "protocol-compliance-willingness"),
    ("Willing to undergo the study assessments", "protocol-compliance-willingness"),
    ("Good compliance", "protocol-compliance"),
    ("Noncompliance", "not protocol-compliance"),
    ("Failure to adhere to the study schedule", "not protocol-compliance"),
    ("Not able to comply with trial requirements for any reason", "not protocol-compliance-ability"),
    ("Volunteers to take part in this research", "participation-willingness"),
    ("Does not agree to participate in the study", "not participation-willingness"),
]
OTHER_STUDIES = [
    ("Takes part in another trial", "other-study"),
    ("Taking part in another clinical trial", "other-study"),
    ("Presently enrolled in another interventional trial", "other-interventional-study [Presently: ]"),
    (
        "Enrolment in a different drug trial within the last 45 days",
        "other-interventional-study [within the last 45 days: 45d]",
    ),
    (
        "Has received an experimental vaccine within 7 weeks prior to screening",
        "investigational-product [within 7 weeks prior to screening: 7wk]",
    ),
    (
        "Use of an investigational device or participation in any other clinical study in the past 5 months",
        "investigational-product [in the past 5 months: 5mo] or other-study [in the past 5 months: 5mo]",
    ),
    (
        "Currently enrolled in or has participated in another clinical trial in the past 2 months",
        "other-study [Currently: ] or other-study [in the past 2 months: 2mo]",
    ),
    (
        "Has not participated in another clinical trial in the past 2 months",
        "not other-study [in the past 2 months: 2mo]",
    ),
]
ALLERGY = [
    ("Hypersensitivity to the trial medication", "hypersensitivity-study-drug"),
    (
        "Allergic to the investigational product or one of its components",
        "hypersensitivity-study-drug or hypersensitivity-study-drug-component",
    ),
    ("Allergy or intolerance to the study drugs", "hypersensitivity-study-drug or intolerance-study-drug"),
    ("No known allergy to study drug", "not hypersensitivity-study-drug"),
]
HABITS = [
    ("Drug misuse", "drug-abuse"),
    ("Active alcohol dependence", "alcohol-dependence [Active: ]"),
    (
        "History of alcohol or drug addiction within 9 months",
        "alcohol-dependence [within 9 months: 9mo] or drug-dependence [within 9 months: 9mo]",
    ),
    ("No history of substance abuse", "not substance-abuse [history of: ]"),
    ("Active smoker", "current-smoking"),
    ("Participants do not smoke", "not current-smoking"),
]
CONTRACEPTION = [
    ("Willing to use reliable contraception", "contraception"),
    (
        "Women of childbearing age must use effective contraception during the trial",
        "contraception-women [during the trial: ]",
    ),
    (
        "Men and women of reproductive potential not using acceptable contraception",
        "not contraception-women or not contraception-men",
    ),
]


@pytest.mark.parametrize(
    ("text", "expected"), CONSENT + COMPLIANCE + OTHER_STUDIES + ALLERGY + HABITS + CONTRACEPTION
)
def test_a_statement_is_read_with_its_polarity_and_window(text: str, expected: str) -> None:
    assert said(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Able to consent in Finnish",
        "Informed consent and HIPAA authorisation",
        "Able or willing to consent",  # which of them is enough?
        "Unable to consent and comply with the protocol",  # both, or either?
        "Willing and able to give consent or assent",  # four things, and neither all nor any of them
        "Parents sign the informed consent form",
        "Consent to a biopsy",
        "Illness that would impair compliance with the protocol",
        "Has completed the study",
        "Participation in this study",
        "Participation in a study",
        "Participation in the same trial",
        "Participation in an exercise programme",
        "Received study treatment within 30 days",
        "Allergy to latex",
        "Known or suspected allergy to the study drug",
        "Allergic to the study drug and latex",
        "Allergy to any of the ingredients",
        "Drug use",
        "Alcohol abuse that needs treatment",
        "Drug and alcohol abuse",  # both, or either?
        "Smoking",
        "Former smoker",
        "Smoker or drinker",
        "Uses two effective methods of contraception",
        "Uses hormonal contraception",
        "Women must use contraception",
        "Smokers <b>and</b> consent",
    ],
)
def test_what_is_said_beside_a_statement_or_only_resembles_one_is_left_as_text(text: str) -> None:
    assert said(text) == "text"


def test_a_statement_stands_where_its_words_stand() -> None:
    text = "  7) Unable to give her informed consent."
    (constraint,) = constraints(text).constraints
    assert text[constraint.start : constraint.end] == "Unable to give her informed consent"


def test_the_words_of_a_window_are_those_of_the_text() -> None:
    (constraint,) = constraints("Participation in another clinical trial WITHIN 3 Months").constraints
    assert constraint.window is not None
    assert constraint.window.text == "WITHIN 3 Months"


def test_every_state_that_is_read_has_a_row_with_a_definition() -> None:
    with (mappings_dir() / "eligibility" / "states.csv").open(encoding="utf-8") as lines:
        rows = {row["id"]: row for row in csv.DictReader(lines)}
    texts = [text for text, _ in CONSENT + COMPLIANCE + OTHER_STUDIES + ALLERGY + HABITS + CONTRACEPTION]
    read = {constraint.variable for text in texts for constraint in constraints(text).constraints}
    assert len(read) > 20
    assert read <= rows.keys()
    assert all(row["name"] and row["definition"].endswith(".") for row in rows.values())


def test_a_long_line_of_such_words_takes_no_time() -> None:
    assert said("able and willing to comply with the study procedures and " * 4) == "text"
    assert said("consent " * 30) in ("text", "computable")


@pytest.mark.parametrize(
    "text",
    [
        "No consent or assent",
        "Lack of consent or of a legal representative",
        "Has been a smoker",
        "Current smoking status",
        "Alcohol abuse within six (12) months",
        "Alcohol abuse for less than 1 year",
        "Participation in another clinical trial within 3 months after screening",
        "Informed consent after the start of treatment",
        "Informed consent for treatment",
        "Able to consent for the patient",
        "No patient must sign consent",
        "Was unable to consent",
        "Only able to consent",
        "Investigational drug",
        "Willing to attend any of the visits",
        "Able to follow instructions",
        "Will be enrolled in another trial",
    ],
)
def test_what_may_mean_something_else_stays_text(text: str) -> None:
    assert constraints(text, section="exclusion").status == "text"
