"""Practitioner and PractitionerRole: investigators, officials, contacts.

https://hl7.org/fhir/R4/practitioner.html, https://hl7.org/fhir/R4/practitionerrole.html
"""

from typing import Any

from fhir_trial.mapping.graph import Graph, Index, Reference, Resource, compact, digest, reference
from fhir_trial.mapping.narrative import heading, narrative, paragraph
from fhir_trial.mapping.organization import affiliation
from fhir_trial.mapping.urls import PHONE_EXTENSION
from fhir_trial.trial import Contact


def practitioner(graph: Graph, name: str) -> Reference:
    """Reference to the Practitioner of that name; names are kept as written, never taken apart."""
    resource_id = f"person-{digest(name)}"
    graph.add(
        compact(
            resourceType="Practitioner",
            id=resource_id,
            text=narrative(heading(name)),
            name=[{"text": name}],
        )
    )
    return reference("Practitioner", resource_id, name)


def role(
    graph: Graph, name: str | None, organization: str | None, title: str | None = None
) -> Reference | None:
    """Reference to the PractitionerRole of a person at an organization, or to the bare Practitioner."""
    if name and not organization and not title:
        return practitioner(graph, name)
    if not name and not organization and not title:
        return None
    place = affiliation(graph, organization)
    resource_id = f"role-{digest(name, place and place['reference'], title)}"
    graph.add(
        compact(
            resourceType="PractitionerRole",
            id=resource_id,
            text=narrative(heading(name), paragraph("Title", title), paragraph("Affiliation", organization)),
            practitioner=practitioner(graph, name) if name else None,
            organization=place,
            code=[{"text": title}] if title else None,
        )
    )
    return reference("PractitionerRole", resource_id, name or organization)


def person(index: Index, party: Any) -> dict[str, str]:
    """What a party reference says of a person: {name 0..1, affiliation 0..1, title 0..1}."""
    resource = index.find(party)
    if resource is None:
        return {}
    if resource["resourceType"] == "Practitioner":
        return compact(name=_name(resource))
    if resource["resourceType"] != "PractitionerRole":
        return {}
    someone = index.find(resource.get("practitioner"), "Practitioner")
    place = index.find(resource.get("organization"), "Organization")
    titles = [code.get("text") for code in resource.get("code", ())]
    return compact(
        name=_name(someone) if someone else None,
        affiliation=place.get("name") if place else None,
        title=titles[0] if titles else None,
    )


def _name(resource: Resource) -> str | None:
    for name in resource.get("name", ()):
        if name.get("text"):
            return str(name["text"])
        parts = [
            *name.get("prefix", ()),
            *name.get("given", ()),
            name.get("family", ""),
            *name.get("suffix", ()),
        ]
        return " ".join(part for part in parts if part) or None
    return None


# --- contacts -------------------------------------------------------------------------------------------


def telecom(contact: Contact) -> list[dict[str, Any]]:
    """ContactPoint 0..2: the telephone number with its extension, the e-mail address."""
    points: list[dict[str, Any]] = []
    if contact.phone or contact.phone_ext:
        point: dict[str, Any] = {}
        if contact.phone_ext:
            point["extension"] = [{"url": PHONE_EXTENSION, "valueString": contact.phone_ext}]
        point["system"] = "phone"
        if contact.phone:
            point["value"] = contact.phone
        points.append(point)
    if contact.email:
        points.append({"system": "email", "value": contact.email})
    return points


def read_telecom(points: list[dict[str, Any]]) -> dict[str, str]:
    """{phone, phoneExt, email}, each 0..1, of a list of ContactPoints."""
    found: dict[str, str] = {}
    for point in points:
        name = {"phone": "phone", "email": "email"}.get(point.get("system", ""))
        if name is None or name in found:
            continue
        if point.get("value"):
            found[name] = point["value"]
        for extension in point.get("extension", ()):
            if extension.get("url") == PHONE_EXTENSION and extension.get("valueString"):
                found["phoneExt"] = extension["valueString"]
    return found
