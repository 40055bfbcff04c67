"""ResearchStudy: sponsors, responsible party, officials, contacts, sites."""

from typing import Any

from fhir_trial.mapping import extensions, location
from fhir_trial.mapping.graph import Graph, Index, Reference, compact, reference
from fhir_trial.mapping.narrative import heading, narrative, paragraph
from fhir_trial.mapping.organization import organization, party
from fhir_trial.mapping.practitioner import person, practitioner, read_telecom, role, telecom
from fhir_trial.mapping.research_study import identity
from fhir_trial.mapping.urls import EXTENSION
from fhir_trial.trial import Contact, Official, ResponsibleParty, Site, Sponsor, Sponsors, Trial

Element = dict[str, Any]


def associated_parties(trial: Trial, graph: Graph) -> list[Element]:
    """ResearchStudy.associatedParty fragments {name, role 1..1, classifier, party} in a fixed order.

    R4 keeps the lead sponsor in `sponsor` and the central contacts in `contact`; R5 has them here.
    """
    sponsors = trial.protocol.sponsors or Sponsors()
    written: list[Element] = []
    if graph.r5 and sponsors.lead_sponsor:
        written += _party("lead-sponsor", sponsor(sponsors.lead_sponsor, graph), graph)
    for collaborator in sponsors.collaborators or ():
        written += _party("collaborator", sponsor(collaborator, graph), graph)
    if sponsors.responsible_party:
        written += _responsible(sponsors.responsible_party, sponsors.lead_sponsor, graph)
    contacts_sites = trial.protocol.contacts_sites
    if contacts_sites:
        written += [_official(official, graph) for official in contacts_sites.officials or ()]
    if contacts_sites and graph.r5:
        for number, contact in enumerate(contacts_sites.central_contacts or (), start=1):
            written += _r5_contact(trial.id, number, contact, graph)
    keeper = trial.protocol.identification.organization
    if keeper and not identity.names_keeper(trial.protocol.identification):
        written += _party("record-organization", organization(graph, keeper.name, keeper.agency_class), graph)
    return written


_UNSTATED_OFFICIAL = {"text": "Study official"}
"""The role of an official for whom the record states none."""


def sponsor(stated: Sponsor, graph: Graph) -> Reference | None:
    """Reference to the Organization that sponsors or collaborates."""
    return organization(graph, stated.name, stated.agency_class)


def _party(token: str, who: Reference | None, graph: Graph) -> list[Element]:
    return [{"role": graph.maps.party_role.concept(token), "party": who}] if who else []


def _official(stated: Official, graph: Graph) -> Element:
    concept = graph.maps.official_role.concept(stated.role) if stated.role else _UNSTATED_OFFICIAL
    return compact(role=concept, party=role(graph, stated.name, stated.affiliation))


def _responsible(stated: ResponsibleParty, lead: Sponsor | None, graph: Graph) -> list[Element]:
    concept = graph.maps.party_role.concept
    kind = [graph.maps.responsible_party_type.concept(stated.type)] if stated.type else []
    who = role(graph, stated.name, stated.affiliation, stated.title)
    if who is None and stated.type == "SPONSOR" and lead is not None:
        who = sponsor(lead, graph)
    written = [compact(role=concept("responsible-party"), classifier=kind, party=who)] if kind or who else []
    if stated.old_name_title or stated.old_organization:
        legacy = organization(graph, stated.old_organization)
        written.append(
            compact(name=stated.old_name_title, role=concept("responsible-party-legacy"), party=legacy)
        )
    return written


def read_parties(fragments: list[Element], index: Index, protocol: Element) -> None:
    """Put sponsors, responsible party, officials and the record's organization into the document."""
    sponsors = protocol.setdefault("sponsorCollaboratorsModule", {})
    contacts = protocol.setdefault("contactsLocationsModule", {})
    for fragment in fragments:
        concept, who = fragment.get("role"), fragment.get("party")
        token = index.maps.party_role.token(concept)
        if token == "lead-sponsor":
            sponsors["leadSponsor"] = party(index, index.find(who, "Organization"))
        elif token == "collaborator":
            sponsors.setdefault("collaborators", []).append(party(index, index.find(who, "Organization")))
        elif token == "responsible-party":
            sponsors.setdefault("responsibleParty", {}).update(_read_responsible(fragment, index))
        elif token == "responsible-party-legacy":
            legacy = compact(
                oldNameTitle=fragment.get("name"),
                oldOrganization=party(index, index.find(who, "Organization")).get("name"),
            )
            sponsors.setdefault("responsibleParty", {}).update(legacy)
        elif token == "record-organization":
            keeper = identity.as_keeper(party(index, index.find(who, "Organization")))
            protocol.setdefault("identificationModule", {})["organization"] = keeper
        elif token == "general-contact":
            contacts.setdefault("centralContacts", []).append(
                _read_r5_contact(index.find(who, "PractitionerRole"), index)
            )
        elif (official := index.maps.official_role.token(concept)) or concept == _UNSTATED_OFFICIAL:
            stated = person(index, who)
            stated.pop("title", None)
            contacts.setdefault("overallOfficials", []).append(
                stated | ({"role": official} if official else {})
            )


def _read_responsible(fragment: Element, index: Index) -> Element:
    kinds = [index.maps.responsible_party_type.token(kind) for kind in fragment.get("classifier", ())]
    stated = person(index, fragment.get("party"))
    return compact(
        type=next((kind for kind in kinds if kind), None),
        investigatorFullName=stated.get("name"),
        investigatorTitle=stated.get("title"),
        investigatorAffiliation=stated.get("affiliation"),
    )


def principal_investigator(trial: Trial, graph: Graph) -> Reference | None:
    """R4 principalInvestigator: the first one among the officials, else the responsible party."""
    contacts_sites, sponsors = trial.protocol.contacts_sites, trial.protocol.sponsors
    for official in (contacts_sites.officials if contacts_sites else None) or ():
        if official.role == "PRINCIPAL_INVESTIGATOR" and official.name:
            return role(graph, official.name, official.affiliation)
    responsible = sponsors.responsible_party if sponsors else None
    if responsible and responsible.name:
        return role(graph, responsible.name, responsible.affiliation, responsible.title)
    return None


# --- contacts -------------------------------------------------------------------------------------------


def contact_detail(contact: Contact, graph: Graph) -> Element:
    """ContactDetail {name 0..1, telecom 0..2} with the contact's role as an extension."""
    element: Element = {}
    if contact.role:
        element["extension"] = [
            {
                "url": EXTENSION + "contact-role",
                "valueCodeableConcept": graph.maps.contact_role.concept(contact.role),
            }
        ]
    if contact.name:
        element["name"] = contact.name
    if points := telecom(contact):
        element["telecom"] = points
    return element


def read_contact_detail(element: Element, index: Index) -> Element:
    """{name, role, phone, phoneExt, email}, each 0..1."""
    token = index.maps.contact_role.token(extensions.value(element, "contact-role", "valueCodeableConcept"))
    return compact(name=element.get("name"), role=token) | read_telecom(element.get("telecom", []))


def central_contacts(trial: Trial, graph: Graph) -> list[Element]:
    """R4 contact: a ContactDetail per central contact."""
    contacts_sites = trial.protocol.contacts_sites
    stated = (contacts_sites.central_contacts if contacts_sites else None) or ()
    return [element for contact in stated if (element := contact_detail(contact, graph))]


def _r5_contact(trial_id: str, number: int, contact: Contact, graph: Graph) -> list[Element]:
    """R5: a PractitionerRole of the trial's own holds how to reach the contact."""
    resource_id = f"{trial_id}-contact-{number}"
    detail = compact(name=[{"text": contact.name}] if contact.name else None, telecom=telecom(contact))
    graph.add(
        compact(
            resourceType="PractitionerRole",
            id=resource_id,
            text=narrative(
                heading(contact.name),
                paragraph("Telephone", contact.phone),
                paragraph("E-mail", contact.email),
            ),
            practitioner=practitioner(graph, contact.name) if contact.name else None,
            code=[graph.maps.contact_role.concept(contact.role)] if contact.role else None,
            contact=[detail] if detail else None,
        )
    )
    return _party("general-contact", reference("PractitionerRole", resource_id, contact.name), graph)


def _read_r5_contact(resource: Element | None, index: Index) -> Element:
    if resource is None:
        return {}
    tokens = [index.maps.contact_role.token(code) for code in resource.get("code", ())]
    found: Element = {}
    for detail in resource.get("contact", ()):
        names = [name["text"] for name in detail.get("name", ()) if name.get("text")]
        found = compact(name=names[0] if names else None) | read_telecom(detail.get("telecom", []))
        break
    return found | compact(role=next((token for token in tokens if token), None))


# --- sites ----------------------------------------------------------------------------------------------


def sites(stated: list[Site] | None, graph: Graph) -> list[Reference]:
    """A Reference(Location) per site, in order; status and contacts of the site stand on the reference."""
    return [found for site in stated or () if (found := _site(site, graph))]


def _site(site: Site, graph: Graph) -> Reference:
    target = location.location(graph, site)
    inner: list[Element] = []
    if site.status:
        inner.append({"url": "status", "valueCodeableConcept": graph.maps.status.concept(site.status)})
    for contact in site.contacts or ():
        if detail := contact_detail(contact, graph):
            inner.append({"url": "contact", "valueContactDetail": detail})
    if not inner:
        return target
    return {"extension": [{"url": EXTENSION + "site-recruitment", "extension": inner}], **target}


def read_sites(references: list[Element], index: Index) -> list[Element]:
    """The sites of the record."""
    found = []
    for written in references:
        site = location.read_location(index.find(written, "Location"))
        for extension in written.get("extension", ()):
            if extension.get("url") != EXTENSION + "site-recruitment":
                continue
            for inner in extension.get("extension", ()):
                if inner.get("url") == "status":
                    site["status"] = index.maps.status.token(inner.get("valueCodeableConcept"))
                elif inner.get("url") == "contact":
                    detail = read_contact_detail(inner.get("valueContactDetail", {}), index)
                    site.setdefault("contacts", []).append(detail)
        found.append(site)
    return found
