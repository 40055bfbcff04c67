"""Prove over every record at hand that nothing is lost; run as `python -m tools.prove`, prints figures.

For each record and release: every value changed to one found nowhere else is seen in the output, every flag
and token changed alone changes it, the way back gives the record (changed and not), and the way through the
three releases ends in the same bytes. Takes paths of records; without, the real records beside the checkout
and complete records made from the model.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from fhir_trial import mapping
from fhir_trial.bundle import bundle
from fhir_trial.release import Release
from tests import changes
from tests.complete_records import Maker

MADE = 100
"""How many complete records are made."""


def records(paths: list[str]) -> Iterator[tuple[str, changes.Document]]:
    """Name and content of each record to prove."""
    for path in [Path(name) for name in paths] or changes.dev_records():
        yield path.stem, changes.known(path.read_bytes())
    for seed in range(0 if paths else MADE):
        absent = (0.0, 0.0, 0.3, 0.7)[seed % 4]
        yield f"made-{seed}", Maker(seed, absent=absent, empty_lists=seed % 2 == 1).record()


def prove(name: str, document: changes.Document, release: Release, figures: Counter[str]) -> None:
    """Count what holds for one record in one release, and say what does not."""
    sentinels = changes.sentinels(document)
    unseen = changes.unseen(document, sentinels, release)
    figures["values changed"] += len(sentinels)
    figures["values lost"] += len(unseen)
    for path in unseen:
        print(f"LOST {release} {name} {path}")
    plain = changes.output(document, release)
    changed = changes.changed(document, sentinels)
    _came_back(name, document, plain, release, figures)
    _came_back(f"{name} changed", changed, changes.output(changed, release), release, figures)
    before = changes.visible(plain)
    for path, value in changes.one_choice_each(document):
        other = changes.changed(document, {path: value})
        after = changes.output(other, release)
        figures["flags and tokens changed"] += 1
        if changes.visible(after) == before:
            figures["flags and tokens lost"] += 1
            print(f"LOST {release} {name} {path}")
        _came_back(f"{name} {path}", other, after, release, figures)


def _came_back(
    name: str,
    document: changes.Document,
    output: list[changes.Document],
    release: Release,
    figures: Counter[str],
) -> None:
    same = changes.back(output, release) == document
    figures["records read back"] += 1
    figures["records read back equal"] += same
    if not same:
        print(f"DIFFERENT {release} {name}")


def main() -> None:
    """Prove, and print the figures of each release."""
    found = list(records(sys.argv[1:]))
    print(f"{len(found)} records")
    about = 0
    for name, document in found:
        stated = changes.trial(document)
        direct = json.dumps(bundle(mapping.resources(stated, Release.R4)))
        same = json.dumps(changes.round_about(stated)) == direct
        about += same
        if not same:
            print(f"DIFFERENT after R4 -> R5 -> R4B -> R4: {name}")
    print(f"same bytes after R4 -> R5 -> R4B -> R4: {about}")
    for release in Release:
        figures: Counter[str] = Counter()
        started = time.monotonic()
        for name, document in found:
            prove(name, document, release, figures)
        seconds = time.monotonic() - started
        print(f"{release}  {seconds:.0f} s  " + ", ".join(f"{key} {count}" for key, count in figures.items()))


if __name__ == "__main__":
    main()
