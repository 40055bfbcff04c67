"""The FHIR REST client: what a server can be asked, as methods."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from fhir_trial.client import requests
from fhir_trial.client.answers import Answer, EntryAnswer, entry_answers, resource_key
from fhir_trial.client.auth import Auth
from fhir_trial.client.capability import Capability
from fhir_trial.client.paging import Pages, linked, resources_of
from fhir_trial.client.requests import Params, Request
from fhir_trial.client.retry import Retry
from fhir_trial.client.sending import Exchange, Sender, Timeouts
from fhir_trial.client.tls import Tls
from fhir_trial.errors import ServerError

Json = dict[str, Any]

_IDS = 50
"""Ids in one search: what every server answers on one page, for a second page costs HAPI half a second."""
_SEARCHES = 20
"""Searches in one batch."""
_NO_BATCH = (400, 404, 405, 422, 501)
_ABOUT_THE_RESOURCE = (400, 409, 412, 422)
"""Statuses by which `$validate` may say that a resource is bad."""


class Client:
    """One server: `with Client(url) as client: client.transaction(bundle)`; safe for several threads.

    Methods raise ServerError: with a status when the server refused, without one when it was not reached.
    """

    def __init__(
        self,
        base_url: str,
        *,
        auth: Auth | None = None,
        tls: Tls | None = None,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        transport: httpx.BaseTransport | None = None,
        connections: int = 10,
        observer: Callable[[Exchange], None] | None = None,
    ) -> None:
        """`observer` is told of every exchange on the wire; raises ValueError for a bad address."""
        self._sender = Sender(
            _checked(base_url),
            auth=auth,
            tls=tls,
            timeouts=timeouts or Timeouts(),
            retry=retry or Retry(),
            transport=transport,
            connections=connections,
            observer=observer,
        )
        self._batches = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sender.close()

    def __repr__(self) -> str:
        return f"Client({str(self._sender.base_url).rstrip('/')!r})"

    # --- what the server is ------------------------------------------------------------------------------

    def capability(self) -> Capability:
        """What the server says about itself."""
        request = requests.capability()
        answer = self._sender.send(request)
        if answer.status == 400:  # a server that takes no parameters here
            request = requests.capability(whole=True)
            answer = self._sender.send(request)
        return Capability.of(self._sender.understood(answer, request))

    # --- one resource ------------------------------------------------------------------------------------

    def read(self, resource_type: str, resource_id: str) -> Json:
        """One resource."""
        return self._sender.document(requests.read(resource_type, resource_id))

    def history(self, resource_type: str, resource_id: str) -> Iterator[Json]:
        """The entries of a resource's history, newest first; a deletion has no resource."""
        first = self._sender.document(requests.history(resource_type, resource_id))
        for page in linked(self._sender.document, first):
            yield from page.get("entry", ())

    def create(self, resource: Json, *, if_none_exist: str | None = None) -> EntryAnswer:
        """A new resource, or, with a query, the one that answers to it already."""
        return self._written(requests.create(resource, if_none_exist=if_none_exist))

    def update(self, resource: Json, *, if_match: str | None = None) -> EntryAnswer:
        """A resource under its id; with a version, only if that is still the server's."""
        return self._written(requests.update(resource, if_match=if_match))

    def conditional_update(self, resource: Json, params: Params) -> EntryAnswer:
        """A resource in the place of the one that a search finds; never the same search from two threads."""
        return self._written(requests.conditional_update(resource, params))

    def validate(self, resource: Json) -> Json:
        """The server's OperationOutcome about a resource; findings are no error of the call."""
        request = requests.validate(resource)
        answer = self._sender.send(request)
        outcome = answer.document()
        if (
            answer.status in _ABOUT_THE_RESOURCE
            and outcome
            and outcome.get("resourceType") == "OperationOutcome"
        ):
            return outcome
        return self._sender.understood(answer, request)

    # --- many --------------------------------------------------------------------------------------------

    def transaction(self, bundle: Json) -> list[EntryAnswer]:
        """All entries or none; one answer each, in order."""
        return self._sent(bundle)

    def batch(self, bundle: Json) -> list[EntryAnswer]:
        """Each entry for itself; one answer each, in order, good or not."""
        return self._sent(bundle)

    def search(self, resource_type: str, params: Params, *, count: int = 100) -> Iterator[Json]:
        """Every resource that a search finds, page after page, and those it includes."""
        pairs = requests.pairs(params)
        if not any(name == "_count" for name, _ in pairs):
            pairs.append(("_count", str(count)))
        return iter(Pages(self._sender.document, resource_type, pairs))

    def read_many(self, keys: Iterable[str]) -> dict[str, Json]:
        """The resources of these `Type/id` that the server has, by key; few requests for any number."""
        wanted = dict.fromkeys(keys)
        found: dict[str, Json] = {}
        for searches in _grouped(wanted):
            found |= {_key(resource): resource for resource in self._found(searches)}
        # a server that does not understand a search may answer everything it has
        return {key: found[key] for key in wanted if key in found}

    # --- inside ------------------------------------------------------------------------------------------

    def _sent(self, bundle: Json) -> list[EntryAnswer]:
        request = requests.bundle(bundle)
        return entry_answers(self._sender.document(request), bundle, request)

    def _written(self, request: Request) -> EntryAnswer:
        answer = self._sender.send(request)
        if not answer.good:
            raise self._sender.refused(answer, request)
        place = answer.headers.get("content-location") or answer.headers.get("location")
        document = answer.document()
        return EntryAnswer(
            status=answer.status,
            location=resource_key(place) or (document and _key(document)) or None,
            version=_version(answer),
            resource=document,
        )

    def _found(self, searches: list[tuple[str, list[tuple[str, str]]]]) -> Iterator[Json]:
        """What several searches find: asked in one batch, or one by one where a server takes no batch."""
        if self._batches and len(searches) > 1:
            try:
                yield from self._found_by_batch(searches)
            except ServerError as exc:
                if exc.status not in _NO_BATCH:
                    raise
                self._batches = False
            else:
                return
        for resource_type, params in searches:
            yield from Pages(self._sender.document, resource_type, params)

    def _found_by_batch(self, searches: list[tuple[str, list[tuple[str, str]]]]) -> list[Json]:
        entries = [{"request": {"method": "GET", "url": requests.search_path(*each)}} for each in searches]
        found: list[Json] = []
        for answer in self.batch({"resourceType": "Bundle", "type": "batch", "entry": entries}):
            if not answer.good or answer.resource is None:
                raise ServerError("POST /: a search in a batch failed", status=answer.status or 400)
            for page in linked(self._sender.document, answer.resource):
                found += resources_of(page)
        return found


def _checked(base_url: str) -> str:
    """An address that can be one; raises ValueError, without quoting a password in it."""
    parts = urlsplit(base_url)
    if parts.username or parts.password:
        raise ValueError("the server's address holds a user or password; they come from the environment")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{base_url!r} is no http or https address")
    if parts.query or parts.fragment:
        raise ValueError(f"{base_url!r} is no base address of a FHIR server: it has a query")
    return base_url


def _grouped(keys: Iterable[str]) -> Iterator[list[tuple[str, list[tuple[str, str]]]]]:
    """Searches by `_id`, in lots for a batch each."""
    by_type: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        resource_type, _, resource_id = key.partition("/")
        by_type[resource_type].append(resource_id)
    searches = []
    for resource_type, ids in by_type.items():
        for start in range(0, len(ids), _IDS):
            now = ids[start : start + _IDS]
            searches.append((resource_type, [("_id", ",".join(now)), ("_count", str(len(now)))]))
    for start in range(0, len(searches), _SEARCHES):
        yield searches[start : start + _SEARCHES]


def _key(resource: Json) -> str:
    return f"{resource.get('resourceType')}/{resource.get('id')}"


def _version(answer: Answer) -> str | None:
    etag = answer.headers.get("etag")
    return etag.removeprefix("W/").strip('"') if etag else None
