"""The seed page value by value, pages rendered from records, what a text may hold, and bad pages."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_trial.errors import RecordError
from fhir_trial.sources import page_layout, page_text, paths
from fhir_trial.trial import Trial
from tests.sources.page_renderer import Style, render

SEED = (Path(__file__).parents[2] / "seeds" / "NCT03597321.page.txt").read_text(encoding="utf-8")
CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "ctgov_v2"

PROTOCOL = "$.protocolSection"
ARMS = f"{PROTOCOL}.armsInterventionsModule"
SITES = f"{PROTOCOL}.contactsLocationsModule"
SPONSORS = f"{PROTOCOL}.sponsorCollaboratorsModule"
STATUS = f"{PROTOCOL}.statusModule"
DESIGN = f"{PROTOCOL}.designModule"
DLI = "prophylactic donor lymphocyte infusion (DLI)"

# Every value of the seed page, in the order of the page, with where it lands.
SEED_VALUES: list[tuple[str, str, Any]] = [
    (
        "title",
        f"{PROTOCOL}.identificationModule.briefTitle",
        "Early Prophylactic Donor Lymphocyte Infusion After Allo-HSCT for Patients With AML",
    ),
    ("NCT ID", f"{PROTOCOL}.identificationModule.nctId", "NCT03597321"),
    ("Last Updated", "$.pageSection.lastUpdated", "2025-06-15"),
    ("Study Results", "$.hasResults", False),
    ("Study Results", "$.pageSection.resultsNote", "Results pending"),
    ("Recruitment Status", f"{STATUS}.overallStatus", "ACTIVE_NOT_RECRUITING"),
    ("Clinical Phase", f"{DESIGN}.phases[0]", "PHASE2"),
    ("Total Enrollment", f"{DESIGN}.enrollmentInfo.count", 124),
    ("Study Classification", f"{DESIGN}.studyType", "INTERVENTIONAL"),
    ("Study Start Date", f"{STATUS}.startDateStruct.date", "2020-09-07"),
    ("Study Completion Date", f"{STATUS}.completionDateStruct.date", "2028-05-31"),
    (
        "Brief Summary",
        f"{PROTOCOL}.descriptionModule.briefSummary",
        re.compile(r"Allogeneic hematopoietic stem cell .{1400,} on outcome after Allo-HSCT for AML\."),
    ),
    ("Detailed Description", f'$.emptyValues["{PROTOCOL}.descriptionModule.detailedDescription"]', ""),
    ("Conditions", f"{PROTOCOL}.conditionsModule.conditions[0]", "Acute Myeloid Leukemia"),
    ("Allocation Method", f"{DESIGN}.designInfo.allocation", "RANDOMIZED"),
    ("Intervention Model", f"{DESIGN}.designInfo.interventionModel", "PARALLEL"),
    ("Primary Study Purpose", f"{DESIGN}.designInfo.primaryPurpose", "TREATMENT"),
    ("Blinding Strategy", f"{DESIGN}.designInfo.maskingInfo.masking", "NONE"),
    ("Study Groups", f"{ARMS}.armGroups[0].label", "Arm A-DLI"),
    (
        "Study Groups",
        f"{ARMS}.armGroups[0].description",
        "Patients will be planned to receive prophylactic Donor Lymphocyte Injection",
    ),
    ("Group Type", f"{ARMS}.armGroups[0].type", "EXPERIMENTAL"),
    ("intervention of a group", f"{ARMS}.armGroups[0].interventionNames[0]", f"Biological: {DLI}"),
    ("intervention of a group", f"{ARMS}.interventions[0].armGroupLabels[0]", "Arm A-DLI"),
    ("Study Groups", f"{ARMS}.armGroups[1].label", "Arm B- No intervention"),
    ("Group Type", f"{ARMS}.armGroups[1].type", "NO_INTERVENTION"),
    ("Interventions", f"{ARMS}.interventions[0].name", DLI),
    (
        "Interventions",
        f"{ARMS}.interventions[0].description",
        re.compile(r"DLI will be collected from the donor .{300,} local guidelines of each center\."),
    ),
    ("Intervention Type", f"{ARMS}.interventions[0].type", "BIOLOGICAL"),
    (
        "Eligibility Criteria",
        f"{PROTOCOL}.eligibilityModule.eligibilityCriteria",
        re.compile(
            r"Inclusion Criteria\n\n(?:\* .+\n){7}\nExclusion Criteria\n\n(?:\* .+\n){6}"
            r"\* Previous solid organ allogeneic transplantation\."
        ),
    ),
    ("Minimum Eligible Age", f"{PROTOCOL}.eligibilityModule.minimumAge", "18 Years"),
    ("Maximum Eligible Age", f"{PROTOCOL}.eligibilityModule.maximumAge", "70 Years"),
    ("Eligible Sex", f"{PROTOCOL}.eligibilityModule.sex", "ALL"),
    ("Accepts Healthy Volunteers", f"{PROTOCOL}.eligibilityModule.healthyVolunteers", False),
    ("Sponsors", f"{SPONSORS}.leadSponsor.name", "Institut Paoli-Calmettes"),
    ("Sponsors", f"{SPONSORS}.leadSponsor.class", "OTHER"),
    ("Responsibility Role", f"{SPONSORS}.responsibleParty.type", "SPONSOR"),
    ("Principal Investigators", f"{SITES}.overallOfficials[0].name", "Raynier Devillier, MD,PhD"),
    ("Role", f"{SITES}.overallOfficials[0].role", "PRINCIPAL_INVESTIGATOR"),
    ("Principal Investigators", f"{SITES}.overallOfficials[0].affiliation", "Institut Paoli-Calmettes"),
    ("Locations", f"{SITES}.locations[0].facility", "Institut Paoli-Calmettes"),
    ("Locations", f"{SITES}.locations[0].city", "Marseille"),
    ("Locations", f"{SITES}.locations[0].state", "Bouches Du Rhône"),
    ("Locations", f"{SITES}.locations[0].country", "France"),
    ("Site Status", f'$.emptyValues["{SITES}.locations[0].status"]', ""),
    ("Countries", "$.pageSection.countries[0]", "France"),
    (
        "Other Identifiers",
        f"{PROTOCOL}.identificationModule.orgStudyIdInfo.id",
        "ELIT-AML01-IPC 2017-006",
    ),
    (
        "More Related Trials",
        "$.pageSection.relatedTrials[0].title",
        "Post-transplant Flotetuzumab for AML",
    ),
    ("More Related Trials", "$.pageSection.relatedTrials[0].nctId", "NCT05506956"),
    ("More Related Trials", "$.pageSection.relatedTrials[0].status", "COMPLETED"),
    ("More Related Trials", "$.pageSection.relatedTrials[0].phases[0]", "PHASE1"),
]


# --- the seed --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("label", "path", "value"), SEED_VALUES)
def test_a_value_of_the_seed_lands_in_its_place(label: str, path: str, value: Any) -> None:
    found = paths.follow(page_text.document(SEED), _steps(path))
    if isinstance(value, re.Pattern):
        assert value.fullmatch(found), label
        assert all(line in SEED for line in found.split("\n"))
    else:
        assert found == value, label


def _steps(path: str) -> list[str | int]:
    """`paths.steps`, where a quoted name may hold brackets."""
    if path.startswith("$.emptyValues"):
        return ["emptyValues", json.loads(path.removeprefix("$.emptyValues[").removesuffix("]"))]
    return paths.steps(path)


def test_the_table_of_the_seed_is_complete() -> None:
    assert {path for _, path, _ in SEED_VALUES} == set(_leaves(page_text.document(SEED), "$"))


def _leaves(value: Any, path: str) -> list[str]:
    if isinstance(value, dict):
        return [leaf for key, member in value.items() for leaf in _leaves(member, paths.child(path, key))]
    if isinstance(value, list):
        return [leaf for i, item in enumerate(value) for leaf in _leaves(item, paths.child(path, i))]
    return [path]


def test_every_line_of_the_seed_is_a_value_a_label_or_the_pages_own() -> None:
    """Takes the values out of the page; nothing but words of the page class is left."""
    known = {heading.title for heading in page_layout.SEEN} | {
        heading.sentence for heading in page_layout.SEEN
    }
    known |= {"No interventions assigned to this group", "Accepts Healthy Volunteers", "No", "Clinical Phase"}
    known |= {"Recruitment Status", "Total Enrollment", "124 participants", "Study Classification"}
    known |= {"Study Start Date", "Study Completion Date", "Allocation Method", "Intervention Model"}
    known |= {"Primary Study Purpose", "Blinding Strategy", "Minimum Eligible Age", "Maximum Eligible Age"}
    known |= {"Eligible Sex", "Sponsor Role lead", "Site Status", "Identifier Type: -"}
    known |= {"Identifier Source: org_study_id", "Marseille, Bouches Du Rhône, France"}
    values = [value for _, _, value in SEED_VALUES if isinstance(value, str) and value]
    texts = page_text.document(SEED)["protocolSection"]
    known |= set(texts["descriptionModule"]["briefSummary"].split("\n"))
    known |= set(texts["armsInterventionsModule"]["interventions"][0]["description"].split("\n"))
    known |= set(texts["eligibilityModule"]["eligibilityCriteria"].split("\n"))
    labels = (
        "NCT ID: ",
        "Last Updated: ",
        "Group Type ",
        "Intervention Type ",
        "Responsibility Role ",
        "Role: ",
    )
    known |= {label + value for label in labels for value in values}
    known |= {"NCT05506956 COMPLETED PHASE1", *values}
    assert [line for line in SEED.split("\n") if line and line not in known] == []


def test_the_document_of_the_seed_decodes_as_a_trial() -> None:
    trial = msgspec.json.decode(orjson.dumps(page_text.document(SEED)), type=Trial)
    assert trial.id == "NCT03597321"
    assert trial.page is not None
    assert trial.page.countries == ["France"]
    assert trial.unknown is None


LAYOUTS = {
    "carriage returns": SEED.replace("\n", "\r\n"),
    "old line ends": SEED.replace("\n", "\r"),
    "byte order mark": "\ufeff" + SEED,
    "trailing blanks": SEED.replace("\n", " \t \n"),
    "tabs before each line": "\t" + SEED.replace("\n", "\n\t"),
    "tabs after labels": re.sub(r"(Type|Role|ID:) (?=[A-Zl])", r"\1\t", SEED),
    "non-breaking spaces": SEED.replace(" ", "\u00a0"),
    "narrow non-breaking spaces": SEED.replace(" ", "\u202f"),
    "empty lines around": f"\n\n{SEED}\n\n\n",
    "labels with colons": re.sub(r"^((?:Group|Intervention) Type|Sponsor Role) ", r"\1: ", SEED, flags=re.M),
    "values beside labels": re.sub(
        r"^(Clinical Phase|Eligible Sex|Blinding Strategy)\n\n", r"\1: ", SEED, flags=re.M
    ),
    "tokens below labels": re.sub(r"^((?:Group|Intervention) Type) ", r"\1\n\n", SEED, flags=re.M),
    "no empty line before headings": re.sub(rf"\n\n(?=(?:{'|'.join(page_layout.HEADINGS)})\n)", "\n", SEED),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layout_of_a_page_makes_no_difference(layout: str) -> None:
    assert page_text.document(LAYOUTS[layout]) == page_text.document(SEED)


def test_lines_may_follow_each_other_without_empty_ones() -> None:
    found = page_text.document(re.sub(r"\n+", "\n", SEED))
    found["protocolSection"]["eligibilityModule"].pop("eligibilityCriteria")
    expected = page_text.document(SEED)
    expected["protocolSection"]["eligibilityModule"].pop("eligibilityCriteria")
    assert found == expected


@pytest.mark.parametrize("heading", [heading for heading in page_layout.SEEN if heading.sentence in SEED])
def test_a_section_may_be_missing(heading: page_layout.Heading) -> None:
    section = re.compile(
        rf"^{heading.title}\n\n(?:.*\n\n)?{re.escape(heading.sentence)}.*?(?=^(?:{_titles()})\n|\Z)",
        re.M | re.S,
    )
    page, count = section.subn("", SEED)
    assert count == 1
    whole, found = page_text.document(SEED), page_text.document(page)
    assert "unknownFields" not in found
    if heading.title in ("Study Groups", "Interventions"):
        return
    assert set(_leaves(found, "$")) < set(_leaves(whole, "$"))
    for leaf in _leaves(found, "$"):
        if "emptyValues" not in leaf:
            assert paths.follow(found, paths.steps(leaf)) == paths.follow(whole, paths.steps(leaf))


def _titles() -> str:
    return "|".join(page_layout.HEADINGS)


@pytest.mark.parametrize("heading", [heading for heading in page_layout.SEEN if heading.sentence in SEED])
def test_a_section_may_be_empty(heading: page_layout.Heading) -> None:
    section = re.compile(
        rf"^({heading.title}\n\n{re.escape(heading.sentence)}\n\n).*?(?=^(?:{_titles()})\n|\Z)", re.M | re.S
    )
    found = page_text.document(section.sub(r"\1", SEED))
    assert "unknownFields" not in found
    assert found["protocolSection"]["identificationModule"]["nctId"] == "NCT03597321"


# --- pages rendered from records -------------------------------------------------------------------------

STYLES = {
    "as the seed": Style(),
    "labels without values, phases with a slash": Style(bare_labels=True, phase_separator="/"),
    "from another machine": Style(line_end="\r\n", trailing=" \t", byte_order_mark=True, phase_separator=" "),
    "tabs and non-breaking spaces": Style(space="\u00a0", indent="\t"),
    "another order": Style(shuffled=20),
    "other sentences below the headings": Style(sentences="new"),
    "no sentences below the headings": Style(sentences="none"),
}


@cache
def _records() -> list[dict[str, Any]]:
    return [orjson.loads(path.read_bytes()) for path in sorted(CORPUS.glob("NCT*.json"))]


@pytest.mark.skipif(not CORPUS.is_dir(), reason="needs ../shared/corpus/ctgov_v2")
@pytest.mark.parametrize("style", STYLES)
def test_every_record_rendered_as_a_page_is_read_back(style: str) -> None:
    assert len(_records()) > 300
    for record in _records():
        page, expected = render(record, STYLES[style])
        assert _comparable(page_text.document(page)) == _comparable(expected)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="needs ../shared/corpus/ctgov_v2")
@pytest.mark.parametrize("title", [title for title in page_layout.HEADINGS if "Inter" not in title])
def test_every_record_is_read_back_from_a_page_without_a_section(title: str) -> None:
    style = Style(without=frozenset({title, "Interventions"} if title == "Study Groups" else {title}))
    for record in _records()[::7]:
        page, expected = render(record, style)
        assert _comparable(page_text.document(page)) == _comparable(expected)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="needs ../shared/corpus/ctgov_v2")
def test_every_page_is_recognised_and_decodes_as_a_trial() -> None:
    for record in _records()[::5]:
        page, _ = render(record, Style())
        assert page_text.looks_like(page)
        msgspec.json.decode(orjson.dumps(page_text.document(page)), type=Trial)
        assert not page_text.looks_like(orjson.dumps(record).decode())


def _comparable(document: dict[str, Any]) -> dict[str, Any]:
    """Without the note of what is empty; the arms of an intervention in no order."""
    shown = {key: value for key, value in document.items() if key != "emptyValues"}
    module = shown.get("protocolSection", {}).get("armsInterventionsModule", {})
    for item in module.get("interventions", []):
        if "armGroupLabels" in item:
            item["armGroupLabels"] = sorted(item["armGroupLabels"])
    return shown


# --- what a text may hold --------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [
        "dose",
        "of the drug",
        "Arm",
        "(mg/kg)",
        "≥ 18 years",
        "* item",
        "  * nested",
        "Group",
        "N/A",
        "1.5",
        "<b>",
    ]
)
SENTENCE = st.lists(WORDS, min_size=1, max_size=6).map(" ".join).filter(lambda text: bool(text.strip()))
PARAGRAPH = st.one_of(
    SENTENCE, st.sampled_from([*page_layout.HEADINGS, "Results pending", "Inclusion Criteria:"])
)
TEXT = st.lists(PARAGRAPH, min_size=1, max_size=6).map("\n\n".join)
LINKED = ("Study Groups", "Interventions", "Other Intervention Names")
NAME = st.from_regex(r"[A-Z][a-z]{2,8}( [a-z]{2,8}){0,3}", fullmatch=True)


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    """Small records whose free texts hold headings on lines of their own."""
    names = draw(st.lists(NAME, min_size=1, max_size=4, unique=True))
    interventions = [
        {"type": draw(st.sampled_from(["DRUG", "DIETARY_SUPPLEMENT", "OTHER"])), "name": f"{name} one"}
        | draw(_optional("description", TEXT))
        for name in names
    ]
    arms = [
        {"label": f"{name} arm"}
        | draw(_optional("description", TEXT))
        | draw(_optional("type", st.sampled_from(["EXPERIMENTAL", "OTHER"])))
        | {"interventionNames": _named(draw(st.lists(st.sampled_from(interventions), max_size=3)))}
        for name in draw(st.lists(NAME, max_size=3, unique=True))
    ]
    return {
        "protocolSection": {
            "identificationModule": {
                "nctId": "NCT01234567",
                "briefTitle": draw(NAME),
                "orgStudyIdInfo": {"id": draw(NAME)},
                "secondaryIdInfos": [
                    {"id": n, "type": "OTHER_GRANT"} for n in draw(st.lists(NAME, max_size=2))
                ],
            },
            "descriptionModule": draw(_optional("briefSummary", TEXT))
            | draw(_optional("detailedDescription", TEXT)),
            "conditionsModule": {"conditions": draw(st.lists(NAME, max_size=3))},
            "armsInterventionsModule": {"armGroups": arms, "interventions": interventions},
            "eligibilityModule": draw(_optional("eligibilityCriteria", TEXT)) | {"sex": "ALL"},
            "sponsorCollaboratorsModule": {"leadSponsor": {"name": draw(NAME), "class": "NIH"}},
            "contactsLocationsModule": {
                "locations": [
                    {"facility": n, "city": "Bern", "country": "Chad"}
                    for n in draw(st.lists(NAME, max_size=3))
                ]
            },
        },
        "hasResults": False,
        "pageSection": {
            "relatedTrials": [
                {"title": n, "nctId": "NCT00000001", "status": "COMPLETED", "phases": ["PHASE1", "PHASE2"]}
                for n in draw(st.lists(NAME, max_size=2, unique=True))
            ]
        },
    }


def _optional(key: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, str]]:
    return st.one_of(st.just({}), values.map(lambda value: {key: value}))


def _named(interventions: list[dict[str, str]]) -> list[str]:
    return [f"{item['type'].replace('_', ' ').title()}: {item['name']}" for item in interventions]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(records(), st.sampled_from(["as the seed", "tabs and non-breaking spaces", "another order"]))
def test_headings_inside_texts_do_not_split_them(record: dict[str, Any], style: str) -> None:
    page, expected = render(record, STYLES[style])
    assert _comparable(page_text.document(page)) == _comparable(expected)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(records(), st.sets(st.sampled_from([title for title in page_layout.HEADINGS if title not in LINKED])))
def test_headings_inside_texts_stand_for_no_missing_section(
    record: dict[str, Any], missing: set[str]
) -> None:
    page, expected = render(record, Style(without=frozenset(missing)))
    assert _comparable(page_text.document(page)) == _comparable(expected)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(SEED.split("\n")) | st.text(max_size=30), max_size=40).map("\n".join))
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    page_text.looks_like(text)
    try:
        document = page_text.document(text)
    except RecordError as error:
        assert re.match(r"line \d+", error.place)
    else:
        msgspec.json.decode(orjson.dumps(document), type=Trial)


# --- particular lines ------------------------------------------------------------------------------------


def _page(*blocks: str) -> str:
    return "\n\n".join(["A Title", "NCT ID: NCT01234567", *blocks])


def _section(title: str, *blocks: str) -> list[str]:
    return [title, page_layout.HEADINGS[title].sentence, *blocks]


@pytest.mark.parametrize(
    ("blocks", "path", "value"),
    [
        (
            _section("Basic Information", "Clinical Phase", "PHASE1, PHASE2"),
            "designModule.phases",
            ["PHASE1", "PHASE2"],
        ),
        (
            _section("Basic Information", "Clinical Phase", "PHASE2/PHASE3"),
            "designModule.phases",
            ["PHASE2", "PHASE3"],
        ),
        (
            _section("Basic Information", "Clinical Phase", "PHASE1 PHASE2"),
            "designModule.phases",
            ["PHASE1", "PHASE2"],
        ),
        (_section("Basic Information", "Clinical Phase", "NA"), "designModule.phases", ["NA"]),
        (
            _section("Basic Information", "Total Enrollment", "0 participants"),
            "designModule.enrollmentInfo",
            {"count": 0},
        ),
        (
            _section("Basic Information", "Total Enrollment", "1 participant"),
            "designModule.enrollmentInfo",
            {"count": 1},
        ),
        (
            _section("Basic Information", "Total Enrollment", "9,535 participants (ACTUAL)"),
            "designModule.enrollmentInfo",
            {"count": 9535, "type": "ACTUAL"},
        ),
        (
            _section("Basic Information", "Study Start Date", "2020-09 (ESTIMATED)"),
            "statusModule.startDateStruct",
            {"date": "2020-09", "type": "ESTIMATED"},
        ),
        (
            _section("Study Design", "Blinding Strategy", "DOUBLE", "Participants, Investigators"),
            "designModule.designInfo.maskingInfo",
            {"masking": "DOUBLE", "whoMasked": ["PARTICIPANT", "INVESTIGATOR"]},
        ),
        (
            _section("Study Design", "Observational Model", "COHORT", "Time Perspective", "PROSPECTIVE"),
            "designModule.designInfo",
            {"observationalModel": "COHORT", "timePerspective": "PROSPECTIVE"},
        ),
        (
            _section(
                "Eligibility Criteria",
                "Eligible Sex is female, or",
                "Minimum Eligible Age",
                "as others say",
                "Minimum Eligible Age",
                "6 Months",
                "Study Population",
                "Patients\n\nof one clinic",
                "Sampling Method",
                "NON_PROBABILITY_SAMPLE",
            ),
            "eligibilityModule",
            {
                "eligibilityCriteria": "Eligible Sex is female, or\n\nMinimum Eligible Age\n\nas others say",
                "minimumAge": "6 Months",
                "studyPopulation": "Patients\n\nof one clinic",
                "samplingMethod": "NON_PROBABILITY_SAMPLE",
            },
        ),
        (
            _section(
                "Responsible Party",
                "Responsibility Role PRINCIPAL_INVESTIGATOR",
                "J. Doe",
                "Professor",
                "A Clinic",
            ),
            "sponsorCollaboratorsModule.responsibleParty",
            {
                "type": "PRINCIPAL_INVESTIGATOR",
                "investigatorFullName": "J. Doe",
                "investigatorTitle": "Professor",
                "investigatorAffiliation": "A Clinic",
            },
        ),
        (
            _section("Locations", "A Clinic", "Seoul, Korea, Republic of", "Site Status RECRUITING"),
            "contactsLocationsModule.locations",
            [
                {
                    "facility": "A Clinic",
                    "city": "Seoul",
                    "country": "Korea, Republic of",
                    "status": "RECRUITING",
                }
            ],
        ),
        (
            [
                *_section("Countries", "United States"),
                *_section("Locations", "A Clinic", "Boston, Massachusetts"),
            ],
            "contactsLocationsModule.locations",
            [{"facility": "A Clinic", "city": "Boston", "state": "Massachusetts"}],
        ),
        (
            _section("Locations", "A Clinic", "Bern, Switzerland", "B Clinic", "Oslo, Norway"),
            "contactsLocationsModule.locations",
            [
                {"facility": "A Clinic", "city": "Bern", "country": "Switzerland"},
                {"facility": "B Clinic", "city": "Oslo", "country": "Norway"},
            ],
        ),
        (
            [*_section("Conditions", "One"), *_section("Conditions", "Two")],
            "conditionsModule.conditions",
            ["One", "Two"],
        ),
        (
            [
                *_section(
                    "Study Groups", "Arm", "Group Type OTHER", "Water", "Intervention Type DRUG", "Pure."
                ),
                *_section("Conditions", "Thirst"),
            ],
            "armsInterventionsModule.interventions",
            [{"type": "DRUG", "name": "Water", "description": "Pure.", "armGroupLabels": ["Arm"]}],
        ),
    ],
)
def test_a_line_is_read_as_written(blocks: list[str], path: str, value: Any) -> None:
    found = page_text.document(_page(*blocks))
    assert paths.follow(found["protocolSection"], path.split(".")) == value
    assert "unknownFields" not in found


def test_groups_without_the_list_of_interventions_show_them_all_the_same() -> None:
    section = re.compile(r"^Interventions\n.*?(?=^Eligibility Criteria\n)", re.M | re.S)
    page, count = section.subn("", SEED)
    assert count == 1
    assert page_text.document(page) == page_text.document(SEED)


def test_the_other_names_of_the_only_intervention_are_its_own() -> None:
    one = _section("Interventions", "Water", "Intervention Type DRUG")
    others = _section("Other Intervention Names", "Aqua")
    found = page_text.document(_page(*one, *others))["protocolSection"]["armsInterventionsModule"]
    assert found["interventions"] == [{"type": "DRUG", "name": "Water", "otherNames": ["Aqua"]}]


def test_the_other_names_of_several_interventions_are_kept_aside() -> None:
    two = _section("Interventions", "Water", "Intervention Type DRUG", "Air", "Intervention Type DRUG")
    found = page_text.document(_page(*two, *_section("Other Intervention Names", "Aqua")))
    assert found["unknownFields"] == {'$.pageSection["Other Intervention Names"]': ["Aqua"]}


@pytest.mark.parametrize(
    ("below", "results", "note"),
    [
        (("Results pending", page_layout.RESULTS_PENDING_SENTENCE), False, "Results pending"),
        (("Results pending",), False, "Results pending"),
        (("Results pending", "Nothing to be seen here yet."), False, "Results pending"),
        (("Results posted on", "2024-07-25"), None, "Results posted on\n\n2024-07-25"),
    ],
)
def test_only_pending_results_are_understood(below: tuple[str, ...], results: bool | None, note: str) -> None:
    found = page_text.document(_page("Study Results", *below, *_section("Conditions", "Thirst")))
    assert (found.get("hasResults"), found["pageSection"]["resultsNote"]) == (results, note)


def test_a_sentence_in_other_words_is_the_pages_too() -> None:
    page = SEED.replace(
        page_layout.HEADINGS["Conditions"].sentence,
        "These are the medical conditions and disease areas which the research is investigating.",
    )
    assert page_text.document(page) == page_text.document(SEED)


def test_what_has_no_place_in_a_record_is_kept_aside() -> None:
    page = _page(
        *_section("Basic Information", "Patience", "Needed"),
        *_section("Conditions", "Thirst"),
        "Weather",
        "Find out what the weather was at each of the sites.",
        "Rain",
    )
    found = page_text.document(page)
    assert found["unknownFields"] == {
        '$.pageSection["Basic Information"]': ["Patience", "Needed"],
        "$.pageSection.Weather": ["Rain"],
    }
    assert found["protocolSection"]["conditionsModule"] == {"conditions": ["Thirst"]}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{"protocolSection": {}}',
        "[]",
        "<!DOCTYPE html><p>NCT ID: NCT01234567</p>",
        "A letter\n\nDear all",
    ],
)
def test_other_texts_are_not_recognised(text: str) -> None:
    assert not page_text.looks_like(text)


@pytest.mark.parametrize(
    "text",
    [SEED, "\ufeff" + SEED, SEED * 2, SEED.replace("NCT ID: NCT03597321", ""), "[A trial]\n\nNCT ID: 1"],
)
def test_damaged_pages_are_recognised(text: str) -> None:
    assert page_text.looks_like(text)


# --- bad pages -------------------------------------------------------------------------------------------

HEADER = "A Title\n\nNCT ID: NCT01234567"
BAD_PAGES = {
    "nothing": ("", "the page is empty", "line 1"),
    "blanks": ("\ufeff \n\n", "the page is empty", "line 1"),
    "HTML": ("<!doctype html>\n<html>", "this is the markup of a page (HTML or XML), not its text", "line 1"),
    "XML": ("<?xml version='1.0'?>", "this is the markup of a page (HTML or XML), not its text", "line 1"),
    "JSON": ('{"protocolSection": {}}', "this is JSON, not the text of a page", "line 1"),
    "no id": (SEED.replace("NCT ID: NCT03597321\n", ""), "no NCT ID", "line 1, page header"),
    "id without a value": ("A Title\n\nNCT ID:", "no NCT ID", "line 3, page header"),
    "id with a digit missing": (
        SEED.replace("NCT ID: NCT03597321", "NCT ID: NCT0359732"),
        "malformed NCT ID 'NCT0359732', which is NCT and eight digits",
        "line 3, page header",
    ),
    "id of another registry": (
        SEED.replace("NCT ID: NCT03597321", "NCT ID: ISRCTN12345678"),
        "malformed NCT ID 'ISRCTN12345678', which is NCT and eight digits",
        "line 3, page header",
    ),
    "two records": (f"{SEED}\n\n{SEED}", "a second record begins here: 'NCT ID: NCT03597321'", "line 209"),
    "impossible date": (
        SEED.replace("2020-09-07", "2021-02-29"),
        "impossible date '2021-02-29' for Study Start Date",
        "line 35, Basic Information",
    ),
    "date in words": (
        SEED.replace("2028-05-31", "May 2028"),
        "unreadable date 'May 2028' for Study Completion Date",
        "line 39, Basic Information",
    ),
    "impossible last update": (
        SEED.replace("2025-06-15", "2025-13-15"),
        "impossible date '2025-13-15' for Last Updated",
        "line 5, page header",
    ),
    "enrolment in words": (
        SEED.replace("124 participants", "many participants"),
        "unreadable number of participants 'many participants' for Total Enrollment",
        "line 27, Basic Information",
    ),
    "negative enrolment": (
        SEED.replace("124 participants", "-1 participants"),
        "unreadable number of participants '-1 participants' for Total Enrollment",
        "line 27, Basic Information",
    ),
    "enrolment beyond FHIR": (
        SEED.replace("124 participants", "2147483648 participants"),
        "unreadable number of participants '2147483648 participants' for Total Enrollment",
        "line 27, Basic Information",
    ),
    "unknown status": (
        SEED.replace("ACTIVE_NOT_RECRUITING", "SLEEPING"),
        "unknown token 'SLEEPING' for Recruitment Status",
        "line 19, Basic Information",
    ),
    "unknown phase": (
        SEED.replace("PHASE2\n", "PHASE2/PHASE9\n"),
        "unknown token 'PHASE9' for Clinical Phase",
        "line 23, Basic Information",
    ),
    "unknown study type": (
        SEED.replace("INTERVENTIONAL", "MAGICAL"),
        "unknown token 'MAGICAL' for Study Classification",
        "line 31, Basic Information",
    ),
    "label repeated": (
        SEED.replace("Study Start Date", "Clinical Phase"),
        "label repeated: 'Clinical Phase'",
        "line 33, Basic Information",
    ),
    "unknown masking": (
        SEED.replace("NONE\n", "SOME\n"),
        "unknown token 'SOME' for Blinding Strategy",
        "line 75, Study Design",
    ),
    "unknown type of group": (
        SEED.replace("Group Type EXPERIMENTAL", "Group Type MIXED"),
        "unknown token 'MIXED' for Group Type",
        "line 85, Study Groups",
    ),
    "unknown type of intervention": (
        SEED.replace("Intervention Type BIOLOGICAL", "Intervention Type MUSIC"),
        "unknown token 'MUSIC' for Intervention Type",
        "line 107, Interventions",
    ),
    "age in words": (
        SEED.replace("18 Years", "eighteen years"),
        "unreadable age 'eighteen years' for Minimum Eligible Age",
        "line 134, Eligibility Criteria",
    ),
    "unknown sex": (
        SEED.replace("ALL\n", "BOTH\n"),
        "unknown token 'BOTH' for Eligible Sex",
        "line 142, Eligibility Criteria",
    ),
    "healthy volunteers": (
        SEED.replace("\nNo\n", "\nPerhaps\n"),
        "Accepts Healthy Volunteers is neither Yes nor No: 'Perhaps'",
        "line 146, Eligibility Criteria",
    ),
    "unknown class of sponsor": (
        SEED.replace("OTHER\n", "CHARITY\n"),
        "unknown token 'CHARITY' for the class of a sponsor",
        "line 154, Sponsors",
    ),
    "unknown role of sponsor": (
        SEED.replace("Sponsor Role lead", "Sponsor Role boss"),
        "unknown token 'boss' for Sponsor Role",
        "line 156, Sponsors",
    ),
    "unknown role of official": (
        SEED.replace("Role: PRINCIPAL_INVESTIGATOR", "Role: MASCOT"),
        "unknown token 'MASCOT' for the role of an investigator",
        "line 170, Principal Investigators",
    ),
    "unknown status of site": (
        SEED.replace("Site Status", "Site Status ASLEEP"),
        "unknown token 'ASLEEP' for Site Status",
        "line 182, Locations",
    ),
    "unknown type of identifier": (
        SEED.replace("Identifier Type: -", "Identifier Type: PASSPORT"),
        "unknown token 'PASSPORT' for Identifier Type",
        "line 196, Other Identifiers",
    ),
    "malformed related id": (
        SEED.replace("NCT05506956", "NCT0550695"),
        "malformed NCT ID 'NCT0550695', which is NCT and eight digits",
        "line 205, More Related Trials",
    ),
    "sections that contradict each other": (
        "\n\n".join([HEADER, *_section("Brief Summary", "One."), *_section("Brief Summary", "Two.")]),
        "briefSummary is stated twice, as 'One.' and as 'Two.'",
        "line 11, Brief Summary",
    ),
    "two lead sponsors": (
        "\n\n".join([HEADER, *_section("Sponsors", "A", "Sponsor Role lead", "B", "Sponsor Role lead")]),
        "two lead sponsors",
        "line 5, Sponsors",
    ),
}


@pytest.mark.parametrize("kind", BAD_PAGES)
def test_a_bad_page_is_refused_with_its_place(kind: str) -> None:
    text, reason, place = BAD_PAGES[kind]
    with pytest.raises(RecordError) as refused:
        page_text.document(text)
    assert (refused.value.reason, refused.value.place) == (reason, place)
