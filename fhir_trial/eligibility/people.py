"""Lines without numbers that can still be understood in full: sex, pregnancy, language, a condition."""

import re
from collections.abc import Mapping
from functools import cache

from fhir_trial.eligibility.constraint import Constraint, Join, Reading, Window
from fhir_trial.eligibility.patterns import listed
from fhir_trial.eligibility.vocabulary import vocabulary

_WHO = (
    r"(?:all|any|both|those|patients?|subjects?|participants?|individuals?|volunteers?|people|persons?|candidates?"
    r"|women|woman|females?|mothers|girls|the|a|an|who|is|are|be|being|must|should|currently|current|presently"
    r"|known|known to be|have|has|in|period|of|at screening|at baseline|at enrol?lment"
    r"|at the time of (?:screening|enrol?lment|inclusion|randomi[sz]ation))"
)
_FEMALE = r"(?:women|woman|females?|wom[ae]n|girls?)"
_MALE = r"(?:men|man|males?|boys?)"
_PERSON = r"(?:patients?|subjects?|participants?|individuals?|volunteers?|persons?|people)"
_PREGNANT = r"pregnan(?:t|cy|cies)|gravid(?:ity)?"
_LACTATING = r"lactat(?:ing|ion)|breast[-\s]?feeding|nursing"
_INTENDING = (
    r"(?:plan(?:s|ned|ning)?|intend(?:s|ing)?|intention|intent|wish(?:es|ing)?|desir(?:e|es|ing)|considering|trying"
    r"|attempting|want(?:s|ing)?|hop(?:es?|ing))\s+(?:to|on|a|for|of)?\s*"
    r"(?:become\s+pregnant|becoming\s+pregnant|get\s+pregnant|getting\s+pregnant|be\s+pregnant|conceive|pregnancy)"
    r"(?P<when>\s+(?:during|within|in|over|for|while\s+in)(?:\s+(?:the|this|next|course|duration|of|clinical"
    r"|study|trial|treatment|period|participation|following|coming|\d{1,2}|months?|weeks?|years?))+)?"
)
_STAFF = r"(?!\s+(?:home|staff|care|facility|student|school))"
_EXPECTING = re.compile(
    rf"(?:{_WHO}\s+)*(?P<what>(?:{_PREGNANT}|{_LACTATING}|{_INTENDING}){_STAFF}"
    rf"(?:(?:\s+(?:{_FEMALE}|{_PERSON}))?(?:\s*[,/]\s*|\s+)?(?:or|and|and/or)?\s*(?:{_WHO}\s+)*"
    rf"(?:{_PREGNANT}|{_LACTATING}|{_INTENDING.replace('?P<when>', '?:')}){_STAFF})*)"
    rf"(?:\s+(?:{_FEMALE}|{_PERSON}|mothers|status|period|state)"
    r"|\s+at (?:the time of )?(?:screening|baseline|enrol?lment|entry|inclusion|randomi[sz]ation|consent)"
    r"|\s*\((?:females?|women)(?: only)?\))*\s*[.;,]*"
)
_INTENDED = re.compile(_INTENDING)
_DENIED = re.compile(rf"(?P<who>(?:{_WHO}\s+)*)(?:not|non)[-\s]+(?:be\s+)?(?:currently\s+)?(?P<rest>.+)")
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
_ABOUT_SPEAKING = re.compile(
    r"speak|fluen|proficien|litera|understand|read|communicat|language|convers|comprehen"
)
_DISEASE_LEAD = re.compile(
    r"(?:(?:patients?|subjects?|participants?|individuals?|adults|people|those|with|who have"
    r"|have|has|having|a|an|the|clinical|confirmed|established|documented|known|diagnosis|diagnosed|of|presence"
    r"|current|active)\s+)*"
)


_STATES = listed("pregnant pregnancy pregnancies lactating lactation lactate breast breastfeeding nursing")
_SEXES = listed("male males female females men women sex sexes gender genders boy boys girl girls")
_SPEECH = listed("english speak speaks speaking speaker speakers language languages fluent fluently fluency")
_LONGEST = 200
"""Characters; a longer line says more than one of these."""


def reading(text: str, lower: str, words: list[str], mesh_terms: Mapping[str, str] | None) -> Reading | None:
    """A line understood in full without a number, None for all others; words: those of the line."""
    if len(lower) > _LONGEST or (not mesh_terms and HINTS.isdisjoint(words)):
        return None
    line = lower.strip(" \t.;,:")
    found, join = _of_line(line, words, lower.find(line) if line else 0, mesh_terms)
    return Reading(text=text, status="computable", constraints=found, join=join) if found else None


HINTS = _STATES | _SEXES | _SPEECH


def _of_line(
    line: str, words: list[str], at: int, mesh_terms: Mapping[str, str] | None
) -> tuple[tuple[Constraint, ...], Join]:
    if not _STATES.isdisjoint(words):
        return _expecting(line, at)
    if not _SEXES.isdisjoint(words):
        found = _sex(line, at)
        if found:
            return found, "all-of"
    if not _SPEECH.isdisjoint(words) and len(line) < 150:
        return _speaks(line, at), "all-of"
    return (_condition(line, at, mesh_terms) if mesh_terms else ()), "all-of"


def _expecting(line: str, at: int) -> tuple[tuple[Constraint, ...], Join]:
    match = _EXPECTING.fullmatch(line)
    denied = None if match else _DENIED.fullmatch(line)
    if denied:
        match = _EXPECTING.fullmatch(denied["rest"])
    if match is None:
        return (), "all-of"
    intended = _INTENDED.search(match["what"])
    said = _INTENDED.sub("", match["what"])
    states = ["pregnancy"] if re.search("pregnan|gravid", said) else []
    states += ["lactation"] if re.search("lactat|breast|nursing", said) else []
    states += ["pregnancy-intention"] if intended else []
    when = intended["when"] if intended else None
    found = tuple(
        Constraint(
            variable=state,
            negated=bool(denied),
            window=Window(when.strip(), None, None) if when and state == "pregnancy-intention" else None,
            rule=f"{state}.state",
            start=at,
            end=at + len(line),
        )
        for state in states
    )
    # "Pregnant and nursing women" are two groups of women, not women who are both; denied, neither may hold.
    return found, "all-of" if denied or len(found) == 1 else "any-of"


def _sex(line: str, at: int) -> tuple[Constraint, ...]:
    match = _SEX.fullmatch(line)
    if match is None and _EITHER_SEX.fullmatch(line) is None:
        return ()
    words = [word for word in (match.groups() if match else ("female", "male")) if word]
    codes = dict.fromkeys("female" if re.fullmatch(_FEMALE, word) else "male" for word in words)
    return (Constraint(variable="sex", codes=tuple(codes), rule="sex.line", start=at, end=at + len(line)),)


def _speaks(line: str, at: int) -> tuple[Constraint, ...]:
    denied = _SPEAKS_NOT.match(line)
    match = _speaks_pattern().fullmatch(line[denied.end() :] if denied else line)
    if match is None or _ABOUT_SPEAKING.search(line) is None:
        return ()
    names = re.findall("|".join(vocabulary().languages), match["languages"])
    if len(names) > 1 and re.search(r"\band\b(?!/)", match["languages"]):
        return ()  # "English and Spanish": both, or whichever? The words do not say
    codes = tuple(dict.fromkeys(vocabulary().languages[name] for name in names))
    return (
        Constraint(
            variable="language",
            codes=codes,
            negated=bool(denied),
            rule="language.line",
            start=at,
            end=at + len(line),
        ),
    )


@cache
def _speaks_pattern() -> re.Pattern[str]:
    names = "|".join(vocabulary().languages)
    listed = rf"(?P<languages>(?:{names})(?:\s*(?:,|or|/|and|and/or|,\s*or)\s*(?:{names}))*)"
    return re.compile(_SPEAKS_BEFORE + listed + _SPEAKS_BEHIND)


def _condition(line: str, at: int, mesh_terms: Mapping[str, str]) -> tuple[Constraint, ...]:
    """A condition that is exactly one of the trial's own MeSH terms, also in its inverted form."""
    lead = _DISEASE_LEAD.match(line)
    name = line[lead.end() if lead else 0 :].strip(" .;,:")
    code = _names(tuple(mesh_terms.items())).get(name)
    if code is None:
        return ()
    return (
        Constraint(variable="condition", codes=(code,), rule="condition.mesh", start=at, end=at + len(line)),
    )


@cache
def _names(terms: tuple[tuple[str, str], ...]) -> dict[str, str]:
    names: dict[str, str] = {}
    for term, code in terms:
        words = term.lower()
        names[words] = code
        if words.count(", ") == 1:
            head, tail = words.split(", ")
            names[f"{tail} {head}"] = code
    return names
