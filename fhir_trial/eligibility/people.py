"""Lines without numbers that can still be understood in full: sex, pregnancy, language, a condition."""

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from msgspec.structs import replace

from fhir_trial.eligibility.constraint import Constraint, Join, Reading, Window
from fhir_trial.eligibility.patterns import listed
from fhir_trial.eligibility.sieve import words_of
from fhir_trial.eligibility.vocabulary import vocabulary
from fhir_trial.eligibility.words import abbreviates

_WHO = (
    r"(?:all|any|both|those|patients?|subjects?|participants?|individuals?|volunteers?|people|persons?|candidates?"
    r"|women|woman|females?|mothers|girls|the|a|an|who|is|are|be|being|must|should|currently|current|presently"
    r"|known|known to be|have|has|in|period|of|at screening|at baseline|at enrol?lment|that|active"
    r"|actively|confirmed|self[- ]reported|subject|state of"
    r"|for (?:female|women)(?: (?:subjects|patients|participants))?(?: only)?:"
    r"|(?:female|women)(?: (?:subjects|patients|participants))?:"
    r"|at the time of (?:screening|enrol?lment|inclusion|randomi[sz]ation))"
)
_FEMALE = r"(?:women|woman|females?|wom[ae]n|girls?)"
_MALE = r"(?:men|man|males?|boys?)"
_PERSON = r"(?:patients?|subjects?|participants?|individuals?|volunteers?|persons?|people)"
_PREGNANT = r"pregnan(?:t|cy|cies)|gravid(?:ity)?"
_LACTATING = r"lactat(?:ing|ion)|breast[-\s]?feeding|nursing"
_INTENDING = (
    r"(?:plan(?:s|ned|ning)?|intend(?:s|ing)?|intention|intent|wish(?:es|ing)?|desir(?:e|es|ing)|considering|trying"
    r"|attempting|attempts?|tr(?:y|ies)|want(?:s|ing)?|hop(?:es?|ing)|expect(?:s|ing|ed)?|anticipat(?:e|es|ing)"
    r"|contemplating|desirous)\s+(?:to|on|a|for|of|any)?\s*"
    r"(?:become\s+pregnant|becoming\s+pregnant|get(?:ting)?\s+pregnant|be(?:ing)?\s+pregnant|conceiv(?:e|ing)"
    r"|fall(?:ing)?\s+pregnant|pregnancy|pregnancies)"
    r"(?P<when>,?\s+(?:during|within|in|over|for|throughout|while\s+in|while\s+on)(?:[\s-]+(?:the|this|next|course"
    r"|duration|of|clinical|study|trial|treatment|period|participation|following|coming|projected|planned"
    r"|expected|entire|length|time|frame|their|\d{1,2}|one|two|three|six|twelve|days?|months?|weeks?|years?))+)?"
)
_STAFF = r"(?!\s+(?:home|staff|care|facility|student|school))"
_POINT = (
    r"at (?:the time of )?(?:screening|baseline|enrol?lment|entry|inclusion|randomi[sz]ation|consent)"
    r"|at the (?:start|beginning|onset) of (?:the )?(?:study|trial|treatment)"
)
_AT_A_POINT = re.compile(_POINT)
_EXPECTING = re.compile(
    rf"(?:{_WHO}\s+)*(?P<what>(?:{_PREGNANT}|{_LACTATING}|{_INTENDING}){_STAFF}"
    # Atomic, since "female" may be of the state before it and of the one behind it.
    rf"(?>(?:\s+(?:{_FEMALE}|{_PERSON}))?(?:\s*[,/]\s*|\s+)?(?:or|and|and/or)?\s*(?:{_WHO}\s+)*"
    rf"(?:{_PREGNANT}|{_LACTATING}|{_INTENDING.replace('?P<when>', '?:')}){_STAFF})*+)"
    rf"(?:\s+(?:{_FEMALE}|{_PERSON}|mothers|status|period|state|currently|presently|{_POINT})"
    r"|\s*\((?:(?:applicable|applies)\s+(?:only\s+)?(?:to|for)\s+|for\s+)?(?:females?|women"
    r"|female (?:subjects|patients|participants))(?: only)?\)"
    r"|\s*\((?:self[- ]report(?:ed)?|by self[- ]report)\))*\s*[.;,]*"
)
_INTENDED = re.compile(_INTENDING)
_DENIED = re.compile(rf"(?:{_WHO}\s+)*(?:not|non)[-\s]+(?:be\s+)?(?:currently\s+)?(?P<rest>.+)")
_DENIED_AGAIN = re.compile(r"(?:\s*,)?(?:\s+(?:and|or|nor))?\s+(?:not|non)[-\s]+(?:be\s+)?(?:currently\s+)?")
_NOT_ALL_DENIED = re.compile(r",|\band\b(?!\s*/)")
"""Behind this a denial may have ended: "not pregnant and planning to be"."""
_OR = re.compile(r"\b(?:or|nor)\b")
_SEX = re.compile(
    rf"(?:(?:{_PERSON}|of|either|both|all|sex(?:es)?|genders?|is|are|be|must|should|the|:|biological(?:ly)?)\s*)*"
    rf"(?P<first>{_FEMALE}|{_MALE})(?:\s*(?:or|and|/|&|,|and/or)\s*(?P<second>{_FEMALE}|{_MALE}))?"
    rf"(?:\s+(?:{_PERSON}|sex|gender|only|of any (?:race|ethnicity)))*\s*[.;,]*"
)
_EITHER_SEX = re.compile(
    r"(?:of\s+)?(?:both|either|any|all)\s+(?:sex(?:es)?|genders?)(?:\s+(?:eligible|allowed|included))?\s*[.;,]*"
)
_SPEAKS_NOT = re.compile(
    r"(?:(?:patients?|subjects?|participants?|individuals?|people|those|adults|who|that|are|is)\s+)*"
    r"(?:do(?:es)? not|don['’]t|can(?:\s?not|['’]t)|unable to|inability to|not able to|non|not being"
    r"|not|lack of)[-\s]+"
)
_SPEAKS_BEFORE = (
    rf"(?:(?:must|should|{_PERSON}|adults|the|a|be|is|are|have|has|who|to|can|able|ability|capable|of|both"
    r"|fluen(?:t|tly|cy)|proficien(?:t|cy)|literate|literacy|competent|competency|conversant|in|and|or|with"
    r"|speak(?:s|ing|ers?)?|read(?:s|ing)?|writ(?:e|es|ing|ten)|understand(?:s|ing)?|communicat(?:e|ing|ion)"
    r"|comprehend|spoken|converse|language|native|sufficient(?:ly)?|adequate(?:ly)?|good|command|knowledge"
    r"|verbal(?:ly)?|basic|comfortable)[\s,/-]+)*"
)
_SPEAKS_BEHIND = (
    r"(?:[\s,/-]+(?:speak(?:s|ing|ers?)?|languages?|fluen(?:t|tly|cy)|proficien(?:t|cy)|literate|and|or|read(?:ing)?"
    rf"|writ(?:e|ing|ten)|understand(?:ing)?|well|only|{_PERSON}|adults|able|to|spoken|verbal(?:ly)?))*\s*[.;,]*"
)
_ABOUT_SPEAKING = re.compile(r"speak|fluen|proficien|understand|communicat|language|convers|comprehen")
_SURELY_SPEAKING = re.compile(r"speak|spoken|understand|communicat|convers|comprehen|verbal")
"""Without these it may be reading in which one is fluent."""
_ABOUT_READING = re.compile(r"read|writ|litera")
"""To read a language is not to speak it."""
_DISEASE_LEAD = re.compile(
    r"(?:(?:patients?|subjects?|participants?|individuals?|adults|people|persons?|those|all|with|who|must|should"
    r"|have|has|having|had|is|are|be|been|being|a|an|the|clinical|clinically|confirmed|established|documented|known"
    r"|diagnosis|diagnoses|diagnosed|physician[- ]diagnosed|of|as|presence|current|currently|active|medical"
    r"|suffer(?:s|ing)?|from|evidence|proven|history|any|primary diagnosis|co-?existing|concomitant"
    r"|concurrent|pre-?existing)(?:\s*:)?\s+)*"
)
_DISEASE_DENIED = re.compile(
    r"(?:(?:patients?|subjects?|participants?|individuals?|people|those|who|with|do|does|have|has|had|must|should)\s+)*"
    r"(?:no|not|without|absence\s+of|free\s+of|never)\s+"
)
_DISEASE_BEHIND = re.compile(
    r"\s+(?:patients?|subjects?|participants?|sufferers|diagnosis|disease history)\Z"
)
_ROMAN_TYPE = re.compile(r"\btype[- ](i{1,3}|iv)\b")
_ARABIC = {"i": "1", "ii": "2", "iii": "3", "iv": "4"}


_STATES = listed(
    "pregnant pregnancy pregnancies lactating lactation lactate breast breastfeeding nursing conceive"
    " conceiving gravid"
)
_SEXES = listed("male males female females men women sex sexes gender genders boy boys girl girls")
_SPEECH = listed("english speak speaks speaking speaker speakers language languages fluent fluently fluency")
LONGEST = 200
"""Characters; a longer line says more than one of these."""


class Terms:
    """The MeSH terms of a trial, ready to be found in its lines."""

    def __init__(self, terms: Mapping[str, str]) -> None:
        """terms: the words of a term -> its id; of two terms that are spelt alike the later one counts."""
        self._by_word: dict[str, list[tuple[int, str, str]]] = {}
        for place, (term, code) in enumerate(terms.items()):
            lower = term.lower()
            words = [word for word in words_of(lower) if word != "mellitus"]
            if words:
                # the longest word, which no spelling of a term leaves out
                self._by_word.setdefault(max(words, key=len), []).append((place, lower, code))

    def may_be_in(self, words: list[str]) -> bool:
        """Whether a line of these words can name a term."""
        return not self._by_word.keys().isdisjoint(words)

    def code(self, name: str, words: list[str]) -> str | None:
        """The id of the term of this name, one of a line of these words."""
        found = max(
            (
                (place, code)
                for word in set(words)
                for place, term, code in self._by_word.get(word, ())
                if name in _spellings(term)
            ),
            default=None,
        )
        return found[1] if found else None


def reading(text: str, lower: str, words: list[str], terms: Terms | None) -> Reading | None:
    """A line with a hint or a term, understood in full without a number; words: those of the line.

    None for all others.
    """
    if len(lower) > LONGEST:
        return None
    line = lower.strip(" \t.;,:")
    found, join = _of_line(line, words, lower.find(line) if line else 0, terms)
    found = tuple(_as_written(constraint, text, lower) for constraint in found)
    return Reading(text=text, status="computable", constraints=found, join=join) if found else None


def _as_written(constraint: Constraint, text: str, lower: str) -> Constraint:
    """The constraint with its time in the letters of the text; reading was in lower case."""
    if constraint.window is None:
        return constraint
    at = lower.find(constraint.window.text)
    words = text[at : at + len(constraint.window.text)]
    return replace(constraint, window=Window(words, None, None))


HINTS = _STATES | _SEXES | _SPEECH
"""A line without any of these, and without a term of the trial, is none of them."""


def _of_line(
    line: str, words: list[str], at: int, terms: Terms | None
) -> tuple[tuple[Constraint, ...], Join]:
    if not _STATES.isdisjoint(words):
        return _expecting(line, at)
    if not _SEXES.isdisjoint(words):
        found = _sex(line, at)
        if found:
            return found, "all-of"
    if not _SPEECH.isdisjoint(words) and len(line) < 150:
        return _speaks(line, at)
    return (_condition(line, words, at, terms) if terms else ()), "all-of"


def _expecting(line: str, at: int) -> tuple[tuple[Constraint, ...], Join]:
    match = _EXPECTING.fullmatch(line)
    denied = None if match else _DENIED.fullmatch(line)
    if denied:
        rest = _DENIED_AGAIN.sub(" or ", denied["rest"])
        if _NOT_ALL_DENIED.search(rest) is not None and _OR.search(rest) is None:
            return (), "all-of"
        match = _EXPECTING.fullmatch(rest)
    if match is None:
        return (), "all-of"
    intended = _INTENDED.search(match["what"])
    said = _INTENDED.sub("", match["what"])
    states = ["pregnancy"] if re.search("pregnan|gravid", said) else []
    states += ["lactation"] if re.search("lactat|breast|nursing", said) else []
    states += ["pregnancy-intention"] if intended else []
    when = intended["when"] if intended else None
    point = _AT_A_POINT.search(line)
    found = tuple(
        Constraint(
            variable=state,
            negated=bool(denied),
            window=_when(when if state == "pregnancy-intention" else None, point),
            rule=f"{state}.state",
            start=at,
            end=at + len(line),
        )
        for state in states
    )
    # "Pregnant and nursing women" are two groups of women, not women who are both; denied, neither may hold.
    return found, "all-of" if denied or len(found) == 1 else "any-of"


def _when(intended: str | None, point: re.Match[str] | None) -> Window | None:
    """The time of an intention, or the point in time that holds for all of the line."""
    words = intended.strip(" ,") if intended else point[0] if point else ""
    return Window(words, None, None) if words else None


def _sex(line: str, at: int) -> tuple[Constraint, ...]:
    match = _SEX.fullmatch(line)
    if match is None and _EITHER_SEX.fullmatch(line) is None:
        return ()
    words = [word for word in (match.groups() if match else ("female", "male")) if word]
    codes = dict.fromkeys("female" if re.fullmatch(_FEMALE, word) else "male" for word in words)
    return (Constraint(variable="sex", codes=tuple(codes), rule="sex.line", start=at, end=at + len(line)),)


def _speaks(line: str, at: int) -> tuple[tuple[Constraint, ...], Join]:
    """The languages that somebody has to speak, or to read, or both."""
    denied = _SPEAKS_NOT.match(line)
    match = _speaks_pattern().fullmatch(line[denied.end() :] if denied else line)
    reads = _ABOUT_READING.search(line) is not None
    speaks = (_SURELY_SPEAKING if reads else _ABOUT_SPEAKING).search(line) is not None
    if match is None or not (speaks or reads) or (speaks and reads and denied):
        return (), "all-of"  # "unable to speak and read": neither of them, or not both?
    names = re.findall("|".join(vocabulary().languages), match["languages"])
    if len(names) > 1 and re.search(r"\band\b(?!/)", match["languages"]):
        return (), "all-of"  # "English and Spanish": both, or whichever? The words do not say
    codes = tuple(dict.fromkeys(vocabulary().languages[name] for name in names))
    asked = ["language"] if speaks else []
    asked += ["language-literacy"] if reads else []
    found = tuple(
        Constraint(
            variable=variable,
            codes=codes,
            negated=bool(denied),
            rule="language.line",
            start=at,
            end=at + len(line),
        )
        for variable in asked
    )
    ways = line.replace(match["languages"], "")
    return found, "any-of" if len(found) > 1 and re.search(r"\bor\b", ways) else "all-of"


@cache
def _speaks_pattern() -> re.Pattern[str]:
    names = "|".join(vocabulary().languages)
    listed = rf"(?P<languages>(?:{names})(?:\s*(?:,|or|/|and|and/or|,\s*or)\s*(?:{names}))*)"
    return re.compile(_SPEAKS_BEFORE + listed + _SPEAKS_BEHIND)


def _condition(line: str, words: list[str], at: int, terms: Terms) -> tuple[Constraint, ...]:
    """A condition that is exactly one of the trial's own MeSH terms, also in its inverted form."""
    if len(line) > LONGEST_CONDITION:
        return ()
    denied = _DISEASE_DENIED.match(line)
    rest = line[denied.end() :] if denied else line
    lead = _DISEASE_LEAD.match(rest)
    name = _DISEASE_BEHIND.sub("", rest[lead.end() if lead else 0 :].strip(" .;,:"))
    code = terms.code(_plain(name), words)
    if code is None:
        return ()
    return (
        Constraint(
            variable="condition",
            codes=(code,),
            negated=denied is not None,
            rule="condition.mesh",
            start=at,
            end=at + len(line),
        ),
    )


LONGEST_CONDITION = 120
"""Characters; a longer line is not just a condition."""


def _plain(name: str) -> str:
    """A name of a condition in one spelling: arabic types, no hyphens, no abbreviation behind it."""
    name = _ROMAN_TYPE.sub(lambda match: f"type {_ARABIC[match[1]]}", name)
    words = _without_abbreviation(name).replace("-", " ").replace("'s", "").replace("  ", " ")
    return words.replace("diabetes mellitus", "diabetes") if "type" in words else words


_ABBREVIATED = re.compile(r"\s*\(([a-z][a-z0-9-]{1,8})\)\Z")


def _without_abbreviation(name: str) -> str:
    """A name without its own abbreviation in brackets; "asthma (mild)" is not just asthma."""
    match = _ABBREVIATED.search(name)
    if match is None:
        return name
    before, short = name[: match.start()], match[1]
    if any(sign.isdigit() and sign not in before for sign in short):
        return name  # "diabetes type 2 (T1DM)"
    letters = "".join(filter(str.isalpha, short))
    typed = short.startswith(("t1", "t2")) and abbreviates(letters[1:], before)
    return before if typed or abbreviates(letters, before) else name


@lru_cache(maxsize=1024)
def _spellings(term: str) -> frozenset[str]:
    """The ways to write a term: as it is, and turned around at its comma."""
    plain = _plain(term)
    if plain.count(", ") != 1:
        return frozenset((plain,))
    head, tail = plain.split(", ")
    return frozenset((plain, f"{tail} {head}", f"{head} {tail}"))
