"""Knows the words that stand for themselves, so that most of a line never meets a regular expression.

A word has a letter of its own if nothing longer, and no other kind of token, can begin with it and go on with
the word behind it.
"""

import re
from functools import cache, lru_cache

from fhir_trial.eligibility.patterns import NUMERALS, listed
from fhir_trial.eligibility.vocabulary import vocabulary

WORD_KINDS = {"female": "F", "male": "X", "subject": "S", "lifestage": "C", "filler": "f"}
"""The lists of `words.csv`, in the order in which they are looked up -> their letters."""

RUN = re.compile(r"[^\W_]+")
"""Letters and digits without anything between them."""
_ALONE = {")": ")", "]": ")", ":": ":", ";": ",", "•": ".", '"': "."} | {"to": "r"}
_OPENING = (
    "over", "above", "under", "below", "exceed", "beyond", "min", "max", "elder", "older", "younger",
    "upward", "greater", "less", "equal", "uln", "unl", "lln", "iuln", "illn", "institut", "local", "lab",
    "central", "site", "center", "study", "normal", "applicable", "respective", "ageap", "agead", "agesp",
)  # fmt: skip
"""What the words of comparisons and limits of normal begin with."""
_UNLIKE = listed(
    "undergoing undergo underwent undergone underlying overall overweight overnight overactive understand"
    " understanding localized localised minor minutes minimal"
)
"""Common words that only begin like these."""
_OPENERS = listed(
    "within in during over at prior before on upon by when as of old olds y yo age ages aged and or but plus"
    " more higher larger longer bigger with the a no not never nor starting from lower fewer smaller shorter"
    " up superior inferior birth outside x times fold than upper between range ranges ranging ranged to"
    " through till until thru twice thrice"
)
"""Words that begin a comparison, a time or a limit of normal."""
_SIGNS = re.compile(r"[^\w\s'-]")
_DASHES = "[-‐‑–]"
_APOSTROPHES = "['’`]"
_GLUED = re.compile(r"(?:to|or|status|x)\d.{0,9}\Z")
"""Short words that stand for themselves though a number is glued to them ("to75", "status0-2")."""
_LEAST = "at|the|a|min|life"
_NORMAL = "inst|local|lab|cent|site|stud|normal|applic|respec|age|i?uln|unl|i?lln|upper|lower"
_POST = "older|upward|elder|younger"
_POST_WORDS = f"{_POST}|up|over|above|more|great|higher|long|beyond|at|under|below|less|lower|few|short|small"
_LESS = "be|less|low|few|young|small|short|under|below|more|great|high|old|lar|long|over|above|to|exc"
_POINT = (
    "the|their|your|study|initial|first|sign|of|written|inform|random|trial|time|a|date|point|day|provid|giving"
    "|obtain|enter|start|this|in|screen|base|enrol|inclu|entry|recruit|regist|consent|visit|assent|dos|icf|partic"
    "|vacc|proced|surg|treat|hosp|admi|transp"
)
_LENGTH = r"the|last|past|prev|prior|prec|first|\d|one|two|three|four|five|six|seven|eight|ten|twelve"
_GOING_ON = {
    ",": (",", _POST), "/": ("/", _POST), "(": ("(", "both|incl|e?s$|[<>≤≥=]"),
    ".": (".", r"\d"), "-": ("r", r"\d"),
    "≥": ("O", "to$"), "≤": ("O", "to$"), ">": ("O", r"[=/>＝(_]|or"), "<": ("O", r"[=/<＝(_]|or|u$"),
    "or": ("|", rf"{_POST_WORDS}|/|equal"), "and": ("&", rf"{_POST_WORDS}|/"),
    "of": ("f", _LEAST), "with": ("f", _LEAST), "the": ("f", rf"at|a|min|{_NORMAL}"), "a": ("f", "min|max"),
    "in": ("f", rf"{_LENGTH}|excess"), "as": ("f", "of|well"), "by": ("f", _POINT), "on": ("f", _POINT),
    "at": ("f", rf"{_POINT}|least|most|min|or$|/"), "from": ("b", r"\d|birth"), "study": ("?", _NORMAL),
    "before": ("?", _POINT), "during": ("?", rf"{_LENGTH}|{_POINT}"), "when": ("?", _POINT),
    "prior": ("?", "to"), "not": ("?", rf"{_LESS}|[<>]|in|sup"), "no": ("?", _LESS),
}  # fmt: skip
"""What has a letter of its own unless it goes on like this."""
_ENDING_A_NUMBER = listed(") ] ; or to ≥ ≤ < > =") | {""}
"""Behind these a number is all that it looks like: no unit, no decimals, no weeks and days."""
OPERATORS = {"≥": "ge", "≤": "le", ">": "gt", "<": "lt"}


@lru_cache(maxsize=32_768)
def letter(word: str, behind: str) -> str:
    """The letter of a word or sign in front of another, "" if more of the line has to be looked at."""
    if word in _ALONE:
        return _ALONE[word]
    if word.isdecimal():
        return "N" if behind in _ENDING_A_NUMBER else ""
    known = _longer().get(word)
    if known is not None:
        kind, going_on = known
        return "" if _one_of(going_on).match(behind) else kind
    kind = _of_its_own(word)
    if kind and len(OF_ITS_OWN) < 32_768:
        OF_ITS_OWN[word] = kind
    return kind


OF_ITS_OWN: dict[str, str] = {}
"""The words met so far that have a letter whatever stands behind them."""


def _of_its_own(word: str) -> str:
    run = RUN.match(word)
    if run is None or not "a" <= word[0] <= "z" or _GLUED.match(word) is not None:
        return ""
    first = run[0]
    if first not in _UNLIKE and (first in _openers() or first.startswith(_OPENING)):
        return ""
    kind = _listed().get(first)
    if kind is None:
        return "?"
    return kind if first == word else ""


@cache
def _longer() -> dict[str, tuple[str, frozenset[str]]]:
    """Word -> its letter, and what behind it would make it more than itself."""
    beginnings: dict[str, set[str]] = {word: {going_on} for word, (_, going_on) in _GOING_ON.items()}
    singles = {name for name in _names() if RUN.fullmatch(name)} | NUMERALS
    for entry in _names() + _entries():
        first, *more = RUN.findall(entry)
        if first != entry and first not in singles and (first in _GOING_ON or not _begins_more(first)):
            rests = beginnings.setdefault(first, set())
            behind = [part[0] if part[0].isdigit() else part for part in more[:1]]
            rests.update(map(re.escape, [*behind, *_SIGNS.findall(entry)]))
            rests |= {_DASHES, _APOSTROPHES}
    letters = {word: kind for word, (kind, _) in _GOING_ON.items()}
    return {
        word: (letters.get(word) or _listed().get(word, "?"), frozenset(rests))
        for word, rests in beginnings.items()
        if "a" <= word[0] <= "z" or word in letters
    }


@cache
def _one_of(patterns: frozenset[str]) -> re.Pattern[str]:
    """Any of some patterns; made when it is asked for, since a record has few of these words."""
    return re.compile("|".join(sorted(patterns)))


def _begins_more(word: str) -> bool:
    return word in _OPENERS or word.startswith(_OPENING)


@cache
def _names() -> list[str]:
    """Every name of a variable that begins with a letter or digit."""
    names = [alias for variable in vocabulary().variables.values() for alias in variable.aliases]
    return [name for name in names if RUN.match(name)]


@cache
def _entries() -> list[str]:
    """Every entry of the lists."""
    return [word for kind in WORD_KINDS for word in vocabulary().words[kind]]


def abbreviates(letters: str, name: str) -> bool:
    """Whether a name begins with the first of some letters and has the others in their order."""
    rest = iter(name[1:])
    return bool(letters) and name[:1] == letters[0] and all(letter in rest for letter in letters[1:])


def beginnings(name: str) -> list[str]:
    """The runs of letters and digits that a name may begin with, as spaces and hyphens are left out."""
    parts = RUN.findall(name)
    return ["".join(parts[:end]) for end in range(1, len(parts) + 1)]


@cache
def _openers() -> frozenset[str]:
    """Words that a longer token, or another kind of token, can begin with, also written together."""
    several = [entry for entry in _entries() if not RUN.fullmatch(entry)]
    written = {begun for entry in _names() + several for begun in beginnings(entry)}
    return frozenset(written | NUMERALS | _OPENERS)


@cache
def _listed() -> dict[str, str]:
    """Word of the lists -> its letter; of two, the one that is looked for first."""
    table = vocabulary().words
    return {word: WORD_KINDS[kind] for kind in reversed(WORD_KINDS) for word in table[kind]}
