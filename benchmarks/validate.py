"""How long validation takes, against `orjson.loads` + `orjson.dumps` of the same bundles in the same run.

    python benchmarks/validate.py                  # a synthetic bundle of every release
    python benchmarks/validate.py R4               # the corpus beside the checkout, converted first
    python benchmarks/validate.py R4 bundles.ndjson ...   # bundles of your own, one a line

Figures are CPU time, the best of several rounds; the ratio is what to compare between machines.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from fhir_trial import bundle as bundles
from fhir_trial import mapping
from fhir_trial.release import Release
from fhir_trial.sources import ctgov_v2
from fhir_trial.validation import explain, validate

Json = dict[str, Any]
CORPUS = Path(__file__).parents[2] / "shared" / "corpus" / "ctgov_v2"
BASE = "https://trials.example.net/fhir"
XVER = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ResearchStudy."
THO = "http://terminology.hl7.org/CodeSystem/"
ROUNDS = 7
SITES, CRITERIA, ARMS, DRUGS = 14, 24, 4, 5
PROSE = (
    "Participants must have adequate organ function, as measured at screening, within 28 days of enrolment."
)


def concept(system: str, code: str, display: str) -> Json:
    """A CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}


def narrative(*lines: str) -> Json:
    """A generated narrative."""
    items = "".join(f"<li>{line}</li>" for line in lines)
    return {
        "status": "generated",
        "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><p><b>Record</b></p><ul>{items}</ul></div>',
    }


def study_extensions() -> list[Json]:
    """What R5 has and R4 carries in extensions."""
    state = concept(THO + "research-study-status", "active", "Active")
    found: list[Json] = [
        {
            "url": XVER + "progressStatus",
            "extension": [
                {"url": "state", "valueCodeableConcept": state},
                {"url": "actual", "valueBoolean": True},
                {"url": "period", "valuePeriod": {"start": f"20{10 + n}-03", "end": f"20{11 + n}-03-04"}},
            ],
        }
        for n in range(6)
    ]
    found += [
        {
            "url": XVER + "outcomeMeasure",
            "extension": [
                {"url": "name", "valueString": f"Outcome {n}"},
                {"url": "type", "valueCodeableConcept": {"text": "Primary"}},
                {"url": "description", "valueMarkdown": " ".join([PROSE] * 2)},
            ],
        }
        for n in range(10)
    ]
    found += [
        {
            "url": XVER + "comparisonGroup",
            "extension": [
                {"url": "linkId", "valueId": f"arm-{n}"},
                {"url": "name", "valueString": f"Arm {n}"},
                {"url": "description", "valueMarkdown": " ".join([PROSE] * 2)},
            ],
        }
        for n in range(ARMS)
    ]
    found += [
        {
            "url": XVER + "associatedParty",
            "extension": [
                {"url": "name", "valueString": f"Partner {n}"},
                {"url": "role", "valueCodeableConcept": {"text": "collaborator"}},
                {"url": "party", "valueReference": {"reference": f"Organization/O{n}"}},
            ],
        }
        for n in range(3)
    ]
    return found


def study(release: Release) -> Json:
    """A ResearchStudy of the usual size."""
    found: Json = {
        "resourceType": "ResearchStudy",
        "id": "NCT00000001",
        "text": narrative(*(f"<b>Field {n}</b>: {PROSE}" for n in range(20))),
        "identifier": [
            {"use": "official", "system": "https://clinicaltrials.gov/nctid", "value": f"NCT0000000{n}"}
            for n in range(4)
        ],
        "title": "A study of aspirin against placebo in adults with headache",
        "protocol": [{"reference": "PlanDefinition/P1"}],
        "status": "active",
        "phase": concept(THO + "research-study-phase", "phase-2", "Phase 2"),
        "condition": [concept("https://www.nlm.nih.gov/mesh", f"D00{n}", f"Condition {n}") for n in range(8)],
        "keyword": [{"text": f"keyword {n}"} for n in range(12)],
        "description": " ".join([PROSE] * 20),
        "period": {"start": "2020-01-02", "end": "2023-04"},
        "site": [{"reference": f"Location/L{n}", "display": f"Clinic {n}"} for n in range(SITES)],
    }
    if release is Release.R5:
        return found | {"recruitment": {"targetNumber": 200, "eligibility": {"reference": "Group/G1"}}}
    return found | {
        "extension": study_extensions(),
        "enrollment": [{"reference": "Group/G1"}],
        "sponsor": {"reference": "Organization/O0"},
        "arm": [{"name": f"Arm {n}", "description": PROSE} for n in range(ARMS)],
        "objective": [
            {
                "name": f"Objective {n}",
                "type": concept(THO + "research-study-objective-type", "primary", "Primary"),
            }
            for n in range(10)
        ],
    }


def group(release: Release) -> Json:
    """Eligibility, one characteristic per criterion."""
    found: Json = {
        "resourceType": "Group",
        "id": "G1",
        "text": narrative(*(PROSE for _ in range(CRITERIA))),
        "type": "person",
        "characteristic": [
            {"code": {"text": PROSE + str(n)}, "valueBoolean": True, "exclude": n % 2 == 0}
            for n in range(CRITERIA)
        ],
    }
    return found | ({"membership": "definitional"} if release is Release.R5 else {"actual": False})


def others() -> list[Json]:
    """The protocol, its interventions, organisations and sites."""
    plan: Json = {
        "resourceType": "PlanDefinition",
        "id": "P1",
        "type": concept(THO + "plan-definition-type", "clinical-protocol", "Clinical Protocol"),
        "status": "active",
        "action": [
            {
                "title": f"Arm {arm}",
                "description": PROSE,
                "action": [
                    {"title": f"Drug {n}", "definitionCanonical": f"{BASE}/ActivityDefinition/A{n}"}
                    for n in range(3)
                ],
            }
            for arm in range(ARMS)
        ],
    }
    drugs: list[Json] = [
        {
            "resourceType": "ActivityDefinition",
            "id": f"A{n}",
            "url": f"{BASE}/ActivityDefinition/A{n}",
            "title": f"Drug {n}",
            "status": "active",
            "description": PROSE,
            "library": [f"{BASE}/PlanDefinition/P1"],
        }
        for n in range(DRUGS)
    ]
    return [plan, *drugs]


def places() -> list[Json]:
    """Sponsors and sites."""
    organizations: list[Json] = [
        {"resourceType": "Organization", "id": f"O{n}", "name": f"Hospital {n}"} for n in range(3)
    ]
    sites: list[Json] = [
        {
            "resourceType": "Location",
            "id": f"L{n}",
            "text": narrative(f"Clinic {n}", "Bonn, Germany"),
            "status": "active",
            "name": f"Clinic {n}",
            "address": {"city": "Bonn", "state": "NRW", "postalCode": "53111", "country": "Germany"},
            "position": {"longitude": 7.1, "latitude": 50.7 + n},
        }
        for n in range(SITES)
    ]
    return organizations + sites


def bundle(release: Release) -> Json:
    """About 50 kB and 25 entries, as the converter writes them."""
    resources = [study(release), group(release), *others(), *places()]
    for one in resources:
        if one["resourceType"] == "ActivityDefinition":
            one["subjectReference"] = {"reference": "Group/G1"}
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"fullUrl": f"{BASE}/{one['resourceType']}/{one['id']}", "resource": one} for one in resources
        ],
    }


def corpus(release: Release) -> dict[str, list[Json]]:
    """The bundles of the corpus, those with results apart: they are ten times as large."""
    found: dict[str, list[Json]] = {"without results": [], "with results": []}
    for path in sorted(CORPUS.glob("*.json")):
        record = path.read_bytes()
        group = "with results" if b'"resultsSection"' in record else "without results"
        found[group].append(bundles.bundle(mapping.resources(ctgov_v2.decode(record), release)))
    return found


def nodes(value: Any) -> int:
    """How many JSON values there are."""
    if isinstance(value, dict):
        return 1 + sum(map(nodes, value.values()))
    return 1 + sum(map(nodes, value)) if isinstance(value, list) else 1


def best(work: Callable[[], object]) -> float:
    """Seconds of CPU time of the best round."""
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def measure(name: str, release: Release, found: list[Json]) -> None:
    """One line of figures."""
    repeat = max(1, 200 // len(found))
    texts = [orjson.dumps(one) for one in found] * repeat
    resources = [orjson.loads(text) for text in texts]
    issues = sum(len(validate(one, release=release)) for one in resources[: len(found)])
    floor = best(lambda: [orjson.dumps(orjson.loads(text)) for text in texts]) / len(texts)
    fast = best(lambda: [validate(one, release=release) for one in resources]) / len(texts)
    few = resources[: max(len(found) // 10, 1)]
    slow = best(lambda: [explain(one, release=release) for one in few]) / len(few)
    size, count = sum(map(len, texts)) / len(texts), sum(map(nodes, resources)) / len(texts)
    print(
        f"{name}: {len(found)} bundles of {size / 1000:.1f} kB, {count:.0f} nodes, {issues} issues; "
        f"floor {floor * 1e3:.3f} ms, validate {fast * 1e3:.3f} ms = {fast / floor:.2f}x, "
        f"walker alone {slow * 1e3:.2f} ms = {slow / floor:.1f}x"
    )


def main(arguments: list[str]) -> None:
    """Measure what is named, or a synthetic bundle of every release."""
    if not arguments:
        for release in Release:
            measure(str(release), release, [bundle(release)])
        return
    name, *paths = arguments
    for group, found in corpus(Release(name)).items() if not paths else ():
        measure(f"{name} {group}", Release(name), found)
    for path in paths:
        lines = Path(path).read_bytes().splitlines()
        measure(path, Release(name), [orjson.loads(line) for line in lines if line.strip()])


if __name__ == "__main__":
    main(sys.argv[1:])
