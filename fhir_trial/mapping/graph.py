"""The resources of one trial while they are written, and while they are read."""

import hashlib
from collections.abc import Iterable
from typing import Any

import orjson

from fhir_trial.codemaps import Maps, maps
from fhir_trial.release import Release

Resource = dict[str, Any]
Reference = dict[str, Any]


def digest(*content: Any) -> str:
    """32 hexadecimal digits that identify content; equal content, equal digits, in every trial."""
    return hashlib.blake2b(orjson.dumps(content), digest_size=16).hexdigest()


def reference(resource_type: str, resource_id: str, display: str | None = None) -> Reference:
    """A Reference by type and id, with what people read there."""
    found: Reference = {"reference": f"{resource_type}/{resource_id}"}
    if display and not display.isspace():
        found["display"] = display
    return found


def compact(**elements: Any) -> dict[str, Any]:
    """An element or resource without its empty members, in the order given."""
    return {key: value for key, value in elements.items() if value}


class Graph:
    """What the trial's own resources refer to; each shared resource once, in the order first met."""

    def __init__(self, release: Release, agency_classes: dict[str, str] | None = None) -> None:
        """`agency_classes`: name of an organization -> its class, as far as the record states it."""
        self.release = release
        self.r5 = release is Release.R5
        self.maps: Maps = maps(release)
        self.agency_classes = agency_classes or {}
        self._shared: dict[str, Resource] = {}

    def add(self, resource: Resource) -> None:
        """Keep a resource; one of the same id is the same content already."""
        self._shared.setdefault(f"{resource['resourceType']}/{resource['id']}", resource)

    def __contains__(self, key: str) -> bool:
        return key in self._shared

    def resources(self) -> Iterable[Resource]:
        """What was kept, by resource type then in the order met."""
        return sorted(self._shared.values(), key=_rank)


ORDER = (
    "ResearchStudy",
    "PlanDefinition",
    "Group",
    "ActivityDefinition",
    "EvidenceReport",
    "Composition",
    "EvidenceVariable",
    "Evidence",
    "Observation",
    "Organization",
    "Practitioner",
    "PractitionerRole",
    "Location",
)
"""Order of the resource types in a bundle: the study first, then what it refers to."""
_RANK = {resource_type: rank for rank, resource_type in enumerate(ORDER)}


def _rank(resource: Resource) -> int:
    return _RANK[resource["resourceType"]]


class Index:
    """The resources of a bundle, found by reference."""

    def __init__(self, resources: Iterable[Resource], release: Release) -> None:
        self.release = release
        self.r5 = release is Release.R5
        self.maps: Maps = maps(release)
        self.resources = list(resources)
        self._by_key = {f"{r.get('resourceType')}/{r.get('id')}": r for r in self.resources}

    def of_type(self, resource_type: str) -> list[Resource]:
        """The resources of a type, in bundle order."""
        return [r for r in self.resources if r.get("resourceType") == resource_type]

    def find(self, reference: Any, *kinds: str) -> Resource | None:
        """The resource a Reference points to, when the bundle has it and it is of one of the types."""
        text = reference.get("reference") if isinstance(reference, dict) else None
        if not isinstance(text, str):
            return None
        found = self._by_key.get("/".join(text.split("/")[-2:]))
        return None if kinds and found is not None and found["resourceType"] not in kinds else found
