"""Lines that leave it to the investigator who is suitable for the study, and say nothing else."""

import re

from fhir_trial.eligibility.patterns import listed
from fhir_trial.eligibility.phrases import Phrases, ending_in, one_of, some_of
from fhir_trial.eligibility.templates import NOTHING, Found, fitting

_PEOPLE = "investigator|investigators|researcher|researchers|physician|clinician|doctor|pi|sub investigator"
_INVESTIGATOR = (
    rf"(?:{some_of('the an a')})?"
    rf"(?:{some_of('principal study site enrolling treating clinical responsible')})?"
    rf"{one_of(_PEOPLE)}(?:{one_of('( pi )')})?"
)
_JUDGEMENT = "opinion|judgment|judgement|discretion|view"
_JUDGED_BY = (
    "in the opinion of|in the judgment of|in the judgement of|in the view of|at the discretion of|by"
    "|as judged by|as determined by|as deemed by|as assessed by|as considered by|according to|per"
)
_CAUSES = "condition conditions reason reasons circumstance circumstances factor factors cause causes"
_STUDY = (
    "participation participate inclusion enrolled enrollment enrolment included study trial participating"
)
_PATTERNS = {
    "I": rf"{_INVESTIGATOR}{one_of('considers|consider|considered|judges|deems|believes|thinks|think')}",
    "J": (
        rf"(?:{one_of(_JUDGED_BY)}{_INVESTIGATOR}"
        rf"|{one_of('in|per|based on|by|according to')}{_INVESTIGATOR}{one_of(_JUDGEMENT)})"
    ),
    "U": one_of(
        "unsuitable|not suitable|inappropriate|not appropriate|unfit|ineligible|not qualified|not be suitable"
    ),
    "E": rf"{one_of('for|to|in')}{ending_in(_STUDY, 'in the this clinical be a of research take part')}",
    "Y": rf"{one_of('for|due to|because of')}{ending_in(_CAUSES, 'any other')}",
    "X": rf"(?:{some_of('any all other an a with has have having there are the presence of')})?"
    rf"{one_of(_CAUSES.replace(' ', '|'))}",
    "M": (
        rf"{one_of('that|which')}(?:{one_of('would|could|may|might|will')})?"
        rf"{one_of('make|makes|render|renders')}|{one_of('making|rendering')}"
    ),
    "T": one_of("that|which"),
    "H": rf"(?:{one_of('would|could|may|might|will')})?{one_of('make|makes|render|renders')}",
    "k": ", ",
    "w": some_of(
        "who is are be been being deemed considered judged believed determined found to otherwise the a any"
        " it subject subjects patient patients participant participants individual individuals person persons"
        " people volunteer volunteers them him her that"
    ),
}  # fmt: skip
_LINE = re.compile(
    r"w?(?:UE?Y?k?J|k?JE?k?w?UE?Y?|UE?Y?)|J?k?I?w?UE?Y?|Iw?UE?Y?"
    r"|w?X(?:M|Tk?Jk?H)w?UE?|w?XM(?:w?UE?)k?J|w?k?J?k?XMw?UE?"
)
HINTS: frozenset[str] = listed("unsuitable suitable inappropriate appropriate unfit ineligible qualified")
"""A line without any of these is none of them."""
_PHRASES = Phrases(**_PATTERNS)
VOCABULARY: frozenset[str] = _PHRASES.vocabulary
"""Every word of these lines."""


def judgement(written: str, line: str, words: list[str], at: int) -> Found:
    """Whether a line says that the investigator decides who is suitable, if it says nothing else."""
    read = fitting(_PHRASES, _LINE, written, line, words, at)
    if read is None or read.letters.count("J") + read.letters.count("I") != 1:
        return NOTHING  # unsuitable by whose judgement?
    return read.found([("investigator-judgement", None)], negated=False)
