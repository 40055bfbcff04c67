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
    """A pattern for the longest that fits of phrases parted by bars; a comma may follow each word."""
    root: _Node = {}
    for phrase in phrases.split("|"):
        node = root
        for word in phrase.split():
            node = node.setdefault(word, {})
        node[_END] = {}
    return _pattern(root)


_Node = dict[str, "_Node"]
_END = ""


def _pattern(node: _Node) -> str:
    """What begins alike is tried once, and a longer phrase before one that it begins with."""
    branches = []
    for word, below in node.items():
        if word != _END:
            behind = "" if list(below) == [_END] else _pattern(below)
            comma = "(?:, )?" if behind and _END not in below else ""
            branches.append(f"{re.escape(word)} {comma}{behind}")
    if _END not in node:
        return f"(?:{'|'.join(branches)})"
    return f"(?:(?:, )?(?:{'|'.join(branches)}))?" if branches else ""


def some_of(words: str) -> str:
    """A pattern for one or more of the words of a list, possessively: nothing of them is given back."""
    return f"(?:{'|'.join(f'{word} ' for word in words.split())})++"


def ending_in(nouns: str, others: str) -> str:
    """A pattern for words of two lists, as many as there are, the last one of the first list."""
    last = "|".join(f"{word} " for word in nouns.split())
    return f"(?:{last}|{'|'.join(f'{word} ' for word in others.split())})*(?:{last})"


def spellings(name: str) -> list[str]:
    """The ways to write a name in which brackets hold what may be left out ("tumo[u]r[s]").

    A caret in front of a word makes it an abbreviation that may stand there in brackets ("apnea ^osa").
    """
    found = [""]
    for part in re.split(r"(\[[a-z]*\]|\^[a-z0-9]+ ?)", name):
        if part[:1] == "[":
            found += [written + part[1:-1] for written in found]
        elif part[:1] == "^":
            found += [f"{written}( {part[1:].strip()} ) " for written in found]
        else:
            found = [written + part for written in found]
    return [written.strip() for written in found]


class Phrases:
    """The phrases of a family of templates; of several that fit, the earlier one is taken."""

    def __init__(self, **patterns: str) -> None:
        """patterns: letter -> pattern, made with `one_of` and `some_of`, over words that end in a space."""
        self._patterns = patterns
        self._pattern: re.Pattern[str] | None = None
        words = (_OF_A_PATTERN.findall(pattern) for pattern in patterns.values())
        self.vocabulary = frozenset(("s",)).union(*words)
        """Every word of them, and the "s" of a genitive."""

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
