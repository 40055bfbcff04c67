"""Records made for the mapping tests, and how to look into what becomes of them."""

from typing import Any

import orjson

from fhir_trial.mapping import read_resources, resources
from fhir_trial.release import Release
from fhir_trial.sources import ctgov_v2
from fhir_trial.trial import Trial

Resource = dict[str, Any]


def trial(number: int = 1, *, sections: dict[str, Any] | None = None, **modules: Any) -> Trial:
    """The trial of a record with these modules (and other sections), named as the registry names them."""
    protocol = {"identificationModule": {"nctId": f"NCT{number:08}"}} | modules
    return ctgov_v2.decode(orjson.dumps({"protocolSection": protocol} | (sections or {})))


def study(stated: Trial, release: Release = Release.R4) -> Resource:
    """The ResearchStudy of a trial."""
    return resources(stated, release)[0]


def of_type(stated: Trial, resource_type: str, release: Release = Release.R4) -> list[Resource]:
    """The resources of a type, in bundle order."""
    return [found for found in resources(stated, release) if found["resourceType"] == resource_type]


def back(stated: Trial, release: Release = Release.R4) -> dict[str, Any]:
    """The record that the resources give back."""
    return ctgov_v2.encode(read_resources(resources(stated, release), release))


def extensions(element: Resource, name: str) -> list[Resource]:
    """The extensions of an element whose url ends in `/name` or `.name`."""
    return [
        found for found in element.get("extension", ()) if found["url"].endswith((f"/{name}", f".{name}"))
    ]


def codes(concept: Resource) -> list[str]:
    """The codes of a CodeableConcept."""
    return [coding["code"] for coding in concept.get("coding", ())]
