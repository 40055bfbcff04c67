"""R5 elements in R4 and R4B: HL7's cross-version extensions, one function to write and one to read.

Only the elements of `mappings/cross_version.csv` travel this way: those that pass under both generations of
HL7's engine. A fragment is the value an element has in R5: a dict of its children, or a single value.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from fhir_trial.codemaps import rows
from fhir_trial.mapping.urls import CROSS_VERSION
from fhir_trial.release import Release


def value_key(fhir_type: str) -> str:
    """The value[x] property of a FHIR type: "string" -> "valueString"."""
    return f"value{fhir_type[0].upper()}{fhir_type[1:]}"


class Child(NamedTuple):
    """A child of an R5 element: the value[x] property it travels in, and whether it repeats."""

    key: str
    repeats: bool


@cache
def _children() -> dict[str, dict[str, Child]]:
    """Element -> child -> how it travels; the child "" stands for an element without children."""
    table: dict[str, dict[str, Child]] = {}
    for row in rows("cross_version.csv"):
        kind = row["type"].rstrip("*")
        table.setdefault(row["element"], {})[row["child"]] = Child(value_key(kind), row["type"].endswith("*"))
    return table


def extension(element: str, fragment: Any) -> dict[str, Any]:
    """The cross-version extension of one R5 fragment; `_child` stands after `child` in a fragment.

    Raises: KeyError for an element or child that is not in the reviewed list.
    """
    return _writer(element)(fragment)


@cache
def _writer(element: str) -> Callable[[Any], dict[str, Any]]:
    """A function that writes the fragments of one element, made once."""
    children = _children()[element]
    url = CROSS_VERSION + element
    keys = {name: child.key for name, child in children.items()}
    repeating = frozenset(name for name, child in children.items() if child.repeats)

    def simple(fragment: Any) -> dict[str, Any]:
        return {"url": url, keys[""]: fragment}

    def complex_(fragment: dict[str, Any]) -> dict[str, Any]:
        inner: list[dict[str, Any]] = []
        for name, value in fragment.items():
            key = keys.get(name)
            if key is None:  # the extensions of a primitive travel with it
                _beside(inner, name.removeprefix("_"))["_" + keys[name.removeprefix("_")]] = value
            elif name in repeating:
                inner += [{"url": name, key: item} for item in value]
            else:
                inner.append({"url": name, key: value})
        return {"url": url, "extension": inner}

    return simple if "" in children else complex_


def _beside(inner: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The sub-extension of a child, made when the primitive has no value."""
    for extension in inner:
        if extension["url"] == name:
            return extension
    inner.append({"url": name})
    return inner[-1]


def fragment(element: str, written: dict[str, Any]) -> Any:
    """The R5 fragment of one cross-version extension; unknown children are left out."""
    children = _children()[element]
    if "" in children:
        return written.get(children[""].key)
    found: dict[str, Any] = {}
    for inner in written.get("extension", ()):
        name = inner.get("url", "")
        child = children.get(name)
        if child is None:
            continue
        if child.key in inner and child.repeats:
            found.setdefault(name, []).append(inner[child.key])
        elif child.key in inner:
            found[name] = inner[child.key]
        if "_" + child.key in inner:
            found["_" + name] = inner["_" + child.key]
    return found


def read(resource: dict[str, Any], element: str, release: Release) -> list[Any]:
    """The R5 fragments of an element, wherever the release keeps them; 0..*."""
    if release is Release.R5:
        value = resource.get(element.rpartition(".")[2])
        if value is None:
            return []
        return value if isinstance(value, list) else [value]
    url = CROSS_VERSION + element
    return [
        fragment(element, written) for written in resource.get("extension", ()) if written.get("url") == url
    ]
