"""Other validators' answers come as our own outcomes, in the order of the records."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fhir_trial import oracle
from fhir_trial.client import Client
from fhir_trial.errors import ServerError
from fhir_trial.pipeline import Outcome
from tests.client.scripted import BASE, Json, fhir, outcome
from tests.records import dumps, record


def server(request: httpx.Request) -> httpx.Response:
    """Calls every Group bad."""
    if "/Group/" not in request.url.path:
        return fhir(outcome("all well", severity="information", code="informational"))
    details = {"coding": [{"code": "Type_Specific_Checks"}], "text": "not the words"}
    return fhir(outcome("a bad group", expression=["Group.type"], details=details), 422)


def validated(path: Path) -> list[Outcome]:
    with Client(BASE, transport=httpx.MockTransport(server)) as client:
        return list(oracle.validated_by_server([path], client))


def test_outcomes_come_in_order_with_what_is_no_fhir_in_its_place(tmp_path: Path) -> None:
    contents: list[Any] = [
        {"resourceType": "Basic", "id": "1"},
        {"a": 1},
        {"resourceType": 7},
        record(1),
        {"resourceType": "Group", "id": "2"},
        {"resourceType": "Basic", "id": "3"},
        [],
    ]
    for number, content in enumerate(contents):
        (tmp_path / f"{number}.json").write_bytes(dumps(content))
    (tmp_path / "7.json").write_text('{"resourceType": "Basic",')
    found = validated(tmp_path)
    names = [Path(each.place).name for each in found]
    assert names == sorted(names)
    assert [each.failed for each in found] == [False, True, True, True, True, False, True][: len(found)]
    (issue,) = next(each for each in found if "4.json" in each.place).issues
    assert (issue.severity, issue.expression, issue.message) == ("error", "Group.type", "a bad group")
    assert issue.rule == "Type_Specific_Checks"


def test_an_answer_without_a_place_or_a_known_severity_is_an_error_somewhere(tmp_path: Path) -> None:
    (tmp_path / "1.json").write_bytes(dumps({"resourceType": "Basic"}))

    def check(resources: Iterable[Json]) -> Iterator[Json]:
        return ({"issue": [{"severity": "grave", "code": "x"}]} for _ in resources)

    (found,) = oracle._validated([tmp_path], check)
    (issue,) = found.issues
    assert (issue.severity, issue.expression, issue.rule) == ("error", "Resource", "oracle")


def test_a_server_that_refuses_to_validate_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "1.json").write_bytes(dumps({"resourceType": "Basic"}))
    transport = httpx.MockTransport(lambda _: fhir(outcome("no"), 403))
    with Client(BASE, transport=transport) as client, pytest.raises(ServerError):
        list(oracle.validated_by_server([tmp_path], client))
