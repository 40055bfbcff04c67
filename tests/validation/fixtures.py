"""Small valid resources of every release, written by hand; each call gives a fresh copy."""

from typing import Any

from fhir_trial.release import Release

Json = dict[str, Any]

BASE = "https://fhir.hospital.de/fhir"
XVER = "http://hl7.org/fhir/5.0/StructureDefinition/extension-"
THO = "http://terminology.hl7.org/CodeSystem/"
DIV = '<div xmlns="http://www.w3.org/1999/xhtml"><p>A study of <b>aspirin</b> &amp; rest</p></div>'


def concept(system: str, code: str, display: str) -> Json:
    """A CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code, "display": display}]}


def study(release: Release) -> Json:
    """A ResearchStudy with something of everything that is checked."""
    found: Json = {
        "resourceType": "ResearchStudy",
        "id": "S1",
        "text": {"status": "generated", "div": DIV},
        "extension": [],
        "identifier": [
            {"use": "official", "system": "https://clinicaltrials.gov/nctid", "value": "NCT00000001"}
        ],
        "title": "Aspirin & rest",
        "protocol": [{"reference": "PlanDefinition/P1"}],
        "status": "active",
        "phase": concept(THO + "research-study-phase", "phase-2", "Phase 2"),
        "condition": [{"text": "Headache"}],
        "keyword": [{"text": "pain"}],
        "relatedArtifact": [{"type": "citation", "citation": "Doe 2020", "url": "https://example.net/doe"}],
        "description": "Does aspirin help?\n\nIn patients < 65 years.",
        "period": {"start": "2020-01", "end": "2021-02-03"},
        "site": [{"reference": "Location/L1", "display": "Clinic"}],
        "note": [{"text": "A note", "time": "2020-01-02T03:04:05Z"}],
        "objective": [
            {
                "name": "Less pain",
                "type": concept(THO + "research-study-objective-type", "primary", "Primary"),
            }
        ],
    }
    return _study_r5(found) if release is Release.R5 else _study_r4(found)


def _study_r4(found: Json) -> Json:
    found["extension"] = [
        {"url": XVER + "ResearchStudy.whyStopped", "valueCodeableConcept": {"text": "Funding"}},
        {
            "url": XVER + "ResearchStudy.progressStatus",
            "extension": [
                {
                    "url": "state",
                    "valueCodeableConcept": concept(THO + "research-study-status", "active", "Active"),
                },
                {"url": "actual", "valueBoolean": True},
                {"url": "period", "valuePeriod": {"start": "2020-01-01"}},
            ],
        },
    ]
    return found | {
        "contact": [{"name": "Ada", "telecom": [{"system": "phone", "value": "1", "rank": 1}]}],
        "enrollment": [{"reference": "Group/G1"}],
        "sponsor": {"reference": "Organization/O1"},
        "arm": [{"name": "Aspirin"}],
    }


def _study_r5(found: Json) -> Json:
    del found["extension"]
    found["relatedArtifact"] = [
        {"type": "citation", "citation": "Doe 2020", "document": {"url": "https://a.de/b"}}
    ]
    return found | {
        "name": "Aspirin",
        "recruitment": {"targetNumber": 20, "eligibility": {"reference": "Group/G1"}},
        "associatedParty": [
            {
                "role": concept("http://hl7.org/fhir/research-study-party-role", "sponsor", "Sponsor"),
                "party": {"reference": "Organization/O1"},
            }
        ],
        "progressStatus": [
            {
                "state": concept("http://hl7.org/fhir/research-study-status", "recruiting", "Recruiting"),
                "actual": True,
                "period": {"start": "2020-01-01"},
            }
        ],
        "comparisonGroup": [{"linkId": "a", "name": "Aspirin"}],
        "label": [
            {"type": concept("http://hl7.org/fhir/title-type", "official", "Official"), "value": "Aspirin"}
        ],
    }


def group(release: Release) -> Json:
    """The eligibility of the study."""
    age = {"value": 18, "unit": "years", "system": "http://unitsofmeasure.org", "code": "a"}
    found: Json = {
        "resourceType": "Group",
        "id": "G1",
        "type": "person",
        "characteristic": [
            {
                "code": {"text": "Age"},
                "valueRange": {"low": age, "high": age | {"value": 65}},
                "exclude": False,
            },
            {"code": {"text": "Asthma"}, "valueBoolean": True, "exclude": True},
        ],
    }
    return found | ({"membership": "definitional"} if release is Release.R5 else {"actual": False})


def plan(release: Release) -> Json:
    """The protocol of the study."""
    return {
        "resourceType": "PlanDefinition",
        "id": "P1",
        "url": BASE + "/PlanDefinition/P1",
        "name": "Protocol",
        "type": concept(THO + "plan-definition-type", "clinical-protocol", "Clinical Protocol"),
        "status": "active",
        "date": "2020-01-02",
        "action": [
            {
                "title": "Give",
                "timingTiming": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}},
                "relatedAction": [_related(release)],
                "action": [{"id": "x", "title": "Rest"}],
            }
        ],
    }


def _related(release: Release) -> Json:
    return {("targetId" if release is Release.R5 else "actionId"): "x", "relationship": "before-start"}


def location(_: Release) -> Json:
    """A site of the study."""
    return {
        "resourceType": "Location",
        "id": "L1",
        "status": "active",
        "name": "Clinic",
        "address": {"city": "Bonn", "country": "DE"},
        "position": {"longitude": 7.1, "latitude": 50.7},
    }


def organization(_: Release) -> Json:
    """The sponsor of the study."""
    return {
        "resourceType": "Organization",
        "id": "O1",
        "identifier": [
            {
                "type": concept(THO + "v2-0203", "PRN", "Provider number"),
                "system": "urn:oid:2.16.840.1.113883.4.7",
                "value": "7",
            }
        ],
        "name": "Hospital",
    }


def bundle(release: Release) -> Json:
    """The study and all it refers to, as a collection."""
    resources = [make(release) for make in (study, group, plan, location, organization)]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": "2021-02-03T10:00:00+01:00",
        "entry": [
            {"fullUrl": f"{BASE}/{one['resourceType']}/{one['id']}", "resource": one} for one in resources
        ],
    }


def transaction(release: Release) -> Json:
    """The same as a transaction of PUTs."""
    found = bundle(release) | {"type": "transaction"}
    for entry in found["entry"]:
        one = entry["resource"]
        entry["request"] = {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}
    return found


MAKERS = {
    "study": study,
    "group": group,
    "plan": plan,
    "location": location,
    "organization": organization,
    "bundle": bundle,
    "transaction": transaction,
}
