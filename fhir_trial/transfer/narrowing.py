"""Which entries of a refused transaction are to blame.

Cheapest first: what the refusal says itself; the same complaint from `$validate` about one entry; sending
halves. Halves are sent targets first, so no reference leads nowhere; the study comes last, and is never sent
when something it refers to was refused.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from fhir_trial.client.answers import issue_text
from fhir_trial.errors import ServerError
from fhir_trial.transfer.canonical import key, references
from fhir_trial.transfer.refusal import NOT_FOR_US, Refusal, away

Json = dict[str, Any]
Send = Callable[[Sequence[Json]], None]
"""Sends resources in one transaction; raises ServerError if they are refused."""
Validate = Callable[[Json], Json]

_ENTRY = re.compile(r"Bundle\.entry\[(\d+)\]")
_NAMED = re.compile(r"\b([A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64})\b")
_MOST_VALIDATED = 50


def named(resources: Sequence[Json], error: ServerError) -> list[Refusal]:
    """The entries that the refusal itself points to: by place, id, or a reference that leads nowhere."""
    text = "\n".join(_words(error))
    by_place = sorted({int(number) for number in _ENTRY.findall(text)})
    if found := [Refusal.of(resources[number], error) for number in by_place if number < len(resources)]:
        return found
    keys = [key(resource) for resource in resources]
    for name in dict.fromkeys(_NAMED.findall(text)):
        if name in keys:
            return [Refusal.of(resources[keys.index(name)], error)]
        holders = [resource for resource in resources if name in references(resource)]
        if len(holders) == 1:
            return [Refusal.of(holders[0], error)]
    return []


def validated(resources: Sequence[Json], error: ServerError, validate: Validate) -> list[Refusal]:
    """The entries about which `$validate` complains in the words of the refusal.

    Any other complaint may be one that the server does not mind when it stores.
    """
    said = [words for words in map(_bare, _issue_texts(error.outcome)) if words]
    if not said:
        return []
    found = []
    for resource in resources[:_MOST_VALIDATED]:
        try:
            outcome = validate(resource)
        except ServerError as exc:
            if away(exc):
                raise
            return []  # a server without $validate
        complaints = [_bare(text) for text in _issue_texts(outcome)]
        if any(one in other or other in one for one in said for other in complaints if other):
            refusal = ServerError(str(error), status=error.status, outcome=outcome)
            found.append(Refusal.of(resource, refusal))
    return found


def halved(parts: list[list[Json]], send: Send) -> list[Refusal]:
    """Those that are refused when halves are sent; a part that refers to a refused one is not tried."""
    return list(_halves(parts, send, set()))


def units(resources: Sequence[Json], together: set[str]) -> list[list[Json]]:
    """The smallest parts that may be sent alone, targets first; `together` names what stays together."""
    by_key = {key(resource): resource for resource in resources}
    needs = {name: (by_key.keys() & set(references(resource))) - {name} for name, resource in by_key.items()}
    try:
        order = list(TopologicalSorter(needs).static_order())
    except CycleError:
        return [list(resources)]
    last = [by_key[name] for name in order if name in together]
    return [[by_key[name]] for name in order if name not in together] + ([last] if last else [])


def _halves(parts: list[list[Json]], send: Send, refused: set[str]) -> Iterator[Refusal]:
    parts = [part for part in parts if not _needs(part, refused)]
    if not parts:
        return
    try:
        send([resource for part in parts for resource in part])
    except ServerError as exc:
        if not _blames_content(exc):
            raise
        if len(parts) == 1:
            for resource in parts[0]:
                refused.add(key(resource))
                yield Refusal.of(resource, exc)
            return
        middle = len(parts) // 2
        yield from _halves(parts[:middle], send, refused)
        yield from _halves(parts[middle:], send, refused)


def _blames_content(error: ServerError) -> bool:
    """Whether a refusal is about what was sent, not about who sends it, or when."""
    return not away(error) and error.status not in NOT_FOR_US


def _needs(part: list[Json], refused: set[str]) -> bool:
    if any(not refused.isdisjoint(references(resource)) for resource in part):
        refused.update(map(key, part))  # what refers to this is not to be sent either
        return True
    return False


def _words(error: ServerError) -> Iterator[str]:
    """All that a refusal says: expressions first, then texts."""
    for issue in _issues(error.outcome):
        yield from (str(each) for name in ("expression", "location") for each in issue.get(name) or ())
    for issue in _issues(error.outcome):
        yield issue_text(issue)
    yield str(error)


def _issue_texts(outcome: Json | None) -> list[str]:
    return [issue_text(issue) for issue in _issues(outcome) if issue.get("severity") in ("fatal", "error")]


def _issues(outcome: Json | None) -> list[Json]:
    issues = (outcome or {}).get("issue")
    return [issue for issue in issues if isinstance(issue, dict)] if isinstance(issues, list) else []


def _bare(text: str) -> str:
    """A complaint without the codes in front and the place in brackets at the start."""
    return re.sub(r"^(HAPI-\d+: )*(\[[^\]]*\] ?)?", "", text).strip()
