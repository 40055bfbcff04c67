"""The URLs under which our own ids, extensions and code systems stand: one place for each."""

BASE = "https://w3id.org/fhir-trial"
"""Base of everything that is ours; see docs/decisions/0003."""

EXTENSION = f"{BASE}/StructureDefinition/"
CROSS_VERSION = "http://hl7.org/fhir/5.0/StructureDefinition/extension-"
"""HL7's form for an R5 element in R4: this, then the path of an element of cross_version.csv."""

STUDY_REGISTRATION = "http://hl7.org/fhir/StructureDefinition/researchStudy-studyRegistration"
"""HL7 extensions pack: one registration activity and its day."""
PHONE_EXTENSION = "http://hl7.org/fhir/StructureDefinition/contactpoint-extension"
"""FHIR core: the extension to dial after a telephone number."""
DATA_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"

NCT = "https://clinicaltrials.gov/nctid"
"""Official identifier system of NCT numbers since 2026-02-09 (THO NamingSystem ClinicalTrials-Gov)."""
NCT_SPELLINGS = frozenset(
    {
        NCT,
        "http://clinicaltrials.gov",
        "http://clinicaltrials.gov/",
        "https://clinicaltrials.gov",
        "https://www.clinicaltrials.gov/",
        "https://clinicaltrials.gov/show/",
        "urn:oid:2.16.840.1.113883.3.1077",
    }
)
"""Every spelling of that system met in the field (HL7, mCODE, NFDI4Health, Vulcan)."""
EUDRACT = "https://eudract.ema.europa.eu"
ELIGIBILITY_GROUP = f"{BASE}/sid/eligibility"
"""Identifier system of our eligibility Groups: R4 has no search from a study to its Group."""
RESULTS = f"{BASE}/sid/results"
"""Identifier system of the resources that hold results: the value is the NCT number."""
RESULT_GROUP = f"{BASE}/sid/result-group"
"""Identifier system of groups of participants, with the id that the record gives them."""
RESULT_PARTS = f"{BASE}/CodeSystem/results-part"
PUBMED = "https://pubmed.ncbi.nlm.nih.gov"

STUDY_PAGE = "https://clinicaltrials.gov/study/"
LARGE_DOCUMENTS = "https://cdn.clinicaltrials.gov/large-docs/"
"""Then the last two digits of the NCT number, the number, and the file name."""


def canonical(resource_type: str, resource_id: str) -> str:
    """The canonical url, and full url in a bundle, of a resource of ours."""
    return f"{BASE}/{resource_type}/{resource_id}"
