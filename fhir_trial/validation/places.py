"""Where in a resource certain objects stand, as FHIRPath: for findings made without keeping a path."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from fhir_trial.validation.tables import Tables

Json = dict[str, Any]

Miss = tuple[Json, str, str, str]
"""A coded element, the extensible value set of which it has no code, and its type and name in the tables."""


def places(tables: Tables, path: str, resource: Json, misses: Sequence[Miss]) -> Iterator[tuple[str, str]]:
    """Path and value set of every miss.

    An object may stand in several places of a resource: mappings share what is equal.
    """
    counts: dict[tuple[int, str, str, str], int] = {}
    hidden: Counter[int] = Counter()
    value_sets = {}
    for node, value_set, kind, name in misses:
        key = (id(node), value_set, kind, name)
        counts[key] = counts.get(key, 0) + 1
    for (key_id, value_set, kind, name), count in counts.items():
        found = _near(tables, path, resource, key_id, kind, name)
        if len(found) == count:
            yield from ((where, value_set) for where in found)
        else:
            hidden[key_id] += count
            value_sets[key_id] = value_set
    if hidden:
        for where, key_id in _inside(tables, path, resource, resource["resourceType"], hidden):
            yield where, value_sets[key_id]


def _near(tables: Tables, path: str, resource: Json, wanted: int, kind: str, name: str) -> list[str]:
    """The places of an element in the resource itself, or in a property of it."""
    if kind == resource["resourceType"]:
        return _at(f"{path}.{name}", resource.get(name), wanted)
    table = tables.type(resource["resourceType"])
    found: list[str] = []
    for key, element in table.of_kind(kind) if table is not None else ():
        value = resource.get(key)
        if isinstance(value, dict):
            found += _at(f"{path}.{element}.{name}", value.get(name), wanted)
        elif isinstance(value, list):
            for index, one in enumerate(value):
                inner = one.get(name)
                if inner is not None:
                    found += _at(f"{path}.{element}[{index}].{name}", inner, wanted)
    return found


def _at(path: str, value: Any, wanted: int) -> list[str]:
    """Where the element is, in a value that it may be, or be an item of."""
    if isinstance(value, list):
        return [f"{path}[{index}]" for index, one in enumerate(value) if id(one) == wanted]
    return [path] if id(value) == wanted else []


def _inside(
    tables: Tables, path: str, node: Json, kind: str, wanted: Counter[int]
) -> Iterator[tuple[str, int]]:
    """Path and `id()` of every object of which the `id()` is wanted, as often; stops when none is left."""
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


def _one(tables: Tables, path: str, node: Json, kind: str, wanted: Counter[int]) -> Iterator[tuple[str, int]]:
    if id(node) in wanted:
        wanted[id(node)] -= 1
        if wanted[id(node)] == 0:
            del wanted[id(node)]
        yield path, id(node)
    if wanted:
        yield from _inside(tables, path, node, kind, wanted)
