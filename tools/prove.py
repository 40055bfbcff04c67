"""Prove over every record at hand that nothing is lost; run as `python -m tools.prove`, prints figures.

For each record and release: every value changed to one found nowhere else is seen in the output, every flag
and token changed alone changes it, the way back gives the record (changed and not), and the way through the
three releases ends in the same bytes. Results are proven apart, with the values changed also while the groups
keep their ids, and with values of every field changed alone, for what many values share is said once. Takes
paths of records; without, the real records beside the checkout and complete ones made from the model.
"""

import argparse
import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

from fhir_trial import mapping
from fhir_trial.bundle import bundle
from fhir_trial.release import Release
from tests import changes
from tests.complete_records import Maker
from tests.complete_results import ResultsMaker

MADE = 100
"""How many complete records are made, and how many complete results."""

ABOUT = "R4 -> R5 -> R4B -> R4"
PROOFS = (ABOUT, *Release)


class Record(NamedTuple):
    """A record to prove, or the results of one."""

    name: str
    document: changes.Document


class Found(NamedTuple):
    """What was counted for one record, what does not hold, and how long it took."""

    done: Counter[str]
    """What was tried, and how often."""
    failed: Counter[str]
    faults: list[str]
    seconds: float


def records(paths: list[str]) -> Iterator[Record]:
    """Each record to prove."""
    for path in [Path(name) for name in paths] or changes.dev_records():
        data = path.read_bytes()
        yield Record(path.stem, changes.known(data))
        if results := changes.results(data):
            yield Record(f"{path.stem} results", results)
    for seed in range(0 if paths else MADE):
        absent = (0.0, 0.0, 0.3, 0.7)[seed % 4]
        yield Record(f"made-{seed}", Maker(seed, absent=absent, empty_lists=seed % 2 == 1).record())
        yield Record(f"made-{seed} results", made_results(seed, absent=absent))


def made_results(seed: int, *, absent: float) -> changes.Document:
    """Complete results; in every third the ids of groups lead nowhere, and any text stands for any text."""
    maker = ResultsMaker(seed, absent=absent, empty_lists=seed % 2 == 1, sizes=(1, 2))
    identification = {"nctId": "NCT00000001", "briefTitle": "Made"}
    return {
        "protocolSection": {"identificationModule": identification},
        changes.RESULTS: maker.results(strange=seed % 3 == 2),
    }


def prove(record: Record, proof: str) -> Found:
    """Count what holds for one record in one release or through them all, and name what does not."""
    started = time.monotonic()
    found = Found(Counter(), Counter(), [], 0.0)
    if proof == ABOUT:
        _about(record, found)
    else:
        _release(record, Release(proof), found)
    return found._replace(seconds=time.monotonic() - started)


def _about(record: Record, found: Found) -> None:
    stated = changes.trial(record.document)
    direct = json.dumps(bundle(mapping.resources(stated, Release.R4)))
    _check(json.dumps(changes.round_about(stated)) == direct, "records the same", record.name, found)


def _release(record: Record, release: Release, found: Found) -> None:
    name, document = record
    plain = changes.output(document, release)
    before = changes.visible(plain)
    _came_back(name, document, plain, release, found)
    sentinels = changes.sentinels(document)
    _values(name, document, sentinels, release, found)
    if changes.RESULTS in document:
        _values(f"{name} groups kept", document, changes.with_groups_kept(sentinels), release, found)
        for path, value in changes.one_of_each_field(sentinels):
            _values(f"{name} alone", document, {path: value}, release, found)
    for path, value in changes.one_choice_each(document):
        changed = changes.changed(document, {path: value})
        after = changes.output(changed, release)
        seen = changes.visible(after) != before
        _check(seen, "flags and tokens seen", f"{name} {path}", found)
        _came_back(f"{name} {path}", changed, after, release, found)


def _values(
    name: str, document: changes.Document, made: dict[changes.Path_, object], release: Release, found: Found
) -> None:
    """Change values, and look for each of them in the output and on the way back."""
    changed = changes.changed(document, made)
    output = changes.output(changed, release)
    unseen = set(changes.missing(made, output))
    for path in made:
        _check(path not in unseen, "values seen", f"{name} {path}", found)
    _came_back(f"{name} changed {path if len(made) == 1 else ''}", changed, output, release, found)


def _came_back(
    name: str, document: changes.Document, output: list[changes.Document], release: Release, found: Found
) -> None:
    _check(changes.back(output, release) == document, "records back equal", name, found)


def _check(holds: bool, what: str, name: str, found: Found) -> None:
    found.done[what] += 1
    if not holds:
        found.failed[what] += 1
        found.faults.append(f"NOT {what}: {name}")


def main() -> None:
    """Prove, and print the figures of each release."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="*", help="records, e.g. NCT02513394.json; default: all at hand")
    stated = list(records(parser.parse_args().paths))
    print(f"{len(stated)} records")
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for proof in PROOFS:
            done: Counter[str] = Counter()
            failed: Counter[str] = Counter()
            seconds = 0.0
            for found in pool.map(prove, stated, [proof] * len(stated)):
                for fault in found.faults:
                    print(f"{proof} {fault}", flush=True)
                done += found.done
                failed += found.failed
                seconds += found.seconds
            figures = ", ".join(f"{what} {done[what] - failed[what]} of {done[what]}" for what in done)
            print(f"{proof}: {figures} ({seconds:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
