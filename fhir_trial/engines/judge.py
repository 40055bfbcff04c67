"""HL7's validation engine, asked through a pipe: resources in, OperationOutcomes out."""

import threading
from collections.abc import Iterable, Iterator
from queue import SimpleQueue
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
        self._answers: SimpleQueue[bytes | None] = SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.close()
        self._reader.join()

    def check(self, resources: Iterable[bytes | dict[str, Any]]) -> Iterator[Outcome]:
        """One OperationOutcome for each resource or bundle, in the order given."""
        waiting = 0
        try:
            for resource in resources:
                self._send(resource)
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

    def _send(self, resource: bytes | dict[str, Any]) -> None:
        try:
            self._process.stdin.write(_one_line(resource) + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise self._process.died() from error

    def _answer(self) -> Outcome:
        line = self._answers.get()
        if line is None:
            self._answers.put(None)
            raise self._process.died()
        outcome: Outcome = orjson.loads(line)
        return outcome

    def _read(self) -> None:
        """Takes answers as they come: else both pipes may be full, and each side waits for the other."""
        with self._process.stdout:
            for line in self._process.stdout:
                self._answers.put(line)
        self._answers.put(None)


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
