"""PlanDefinition and ActivityDefinition: arms, interventions and the links between them."""

from typing import Any

import pytest

from fhir_trial.mapping import read_resources, resources
from fhir_trial.release import Release
from fhir_trial.sources import ctgov_v2
from tests.mapping.made import back, of_type, trial

MODULE: dict[str, Any] = {
    "armGroups": [
        {"label": "A", "type": "EXPERIMENTAL", "interventionNames": ["Drug: aspirin", "Device: pump"]},
        {"label": "B", "type": "ACTIVE_COMPARATOR", "interventionNames": ["Drug: aspirin"]},
        {"label": "C", "type": "NO_INTERVENTION"},
    ],
    "interventions": [
        {"type": "DRUG", "name": "aspirin", "armGroupLabels": ["A", "B"], "otherNames": ["ASS"]},
        {"type": "DEVICE", "name": "pump", "armGroupLabels": ["A"]},
        {"type": "GENETIC", "name": "vector"},
    ],
}
ASPIRIN = "https://w3id.org/fhir-trial/ActivityDefinition/NCT00000001-intervention-1"


def test_there_is_an_action_per_arm_and_in_it_one_per_intervention() -> None:
    (plan,) = of_type(trial(armsInterventionsModule=MODULE), "PlanDefinition")
    first, second, third, loose = plan["action"]
    assert [inner["title"] for inner in first["action"]] == ["Drug: aspirin", "Device: pump"]
    assert first["action"][0]["definitionCanonical"] == second["action"][0]["definitionCanonical"] == ASPIRIN
    assert third == {"id": "arm-3", "title": "C"}
    assert [inner["title"] for inner in loose["action"]] == ["vector"]


@pytest.mark.parametrize("release", Release)
def test_links_come_back_exactly_as_the_record_has_them(release: Release) -> None:
    assert (
        back(trial(armsInterventionsModule=MODULE), release)["protocolSection"]["armsInterventionsModule"]
        == MODULE
    )


@pytest.mark.parametrize("release", Release)
def test_contradictory_links_are_kept_and_not_mended(release: Release) -> None:
    module = {
        "armGroups": [{"label": "A", "interventionNames": ["Drug: not listed"]}, {"label": "B"}],
        "interventions": [{"type": "DRUG", "name": "aspirin", "armGroupLabels": ["B", "no such arm"]}],
    }
    assert (
        back(trial(armsInterventionsModule=module), release)["protocolSection"]["armsInterventionsModule"]
        == module
    )


def test_interventions_keep_their_order_when_a_server_gives_them_back_shuffled() -> None:
    interventions = [{"type": "DRUG", "name": f"drug {number}"} for number in range(12)]
    written = resources(trial(armsInterventionsModule={"interventions": interventions}), Release.R4)
    document = ctgov_v2.encode(read_resources(sorted(written, key=lambda r: r["id"]), Release.R4))
    assert document["protocolSection"]["armsInterventionsModule"]["interventions"] == interventions


def test_the_kind_of_request_follows_the_type_and_is_left_open_where_none_is_meant() -> None:
    kinds = [
        found.get("kind") for found in of_type(trial(armsInterventionsModule=MODULE), "ActivityDefinition")
    ]
    assert kinds == ["MedicationRequest", "DeviceRequest", None]


def test_an_arm_without_a_name_has_none_made_up() -> None:
    stated = trial(armsInterventionsModule={"armGroups": [{"type": "EXPERIMENTAL"}]})
    (written,) = of_type(stated, "ResearchStudy")
    assert "name" not in written["arm"][0]
    assert written["arm"][0]["_name"]["extension"][0]["valueCode"] == "unknown"
