"""What the client sends, and what it makes of the answers."""

import httpx
import orjson
import pytest

from fhir_trial.client import Capability, EntryAnswer
from fhir_trial.errors import ServerError
from fhir_trial.release import Release
from tests.client.scripted import Json, done, fhir, outcome, puts, scripted, study


def test_a_transaction_goes_to_the_base_and_is_answered_in_order() -> None:
    client, script = scripted(fhir(done(study(1), study(2))))
    answers = client.transaction(puts(study(1), study(2)))
    assert [each.location for each in answers] == ["ResearchStudy/NCT00000001", "ResearchStudy/NCT00000002"]
    assert all(each.good and each.version == "1" for each in answers)
    (request,) = script.requests
    assert (request.method, str(request.url)) == ("POST", "https://fhir.example.org/r4")
    assert request.headers["Content-Type"] == "application/fhir+json"
    assert request.headers["X-Retry-On-Version-Conflict"] == "retry; max-retries=10"


def test_an_if_match_inside_a_bundle_is_not_retried_by_the_server() -> None:
    bundle = puts(study(1))
    bundle["entry"][0]["request"]["ifMatch"] = 'W/"1"'
    client, script = scripted(fhir(done(study(1))))
    client.transaction(bundle)
    assert "X-Retry-On-Version-Conflict" not in script.requests[0].headers


def test_a_batch_may_fail_in_parts() -> None:
    response = done(study(1))
    response["entry"].append({"response": {"status": "400 Bad Request", "outcome": outcome("bad")}})
    client, _ = scripted(fhir(response))
    good, bad = client.batch(puts(study(1), study(2)) | {"type": "batch"})
    assert good.good
    assert (bad.status, bad.outcome) == (400, outcome("bad"))


def test_an_update_is_a_put_under_the_resources_id() -> None:
    client, script = scripted(fhir(study(1), ETag='W/"3"', Content_Location="x/ResearchStudy/NCT00000001"))
    answer = client.update(study(1))
    assert (answer.status, answer.version, answer.location) == (200, "3", "ResearchStudy/NCT00000001")
    (request,) = script.requests
    assert (request.method, request.url.path) == ("PUT", "/r4/ResearchStudy/NCT00000001")
    assert orjson.loads(request.content) == study(1)


def test_a_conditional_create_says_when() -> None:
    client, script = scripted(httpx.Response(201, headers={"Location": "Organization/7/_history/1"}))
    answer = client.create({"resourceType": "Organization"}, if_none_exist="identifier=a|b")
    assert answer == EntryAnswer(status=201, location="Organization/7")
    assert script.requests[0].headers["If-None-Exist"] == "identifier=a|b"


def test_a_conditional_update_goes_to_a_search() -> None:
    client, script = scripted(fhir(study(1)))
    client.conditional_update(study(1), {"identifier": "https://example.org/id|a b"})
    assert script.requests[0].url.query == b"identifier=https://example.org/id|a%20b".replace(b"%20", b"+")


def test_an_update_that_is_refused_is_an_error() -> None:
    client, _ = scripted(fhir(outcome("no"), 422))
    with pytest.raises(ServerError, match=r"PUT ResearchStudy/NCT00000001: 422 .*: no"):
        client.update(study(1))


@pytest.mark.parametrize("status", [200, 400, 422])
def test_findings_of_validate_are_no_error(status: int) -> None:
    client, script = scripted(fhir(outcome("bad status"), status))
    assert client.validate(study(1)) == outcome("bad status")
    assert script.requests[0].url.path == "/r4/ResearchStudy/$validate"


def test_a_server_that_does_not_let_us_validate_is_an_error() -> None:
    client, _ = scripted(fhir(outcome("who?"), 403))
    with pytest.raises(ServerError):
        client.validate(study(1))


def test_a_status_that_is_none_is_shown_as_it_is() -> None:
    client, _ = scripted(httpx.Response(499, text=""))
    with pytest.raises(ServerError, match=r"^GET ResearchStudy/1: 499$"):
        client.read("ResearchStudy", "1")


def test_the_repr_names_the_server_only() -> None:
    client, _ = scripted()
    assert repr(client) == "Client('https://fhir.example.org/r4')"


# --- capability ------------------------------------------------------------------------------------------


def statement(version: str = "4.0.1", **members: object) -> Json:
    return {"resourceType": "CapabilityStatement", "fhirVersion": version, **members}


def rest(**members: object) -> list[Json]:
    return [{"mode": "server", **members}]


@pytest.mark.parametrize(
    ("version", "release"),
    [
        ("4.0.1", Release.R4),
        ("4.0.0", Release.R4),
        ("4.3.0", Release.R4B),
        ("4.3.0-snapshot1", Release.R4B),
        ("5.0.0", Release.R5),
        ("3.0.2", None),
        ("6.0.0-ballot2", None),
    ],
)
def test_the_release_is_the_servers_own_word(version: str, release: Release | None) -> None:
    client, _ = scripted(fhir(statement(version)))
    assert client.capability().release is release


def test_only_a_part_of_the_statement_is_asked_for() -> None:
    client, script = scripted(fhir(statement(software={"name": "HAPI", "version": "8.8.0"})))
    assert client.capability().software == "HAPI 8.8.0"
    assert "_elements" in script.requests[0].url.params


def test_a_server_that_wants_no_parameters_gets_none() -> None:
    client, script = scripted(fhir(outcome("unknown parameter"), 400), fhir(statement()))
    assert client.capability().release is Release.R4
    assert "_elements" not in script.requests[1].url.params


def test_another_release_is_refused() -> None:
    capability = Capability.of(statement("5.0.0"))
    capability.require_release(Release.R5)
    with pytest.raises(ServerError, match=r"the server speaks FHIR 5.0.0 \(R5\), not R4"):
        capability.require_release(Release.R4)


def test_a_release_that_nobody_supports_is_refused() -> None:
    with pytest.raises(ServerError, match="a release that is not supported"):
        Capability.of(statement("3.0.2")).require_release(Release.R4)


TYPES = frozenset({"Group", "ResearchStudy"})


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"interaction": [{"code": "batch"}]}, "takes no transactions"),
        ({"resource": [{"type": "Group"}]}, "has no ResearchStudy"),
        (
            {"resource": [{"type": "Group"}, {"type": "ResearchStudy", "updateCreate": False}]},
            "does not create ResearchStudy under ids of ours",
        ),
    ],
)
def test_what_the_server_says_it_cannot_do_is_refused(members: Json, reason: str) -> None:
    with pytest.raises(ServerError, match=reason):
        Capability.of(statement(rest=rest(**members))).require_transactions(TYPES)


@pytest.mark.parametrize("members", [{}, {"rest": []}, {"rest": rest()}, {"rest": "?"}])
def test_what_the_server_does_not_say_is_no_refusal(members: Json) -> None:
    Capability.of(statement(**members)).require_transactions(TYPES)


@pytest.mark.parametrize("document", [{}, {"resourceType": "Basic"}, {"resourceType": "CapabilityStatement"}])
def test_what_is_no_fhir_server_is_refused(document: Json) -> None:
    with pytest.raises(ServerError, match="this is no FHIR server"):
        Capability.of(document)
