"""Group: the participants whose results are reported together. https://hl7.org/fhir/R4/group.html

Equal groups of one trial (same id, title and description) are one Group, so that a search by `subject` finds
all results of an arm.
"""

from typing import Any

from fhir_trial.mapping import cross_version, urls
from fhir_trial.mapping.graph import Graph, Index, Reference, Resource
from fhir_trial.mapping.narrative import heading, narrative, text_line
from fhir_trial.results import ResultGroup


class Groups:
    """The Groups of one trial's results, in the order met."""

    def __init__(self, trial_id: str, graph: Graph) -> None:
        self._trial_id = trial_id
        self._graph = graph
        self._known: dict[tuple[str | None, ...], tuple[str, str | None]] = {}
        """Id, title and description of a group -> reference to its Group, and what people read there."""
        self.resources: list[Resource] = []

    def reference(self, group: ResultGroup) -> Reference:
        """Reference to the Group of a listed group."""
        group_id = group.id
        key = (group_id, group.title, group.description)
        known = self._known.get(key)
        if known is None:
            resource_id = f"{self._trial_id}-result-group-{len(self._known) + 1}"
            display = group.title or group_id
            known = (f"Group/{resource_id}", None if display and display.isspace() else display)
            self._known[key] = known
            self.resources.append(self._resource(resource_id, group))
        found: Reference = {"reference": known[0]}
        if group_id:
            found["identifier"] = {"system": urls.RESULT_GROUP, "value": group_id}
        if known[1]:
            found["display"] = known[1]
        return found

    def _resource(self, resource_id: str, group: ResultGroup) -> Resource:
        written: Resource = {"resourceType": "Group", "id": resource_id}
        text = narrative(heading(group.title or group.id), text_line(group.description))
        if text:
            written["text"] = text
        if group.description and not self._graph.r5:
            written["extension"] = [cross_version.extension("Group.description", group.description)]
        if group.id:
            written["identifier"] = [identifier(group.id)]
        written["type"] = "person"
        if self._graph.r5:
            written["membership"] = "enumerated"
        else:
            written["actual"] = True
        if group.title:
            written["name"] = group.title
        if group.description and self._graph.r5:
            written["description"] = group.description
        return written


def identifier(group_id: str) -> dict[str, str]:
    """Identifier of a group by the id that the record gives it, e.g. OG000: unique in one table only."""
    return {"system": urls.RESULT_GROUP, "value": group_id}


def logical_reference(group_id: str) -> Reference:
    """Reference to a group that the record names and does not list."""
    if not group_id:
        return {}
    if group_id.isspace():
        return {"identifier": identifier(group_id)}
    return {"identifier": identifier(group_id), "display": group_id}


def read_group(reference: Any, index: Index) -> dict[str, Any] | None:
    """The group's part of the record {id, title, description: each 0..1}; None for one that is not listed."""
    group = index.find(reference, "Group")
    if group is None:
        return None
    found: dict[str, Any] = {}
    if (group_id := _identified(group.get("identifier", ()))) is not None:
        found["id"] = group_id
    if group.get("name"):
        found["title"] = group["name"]
    if descriptions := cross_version.read(group, "Group.description", index.release):
        found["description"] = descriptions[0]
    return found


def read_group_id(reference: Any, index: Index) -> str | None:
    """The id by which the record names the group of a reference."""
    group = read_group(reference, index)
    if group is not None:
        return group.get("id")
    return _identified([reference.get("identifier", {})]) if isinstance(reference, dict) else None


def _identified(identifiers: Any) -> str | None:
    for stated in identifiers:
        if stated.get("system") == urls.RESULT_GROUP:
            value: str | None = stated.get("value")
            return value
    return None
