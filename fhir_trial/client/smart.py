"""SMART Backend Services: a signed assertion instead of a shared secret.

https://hl7.org/fhir/smart-app-launch/backend-services.html
https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html
"""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from fhir_trial.client.auth import Ask, Tokens, secure, token_form
from fhir_trial.client.requests import Request
from fhir_trial.client.secret import Secret
from fhir_trial.errors import ServerError

DEFAULT_SCOPE = "system/*.cruds"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFETIME = 240
"""Seconds; the specification allows 300, and clocks differ."""
_ALGORITHMS = {"RSA": "RS384", "EC": "ES384"}


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with the algorithm that its type asks for."""

    _key: Any
    algorithm: str
    id: str | None

    def __repr__(self) -> str:
        return f"SigningKey({self.algorithm}, id={self.id!r})"

    @classmethod
    def parse(cls, secret: Secret, key_id: str | None = None) -> "SigningKey":
        """A private key as JWK, as JWKS (the first private key in it) or as PEM.

        Raises: ValueError when it is no RSA or P-384 key; the message does not hold it.
        """
        text = secret.reveal().strip()
        return _from_jwk(text, key_id) if text.startswith("{") else _from_pem(text, key_id)

    def sign(self, claims: dict[str, Any]) -> str:
        """The claims as a JWT."""
        header = {"kid": self.id} if self.id else {}
        return _jwt().encode(claims, self._key, algorithm=self.algorithm, headers=header)  # type: ignore[no-any-return]  # the library comes late


def _jwt() -> Any:
    try:
        import jwt
    except ImportError:
        raise ValueError("SMART needs PyJWT: pip install 'fhir-trial[auth]'") from None
    return jwt


def _from_jwk(text: str, key_id: str | None) -> SigningKey:
    jwt = _jwt()
    try:
        document = orjson.loads(text)
        private = [each for each in document.get("keys", [document]) if "d" in each]
        wanted = [each for each in private if key_id in (None, each.get("kid"))]
        algorithm = _ALGORITHMS[wanted[0]["kty"]]
        key = jwt.PyJWK(wanted[0], algorithm).key
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, jwt.PyJWTError):
        # without the cause, which may quote the key
        raise ValueError("the key file holds no private RSA or EC key as JWK or JWKS") from None
    return _checked(SigningKey(key, algorithm, key_id or wanted[0].get("kid")))


def _from_pem(text: str, key_id: str | None) -> SigningKey:
    _jwt()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("the key file holds no private key as PEM without a password") from None
    kind = "EC" if isinstance(key, EllipticCurvePrivateKey) else "RSA"
    return _checked(SigningKey(key, _ALGORITHMS[kind], key_id))


def _checked(key: SigningKey) -> SigningKey:
    """The key, if it fits its algorithm."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    inner = key._key
    if isinstance(inner, RSAPrivateKey):
        return key
    if isinstance(inner, EllipticCurvePrivateKey) and isinstance(inner.curve, SECP384R1):
        return key
    raise ValueError("SMART wants an RSA key (RS384) or an EC key on P-384 (ES384)")


def _discovery() -> Request:
    return Request(method="GET", path=".well-known/smart-configuration", accept="application/json")


class BackendServices(Tokens):
    """private_key_jwt; the token server is found by discovery unless told."""

    def __init__(
        self,
        client_id: str,
        key: SigningKey,
        *,
        scope: str = DEFAULT_SCOPE,
        token_url: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(clock)
        self._client_id = client_id
        self._key = key
        self._scope = scope
        self._token_url = token_url and secure(token_url)
        self._now = now

    def prepare(self, ask: Ask) -> None:
        """Discovery, once."""
        if self._token_url is None:
            self._token_url = self._discovered(ask)

    def token_request(self) -> Request:
        """The grant with an assertion made for it alone: a server refuses to see one twice."""
        assert self._token_url
        form = {
            "grant_type": "client_credentials",
            "scope": self._scope,
            "client_assertion_type": _ASSERTION,
            "client_assertion": self._key.sign(self._claims(self._token_url)),
        }
        return token_form(self._token_url, form)

    def _claims(self, token_url: str) -> dict[str, Any]:
        moment = int(self._now())
        return {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": token_url,
            "iat": moment,
            "exp": moment + _LIFETIME,
            "jti": uuid.uuid4().hex,
        }

    def _discovered(self, ask: Ask) -> str:
        found = ask(_discovery)
        algorithms = found.get("token_endpoint_auth_signing_alg_values_supported")
        if isinstance(algorithms, list) and self._key.algorithm not in algorithms:
            wanted = ", ".join(map(str, algorithms))
            raise ServerError(f"the server takes {wanted}, the key is for {self._key.algorithm}", status=200)
        token_url = found.get("token_endpoint")
        if not isinstance(token_url, str):
            raise ServerError("the server's smart-configuration names no token_endpoint", status=200)
        try:
            return secure(token_url)
        except ValueError as exc:
            raise ServerError(str(exc), status=200) from exc
