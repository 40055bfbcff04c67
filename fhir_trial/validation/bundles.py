"""The rules of a Bundle as a whole: its type, its entries' identities, its requests."""

from typing import Any

from fhir_trial.release import Release
from fhir_trial.validation import formats
from fhir_trial.validation.references import Surroundings, base_of, resource_key, restful
from fhir_trial.validation.walker import Walker

Json = dict[str, Any]

CLOSED = frozenset({"collection", "document", "message", "transaction"})
"""Bundles whose references resolve inside: what travels alone, and what a server stores as a whole."""

_WITH_REQUEST = frozenset({"batch", "transaction", "history", "subscription-notification"})
_WITH_RESPONSE = frozenset({"batch-response", "transaction-response", "history"})


def entries(bundle: Json) -> list[Any]:
    """The entries of a Bundle, as far as it has a list of them."""
    found = bundle.get("entry")
    return found if isinstance(found, list) else []


def surroundings(bundle: Json) -> Surroundings:
    """What the references of a Bundle's resources may resolve to."""
    kind = bundle.get("type")
    around = Surroundings(
        closed=isinstance(kind, str) and kind in CLOSED,
        transaction=kind in ("transaction", "batch"),
        urls=canonical_urls(bundle),
    )
    for entry in entries(bundle):
        key = resource_key(entry.get("resource")) if isinstance(entry, dict) else None
        full = entry.get("fullUrl") if isinstance(entry, dict) else None
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if (
            isinstance(full, str)
            and isinstance(resource, dict)
            and isinstance(resource.get("resourceType"), str)
        ):
            around.by_url[full] = resource["resourceType"]
            if (base := base_of(full)) is not None:
                around.bases.add(base)
        if key is not None:
            around.by_key[key] = full if isinstance(full, str) else None
    return around


def canonical_urls(bundle: Json) -> set[str]:
    """The canonical urls of a Bundle's resources."""
    resources = [entry.get("resource") for entry in entries(bundle) if isinstance(entry, dict)]
    urls = [one.get("url") for one in resources if isinstance(one, dict)]
    return {url for url in urls if isinstance(url, str)}


def check(walker: Walker, path: str, bundle: Json) -> None:
    """Everything about a Bundle that is not about one element of it."""
    kind = bundle.get("type")
    if not isinstance(kind, str):
        return
    _head(walker, path, bundle, kind)
    seen: dict[Any, int] = {}
    keys: dict[str, int] = {}
    for index, entry in enumerate(entries(bundle)):
        if isinstance(entry, dict) and entry:
            where = f"{path}.entry[{index}]"
            _entry(walker, where, entry, kind)
            _identity(walker, where, entry, kind)
            if kind != "history":
                _unique(walker, where, entry, seen, keys, index)


def _head(walker: Walker, path: str, bundle: Json, kind: str) -> None:
    if "total" in bundle and kind not in ("searchset", "history"):
        walker.error(path, "bdl-1", "total is only for a searchset or a history")
    if kind == "searchset" and walker.tables.release is Release.R5 and not _has_self_link(bundle):
        walker.error(path, "bdl-18", "a searchset has a self link")
    if kind == "document":
        _document(walker, path, bundle)
    if kind == "message" and _first_type(bundle) != "MessageHeader":
        walker.error(path, "bdl-12", "a message starts with a MessageHeader")


def _has_self_link(bundle: Json) -> bool:
    links = bundle.get("link")
    return isinstance(links, list) and any(
        isinstance(one, dict) and one.get("relation") == "self" for one in links
    )


def _document(walker: Walker, path: str, bundle: Json) -> None:
    identifier = bundle.get("identifier")
    if not isinstance(identifier, dict) or "system" not in identifier or "value" not in identifier:
        walker.error(path, "bdl-9", "a document has an identifier with a system and a value")
    if "timestamp" not in bundle:
        walker.error(path, "bdl-10", "a document has a timestamp")
    if _first_type(bundle) != "Composition":
        walker.error(path, "bdl-11", "a document starts with a Composition")


def _first_type(bundle: Json) -> Any:
    first = entries(bundle)[:1]
    resource = first[0].get("resource") if first and isinstance(first[0], dict) else None
    return resource.get("resourceType") if isinstance(resource, dict) else None


def _entry(walker: Walker, path: str, entry: Json, kind: str) -> None:
    newer = walker.tables.release is Release.R5
    if "search" in entry and kind != "searchset":
        walker.error(path, "bdl-2", "search is only for a searchset")
    if ("request" in entry) != (kind in _WITH_REQUEST) and kind != "subscription-notification":
        walker.error(path, "bdl-3a" if newer else "bdl-3", f"request does not fit in an entry of a {kind}")
    if ("response" in entry) != (kind in _WITH_RESPONSE) and kind != "subscription-notification":
        walker.error(path, "bdl-4", f"response does not fit in an entry of a {kind}")
    if not entry.keys() & {"resource", "request", "response"}:
        walker.error(path, "bdl-5", "an entry has a resource, a request or a response")
    if isinstance(entry.get("request"), dict):
        _request(walker, path, entry, entry["request"])


def _request(walker: Walker, path: str, entry: Json, request: Json) -> None:
    """That a request does with the entry's resource what it says."""
    method, url, resource = request.get("method"), request.get("url"), entry.get("resource")
    if method in ("POST", "PUT") and resource is None:
        walker.error(path, "request-resource", f"{method} needs a resource")
    if not isinstance(url, str) or not isinstance(resource, dict):
        return
    kind, key = resource.get("resourceType"), resource_key(resource)
    if method == "POST" and url not in (kind, f"{kind}/") and not url.startswith(("$", f"{kind}/$")):
        walker.error(f"{path}.request.url", "request-url", f"POST of a {kind} goes to {kind}, not to {url}")
    if method == "PUT" and "?" not in url:
        if key is None:
            walker.error(f"{path}.resource.id", "request-id", "PUT needs the resource's id")
        elif url != key:
            walker.error(f"{path}.request.url", "request-url", f"PUT of {key} goes to {key}, not to {url}")


def _identity(walker: Walker, path: str, entry: Json, kind: str) -> None:
    full, resource = entry.get("fullUrl"), entry.get("resource")
    if not isinstance(resource, dict):
        return
    if not isinstance(full, str):
        message = "an entry without a fullUrl cannot be referred to"
        if kind in ("transaction", "batch"):
            walker.warning(path, "full-url", message)
        elif kind in CLOSED:
            walker.error(path, "full-url", message)
        return
    if not formats.has_scheme(full):
        walker.error(f"{path}.fullUrl", "full-url", f"the fullUrl {full!r} is not absolute")
    elif "/_history/" in full:
        walker.error(f"{path}.fullUrl", "bdl-8", "a fullUrl names no version")
    else:
        _ends_with_key(walker, path, full, resource)


def _ends_with_key(walker: Walker, path: str, full: str, resource: Json) -> None:
    found = restful(full)
    if found is None or found[2] not in walker.tables.resources:
        return
    key = resource_key(resource)
    if key is None:
        walker.error(
            f"{path}.resource.id", "full-url-id", f"the fullUrl {full} names an id, the resource none"
        )
    elif f"{found[2]}/{found[3]}" != key:
        walker.error(f"{path}.fullUrl", "full-url-id", f"the fullUrl {full} does not end in {key}")


def _unique(
    walker: Walker, path: str, entry: Json, seen: dict[Any, int], keys: dict[str, int], index: int
) -> None:
    full = entry.get("fullUrl")
    if isinstance(full, str):
        first = seen.setdefault(full, index)
        if first != index:
            walker.error(f"{path}.fullUrl", "bdl-7", f"entry[{first}] has the same fullUrl")
            return
    key = resource_key(entry.get("resource"))
    if key is not None and isinstance(full, str) and not full.startswith("urn:"):
        first = keys.setdefault(key, index)
        if first != index:
            walker.error(
                f"{path}.resource.id", "id-twice", f"entry[{first}] is {key} too; a server keeps one of them"
            )


def orphans(walker: Walker, path: str, bundle: Json) -> None:
    """Entries that nothing refers to and that refer to nothing."""
    found = entries(bundle)
    if not walker.around.closed or len(found) < 2:
        return
    for index, entry in enumerate(found):
        where = f"{path}.entry[{index}]"
        if where in walker.around.referring or not isinstance(entry, dict):
            continue
        resource = entry.get("resource")
        url = resource.get("url") if isinstance(resource, dict) else None
        names = (entry.get("fullUrl"), resource_key(resource), url)
        known = {name for name in names if isinstance(name, str)}
        if "resource" in entry and not known & walker.around.referenced:
            walker.warning(where, "orphan", "no reference leads to this entry or from it")
