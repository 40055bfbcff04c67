"""HL7's engine judges every bundle of the dev records and the seed, in every release: no error."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import fhir_trial
from fhir_trial.engines.judge import Judge
from fhir_trial.release import Release
from tests.records import CORPUS, SEED

WARNINGS = Path(__file__).with_name("judge_warnings.csv")


def _records() -> Iterator[bytes]:
    yield SEED.read_bytes()
    for folder in ("ctgov_v2", "ctgov_v2_partial"):
        for path in sorted((CORPUS / folder).glob("NCT*.json")):
            yield path.read_bytes()


def _element(expression: str) -> str:
    """`….resource/*ResearchStudy/NCT1*/.identifier[0].type` -> `ResearchStudy.identifier.type`."""
    match = re.search(r"/\*(\w+)/[^*]*\*/(.*)", expression)
    path = f"{match[1]}{match[2]}" if match else expression
    return re.sub(r"\[\d+\]", "", path)


@pytest.mark.judge
@pytest.mark.parametrize("release", Release)
def test_no_bundle_has_an_error_and_every_warning_is_a_reviewed_one(
    release: Release, judge: Callable[[Release], Judge]
) -> None:
    bundles = [fhir_trial.convert(record, to=release) for record in _records()]
    refused: list[Any] = []
    others: Counter[tuple[str, str]] = Counter()
    for bundle, outcome in zip(bundles, judge(release).check(bundles), strict=True):
        for issue in outcome["issue"]:
            kind = issue.get("details", {}).get("coding", [{}])[0].get("code", "")
            if issue["severity"] in ("error", "fatal"):
                refused.append((bundle["entry"][0]["resource"]["id"], issue))
            elif kind != "NO_ISSUES":
                others[kind, _element(issue["expression"][0])] += 1
    assert refused == []
    assert set(others) <= _reviewed(release), others


def _reviewed(release: Release) -> set[tuple[str, str]]:
    with WARNINGS.open(encoding="utf-8", newline="") as file:
        return {
            (row["message_id"], row["expression"])
            for row in csv.DictReader(file)
            if release in row["release"].split()
        }
