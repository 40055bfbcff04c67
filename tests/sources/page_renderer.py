"""Renders a registry record (API v2) as a page of the class of seeds/NCT03597321.page.txt.

Each section comes with the part of the record that it shows, written down from the record and not from the
parser. Where the seed shows no example (several phases, observational designs, who is masked, keywords),
the rendering is our reading of how the class goes on; `Style` has the alternatives.
"""

import random
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from fhir_trial.sources.page_layout import HEADINGS, RESULTS_PENDING_SENTENCE

_MASKED = {
    "PARTICIPANT": "Participants",
    "CARE_PROVIDER": "Caregivers",
    "INVESTIGATOR": "Investigators",
    "OUTCOMES_ASSESSOR": "Outcome Assessors",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What pages of the class may differ in."""

    sentences: Literal["said", "new", "none"] = "said"
    phase_separator: str = ", "
    bare_labels: bool = False
    """Whether a label without a value is shown all the same."""
    without: frozenset[str] = frozenset()
    """Sections that are missing."""
    shuffled: int | None = None
    """The seed of another order of the sections."""
    line_end: str = "\n"
    trailing: str = ""
    indent: str = ""
    space: str = " "
    byte_order_mark: bool = False


class Shown(NamedTuple):
    """One section: its blocks, which empty lines part, and what it shows of the record."""

    title: str
    blocks: list[str]
    fragment: dict[str, Any]


def render(record: dict[str, Any], style: Style) -> tuple[str, dict[str, Any]]:
    """The page of a record, and the document that it must be read as."""
    protocol = record["protocolSection"]
    title, shown = _title(protocol), _last_updated(protocol)
    blocks, fragments = [*title.blocks, *shown.blocks], [title.fragment, shown.fragment]
    sections = [section for section in _sections(record, style) if section.title not in style.without]
    if style.shuffled is not None:
        random.Random(style.shuffled).shuffle(sections)
    for section in sections:
        blocks += [section.title, *_explanation(section, style)]
        blocks += section.blocks
        fragments.append(section.fragment)
    return _laid_out("\n\n".join(blocks), style), _joined(fragments, style)


def plain(text: str) -> str:
    """A text as any page shows it, whatever its layout: the parser's stated normal form."""
    for space in "\u00a0\u202f\u2007":
        text = text.replace(space, " ")
    lines = [line.rstrip() for line in text.splitlines()]
    return textwrap.dedent("\n".join(lines)).strip("\n")


def _explanation(section: Shown, style: Style) -> list[str]:
    if section.title == "Study Results" or style.sentences == "none":
        return []
    if style.sentences == "new":
        return [f"Here you will find what the page has under number {len(section.title)}."]
    return [HEADINGS[section.title].sentence]


def _laid_out(text: str, style: Style) -> str:
    lines = [
        style.indent + line.replace(" ", style.space) + style.trailing if line else style.trailing
        for line in text.split("\n")
    ]
    return "\ufeff" * style.byte_order_mark + style.line_end.join(lines)


def _joined(fragments: list[dict[str, Any]], style: Style) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for fragment in fragments:
        for key, value in fragment.items():
            *modules, name = key.split(".")
            place = whole
            for module in modules:
                place = place.setdefault(module, {})
            if value is not None:
                place[name] = value
    _link_interventions(whole, style)
    return {key: value for key, value in _without_empty(whole).items() if value != {}}


def _link_interventions(whole: dict[str, Any], style: Style) -> None:
    """What an intervention says of its arms is shown by the groups only."""
    module = whole.get("protocolSection", {}).get("armsInterventionsModule", {})
    for item in module.get("interventions", []):
        labels = item.pop("armGroupLabels")
        if labels and "Study Groups" not in style.without:
            item["armGroupLabels"] = labels


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        members = {key: _without_empty(member) for key, member in value.items()}
        return {key: member for key, member in members.items() if member not in (None, {}, [])}
    return [_without_empty(item) for item in value] if isinstance(value, list) else value


# --- sections --------------------------------------------------------------------------------------------


def _sections(record: dict[str, Any], style: Style) -> list[Shown]:
    protocol = record["protocolSection"]
    return [
        *_results(record),
        _basic(protocol, style),
        _summary(protocol),
        _detailed(protocol),
        _names("Conditions", protocol.get("conditionsModule", {}).get("conditions", []), _CONDITIONS),
        _names("Keywords", protocol.get("conditionsModule", {}).get("keywords", []), _KEYWORDS),
        _design(protocol, style),
        *_arms(protocol, style),
        _eligibility(protocol, style),
        _sponsors(protocol),
        *_responsible(protocol),
        _officials(protocol),
        *_locations(protocol),
        _identifiers(protocol),
        *_related(record),
    ]


_CONDITIONS = "protocolSection.conditionsModule.conditions"
_KEYWORDS = "protocolSection.conditionsModule.keywords"


def _title(protocol: dict[str, Any]) -> Shown:
    identification = protocol["identificationModule"]
    title = identification.get("briefTitle")
    blocks = ([title] if title else []) + [f"NCT ID: {identification['nctId']}"]
    path = "protocolSection.identificationModule"
    return Shown("", blocks, {f"{path}.nctId": identification["nctId"], f"{path}.briefTitle": _plain(title)})


def _last_updated(protocol: dict[str, Any]) -> Shown:
    date = protocol.get("statusModule", {}).get("lastUpdatePostDateStruct", {}).get("date")
    return Shown("", [f"Last Updated: {date}"] if date else [], {"pageSection.lastUpdated": date})


def _results(record: dict[str, Any]) -> Iterator[Shown]:
    if record.get("hasResults") is False:
        yield Shown(
            "Study Results",
            ["Results pending", RESULTS_PENDING_SENTENCE],
            {"hasResults": False, "pageSection.resultsNote": "Results pending"},
        )


def _basic(protocol: dict[str, Any], style: Style) -> Shown:
    status, design = protocol.get("statusModule", {}), protocol.get("designModule", {})
    count = design.get("enrollmentInfo", {}).get("count")
    start, completion = (
        status.get(key, {}).get("date") for key in ("startDateStruct", "completionDateStruct")
    )
    phases = design.get("phases")
    labelled = {
        "Recruitment Status": status.get("overallStatus"),
        "Clinical Phase": style.phase_separator.join(phases) if phases else None,
        "Total Enrollment": None if count is None else f"{count} participants",
        "Study Classification": design.get("studyType"),
        "Study Start Date": start,
        "Study Completion Date": completion,
    }
    fragment = {
        "protocolSection.statusModule.overallStatus": status.get("overallStatus"),
        "protocolSection.statusModule.startDateStruct": {"date": start},
        "protocolSection.statusModule.completionDateStruct": {"date": completion},
        "protocolSection.designModule.phases": phases,
        "protocolSection.designModule.studyType": design.get("studyType"),
        "protocolSection.designModule.enrollmentInfo": {"count": count},
    }
    return Shown("Basic Information", _labelled(labelled, style), fragment)


def _labelled(values: dict[str, str | None], style: Style) -> list[str]:
    blocks = []
    for label, value in values.items():
        if value is not None:
            blocks += [label, value]
        elif style.bare_labels:
            blocks.append(label)
    return blocks


def _summary(protocol: dict[str, Any]) -> Shown:
    text = protocol.get("descriptionModule", {}).get("briefSummary")
    path = "protocolSection.descriptionModule.briefSummary"
    return Shown("Brief Summary", [text] if text else [], {path: _plain(text)})


def _detailed(protocol: dict[str, Any]) -> Shown:
    text = protocol.get("descriptionModule", {}).get("detailedDescription")
    path = "protocolSection.descriptionModule.detailedDescription"
    return Shown("Detailed Description", [text] if text else [], {path: _plain(text)})


def _plain(text: str | None) -> str | None:
    return (plain(text) or None) if text else None


def _names(title: str, names: list[str], path: str) -> Shown:
    return Shown(title, names, {path: [plain(name).strip() for name in names]})


def _design(protocol: dict[str, Any], style: Style) -> Shown:
    design = protocol.get("designModule", {}).get("designInfo", {})
    masking = design.get("maskingInfo", {})
    roles = masking.get("whoMasked", [])
    labelled = {
        "Allocation Method": design.get("allocation"),
        "Intervention Model": design.get("interventionModel"),
        "Observational Model Type": design.get("observationalModel"),
        "Study Time Perspective": design.get("timePerspective"),
        "Primary Study Purpose": design.get("primaryPurpose"),
        "Blinding Strategy": masking.get("masking"),
    }
    shown = {
        "allocation": design.get("allocation"),
        "interventionModel": design.get("interventionModel"),
        "observationalModel": design.get("observationalModel"),
        "timePerspective": design.get("timePerspective"),
        "primaryPurpose": design.get("primaryPurpose"),
        "maskingInfo": {"masking": masking.get("masking"), "whoMasked": roles},
    }
    blocks = _labelled(labelled, style) + [_MASKED[role] for role in roles]
    return Shown("Study Design", blocks, {"protocolSection.designModule.designInfo": shown})


def _arms(protocol: dict[str, Any], style: Style) -> Iterator[Shown]:
    module = protocol.get("armsInterventionsModule", {})
    arms, interventions = module.get("armGroups", []), module.get("interventions", [])
    blocks: list[str] = []
    shown_in: dict[int, list[str]] = {index: [] for index in range(len(interventions))}
    for arm in arms:
        blocks += [arm["label"], *([arm["description"]] if arm.get("description") else [])]
        if arm.get("type") or style.bare_labels:
            blocks.append(f"Group Type {arm.get('type', '')}".strip())
        nested = _interventions_of(arm, interventions)
        for index in nested:
            for twin in _twins(index, interventions):
                shown_in[twin] += [
                    label for label in [plain(arm["label"]).strip()] if label not in shown_in[twin]
                ]
            blocks += _intervention(interventions[index], description_last=True)
        if not nested:
            blocks.append("No interventions assigned to this group")
    yield Shown("Study Groups", blocks, {f"{_ARMS}.armGroups": [_arm(arm) for arm in arms]})
    listed = [
        {
            "type": item.get("type"),
            "name": plain(item["name"]).strip(),
            "description": _plain(item.get("description")),
            "armGroupLabels": shown_in[index],
        }
        for index, item in enumerate(interventions)
    ]
    yield Shown(
        "Interventions",
        [block for item in interventions for block in _intervention(item, description_last=False)],
        {f"{_ARMS}.interventions": listed},
    )


_ARMS = "protocolSection.armsInterventionsModule"


def _interventions_of(arm: dict[str, Any], interventions: list[dict[str, Any]]) -> list[int]:
    """The indexes of the interventions that an arm names; of namesakes those that name the arm too."""
    found: list[int] = []
    for name in arm.get("interventionNames", []):
        namesakes = [index for index, item in enumerate(interventions) if name == _title_of(item)]
        mutual = [i for i in namesakes if arm["label"] in interventions[i].get("armGroupLabels", [])]
        found += [index for index in mutual or namesakes if index not in found]
    return found


def _twins(index: int, interventions: list[dict[str, Any]]) -> list[int]:
    """The interventions that a page cannot tell from this one: same name, type and description."""
    keys = ("name", "type", "description")
    return [
        other
        for other, item in enumerate(interventions)
        if all(item.get(key) == interventions[index].get(key) for key in keys)
    ]


def _title_of(item: dict[str, Any]) -> str:
    return f"{item['type'].replace('_', ' ').title()}: {item['name']}"


def _intervention(item: dict[str, Any], *, description_last: bool) -> list[str]:
    kind = f"Intervention Type {item['type']}"
    description = [item["description"]] if item.get("description") else []
    return [item["name"], kind, *description] if description_last else [item["name"], *description, kind]


def _arm(arm: dict[str, Any]) -> dict[str, Any]:
    names = [plain(name).strip() for name in arm.get("interventionNames", [])]
    return {
        "label": plain(arm["label"]).strip(),
        "type": arm.get("type"),
        "description": _plain(arm.get("description")),
        "interventionNames": list(dict.fromkeys(names)),
    }


def _eligibility(protocol: dict[str, Any], style: Style) -> Shown:
    module = protocol.get("eligibilityModule", {})
    healthy = module.get("healthyVolunteers")
    labelled = {
        "Minimum Eligible Age": module.get("minimumAge"),
        "Maximum Eligible Age": module.get("maximumAge"),
        "Eligible Sex": module.get("sex"),
        "Accepts Healthy Volunteers": None if healthy is None else ("Yes" if healthy else "No"),
    }
    blocks = _labelled(labelled, style)
    criteria = module.get("eligibilityCriteria")
    if criteria and blocks:
        # the seed has no empty line here
        blocks = [f"{criteria}\n{blocks[0]}", *blocks[1:]]
    shown = {
        "eligibilityCriteria": _plain(criteria),
        "healthyVolunteers": healthy,
        "sex": module.get("sex"),
        "minimumAge": module.get("minimumAge"),
        "maximumAge": module.get("maximumAge"),
    }
    return Shown("Eligibility Criteria", blocks, {"protocolSection.eligibilityModule": shown})


def _sponsors(protocol: dict[str, Any]) -> Shown:
    module = protocol.get("sponsorCollaboratorsModule", {})
    lead, collaborators = module.get("leadSponsor"), module.get("collaborators", [])
    blocks = []
    for role, sponsors in (("lead", [lead] if lead else []), ("collaborator", collaborators)):
        for sponsor in sponsors:
            blocks += [sponsor["name"], sponsor["class"], f"Sponsor Role {role}"]
    path = "protocolSection.sponsorCollaboratorsModule"
    shown = {f"{path}.leadSponsor": lead and _sponsor(lead)}
    return Shown("Sponsors", blocks, shown | {f"{path}.collaborators": [_sponsor(s) for s in collaborators]})


def _sponsor(sponsor: dict[str, Any]) -> dict[str, Any]:
    return {"name": plain(sponsor["name"]).strip(), "class": sponsor["class"]}


def _responsible(protocol: dict[str, Any]) -> Iterator[Shown]:
    party = protocol.get("sponsorCollaboratorsModule", {}).get("responsibleParty", {})
    if "type" not in party:
        return
    keys = ("investigatorFullName", "investigatorTitle", "investigatorAffiliation")
    shown = {key: plain(party[key]).strip() for key in keys if key in party}
    yield Shown(
        "Responsible Party",
        [f"Responsibility Role {party['type']}", *shown.values()],
        {"protocolSection.sponsorCollaboratorsModule.responsibleParty": {"type": party["type"], **shown}},
    )


def _officials(protocol: dict[str, Any]) -> Shown:
    officials = protocol.get("contactsLocationsModule", {}).get("overallOfficials", [])
    blocks = []
    for official in officials:
        blocks += [official["name"], f"Role: {official['role']}"]
        blocks += [official["affiliation"]] if "affiliation" in official else []
    shown = [{key: plain(value).strip() for key, value in official.items()} for official in officials]
    path = "protocolSection.contactsLocationsModule.overallOfficials"
    return Shown("Principal Investigators", blocks, {path: shown})


def _locations(protocol: dict[str, Any]) -> Iterator[Shown]:
    sites = protocol.get("contactsLocationsModule", {}).get("locations", [])
    blocks = []
    for site in sites:
        place = ", ".join(site[key] for key in ("city", "state", "country") if key in site)
        blocks += [site["facility"]] if "facility" in site else []
        blocks += [place, f"Site Status {site.get('status', '')}".strip()]
    shown = [_site(site) for site in sites]
    path = "protocolSection.contactsLocationsModule.locations"
    yield Shown("Locations", blocks, {path: shown})
    countries = list(dict.fromkeys(site["country"] for site in sites if "country" in site))
    yield Shown("Countries", countries, {"pageSection.countries": countries})


def _site(site: dict[str, Any]) -> dict[str, Any]:
    """A page writes "Bogota, D.C." as it writes a city and its state, and is read so."""
    keys = ("facility", "status", "city", "state", "country")
    shown = {key: plain(site[key]).strip() for key in keys if key in site}
    if "state" not in shown and ", " in shown.get("city", ""):
        shown["city"], shown["state"] = shown["city"].rsplit(", ", 1)
    return shown


def _identifiers(protocol: dict[str, Any]) -> Shown:
    module = protocol["identificationModule"]
    org, secondary = module.get("orgStudyIdInfo"), module.get("secondaryIdInfos", [])
    blocks = []
    for source, identifiers in (("org_study_id", [org] if org else []), ("secondary_id", secondary)):
        for item in identifiers:
            blocks += [
                item["id"],
                f"Identifier Type: {item.get('type', '-')}",
                f"Identifier Source: {source}",
            ]
    path = "protocolSection.identificationModule"
    shown = {f"{path}.orgStudyIdInfo": org and _identifier(org)}
    fragment = shown | {f"{path}.secondaryIdInfos": [_identifier(item) for item in secondary]}
    return Shown("Other Identifiers", blocks, fragment)


def _identifier(item: dict[str, Any]) -> dict[str, Any]:
    return {"id": plain(item["id"]).strip(), "type": item.get("type")}


def _related(record: dict[str, Any]) -> Iterator[Shown]:
    """Related trials, which a record has none of: `pageSection` of the record is taken, if there is one."""
    related = record.get("pageSection", {}).get("relatedTrials", [])
    blocks = [
        f"{item['title']}\n{item['nctId']} {item['status']} {'/'.join(item.get('phases', []))}".strip()
        for item in related
    ]
    if related:
        yield Shown("More Related Trials", blocks, {"pageSection.relatedTrials": related})
