"""The logic of a parent line is stated only where its words say so."""

import pytest

from fhir_trial.eligibility import parse


def logic(parent: str, *children: str, section: str = "Inclusion") -> tuple[str, int | None]:
    """The logic that a parent with these children is given."""
    items = "\n".join(f"  * {child}" for child in children or ("gout", "asthma", "stroke"))
    criterion = parse(f"{section} Criteria:\n\n* {parent}\n{items}").criteria[0]
    assert len(criterion.children) == len(children or "123")
    return criterion.logic, criterion.threshold


def joined(parent: str, children: int = 4) -> tuple[str, int | None]:
    """The logic of a parent, with children that say nothing of how they are joined."""
    return logic(parent, *(f"item {number}" for number in range(1, children + 1)))


@pytest.mark.parametrize(
    ("parent", "expected"),
    [
        ("Meets all of the following:", ("all-of", None)),
        ("Patients must meet all of the following (inclusion) criteria:", ("all-of", None)),
        ("Each of the following criteria:", ("all-of", None)),
        ("Both of the following:", ("all-of", None)),
        ("All four of the following:", ("all-of", None)),
        ("The following must all hold; all the criteria below:", ("all-of", None)),
        ("At screening, every volunteer must satisfy all of these requirements:", ("all-of", None)),
        (
            "To be eligible for this study, men and women have to fulfil each of the following:",
            ("all-of", None),
        ),
        ("Volunteers are eligible only if they meet all of the criteria listed below:", ("all-of", None)),
        ("Must meet all:", ("all-of", None)),
        ("Has any of the following:", ("any-of", None)),
        ("Any of the following", ("any-of", None)),
        ("One of the following:", ("any-of", None)),
        ("Must have one of the following:", ("any-of", None)),
        ("One or more of the following conditions:", ("any-of", None)),
        ("One or both of the following:", ("any-of", None)),
        ("Either of the following:", ("any-of", None)),
        ("History of any of the following:", ("any-of", None)),
        ("Known or suspected any of the following conditions:", ("any-of", None)),
        ("Any of the following laboratory abnormalities at visit 1:", ("any-of", None)),
        ("Any of the following signs or symptoms:", ("any-of", None)),
        ("At least one of the following findings:", ("at-least", 1)),
        ("At least one of these following criteria:", ("at-least", 1)),
        ("At least 2 of the following:", ("at-least", 2)),
        ("Meets at least 2 of the following:", ("at-least", 2)),
        ("At least three (3) of these findings:", ("at-least", 3)),
        ("At least 2 criteria from the list below:", ("at-least", 2)),
        ("Two or more of the following risk factors:", ("at-least", 2)),
        ("Any 2 of the following:", ("at-least", 2)),
        ("At least two (2) out of the following four (4) criteria:", ("at-least", 2)),
        ("In addition, one (or more) of these:", ("any-of", None)),
        ("No fewer than 4 of the following:", ("at-least", 4)),
        ("≥ 2 of the following:", ("at-least", 2)),
        ("Two of the following:", ("at-least", 2)),
        ("People with any of the following will be excluded:", ("any-of", None)),
        ("People are not eligible if any of the following criteria is met:", ("any-of", None)),
        ("The following:", ("unknown", None)),
        ("Sound organs:", ("unknown", None)),
        ("Any of the above:", ("unknown", None)),
        ("All of the following and at least one of the following:", ("unknown", None)),
        ("Rash of grade ≥ 2 from a drug, as in the criteria of the protocol", ("unknown", None)),
    ],
)
def test_a_parent_is_joined_as_its_words_say(parent: str, expected: tuple[str, int | None]) -> None:
    assert joined(parent) == expected


@pytest.mark.parametrize("more", ["More than 2 of", "> 2 of", "Greater than two (2) of"])
def test_more_than_n_is_at_least_one_more(more: str) -> None:
    assert joined(f"{more} the following:") == ("at-least", 3)
    assert joined("More than one of the following:") == ("at-least", 2)


@pytest.mark.parametrize(
    "part", ["2 of 3 of", "2/3 of", "2 out of 3 of", "Two of the 3", "2 of these three of"]
)
def test_a_part_of_the_list_counts_when_the_list_is_as_long_as_it_says(part: str) -> None:
    assert joined(f"{part} the following:".replace("3 the following", "3 following"), 3) == ("at-least", 2)
    assert joined(f"{part} the following:".replace("3 the following", "3 following"), 4) == ("unknown", None)


@pytest.mark.parametrize(
    "most", ["Fewer than", "Less than", "At most", "Up to", "<", "≤", "<=", "No more than"]
)
@pytest.mark.parametrize("number", ["2", "two", "2 (two)"])
def test_an_upper_bound_is_not_a_lower_one(most: str, number: str) -> None:
    assert joined(f"{most} {number} of the following:") == ("unknown", None)


@pytest.mark.parametrize(
    "parent",
    [
        "1 to 3 of the following:",
        "1-2 of the following:",
        "1–2 of the following:",
        "One or two of the following:",
        "Between 1 and 3 of the following:",
        "2 or fewer of the following:",
        "Exactly two of the following:",
        "Exactly one of the following:",
        "Only one of the following:",
        "One (only) of the following:",
        "Two (exactly) of the following:",
        "Just one of the following:",
        "One of the following, but not both:",
        "All but one of the following:",
        "Any or all of the following:",
        "None or one of the following:",
    ],
)
def test_a_count_that_at_least_cannot_say_is_unknown(parent: str) -> None:
    assert joined(parent) == ("unknown", None)


@pytest.mark.parametrize(
    "parent", ["At least 5 of the following:", "More than 4 of the following:", "All three of the following:"]
)
def test_a_number_that_does_not_fit_the_list_is_unknown(parent: str) -> None:
    assert joined(parent) == ("unknown", None)


@pytest.mark.parametrize(
    "parent",
    [
        "At least 4 weeks since any of the following:",
        "At least 3 months after one of the following:",
        "Grade 2 or more of the following:",
        "Grade ≥ 2 of the following:",
        "2 or more doses of any of the following:",
        "A score of 2 or more of the following:",
        "At least 2 hours of one of the following:",
        "Aged 6 or more with any of the following:",
        "Any of the following within 2 weeks:",
    ],
)
def test_a_duration_a_grade_a_dose_and_a_score_count_no_children(parent: str) -> None:
    assert joined(parent) == ("unknown", None)


@pytest.mark.parametrize(
    "parent",
    [
        "If female, all of the following:",
        "Females: all of the following:",
        "Volunteers with gout must meet all of the following:",
        "Volunteers in need of surgery, one of the following:",
        "All of the following except in Japan:",
        "All of the following in Japan:",
        "Cohort A only: all of the following:",
        "Cohort A: gout defined as any of the following:",
        "For smokers: any of the following:",
        "Smokers (any of the following):",
        "Males must agree to all of the following:",
        "Volunteers may have any of the following:",
        "Mother with any of the following:",
        "Family history of any of the following:",
        "Gout, or any of the following:",
        "Gout and one of the following:",
        "Gout plus one of the following:",
        "Either gout or all of the following:",
        "Any of the following or gout:",
        "Any of the following, unless stable:",
        "Any of the following, if untreated:",
        "If any of the following apply, contact the sponsor:",
        "When any of the following applies:",
    ],
)
def test_a_condition_or_a_scope_of_the_parent_leaves_the_logic_unknown(parent: str) -> None:
    assert joined(parent) == ("unknown", None)
    assert logic(parent, "a scan", "or a biopsy") == ("unknown", None)


@pytest.mark.parametrize(
    "parent",
    [
        "None of the following:",
        "No history of any of the following:",
        "Fails to meet one of the following:",
        "Failing any of the following:",
        "Failure to meet all of the following:",
        "Lacking one of the following:",
        "Other than any of the following:",
        "Nor any of the following:",
        "Without any of the following:",
        "Absence of any of the following:",
        "Free of all of the following:",
        "Unable to meet any of the following:",
        "Not all of the following:",
        "Volunteers who do not meet all of the following will be excluded:",
        "Volunteers with any of the following will not be excluded:",
        "Never treated with any of the following:",
    ],
)
def test_a_denied_list_is_not_stated_as_a_list(parent: str) -> None:
    assert joined(parent) == ("unknown", None)


@pytest.mark.parametrize(
    ("parent", "expected"),
    [
        ("Adequate kidney function, defined as all of the following:", ("all-of", None)),
        ("Adequate liver and kidney function as evidenced by all of the following:", ("all-of", None)),
        ("Must have severe gout, as shown by at least 2 of the following:", ("at-least", 2)),
        ("Signs of gout including one of the following:", ("any-of", None)),
        ("Gout, i.e. any of the following:", ("any-of", None)),
        ("Gout confirmed by meeting both of the following:", ("all-of", None)),
        ("Gout, including but not limited to any of the following:", ("unknown", None)),
        ("Gout and asthma defined as any of the following:", ("unknown", None)),
        ("Asthma with gout defined as any of the following:", ("unknown", None)),
        ("No gout as defined by any of the following:", ("unknown", None)),
        ("Women with gout defined as any of the following:", ("unknown", None)),
    ],
)
def test_a_list_may_define_what_its_parent_names(parent: str, expected: tuple[str, int | None]) -> None:
    assert joined(parent) == expected


def test_a_long_parent_says_more_than_how_its_list_is_joined() -> None:
    assert joined("They have to have had " * 40 + "any of the following:") == ("unknown", None)


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
