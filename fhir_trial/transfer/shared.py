"""What several studies share: sent once, by one of them, while the others wait for it."""

import threading
from collections.abc import Iterable

from fhir_trial.transfer.refusal import Refusal


class Shared:
    """Which content-addressed resources the server has, is being sent, or has refused; for all threads.

    An id that the server has stands for the same content, so it is not sent again. Two transactions that
    create one resource at the same time would conflict on the server; here the second waits for the first.
    """

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._under_way: set[str] = set()
        self._refused: dict[str, Refusal] = {}
        self._changed = threading.Condition()

    def unknown(self, keys: Iterable[str]) -> list[str]:
        """Those that nobody has asked the server about."""
        with self._changed:
            return [key for key in keys if key not in self._known]

    def note(self, keys: Iterable[str]) -> None:
        """The server has these."""
        with self._changed:
            self._known.update(keys)

    def note_refused(self, refusals: Iterable[Refusal]) -> None:
        """The server does not want these, whatever study they come with."""
        with self._changed:
            self._refused.update({refusal.key: refusal for refusal in refusals})

    def refused(self, keys: Iterable[str]) -> list[Refusal]:
        """What the server said to those of these that it refused before."""
        with self._changed:
            return [self._refused[key] for key in keys if key in self._refused]

    def take(self, keys: Iterable[str]) -> set[str]:
        """Those that are to be sent by the caller, who must `give` them back; waits for other senders.

        All are taken at once, and a holder never waits for more, so there is no deadlock.
        """
        wanted = set(keys)
        with self._changed:
            self._changed.wait_for(lambda: self._under_way.isdisjoint(wanted - self._known))
            mine = wanted - self._known
            self._under_way |= mine
        return mine

    def give(self, keys: Iterable[str], *, stored: bool) -> None:
        """The end of `take`: the server has them now, or not."""
        with self._changed:
            self._under_way.difference_update(keys)
            if stored:
                self._known.update(keys)
            self._changed.notify_all()
