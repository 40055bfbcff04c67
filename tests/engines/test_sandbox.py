"""The sandbox is a real HAPI server of the release asked for."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from fhir_trial.engines import EngineUnavailableError
from fhir_trial.engines.definitions import definition_files
from fhir_trial.engines.sandbox import Sandbox
from fhir_trial.release import Release

pytestmark = pytest.mark.server

Json = dict[str, Any]


def transaction() -> Json:
    study = {"resourceType": "ResearchStudy", "id": "NCT1", "status": "active"}
    part = {"resourceType": "ResearchStudy", "id": "NCT2", "status": "active"}
    part["partOf"] = [{"reference": "ResearchStudy/NCT1"}]  # type: ignore[assignment]
    entries = [
        {"resource": each, "request": {"method": "PUT", "url": f"ResearchStudy/{each['id']}"}}
        for each in (part, study)
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def post(base_url: str, bundle: Json) -> list[str]:
    """The statuses of the response's entries."""
    response = httpx.post(base_url, json=bundle, timeout=60).raise_for_status()
    return [entry["response"]["status"] for entry in response.json()["entry"]]


def versions(base_url: str) -> list[str]:
    history = httpx.get(f"{base_url}/ResearchStudy/NCT2/_history", timeout=60).json()
    return [entry["resource"]["meta"]["versionId"] for entry in history["entry"]]


def assert_takes_a_transaction_once(base_url: str) -> None:
    assert post(base_url, transaction()) == ["201 Created", "201 Created"]
    assert post(base_url, transaction()) == ["200 OK", "200 OK"]
    assert versions(base_url) == ["1"]


def test_r4_takes_a_transaction_and_the_same_again_makes_no_version(empty_hapi_r4: str) -> None:
    assert_takes_a_transaction_once(empty_hapi_r4)


def test_r5_takes_a_transaction_and_the_same_again_makes_no_version(empty_hapi_r5: str) -> None:
    assert_takes_a_transaction_once(empty_hapi_r5)


def test_each_server_speaks_its_release(hapi_r4: str, hapi_r4b: str, hapi_r5: str) -> None:
    answers = [httpx.get(f"{url}/metadata", timeout=60).json() for url in (hapi_r4, hapi_r4b, hapi_r5)]
    assert [answer["fhirVersion"] for answer in answers] == [release.fhir_version for release in Release]


def test_emptying_leaves_nothing(empty_hapi_r4: str) -> None:
    found = httpx.get(f"{empty_hapi_r4}/ResearchStudy/NCT1", timeout=60)
    assert found.status_code == 404


def test_a_taken_port_is_an_error_with_the_reason(hapi_r4: str) -> None:
    port = httpx.URL(hapi_r4).port
    assert port is not None
    with (
        pytest.raises(EngineUnavailableError, match="Address already in use"),
        Sandbox(Release.R4, port=port),
    ):
        pass


def test_validate_knows_our_definitions_after_they_are_uploaded(empty_hapi_r4: str) -> None:
    url = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ResearchStudy.name"
    study = {"resourceType": "ResearchStudy", "status": "active"}
    study["extension"] = [{"url": url, "valueString": "Aster"}]  # type: ignore[assignment]
    with httpx.Client(base_url=empty_hapi_r4, timeout=120) as client:
        for file in definition_files(Release.R4):
            kind, _, identity = file.stem.partition("-")
            body, header = file.read_bytes(), {"Content-Type": "application/fhir+json"}
            client.put(f"{kind}/{identity}", content=body, headers=header).raise_for_status()
        outcome = client.post("ResearchStudy/$validate", json=study).json()
    assert [issue for issue in outcome["issue"] if issue["severity"] == "error"] == []


def test_a_database_file_outlives_its_server(tmp_path: Path) -> None:
    with Sandbox(Release.R4, database=tmp_path / "trials") as server:
        post(server.base_url, transaction())
    with Sandbox(Release.R4, database=tmp_path / "trials") as server:
        assert versions(server.base_url) == ["1"]
