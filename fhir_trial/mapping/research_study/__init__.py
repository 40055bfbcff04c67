"""ResearchStudy: the trial itself, both directions.

https://hl7.org/fhir/R4/researchstudy.html, https://hl7.org/fhir/R5/researchstudy.html
"""

from collections.abc import Iterator
from copy import copy
from typing import Any

from fhir_trial.mapping import cross_version, extensions, flags, mesh, urls
from fhir_trial.mapping.country import country
from fhir_trial.mapping.graph import Graph, Index, Reference, Resource, reference
from fhir_trial.mapping.narrative import heading, listing, narrative, paragraph
from fhir_trial.mapping.organization import party
from fhir_trial.mapping.plan_definition import plan_id
from fhir_trial.mapping.research_study import artifacts, design, identity, parties, status
from fhir_trial.trial import (
    Browse,
    DataSharing,
    Design,
    Protocol,
    RelatedTrial,
    Status,
    SubmissionTracking,
    Trial,
    Unposted,
    Violations,
)

Element = dict[str, Any]

_R4_ORDER = (
    "resourceType",
    "id",
    "text",
    "extension",
    "identifier",
    "title",
    "protocol",
    "status",
    "_status",
    "primaryPurposeType",
    "phase",
    "category",
    "focus",
    "condition",
    "contact",
    "relatedArtifact",
    "keyword",
    "location",
    "description",
    "enrollment",
    "period",
    "sponsor",
    "principalInvestigator",
    "site",
    "reasonStopped",
    "arm",
)
_R5_ORDER = (
    "resourceType",
    "id",
    "text",
    "extension",
    "url",
    "identifier",
    "title",
    "label",
    "protocol",
    "relatedArtifact",
    "date",
    "status",
    "primaryPurposeType",
    "phase",
    "studyDesign",
    "focus",
    "condition",
    "keyword",
    "region",
    "descriptionSummary",
    "description",
    "period",
    "site",
    "classifier",
    "associatedParty",
    "progressStatus",
    "whyStopped",
    "recruitment",
    "comparisonGroup",
    "outcomeMeasure",
    "result",
)
"""Order of the elements, as the specification lists them (and as a HAPI server gives them back)."""


def research_study(
    trial: Trial,
    group: str | None,
    terms: dict[str, dict[str, str]],
    report: Reference | None,
    graph: Graph,
) -> Resource:
    """The ResearchStudy of a trial, with the report of its results; what it refers to goes into the graph."""
    study: Resource = {"resourceType": "ResearchStudy", "id": trial.id, "text": _narrative(trial, graph)}
    extension = _extensions(trial, graph)
    study["protocol"] = [reference("PlanDefinition", plan_id(trial.id))]
    _titles(study, trial.protocol, graph)
    _status(study, trial, graph)
    _design(study, trial, terms, graph)
    _people(study, trial, graph)
    study["relatedArtifact"] = artifacts.related_artifacts(trial, graph)
    elements = _r5_elements(trial, group, graph) | ({"result": [report]} if report else {})
    for element, fragments in elements.items():
        if graph.r5:
            study[element] = fragments if element not in _SINGLE else fragments[0]
        else:
            extension += [cross_version.extension(f"ResearchStudy.{element}", item) for item in fragments]
    study["extension"] = extension
    if not graph.r5 and group:
        study["enrollment"] = [reference("Group", group)]
    order = _R5_ORDER if graph.r5 else _R4_ORDER
    return {key: value for key in order if (value := study.get(key))}


_SINGLE = ("date", "descriptionSummary", "recruitment")
"""R5 elements with a cardinality of at most one."""


def _titles(study: Resource, protocol: Protocol, graph: Graph) -> None:
    identification = protocol.identification
    study["identifier"] = identity.identifiers(identification, graph)
    study["title"] = identification.brief_title
    if protocol.description:
        study["description"] = protocol.description.detailed


def _status(study: Resource, trial: Trial, graph: Graph) -> None:
    stated = trial.protocol.status
    if graph.r5:
        study["status"] = "active"  # the state of this resource, not of the study
    else:
        study["status"] = status.r4_status(stated)
    if stated is not None:
        study["period"] = status.period(stated, graph)
        stopped = {"text": stated.why_stopped} if stated.why_stopped else None
        study["whyStopped" if graph.r5 else "reasonStopped"] = stopped


def _design(study: Resource, trial: Trial, terms: dict[str, dict[str, str]], graph: Graph) -> None:
    stated = trial.protocol.design
    if stated is not None:
        study["studyDesign" if graph.r5 else "category"] = design.categories(stated, graph)
        if stated.phases:
            study["phase"] = design.phase(list(stated.phases), graph)
        if stated.info and stated.info.primary_purpose:
            study["primaryPurposeType"] = graph.maps.primary_purpose.concept(stated.info.primary_purpose)
    conditions = trial.protocol.conditions
    if conditions:
        matched = mesh.dictionary(trial.derived.conditions if trial.derived else None, graph.release)
        study["condition"] = design.words(conditions.conditions, matched)
        study["keyword"] = design.words(conditions.keywords, matched)
    arms_interventions = trial.protocol.arms_interventions
    if arms_interventions:
        names = [item.name for item in arms_interventions.interventions or () if item.name]
        concepts = design.words(names, terms)
        study["focus"] = [{"concept": concept} for concept in concepts] if graph.r5 else concepts
        study["comparisonGroup" if graph.r5 else "arm"] = design.arms(arms_interventions.arms or [], graph)


def _people(study: Resource, trial: Trial, graph: Graph) -> None:
    contacts_sites, sponsors = trial.protocol.contacts_sites, trial.protocol.sponsors
    if contacts_sites:
        study["site"] = parties.sites(contacts_sites.sites, graph)
    if graph.r5:
        return
    study["location"] = [country(name, graph.release) for name in countries(trial)]
    study["contact"] = parties.central_contacts(trial, graph)
    if sponsors and sponsors.lead_sponsor:
        study["sponsor"] = parties.sponsor(sponsors.lead_sponsor, graph)
    study["principalInvestigator"] = parties.principal_investigator(trial, graph)


def countries(trial: Trial) -> list[str]:
    """The countries of the study: as the page lists them, else those of the sites, each once."""
    if trial.page and trial.page.countries:
        return list(trial.page.countries)
    sites = (trial.protocol.contacts_sites.sites if trial.protocol.contacts_sites else None) or ()
    return list(dict.fromkeys(site.country for site in sites if site.country))


def _r5_elements(trial: Trial, group: str | None, graph: Graph) -> dict[str, list[Any]]:
    """The R5 elements that R4 carries as cross-version extensions; element -> fragments, only stated ones."""
    protocol = trial.protocol
    stated = protocol.status
    recruitment = design.recruitment(protocol.design.enrollment if protocol.design else None, group, graph)
    changed = last_change(trial)
    elements: dict[str, list[Any]] = {
        "label": identity.labels(protocol.identification, graph),
        "date": [changed] if changed else [],
        "region": [country(name, graph.release) for name in countries(trial)] if graph.r5 else [],
        "descriptionSummary": [protocol.description.summary]
        if protocol.description and protocol.description.summary
        else [],
        "classifier": flags.classifiers(trial, graph),
        "associatedParty": parties.associated_parties(trial, graph),
        "progressStatus": status.progress(stated, graph) if stated else [],
        "recruitment": [recruitment] if recruitment else [],
        "outcomeMeasure": design.outcome_measures(trial, graph),
    }
    return {element: fragments for element, fragments in elements.items() if fragments}


def last_change(trial: Trial) -> str | None:
    """ResearchStudy.date: when the record was last changed."""
    stated = trial.protocol.status
    if stated and stated.last_update_post and stated.last_update_post.date:
        return stated.last_update_post.date
    return trial.page.last_updated if trial.page else None


# --- our extensions -------------------------------------------------------------------------------------


def _extensions(trial: Trial, graph: Graph) -> list[Element]:
    """What neither the core nor a cross-version extension holds."""
    protocol, derived, page = trial.protocol, trial.derived, trial.page
    written: list[Element] = []
    if protocol.status:
        written += status.registration(protocol.status, graph) + status.other(protocol.status, graph)
    if protocol.design:
        written += design.design_extensions(protocol.design)
        written += design.enrollment_extension(protocol.design.enrollment)
    written += extensions.extension("data-sharing", protocol.data_sharing)
    if trial.annotations and trial.annotations.annotations:
        written += extensions.extension("unposted-results", trial.annotations.annotations.unposted)
        written += extensions.extension("violations", trial.annotations.annotations.violations)
    if derived:
        written += _derived(trial)
        written += extensions.extension("condition-mesh", derived.conditions)
        written += extensions.extension("intervention-mesh", derived.interventions)
    if page:
        written += extensions.simple("results-note", "valueString", page.results_note)
        for related in page.related_trials or ():
            written += extensions.extension("related-trial", related)
    for path, value in (trial.empty or {}).items():
        written += _empty(path, value)
    return written


def _derived(trial: Trial) -> list[Element]:
    misc = trial.derived.misc if trial.derived else None
    if misc is None:
        return []
    written = extensions.simple("registry-data-version", "valueDate", misc.data_version)
    for name in misc.removed_countries or ():
        written += extensions.simple("removed-country", "valueString", name)
    return written + extensions.extension("submission-tracking", misc.submission_tracking)


_EMPTY_KINDS: dict[str, Any] = {"object": {}, "list": [], "text": ""}


def _empty(path: str, value: Any) -> Iterator[Element]:
    """A field that the record states without content: its place, and what kind of nothing stands there.

    Containers come before what they hold, so that they can be put back one by one.
    """
    kind = "text" if isinstance(value, str) else "list" if isinstance(value, list) else "object"
    inner = [{"url": "field", "valueString": path}, {"url": "kind", "valueCode": kind}]
    yield {"url": urls.EXTENSION + "stated-empty", "extension": inner}
    if kind == "object":
        for name, below in value.items():
            yield from _empty(f"{path}.{name}", below)
    elif kind == "list":
        for index, below in enumerate(value):
            yield from _empty(f"{path}[{index}]", below)


# --- narrative ------------------------------------------------------------------------------------------


def _narrative(trial: Trial, graph: Graph) -> Element | None:
    protocol, maps = trial.protocol, graph.maps
    stated, plan = protocol.status or Status(), protocol.design or Design()
    sponsor = protocol.sponsors.lead_sponsor if protocol.sponsors else None
    arms_interventions = protocol.arms_interventions
    phases = [maps.phase.text(token) for token in plan.phases or ()]
    outcomes = protocol.outcomes.primary if protocol.outcomes else None
    title = protocol.identification.brief_title or protocol.identification.official_title
    return narrative(
        heading(f"{trial.id}: {title}" if title else trial.id),
        paragraph("Status", maps.status.text(stated.overall) if stated.overall else None),
        paragraph("Study type", maps.study_type.text(plan.study_type) if plan.study_type else None),
        paragraph("Phase", ", ".join(phases)),
        paragraph("Sponsor", sponsor.name if sponsor else None),
        paragraph(
            "Conditions", "; ".join((protocol.conditions.conditions if protocol.conditions else None) or ())
        ),
        paragraph("Summary", protocol.description.summary if protocol.description else None),
        listing(
            "Arms", [arm.label for arm in (arms_interventions.arms if arms_interventions else None) or ()]
        ),
        listing("Primary outcomes", [outcome.measure for outcome in outcomes or ()]),
        paragraph("Sites", str(_number_of_sites(trial) or "")),
    )


def _number_of_sites(trial: Trial) -> int:
    sites = trial.protocol.contacts_sites.sites if trial.protocol.contacts_sites else None
    return len(sites or ())


# --- reading --------------------------------------------------------------------------------------------


def read_study(study: Resource, index: Index, document: dict[str, Any]) -> None:
    """Put what a ResearchStudy says into the record's document."""
    protocol = document.setdefault("protocolSection", {})
    _read_identification(study, index, protocol)
    _read_status(study, index, protocol)
    _read_design(study, index, protocol)
    _read_people(study, index, protocol)
    artifacts.read_related_artifacts(study, index, document)
    _read_extensions(study, document)
    concepts = cross_version.read(study, "ResearchStudy.classifier", index.release)
    flags.read(concepts, index, document)
    _read_page(study, index, document)


def _read_identification(study: Resource, index: Index, protocol: Element) -> None:
    identification = protocol.setdefault("identificationModule", {})
    identification.update(identity.read_identifiers(study, index))
    identification.update(
        identity.read_labels(cross_version.read(study, "ResearchStudy.label", index.release))
    )
    if study.get("title"):
        identification["briefTitle"] = study["title"]
    summaries = cross_version.read(study, "ResearchStudy.descriptionSummary", index.release)
    texts = {
        "briefSummary": summaries[0] if summaries else None,
        "detailedDescription": study.get("description"),
    }
    _update(protocol, "descriptionModule", {key: text for key, text in texts.items() if text})


def _update(section: Element, module: str, values: Element) -> None:
    """Put values into a module; a module without values is not made."""
    if values:
        section.setdefault(module, {}).update(values)


def _read_status(study: Resource, index: Index, protocol: Element) -> None:
    fragments = cross_version.read(study, "ResearchStudy.progressStatus", index.release)
    values = status.read_progress(fragments, index)
    values |= status.read_registration(study, index) | status.read_other(study, index)
    stopped = study.get("whyStopped" if index.r5 else "reasonStopped", {}).get("text")
    if stopped:
        values["whyStopped"] = stopped
    _update(protocol, "statusModule", values)


def _read_design(study: Resource, index: Index, protocol: Element) -> None:
    module: Element = {}
    design.read_categories(study.get("studyDesign" if index.r5 else "category", []), index, module)
    design.read_design_extensions(study, module)
    if phases := design.read_phase(study.get("phase"), index):
        module["phases"] = phases
    if purpose := index.maps.primary_purpose.token(study.get("primaryPurposeType")):
        module.setdefault("designInfo", {})["primaryPurpose"] = purpose
    fragments = cross_version.read(study, "ResearchStudy.recruitment", index.release)
    if enrollment := design.read_enrollment(study, fragments):
        module["enrollmentInfo"] = enrollment
    _update(protocol, "designModule", module)
    words = {
        "conditions": design.read_words(study.get("condition", [])),
        "keywords": design.read_words(study.get("keyword", [])),
    }
    _update(protocol, "conditionsModule", {key: texts for key, texts in words.items() if texts})
    measures = cross_version.read(study, "ResearchStudy.outcomeMeasure", index.release)
    _update(protocol, "outcomesModule", design.read_outcomes(measures, index))


def _read_people(study: Resource, index: Index, protocol: Element) -> None:
    people: Element = {}
    if not index.r5 and (sponsor := index.find(study.get("sponsor"), "Organization")):
        people["sponsorCollaboratorsModule"] = {"leadSponsor": party(index, sponsor)}
    if not index.r5 and study.get("contact"):
        contacts = [parties.read_contact_detail(element, index) for element in study["contact"]]
        people["contactsLocationsModule"] = {"centralContacts": contacts}
    fragments = cross_version.read(study, "ResearchStudy.associatedParty", index.release)
    parties.read_parties(fragments, index, people)
    if sites := parties.read_sites(study.get("site", []), index):
        people["contactsLocationsModule"]["locations"] = sites
    for module, values in people.items():
        _update(protocol, module, values)


def _read_extensions(study: Resource, document: dict[str, Any]) -> None:
    protocol = document["protocolSection"]
    for section, path, name, struct in (
        (protocol, (), "ipdSharingStatementModule", DataSharing),
        (document, ("annotationSection", "annotationModule"), "unpostedAnnotation", Unposted),
        (document, ("annotationSection", "annotationModule"), "violationAnnotation", Violations),
        (document, ("derivedSection", "miscInfoModule"), "submissionTracking", SubmissionTracking),
        (document, ("derivedSection",), "conditionBrowseModule", Browse),
        (document, ("derivedSection",), "interventionBrowseModule", Browse),
    ):
        for part in extensions.parts(study, _EXTENSION_OF[name], struct):
            target = section
            for step in path:
                target = target.setdefault(step, {})
            target[name] = part
    misc = {
        "versionHolder": extensions.value(study, "registry-data-version", "valueDate"),
        "removedCountries": extensions.values(study, "removed-country", "valueString"),
    }
    if misc := {key: value for key, value in misc.items() if value}:
        document.setdefault("derivedSection", {}).setdefault("miscInfoModule", {}).update(misc)
    empty = {}
    for extension in study.get("extension", ()):
        if extension.get("url") == urls.EXTENSION + "stated-empty":
            stated = {part.get("url"): part for part in extension.get("extension", ())}
            field = stated.get("field", {}).get("valueString")
            kind = stated.get("kind", {}).get("valueCode")
            if field and kind in _EMPTY_KINDS:
                empty[field] = copy(_EMPTY_KINDS[kind])
    if empty:
        document["emptyValues"] = empty


_EXTENSION_OF = {
    "ipdSharingStatementModule": "data-sharing",
    "unpostedAnnotation": "unposted-results",
    "violationAnnotation": "violations",
    "submissionTracking": "submission-tracking",
    "conditionBrowseModule": "condition-mesh",
    "interventionBrowseModule": "intervention-mesh",
}


def _read_page(study: Resource, index: Index, document: dict[str, Any]) -> None:
    """What only a page shows: kept apart, since an API record has no place for it."""
    page: Element = {}
    if note := extensions.value(study, "results-note", "valueString"):
        page["resultsNote"] = note
    if related := extensions.parts(study, "related-trial", RelatedTrial):
        page["relatedTrials"] = related
    stated = document["protocolSection"].get("statusModule", {})
    changed = cross_version.read(study, "ResearchStudy.date", index.release)
    if changed and not stated.get("lastUpdatePostDateStruct", {}).get("date"):
        page["lastUpdated"] = changed[0]
    names = [
        concept["text"]
        for concept in study.get("region" if index.r5 else "location", ())
        if "text" in concept
    ]
    sites = document["protocolSection"].get("contactsLocationsModule", {}).get("locations", ())
    if names != list(dict.fromkeys(site["country"] for site in sites if site.get("country"))):
        page["countries"] = names
    if page:
        document["pageSection"] = page
