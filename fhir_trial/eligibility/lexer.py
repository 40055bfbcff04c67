"""Cuts a line into the tokens that limits are made of; each token is one letter of a pattern."""

import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import NamedTuple

from fhir_trial.eligibility.patterns import (
    BEFORE_LIMIT,
    GE,
    GT,
    LARGE,
    LE,
    LIMIT,
    LT,
    NORMAL,
    NUMBER,
    NUMERALS,
    OUTSIDE,
    POST,
    POWER,
    RANK,
    ROMAN,
    SCALE,
    TIME,
    TIMES,
    WINDOW,
    WORD_NUMBERS,
    listed,
)
from fhir_trial.eligibility.trie import alternation
from fhir_trial.eligibility.vocabulary import squeezed, vocabulary
from fhir_trial.eligibility.words import OF_ITS_OWN, OPERATORS, RUN, WORD_KINDS, beginnings, letter

# The letters:
#   A age   V another variable   K "old", "of age"
#   N number   Q number and unit   T number and unit of time   L number of times a limit
#   M number times something
#   U a limit without a number   O comparison before its number   P comparison behind it
#   b between   o outside of   r to   & and   | or   / slash   ( ) , : .
#   F female   X male   S subject   C stage of life   f filler   w window   ? anything else


class Token(NamedTuple):
    """One token: its letter, where it stands, and the parts of the match that later steps ask for."""

    kind: str
    start: int
    end: int
    text: str
    number: str = ""
    unit: str = ""


_EDGE = r"(?![a-z0-9µ])"
_SIGN_AGAIN = r"(?:\s*\(\s*[<>≤≥=]{1,2}\s*\))?"
"""The sign in brackets behind its words: "greater than or equal to (>=)"."""
_DASHES = "-‐‑–—−－~∼～"
_WORD = r"[^\W\d_][^\W_]*(?:['’-][^\W_]+)*|\S"


# "Weight loss" and "BMI percentile" are not weight and BMI.
_NOT_A_CHANGE = (
    r"(?!\s+(?:change|loss|gain|reduction|increase|decrease|decline|variation|fluctuation|velocity|speed|difference"
    r"|z-?scores?|percentile|centile))"
)


class _Alternative(NamedTuple):
    """One kind of token: a pattern and the letters it can begin with, or a list of words."""

    name: str
    pattern: str
    letters: str
    words: tuple[str, ...] = ()

    def beginning_with(self, letter: str) -> str | None:
        """The pattern of what of it begins with a letter, None if nothing does."""
        if not self.words:
            return f"(?P<{self.name}>{self.pattern})" if letter in self.letters else None
        words = [word for word in self.words if word[0] == letter]
        return f"(?P<{self.name}>{alternation(words)}{_EDGE})" if words else None


@cache
def _alternatives() -> tuple[_Alternative, ...]:
    """Every kind of token but names and amounts, which are looked for before them; an earlier one wins."""
    words = vocabulary()
    old = (
        rf"of\s+age{_EDGE}|(?:(?<=days\s)|(?<=hours\s)|(?<=hrs\s))of\s+life{_EDGE}"
        rf"|olds?{_EDGE}|y\.?/?o\.?{_EDGE}|aged?{_EDGE}(?=\s*[,;.)]?\s*$)"
    )
    between = (
        r"between(?:\s*,?\s*and\s+including(?=[\s,]+\d),?)?|from|in\s+the\s+range(?:\s+of)?"
        r"|rang(?:ing|ed|es?)\s+from|range\s+of"
    )
    return (
        _Alternative("inclusive", r"\((?:\s*(?:both\s+)?(?:inclusive|included|incl\.?)\s*|e?s)\)", "("),
        _Alternative("window", WINDOW, "wdoaipbu"),
        _Alternative("old", old, "oya"),
        _Alternative("post", POST, "+oa&/,uepy"),
        _Alternative("ge", f"(?:{GE}){_SIGN_AGAIN}", "gmholbeatwnsf>≥⩾≧＞=â\\&<›³"),
        _Alternative("le", f"(?:{LE}){_SIGN_AGAIN}", "lfyseamunbi≤⩽≦<=â\\&‹£"),
        _Alternative("gt", f"(?:{GT}){_SIGN_AGAIN}", "gmholaeisb>＞﹥&›"),
        _Alternative("lt", f"(?:{LT}){_SIGN_AGAIN}", "lfysubi<＜﹤&‹"),
        _Alternative("eq", rf"==?|equals?(?:\s+to)?{_EDGE}", "=e"),
        _Alternative("bare", LIMIT.replace("?P<limit>", "?:").replace("?P<side>", "?:"), "ulitcsra"),
        _Alternative("outside", OUTSIDE, "o"),
        _Alternative("between", rf"(?:{between}){_EDGE}", "bfir"),
        _Alternative("to", rf"[{_DASHES}]|(?:to|through|till|until|thru){_EDGE}|to(?=\d)", f"{_DASHES}tu"),
        _Alternative("or", rf"(?:and\s*/\s*or|or\s*/\s*and|or){_EDGE}|or(?=\d)", "ao"),
        _Alternative("and", rf"(?:and|but|as\s+well\s+as){_EDGE}|&", "ab&"),
        *(_Alternative(name, f"[{re.escape(signs)}]", signs) for name, signs in _SIGNS.items()),
        *(_Alternative(kind, "", "", tuple(words.words[kind])) for kind in WORD_KINDS),
        _Alternative("glued", r"status(?=\d)", "s"),
    )


_OF_VIRUSES = ("{copies}/mL", "[IU]/mL")
"""The units that viruses are counted in; powers of ten are read in front of these."""
_SHORT_TIMES = ["ms", "msec", "msecs", "millisecond", "milliseconds", "s", "sec", "secs", "seconds", "second"]
_SIGNS = {
    "slash": "/",
    "open": "([（",
    "close": ")]）",
    "comma": ",;，；、",
    "colon": ":：",
    "stop": ".。…•*\"'“”",
}
_LETTERS = {
    "old": "K", "outside": "o", "between": "b", "to": "r", "or": "|", "and": "&", "slash": "/",
    "open": "(", "close": ")",
    "comma": ",", "colon": ":", "stop": ".", "inclusive": "f", "glued": "f", "other": "?", **WORD_KINDS,
}  # fmt: skip


@cache
def _amount() -> re.Pattern[str]:
    """A number, with its unit or with the limit of normal that it is a multiple of."""
    known = vocabulary().units
    units = [alias for unit in known.values() if unit.dimension != "time" for alias in unit.aliases]
    loads = [alias for code in _OF_VIRUSES for alias in known[code].aliases]
    return re.compile(
        rf"(?P<amount>(?P<number>{NUMBER})(?!\d)"
        rf"(?:{RANK}|(?!(?:st|nd|rd|th){_EDGE}(?!\s*-?\s*(?:per)?centile))"
        rf"(?:\s*(?:{POWER}|{TIME}|(?P<percent>%\s*(?=[aohgm]))?{LIMIT}|{NORMAL}"
        rf"|{LARGE}\s*(?P<load>{alternation(loads)}){_EDGE}"
        r"|(?P<times>[x×✕]|\*(?=\s*\d)|times|-?\s*folds?)(?![a-z])"
        rf"|[-\s]*(?P<unit>{alternation(units + _SHORT_TIMES)}){_EDGE})|{SCALE})?))\s*"
    )


_NUMERALS = NUMERALS.union(TIMES)
_BEFORE_AN_AMOUNT = re.compile(rf"[x×✕*]\s?(?=\d[\d.,]*\s*{BEFORE_LIMIT})")
"""The sign in front of a multiple ("> x3 ULN")."""


def _amount_at(lower: str, position: int, begun: str) -> re.Match[str] | None:
    """The amount that begins at a position; begun: the letters and digits there."""
    letter = lower[position]
    if letter in "x×✕*":
        multiplied = _BEFORE_AN_AMOUNT.match(lower, position)
        return _amount().match(lower, multiplied.end()) if multiplied is not None else None
    if letter in _DIGITS or begun in _NUMERALS:
        return _amount().match(lower, position)
    return None


_DIGITS = frozenset("0123456789.") | {sign for sign in ROMAN if not sign.isascii()}


@cache
def _beginning_with(letter: str) -> re.Pattern[str]:
    """The other tokens that can begin with a letter; trying only these is most of the reader's speed."""
    fitting = (alternative.beginning_with(letter) for alternative in _alternatives())
    patterns = [pattern for pattern in fitting if pattern is not None]
    return re.compile(rf"(?:{'|'.join([*patterns, rf'(?P<other>{_WORD})'])})\s*")


@cache
def _names() -> dict[str, list[str]]:
    """How a name of a variable may begin, with or without its spaces and hyphens -> the names."""
    beginning: dict[str, list[str]] = {}
    for variable in vocabulary().variables.values():
        for name in variable.aliases:
            for begun in beginnings(name):
                beginning.setdefault(begun, []).append(name)
    return beginning


@cache
def _named_like(begun: str) -> re.Pattern[str] | None:
    """The names of variables that can begin with a run of letters and digits.

    They are far more than the other tokens, and a record has few of them: each pattern is made when its
    first run is met.
    """
    names = _names().get(begun)
    if names is None:
        return None
    return re.compile(rf"(?P<variable>{alternation(names)}{_EDGE}{_NOT_A_CHANGE})\s*")


def lowered(text: str) -> str:
    """Lower case of the same length, so that offsets stay true."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(c if len(c.lower()) > 1 else c.lower() for c in text)


def tokens(lower: str, *, whole: bool = False) -> list[Token]:
    """The tokens of a line in lower case, without the spaces between them.

    whole: none at all if some word is nothing that limits are made of.
    """
    found: list[Token] = []
    position = 0
    pieces = list(_PIECE.finditer(lower))
    words = [piece[0] for piece in pieces]
    words += ("", "", "")
    for i, piece in enumerate(pieces):
        start, end = piece.span()
        if end <= position:
            continue
        if start >= position:
            word, behind = words[i], words[i + 1]
            kind = OF_ITS_OWN.get(word) or letter(word, behind)
            if kind:
                if whole and kind == "?" and not _explains_a_name(found):
                    return []
                number = OPERATORS[word] if kind == "O" else word if kind == "N" else ""
                found.append(_new(Token, (kind, start, end, word, number, "")))
                continue
            if word.isdecimal():
                if behind in _TIMES and _ends_a_time(words[i + 2]):
                    position = pieces[i + 1].end()
                    found.append(_new(Token, ("T", start, position, lower[start:position], word, behind)))
                    continue
                if behind in _JOINTS and words[i + 2].isdecimal() and words[i + 3] != "/":
                    found.append(_new(Token, ("N", start, end, word, word, "")))
                    continue
            position = start
        while position < end:
            position = _cut(lower, position, found)
            if whole and found[-1].kind == "?" and not _explains_a_name(found[:-1]):
                return []
    return found


def _explains_a_name(found: list[Token]) -> bool:
    """Whether the next word stands in brackets right behind a variable, as its abbreviation does."""
    for place in range(len(found) - 1, max(len(found) - 4, 0), -1):
        if found[place].kind == "(":
            return found[place - 1].kind in "VA"
    return False


_TIMES = listed("years year yrs months month weeks week days day hours")
_JOINTS = frozenset("-–~") | {"and"}
"""Between two numbers these leave the first as it is ("18-65", but "23 and 4/7" weeks)."""
_MORE_OF_A_TIME = listed("and plus , + & - ' ’")


def _ends_a_time(behind: str) -> bool:
    """Whether a word behind a number and its unit of time begins no second number ("23 weeks 4 days")."""
    return behind not in _MORE_OF_A_TIME and not behind.isdecimal()


_PIECE = re.compile(rf"\d+|{_WORD}")
_new = tuple.__new__  # the generated __new__ would cost as much as the rest of the loop


def _cut(lower: str, position: int, found: list[Token]) -> int:
    """Add the token that begins at a position; returns where the next may begin."""
    run = RUN.match(lower, position)
    begun = run[0] if run is not None else ""
    named = _named_like(begun)
    match = named.match(lower, position) if named is not None else None
    match = match or _amount_at(lower, position, begun)
    if match is None:
        match = _beginning_with(lower[position]).match(lower, position)
    assert match is not None  # the last alternative fits any letter
    kind = match.lastgroup or "other"
    position, end = match.span(kind)
    make = _MAKERS.get(kind)
    text = lower[position:end]
    if make is None:
        if text in _PLUS_OR_MINUS and (behind := _cut_signed(lower, position, found)):
            return behind
        found.append(_new(Token, (_LETTERS[kind], position, end, text, "", "")))
    else:
        found.append(make(match, position, end, text))
    return match.end()


_PLUS_OR_MINUS = frozenset("+-−–‐‑")
_BEHIND_A_SIGN = re.compile(r"\d+(?:\.\d+)?(?![\d+/])")


def _cut_signed(lower: str, position: int, found: list[Token]) -> int:
    """Add the number with a sign that begins at a position, if one does; returns where the next may begin.

    Behind a number a dash is a "to"; behind a comparison or a word between numbers it is a minus, and behind
    all else (the name, "score of", "between") where the line names a variable that can be below zero.
    """
    if not found or _BEHIND_A_SIGN.match(lower, position + 1) is None:
        return 0
    before = found[-1].kind
    if before not in _BEFORE_A_SIGN or (before not in "Or&|" and not _is_signed(found)):
        return 0
    if lower[position] == "+" and not _is_signed(found):
        return 0
    match = _amount().match(lower, position + 1)
    if match is None:
        return 0
    end = match.end("amount")
    token = _number(match, position + 1, end, lower[position + 1 : end])
    if token.kind not in "NQT":
        return 0
    found.append(
        token._replace(start=position, text=lower[position:end], number=lower[position] + token.number)
    )
    return match.end()


_BEFORE_A_SIGN = frozenset("Or&|VAfb:,()/")


def _is_signed(found: list[Token]) -> bool:
    """Whether a variable that can be below zero was named."""
    known = vocabulary().variables
    return any(token.kind == "V" and known[token.unit].low < 0 for token in found)


def _comparison(match: re.Match[str], start: int, end: int, text: str) -> Token:
    return _new(Token, ("O", start, end, text, match.lastgroup or "", ""))


def _post(match: re.Match[str], start: int, end: int, text: str) -> Token:
    return _new(Token, ("P", start, end, text, "ge" if match["postge"] is not None else "le", ""))


def _window(match: re.Match[str], start: int, end: int, text: str) -> Token:
    return _new(Token, ("w", start, end, text, match["span"] or "", match["spanunit"] or ""))


def _bare(_match: re.Match[str], start: int, end: int, text: str) -> Token:
    return _new(Token, ("U", start, end, text, "", _side(text)))


def _variable(_match: re.Match[str], start: int, end: int, text: str) -> Token:
    name = _named(text)
    return _new(Token, ("A" if name == "age" else "V", start, end, text, "", name))


@lru_cache(maxsize=4096)
def _named(text: str) -> str:
    """The id of the variable of a name."""
    return vocabulary().by_alias[squeezed(text)].id


def _number(match: re.Match[str], start: int, end: int, text: str) -> Token:
    number, time, unit, limit, normal, times, per = match.group(*_OF_A_NUMBER)
    kind, behind = "N", ""
    if "/" in number or "+" in number:  # "23 4/7", "23+4 weeks"
        kind, behind = "T", "d+"
    elif time is not None:
        kind = "T"
        if match["days"] is not None or match["months"] is not None:  # "23 weeks 4 days"
            number, behind = text[: match.end("time") - start], "d+" if match["days"] is not None else "m+"
        else:
            behind = _unit_of_time(time)
    elif unit is not None:
        kind, behind = "Q", unit
    elif limit is not None:
        kind, behind = "L", _side(limit)
        if match["percent"] is not None:  # "20 % above ULN"
            number = text[: match.end() - start]
    elif normal is not None:
        kind, behind = "L", "NORMAL"
    elif times is not None:
        kind = "M"
    elif per is not None:
        kind, behind = "Q", _power(match["power"], per)
    elif match["load"] is not None:
        kind, number, behind = "Q", text[: match.end("large") - start], match["load"]
    elif match["scale"] is not None:
        kind, behind = "Q", match["scale"]
    return _new(Token, (kind, start, end, text, number, behind))


_OF_A_NUMBER = ("number", "time", "unit", "limit", "normal", "times", "per")


@lru_cache(maxsize=1024)
def _unit_of_time(written: str) -> str:
    unit = written.strip(" -'’")
    return unit.removeprefix("completed").removeprefix("full").lstrip() if " " in unit else unit


def _power(power: str, per: str) -> str:
    """ "x 10^9 per L" as the table of units writes it: "e9/l"."""
    digits = {"³": "3", "⁶": "6", "⁹": "9"}.get(power, power)
    volume = re.sub(r"per|[/⁄\s]", "", per)
    volume = volume.replace("micro", "µ").replace("milli", "m")
    return f"e{digits}/{_LITRE.sub('l', volume)}"


_LITRE = re.compile("lit(?:er|re)s?")


def _side(words: str) -> str:
    return "LLN" if "lower" in words or "lln" in words else "ULN"


_MAKERS: dict[str, Callable[[re.Match[str], int, int, str], Token]] = {
    "amount": _number,
    "window": _window,
    "post": _post,
    "bare": _bare,
    "variable": _variable,
    **dict.fromkeys(("ge", "le", "gt", "lt", "eq"), _comparison),
}


def is_about_age(comparison: str) -> bool:
    """Whether a comparison can only be of ages ("older than")."""
    return "old" in comparison or "young" in comparison or "elder" in comparison


def number_word(text: str) -> int | None:
    """The number that a word or a roman numeral stands for."""
    word = re.sub(r"\s*\(.*", "", text)
    if word in WORD_NUMBERS:
        return WORD_NUMBERS[word]
    parts = [WORD_NUMBERS.get(part) for part in re.split(r"[\s-]", word)]  # "twenty-two"
    if len(parts) == 2 and parts[0] is not None and parts[1] is not None:
        return parts[0] + parts[1]
    return ROMAN.get(text) or TIMES.get(text)


def is_roman(text: str) -> bool:
    """Whether a number is written as a roman numeral."""
    return text in ROMAN
