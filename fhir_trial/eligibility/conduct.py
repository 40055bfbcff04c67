"""Lines on other studies, allergy to what this one gives, abuse, smoking, contraception."""

import re

from fhir_trial.eligibility.constraint import Window
from fhir_trial.eligibility.patterns import listed
from fhir_trial.eligibility.phrases import Phrase, Phrases, ending_in, letters, one_of, some_of
from fhir_trial.eligibility.templates import AGO, AND_OR, NOTHING, Family, Found, fitting, window_of

_WHO = (
    "all any the a an who that they he she is are be being been has have having had was were must should"
    " will patient patients subject subjects participant participants individual individuals person persons"
    " people volunteer volunteers adult adults those each to with known"
)
_PAST = listed("been has have had having was were")
"""With these it is not said of today."""
_NOW = (
    "currently|current|concurrently|concurrent|simultaneously|simultaneous|ongoing|at the same time"
    "|presently|actively|active|concomitantly|concomitant|at the time of screening"
    "|at the time of enrollment|at the time of enrolment|at screening|at enrollment|at present"
    "|during the study|during this study|during the trial|during this trial|during the study period"
    "|while participating in this study|during study participation|at the time of inclusion"
    "|during the course of the study|during the course of this study|throughout the study|at baseline"
    "|while participating in this clinical study|during their participation in this study"
    "|at the time of study entry"
)
_ONCE = "previously|previous|prior|history of|past"
_PLANNED = "planning to|plan to|plans to|planned|intend to|intends to|intending to"


# --- other studies ---------------------------------------------------------------------------------------

_TAKES_PART = (
    "participation in|participating in|participated in|participates in|participate in|enrolled in"
    "|enrolled into|enrollment in|enrolment in|enrollment into|enrolment into|taking part in|took part in"
    "|taken part in|involvement in|involved in|included in|inclusion in|participant in|participants in"
    "|enrolled on|enroll in|entered|entered into|participation to|take part in|takes part in|include in"
)
_OTHER = "another any other an a different one concurrent additional concomitant ongoing"
_STUDIES = "trial trials study studies"
_KINDS = (
    "clinical interventional investigational therapeutic experimental drug drugs device devices medicinal"
    " product products intervention research treatment pharmaceutical medical medication with involving of"
    " investigation pharmacological already agent agents or / studies trials"
)
_PRODUCTS = (
    "drug drugs agent agents product products medication medications therapy therapies treatment treatments"
    " device devices medicine medicines compound compounds vaccine vaccines intervention interventions"
)
_UNTESTED = "investigational|experimental"
_OF_AN = (
    "with an|with any|of an|involving an|involving|with|using|using an|of|involving any|to evaluate an"
    "|evaluating an|testing an"
)
_TRIALS = Phrases(
    A=AGO,
    P=one_of(_TAKES_PART),
    N=one_of("not|not be|not currently|no|has not|have not|have not been|never"),
    O=(
        rf"(?:{some_of('any an a another other the')})?{one_of(_UNTESTED + '|unapproved|non approved')}"
        + ending_in(_PRODUCTS, "medicinal or / biological study , medical")
        + rf"(?!{one_of('trial|trials|study|studies')})"
    ),
    S=(
        rf"(?:{some_of(_OTHER)})?"
        + ending_in(_STUDIES + " research", _KINDS)
        + rf"(?:{one_of(_OF_AN)}{one_of(_UNTESTED)}"
        + rf"{ending_in(_PRODUCTS, 'medicinal or / study')}|{one_of('( interventional or observational )')})?"
    ),
    R=one_of(
        "received|receiving|receive|receipt of|use of|using|used|treatment with|treated with|taken|taking"
        "|took|exposure to|administration of|therapy with|been treated with|received treatment with"
        "|receiving treatment with|treated by|exposed to|treatment by"
    ),
    n=one_of(_NOW),
    o=one_of(_ONCE),
    l=one_of(_PLANNED),
    j=one_of(AND_OR),
    w=some_of(_WHO),
)
_TRIAL_LINE = re.compile(
    r"w?N?w?(?:[nol]w?)?(?:P[no]?S|RO|O)[nA]?(?:j(?:w?[nol]?w?(?:P[no]?S|RO|O|S)[nA]?|w?[nA]))?"
    r"|w?N?w?[nol]?w?P(?:[nA])?jw?[nol]?w?P[no]?S[nA]?"
    r"|w?[nol]?w?Rjw?[nol]?w?RO[nA]?"
)
_TRIAL_HINTS = listed(
    "participation participating participated participates participate participant participants enrolled"
    " enrollment enrolment enroll taking took takes involvement involved included inclusion entered take"
    " investigational experimental unapproved"
)
_INTERVENTIONAL = re.compile(
    r"intervention|therapeutic|investigational|experimental|drug|device|treatment|medic|product|pharmac"
)


def _other_trials(written: str, line: str, words: list[str], at: int) -> Found:
    read = fitting(_TRIALS, _TRIAL_LINE, written, line, words, at)
    if read is None or _names_this_study(read.phrases):
        return NOTHING
    if read.letters.strip("w") == "O":  # only the name of something
        return NOTHING
    stated = []
    parts: list[list[Phrase]] = [[]]
    negated = "N" in read.letters
    for phrase in read.phrases:
        if phrase.letter == "j":
            parts.append([])
        else:
            parts[-1].append(phrase)
    variable = ""
    times = [[p for p in part if p.letter in "nolA"] for part in parts]
    if any(len(of_part) > 1 and not _prior_within(of_part) for of_part in times):
        return NOTHING
    windows = [window_of(of_part[-1], written) if of_part else None for of_part in times]
    if len(windows) == 2 and windows[0] is None and _closes(parts[1]):
        windows[0] = windows[1]
    if len(windows) == 2 and windows[1] is None and "n" in letters(parts[0]):
        windows[1] = windows[0]
    for part in reversed(parts):
        named = _variable_of(part)
        variable = named or variable
        stated.append(variable)
    stated.reverse()
    if None in windows and _LATER.search(line) is not None:
        return NOTHING  # neither now nor in the past, and until when is not said
    for place, name in enumerate(stated):
        if not name and place:
            stated[place] = stated[place - 1]
    return read.found(list(zip(stated, windows, strict=True)), negated=negated)


_LATER = re.compile(r"\bwill\b")


def _closes(part: list[Phrase]) -> bool:
    """Whether the time of the last alternative stands at the end, so that it is said of both."""
    return bool(part) and part[-1].letter == "A" and len(part) > 1


def _prior_within(times: list[Phrase]) -> bool:
    """Whether one time only repeats that the other is past ("previous ... within 30 days")."""
    return len(times) == 2 and times[0].letter == "o" and times[1].letter == "A"


def _variable_of(part: list[Phrase]) -> str:
    if "O" in letters(part):
        return "investigational-product"
    named = next((phrase.words for phrase in part if phrase.letter == "S"), "")
    if not named:
        return ""
    return "other-interventional-study" if _INTERVENTIONAL.search(named) else "other-study"


def _names_this_study(phrases: list[Phrase]) -> bool:
    """Whether "a study" may be this one, or part of it: only another, or one of a kind, is told apart."""
    studies = [phrase.words for phrase in phrases if phrase.letter == "S"]
    return any(_TOLD_APART.search(words) is None for words in studies)


_TOLD_APART = re.compile(
    "another|other|different|any|additional|clinical|concurrent|research|drug|interven|investig|experim|therap"
)


# --- allergy to what the study gives ---------------------------------------------------------------------

_ALLERGIC = (
    "allergy|allergies|allergic|hypersensitivity|hypersensitivities|hypersensitive|allergic reaction"
    "|allergic reactions|hypersensitive reaction|hypersensitive reactions|hypersensitivity reaction"
    "|hypersensitivity reactions"
)
_GIVEN = (
    "drug|drugs|medication|medications|product|products|agent|agents|treatment|treatments|compound"
    "|compounds|medicine|medicines|vaccine"
)
_GIVEN_HERE = "study|trial|investigational|test|experimental|investigational medicinal|research|investigated"
_OURS = rf"(?:{some_of('the any of these this either one to')})?{one_of(_GIVEN_HERE)}{one_of(_GIVEN)}"
_PART = (
    rf"(?:{some_of('any of the its their active inactive other one to some')})?"
    rf"{one_of('ingredient|ingredients|excipient|excipients|component|components|constituent|constituents')}"
)
_THEREOF = (
    "thereof|of the formulation|of its formulation|of their formulation|in the formulation"
    "|of the formulations"
)
_HOLDING = rf"(?:{one_of('of|in|used in|contained in|of the|in the')}{_OURS}|{one_of(_THEREOF)})"
_ALLERGIES = Phrases(
    H=one_of(_ALLERGIC),
    I=one_of("intolerance|intolerant|intolerances"),
    E=rf"{_PART}(?:{_HOLDING})?",
    D=_OURS,
    h=one_of("history of|a history of"),
    N=one_of("no|not|no known|without"),
    j=one_of("or|and / or|, or|,|/"),
    p=one_of("to|of"),
    w=some_of(_WHO + " documented confirmed prior previous"),
)
_ALLERGY_LINE = re.compile(r"w?N?w?h?w?[HI](?:jw?[HI])*p?(?P<what>[DE](?:j(?:p?)[DE])?)")
_ALLERGY_HINTS = listed(
    "allergy allergies allergic hypersensitivity hypersensitivities hypersensitive intolerance intolerant"
)


def _allergies(written: str, line: str, words: list[str], at: int) -> Found:
    read = fitting(_ALLERGIES, _ALLERGY_LINE, written, line, words, at)
    if read is None:
        return NOTHING
    what = read.match["what"]
    if what == "E" and not re.search("drug|medic|product|agent|treatment|compound|vaccine", line):
        return NOTHING  # the ingredients of what?
    reactions = [
        name for letter, name in (("H", "hypersensitivity"), ("I", "intolerance")) if letter in read.letters
    ]
    objects = [
        name for letter, name in (("D", "study-drug"), ("E", "study-drug-component")) if letter in what
    ]
    stated: list[tuple[str, Window | None]] = [(f"{a}-{b}", None) for a in reactions for b in objects]
    return read.found(stated, negated="N" in read.letters)


# --- abuse, smoking --------------------------------------------------------------------------------------

_SUBSTANCES = "alcohol|drug|drugs|substance|substances|illicit drug|illicit drugs|recreational drug"
_WAYS = "abuse|misuse|dependence|dependency|addiction|use disorder|use disorders"
_HABITS = Phrases(
    A=AGO,
    K=one_of("alcoholism|alcoholic|alcoholics"),
    W=one_of(_WAYS),
    U=one_of(_SUBSTANCES),
    n=one_of("current|currently|active|ongoing"),
    h=one_of("history of|a history of|known history of|past history of"),
    N=one_of("no|without|not have|absence of"),
    j=one_of("or|and / or|, or|/|,"),
    w=some_of(_WHO + " evidence of diagnosis diagnosed suffering from"),
)
_HABIT_LINE = re.compile(
    r"w?N?w?(?P<when>[nh]?)w?(?:K|U(?:jU)*W(?:jW)*)(?:j(?:K|U(?:jU)*W(?:jW)*))*(?P<ago>A?)"
)
_HABIT_HINTS = listed(
    "abuse misuse dependence dependency addiction disorder disorders alcoholism alcoholic alcoholics"
)
_HABIT_NAMES = {
    "abuse": "abuse", "misuse": "abuse", "dependence": "dependence", "dependency": "dependence",
    "addiction": "dependence", "use disorder": "use-disorder", "use disorders": "use-disorder",
}  # fmt: skip


def _habits(written: str, line: str, words: list[str], at: int) -> Found:
    read = fitting(_HABITS, _HABIT_LINE, written, line, words, at)
    if read is None or (read.match["when"] == "n" and read.match["ago"]):
        return NOTHING
    times = [phrase for phrase in read.phrases if phrase.letter in "Anh"]
    window = window_of(times[-1], written) if times else None
    stated: list[tuple[str, Window | None]] = []
    substances: list[str] = []
    before = ""
    for phrase in read.phrases:
        name = phrase.words.strip()
        if phrase.letter == "U":
            if before == "W":
                substances = []
            substances.append("drug" if "drug" in name else name.rstrip("s"))
        elif phrase.letter == "W":
            stated += [(f"{substance}-{_HABIT_NAMES[name]}", window) for substance in substances]
        elif phrase.letter == "K":
            stated.append(("alcohol-dependence", window))
        before = phrase.letter if phrase.letter in "UWK" else before
    return read.found(stated, negated="N" in read.letters)


_WHO_NOW = " ".join(word for word in _WHO.split() if word not in _PAST)
_SMOKES = Phrases(
    N=one_of("non|not|no|do not|does not|not currently|not be current"),
    n=one_of("current|currently|active|actively|at present|presently"),
    S=one_of(
        "smoker|smokers|smoke|smokes|smoking|cigarette smoker|cigarette smokers|tobacco smoker"
        "|tobacco smokers|cigarette smoking|tobacco smoking|smoke cigarettes|smokes cigarettes"
        "|smoking cigarettes|smoking tobacco|smoke tobacco"
    ),
    w=some_of(_WHO_NOW),
)
_SMOKE_LINE = re.compile(r"w?N?w?n?w?Sn?")
_SMOKE_HINTS = listed("smoker smokers smoke smokes smoking")


def _smoking(written: str, line: str, words: list[str], at: int) -> Found:
    read = fitting(_SMOKES, _SMOKE_LINE, written, line, words, at)
    if read is None:
        return NOTHING
    if "n" not in read.letters and "smoking " in read.phrases[-1].words:
        return NOTHING  # "smoking", as the name of a topic
    return read.found([("current-smoking", None)], negated="N" in read.letters)


# --- contraception ---------------------------------------------------------------------------------------

OF_POTENTIAL = one_of(
    "of childbearing potential|of child bearing potential|of reproductive potential|of childbearing age"
    "|of child bearing age|with reproductive potential|of reproductive age|with childbearing potential"
    "|of fertile age|who can become pregnant|with child bearing potential"
)
_METHOD = "method methods contraception contraceptive contraceptives measures control form forms"
_CONTRACEPTIVE = r"(?=(?:[a-z,]+ ){0,8}?(?:contraception|contraceptive|contraceptives|control) )" + ending_in(
    _METHOD,
    "a an the effective adequate acceptable medically reliable appropriate accepted approved medical"
    " of at least one birth and or , contraception",
)
_AS_LONG = rf"{one_of('during|throughout|for|while|from')}" + ending_in(
    "study trial period duration participation treatment course dose drug medication administration"
    " completion months month weeks days product end afterwards after therapy dosing thereafter",
    "the entire whole full of this their in and for at least until to up after following last final"
    " investigational through taking receiving on 1 2 3 4 5 6 7 8 10 12 14 16 20 24 28 30 60 90 100 120 150"
    " 180 one two three four six post discontinuation first screening enrollment signing",
)
WOMEN = "women|woman|females|female|female patients|female subjects|female participants|wocbp"
_MEN = (
    "men|males|male|male patients|male subjects|male participants|fertile men|fertile males"
    "|fertile male patients|sexually active men|sexually active males"
)
_CONTRACEPTION = Phrases(
    F=rf"(?:{some_of('all any the')})?{one_of(WOMEN)}(?:{OF_POTENTIAL})?(?:{one_of('( wocbp )')})?",
    M=rf"(?:{some_of('all any the')})?{one_of(_MEN)}(?:{OF_POTENTIAL})?",
    Z=rf"(?:{some_of('all any the')})?{one_of('patients|subjects|participants|individuals')}{OF_POTENTIAL}",
    D=one_of(
        "not using|not willing to use|unwilling to use|unwilling or unable to use|not practicing"
        "|not practising|refusing to use|not use|unable or unwilling to use|unwilling to practice"
        "|not agree to use|not willing to practice|do not use|does not use|refuse to use|unwilling to take"
        "|unwilling or unable to take"
    ),
    V=one_of(
        "use|using|agree to use|agrees to use|willing to use|willing and able to use|willingness to use"
        "|agreement to use|must use|practice|practicing|willing to practice|agree to practice|agree to take"
        "|employ|consent to use|able to use|agreed to use|able and willing to use"
    ),
    c=_CONTRACEPTIVE,
    b=one_of("must be used|should be used|is required|must be practiced"),
    t=_AS_LONG,
    a=one_of("and|or|and / or|,"),
    w=some_of(
        "who must should will that are is be have has agree to also for subject patient participant"
        " patients subjects participants"
    ),
)
_CONTRACEPTION_LINE = re.compile(r"w?(?P<who>(?:[FMZ](?:a[FMZ])?)?)a?w?(?:[DV]c|cb)t*")
_CONTRACEPTION_HINTS = listed("contraception contraceptive contraceptives birth")


def _contraception(written: str, line: str, words: list[str], at: int) -> Found:
    read = fitting(_CONTRACEPTION, _CONTRACEPTION_LINE, written, line, words, at)
    if read is None:
        return NOTHING
    who = read.match["who"]
    names = [
        name for letter, name in (("F", "contraception-women"), ("M", "contraception-men")) if letter in who
    ]
    if any(
        phrase.letter == "F"
        and "potential" not in phrase.words
        and "wocbp" not in phrase.words
        and "age" not in phrase.words
        and "pregnant" not in phrase.words
        for phrase in read.phrases
    ):
        return NOTHING  # all women, also those who cannot become pregnant?
    lasts = [phrase for phrase in read.phrases if phrase.letter == "t"]
    window = Window(written[lasts[0].start : lasts[-1].end], None, None) if lasts else None
    denied = "D" in read.letters
    stated = [read.constraint(name, window, negated=denied) for name in names or ["contraception"]]
    return tuple(stated), "any-of" if denied and len(stated) > 1 else "all-of"


FAMILIES: tuple[Family, ...] = (
    (_TRIAL_HINTS, _other_trials),
    (_ALLERGY_HINTS, _allergies),
    (_HABIT_HINTS, _habits),
    (_SMOKE_HINTS, _smoking),
    (_CONTRACEPTION_HINTS, _contraception),
)
HINTS: frozenset[str] = frozenset[str]().union(*(hints for hints, _ in FAMILIES))
"""A line without any of these is none of them."""

VOCABULARY: frozenset[str] = frozenset[str]().union(
    *(phrases.vocabulary for phrases in (_TRIALS, _ALLERGIES, _HABITS, _SMOKES, _CONTRACEPTION))
)
"""Every word of these lines."""
