"""Counts the exchanges of a run, and tells them as blazectl does, a form that users know."""

import threading
import time
from array import array
from collections import Counter
from typing import Any

from fhir_trial.client.sending import Exchange

_POINTS = (50, 95, 99)


class Statistics:
    """An observer for `Client`: latencies, bytes and status codes of every exchange on the wire."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begin = time.perf_counter()
        self._seconds = array("d")
        self._processing = array("d")
        self.bytes_in = 0
        self.bytes_out = 0
        self.statuses: Counter[str] = Counter()

    def __call__(self, exchange: Exchange) -> None:
        """Count one exchange."""
        with self._lock:
            self._seconds.append(exchange.seconds)
            if exchange.processing is not None:
                self._processing.append(exchange.processing)
            self.bytes_in += exchange.bytes_in
            self.bytes_out += exchange.bytes_out
            self.statuses["none" if exchange.status is None else str(exchange.status)] += 1

    @property
    def requests(self) -> int:
        """How many exchanges."""
        return len(self._seconds)

    @property
    def duration(self) -> float:
        """Seconds since the beginning."""
        return time.perf_counter() - self._begin

    def document(self) -> dict[str, Any]:
        """For a machine; seconds and bytes."""
        return {
            "requests": self.requests,
            "durationSeconds": round(self.duration, 3),
            "requestLatencies": _latencies(self._seconds),
            "processingLatencies": _latencies(self._processing),
            "bytesIn": self.bytes_in,
            "bytesOut": self.bytes_out,
            "statusCodes": dict(sorted(self.statuses.items())),
        }

    def rows(self) -> list[tuple[str, str, str]]:
        """For a person: name, unit, values."""
        names = "[mean, 50, 95, 99, max]"
        mean = max(self.requests, 1)
        return [
            ("Duration", "[total]", f"{self.duration:.2f}s"),
            ("Requ. Latencies", names, _shown(self._seconds)),
            ("Proc. Latencies", names, _shown(self._processing)),
            ("Bytes In", "[total, mean]", f"{_size(self.bytes_in)}, {_size(self.bytes_in / mean)}"),
            ("Bytes Out", "[total, mean]", f"{_size(self.bytes_out)}, {_size(self.bytes_out / mean)}"),
            ("Status Codes", "[code:count]", ", ".join(f"{c}:{n}" for c, n in sorted(self.statuses.items()))),
        ]


def _latencies(times: "array[float]") -> dict[str, float]:
    if not times:
        return {}
    ordered = sorted(times)
    found = {"mean": sum(ordered) / len(ordered)}
    found |= {str(point): ordered[min(len(ordered) * point // 100, len(ordered) - 1)] for point in _POINTS}
    return {name: round(value, 4) for name, value in (found | {"max": ordered[-1]}).items()}


def _shown(times: "array[float]") -> str:
    return ", ".join(_time(seconds) for seconds in _latencies(times).values()) or "-"


def _time(seconds: float) -> str:
    return f"{seconds:.2f}s" if seconds >= 1 else f"{seconds * 1000:.0f}ms"


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.2f} {unit}"
        count /= 1024
    return f"{count:.2f} GiB"
