"""The number of places climbs while that helps, and falls in trouble."""

import threading
import time
from collections.abc import Iterator

import pytest

from fhir_trial.client import Exchange
from fhir_trial.transfer.pace import Pace


class Clock:
    """Time as a server of so many useful places makes it pass."""

    def __init__(self, useful: int) -> None:
        self.now = 0.0
        self.useful = useful

    def __call__(self) -> float:
        return self.now

    def work(self, pace: Pace, count: int) -> Iterator[int]:
        for _ in range(count):
            with pace.place(10):
                # beyond what is useful, everybody waits for everybody
                over = max(0, pace.places - self.useful)
                self.now += (1 + over) / min(pace.places, self.useful)
            yield pace.places


def exchange(status: int | None) -> Exchange:
    return Exchange(status=status, seconds=1, processing=None, bytes_out=0, bytes_in=0)


@pytest.mark.parametrize("useful", [1, 2, 4, 8])
def test_it_finds_how_many_places_are_of_use(useful: int) -> None:
    clock = Clock(useful)
    pace = Pace(16, clock)
    settled = list(clock.work(pace, 2000))[1000:]
    assert abs(sum(settled) / len(settled) - useful) <= 1


def test_it_never_takes_more_than_it_may_or_less_than_one() -> None:
    clock = Clock(100)
    pace = Pace(3, clock)
    assert set(clock.work(pace, 500)) <= {1, 2, 3}
    for _ in range(9):
        pace.observe(exchange(503))
    assert pace.places >= 1


@pytest.mark.parametrize("status", [None, 408, 429, 503])
def test_trouble_halves_it_once_in_a_while(status: int | None) -> None:
    clock = Clock(100)
    pace = Pace(8, clock)
    list(clock.work(pace, 500))
    before = pace.places
    for _ in range(5):
        pace.observe(exchange(status))
    assert pace.places == before // 2


@pytest.mark.parametrize("status", [200, 201, 400, 409, 422])
def test_other_answers_are_no_trouble(status: int) -> None:
    pace = Pace(8)
    pace.observe(exchange(status))
    assert pace.places == 2


def test_who_finds_no_place_waits_for_one() -> None:
    pace, taken = Pace(1), threading.Event()

    def second() -> None:
        with pace.place(1):
            taken.set()

    thread = threading.Thread(target=second)
    with pace.place(1):
        thread.start()
        time.sleep(0.05)
        assert not taken.is_set()
    thread.join(5)
    assert taken.is_set()


def test_a_place_is_given_back_after_an_error() -> None:
    pace = Pace(1)
    for _ in range(3):
        with pytest.raises(OSError), pace.place(1):
            raise OSError
