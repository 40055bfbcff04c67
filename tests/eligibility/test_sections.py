"""Which section each line of real records belongs to, against labels made by reading.

`sections.csv` holds no text: runs of lines of a record's criteria, what they are, and a digest of the text.
The records are all of the corpus whose text is not plain (anything but one heading of each kind in the usual
words, a line elsewhere that speaks of inclusion or exclusion criteria, a plain line that ends in a colon, no
list at all), and every tenth of the others. They were labelled before the parser was run on them.

- heading: opens a section, also one of a cohort or topic; neutral ones ("Eligibility criteria") open "other".
- label: a plain line that only names a cohort or topic. A sentence that a list completes is a criterion.
- marker: a bullet without a criterion.
- "+" joins what stands on one line. Notes belong to the section they stand in.
"""

import csv
import hashlib
import json
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from fhir_trial.eligibility import parse
from tests.records import CORPUS, needs_corpus

# Lines on which the parser may disagree, and why.
ACCEPTED = {
    # A topic indented like a paragraph of the item above and opened by the sign of a footnote: it is read as
    # the rest of that item. The section is right, and so are the items below.
    ("NCT04407182", 7): ("criterion", "inclusion"),
}


class Line(NamedTuple):
    nct: str
    number: int
    kind: str
    section: str


@cache
def criteria_text(nct: str) -> str:
    record = json.loads((CORPUS / "ctgov_v2" / f"{nct}.json").read_bytes())
    text: str = record["protocolSection"]["eligibilityModule"]["eligibilityCriteria"]
    return text


def labelled() -> Iterator[Line]:
    """The lines as labelled by hand; blank ones have no label."""
    with Path(__file__).with_name("sections.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for nct, runs in groupby(rows, key=lambda row: row["nct"]):
        text = criteria_text(nct)
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        lines = text.split("\n")
        for run in runs:
            assert run["text"] == digest, f"{nct} is not the text that was labelled"
            for number in range(int(run["first_line"]), int(run["last_line"]) + 1):
                if lines[number].strip():
                    yield Line(nct, number, run["kind"], run["section"])


def read(nct: str) -> Iterator[Line]:
    """The same lines as the parser understands them; what opens an empty section has no section."""
    text = criteria_text(nct)
    criteria = parse(text)
    sections = {criterion.start: criterion.section for criterion in criteria.walk()}
    spans = [span for span in criteria.spans() if span.kind != "blank"]
    start = 0
    for number, line in enumerate(text.split("\n")):
        end = start + len(line)
        here = [span for span in spans if span.start < end and span.end > start]
        kinds = {span.kind for span in here}
        of_line = [sections[span.start] for span in here if span.kind == "criterion"]
        for span in spans if not of_line else ():
            if span.start >= end and span.kind == "heading":
                break
            if span.start >= end and span.kind == "criterion":
                of_line = [sections[span.start]]
                break
        if line.strip():
            kind = "+".join(name for name in ("heading", "label", "criterion") if name in kinds) or "marker"
            yield Line(nct, number, kind, "+".join(dict.fromkeys(of_line)))
        start = end + 1


@needs_corpus
def test_every_line_is_of_the_kind_and_section_that_a_reader_gave_it() -> None:
    gold = list(labelled())
    found = {(line.nct, line.number): line for nct in {line.nct for line in gold} for line in read(nct)}
    differing = {}
    for line in gold:
        other = found.pop((line.nct, line.number))
        if other.kind != line.kind or other.section not in ("", line.section):
            differing[line.nct, line.number] = (other.kind, other.section)
    assert not found, "lines without a label"
    print(f"{len(gold) - len(differing)} of {len(gold)} lines agree")  # noqa: T201 (pytest -s shows the figure)
    assert differing == ACCEPTED


@needs_corpus
def test_the_labelled_records_are_varied() -> None:
    gold = list(labelled())
    assert len({line.nct for line in gold}) >= 100
    assert {"heading", "label", "criterion", "marker", "heading+criterion"} <= {line.kind for line in gold}
    assert {"inclusion", "exclusion", "other"} <= {line.section for line in gold}
