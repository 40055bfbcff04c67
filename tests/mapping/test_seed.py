"""Every value of the seed page and where it stands in the bundle: one row each, in R4 and in R5."""

from typing import Any

import fhirpathpy
import pytest
from fhirpathpy.models import models

import fhir_trial
from fhir_trial.codemaps import REGISTRY_ENUM
from fhir_trial.mapping.urls import CROSS_VERSION, EXTENSION
from tests.records import SEED

TEXT = SEED.read_text(encoding="utf-8")

STUDY = "entry.resource.ofType(ResearchStudy)"
PLAN = "entry.resource.ofType(PlanDefinition)"
GROUP = "entry.resource.ofType(Group)"
ACTIVITY = "entry.resource.ofType(ActivityDefinition)"
DLI = "prophylactic donor lymphocyte infusion (DLI)"
CRITERIA = TEXT[TEXT.index("Inclusion Criteria\n") : TEXT.index("Minimum Eligible Age")].strip()


def _ours(name: str) -> str:
    return f"extension.where(url='{EXTENSION}{name}')"


def _xver(element: str) -> str:
    return f"{STUDY}.extension.where(url='{CROSS_VERSION}ResearchStudy.{element}')"


def _child(name: str) -> str:
    return f"extension.where(url='{name}').value"


def _facet(enumeration: str) -> str:
    return f"coding.where(system='{REGISTRY_ENUM}{enumeration}').code"


def _after(heading: str) -> str:
    """The paragraph two lines below a heading and its sentence."""
    return TEXT[TEXT.index(f"\n{heading}\n") :].split("\n\n")[2]


# value on the page, FHIRPath in the R4 bundle, FHIRPath in the R5 bundle (None: the same)
VALUES: list[tuple[Any, str, str | None]] = [
    (
        "Early Prophylactic Donor Lymphocyte Infusion After Allo-HSCT for Patients With AML",
        f"{STUDY}.title",
        None,
    ),
    ("NCT03597321", f"{STUDY}.identifier.where(system='https://clinicaltrials.gov/nctid').value", None),
    ("2025-06-15", f"{_xver('date')}.value", f"{STUDY}.date"),
    ("Results pending", f"{STUDY}.{_ours('results-note')}.value", None),
    ("no-results", f"{_xver('classifier')}.value.coding.code", f"{STUDY}.classifier.coding.code"),
    ("closed-to-accrual", f"{STUDY}.status", None),
    (
        "active-but-not-recruiting",
        f"{_xver('progressStatus')}.{_child('state')}.coding.code",
        f"{STUDY}.progressStatus.state.coding.code",
    ),
    ("phase-2", f"{STUDY}.phase.coding.code", None),
    (124, f"{STUDY}.{_ours('enrollment')}.{_child('count')}", None),
    (
        "INTERVENTIONAL",
        f"{STUDY}.category.{_facet('StudyType')}",
        f"{STUDY}.studyDesign.{_facet('StudyType')}",
    ),
    ("2020-09-07", f"{STUDY}.period.start", None),
    ("2028-05-31", f"{STUDY}.period.end", None),
    (_after("Brief Summary"), f"{_xver('descriptionSummary')}.value", f"{STUDY}.descriptionSummary"),
    ("Acute Myeloid Leukemia", f"{STUDY}.condition.text", None),
    (
        "RANDOMIZED",
        f"{STUDY}.category.{_facet('DesignAllocation')}",
        f"{STUDY}.studyDesign.{_facet('DesignAllocation')}",
    ),
    (
        "PARALLEL",
        f"{STUDY}.category.{_facet('InterventionalAssignment')}",
        f"{STUDY}.studyDesign.{_facet('InterventionalAssignment')}",
    ),
    ("treatment", f"{STUDY}.primaryPurposeType.coding.code", None),
    ("NONE", f"{STUDY}.category.{_facet('DesignMasking')}", f"{STUDY}.studyDesign.{_facet('DesignMasking')}"),
    ("Arm A-DLI", f"{STUDY}.arm[0].name", f"{STUDY}.comparisonGroup[0].name"),
    (
        "Patients will be planned to receive prophylactic Donor Lymphocyte Injection",
        f"{STUDY}.arm[0].description",
        f"{STUDY}.comparisonGroup[0].description",
    ),
    ("experimental", f"{STUDY}.arm[0].type.coding.code", f"{STUDY}.comparisonGroup[0].type.coding.code"),
    ("Arm B- No intervention", f"{STUDY}.arm[1].name", f"{STUDY}.comparisonGroup[1].name"),
    ("no-intervention", f"{STUDY}.arm[1].type.coding.code", f"{STUDY}.comparisonGroup[1].type.coding.code"),
    ("Arm A-DLI", f"{PLAN}.action[0].title", None),
    (f"Biological: {DLI}", f"{PLAN}.action[0].action[0].title", None),
    ("Arm A-DLI", f"{ACTIVITY}.{_ours('arm-group-label')}.value", None),
    (DLI, f"{ACTIVITY}.title", None),
    (_after("Interventions").split("\n")[0], f"{ACTIVITY}.title", None),
    ("BIOLOGICAL", f"{ACTIVITY}.topic.{_facet('InterventionType')}", None),
    (
        CRITERIA,
        f"{GROUP}.extension.where(url='{CROSS_VERSION}Group.description').value",
        f"{GROUP}.description",
    ),
    (18, f"{GROUP}.characteristic.value.low.value", None),
    ("Years", f"{GROUP}.characteristic.value.low.unit", None),
    (70, f"{GROUP}.characteristic.value.high.value", None),
    ("ALL", f"{GROUP}.characteristic.value.{_facet('Sex')}", None),
    (False, f"{GROUP}.characteristic.where(code.coding.code='healthy-volunteers').value", None),
    ("Institut Paoli-Calmettes", "entry.resource.ofType(Organization).name", None),
    ("OTHER", f"entry.resource.ofType(Organization).type.{_facet('AgencyClass')}", None),
    (
        "SPONSOR",
        f"{_xver('associatedParty')}.{_child('classifier')}.{_facet('ResponsiblePartyType')}",
        f"{STUDY}.associatedParty.classifier.{_facet('ResponsiblePartyType')}",
    ),
    ("Raynier Devillier, MD,PhD", "entry.resource.ofType(Practitioner).name.text", None),
    (
        "primary-investigator",
        f"{_xver('associatedParty')}.{_child('role')}.coding.code",
        f"{STUDY}.associatedParty.role.coding.code",
    ),
    ("Institut Paoli-Calmettes", "entry.resource.ofType(Location).name", None),
    ("Marseille", "entry.resource.ofType(Location).address.city", None),
    ("Bouches Du Rhône", "entry.resource.ofType(Location).address.state", None),
    ("France", "entry.resource.ofType(Location).address.country", None),
    ("France", f"{STUDY}.location.text", f"{STUDY}.region.text"),
    ("ELIT-AML01-IPC 2017-006", f"{STUDY}.identifier.value", None),
    ("Post-transplant Flotetuzumab for AML", f"{STUDY}.{_ours('related-trial')}.{_child('title')}", None),
    ("NCT05506956", f"{STUDY}.{_ours('related-trial')}.{_child('nctId')}", None),
    ("COMPLETED", f"{STUDY}.{_ours('related-trial')}.{_child('status')}", None),
    ("PHASE1", f"{STUDY}.{_ours('related-trial')}.{_child('phases')}", None),
]
BULLETS = [line[2:] for line in CRITERIA.splitlines() if line.startswith("* ")]
R5_STATUS = ("closed-to-accrual", f"{STUDY}.status")


def _found(release: str, path: str) -> list[Any]:
    bundle = fhir_trial.convert(TEXT, to=release)
    found: list[Any] = fhirpathpy.evaluate(bundle, path, model=models["r5" if release == "R5" else "r4"])
    return found


@pytest.mark.parametrize(("value", "path", "_r5"), VALUES)
def test_every_value_of_the_page_stands_in_the_r4_bundle(value: Any, path: str, _r5: str | None) -> None:
    assert value in _found("R4", path)


@pytest.mark.parametrize(("value", "path", "r5"), [row for row in VALUES if row[:2] != R5_STATUS])
def test_every_value_of_the_page_stands_in_the_r5_bundle(value: Any, path: str, r5: str | None) -> None:
    assert value in _found("R5", r5 or path)


@pytest.mark.parametrize("release", ["R4", "R4B", "R5"])
def test_every_criterion_stands_verbatim_and_in_order_with_its_polarity(release: str) -> None:
    criteria = f"{GROUP}.characteristic.where(extension.where(url='{EXTENSION}criterion-start').exists())"
    words = f"{criteria}.select(iif(value.text.exists(), value.text, code.text))"
    assert _found(release, words) == BULLETS
    assert _found(release, f"{criteria}.exclude") == [False] * 7 + [True] * 7


@pytest.mark.parametrize("release", ["R4", "R4B", "R5"])
def test_the_empty_fields_of_the_page_are_said_to_be_empty(release: str) -> None:
    assert _found(release, f"{STUDY}.{_ours('stated-empty')}.{_child('field')}") == [
        "$.protocolSection.descriptionModule.detailedDescription",
        "$.protocolSection.contactsLocationsModule.locations[0].status",
    ]
