"""Pull follows what a study refers to, and nothing else."""

from collections.abc import Iterator

import httpx
import pytest

from fhir_trial.client import Client
from fhir_trial.release import Release
from fhir_trial.transfer.canonical import canonical, canonicals, references
from fhir_trial.transfer.pull import Pulled, pull, search
from tests.client.scripted import BASE, Json
from tests.transfer.fake import FakeServer, graph, key

OURS = "https://w3id.org/fhir-trial"
PLAN: Json = {
    "resourceType": "PlanDefinition",
    "id": "NCT1-protocol",
    "action": [
        {
            "action": [
                {"definitionCanonical": f"{OURS}/ActivityDefinition/NCT1-intervention-1|1.0"},
                {"definitionCanonical": "http://example.org/activity/7"},
            ]
        }
    ],
}
STUDY: Json = {
    "resourceType": "ResearchStudy",
    "id": "NCT1",
    "protocol": [{"reference": "PlanDefinition/NCT1-protocol"}],
    "enrollment": [{"reference": "Group/NCT1-eligibility"}],
    "partOf": [{"reference": "ResearchStudy/NCT2"}],
    "extension": [{"valueReference": {"reference": "Organization/org-1"}}],
    "contained": [{"resourceType": "Basic", "subject": {"reference": "#x"}}],
}
GRAPH: list[Json] = [
    STUDY,
    PLAN,
    {
        "resourceType": "Group",
        "id": "NCT1-eligibility",
        "characteristic": [{"valueReference": {"reference": "Group/NCT1-eligibility-1"}}],
    },
    {"resourceType": "Group", "id": "NCT1-eligibility-1"},
    {"resourceType": "ActivityDefinition", "id": "NCT1-intervention-1"},
    {"resourceType": "ActivityDefinition", "id": "foreign", "url": "http://example.org/activity/7"},
    {"resourceType": "Organization", "id": "org-1"},
]
OTHER: Json = {
    "resourceType": "ResearchStudy",
    "id": "NCT2",
    "site": [{"reference": "Location/gone"}],
    "identifier": [{"system": "https://eudract.ema.europa.eu", "value": "2020-1"}],
}


@pytest.fixture
def server() -> FakeServer:
    return FakeServer(resources={key(each): each for each in [*GRAPH, OTHER]})


@pytest.fixture
def client(server: FakeServer) -> Iterator[Client]:
    with Client(BASE, transport=httpx.MockTransport(server)) as made:
        yield made


def test_a_study_comes_with_all_it_refers_to_and_no_other_study(client: Client) -> None:
    (pulled,) = pull(client, ["NCT1"], Release.R4)
    assert sorted(map(key, pulled.resources)) == sorted(map(key, GRAPH))
    assert [each["resourceType"] for each in pulled.resources][:3] == [
        "ResearchStudy",
        "PlanDefinition",
        "Group",
    ]
    assert pulled.missing == []


def test_what_the_server_wrote_is_taken_off(client: Client) -> None:
    (pulled,) = pull(client, ["NCT1"], Release.R4)
    assert pulled.resources[0] == STUDY


def test_a_study_that_is_not_there_is_said_so_in_its_place(client: Client) -> None:
    pulled = list(pull(client, ["NCT1", "NCT9", "NCT2", "NCT1"], Release.R4))
    assert [(each.id, each.failed) for each in pulled] == [("NCT1", False), ("NCT9", True), ("NCT2", False)]


def test_a_study_is_found_by_a_registry_number(client: Client) -> None:
    (pulled,) = pull(client, ["2020-1"], Release.R4)
    assert (pulled.id, pulled.resources[0]["id"]) == ("2020-1", "NCT2")


def test_what_is_referred_to_and_not_there_is_named(client: Client) -> None:
    (pulled,) = pull(client, ["NCT2"], Release.R4)
    assert pulled.missing == ["Location/gone"]


def test_a_search_gives_studies_with_all_they_refer_to(client: Client) -> None:
    pulled = list(search(client, {"status": "active"}, Release.R4))
    assert [each.id for each in pulled] == ["NCT1", "NCT2"]
    assert len(pulled[0].resources) == len(GRAPH)


def test_many_studies_need_few_requests(server: FakeServer, client: Client) -> None:
    graphs = [graph(number) for number in range(1, 25)]
    server.resources = {key(each): each for one in graphs for each in one.resources}
    assert len(list(pull(client, [one.id for one in graphs], Release.R4))) == 24
    assert sum(server.asked.values()) <= 9


@pytest.mark.parametrize(("name", "base"), [("NCT00000001", OURS), ("study-7", "http://x/fhir")])
def test_our_studies_have_our_full_urls_and_others_the_servers(name: str, base: str) -> None:
    pulled = Pulled(id=name, resources=[{"resourceType": "ResearchStudy", "id": name}])
    assert pulled.bundle("http://x/fhir/")["entry"][0]["fullUrl"] == f"{base}/ResearchStudy/{name}"


# --- the form that is compared ---------------------------------------------------------------------------


def test_the_servers_meta_and_the_order_of_keys_do_not_count() -> None:
    one = {"resourceType": "Basic", "id": "1", "meta": {"versionId": "7"}, "code": {"text": "a", "id": "b"}}
    other = {"id": "1", "code": {"id": "b", "text": "a"}, "resourceType": "Basic"}
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize("changed", [{"id": "2"}, {"code": {"text": "b"}}, {"text": {"div": "<div/>"}}])
def test_everything_else_counts(changed: Json) -> None:
    one = {"resourceType": "Basic", "id": "1", "code": {"text": "a"}}
    assert canonical(one) != canonical(one | changed)


def study_of_size(size: object) -> Json:
    artifacts: list[Json] = [{"type": "x"}, {"document": {"title": "a"}}, {"document": {"size": size}}]
    return {"resourceType": "ResearchStudy", "id": "NCT1", "relatedArtifact": artifacts}


def test_a_size_as_a_number_is_the_same_size() -> None:
    assert canonical(study_of_size(7)) == canonical(study_of_size("7")) != canonical(study_of_size("8"))


@pytest.mark.parametrize(("release", "size"), [(Release.R4, 7), (Release.R5, "7")])
def test_a_size_is_pulled_as_its_release_writes_it(
    release: Release, size: object, server: FakeServer, client: Client
) -> None:
    server.resources = {"ResearchStudy/NCT1": study_of_size(7)}
    (pulled,) = pull(client, ["NCT1"], release)
    assert pulled.resources[0] == study_of_size(size)


def test_references_are_found_wherever_they_stand() -> None:
    absolute = {"a": [{"reference": "https://x.org/fhir/Group/2/_history/3"}, {"reference": "#here"}]}
    assert references({**absolute, "b": {"reference": "urn"}}) == ["Group/2"]
    assert canonicals(PLAN)[1] == "http://example.org/activity/7"
