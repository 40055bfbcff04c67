"""The accept path says nothing but what the walker says, for valid resources and for damaged ones."""

import subprocess
import sys
from itertools import permutations
from random import Random

import pytest

from fhir_trial.errors import Issue
from fhir_trial.release import Release
from fhir_trial.validation import accept, explain, validate
from fhir_trial.validation.accept import acceptor
from fhir_trial.validation.narrative import is_plain, narrative
from fhir_trial.validation.objects import SHAPES
from tests.validation.breakage import broken
from tests.validation.fixtures import MAKERS, Json
from tests.validation.mutations import PASSING, REFUSED, WARNED

RELEASES = list(Release)
THO = "http://terminology.hl7.org"
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"


def as_set(issues: list[Issue]) -> list[tuple[str, ...]]:
    return sorted((one.severity, one.rule, one.expression, one.message) for one in issues)


def assert_paths_agree(node: Json, release: Release) -> None:
    assert as_set(validate(node, release=release)) == as_set(explain(node, release=release))


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", MAKERS)
def test_valid_resources_take_the_accept_path(name: str, release: Release) -> None:
    node, fast = MAKERS[name](release), acceptor(release)
    assert fast.bundle(node).clean if "entry" in node else fast.resource(node) is not None


@pytest.mark.parametrize("release", RELEASES)
def test_both_paths_agree_on_every_row_of_the_mutation_tables(release: Release) -> None:
    for row in [*WARNED, *PASSING, *(one for rows in REFUSED.values() for one in rows)]:
        if release in row.releases:
            node = row.mutated(release)
            found, wanted = validate(node, release=release), explain(node, release=release)
            assert as_set(found) == as_set(wanted), row.name


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", MAKERS)
def test_both_paths_agree_on_random_damage(name: str, release: Release) -> None:
    random = Random(f"{name} {release}")
    base = MAKERS[name](release)
    for _ in range(250):
        node = broken(base, random)
        assert_paths_agree(node, release)


@pytest.mark.parametrize(
    "text",
    [
        *[" padded", "padded\u00a0", "", "a\x01", "a\x08b", "a\x0cb", "half \ud800", 5, {}, None],
        *["\u202aopen", "\u202eopen", "\u2066open", "shut\u2069", "no \ufffe", "no \uffff"],
    ],
)
def test_an_odd_text_sends_only_its_own_entry_to_the_walker(text: object) -> None:
    node = MAKERS["bundle"](Release.R4)
    place = next(n for n, one in enumerate(node["entry"]) if one["resource"]["resourceType"] == "Location")
    node["entry"][place]["resource"]["name"] = text
    verdict = acceptor(Release.R4).bundle(node)
    assert verdict.accepted.keys() == set(range(len(node["entry"]))) - {place}
    assert_paths_agree(node, Release.R4)


@pytest.mark.parametrize(
    "text", ["a\\*b", 'a "quoted" \\ name', "a\tb\r\nc", "\u2265 18 \u2013 \uff21", "\x7f"]
)
def test_a_text_of_unusual_signs_is_accepted(text: str) -> None:
    node = MAKERS["bundle"](Release.R4)
    place = next(one["resource"] for one in node["entry"] if one["resource"]["resourceType"] == "Location")
    place["name"] = text
    assert acceptor(Release.R4).bundle(node).clean
    assert_paths_agree(node, Release.R4)


@pytest.mark.parametrize("text", ["&nbsp;", "&#65;", "& ", "]]>", "]] >", "a > b", "&amp;amp;", "<br/>"])
def test_a_plain_narrative_is_right_for_the_parser_too(text: str) -> None:
    div = f'<div xmlns="http://www.w3.org/1999/xhtml"><p><b>x</b> {text}</p></div>'
    assert not is_plain(div) or narrative(div) is None


def test_shapes_are_kept_within_bounds() -> None:
    fast = accept.Acceptor(Release.R4)
    shapes = fast.assembly.shaped("Address")
    for keys in permutations(("city", "state", "country", "postalCode", "district", "use", "text")):
        node = location({key: "home" if key == "use" else "Bonn" for key in keys})
        assert fast.resource(node)
        assert 0 < len(shapes.known) <= SHAPES
    assert fast.resource(location({"unknown": "Bonn"})) is None
    assert ("unknown",) not in shapes.known


def location(address: Json) -> Json:
    return {"resourceType": "Location", "id": "L1", "name": "Clinic", "address": address}


@pytest.mark.parametrize(
    ("key", "value"),
    [("system", "http://hl7.org/fhir/nowhere"), ("display", " padded"), ("code", 1), ("userSelected", "yes")],
)
def test_a_concept_that_was_right_is_looked_at_again_when_it_changes(key: str, value: object) -> None:
    coding = {"system": "http://snomed.info/sct", "code": "22298006", "display": "Infarction"}
    node = location({"city": "Bonn"}) | {"physicalType": {"coding": [coding], "text": "Infarction"}}
    for _ in range(4):
        assert validate(node) == explain(node, release=Release.R4)
    coding[key] = value  # type: ignore[assignment]  # wrong types are the point
    assert validate(node)
    assert_paths_agree(node, Release.R4)


def test_a_concept_that_stands_twice_is_warned_of_twice() -> None:
    kind = {"text": "Registry number"}
    same = [{"type": kind, "value": "1"}, {"type": kind, "value": "2"}, {"type": {"text": "x"}, "value": "3"}]
    node = {"resourceType": "Location", "id": "L1", "identifier": same}
    assert acceptor(Release.R4).resource(node) is not None
    assert [one.expression for one in validate(node)] == [f"Location.identifier[{n}].type" for n in range(3)]
    assert_paths_agree(node, Release.R4)


def test_validation_loads_no_model_classes() -> None:
    code = (
        "import sys; from tests.validation.fixtures import bundle; from fhir_trial.release import Release;"
        "from fhir_trial.validation import validate; assert validate(bundle(Release.R4)) == [];"
        "print([name for name in sys.modules if name.startswith(('fhir.resources', 'pydantic', 'fhirpath'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def bundle_of(*resources: Json, base: str = "http://x/") -> Json:
    entries = [{"fullUrl": f"{base}{one['resourceType']}/{one['id']}", "resource": one} for one in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


GROUP = {"resourceType": "Group", "id": "1", "type": "person", "actual": True}
PLAN = {"resourceType": "PlanDefinition", "status": "active"}
STUDY = {"resourceType": "ResearchStudy", "id": "S", "status": "active"}
ASKED = {"enrollment": [{"reference": "Group/1"}]}


@pytest.mark.parametrize(
    "node",
    [
        GROUP | {"managingEntity": {"reference": "Organization/1", "type": None}},
        bundle_of(GROUP, STUDY | ASKED, base="http://x/_history/"),
        bundle_of(GROUP | {"id": "a b"}, STUDY | {"enrollment": [{"reference": "Group/a b"}]}),
        bundle_of({"resourceType": "Foo", "id": "1"}, STUDY | {"enrollment": [{"reference": "Foo/1"}]}),
        bundle_of(PLAN | {"id": "P", "url": "http://x/p"}, PLAN | {"id": "Q", "library": ["http://x/p|1"]}),
        bundle_of(PLAN | {"id": "P", "url": "#a"}, PLAN | {"id": "Q", "library": ["#a"]}),
        bundle_of(PLAN | {"id": "P", "url": "Group/1"}, GROUP, STUDY | ASKED),
        GROUP | {"code": {"coding": [{"system": f"{THO}/CodeSystem/v2-0550", "code": "\xa0"}]}},
        GROUP | {"name": "x", "_name": {"extension": ({"url": ABSENT, "valueCode": "unknown"},)}},
    ],
)
def test_both_paths_agree_on_what_is_seldom_met(node: Json) -> None:
    assert_paths_agree(node, Release.R4)
