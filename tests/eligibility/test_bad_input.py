"""Texts that no registry should send: no crash, nothing lost, and twice the text is twice the work."""

import sys
from collections.abc import Callable
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_trial.eligibility import constraints, parse

WORDS = [
    "age",
    "BMI",
    "ECOG",
    "≥",
    "<",
    "between",
    "and",
    "or",
    "21",
    "64",
    "years",
    "kg/m2",
    "ULN",
    "x",
    "(",
    ")",
]
WORDS += [
    "-",
    ",",
    "/",
    "II",
    "of",
    "at least",
    "older",
    "women",
    "İ",
    "within 2 weeks",
    "not",
    "10^9/L",
    "80.000",
]


def steps(work: Callable[[], object]) -> int:
    """How many Python functions and built-in functions some work calls."""
    count = 0
    # What a call like str.find does inside shows in benchmarks/eligibility.py ("twice the text").

    def count_calls(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(count_calls)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def bullets(count: int) -> str:
    return "Inclusion Criteria:\n" + "\n".join(f"* Criterion number {n} \\> 3" for n in range(count))


def nested(count: int) -> str:
    return "\n".join(f"{'  ' * (n % 500)}* level" for n in range(count))


def headings(count: int) -> str:
    return "\n\n".join(["Inclusion Criteria:", "Exclusion Criteria:", "For adults:"] * count)


def paragraphs(count: int) -> str:
    return "Owns a bicycle, or has one on loan from a friend of the family who\n" * count


@pytest.mark.parametrize("make", [bullets, nested, headings, paragraphs])
def test_twice_the_text_is_twice_the_work(make: Callable[[int], str]) -> None:
    once, twice = make(2_000), make(4_000)
    assert steps(lambda: parse(twice)) < 2.2 * steps(lambda: parse(once))


@pytest.mark.parametrize(
    "text",
    [
        bullets(10_000),
        nested(500),
        headings(5_000),
        "x" * 1_000_000,
        "word " * 200_000,
        "inclusion " * 100_000,
        "(" * 1_000_000,
        "1." * 300_000,
        "* \\" * 300_000,
        " " * 1_000_000,
        "Exclusion Criteria for " + "a " * 500_000,
        "\x00\x01\x02\n* \x07bell\n\x1b[31mred",
        "معايير الاشتمال:\n\n* العمر 18 سنة فأكثر\n* مريض \u202e\u202c",
        "\r\nInclusion Criteria:\r\n\r\n* Adults\r\n",
    ],
    ids=lambda text: f"{text[:12]!r}-{len(text)}",
)
def test_a_bad_text_is_kept_whole(text: str) -> None:
    criteria = parse(text)
    assert "".join(text[start:end] for start, end, _ in criteria.spans()) == text


LINES = [
    "Age ≥ 21 years and ",
    "f of the ",
    "BMI > ",
    "1-2 ",
    "(",
    "or ",
    "within 2 weeks ",
    "a " * 40 + "9 ",
]


@pytest.mark.parametrize("piece", LINES)
def test_reading_twice_the_line_is_about_twice_the_work(piece: str) -> None:
    once, twice = piece * (2_000 // len(piece)), piece * (4_000 // len(piece))
    constraints(once)  # the tables are read, the patterns compiled
    assert steps(lambda: constraints(twice)) < 2.6 * steps(lambda: constraints(once)) + 100


@pytest.mark.parametrize("piece", ["1", "(", "Age ", "≥", "İ", "\x00", "مريض ", "1 2 ", "or "])
def test_a_line_longer_than_any_criterion_is_text(piece: str) -> None:
    assert constraints(piece * (1_000_000 // len(piece))).status == "text"


@settings(deadline=None)  # the first line compiles the patterns
@given(st.text(max_size=60) | st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join))
def test_any_line_is_read_without_a_crash_and_offsets_hold(text: str) -> None:
    reading = constraints(text)
    assert reading.text == text
    for constraint in reading.constraints:
        assert 0 <= constraint.start < constraint.end <= len(text)
    if reading.status == "computable":
        assert reading.constraints
        assert not reading.residue
        assert reading.join != "unknown"


def test_ten_thousand_bullets_are_ten_thousand_criteria() -> None:
    assert len(parse(bullets(10_000)).criteria) == 10_000


def test_five_hundred_levels_are_five_hundred_levels_deep() -> None:
    assert list(parse(nested(500)).walk())[-1].path.count(".") == 500


def test_only_headings_give_no_criteria() -> None:
    assert parse("Inclusion Criteria:\n\nExclusion Criteria:\n").criteria == ()


def test_no_text_gives_no_criteria() -> None:
    assert parse("").criteria == ()
    assert list(parse("").spans()) == []


def test_a_carriage_return_belongs_to_no_criterion() -> None:
    assert [c.text for c in parse("* Adults\r\n* Fit\r\n").criteria] == ["Adults", "Fit"]


def test_a_line_of_states_repeated_is_given_up_at_once() -> None:
    """A pattern that took four times as long for each repetition would not come to its end here."""
    assert constraints("pregnant " + "female pregnant " * 11 + "!!").status == "text"


def test_many_blanks_inside_a_wrapped_line_are_gone_through_once() -> None:
    """Tried from each blank on, these would take minutes."""
    (criterion,) = parse("* gout" + " " * 400_000 + "of\n  the foot").walk()
    assert criterion.text.endswith("of the foot")
