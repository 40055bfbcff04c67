"""Validation by others: HL7's engine on this machine, or a server's `$validate`; outcomes as ours."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, get_args

import orjson

from fhir_trial import reading
from fhir_trial.client import Client
from fhir_trial.client.answers import issue_text
from fhir_trial.engines.judge import Judge
from fhir_trial.errors import Issue, RecordError, Severity
from fhir_trial.pipeline import Outcome, Path
from fhir_trial.reading import Record
from fhir_trial.release import Release

Json = dict[str, Any]

_SEVERITIES: dict[str, Severity] = {each: each for each in get_args(Severity)}
Check = Callable[[Iterable[Json]], Iterator[Json]]
"""Answers an OperationOutcome to each resource, in order."""


def validated_by_engine(paths: Iterable[Path], release: Release) -> Iterator[Outcome]:
    """Each FHIR resource or Bundle behind the paths, with the issues of HL7's engine.

    Raises: EngineUnavailableError where it cannot run.
    """
    with Judge(release) as judge:
        yield from _validated(paths, judge.check)


def validated_by_server(paths: Iterable[Path], client: Client) -> Iterator[Outcome]:
    """Each FHIR resource or Bundle behind the paths, with the issues of the server's `$validate`.

    Raises: ServerError when the server refuses to validate, or is not reached.
    """
    yield from _validated(paths, lambda resources: map(client.validate, resources))


def _validated(paths: Iterable[Path], check: Check) -> Iterator[Outcome]:
    """The outcomes in the order of the records; what is no FHIR fails without being asked about."""
    waiting: deque[Outcome] = deque()

    def resources() -> Iterator[Json]:
        for path in paths:
            for record in reading.records(path):
                outcome, resource = _opened(record)
                waiting.append(outcome)
                if resource is not None:
                    yield resource

    for answer in check(resources()):
        while waiting[0].failed:
            yield waiting.popleft()
        yield _answered(waiting.popleft(), answer)
    yield from waiting


def _opened(record: Record | RecordError) -> tuple[Outcome, Json | None]:
    """An outcome without issues yet, and the resource to ask about; none if it is not one."""
    if isinstance(record, RecordError):
        return Outcome(place=record.source or "", error=record), None
    try:
        resource = orjson.loads(record.data)
    except orjson.JSONDecodeError as exc:
        return _failed(record, f"malformed JSON: {exc}"), None
    if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
        return _failed(record, "this is no FHIR resource: it has no resourceType"), None
    return Outcome(place=record.place, id=resource.get("id")), resource


def _failed(record: Record, reason: str) -> Outcome:
    return Outcome(place=record.place, error=RecordError(reason, source=record.place))


def _answered(outcome: Outcome, answer: Json) -> Outcome:
    """The outcome with the issues of an OperationOutcome; "all is well" is none."""
    issues = [_issue(each, outcome.place) for each in answer.get("issue", ()) if not _is_all_well(each)]
    return replace(outcome, issues=issues)


def _is_all_well(issue: Json) -> bool:
    return issue.get("severity") == "information" and issue.get("code") == "informational"


def _issue(issue: Json, place: str) -> Issue:
    coding = issue.get("details", {}).get("coding") or [{}]
    where = issue.get("expression") or issue.get("location") or ["Resource"]
    return Issue(
        severity=_SEVERITIES.get(issue.get("severity", ""), "error"),
        code=str(issue.get("code", "processing")),
        expression=str(where[0]),
        message=issue_text(issue),
        rule=str(coding[0].get("code", "oracle")),
        source=place,
    )
