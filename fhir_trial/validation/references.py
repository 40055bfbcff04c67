"""What a reference says by itself, and what the resources around it answer."""

import re
from dataclasses import dataclass, field
from typing import Any

_LITERAL = re.compile(
    r"(?P<base>[A-Za-z][A-Za-z0-9+.\-]*://[^\s?#]+/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})"
    r"(?:/_history/[A-Za-z0-9\-.]{1,64})?(?:#[A-Za-z0-9\-.]+)?"
)
_CONDITIONAL = re.compile(r"(?P<type>[A-Z][A-Za-z]+)\?[^\s]+=[^\s]+")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s]+")


@dataclass(frozen=True, slots=True)
class Literal:
    """A reference taken apart."""

    base: str | None
    type: str | None
    id: str | None
    conditional: bool = False

    @property
    def key(self) -> str:
        """Type and id, without base and version."""
        return f"{self.type}/{self.id}"


def parse(text: str) -> Literal | None:
    """A reference taken apart; None when it has no form that FHIR knows."""
    if found := _LITERAL.fullmatch(text):
        return Literal(found["base"], found["type"], found["id"])
    if found := _CONDITIONAL.fullmatch(text):
        return Literal(None, found["type"], None, conditional=True)
    return Literal(None, None, None) if _ABSOLUTE.fullmatch(text) else None


@dataclass
class Surroundings:
    """The resources that a reference may resolve to: contained ones, and the entries of a Bundle."""

    contained: dict[str, str] = field(default_factory=dict)
    """id -> type of the resources contained in the one that is walked."""
    by_url: dict[str, str] = field(default_factory=dict)
    """fullUrl -> type of every entry."""
    by_key: dict[str, str | None] = field(default_factory=dict)
    """Type/id -> fullUrl of every entry."""
    urls: set[str] = field(default_factory=set)
    """The canonical urls of the entries."""
    bases: set[str] = field(default_factory=set)
    base: str | None = None
    """The base of the fullUrl of the entry that is walked."""
    closed: bool = False
    """Whether every reference has to resolve inside the Bundle."""
    transaction: bool = False
    referenced: set[str] = field(default_factory=set)
    """The fullUrls (or keys) of the entries that something refers to."""
    referring: set[str] = field(default_factory=set)
    """The paths of the entries that refer to an entry."""


_RESTFUL = re.compile(r"(https?://[^\s?#]+/)([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})")


def restful(full_url: str) -> re.Match[str] | None:
    """Base, type and id of a fullUrl that looks like a server's."""
    return _RESTFUL.fullmatch(full_url)


def base_of(full_url: str) -> str | None:
    """The server's base in a RESTful fullUrl."""
    found = restful(full_url)
    return found[1] if found else None


def resource_key(resource: Any) -> str | None:
    """Type/id of a resource that has both."""
    if not isinstance(resource, dict):
        return None
    kind, identity = resource.get("resourceType"), resource.get("id")
    return f"{kind}/{identity}" if isinstance(kind, str) and isinstance(identity, str) else None
