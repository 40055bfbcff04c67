"""Searches come whole: page after page, over expired links, and never for ever."""

import itertools

import httpx
import pytest

from fhir_trial.errors import ServerError
from tests.client.scripted import Json, Scripted, client_for, fhir, outcome, scripted, searchset, study

ACTIVE = {"status": "active"}
GONE = fhir(outcome("HAPI-0417: search expired"), 410)


def numbers(resources: list[Json]) -> list[int]:
    return [int(each["id"][3:]) for each in resources]


def test_links_are_followed_as_given() -> None:
    link = "https://fhir.example.org/r4?_getpages=ab-c&_getpagesoffset=2&x=%7C"
    client, script = scripted(fhir(searchset([study(1)], link)), fhir(searchset([study(2)])))
    assert numbers(list(client.search("ResearchStudy", ACTIVE))) == [1, 2]
    assert str(script.requests[1].url) == link
    first = script.requests[0]
    assert dict(first.url.params) == {"status": "active", "_count": "100", "_sort": "_lastUpdated"}
    assert first.headers["Cache-Control"] == "no-cache"


def test_a_relative_link_is_one_of_the_same_server() -> None:
    client, script = scripted(fhir(searchset([study(1)], "?page=2")), fhir(searchset([study(2)])))
    assert numbers(list(client.search("ResearchStudy", ACTIVE))) == [1, 2]
    assert str(script.requests[1].url) == "https://fhir.example.org/r4/?page=2"


def test_a_resource_on_two_pages_comes_once() -> None:
    pages = [fhir(searchset([study(1), study(2)], "?p=2")), fhir(searchset([study(2), study(3)]))]
    client, _ = scripted(*pages)
    assert numbers(list(client.search("ResearchStudy", ACTIVE))) == [1, 2, 3]


def test_the_servers_remarks_on_a_search_are_no_results() -> None:
    page = searchset([study(1)])
    page["entry"].append({"resource": outcome("unknown parameter"), "search": {"mode": "outcome"}})
    client, _ = scripted(fhir(page))
    assert numbers(list(client.search("ResearchStudy", ACTIVE))) == [1]


def test_an_expired_link_is_replaced_by_a_search_from_the_last_change_seen() -> None:
    early, late = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
    client, script = scripted(
        fhir(searchset([study(1, early), study(2, late)], "?p=2")),
        GONE,
        # one instant for all of a transaction: what was seen of it comes again
        fhir(searchset([study(2, late), study(3, late)])),
    )
    assert numbers(list(client.search("ResearchStudy", ACTIVE))) == [1, 2, 3]
    assert script.requests[2].url.params["_lastUpdated"] == f"ge{late}"


def test_an_expired_link_of_a_search_in_another_order_begins_it_anew() -> None:
    client, script = scripted(
        fhir(searchset([study(1)], "?p=2")), GONE, fhir(searchset([study(1), study(2)]))
    )
    assert numbers(list(client.search("ResearchStudy", {"_sort": "title"}))) == [1, 2]
    assert "_lastUpdated" not in script.requests[2].url.params


def test_links_that_always_expire_are_an_error() -> None:
    page = fhir(searchset([study(1)], "?p=2"))
    client, _ = scripted(*[page, GONE] * 4)
    with pytest.raises(ServerError) as caught:
        list(client.search("ResearchStudy", ACTIVE))
    assert caught.value.status == 410


def test_links_that_go_round_are_an_error() -> None:
    client, _ = scripted(fhir(searchset([study(1)], "?p=2")), *[fhir(searchset([study(2)], "?p=2"))] * 2)
    with pytest.raises(ServerError, match="paging has no end"):
        list(client.search("ResearchStudy", ACTIVE))


def test_pages_without_end_and_without_anything_new_are_an_error() -> None:
    count = itertools.count(2)

    def endless(request: httpx.Request) -> httpx.Response:
        return fhir(searchset([study(1)], f"?page={next(count)}"))

    client = client_for(endless, Scripted([]))
    with pytest.raises(ServerError, match="paging has no end"):
        list(client.search("ResearchStudy", ACTIVE))
    assert next(count) < 20


def test_some_empty_pages_are_borne() -> None:
    empty = [fhir(searchset([], f"?page={number}")) for number in range(5)]
    client, _ = scripted(*empty, fhir(searchset([study(1)])))
    assert numbers(list(client.search("ResearchStudy", ACTIVE))) == [1]


def test_what_is_no_bundle_is_an_error() -> None:
    client, _ = scripted(fhir(study(1)))
    with pytest.raises(ServerError, match="expected a Bundle, got ResearchStudy"):
        list(client.search("ResearchStudy", ACTIVE))


def test_a_history_has_pages_too() -> None:
    entry = {"resource": study(1), "request": {"method": "PUT", "url": "ResearchStudy/NCT00000001"}}
    pages: list[Json] = [searchset([], "?p=2"), searchset([])]
    for page in pages:
        page["entry"] = [entry]
    client, _ = scripted(*map(fhir, pages))
    assert list(client.history("ResearchStudy", "NCT00000001")) == [entry, entry]


# --- many by id ------------------------------------------------------------------------------------------


def batched(*pages: Json) -> httpx.Response:
    entries = [{"resource": page, "response": {"status": "200 OK"}} for page in pages]
    return fhir({"resourceType": "Bundle", "type": "batch-response", "entry": entries})


SITE = {"resourceType": "Location", "id": "loc-1"}
KEYS = ["ResearchStudy/NCT00000001", "Location/loc-1", "Location/none"]


def test_many_are_read_in_one_batch() -> None:
    client, script = scripted(batched(searchset([study(1)]), searchset([SITE])))
    assert client.read_many(KEYS) == {KEYS[0]: study(1), KEYS[1]: SITE}
    assert b"Location?_id=loc-1,none&_count=2" in script.requests[0].content


def test_a_search_in_a_batch_may_have_pages() -> None:
    first = searchset([study(1)], "?p=2")
    client, _ = scripted(batched(first, searchset([])), fhir(searchset([study(2)])))
    assert list(client.read_many([*KEYS, "ResearchStudy/NCT00000002"])) == [
        KEYS[0],
        "ResearchStudy/NCT00000002",
    ]


def test_a_server_without_batches_is_asked_type_by_type() -> None:
    answers = [searchset([study(1)]), searchset([SITE])]
    client, script = scripted(fhir(outcome("no"), 405), *map(fhir, answers), *map(fhir, answers))
    for _ in range(2):
        assert set(client.read_many(KEYS)) == set(KEYS[:2])
    assert [request.method for request in script.requests] == ["POST", *["GET"] * 4]


def test_a_server_that_answers_everything_does_not_confuse_us() -> None:
    client, _ = scripted(batched(searchset([study(1), study(2)]), searchset([SITE])))
    assert set(client.read_many(KEYS)) == set(KEYS[:2])


def test_a_search_that_fails_in_a_batch_is_asked_alone() -> None:
    failed = {"response": {"status": "400 Bad Request"}}
    batch = fhir({"resourceType": "Bundle", "entry": [failed, failed]})
    client, _ = scripted(batch, fhir(searchset([study(1)])), fhir(searchset([SITE])))
    assert set(client.read_many(KEYS)) == set(KEYS[:2])


def test_no_refusal_is_hidden() -> None:
    client, _ = scripted(fhir(outcome("who are you?"), 401))
    with pytest.raises(ServerError) as caught:
        client.read_many(KEYS)
    assert caught.value.status == 401


def test_nothing_is_read_without_a_request() -> None:
    client, script = scripted()
    assert client.read_many([]) == {}
    assert script.requests == []
