"""Levels 1 to 3 of validation: structure, codes, references, invariants, narratives, extensions, bundles."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from fhir_trial.errors import Issue, Severity
from fhir_trial.release import Release
from fhir_trial.validation import bundles
from fhir_trial.validation.accept import Accepted, acceptor
from fhir_trial.validation.places import places
from fhir_trial.validation.references import Surroundings
from fhir_trial.validation.tables import tables
from fhir_trial.validation.text import Duplicates, decoded, load
from fhir_trial.validation.walker import Walker, extensible_miss

Json = dict[str, Any]

__all__ = ["explain", "validate", "validate_json"]


def validate(
    resource: Json, *, release: Release | str = Release.R4, source: str | None = None
) -> list[Issue]:
    """The findings about a resource or Bundle; an empty list means that nothing is wrong with it."""
    release = Release(release)
    if not isinstance(resource, dict):
        return explain(resource, release=release, source=source)
    if resource.get("resourceType") == "Bundle":
        return _validated_bundle(resource, release, source)
    accepted = acceptor(release).resource(resource)
    if accepted is None:
        return explain(resource, release=release, source=source)
    return list(_left(resource["resourceType"], resource, accepted, release, source))


def _validated_bundle(bundle: Json, release: Release, source: str | None) -> list[Issue]:
    verdict = acceptor(release).bundle(bundle)
    if not verdict.clean:
        return explain(bundle, release=release, source=source, accepted=verdict.accepted)
    return _all_left("Bundle", bundle, verdict.accepted, release, source)


def _all_left(
    path: str, bundle: Json, accepted: Mapping[int, Accepted], release: Release, source: str | None
) -> list[Issue]:
    """What the accepted resources of a Bundle still leave to be warned of."""
    found: list[Issue] = []
    for index, one in accepted.items():
        if one.misses:
            where, resource = f"{path}.entry[{index}].resource", bundle["entry"][index]["resource"]
            found += _left(where, resource, one, release, source)
    return found


def _left(
    path: str, resource: Json, accepted: Accepted, release: Release, source: str | None
) -> Iterator[Issue]:
    """What an accepted resource still leaves to be warned of."""
    for where, value_set in places(tables(release), path, resource, accepted.misses):
        yield extensible_miss(where, value_set, source)


def explain(
    resource: Any,
    *,
    release: Release,
    source: str | None = None,
    accepted: Mapping[int, Accepted] = MappingProxyType({}),
) -> list[Issue]:
    """The walker's findings; the resources of accepted entries are only asked for what they still leave."""
    is_bundle = isinstance(resource, dict) and resource.get("resourceType") == "Bundle"
    around = bundles.surroundings(resource) if is_bundle else Surroundings()
    walker = Walker(tables(release), around, source)
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    path = kind if isinstance(kind, str) and kind in walker.tables.resources else "Resource"
    for index, one in accepted.items():
        walker.skip(f"{path}.entry[{index}]", one.hits)
    walker.resource(path, resource)
    if is_bundle:
        bundles.check(walker, path, resource)
        bundles.orphans(walker, path, resource)
        walker.issues += _all_left(path, resource, accepted, release, source)
    return walker.issues


def validate_json(
    data: bytes | str, *, release: Release | str = Release.R4, source: str | None = None
) -> list[Issue]:
    """The findings about JSON text: those of `validate`, and what only the text shows."""
    duplicates = Duplicates()
    try:
        resource = load(decoded(data), duplicates)
    except (ValueError, RecursionError) as error:
        return [_text_issue("fatal", "json", f"malformed JSON: {error}", source)]
    found = [
        _text_issue("error", "duplicate-key", f"the JSON property {name!r} occurs twice", source)
        for name in duplicates.found
    ]
    return found + validate(resource, release=release, source=source)


def _text_issue(severity: Severity, rule: str, message: str, source: str | None) -> Issue:
    return Issue(
        severity=severity, code="structure", expression="Resource", message=message, rule=rule, source=source
    )
