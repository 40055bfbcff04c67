"""Every way to say who we are, against a server on loopback that checks it."""

import logging
import pickle
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from fhir_trial.client import (
    Auth,
    BackendServices,
    Basic,
    Bearer,
    Client,
    ClientCredentials,
    Retry,
    Secret,
    SigningKey,
)
from fhir_trial.errors import ServerError
from tests.client.loopback import Reply, Request, serving
from tests.client.scripted import fhir, outcome, scripted

STUDY = {"resourceType": "ResearchStudy", "id": "NCT1"}
RETRY = Retry(limit=1, sleep=lambda _: None)


@dataclass
class Guard:
    """A FHIR server with a token server, which checks what it is shown."""

    basic: str = ""
    """The authorization that the token server wants, or, without tokens, the FHIR server."""
    key: Any = None
    """The public key that assertions are checked with."""
    algorithms: tuple[str, ...] = ("RS384", "ES384")
    lifetime: int | None = 300
    url: str = ""
    tokens: list[str] = field(default_factory=list)
    revoked: set[str] = field(default_factory=set)
    seen: list[Request] = field(default_factory=list)
    assertions: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, request: Request) -> Reply:
        self.seen.append(request)
        if request.path.endswith("/.well-known/smart-configuration"):
            return 200, {
                "token_endpoint": f"{self.url}/token",
                "token_endpoint_auth_signing_alg_values_supported": list(self.algorithms),
            }
        if request.path.endswith("/token"):
            return self.token(request)
        shown = request.headers.get("authorization")
        good = [f"Bearer {token}" for token in self.tokens if token not in self.revoked] or [self.basic]
        return (200, STUDY) if shown in good else (401, {"shown": shown})

    def token(self, request: Request) -> Reply:
        if self.key is None and request.headers.get("authorization") != self.basic:
            return 401, {"error": "invalid_client", "error_description": "who are you?"}
        if self.key is not None and not self.is_signed(request.form):
            return 400, {"error": "invalid_request", "error_description": "bad assertion"}
        if request.form["grant_type"] != "client_credentials":
            return 400, {"error": "unsupported_grant_type"}
        self.tokens.append(f"token-{len(self.tokens)}")
        return 200, {"access_token": self.tokens[-1], "token_type": "bearer", "expires_in": self.lifetime}

    def is_signed(self, form: dict[str, str]) -> bool:
        claims = jwt.decode(
            form["client_assertion"],
            self.key,
            algorithms=list(self.algorithms),
            audience=f"{self.url}/token",
            options={"require": ["exp", "iat", "jti", "iss", "sub"]},
        )
        self.assertions.append(claims | jwt.get_unverified_header(form["client_assertion"]))
        return bool(claims["iss"] == claims["sub"] == "my-client")


@contextmanager
def guarded(guard: Guard, auth: Auth | None) -> Iterator[Client]:
    with serving(guard) as url:
        guard.url = url
        with Client(url, auth=auth, retry=RETRY) as client:
            yield client


def read(client: Client) -> Any:
    return client.read("ResearchStudy", "NCT1")


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


# --- none, basic, bearer ---------------------------------------------------------------------------------


def test_nobody_in_particular_shows_nothing() -> None:
    guard = Guard(basic="?")
    with guarded(guard, None) as client, pytest.raises(ServerError) as caught:
        read(client)
    assert caught.value.status == 401
    assert "authorization" not in guard.seen[0].headers


def test_basic() -> None:
    with guarded(Guard(basic=basic("me", "pässword:1")), Basic("me", Secret("pässword:1"))) as client:
        assert read(client) == STUDY


def test_a_wrong_password_is_refused_once() -> None:
    guard = Guard(basic=basic("me", "right"))
    with guarded(guard, Basic("me", Secret("wrong"))) as client, pytest.raises(ServerError) as caught:
        read(client)
    assert caught.value.status == 401
    assert len(guard.seen) == 1


def test_a_user_name_with_a_colon_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="no colon"):
        Basic("me:you", Secret("x"))


def test_bearer() -> None:
    with guarded(Guard(tokens=["abc.def"]), Bearer(Secret("abc.def"))) as client:
        assert read(client) == STUDY


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "ümlaut", ""])
def test_a_token_that_no_header_holds_is_the_callers_mistake(token: str) -> None:
    with pytest.raises(ValueError, match="no token has") as caught:
        Bearer(Secret(token))
    assert not token or token not in str(caught.value)


# --- OAuth2 client credentials ---------------------------------------------------------------------------


def credentials(url: str, secret: str = "s3cret/+", **options: Any) -> ClientCredentials:
    return ClientCredentials(url, "my client", Secret(secret), **options)


OAUTH = basic("my+client", "s3cret%2F%2B")
"""Id and secret are url-encoded first: RFC 6749, section 2.3.1."""


@contextmanager
def oauth(guard: Guard, **options: Any) -> Iterator[Client]:
    with serving(guard) as url:
        guard.url = url
        with Client(url, auth=credentials(f"{url}/token", **options), retry=RETRY) as client:
            yield client


def test_client_credentials() -> None:
    guard = Guard(basic=OAUTH)
    with oauth(guard, scope="system/*.rs") as client:
        assert read(client) == read(client) == STUDY
    assert guard.seen[0].form == {"grant_type": "client_credentials", "scope": "system/*.rs"}
    assert [request.path for request in guard.seen].count("/fhir/token") == 1


def test_a_token_is_renewed_before_its_end() -> None:
    guard, now = Guard(basic=OAUTH), [0.0]
    with oauth(guard, clock=lambda: now[0]) as client:
        read(client)
        now[0] = 269
        read(client)
        assert len(guard.tokens) == 1
        now[0] = 271
        read(client)
    assert len(guard.tokens) == 2


@pytest.mark.parametrize("lifetime", [None, 10])
def test_a_token_without_or_with_a_short_life_is_used(lifetime: int | None) -> None:
    with oauth(Guard(basic=OAUTH, lifetime=lifetime)) as client:
        assert read(client) == read(client) == STUDY


def test_a_revoked_token_is_replaced_once() -> None:
    guard = Guard(basic=OAUTH)
    with oauth(guard) as client:
        read(client)
        guard.revoked.add("token-0")
        assert read(client) == STUDY
        guard.revoked |= {f"token-{number}" for number in range(9)}
        with pytest.raises(ServerError) as caught:
            read(client)
    assert caught.value.status == 401
    assert guard.tokens == ["token-0", "token-1", "token-2"]


def test_many_threads_fetch_one_token() -> None:
    guard = Guard(basic=OAUTH)
    with oauth(guard) as client:
        threads = [threading.Thread(target=read, args=[client]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert guard.tokens == ["token-0"]


def test_a_token_server_that_refuses_us_is_an_error_with_its_words() -> None:
    with oauth(Guard(basic=OAUTH), secret="wrong") as client, pytest.raises(ServerError) as caught:
        read(client)
    assert "401 Unauthorized: invalid_client: who are you?" in str(caught.value)
    assert "wrong" not in str(caught.value)


def test_a_token_server_without_a_token_is_an_error() -> None:
    client, _ = scripted(fhir({"token": "x"}), auth=credentials("https://id.example.org/token"))
    with pytest.raises(ServerError, match="no access_token"):
        read(client)


def test_a_token_server_that_is_away_is_asked_again() -> None:
    token = fhir({"access_token": "t"})
    client, script = scripted(
        fhir(outcome("busy"), 503), token, fhir(STUDY), auth=credentials("https://id.example.org/token")
    )
    assert read(client) == STUDY
    assert [request.url.host for request in script.requests][:2] == ["id.example.org"] * 2


@pytest.mark.parametrize("url", ["http://id.example.org/token", "ftp://id.example.org", "token"])
def test_a_secret_goes_nowhere_unencrypted(url: str) -> None:
    with pytest.raises(ValueError, match="must have an https address"):
        credentials(url)


# --- SMART Backend Services ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def keys() -> dict[str, Any]:
    return {
        "RS384": rsa.generate_private_key(65537, 2048),
        "ES384": ec.generate_private_key(ec.SECP384R1()),
    }


def pem(key: Any) -> str:
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


def jwk(key: Any, algorithm: str, **members: str) -> dict[str, Any]:
    made = jwt.get_algorithm_by_name(algorithm)
    found: dict[str, Any] = made.to_jwk(key, as_dict=True)
    return found | members


@pytest.mark.parametrize("algorithm", ["RS384", "ES384"])
@pytest.mark.parametrize("form", ["pem", "jwk", "jwks"])
def test_smart(algorithm: str, form: str, keys: dict[str, Any]) -> None:
    key = keys[algorithm]
    text = {
        "pem": pem(key),
        "jwk": _dumps(jwk(key, algorithm, kid="k1")),
        "jwks": _dumps({"keys": [jwk(key.public_key(), algorithm), jwk(key, algorithm, kid="k1")]}),
    }[form]
    guard = Guard(key=key.public_key())
    signing = SigningKey.parse(Secret(text), None if form != "pem" else "k1")
    with guarded(guard, BackendServices("my-client", signing)) as client:
        assert read(client) == read(client) == STUDY
    (claims,) = guard.assertions
    assert (claims["alg"], claims["kid"]) == (algorithm, "k1")
    assert 0 < claims["exp"] - time.time() <= 300
    assert guard.seen[1].form["scope"] == "system/*.cruds"
    assert "authorization" not in guard.seen[0].headers
    assert "authorization" not in guard.seen[1].headers


def _dumps(document: dict[str, Any]) -> str:
    import json

    return json.dumps(document)


def test_every_assertion_is_used_once(keys: dict[str, Any]) -> None:
    guard = Guard(key=keys["ES384"].public_key(), lifetime=1)
    with guarded(guard, BackendServices("my-client", SigningKey.parse(Secret(pem(keys["ES384"]))))) as client:
        read(client)
        read(client)
    first, second = guard.assertions
    assert first["jti"] != second["jti"]


def test_an_assertion_is_not_sent_again_after_silence(keys: dict[str, Any]) -> None:
    signing = SigningKey.parse(Secret(pem(keys["ES384"])))
    auth = BackendServices("my-client", signing, token_url="https://id.example.org/token")
    token = fhir({"access_token": "t"})
    client, script = scripted(httpx.ReadTimeout("slow"), token, fhir(STUDY), auth=auth)
    assert read(client) == STUDY
    assert script.requests[0].content != script.requests[1].content


def test_a_key_that_the_server_does_not_take_is_an_error_before_it_is_used(keys: dict[str, Any]) -> None:
    guard = Guard(algorithms=("RS384",))
    auth = BackendServices("my-client", SigningKey.parse(Secret(pem(keys["ES384"]))))
    with (
        guarded(guard, auth) as client,
        pytest.raises(ServerError, match="takes RS384, the key is for ES384"),
    ):
        read(client)
    assert len(guard.seen) == 1


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ({}, "names no token_endpoint"),
        ({"token_endpoint": "http://id.example.org/token"}, "must have an https address"),
    ],
)
def test_a_discovery_that_leads_nowhere_is_an_error(
    found: dict[str, Any], reason: str, keys: dict[str, Any]
) -> None:
    auth = BackendServices("my-client", SigningKey.parse(Secret(pem(keys["ES384"]))))
    client, _ = scripted(fhir(found), auth=auth)
    with pytest.raises(ServerError, match=reason):
        read(client)


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "{}",
        "{broken",
        '{"keys": []}',
        '{"keys": [1]}',
        '{"kty": "oct", "k": "c2VjcmV0", "d": "x"}',
        "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----",
    ],
)
def test_what_is_no_key_is_the_callers_mistake_and_not_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="the key file holds no private") as caught:
        SigningKey.parse(Secret(text))
    assert caught.value.__cause__ is None
    assert text not in str(caught.value)


def test_a_key_on_another_curve_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="P-384"):
        SigningKey.parse(Secret(pem(ec.generate_private_key(ec.SECP256R1()))))


# --- secrets stay secret ---------------------------------------------------------------------------------

SECRET = "hunter2-hunter2"


def secretive() -> list[Auth]:
    return [
        Basic("me", Secret(SECRET)),
        Bearer(Secret(SECRET)),
        credentials("https://id.example.org/token", secret=SECRET),
    ]


@pytest.mark.parametrize("number", range(3))
def test_a_secret_is_in_no_repr_error_or_log(number: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    auth = secretive()[number]
    encoded = b64encode(f"me:{SECRET}".encode()).decode()
    echo = f"you sent {SECRET} and {encoded}"
    refusal = {**outcome(echo), "extension": [{"url": "x", "valueString": echo}]}
    answers = [fhir({"access_token": SECRET}), fhir(refusal, 403)] if number == 2 else [fhir(refusal, 403)]
    client, script = scripted(*answers, auth=auth)
    with pytest.raises(ServerError) as caught:
        read(client)
    shown = " ".join([str(caught.value), repr(caught.value.outcome), repr(client), repr(auth), caplog.text])
    assert SECRET not in shown
    assert number or encoded not in shown
    assert SECRET in script.requests[-1].headers["Authorization"] or number == 0


def test_a_secret_has_no_repr_and_no_pickle() -> None:
    assert SECRET not in f"{Secret(SECRET)!r} {Secret(SECRET)}"
    with pytest.raises(TypeError):
        pickle.dumps(Secret(SECRET))


def test_a_key_has_no_repr(keys: dict[str, Any]) -> None:
    assert repr(SigningKey.parse(Secret(pem(keys["ES384"])), "k")) == "SigningKey(ES384, id='k')"


def test_a_secret_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", f"{SECRET}\n")
    assert Secret.from_environment("A_SECRET").reveal() == SECRET
    monkeypatch.setenv("A_SECRET", " ")
    with pytest.raises(ValueError, match="A_SECRET holds no secret"):
        Secret.from_environment("A_SECRET")


def test_a_secret_comes_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    assert Secret.from_file(file).reveal() == SECRET
    for content in (b"\n", b"\xff" + SECRET.encode()):
        file.write_bytes(content)
        with pytest.raises(ValueError) as caught:
            Secret.from_file(file)
        assert SECRET not in repr(caught.value) + repr(caught.value.__cause__)
    with pytest.raises(ValueError, match="cannot read a secret"):
        Secret.from_file(tmp_path / "none")
