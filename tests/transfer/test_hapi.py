"""Push and pull against a real HAPI server: nothing is lost, doubled or changed by itself."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from fhir_trial import pipeline
from fhir_trial.bundle import bundle
from fhir_trial.client import Client
from fhir_trial.client.statistics import Statistics
from fhir_trial.engines.definitions import definition_files
from fhir_trial.errors import ServerError
from fhir_trial.release import Release
from fhir_trial.transfer import upload
from fhir_trial.transfer.canonical import canonical_bundle, key
from fhir_trial.transfer.pace import Pace
from fhir_trial.transfer.pull import pull, search
from fhir_trial.transfer.push import Graph, Pushed, Pusher
from fhir_trial.transfer.unload import record as record_of
from tests.complete_records import Maker
from tests.records import CORPUS, ROOT, SEED, dumps, record

pytestmark = pytest.mark.server

Json = dict[str, Any]
SAMPLE = 12
"""Real records in the test, where there are some; benchmarks/push.py --equality goes through all."""


@pytest.fixture(params=[Release.R4, Release.R5])
def place(request: pytest.FixtureRequest) -> tuple[Release, str]:
    """A release, and the address of an empty server that speaks it."""
    release: Release = request.param
    return release, request.getfixturevalue(f"empty_hapi_{release.lower()}")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The seed, records with every field, and some real ones where there are some."""
    made = tmp_path_factory.mktemp("made") / "records.ndjson"
    complete = [made_up(seed) for seed in range(3)]
    small = [made_up(seed, sizes=(1,)) for seed in range(3, 8)]
    made.write_bytes(dumps(*complete, *small))
    real = sorted((CORPUS / "ctgov_v2").glob("*.json"))
    return [SEED, made, *real[:: max(len(real) // SAMPLE, 1)]]


def made_up(seed: int, **options: Any) -> Json:
    """A record with texts in every field; the addresses of references must be some."""
    made = Maker(seed, **options).record()
    for module in ("referencesModule", "ipdSharingStatementModule"):
        made["protocolSection"].pop(module, None)
    return made


def graphs(sources: Sequence[Path], release: Release) -> list[Graph]:
    options = pipeline.Options(release=release, bundle="transaction")
    outcomes = list(pipeline.convert_all(sources, options))
    assert not [outcome for outcome in outcomes if outcome.failed]
    return [Graph.of_outcome(outcome) for outcome in outcomes]


def pushed(
    base_url: str, found: Sequence[Graph], *, workers: int = 2
) -> tuple[list[Pushed], Counter[str], Statistics]:
    statistics, pace = Statistics(), Pace(workers)
    with Client(base_url, observer=statistics) as client:
        results = list(Pusher(client, pace=pace, workers=workers).push(found))
    return results, sum((each.counts for each in results), Counter()), statistics


def versions(base_url: str, keys: Sequence[str]) -> Counter[str]:
    """How often each version occurs in the histories."""
    found: Counter[str] = Counter()
    with Client(base_url) as client:
        for name in keys:
            found.update(entry["resource"]["meta"]["versionId"] for entry in client.history(*name.split("/")))
    return found


def every_key(found: Sequence[Graph]) -> list[str]:
    return sorted({name for graph in found for name in graph.keys})


def stored(base_url: str, resource_type: str) -> list[str]:
    """Ids of a type, so that one that is there twice under another id is seen."""
    with Client(base_url) as client:
        return sorted(each["id"] for each in client.search(resource_type, {"_count": "50"}))


def expected(found: Sequence[Graph], resource_type: str) -> list[str]:
    return sorted(name.partition("/")[2] for name in every_key(found) if name.startswith(f"{resource_type}/"))


def test_what_is_pulled_equals_what_was_pushed(place: tuple[Release, str], sources: list[Path]) -> None:
    release, base_url = place
    found = graphs(sources, release)
    results, counts, _ = pushed(base_url, found)
    assert not [each for each in results if each.failed]
    assert counts["created"] == len(every_key(found))
    with Client(base_url) as client:
        pulled = list(pull(client, [graph.id for graph in found], release))
        assert [each.id for each in search(client, {"_count": "3"}, release)] != []
    for graph, back in zip(found, pulled, strict=True):
        assert back.missing == []
        assert canonical_bundle(back.resources) == canonical_bundle(graph.resources)
        assert record_of(back.bundle(base_url), release) == record_of(bundle(graph.resources), release)


def test_a_second_push_makes_no_version_and_sends_next_to_nothing(
    place: tuple[Release, str], sources: list[Path]
) -> None:
    release, base_url = place
    found = graphs(sources, release)
    _, _, first = pushed(base_url, found)
    _, counts, second = pushed(base_url, found)
    assert counts == {"unchanged": sum(len(graph.resources) for graph in found)}
    keys = every_key(found)
    assert versions(base_url, keys[::7]) == {"1": len(keys[::7])}
    assert second.bytes_out < first.bytes_out / 5


def test_only_what_changed_becomes_a_new_version(empty_hapi_r4: str, tmp_path: Path) -> None:
    source = tmp_path / "records.ndjson"
    source.write_bytes(dumps(record(1), record(2)))
    pushed(empty_hapi_r4, graphs([source], Release.R4))
    source.write_bytes(dumps(record(1), record(2, conditionsModule={"conditions": ["Gout"]})))
    found = graphs([source], Release.R4)
    _, counts, _ = pushed(empty_hapi_r4, found)
    assert counts["updated"] >= 1
    assert versions(empty_hapi_r4, ["ResearchStudy/NCT00000001"]) == {"1": 1}
    assert versions(empty_hapi_r4, ["ResearchStudy/NCT00000002"]) == {"1": 1, "2": 1}


def test_pushes_of_the_same_trials_at_once_lose_nothing_and_double_nothing(
    empty_hapi_r4: str, sources: list[Path]
) -> None:
    found = graphs(sources, Release.R4)
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: pushed(empty_hapi_r4, found, workers=1)[0], range(8)))
    assert not [each for run in runs for each in run if each.failed]
    for resource_type in ("ResearchStudy", "Group", "PlanDefinition", "Location", "Organization"):
        assert stored(empty_hapi_r4, resource_type) == expected(found, resource_type)
    keys = every_key(found)
    assert versions(empty_hapi_r4, keys[::7]) == {"1": len(keys[::7])}


def test_a_push_that_was_killed_is_finished_by_the_next(empty_hapi_r4: str, tmp_path: Path) -> None:
    source = tmp_path / "records.ndjson"
    source.write_bytes(dumps(*(made_up(seed) for seed in range(100, 130))))
    command = [sys.executable, "-m", "fhir_trial", "push", str(source), "--server", empty_hapi_r4]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as first:
        _wait_for_a_study(empty_hapi_r4)
        os.kill(first.pid, signal.SIGKILL)
    found = graphs([source], Release.R4)
    there = len(stored(empty_hapi_r4, "ResearchStudy"))
    assert 0 < there < len(found)
    assert subprocess.run(command, cwd=ROOT, stderr=subprocess.DEVNULL, check=False).returncode == 0
    for resource_type in ("ResearchStudy", "Group", "PlanDefinition", "Location", "Organization"):
        assert stored(empty_hapi_r4, resource_type) == expected(found, resource_type)
    keys = every_key(found)
    assert versions(empty_hapi_r4, keys[::20]) == {"1": len(keys[::20])}
    with Client(empty_hapi_r4) as client:
        for graph, back in zip(found, pull(client, [graph.id for graph in found], Release.R4), strict=True):
            assert canonical_bundle(back.resources) == canonical_bundle(graph.resources)


def _wait_for_a_study(base_url: str) -> None:
    for _ in range(300):
        answer = httpx.get(
            f"{base_url}/ResearchStudy?_summary=count", headers={"Cache-Control": "no-cache"}, timeout=30
        )
        if answer.json()["total"]:
            return
        time.sleep(0.05)
    pytest.fail("nothing was pushed")


# --- refusals --------------------------------------------------------------------------------------------


def damaged(graph: Graph, resource_type: str, **members: Any) -> Graph:
    """A graph with something in it that HAPI refuses, which our own validation would not let through."""
    number = next(n for n, each in enumerate(graph.resources) if each["resourceType"] == resource_type)
    resources = list(graph.resources)
    resources[number] = {**resources[number], **members}
    return Graph(id=graph.id, place=graph.place, resources=resources, shared=graph.shared)


@pytest.mark.parametrize(
    ("resource_type", "members"),
    [
        ("Group", {"type": "nonsense"}),
        ("ResearchStudy", {"status": "recruiting"}),
        ("ResearchStudy", {"protocol": [{"reference": "PlanDefinition/none"}]}),
        ("PlanDefinition", {"library": ["Library/none"], "date": "2021-02-30"}),
        ("Organization", {"partOf": {"reference": "Organization/none"}}),
        ("Location", {"status": "nonsense"}),
        ("ActivityDefinition", {"text": {"status": "generated", "div": "<div><p></div>"}}),
    ],
)
def test_what_hapi_refuses_is_narrowed_to_its_entry(
    empty_hapi_r4: str, resource_type: str, members: Json, tmp_path: Path
) -> None:
    source = tmp_path / "records.ndjson"
    source.write_bytes(dumps(record(1), record(2)))
    good = graphs([source], Release.R4)
    (seed,) = graphs([SEED], Release.R4)
    bad = damaged(seed, resource_type, **members)
    results, _, _ = pushed(empty_hapi_r4, [good[0], bad, good[1]])
    by_id = {each.graph.id: each for each in results}
    assert [each.failed for each in (by_id["NCT00000001"], by_id["NCT00000002"])] == [False, False]
    (refusal,) = by_id[bad.id].refusals
    assert refusal.key.startswith(f"{resource_type}/")
    assert refusal.index == bad.keys.index(refusal.key)
    assert refusal.outcome is not None
    assert stored(empty_hapi_r4, "ResearchStudy") == ["NCT00000001", "NCT00000002"]


# --- definitions, release --------------------------------------------------------------------------------


def test_definitions_are_sent_once(place: tuple[Release, str]) -> None:
    release, base_url = place
    counts = []
    with Client(base_url) as client:
        for _ in range(2):
            pusher = Pusher(client, pace=Pace(1), workers=1)
            counts.append(dict(upload.upload_definitions(pusher, release).counts))
        assert client.read("CodeSystem", "ctgov-status")["resourceType"] == "CodeSystem"
    number = len(definition_files(release))
    assert counts == [{"created": number}, {"unchanged": number}]


def test_another_release_is_an_error_before_anything_is_sent(hapi_r5: str) -> None:
    statistics = Statistics()
    with (
        Client(hapi_r5, observer=statistics) as client,
        pytest.raises(ServerError, match=r"the server speaks FHIR 5\.0\.0 \(R5\), not R4"),
    ):
        upload.release_of(client, Release.R4)
    assert (statistics.requests, statistics.bytes_out) == (1, 0)


def test_the_servers_release_is_taken_if_none_is_wanted(hapi_r5: str) -> None:
    with Client(hapi_r5) as client:
        assert upload.release_of(client, None) is Release.R5


# --- the client on its own -------------------------------------------------------------------------------


@pytest.fixture
def client(empty_hapi_r4: str) -> Iterator[Client]:
    with Client(empty_hapi_r4) as made:
        yield made


def study(number: int, **members: Any) -> Json:
    identifier = [{"system": "https://example.org/id", "value": str(number)}]
    return {
        "resourceType": "ResearchStudy",
        "id": f"s-{number}",
        "status": "active",
        "identifier": identifier,
    } | members


def test_a_stale_if_match_is_a_conflict(client: Client) -> None:
    assert client.update(study(1)).version == "1"
    assert client.update(study(1, title="new"), if_match="1").version == "2"
    with pytest.raises(ServerError) as caught:
        client.update(study(1, title="stale"), if_match="1")
    assert caught.value.status in (409, 412)


def test_a_conditional_create_creates_once(client: Client) -> None:
    query = "identifier=https://example.org/id|1"
    first, second = (client.create(study(1), if_none_exist=query) for _ in range(2))
    assert (first.status, second.status) == (201, 200)
    assert first.location == second.location


def test_a_conditional_update_finds_what_is_there(client: Client) -> None:
    query = {"identifier": "https://example.org/id|1"}
    without_id = {name: value for name, value in study(1).items() if name != "id"}
    first = client.conditional_update(without_id, query)
    second = client.conditional_update({**without_id, "title": "new"}, query)
    assert first.location == second.location
    assert (first.version, second.version) == ("1", "2")


def test_a_batch_does_what_it_can(client: Client) -> None:
    dangling = study(2, partOf=[{"reference": "ResearchStudy/none"}])
    entries = [
        {"resource": each, "request": {"method": "PUT", "url": key(each)}} for each in (study(1), dangling)
    ]
    good, bad = client.batch({"resourceType": "Bundle", "type": "batch", "entry": entries})
    assert (good.status, bad.status) == (201, 400)


def test_a_search_goes_through_all_pages(client: Client) -> None:
    entries = [
        {"resource": study(n), "request": {"method": "PUT", "url": f"ResearchStudy/s-{n}"}} for n in range(25)
    ]
    client.transaction({"resourceType": "Bundle", "type": "transaction", "entry": entries})
    found = [each["id"] for each in client.search("ResearchStudy", {"status": "active"}, count=7)]
    assert sorted(found) == sorted(f"s-{n}" for n in range(25))


def test_many_by_id_beyond_one_page_and_one_address(client: Client) -> None:
    entries = [
        {"resource": study(n), "request": {"method": "PUT", "url": f"ResearchStudy/s-{n}"}}
        for n in range(130)
    ]
    client.transaction({"resourceType": "Bundle", "type": "transaction", "entry": entries})
    keys = [f"ResearchStudy/s-{n}" for n in range(140)]
    assert list(client.read_many(keys)) == keys[:130]


def test_findings_of_validate_come_as_an_outcome(client: Client) -> None:
    for bad in (study(1, status="nonsense"), study(1, nonsense=1)):
        outcome = client.validate(bad)
        assert [each for each in outcome["issue"] if each["severity"] == "error"]
