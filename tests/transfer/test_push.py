"""Push sends as little as it can, as one what belongs together, and goes on after what is refused."""

from collections import Counter
from collections.abc import Iterator

import httpx
import orjson
import pytest

from fhir_trial.errors import ServerError
from fhir_trial.transfer import push as push_module
from fhir_trial.transfer.push import Graph, Pushed
from tests.client.scripted import Json, fhir, outcome
from tests.transfer.fake import FakeServer, graph, key, pushing


def pushed(server: FakeServer, *graphs: Graph, workers: int = 2) -> list[Pushed]:
    with pushing(server, workers=workers) as pusher:
        results = list(pusher.push(graphs))
    return sorted(results, key=lambda each: each.graph.id)


def counts(results: list[Pushed]) -> dict[str, int]:
    return dict(sum((each.counts for each in results), Counter()))


# --- as little as it can ---------------------------------------------------------------------------------


def test_a_study_goes_in_one_transaction() -> None:
    server = FakeServer()
    results = pushed(server, graph(1))
    assert counts(results) == {"created": 3}
    assert server.transactions == [graph(1).keys]


def test_the_same_again_is_not_sent() -> None:
    server = FakeServer()
    pushed(server, graph(1), graph(2))
    before = len(server.transactions)
    results = pushed(server, graph(1), graph(2))
    assert counts(results) == {"unchanged": 6}
    assert len(server.transactions) == before
    assert set(server.versions.values()) == {1}


def test_only_what_changed_is_sent() -> None:
    server = FakeServer()
    pushed(server, graph(1))
    results = pushed(server, graph(1, title="two"))
    assert counts(results) == {"unchanged": 2, "updated": 1}
    assert server.transactions[1] == ["ResearchStudy/NCT1"]


def test_what_studies_share_is_sent_once() -> None:
    server = FakeServer()
    results = pushed(server, *(graph(number) for number in range(1, 30)), workers=4)
    sent = Counter(name for keys in server.transactions for name in keys)
    assert sent["Location/loc-a"] == 1
    assert counts(results) == {"created": 59, "unchanged": 28}


def test_a_shared_resource_that_is_there_is_not_compared() -> None:
    server = FakeServer()
    pushed(server, graph(1))
    server.resources["Location/loc-a"] = {"resourceType": "Location", "id": "loc-a", "name": "changed"}
    assert counts(pushed(server, graph(1))) == {"unchanged": 3}


def test_new_studies_are_asked_about_by_their_own_id_only() -> None:
    server = FakeServer()
    pushed(server, graph(1))
    assert (server.asked["ResearchStudy"], server.asked["batch"]) == (1, 0)


def test_studies_are_looked_up_together() -> None:
    server = FakeServer()
    for _ in range(2):
        pushed(server, *(graph(number) for number in range(1, 40)))
    assert server.asked["ResearchStudy"] <= 16
    assert server.asked["batch"] <= 8


def test_a_server_that_cannot_be_asked_is_sent_everything() -> None:
    server = FakeServer()

    def unable(request: httpx.Request) -> httpx.Response:
        if b'"batch"' in request.read() or request.method == "GET":
            return fhir(outcome("not supported"), 400)
        return server(request)

    with pushing(unable) as pusher:  # type: ignore[arg-type]
        results = list(pusher.push([graph(1), graph(2)]))
    assert counts(results) == {"created": 5, "unchanged": 1}


def test_a_put_without_a_change_is_counted_as_the_server_says() -> None:
    coding = {
        "system": "https://hapifhir.io/fhir/CodeSystem/hapi-fhir-storage-response-code",
        "code": "SUCCESSFUL_UPDATE_NO_CHANGE",
    }
    same = outcome("nothing to do", severity="information", details={"coding": [coding]})

    def answer(bundle: Json) -> httpx.Response:
        response = {"status": "200 OK", "outcome": same}
        return fhir({"resourceType": "Bundle", "entry": [{"response": response}] * len(bundle["entry"])})

    assert counts(pushed(FakeServer(fault=answer), graph(1))) == {"unchanged": 3}


def test_very_many_sites_go_before_their_study(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push_module, "_MOST_ENTRIES", 4)
    server = FakeServer()
    assert counts(pushed(server, graph(1, sites=9))) == {"created": 11}
    assert [len(keys) for keys in server.transactions] == [4, 4, 1, 2]
    assert server.transactions[3] == ["ResearchStudy/NCT1", "Group/NCT1-eligibility"]


# --- refusals --------------------------------------------------------------------------------------------


def is_bad_group(resource: Json) -> str | None:
    """A rule about one study's group."""
    return "this group is not wanted" if resource["id"] == "NCT2-eligibility" else None


@pytest.mark.parametrize("validates", [True, False])
def test_a_refusal_is_narrowed_to_its_entry_and_the_rest_goes_on(validates: bool) -> None:
    server = FakeServer(rule=is_bad_group, validates=validates)
    results = pushed(server, *(graph(number) for number in range(1, 6)))
    assert [each.graph.id for each in results if each.failed] == ["NCT2"]
    (refusal,) = results[1].refusals
    assert (refusal.key, refusal.expression) == ("Group/NCT2-eligibility", "Bundle.entry[1]")
    assert refusal.status == 422
    assert "this group is not wanted" in refusal.reason
    assert {f"ResearchStudy/NCT{number}" for number in (1, 3, 4, 5)} <= server.resources.keys()
    assert "ResearchStudy/NCT2" not in server.resources


def test_a_refusal_that_names_the_place_needs_no_further_question() -> None:
    def fault(bundle: Json) -> httpx.Response | None:
        keys = [key(entry["resource"]) for entry in bundle["entry"]]
        if "ResearchStudy/NCT1" not in keys:
            return None
        return fhir(
            outcome("bad", expression=[f"Bundle.entry[{keys.index('Location/loc-a')}].resource"]), 400
        )

    server = FakeServer(fault=fault)
    (result,) = pushed(server, graph(1))
    assert [each.key for each in result.refusals] == ["Location/loc-a"]
    assert server.asked["$validate"] == 0
    assert server.asked["transaction"] == 1


@pytest.mark.parametrize("limit", [3, 200])
def test_a_place_is_one_of_the_transaction_that_was_refused(
    limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_module, "_MOST_ENTRIES", limit)

    def fault(bundle: Json) -> httpx.Response | None:
        keys = [key(entry["resource"]) for entry in bundle["entry"]]
        if len(keys) > 5:
            return fhir(outcome("too large"), 413)
        if "Group/NCT1-eligibility" not in keys:
            return None
        place = f"Bundle.entry[{keys.index('Group/NCT1-eligibility')}]"
        return fhir(outcome("bad", expression=[place]), 400)

    (result,) = pushed(FakeServer(fault=fault), graph(1, sites=8))
    (refusal,) = result.refusals
    assert (refusal.key, refusal.index) == ("Group/NCT1-eligibility", 1)


def test_what_is_refused_together_and_taken_in_parts_is_stored() -> None:
    def fault(bundle: Json) -> httpx.Response | None:
        return fhir(outcome("no more than two today"), 422) if len(bundle["entry"]) > 2 else None

    server = FakeServer(fault=fault, validates=False)
    (result,) = pushed(server, graph(1, sites=4))
    assert not result.failed
    assert len(server.resources) == 6


def test_a_refusal_that_names_a_missing_target_blames_who_refers_to_it() -> None:
    text = "HAPI-1094: Resource Group/NCT1-eligibility not found, specified in path: ResearchStudy.enrollment"
    server = FakeServer(fault=lambda bundle: fhir(outcome(text), 400))
    broken = graph(1)
    without = Graph(id=broken.id, place=broken.place, resources=[broken.resources[0], broken.resources[2]])
    (result,) = pushed(server, without)
    assert [each.key for each in result.refusals] == ["ResearchStudy/NCT1"]


def test_a_shared_resource_that_was_refused_is_not_sent_again() -> None:
    def rule(resource: Json) -> str | None:
        return "no such place" if resource["id"] == "loc-a" else None

    server = FakeServer(rule=rule)
    results = pushed(server, *(graph(number) for number in range(1, 9)), graph(9, site="loc-b"), workers=1)
    assert [each.failed for each in results] == [True] * 8 + [False]
    assert {refusal.key for each in results for refusal in each.refusals} == {"Location/loc-a"}
    assert server.asked["transaction"] == 2


def test_a_study_that_is_there_is_not_changed_in_parts() -> None:
    server = FakeServer(validates=False)
    pushed(server, graph(1))
    changed = graph(1, title="two")
    changed.resources[1]["name"] = "not wanted"
    server.rule = lambda resource: "no" if resource.get("name") == "not wanted" else None
    (result,) = pushed(server, changed)
    assert result.failed
    assert server.resources["ResearchStudy/NCT1"]["title"] == "one"
    assert {each.key for each in result.refusals} == {"ResearchStudy/NCT1", "Group/NCT1-eligibility"}


def test_a_bundle_that_is_too_large_goes_in_halves_targets_first() -> None:
    def fault(bundle: Json) -> httpx.Response | None:
        return fhir(outcome("too large"), 413) if len(bundle["entry"]) > 2 else None

    server = FakeServer(fault=fault)
    assert counts(pushed(server, graph(1, sites=6))) == {"created": 8}
    assert server.transactions[-1][-1] == "ResearchStudy/NCT1"


def test_a_resource_that_is_too_large_alone_is_refused() -> None:
    def fault(bundle: Json) -> httpx.Response | None:
        has_group = any(entry["resource"]["resourceType"] == "Group" for entry in bundle["entry"])
        return fhir(outcome("too large"), 413) if has_group else None

    (result,) = pushed(FakeServer(fault=fault, validates=False), graph(1))
    assert [each.key for each in result.refusals] == ["Group/NCT1-eligibility"]


def test_an_entry_that_fails_inside_a_good_answer_is_a_refusal() -> None:
    def fault(bundle: Json) -> httpx.Response:
        statuses = ["201", "422 Unprocessable", "201"]
        entries = [{"response": {"status": each, "outcome": outcome("bad group")}} for each in statuses]
        return fhir({"resourceType": "Bundle", "entry": entries})

    (result,) = pushed(FakeServer(fault=fault), graph(1))
    assert [each.key for each in result.refusals] == ["Group/NCT1-eligibility"]


def test_a_wrong_answer_to_a_deed_that_was_done_is_found_out() -> None:
    server = FakeServer()

    def fault(bundle: Json) -> httpx.Response:
        server.fault = lambda _: None
        for entry in bundle["entry"]:
            server.store(entry["resource"])
        return fhir({"resourceType": "Bundle", "entry": []})

    server.fault = fault
    (result,) = pushed(server, graph(1))
    assert not result.failed


def test_a_wrong_answer_to_a_deed_that_was_not_done_is_a_failure() -> None:
    server = FakeServer(fault=lambda _: fhir({"resourceType": "Bundle", "entry": []}), validates=False)
    (result,) = pushed(server, graph(1))
    assert result.failed
    assert "answered 0 entries to" in result.refusals[0].reason


def test_a_refusal_is_a_line_of_the_dead_letters() -> None:
    (_, result) = pushed(FakeServer(rule=is_bad_group), graph(1), graph(2))
    (refusal,) = result.refusals
    line = orjson.loads(refusal.line(source=result.graph.place, record=result.graph.id))
    assert line == {
        "source": "2.json",
        "record": "NCT2",
        "expression": "Bundle.entry[1]",
        "key": "Group/NCT2-eligibility",
        "status": 422,
        "reason": refusal.reason,
        "outcome": outcome("this group is not wanted"),
        "resource": graph(2).resources[1],
    }


# --- a server in trouble ---------------------------------------------------------------------------------


def test_a_server_that_goes_away_ends_the_push() -> None:
    server = FakeServer()

    def leaving(request: httpx.Request) -> httpx.Response:
        if len(server.transactions) >= 2:
            raise httpx.ConnectError("refused")
        return server(request)

    with pushing(leaving) as pusher, pytest.raises(ServerError) as caught:  # type: ignore[arg-type]
        list(pusher.push(graph(number) for number in range(1, 100)))
    assert caught.value.status is None
    assert len(server.transactions) < 10


@pytest.mark.parametrize("status", [401, 403])
def test_a_server_that_does_not_let_us_in_ends_the_push(status: int) -> None:
    server = FakeServer(fault=lambda _: fhir(outcome("not you"), status))
    with pushing(server) as pusher, pytest.raises(ServerError) as caught:
        list(pusher.push(graph(number) for number in range(1, 100)))
    assert caught.value.status == status
    assert server.asked["transaction"] < 20


@pytest.mark.parametrize("fault", [httpx.ReadTimeout("slow"), fhir(outcome("busy"), 503)])
def test_a_study_that_is_too_much_for_the_server_does_not_end_the_push(
    fault: httpx.Response | Exception,
) -> None:
    def faulty(bundle: Json) -> httpx.Response | Exception | None:
        return fault if any(entry["resource"]["id"] == "NCT2" for entry in bundle["entry"]) else None

    results = pushed(FakeServer(fault=faulty), graph(1), graph(2), graph(3))
    assert [each.failed for each in results] == [False, True, False]
    assert results[1].refusals[0].expression == "Bundle"


def test_a_caller_who_has_enough_stops_the_push() -> None:
    server = FakeServer()
    met = []

    def graphs() -> Iterator[Graph]:
        for number in range(1, 1000):
            met.append(number)
            yield graph(number)

    with pushing(server) as pusher:
        results = pusher.push(graphs())
        next(results)
        results.close()  # type: ignore[attr-defined]
    assert len(met) < 100


def test_an_error_of_the_source_is_the_callers() -> None:
    def graphs() -> Iterator[Graph]:
        yield graph(1)
        raise OSError("disk gone")

    with pushing(FakeServer()) as pusher, pytest.raises(OSError, match="disk gone"):
        list(pusher.push(graphs()))


def test_nothing_is_pushed_without_a_request() -> None:
    server = FakeServer()
    assert pushed(server) == []
    assert not server.asked
