"""What holds the results together: EvidenceReport in R4B and R5, Composition in R4.

https://hl7.org/fhir/R5/evidencereport.html, https://hl7.org/fhir/R4/composition.html
"""

from typing import Any, NamedTuple

from fhir_trial.mapping import extensions, urls
from fhir_trial.mapping.graph import Index, Reference, Resource, reference
from fhir_trial.mapping.narrative import heading, listing, narrative, paragraph
from fhir_trial.mapping.organization import ABSENT, organization
from fhir_trial.mapping.practitioner import read_telecom, telecom
from fhir_trial.mapping.results.context import PART_TITLES, Context
from fhir_trial.results import CertainAgreement, MoreInfo, PointOfContact
from fhir_trial.trial import Contact, Trial

Element = dict[str, Any]


class Entry(NamedTuple):
    """A measure in the report, and what holds its values."""

    part: str
    title: str | None
    measure: Reference
    members: list[Reference]


# --- EvidenceReport -------------------------------------------------------------------------------------


def evidence_report(entries: list[Entry], more: MoreInfo, context: Context) -> Resource:
    """The EvidenceReport of a trial: a section per part, and in it one per measure."""
    report_id = context.id("report")
    written: Resource = {
        "resourceType": "EvidenceReport",
        "id": report_id,
        "text": _narrative(entries, more, context),
    }
    if agreement := extensions.extension("certain-agreement", more.certain_agreement):
        written["extension"] = agreement
    written["url"] = urls.canonical("EvidenceReport", report_id)
    written["status"] = "active"
    written["identifier"] = [context.identifier]
    written["relatedIdentifier"] = [{"system": urls.NCT, "value": context.trial_id}]
    if more.limitations and more.limitations.description:
        written["note"] = [{"text": more.limitations.description}]
    written["subject"] = {"note": [{"text": f"The participants of {context.trial_id}"}]}
    if contact := _contact(more.point_of_contact):
        written["contact"] = [contact]
    sections = [
        {
            "extension": [{"url": _RESULTS_PART, "valueCode": part}],
            "title": title,
            "section": [_section(entry) for entry in entries if entry.part == part],
        }
        for part, title in PART_TITLES.items()
        if any(entry.part == part for entry in entries)
    ]
    if sections:
        written["section"] = sections
    return written


_RESULTS_PART = urls.EXTENSION + "results-part"


def _section(entry: Entry) -> Element:
    written: Element = {"title": entry.title} if entry.title else {}
    written["focusReference"] = entry.measure
    if entry.members:
        written["entryReference"] = entry.members
    return written


def _narrative(entries: list[Entry], more: MoreInfo, context: Context) -> Element | None:
    limitations = more.limitations.description if more.limitations else None
    return narrative(
        heading(f"Results of {context.trial_id}"),
        *(
            listing(title, [entry.title for entry in entries if entry.part == part])
            for part, title in PART_TITLES.items()
        ),
        paragraph("Limitations and caveats", limitations),
    )


def _contact(stated: PointOfContact | None) -> Element | None:
    """ContactDetail {name, telecom, organization by extension: each 0..1}."""
    if stated is None:
        return None
    points = telecom(Contact(phone=stated.phone, phone_ext=stated.phone_ext, email=stated.email))
    written: Element = {}
    if stated.organization:
        written["extension"] = extensions.simple("contact-organization", "valueString", stated.organization)
    if stated.title:
        written["name"] = stated.title
    if points:
        written["telecom"] = points
    return written or None


# --- Composition ----------------------------------------------------------------------------------------


def composition(entries: list[Entry], more: MoreInfo, trial: Trial, context: Context) -> Resource:
    """The Composition of a trial's results in R4; `Composition?subject=` finds it."""
    title = f"Results of {context.trial_id}"
    written: Resource = {"resourceType": "Composition", "id": context.id("report")}
    if text := _narrative(entries, more, context):
        written["text"] = text
    if extension := _more_extensions(more):
        written["extension"] = extension
    written["identifier"] = context.identifier
    written["status"] = "final"
    written["type"] = {"text": "Clinical trial results"}
    written["subject"] = reference("ResearchStudy", context.trial_id)
    written |= _date(trial)
    written["author"] = [_author(trial, context)]
    written["title"] = title
    if sections := [
        {
            "title": title,
            "code": {"coding": [{"system": urls.RESULT_PARTS, "code": part}], "text": title},
            "entry": [entry.measure for entry in entries if entry.part == part],
        }
        for part, title in PART_TITLES.items()
        if any(entry.part == part for entry in entries)
    ]:
        written["section"] = sections
    return written


def _more_extensions(more: MoreInfo) -> list[Element]:
    limitations = more.limitations.description if more.limitations else None
    written = extensions.simple("limitations", "valueMarkdown", limitations)
    written += extensions.extension("certain-agreement", more.certain_agreement)
    if contact := _contact(more.point_of_contact):
        written.append({"url": urls.EXTENSION + "results-contact", "valueContactDetail": contact})
    return written


def _date(trial: Trial) -> Element:
    """When the results were posted, or last changed; mandatory."""
    status = trial.protocol.status
    posted = status.results_first_post.date if status and status.results_first_post else None
    changed = status.last_update_post.date if status and status.last_update_post else None
    date = posted or changed
    return {"date": date} if date else {"_date": ABSENT}


def _author(trial: Trial, context: Context) -> Reference:
    """The lead sponsor, who answers for the results; mandatory."""
    sponsor = trial.protocol.sponsors.lead_sponsor if trial.protocol.sponsors else None
    found = organization(context.graph, sponsor.name, sponsor.agency_class) if sponsor else None
    return found or {"display": "Sponsor not stated"}


# --- reading --------------------------------------------------------------------------------------------


def read_entries(report: Resource, index: Index) -> list[tuple[str, Resource, list[Resource]]]:
    """Each measure with its part and what holds its values, in order."""
    if report["resourceType"] == "Composition":
        return list(_composition_entries(report, index))
    found = []
    for section in report.get("section", ()):
        parts = [e.get("valueCode") for e in section.get("extension", ()) if e.get("url") == _RESULTS_PART]
        for below in section.get("section", ()):
            measure = index.find(below.get("focusReference"), "EvidenceVariable")
            if parts and measure is not None:
                found.append((parts[0], measure, _members(below.get("entryReference", ()), index)))
    return found


def _composition_entries(report: Resource, index: Index) -> Any:
    for section in report.get("section", ()):
        codes = [
            coding.get("code")
            for coding in section.get("code", {}).get("coding", ())
            if coding.get("system") == urls.RESULT_PARTS
        ]
        for entry in section.get("entry", ()):
            measure = index.find(entry, "Observation")
            if codes and measure is not None:
                yield codes[0], measure, _members(measure.get("hasMember", ()), index)


def _members(references: Any, index: Index) -> list[Resource]:
    return [member for one in references if (member := index.find(one, "Evidence", "Observation"))]


def read_more(report: Resource) -> Element:
    """The moreInfoModule of the record."""
    limitations = extensions.value(report, "limitations", "valueMarkdown")
    contact = extensions.value(report, "results-contact", "valueContactDetail")
    for note in report.get("note", ())[:1]:
        limitations = note.get("text")
    for stated in report.get("contact", ())[:1]:
        contact = stated
    agreements = extensions.parts(report, "certain-agreement", CertainAgreement)
    module = {
        "limitationsAndCaveats": {"description": limitations} if limitations else None,
        "certainAgreement": agreements[0] if agreements else None,
        "pointOfContact": _read_contact(contact) if contact else None,
    }
    return {key: value for key, value in module.items() if value}


def _read_contact(contact: Element) -> Element:
    stated = {
        "title": contact.get("name"),
        "organization": extensions.value(contact, "contact-organization", "valueString"),
        **read_telecom(contact.get("telecom", [])),
    }
    return {key: value for key, value in stated.items() if value}
