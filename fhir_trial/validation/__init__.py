"""Levels 1 to 3 of validation: structure, codes, references, invariants, narratives, extensions, bundles."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from fhir_trial.errors import Issue
from fhir_trial.release import Release
from fhir_trial.validation import bundles
from fhir_trial.validation.accept import acceptor
from fhir_trial.validation.references import Surroundings
from fhir_trial.validation.tables import tables
from fhir_trial.validation.text import Duplicates, decoded, load
from fhir_trial.validation.walker import Walker

__all__ = ["explain", "validate", "validate_json"]


def validate(
    resource: dict[str, Any], *, release: Release | str = Release.R4, source: str | None = None
) -> list[Issue]:
    """The findings about a resource or Bundle; an empty list means that nothing is wrong with it."""
    fast = acceptor(Release(release))
    if not isinstance(resource, dict) or resource.get("resourceType") != "Bundle":
        clean = isinstance(resource, dict) and fast.resource(resource)
        return [] if clean else explain(resource, release=Release(release), source=source)
    verdict = fast.bundle(resource)
    if verdict.clean:
        return []
    return explain(resource, release=Release(release), source=source, accepted=verdict.accepted)


def explain(
    resource: Any,
    *,
    release: Release,
    source: str | None = None,
    accepted: Mapping[int, Sequence[str]] = MappingProxyType({}),
) -> list[Issue]:
    """The walker's findings; of the accepted entries only the references count, known to be right."""
    is_bundle = isinstance(resource, dict) and resource.get("resourceType") == "Bundle"
    around = bundles.surroundings(resource) if is_bundle else Surroundings()
    walker = Walker(tables(release), around, source)
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    path = kind if isinstance(kind, str) and kind in walker.tables.resources else "Resource"
    for index, hits in accepted.items():
        walker.skip(f"{path}.entry[{index}]", hits)
    walker.resource(path, resource)
    if is_bundle:
        bundles.check(walker, path, resource)
        bundles.orphans(walker, path, resource)
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


def _text_issue(severity: Any, rule: str, message: str, source: str | None) -> Issue:
    return Issue(
        severity=severity, code="structure", expression="Resource", message=message, rule=rule, source=source
    )
