"""When a request is sent again, and after how long."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

TRANSIENT = frozenset({408, 425, 429, 502, 503, 504})
"""Answers that say "later"."""
_BROKEN = 500
_CONFLICT = 409
_NOT_DONE = frozenset({429})
"""Answers that are certain to have changed nothing, so even a plain POST may follow."""

_CONFLICT_TRIES = 5
_CONFLICT_PAUSE = 0.05
_LONGEST_CONFLICT_PAUSE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often and how patiently; `sleep` and `chance` are for tests."""

    limit: int = 5
    """Times a request is sent again when the server is away or busy."""
    base: float = 0.5
    cap: float = 60.0
    """Longest pause in seconds, also when the server asks for a longer one."""
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    chance: Callable[[], float] = field(default=random.random, repr=False)

    def patience(self) -> "Patience":
        """What is left for one request."""
        return Patience(self)


class Patience:
    """Counts what one request has met, and says how long to wait, or that it is enough."""

    def __init__(self, retry: Retry) -> None:
        self._retry = retry
        self._absences = 0
        self._breakdowns = 0
        self._conflicts = 0

    def after_silence(self) -> float | None:
        """The pause after no answer came; None is the end."""
        return self._absence(None)

    def after_nonsense(self) -> float | None:
        """The pause after an answer that broke off; None is the end."""
        return self._breakdown()

    def after(
        self, status: int, *, retry_after: str | None = None, repeatable: bool, guarded: bool
    ) -> float | None:
        """The pause after an answer; None if it is final."""
        if not repeatable and status not in _NOT_DONE:
            return None
        if status in TRANSIENT:
            return self._absence(seconds(retry_after))
        if status == _BROKEN:
            return self._breakdown()
        if status == _CONFLICT and not guarded:
            return self._conflict()
        return None

    def _absence(self, asked: float | None) -> float | None:
        if self._absences >= self._retry.limit:
            return None
        own: float = self._retry.base * 2**self._absences * (0.5 + self._retry.chance())
        self._absences += 1
        # a little later than asked, and not all clients at once
        wanted = own if asked is None else asked * (1 + 0.1 * self._retry.chance())
        return min(wanted, self._retry.cap)

    def _breakdown(self) -> float | None:
        """Once more: a server that fails twice at the same thing will fail a third time."""
        if self._breakdowns:
            return None
        self._breakdowns += 1
        return self._retry.base * (0.5 + self._retry.chance())

    def _conflict(self) -> float | None:
        """Quickly: another writer was faster, and is done by now."""
        if self._conflicts >= _CONFLICT_TRIES:
            return None
        self._conflicts += 1
        longest: float = _CONFLICT_PAUSE * 2**self._conflicts
        return min(longest, _LONGEST_CONFLICT_PAUSE) * self._retry.chance()


def seconds(retry_after: str | None) -> float | None:
    """A Retry-After header, seconds or a date, as seconds from now; None when it says nothing.

    https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
    """
    text = (retry_after or "").strip()
    if text.isdecimal():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
