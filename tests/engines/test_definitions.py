"""Every R5 element that R4 output carries as an extension is known to HL7's engine, and checked by it."""

from collections.abc import Callable
from typing import Any

import pytest

from fhir_trial.engines.definitions import definition_files
from fhir_trial.engines.judge import Judge, problems
from fhir_trial.release import Release

pytestmark = pytest.mark.judge

Json = dict[str, Any]

XVER = "http://hl7.org/fhir/5.0/StructureDefinition/extension-"
FHIR = "http://hl7.org/fhir/"
STATUS = "http://terminology.hl7.org/CodeSystem/research-study-status"
R4_FAMILY = pytest.mark.parametrize("release", [Release.R4, Release.R4B])


def concept(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def xver(element: str, **value: Any) -> Json:
    return {"url": XVER + element, **value}


def parts(**values: tuple[str, Any]) -> list[Json]:
    return [{"url": url, f"value{kind}": value} for url, (kind, value) in values.items()]


def study(*extensions: Json, **elements: Any) -> Json:
    given = {"extension": list(extensions)} if extensions else {}
    return {"resourceType": "ResearchStudy", "id": "s", "status": "active", **given, **elements}


def group(*extensions: Json) -> Json:
    return {
        "resourceType": "Group",
        "id": "g",
        "extension": list(extensions),
        "type": "person",
        "actual": False,
    }


def progress(state: Json) -> Json:
    period = {"start": "2024-05"}
    inner = parts(state=("CodeableConcept", state), actual=("Boolean", True), period=("Period", period))
    return xver("ResearchStudy.progressStatus", extension=inner)


LABEL = parts(
    type=("CodeableConcept", concept(FHIR + "title-type", "acronym")),
    value=("String", "ASTER"),
)
PARTY = parts(
    name=("String", "Example University"),
    role=("CodeableConcept", concept(FHIR + "research-study-party-role", "lead-sponsor")),
    period=("Period", {"start": "2024"}),
    classifier=("CodeableConcept", concept(FHIR + "research-study-party-organization-type", "academic")),
    party=("Reference", {"reference": "Organization/o"}),
)
RECRUITMENT = parts(
    targetNumber=("UnsignedInt", 100),
    actualNumber=("UnsignedInt", 90),
    eligibility=("Reference", {"reference": "Group/g"}),
    actualGroup=("Reference", {"reference": "Group/h"}),
)
COMPARISON = parts(
    linkId=("Id", "arm-1"),
    name=("String", "Placebo"),
    type=("CodeableConcept", concept(FHIR + "research-study-arm-type", "placebo-comparator")),
    description=("Markdown", "Matching placebo"),
    intendedExposure=("Reference", {"reference": "EvidenceVariable/e"}),
    observedGroup=("Reference", {"reference": "Group/h"}),
)
OUTCOME = parts(
    name=("String", "Survival"),
    type=(
        "CodeableConcept",
        concept("http://terminology.hl7.org/CodeSystem/research-study-objective-type", "primary"),
    ),
    description=("Markdown", "At 5 years"),
    reference=("Reference", {"reference": "EvidenceVariable/e"}),
)

GOOD: dict[str, Json] = {
    "url": study(xver("ResearchStudy.url", valueUri="https://clinicaltrials.gov/study/NCT00000001")),
    "version": study(xver("ResearchStudy.version", valueString="2024-05-01")),
    "name": study(xver("ResearchStudy.name", valueString="Aster")),
    "date": study(xver("ResearchStudy.date", valueDateTime="2024-05-01")),
    "label": study(xver("ResearchStudy.label", extension=LABEL)),
    "descriptionSummary": study(xver("ResearchStudy.descriptionSummary", valueMarkdown="Short.")),
    "studyDesign": study(
        xver(
            "ResearchStudy.studyDesign",
            valueCodeableConcept=concept(FHIR + "study-design", "SEVCO:01001"),
        )
    ),
    "region": study(xver("ResearchStudy.region", valueCodeableConcept=concept("urn:iso:std:iso:3166", "FR"))),
    "classifier": study(
        xver(
            "ResearchStudy.classifier",
            valueCodeableConcept=concept(FHIR + "research-study-classifiers", "fda-regulated-drug"),
        )
    ),
    "associatedParty": study(xver("ResearchStudy.associatedParty", extension=PARTY)),
    "progressStatus": study(progress(concept(STATUS, "recruiting"))),
    "whyStopped": study(xver("ResearchStudy.whyStopped", valueCodeableConcept={"text": "No funding"})),
    "recruitment": study(xver("ResearchStudy.recruitment", extension=RECRUITMENT)),
    "comparisonGroup": study(xver("ResearchStudy.comparisonGroup", extension=COMPARISON)),
    "outcomeMeasure": study(xver("ResearchStudy.outcomeMeasure", extension=OUTCOME)),
    "result": study(xver("ResearchStudy.result", valueReference={"reference": "DiagnosticReport/d"})),
    "objective.description": study(
        objective=[
            {
                "extension": [xver("ResearchStudy.objective.description", valueMarkdown="To compare.")],
                "name": "Aim",
            }
        ]
    ),
    "Group.description": group(xver("Group.description", valueMarkdown="Adults")),
    "Group.membership": group(xver("Group.membership", valueCode="definitional")),
    "RelatedArtifact.resourceReference": study(
        relatedArtifact=[
            {
                "extension": [
                    xver("RelatedArtifact.resourceReference", valueReference={"reference": "Library/l"})
                ],
                "type": "documentation",
            }
        ]
    ),
    "studyRegistration": study(
        {
            "url": FHIR + "StructureDefinition/researchStudy-studyRegistration",
            "extension": parts(
                activity=(
                    "CodeableConcept",
                    concept(FHIR + "research-study-registration-activity", "registration-posting"),
                ),
                actual=("Boolean", True),
                period=("Period", {"start": "2024-05-01"}),
            ),
        }
    ),
    "NCIt focus": study(focus=[concept("http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl", "C3262")]),
    "MeSH condition": study(condition=[concept("https://www.nlm.nih.gov/mesh", "D001249")]),
}

BAD: dict[str, Json] = {
    "wrong value type": study(xver("ResearchStudy.url", valueString="https://example.com")),
    "unknown R5 element": study(xver("ResearchStudy.colour", valueString="blue")),
    "unknown child": study(
        xver("ResearchStudy.label", extension=[*LABEL, {"url": "colour", "valueString": "b"}])
    ),
    "wrong place": study(xver("Group.description", valueMarkdown="Adults")),
    "status that only R5 has": study(progress(concept(FHIR + "research-study-status", "recruiting"))),
    "status that nobody has": study(progress(concept(STATUS, "dreaming"))),
    "membership that nobody has": group(xver("Group.membership", valueCode="loose")),
    "role that nobody has": study(
        xver(
            "ResearchStudy.associatedParty",
            extension=parts(role=("CodeableConcept", concept(FHIR + "research-study-party-role", "king"))),
        )
    ),
    "party without role": study(xver("ResearchStudy.associatedParty", extension=PARTY[:1])),
}


def verdicts(judge: Judge, cases: dict[str, Json], *severities: str) -> dict[str, list[str]]:
    outcomes = judge.check(cases.values())
    return {name: problems(outcome, *severities) for name, outcome in zip(cases, outcomes, strict=True)}


@R4_FAMILY
def test_every_extension_we_may_write_passes_without_a_word(
    judge: Callable[[Release], Judge], release: Release
) -> None:
    found = verdicts(judge(release), GOOD, "fatal", "error", "warning")
    assert found == {name: [] for name in GOOD}


@R4_FAMILY
def test_every_misuse_of_an_extension_is_an_error(
    judge: Callable[[Release], Judge], release: Release
) -> None:
    found = verdicts(judge(release), BAD)
    assert [name for name, errors in found.items() if not errors] == []


def test_the_cases_cover_every_cross_version_extension_we_ship() -> None:
    shipped = {path.stem.partition("extension-")[2] for path in definition_files(Release.R4)}
    tried = {name if name[0].isupper() else f"ResearchStudy.{name}" for name in GOOD}
    assert shipped - {""} <= tried


def test_study_registration_is_known_in_r5(judge: Callable[[Release], Judge]) -> None:
    (outcome,) = judge(Release.R5).check([GOOD["studyRegistration"]])
    assert problems(outcome, "fatal", "error", "warning") == []
