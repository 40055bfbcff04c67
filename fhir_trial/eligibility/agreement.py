"""Lines on what participants agree to: consent, taking part, doing what the study asks."""

import re
from typing import NamedTuple

from fhir_trial.eligibility.constraint import Constraint, Join
from fhir_trial.eligibility.patterns import listed
from fhir_trial.eligibility.phrases import Phrase, Phrases, ending_in, letters, one_of, some_of

HINTS: frozenset[str] = listed(
    "consent consents consenting assent icf comply complying compliance compliant noncompliance"
    " noncompliant adhere adherence adhering participate participates participating participated"
    " participation cooperate understand followup follow attend join joins volunteer volunteers voluntary"
    " willing unwilling willingness"
)
"""A line without any of these is none of them."""

_WHO = (
    "all any each both the a an this that who he she they / must should shall will would be is are being"
    " been has have having to with also themselves need needs patient patients subject subjects participant"
    " participants individual individuals person persons people adult adults those him her herself himself"
    " currently"
)
_ABLE = (
    "able to|able|capable of|capable to|ability to|ability of|ability|capacity to|capacity for|capable"
    "|can|competent to|capability to|available to|available for"
)
_WILLING = (
    "willing to|willing|willingness to|agree to|agrees to|agreed to|agreement to|agreeing to|accept to"
    "|accepts to|accepting to"
)
_WILLING_AND_ABLE = (
    "willing and able to|able and willing to|willingness and capability to|ability and willingness to"
    "|willingness and ability to|willing and capable of|capable and willing to|willing and able"
    "|able and willing"
)
_UNABLE = (
    "unable to|inability to|not able to|incapable of|cannot|can not|unable|not capable of|inability of"
    "|inability|not competent to|lack of ability to|lack of capacity to|not being able to"
)
_UNWILLING = (
    "unwilling to|unwillingness to|not willing to|refusal to|refuse to|refuses to|refused to|refusing to"
    "|declines to|unwilling|not agree to|do not agree to|does not agree to|not agreeing to|not willing"
)
_UNWILLING_OR_UNABLE = (
    "unwilling or unable to|unable or unwilling to|inability or unwillingness to"
    "|unwillingness or inability to|unable to or unwilling to|not willing or able to|not able or willing to"
    "|not willing or not able to|unwilling / unable to|unable / unwilling to|unwilling and / or unable to"
    "|unable and / or unwilling to|not willing or unable to|unwilling or not able to|unable or unwilling"
    "|unwilling or unable"
)
_DENIAL = (
    "no|without|absence of|lack of|not providing|do not provide|does not provide|did not sign|failure to"
    "|failed to|not giving|fails to|fail to|have not signed|has not signed|did not provide|not provided"
    "|not give|not sign"
)
_LAW = "legal|legally|authorized|authorised|acceptable|designated|responsible|lawful"
_THEIRS = "his / her|his|her|their|the|a|an|by his / her|by the|by a|his or her"
_REPRESENTATIVE = (
    rf"{one_of('or|or by|/')}{one_of(_THEIRS)}?"
    rf"(?:{one_of(_LAW)})*{one_of('representative|representatives|guardian|guardians|lar|surrogate|proxy')}"
    rf"(?:{one_of('( lar )')})?"
)
_CONSENT = "consent consents consenting assent icf"
_CONSENT_VERB = (
    "provide providing provides provided provision give giving gives given sign signing signs signed"
    " signature grant granting granted obtain obtained obtaining voluntarily freely personally dated"
    " complete completing received"
)
_CONSENT_ADJECTIVE = (
    "written inform informed free freely full fully voluntary electronic electronically digital e their his"
    " her own a an the of signed dated valid and , / for"
)
_CONSENT_BEHIND = (
    "form|forms|document|documents|process|was|is|must be|should be|has been|have been|given|provided"
    "|obtained|signed|signed and dated|and signed|and dated|and obtained|freely given|voluntarily given"
    "|granted|in writing|will be|( icf )|( ic )|personally|himself|to|and sign|voluntarily signed"
    "|must have been|received"
)
_COMPLY = (
    "comply with|complying with|adhere to|adhering to|be compliant with|compliance with|adherence to|follow"
    "|following|complete|completing|attend|attending|fulfil|fulfill|meet|meeting|undergo|undergoing|perform"
    "|performing|cooperate with|cooperating with|be available for|return for|returning for|participate in"
    "|participating in|take part in|accept|cooperate in|carry out|comply to|abide by|fully comply with"
    "|to comply with|understand and comply with|understand and follow|understand and adhere to"
    "|fully participate in|comply"
)
_ASKED = (
    "all any the of their with to in and or / , clinical specific specified required scheduled planned"
    " related necessary prescribed per entire full this regular long term other mandatory study trial"
    " research laboratory outlined described on by"
)
_ASKED_NOUN = (
    "procedures procedure requirements requirement visits visit followup up schedule schedules assessments"
    " assessment evaluations evaluation restrictions instructions regimen treatment treatments dosing tests"
    " testing protocol protocols examinations guidelines activities plan plans program interventions"
    " intervention measures tasks"
)
_COMPLYING = rf"(?!follow up )(?!following up ){one_of(_COMPLY)}{ending_in(_ASKED_NOUN, _ASKED + ' follow')}"
_THROUGHOUT = rf"{one_of('for|during|throughout|while')}" + ending_in(
    "study trial period duration participation course length", "the entire full whole of this clinical its in"
)
_STUDY = (
    "study|trial|clinical study|clinical trial|research|research study|clinical research|protocol"
    "|research project|study protocol|follow up protocol"
)
_TAKE_PART = (
    "participate|participates|participating|participation|participated|take part|taking part|join|joins"
    "|joined|enter|enrol|enroll"
)
_MORE_THAN_PART = "procedures|procedure|visits|visit|protocol|requirements|assessments|related|follow"
"""Behind the name of the study: it is not the study itself that is spoken of."""
_TAKING_PART = (
    rf"(?:{one_of('voluntarily|voluntary|volunteer to|volunteered to|freely|volunteers to|volunteer')})?"
    rf"{one_of(_TAKE_PART)}"
    rf"(?:{one_of('in|into|to|fully in')})?(?:(?:{one_of('the|this|our|a')})?{one_of(_STUDY)}"
    rf"(?!{one_of(_MORE_THAN_PART)}))?(?:{_THROUGHOUT})?(?:{one_of('voluntarily')})?"
)
_FOLLOWS = "for|prior to|before|in|into|on|at|according to|in accordance with|as per|of|by|to|from"
_OF_ANOTHER = "for treatment|for the treatment|for the patient|for the subject|for the participant"
"""Consent to something else than the study, or somebody else's."""
_TAIL_NOUN = (
    "study trial research registry procedures procedure assessments assessment interventions intervention"
    " screening enrollment enrolment inclusion registration randomization randomisation participation"
    " participate entry performed conducted gcp ich guidelines regulations requirements patient patients"
    " subject subjects participant participants project part person him her himself herself themselves"
    " treatment initiation plan started visit practice processes research"
)
_TAIL = (
    "any all the this a an our in of to for and or / , clinical related specific screening being date day"
    " time their his start starting beginning good national local regulatory take individual entering"
    " implementation performing implementing commencement applicable is are undertaking first conducting"
    " start by protocol with receiving ( )"
)
_NATURE = "the a an nature of this study trial research and in or to its procedures purpose clinical"
_UNDERSTOOD = (
    "nature purpose content contents aims objectives procedures requirements risks benefits study trial"
    " research protocol instructions"
)
_CONSENT_FORM = "informed consent form|written informed consent form|informed consent document"
_UNDERSTANDS = "understand|understanding|comprehend|comprehending|read and understand"
_TO_UNDERSTAND = (
    rf"(?:{one_of('fully')})?{one_of(_UNDERSTANDS)}"
    rf"(?:{one_of('the|a|an')}{one_of(_CONSENT_FORM)}"
    rf"|{ending_in(_UNDERSTOOD, _NATURE)})?"
)

_PHRASES = Phrases(
    B=one_of(_WILLING_AND_ABLE),
    E=one_of(_UNWILLING_OR_UNABLE),
    g=one_of("good compliance|good adherence|good compliance and follow up|good compliance with follow up"),
    b=one_of("poor compliance|noncompliance|non compliance|noncompliant|poor adherence|non compliant"),
    N=one_of(_UNABLE),
    D=one_of(_UNWILLING),
    X=one_of(_DENIAL),
    A=one_of(_ABLE),
    V=one_of(_WILLING),
    c=(
        rf"(?:{some_of(_CONSENT_VERB)}(?:{one_of('and|or|,')}{some_of(_CONSENT_VERB)})*(?:, )?)?"
        rf"(?:(?!{one_of('and|,|/|for')}){some_of(_CONSENT_ADJECTIVE)})?{one_of(_CONSENT.replace(' ', '|'))}"
        rf"(?:{one_of('or assent|/ assent')})?(?:{one_of(_CONSENT_BEHIND)})*"
        rf"(?:(?:{one_of('to|for')})?{_TAKING_PART})?"
    ),
    k=rf"{_COMPLYING}(?:{_THROUGHOUT})?",
    p=_TAKING_PART,
    u=_TO_UNDERSTAND,
    R=_REPRESENTATIVE,
    J=one_of("and / or"),
    O=one_of("or"),
    C=one_of("and|as well as|,|with"),
    t=rf"(?!{one_of(_OF_ANOTHER)}){one_of(_FOLLOWS)}{ending_in(_TAIL_NOUN, _TAIL)}",
    f=one_of(
        "for any reason|for whatever reason|voluntarily|in the judgment of the investigator"
        "|in the opinion of the investigator|in the investigator judgment|in the investigator opinion"
        "|as judged by the investigator|in the judgement of the investigator"
    ),
    w=some_of(_WHO),
)  # fmt: skip

VOCABULARY: frozenset[str] = _PHRASES.vocabulary
"""Every word of these lines."""


class _Modal(NamedTuple):
    """How a thing is agreed to."""

    ways: tuple[str, ...]
    negated: bool


_MODALS = {
    "A": _Modal(("ability",), negated=False),
    "V": _Modal(("willingness",), negated=False),
    "B": _Modal(("ability", "willingness"), negated=False),
    "N": _Modal(("ability",), negated=True),
    "D": _Modal(("willingness",), negated=True),
    "E": _Modal(("ability", "willingness"), negated=True),
    "X": _Modal(("",), negated=True),
}
_FACT = _Modal(("",), negated=False)
_LINE = re.compile(
    # who, how, what; and further things, each joined; then nothing
    # ("no patient must sign" does not say that none has signed)
    r"(?:[tf]C?)?(?:w|f)*(?:[ABVNDE]w*|X)?(?:c|k|p|u|g|b)[tRfw]*"
    r"(?:(?:[COJ]+w*(?:[ABVNDE]w*|X)?|[ABVNDE]w*|X)(?:c|k|p|u|g|b)[tRfw]*)*(?:Cf)?"
)
_TO_DO = re.compile(
    "(?:provid(?:e|ing)|giv(?:e|ing)|sign(?:ing)?|grant(?:ing)?|complet(?:e|ing)|obtain|freely"
    "|personally|voluntarily|consent) "
)
"""How consent begins that somebody can or will give; any other has been given."""
_ANY_ONE = re.compile(r"\bany of |\battend(?:ing)? any ")
_ANYBODYS = re.compile(r"\b(?:instructions|guidelines|activities|tasks|tests|measures|plans?|program) ")
"""What is also asked of people who are in no study."""
_OF_THE_STUDY = re.compile(
    r"\b(?:study|trial|research|protocol|clinical|required|scheduled|specified|planned|visits?) "
)
_BASES = {
    "c": "informed-consent", "k": "protocol-compliance", "p": "participation", "u": "study-understanding",
    "g": "protocol-compliance", "b": "protocol-compliance",
}  # fmt: skip


def agreement(line: str, words: list[str], at: int) -> tuple[tuple[Constraint, ...], Join]:
    """What a line says to be agreed to, if it says nothing else; at: where it begins in the text."""
    if HINTS.isdisjoint(words) or not _PHRASES.could_be_all(words):
        return (), "all-of"
    phrases = _PHRASES.cut(line)
    if _LINE.fullmatch(letters(phrases)) is None:
        return (), "all-of"
    read = _read(phrases)
    if read is None:
        return (), "all-of"
    found = dict.fromkeys(read.said)
    if len({negated for _, negated in found}) > 1:
        return (), "all-of"
    negated = read.said[0][1]
    if negated and read.represented:
        return (), "all-of"  # "no consent or assent": that neither is there, or not both?
    wanted: Join = "any-of" if negated or read.represented else "all-of"
    if len(found) > 1 and any(join != wanted for join in read.joins):
        return (), "all-of"
    return (
        tuple(
            Constraint(variable=variable, negated=denied, rule="agreement.line", start=at, end=at + len(line))
            for variable, denied in found
        ),
        wanted if len(found) > 1 else "all-of",
    )


class _Said(NamedTuple):
    said: list[tuple[str, bool]]
    """Variables, and whether they are denied."""
    joins: list[Join]
    represented: bool
    """Somebody else may agree instead."""


def _read(phrases: list[Phrase]) -> _Said | None:
    modal, spoken = _FACT, False
    said: list[tuple[str, bool]] = []
    joins: list[Join] = []
    represented = False
    join: Join | None = None
    for phrase in phrases:
        letter = phrase.letter
        if letter in _MODALS:
            if modal.negated and not _MODALS[letter].negated:
                return None  # "unable or willing to"
            modal, spoken = _MODALS[letter], True
        elif letter in "COJ":
            if phrase.words != ", ":
                join = "all-of" if letter == "C" else "any-of"
        elif letter == "R":
            if len(said) != 1 or not said[0][0].startswith("informed-consent"):
                return None
            said.append(("representative-consent", modal.negated))
            joins.append("any-of")
            represented = True
        elif letter in _BASES:
            things = _things(phrase, modal, spoken)
            if letter == "c" and "assent " in phrase.words and len(things) > 1:
                represented = True
            if not things or (represented and said):
                return None
            if said and join is not None:
                joins.append(join)
            said += things
            join = None
    return _Said(said, joins, represented) if said else None


def _things(phrase: Phrase, modal: _Modal, spoken: bool) -> list[tuple[str, bool]]:
    """The variables that a thing and the way it is agreed to stand for; none where that says nothing."""
    letter, base = phrase.letter, _BASES[phrase.letter]
    if letter in "gb":
        return [] if spoken and modal is not _FACT and modal.negated else [(base, letter == "b")]
    if letter == "u":
        return [(base, modal.negated)] if "ability" in modal.ways or not spoken else []
    if letter == "c":
        return _consented(phrase.words, modal)
    if letter == "p" and modal.ways == ("",):
        if modal.negated or "volunt" not in phrase.words:
            return []
        return [(f"{base}-willingness", False)]
    if letter == "k" and phrase.words.startswith("understand"):
        return (
            [("study-understanding", modal.negated), (f"{base}-ability", modal.negated)]
            if modal.ways == ("ability",) and not modal.negated
            else []
        )
    if letter == "k" and modal.ways == ("",) and not modal.negated and spoken:
        return []
    if letter == "k" and not modal.negated and _ANY_ONE.search(phrase.words):
        return []  # "willing to attend any of the visits" is not all of them
    if letter == "k" and _ANYBODYS.search(phrase.words) and not _OF_THE_STUDY.search(phrase.words):
        return []  # "able to follow instructions" may be of the mind
    return [(f"{base}-{way}" if way else base, modal.negated) for way in modal.ways]


def _consented(words: str, modal: _Modal) -> list[tuple[str, bool]]:
    """Consent, assent, or whichever of them is asked for."""
    if not modal.negated and _TO_DO.match(words) is None:
        modal = _FACT
    assent = re.search(r"\bassent ", words) is not None
    bases = ["informed-consent"] if not assent or re.search(r"consent|icf", words) else []
    bases += ["informed-assent"] if assent else []
    if len(bases) > 1 and len(modal.ways) > 1:
        return []  # four things that neither all hold nor any of which is enough
    return [(f"{base}-{way}" if way else base, modal.negated) for base in bases for way in modal.ways]
