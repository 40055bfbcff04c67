"""Tells at a glance which lines may be understood in full; most say too many things.

Reading all of them would make a conversion slower by a tenth. One word that nothing is written with that is
understood is enough to leave a line alone, and most lines begin with several. Which words these are is found
in the patterns and tables themselves, so a word that is added there is no longer one of them.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import chain
from types import ModuleType
from typing import Final

from fhir_trial.eligibility import lexer, patterns, people, statements
from fhir_trial.eligibility.people import Terms
from fhir_trial.eligibility.sieve import words_of
from fhir_trial.eligibility.vocabulary import vocabulary

_BEGINNING: Final = 80
"""Characters that are looked at first; they settle it for nineteen lines of twenty."""
_NAME: Final = 48
"""Characters at its end in which the condition's name stands."""
_LEAD: Final = 2
"""Words at its beginning that lead to the name."""
_LONGEST: Final = 1_000
"""Characters of the longest line that is read as a whole: reading looks back and forth within a line."""
_MOST: Final = 32_768
"""How many words are remembered."""
_RUN = re.compile("[a-z]+")
_OPTIONAL = re.compile(r"[a-z]\?")
_OF_OPTIONS = re.compile(r"\(\?:|\)\?|\?")
_parts = re.compile(r"[^\s.,;:()/'’-]+").findall
"""A word without the punctuation that clings to it; in its parts, if it has a hyphen or an apostrophe."""
_SHORTEST_STEM: Final = 4


def may_be_whole(text: str, terms: Terms | None) -> bool:
    """Whether all of a line may be understood; terms: the trial's own conditions."""
    limits, states, conduct, any_of_them = _vocabularies()
    size = len(text)
    if size > _LONGEST:
        return False
    words = text[:_BEGINNING].lower().split()
    if size > _BEGINNING:
        del words[-1:]  # it may go on
    if any_of_them.admits(words) and (
        (limits.admits(words) and limits.admits(_rest(text)))
        or (size <= people.LONGEST and states.admits(words) and states.admits(_rest(text)))
        or (size <= statements.LONGEST and conduct.admits(words))
    ):
        return True
    return (
        size <= people.LONGEST_CONDITION
        and terms is not None
        and (size <= _BEGINNING or states.admits(words[:_LEAD]))
        and terms.may_be_in(words_of(text[-_NAME:].lower()))
    )


def _rest(text: str) -> list[str]:
    """The words behind the beginning, without the one that it may have cut."""
    return text[_BEGINNING:].lower().split()[1:]


class _Vocabulary:
    """The words that something is written with; all others are foreign to it."""

    def __init__(self, knows: Callable[[str], bool]) -> None:
        """knows: whether it may be written with a word."""
        self._knows = knows
        self._seen: set[str] = set()
        self._foreign: set[str] = set()

    def admits(self, words: list[str]) -> bool:
        """Whether none of the words is foreign; punctuation may cling to them."""
        if not self._foreign.isdisjoint(words):
            return False
        if self._seen.issuperset(words):
            return True
        if len(self._seen) > _MOST:
            self._seen.clear()
            self._foreign.clear()
        self._seen.update(words)
        self._foreign.update([word for word in words if self._is_foreign(word)])
        return self._foreign.isdisjoint(words)

    def _is_foreign(self, written: str) -> bool:
        if written[:1] == "(" and written[-1:] == ")":
            return False  # a time may have any word in brackets
        parts = _parts(written)
        return any(part.isascii() and part.isalpha() and not self._knows(part) for part in parts)


def _written_with(patterns: Iterable[str], names: Iterable[str]) -> Callable[[str], bool]:
    """Whether a word is part of a pattern, longer than one whose end may be open, or a word of a name."""
    written = " ".join(patterns)
    # what may be left out stands in some words and not in others ("i?uln", "get(?:ting)?")
    written = " ".join((written, _OF_OPTIONS.sub("", written), _OPTIONAL.sub("", written)))
    stems = tuple(sorted({run for run in _RUN.findall(written) if len(run) >= _SHORTEST_STEM}))
    of_names = {word for name in names for word in _ways_to_join(_RUN.findall(name))}
    return lambda word: word in of_names or word in written or word.startswith(stems)


def _ways_to_join(parts: list[str]) -> Iterator[str]:
    """The words of a name, also those that stand next to each other as one: spaces may be left out."""
    for start in range(len(parts)):
        for end in range(start + 1, len(parts) + 1):
            yield "".join(parts[start:end])


@cache
def _vocabularies() -> tuple[_Vocabulary, _Vocabulary, _Vocabulary, _Vocabulary]:
    """Of limits; of pregnancy, sex, languages and what leads to a condition; of conduct; of all these."""
    table = vocabulary()
    limits = chain(_texts(patterns, lexer), [kind.pattern for kind in lexer._alternatives()])
    names = chain(
        *(unit.aliases for unit in table.units.values()),
        *(variable.aliases for variable in table.variables.values()),
        *table.words.values(),
    )
    of_limits = _written_with(limits, names)
    of_states = _written_with(_texts(people), table.languages)
    return (
        _Vocabulary(of_limits),
        _Vocabulary(of_states),
        _Vocabulary(lambda word: word in statements.VOCABULARY),
        _Vocabulary(lambda word: word in statements.VOCABULARY or of_limits(word) or of_states(word)),
    )


def _texts(*modules: ModuleType) -> Iterator[str]:
    """The texts and patterns that modules have, among them every pattern that lines are held against."""
    for module in modules:
        for name, value in vars(module).items():
            if name.startswith("__"):
                continue
            if isinstance(value, re.Pattern):
                yield value.pattern
            elif isinstance(value, str):
                yield value
            elif isinstance(value, dict | list | frozenset):
                yield from [each for each in value if isinstance(each, str)]
