"""A small FHIR server in memory, for faults that a real one does not make on demand."""

import gzip
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx
import orjson

from fhir_trial.client import Client, Retry
from fhir_trial.transfer.pace import Pace
from fhir_trial.transfer.push import Graph, Pusher
from tests.client.scripted import BASE, fhir, outcome, searchset

Json = dict[str, Any]
Rule = Callable[[Json], str | None]
"""Why a resource is refused; None if it is not."""


@dataclass
class FakeServer:
    """Stores what it is sent, counts it, and refuses what its rule names."""

    rule: Rule = lambda resource: None
    fault: Callable[[Json], httpx.Response | Exception | None] = lambda bundle: None
    """An answer in place of its own to a transaction."""
    validates: bool = True
    release: str = "4.0.1"
    resources: dict[str, Json] = field(default_factory=dict)
    versions: Counter[str] = field(default_factory=Counter)
    transactions: list[list[str]] = field(default_factory=list)
    """Keys of the entries of every transaction that was taken."""
    asked: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/r4").strip("/")
        body = request.read()
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        with self.lock:
            if path == "metadata":
                return fhir({"resourceType": "CapabilityStatement", "fhirVersion": self.release})
            if path.endswith("$validate"):
                self.asked["$validate"] += 1
                return self.validate(orjson.loads(body))
            if path:
                self.asked[path] += 1
                return self.search(path, request.url.query.decode())
            document = orjson.loads(body)
            self.asked[document["type"]] += 1
            return self.transaction(document) if document["type"] == "transaction" else self.batch(document)

    def validate(self, resource: Json) -> httpx.Response:
        if not self.validates:
            return fhir(outcome("no such operation"), 404)
        reason = self.rule(resource)
        return fhir(outcome(reason) if reason else outcome("all well", severity="information"))

    def batch(self, document: Json) -> httpx.Response:
        answers = []
        for entry in document["entry"]:
            kind, _, query = entry["request"]["url"].partition("?")
            found = self.search(kind, query).json()
            answers.append({"resource": found, "response": {"status": "200 OK"}})
        return fhir({"resourceType": "Bundle", "type": "batch-response", "entry": answers})

    def search(self, kind: str, query: str) -> httpx.Response:
        params = {name: values[0] for name, values in parse_qs(query).items()}
        mine = [each for each in self.resources.values() if each["resourceType"] == kind]
        if "_id" in params:
            mine = [each for each in mine if each["id"] in params["_id"].split(",")]
        if "identifier" in params:
            wanted = set(params["identifier"].split(","))
            mine = [each for each in mine if wanted & {i["value"] for i in each.get("identifier", ())}]
        if "url" in params:
            mine = [each for each in mine if each.get("url") == params["url"]]
        meta = {"versionId": "1", "lastUpdated": "2026-01-01T00:00:00Z", "source": "#x"}
        return fhir(searchset({**each, "meta": meta} for each in mine))

    def transaction(self, document: Json) -> httpx.Response:
        if fault := self.fault(document):
            if isinstance(fault, Exception):
                raise fault
            return fault
        resources = [entry["resource"] for entry in document["entry"]]
        for resource in resources:
            if reason := self.rule(resource):
                return fhir(outcome(reason), 422)
        self.transactions.append([key(each) for each in resources])
        return fhir({"resourceType": "Bundle", "entry": [self.store(each) for each in resources]})

    def store(self, resource: Json) -> Json:
        name = key(resource)
        status = "200 OK" if name in self.resources else "201 Created"
        if self.resources.get(name) != resource:
            self.versions[name] += 1
        self.resources[name] = resource
        location = f"{name}/_history/{self.versions[name]}"
        return {"response": {"status": status, "location": location}}


def key(resource: Json) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


@contextmanager
def pushing(server: FakeServer, *, workers: int = 2) -> Iterator[Pusher]:
    """A pusher to a fake server; nobody waits between attempts."""
    pace = Pace(workers)
    retry = Retry(sleep=lambda _: None)
    with Client(BASE, transport=httpx.MockTransport(server), retry=retry, observer=pace.observe) as client:
        yield Pusher(client, pace=pace, workers=workers)


def graph(number: int, *, site: str = "loc-a", title: str = "one", sites: int = 1) -> Graph:
    """A study with a group, and sites that it shares with others."""
    places = [f"{site}{n or ''}" for n in range(sites)]
    study = {
        "resourceType": "ResearchStudy",
        "id": f"NCT{number}",
        "status": "active",
        "title": title,
        "enrollment": [{"reference": f"Group/NCT{number}-eligibility"}],
        "site": [{"reference": f"Location/{place}"} for place in places],
    }
    group = {"resourceType": "Group", "id": f"NCT{number}-eligibility", "type": "person", "actual": False}
    locations = [{"resourceType": "Location", "id": place, "name": place} for place in places]
    return Graph(
        id=f"NCT{number}",
        place=f"{number}.json",
        resources=[study, group, *locations],
        shared=frozenset(map(key, locations)),
    )
