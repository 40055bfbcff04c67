"""Cuts a line into the tokens that limits are made of; each token is one letter of a pattern."""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from fhir_trial.eligibility.trie import alternation
from fhir_trial.eligibility.vocabulary import squeezed, vocabulary

# The letters:
#   A age   V another variable   K "old", "of age"
#   N number   Q number and unit   T number and unit of time   L number of times a limit   M number times something
#   U a limit without a number   O comparison before its number   P comparison behind it
#   b between   r to   & and   | or   / slash   ( ) , : .
#   F female   X male   S subject   C stage of life   f filler   w window   ? anything else


class Token(NamedTuple):
    """One token: its letter, where it stands, and the parts of the match that later steps ask for."""

    kind: str
    start: int
    end: int
    text: str
    number: str = ""
    unit: str = ""


_WORD_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19, "twenty": 20, "twenty-one": 21, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "sixty-five": 65, "seventy": 70, "seventy-five": 75, "eighty": 80, "eighty-five": 85, "ninety": 90,
    "hundred": 100,
}  # fmt: skip
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6}

_NUMBER = (
    r"(?:\d{1,3}(?:[,'’ \xa0]\d{3})+(?:\.\d+)?(?![\d,])|\d+(?:[.,·]\d+)*|\.\d+"
    rf"|(?:{'|'.join(sorted(_WORD_NUMBERS, key=len, reverse=True))})\b(?:\s*\(\d+\))?"
    r"|(?:iii|ii|iv|vi|i|v)\b(?!\.))"
)
_TIME = (
    r"(?P<time>-?\s*(?:years?|yrs?|y(?=\s*(?:\b|/?o))|months?|mos?\b|weeks?|wks?|days?|hours?|hrs?)"
    r"(?:['’]s?)?(?![a-z0-9]))(?:\s*-\s*(?=old))?"
)
_LIMIT = (
    r"(?P<limit>(?:[x×✕*·]\s*|times\s+|-?\s*fold\s+|\s*-\s*times\s+)?(?:(?:greater|higher|more|above|over|than|of)\s+){0,2}"
    r"(?:the\s+)?(?:(?:institution(?:al|'s|’s)?|institutes?|local|laborator(?:y|ies)|lab|central|site|center|study|normal"
    r"|applicable|respective|age[- ]?(?:appropriate|adjusted|specific)?)['’]?s?\s+){0,3}"
    r"(?:uln|lln|(?P<side>upper|lower)\s+(?:limits?|levels?|values?|range|end|bounds?|boundary)"
    r"(?:\s+of)?(?:\s+the)?(?:\s+(?:institutional|laboratory|local|reference))?(?:\s+normal)?"
    r"(?:\s+(?:range|value|limit|reference)s?)?|(?:upper|lower)\s+normal(?:\s+(?:range|limit|value)s?)?"
    r"|(?:upper|lower)\s+reference\s+(?:limit|range)s?|normal\s+(?:upper|lower)\s+limits?)"
    r"(?![a-z])(?:\s*\(\s*(?:uln|lln)\s*\))?"
    r"(?:\s*(?:of|for)\s+(?:the\s+)?(?:normal|reference|laboratory|institution\w*|local lab\w*)(?:\s+(?:range|values?|laboratory))?)?)"
)
_POWER = (
    r"(?:[x×✕*·•]\s*)?10\s*(?:\^|\*\*|\*|e|exp|\()?\s*(?P<power>12|[369]|[³⁶⁹])\)?\s*(?:cells|platelets)?"
    r"\s*(?P<per>(?:/|per)\s*(?:l|ml|µl|μl|ul|mcl|mm3|mm\^3|mm³|liter|litre|cumm)(?![a-z0-9]))"
)
_ANCHOR = (
    r"(?:(?:the|their|your|study|initial|first|signing|signature|of|written|informed|randomi[sz]ation|trial|time|a"
    r"|date|point|day|providing|giving|obtaining|entering|starting|this|in)\s+){0,6}"
    r"(?:screening|baseline|enrol?lments?|randomi[sz]ation|inclusion|entry|recruitment|registration"
    r"|consent(?:ing|ed)?|(?:first|initial)\s+(?:dose|dosing|administration)|start|visit\s*(?:\d|v\d)?|assent|dosing"
    r"|study|trial|icf|participation|vaccination|informed\s+consent\s+form|screen|procedure|surgery|treatment|transplant(?:ation)?)"
    r"(?:\s+(?:visit|period|phase|screening|form|entry|date|assessment))?"
    r"(?:\s+(?:of|into|in|to|for|with)\s+(?:the\s+)?(?:(?:study|investigational|trial|protocol)\s*(?:drugs?|treatments?|products?"
    r"|medications?|agents?|therapy|intervention|entry|enrolment)?|treatment|therapy|informed consent|consent|screening))?(?![a-z])"
)
_WINDOW = (
    r"(?:(?:within|in|during|over(?=\s+the\s))\s+(?:the\s+)?(?:last|past|previous|prior|preceding|first)?\s*"
    r"(?P<span>\d+|one|two|three|four|five|six|seven|eight|ten|twelve)(?:\s*\(\s*\w+\s*\))?\s*-?"
    r"(?P<spanunit>hours?|hrs?|h|days?|weeks?|wks?|months?|years?|d)(?![a-z])(?:['’])?"
    r"(?:\s*(?:\([+±-]?\s*\d+\s*days?\)\s*)?(?:immediately\s+)?(?:prior\s+to|before|preceding|of|from|following|after)\s+"
    rf"{_ANCHOR})?"
    rf"|(?:at|prior\s+to|before|on|during|upon|by|when|as\s+of)\s+{_ANCHOR})"
)
_GE = (
    r"≥|⩾|≧|＞＝|>\s*/?\s*=|=\s*>|>\s*or\s*=|≥\s*/\s*=|>\s*/\s*=|>\s*or\s+equal(?:\s+to)?|\\geq?"
    r"|(?:greater|more|higher|older|larger|longer|bigger)\s+(?:than\s+)?(?:or|and)\s+equal\s+(?:to|than)?"
    r"|(?:greater|more|higher|older|larger)\s+than\s*(?:,\s*)?(?:or|/)\s*(?:equal(?:s)?(?:\s+to)?|=)"
    r"|equal(?:s)?\s*(?:to)?\s*(?:or|/|and)\s*(?:greater|more|above|higher|older|over|larger)(?:\s+than)?"
    r"|(?:at|of|with)?\s*(?:the\s+)?(?:at\s+least|a\s+minimum\s+of|at\s+a\s+minimum|minimum\s+of|minimum|minimally|min\.?(?=\s*\d))"
    r"|(?:no|not|never|nor)\s+(?:be\s+)?(?:less|lower|fewer|younger|smaller|shorter|under|below)\s*(?:than)?"
    r"|starting\s+(?:at|from)|from\s+(?=\d+\s*(?:years?|yrs?)?\s*(?:and|or|of age and|of age or)\s+(?:older|above|over))"
)
_LE = (
    r"≤|⩽|≦|<\s*/?\s*=|=\s*<|<\s*or\s*=|≤\s*/\s*=|<\s*or\s+equal(?:\s+to)?|\\leq?"
    r"|(?:less|lower|fewer|younger|smaller|shorter)\s+(?:than\s+)?(?:or|and)\s+equal\s+(?:to|than)?"
    r"|(?:less|lower|fewer|younger|smaller)\s+than\s*(?:,\s*)?(?:or|/)\s*(?:equal(?:s)?(?:\s+to)?|=)"
    r"|equal(?:s)?\s*(?:to)?\s*(?:or|/|and)\s*(?:less|lower|below|under|younger|smaller|fewer)(?:\s+than)?"
    r"|at\s+most|a\s+maximum\s+of|maximum\s+of|maximum|max\.?(?=\s*\d)|up\s+to(?:\s+and\s+including)?"
    r"|(?:no|not|never|nor)\s+(?:be\s+)?(?:more|greater|higher|older|larger|longer|over|above)\s*(?:than)?"
    r"|(?:not|no|never)\s+(?:to\s+)?exceed(?:s|ing|ed)?|not\s*>|not\s+in\s+excess\s+of"
)
_GT = (
    r">{1,2}|＞|﹥|(?:greater|more|higher|older|larger|longer|bigger)\s+than|over(?!\s+the\s+(?:past|last))|above|exceed(?:s|ing|ed)?"
    r"|in\s+excess\s+of|superior\s+to|beyond|older\s+then|greater\s+then|more\s+then|higher\s+then|greater(?=\s*\d)"
)
_LT = (
    r"<{1,2}|＜|﹤|(?:less|lower|fewer|younger|smaller|shorter)\s+(?:than|then)|under|below|inferior\s+to|less(?=\s*\d)"
)
_AGEY = re.compile(r"old|young|elder")
_POST = (
    r"(?P<postge>\+(?!\s*\d)|(?:or|and|&|/|,)?\s*(?:older|upwards?|elder)(?!\s+(?:than|then))|(?:or|and|&)\s+up(?!\s+to)|plus(?=\s|$)"
    r"|(?:or|and|&)\s+(?:over|above|more|greater|higher|longer|beyond|at\s+least)(?!\s*(?:than|then|or|[\d≥>=]|the\s+age)))"
    r"|(?P<postle>(?:or|and|&|/|,)?\s*younger(?!\s+(?:than|then))"
    r"|(?:or|and|&)\s+(?:under|below|less|lower|fewer|shorter|smaller)(?!\s*(?:than|then|or|[\d≤<=]|the\s+age)))"
)
_CODES = {"postge": "ge", "postle": "le"}


@cache
def _lexer() -> re.Pattern[str]:
    """All tokens in one expression; the earlier alternative wins."""
    words = vocabulary()
    variables = alternation(alias for variable in words.variables.values() for alias in variable.aliases)
    units = alternation(alias for unit in words.units.values() if unit.dimension != "time" for alias in unit.aliases)
    short = alternation(["ms", "msec", "msecs", "millisecond", "milliseconds", "s", "sec", "secs", "seconds", "second"])
    kinds = {kind: alternation(words.words[kind]) for kind in words.words}
    edge = r"(?![a-z0-9µ])"
    return re.compile(
        rf"(?P<window>{_WINDOW})"
        rf"|(?P<variable>{variables}){edge}"
        rf"|(?P<old>of\s+age{edge}|olds?{edge}(?!er)|y\.?/?o\.?{edge}|aged?{edge}(?=\s*[,;.)]?\s*$))"
        rf"|(?P<post>{_POST})"
        rf"|(?P<ge>{_GE})|(?P<le>{_LE})|(?P<gt>{_GT})|(?P<lt>{_LT})|(?P<eq>==?|equals?(?:\s+to)?{edge})"
        rf"|(?P<number>{_NUMBER})(?!(?:st|nd|rd|th){edge})"
        rf"(?:\s*(?:{_POWER}|{_TIME}|{_LIMIT}|(?P<times>[x×✕*]|times|-?\s*fold)(?![a-z])|[-\s]*(?P<unit>{units}|{short}){edge}))?"
        rf"|(?P<bare>{_LIMIT.replace('?P<limit>', '?:').replace('?P<side>', '?:')})"
        r"|(?P<between>between|from|in\s+the\s+range\s+of|in\s+the\s+range|ranging\s+from|range\s+of)\b"
        r"|(?P<to>[-‐‑–—−~∼～]|\b(?:to|through|till|until|thru)\b)"
        r"|(?P<or>and\s*/\s*or\b|or\s*/\s*and\b|or\b)|(?P<and>and\b|&|but\b|as\s+well\s+as\b)"
        r"|(?P<slash>/)|(?P<open>[(\[])|(?P<close>[)\]])|(?P<comma>[,;])|(?P<colon>:)|(?P<stop>[.•*\"'])"
        rf"|(?P<female>{kinds['female']}){edge}|(?P<male>{kinds['male']}){edge}|(?P<subject>{kinds['subject']}){edge}"
        rf"|(?P<lifestage>{kinds['lifestage']}){edge}"
        rf"|(?P<filler>{kinds['filler']}|years?|months?){edge}"
        r"|(?P<other>[^\W\d_][^\W_]*(?:['’-][^\W_]+)*|\S)"
    )


_LETTERS = {
    "ge": "O", "gt": "O", "le": "O", "lt": "O", "eq": "O", "post": "P", "old": "K", "between": "b", "to": "r",
    "or": "|", "and": "&", "slash": "/", "open": "(", "close": ")", "comma": ",", "colon": ":", "stop": ".",
    "female": "F", "male": "X", "subject": "S", "lifestage": "C", "filler": "f", "other": "?", "window": "w", "bare": "U",
}  # fmt: skip


def lowered(text: str) -> str:
    """Lower case of the same length, so that offsets stay true."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(c if len(c.lower()) > 1 else c.lower() for c in text)


def tokens(lower: str) -> Iterator[Token]:
    """The tokens of a line in lower case, without the spaces between them."""
    by_alias = vocabulary().by_alias
    for match in _lexer().finditer(lower):
        kind = match.lastgroup
        if match["number"] is not None:
            yield _number(match)
        elif match["window"] is not None:
            yield Token("w", match.start(), match.end(), match[0], match["span"] or "", match["spanunit"] or "")
        elif match["post"] is not None:
            code = "ge" if match["postge"] is not None else "le"
            yield Token("P", match.start(), match.end(), match[0], code)
        elif match["bare"] is not None:
            yield Token("U", match.start(), match.end(), match[0], "", _side(match[0]))
        elif match["variable"] is not None:
            variable = by_alias[squeezed(match["variable"])]
            yield Token("A" if variable.id == "age" else "V", match.start(), match.end(), match[0], "", variable.id)
        elif kind is not None:
            letter = _LETTERS[kind]
            start, end = match.span()
            yield Token(letter, start, end, match[0], kind if letter == "O" else "")


def _number(match: re.Match[str]) -> Token:
    start, end = match.span()
    number = match["number"]
    if match["time"] is not None:
        return Token("T", start, end, match[0], number, match["time"].strip(" -'’"))
    if match["limit"] is not None:
        return Token("L", start, end, match[0], number, _side(match["limit"]))
    if match["times"] is not None:
        return Token("M", start, end, match[0], number)
    if match["per"] is not None:
        power = {"³": "3", "⁶": "6", "⁹": "9"}.get(match["power"], match["power"])
        per = re.sub(r"\s|per", "", match["per"].replace("per", "/"))
        return Token("Q", start, end, match[0], number, f"e{power}{per}")
    if match["unit"] is not None:
        return Token("Q", start, end, match[0], number, match["unit"])
    return Token("N", start, end, match[0], number)


def _side(words: str) -> str:
    return "LLN" if "lower" in words or "lln" in words else "ULN"


def is_about_age(comparison: str) -> bool:
    """Whether a comparison can only be of ages ("older than")."""
    return _AGEY.search(comparison) is not None


def number_word(text: str) -> int | None:
    """The number that a word or a roman numeral stands for."""
    return _WORD_NUMBERS.get(re.sub(r"\s*\(.*", "", text)) or _ROMAN.get(text)


def is_roman(text: str) -> bool:
    """Whether a number is written as a roman numeral."""
    return text in _ROMAN
