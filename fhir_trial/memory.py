"""The garbage collector while many objects are made at once."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Nothing made inside refers back to itself, so reference counts free it; the collector only costs time.

    A record with results becomes some 100,000 objects, which the collector would go through again and again
    (a quarter of the time). It is as it was afterwards, also after an error.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
