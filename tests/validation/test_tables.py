"""The tables and the project's own definitions."""

from typing import Any

import pytest

from fhir_trial.release import Release
from fhir_trial.validation.tables import definition_row, definitions, extension_table, tables

RELEASES = list(Release)

NESTED: dict[str, Any] = {
    "resourceType": "StructureDefinition",
    "url": "https://a.de/criterion",
    "type": "Extension",
    "context": [{"type": "element", "expression": "Group.characteristic"}],
    "differential": {
        "element": [
            {"id": "Extension", "path": "Extension", "isModifier": True},
            {"id": "Extension.extension:part", "path": "Extension.extension", "sliceName": "part"},
            {"id": "Extension.extension:part.url", "path": "Extension.extension.url", "fixedUri": "part"},
            {"id": "Extension.extension:part.extension:text", "path": "Extension.extension.extension"},
            {
                "id": "Extension.extension:part.extension:text.url",
                "path": "Extension.extension.extension.url",
                "fixedUri": "inner-text",
            },
            {
                "id": "Extension.extension:part.extension:text.value[x]",
                "path": "Extension.extension.extension.value[x]",
                "type": [{"code": "string"}, {"code": "markdown"}],
            },
            {"id": "Extension.extension:part.value[x]", "path": "Extension.extension.value[x]", "max": "0"},
            {"id": "Extension.url", "path": "Extension.url", "fixedUri": "https://a.de/criterion"},
            {"id": "Extension.value[x]", "path": "Extension.value[x]", "max": "0"},
        ]
    },
}


def test_a_complex_extension_is_read_to_any_depth() -> None:
    table = extension_table(definition_row(NESTED))
    assert table.modifier
    assert table.context == {"Group.characteristic"}
    assert not table.values
    part = table.children["part"]
    assert not part.values
    assert part.children["inner-text"].values == {"string", "markdown"}


def test_a_plain_extension_has_value_types_and_targets() -> None:
    element = {
        "id": "Extension.value[x]",
        "path": "Extension.value[x]",
        "type": [{"code": "Reference", "targetProfile": ["http://hl7.org/fhir/StructureDefinition/Group"]}],
    }
    table = extension_table(definition_row({"type": "Extension", "differential": {"element": [element]}}))
    assert (set(table.values), set(table.targets or ()), set(table.context)) == (
        {"Reference"},
        {"Group"},
        {"Element"},
    )


@pytest.mark.parametrize("release", RELEASES)
def test_every_shipped_extension_and_code_system_is_known(release: Release) -> None:
    known = tables(release)
    for one in definitions(release):
        if one["resourceType"] == "CodeSystem":
            assert known.codes(one["url"]) or known.is_named(one["url"])
        elif one.get("type") == "Extension":
            table = known.extension(one["url"])
            assert table is not None
            assert table.values or table.children, one["url"]


@pytest.mark.parametrize("release", RELEASES)
def test_every_type_and_value_set_that_an_element_names_is_there(release: Release) -> None:
    known = tables(release)
    for name in known.rows:
        table = known.type(name)
        assert table is not None
        for element, kind in table.properties.values():
            there = kind in known.primitives or kind in known.rows or kind in ("xhtml", "Resource")
            assert there, f"{name}.{element.name}: {kind}"
            for value_set in (element.required, element.extensible):
                assert value_set is None or known.pairs(value_set)


@pytest.mark.parametrize("release", RELEASES)
def test_every_extension_holds_types_that_are_known(release: Release) -> None:
    known = tables(release)
    for url in known.extension_rows:
        table = known.extension(url)
        assert table is not None
        for kind in table.values:
            assert kind in known.primitives or kind in known.rows, f"{url}: {kind}"
