"""Who we are to the server: basic, bearer and OAuth2 client credentials; SMART stands in `smart.py`."""

import threading
import time
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from fhir_trial.client.requests import FORM, Request
from fhir_trial.client.secret import Secret
from fhir_trial.errors import ServerError

Ask = Callable[[Callable[[], Request]], dict[str, Any]]
"""Sends a request without credentials, made anew for each attempt, and answers its JSON."""

_EARLY = 30.0
"""Seconds before its end that a token is given up."""
_SHORTEST = 60.0
"""Lifetime taken when the token server states none."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Auth(Protocol):
    """A way to say who we are."""

    def authorization(self, ask: Ask) -> str:
        """The value of the Authorization header."""

    def renew(self, refused: str) -> bool:
        """Whether another value can be had after this one was refused."""

    def secrets(self) -> list[str]:
        """What no message may show."""


class Basic:
    """User and password. https://www.rfc-editor.org/rfc/rfc7617"""

    def __init__(self, user: str, password: Secret) -> None:
        if ":" in user:
            raise ValueError("a user name for basic authentication has no colon")
        self._user = user
        self._password = password

    def authorization(self, ask: Ask) -> str:
        """The value of the Authorization header."""
        return self.value

    @property
    def value(self) -> str:
        """The same, which depends on nothing."""
        return f"Basic {self._encoded()}"

    def renew(self, refused: str) -> bool:
        """Never: a password does not change while we run."""
        return False

    def secrets(self) -> list[str]:
        """What no message may show."""
        return [self._encoded(), self._password.reveal()]

    def _encoded(self) -> str:
        return b64encode(f"{self._user}:{self._password.reveal()}".encode()).decode()


class Bearer:
    """A token that somebody gave us. https://www.rfc-editor.org/rfc/rfc6750"""

    def __init__(self, token: Secret) -> None:
        if not _fit_for_header(token.reveal()):
            raise ValueError("the bearer token holds characters that no token has")
        self._token = token

    def authorization(self, ask: Ask) -> str:
        """The value of the Authorization header."""
        return f"Bearer {self._token.reveal()}"

    def renew(self, refused: str) -> bool:
        """Never: we were given this one only."""
        return False

    def secrets(self) -> list[str]:
        """What no message may show."""
        return [self._token.reveal()]


class Tokens(ABC):
    """Access tokens, fetched when needed, kept until shortly before their end; one thread fetches for all."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._until = 0.0

    def authorization(self, ask: Ask) -> str:
        """The value of the Authorization header."""
        with self._lock:
            if self._clock() >= self._until:
                self.prepare(ask)
                self._keep(ask(self.token_request))
            return f"Bearer {self._token}"

    def renew(self, refused: str) -> bool:
        """Always; unless another thread has a new token already, the old one is given up."""
        with self._lock:
            if refused == f"Bearer {self._token}":
                self._until = 0.0
        return True

    def secrets(self) -> list[str]:
        """What no message may show."""
        return [self._token]

    @abstractmethod
    def prepare(self, ask: Ask) -> None:
        """What has to be asked before the token server is."""

    @abstractmethod
    def token_request(self) -> Request:
        """The request that a token server answers with a token."""

    def _keep(self, answer: dict[str, Any]) -> None:
        token, lifetime = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not _fit_for_header(token):
            raise ServerError("the token server gave no access_token", status=200)
        lasting = float(lifetime) if isinstance(lifetime, int | float) else _SHORTEST
        self._token = token
        # a token that lives shorter than we are early is used once
        self._until = self._clock() + max(lasting - _EARLY, 0.0)


class ClientCredentials(Tokens):
    """OAuth2 client credentials. https://www.rfc-editor.org/rfc/rfc6749#section-4.4"""

    def __init__(
        self,
        token_url: str,
        client_id: str,
        client_secret: Secret,
        *,
        scope: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(clock)
        self._token_url = secure(token_url)
        self._basic = Basic(urlencoded(client_id), Secret(urlencoded(client_secret.reveal())))
        self._secret = client_secret
        self._scope = scope

    def prepare(self, ask: Ask) -> None:
        """Nothing: the address of the token server is given."""

    def token_request(self) -> Request:
        """The grant, with id and secret in the header, as every token server must accept."""
        form = {"grant_type": "client_credentials"}
        if self._scope:
            form["scope"] = self._scope
        return token_form(self._token_url, form, {"Authorization": self._basic.value})

    def secrets(self) -> list[str]:
        """What no message may show."""
        return [*super().secrets(), *self._basic.secrets(), self._secret.reveal()]


def _fit_for_header(token: str) -> bool:
    """Whether a header can hold it; a library that refuses it would quote it."""
    return bool(token) and token.isascii() and token.isprintable() and " " not in token


def token_form(url: str, form: dict[str, str], headers: dict[str, str] | None = None) -> Request:
    """A form for a token server."""
    return Request(
        method="POST",
        path=url,
        headers=headers or {},
        body=urlencode(form).encode(),
        content_type=FORM,
        accept="application/json",
    )


def secure(url: str) -> str:
    """The URL, if secrets may go there: https, or this machine; raises ValueError else."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return url
    raise ValueError(f"a token server must have an https address, not {parts.scheme}://{parts.hostname}")


def urlencoded(text: str) -> str:
    """As RFC 6749 wants id and secret inside a basic header."""
    return urlencode({"": text})[1:]
