"""ResearchStudy: identifiers and titles."""

from typing import Any

from fhir_trial.codemaps import system
from fhir_trial.mapping import extensions, urls
from fhir_trial.mapping.graph import Graph, Index
from fhir_trial.mapping.organization import organization, party
from fhir_trial.release import Release
from fhir_trial.trial import Identification, OrgStudyId, SecondaryId

_NCT_TYPE = ("C172240", "ClinicalTrials.gov Identifier")
_ORG_TYPE = ("C132351", "Sponsor Protocol Identifier")
"""NCI Thesaurus codes, as in the Vulcan clinical study protocol IG (udp-identifier-type-vs)."""


def _type(code: tuple[str, str], release: Release) -> dict[str, Any]:
    return {"coding": [{"system": system("ncit", release), "code": code[0]}], "text": code[1]}


def identifiers(identification: Identification, graph: Graph) -> list[dict[str, Any]]:
    """Identifier 1..*: the registry's own, its aliases, the organization's, the secondary ones."""
    written = [
        {
            "use": "official",
            "type": _type(_NCT_TYPE, graph.release),
            "system": urls.NCT,
            "value": identification.registry_id,
        }
    ]
    written += [
        {"use": "old", "system": urls.NCT, "value": alias} for alias in identification.aliases or () if alias
    ]
    if identification.org_study_id is not None:
        written += _org_study_id(identification, identification.org_study_id, graph)
    for secondary in identification.secondary_ids or ():
        written += _secondary_id(secondary, graph)
    return written


def _link_and_type(part: OrgStudyId | SecondaryId) -> list[dict[str, Any]]:
    return extensions.simple("identifier-link", "valueString", part.link)


def _org_study_id(identification: Identification, part: OrgStudyId, graph: Graph) -> list[dict[str, Any]]:
    written: dict[str, Any] = {}
    extension = _link_and_type(part) + extensions.simple("org-study-id-type", "valueCode", part.type)
    if extension:
        written["extension"] = extension
    written["use"] = "secondary"
    written["type"] = _type(_ORG_TYPE, graph.release)
    if part.id:
        written["value"] = part.id
    keeper = identification.organization
    if keeper and (assigner := organization(graph, keeper.name, keeper.agency_class)):
        written["assigner"] = assigner
    return [written] if part.id or extension else []


def names_keeper(identification: Identification) -> bool:
    """Whether an identifier names the organization that keeps the record, as the one that assigned it."""
    part = identification.org_study_id
    return part is not None and bool(part.id or part.link or part.type)


def _secondary_id(part: SecondaryId, graph: Graph) -> list[dict[str, Any]]:
    written: dict[str, Any] = {}
    if extension := _link_and_type(part):
        written["extension"] = extension
    written["use"] = "secondary"
    if part.type:
        written["type"] = graph.maps.secondary_id_type.concept(part.type)
        if part.type == "EUDRACT_NUMBER":
            written["system"] = urls.EUDRACT
    if part.id:
        written["value"] = part.id
    if part.domain:
        written["assigner"] = {"display": part.domain}
    return [written] if len(written) > 1 else []


def read_identifiers(study: dict[str, Any], index: Index) -> dict[str, Any]:
    """{nctId 1..1, nctIdAliases, orgStudyIdInfo, secondaryIdInfos} of the identifiers."""
    found: dict[str, Any] = {}
    for identifier in study.get("identifier", ()):
        value = identifier.get("value")
        if identifier.get("system") in urls.NCT_SPELLINGS and value:
            if "nctId" in found or identifier.get("use") == "old":
                found.setdefault("nctIdAliases", []).append(value)
            else:
                found["nctId"] = value
        elif _is_org_study_id(identifier):
            if keeper := party(index, index.find(identifier.get("assigner"), "Organization")):
                found["organization"] = as_keeper(keeper)
            found["orgStudyIdInfo"] = _common(identifier) | _optional(
                "type", extensions.value(identifier, "org-study-id-type", "valueCode")
            )
        else:
            secondary = _common(identifier)
            secondary |= _optional("type", index.maps.secondary_id_type.token(identifier.get("type")))
            secondary |= _optional("domain", identifier.get("assigner", {}).get("display"))
            found.setdefault("secondaryIdInfos", []).append(secondary)
    return found


def as_keeper(stated: dict[str, Any]) -> dict[str, Any]:
    """The organization that keeps the record {fullName, class}, of what an Organization says."""
    return {{"name": "fullName"}.get(key, key): value for key, value in stated.items()}


def _is_org_study_id(identifier: dict[str, Any]) -> bool:
    return any(coding.get("code") == _ORG_TYPE[0] for coding in identifier.get("type", {}).get("coding", ()))


def _common(identifier: dict[str, Any]) -> dict[str, Any]:
    link = extensions.value(identifier, "identifier-link", "valueString")
    return _optional("id", identifier.get("value")) | _optional("link", link)


def _optional(key: str, value: Any) -> dict[str, Any]:
    return {} if value is None else {key: value}


def labels(identification: Identification, graph: Graph) -> list[dict[str, Any]]:
    """ResearchStudy.label fragments 0..2: official title, acronym."""
    uri = system("title-type", graph.release)
    return [
        {"type": {"coding": [{"system": uri, "code": code}]}, "value": value}
        for code, value in (("official", identification.official_title), ("acronym", identification.acronym))
        if value
    ]


def read_labels(fragments: list[dict[str, Any]]) -> dict[str, str]:
    """{officialTitle, acronym}, each 0..1."""
    keys = {"official": "officialTitle", "acronym": "acronym"}
    found: dict[str, str] = {}
    for fragment in fragments:
        for coding in fragment.get("type", {}).get("coding", ()):
            key = keys.get(coding.get("code", ""))
            if key and fragment.get("value"):
                found.setdefault(key, fragment["value"])
    return found
