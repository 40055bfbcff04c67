"""Lines on what people are, have and can do beside their health, and on measurable disease."""

import re
from itertools import product

from fhir_trial.eligibility.conduct import OF_POTENTIAL, WOMEN
from fhir_trial.eligibility.patterns import listed
from fhir_trial.eligibility.phrases import Phrase, Phrases, one_of, some_of, spellings
from fhir_trial.eligibility.templates import AGO, BEFORE, NOTHING, Found, Line, fitting, window_of


def _joined(*parts: str) -> str:
    """Every way to join one of each part; parts are lists parted by bars, and may have an empty member."""
    ways = product(*(part.split("|") for part in parts))
    return "|".join(" ".join(filter(None, way)) for way in ways)


_SCHEMES = "security|security system|security scheme|security regime"
_AGAINST = "contraindication[s] to|contraindication[s] for|contra indication[s] to"
_HERE = "in this study|in this trial|in the current study|in the present study|into this study|to this study"
_US = "the united states|the u . s|the us|the united states of america"
_PHONE = "a smartphone|a smart phone"
_STATES = {
    "imprisonment": "prisoner[s]|incarcerated|imprisoned|in prison|incarceration|prisoner status",
    "deprivation-of-liberty": (
        "deprived of liberty|deprived of freedom|deprived of their liberty|deprivation of liberty"
    ),
    "guardianship": "under guardianship|under legal guardianship|under tutorship|guardianship",
    "curatorship": "under curatorship|curatorship|trusteeship|under trusteeship",
    "legal-protection": (
        "under legal protection|under law protection|under a legal protection measure|protected by law"
        "|under judicial protection|legally protected|under legal protection measure[s]"
        "|subject to a legal protection measure|subject to a protection measure|under a protection measure"
        "|measure of legal protection"
    ),
    "social-security": (
        _joined(
            "affiliated to|affiliated with|affiliation to|affiliation with|covered by|beneficiary of",
            "|a|the", "social", _SCHEMES,
        )
        + "|social security affiliation"
    ),
    "health-insurance": (
        "health insurance|healthcare insurance|health insurance coverage|"
        + _joined(
            "affiliated to|affiliated with|affiliation to|covered by", "|a|an", "health",
            "insurance|insurance plan|insurance system|insurance scheme",
        )
    ),
    "residence-us": (
        _joined("live[s] in|living in|reside[s] in|residing in|resident[s] of|primary residence in", _US)
        + "|u . s . resident[s]|us resident[s]|united states resident[s]"
    ),
    "community-dwelling": "community dwelling",
    "hospice-care": "in hospice|enrolled in hospice|receiving hospice care|hospice care|in hospice care",
    "household-enrolled": (
        _joined("member of the same household as another", "study|trial|research", "participant|subject")
        + "|"
        + _joined("household member", "|already", "enrolled|participating", "in", "the|this", "study|trial")
        + "|household member in study|household member in the study|household member in this study"
    ),
    "previous-enrolment": _joined(
        "previously enrolled|previously participated|previous enrol[l]ment|prior enrol[l]ment"
        "|previous participation|prior participation", _HERE,
    ),
    "previous-randomization": _joined(
        "previously randomized|previously randomised|previous randomization|previous randomisation"
        "|prior randomization|prior randomisation", _HERE,
    ),
    "smartphone-access": "smartphone access|" + _joined("access to", _PHONE),
    "smartphone-ownership": (
        _joined("own[s]|owning|ownership of|has|have|having|with|possession of", _PHONE)
        + "|smartphone ownership"
    ),
    "internet-access": (
        "access to the internet|access to internet|internet access|access to an internet connection"
    ),
    "email-address": "email address|active email address|e mail address|active e mail address",
    "mri-contraindication": (
        _joined(_AGAINST, "mri|magnetic resonance imaging ^mri")
        + "|mri contraindication[s]|magnetic resonance imaging contraindication[s]"
    ),
    "study-drug-contraindication": _joined(
        _AGAINST, "|the", "study|trial", "drug[s]|medication[s]|treatment[s]"
    ),
    "general-anesthesia-contraindication": _joined(_AGAINST, "general an[a]esthesia"),
    "spinal-anesthesia-contraindication": _joined(_AGAINST, "spinal an[a]esthesia"),
    "literacy": "literate|able to read and write",
    "language-barrier": "language barrier[s]",
    "right-handedness": "right handed",
    "shift-work": "shift worker[s]|shift work",
    "measurable-disease": (
        "measurable disease|at least one measurable lesion|at least 1 measurable lesion"
        "|at least one measurable target lesion|at least one measurable tumo[u]r lesion|measurable lesion[s]"
        "|at least one measurable disease|at least one ( 1 ) measurable lesion"
    ),
}  # fmt: skip
"""State -> the ways to say it."""
_DENIED = {
    "literacy": "illiterate|illiteracy|unable to read or write",
    "smartphone-ownership": "no smartphone|without a smartphone|without smartphone",
}
"""State -> the ways to deny it in a word."""


def _by_words(table: dict[str, str]) -> dict[str, str]:
    return {
        " ".join(spelling.split()): state
        for state, ways in table.items()
        for way in ways.split("|")
        for spelling in spellings(way)
    }


_SAID = _by_words(_STATES)
_UNSAID = _by_words(_DENIED)

_MEDICINE = (
    "oral medication|oral medications|oral medicine|oral medicines|tablet|tablets|pill|pills|capsule|capsules"
    "|oral drug|oral drugs|oral tablets|oral capsules|tablets or capsules|capsules or tablets"
    "|pills or capsules|oral tablets or capsules|pills or tablets"
)
_SOLID = "response evaluation criteria in solid tumors|response evaluation criteria in solid tumours"
_SPECIMENS = "serum|urine|blood|serum or urine|urine or serum|serum / urine|urine / serum|urine or blood"
_RECIST = (
    rf"(?:{one_of('per|by|according to|as per|as defined by|based on|using|in accordance with|(')})?"
    rf"(?:{one_of(_SOLID)})?"
    rf"{one_of('recist|( recist )|( recist|recist version|( recist version|recist v|( recist ) version')}"
    r"(?:v1 |1 )\. 1 (?:\) )?(?:criteria )?(?:\) )?"
)
_PATTERNS = {
    "c": one_of("|".join(_SAID)),
    "d": one_of("|".join(_UNSAID)),
    "V": _RECIST,
    "u": one_of(
        "unable to|inability to|not able to|cannot|can not|incapable of|not capable of"
    ),
    "m": one_of("able to|ability to|capable of|can|be able to"),
    "S": (
        rf"(?:{one_of('swallow|swallowing|take|taking')}{one_of(_MEDICINE)})"
    ),
    "P": (
        rf"(?:negative {one_of(_SPECIMENS)}?pregnancy {one_of('test|tests|test result|test results')})"
    ),
    "F": (
        rf"(?:{some_of('all any the for in if')})?{one_of(WOMEN)}{OF_POTENTIAL}"
        rf"(?:{one_of('( wocbp )|only')})?"
    ),
    "N": one_of(
        "no|not|without|lack of|absence of|do not|does not|must not|not be"
    ),
    "n": one_of("currently|current"),
    "A": AGO,
    "s": one_of(
        "at screening|at baseline|at enrollment|at enrolment|at inclusion|at study entry|at randomization"
        "|at the time of screening|at the time of enrollment|at the time of enrolment|at the screening visit"
        "|at randomisation|at the baseline visit|at visit 1"
    ),
    "b": BEFORE,
    "j": one_of("or|and / or|, or|/|,"),
    "w": some_of(
        "all any the a an another who that he she is are be being has have having must should patient"
        " patients subject subjects participant participants individual individuals person persons people"
        " volunteer volunteers those with known presence of"
    ),
}  # fmt: skip
_LINE = re.compile(
    r"w?(?:Nw?)?(?:nw?)?[cd]V?(?:jw?(?:nw?)?[cd])*w?s?"
    r"|w?(?P<modal>[mu])S"
    r"|(?:w?Fj?)?w?P[sAb]?F?"
)

HINTS: frozenset[str] = listed(
    "prisoner prisoners incarcerated imprisoned prison incarceration liberty freedom guardianship"
    " curatorship tutorship trusteeship protection protected security insurance united resident residents us"
    " reside residence live lives living"
    " resides residing dwelling hospice household enrolled enrolment enrollment participation participated"
    " randomization randomisation randomized randomised smartphone phone internet address contraindication"
    " contraindications indication indications health literate"
    " illiterate illiteracy write barrier barriers handed shift measurable swallow"
    " swallowing oral tablets capsules pills pregnancy"
)
"""A line without any of these is none of them."""
_PHRASES = Phrases(**_PATTERNS)
VOCABULARY: frozenset[str] = _PHRASES.vocabulary
"""Every word of these lines."""


def circumstance(written: str, line: str, words: list[str], at: int) -> Found:
    """What a line says of such things, if it says nothing else."""
    read = fitting(_PHRASES, _LINE, written, line, words, at)
    if read is None:
        return NOTHING
    if read.match["modal"]:
        swallows = "swallow" in read.phrases[-1].words
        if not swallows and "oral " not in read.phrases[-1].words:
            return NOTHING
        state = "swallowing-ability" if swallows else "oral-intake-ability"
        return read.found([(state, None)], negated=read.match["modal"] == "u")
    if "P" in read.letters:
        return _pregnancy_test(read, written)
    return _stated(read, written)


def _stated(read: Line, written: str) -> Found:
    """Who is, has or can what, with the time that is said of all of it."""
    told = read.letters
    joins = [phrase.words for phrase in read.phrases if phrase.letter == "j"]
    if joins and "or " not in joins[-1]:
        return NOTHING
    states = [(phrase.letter, _plain(phrase)) for phrase in read.phrases if phrase.letter in "cd"]
    if "V" in told and (len(states) > 1 or _SAID[states[0][1]] != "measurable-disease"):
        return NOTHING
    if ("d" in told and ("c" in told or "N" in told)) or ("N" in told and joins):
        return NOTHING  # "no e-mail address or prisoners"
    times = [phrase for phrase in read.phrases if phrase.letter in "ns"]
    if len(times) > 1 or (times and joins):
        return NOTHING
    window = window_of(times[0], written) if times else None
    names = [_SAID[words] if letter == "c" else _UNSAID[words] for letter, words in states]
    if "V" in told:
        names = ["measurable-disease-recist-1-1"]
    return read.found([(name, window) for name in names], negated="N" in told or "d" in told)


def _plain(phrase: Phrase) -> str:
    """The words of a phrase without commas between them."""
    return " ".join(phrase.words.replace(",", " ").split())


def _pregnancy_test(read: Line, written: str) -> Found:
    """A test of blood, urine or either, of whoever can become pregnant."""
    if any(phrase.letter == "j" and phrase.words != ", " for phrase in read.phrases):
        return NOTHING
    if read.letters.count("F") > 1:
        return NOTHING
    times = [phrase for phrase in read.phrases if phrase.letter in "sAb"]
    window = window_of(times[0], written) if times else None
    test = next(phrase.words for phrase in read.phrases if phrase.letter == "P")
    kinds = [kind for kind in ("serum", "urine", "blood") if kind in test]
    names = [f"negative-{kind}-pregnancy-test" for kind in kinds] or ["negative-pregnancy-test"]
    return read.found([(name, window) for name in names], negated=False)
