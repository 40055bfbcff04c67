"""The FHIR REST client on httpx: auth, retries, transactions, search with paging."""

from fhir_trial.client.answers import EntryAnswer
from fhir_trial.client.auth import Auth, Basic, Bearer, ClientCredentials
from fhir_trial.client.capability import Capability
from fhir_trial.client.fhir import Client
from fhir_trial.client.retry import Retry
from fhir_trial.client.secret import Secret
from fhir_trial.client.sending import Exchange, Timeouts
from fhir_trial.client.smart import BackendServices, SigningKey
from fhir_trial.client.tls import Tls

__all__ = [
    "Auth",
    "BackendServices",
    "Basic",
    "Bearer",
    "Capability",
    "Client",
    "ClientCredentials",
    "EntryAnswer",
    "Exchange",
    "Retry",
    "Secret",
    "SigningKey",
    "Timeouts",
    "Tls",
]
