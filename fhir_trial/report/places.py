"""The places of values in resources, as FHIRPath.

Shared resources go by ids that change with what they hold. So they are reached here the way a reader reaches
them, by the reference; an id or a reference is never the place of a value.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Resource = dict[str, Any]

_CHOICES = (
    *("value", "product", "subject", "definition", "timing", "effective", "asNeeded", "versionAlgorithm"),
    *("citeAs", "onset", "deceased", "instance", "participantEffective"),
)
"""Elements of a choice of types: FHIRPath names them without the type."""
_CHOICE = re.compile(rf"({'|'.join(_CHOICES)})[A-Z]\w*\Z")

_NO_PLACES = frozenset({"id", "reference", "meta", "resourceType", "fullUrl"})

SEPARATOR = "\n"
"""Stands between the resource that a place is in (as it is reached) and the FHIRPath there."""


@dataclass(slots=True)
class Places:
    """The leaves of a bundle."""

    values: dict[str, Any] = field(default_factory=dict)
    """Place -> value."""
    owners: dict[str, str] = field(default_factory=dict)
    """The resource of a place, as it is reached -> type and id, to show."""

    def shown(self, place: str) -> tuple[str, str]:
        """The resource (type and id) and the FHIRPath of a place."""
        way, path = place.rsplit(SEPARATOR, 1)
        return self.owners[way], path


def element_name(name: str) -> str:
    """The FHIRPath step of a JSON property."""
    name = name.removeprefix("_")
    match = _CHOICE.match(name)
    return match[1] if match else name


Visit = Callable[[str, Any], None]


def walk(resource: Resource, visit: Visit) -> None:
    """Call `visit(path, value)` for each leaf and each reference of a resource, but narrative and meta."""
    kind = str(resource.get("resourceType", ""))
    for name, value in resource.items():
        if name != "text" and name not in _NO_PLACES:
            _below(value, f"{kind}.{element_name(name)}", visit)


def _below(value: Any, path: str, visit: Visit) -> None:
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            visit(path, value)
        for name, item in value.items():
            if name not in _NO_PLACES or isinstance(item, dict):  # elements of a type have such names too
                _below(item, f"{path}.{element_name(name)}", visit)
    elif isinstance(value, list):
        if path.endswith(("extension", "xtension")) and all(isinstance(item, dict) for item in value):
            _extensions(value, path, visit)
            return
        for index, item in enumerate(value):
            if item is not None and not _is_provenance(item):
                _below(item, f"{path}[{index}]", visit)
    else:
        visit(path, value)


def _extensions(written: list[dict[str, Any]], path: str, visit: Visit) -> None:
    """Extensions are counted by url, so that one more of another kind moves none of them."""
    seen: dict[str, int] = {}
    for extension in written:
        url = str(extension.get("url"))
        index = seen[url] = seen.get(url, -1) + 1
        here = extension_path(path, url, index)
        for name, value in extension.items():
            if name not in ("url", "id"):
                _below(value, f"{here}.{element_name(name)}", visit)


def extension_path(path: str, url: str, index: int) -> str:
    """`X.extension` -> `X.extension('url')[0]`; FHIRPath has no such function for modifier extensions."""
    if path.endswith("modifierExtension"):
        return f"{path}.where(url='{url}')[{index}]"
    return f"{path}('{url}')[{index}]"


def _is_provenance(value: Any) -> bool:
    """Whether this is the artifact that names the source record."""
    return isinstance(value, dict) and value.get("type") == "derived-from"


def places(resources: list[Resource], trial_id: str) -> Places:
    """The places of one trial's resources: its own by name, shared ones through what refers to them."""
    found = Places()
    by_key = {f"{r['resourceType']}/{r['id']}": r for r in resources}
    for key, resource in by_key.items():
        if resource["id"].startswith(trial_id):
            name = f"{resource['resourceType']}{resource['id'].removeprefix(trial_id)}"
            _collect(key, resource, name, by_key, trial_id, found)
    return found


def _collect(
    key: str, resource: Resource, way: str, by_key: dict[str, Resource], trial_id: str, found: Places
) -> None:
    found.owners[way] = key
    values = found.values
    prefix = way + SEPARATOR

    def visit(path: str, value: Any) -> None:
        if not isinstance(value, dict):
            values[prefix + path] = value
            return
        target = by_key.get(value["reference"])
        if target is not None and not target["id"].startswith(trial_id):
            _collect(value["reference"], target, prefix + path, by_key, trial_id, found)

    walk(resource, visit)
