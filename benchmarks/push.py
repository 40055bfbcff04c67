"""Speed of push against a bare loop of httpx, and against blazectl where that is found; push/pull equality.

    python benchmarks/push.py records.zip --server http://127.0.0.1:8080/fhir
    python benchmarks/push.py records.zip --equality      # its own server; needs Java 17 and Maven

The server must be one that may be emptied by `$expunge`: every run begins with nothing on it.
"""

import argparse
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import orjson

from fhir_trial import pipeline
from fhir_trial.bundle import bundle
from fhir_trial.client import Client
from fhir_trial.client.statistics import Statistics
from fhir_trial.engines.sandbox import Sandbox
from fhir_trial.release import Release
from fhir_trial.transfer.canonical import canonical_bundle
from fhir_trial.transfer.pace import Pace
from fhir_trial.transfer.pull import pull
from fhir_trial.transfer.push import Graph, Pusher
from fhir_trial.transfer.unload import record

Run = Callable[[], None]
_HEADERS = {"Content-Type": "application/fhir+json"}


def main() -> None:
    """Measure what was asked for."""
    arguments = _arguments()
    for release in arguments.release:
        graphs = _graphs(arguments.source, release)
        with _server(arguments.server, release) as base_url:
            if arguments.equality:
                _equality(base_url, graphs, release, arguments.concurrency)
            else:
                _speed(base_url, graphs, arguments.concurrency, arguments.rounds)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Speed of push; equality of what is pulled.")
    parser.add_argument("source", nargs="+", help="records, as for convert")
    parser.add_argument("--server", help="a server that may be emptied; its own sandbox if not given")
    parser.add_argument("--release", nargs="+", type=Release, default=[Release.R4])
    parser.add_argument("--concurrency", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--equality", action="store_true", help="push, push again, pull, compare")
    return parser.parse_args()


def _graphs(sources: Sequence[str], release: Release) -> list[Graph]:
    options = pipeline.Options(release=release, bundle="transaction")
    outcomes = list(pipeline.convert_all(sources, options))
    graphs = [Graph.of_outcome(outcome) for outcome in outcomes if not outcome.failed]
    total = sum(len(graph.resources) for graph in graphs)
    print(f"{release}: {len(outcomes)} records, {len(graphs)} valid, {total} resources")
    return graphs


@contextmanager
def _server(base_url: str | None, release: Release) -> Iterator[str]:
    if base_url:
        yield base_url
        return
    with Sandbox(release) as sandbox:
        yield sandbox.base_url


def _empty(base_url: str) -> None:
    everything = {"name": "expungeEverything", "valueBoolean": True}
    body = {"resourceType": "Parameters", "parameter": [everything]}
    httpx.post(f"{base_url}/$expunge", json=body, timeout=600).raise_for_status()


# --- speed -----------------------------------------------------------------------------------------------


def _speed(base_url: str, graphs: list[Graph], concurrency: int, rounds: int) -> None:
    """Resources a second of each way, in any order, so that a server that warms up favours nobody."""
    bodies = [orjson.dumps(bundle(graph.resources, type="transaction")) for graph in graphs]
    total = sum(len(graph.resources) for graph in graphs)
    with _blazectl(base_url, bodies, concurrency) as blazectl:
        ways: dict[str, Run] = {
            "push": lambda: _push(base_url, graphs, concurrency),
            "httpx loop": lambda: _loop(base_url, bodies, concurrency),
        }
        if blazectl:
            ways["blazectl"] = blazectl
        _push(base_url, graphs[:50], concurrency)  # the server's first transactions are its slowest
        rates: dict[str, list[float]] = {name: [] for name in ways}
        again: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, run in random.sample(list(ways.items()), len(ways)):
                _empty(base_url)
                rates[name].append(total / _seconds(run))
                again[name].append(total / _seconds(run))
    for title, found in (("new", rates), ("unchanged", again)):
        for name, values in found.items():
            print(f"  {title:<10} {name:<11} {statistics.median(values):7.0f} resources/s {_rounded(values)}")
        # round by round: what else the machine does changes from one to the next
        others = zip(*(values for name, values in found.items() if name != "push"), strict=True)
        ratios = [mine / max(theirs) for mine, theirs in zip(found["push"], others, strict=True)]
        shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
        print(f"  {title:<10} ratio to the faster other: median {statistics.median(ratios):.2f} [{shown}]")


def _rounded(values: list[float]) -> list[int]:
    return [round(value) for value in values]


def _seconds(run: Run) -> float:
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def _push(base_url: str, graphs: list[Graph], concurrency: int) -> None:
    pace = Pace(concurrency)
    with Client(base_url, observer=pace.observe) as client:
        for pushed in Pusher(client, pace=pace, workers=concurrency).push(graphs):
            assert not pushed.failed, pushed.refusals


def _loop(base_url: str, bodies: list[bytes], concurrency: int) -> None:
    """Every bundle as it is, on so many threads."""
    with httpx.Client(timeout=300) as client, ThreadPoolExecutor(concurrency) as pool:

        def post(body: bytes) -> None:
            for _ in range(5):  # bundles share resources, so they may conflict
                response = client.post(base_url, content=body, headers=_HEADERS)
                if response.status_code != 409:
                    break
            response.raise_for_status()

        list(pool.map(post, bodies))


@contextmanager
def _blazectl(base_url: str, bodies: list[bytes], concurrency: int) -> Iterator[Run | None]:
    """`blazectl upload` of the same bundles, a file each, where there is blazectl."""
    program = shutil.which("blazectl")
    if program is None:
        print("  no blazectl on PATH (go install github.com/samply/blazectl@latest)")
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        for number, body in enumerate(bodies):
            (Path(folder) / f"{number:05}.json").write_bytes(body)
        command = [program, "upload", "--server", base_url, "-c", str(concurrency), "--no-progress", folder]
        yield lambda: _checked(command)


def _checked(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    failed = [line for line in done.stdout.splitlines() if line.startswith(("Status Codes", "Success"))]
    if done.returncode or not any("100" in line for line in failed):
        print("   ", " ".join(failed) or done.stderr[-500:])


# --- equality --------------------------------------------------------------------------------------------


def _equality(base_url: str, graphs: list[Graph], release: Release, concurrency: int) -> None:
    """Push twice, read every history, pull everything, compare."""
    _empty(base_url)
    for title in ("first push", "second push"):
        _told(title, base_url, graphs, concurrency)
    versions: Counter[str] = Counter()
    keys = sorted({name for graph in graphs for name in graph.keys})
    with Client(base_url) as client:
        for name in keys:
            entries = client.history(*name.split("/"))
            versions[f"{sum(1 for _ in entries)} version(s)"] += 1
        print(f"  _history: {dict(versions)} of {len(keys)} resources")
        pulled = {each.id: each for each in pull(client, [graph.id for graph in graphs], release)}
    equal = records = 0
    for graph in graphs:
        back = pulled[graph.id]
        equal += canonical_bundle(back.resources) == canonical_bundle(graph.resources)
        records += _record(back.resources, release) == _record(graph.resources, release)
    print(f"  pulled as pushed: {equal} of {len(graphs)}; as records: {records} of {len(graphs)}")


def _record(resources: Sequence[pipeline.Document], release: Release) -> pipeline.Document:
    return record(bundle(resources), release)


def _told(title: str, base_url: str, graphs: list[Graph], concurrency: int) -> None:
    seen, pace = Statistics(), Pace(concurrency)
    counts: Counter[str] = Counter()
    failed = 0
    with Client(base_url, observer=seen) as client:
        for pushed in Pusher(client, pace=pace, workers=concurrency).push(graphs):
            counts += pushed.counts
            failed += pushed.failed
    print(f"  {title}: {dict(counts)}, {failed} refused, {seen.duration:.1f} s, {seen.requests} requests,")
    print(f"    {seen.bytes_out / 2**10:.0f} KiB out, {seen.bytes_in / 2**10:.0f} KiB in")


if __name__ == "__main__":
    main()
