"""Random damage to a resource: what the accept path must never let through where the walker objects."""

import copy
from random import Random
from typing import Any

from tests.validation.fixtures import BASE, XVER, Json

JUNK: list[Any] = [
    None,
    "",
    " ",
    " x",
    "x",
    "\u202e",
    "a\x01",
    "a\ud800",
    "<script>",
    "active",
    "recruiting",
    "Location/L1",
    "Location/none",
    "#x",
    "urn:uuid:xyz",
    "http://hl7.org/fhir/research-study-status",
    "http://unitsofmeasure.org",
    BASE + "/Location/L1",
    "2020-02-30",
    "2020-01-01T00:00:00Z",
    "phase-9",
    0,
    -1,
    1,
    1.5,
    10**20,
    float("nan"),
    True,
    False,
    [],
    {},
    [None],
    [[]],
    [{}],
    {"id": "x"},
    {"text": "x"},
    {"coding": []},
    {"reference": "Location/L1"},
    {"reference": "Group/G1", "type": "Location"},
    {"system": "http://snomed.info/sct", "code": 1},
    {"url": XVER + "ResearchStudy.whyStopped", "valueString": "x"},
    [{"url": XVER + "ResearchStudy.whyStopped", "valueCodeableConcept": {"text": "x"}}],
    [{"url": "http://hl7.org/fhir/StructureDefinition/originalText", "valueString": "x"}],
    {
        "extension": [
            {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
        ]
    },
    '<div xmlns="http://www.w3.org/1999/xhtml"><p><b>x</b></p></div>',
    '<div xmlns="http://www.w3.org/1999/xhtml"><p><b>x</b>&nbsp;</p></div>',
    '<div xmlns="http://www.w3.org/1999/xhtml"><p><b> </b></p></div>',
    '<div xmlns="http://www.w3.org/1999/xhtml"><p><b>x</b>\x01\ufffe</p></div>',
]
KEYS = [
    "id",
    "extension",
    "modifierExtension",
    "_status",
    "_title",
    "foo",
    "url",
    "valueString",
    "text",
    "contained",
]


def holders(node: Any) -> list[Any]:
    """Every object and array inside."""
    inner = list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else []
    return ([node] if isinstance(node, (dict, list)) else []) + [
        one for each in inner for one in holders(each)
    ]


def break_once(node: Json, random: Random) -> None:
    """One random damage somewhere inside."""
    places = [one for one in holders(node) if one]
    if not places:
        return
    place = random.choice(places)
    key = random.choice(list(place)) if isinstance(place, dict) else random.randrange(len(place))
    match random.randrange(8):
        case 0:
            del place[key]
        case 1 | 2:
            place[key] = copy.deepcopy(random.choice(JUNK))
        case 3:
            place[key] = [place[key]]
        case 4:
            other = random.choice(places)
            values = list(other.values()) if isinstance(other, dict) else other
            place[key] = copy.deepcopy(random.choice(values))
        case 5 if isinstance(place, dict):
            place[random.choice(KEYS)] = copy.deepcopy(random.choice(JUNK))
        case 6 if isinstance(place, list):
            place.append(copy.deepcopy(random.choice(place)))
        case 7 if isinstance(place[key], str):
            text = place[key]
            at = random.randrange(len(text) + 1)
            place[key] = text[:at] + random.choice(" <&>\x02\u202e/#1") + text[at:]
        case _ if isinstance(place, dict):
            names = [name for one in places if isinstance(one, dict) for name in one]
            place[random.choice(names)] = place.pop(key)


def broken(node: Json, random: Random) -> Json:
    """A copy with one to three damages."""
    found = copy.deepcopy(node)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        break_once(found, random)
    return found
