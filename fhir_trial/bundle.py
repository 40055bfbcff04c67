"""Bundles: the resources of one trial, to keep (collection) or to send (transaction).

https://hl7.org/fhir/R4/bundle.html
"""

from collections.abc import Iterable
from typing import Any, Literal

from fhir_trial.mapping.urls import canonical

BundleType = Literal["collection", "transaction"]


def bundle(resources: Iterable[dict[str, Any]], *, type: BundleType = "collection") -> dict[str, Any]:  # noqa: A002 - FHIR's own name
    """A Bundle with an entry per resource, in the order given.

    Full urls are absolute, so relative references resolve inside the bundle; a transaction puts each resource
    under its own id, so that sending it twice changes nothing.
    """
    if type == "transaction":
        entries = [_put(resource) for resource in resources]
    else:
        entries = [{"fullUrl": _full_url(resource), "resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": type, "entry": entries}


def _full_url(resource: dict[str, Any]) -> str:
    return canonical(resource["resourceType"], resource["id"])


def _put(resource: dict[str, Any]) -> dict[str, Any]:
    request = {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"}
    return {"fullUrl": _full_url(resource), "resource": resource, "request": request}


def resources(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    """The resources of a Bundle, in order."""
    return [entry["resource"] for entry in bundle.get("entry", ()) if "resource" in entry]
