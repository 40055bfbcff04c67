"""Changes to records, and what of them is seen in the output: the machinery of the proof by change.

It shares nothing with `fhir_trial.report`, which finds places by another way of changing.
"""

import copy
import itertools
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from fhir_trial import mapping
from fhir_trial.bundle import bundle, resources
from fhir_trial.release import Release
from fhir_trial.sources import ctgov_v2
from fhir_trial.sources import ctgov_v2_schema as schema
from fhir_trial.trial import Trial
from tests.records import CORPUS

Document = dict[str, Any]
Path_ = tuple[str | int, ...]

SECTIONS = ("protocolSection", "derivedSection", "documentSection", "annotationSection", "hasResults")
"""The parts of a record that must come back, key by key."""
RESULTS = "resultsSection"
"""What must come back as well; proven apart from the rest, for it is often larger than all of it."""

_DATE = "yyyy, yyyy-MM or yyyy-MM-dd"
_TIME = "yyyy-MM-ddTHH:mm"
_SPAN = "a number and a unit of time"
_NCT = "NCT and eight digits"


def dev_records() -> list[Path]:
    """The full and the partial records that stand beside the checkout, if they do."""
    return sorted(CORPUS.glob("ctgov_v2/*.json")) + sorted(CORPUS.glob("ctgov_v2_partial/*.json"))


def stated(document: Document) -> Document:
    """The parts of a record that must come back."""
    return {key: document[key] for key in (*SECTIONS, RESULTS) if key in document}


def known(data: bytes) -> Document:
    """A record without the fields that the registry's list does not have, and without results."""
    document = stated(ctgov_v2.encode(ctgov_v2.decode(data)))
    document.pop(RESULTS, None)
    return document


def results(data: bytes) -> Document | None:
    """The results of a record with the names of its study; None without any."""
    document = ctgov_v2.encode(ctgov_v2.decode(data))
    if RESULTS not in document:
        return None
    identification = document["protocolSection"]["identificationModule"]
    return {
        "protocolSection": {"identificationModule": identification},
        RESULTS: document[RESULTS],
    }


def trial(document: Document) -> Trial:
    return ctgov_v2.decode(json.dumps(document).encode())


def output(document: Document, release: Release) -> list[Document]:
    return mapping.resources(trial(document), release)


def back(output: list[Document], release: Release) -> Document:
    return stated(ctgov_v2.encode(mapping.read_resources(output, release)))


def round_about(stated: Trial) -> Document:
    """The R4 bundle of a trial that went to R5, R4B and R4 by way of its own bundles."""
    for release in (Release.R4, Release.R5, Release.R4B):
        written = bundle(mapping.resources(stated, release))
        stated = mapping.read_resources(resources(written), release)
    return bundle(mapping.resources(stated, Release.R4))


# --- leaves ----------------------------------------------------------------------------------------------


def leaves(value: Any, node: schema.Node, path: Path_ = ()) -> Iterator[tuple[Path_, Any, schema.Node]]:
    """Every leaf with content, with its place and with what is allowed there."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield from leaves(below, (node.fields or {})[key], (*path, key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from leaves(below, node.item or node, (*path, index))
    elif value != "":
        yield path, value, node


def changed(document: Document, changes: dict[Path_, Any]) -> Document:
    """A copy of a record with other values at some of its leaves."""
    made = copy.deepcopy(document)
    for path, value in changes.items():
        target: Any = made
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = value
    return made


def is_choice(value: Any, node: schema.Node) -> bool:
    return isinstance(value, bool) or bool(node.tokens)


def choices(document: Document) -> Iterator[tuple[Path_, Any]]:
    """Every other value of every flag and token of a record, one at a time."""
    for path, value, node in leaves(document, schema.root()):
        if isinstance(value, bool):
            yield path, not value
        elif node.tokens:
            yield from ((path, token) for token in node.tokens if token != value)


def one_choice_each(document: Document) -> Iterator[tuple[Path_, Any]]:
    """One other value of every flag and token of a record."""
    for _, group in itertools.groupby(choices(document), key=lambda choice: choice[0]):
        yield next(group)


def sentinels(document: Document) -> dict[Path_, Any]:
    """For every leaf but flags and tokens a value found nowhere else, valid where it stands."""
    found: dict[Path_, Any] = {}
    years: dict[int, int] = {}
    for number, (path, value, node) in enumerate(leaves(document, schema.root())):
        if is_choice(value, node):
            continue
        if isinstance(value, str):
            found[path] = _text(value, node, number, years)
        else:
            found[path] = 1_500_000_000 + number if isinstance(value, int) else 10 + number / 100_000 + 5e-7
    return found


def with_groups_kept(sentinels: dict[Path_, Any]) -> dict[Path_, Any]:
    """The changes but those of ids of groups: the numbers of a group stay together, and stay its own."""
    return {path: value for path, value in sentinels.items() if not _names_group(path)}


def _names_group(path: Path_) -> bool:
    return path[-1] == "groupId" or "groupIds" in path or (path[-1] == "id" and "roups" in str(path[-3:-2]))


def one_of_each_field(sentinels: dict[Path_, Any]) -> Iterator[tuple[Path_, Any]]:
    """Of the changes the first, the middle and the last of each field, each to be made alone."""
    fields: dict[Path_, list[Path_]] = {}
    for path in sentinels:
        fields.setdefault(tuple(step for step in path if isinstance(step, str)), []).append(path)
    for paths in fields.values():
        for path in dict.fromkeys((paths[0], paths[len(paths) // 2], paths[-1])):
            yield path, sentinels[path]


def _text(value: str, node: schema.Node, number: int, years: dict[int, int]) -> str:
    match node.expected:
        case expected if expected == _DATE:
            count = years[len(value)] = years.get(len(value), -1) + 1
            return _date(len(value), count)
        case expected if expected == _TIME:
            return f"{date(1700, 1, 1) + timedelta(days=number)}T01:02"
        case expected if expected == _SPAN:
            return f"{7_000_000 + number} {value.split(' ')[1]}"
        case expected if expected == _NCT:
            return f"NCT7{number:07d}"
    return f"<sentinel-{number}>"


def _date(length: int, count: int) -> str:
    """Of each precision another range of years, so that no date is the beginning of another."""
    if length == len("yyyy"):
        return f"{3000 + count}"
    if length == len("yyyy-MM"):
        return f"{2100 + count // 12}-{count % 12 + 1:02d}"
    return str(date(1800, 1, 1) + timedelta(days=count))


# --- what is seen ----------------------------------------------------------------------------------------


def visible(output: list[Document]) -> list[tuple[str, Any]]:
    """Name and value of every leaf outside narratives, meta, provenance; no ids, no references by id."""
    return [pair for resource in output for pair in _visible(resource, "", top=True)]


def _visible(value: Any, name: str, *, top: bool = False) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        if value.get("type") == "derived-from":  # the artifact that names the source record
            return
        for key, below in value.items():
            if not (top and key in ("id", "text", "meta")) and not (
                key in ("reference", "id", "fullUrl") and isinstance(below, str)
            ):
                yield from _visible(below, key)
    elif isinstance(value, list):
        for below in value:
            yield from _visible(below, name)
    else:
        yield name, value


def is_seen(sentinel: Any, values: set[str], whole: str) -> bool:
    """Whether a sentinel is there: a text also inside another, a span by its number."""
    if isinstance(sentinel, str) and sentinel.startswith("<"):
        return sentinel in whole
    return str(sentinel).split(" ")[0] in values


def missing(changes: dict[Path_, Any], output: list[Document]) -> list[Path_]:
    """The changed leaves whose sentinel is nowhere to be seen in the output of the changed record."""
    values = {str(value) for _, value in visible(output)}
    whole = "\0".join(values)
    return [path for path, sentinel in changes.items() if not is_seen(sentinel, values, whole)]


def unseen(document: Document, changes: dict[Path_, Any], release: Release) -> list[Path_]:
    """The leaves whose sentinel is nowhere to be seen once a record has them."""
    return missing(changes, output(changed(document, changes), release))


def looks_copied(output: list[Document], changes: dict[Path_, Any]) -> list[str]:
    """What in the output of a record of sentinels looks like a copy of a part of the source."""
    found = []
    for name, value in visible(output):
        if not isinstance(value, str):
            continue
        if name in ("data", "valueBase64Binary", "hash"):
            found.append(f"{name}: {value[:60]}")
        if value.lstrip()[:1] in ("{", "["):
            found.append(f"JSON in {name}: {value[:60]}")
        if value.count("<sentinel-") > 1:
            found.append(f"several values in {name}: {value[:60]}")
    return found
