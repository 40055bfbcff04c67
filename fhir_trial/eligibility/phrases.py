"""Cuts a line into phrases of a closed vocabulary; a line with any other word is cut into nothing.

Each kind of phrase has a letter, as the tokens of `lexer` have, and templates are patterns over these
letters. So a template is always of the whole line, and its words decide cheaply whether to try it at all.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

_WORD = re.compile(r"[a-z0-9]+|[,/()]|[.;:]")
_STRANGE = re.compile(r"[^a-z0-9\s,/()'’.;:-]")
_OF_A_PATTERN = re.compile(r"(?<![\\a-z0-9])[a-z][a-z0-9]*(?= )")


class Phrase(NamedTuple):
    """One phrase: its letter, its words, and where they stand in the line."""

    letter: str
    words: str
    start: int
    end: int


def letters(phrases: Iterable[Phrase]) -> str:
    """The letters of some phrases, for a template."""
    return "".join(phrase.letter for phrase in phrases)


def one_of(phrases: str) -> str:
    """A pattern for one of the phrases of a list that is parted by bars; a comma may follow each word."""
    listed = sorted((phrase.strip() for phrase in phrases.split("|")), key=len, reverse=True)
    return f"(?:{'|'.join(_spaced(phrase) for phrase in listed)})"


def some_of(words: str) -> str:
    """A pattern for one or more of the words of a list, possessively: nothing of them is given back."""
    return f"(?:{'|'.join(f'{word} ' for word in words.split())})++"


def ending_in(nouns: str, others: str) -> str:
    """A pattern for words of two lists, as many as there are, the last one of the first list."""
    last = "|".join(f"{word} " for word in nouns.split())
    return f"(?:{last}|{'|'.join(f'{word} ' for word in others.split())})*(?:{last})"


def _spaced(phrase: str) -> str:
    return "(?:, )?".join(f"{re.escape(word)} " for word in phrase.split())


class Phrases:
    """The phrases of a family of templates; of several that fit, the earlier one is taken."""

    def __init__(self, **patterns: str) -> None:
        """patterns: letter -> pattern, made with `one_of` and `some_of`, over words that end in a space."""
        self._patterns = patterns
        self._pattern: re.Pattern[str] | None = None
        words = {word for pattern in patterns.values() for word in _OF_A_PATTERN.findall(pattern)}
        self.vocabulary = frozenset(words | {"s"})
        """Every word of them."""

    def could_be_all(self, words: list[str]) -> bool:
        """Whether a line has no other word than those of the phrases."""
        return self.vocabulary.issuperset(words)

    def _made(self) -> re.Pattern[str]:
        """The pattern of all phrases; made for the first line, since most records have none of a family."""
        named = (f"(?P<{name}>{pattern})" for name, pattern in self._patterns.items())
        return re.compile("|".join(named))

    def cut(self, line: str) -> list[Phrase]:
        """The phrases of a line in lower case; none unless they are all of it."""
        if _STRANGE.search(line) is not None:
            return []
        pattern = self._pattern = self._pattern or self._made()
        spans = [match.span() for match in _WORD.finditer(line.replace("'s", "  ").replace("’s", "  "))]
        plain = "".join(f"{line[start:end]} " for start, end in spans)
        found, position, at = [], 0, 0
        while position < len(plain):
            match = pattern.match(plain, position)
            if match is None or not match[0]:
                return []
            behind = at + match[0].count(" ")
            found.append(Phrase(match.lastgroup or "", match[0], spans[at][0], spans[behind - 1][1]))
            position, at = match.end(), behind
        return found
