"""What a server says about itself, and whether it will do."""

from dataclasses import dataclass, field
from typing import Any

from fhir_trial.errors import ServerError
from fhir_trial.release import Release

_VERSIONS = {"4.0": Release.R4, "4.1": Release.R4B, "4.3": Release.R4B, "5.0": Release.R5}


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """The parts of a CapabilityStatement that decide what we can do.

    A statement may leave out nearly everything: None and missing types mean "not said", which is no refusal.
    """

    fhir_version: str
    release: Release | None
    software: str | None = None
    interactions: frozenset[str] | None = None
    """Of the whole system: transaction, batch …"""
    types: frozenset[str] | None = field(default=None, repr=False)
    no_ids_of_ours: frozenset[str] = frozenset()
    """Types that the server says it does not create under a client's id."""

    @classmethod
    def of(cls, statement: dict[str, Any]) -> "Capability":
        """Read from a CapabilityStatement; raises ServerError if it is none."""
        version = statement.get("fhirVersion")
        if statement.get("resourceType") != "CapabilityStatement" or not isinstance(version, str):
            raise ServerError("GET metadata: this is no FHIR server: no CapabilityStatement", status=200)
        rest = next(
            (each for each in _dicts(statement.get("rest")) if each.get("mode", "server") == "server"), {}
        )
        resources = _dicts(rest.get("resource"))
        software = statement.get("software")
        return cls(
            fhir_version=version,
            release=_VERSIONS.get(version.rpartition(".")[0] if version.count(".") > 1 else version),
            software=_software(software) if isinstance(software, dict) else None,
            interactions=_codes(rest.get("interaction")),
            types=frozenset(str(each.get("type")) for each in resources) or None,
            no_ids_of_ours=frozenset(
                str(each.get("type")) for each in resources if each.get("updateCreate") is False
            ),
        )

    def require_release(self, release: Release) -> None:
        """Raises ServerError if the server speaks another release."""
        if self.release is not release:
            spoken = self.release or "a release that is not supported"
            message = f"the server speaks FHIR {self.fhir_version} ({spoken}), not {release}"
            raise ServerError(message, status=200)

    def require_transactions(self, types: frozenset[str]) -> None:
        """Raises ServerError if the server says that it cannot take transactions of these types by id."""
        # HAPI lists "transaction" alone, though it takes batches: absence of a batch means nothing
        if self.interactions is not None and "transaction" not in self.interactions:
            raise ServerError("the server takes no transactions", status=200)
        if self.types is not None and (missing := types - self.types):
            raise ServerError(f"the server has no {', '.join(sorted(missing))}", status=200)
        if refused := types & self.no_ids_of_ours:
            message = f"the server does not create {', '.join(sorted(refused))} under ids of ours"
            raise ServerError(message, status=200)


def _software(software: dict[str, Any]) -> str | None:
    words = [str(software[key]) for key in ("name", "version") if software.get(key)]
    return " ".join(words) or None


def _codes(items: Any) -> frozenset[str] | None:
    found = frozenset(str(each.get("code")) for each in _dicts(items))
    return found or None


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
