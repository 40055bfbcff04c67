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
    identity = (site.facility, site.city, site.state, site.zip, site.country, point.lat, point.lon)
    if not any(part not in (None, "") for part in identity):
        return {}
    resource_id = f"loc-{digest(*identity)}"
    if f"Location/{resource_id}" not in graph:
        graph.add(_resource(resource_id, site, point))
    return reference("Location", resource_id, site.facility or site.city)


def _resource(resource_id: str, site: Site, point: GeoPoint) -> Resource:
    resource: Resource = {"resourceType": "Location", "id": resource_id}
    place = [part for part in (site.city, site.state, site.zip, site.country) if part]
    text = narrative(heading(site.facility), paragraph("Address", ", ".join(place)))
    if text:
        resource["text"] = text
    if (point.lat is None) != (point.lon is None):  # Location.position needs both
        resource["extension"] = extensions.simple("latitude", "valueDecimal", point.lat) + extensions.simple(
            "longitude", "valueDecimal", point.lon
        )
    if site.facility:
        resource["name"] = site.facility
    address: dict[str, str] = {}
    if site.city:
        address["city"] = site.city
    if site.state:
        address["state"] = site.state
    if site.zip:
        address["postalCode"] = site.zip
    if site.country:
        address["country"] = site.country
    if address:
        resource["address"] = address
    if point.lat is not None and point.lon is not None:
        resource["position"] = {"longitude": point.lon, "latitude": point.lat}
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
