"""Write the definitions of our own extensions and code systems into mappings/definitions/.

Extensions come from mappings/extensions.csv; the children of those that hold a part of the trial come from
the types of fhir_trial/trial.py and results.py, so that definition and output cannot differ. Code systems
come from the code maps.

    python -m tools.build_definitions
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

import orjson
from msgspec import Struct

from fhir_trial import results, tokens, trial
from fhir_trial.codemaps import REGISTRY_ENUM, maps, rows
from fhir_trial.mapping.extensions import fields
from fhir_trial.mapping.results.context import ANALYSIS, PART_TITLES
from fhir_trial.mapping.urls import BASE, EXTENSION
from fhir_trial.release import Release

Definition = dict[str, Any]

_COMMON = {"version": "1.0.0", "status": "active", "experimental": False, "publisher": "fhir_trial"}


# --- extensions -----------------------------------------------------------------------------------------


def extensions() -> Iterator[Definition]:
    """A StructureDefinition per row of mappings/extensions.csv."""
    for row in rows("extensions.csv"):
        yield _structure_definition(row)


def _structure_definition(row: dict[str, str]) -> Definition:
    url = EXTENSION + row["name"]
    context, modifier = row["context"].rstrip("!"), row["context"].endswith("!")
    root: dict[str, Any] = {
        "id": "Extension",
        "path": "Extension",
        "short": row["title"],
        "definition": row["description"],
        "min": 0,
        "max": "*",
    }
    if modifier:
        reason = row["description"].rpartition("A modifier, since ")[2]
        root |= {"isModifier": True, "isModifierReason": reason[0].upper() + reason[1:]}
    return {
        "resourceType": "StructureDefinition",
        "id": row["name"],
        "url": url,
        "name": "".join(word.capitalize() for word in row["name"].split("-")),
        "title": row["title"],
        **_COMMON,
        "description": row["description"],
        "fhirVersion": "4.0.1",
        "kind": "complex-type",
        "abstract": False,
        "context": [{"type": "element", "expression": one} for one in context.split("|")],
        "type": "Extension",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Extension",
        "derivation": "constraint",
        "differential": {"element": [root, *_content("Extension", "Extension", url, row["type"])]},
    }


def _content(element_id: str, path: str, url: str, kind: str) -> Iterator[dict[str, Any]]:
    """The elements below an Extension: a value, or children given in the table or by a type of the trial."""
    struct = getattr(trial, kind, None) or getattr(results, kind, None)
    if isinstance(struct, type) and issubclass(struct, Struct):
        yield from _complex(element_id, path, url, list(_struct_children(struct)))
    elif "=" in kind:
        children = [part.split("=") for part in kind.split(";")]
        yield from _complex(
            element_id, path, url, [(name.rstrip("*"), value, name.endswith("*")) for name, value in children]
        )
    else:
        yield from _simple(element_id, path, url, kind)


def _struct_children(struct: type[Struct]) -> Iterator[tuple[str, str | type[Struct], bool]]:
    for field in fields(struct):
        if field.struct:
            yield field.name, field.struct, field.repeats
        elif field.value_key:
            kind = field.value_key.removeprefix("value")
            yield field.name, kind[0].lower() + kind[1:], field.repeats


def _simple(element_id: str, path: str, url: str, kind: str) -> Iterator[dict[str, Any]]:
    yield {"id": f"{element_id}.extension", "path": f"{path}.extension", "max": "0"}
    yield {"id": f"{element_id}.url", "path": f"{path}.url", "fixedUri": url}
    yield {
        "id": f"{element_id}.value[x]",
        "path": f"{path}.value[x]",
        "min": 1,
        "type": [{"code": kind}],
    }


def _complex(
    element_id: str, path: str, url: str, children: list[tuple[str, Any, bool]]
) -> Iterator[dict[str, Any]]:
    yield {
        "id": f"{element_id}.extension",
        "path": f"{path}.extension",
        "slicing": {"discriminator": [{"type": "value", "path": "url"}], "ordered": False, "rules": "closed"},
        "min": 1,
    }
    for name, kind, repeats in children:
        child_id, child_path = f"{element_id}.extension:{name}", f"{path}.extension"
        yield {
            "id": child_id,
            "path": child_path,
            "sliceName": name,
            "min": 0,
            "max": "*" if repeats else "1",
        }
        if isinstance(kind, str):
            yield from _simple(child_id, child_path, name, kind)
        else:
            yield from _complex(child_id, child_path, name, list(_struct_children(kind)))
    yield {"id": f"{element_id}.url", "path": f"{path}.url", "fixedUri": url}
    yield {"id": f"{element_id}.value[x]", "path": f"{path}.value[x]", "max": "0"}


# --- code systems ---------------------------------------------------------------------------------------


def code_systems() -> Iterator[Definition]:
    """Our own code systems, and the registry's enumerations under the urls by which they are known."""
    for name, title in _OWN_SYSTEMS.items():
        concepts = {row["target_code"]: row["display"] for row in _targets(name)}
        yield _code_system(name, f"{BASE}/CodeSystem/{name}", title, concepts)
    states = list(rows("eligibility/states.csv"))
    variables = {row["id"]: row["name"] for row in (*rows("eligibility/variables.csv"), *states)}
    url = f"{BASE}/CodeSystem/eligibility-variable"
    meanings = {row["id"]: row["definition"] for row in states}
    yield _code_system("eligibility-variable", url, "Variables of eligibility criteria", variables, meanings)
    displays = _registry_displays()
    for enumeration in _ENUMERATIONS:
        codes = get_args(getattr(tokens, enumeration))
        concepts = {code: displays.get((enumeration, code), code) for code in codes}
        title = f"ClinicalTrials.gov {enumeration}"
        yield _code_system(f"ctgov-{enumeration}", REGISTRY_ENUM + enumeration, title, concepts)


_OWN_SYSTEMS = {
    "study-classifier": "Yes/no statements of a registry record",
    "study-party-role": "Roles of parties that HL7's list lacks",
    "eligibility-characteristic": "Characteristics of an eligibility Group",
    "results-part": "Parts of the results of a study",
}
_ENUMERATIONS = (
    "Status",
    "StudyType",
    "Phase",
    "PrimaryPurpose",
    "DesignAllocation",
    "InterventionalAssignment",
    "DesignMasking",
    "WhoMasked",
    "ObservationalModel",
    "DesignTimePerspective",
    "BioSpecRetention",
    "ArmGroupType",
    "OfficialRole",
    "ContactRole",
    "ResponsiblePartyType",
    "ReferenceType",
    "SecondaryIdType",
    "AgencyClass",
    "InterventionType",
    "Sex",
    "SamplingMethod",
)

_RESULT_PARTS = PART_TITLES | {ANALYSIS: "Statistical analysis"}


def _targets(system: str) -> list[dict[str, str]]:
    if system == "results-part":
        return [{"target_code": code, "display": display} for code, display in _RESULT_PARTS.items()]
    paths = ("research_study/classifier.csv", "research_study/party_role.csv", "group/characteristic.csv")
    return [row for path in paths for row in rows(path) if row["target_system"] == system]


def _registry_displays() -> dict[tuple[str, str], str]:
    """(enumeration, token) -> what people read, from the code maps."""
    return {
        (code_map.enumeration, row.source_code): row.display
        for code_map in maps(Release.R4).named().values()
        if code_map.enumeration
        for row in code_map.rows
    }


def _code_system(
    name: str,
    url: str,
    title: str,
    concepts: dict[str, str],
    meanings: Mapping[str, str] = MappingProxyType({}),
) -> Definition:
    return {
        "resourceType": "CodeSystem",
        "id": name.lower(),
        "url": url,
        "name": "".join(word[0].upper() + word[1:] for word in name.split("-")),
        "title": title,
        **_COMMON,
        "description": f"{title}.",
        "caseSensitive": True,
        "content": "complete",
        "concept": [
            {"code": code, "display": display} | ({"definition": meanings[code]} if code in meanings else {})
            for code, display in concepts.items()
        ],
    }


def definitions() -> dict[str, bytes]:
    """File name -> content of every definition of our own."""
    written = {}
    for definition in (*extensions(), *code_systems()):
        name = f"{definition['resourceType']}-{definition['id']}.json"
        written[name] = orjson.dumps(definition, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    return written


def main() -> int:
    """Write the files beside HL7's."""
    folder = Path(__file__).parents[1] / "mappings" / "definitions"
    folder.mkdir(exist_ok=True)
    for name, content in definitions().items():
        (folder / name).write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
