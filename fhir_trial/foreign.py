"""FHIR that another program or a person wrote: what of it can be read, and a list of what cannot.

Nothing of it is trusted: what has not the shape of FHIR is left out first, what the record has no place for
falls away at the end. What was not read is found as the report finds places: by changing values. A value
whose change changes nothing in the record was not read.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from fhir_trial import mapping
from fhir_trial.errors import RecordError
from fhir_trial.mapping.urls import EXTENSION
from fhir_trial.release import Release
from fhir_trial.sources import ctgov_v2, paths
from fhir_trial.trial import Trial
from fhir_trial.validation.shape import shaped

Document = dict[str, Any]
Steps = tuple[str | int, ...]

_STAND_IN = "NCT00000000"
"""Stands for the number while a study without one is read; it never leaves this module."""

_IDENTIFICATION = ("protocolSection", "identificationModule")
_MOST_REPAIRS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What could be read of foreign FHIR."""

    record: Document
    """The record as ClinicalTrials.gov would write it, as far as it goes."""
    trial: Trial | None
    """The same as a `Trial`; None without an NCT number, which a `Trial` cannot be without."""
    unread: tuple[str, ...]
    """FHIRPath, from the root of what was read, of each element that nothing was made of."""


def read(document: Any, release: Release) -> Reading:
    """What a ResearchStudy, or a Bundle with one, says of a trial, whoever wrote it.

    Raises: RecordError when there is no study in it, or more than one.
    """
    found, unread = _shaped(document, release)
    trial = _trial(found, release)
    record = ctgov_v2.encode(trial)
    unread += _Search(found, release, record).unread()
    numbered = trial.id != _STAND_IN
    if not numbered:
        del record["protocolSection"]["identificationModule"]["nctId"]
    return Reading(record=record, trial=trial if numbered else None, unread=tuple(unread))


def is_ours(document: Any) -> bool:
    """Whether a Bundle says that this program made it: its study names the record it was made from."""
    entries = document.get("entry") if isinstance(document, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict) and resource.get("resourceType") == "ResearchStudy":
            return _names_source(resource.get("relatedArtifact"))
    return False


def _names_source(artifacts: Any) -> bool:
    first = artifacts[0] if isinstance(artifacts, list) and artifacts else None
    stated = first.get("extension") if isinstance(first, dict) else None
    mark = stated[0] if isinstance(stated, list) and stated else None
    return isinstance(mark, dict) and mark.get("url") == f"{EXTENSION}related-artifact-kind"


# --- resources -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Found:
    """The resources that are read."""

    resources: dict[str, Document]
    """Path from the root of what is read -> resource."""
    addresses: dict[str, str]
    """Full url in a Bundle -> that path."""


def _shaped(document: Any, release: Release) -> tuple[_Found, list[str]]:
    """The resources as far as they are FHIR, and what is not."""
    found, unread = _Found({}, {}), []
    for path, resource, address in _stated(document):
        passed = shaped(resource, path, release)
        if passed is None:
            unread.append(path)
            continue
        found.resources[path] = passed.resource
        unread += passed.left_out
        if isinstance(address, str):
            found.addresses[address] = path
    studies = [each for each in found.resources.values() if each["resourceType"] == "ResearchStudy"]
    if len(studies) != 1:
        raise RecordError(f"expected one ResearchStudy, found {len(studies)}", "Bundle.entry")
    return found, unread


def _stated(document: Any) -> Iterator[tuple[str, Any, Any]]:
    """Path, content and full url of each resource."""
    kind = document.get("resourceType") if isinstance(document, dict) else None
    if kind == "ResearchStudy":
        yield "ResearchStudy", document, None
    elif kind == "Bundle":
        entries = document.get("entry")
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict) and "resource" in entry:
                yield f"Bundle.entry[{index}].resource", entry["resource"], entry.get("fullUrl")
    else:
        raise RecordError(f"this is a FHIR {str(kind)[:40]}, not a Bundle with a trial in it")


def _spread(found: _Found) -> list[Document]:
    """The resources with their contained ones beside them, every one under an id of its own."""
    owners = {
        path: {"id": f"resource-{number}"} | {k: v for k, v in resource.items() if k != "contained"}
        for number, (path, resource) in enumerate(found.resources.items())
    }
    names = {
        address: f"{owners[path]['resourceType']}/{owners[path]['id']}"
        for address, path in found.addresses.items()
    }
    spread: list[Document] = []
    for path, owner in owners.items():
        contained = [
            {**inner, "id": f"{owner['id']}-{inner.get('id', '')}"}
            for inner in found.resources[path].get("contained", [])
            if inner["resourceType"] != "ResearchStudy"  # a site's own; the study is the one that holds it
        ]
        prefix = f"{owner['id']}-"
        here = {
            f"#{inner['id'].removeprefix(prefix)}": f"{inner['resourceType']}/{inner['id']}"
            for inner in contained
        }
        spread += [_referring(each, names | here) for each in (owner, *contained)]
    return spread


def _referring(value: Any, names: dict[str, str]) -> Any:
    """A copy in which references to contained resources go by the names these have now."""
    if isinstance(value, dict):
        made = {name: _referring(below, names) for name, below in value.items()}
        reference = made.get("reference")
        if isinstance(reference, str):
            made["reference"] = names.get(reference, reference)
        return made
    return [_referring(item, names) for item in value] if isinstance(value, list) else value


# --- the record ------------------------------------------------------------------------------------------


def _trial(found: _Found, release: Release) -> Trial:
    """The trial as far as it goes: what its types do not allow is dropped, value by value."""
    resources = _spread(found)
    document = mapping.read_document(resources, release)
    document.pop("emptyValues", None)  # paths that nobody vouches for
    _add_unlike_ours(document, resources)
    identification = document["protocolSection"].setdefault("identificationModule", {})
    identification.setdefault("nctId", _STAND_IN)
    for _ in range(_MOST_REPAIRS):
        try:
            trial = msgspec.convert(document, Trial)
        except msgspec.ValidationError as error:
            _drop(document, _place(error))
        else:
            return trial
    raise RecordError("nothing in this study fits a record", "ResearchStudy")


def _place(error: msgspec.ValidationError) -> Steps:
    """Where a document is not of its type; a missing member is one of the object that lacks it."""
    return tuple(paths.steps(str(error).partition(" - at `")[2].rstrip("`")))


def _drop(document: Document, place: Steps) -> None:
    if place == (*_IDENTIFICATION, "nctId"):
        document["protocolSection"]["identificationModule"]["nctId"] = _STAND_IN
        return
    if not place:
        raise RecordError("nothing in this study fits a record", "ResearchStudy")
    del paths.follow(document, place[:-1])[place[-1]]


def _add_unlike_ours(document: Document, resources: list[Document]) -> None:
    """What others put where ours only repeat it: dates, and the displays of references."""
    study = next(one for one in resources if one["resourceType"] == "ResearchStudy")
    protocol = document["protocolSection"]
    for end, name in (("start", "startDateStruct"), ("end", "completionDateStruct")):
        day = study.get("period", {}).get(end)
        if day and name not in protocol.get("statusModule", {}):
            protocol.setdefault("statusModule", {})[name] = {"date": day[: len("yyyy-MM-dd")]}
    sponsor = study.get("sponsor", {}).get("display")
    sponsors = protocol.setdefault("sponsorCollaboratorsModule", {})
    if sponsor and not sponsors.get("leadSponsor"):
        sponsors["leadSponsor"] = {"name": sponsor}
    investigator = study.get("principalInvestigator", {}).get("display")
    contacts = protocol.setdefault("contactsLocationsModule", {})
    if investigator and not contacts.get("overallOfficials"):
        contacts["overallOfficials"] = [{"name": investigator, "role": "PRINCIPAL_INVESTIGATOR"}]
    for reference in study.get("enrollment", ()):  # mCODE's matching services keep the criteria there
        if "riteria" in reference.get("display", "") and not protocol.get("eligibilityModule"):
            protocol["eligibilityModule"] = {"eligibilityCriteria": reference["display"]}
    for name in ("sponsorCollaboratorsModule", "contactsLocationsModule"):
        if not protocol[name]:
            del protocol[name]


# --- what was not read -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Leaf:
    root: str
    steps: Steps
    value: Any

    @property
    def path(self) -> str:
        """FHIRPath from the root of what is read."""
        return self.root + "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in self.steps)

    @property
    def field(self) -> str:
        """The path without the numbers of list items."""
        return ".".join(step for step in self.steps if isinstance(step, str))


_PLUMBING = frozenset({"resourceType", "id", "meta", "reference", "div"})
"""Names that say how a resource is held, not what it says."""


def _leaves(value: Any, root: str, steps: Steps = ()) -> Iterator[_Leaf]:
    if isinstance(value, dict):
        for name, below in value.items():
            if name not in _PLUMBING or (name == "reference" and isinstance(below, dict)):
                yield from _leaves(below, root, (*steps, name))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from _leaves(below, root, (*steps, index))
    else:
        yield _Leaf(root, steps, value)


class _Search:
    """Finds the leaves of resources that leave no trace in a record."""

    def __init__(self, found: _Found, release: Release, record: Document) -> None:
        self._found, self._release, self._record = found, release, record
        self._said = {str(value) for value in _values(record)}

    def unread(self) -> list[str]:
        """FHIRPath of each, in the order of the resources; what the record says anyway is not among them."""
        leaves = [
            leaf
            for root, resource in self._found.resources.items()
            for leaf in _leaves(resource, root)
            if not _is_narrative(leaf)
        ]
        order = {leaf: number for number, leaf in enumerate(leaves)}
        rest = self._unseen(leaves)
        unread = self._sift(sorted(rest, key=lambda leaf: leaf.field))
        lost = sorted((leaf for leaf in unread if not self._is_said(leaf)), key=order.__getitem__)
        return [leaf.path for leaf in lost]

    def _unseen(self, leaves: list[_Leaf]) -> list[_Leaf]:
        """The leaves that do not show in the record when every text is another at once."""
        marks = {leaf: _mark(leaf, number) for number, leaf in enumerate(leaves) if _is_text(leaf)}
        seen = set(map(str, _values(self._read(marks.items()))))
        return [leaf for leaf in leaves if marks.get(leaf) not in seen]

    def _sift(self, leaves: list[_Leaf]) -> list[_Leaf]:
        """Those of some leaves that may all change without a change of the record; by halves."""
        if not leaves or self._read((leaf, _another(leaf.value)) for leaf in leaves) == self._record:
            return leaves
        if len(leaves) == 1:
            return []
        middle = len(leaves) // 2
        return self._sift(leaves[:middle]) + self._sift(leaves[middle:])

    def _read(self, changes: Iterable[tuple[_Leaf, Any]]) -> Document:
        changed = {root: _copy(resource) for root, resource in self._found.resources.items()}
        for leaf, value in changes:
            paths.follow(changed[leaf.root], leaf.steps[:-1])[leaf.steps[-1]] = value
        return ctgov_v2.encode(_trial(_Found(changed, self._found.addresses), self._release))

    def _is_said(self, leaf: _Leaf) -> bool:
        return isinstance(leaf.value, str) and leaf.value in self._said


def _is_narrative(leaf: _Leaf) -> bool:
    return "text" in leaf.steps and leaf.steps[-1] == "status"


def _is_text(leaf: _Leaf) -> bool:
    codes = ("code", "system", "url", "status", "use", "type", "unit")
    return isinstance(leaf.value, str) and leaf.steps[-1] not in codes


def _mark(leaf: _Leaf, number: int) -> str:
    """A text that is found again; a number in letters stays one (the size of an attachment in R5)."""
    return str(7_000_000_000 + number) if leaf.value.isdecimal() else f"<{number}>"


def _another(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str) and value[:4].isdecimal() and len(value) >= len("yyyy"):
        return f"{9000 - int(value[:4]) % 1000}{value[4:]}"  # a date, or what looks like one
    return f"{value}-changed"


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copy(below) for name, below in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _values(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for below in value.values() if isinstance(value, dict) else value:
            yield from _values(below)
    else:
        yield value
