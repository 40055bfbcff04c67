"""What of any JSON has the shape of FHIR and can be read without surprises, and what is left out."""

from typing import Any, NamedTuple

from fhir_trial.release import Release
from fhir_trial.validation.tables import Element, Tables, tables

Document = dict[str, Any]

_DEEPEST = 60
"""How deep elements may nest; the specification has no bound, and nothing sensible comes near."""


class Shaped(NamedTuple):
    """A resource with nothing in it but elements of its type, each of its own type."""

    resource: Document
    left_out: list[str]
    """FHIRPath of each element that is not so."""


def shaped(resource: Any, path: str, release: Release) -> Shaped | None:
    """The resource at a path as far as it is FHIR; None when nothing is known of what it claims to be.

    An item that stands alone is taken for the list it should be, and a list of one for the item.
    """
    sieve = _Sieve(tables(release))
    found = sieve.resource(resource, path, 0)
    return None if found is None else Shaped(found, sieve.left_out)


class _Sieve:
    """Goes through a resource; what does not fit is noted and left out."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.left_out: list[str] = []

    def resource(self, value: Any, path: str, depth: int) -> Document | None:
        kind = value.get("resourceType") if isinstance(value, dict) else None
        if not isinstance(kind, str) or self._tables.type(kind) is None:
            return None
        rest = {name: below for name, below in value.items() if name != "resourceType"}
        return {"resourceType": kind, **(self._object(rest, kind, path, depth) or {})}

    def _object(self, value: Any, kind: str, path: str, depth: int) -> Document | None:
        table = self._tables.type(kind)
        if table is None or not isinstance(value, dict) or depth > _DEEPEST:
            return None
        found: Document = {}
        for name, below in value.items():
            here, before = f"{path}.{name}", len(self.left_out)
            element, type_name = table.properties.get(name.removeprefix("_"), (None, ""))
            if element is None:
                passed = None
            elif name.startswith("_"):
                passed = self._beside_primitive(below, type_name, here, depth)
            else:
                passed = self._member(below, element, type_name, here, depth)
            if passed is not None:
                found[name] = passed
            elif len(self.left_out) == before:
                self.left_out.append(here)
        return found or None

    def _beside_primitive(self, value: Any, kind: str, path: str, depth: int) -> Any:
        """The extensions of a primitive; those of one that repeats are left out, since nobody reads them."""
        if (
            kind not in self._tables.primitives
            or not isinstance(value, dict)
            or set(value) > {"id", "extension"}
        ):
            return None
        return self._object(value, "Extension", path, depth)

    def _member(self, value: Any, element: Element, kind: str, path: str, depth: int) -> Any:
        if not element.many:
            value = value[0] if isinstance(value, list) and len(value) == 1 else value
            return self._single(value, kind, path, depth)
        items = value if isinstance(value, list) else [value]
        passed = []
        for index, item in enumerate(items):
            before = len(self.left_out)
            found = self._single(item, kind, f"{path}[{index}]", depth)
            if found is not None:
                passed.append(found)
            elif item is not None and len(self.left_out) == before:
                self.left_out.append(f"{path}[{index}]")
        return passed or None

    def _single(self, value: Any, kind: str, path: str, depth: int) -> Any:
        if kind == "Resource":
            return self.resource(value, path, depth + 1)
        check = self._tables.primitives.get(kind)
        if kind == "xhtml":
            return value if isinstance(value, str) else None
        if check is None:
            return self._object(value, kind, path, depth + 1)
        if isinstance(value, dict | list):
            return None
        fault = check(value)
        return value if fault is None or fault.warning else None
