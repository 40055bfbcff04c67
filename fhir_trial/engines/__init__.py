"""The Java engines: HL7's validator as the judge, and a real HAPI FHIR server as the sandbox."""

from fhir_trial.errors import FhirTrialError


class EngineUnavailableError(FhirTrialError):
    """A Java engine cannot be built, did not start, or has died."""
