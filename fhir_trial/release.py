"""The FHIR releases that are written and read."""

from enum import StrEnum


class Release(StrEnum):
    """A published FHIR release; R4 is what EHRs and HAPI servers speak by default."""

    R4 = "R4"
    R4B = "R4B"
    R5 = "R5"

    @property
    def fhir_version(self) -> str:
        """The value of `CapabilityStatement.fhirVersion`, e.g. "4.0.1"."""
        return _FHIR_VERSIONS[self]


_FHIR_VERSIONS = {Release.R4: "4.0.1", Release.R4B: "4.3.0", Release.R5: "5.0.0"}
