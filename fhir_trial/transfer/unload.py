"""What was pulled, written: bundles, records of the registry, or a file per resource type."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from fhir_trial import bundle as bundles
from fhir_trial import mapping, validation, writing
from fhir_trial.errors import InvalidBundleError, RecordError
from fhir_trial.release import Release
from fhir_trial.sources import ctgov_v2
from fhir_trial.transfer.canonical import key
from fhir_trial.transfer.pull import Pulled

Json = dict[str, Any]
Text = tuple[str, bytes]
"""Name and JSON of one study."""


def texts(
    studies: Iterable[Pulled], base_url: str, release: Release | None, failed: Callable[[str, str], None]
) -> Iterator[Text]:
    """Each study as a Bundle, or, with the release it is in, as the registry's record.

    `failed` is told of those that are no record.
    """
    for pulled in studies:
        document = pulled.bundle(base_url)
        try:
            yield pulled.id, orjson.dumps(record(document, release) if release else document)
        except (RecordError, InvalidBundleError) as exc:
            failed(pulled.id, str(exc))


def record(document: Json, release: Release) -> Json:
    """The registry's record of a Bundle of a known release.

    Raises: InvalidBundleError if it is not valid; RecordError if it holds no record of the registry.
    """
    issues = validation.validate(document, release=release)
    if any(issue.severity in ("fatal", "error") for issue in issues):
        raise InvalidBundleError(issues)
    return ctgov_v2.encode(mapping.read_resources(bundles.resources(document), release))


def write(found: Iterator[Text], target: str, layout: writing.Layout) -> None:
    """Writes the studies; a file is not touched if there are none."""
    first = next(found, None)
    if first is None:
        return
    with writing.opened(target, layout) as put:
        for name, text in chain([first], found):
            put(name, text)


def write_by_type(studies: Iterable[Pulled], folder: Path) -> None:
    """Writes every resource once, a line each, into the file of its type."""
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, writing.Write] = {}
    seen: set[str] = set()
    with ExitStack() as opened:
        for pulled in studies:
            for resource in pulled.resources:
                if key(resource) in seen:
                    continue
                seen.add(key(resource))
                kind = resource["resourceType"]
                if kind not in files:
                    target = str(folder / f"{kind}.ndjson")
                    files[kind] = opened.enter_context(writing.opened(target, "ndjson"))
                files[kind](key(resource), orjson.dumps(resource))
