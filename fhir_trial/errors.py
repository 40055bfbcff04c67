"""The error tree, the issues and the exit codes of fhir_trial.

* FhirTrialError                              never raised itself; catch it to catch all
  x RecordError(reason, place)                the document breaks the registry's format
    + UnmappedCodeError(code, map_name)       a token without a row in mappings/
  x InvalidBundleError(issues)                validation found errors
  x ServerError(message, status, outcome)     a server refused, or was not reached (status None)

Problems that are many and expected (validation) are values, `Issue`, not exceptions.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal

Severity = Literal["fatal", "error", "warning", "information"]


class ExitCode(IntEnum):
    """What the command line answers; numbers are never reused."""

    OK = 0
    SOME_FAILED = 1
    USAGE = 2
    NOTHING_READ = 3
    SERVER_REFUSED = 4
    SERVER_UNREACHABLE = 5


class FhirTrialError(Exception):
    """The root of every error that fhir_trial raises on purpose."""


class RecordError(FhirTrialError):
    """A record that cannot be read: the reason, where in the document, and in which file."""

    def __init__(self, reason: str, place: str = "$", *, source: str | None = None) -> None:
        super().__init__(reason, place)
        self.reason = reason
        self.place = place
        self.source = source

    def __str__(self) -> str:
        text = f"{self.reason} @ {self.place}"
        return f"{self.source}: {text}" if self.source else text

    def in_source(self, source: str) -> "RecordError":
        """The same error, with the file (or archive member, or line) it was met in."""
        self.source = source if self.source is None else f"{source}: {self.source}"
        return self


class UnmappedCodeError(RecordError):
    """A registry token that has no row in the code map it belongs to."""

    def __init__(self, code: str, map_name: str) -> None:
        super().__init__(f"token {code!r} has no row in mappings/{map_name}.csv")
        self.code = code
        self.map_name = map_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One finding of validation, in the terms of an OperationOutcome.issue."""

    severity: Severity
    code: str
    """IssueType, e.g. "structure", "required", "value", "code-invalid", "invariant"."""
    expression: str
    """FHIRPath of the element, e.g. "Bundle.entry[0].resource.status"."""
    message: str
    rule: str
    """What was broken: an invariant key ("per-1") or a rule of ours ("min", "unknown-element")."""
    source: str | None = None
    """The record it came from."""

    def __str__(self) -> str:
        where = f"{self.source}: " if self.source else ""
        return f"{where}{self.severity}: {self.expression}: {self.message} [{self.rule}]"


class InvalidBundleError(FhirTrialError):
    """A bundle with validation errors; nothing of it was written."""

    def __init__(self, issues: list[Issue]) -> None:
        errors = [issue for issue in issues if issue.severity in ("fatal", "error")]
        super().__init__(f"{len(errors)} validation errors, first: {errors[0] if errors else None}")
        self.issues = issues


class ServerError(FhirTrialError):
    """A FHIR server refused (its OperationOutcome is kept) or was not reached (status None)."""

    def __init__(
        self, message: str, *, status: int | None = None, outcome: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.outcome = outcome
