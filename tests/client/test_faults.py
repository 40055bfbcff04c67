"""What goes wrong between us and a server, one test each; the table of issue 4."""

import gzip
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import orjson
import pytest

from fhir_trial.client import Bearer, Client, Retry, Secret, Timeouts
from fhir_trial.errors import ServerError
from tests.client.loopback import raw
from tests.client.scripted import BASE, done, fhir, outcome, puts, scripted, searchset, study

QUICK = Retry(limit=1, sleep=lambda _: None)
GOOD = fhir(study(1)).content
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: %d\r\n\r\n"


def refused(client: Client) -> ServerError:
    with pytest.raises(ServerError) as caught:
        client.read("ResearchStudy", "NCT00000001")
    return caught.value


# --- no answer -------------------------------------------------------------------------------------------


def test_a_server_that_is_down_is_unreachable_after_some_attempts() -> None:
    client, script = scripted(*[httpx.ConnectError("refused")] * 6)
    error = refused(client)
    assert error.status is None
    assert "no answer from https://fhir.example.org: refused" in str(error)
    assert script.pauses == [0.5, 1, 2, 4, 8]


def test_a_closed_port_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with Client(f"http://127.0.0.1:{port}", retry=QUICK) as client:
        assert refused(client).status is None


def test_a_server_that_comes_back_is_asked_again() -> None:
    client, script = scripted(httpx.ConnectError("refused"), fhir(study(1)))
    assert client.read("ResearchStudy", "NCT00000001") == study(1)
    assert len(script.requests) == 2


def test_a_silent_server_is_given_up() -> None:
    def say_nothing(connection: socket.socket) -> None:
        time.sleep(0.5)

    with (
        raw(say_nothing, say_nothing) as url,
        Client(url, retry=QUICK, timeouts=Timeouts(read=0.1)) as client,
    ):
        assert refused(client).status is None


def test_a_server_that_never_ends_its_answer_is_given_up() -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(HEAD % 1000)
        for _ in range(20):
            time.sleep(0.05)
            try:
                connection.sendall(b" ")
            except OSError:
                return

    with raw(drip, drip) as url, Client(url, retry=QUICK, timeouts=Timeouts(whole=0.2)) as client:
        assert "no end after 0.2 s" in str(refused(client))


def test_an_answer_that_breaks_off_is_asked_for_again() -> None:
    def die(connection: socket.socket) -> None:
        connection.sendall(HEAD % len(GOOD) + GOOD[:20])

    def live(connection: socket.socket) -> None:
        connection.sendall(HEAD % len(GOOD) + GOOD)

    with raw(die, live) as url, Client(url, retry=QUICK) as client:
        assert client.read("ResearchStudy", "NCT00000001") == study(1)


def test_a_broken_compression_is_a_broken_answer() -> None:
    packed = b"\x1f\x8bnot really"
    broken = httpx.Response(200, stream=httpx.ByteStream(packed), headers={"Content-Encoding": "gzip"})
    client, script = scripted(broken, fhir(study(1)))
    assert client.read("ResearchStudy", "NCT00000001") == study(1)
    assert len(script.requests) == 2


def test_a_transaction_of_puts_is_sent_again_after_silence() -> None:
    client, script = scripted(httpx.ReadTimeout("slow"), fhir(done(study(1))))
    (answer,) = client.transaction(puts(study(1)))
    assert answer.status == 201
    assert script.requests[0].content == script.requests[1].content


def test_a_plain_create_is_not_sent_again_when_it_may_have_arrived() -> None:
    client, script = scripted(httpx.ReadTimeout("slow"))
    with pytest.raises(ServerError):
        client.create(study(1))
    assert len(script.requests) == 1


def test_a_plain_create_is_sent_again_when_it_cannot_have_arrived() -> None:
    client, script = scripted(httpx.ConnectError("refused"), fhir(study(1), 201))
    assert client.create(study(1)).status == 201
    assert len(script.requests) == 2


def test_a_transaction_with_a_plain_post_is_not_sent_again() -> None:
    bundle = puts(study(1))
    bundle["entry"][0]["request"] = {"method": "POST", "url": "ResearchStudy"}
    client, script = scripted(fhir(outcome("busy"), 503))
    with pytest.raises(ServerError):
        client.transaction(bundle)
    assert len(script.requests) == 1


def test_a_conditional_create_in_a_transaction_is_sent_again() -> None:
    bundle = puts(study(1))
    bundle["entry"][0]["request"] = {"method": "POST", "url": "ResearchStudy", "ifNoneExist": "identifier=1"}
    client, script = scripted(fhir(outcome("busy"), 503), fhir(done(study(1))))
    client.transaction(bundle)
    assert len(script.requests) == 2


# --- statuses --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 412, 413, 422])
def test_a_refusal_is_final_and_keeps_the_outcome(status: int) -> None:
    said = outcome("this is why")
    client, script = scripted(fhir(said, status))
    error = refused(client)
    assert (error.status, error.outcome) == (status, said)
    assert str(error).endswith(": this is why")
    assert len(script.requests) == 1


@pytest.mark.parametrize("status", [408, 425, 429, 502, 503, 504])
def test_a_server_that_says_later_is_asked_later(status: int) -> None:
    client, script = scripted(fhir(outcome("later"), status), fhir(outcome("later"), status), fhir(study(1)))
    assert client.read("ResearchStudy", "NCT00000001") == study(1)
    assert script.pauses == [0.5, 1]


@pytest.mark.parametrize("status", [408, 425, 429, 502, 503, 504])
def test_a_server_that_always_says_later_is_given_up(status: int) -> None:
    client, script = scripted(*[fhir(outcome("later"), status)] * 6)
    assert refused(client).status == status
    assert len(script.pauses) == 5


def test_retry_after_in_seconds_is_followed() -> None:
    client, script = scripted(fhir(outcome("later"), 429, Retry_After="7"), fhir(study(1)))
    client.read("ResearchStudy", "NCT00000001")
    (pause,) = script.pauses
    assert 7 <= pause < 8


def test_retry_after_as_a_date_is_followed() -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    client, script = scripted(fhir(outcome("later"), 503, Retry_After=moment), fhir(study(1)))
    client.read("ResearchStudy", "NCT00000001")
    (pause,) = script.pauses
    assert 15 < pause < 23


def test_retry_after_has_a_limit() -> None:
    client, script = scripted(fhir(outcome("later"), 503, Retry_After="86400"), fhir(study(1)))
    client.read("ResearchStudy", "NCT00000001")
    assert script.pauses == [60]


@pytest.mark.parametrize("nonsense", ["soon", "", "-1", "Thu, 99 Foo 2026"])
def test_a_retry_after_that_says_nothing_is_ignored(nonsense: str) -> None:
    client, script = scripted(fhir(outcome("later"), 503, Retry_After=nonsense), fhir(study(1)))
    client.read("ResearchStudy", "NCT00000001")
    assert script.pauses == [0.5]


def test_an_internal_error_is_tried_once_more() -> None:
    client, script = scripted(*[fhir(outcome("null pointer"), 500)] * 2)
    assert refused(client).status == 500
    assert len(script.requests) == 2


def test_a_conflict_without_if_match_is_tried_again_quickly() -> None:
    client, script = scripted(*[fhir(outcome("HAPI-0550"), 409)] * 2, fhir(done(study(1))))
    client.transaction(puts(study(1)))
    assert len(script.pauses) == 2
    assert all(pause < 1 for pause in script.pauses)


def test_a_conflict_without_end_is_given_up() -> None:
    client, script = scripted(*[fhir(outcome("HAPI-0550"), 409)] * 6)
    with pytest.raises(ServerError) as caught:
        client.transaction(puts(study(1)))
    assert caught.value.status == 409
    assert len(script.pauses) == 5


@pytest.mark.parametrize("status", [409, 412])
def test_a_conflict_with_if_match_is_the_answer(status: int) -> None:
    client, script = scripted(fhir(outcome("not the current version"), status))
    with pytest.raises(ServerError) as caught:
        client.update(study(1), if_match="1")
    assert caught.value.status == status
    assert len(script.requests) == 1
    assert script.requests[0].headers["If-Match"] == 'W/"1"'
    assert "X-Retry-On-Version-Conflict" not in script.requests[0].headers


# --- answers that are not FHIR ---------------------------------------------------------------------------


def test_html_instead_of_json_is_an_error_that_says_so() -> None:
    page = httpx.Response(200, html="<html><h1>Log in</h1></html>")
    client, script = scripted(page)
    assert "expected FHIR JSON, got text/html" in str(refused(client))
    assert len(script.requests) == 1


def test_a_refusal_as_html_is_shown_as_text() -> None:
    page = "<html><style>p {}</style><body><h1>Bad  gateway</h1>\n<p>sorry</p></body></html>"
    client, _ = scripted(httpx.Response(403, html=page))
    error = refused(client)
    assert str(error).endswith("403 Forbidden: Bad gateway sorry")
    assert error.outcome is None


def test_half_a_json_text_is_asked_for_once_more() -> None:
    half = httpx.Response(200, content=GOOD[:20], headers={"Content-Type": "application/fhir+json"})
    client, script = scripted(half, half)
    assert "broken JSON" in str(refused(client))
    assert len(script.requests) == 2


def test_json_that_is_no_object_is_an_error() -> None:
    client, _ = scripted(httpx.Response(200, json=[1]))
    assert "broken JSON" in str(refused(client))


def test_an_empty_answer_is_an_error() -> None:
    client, _ = scripted(httpx.Response(204))
    assert refused(client).status == 204


def test_a_huge_outcome_is_kept_and_told_in_one_line() -> None:
    issues = [{"severity": "warning", "code": "value", "diagnostics": "w" * 200}] * 100_000
    issues.append({"severity": "error", "code": "value", "diagnostics": "the\none " + "x" * 10_000})
    client, _ = scripted(fhir({"resourceType": "OperationOutcome", "issue": issues}, 422))
    error = refused(client)
    assert error.outcome is not None
    assert len(error.outcome["issue"]) == 100_001
    assert "the one xxx" in str(error)
    assert "(and 100000 more)" in str(error)
    assert len(str(error)) < 700


def test_an_outcome_beyond_all_measure_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fhir_trial.client.sending._LONGEST_REFUSAL", 1000)
    client, _ = scripted(fhir(outcome("x" * 5000), 422))
    error = refused(client)
    assert (error.status, error.outcome) == (422, None)


def test_an_answer_beyond_all_measure_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fhir_trial.client.sending._LONGEST_ANSWER", 1000)
    client, _ = scripted(fhir({"resourceType": "Basic", "id": "x" * 5000}))
    assert "the answer is longer than" in str(refused(client))


# --- redirects and links ---------------------------------------------------------------------------------


def bearer() -> Bearer:
    return Bearer(Secret("s3cret"))


def test_a_redirect_to_another_host_is_not_followed() -> None:
    moved = httpx.Response(307, headers={"Location": "https://evil.example.net/fhir"})
    client, script = scripted(moved, auth=bearer())
    assert "redirects to https://evil.example.net, which was not followed" in str(refused(client))
    assert len(script.requests) == 1


@pytest.mark.parametrize("location", ["http://fhir.example.org/r4", "https://fhir.example.org:8443/r4"])
def test_another_scheme_or_port_is_another_host(location: str) -> None:
    client, _ = scripted(httpx.Response(302, headers={"Location": location}), auth=bearer())
    assert "which was not followed" in str(refused(client))


def test_a_redirect_on_the_same_host_is_followed_with_credentials() -> None:
    moved = httpx.Response(308, headers={"Location": "/r4/moved"})
    client, script = scripted(moved, fhir(study(1)), auth=bearer())
    client.read("ResearchStudy", "NCT00000001")
    assert script.requests[1].url == "https://fhir.example.org/r4/moved"
    assert script.requests[1].headers["Authorization"] == "Bearer s3cret"


def test_a_write_is_redirected_only_as_a_write() -> None:
    client, script = scripted(httpx.Response(302, headers={"Location": "/elsewhere"}))
    with pytest.raises(ServerError):
        client.transaction(puts(study(1)))
    assert len(script.requests) == 1


def test_redirects_without_end_are_an_error() -> None:
    client, _ = scripted(*[httpx.Response(302, headers={"Location": "/r4/again"})] * 5)
    assert "redirects without end" in str(refused(client))


def test_a_page_link_to_another_host_gets_no_credentials() -> None:
    page = searchset([study(1)], "https://evil.example.net/fhir?page=2")
    client, script = scripted(fhir(page), auth=bearer())
    with pytest.raises(ServerError, match=r"leads to https://evil\.example\.net"):
        list(client.search("ResearchStudy", {"status": "active"}))
    assert len(script.requests) == 1


def test_a_page_link_to_another_host_is_followed_by_nobody_in_particular() -> None:
    page = searchset([study(1)], "https://other.example.net/fhir?page=2")
    client, script = scripted(fhir(page), fhir(searchset([study(2)])))
    assert list(client.search("ResearchStudy", {"status": "active"})) == [study(1), study(2)]
    assert "Authorization" not in script.requests[1].headers


def test_a_link_that_is_none_is_an_error() -> None:
    client, _ = scripted(fhir(searchset([study(1)], "https://fhir.example.org:port/")))
    with pytest.raises(ServerError, match="a link that is none"):
        list(client.search("ResearchStudy", {"status": "active"}))


# --- bundle responses ------------------------------------------------------------------------------------


@pytest.mark.parametrize("answered", [[], [study(1)], [study(1), study(2), study(3)]])
def test_a_wrong_number_of_entries_is_an_error(answered: list[dict[str, object]]) -> None:
    client, _ = scripted(fhir(done(*answered)))
    with pytest.raises(ServerError, match=f"answered {len(answered)} entries to 2"):
        client.transaction(puts(study(1), study(2)))


def test_a_wrong_order_of_entries_is_an_error() -> None:
    client, _ = scripted(fhir(done(study(2), study(1))))
    with pytest.raises(ServerError, match=r"answered Bundle.entry\[0\], PUT ResearchStudy/NCT00000001, with"):
        client.transaction(puts(study(1), study(2)))


@pytest.mark.parametrize("entry", [None, {}, {"response": {}}, {"response": {"status": "fine"}}])
def test_an_entry_without_a_status_is_no_success(entry: object) -> None:
    client, _ = scripted(fhir({"resourceType": "Bundle", "entry": [entry]}))
    (answer,) = client.transaction(puts(study(1)))
    assert not answer.good


# --- compression -----------------------------------------------------------------------------------------

LARGE = study(1) | {"description": "long " * 1000}


def test_a_large_body_is_compressed() -> None:
    client, script = scripted(fhir(done(LARGE)))
    client.transaction(puts(LARGE))
    request = script.requests[0]
    assert request.headers["Content-Encoding"] == "gzip"
    assert orjson.loads(gzip.decompress(request.content)) == puts(LARGE)
    assert script.exchanges[0].bytes_out == len(request.content) < 1000


@pytest.mark.parametrize("status", [400, 415])
def test_a_server_that_takes_no_compression_gets_none(status: int) -> None:
    client, script = scripted(fhir(outcome("what?"), status), *[fhir(done(LARGE))] * 2)
    client.transaction(puts(LARGE))
    client.transaction(puts(LARGE))
    packed = ["Content-Encoding" in request.headers for request in script.requests]
    assert packed == [True, False, False]


def test_a_server_that_took_compression_once_is_not_doubted() -> None:
    client, script = scripted(fhir(done(LARGE)), fhir(outcome("bad"), 400))
    client.transaction(puts(LARGE))
    with pytest.raises(ServerError):
        client.transaction(puts(LARGE))
    assert len(script.requests) == 2


def test_a_form_is_never_compressed() -> None:
    client, script = scripted(fhir(searchset([])))
    list(client.search("ResearchStudy", {"identifier": ",".join(f"NCT{n:08}" for n in range(500))}))
    assert script.requests[0].method == "POST"
    assert "Content-Encoding" not in script.requests[0].headers


# --- what cannot be a server -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://me:s3cret@fhir.example.org/r4", "user or password"),
        ("ftp://fhir.example.org", "no http or https address"),
        ("fhir.example.org", "no http or https address"),
        ("https://", "no http or https address"),
        (f"{BASE}?a=b", "has a query"),
    ],
)
def test_what_is_no_address_is_the_callers_mistake(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        Client(url)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.search("ResearchStudy", {"identifier": ""}),
        lambda client: client.search("ResearchStudy", [("_id", " ")]),
    ],
)
def test_a_search_for_nothing_is_not_sent_because_hapi_answers_everything(
    call: Callable[[Client], object],
) -> None:
    client, script = scripted()
    with pytest.raises(ValueError, match="has no value"):
        list(call(client))  # type: ignore[call-overload]
    assert script.requests == []
