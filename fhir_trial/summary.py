"""What a batch came to: counted as it goes, told to a person or to a machine."""

import re
from collections import Counter
from dataclasses import dataclass, field

from fhir_trial.errors import ExitCode
from fhir_trial.pipeline import Document, Outcome

FAILURES_SHOWN = 100
"""How many failures the machine summary lists; `failed` counts all."""

_INDEX = re.compile(r"\[\d+\]")


@dataclass(slots=True, kw_only=True)
class Summary:
    """Counts over the outcomes of a run."""

    verb: str
    """What a record that did not fail is: "converted to R4", "valid R4"."""
    read: int = 0
    failed: int = 0
    unreadable: int = 0
    resources: Counter[str] = field(default_factory=Counter)
    issues: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    failures: list[Document] = field(default_factory=list)
    target: str | None = None
    """Where the output went; None is standard output."""
    stopped: bool = False

    def add(self, outcome: Outcome) -> None:
        """Count one record."""
        self.read += 1
        self.failed += outcome.failed
        self.resources.update(outcome.resources)
        self.issues.update(issue.severity for issue in outcome.issues)
        self.unknown.update({_INDEX.sub("[]", path) for path in outcome.unknown})
        self.unread.update({_INDEX.sub("[]", path) for path in outcome.unread})
        self.unreadable += outcome.error is not None
        if outcome.failed and len(self.failures) < FAILURES_SHOWN:
            self.failures.append(_failure(outcome))

    @property
    def exit_code(self) -> ExitCode:
        """What the run answers to the shell."""
        if self.read == self.unreadable:
            return ExitCode.NOTHING_READ
        return ExitCode.SOME_FAILED if self.failed else ExitCode.OK

    def document(self) -> Document:
        """The machine's summary."""
        return {
            "read": self.read,
            "done": self.read - self.failed,
            "failed": self.failed,
            "resources": dict(sorted(self.resources.items())),
            "issues": dict(sorted(self.issues.items())),
            "notMapped": {
                "unknownFields": dict(sorted(self.unknown.items())),
                "unreadElements": dict(sorted(self.unread.items())),
            },
            "output": self.target,
            "stopped": self.stopped,
            "exitCode": int(self.exit_code),
            "failures": self.failures,
        }

    def text(self) -> str:
        """The person's summary."""
        return "\n".join(_aligned(list(self._rows())))

    def _rows(self) -> list[tuple[str, str]]:
        done = self.read - self.failed
        rows = [("records", f"{self.read} read, {done} {self.verb}, {self.failed} failed")]
        if self.resources:
            total = sum(self.resources.values())
            rows.append(("resources", f"{total}: {_counts(self.resources)}"))
        if self.resources or self.issues:
            rows.append(("validation", self._verdict()))
        rows += [("not mapped", reason) for reason in self._not_mapped()]
        if self.stopped:
            rows.append(("stopped", "at the first failure (--fail-fast)"))
        if done and self.target:
            rows.append(("written to", self.target))
        return rows

    def _verdict(self) -> str:
        errors = self.issues["error"] + self.issues["fatal"]
        notes = f", {self.issues['information']} notes" if self.issues["information"] else ""
        return f"{_number(errors, 'error')}, {_number(self.issues['warning'], 'warning')}{notes}"

    def _not_mapped(self) -> list[str]:
        fields = [
            f"{path} of {_number(count, 'record')}, an unknown field"
            for path, count in sorted(self.unknown.items())
        ]
        return fields + ([f"{_number(len(self.unread), 'element')} of foreign FHIR"] if self.unread else [])


def _failure(outcome: Outcome) -> Document:
    """Where and why one record failed; of several errors in a bundle the first stands for all."""
    if outcome.error:
        return {"source": outcome.place, "place": outcome.error.place, "reason": outcome.error.reason}
    first = outcome.errors[0]
    return {"source": outcome.place, "place": first.expression, "reason": f"{first.message} [{first.rule}]"}


def _aligned(rows: list[tuple[str, str]]) -> list[str]:
    width = max(len(name) for name, _ in rows)
    return [f"{name:{width}}  {words}" for name, words in rows]


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counter.items()))


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
