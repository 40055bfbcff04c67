"""The parsed trial: one complete, typed, frozen model of a registry record.

Names are registry-neutral; the `rename` of each struct says which key of the richest published record
format (ClinicalTrials.gov API v2) holds the value, so that decoding and encoding cost nothing extra
(docs/decisions/0002). `None` means "the source does not say"; the registry's own "unknown" is a token.
Tokens, partial dates and texts stay exactly as they came.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from fhir_trial import tokens
from fhir_trial.results import Results
from fhir_trial.values import PARTIAL_DATE as PARTIAL_DATE
from fhir_trial.values import TIME_SPAN as TIME_SPAN
from fhir_trial.values import Count as Count
from fhir_trial.values import Date as Date
from fhir_trial.values import DateTime as DateTime
from fhir_trial.values import Markup as Markup
from fhir_trial.values import Model as Model
from fhir_trial.values import RegistryId as RegistryId
from fhir_trial.values import TimeSpan as TimeSpan


class DateStruct(Model, frozen=True):
    date: Date | None = None
    type: tokens.DateType | None = None


# --- identification -------------------------------------------------------------------------------------


class OrgStudyId(Model, frozen=True):
    id: str | None = None
    type: tokens.OrgStudyIdType | None = None
    link: str | None = None


class SecondaryId(Model, frozen=True):
    id: str | None = None
    type: tokens.SecondaryIdType | None = None
    domain: str | None = None
    link: str | None = None


class Organization(Model, frozen=True, rename={"name": "fullName", "agency_class": "class"}):
    name: str | None = None
    agency_class: tokens.AgencyClass | None = None


class Identification(
    Model,
    frozen=True,
    rename={
        "registry_id": "nctId",
        "aliases": "nctIdAliases",
        "org_study_id": "orgStudyIdInfo",
        "secondary_ids": "secondaryIdInfos",
        "brief_title": "briefTitle",
        "official_title": "officialTitle",
    },
):
    registry_id: RegistryId
    aliases: list[str] | None = None
    org_study_id: OrgStudyId | None = None
    secondary_ids: list[SecondaryId] | None = None
    organization: Organization | None = None
    brief_title: str | None = None
    official_title: str | None = None
    acronym: str | None = None


# --- status and dates -----------------------------------------------------------------------------------


class ExpandedAccessInfo(Model, frozen=True, rename="camel"):
    has_expanded_access: bool | None = None
    registry_id: str | None = msgspec.field(name="nctId", default=None)
    status: tokens.ExpandedAccessStatus | None = msgspec.field(name="statusForNctId", default=None)


class Status(
    Model,
    frozen=True,
    rename={
        "verified": "statusVerifiedDate",
        "overall": "overallStatus",
        "last_known": "lastKnownStatus",
        "delayed_posting": "delayedPosting",
        "why_stopped": "whyStopped",
        "expanded_access": "expandedAccessInfo",
        "start": "startDateStruct",
        "primary_completion": "primaryCompletionDateStruct",
        "completion": "completionDateStruct",
        "first_submit": "studyFirstSubmitDate",
        "first_submit_qc": "studyFirstSubmitQcDate",
        "first_post": "studyFirstPostDateStruct",
        "results_waived": "resultsWaived",
        "results_first_submit": "resultsFirstSubmitDate",
        "results_first_submit_qc": "resultsFirstSubmitQcDate",
        "results_first_post": "resultsFirstPostDateStruct",
        "disposition_first_submit": "dispFirstSubmitDate",
        "disposition_first_submit_qc": "dispFirstSubmitQcDate",
        "disposition_first_post": "dispFirstPostDateStruct",
        "last_update_submit": "lastUpdateSubmitDate",
        "last_update_post": "lastUpdatePostDateStruct",
    },
):
    verified: Date | None = None
    overall: tokens.Status | None = None
    last_known: tokens.Status | None = None
    delayed_posting: bool | None = None
    why_stopped: Markup | None = None
    expanded_access: ExpandedAccessInfo | None = None
    start: DateStruct | None = None
    primary_completion: DateStruct | None = None
    completion: DateStruct | None = None
    first_submit: Date | None = None
    first_submit_qc: Date | None = None
    first_post: DateStruct | None = None
    results_waived: bool | None = None
    results_first_submit: Date | None = None
    results_first_submit_qc: Date | None = None
    results_first_post: DateStruct | None = None
    disposition_first_submit: Date | None = None
    disposition_first_submit_qc: Date | None = None
    disposition_first_post: DateStruct | None = None
    last_update_submit: Date | None = None
    last_update_post: DateStruct | None = None


# --- sponsors and oversight -----------------------------------------------------------------------------


class Sponsor(Model, frozen=True, rename={"agency_class": "class"}):
    name: str | None = None
    agency_class: tokens.AgencyClass | None = None


class ResponsibleParty(
    Model,
    frozen=True,
    rename={
        "name": "investigatorFullName",
        "title": "investigatorTitle",
        "affiliation": "investigatorAffiliation",
        "old_name_title": "oldNameTitle",
        "old_organization": "oldOrganization",
    },
):
    type: tokens.ResponsiblePartyType | None = None
    name: str | None = None
    title: str | None = None
    affiliation: str | None = None
    old_name_title: str | None = None
    old_organization: str | None = None


class Sponsors(Model, frozen=True, rename="camel"):
    responsible_party: ResponsibleParty | None = None
    lead_sponsor: Sponsor | None = None
    collaborators: list[Sponsor] | None = None


class Oversight(Model, frozen=True, rename="camel"):
    has_dmc: bool | None = msgspec.field(name="oversightHasDmc", default=None)
    is_fda_regulated_drug: bool | None = None
    is_fda_regulated_device: bool | None = None
    is_unapproved_device: bool | None = None
    is_ppsd: bool | None = None
    is_us_export: bool | None = None
    fdaaa801_violation: bool | None = None


# --- description, conditions, design --------------------------------------------------------------------


class Description(Model, frozen=True, rename={"summary": "briefSummary", "detailed": "detailedDescription"}):
    summary: Markup | None = None
    detailed: Markup | None = None


class Conditions(Model, frozen=True):
    conditions: list[str] | None = None
    keywords: list[str] | None = None


class ExpandedAccessTypes(Model, frozen=True):
    individual: bool | None = None
    intermediate: bool | None = None
    treatment: bool | None = None


class Masking(Model, frozen=True, rename="camel"):
    masking: tokens.DesignMasking | None = None
    description: Markup | None = msgspec.field(name="maskingDescription", default=None)
    who_masked: list[tokens.WhoMasked] | None = None


class DesignInfo(Model, frozen=True, rename="camel"):
    allocation: tokens.DesignAllocation | None = None
    intervention_model: tokens.InterventionalAssignment | None = None
    intervention_model_description: Markup | None = None
    primary_purpose: tokens.PrimaryPurpose | None = None
    observational_model: tokens.ObservationalModel | None = None
    time_perspective: tokens.DesignTimePerspective | None = None
    masking: Masking | None = msgspec.field(name="maskingInfo", default=None)


class BioSpec(Model, frozen=True):
    retention: tokens.BioSpecRetention | None = None
    description: Markup | None = None


class Enrollment(Model, frozen=True):
    count: Count | None = None
    type: tokens.EnrollmentType | None = None


class Design(Model, frozen=True, rename="camel"):
    study_type: tokens.StudyType | None = None
    pointers_to_expanded_access: int | None = msgspec.field(name="nPtrsToThisExpAccNctId", default=None)
    expanded_access_types: ExpandedAccessTypes | None = None
    patient_registry: bool | None = None
    target_duration: TimeSpan | None = None
    phases: list[tokens.Phase] | None = None
    info: DesignInfo | None = msgspec.field(name="designInfo", default=None)
    biospecimens: BioSpec | None = msgspec.field(name="bioSpec", default=None)
    enrollment: Enrollment | None = msgspec.field(name="enrollmentInfo", default=None)


# --- arms, interventions, outcomes, eligibility ---------------------------------------------------------


class Arm(Model, frozen=True, rename="camel"):
    label: str | None = None
    type: tokens.ArmGroupType | None = None
    description: Markup | None = None
    intervention_names: list[str] | None = None


class Intervention(Model, frozen=True, rename="camel"):
    type: tokens.InterventionType | None = None
    name: str | None = None
    description: Markup | None = None
    arm_labels: list[str] | None = msgspec.field(name="armGroupLabels", default=None)
    other_names: list[str] | None = None


class ArmsInterventions(Model, frozen=True, rename={"arms": "armGroups"}):
    arms: list[Arm] | None = None
    interventions: list[Intervention] | None = None


class Outcome(Model, frozen=True, rename="camel"):
    measure: str | None = None
    description: Markup | None = None
    time_frame: str | None = None


class Outcomes(
    Model,
    frozen=True,
    rename={"primary": "primaryOutcomes", "secondary": "secondaryOutcomes", "other": "otherOutcomes"},
):
    primary: list[Outcome] | None = None
    secondary: list[Outcome] | None = None
    other: list[Outcome] | None = None


class Eligibility(Model, frozen=True, rename="camel"):
    criteria: Markup | None = msgspec.field(name="eligibilityCriteria", default=None)
    healthy_volunteers: bool | None = None
    sex: tokens.Sex | None = None
    gender_based: bool | None = None
    gender_description: Markup | None = None
    minimum_age: TimeSpan | None = None
    maximum_age: TimeSpan | None = None
    standard_ages: list[tokens.StandardAge] | None = msgspec.field(name="stdAges", default=None)
    study_population: Markup | None = None
    sampling_method: tokens.SamplingMethod | None = None


# --- contacts and sites ---------------------------------------------------------------------------------


class Contact(Model, frozen=True, rename="camel"):
    name: str | None = None
    role: tokens.ContactRole | None = None
    phone: str | None = None
    phone_ext: str | None = None
    email: str | None = None


class Official(Model, frozen=True):
    name: str | None = None
    affiliation: str | None = None
    role: tokens.OfficialRole | None = None


class GeoPoint(Model, frozen=True):
    lat: int | float | None = None
    lon: int | float | None = None


class Site(Model, frozen=True, rename="camel"):
    facility: str | None = None
    status: tokens.RecruitmentStatus | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: str | None = None
    contacts: list[Contact] | None = None
    geo_point: GeoPoint | None = None


class ContactsSites(Model, frozen=True, rename="camel"):
    central_contacts: list[Contact] | None = None
    officials: list[Official] | None = msgspec.field(name="overallOfficials", default=None)
    sites: list[Site] | None = msgspec.field(name="locations", default=None)


# --- references, data sharing ---------------------------------------------------------------------------


class Retraction(Model, frozen=True):
    pmid: str | None = None
    source: str | None = None


class Reference(Model, frozen=True):
    pmid: str | None = None
    type: tokens.ReferenceType | None = None
    citation: str | None = None
    retractions: list[Retraction] | None = None


class Link(Model, frozen=True):
    label: Markup | None = None
    url: str | None = None


class AvailableData(Model, frozen=True):
    id: str | None = None
    type: str | None = None
    url: str | None = None
    comment: Markup | None = None


class References(Model, frozen=True, rename={"links": "seeAlsoLinks", "available_data": "availIpds"}):
    references: list[Reference] | None = None
    links: list[Link] | None = None
    available_data: list[AvailableData] | None = None


class DataSharing(Model, frozen=True, rename="camel"):
    sharing: tokens.IpdSharing | None = msgspec.field(name="ipdSharing", default=None)
    description: Markup | None = None
    info_types: list[tokens.IpdSharingInfoType] | None = None
    time_frame: Markup | None = None
    access_criteria: Markup | None = None
    url: str | None = None


class Protocol(Model, frozen=True):
    """What sponsors state about the trial (`protocolSection`)."""

    identification: Identification = msgspec.field(name="identificationModule")
    status: Status | None = msgspec.field(name="statusModule", default=None)
    sponsors: Sponsors | None = msgspec.field(name="sponsorCollaboratorsModule", default=None)
    oversight: Oversight | None = msgspec.field(name="oversightModule", default=None)
    description: Description | None = msgspec.field(name="descriptionModule", default=None)
    conditions: Conditions | None = msgspec.field(name="conditionsModule", default=None)
    design: Design | None = msgspec.field(name="designModule", default=None)
    arms_interventions: ArmsInterventions | None = msgspec.field(name="armsInterventionsModule", default=None)
    outcomes: Outcomes | None = msgspec.field(name="outcomesModule", default=None)
    eligibility: Eligibility | None = msgspec.field(name="eligibilityModule", default=None)
    contacts_sites: ContactsSites | None = msgspec.field(name="contactsLocationsModule", default=None)
    references: References | None = msgspec.field(name="referencesModule", default=None)
    data_sharing: DataSharing | None = msgspec.field(name="ipdSharingStatementModule", default=None)


# --- annotations, documents, derived --------------------------------------------------------------------


class UnpostedEvent(Model, frozen=True, rename="camel"):
    type: tokens.UnpostedEventType | None = None
    date: Date | None = None
    date_unknown: bool | None = None


class Unposted(Model, frozen=True):
    responsible_party: str | None = msgspec.field(name="unpostedResponsibleParty", default=None)
    events: list[UnpostedEvent] | None = msgspec.field(name="unpostedEvents", default=None)


class ViolationEvent(Model, frozen=True, rename="camel"):
    type: tokens.ViolationEventType | None = None
    description: str | None = None
    creation_date: Date | None = None
    issued_date: Date | None = None
    release_date: Date | None = None
    posted_date: Date | None = None


class Violations(Model, frozen=True):
    events: list[ViolationEvent] | None = msgspec.field(name="violationEvents", default=None)


class Annotations(Model, frozen=True):
    unposted: Unposted | None = msgspec.field(name="unpostedAnnotation", default=None)
    violations: Violations | None = msgspec.field(name="violationAnnotation", default=None)


class AnnotationSection(Model, frozen=True):
    annotations: Annotations | None = msgspec.field(name="annotationModule", default=None)


class Document(Model, frozen=True, rename="camel"):
    type_abbreviation: str | None = msgspec.field(name="typeAbbrev", default=None)
    has_protocol: bool | None = None
    has_sap: bool | None = None
    has_icf: bool | None = None
    label: str | None = None
    date: Date | None = None
    upload_date: DateTime | None = None
    filename: str | None = None
    size: Annotated[int, Meta(ge=0)] | None = None


class Documents(Model, frozen=True, rename="camel"):
    no_sap: bool | None = None
    documents: list[Document] | None = msgspec.field(name="largeDocs", default=None)


class DocumentSection(Model, frozen=True):
    documents: Documents | None = msgspec.field(name="largeDocumentModule", default=None)


class SubmissionInfo(Model, frozen=True, rename="camel"):
    release_date: Date | None = None
    unrelease_date: Date | None = None
    unrelease_date_unknown: bool | None = None
    reset_date: Date | None = None
    mcp_release_n: int | None = None


class FirstMcpInfo(Model, frozen=True, rename="camel"):
    post: DateStruct | None = msgspec.field(name="postDateStruct", default=None)


class SubmissionTracking(Model, frozen=True, rename="camel"):
    estimated_results_first_submit_date: Date | None = None
    first_mcp_info: FirstMcpInfo | None = None
    submission_infos: list[SubmissionInfo] | None = None


class MiscInfo(Model, frozen=True, rename="camel"):
    data_version: Date | None = msgspec.field(name="versionHolder", default=None)
    removed_countries: list[str] | None = None
    submission_tracking: SubmissionTracking | None = None


class Term(Model, frozen=True):
    id: str | None = None
    term: str | None = None


class BrowseLeaf(Model, frozen=True, rename="camel"):
    id: str | None = None
    name: str | None = None
    as_found: str | None = None
    relevance: tokens.BrowseLeafRelevance | None = None


class BrowseBranch(Model, frozen=True):
    abbreviation: str | None = msgspec.field(name="abbrev", default=None)
    name: str | None = None


class Browse(Model, frozen=True, rename="camel"):
    """MeSH terms that the registry derived from the conditions, or from the interventions."""

    meshes: list[Term] | None = None
    ancestors: list[Term] | None = None
    leaves: list[BrowseLeaf] | None = msgspec.field(name="browseLeaves", default=None)
    branches: list[BrowseBranch] | None = msgspec.field(name="browseBranches", default=None)


class Derived(Model, frozen=True):
    """What the registry itself worked out (`derivedSection`)."""

    misc: MiscInfo | None = msgspec.field(name="miscInfoModule", default=None)
    conditions: Browse | None = msgspec.field(name="conditionBrowseModule", default=None)
    interventions: Browse | None = msgspec.field(name="interventionBrowseModule", default=None)


# --- what only a page shows -----------------------------------------------------------------------------


class RelatedTrial(Model, frozen=True, rename="camel"):
    title: str | None = None
    registry_id: str | None = msgspec.field(name="nctId", default=None)
    status: tokens.Status | None = None
    phases: list[tokens.Phase] | None = None


class Page(Model, frozen=True, rename="camel"):
    """Values that a trial's web page states and the API record does not."""

    last_updated: Date | None = None
    results_note: str | None = None
    countries: list[str] | None = None
    related_trials: list[RelatedTrial] | None = None


class Trial(Model, frozen=True, rename="camel"):
    """One registry record, whole."""

    protocol: Protocol = msgspec.field(name="protocolSection")
    results: Results | None = msgspec.field(name="resultsSection", default=None)
    annotations: AnnotationSection | None = msgspec.field(name="annotationSection", default=None)
    documents: DocumentSection | None = msgspec.field(name="documentSection", default=None)
    derived: Derived | None = msgspec.field(name="derivedSection", default=None)
    has_results: bool | None = None
    page: Page | None = msgspec.field(name="pageSection", default=None)
    unknown: dict[str, Any] | None = msgspec.field(name="unknownFields", default=None)
    """JSON path -> value of each field that the registry's published field list does not have."""
    empty: dict[str, Any] | None = msgspec.field(name="emptyValues", default=None)
    """JSON path -> `{}`, `[]` or `""`: what the source states without content."""

    @property
    def id(self) -> str:
        """The registry's id, e.g. NCT03597321."""
        return self.protocol.identification.registry_id
