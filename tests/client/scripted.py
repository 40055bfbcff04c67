"""A client whose server is a function, or a list of answers given one after the other."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx

from fhir_trial.client import Auth, Client, Exchange, Retry, Timeouts

BASE = "https://fhir.example.org/r4"
Handler = Callable[[httpx.Request], httpx.Response]
Answer = httpx.Response | Exception
Json = dict[str, Any]


@dataclass
class Scripted:
    """The answers still to give, the requests met, and the pauses made between them."""

    answers: list[Answer]
    requests: list[httpx.Request] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def scripted(
    *answers: Answer, auth: Auth | None = None, timeouts: Timeouts | None = None
) -> tuple[Client, Scripted]:
    """A client for a server that gives these answers; nobody really waits."""
    script = Scripted(list(answers))
    return client_for(script, script, auth=auth, timeouts=timeouts), script


def client_for(
    handler: Handler, script: Scripted, *, auth: Auth | None = None, timeouts: Timeouts | None = None
) -> Client:
    """A client for a server that is a function."""
    return Client(
        BASE,
        auth=auth,
        timeouts=timeouts,
        retry=Retry(sleep=script.pauses.append, chance=lambda: 0.5),
        transport=httpx.MockTransport(handler),
        observer=script.exchanges.append,
    )


def fhir(document: Json, status: int = 200, **headers: str) -> httpx.Response:
    """An answer as a FHIR server gives it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=document, headers={"Content-Type": "application/fhir+json", **named})


def outcome(text: str, *, severity: str = "error", code: str = "processing", **issue: Any) -> Json:
    """An OperationOutcome of one issue."""
    issues = [{"severity": severity, "code": code, "diagnostics": text, **issue}]
    return {"resourceType": "OperationOutcome", "issue": issues}


def searchset(resources: Iterable[Json], next_link: str | None = None) -> Json:
    """A page of a search."""
    links = [{"relation": "next", "url": next_link}] if next_link else []
    entries = [{"resource": each, "search": {"mode": "match"}} for each in resources]
    return {"resourceType": "Bundle", "type": "searchset", "link": links, "entry": entries}


def study(number: int, updated: str = "2026-01-01T00:00:00Z") -> Json:
    """A study as a server gives it."""
    meta = {"versionId": "1", "lastUpdated": updated}
    return {"resourceType": "ResearchStudy", "id": f"NCT{number:08}", "meta": meta, "status": "active"}


def puts(*resources: Json) -> Json:
    """A transaction of PUTs."""
    entries = [
        {"resource": each, "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"}}
        for each in resources
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def done(*resources: Json, status: str = "201 Created") -> Json:
    """The answer to a transaction of PUTs."""
    entries = [
        {
            "response": {
                "status": status,
                "location": f"{each['resourceType']}/{each['id']}/_history/1",
                "etag": "1",
            }
        }
        for each in resources
    ]
    return {"resourceType": "Bundle", "type": "transaction-response", "entry": entries}
