"""What is asked of a FHIR server, apart from the sending: each function builds one request.

https://hl7.org/fhir/R4/http.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

import orjson

FHIR_JSON = "application/fhir+json"
FORM = "application/x-www-form-urlencoded"

Params = Mapping[str, str] | Sequence[tuple[str, str]]
"""Search parameters; a sequence of pairs where a name occurs more than once (AND)."""

_FRESH = MappingProxyType({"Cache-Control": "no-cache"})
"""A HAPI server answers a search of the last minute from its cache unless told not to."""
_RETRY_ON_CONFLICT = MappingProxyType({"X-Retry-On-Version-Conflict": "retry; max-retries=10"})
"""HAPI's own; never beside If-Match, where the server would try in vain for seconds (measured)."""
_NOTHING: Mapping[str, str] = MappingProxyType({})
_LONGEST_QUERY = 1500
"""Characters that every server and proxy takes in an address; a longer search is posted."""

_CAPABILITY = (
    "fhirVersion,software,implementation,format,"
    "rest.mode,rest.interaction,rest.resource.type,rest.resource.interaction,rest.resource.updateCreate"
)
"""The elements wanted: HAPI writes 4 KB instead of 1.6 MB; a server may ignore this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request: where to, with what, and whether sending it twice does harm."""

    method: str
    path: str
    """Relative to the server's base; an absolute URL where a server gave one."""
    headers: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    body: bytes | None = field(default=None, repr=False)
    content_type: str = FHIR_JSON
    accept: str = FHIR_JSON
    repeatable: bool = True
    """Sent twice, it leaves the server as sent once."""
    guarded: bool = False
    """It carries If-Match: a conflict is an answer, not bad luck."""

    @property
    def name(self) -> str:
        """What a message calls it: method and path without the query, which may be long."""
        return f"{self.method} {self.path.partition('?')[0] or '/'}"


def capability(*, whole: bool = False) -> Request:
    """The server's CapabilityStatement; only what we look at unless the whole is wanted."""
    query = "" if whole else f"?_elements={_CAPABILITY}"
    return Request(method="GET", path=f"metadata{query}")


def read(resource_type: str, resource_id: str) -> Request:
    """One resource by its id."""
    return Request(method="GET", path=f"{resource_type}/{resource_id}")


def history(resource_type: str, resource_id: str) -> Request:
    """The versions of one resource, newest first."""
    return Request(method="GET", path=f"{resource_type}/{resource_id}/_history", headers=_FRESH)


def search(resource_type: str, params: Params) -> Request:
    """A search; posted when it would be too long for an address.

    Raises: ValueError for an empty value, which HAPI ignores: it would answer everything there is.
    """
    query = _query(params)
    if len(query) <= _LONGEST_QUERY:
        return Request(method="GET", path=f"{resource_type}?{query}", headers=_FRESH)
    return Request(
        method="POST",
        path=f"{resource_type}/_search",
        headers=_FRESH,
        body=query.encode(),
        content_type=FORM,
    )


def search_path(resource_type: str, params: Params) -> str:
    """A search as the url of a bundle entry."""
    return f"{resource_type}?{_query(params)}"


def pairs(params: Params) -> list[tuple[str, str]]:
    """Search parameters as names and values, in order."""
    return list(params.items()) if isinstance(params, Mapping) else list(params)


def follow(link: str) -> Request:
    """A link as the server gave it."""
    return Request(method="GET", path=link, headers=_FRESH)


def create(resource: Mapping[str, Any], *, if_none_exist: str | None = None) -> Request:
    """A new resource; with a query, only if nothing answers to it yet."""
    return Request(
        method="POST",
        path=str(resource["resourceType"]),
        headers={"If-None-Exist": if_none_exist} if if_none_exist else _NOTHING,
        body=orjson.dumps(resource),
        repeatable=if_none_exist is not None,
    )


def update(resource: Mapping[str, Any], *, if_match: str | None = None) -> Request:
    """A resource under its own id; with a version, only if that is still the server's."""
    return Request(
        method="PUT",
        path=f"{resource['resourceType']}/{resource['id']}",
        headers={"If-Match": f'W/"{if_match}"'} if if_match else _RETRY_ON_CONFLICT,
        body=orjson.dumps(resource),
        guarded=if_match is not None,
    )


def conditional_update(resource: Mapping[str, Any], params: Params) -> Request:
    """A resource in the place of the one that a search finds, or a new one.

    Never of the same search from two threads: HAPI then makes duplicates (measured).
    """
    return Request(
        method="PUT", path=search_path(resource["resourceType"], params), body=orjson.dumps(resource)
    )


def bundle(document: Mapping[str, Any]) -> Request:
    """A transaction or a batch."""
    guarded = any("ifMatch" in _request(entry) for entry in document.get("entry", ()))
    return Request(
        method="POST",
        path="",
        headers=_FRESH if guarded else {**_FRESH, **_RETRY_ON_CONFLICT},
        body=orjson.dumps(document),
        repeatable=is_repeatable(document),
        guarded=guarded,
    )


def is_repeatable(document: Mapping[str, Any]) -> bool:
    """Whether a bundle sent twice leaves the server as sent once: no entry is an unconditional POST."""
    return all(_is_repeatable_entry(_request(entry)) for entry in document.get("entry", ()))


def validate(resource: Mapping[str, Any]) -> Request:
    """The server's `$validate`; without a mode, which R4B and R5 servers refuse (measured)."""
    return Request(method="POST", path=f"{resource['resourceType']}/$validate", body=orjson.dumps(resource))


def _is_repeatable_entry(request: Mapping[str, Any]) -> bool:
    return request.get("method") in ("GET", "HEAD", "PUT", "DELETE") or "ifNoneExist" in request


def _request(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = entry.get("request", {})
    return found


def _query(params: Params) -> str:
    found = pairs(params)
    for name, value in found:
        if not value.strip():
            raise ValueError(f"the search parameter {name!r} has no value")
    return urlencode(found, safe=",|:/")
