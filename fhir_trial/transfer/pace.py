"""How many transactions are under way at once: as many as help, fewer when the server is in trouble."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fhir_trial.client.retry import TRANSIENT
from fhir_trial.client.sending import Exchange

_FIRST = 2
_WINDOW = 6
"""Transactions per place after which the rate is looked at."""
_BETTER = 1.05


class Pace:
    """A number of places that climbs while more of them bring more, and is halved in trouble.

    Trouble is no answer, or one that says "later"; a server that only gets slower is noticed by the rate.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.places = min(_FIRST, most)
        self._most = most
        self._clock = clock
        self._changed = threading.Condition()
        self._taken = 0
        self._step = 1
        self._last_rate = 0.0
        self._begin_window()

    @contextmanager
    def place(self, amount: int) -> Iterator[None]:
        """Waits for a free place and holds it; `amount` is how much is sent meanwhile."""
        with self._changed:
            self._changed.wait_for(lambda: self._taken < self.places)
            self._taken += 1
        try:
            yield
        finally:
            with self._changed:
                self._taken -= 1
                self._count(amount)
                self._changed.notify_all()

    def observe(self, exchange: Exchange) -> None:
        """Told of every exchange of the client."""
        if exchange.status is None or exchange.status in TRANSIENT:
            with self._changed:
                if self._calm:
                    self.places = max(1, self.places // 2)
                    self._last_rate = 0.0
                    self._begin_window(calm=False)

    def _count(self, amount: int) -> None:
        self._amount += amount
        self._finished += 1
        if self._finished >= _WINDOW * self.places:
            self._look()

    def _look(self) -> None:
        """Go on as before if that was better; else the other way."""
        passed = max(self._clock() - self._begin, 1e-6)
        rate = self._amount / passed
        if rate < self._last_rate * _BETTER:
            self._step = -self._step
        self._last_rate = rate
        wanted = self.places + self._step
        self.places = max(1, min(wanted, self._most))
        if self.places != wanted:
            self._step = -self._step
        self._begin_window()

    def _begin_window(self, *, calm: bool = True) -> None:
        self._begin = self._clock()
        self._amount = 0
        self._finished = 0
        self._calm = calm
        """One piece of trouble counts once per window: what fails together fails for one reason."""
