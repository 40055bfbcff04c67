"""The logic of a parent line is stated only where its words say so."""

import pytest

from fhir_trial.eligibility import parse


def logic(parent: str, *children: str, section: str = "Inclusion") -> tuple[str, int | None]:
    """The logic that a parent with these children is given."""
    items = "\n".join(f"  * {child}" for child in children or ("gout", "asthma", "stroke"))
    criterion = parse(f"{section} Criteria:\n\n* {parent}\n{items}").criteria[0]
    assert len(criterion.children) == len(children or "123")
    return criterion.logic, criterion.threshold


@pytest.mark.parametrize(
    ("parent", "expected"),
    [
        ("Meets all of the following:", ("all-of", None)),
        ("Each of the following criteria:", ("all-of", None)),
        ("Both of the following:", ("all-of", None)),
        ("The following must all hold; all the criteria below:", ("all-of", None)),
        ("Has any of the following:", ("any-of", None)),
        ("One of the following:", ("any-of", None)),
        ("One or more of the following conditions:", ("any-of", None)),
        ("Either of the following:", ("any-of", None)),
        ("At least one of the following findings:", ("at-least", 1)),
        ("At least 2 of the following:", ("at-least", 2)),
        ("At least three (3) of these findings:", ("at-least", 3)),
        ("Two or more of the following risk factors:", ("at-least", 2)),
        ("No fewer than 4 of the following:", ("at-least", 4)),
        ("≥ 2 of the following:", ("at-least", 2)),
        ("Two of the following:", ("at-least", 2)),
        ("People with any of the following will be excluded:", ("any-of", None)),
        ("People are not eligible if any of the following criteria is met:", ("any-of", None)),
        ("The following:", ("unknown", None)),
        ("Sound organs:", ("unknown", None)),
        ("None of the following:", ("unknown", None)),
        ("No history of any of the following:", ("unknown", None)),
        ("Exactly two of the following:", ("unknown", None)),
        ("All of the following and at least one of the following:", ("unknown", None)),
        ("Rash of grade ≥ 2 from a drug, as in the criteria of the protocol", ("unknown", None)),
    ],
)
def test_a_parent_is_joined_as_its_words_say(parent: str, expected: tuple[str, int | None]) -> None:
    assert logic(parent) == expected


def test_an_or_before_the_last_item_joins_the_list() -> None:
    assert logic("Shown by:", "a scan;", "a biopsy; or", "a blood test") == ("any-of", None)
    assert logic("Shown by:", "a scan", "or a biopsy") == ("any-of", None)


def test_an_and_has_to_stand_at_each_joint() -> None:
    assert logic("Shown by:", "a scan AND", "a biopsy AND", "a blood test") == ("all-of", None)
    assert logic("Disease such as:", "gout;", "asthma; and", "stroke", section="Exclusion") == (
        "unknown",
        None,
    )


def test_joints_that_contradict_the_parent_leave_it_unknown() -> None:
    assert logic("All of the following:", "a scan, or", "a biopsy") == ("unknown", None)
    assert logic("Neither:", "a scan, or", "a biopsy") == ("unknown", None)


def test_a_criterion_without_children_has_no_logic() -> None:
    assert parse("* All of the following").criteria[0].logic == "unknown"
