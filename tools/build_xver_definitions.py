"""Writes HL7's definitions that our output needs into mappings/definitions/, from pinned npm packages.

The cross-version extensions ("R5 element in R4") get a StructureDefinition of the url that HL7 fixed for
them, made from the R5 core definition of the element. Code systems and the extensions pack are copied.
Needs npm; run it again after a change of the tables below: `python tools/build_xver_definitions.py`.
"""

import hashlib
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]

DEFINITIONS = Path(__file__).parents[1] / "mappings" / "definitions"

PACKAGES = {
    "hl7.fhir.r5.core@5.0.0": "09f22107bef64313545a50d2c127d20f81173c499a395672fae089bc23e72fab",
    "hl7.terminology.r4@7.0.1": "170c546f761fb51b3355788ca500206f6b772b21c57348c29205de85a6612baa",
    "hl7.fhir.uv.extensions.r4@5.3.0-ballot-tc1": (
        "54f70616bbd444ba0259d5fc5a5c978d463971865f23dcef3103081f529ad213"
    ),
}
CORE, TERMINOLOGY, EXTENSIONS = PACKAGES

CROSS_VERSION = {
    "ResearchStudy": [
        "associatedParty",
        "classifier",
        "comparisonGroup",
        "date",
        "descriptionSummary",
        "label",
        "name",
        "objective.description",
        "outcomeMeasure",
        "progressStatus",
        "recruitment",
        "region",
        "result",
        "studyDesign",
        "url",
        "version",
        "whyStopped",
    ],
    "Group": ["description", "membership"],
    "RelatedArtifact": ["resourceReference"],
}
"""Only elements whose extension is accepted by every engine, see mappings/definitions/README.md."""

COPIED = {
    (CORE, "R4"): [
        "CodeSystem-group-membership-basis",
        "CodeSystem-research-study-arm-type",
        "CodeSystem-research-study-classifiers",
        "CodeSystem-research-study-party-organization-type",
        "CodeSystem-research-study-party-role",
        "CodeSystem-study-design",
        "CodeSystem-title-type",
        "ValueSet-group-membership-basis",
    ],
    (TERMINOLOGY, "R4"): [
        "CodeSystem-attribute-estimate-type",
        "CodeSystem-research-study-status",
        "CodeSystem-statistic-type",
    ],
    (EXTENSIONS, "."): [
        "CodeSystem-research-study-registration-activity",
        "StructureDefinition-researchStudy-studyRegistration",
        "ValueSet-research-study-registration-activity",
    ],
}

KEPT = (
    "resourceType", "id", "url", "version", "name", "title", "status", "experimental", "date", "publisher",
    "description", "copyright", "caseSensitive", "valueSet", "hierarchyMeaning", "content", "property",
    "concept", "compose", "kind", "abstract", "context", "type", "baseDefinition", "derivation",
    "differential",
)  # fmt: skip
"""What R4, R4B and R5 spell alike, without narrative and snapshot (an engine makes its own)."""

NOT_IN_R4 = {"Citation", "EvidenceReport"}

NAMED_ONLY = {
    "loinc": ("R4", "http://loinc.org", "LOINC", "Regenstrief Institute"),
    "meddra": (".", "https://www.meddra.org", "MedDRA", "MedDRA MSSO"),
    "mesh": ("R4", "https://www.nlm.nih.gov/mesh", "MeSH", "National Library of Medicine"),
    "ncit": ("R4", "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl", "NCIt", "National Cancer Institute"),
}
"""Code systems too large to ship: without a stub an engine warns of every code."""


def main() -> None:
    """Downloads the packages and writes every file anew."""
    with tempfile.TemporaryDirectory() as folder:
        packages = {name: download(name, Path(folder)) for name in PACKAGES}
        for (package, release), names in COPIED.items():
            for name in names:
                write(release, copied(read(packages[package], name)))
        for resource_type, elements in CROSS_VERSION.items():
            definition = read(packages[CORE], f"StructureDefinition-{resource_type}")
            for element in elements:
                write("R4", cross_version_extension(definition, f"{resource_type}.{element}"))
    for identity, (release, url, name, publisher) in NAMED_ONLY.items():
        write(release, stub(identity, url, name, publisher))


def download(name: str, folder: Path) -> Path:
    """The tarball of a package, checked against its pinned digest."""
    packed = subprocess.run(
        ["npm", "pack", "--silent", name], cwd=folder, check=True, capture_output=True, text=True
    )
    path = folder / packed.stdout.strip()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != PACKAGES[name]:
        raise SystemExit(f"{name} has sha256 {digest}, not the pinned one")
    return path


def read(package: Path, name: str) -> Json:
    """One resource of a package."""
    with tarfile.open(package) as tar:
        member = tar.extractfile(f"package/{name}.json")
        assert member is not None
        resource: Json = json.load(member)
        return resource


def write(release: str, resource: Json) -> None:
    """One definition, in the folder of the releases that need it."""
    folder = DEFINITIONS / release
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(resource, indent=2, ensure_ascii=False) + "\n"
    (folder / f"{resource['resourceType']}-{resource['id']}.json").write_text(text, encoding="utf-8")


def copied(resource: Json) -> Json:
    """A published definition, cut to what every release spells alike."""
    return {key: resource[key] for key in KEPT if key in resource}


def stub(identity: str, url: str, name: str, publisher: str) -> Json:
    """A code system that is known by name only: its codes are accepted unseen."""
    return {
        "resourceType": "CodeSystem",
        "id": identity,
        "url": url,
        "name": name,
        "status": "active",
        "publisher": publisher,
        "description": "Known by name only; the content is its publisher's.",
        "content": "not-present",
    }


def cross_version_extension(definition: Json, path: str) -> Json:
    """The StructureDefinition of the extension that carries an R5 element in R4 and R4B."""
    elements = definition["snapshot"]["element"]
    element = next(each for each in elements if each["path"] == path)
    url = f"http://hl7.org/fhir/5.0/StructureDefinition/extension-{path}"
    return {
        "resourceType": "StructureDefinition",
        "id": f"extension-{path}",
        "url": url,
        "version": definition["version"],
        "name": "Extension" + "".join(part[0].upper() + part[1:] for part in path.split(".")),
        "title": f"R5 {path} in R4 and R4B",
        "status": "active",
        "experimental": False,
        "publisher": f"fhir-trial, generated from {CORE} (HL7 International, CC0-1.0)",
        "description": element["definition"],
        "kind": "complex-type",
        "abstract": False,
        "context": [{"type": "element", "expression": path.rpartition(".")[0]}],
        "type": "Extension",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Extension",
        "derivation": "constraint",
        "differential": {"element": list(differential(elements, element, url))},
    }


def differential(elements: list[Json], element: Json, url: str) -> Iterator[Json]:
    """The constraints on Extension that make it the element, with a slice for each child."""
    yield {"id": "Extension", "path": "Extension"} | described(element) | {"min": 0, "max": element["max"]}
    children = [each for each in elements if each["path"].rpartition(".")[0] == element["path"]]
    own = [each for each in children if each["path"].rpartition(".")[2] not in INHERITED]
    for child in own:
        yield from child_slice(child)
    if own:
        yield fixed_url("Extension", "Extension", url)
        yield {"id": "Extension.value[x]", "path": "Extension.value[x]", "max": "0"}
    else:
        yield {"id": "Extension.extension", "path": "Extension.extension", "max": "0"}
        yield fixed_url("Extension", "Extension", url)
        yield value("Extension", "Extension", element)


INHERITED = {"id", "extension", "modifierExtension"}


def child_slice(child: Json) -> Iterator[Json]:
    """A child of a backbone element: an inner extension, whose url is its bare name."""
    name = child["path"].rpartition(".")[2]
    key, path = f"Extension.extension:{name}", "Extension.extension"
    head = {"id": key, "path": path, "sliceName": name}
    yield (
        head | described(child) | {"min": child["min"], "max": child["max"], "type": [{"code": "Extension"}]}
    )
    yield {"id": f"{key}.extension", "path": f"{path}.extension", "max": "0"}
    yield fixed_url(key, path, name)
    yield value(key, path, child)


def described(element: Json) -> Json:
    """The words of the R5 specification about an element."""
    return {"short": element["short"], "definition": element["definition"]}


def fixed_url(key: str, path: str, url: str) -> Json:
    """The url that tells this extension."""
    return {"id": f"{key}.url", "path": f"{path}.url", "type": [{"code": "uri"}], "fixedUri": url}


def value(key: str, path: str, element: Json) -> Json:
    """The value, of the R5 type."""
    constraint: Json = {
        "id": f"{key}.value[x]",
        "path": f"{path}.value[x]",
        "min": 1,
        "type": [r4_type(each) for each in element["type"]],
    }
    binding = element.get("binding")
    # The value sets of R5 are not in R4, and a binding that is not required would only warn of that.
    if binding and binding["strength"] == "required":
        constraint["binding"] = {"strength": "required", "valueSet": binding["valueSet"].partition("|")[0]}
    return constraint


def r4_type(element_type: Json) -> Json:
    """A type without targets when R4 does not know one of them: then any resource may be referred to."""
    targets = element_type.get("targetProfile", [])
    if any(target.rpartition("/")[2] in NOT_IN_R4 for target in targets) or not targets:
        return {"code": element_type["code"]}
    return {"code": element_type["code"], "targetProfile": targets}


if __name__ == "__main__":
    main()
