"""Write `mappings/validation/<release>.json` from published FHIR packages.

The tables are what `fhir_trial.validation` knows of a release: elements, value sets, code systems and
extensions. Run it again only when a package changes, and read the diff. Needs no network: the packages
are given as arguments, each a FHIR package (`.tgz`, or its unpacked folder) or a jar with `profiles-*.xml`
(R4 4.0.1 has no FHIR package on npm; the jar is `ca.uhn.hapi.fhir:hapi-fhir-validation-resources-r4:8.8.1`).

    python tools/build_validation_tables.py R4 --core hapi-fhir-validation-resources-r4-8.8.1.jar \
        --extensions hl7.fhir.uv.extensions.r4-5.3.0-ballot-tc1.tgz \
        --terminology hl7.terminology.r4-7.0.1.tgz --other R5=hl7.fhir.r5.core-5.0.0.tgz
    python tools/build_validation_tables.py R4B --core hl7.fhir.r4b.core-4.3.0.tgz \
        --extensions hl7.fhir.uv.extensions.r4-5.3.0-ballot-tc1.tgz \
        --terminology hl7.terminology.r4-7.0.1.tgz --other R5=hl7.fhir.r5.core-5.0.0.tgz
    python tools/build_validation_tables.py R5 --core hl7.fhir.r5.core-5.0.0.tgz \
        --extensions hl7.fhir.uv.extensions.r5-1.0.0.tgz \
        --terminology hl7.terminology.r4-7.0.1.tgz --other R5=hl7.fhir.r5.core-5.0.0.tgz \
        --other R4=hapi-fhir-validation-resources-r4-8.8.1.jar

R5 takes the extensions pack that was published with it (1.0.0; it lies, with the R5 core package, in the jar
`hapi-fhir-validation-resources-r5`): later packs narrow some contexts, engines for R5 have 1.0.0 built in.
Every earlier package wins over a later one in the order core, extensions, terminology.
"""

import argparse
import json
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

Json = dict[str, Any]

RESOURCES = [
    "ActivityDefinition",
    "Bundle",
    "Citation",
    "CodeSystem",
    "Composition",
    "DocumentReference",
    "Evidence",
    "EvidenceReport",
    "EvidenceVariable",
    "Group",
    "Library",
    "List",
    "Location",
    "Measure",
    "MeasureReport",
    "Observation",
    "OperationOutcome",
    "Organization",
    "Parameters",
    "Patient",
    "PlanDefinition",
    "Practitioner",
    "PractitionerRole",
    "Provenance",
    "ResearchStudy",
    "ResearchSubject",
    "StructureDefinition",
    "ValueSet",
]
"""What the project emits, reads back or meets at a server."""

ALWAYS = ("Extension", "Narrative", "Reference")

CURATED_EXTENSIONS = ("researchStudy-studyRegistration", "researchStudy-siteRecruitment")
"""From the extensions pack, which R4 tools do not know by themselves; the R5 ones have the whole pack."""

CURATED_TERMINOLOGY = [
    "research-study-status",
    "research-study-party-role",
    "title-type",
    "research-study-phase",
    "research-study-objective-type",
    "research-study-prim-purp-type",
    "research-study-reason-stopped",
    "v2-0203",
    "data-absent-reason",
    "plan-definition-type",
    "action-type",
    "organization-type",
]
"""Systems of terminology.hl7.org which R4 lacks and the cross-version extensions need (validator.md §7)."""

LARGEST_SYSTEM = 1500
"""Systems with more codes are only known by name."""

CROSS_VERSION = {
    "R5": [
        *(
            f"ResearchStudy.{name}"
            for name in [
                "url",
                "version",
                "name",
                "date",
                "label",
                "descriptionSummary",
                "studyDesign",
                "region",
                "classifier",
                "associatedParty",
                "progressStatus",
                "whyStopped",
                "recruitment",
                "comparisonGroup",
                "outcomeMeasure",
                "result",
                "objective.description",
            ]
        ),
        "Group.description",
        "Group.membership",
        "PlanDefinition.copyrightLabel",
        "RelatedArtifact.resourceReference",
    ],
    "R4": [
        f"ResearchStudy.{name}"
        for name in [
            "status",
            "category",
            "contact",
            "location",
            "enrollment",
            "sponsor",
            "principalInvestigator",
            "reasonStopped",
            "arm",
        ]
    ],
}
"""Elements that may travel as extensions, by the release that has them; of R5 those both engines pass."""

FHIR_TYPE = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
WANTED = ("StructureDefinition", "ValueSet", "CodeSystem")
STRUCTURE = "http://hl7.org/fhir/StructureDefinition/"
VERSIONS = {"R4": "4.0", "R5": "5.0"}


# ---------------------------------------------------------------- reading packages


def many(value: Any) -> list[Any]:
    """A FHIR property as a list, whatever its form (XML does not tell one from many)."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def from_xml(node: ElementTree.Element) -> Any:
    """A FHIR element in JSON-like form; every child that occurs once is a single value."""
    if not len(node) and "value" in node.attrib:
        return node.attrib["value"]
    result: Json = dict(node.attrib)
    for child in node:
        name = child.tag.rpartition("}")[2]
        if name == "div":
            continue
        value = from_xml(child)
        if name in result:
            result[name] = [*many(result[name]), value]
        else:
            result[name] = value
    return result


def xml_resources(jar: Path) -> Iterator[Json]:
    with zipfile.ZipFile(jar) as archive:
        for name in sorted(archive.namelist()):
            if not name.endswith(".xml") or "/model/" not in name or "/schema/" in name:
                continue
            with archive.open(name) as file:
                for _, node in ElementTree.iterparse(file):
                    kind = node[0].tag.rpartition("}")[2] if len(node) else ""
                    if node.tag.endswith("}resource") and kind in WANTED:
                        yield from_xml(node[0]) | {"resourceType": kind}
                        node.clear()


def json_resources(package: Path) -> Iterator[Json]:
    wanted = tuple(f"{kind}-" for kind in WANTED)
    if package.is_dir():
        for path in sorted(package.rglob("*.json")):
            if path.name.startswith(wanted):
                yield json.loads(path.read_bytes())
        return
    with tarfile.open(package) as archive:
        for member in sorted(archive.getmembers(), key=lambda member: member.name):
            if Path(member.name).name.startswith(wanted) and member.name.endswith(".json"):
                file = archive.extractfile(member)
                if file is not None:
                    yield json.loads(file.read())


class Package:
    """The definitions of one package by canonical url."""

    def __init__(self, path: Path | None) -> None:
        self.structures: dict[str, Json] = {}
        self.values: dict[str, Json] = {}
        self.systems: dict[str, Json] = {}
        if path is None:
            return
        places = {"StructureDefinition": self.structures, "ValueSet": self.values, "CodeSystem": self.systems}
        for found in xml_resources(path) if path.suffix == ".jar" else json_resources(path):
            place = places.get(found["resourceType"])
            if place is not None and "url" in found:
                place.setdefault(found["url"], found)

    def elements(self, name: str) -> list[Json]:
        """The snapshot of a base type."""
        return many(self.structures[STRUCTURE + name]["snapshot"]["element"])


# ---------------------------------------------------------------- codes


def concept_codes(concepts: Iterable[Json]) -> Iterator[str]:
    for concept in concepts:
        yield concept["code"]
        yield from concept_codes(many(concept.get("concept")))


class Terminology:
    """Code systems and value sets of several packages, the first that has one wins."""

    def __init__(self, packages: list[Package]) -> None:
        self.packages = packages
        self.complete: dict[str, list[str]] = {}
        self.named: set[str] = set()
        for package in packages:
            for url, system in package.systems.items():
                self._add(url, system)

    def _add(self, url: str, system: Json) -> None:
        if url in self.complete or url in self.named:
            return
        codes = sorted(set(concept_codes(many(system.get("concept")))))
        if system.get("content") == "complete" and codes and len(codes) <= LARGEST_SYSTEM:
            self.complete[url] = codes
        else:
            self.named.add(url)

    def keep(self, wanted: Iterable[str], *, beyond: Package) -> None:
        """Drop the systems that only `beyond` has, but for those wanted by name."""
        names = set(wanted)
        own = {url for package in self.packages if package is not beyond for url in package.systems}
        for url in [*self.complete, *self.named]:
            if url not in own and url.rpartition("/")[2] not in names:
                self.complete.pop(url, None)
                self.named.discard(url)

    def value_set(self, url: str) -> Json | None:
        url = url.partition("|")[0]
        return next((found.values[url] for found in self.packages if url in found.values), None)

    def expand(self, url: str) -> dict[str, list[str]] | None:
        """system -> codes of a value set; None when it cannot be known offline."""
        found = self.value_set(url)
        if found is None or "compose" not in found:
            return None
        pairs: dict[str, set[str]] = {}
        for include in many(found["compose"].get("include")):
            if not self._include(include, pairs):
                return None
        for exclude in many(found["compose"].get("exclude")):
            if "concept" not in exclude:
                return None
            pairs.get(exclude["system"], set()).difference_update(
                concept["code"] for concept in many(exclude["concept"])
            )
        return {system: sorted(codes) for system, codes in sorted(pairs.items())}

    def _include(self, include: Json, pairs: dict[str, set[str]]) -> bool:
        for nested in many(include.get("valueSet")):
            expansion = self.expand(nested)
            if expansion is None or "system" in include:
                return False
            for system, codes in expansion.items():
                pairs.setdefault(system, set()).update(codes)
        if "system" not in include:
            return True
        found = self._codes(include)
        if found is None:
            return False
        pairs.setdefault(include["system"], set()).update(found)
        return True

    def _codes(self, include: Json) -> set[str] | None:
        system = include["system"]
        if "concept" in include:
            return {concept["code"] for concept in many(include["concept"])}
        if "filter" not in include:
            codes = self.complete.get(system)
            return None if codes is None else set(codes)
        return self._filtered(system, many(include["filter"]))

    def _filtered(self, system: str, filters: list[Json]) -> set[str] | None:
        found = next((one.systems[system] for one in self.packages if system in one.systems), None)
        rule = filters[0]
        if found is None or len(filters) > 1 or rule["op"] not in ("is-a", "descendent-of"):
            return None
        if system not in self.complete:
            return None
        children: dict[str, list[str]] = {}
        _family(many(found.get("concept")), children)
        family = _descendants(rule["value"], children)
        return family | {rule["value"]} if rule["op"] == "is-a" else family


def _family(concepts: list[Json], children: dict[str, list[str]]) -> None:
    """parent -> children, from nesting and from `subsumedBy` properties."""
    for concept in concepts:
        inner = many(concept.get("concept"))
        children.setdefault(concept["code"], []).extend(child["code"] for child in inner)
        for prop in many(concept.get("property")):
            if prop.get("code") == "subsumedBy":
                children.setdefault(prop.get("valueCode", ""), []).append(concept["code"])
        _family(inner, children)


def _descendants(code: str, children: dict[str, list[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [code]
    while waiting:
        for child in children.get(waiting.pop(), []):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


# ---------------------------------------------------------------- types


def type_code(one: Json) -> str:
    """The FHIR name of an element's type; ids and urls are typed by an extension."""
    for extension in many(one.get("extension")):
        if extension.get("url") == FHIR_TYPE:
            return str(extension.get("valueUrl", extension.get("valueUri")))
    code = str(one["code"])
    return "string" if code.startswith("http://hl7.org/fhirpath/") else code


def targets(types: list[Json]) -> list[str]:
    """The resource types a reference may point to; empty when any will do."""
    names = {
        profile.rpartition("/")[2]
        for one in types
        if type_code(one) in ("Reference", "CodeableReference")
        for profile in many(one.get("targetProfile"))
    }
    return [] if "Resource" in names else sorted(names)


class Types:
    """The element tables of a release, with the value sets they need."""

    def __init__(self, core: Package, terminology: Terminology) -> None:
        self.core = core
        self.terminology = terminology
        self.tables: dict[str, Json] = {}
        self.value_sets: dict[str, Json] = {}

    def add(self, names: Iterable[str]) -> None:
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in self.tables and STRUCTURE + name in self.core.structures:
                waiting += self._add(name)

    def _add(self, name: str) -> set[str]:
        reached: set[str] = set()
        structure = self.core.structures[STRUCTURE + name]
        if structure["kind"] == "primitive-type":
            return reached
        elements = self.core.elements(name)
        parents = {element["path"].rpartition(".")[0] for element in elements if "." in element["path"]}
        for path in parents:
            self.tables[path] = {}
        self.tables[name] = {}
        for element in elements[1:]:
            parent, _, field = element["path"].rpartition(".")
            row = self._row(element, parents)
            self.tables[parent][field.removesuffix("[x]")] = row
            reached.update(row["types"])
        return {one for one in reached if one[0].isupper() and "." not in one}

    def _row(self, element: Json, parents: set[str]) -> Json:
        types = many(element.get("type"))
        if "contentReference" in element:
            names = [element["contentReference"].rpartition("#")[2]]
        elif element["path"] in parents:
            names = [element["path"]]
        else:
            names = list(dict.fromkeys(type_code(one) for one in types))
        row: Json = {"types": names}
        if int(element["min"]):
            row["min"] = int(element["min"])
        if element["max"] == "*":
            row["many"] = True
        if element["path"].endswith("[x]"):
            row["choice"] = True
        if allowed := targets(types):
            row["targets"] = allowed
        self._bind(row, element.get("binding"))
        return row

    def _bind(self, row: Json, binding: Json | None) -> None:
        if binding is None or binding.get("strength") not in ("required", "extensible"):
            return
        url = str(binding.get("valueSet", "")).partition("|")[0]
        codes = self.terminology.expand(url)
        if codes is None or not codes:
            return
        row[binding["strength"]] = url
        self.value_sets[url] = codes


# ---------------------------------------------------------------- extensions


def extension_row(structure: Json) -> Json:
    """What an extension may hold: value types, children, context; shared with the loader's form."""
    elements = many((structure.get("snapshot") or structure["differential"])["element"])
    row = _extension_parts(elements, "Extension")
    row["context"] = sorted(
        one["expression"] for one in many(structure.get("context")) if one.get("type") == "element"
    )
    if not row["context"]:
        row["context"] = ["Element"]
    if str(elements[0].get("isModifier", "")).lower() == "true":
        row["modifier"] = True
    return row


def _extension_parts(elements: list[Json], root: str) -> Json:
    row: Json = {"values": [], "children": {}}
    if _allowed(elements, root + ".value[x]"):
        for element in elements:
            if element["path"] == "Extension" + root_path(root) + ".value[x]" and under(element, root):
                row["values"] = sorted({type_code(one) for one in many(element.get("type"))})
                if allowed := targets(many(element.get("type"))):
                    row["targets"] = allowed
    for element in elements:
        name = child_name(element, root)
        if name is not None:
            row["children"][name] = _extension_parts(elements, f"{root}.extension:{name}")
    return row


def root_path(root: str) -> str:
    return ".extension" * root.count(".extension:")


def under(element: Json, root: str) -> bool:
    return str(element.get("id", "")).startswith(root + ".")


def child_name(element: Json, root: str) -> str | None:
    """The slice name when the element is a child slice of exactly this extension."""
    head, _, name = str(element.get("id", "")).rpartition(".extension:")
    return name if head == root and name and "." not in name and str(element.get("max")) != "0" else None


def _allowed(elements: list[Json], identity: str) -> bool:
    return not any(one.get("id") == identity and str(one.get("max")) == "0" for one in elements)


def cross_version_row(elements: list[Json], path: str, known: set[str]) -> Json:
    """An element of another release as an extension: its value types, or its children by name."""
    element = next(one for one in elements if one["path"] in (path, path + "[x]"))
    types = many(element.get("type"))
    names = {type_code(one) for one in types}
    row: Json = {"values": [], "children": {}}
    if names & {"BackboneElement", "Element"}:
        skipped = ("id", "extension", "modifierExtension")
        for child in elements:
            parent, _, field = child["path"].rpartition(".")
            if parent == path and field not in skipped:
                name = field.removesuffix("[x]")
                row["children"][name] = cross_version_row(elements, f"{path}.{name}", known)
        return row
    row["values"] = sorted(names & known)
    if allowed := [one for one in targets(types) if one in known]:
        row["targets"] = allowed
    return row


def cross_version(release: str, other: Package, known: set[str]) -> dict[str, Json]:
    rows = {}
    for path in CROSS_VERSION[release]:
        name, _, _ = path.partition(".")
        row = cross_version_row(other.elements(name), path, known)
        row["context"] = [path.rpartition(".")[0]]
        rows[f"http://hl7.org/fhir/{VERSIONS[release]}/StructureDefinition/extension-{path}"] = row
    return rows


def extensions(core: Package, pack: Package, *, whole_pack: bool) -> dict[str, Json]:
    rows: dict[str, Json] = {}
    for package in (core, pack):
        for url, structure in package.structures.items():
            if structure.get("type") != "Extension" or url in rows or url == STRUCTURE + "Extension":
                continue
            if package is core or whole_pack or url.rpartition("/")[2] in CURATED_EXTENSIONS:
                rows[url] = extension_row(structure)
    return rows


# ---------------------------------------------------------------- the table


def known_names(core: Package) -> tuple[set[str], set[str]]:
    """Every concrete resource type, and every type that an extension's value may have."""
    bases = [
        one
        for url, one in core.structures.items()
        if one.get("derivation") != "constraint" and url == STRUCTURE + one["type"]
    ]
    concrete = [one for one in bases if str(one.get("abstract", "false")).lower() != "true"]
    resources = {one["type"] for one in concrete if one["kind"] == "resource"}
    return resources, {one["type"] for one in concrete if one["kind"] != "logical"}


def table(release: str, core: Package, pack: Package, terms: Package, other: dict[str, Package]) -> Json:
    terminology = Terminology([core, pack, terms])
    types = Types(core, terminology)
    types.add([*RESOURCES, *ALWAYS])
    resources, known = known_names(core)
    rows = extensions(core, pack, whole_pack=release == "R5")
    types.add(
        sorted({value for row in rows.values() for value in row["values"] if value[0].isupper()} - resources)
    )
    for name, package in other.items():
        rows |= cross_version(name, package, known)
    if release != "R5":
        terminology.keep(CURATED_TERMINOLOGY, beyond=terms)
    units = terminology.expand("http://hl7.org/fhir/ValueSet/ucum-common") or {}
    return {
        "release": release,
        "resources": sorted(resources),
        "types": {name: types.tables[name] for name in sorted(types.tables)},
        "valueSets": dict(sorted(types.value_sets.items())),
        "codeSystems": dict(sorted((terminology.complete | {"ucum-common": union(units)}).items())),
        "namedSystems": sorted(terminology.named),
        "extensions": dict(sorted(rows.items())),
    }


def union(systems: dict[str, list[str]]) -> list[str]:
    """All codes of a value set: the common units are no code system, but are looked up like one."""
    return sorted({code for codes in systems.values() for code in codes})


def write(found: Json, path: Path) -> None:
    """One line per type, value set, system and extension, so that a diff can be read."""
    parts = []
    for name, value in found.items():
        if isinstance(value, dict):
            rows = ",\n".join(f"{json.dumps(key)}: {compact(one)}" for key, one in value.items())
            parts.append(f"{json.dumps(name)}: {{\n{rows}\n}}")
        else:
            parts.append(f"{json.dumps(name)}: {compact(value)}")
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("release", choices=["R4", "R4B", "R5"])
    parser.add_argument("--core", type=Path, required=True)
    parser.add_argument("--extensions", type=Path)
    parser.add_argument("--terminology", type=Path)
    parser.add_argument("--other", action="append", default=[], metavar="RELEASE=PACKAGE")
    parser.add_argument("--output", type=Path, default=Path("mappings/validation"))
    options = parser.parse_args()
    other = {name: Package(Path(path)) for name, _, path in (one.partition("=") for one in options.other)}
    found = table(
        options.release,
        Package(options.core),
        Package(options.extensions),
        Package(options.terminology),
        other,
    )
    options.output.mkdir(parents=True, exist_ok=True)
    write(found, options.output / f"{options.release}.json")
    print(options.release, {key: len(value) for key, value in found.items() if not isinstance(value, str)})


if __name__ == "__main__":
    main()
