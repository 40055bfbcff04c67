"""Clinical-trial registry records into, through and out of FHIR (R4, R4B, R5)."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fhir_trial.errors import (
        ExitCode,
        FhirTrialError,
        InvalidBundleError,
        Issue,
        RecordError,
        ServerError,
        UnmappedCodeError,
    )
    from fhir_trial.pipeline import convert, validate
    from fhir_trial.reading import parse, read
    from fhir_trial.release import Release
    from fhir_trial.trial import Trial

__version__ = "0.1.0"

__all__ = [
    "ExitCode",
    "FhirTrialError",
    "InvalidBundleError",
    "Issue",
    "RecordError",
    "Release",
    "ServerError",
    "Trial",
    "UnmappedCodeError",
    "__version__",
    "convert",
    "parse",
    "read",
    "validate",
]

_HOMES = {
    "Release": "release",
    "Trial": "trial",
    "convert": "pipeline",
    "parse": "reading",
    "read": "reading",
    "validate": "pipeline",
}


def __getattr__(name: str) -> Any:
    """Import a public name at its first use, so that `fhir-trial --help` does not wait for all of them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
