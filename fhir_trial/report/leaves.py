"""The leaves of a record, and for each another value of the same kind to follow it by."""

import re
import typing
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

import msgspec

from fhir_trial import trial as model
from fhir_trial.sources import ctgov_v2_schema as schema
from fhir_trial.sources import paths
from fhir_trial.trial import Trial

Steps = tuple[str | int, ...]

RESULTS, UNKNOWN, EMPTY = "resultsSection", "unknownFields", "emptyValues"
_CARRIED = (RESULTS, UNKNOWN)
"""Members of the document whose leaves are typed by what they hold."""

_NUMBER = re.compile(r"-?(?:\d+(?:\.\d+)?|\.\d+)\Z", re.ASCII)
_COMPARED = re.compile(r"[<>=]\s*\d*\.?\d+\Z", re.ASCII)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+\Z")
_NCT = re.compile(r"NCT\d{8}\Z", re.ASCII)


class Leaf(NamedTuple):
    """One value of a record: where it stands in the source, and where in the document of the `Trial`."""

    path: str
    steps: Steps
    value: Any
    node: schema.Node | None
    """What the registry allows there; None where its field list does not say."""

    @property
    def is_unknown(self) -> bool:
        """Whether the registry's published field list does not have the field."""
        return self.steps[0] == UNKNOWN


def document(trial: Trial) -> dict[str, Any]:
    """Everything that a `Trial` holds, what is carried aside included, as a document to change."""
    stated: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(trial))
    return stated


def leaves(document: dict[str, Any]) -> list[Leaf]:
    """Every leaf of a document, in the order of the record; an object or list without content is a leaf."""
    root = schema.root().fields or {}
    found: list[Leaf] = []
    for key, value in document.items():
        if key == EMPTY:
            found += [Leaf(path, (EMPTY, path), below, None) for path, below in value.items()]
        elif key == UNKNOWN:
            for path, below in value.items():
                found += _walk(below, None, path, (UNKNOWN, path))
        else:
            found += _walk(value, root.get(key), paths.child("$", key), (key,))
    return found


def _walk(value: Any, node: schema.Node | None, path: str, steps: Steps) -> Iterator[Leaf]:
    if isinstance(value, dict) and value:
        for key, below in value.items():
            inner = (node.fields or {}).get(key) if node else None
            yield from _walk(below, inner, paths.child(path, key), (*steps, key))
    elif isinstance(value, list) and value:
        for index, below in enumerate(value):
            inner = node.item if node else None
            yield from _walk(below, inner, paths.child(path, index), (*steps, index))
    else:
        yield Leaf(path, steps, value, node)


def names_group(leaf: Leaf) -> bool:
    """Whether a leaf is the id of a group of participants, where it is listed or where it is used."""
    if leaf.steps[0] != RESULTS:
        return False
    last = [step for step in leaf.steps if isinstance(step, str)][-2:]
    return last[-1] in ("groupId", "groupIds") or last in (["groups", "id"], ["eventGroups", "id"])


def table(leaf: Leaf) -> Steps:
    """The part of the results in which a leaf's group is listed: one outcome, else the whole module."""
    return leaf.steps[: 4 if leaf.steps[2:3] == ("outcomeMeasures",) else 2]


def said_once(leaf: Leaf, document: dict[str, Any]) -> tuple[Any, ...] | None:
    """What leaves have in common that the resources may say once for all of them; None for other leaves.

    The numbers at risk of one group, and what the events of one kind are coded in and assessed by.
    """
    steps = leaf.steps
    if steps[:2] != (RESULTS, "adverseEventsModule"):
        return None
    last = str(steps[-1])
    if last in ("sourceVocabulary", "assessmentType"):
        return (*steps[:3], last, leaf.value)
    if not last.endswith("umAtRisk"):
        return None
    if steps[2] == "eventGroups":
        return (*steps[:4], leaf.value)
    beside: Any = document
    for step in steps[:-1]:
        beside = beside[step]
    return (*steps[:3], beside.get("groupId"), leaf.value)


def general(path: str) -> str:
    """The path of a field whatever its place in its lists: `conditionsModule.keywords[]`."""
    return re.sub(r"\[\d+\]", "[]", path.removeprefix("$."))


# --- other values ----------------------------------------------------------------------------------------


def another(leaf: Leaf, number: int, *, turned: bool = False) -> Any:
    """A value that the record does not have, of the kind that the registry allows at the leaf.

    `number` tells it from the values made for other leaves. It keeps what a value is recognised by: the
    precision of a date, the unit of a span, the form of an address or number; and the order of pairs, so
    that a later end and an earlier start stay in order (`turned`: the other way, where they were not).
    """
    value = leaf.value
    if leaf.steps[0] == EMPTY:
        return "" if value != "" else {}
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return 1_000_000_000 + number
    if isinstance(value, float):
        return round(-89 + number % 170_000 / 1000 + 0.00037, 5)
    if isinstance(value, str):
        return _another_text(leaf, value, number, turned)
    return value


def _another_text(leaf: Leaf, value: str, number: int, turned: bool) -> str:
    node, path = leaf.node, leaf.path
    if node and node.tokens:
        return node.tokens[(node.tokens.index(value) + 1) % len(node.tokens)]
    expected = node.expected if node else ""
    if expected == _DATE:
        return another_date(value, number, later=("ompletion" in path) != turned)
    if expected == _DATE_TIME:
        return f"{another_date(value[:10], number)}{value[10:]}"
    if expected == _TIME_SPAN:
        return _another_span(value, number, lower=("minimum" in path) != turned)
    if _NCT.match(value):
        return f"NCT{90_000_000 + number:08d}"
    if _COMPARED.match(value):  # of a number and its comparator the number is followed
        return f"{value[0]}0.{1_000_000 + number}1"  # no zero at the end, which a number would lose
    if _NUMBER.match(value):
        return f"-1{number:09d}" if "owerLimit" in path else f"1{number:09d}"
    if _URL.match(value):
        return f"https://value-{number:06d}.example/"
    return f"value-{number:06d}-followed"


def _described(annotation: Any) -> str:
    (meta,) = typing.get_args(annotation)[1:]
    return str(meta.description)


_DATE, _DATE_TIME, _TIME_SPAN = map(_described, (model.Date, model.DateTime, model.TimeSpan))


def another_date(value: str, number: int, *, later: bool = False) -> str:
    """Another date of the same precision, before all that a record has, or after them."""
    day = date(2150 if later else 1850, 1, 1)
    if len(value) == len("yyyy"):
        return str(day.year + number % 50)
    if len(value) == len("yyyy-MM"):
        return f"{day.year + number // 12 % 50}-{number % 12 + 1:02d}"
    return str(day + timedelta(days=number % 18_000))


def _another_span(value: str, number: int, *, lower: bool) -> str:
    amount, _, unit = value.partition(" ")
    if lower and int(amount) > 0:
        return f"{int(amount) - 1} {unit}"
    return f"{int(amount) + 100_000 + number} {unit}"


def is_choice(leaf: Leaf) -> bool:
    """Whether only a few values are possible: a token, a yes or no, a kind of nothing."""
    return isinstance(leaf.value, bool) or leaf.steps[0] == EMPTY or bool(leaf.node and leaf.node.tokens)
