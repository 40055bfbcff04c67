"""What a server refused, why, and which record it came from; written to the dead letters."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from fhir_trial.client.retry import TRANSIENT
from fhir_trial.errors import ServerError
from fhir_trial.transfer.canonical import key as key_of

Json = dict[str, Any]


NOT_FOR_US = (401, 403)
"""Statuses that are about who sends, not about what."""


def away(error: ServerError) -> bool:
    """Whether a server could not be reached, or is not able to answer now."""
    return error.status is None or error.status in TRANSIENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One entry that the server did not take, or a whole bundle where no entry can be blamed."""

    key: str
    """`Type/id` of the entry; of the study when it is the whole bundle."""
    reason: str
    status: int | None
    index: int | None = None
    """Place in the record's bundle; None: the whole of it."""
    outcome: Json | None = field(default=None, repr=False)
    resource: Json | None = field(default=None, repr=False)

    @classmethod
    def of(cls, resource: Json, error: ServerError) -> "Refusal":
        """An entry with the error that the server answered to it."""
        return cls(
            key=key_of(resource),
            reason=str(error),
            status=error.status,
            outcome=error.outcome,
            resource=resource,
        )

    @classmethod
    def of_whole(cls, key: str, error: ServerError) -> "Refusal":
        """A bundle of which no entry can be blamed."""
        return cls(key=key, reason=str(error), status=error.status, outcome=error.outcome)

    @property
    def expression(self) -> str:
        """The place in the record's bundle."""
        return "Bundle" if self.index is None else f"Bundle.entry[{self.index}]"

    def line(self, *, source: str, record: str) -> bytes:
        """One line of the dead letters."""
        document = {
            "source": source,
            "record": record,
            "expression": self.expression,
            "key": self.key,
            "status": self.status,
            "reason": self.reason,
            "outcome": self.outcome,
            "resource": self.resource,
        }
        return orjson.dumps(document) + b"\n"
