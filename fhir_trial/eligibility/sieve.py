"""Tells by its words alone whether a line may set a limit, so that most lines are never cut into tokens."""

import re
from collections.abc import Iterator, Set
from functools import cache

from fhir_trial.eligibility.patterns import GE, GT, LE, LT, listed
from fhir_trial.eligibility.trie import alternation
from fhir_trial.eligibility.vocabulary import vocabulary

_WORDS = re.compile("[a-z][a-z0-9]*")
_AGES = listed("year years yr yrs y yo old olds older young younger elder age ages aged aging ageing life")


words_of = _WORDS.findall
"""The words of a line in lower case; a word with a hyphen counts as its parts."""


@cache
def telling() -> frozenset[str]:
    """Every word that `may_hold_a_limit` looks for first; a line without any of them holds no limit."""
    return _AGES.union(_names(), _ions(), _people())


def may_hold_a_limit(lower: str, words: list[str], told: Set[str]) -> bool:
    """Whether a line has the name of a variable, or words that only ages are written with.

    words: those of the line; told: of these, the telling ones.
    """
    if not _AGES.isdisjoint(told):
        return True
    names, known = _names(), set(words)
    for word in told & names.keys():
        for rest in names[word]:
            if rest <= known:
                return True
    if "+" in lower and not _ions().isdisjoint(told):
        return True
    if _people().isdisjoint(told):
        return False
    compares = _COMPARISON.search(lower) is not None or not _COMPARING.isdisjoint(words)
    return (compares and _compared().search(lower) is not None) or _opening_time().match(lower) is not None


@cache
def _names() -> dict[str, tuple[frozenset[str], ...]]:
    """Longest word of a variable's name, which is rarest -> the sets of words that may be the rest of it."""
    others: dict[str, set[frozenset[str]]] = {}
    for alias in _aliases():
        if "+" not in alias:
            for words in _ways_to_write(_WORDS.findall(alias)):
                longest = max(words, key=len)
                others.setdefault(longest, set()).add(frozenset(words) - {longest})
    return {
        longest: (frozenset(),) if frozenset() in rests else tuple(rests) for longest, rests in others.items()
    }


@cache
def _ions() -> frozenset[str]:
    """The words of names that have a plus sign ("K+"), which alone are far too common."""
    return frozenset(word for alias in _aliases() if "+" in alias for word in _WORDS.findall(alias))


def _aliases() -> Iterator[str]:
    return (alias for variable in vocabulary().variables.values() for alias in variable.aliases)


def _ways_to_write(parts: list[str]) -> Iterator[list[str]]:
    """The words of a name, for each way to leave out its spaces and hyphens."""
    for cuts in range(1 << max(len(parts) - 1, 0)):
        words = [parts[0]]
        for place, part in enumerate(parts[1:]):
            if cuts >> place & 1:
                words[-1] += part
            else:
                words.append(part)
        yield words


@cache
def _people() -> frozenset[str]:
    table = vocabulary().words
    kinds = ("subject", "lifestage", "female", "male")
    return frozenset(word for kind in kinds for words in table[kind] for word in _WORDS.findall(words))


@cache
def _compared() -> re.Pattern[str]:
    """A comparison right behind the people it is of ("adults over 21")."""
    people = alternation(_people())
    filler = alternation(vocabulary().words["filler"])
    return re.compile(rf"(?<![a-z0-9]){people}\s*(?:{filler}\s*)?(?:{GE}|{LE}|{GT}|{LT})")


_COMPARISON = re.compile(r"[<>=≥≤⩾≧＞＝⩽≦﹥＜﹤â\\&‹›³£]")
_COMPARING = listed(
    "least most minimum minimally min maximum max up over above under below greater more higher larger longer"
    " bigger less lower fewer smaller shorter equal equals starting exceed exceeds exceeding exceeded excess"
    " superior inferior beyond"
)
"""The words, and above the signs, without one of which there is no comparison but of ages."""


@cache
def _opening_time() -> re.Pattern[str]:
    """A time first of all in a line, behind the people it is of."""
    people = alternation(_people())
    filler = alternation(vocabulary().words["filler"])
    return re.compile(
        rf"(?:\W|(?:{people}|{filler}|and|or)(?![a-z0-9]))*+(?:[a-z]+\W+){{0,4}}\d+(?:[.,]\d+)*\W*(?:m|w|d|h)"
    )
