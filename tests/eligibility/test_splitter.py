"""The splitter: nothing is lost, and every line stands where its author put it."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fhir_trial.eligibility import Criteria, parse

_CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "ctgov_v2"

_HEADINGS = ["Inclusion Criteria:", "EXCLUSION CRITERIA", "For adults:", "one of the following:", " or"]
_MARKERS = ["* ", "  * ", "1. ", "10) ", "a. ", "•", "(", "：", "\\>", "&lt;", "x"]
_SPACES = ["\n", "\n\n", "    ", "\t", "\r\n", "\x00", "\u2028", "مريض"]
_PIECES = st.sampled_from(_HEADINGS + _MARKERS + _SPACES)


def assert_covered(text: str) -> None:
    position = 0
    for start, end, kind in parse(text).spans():
        assert start == position
        assert end > start
        assert kind != "blank" or text[start:end].isspace()
        position = end
    assert position == len(text)


def texts(criteria: Criteria) -> list[tuple[str, str]]:
    return [(criterion.path, criterion.text) for criterion in criteria.walk()]


@given(st.text() | st.lists(_PIECES | st.text(max_size=5)).map("".join))
@example("")
@example("*")
@example("\n \n")
@example("Inclusion Criteria:\n\n* \n\n\\-")
@example("1. a\n * b\n  c\n\n   d:\n- e")
@example("* Gout\n*\n  Asthma")
@example("* Gout\n*\n\n  Asthma")
def test_the_spans_cover_any_text_without_gap_or_overlap(text: str) -> None:
    assert_covered(text)


@pytest.mark.skipif(not _CORPUS.is_dir(), reason="the corpus folder is not beside the project")
def test_the_spans_cover_every_record_of_the_corpus() -> None:
    for path in sorted(_CORPUS.glob("*.json")):
        module = json.loads(path.read_bytes()).get("protocolSection", {}).get("eligibilityModule", {})
        assert_covered(module.get("eligibilityCriteria", ""))


@given(st.lists(_PIECES | st.text(max_size=5)).map("".join))
def test_offsets_point_at_the_verbatim_text_and_paths_are_unique(text: str) -> None:
    found = list(parse(text).walk())
    for criterion in found:
        assert text[criterion.start : criterion.end].strip() == text[criterion.start : criterion.end]
    assert [c.start for c in found] == sorted(c.start for c in found)
    assert max(Counter(c.path for c in found).values(), default=1) == 1


def test_markdown_is_split_into_sections_and_nested_criteria() -> None:
    text = (
        "Inclusion Criteria:\n\n1. Adults\n2. Fit for surgery, shown by:\n\n   * a stress test\n"
        "   * an echo\n\nExclusion Criteria:\n\n* Asthma\n* Stroke"
    )
    assert texts(parse(text)) == [
        ("inclusion.1", "Adults"),
        ("inclusion.2", "Fit for surgery, shown by:"),
        ("inclusion.2.1", "a stress test"),
        ("inclusion.2.2", "an echo"),
        ("exclusion.1", "Asthma"),
        ("exclusion.2", "Stroke"),
    ]
    second = parse(text).criteria[1]
    assert (second.marker, second.section, text[second.start : second.end]) == (
        "2.",
        "inclusion",
        second.text,
    )
    assert [child.marker for child in second.children] == ["*", "*"]


def test_the_legacy_layout_is_unwrapped_but_kept() -> None:
    text = (
        "\n        Inclusion Criteria:\n\n          -  Adults who were born in the north and have lived\n"
        "             there since\n\n          -  Fluent reader\n\n"
        "        Exclusion Criteria:\n\n          -  Gout\n"
    )
    first = parse(text).criteria[0]
    assert first.text == "Adults who were born in the north and have lived there since"
    assert "\n" in text[first.start : first.end]
    assert [path for path, _ in texts(parse(text))] == ["inclusion.1", "inclusion.2", "exclusion.1"]


def test_plain_paragraphs_are_criteria_of_their_own() -> None:
    text = "Inclusion Criteria:\n\nAdults.\n\nOwns a bicycle.\n\nExclusion Criteria:\n\nGout."
    assert texts(parse(text)) == [
        ("inclusion.1", "Adults."),
        ("inclusion.2", "Owns a bicycle."),
        ("exclusion.1", "Gout."),
    ]


def test_escapes_and_entities_are_undone_in_what_people_read_only() -> None:
    text = "* Weight \\> 50 kg \\[bare feet\\] &amp; height &lt; 2 m"
    criterion = parse(text).criteria[0]
    assert criterion.text == "Weight > 50 kg [bare feet] & height < 2 m"
    assert text[criterion.start : criterion.end] == text[2:]


def test_an_indented_paragraph_belongs_to_the_item_above() -> None:
    text = "* Gout\n\n  Note: settled gout is no bar.\n* Asthma"
    assert texts(parse(text)) == [("other.1", "Gout Note: settled gout is no bar."), ("other.2", "Asthma")]


def test_a_paragraph_that_an_item_introduces_stands_below_it() -> None:
    text = (
        "1. Two or more of the following:\n\n   Owns a bicycle\n   Rides it\n\n   Mends it\n"
        "2. Adult, shown by:\n\n   A passport"
    )
    assert texts(parse(text)) == [
        ("other.1", "Two or more of the following:"),
        ("other.1.1", "Owns a bicycle Rides it"),
        ("other.1.2", "Mends it"),
        ("other.2", "Adult, shown by:"),
        ("other.2.1", "A passport"),
    ]


def test_a_list_in_one_paragraph_is_not_counted() -> None:
    several = parse("* At least 2 of the following:\n\n  Deaf, blind or lame").criteria[0]
    assert (several.logic, several.threshold) == ("unknown", None)
    counted = parse("* At least 2 of the following:\n  1. Deaf\n  2. Blind").criteria[0]
    assert (counted.logic, counted.threshold) == ("at-least", 2)


def test_a_list_of_another_kind_below_a_colon_is_nested_without_indent() -> None:
    text = "1. Healthy organs:\n- liver\n- heart\n2. Adults"
    assert [path for path, _ in texts(parse(text))] == ["other.1", "other.1.1", "other.1.2", "other.2"]


def test_a_hollow_bullet_is_no_letter_of_a_list() -> None:
    text = "a. Healthy organs:\no Liver\no Heart\nb. Adults"
    assert [path for path, _ in texts(parse(text))] == ["other.1", "other.1.1", "other.1.2", "other.2"]


def test_ragged_numbers_stay_on_one_level() -> None:
    text = "  9. Gout\n 10. Asthma\n 11. Stroke"
    assert [path for path, _ in texts(parse(text))] == ["other.1", "other.2", "other.3"]


@pytest.mark.parametrize(
    ("line", "marker"),
    [
        ("* Gout", "*"),
        ("- Gout", "-"),
        ("–  Gout", "–"),
        ("• Gout", "•"),
        ("•Gout", "•"),
        ("-Gout", "-"),
        ("12. Gout", "12."),
        ("3.Gout", "3."),
        ("4) Gout", "4)"),
        ("(5) Gout", "(5)"),
        ("1.2. Gout", "1.2."),
        ("1.2 Gout", "1.2"),
        ("a. Gout", "a."),
        ("b) Gout", "b)"),
        ("iv. Gout", "iv."),
        ("B. Gout", "B."),
        ("1\\. Gout", "1\\."),
        ("\\- Gout", "\\-"),
        ("o Gout", "o"),
        ("o mujeres", ""),
        ("-5 °C or colder", ""),
        ("1.5 x ULN or less", ""),
        ("E. coli in urine", ""),
        ("21 years or older", ""),
        ("2.5 mg daily", ""),
    ],
)
def test_the_marker_is_kept_as_written(line: str, marker: str) -> None:
    assert parse(line).criteria[0].marker == marker


def test_a_number_without_a_criterion_is_kept_as_a_marker() -> None:
    assert [kind for _, _, kind in parse("* Gout\n*\n* Asthma").spans()].count("marker") == 3
    assert len(parse("* Gout\n*\n* Asthma").criteria) == 2


def test_a_list_that_says_it_is_incomplete_is_flagged_and_keeps_the_line() -> None:
    text = (
        "Inclusion Criteria:\n\n* Adults\n\nNote: Other protocol-specific inclusion/exclusion criteria apply."
    )
    assert parse(text).incomplete
    assert parse(text).criteria[-1].text.startswith("Note:")
    assert not parse("* Adults").incomplete
