"""Hold our validator against HL7's engine: on the mutation tables, and on bundles of ours damaged at random.

Prints, for each release, how often both refuse, both accept, and who is alone, then each kind of disagreement
with its count and an example. Needs Java 17 and Maven.

    python -m tools.compare_judge --damaged 300
"""

import argparse
import copy
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

import orjson

import fhir_trial
from fhir_trial.engines.judge import Judge, problems
from fhir_trial.errors import Issue
from fhir_trial.release import Release
from fhir_trial.validation import validate
from tests.complete_records import Maker
from tests.records import SEED
from tests.validation.breakage import break_once
from tests.validation.mutations import PASSING, REFUSED, WARNED

Json = dict[str, Any]
Case = tuple[str, Json]

ERRORS = ("error", "fatal")
SHOWN = 40
"""Kinds of disagreement shown for each side."""


def mutations(release: Release) -> Iterator[Case]:
    """The rows of the mutation tables that apply to a release."""
    for row in [*(one for rows in REFUSED.values() for one in rows), *WARNED, *PASSING]:
        if release in row.releases:
            yield f"mutation: {row.name}", row.mutated(release)


def damaged(release: Release, count: int) -> Iterator[Case]:
    """Bundles of ours with one thing deleted, retyped, swapped or broken; the same ones at every run."""
    random = Random(f"damage {release}")
    sources = [SEED.read_bytes(), *(orjson.dumps(Maker(seed, absent=0.8).record()) for seed in range(5))]
    bundles = [fhir_trial.convert(source, to=release) for source in sources]
    for number in range(count):
        node = copy.deepcopy(bundles[number % len(bundles)])
        break_once(node, random)
        yield f"damage {number}", node


def sendable(cases: Iterable[Case]) -> Iterator[tuple[str, Json, bytes]]:
    """The cases that are JSON at all (half a surrogate pair is not)."""
    for name, node in cases:
        try:
            yield name, node, orjson.dumps(node)
        except orjson.JSONEncodeError:
            continue


def ours(node: Json, release: Release) -> list[Issue]:
    """The errors that our validator finds."""
    return [issue for issue in validate(node, release=release) if issue.severity in ERRORS]


def compare(release: Release, count: int) -> tuple[Counter[str], dict[str, Counter[str]], dict[str, str]]:
    """Verdict -> count; side that is alone -> kind -> count; kind -> an example."""
    verdicts: Counter[str] = Counter()
    alone: dict[str, Counter[str]] = {"only the judge refuses": Counter(), "only we refuse": Counter()}
    examples: dict[str, str] = {}
    cases = list(sendable([*mutations(release), *damaged(release, count)]))
    with Judge(release) as judge:
        for (name, node, _), outcome in zip(cases, judge.check([data for _, _, data in cases]), strict=True):
            theirs, mine = problems(outcome), ours(node, release)
            verdict = _verdict(bool(theirs), bool(mine))
            verdicts[verdict] += 1
            if verdict in alone:
                kind = f"{theirs[0]}"[:110] if theirs else f"{mine[0].rule}: {mine[0].message}"[:110]
                alone[verdict][kind] += 1
                examples.setdefault(kind, name)
    return verdicts, alone, examples


def _verdict(theirs: bool, mine: bool) -> str:
    if theirs == mine:
        return "both refuse" if mine else "both accept"
    return "only the judge refuses" if theirs else "only we refuse"


def main() -> int:
    """Print the comparison of every release."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--damaged", type=int, default=300, help="bundles damaged at random, per release")
    parser.add_argument("--release", choices=[*Release], action="append")
    arguments = parser.parse_args()
    for release in map(Release, arguments.release or [*Release]):
        verdicts, alone, examples = compare(release, arguments.damaged)
        print(f"{release}: " + ", ".join(f"{name} {count}" for name, count in sorted(verdicts.items())))
        for side, kinds in alone.items():
            for kind, count in kinds.most_common(SHOWN):
                print(f"  {side} {count:4}  {kind}  ({examples[kind]})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
