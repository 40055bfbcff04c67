"""The table of what is mapped where: followed through the program, not kept by hand."""

import csv

from tools.build_crosswalk import FILE, content


def test_the_crosswalk_is_what_following_the_values_gives() -> None:
    assert FILE.read_text(encoding="utf-8") == content(), "run `python -m tools.build_crosswalk`"


def test_no_field_is_lost_in_r4_or_r5() -> None:
    with FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            assert row["how_r4"] in ("element", "code map", "HL7 extension", "our extension"), row
            assert row["how_r5"] in ("element", "code map", "HL7 extension", "our extension"), row
