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
"""How much better a neighbour must be to move there: bundles differ, and so do rates."""
_STALE = 10
"""Windows after which the rates of the neighbours are measured anew."""


class Pace:
    """A number of places that moves to where the rate is best, and is halved in trouble.

    Trouble is no answer, or one that says "later"; a server that only gets slower is noticed by the rate,
    which is measured for each number of places, one more and one less being tried now and then.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.places = min(_FIRST, most)
        self._most = most
        self._clock = clock
        self._changed = threading.Condition()
        self._taken = 0
        self._rates: dict[int, float] = {}
        self._windows = 0
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
                    self._rates.clear()
                    self._begin_window(calm=False)

    def _count(self, amount: int) -> None:
        self._amount += amount
        self._finished += 1
        if self._finished >= _WINDOW * self.places:
            self._look()

    def _look(self) -> None:
        """Note the rate, and go where it is best."""
        rate = self._amount / max(self._clock() - self._begin, 1e-6)
        known = self._rates.get(self.places, rate)
        self._rates[self.places] = (known + rate) / 2
        self._windows += 1
        if self._windows % _STALE == 0:
            self._rates = {self.places: self._rates[self.places]}
        self.places = self._best()
        self._begin_window()

    def _best(self) -> int:
        """A neighbour that is known to be better; else one that was not measured; else this.

        Fewer places are tried only in long runs: a short one would not get back what the trial costs.
        """
        neighbours = [each for each in (self.places + 1, self.places - 1) if 1 <= each <= self._most]
        bound = self._rates[self.places] * _BETTER
        better = [each for each in neighbours if self._rates.get(each, 0) > bound]
        if better:
            return max(better, key=self._rates.__getitem__)
        tried = [each for each in neighbours if each > self.places or self._windows >= _STALE]
        return next((each for each in tried if each not in self._rates), self.places)

    def _begin_window(self, *, calm: bool = True) -> None:
        self._begin = self._clock()
        self._amount = 0
        self._finished = 0
        self._calm = calm
        """One piece of trouble counts once per window: what fails together fails for one reason."""
