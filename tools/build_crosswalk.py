"""Write mappings/crosswalk.csv: where each field of a registry record stands in FHIR.

The places are followed, not listed by hand: a record with every field is converted and each value traced, in
R4 and in R5, as `fhir-trial report` does for any record. Fields of the results section are not in it.

    python -m tools.build_crosswalk
"""

import csv
import io
import re
import sys
from pathlib import Path

import orjson

from fhir_trial.release import Release
from fhir_trial.report import Traced, trace
from fhir_trial.sources import ctgov_v2
from tests.complete_records import Maker

FILE = Path(__file__).parents[1] / "mappings" / "crosswalk.csv"
HEADER = ("source_path", "how_r4", "fhir_path_r4", "how_r5", "fhir_path_r5")
SEEDS = range(12)
"""Records to trace: a field of some may be one that a link of another hides."""


def rows() -> list[tuple[str, ...]]:
    """One row per field, in the order of the record."""
    found: dict[str, dict[Release, tuple[str, str]]] = {}
    for seed in SEEDS:
        trial = ctgov_v2.decode(orjson.dumps(Maker(seed).record()))
        for release in (Release.R4, Release.R5):
            for leaf in trace(trial, release):
                found.setdefault(leaf.field, {}).setdefault(release, (leaf.how, _place(leaf)))
    return [(field, *by[Release.R4], *by[Release.R5]) for field, by in found.items()]


def _place(leaf: Traced) -> str:
    """The best place, without the numbers of list items."""
    return re.sub(r"\[\d+\]", "", leaf.places[0].path) if leaf.places else ""


def content() -> str:
    """The file's text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(rows())
    return text.getvalue()


def main() -> int:
    """Write the file."""
    FILE.write_text(content(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
