"""What a FHIR server answers, understood: outcomes, entries of a bundle response, refusals."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson

from fhir_trial.client.requests import Request
from fhir_trial.errors import ServerError

Json = dict[str, Any]

_LONGEST_MESSAGE = 500
_BLANKS = re.compile(r"\s+")
_TAGS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_WORST_FIRST = {"fatal": 0, "error": 1, "warning": 2, "information": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP response, read to its end or to our limit."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    cut: bool = False
    """The body was longer than we read."""

    @property
    def good(self) -> bool:
        """Whether the server did what it was asked."""
        return 200 <= self.status < 300

    @property
    def is_json(self) -> bool:
        """Whether the server says that it is JSON; without a word about it we believe so."""
        kind = self.headers.get("content-type", "json")
        return "json" in kind.lower()

    @property
    def broken(self) -> bool:
        """Whether JSON was promised and something else, or half of it, came."""
        return self.good and self.is_json and bool(self.body) and _json(self.body) is None

    def document(self) -> Json | None:
        """The JSON object in the body; None when there is none."""
        found = _json(self.body)
        return found if isinstance(found, dict) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryAnswer:
    """What became of one entry of a transaction or batch."""

    status: int
    location: str | None = None
    """`Type/id`, without base and version."""
    version: str | None = None
    outcome: Json | None = field(default=None, repr=False)
    resource: Json | None = field(default=None, repr=False)

    @property
    def good(self) -> bool:
        """Whether the server did what the entry asked."""
        return 200 <= self.status < 300


def refusal(answer: Answer, request: Request) -> ServerError:
    """The error that an answer other than 2xx is."""
    document = answer.document()
    outcome = document if document and document.get("resourceType") == "OperationOutcome" else None
    said = outcome_text(outcome) if outcome else _other_text(answer, document)
    message = f"{request.name}: {_status(answer.status)}{': ' if said else ''}{said}"
    return ServerError(message, status=answer.status, outcome=outcome)


def outcome_text(outcome: Json) -> str:
    """The worst issue of an OperationOutcome in one line, and how many more there are."""
    issues = [issue for issue in _list(outcome.get("issue")) if isinstance(issue, dict)]
    if not issues:
        return ""
    worst = min(issues, key=lambda issue: _WORST_FIRST.get(issue.get("severity", ""), 4))
    more = f" (and {len(issues) - 1} more)" if len(issues) > 1 else ""
    return shortened(issue_text(worst)) + more


def issue_text(issue: Json) -> str:
    """What an issue says to people."""
    details = issue.get("details")
    text = details.get("text") if isinstance(details, dict) else None
    return str(issue.get("diagnostics") or text or issue.get("code") or "")


def shortened(text: str) -> str:
    """Text as one line of bearable length."""
    # cut before the blanks are joined: a text may have megabytes
    line = _BLANKS.sub(" ", text[: 4 * _LONGEST_MESSAGE]).strip()
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[:_LONGEST_MESSAGE]}…"


def entry_answers(response: Json, sent: Json, request: Request) -> list[EntryAnswer]:
    """The answers to the entries of a bundle, one each, in their order.

    Raises: ServerError when they are not that, for then nobody knows what became of which entry.
    """
    asked = [entry["request"] for entry in sent.get("entry", ())]
    answered = [_entry_answer(entry) for entry in _list(response.get("entry"))]
    if len(answered) != len(asked):
        reason = f"answered {len(answered)} entries to {len(asked)}"
        raise ServerError(f"{request.name}: the server {reason}", status=200)
    for number, (question, answer) in enumerate(zip(asked, answered, strict=True)):
        if not _fits(question, answer):
            place = f"Bundle.entry[{number}]"
            reason = f"answered {place}, {question['method']} {question['url']}, with {answer.location}"
            raise ServerError(f"{request.name}: the server {reason}", status=200)
    return answered


def resource_key(location: str | None) -> str | None:
    """`Type/id` in a location, which may be absolute and name a version."""
    if not isinstance(location, str):
        return None
    parts = location.partition("/_history/")[0].rstrip("/").split("/")
    return "/".join(parts[-2:]) if len(parts) > 1 else None


def _fits(question: Json, answer: EntryAnswer) -> bool:
    """Whether an answer can be the one to a PUT by id; other requests cannot be told by their location."""
    url = question["url"].lstrip("/")
    if question["method"] != "PUT" or "?" in url or answer.location is None:
        return True
    return bool(answer.location == url)


def _entry_answer(entry: Any) -> EntryAnswer:
    response = entry.get("response") if isinstance(entry, dict) else None
    if not isinstance(response, dict):
        return EntryAnswer(status=0)
    status = str(response.get("status", ""))[:3]
    etag = response.get("etag")
    return EntryAnswer(
        status=int(status) if status.isdecimal() else 0,
        location=resource_key(response.get("location")),
        version=etag.removeprefix("W/").strip('"') if isinstance(etag, str) else None,
        outcome=response.get("outcome"),
        resource=entry.get("resource"),
    )


def _other_text(answer: Answer, document: Json | None) -> str:
    """What an answer without an outcome says: an OAuth error, or the text of a page."""
    if document and isinstance(document.get("error"), str):
        return shortened(f"{document['error']}: {document.get('error_description', '')}".rstrip(": "))
    text = answer.body[: 8 * _LONGEST_MESSAGE].decode("utf-8", "replace")
    return shortened(_TAGS.sub(" ", text))


def _status(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
