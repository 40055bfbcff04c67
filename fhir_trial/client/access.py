"""How a server is reached and who we are there, from options, the environment and files."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from fhir_trial.client.auth import Auth, Basic, Bearer, ClientCredentials
from fhir_trial.client.fhir import Client
from fhir_trial.client.retry import Retry
from fhir_trial.client.secret import Secret
from fhir_trial.client.sending import Exchange, Timeouts
from fhir_trial.client.smart import DEFAULT_SCOPE, BackendServices, SigningKey
from fhir_trial.client.tls import Tls

SECRET = "FHIR_TRIAL_SECRET"
"""Environment variable with the password, token, client secret or private key."""
CERTIFICATE_PASSWORD = "FHIR_TRIAL_CERT_PASSWORD"
"""Environment variable with the password of our certificate's key."""


class AuthKind(StrEnum):
    """The ways to say who we are."""

    NONE = "none"
    BASIC = "basic"
    BEARER = "bearer"
    OAUTH2 = "oauth2"
    SMART = "smart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A server's address and what it wants to know; secrets are not in here, only where they stand."""

    server: str
    auth: AuthKind = AuthKind.NONE
    name: str | None = None
    """User, or client id."""
    secret_file: Path | None = None
    """Instead of the environment variable."""
    token_url: str | None = None
    scope: str | None = None
    key_id: str | None = None
    ca: Path | None = None
    certificate: Path | None = None
    certificate_key: Path | None = None
    timeout: float = Timeouts().read
    retries: int = Retry().limit

    def client(self, *, observer: Callable[[Exchange], None] | None = None, connections: int = 10) -> Client:
        """A client for the server.

        Raises: ValueError when a secret is missing, or what was said does not make sense.
        """
        return Client(
            self.server,
            auth=self._auth(),
            tls=self._tls(),
            timeouts=Timeouts(read=self.timeout, whole=5 * self.timeout),
            retry=Retry(limit=self.retries),
            observer=observer,
            connections=connections,
        )

    def _auth(self) -> Auth | None:
        match self.auth:
            case AuthKind.NONE:
                return None
            case AuthKind.BASIC:
                return Basic(self._name(), self._secret())
            case AuthKind.BEARER:
                return Bearer(self._secret())
            case AuthKind.OAUTH2:
                if not self.token_url:
                    raise ValueError("OAuth2 client credentials need the address of the token server")
                return ClientCredentials(self.token_url, self._name(), self._secret(), scope=self.scope)
            case AuthKind.SMART:
                key = SigningKey.parse(self._secret(), self.key_id)
                scope = self.scope or DEFAULT_SCOPE
                return BackendServices(self._name(), key, scope=scope, token_url=self.token_url)

    def _name(self) -> str:
        if not self.name:
            raise ValueError(f"{self.auth} needs a user name or client id")
        return self.name

    def _secret(self) -> Secret:
        if self.secret_file:
            return Secret.from_file(self.secret_file)
        return Secret.from_environment(SECRET)

    def _tls(self) -> Tls | None:
        if not (self.ca or self.certificate):
            return None
        password = os.environ.get(CERTIFICATE_PASSWORD)
        return Tls(
            ca=self.ca,
            certificate=self.certificate,
            key=self.certificate_key,
            password=Secret(password) if password else None,
        )
