"""Results: what stands where in each release, and that all of it comes back.

The generated sections have every field of the registry's list (tests/test_trial.py compares the two).
"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fhir_trial
from fhir_trial.bundle import bundle
from fhir_trial.mapping import read_resources, resources
from fhir_trial.mapping.graph import ORDER
from fhir_trial.mapping.results.estimates import level, level_text
from fhir_trial.mapping.results.quantity import (
    interval,
    interval_texts,
    number,
    number_text,
    unsigned,
    unsigned_text,
)
from fhir_trial.release import Release
from fhir_trial.report.tracing import trace
from fhir_trial.sources import ctgov_v2
from fhir_trial.sources import ctgov_v2_schema as schema
from fhir_trial.validation import validate
from tests import changes
from tests.complete_results import NUMBERS, ResultsMaker
from tests.mapping import made
from tests.records import CORPUS

Document = dict[str, Any]

releases = pytest.mark.parametrize("release", list(Release))
evidence_releases = pytest.mark.parametrize("release", [Release.R4B, Release.R5])
ODD_TEXTS = (" ", "\n", "a\r\nb", "NA", "12", "0", "<0.05", "𝔘 עברית", "null", "x" * 5000)


def with_results(**modules: Any) -> Document:
    identification = {"nctId": "NCT00000001", "briefTitle": "A trial"}
    return {"protocolSection": {"identificationModule": identification}, "resultsSection": modules}


def outcome(**fields: Any) -> Document:
    groups = [{"id": "OG000", "title": "Drug"}, {"id": "OG001", "title": "Placebo", "description": "None"}]
    measure = {"type": "PRIMARY", "title": "Pain", "timeFrame": "12 weeks", "groups": groups}
    return with_results(outcomeMeasuresModule={"outcomeMeasures": [measure | fields]})


def measured(**fields: Any) -> Document:
    """An outcome with one number in one row of the first group."""
    cell = {"groupId": "OG000"} | fields
    rows = [{"title": "Week 12", "categories": [{"title": "Female", "measurements": [cell]}]}]
    return outcome(paramType="MEAN", dispersionType="Standard Deviation", unitOfMeasure="mm", classes=rows)


def written(document: Document, release: Release) -> list[Document]:
    return resources(changes.trial(document), release)


def back(output: list[Document], release: Release) -> Document:
    return ctgov_v2.encode(read_resources(output, release))


def by_id(document: Document, release: Release, name: str) -> Document:
    (found,) = [one for one in written(document, release) if one["id"] == f"NCT00000001-result-{name}"]
    return found


# --- everything comes back --------------------------------------------------------------------------------


def dev_results() -> list[Path]:
    return [path for path in changes.dev_records() if b'"resultsSection"' in path.read_bytes()]


@releases
@pytest.mark.skipif(not CORPUS.is_dir(), reason="real records stand beside the checkout only")
def test_the_results_of_every_real_record_come_back_and_are_valid(release: Release) -> None:
    for path in dev_results():
        data = path.read_bytes()
        output = json.loads(json.dumps(written(json.loads(data), release)))
        assert back(output, release).get("resultsSection") == json.loads(data).get("resultsSection"), path
        assert [i for i in validate(bundle(output), release=release) if i.severity != "warning"] == [], path


@releases
@pytest.mark.parametrize("strange", [False, True])
@pytest.mark.parametrize(("seed", "absent"), [(0, 0.0), (1, 0.1), (2, 0.4), (3, 0.7)])
def test_generated_results_come_back_and_are_valid(
    seed: int, absent: float, strange: bool, release: Release
) -> None:
    maker = ResultsMaker(seed, absent=absent, empty_lists=seed % 2 == 1)
    document = with_results(**maker.results(strange=strange))
    output = json.loads(json.dumps(written(document, release)))
    assert back(output, release) == document
    assert [i for i in validate(bundle(output), release=release) if i.severity != "warning"] == []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32),
    absent=st.sampled_from([0.1, 0.3, 0.6, 0.9]),
    texts=st.lists(st.one_of(st.text(max_size=30), st.sampled_from([*NUMBERS, *ODD_TEXTS])), min_size=1),
    strange=st.booleans(),
    release=st.sampled_from(list(Release)),
)
def test_any_results_come_back(
    seed: int, absent: float, texts: list[str], strange: bool, release: Release
) -> None:
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    maker = ResultsMaker(seed, absent=absent, empty_lists=True, sizes=(1, 2), texts=texts)
    document = with_results(**maker.results(strange=strange))
    assert back(written(document, release), release) == document


def test_the_way_through_the_releases_ends_in_the_same_bytes() -> None:
    document = with_results(**ResultsMaker(5, absent=0.2).results())
    trial = changes.trial(document)
    direct = bundle(resources(trial, Release.R4))
    assert json.dumps(changes.round_about(trial)) == json.dumps(direct)


# --- nothing is lost, by change ---------------------------------------------------------------------------


@releases
def test_every_value_of_complete_results_is_in_the_output(release: Release) -> None:
    document = with_results(**ResultsMaker(0, sizes=(1, 2)).results())
    sentinels = changes.sentinels(document)
    assert changes.unseen(document, sentinels, release) == []
    changed = changes.changed(document, sentinels)
    output = written(changed, release)
    assert back(output, release) == changed
    assert changes.looks_copied(output, sentinels) == []


@releases
@pytest.mark.parametrize("strange", [False, True])
def test_every_value_of_complete_results_is_seen_while_groups_keep_their_ids(
    strange: bool, release: Release
) -> None:
    document = with_results(**ResultsMaker(1, sizes=(2, 3)).results(strange=strange))
    sentinels = changes.with_groups_kept(changes.sentinels(document))
    changed = changes.changed(document, sentinels)
    output = written(changed, release)
    assert changes.missing(sentinels, output) == []
    assert back(output, release) == changed


@releases
def test_a_value_of_every_field_of_results_is_seen_when_it_alone_changes(release: Release) -> None:
    document = _alike(with_results(**ResultsMaker(4, sizes=(1, 2), texts=["words"]).results()))
    for path, value in changes.one_of_each_field(changes.sentinels(document)):
        changed = changes.changed(document, {path: value})
        output = written(changed, release)
        assert changes.missing({path: value}, output) == [], path
        assert back(output, release) == changed, path


def _alike(document: Document) -> Document:
    """The document with the same in every number, text and token of a kind: what may be said once, is."""
    same: dict[Any, Any] = {}
    return changes.changed(
        document,
        {
            path: same.setdefault(path[-1], value)
            for path, value, node in changes.leaves(document, schema.root())
            if path[-1]
            in ("numAtRisk", "numAffected", "sourceVocabulary", "assessmentType", "value", "spread")
        },
    )


@releases
def test_every_flag_and_token_of_complete_results_changes_the_output(release: Release) -> None:
    document = with_results(**ResultsMaker(0, sizes=(1,), texts=["words", "12"]).results())
    before = changes.visible(written(document, release))
    for path, value in changes.choices(document):
        changed = changes.changed(document, {path: value})
        after = written(changed, release)
        assert changes.visible(after) != before, path
        assert back(after, release) == changed, path


def test_complete_results_have_every_field_of_the_model() -> None:
    node = (schema.root().fields or {})["resultsSection"]
    document = ResultsMaker(0, sizes=(1,)).results()
    found = {tuple(s for s in path if isinstance(s, str)) for path, _, _ in changes.leaves(document, node)}
    assert found == set(_modelled(node, ()))


def _modelled(node: schema.Node, path: tuple[str, ...]) -> Any:
    node = node.item or node
    for name, below in (node.fields or {}).items():
        yield from _modelled(below, (*path, name))
    if node.fields is None:
        yield path


@releases
def test_the_resources_stand_in_bundle_order(release: Release) -> None:
    kinds = [one["resourceType"] for one in written(EVENTS, release)]
    assert kinds == sorted(kinds, key=ORDER.index)


# --- numbers that are texts -------------------------------------------------------------------------------


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_keeps_its_text(text: str) -> None:
    assert number_text(json.loads(json.dumps(number(text)))) == text
    assert unsigned_text(json.loads(json.dumps(unsigned("count", text))), "count") == text
    assert interval_texts(interval(text, "3")) == (text, "3")
    assert level_text(json.loads(json.dumps(level(text)))) == text


def test_a_plain_number_travels_alone() -> None:
    assert number("12.5") == {"value": 12.5}
    assert number("<0.001") == {"value": 0.001, "comparator": "<"}
    assert unsigned("count", "7") == {"count": 7}
    assert interval("-1.5", "2") == {"low": {"value": -1.5}, "high": {"value": 2}}
    assert level("97.5") == {"level": 0.975}


@pytest.mark.parametrize(
    ("text", "value"), [("1,234", 1234), (".05", 0.05), ("=0.247", 0.247), ("0.10", 0.1)]
)
def test_a_number_in_another_spelling_is_a_number_too(text: str, value: float) -> None:
    assert number(text)["value"] == value


@pytest.mark.parametrize("text", ["NA", "12.5%", "1–3", "12,34", "1234567890123456789", "٣", "-"])
def test_what_is_no_number_has_no_value(text: str) -> None:
    assert "value" not in number(text)


def test_limits_that_contradict_or_are_no_numbers_stay_out_of_the_range() -> None:
    assert "low" not in interval("3", "2")
    assert "low" not in interval("<3", "4")
    assert interval("1", "NA")["low"] == {"value": 1}
    assert "high" not in interval("1", "NA")


# --- R4B and R5 -------------------------------------------------------------------------------------------


@evidence_releases
def test_a_measure_is_an_evidence_variable_and_a_group_an_evidence(release: Release) -> None:
    document = measured(value="3.5", spread="1.25", comment="Imputed")
    values = by_id(document, release, "outcome-1-group-1")
    roles = [one["variableRole"]["coding"][0]["code"] for one in values["variableDefinition"]]
    assert roles == ["population", "measuredVariable"]
    group, variable = (one["observed"]["reference"] for one in values["variableDefinition"])
    assert (group, variable) == (
        "Group/NCT00000001-result-group-1",
        "EvidenceVariable/NCT00000001-result-outcome-1",
    )
    (statistic,) = values["statistic"]
    assert statistic["quantity"] == {"value": 3.5, "unit": "mm"}
    assert statistic["category"] == {"text": "Female"}
    assert statistic["note"] == [{"text": "Imputed"}]
    assert statistic["statisticType"]["coding"][0]["code"] == "C53319"
    (estimate,) = statistic["attributeEstimate"]
    assert estimate["type"]["coding"][0]["code"] == "C53322"
    assert estimate["quantity"] == {"value": 1.25}


def test_the_study_refers_to_the_report() -> None:
    study, *_ = written(measured(value="1"), Release.R5)
    assert study["result"] == [{"reference": "EvidenceReport/NCT00000001-result-report"}]


@evidence_releases
def test_an_analysis_compares_groups(release: Release) -> None:
    analysis = {
        "groupIds": ["OG000", "OG001"],
        "paramType": "Odds Ratio (OR)",
        "paramValue": "1.5",
        "pValue": "<0.001",
        "pValueComment": "Adjusted",
        "ciPctValue": "95",
        "ciLowerLimit": "1.1",
        "ciUpperLimit": "2.0",
        "ciNumSides": "TWO_SIDED",
        "statisticalMethod": "Fisher Exact",
        "nonInferiorityType": "NON_INFERIORITY",
    }
    evidence = by_id(outcome(analyses=[analysis]), release, "outcome-1-analysis-1")
    roles = [one["variableRole"]["coding"][0]["code"] for one in evidence["variableDefinition"]]
    assert roles == ["exposure", "exposure", "measuredVariable"]
    (statistic,) = evidence["statistic"]
    assert statistic["statisticType"]["coding"][0]["code"] == "C16932"
    assert statistic["modelCharacteristic"][0]["code"]["coding"][0]["code"] == "fishersExactTest"
    p_value, bounds = statistic["attributeEstimate"]
    assert p_value["quantity"] == {"value": 0.001, "comparator": "<"}
    assert p_value["note"] == [{"text": "Adjusted"}]
    assert bounds["level"] == 0.95
    assert bounds["range"] == {"low": {"value": 1.1}, "high": {"value": 2.0}}


EVENTS = with_results(
    adverseEventsModule={
        "timeFrame": "1 year",
        "eventGroups": [{"id": "EG000", "title": "All", "deathsNumAffected": 1, "deathsNumAtRisk": 9}],
        "seriousEvents": [
            {
                "term": "Anaemia",
                "organSystem": "Blood and lymphatic system disorders",
                "sourceVocabulary": "MedDRA (21.0)",
                "assessmentType": "SYSTEMATIC_ASSESSMENT",
                "stats": [{"groupId": "EG000", "numEvents": 3, "numAffected": 2, "numAtRisk": 9}],
            }
        ],
    }
)


@evidence_releases
def test_an_event_is_counted_and_has_its_vocabulary(release: Release) -> None:
    (category,) = by_id(EVENTS, release, "serious-events")["category"]
    assert category["name"] == "Anaemia"
    organ = "Blood and lymphatic system disorders"
    assert made.extensions(category, "organ-system")[0]["valueString"] == organ
    (statistic,) = by_id(EVENTS, release, "serious-events-group-1")["statistic"]
    assert (statistic["numberOfEvents"], statistic["numberAffected"]) == (3, 2)
    assert statistic["sampleSize"] == {"numberOfParticipants": 9}
    (deaths,) = by_id(EVENTS, release, "adverse-events-group-1")["statistic"]
    assert (deaths["category"]["text"], deaths["numberAffected"]) == ("All-cause mortality", 1)


# --- R4 ---------------------------------------------------------------------------------------------------


def test_in_r4_a_group_is_the_subject_and_the_study_the_focus() -> None:
    values = by_id(measured(value="3.5", lowerLimit="1", upperLimit="NA"), Release.R4, "outcome-1-group-1")
    assert values["resourceType"] == "Observation"
    assert values["subject"]["reference"] == "Group/NCT00000001-result-group-1"
    assert values["focus"] == [{"reference": "ResearchStudy/NCT00000001"}]
    assert values["code"] == {"text": "Pain"}
    assert values["effectiveTiming"] == {"code": {"text": "12 weeks"}}
    (component,) = values["component"]
    assert component["code"] == {"text": "Female"}
    assert component["valueQuantity"] == {"value": 3.5, "unit": "mm"}


def test_in_r4_a_value_that_is_no_number_is_absent_with_its_text() -> None:
    values = by_id(measured(value="NA", comment="Not reached"), Release.R4, "outcome-1-group-1")
    (component,) = values["component"]
    assert "valueQuantity" not in component
    assert component["dataAbsentReason"]["coding"][0]["code"] == "not-applicable"
    assert component["dataAbsentReason"]["text"] == "NA"


def test_in_r4_an_event_is_a_share_of_those_at_risk() -> None:
    (component,) = by_id(EVENTS, Release.R4, "serious-events-group-1")["component"]
    assert component["valueRatio"] == {"numerator": {"value": 2}, "denominator": {"value": 9}}
    assert made.extensions(component, "number-of-events")[0]["valueUnsignedInt"] == 3


def events(*stated: Document) -> Document:
    return with_results(adverseEventsModule={"eventGroups": [{"id": "EG000"}], "seriousEvents": list(stated)})


def count(affected: int | None, at_risk: int | None) -> list[Document]:
    numbers = {"numAffected": affected, "numAtRisk": at_risk}
    return [{"groupId": "EG000", **{key: value for key, value in numbers.items() if value is not None}}]


def test_in_r4_the_number_at_risk_is_said_once() -> None:
    document = events(
        {"term": "Anaemia", "stats": count(2, 9)},
        {"term": "Nausea", "stats": count(0, 9)},
        {"term": "Cystitis", "stats": count(1, 4)},
        {"term": "Fall", "stats": count(None, 9)},
        {"term": "Rash", "stats": count(3, None)},
    )
    at_risk, *counts = by_id(document, Release.R4, "serious-events-group-1")["component"]
    assert at_risk == {
        "id": "participants-at-risk",
        "code": {"text": "Participants at risk"},
        "valueInteger": 9,
    }
    assert [one.get("valueInteger") for one in counts] == [2, 0, None, None, None]
    assert counts[2]["valueRatio"] == {"numerator": {"value": 1}, "denominator": {"value": 4}}
    assert counts[3]["valueRatio"]["denominator"] == {"value": 9}
    assert "value" not in counts[4]["valueRatio"]["denominator"]
    assert back(written(document, Release.R4), Release.R4) == document


@releases
def test_what_most_events_say_is_said_of_them_all(release: Release) -> None:
    common = {"sourceVocabulary": "MedDRA (21.0)", "assessmentType": "SYSTEMATIC_ASSESSMENT"}
    document = events(
        {"term": "Anaemia", "organSystem": "Blood", **common},
        {"term": "Nausea", **common, "notes": "Mild"},
        {"term": "Cystitis", **common, "sourceVocabulary": "CTCAE (4.0)"},
        {**common},
    )
    measure = by_id(document, release, "serious-events")
    (stated,) = made.extensions(measure, "adverse-event")
    assert [one["url"] for one in stated["extension"]] == ["sourceVocabulary", "vocabulary", "assessmentType"]
    assert stated["extension"][1]["valueCoding"] == {"system": "https://www.meddra.org", "version": "21.0"}
    own = [
        [inner["url"] for one in made.extensions(row, "adverse-event") for inner in one["extension"]]
        for row in measure["component" if release is Release.R4 else "category"]
    ]
    everything = ["sourceVocabulary", "vocabulary", "assessmentType"]
    assert own == [[], ["notes"], ["sourceVocabulary"], everything]
    assert back(written(document, release), release) == document


@releases
def test_the_report_finds_what_is_said_once(release: Release) -> None:
    common = {"sourceVocabulary": "MedDRA (21.0)", "assessmentType": "SYSTEMATIC_ASSESSMENT"}
    document = events(
        {"term": "Anaemia", **common, "stats": count(2, 9)},
        {"term": "Nausea", **common, "stats": count(0, 9)},
        {"term": "Cystitis", **common | {"sourceVocabulary": "CTCAE"}, "stats": count(1, 4)},
    )
    traced = [leaf for leaf in trace(changes.trial(document), release) if "seriousEvents" in leaf.path]
    assert [leaf.path for leaf in traced if leaf.how == "lost"] == []
    places = {leaf.path.partition("seriousEvents")[2]: leaf.places[0].path for leaf in traced}
    assert places["[0].sourceVocabulary"] == places["[1].sourceVocabulary"]
    assert places["[0].sourceVocabulary"] != places["[2].sourceVocabulary"]
    if release is Release.R4:
        assert places["[0].stats[0].numAtRisk"] == "Observation.component[0].value"
        assert places["[2].stats[0].numAtRisk"] == "Observation.component[3].value.denominator.value"


@releases
def test_what_an_event_leaves_open_is_not_taken_from_others(release: Release) -> None:
    document = events({"term": "Anaemia", "sourceVocabulary": "MedDRA (21.0)"}, {"term": "Nausea"})
    assert made.extensions(by_id(document, release, "serious-events"), "adverse-event") == []
    assert back(written(document, release), release) == document


def test_in_r4_what_the_spread_is_stands_once_beside_the_spreads() -> None:
    document = measured(value="3.5", spread="1.25", lowerLimit="1", upperLimit="9")
    values = by_id(document, Release.R4, "outcome-1-group-1")
    (dispersion,) = made.extensions(values, "dispersion")
    assert dispersion["valueCodeableConcept"]["coding"][0]["code"] == "C53322"
    (component,) = values["component"]
    assert made.extensions(component, "spread")[0]["valueQuantity"] == {"value": 1.25}
    assert made.extensions(component, "limits")[0]["valueRange"] == {
        "low": {"value": 1},
        "high": {"value": 9},
    }
    assert made.extensions(by_id(document, Release.R4, "outcome-1-group-2"), "dispersion") == []


def test_in_r4_a_denominator_is_an_integer_where_integers_hold_it() -> None:
    counts = [{"groupId": "OG000", "value": value} for value in ("102", "2147483648", "1,234", "007")]
    document = outcome(denoms=[{"units": "Participants", "counts": counts}])
    components = by_id(document, Release.R4, "outcome-1-group-1")["component"]
    assert [one.get("valueInteger") for one in components] == [102, None, None, None]
    assert [one.get("valueQuantity", {}).get("value") for one in components] == [None, 2147483648, 1234, 7]
    assert back(written(document, Release.R4), Release.R4) == document


def test_in_r4_a_composition_holds_the_measures_and_they_their_values() -> None:
    document = measured(value="1")
    report = by_id(document, Release.R4, "report")
    assert report["subject"] == {"reference": "ResearchStudy/NCT00000001"}
    (section,) = report["section"]
    assert section["entry"][0]["reference"] == "Observation/NCT00000001-result-outcome-1"
    measure = by_id(document, Release.R4, "outcome-1")
    assert [one["reference"] for one in measure["hasMember"]] == [
        "Observation/NCT00000001-result-outcome-1-group-1",
        "Observation/NCT00000001-result-outcome-1-group-2",
    ]


def test_in_r4_an_outcome_without_results_yet_is_registered_only() -> None:
    document = outcome(reportingStatus="NOT_POSTED", anticipatedPostingDate="2027-01")
    assert by_id(document, Release.R4, "outcome-1")["status"] == "registered"


# --- groups -----------------------------------------------------------------------------------------------


@releases
def test_the_same_group_of_two_outcomes_is_one_resource(release: Release) -> None:
    document = outcome()
    measures = document["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"]
    measures.append(measures[0] | {"title": "Mobility"})
    groups = [one for one in written(document, release) if one["resourceType"] == "Group"]
    assert [group["name"] for group in groups] == ["Drug", "Placebo"]
    assert groups[0]["identifier"][0]["value"] == "OG000"
    assert back(written(document, release), release) == document


@releases
def test_a_group_that_only_a_value_names_is_no_listed_group(release: Release) -> None:
    document = measured(groupId="OG009", value="1")
    assert back(written(document, release), release) == document
    assert len([one for one in written(document, release) if one["resourceType"] == "Group"]) == 2


# --- bundles that are not ours ----------------------------------------------------------------------------


@releases
def test_results_that_are_not_ours_are_passed_over(release: Release) -> None:
    output = written(measured(value="1"), release)
    elements = [
        element
        for resource in output
        for name in ("statistic", "component", "category")
        for element in resource.get(name, ())
    ]
    for element in elements:
        element["id"] = "something-else"
    found = back(output, release)["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"]
    assert "classes" not in found[0]
    assert found[0]["title"] == "Pain"


@releases
def test_a_missing_report_leaves_the_results_out(release: Release) -> None:
    output = [one for one in written(measured(value="1"), release) if not one["id"].endswith("-report")]
    assert "resultsSection" not in back(output, release)


@releases
def test_a_bundle_with_results_is_taken_for_its_own_release(release: Release) -> None:
    document = measured(value="1")
    converted = fhir_trial.convert(fhir_trial.convert(json.dumps(document), to=release), to="ctgov")
    assert converted == document
