"""Work on several processes, answered in order, with a bounded amount under way."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from itertools import islice
from multiprocessing import get_context
from typing import TypeVar

Item = TypeVar("Item")
Setting = TypeVar("Setting")
Result = TypeVar("Result")

_CHUNK = 32
"""Items per task: enough that passing them costs little, few enough that long ones do not fill the memory."""
_AHEAD = 2
"""Tasks per process that may be under way or waiting to be taken."""


def in_order(
    function: Callable[[Item, Setting], Result], items: Iterable[Item], setting: Setting, *, jobs: int
) -> Iterator[Result]:
    """`function(item, setting)` of each item, in the order of the items."""
    source = iter(items)
    work = partial(_each, function, setting)
    under_way: deque[Future[list[Result]]] = deque()
    # spawned, not forked: a fork beside the progress display's thread may hang
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        while chunk := list(islice(source, _CHUNK)):
            under_way.append(pool.submit(work, chunk))
            if len(under_way) >= jobs * _AHEAD:
                yield from under_way.popleft().result()
        while under_way:
            yield from under_way.popleft().result()


def _each(function: Callable[[Item, Setting], Result], setting: Setting, items: list[Item]) -> list[Result]:
    return [function(item, setting) for item in items]
