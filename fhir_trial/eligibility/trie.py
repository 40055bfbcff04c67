"""Turns a list of words into a regular expression that finds the longest of them without trying each."""

import re
from collections.abc import Iterable

_Node = dict[str, "_Node"]
_END = ""
_ALTERNATIVES = {
    " ": r"[\s\-‐‑–]+",
    "-": r"[\s\-‐‑–]?",
    "/": r"\s?/\s?",
    "'": "['’`]?",
    "µ": "[µμ]",
    "°": r"[°º˚]\s?",
}


def alternation(words: Iterable[str]) -> str:
    """A pattern that matches the longest of the words that fits, shared beginnings written once."""
    root: _Node = {}
    for word in words:
        node = root
        for letter in word:
            node = node.setdefault(letter, {})
        node[_END] = {}
    return _pattern(root)


def _pattern(node: _Node) -> str:
    branches = [_letter(letter) + _pattern(below) for letter, below in sorted(node.items()) if letter != _END]
    if not branches:
        return ""
    if _END in node:
        return f"(?:{'|'.join(branches)})?"
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"


def _letter(letter: str) -> str:
    return _ALTERNATIVES.get(letter) or re.escape(letter)
