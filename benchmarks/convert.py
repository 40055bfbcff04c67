"""Speed, memory and start time of the conversion, as ratios measured in one run on one core.

    make bench                                       # of the wheel, as `pip install` gives it: compiled
    .venv/bin/python benchmarks/convert.py           # of the checkout: plain Python
    python benchmarks/convert.py [--release R4] [--rounds 15] [--stream 10000]

The unit is what nobody can avoid: `orjson.loads` and `orjson.dumps` of the same records, in CPU time. The
records are those of the corpus beside the checkout, or the seed's where there is none.
"""

import argparse
import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from fhir_trial import bundle, convert, mapping, validation
from fhir_trial.eligibility import reader
from fhir_trial.memory import collector_paused
from fhir_trial.release import Release
from fhir_trial.sources import ctgov_v2

ROOT = Path(__file__).parents[1]
CORPUS = ROOT.parent / "shared" / "corpus" / "ctgov_v2"
SEED = ROOT / "seeds" / "NCT03597321.page.txt"

MEASURED = """
import re, sys, time
from fhir_trial.cli import app
app(sys.argv[1:], standalone_mode=False)
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1], time.process_time())
"""
"""The command line, telling its own peak memory: what the kernel tells a parent may include the parent's."""

Step = Callable[[Any], Any]


def main() -> None:
    """Run all measurements and print them."""
    arguments = _arguments()
    records = corpus()
    release = Release(arguments.release)
    size = sum(map(len, records)) / len(records) / 1000
    how = "plain Python" if str(mapping.__file__).endswith(".py") else "compiled"
    print(f"{len(records)} records, {size:.1f} kB on average, {release}, {how}")
    print(f"{'':14} {'unit':>9} {'parse':>7} {'map':>7} {'valid.':>7} {'write':>7} {'total':>7}")
    for name, some in groups(records).items():
        print(row(name, some, release, arguments.rounds))
    print(memory(records, arguments.stream, release))
    print(start())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--release", default="R4", choices=[*Release])
    parser.add_argument("--rounds", type=int, default=15, help="the fastest of so many counts")
    parser.add_argument("--stream", type=int, default=10_000, help="records in the streamed file")
    return parser.parse_args()


def corpus() -> list[bytes]:
    """The records to measure with."""
    if CORPUS.is_dir():
        return [path.read_bytes() for path in sorted(CORPUS.glob("*.json"))]
    return [orjson.dumps(convert(SEED.read_bytes(), to="ctgov"))] * 100


def groups(records: list[bytes]) -> dict[str, list[bytes]]:
    """The records whose speed is looked at apart."""
    found = {
        "all": records,
        "with results": [record for record in records if b'"resultsSection"' in record],
        "the largest": [max(records, key=len)],
    }
    return {name: some for name, some in found.items() if some}


def row(name: str, records: list[bytes], release: Release, rounds: int) -> str:
    """One line of the table: the unit in µs for each record, every step and the whole in units."""
    documents = [orjson.loads(record) for record in records]
    trials = [ctgov_v2.decode(record) for record in records]
    bundles = [bundle.bundle(mapping.resources(trial, release)) for trial in trials]
    validate = partial(validation.validate, release=release)
    faults = [issue for each in bundles for issue in validate(each) if issue.severity in ("error", "fatal")]
    assert not faults, faults[0]
    gc.freeze()  # what is only kept here to be measured with is none of the converter's work

    def whole(record: bytes) -> bytes:
        with collector_paused():  # as the pipeline does
            return written(record)

    def written(record: bytes) -> bytes:
        made = bundle.bundle(mapping.resources(ctgov_v2.decode(record), release))
        validate(made)
        return orjson.dumps(made)

    steps: list[tuple[Step, Sequence[Any]]] = [
        (orjson.loads, records),
        (orjson.dumps, documents),
        (ctgov_v2.decode, records),
        (lambda trial: bundle.bundle(mapping.resources(trial, release)), trials),
        (validate, bundles),
        (orjson.dumps, bundles),
        (whole, records),
    ]
    loads, dumps, *seconds = fastest(steps, rounds)
    unit = loads + dumps
    ratios = " ".join(f"{each / unit:7.2f}" for each in seconds)
    return f"{name:14} {unit / len(records) * 1e6:6.0f} µs {ratios}"


def fastest(steps: Sequence[tuple[Step, Sequence[Any]]], rounds: int) -> list[float]:
    """CPU seconds of each step over its items, the fastest of several rounds.

    The steps take turns, so that what else the machine does meanwhile falls on all of them.
    """
    best = [float("inf")] * len(steps)
    for _ in range(rounds):
        for number, (step, items) in enumerate(steps):
            best[number] = min(best[number], cpu(step, items))
    return best


def cpu(step: Step, items: Sequence[Any]) -> float:
    """CPU seconds of a step over all items."""
    reader.forget()  # every record of a round is met for the first time
    gc.collect()
    begin = time.process_time()
    for item in items:
        step(item)
    return time.process_time() - begin


def memory(records: list[bytes], count: int, release: Release) -> str:
    """Peak memory of the command line over a long NDJSON stream."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "stream.ndjson")
        size = write_stream(source, records, count)
        arguments = ["convert", str(source), "--to", release, "-o", os.devnull]
        command = [sys.executable, "-c", MEASURED, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"streaming {count} records failed: {done.stderr}"
    peak, seconds = map(float, done.stdout.split())
    return (
        f"streaming {count} records ({size / 1e6:.0f} MB): peak {peak / 1024:.0f} MiB, "
        f"{seconds / count * 1e6:.0f} µs CPU a record"
    )


def write_stream(path: Path, records: list[bytes], count: int) -> int:
    """NDJSON of the records over and over, each under an id of its own."""
    ids = [
        orjson.loads(record)["protocolSection"]["identificationModule"]["nctId"].encode()
        for record in records
    ]
    with path.open("wb") as file:
        for number in range(count):
            which = number % len(records)
            file.write(records[which].replace(ids[which], b"NCT%08d" % number) + b"\n")
        return file.tell()


def start() -> str:
    """How long `--help` takes, beside an interpreter that does nothing."""
    idle = min(wall("-c", "pass") for _ in range(7))
    help_ = min(wall("-m", "fhir_trial", "--help") for _ in range(7))
    limit = 3 * idle + 0.2
    return f"--help: {help_ * 1000:.0f} ms; python -c pass: {idle * 1000:.0f} ms; limit {limit * 1000:.0f} ms"


def wall(*arguments: str) -> float:
    """Seconds that a Python process takes."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
