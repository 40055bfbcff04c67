"""Location: where a site is; what one trial says about it (status, contacts) stays on the study.

https://hl7.org/fhir/R4/location.html
"""

from typing import Any

from fhir_trial.mapping import extensions
from fhir_trial.mapping.graph import Graph, Reference, Resource, digest, reference
from fhir_trial.mapping.narrative import heading, narrative, paragraph
from fhir_trial.trial import GeoPoint, Site


def location(graph: Graph, site: Site) -> Reference:
    """Reference to the Location of a site; without target when the record says nothing of the place."""
    point = site.geo_point or GeoPoint()
    lat, lon = point.lat, point.lon
    words = (site.facility, site.city, site.state, site.zip, site.country)
    if lat is None and lon is None and not any(words):
        return {}
    resource_id = f"loc-{digest(*words, lat, lon)}"
    if f"Location/{resource_id}" not in graph:
        graph.add(_resource(resource_id, words, lat, lon))
    return reference("Location", resource_id, site.facility or site.city)


_ADDRESS = ("city", "state", "postalCode", "country")


def _resource(
    resource_id: str, words: tuple[str | None, ...], lat: float | None, lon: float | None
) -> Resource:
    """words: the facility, then what `_ADDRESS` names."""
    resource: Resource = {"resourceType": "Location", "id": resource_id}
    facility = words[0]
    address = {key: part for key, part in zip(_ADDRESS, words[1:], strict=True) if part}
    text = narrative(heading(facility), paragraph("Address", ", ".join(address.values())))
    if text:
        resource["text"] = text
    if (lat is None) != (lon is None):  # Location.position needs both
        resource["extension"] = extensions.simple("latitude", "valueDecimal", lat) + extensions.simple(
            "longitude", "valueDecimal", lon
        )
    if facility:
        resource["name"] = facility
    if address:
        resource["address"] = address
    if lat is not None and lon is not None:
        resource["position"] = {"longitude": lon, "latitude": lat}
    return resource


def read_location(resource: Resource | None) -> dict[str, Any]:
    """The site fields of the record that a Location holds."""
    if resource is None:
        return {}
    address = resource.get("address", {})
    position = resource.get("position", {})
    found = {
        "facility": resource.get("name"),
        "city": address.get("city"),
        "state": address.get("state"),
        "zip": address.get("postalCode"),
        "country": address.get("country"),
    }
    point = {
        "lat": position.get("latitude", extensions.value(resource, "latitude", "valueDecimal")),
        "lon": position.get("longitude", extensions.value(resource, "longitude", "valueDecimal")),
    }
    point = {key: value for key, value in point.items() if value is not None}
    return {key: value for key, value in found.items() if value} | ({"geoPoint": point} if point else {})
