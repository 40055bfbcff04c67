"""What the validator knows of a release: `mappings/validation/*.json` and the project's own definitions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import orjson

from fhir_trial.codemaps import rows
from fhir_trial.data import mappings_dir
from fhir_trial.release import Release
from fhir_trial.validation.formats import Check, checks
from fhir_trial.validation.units import simple_units

UNCHECKED_SYSTEMS = frozenset(
    {
        "http://snomed.info/sct",
        "http://loinc.org",
        "http://www.nlm.nih.gov/research/umls/rxnorm",
        "https://www.nlm.nih.gov/mesh",
        "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl",
        "http://hl7.org/fhir/sid/icd-10",
        "http://hl7.org/fhir/sid/icd-10-cm",
        "http://hl7.org/fhir/sid/icd-9-cm",
        "http://hl7.org/fhir/sid/ndc",
        "http://hl7.org/fhir/sid/cvx",
        "urn:ietf:bcp:47",
        "urn:ietf:bcp:13",
        "urn:ietf:rfc:3986",
        "urn:iso:std:iso:4217",
        "urn:iso:std:iso:3166:-2",
    }
)
"""Systems that exist and are too large, or not ours, to list: any code passes."""

STRUCTURE = "http://hl7.org/fhir/StructureDefinition/"
UCUM = "http://unitsofmeasure.org"
COUNTRIES = "urn:iso:std:iso:3166"
UCUM_UNITS = "ucum-common"


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a type, as the base definition has it."""

    name: str
    types: tuple[str, ...]
    min: int = 0
    many: bool = False
    choice: bool = False
    targets: frozenset[str] | None = None
    required: str | None = None
    extensible: str | None = None


@dataclass(frozen=True, slots=True)
class TypeTable:
    """A resource, data type or backbone element: its JSON properties and what must be there."""

    name: str
    properties: dict[str, tuple[Element, str]]
    """JSON property -> the element and the type that this property has."""
    mandatory: tuple[Element, ...]
    kinds: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """What `of_kind` has answered."""

    def of_kind(self, kind: str) -> tuple[tuple[str, str], ...]:
        """Property and name of the elements that hold a type."""
        if kind not in self.kinds:
            items = self.properties.items()
            self.kinds[kind] = tuple((key, one.name) for key, (one, held) in items if held == kind)
        return self.kinds[kind]


@dataclass(frozen=True, slots=True)
class ExtensionTable:
    """What an extension may hold."""

    values: frozenset[str]
    children: "dict[str, ExtensionTable]"
    context: frozenset[str] = frozenset({"Element"})
    modifier: bool = False
    targets: frozenset[str] | None = None
    single: frozenset[str] = frozenset()
    """The children that may stand once."""


@dataclass
class Tables:
    """Everything known of one release."""

    release: Release
    resources: frozenset[str]
    rows: dict[str, Any]
    """Types as they stand in the file; `type` makes a TypeTable of the ones that are met."""
    value_sets: dict[str, dict[str, list[str]]]
    systems: dict[str, list[str]]
    named_systems: frozenset[str]
    extension_rows: dict[str, Any]
    own_profiles: frozenset[str]
    """The urls of the StructureDefinitions that the project ships."""
    _types: dict[str, TypeTable] = field(default_factory=dict)
    _systems: dict[str, frozenset[str]] = field(default_factory=dict)
    _pairs: dict[str, frozenset[tuple[str, str]]] = field(default_factory=dict)
    _extensions: dict[str, ExtensionTable] = field(default_factory=dict)

    @cached_property
    def primitives(self) -> dict[str, Check]:
        """The format check of every primitive type."""
        return checks(self.release)

    def type(self, name: str) -> TypeTable | None:
        """The table of a complex type; None when it is not in the file."""
        found = self._types.get(name)
        if found is None and name in self.rows:
            found = self._types[name] = type_table(name, self.rows[name])
        return found

    def codes(self, system: str) -> frozenset[str] | None:
        """All codes of a code system that is known completely."""
        found = self._systems.get(system)
        if found is None and system in self.systems:
            found = self._systems[system] = frozenset(self.systems[system])
        return found

    @cached_property
    def simple_units(self) -> frozenset[str]:
        """The simple units that the common UCUM codes are made of."""
        return simple_units(self.codes(UCUM_UNITS) or ())

    def is_named(self, system: str) -> bool:
        """Whether a system is known to exist, though not what is in it."""
        return system in UNCHECKED_SYSTEMS or system in self.named_systems

    def pairs(self, value_set: str) -> frozenset[tuple[str, str]]:
        """The (system, code) pairs of a value set."""
        found = self._pairs.get(value_set)
        if found is None:
            systems = self.value_sets[value_set].items()
            found = frozenset((system, code) for system, codes in systems for code in codes)
            self._pairs[value_set] = found
        return found

    def bound_codes(self, value_set: str) -> frozenset[str]:
        """The codes of a value set, for elements that hold a code alone."""
        return frozenset(code for _, code in self.pairs(value_set))

    def is_profile(self, url: str) -> bool:
        """Whether a profile is known: a type's own definition, or one that is shipped."""
        plain = url.partition("|")[0]
        name = plain.removeprefix(STRUCTURE)
        return plain in self.own_profiles or (name != plain and (name in self.resources or name in self.rows))

    def extension(self, url: str) -> ExtensionTable | None:
        """The definition of an extension, HL7's or ours."""
        found = self._extensions.get(url)
        if found is None and url in self.extension_rows:
            found = self._extensions[url] = extension_table(self.extension_rows[url])
        return found


def type_table(name: str, row: dict[str, Any]) -> TypeTable:
    """The table of a type from its row in the file."""
    elements = [_element(key, value) for key, value in row.items()]
    is_resource = "." not in name and ("resourceType" in row or "meta" in row)
    properties = {}
    for one in elements:
        for kind in one.types:
            key = one.name + kind[0].upper() + kind[1:] if one.choice else one.name
            properties[key] = (one, "id" if is_resource and key == "id" else kind)
    return TypeTable(name, properties, tuple(one for one in elements if one.min))


def _element(name: str, row: dict[str, Any]) -> Element:
    targets = row.get("targets")
    return Element(
        name,
        tuple(row["types"]),
        row.get("min", 0),
        row.get("many", False),
        row.get("choice", False),
        frozenset(targets) if targets else None,
        row.get("required"),
        row.get("extensible"),
    )


def extension_table(row: dict[str, Any]) -> ExtensionTable:
    """The table of an extension from its row in the file."""
    return ExtensionTable(
        frozenset(row["values"]),
        {name: extension_table(child) for name, child in row["children"].items()},
        frozenset(row.get("context", ["Element"])),
        row.get("modifier", False),
        frozenset(row["targets"]) if "targets" in row else None,
        frozenset(row.get("single", ())),
    )


def _own_units() -> list[str]:
    """The UCUM units that our own output uses beyond HL7's list of common ones."""
    return [row["ucum"] for row in rows("eligibility/units.csv")]


@cache
def tables(release: Release) -> Tables:
    """The tables of a release, read once."""
    file = mappings_dir() / "validation" / f"{release}.json"
    found = orjson.loads(file.read_bytes())
    systems, named, extensions = found["codeSystems"], set(found["namedSystems"]), found["extensions"]
    profiles = set()
    for own in definitions(release):
        if own.get("resourceType") == "StructureDefinition":
            profiles.add(own.get("url"))
        if own.get("resourceType") == "CodeSystem":
            _add_system(own, systems, named)
        elif own.get("type") == "Extension" and "url" in own:
            extensions[own["url"]] = definition_row(own)
    systems |= countries()
    systems[UCUM_UNITS] = [*systems[UCUM_UNITS], *_own_units()]
    return Tables(
        release=release,
        resources=frozenset(found["resources"]),
        rows=found["types"],
        value_sets=found["valueSets"],
        systems=systems,
        named_systems=frozenset(named),
        extension_rows=extensions,
        own_profiles=frozenset(url for url in profiles if isinstance(url, str)),
    )


def countries() -> dict[str, list[str]]:
    """ISO 3166-1, which the packages name without its codes."""
    file = mappings_dir() / "validation" / "countries.json"
    return {COUNTRIES: orjson.loads(file.read_bytes())}


def _add_system(own: dict[str, Any], systems: dict[str, list[str]], named: set[str]) -> None:
    """A shipped code system; what the release itself knows completely wins."""
    url = own.get("url")
    if not isinstance(url, str) or url in systems:
        return
    codes = list(_concept_codes(own.get("concept", [])))
    if own.get("content") == "complete" and codes:
        systems[url] = codes
    else:
        named.add(url)


def _concept_codes(concepts: Iterable[dict[str, Any]]) -> Iterator[str]:
    for concept in concepts:
        yield concept["code"]
        yield from _concept_codes(concept.get("concept", []))


@cache
def definitions(release: Release) -> tuple[dict[str, Any], ...]:
    """The StructureDefinitions and CodeSystems shipped for a release."""
    own = mappings_dir() / "definitions"
    folders = (own, own / ("R5" if release is Release.R5 else "R4"))
    files = [one for folder in folders if folder.is_dir() for one in folder.iterdir()]
    texts = (one.read_bytes() for one in sorted(files, key=str) if one.name.endswith(".json"))
    return tuple(one for text in texts for one in _unpacked(orjson.loads(text)))


def _unpacked(found: Any) -> list[dict[str, Any]]:
    """The resources of a file: one, a list of them, or a Bundle."""
    if isinstance(found, list):
        return [one for one in found if isinstance(one, dict)]
    if not isinstance(found, dict):
        return []
    if found.get("resourceType") == "Bundle":
        return [entry["resource"] for entry in found.get("entry", []) if "resource" in entry]
    return [found]


# ------------------------------------------------------------------ StructureDefinitions of extensions


def definition_row(structure: dict[str, Any]) -> dict[str, Any]:
    """A StructureDefinition of an extension in the form of the file's rows."""
    holder = structure.get("differential") or structure.get("snapshot") or {}
    elements = [one for one in holder.get("element", []) if "path" in one]
    row = _parts(elements, "Extension")
    contexts = [one["expression"] for one in structure.get("context", []) if one.get("type") == "element"]
    row["context"] = contexts or ["Element"]
    row["modifier"] = any(one["path"] == "Extension" and one.get("isModifier") is True for one in elements)
    return row


def _parts(elements: list[dict[str, Any]], root: str) -> dict[str, Any]:
    """Value types and children of the extension that stands at the element id `root`."""
    row: dict[str, Any] = {"values": [], "children": {}, "single": []}
    for one in elements:
        identity = one.get("id", one["path"])
        if identity.startswith(root + ".value") and one.get("max") != "0":
            row["values"] = [kind["code"] for kind in one.get("type", [])]
            row |= _target_row(one)
        name = _child(identity, root)
        if name is not None and one.get("max") != "0":
            url = _child_url(elements, identity, name)
            row["children"][url] = _parts(elements, identity)
            if one.get("max") == "1":
                row["single"].append(url)
    if row["children"]:
        row["values"] = []
    return row


def _target_row(element: dict[str, Any]) -> dict[str, Any]:
    profiles = [profile for kind in element.get("type", []) for profile in kind.get("targetProfile", [])]
    names = sorted({profile.rpartition("/")[2] for profile in profiles} - {"Resource"})
    return {"targets": names} if names else {}


def _child(identity: str, root: str) -> str | None:
    head, mark, name = identity.rpartition(".extension:")
    return name if mark and head == root and "." not in name else None


def _child_url(elements: list[dict[str, Any]], identity: str, name: str) -> str:
    """The fixed url of a child; the slice name when the definition does not fix one."""
    for one in elements:
        if one.get("id") == identity + ".url":
            return str(one.get("fixedUri", one.get("fixedUrl", name)))
    return name
