"""Organization: a sponsor, collaborator or affiliation. https://hl7.org/fhir/R4/organization.html"""

from typing import Any

from fhir_trial.mapping.graph import Graph, Index, Reference, Resource, digest, reference
from fhir_trial.mapping.narrative import heading, narrative, paragraph
from fhir_trial.mapping.urls import DATA_ABSENT

ABSENT = {"extension": [{"url": DATA_ABSENT, "valueCode": "unknown"}]}
"""Stands for a mandatory value that the record does not state."""


def organization(graph: Graph, name: str | None, agency_class: str | None = None) -> Reference | None:
    """Reference to the Organization of that name and class; None when the record gives neither.

    Shape: content-addressed, so the same party is the same resource in every trial.
    """
    if not name and not agency_class:
        return None
    resource_id = f"org-{digest(name, agency_class)}"
    if f"Organization/{resource_id}" not in graph:
        graph.add(_resource(graph, resource_id, name, agency_class))
    return reference("Organization", resource_id, name)


def affiliation(graph: Graph, name: str | None) -> Reference | None:
    """Reference to the Organization someone belongs to: that of the name, with the class stated for it."""
    return organization(graph, name, graph.agency_classes.get(name)) if name else None


def _resource(graph: Graph, resource_id: str, name: str | None, agency_class: str | None) -> Resource:
    resource: Resource = {"resourceType": "Organization", "id": resource_id}
    kind = graph.maps.agency_class.concept(agency_class) if agency_class else None
    text = narrative(heading(name), paragraph("Class", kind["text"] if kind else None))
    if text:
        resource["text"] = text
    if kind:
        resource["type"] = [kind]
    if name:
        resource["name"] = name
    else:
        resource["_name"] = ABSENT
    return resource


def party(index: Index, resource: Resource | None) -> dict[str, Any]:
    """Name and agency class of an Organization: {name 0..1, class 0..1}."""
    found: dict[str, Any] = {}
    if resource is None:
        return found
    if resource.get("name"):
        found["name"] = resource["name"]
    tokens = [t for kind in resource.get("type", ()) for t in index.maps.agency_class.tokens(kind)]
    if tokens:
        found["class"] = tokens[0]
    return found
