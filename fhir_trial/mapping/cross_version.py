"""R5 elements in R4 and R4B: HL7's cross-version extensions, one function to write and one to read.

Only the elements of `mappings/cross_version.csv` travel this way: those that pass under both generations of
HL7's engine. A fragment is the value an element has in R5: a dict of its children, or a single value.
"""

from functools import cache
from typing import Any

from fhir_trial.codemaps import rows
from fhir_trial.mapping.urls import CROSS_VERSION
from fhir_trial.release import Release


def value_key(fhir_type: str) -> str:
    """The value[x] property of a FHIR type: "string" -> "valueString"."""
    return f"value{fhir_type[0].upper()}{fhir_type[1:]}"


@cache
def _children() -> dict[str, dict[str, str]]:
    """Element -> child -> value[x] property; the child "" stands for an element without children."""
    table: dict[str, dict[str, str]] = {}
    for row in rows("cross_version.csv"):
        table.setdefault(row["element"], {})[row["child"]] = value_key(row["type"])
    return table


def extension(element: str, fragment: Any) -> dict[str, Any]:
    """The cross-version extension of one R5 fragment.

    Raises: KeyError for an element or child that is not in the reviewed list.
    """
    children = _children()[element]
    url = CROSS_VERSION + element
    if "" in children:
        return {"url": url, children[""]: fragment}
    inner: dict[str, dict[str, Any]] = {}
    for name, value in fragment.items():
        if name[0] == "_":  # the extensions of a primitive travel with it
            child = name[1:]
            inner.setdefault(child, {"url": child})["_" + children[child]] = value
        else:
            inner[name] = {"url": name, children[name]: value}
    return {"url": url, "extension": list(inner.values())}


def fragment(element: str, written: dict[str, Any]) -> Any:
    """The R5 fragment of one cross-version extension; unknown children are left out."""
    children = _children()[element]
    if "" in children:
        return written.get(children[""])
    found: dict[str, Any] = {}
    for inner in written.get("extension", ()):
        name = inner.get("url", "")
        key = children.get(name)
        if key is None:
            continue
        if key in inner:
            found[name] = inner[key]
        if "_" + key in inner:
            found["_" + name] = inner["_" + key]
    return found


def read(resource: dict[str, Any], element: str, release: Release) -> list[Any]:
    """The R5 fragments of an element, wherever the release keeps them; 0..*."""
    if release is Release.R5:
        value = resource.get(element.rpartition(".")[2])
        if value is None:
            return []
        return value if isinstance(value, list) else [value]
    url = CROSS_VERSION + element
    return [fragment(element, written) for written in resource.get("extension", ()) if written.get("url") == url]
