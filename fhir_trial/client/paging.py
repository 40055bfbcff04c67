"""Goes through the pages of a search: links as given, no resource twice, no end without an end."""

from collections.abc import Callable, Iterator
from typing import Any

from fhir_trial.client import requests
from fhir_trial.client.requests import Request
from fhir_trial.errors import ServerError

Json = dict[str, Any]
Ask = Callable[[Request], Json]

_MOST_BARREN_PAGES = 10
"""Pages in a row without anything new; servers may give an empty one, not many."""
_MOST_RESTARTS = 3
"""Restarts in a row without anything new."""
_GONE = 410


class Pages:
    """One search, page by page, which begins again where it was when its next link has expired.

    It then asks for what was changed since the last resource seen, that one included: all resources of a
    transaction share one instant, and a page may end in the middle of them.
    """

    def __init__(self, ask: Ask, resource_type: str, params: requests.Params) -> None:
        self._ask = ask
        self._type = resource_type
        self._params = requests.pairs(params)
        self._own_order = any(name == "_sort" for name, _ in self._params)
        if not self._own_order:
            self._params.append(("_sort", "_lastUpdated"))
        self._seen: set[str] = set()
        self._last = ""

    def __iter__(self) -> Iterator[Json]:
        restarts = 0
        while True:
            before = len(self._seen)
            try:
                yield from self._walk(self._begin())
            except ServerError as exc:
                restarts = 0 if len(self._seen) > before else restarts + 1
                if exc.status != _GONE or restarts >= _MOST_RESTARTS:
                    raise
            else:
                return

    def _begin(self) -> Request:
        if self._own_order or not self._last:
            return requests.search(self._type, self._params)
        return requests.search(self._type, [*self._params, ("_lastUpdated", f"ge{self._last}")])

    def _walk(self, request: Request) -> Iterator[Json]:
        barren = 0
        for page in linked(self._ask, self._ask(request)):
            new = list(self._new(page))
            yield from new
            barren = 0 if new else barren + 1
            if barren > _MOST_BARREN_PAGES:
                raise _endless()

    def _new(self, page: Json) -> Iterator[Json]:
        """The resources of a page that were not met before."""
        for resource in resources_of(page):
            key = f"{resource.get('resourceType')}/{resource.get('id')}"
            if resource.get("resourceType") == self._type:
                self._last = str(resource.get("meta", {}).get("lastUpdated", "")) or self._last
            if key not in self._seen:
                self._seen.add(key)
                yield resource


def resources_of(page: Json) -> Iterator[Json]:
    """The resources in a searchset, matches and included ones; not the server's remarks on the search.

    Raises: ServerError if this is no Bundle.
    """
    if page.get("resourceType") != "Bundle":
        raise ServerError(f"expected a Bundle, got {page.get('resourceType')}", status=200)
    for entry in page.get("entry", ()):
        resource = entry.get("resource")
        if isinstance(resource, dict) and entry.get("search", {}).get("mode") != "outcome":
            yield resource


def linked(ask: Ask, page: Json) -> Iterator[Json]:
    """A page and those after it; raises ServerError when the links go round."""
    links: set[str] = set()
    yield page
    while link := next_link(page):
        if link in links:
            raise _endless()
        links.add(link)
        page = ask(requests.follow(link))
        yield page


def _endless() -> ServerError:
    return ServerError("the server's paging has no end", status=200)


def next_link(page: Json) -> str | None:
    """The link to the next page, as given."""
    links = page.get("link", ())
    return next((each.get("url") for each in links if each.get("relation") == "next"), None)
