"""How a parent line joins what stands below it, where its words say so; all patterns read lower case."""

import re
from collections.abc import Sequence
from itertools import pairwise

from fhir_trial.eligibility.criteria import Logic

_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBERS = {word: number for number, word in enumerate(_WORDS, start=1)}
_COUNT = rf"\b(?P<{{0}}>\d{{{{1,2}}}}|{'|'.join(_WORDS)})(?:\s*\(\s*(?:\d+|[a-z]+)\s*\))?"
_AT_LEAST = re.compile(
    rf"(?:at\s+least|a\s+minimum\s+of|minimum|no\s+(?:less|fewer)\s+than|≥|>=)\s*{_COUNT.format('a')}"
    r"\s+(?:\w+\s+){0,3}?(?:of|(?:from|among)\s+(?:the|these)|below|listed|criteri\w+|conditions|features)\b"
    rf"|{_COUNT.format('b')}\s+or\s+more\b(?:\s+\w+){{0,3}}?\s+(?:of|from|among|following|criteri\w+)\b"
    rf"|(?<!only\s)(?<!exactly\s){_COUNT.format('c')}\s+(?:or\s+both\s+)?of\s+(?:the\s+|these\s+)?"
    r"(?:following|below|these|criteria)\b",
)
_ANY_OF = re.compile(
    r"\b(?:any|either|one\s+or\s+(?:both|all))\s+(?:one\s+)?(?:\(\w+\)\s+)?(?:or\s+more\s+)?(?:of\s+)?(?:the\s+|these\s+)?"
    r"(?:following|below|criteria|conditions|above)"
    r"|\bany\s+of\s*:|\beither\s*:|\bor\s+more\s+of\s+(?:the\s+)?following",
)
_ALL_OF = re.compile(
    r"\b(?:all|each|both)\s+(?:of\s+)?(?:the\s+|these\s+)?(?:\w+\s+)?(?:following|below|criteria|conditions)"
    r"|\ball\s+of\s*:|\bfollowing\s+(?:\w+\s+){0,2}must\s+all\b",
)
_NEGATION = re.compile(
    r"\b(?:no|not|none|without|absence|free\s+of|neither|never|lack|cannot|except|unless|exclud\w+|exactly|only\s+one)\b",
)
_LEAVES_OPEN = re.compile(  # a parent whose own words may turn what joins its children
    _NEGATION.pattern + r"|\b(?:one\s+of|such\s+as|includ\w+|e\.g\.)"
)
# The verdict on whoever meets the list: it says which section the list is, not how it is joined.
_VERDICT = re.compile(
    r"\b(?:(?:will|must|should|may)\s+be\s+|are\s+|is\s+)?(?:excluded|ineligible|not\s+(?:be\s+)?eligible"
    r"|not\s+(?:be\s+)?(?:enrolled|included|admitted))\b",
)
_LIST_WORDS = (
    "following",
    "below",
    "above",
    "these",
    "criteri",
    "either",
    "condition",
    " of:",
    "from:",
    "among:",
)
_LAST_WORD = re.compile(r"[\s,;/](or|and)[\s,;.:]*\Z")
_FIRST_WORD = re.compile(r"(or|and)[\s,]")


def parent_logic(text: str, children: Sequence[str]) -> tuple[Logic, int | None]:
    """How the children are joined, and n of "at least n"; "unknown" when the words do not say."""
    words = text.lower()
    said = _said(words)
    written = _joined(children)
    if said[0] == "unknown":
        return ("unknown" if written != "unknown" and _LEAVES_OPEN.search(words) else written), None
    agree = written == "unknown" or written == said[0] or (written == "any-of" and said == ("at-least", 1))
    return said if agree else ("unknown", None)


def _said(text: str) -> tuple[Logic, int | None]:
    if not any(word in text for word in _LIST_WORDS):
        return "unknown", None
    text = _VERDICT.sub("", text)
    found: set[tuple[Logic, int | None]] = set()
    for pattern, logic in ((_ANY_OF, "any-of"), (_ALL_OF, "all-of")):
        match = pattern.search(text)
        if match and _NEGATION.search(text, 0, match.start()):
            return "unknown", None
        if match:
            found.add(("any-of" if logic == "any-of" else "all-of", None))
    for match in _AT_LEAST.finditer(text):
        if _NEGATION.search(text, 0, match.start()):
            return "unknown", None
        found.discard(("any-of", None))  # "one or more of the following" matches both
        found.add(_counted(match))
    return found.pop() if len(found) == 1 else ("unknown", None)


def _counted(match: re.Match[str]) -> tuple[Logic, int | None]:
    words = match["a"] or match["b"] or match["c"]
    count = _NUMBERS.get(words) or int(words)
    if count == 1 and not match["a"]:
        return "any-of", None
    return ("at-least", count) if count else ("unknown", None)


def _joined(children: Sequence[str]) -> Logic:
    """What the words at the joints of a list say.

    As in prose, an "or" before the last item speaks for all. An "and" there may only end an enumeration
    ("...; stroke; and heart failure" under an exclusion means any of them), so it has to stand at each joint.
    """
    joints = [_joint(first, second) for first, second in pairwise(children)]
    if joints and joints[-1] == "or" and "and" not in joints:
        return "any-of"
    return "all-of" if joints and set(joints) == {"and"} else "unknown"


def _joint(first: str, second: str) -> str:
    match = _LAST_WORD.search(first[-8:].lower()) or _FIRST_WORD.match(second[:8].lower())
    return "" if match is None else match[1]
