"""Two transactions never create one shared resource at the same time."""

import threading
import time

from fhir_trial.errors import ServerError
from fhir_trial.transfer.refusal import Refusal
from fhir_trial.transfer.shared import Shared


def test_what_nobody_sends_is_taken() -> None:
    shared = Shared()
    assert shared.take(["a", "b"]) == {"a", "b"}


def test_what_the_server_has_is_not_taken() -> None:
    shared = Shared()
    shared.note(["a"])
    assert shared.take(["a", "b"]) == {"b"}
    assert shared.unknown(["a", "b"]) == ["b"]


def second_takes(shared: Shared, keys: list[str]) -> tuple[threading.Thread, list[set[str]]]:
    taken: list[set[str]] = []
    thread = threading.Thread(target=lambda: taken.append(shared.take(keys)))
    thread.start()
    time.sleep(0.05)
    return thread, taken


def test_what_another_sends_is_waited_for() -> None:
    shared = Shared()
    mine = shared.take(["a"])
    thread, taken = second_takes(shared, ["a", "b"])
    assert taken == []
    shared.give(mine, stored=True)
    thread.join(5)
    assert taken == [{"b"}]


def test_what_another_could_not_send_is_taken_by_who_waited() -> None:
    shared = Shared()
    mine = shared.take(["a"])
    thread, taken = second_takes(shared, ["a", "b"])
    shared.give(mine, stored=False)
    thread.join(5)
    assert taken == [{"a", "b"}]


def test_who_wants_something_else_does_not_wait() -> None:
    shared = Shared()
    shared.take(["a"])
    thread, taken = second_takes(shared, ["b"])
    thread.join(5)
    assert taken == [{"b"}]


def test_what_was_refused_is_remembered() -> None:
    shared = Shared()
    refusal = Refusal.of({"resourceType": "Location", "id": "x"}, ServerError("no", status=422))
    shared.note_refused([refusal])
    assert shared.refused(["Location/x", "Location/y"]) == [refusal]
