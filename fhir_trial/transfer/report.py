"""What a push or a pull came to, for a person and for a machine."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from fhir_trial.client.statistics import Statistics
from fhir_trial.errors import ExitCode, ServerError
from fhir_trial.pipeline import Outcome
from fhir_trial.summary import Summary
from fhir_trial.transfer.pull import Pulled
from fhir_trial.transfer.push import Pushed
from fhir_trial.transfer.refusal import away

Json = dict[str, Any]

REFUSALS_SHOWN = 100
"""How many refusals the machine summary lists; `refused` counts all."""


@dataclass(slots=True, kw_only=True)
class PushReport:
    """Counts over a push."""

    server: str
    conversion: Summary
    statistics: Statistics
    concurrency: int
    stored: int = 0
    refused: int = 0
    resources: Counter[str] = field(default_factory=Counter)
    refusals: list[Json] = field(default_factory=list)
    stopped: ServerError | None = None

    def add(self, event: Outcome | Pushed) -> None:
        """Count a record that was converted, or a graph that was sent."""
        if isinstance(event, Outcome):
            self.conversion.add(event)
            return
        if event.graph.is_study:
            self.stored += not event.failed
        self.refused += event.failed
        self.resources.update(event.counts)
        for refusal in event.refusals[: REFUSALS_SHOWN - len(self.refusals)]:
            self.refusals.append(
                {
                    "source": event.graph.place,
                    "place": refusal.expression,
                    "key": refusal.key,
                    "status": refusal.status,
                    "reason": refusal.reason,
                }
            )

    @property
    def exit_code(self) -> ExitCode:
        """What the run answers to the shell; trouble with the server comes first."""
        if self.stopped:
            return _code(self.stopped)
        return ExitCode.SERVER_REFUSED if self.refused else self.conversion.exit_code

    def document(self) -> Json:
        """The machine's summary."""
        return {
            **self.conversion.document(),
            "server": self.server,
            "stored": self.stored,
            "refused": self.refused,
            "pushed": {name: self.resources[name] for name in ("created", "updated", "unchanged")},
            "refusals": self.refusals,
            "statistics": self.statistics.document(),
            "stoppedBy": str(self.stopped) if self.stopped else None,
            "exitCode": int(self.exit_code),
        }

    def text(self) -> str:
        """The person's summary, with the statistics as blazectl writes them."""
        total = self.stored + self.refused
        counts = ", ".join(f"{self.resources[name]} {name}" for name in ("created", "updated", "unchanged"))
        ratio = f"{100 * self.stored / total:.2f} %" if total else "-"
        rows = [
            ("Uploads", "[total, concurrency]", f"{total}, {self.concurrency}"),
            ("Success", "[ratio]", ratio),
            *self.statistics.rows(),
        ]
        lines = [
            self.conversion.text(),
            f"pushed      {self.stored} stored, {self.refused} refused by {self.server}",
            f"            {counts}",
        ]
        if self.stopped and away(self.stopped):
            lines.append("stopped     by the server; the same command again sends what is missing")
        return "\n".join([*lines, "", *_block(rows)])


@dataclass(slots=True, kw_only=True)
class PullReport:
    """Counts over a pull."""

    server: str
    statistics: Statistics
    pulled: int = 0
    failed: int = 0
    resources: Counter[str] = field(default_factory=Counter)
    failures: list[Json] = field(default_factory=list)
    stopped: ServerError | None = None

    def add(self, pulled: Pulled) -> None:
        """Count one study."""
        self.pulled += not pulled.failed
        self.resources.update(each["resourceType"] for each in pulled.resources)
        if pulled.failed:
            self.fail(pulled.id, "the server has no such study")

    def fail(self, name: str, reason: str) -> None:
        """Count a study that is not there, or not what was asked for."""
        self.failed += 1
        if len(self.failures) < REFUSALS_SHOWN:
            self.failures.append({"id": name, "reason": reason})

    @property
    def exit_code(self) -> ExitCode:
        """What the run answers to the shell."""
        if self.stopped:
            return _code(self.stopped)
        if not self.pulled:
            return ExitCode.NOTHING_READ
        return ExitCode.SOME_FAILED if self.failed else ExitCode.OK

    def document(self) -> Json:
        """The machine's summary."""
        return {
            "server": self.server,
            "pulled": self.pulled,
            "failed": self.failed,
            "resources": dict(sorted(self.resources.items())),
            "failures": self.failures,
            "statistics": self.statistics.document(),
            "stoppedBy": str(self.stopped) if self.stopped else None,
            "exitCode": int(self.exit_code),
        }

    def text(self) -> str:
        """The person's summary."""
        counts = ", ".join(f"{name} {count}" for name, count in sorted(self.resources.items()))
        lines = [f"pulled      {self.pulled} studies, {self.failed} failed, from {self.server}"]
        if counts:
            lines.append(f"resources   {sum(self.resources.values())}: {counts}")
        return "\n".join([*lines, "", *_block(self.statistics.rows())])


def _code(error: ServerError) -> ExitCode:
    return ExitCode.SERVER_UNREACHABLE if away(error) else ExitCode.SERVER_REFUSED


def _block(rows: Iterable[tuple[str, str, str]]) -> list[str]:
    return [f"{name:<17}{unit:<26}{value}" for name, unit, value in rows]
