"""Where in a resource certain objects stand, as FHIRPath: for findings made without keeping a path."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from fhir_trial.validation.tables import Tables

Json = dict[str, Any]


def places(tables: Tables, path: str, resource: Json, wanted: Counter[int]) -> Iterator[tuple[str, Json]]:
    """Path and object of every object of which the `id()` is wanted, as often; stops when none is left.

    An object may stand in several places of a resource: mappings share what is equal.
    """
    yield from _inside(tables, path, resource, resource["resourceType"], wanted)


def _inside(
    tables: Tables, path: str, node: Json, kind: str, wanted: Counter[int]
) -> Iterator[tuple[str, Json]]:
    table = tables.type(kind)
    if table is None:
        return
    for key in _extensions_last(node):
        value = node[key]
        if not isinstance(value, (dict, list)):
            continue
        found = table.properties.get(key)
        if found is None or not wanted:
            continue
        where = f"{path}.{found[0].name}"
        if isinstance(value, dict):
            yield from _one(tables, where, value, found[1], wanted)
            continue
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield from _one(tables, f"{where}[{index}]", item, found[1], wanted)


def _extensions_last(node: Json) -> list[str]:
    """The keys, those in front that more often lead to something coded."""
    keys = [key for key in node if key not in ("extension", "text")]
    return [*keys, "extension"] if "extension" in node else keys


def _one(
    tables: Tables, path: str, node: Json, kind: str, wanted: Counter[int]
) -> Iterator[tuple[str, Json]]:
    if id(node) in wanted:
        wanted[id(node)] -= 1
        if wanted[id(node)] == 0:
            del wanted[id(node)]
        yield path, node
    if wanted:
        yield from _inside(tables, path, node, kind, wanted)
