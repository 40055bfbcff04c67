"""The model against the registry's own field list: every field is there, and no other."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from fhir_trial.sources import ctgov_v2_schema as schema
from tests.records import CORPUS

METADATA = CORPUS / "ctgov_v2_spec" / "studies_metadata.json"
SECTIONS = ("protocolSection", "resultsSection", "annotationSection", "documentSection", "derivedSection")

NOT_LISTED = {
    "protocolSection.contactsLocationsModule.locations.geoPoint.lat",
    "protocolSection.contactsLocationsModule.locations.geoPoint.lon",
}
"""Fields that records have and the list only knows as a type, GeoPoint."""


def listed(fields: list[dict[str, Any]], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every leaf of the registry's list, by path."""
    for field in fields:
        here = f"{path}.{field['name']}" if path else field["name"]
        if children := field.get("children"):
            yield from listed(children, here)
        else:
            yield here, field


def modelled(node: schema.Node, path: str = "") -> Iterator[tuple[str, schema.Node]]:
    """Every leaf of the model, by path."""
    node = node.item or node
    for name, below in (node.fields or {}).items():
        yield from modelled(below, f"{path}.{name}" if path else name)
    if node.fields is None:
        yield path, node


@pytest.fixture(scope="module")
def metadata() -> dict[str, dict[str, Any]]:
    if not METADATA.exists():
        pytest.skip("the registry's field list stands beside the checkout only")
    found = json.loads(METADATA.read_text(encoding="utf-8"))
    return {path: field for path, field in listed(found) if path.partition(".")[0] in SECTIONS}


MODEL = {
    path: node
    for path, node in modelled(schema.root())
    if path.partition(".")[0] in SECTIONS and path not in NOT_LISTED
}


def test_the_model_has_every_field_of_the_registrys_list(metadata: dict[str, Any]) -> None:
    assert {path for path in metadata if "geoPoint" not in path} - MODEL.keys() == set()


def test_the_model_has_no_other_field(metadata: dict[str, Any]) -> None:
    assert MODEL.keys() - metadata.keys() == set()


def test_what_the_list_calls_a_token_is_one_in_the_model(metadata: dict[str, Any]) -> None:
    tokens = {path for path, field in metadata.items() if field.get("isEnum")}
    assert {path for path, node in MODEL.items() if node.tokens} == tokens


def test_what_the_list_calls_yes_or_no_is_so_in_the_model(metadata: dict[str, Any]) -> None:
    flags = {path for path, field in metadata.items() if field["type"].startswith("boolean")}
    assert {path for path, node in MODEL.items() if node.expected == "true or false"} == flags
