"""Headings, sub-headings, and lines that only look like headings."""

import pytest

from fhir_trial.eligibility import parse
from fhir_trial.eligibility.criteria import Section


def section_below(heading: str, *, before: str = "") -> tuple[str, str | None]:
    """The section and label of a bullet below a heading line."""
    criterion = list(parse(f"{before}{heading}\n\n* Gout").walk())[-1]
    assert criterion.text == "Gout"
    return criterion.section, criterion.label


@pytest.mark.parametrize(
    ("heading", "section"),
    [
        ("Inclusion Criteria:", "inclusion"),
        ("Inclusion Criteria", "inclusion"),
        ("Key Inclusion Criteria:", "inclusion"),
        ("Key Exclusion Criteria :", "exclusion"),
        ("inclusion criteria", "inclusion"),
        ("EXCLUSION CRITERIA", "exclusion"),
        ("III.6 EXCLUSION CRITERIA", "exclusion"),
        ("2.1 Inclusion criteria:", "inclusion"),
        ("Inclusion", "inclusion"),
        ("Exclusion:", "exclusion"),
        ("Inclusion conditions:", "inclusion"),
        ("Inclusions:", "inclusion"),
        ("Exlusion Criteria:", "exclusion"),
        ("Inlcusion criteria", "inclusion"),
        ("Criteria: Exclusion Criteria:", "exclusion"),
        ("**Exclusion Criteria**", "exclusion"),
        ("## Inclusion Criteria", "inclusion"),
        ("* Exclusion Criteria:", "exclusion"),
        ("Volunteer Inclusion Criteria:", "inclusion"),
        ("Pre-Operative Exclusion Criteria", "exclusion"),
        ("Intra-operative Exclusion Criteria:", "exclusion"),
        ("Disease-specific exclusion criteria:", "exclusion"),
        ("Exclusion criteria for the tissue substudy (a third of each arm):", "exclusion"),
        ("The exclusion criteria are:", "exclusion"),
        ("The following exclusion criteria apply:", "exclusion"),
        ("Exclusionary criteria:", "exclusion"),
        ("Not-yet-known Criteria for inclusion:", "other"),
        ("Non-inclusion criteria (all phases):", "exclusion"),
        ("Noninclusion criteria:", "exclusion"),
        ("Subject Inclusion Criteria:", "inclusion"),
        ("Patient Exclusion Criteria:", "exclusion"),
        ("Radiological Exclusion Criteria", "exclusion"),
        ("Removal criteria:", "other"),
        ("Removing criteria:", "other"),
        ("Withdrawal Criteria", "other"),
        ("Eligibility criteria:", "other"),
        ("Major Eligibility Criteria:", "other"),
        ("Inclusion/Exclusion Criteria:", "other"),
        ("Exclusion criteria stage 2", "exclusion"),
        ("Dancer Exclusion:", "exclusion"),
        ("MRI Inclusion:", "inclusion"),
        ("Foster Parent Inclusion/Exclusion:", "other"),
        ("Inclusion and exclusion criteria:", "other"),
        ("Exclusion Criteria-- Volunteers with:", "exclusion"),
        ("Inclusion criteria for first-time donors 40 Donors of either sex", "inclusion"),
    ],
)
def test_a_heading_opens_its_section(heading: str, section: str) -> None:
    assert section_below(heading)[0] == section


_FORMS = [
    "{} Criteria.",
    "{} criteria;",
    "{} criteria -",
    "{} CRITERIA--",
    "{} Criteria,",
    "{} criteria...",
    "{} Criteria::",
    "[{} Criteria]",
    "({} Criteria)",
    "<{} Criteria>",
    "=== {} Criteria ===",
    "**{} Criteria**:",
    "{} criteria will be:",
    "{} criteria consist of:",
    "{} criteria include, but are not limited to:",
    "{} criteria are as follows:",
    "{} criteria, any of the following:",
    "{} – general",
    "{} Criteria / Visit 1",
    "{} Criteria at screening:",
    "{} Criteria at baseline",
    "{} Criterias:",
    "{} Critera:",
    "{} Creteria:",
    "{} criteria & conditions:",
    "{} reasons:",
    "{} criteria for all subjects",
    "Criteria for {}:",
    "Criteria for {} from the study:",
    "Reasons for {}:",
    "Main reasons for {}:",
    "Conditions of {}",
    "\ufeff{} Criteria:",
    "\u200b{} Criteria",
    "\u2060**{} criteria**",
    "* {} Criteria.",
    "2) {} Criteria;",
    "* Reasons for {}:",
]


@pytest.mark.parametrize("form", _FORMS)
@pytest.mark.parametrize(
    ("name", "section"),
    [("Exclusion", "exclusion"), ("Inclusion", "inclusion"), ("Non-inclusion", "exclusion")],
)
def test_a_heading_of_either_side_may_have_any_form(form: str, name: str, section: str) -> None:
    before = "Inclusion" if section == "exclusion" else "Exclusion"
    text = f"{before} Criteria:\n\n* Asthma\n\n{form.format(name)}\n\n* Gout"
    first, second = parse(text).criteria
    assert first.section == before.lower()
    assert (second.section, second.label, second.text) == (section, None, "Gout")


@pytest.mark.parametrize(
    "heading",
    [
        "Ineligibility criteria:",
        "Non-eligible:",
        "Not eligible:",
        "Ineligible patients:",
        "Contraindications:",
    ],
)
def test_what_keeps_people_out_is_a_heading_by_any_name(heading: str) -> None:
    assert section_below(heading, before="Inclusion Criteria:\n\n* Asthma\n\n") == ("exclusion", None)


def test_contraindications_are_a_topic_among_the_exclusion_criteria() -> None:
    before = "Exclusion Criteria:\n\n* Asthma\n\n"
    assert section_below("Contraindications:", before=before) == ("exclusion", "Contraindications")
    assert section_below("Contraindications to wine:", before="Inclusion Criteria:\n\n") == (
        "inclusion",
        "Contraindications to wine",
    )


@pytest.mark.parametrize(
    "note",
    [
        "(must meet all)",
        "(any of the following)",
        "(one or more of the following)",
        "(all must be answered yes)",
        "(at screening)",
        "(continued)",
        "(N = 20)",
        "for this study will include",
        "for all participants",
    ],
)
def test_a_note_in_a_heading_is_no_cohort(note: str) -> None:
    for side in ("Inclusion", "Exclusion"):
        assert section_below(f"{side} Criteria {note}:") == (side.lower(), None)


def test_a_note_or_everybody_behind_a_heading_is_no_cohort() -> None:
    for words in ("All of the following", "All participants", "All patients:", "any of the following:"):
        criterion = list(parse(f"Exclusion Criteria: {words}\n\n* Gout").walk())[-1]
        assert (criterion.section, criterion.label, criterion.text) == ("exclusion", None, "Gout")


def test_answers_wanted_of_a_whole_list_are_no_cohort() -> None:
    text = "Inclusion Criteria: All answers must be YES to enter\n\n* Adults\n* Owns a bicycle"
    assert [(c.section, c.label, c.text) for c in parse(text).walk()] == [
        ("inclusion", None, "All answers must be YES to enter"),
        ("inclusion", None, "Adults"),
        ("inclusion", None, "Owns a bicycle"),
    ]


@pytest.mark.parametrize(
    ("heading", "label"),
    [
        (
            "Exclusion criteria for biomarkers substudy (50% of patients)",
            "biomarkers substudy (50% of patients)",
        ),
        (
            "Exclusion criteria for the sleep sub-study (a third of all):",
            "the sleep sub-study (a third of all)",
        ),
        ("Sub-study Exclusion Criteria:", "Sub-study"),
        ("Sleep substudy exclusion criteria", None),
    ],
)
def test_a_sub_study_labels_its_own_criteria(heading: str, label: str | None) -> None:
    before = "Exclusion Criteria:\n\n* Asthma\n\n"
    criteria = parse(f"{before}{heading}\n\n* Gout").criteria
    assert (criteria[-1].section, criteria[-1].label) == ("exclusion", label)


@pytest.mark.parametrize(
    "line", ["Inclusion body myositis:", "Exclusion of pregnancy:", "Exclusion – pregnancy"]
)
def test_a_criterion_may_begin_with_the_name_of_a_side(line: str) -> None:
    for side in ("Inclusion", "Exclusion"):
        criteria = list(parse(f"{side} Criteria:\n\n* Adults\n\n{line}\n\n* Gout").walk())
        assert [(c.section, c.label) for c in criteria] == [(side.lower(), None)] * 3
        assert criteria[1].text == line


@pytest.mark.parametrize(
    ("heading", "group"),
    [
        ("Clinic Inclusion Criteria:", "Clinic"),
        ("Inclusion Criteria for tenants:", "tenants"),
        ("Inclusion Criteria (Neighbours):", "Neighbours"),
        ("Inclusion Criteria:Reference group", "Reference group"),
        ("Inclusion Criteria: Cohorts A and B", "Cohorts A and B"),
        (
            "Specific inclusion criteria for cornea/skin transplant patients:",
            "cornea/skin transplant patients",
        ),
        ("Inclusion criteria for first-time donors 40 Donors of either sex", "first-time donors"),
        ("Inclusion Criteria Part A", "Part A"),
        ("Inclusion Criteria - Cohorts 2 and 3", "Cohorts 2 and 3"),
        ("Inclusion criteria for healthy carers of dancers", "healthy carers of dancers"),
        ("Dancer Inclusion:", "Dancer"),
        ("Inclusion Criteria:", None),
        ("Main Inclusion Criteria:", None),
        ("Inclusion Criteria for all participants:", None),
        ("Inclusion criteria (both arms)", None),
        ("Inclusion Criteria for the main study:", "the main study"),
    ],
)
def test_a_group_in_the_heading_labels_its_criteria(heading: str, group: str | None) -> None:
    assert section_below(heading) == ("inclusion", group)


@pytest.mark.parametrize(
    "line",
    [
        "People who do not meet each of the inclusion criteria",
        "Only those aged 21 or more are considered for inclusion.",
        "A liver index above 4 is exclusionary;",
        "A Fib-4 score \\> 3.25 is exclusionary;",
        "Exclusion criteria are kept in the safe.",
        "See the Exclusion Criteria.",
        "Meets any Exclusion Criteria.",
        "Inclusion in another trial.",
        "Criteria for inclusion body myositis",
        "Reasons for exclusion from surgery",
        "Exclusion diet for 4 weeks.",
        "Not eligible for surgery",
        "Note: Further protocol-defined Inclusion/Exclusion criteria may apply.",
        "Further exclusion criteria apply.",
        "Failure to satisfy any of the exclusion criteria",
        "X-ray exclusion only: any metal implant",
        "Period of exclusion after another study",
        "Biopsy outside the inclusion criteria",
        "Mild gout is not an exclusion.",
        "Inclusion criteria for this were not kept in patients",
        "Exclusion criteria for gout",
    ],
)
@pytest.mark.parametrize("marker", ["", "* ", "3. "])
def test_a_line_that_mentions_criteria_does_not_switch_the_section(line: str, marker: str) -> None:
    text = f"Exclusion Criteria:\n\n* Asthma\n\n{marker}{line}\n\n* Gout"
    criteria = parse(text).criteria
    assert [criterion.section for criterion in criteria] == ["exclusion"] * 3
    assert criteria[1].text == line.replace("\\", "")


def test_text_on_the_line_of_the_heading_is_its_first_criterion() -> None:
    criteria = parse("Exclusion Criteria:People with gout\n* Asthma").criteria
    assert [(c.section, c.text) for c in criteria] == [
        ("exclusion", "People with gout"),
        ("exclusion", "Asthma"),
    ]


def test_two_headings_in_one_paragraph_open_two_sections() -> None:
    text = "Inclusion Criteria: Adults. Owns a bicycle. Exclusion Criteria: Gout."
    assert [(c.section, c.text) for c in parse(text).criteria] == [
        ("inclusion", "Adults. Owns a bicycle."),
        ("exclusion", "Gout."),
    ]


@pytest.mark.parametrize(
    ("line", "criteria"),
    [
        (
            "Inclusion Criteria: Adults Exclusion Criteria: Gout",
            [("inclusion", "Adults"), ("exclusion", "Gout")],
        ),
        (
            "Inclusion Criteria: - Adults Key Exclusion Criteria: - Gout",
            [("inclusion", "Adults"), ("exclusion", "Gout")],
        ),
        (
            "* Owns a bicycle Exclusion criteria:\n* Gout",
            [("other", "Owns a bicycle"), ("exclusion", "Gout")],
        ),
        (
            "* Deaf; see the Exclusion Criteria: all apply",
            [("other", "Deaf; see the Exclusion Criteria: all apply")],
        ),
    ],
)
def test_a_heading_inside_a_line_opens_its_section(line: str, criteria: list[tuple[str, str]]) -> None:
    assert [(c.section, c.text) for c in parse(line).walk()] == criteria


def test_a_heading_without_colon_ends_a_line_that_a_margin_broke() -> None:
    text = "Exclusion Criteria:\n\nThose who come again for the second\nride Inclusion criteria\n\n* Gout"
    assert [(c.section, c.text) for c in parse(text).walk()][-1] == ("inclusion", "Gout")
    for line in ("all those who meet the Inclusion criteria", "* ride Inclusion criteria"):
        assert parse(f"Exclusion Criteria:\n\n{line}\n\n* Gout").criteria[-1].section == "exclusion"


def test_thousands_of_headings_on_one_line_are_read() -> None:
    assert len(parse("Inclusion Criteria: Gout. " * 5_000).criteria) == 5_000
    assert len(parse("Exclusion: " * 5_000).criteria) == 1


def test_a_line_broken_by_a_margin_goes_on_behind_a_heading_inside_it() -> None:
    text = (
        "Inclusion Criteria:\n  1. Owns a bicycle, a tandem or a tricycle that Exclusion Criteria: 1. Gout\n"
        "     or asthma\n  2. Stroke"
    )
    assert [(c.path, c.text) for c in parse(text).walk()] == [
        ("inclusion.1", "Owns a bicycle, a tandem or a tricycle that"),
        ("exclusion.1", "Gout or asthma"),
        ("exclusion.2", "Stroke"),
    ]


def test_the_item_on_the_line_of_its_heading_is_a_sibling_of_the_next() -> None:
    criteria = parse("Exclusion Criteria: 1. Gout\n   2. Asthma\n   3. Stroke").criteria
    assert [(c.path, c.marker) for c in criteria] == [
        ("exclusion.1", "1."),
        ("exclusion.2", "2."),
        ("exclusion.3", "3."),
    ]


def test_a_name_behind_a_heading_with_no_list_below_is_its_criterion() -> None:
    text = "Inclusion Criteria: Dancing parents\n\nExclusion Criteria: Other adults\n-"
    assert [(c.section, c.label, c.text) for c in parse(text).walk()] == [
        ("inclusion", None, "Dancing parents"),
        ("exclusion", None, "Other adults"),
    ]


@pytest.mark.parametrize(
    ("sentence", "section"),
    [
        ("Volunteers are eligible if they:", "inclusion"),
        ("To be enrolled in the study, volunteers must:", "inclusion"),
        ("Volunteers will be excluded if they have:", "exclusion"),
        ("Whoever meets one of these is not eligible:", "exclusion"),
        ("Volunteers are not excluded for:", "other"),
        ("For inclusion in the study volunteers should:", "inclusion"),
        ("Everyone has to fulfil what follows:", "inclusion"),
        ("None of these must be met to be eligible:", "other"),
        ("Volunteers have:", "other"),
    ],
)
def test_without_a_heading_a_sentence_says_the_side_of_its_list(sentence: str, section: str) -> None:
    for before in ("", "Eligibility criteria:\n\n"):
        parent = parse(f"{before}{sentence}\n\n* Gout\n* Asthma").criteria[0]
        assert [parent.section, *(child.section for child in parent.children)] == [section] * 3


def sections(section: str, parent: str, *, below: str = "  ") -> list[Section]:
    """The sections of a parent, its two children, and the item behind them."""
    text = f"{section} Criteria:\n\n* Adults\n* {parent}\n{below}* Gout\n{below}* Stroke\n* Owns a bicycle"
    return [criterion.section for criterion in parse(text).walk()][1:]


_KEEP_OUT = [
    "Volunteers with any of the following will be excluded:",
    "Excluded:",
    "Exclude:",
    "Exclude volunteers with:",
    "Subjects to be excluded:",
    "Patients are excluded if:",
    "Those with the following will not be eligible:",
    "Volunteers are ineligible if:",
    "Not eligible for the study if:",
    "Volunteers must not be enrolled if they have:",
    "Volunteers cannot participate in this study if they have:",
    "You may not take part if you have:",
    "The following are not permitted:",
    "The following drugs are prohibited during the study:",
    "The following are exclusion criteria:",
    "Any of the following would preclude participation:",
    "Presence of any of the following is exclusionary:",
    "Meets any of the following exclusion criteria:",
    "Contraindications:",
]


@pytest.mark.parametrize("sentence", _KEEP_OUT)
def test_a_sentence_among_the_inclusion_criteria_may_exclude_its_list(sentence: str) -> None:
    assert sections("Inclusion", sentence) == ["exclusion"] * 3 + ["inclusion"]
    assert sections("Exclusion", sentence) == ["exclusion"] * 4
    text = f"Inclusion Criteria:\n\n* Adults\n\n{sentence}\n\n* Gout\n* Stroke"
    assert [criterion.section for criterion in parse(text).walk()][-2:] == ["exclusion"] * 2


def test_an_excluded_list_is_joined_as_its_parent_says() -> None:
    parent = parse(
        "Inclusion Criteria:\n* People with any of the following are excluded:\n  * Gout\n  * Stroke"
    )
    assert [(c.path, c.logic) for c in parent.criteria] == [("inclusion.1", "any-of")]


@pytest.mark.parametrize("sentence", _KEEP_OUT)
def test_what_follows_such_a_sentence_without_an_indent_is_of_no_side(sentence: str) -> None:
    assert sections("Inclusion", sentence, below="") == ["other"] * 4


def test_such_a_sentence_needs_no_colon() -> None:
    for sentence in ("Those with any of the following are excluded", "Excluded are those with the following"):
        assert sections("Inclusion", sentence) == ["exclusion"] * 3 + ["inclusion"]
        assert sections("Inclusion", sentence, below="") == ["other"] * 4
    said = "Those with the following are excluded: gout, stroke"
    assert sections("Inclusion", said, below="") == ["inclusion"] * 4


def test_a_list_inside_another_cannot_change_sides() -> None:
    text = "Inclusion Criteria:\n* Adults who:\n  * run\n  * are excluded if:\n    * Gout\n  * walk"
    assert [c.section for c in parse(text).walk()] == ["inclusion"] * 2 + ["other"] * 2 + ["inclusion"]


@pytest.mark.parametrize(
    "sentence",
    [
        "Volunteers may be included if all of the following:",
        "Volunteers are eligible if they have all of the following:",
        "Volunteers with gout are allowed if:",
        "Volunteers may take part in the study if they have:",
        "Must meet all of the following inclusion criteria:",
    ],
)
def test_a_sentence_among_the_exclusion_criteria_may_let_in(sentence: str) -> None:
    assert sections("Exclusion", sentence) == ["other"] * 3 + ["exclusion"]


@pytest.mark.parametrize(
    "sentence",
    [
        "Volunteers with any of the following will not be excluded:",
        "Volunteers without any of the following will be excluded:",
        "Volunteers who do not have the following will be excluded:",
        "Those with gout are excluded, except:",
        "The following are allowed:",
        "The following are not exclusionary:",
    ],
)
def test_what_is_allowed_or_twice_denied_is_of_no_side(sentence: str) -> None:
    for section in ("Inclusion", "Exclusion"):
        assert sections(section, sentence) == ["other"] * 3 + [section.lower()]


@pytest.mark.parametrize(
    "sentence",
    [
        "Not eligible for surgery because of any of the following:",
        "Ineligible for the gout drug, defined as any of the following:",
        "Other causes must be excluded:",
        "Asthma should be excluded by one of the following tests:",
        "Must not have any of the following:",
        "Volunteers will be included if they have one of the following:",
        "Unable to take part in sports because of:",
        "Excluded joints shown by:",
    ],
)
def test_a_sentence_that_gives_no_verdict_on_its_list_leaves_it_where_it_stands(sentence: str) -> None:
    assert sections("Inclusion", sentence) == ["inclusion"] * 4


def test_the_last_of_several_sentences_speaks_of_the_list_alone() -> None:
    sentence = "Own a bicycle. Volunteers with any of the following are excluded:"
    assert sections("Inclusion", sentence) == ["inclusion", "other", "other", "inclusion"]


def test_a_sentence_does_not_overrule_a_heading_that_names_no_side() -> None:
    text = "Withdrawal criteria:\n\nVolunteers will be excluded if they have:\n\n* Gout"
    assert parse(text).criteria[0].children[0].section == "other"


def test_thousands_of_lists_that_change_sides_are_read_in_linear_time() -> None:
    flat = "Inclusion Criteria:\n" + "* Excluded:\n" * 20_000
    nested = "Inclusion Criteria:\n" + "".join("  " * depth + "* Excluded:\n" for depth in range(2_000))
    for text in (flat, nested):
        assert "inclusion" not in {criterion.section for criterion in parse(text).walk()}


@pytest.mark.parametrize("line", ["Volunteer:", "The participant:", "Signs of:", "Exclude those in need:"])
def test_the_beginning_of_a_sentence_is_no_label(line: str) -> None:
    (parent,) = parse(f"Exclusion Criteria:\n\n{line}\n\n1. Gout\n2. Asthma").criteria
    assert (parent.text, parent.label, len(parent.children)) == (line, None, 2)


@pytest.mark.parametrize(
    "label",
    [
        "For teenagers:",
        "Group B patients:",
        "Screening:",
        "Registration:",
        "Randomization:",
        "Earlier/current therapy:",
        "Women:",
        "Cohort 2",
    ],
)
def test_a_sub_heading_labels_its_criteria_and_keeps_the_section(label: str) -> None:
    before = "Exclusion Criteria:\n\n* Asthma\n\n"
    assert section_below(label, before=before) == ("exclusion", label.rstrip(":"))


def test_a_heading_ends_a_label() -> None:
    assert section_below("Exclusion Criteria:", before="Inclusion:\n\nWomen:\n\n* Adults\n\n") == (
        "exclusion",
        None,
    )


def test_a_line_that_introduces_a_list_is_its_parent() -> None:
    text = "Inclusion:\n\nVolunteers must be all of the following:\n\n* Adults\n* Fit\n\nOwns a bicycle."
    first, second = parse(text).criteria
    assert [child.text for child in first.children] == ["Adults", "Fit"]
    assert (first.logic, second.text) == ("all-of", "Owns a bicycle.")


def test_structured_fields_pasted_into_the_text_are_criteria() -> None:
    text = "Inclusion Criteria:\n\n* Gout\n\nMinimum Age: 21 Years\n\nSex: Women"
    assert [c.text for c in parse(text).criteria] == ["Gout", "Minimum Age: 21 Years", "Sex: Women"]
