"""Turns a list of words into a regular expression that finds the longest of them without trying each."""

import re
from collections.abc import Iterable

_Node = dict[str, "_Node"]
_END = ""
_POINT = "\0"
"""Stands for the decimal point of a word ("1.73"), which people write in many ways."""
_DECIMAL_POINT = re.compile(r"(?<=\d)\.(?=\d)")
_ALTERNATIVES = {
    "-": r"[\s\-‐‑–]{0,2}",
    "/": r"\s?[/⁄]\s?",
    "'": "['’`]?",
    "µ": "[µμ]",
    "°": r"[°º˚]\s?",
    _POINT: "[.,·•]",
}


def alternation(words: Iterable[str]) -> str:
    """A pattern that matches the longest of the words that fits, shared beginnings written once."""
    root: _Node = {}
    for word in words:
        node = root
        joined = word.replace(" ", "-")  # people write "PHQ 9", "PHQ-9" and "PHQ9"
        for letter in _DECIMAL_POINT.sub(_POINT, joined):
            node = node.setdefault(letter, {})
        node[_END] = {}
    return _pattern(root)


def _pattern(node: _Node) -> str:
    branches = [
        _letter(letter) + _pattern(below)
        for letter, below in sorted(node.items(), key=_literal_first)
        if letter != _END
    ]
    if not branches:
        return ""
    if _END in node:
        return f"(?:{'|'.join(branches)})?"
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"


def _literal_first(branch: tuple[str, _Node]) -> tuple[bool, str]:
    """Letters before what may be left out, which would otherwise cut a longer word short."""
    return branch[0] in ("-", "'"), branch[0]


def _letter(letter: str) -> str:
    return _ALTERNATIVES.get(letter) or re.escape(letter)
