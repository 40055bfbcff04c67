"""HL7's validation engine, asked through a pipe: resources in, OperationOutcomes out."""

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Self

import orjson

from fhir_trial.engines.definitions import definition_dirs
from fhir_trial.engines.jvm import JavaProcess
from fhir_trial.release import Release

Outcome = dict[str, Any]

_MAIN = "fhirtrial.judge.Judge"
_IN_FLIGHT = 16  # keeps all threads of the engine busy


class Judge:
    """A long-lived engine of one release: `with Judge(Release.R4) as judge: judge.check(bundles)`."""

    def __init__(
        self,
        release: Release,
        *,
        definitions: Iterable[str] | None = None,
        threads: int = 2,
        heap: str = "3g",
    ) -> None:
        self.release = release
        self._definitions = (
            [str(folder) for folder in definition_dirs(release)] if definitions is None else list(definitions)
        )
        self._threads = threads
        self._heap = heap

    def __enter__(self) -> Self:
        self._process = JavaProcess.start(
            "judge", _MAIN, self.release.value, str(self._threads), *self._definitions,
            options=[f"-Xmx{self._heap}", "-XX:+UseParallelGC"],
        )  # fmt: skip
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.close()

    def check(self, resources: Iterable[bytes | dict[str, Any]]) -> Iterator[Outcome]:
        """One OperationOutcome for each resource or bundle, in the order given."""
        waiting = 0
        try:
            for resource in resources:
                self._process.send(_one_line(resource))
                waiting += 1
                if waiting == _IN_FLIGHT:
                    waiting -= 1
                    yield self._answer()
            while waiting:
                waiting -= 1
                yield self._answer()
        finally:  # a caller who stops early must not leave answers for the next check
            for _ in range(waiting):
                self._answer()

    def _answer(self) -> Outcome:
        outcome: Outcome = orjson.loads(self._process.answer())
        return outcome


def _one_line(resource: bytes | dict[str, Any]) -> bytes:
    if isinstance(resource, dict):
        return orjson.dumps(resource)
    return resource.replace(b"\r", b" ").replace(b"\n", b" ")  # JSON has them only between tokens


def problems(outcome: Outcome, *severities: str) -> list[str]:
    """The issues of an outcome as lines "severity [id] place: text"; errors and fatals unless told."""
    wanted = severities or ("fatal", "error")
    return [_line(issue) for issue in outcome["issue"] if issue["severity"] in wanted]


def _line(issue: dict[str, Any]) -> str:
    code = issue["details"].get("coding", [{"code": "-"}])[0]["code"]
    return f"{issue['severity']} [{code}] {issue.get('expression', ['-'])[0]}: {issue['details']['text']}"
