"""Pull: a study and all it refers to, as it was pushed.

References are followed level by level, for several studies at once, so the requests grow with the depth of a
graph and not with its size. Other studies that a study refers to are not followed.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from fhir_trial.bundle import bundle
from fhir_trial.client import Client
from fhir_trial.client.requests import Params
from fhir_trial.mapping import urls
from fhir_trial.mapping.graph import ORDER
from fhir_trial.release import Release
from fhir_trial.transfer.canonical import canonicals, key, references, with_sizes_as_text

Json = dict[str, Any]

_LOT = 8
"""Studies whose graphs are fetched together."""
_OURS = re.compile(r"NCT\d{8}")
_OF_THE_SERVER = ("versionId", "lastUpdated", "source")
"""Members of `meta` that a server writes."""
_DEFINITIONS = "ActivityDefinition"
_RANK = {resource_type: rank for rank, resource_type in enumerate(ORDER)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """One study with all it refers to, in bundle order."""

    id: str
    """What was asked for; the study's own id when a search found it."""
    resources: Sequence[Json] = field(default=(), repr=False)
    missing: Sequence[str] = ()
    """What is referred to, but not on the server."""

    @property
    def failed(self) -> bool:
        """Whether the server does not have the study."""
        return not self.resources

    def bundle(self, base_url: str) -> Json:
        """A collection; full urls as `convert` writes them if the study is ours, else those of the server."""
        document = bundle(self.resources)
        if not _OURS.fullmatch(self.resources[0]["id"]):
            for entry in document["entry"]:
                entry["fullUrl"] = f"{base_url.rstrip('/')}/{key(entry['resource'])}"
        return document


def pull(client: Client, ids: Iterable[str], release: Release) -> Iterator[Pulled]:
    """The studies of these ids or registry numbers, in order; one without resources is not there."""
    wanted = iter(dict.fromkeys(ids))
    while lot := list(islice(wanted, _LOT)):
        studies = _studies(client, lot)
        yield from _graphs(client, [(name, studies.get(name)) for name in lot], release)


def search(client: Client, params: Params, release: Release) -> Iterator[Pulled]:
    """The studies that a search finds, in the order found."""
    found = client.search("ResearchStudy", params)
    studies = (each for each in found if each.get("resourceType") == "ResearchStudy")
    while lot := list(islice(studies, _LOT)):
        yield from _graphs(client, [(study["id"], study) for study in lot], release)


def _studies(client: Client, names: list[str]) -> dict[str, Json]:
    """The studies by the name asked for: their id, else a number among their identifiers."""
    by_key = client.read_many(f"ResearchStudy/{name}" for name in names)
    found = {name: by_key[f"ResearchStudy/{name}"] for name in names if f"ResearchStudy/{name}" in by_key}
    if others := [name for name in names if name not in found]:
        for study in client.search("ResearchStudy", {"identifier": ",".join(others)}):
            numbers = {each.get("value") for each in study.get("identifier", ())}
            found |= {name: study for name in others if name in numbers}
    return found


def _graphs(client: Client, studies: list[tuple[str, Json | None]], release: Release) -> Iterator[Pulled]:
    known = {key(study): study for _, study in studies if study}
    _fetch_all(client, known)
    known = {name: _own(resource, release) for name, resource in known.items()}
    for name, study in studies:
        yield _graph(name, known[key(study)], known) if study else Pulled(id=name)


def _fetch_all(client: Client, known: dict[str, Json]) -> None:
    """Adds what the known resources refer to, and what that refers to, until there is nothing new."""
    asked = set(known)
    level = list(known.values())
    while level:
        targets = dict.fromkeys(name for resource in level for name in _targets(resource))
        new = [name for name in targets if name not in asked]
        asked.update(new)
        found = client.read_many(new)
        found |= _by_url(client, [name for name in new if name not in found])
        known |= found
        level = list(found.values())


def _targets(resource: Json) -> Iterator[str]:
    """What a resource refers to: `Type/id`, or a canonical url that is not one of ours."""
    yield from (name for name in references(resource) if not name.startswith("ResearchStudy/"))
    for url in canonicals(resource):
        # ours end in Type/id, so no search is needed
        yield url.removeprefix(f"{urls.BASE}/")


def _by_url(client: Client, names: list[str]) -> dict[str, Json]:
    """Definitions by their canonical url."""
    found: dict[str, Json] = {}
    for name in names:
        if "://" in name:
            for resource in client.search(_DEFINITIONS, {"url": name}):
                found[name] = resource
    return found


def _graph(name: str, study: Json, known: dict[str, Json]) -> Pulled:
    """What can be reached from a study, by type, then in the order met."""
    reached = {key(study): study}
    missing: dict[str, None] = {}
    level = [study]
    while level:
        targets = dict.fromkeys(target for resource in level for target in _targets(resource))
        missing |= dict.fromkeys(target for target in targets if target not in known)
        new = {target: known[target] for target in targets if target in known and target not in reached}
        reached |= new
        level = list(new.values())
    resources = sorted(reached.values(), key=lambda each: _RANK.get(each["resourceType"], len(_RANK)))
    return Pulled(id=name, resources=resources, missing=list(missing))


def _own(resource: Json, release: Release) -> Json:
    """A resource without what the server wrote about it, and with what it wrote otherwise than it may."""
    if release is Release.R5:
        resource = with_sizes_as_text(resource)
    meta = {name: value for name, value in resource.get("meta", {}).items() if name not in _OF_THE_SERVER}
    without = {name: value for name, value in resource.items() if name != "meta"}
    return {**without, "meta": meta} if meta else without
