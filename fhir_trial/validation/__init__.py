"""Levels 1 to 3 of validation: structure, codes, references, invariants, narratives, extensions, bundles."""

from collections import Counter
from collections.abc import Mapping
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
from fhir_trial.validation.walker import Walker

__all__ = ["explain", "validate", "validate_json"]


def validate(
    resource: dict[str, Any], *, release: Release | str = Release.R4, source: str | None = None
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
    walker = Walker(tables(release), Surroundings(), source)
    _note_misses(walker, resource["resourceType"], resource, accepted)
    return walker.issues


def _validated_bundle(bundle: dict[str, Any], release: Release, source: str | None) -> list[Issue]:
    verdict = acceptor(release).bundle(bundle)
    if not verdict.clean:
        return explain(bundle, release=release, source=source, accepted=verdict.accepted)
    if not any(one.misses for one in verdict.accepted.values()):
        return []
    walker = Walker(tables(release), Surroundings(), source)
    _note_all_misses(walker, "Bundle", bundle, verdict.accepted)
    return walker.issues


def _note_all_misses(
    walker: Walker, path: str, bundle: dict[str, Any], accepted: Mapping[int, Accepted]
) -> None:
    for index, one in accepted.items():
        if one.misses:
            _note_misses(walker, f"{path}.entry[{index}].resource", bundle["entry"][index]["resource"], one)


def _note_misses(walker: Walker, path: str, resource: dict[str, Any], accepted: Accepted) -> None:
    """Warn of what an accepted resource still leaves to be warned of."""
    if accepted.misses:
        value_sets = {id(node): value_set for node, value_set in accepted.misses}
        wanted = Counter(id(node) for node, _ in accepted.misses)
        for where, node in places(walker.tables, path, resource, wanted):
            walker.missed(where, value_sets[id(node)])


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
        _note_all_misses(walker, path, resource, accepted)
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
