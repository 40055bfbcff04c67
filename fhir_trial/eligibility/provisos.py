"""Finds the words that say for whom, or when alone, a limit holds: "unless liver metastases are present".

They are not understood, so their line stays partial; but whoever reads its limits sees which of them is not
for everybody.
"""

from fhir_trial.eligibility.lexer import Token
from fhir_trial.eligibility.patterns import listed

_BEHIND_A_LIMIT = listed("unless except excepting excluding")
WHEN = listed("if when whenever")
"""Behind a comma, and with another limit to come, they are of that one ("..., if on heparin, INR < 3")."""
_BEFORE_PEOPLE = listed("for in among")
_CASES = listed("absence presence case cases event those")
OPENERS = _BEHIND_A_LIMIT | WHEN | _BEFORE_PEOPLE
"""A line without any of these has no proviso."""
_SENTENCE_ENDS = listed(". 。 ; ； …")
_JOINTS = ",:|&/("
_VALUES = "OQLM"


def provisos(text: str, tokens: list[Token], places: list[tuple[int, int]]) -> list[str | None]:
    """The proviso of each limit as written; "" for one without, None for one that is part of a proviso.

    places: the tokens of the limits, in order.
    """
    found: list[str | None] = [""] * len(places)
    ends = [0, *(end for _, end in places)]
    starts = [*(start for start, _ in places), len(tokens)]
    for i, (start, stop) in enumerate(zip(ends, starts, strict=True)):
        gap = tokens[start:stop]
        is_last = i == len(places)
        first = _skipped(gap, 0)
        if i and _is_of_the_limit_before(gap, first, is_last=is_last):
            end = _end(gap, first)
            if end == len(gap) and not is_last and _goes_on(gap, first):
                gap, end = tokens[start : ends[i + 1]], ends[i + 1] - start
                found[i] = None
            if found[i - 1] is not None:
                found[i - 1] = _words(text, gap[first:end])
        elif not is_last:
            first = _skipped(gap, _last_sentence(gap))
            if opens_a_proviso(gap, first) and not _has_a_value(gap[first:]):
                found[i] = _words(text, gap[first:])
    return found


def _skipped(gap: list[Token], at: int) -> int:
    """The place behind what only joins."""
    while at < len(gap) and gap[at].kind in _JOINTS and gap[at].text not in _SENTENCE_ENDS:
        at += 1
    return at


def _last_sentence(gap: list[Token]) -> int:
    """Where the last sentence of some tokens begins."""
    return max((at + 1 for at, token in enumerate(gap) if token.text in _SENTENCE_ENDS), default=0)


def _is_of_the_limit_before(gap: list[Token], first: int, *, is_last: bool) -> bool:
    if first < len(gap) and gap[first].text in _BEHIND_A_LIMIT:
        return True
    if not opens_a_proviso(gap, first):
        return False
    if not any(token.kind in ",(&" for token in gap[:first]):
        return True
    end = _end(gap, first, by_values=False)  # "(for women, < 5 x ULN)" is another limit
    return (is_last or end < len(gap)) and not _has_a_value(gap[first:end])


def _has_a_value(tokens: list[Token]) -> bool:
    return any(token.kind in _VALUES for token in tokens)


def _goes_on(gap: list[Token], first: int) -> bool:
    """Whether a proviso goes on with the limit behind it: "for patients with creatinine > ULN"."""
    in_brackets = any(token.kind == "(" for token in gap[:first])
    return gap[-1].kind not in _JOINTS or (in_brackets and gap[first].text in _BEHIND_A_LIMIT)


def opens_a_proviso(gap: list[Token], at: int) -> bool:
    """Whether a proviso may begin here: with "if", or with "in" and the people or the case it is for."""
    if at >= len(gap) or gap[at].text in WHEN:
        return at < len(gap)
    if gap[at].text not in _BEFORE_PEOPLE:
        return False
    behind = next((token for token in gap[at + 1 :] if token.kind != "f" or token.text in _CASES), None)
    return behind is not None and (behind.kind in "SFXC" or behind.text in _CASES)


def _end(gap: list[Token], first: int, *, by_values: bool = True) -> int:
    """Where a proviso ends: with its sentence or its brackets, or where a joint leads to another value."""
    depth = 0
    for at in range(first, len(gap)):
        token = gap[at]
        depth += (token.kind == "(") - (token.kind == ")")
        if depth < 0 or token.text in _SENTENCE_ENDS:
            return at
        if by_values and token.kind in _VALUES and gap[at - 1].kind in _JOINTS:
            return at
    return len(gap)


def _words(text: str, proviso: list[Token]) -> str:
    """Its words as written, without what joins it to its limit; "" if it says nothing."""
    while proviso and (proviso[-1].kind in _JOINTS or proviso[-1].text == "then"):
        proviso = proviso[:-1]
    return text[proviso[0].start : proviso[-1].end] if len(proviso) > 1 else ""
