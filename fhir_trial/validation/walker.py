"""The walker: follows the tables through a resource and says, for everything that is wrong, where and why.

It is the full answer and the slow one; `accept` is the fast one and knows only "clean".
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from fhir_trial.errors import Issue, Severity
from fhir_trial.validation import formats, references, units
from fhir_trial.validation.invariants import Invariant, invariants
from fhir_trial.validation.narrative import narrative
from fhir_trial.validation.references import Literal, Surroundings
from fhir_trial.validation.tables import (
    UCUM,
    UCUM_UNITS,
    Element,
    ExtensionTable,
    Tables,
    TypeTable,
)

Json = dict[str, Any]

DEEPEST = 100
"""Levels of objects; real resources have some 15, and readers that recurse break on more."""

QUANTITIES = ("Quantity", "Age", "Duration", "Count", "Distance")
"""The types whose code is one of their system."""
RESOURCE_CONTEXTS = ("Resource", "DomainResource", "CanonicalResource", "MetadataResource")
"""Where an extension for resources at large may stand; interfaces are not told apart."""

ISSUE_CODES = {
    "unknown-element": "structure",
    "type": "structure",
    "array": "structure",
    "ele-1": "structure",
    "choice": "structure",
    "nesting": "too-long",
    "min": "required",
    "binding": "code-invalid",
    "binding-extensible": "code-invalid",
    "coding-code": "code-invalid",
    "coding-system": "code-invalid",
    "language": "code-invalid",
    "unit": "code-invalid",
    "extension-url": "extension",
    "extension-unknown": "extension",
    "extension-context": "extension",
    "extension-value": "extension",
    "extension-modifier": "extension",
    "reference-unresolved": "not-found",
    "not-checked": "not-supported",
    "profile-unknown": "not-supported",
}
"""IssueType by rule; formats are "value", invariants "invariant"."""


def issue_code(rule: str) -> str:
    """The IssueType of a rule."""
    if rule in ISSUE_CODES:
        return ISSUE_CODES[rule]
    return "invariant" if rule[-1].isdigit() or rule[-2:-1].isdigit() else "value"


def extensible_miss(path: str, value_set: str, source: str | None) -> Issue:
    """The warning that a coded element has no code of its extensible value set."""
    return Issue(
        severity="warning",
        code=ISSUE_CODES["binding-extensible"],
        expression=path,
        message=f"no code of the extensible value set {value_set}",
        rule="binding-extensible",
        source=source,
    )


class Walker:
    """One walk through one resource or Bundle; gathers issues."""

    def __init__(self, tables: Tables, around: Surroundings, source: str | None = None) -> None:
        self.tables = tables
        self.around = around
        self.source = source
        self.issues: list[Issue] = []
        self.depth = 0
        self.hits = 0
        """How many references have led to an entry of the Bundle."""
        self.local_uses: set[str] = set()
        self.invariants = invariants(tables.release)
        self.skipped: set[str] = set()

    def skip(self, entry: str, hits: Sequence[str]) -> None:
        """Leave out the resource of an entry that is known to be right, and that refers to these entries."""
        self.skipped.add(f"{entry}.resource")
        if hits:
            self.around.referring.add(entry)
            self.around.referenced.update(hits)

    # ------------------------------------------------------------ issues

    def error(self, path: str, rule: str, message: str) -> None:
        """Note what must not be written."""
        self._note("error", path, rule, message)

    def warning(self, path: str, rule: str, message: str) -> None:
        """Note what our output should be free of."""
        self._note("warning", path, rule, message)

    def _note(self, severity: Severity, path: str, rule: str, message: str) -> None:
        self.issues.append(
            Issue(
                severity=severity,
                code=issue_code(rule),
                expression=path,
                message=message,
                rule=rule,
                source=self.source,
            )
        )

    def fault(self, path: str, fault: formats.Fault | None) -> None:
        """Note a format's fault, if there is one."""
        if fault is not None:
            self._note("warning" if fault.warning else "error", path, fault.rule, fault.message)

    # ------------------------------------------------------------ resources

    def resource(self, path: str, node: Any) -> None:
        """A resource that stands by itself or in a Bundle's entry."""
        table = self.resource_table(path, node)
        if table is None:
            return
        around, uses = self.around.contained, self.local_uses
        self.around.contained, self.local_uses = _contained_types(node), set()
        self.object(path, node, table, {table.name, *RESOURCE_CONTEXTS})
        self._contained_used(path, node)
        self._language_shown(path, node)
        self.around.contained, self.local_uses = around, uses

    def resource_table(self, path: str, node: Any) -> TypeTable | None:
        """The table of a resource's type; None, and an issue, when there is none."""
        if not isinstance(node, dict):
            self.error(path, "type", f"must be an object, not {formats.json_kind(node)}")
            return None
        kind = node.get("resourceType")
        if not isinstance(kind, str):
            self.error(path, "resource-type", "has no resourceType")
        elif kind not in self.tables.resources:
            self.error(path, "resource-type", f"{kind!r} is no resource type of {self.tables.release}")
        elif (table := self.tables.type(kind)) is None:
            self.warning(path, "not-checked", f"resources of type {kind} are not checked")
        else:
            return table
        return None

    def _language_shown(self, path: str, node: Json) -> None:
        """The narrative of a resource with a language says the language too."""
        text = node.get("text")
        div = text.get("div") if isinstance(text, dict) else None
        if "language" in node and isinstance(div, str) and "lang=" not in div.partition(">")[0]:
            self.warning(f"{path}.text.div", "narrative-language", "the narrative does not say its language")

    def _contained_used(self, path: str, node: Json) -> None:
        """dom-2 to dom-5, and that a contained resource has an id."""
        inner = node.get("contained")
        for index, one in enumerate(inner if isinstance(inner, list) else []):
            if isinstance(one, dict):
                self._contained(f"{path}.contained[{index}]", one)

    def _contained(self, path: str, one: Json) -> None:
        identity = one.get("id")
        if not isinstance(identity, str):
            self.error(path, "contained-id", "a contained resource needs an id")
        elif identity not in self.local_uses and not _refers_to_container(one):
            self.error(path, "dom-3", f"nothing refers to the contained resource #{identity}")
        if "contained" in one:
            self.error(f"{path}.contained", "dom-2", "a contained resource contains no other")
        meta = one.get("meta")
        if isinstance(meta, dict):
            if "versionId" in meta or "lastUpdated" in meta:
                self.error(f"{path}.meta", "dom-4", "a contained resource has no version")
            if "security" in meta:
                self.error(f"{path}.meta", "dom-5", "a contained resource has no security label")

    # ------------------------------------------------------------ objects

    def object(self, path: str, node: Any, table: TypeTable, contexts: set[str]) -> None:
        """An object of a complex type."""
        if not isinstance(node, dict):
            self.error(path, "type", f"must be an object, not {formats.json_kind(node)}")
        elif not node or node.keys() == {"resourceType"}:
            self.error(path, "ele-1", "an object must have some content")
        elif self.depth >= DEEPEST:
            self.error(path, "nesting", f"nested more than {DEEPEST} levels deep")
        else:
            self.depth += 1
            self._properties(path, node, table, contexts)
            self._mandatory(path, node, table)
            self._rules(path, node, table)
            self.depth -= 1

    def _properties(self, path: str, node: Json, table: TypeTable, contexts: set[str]) -> None:
        chosen: dict[str, str] = {}
        for key, value in node.items():
            name = key.removeprefix("_")
            found = table.properties.get(name)
            if key == "resourceType" and table.name in self.tables.resources:
                continue
            if found is None or (key != name and found[1] not in self.tables.primitives):
                self.error(f"{path}.{key}", "unknown-element", f"{table.name} has no element {key!r}")
                continue
            element, kind = found
            if element.choice and chosen.setdefault(element.name, name) != name:
                self.error(f"{path}.{element.name}", "choice", f"has both {chosen[element.name]} and {name}")
            if name in ("extension", "modifierExtension"):
                self.extensions(f"{path}.{name}", value, contexts, modifier=name != "extension")
            elif key == name or name not in node:
                self.property(path, node, name, element, kind, table)
        if node.keys() == {"id"}:
            self.error(path, "ele-1", "an element needs more than an id")

    def _mandatory(self, path: str, node: Json, table: TypeTable) -> None:
        for element in table.mandatory:
            keys = [key for key, (one, _) in table.properties.items() if one is element]
            if not any(key in node or "_" + key in node for key in keys):
                self.error(f"{path}.{element.name}", "min", f"{table.name}.{element.name} is required")

    def property(
        self, path: str, node: Json, name: str, element: Element, kind: str, table: TypeTable
    ) -> None:
        """One JSON property with its `_` sibling."""
        value, extra = node.get(name), node.get("_" + name)
        where = f"{path}.{element.name}"
        contexts = {kind, f"{table.name}.{element.name}", f"{table.name}.{element.name}[x]"}
        if not element.many:
            self.value(where, value, extra, element, kind, contexts, absent=name not in node)
            return
        for index, (one, more) in enumerate(self._items(where, node, name)):
            self.value(
                f"{where}[{index}]",
                one,
                more,
                element,
                kind,
                contexts,
                absent=one is None and more is not None,
            )

    def _items(self, where: str, node: Json, name: str) -> list[tuple[Any, Any]]:
        """The items of an array, each with its `_` sibling."""
        value, extra = node.get(name), node.get("_" + name)
        for key, one in ((name, value), ("_" + name, extra)):
            if key in node and (not isinstance(one, list) or not one):
                found = "an empty array" if isinstance(one, list) else formats.json_kind(one)
                self.error(where, "array", f"must be an array with content, not {found}")
                return []
        if extra is None:
            return [(one, None) for one in value or []]
        # lists of different lengths are let pass: some servers leave out the nulls at the end
        return list(zip_longest(value or [], extra))

    def value(
        self,
        path: str,
        value: Any,
        extra: Any,
        element: Element,
        kind: str,
        contexts: set[str],
        *,
        absent: bool,
    ) -> None:
        """One value of an element."""
        if kind in self.tables.primitives:
            self.primitive(path, value, extra, element, kind, contexts, absent=absent)
        elif kind == "xhtml":
            self._xhtml(path, value)
        elif kind == "Resource":
            self._inner_resource(path, value, contained=element.name == "contained")
        elif kind == "Bundle.entry":
            self._entry(path, value)
        elif (table := self.tables.type(kind)) is None:
            self.error(path, "type", f"the type {kind} is not known here")
        else:
            extra_contexts = {"BackboneElement"} if "." in kind else set()
            self.object(path, value, table, contexts | extra_contexts)
            if isinstance(value, dict):
                self._bound(path, value, element, kind)

    def _inner_resource(self, path: str, value: Any, *, contained: bool) -> None:
        if path in self.skipped:
            return
        if not contained:
            self.resource(path, value)
        elif (table := self.resource_table(path, value)) is not None:
            self.object(path, value, table, {table.name, *RESOURCE_CONTEXTS})

    def _entry(self, path: str, value: Any) -> None:
        """An entry of a Bundle: its fullUrl is the base of the references in it."""
        full = value.get("fullUrl") if isinstance(value, dict) else None
        outer, hits = self.around.base, self.hits
        self.around.base = references.base_of(full) if isinstance(full, str) else None
        table = self.tables.type("Bundle.entry")
        if table is not None:
            self.object(path, value, table, {"BackboneElement", "Bundle.entry"})
        self.around.base = outer
        if self.hits > hits:
            self.around.referring.add(path)

    def _xhtml(self, path: str, value: Any) -> None:
        if not isinstance(value, str) or not value:
            self.error(path, "xhtml", "a narrative needs a div")
        else:
            self.fault(path, narrative(value))

    # ------------------------------------------------------------ primitives

    def primitive(
        self,
        path: str,
        value: Any,
        extra: Any,
        element: Element,
        kind: str,
        contexts: set[str],
        *,
        absent: bool,
    ) -> None:
        """A primitive and its extensions."""
        if extra is not None or (absent and value is None and extra is None):
            self._primitive_extra(path, extra, contexts, absent=absent)
        if absent:
            if element.required and element.min:
                self.error(path, "binding", "a code is required here, an extension does not replace it")
            return
        fault = self.tables.primitives[kind](value)
        self.fault(path, fault)
        if fault is None or fault.warning:
            self._coded_primitive(path, value, element, kind)

    def _primitive_extra(self, path: str, extra: Any, contexts: set[str], *, absent: bool) -> None:
        if not isinstance(extra, dict) or not extra or extra.keys() - {"id", "extension"}:
            self.error(path, "ele-1", "the properties of a primitive are an object with id and extension")
            return
        if "id" in extra:
            self.fault(path, formats.string(extra["id"]))
        if "extension" in extra:
            self.extensions(f"{path}.extension", extra["extension"], contexts, modifier=False)
        elif absent:
            self.error(path, "ele-1", "an element needs a value or an extension, not only an id")

    def _coded_primitive(self, path: str, value: Any, element: Element, kind: str) -> None:
        if kind == "code" and element.required:
            if value not in self.tables.bound_codes(element.required):
                self.error(path, "binding", f"{value!r} is not in the required value set {element.required}")
        elif element.name == "language" and kind == "code" and not formats.language(value):
            self.error(path, "language", f"{value!r} is no language tag")
        elif element.name == "profile" and kind == "canonical" and not self.tables.is_profile(value):
            self.warning(path, "profile-unknown", f"the profile {value} is not known and not checked")
        elif kind in ("uri", "canonical", "url") and value.startswith("#"):
            self.local_uses.add(value[1:])
        elif kind == "canonical" and (url := value.partition("|")[0]) in self.around.urls:
            self.hits += 1
            self.around.referenced.add(url)

    # ------------------------------------------------------------ codes

    def _bound(self, path: str, node: Json, element: Element, kind: str) -> None:
        """Bindings and reference targets, which belong to the element and not to its type."""
        if kind == "Reference":
            self.reference(path, node, element.targets)
        elif kind == "CodeableReference":
            self._codeable_reference(path, node, element)
        elif kind in ("CodeableConcept", "Coding"):
            self._in_value_set(path, node, element, kind)

    def _codeable_reference(self, path: str, node: Json, element: Element) -> None:
        reference, concept = node.get("reference"), node.get("concept")
        if isinstance(reference, dict):
            self.reference(f"{path}.reference", reference, element.targets)
        if isinstance(concept, dict):
            self._in_value_set(f"{path}.concept", concept, element, "CodeableConcept")

    def _in_value_set(self, path: str, node: Json, element: Element, kind: str) -> None:
        value_set = element.required or element.extensible
        if value_set is None:
            return
        codings = node.get("coding", []) if kind == "CodeableConcept" else [node]
        pairs = [_pair(one) for one in codings if isinstance(one, dict)] if isinstance(codings, list) else []
        if not any(pair in self.tables.pairs(value_set) for pair in pairs):
            if element.required:
                self.error(path, "binding", f"no code of the required value set {value_set}")
            else:
                self.issues.append(extensible_miss(path, value_set, self.source))

    def coded(self, path: str, node: Json) -> None:
        """A system and a code, of a Coding or a Quantity."""
        system, code = node.get("system"), node.get("code")
        if not isinstance(system, str):
            return
        codes = self.tables.codes(system)
        if codes is not None:
            if code not in codes if isinstance(code, str) else "_code" not in node:
                self.error(f"{path}.code", "coding-code", f"{code!r} is no code of {system}")
        elif system == UCUM:
            self._unit(path, code)
        elif not self.tables.is_named(system):
            self._unknown_system(path, system)

    def _unit(self, path: str, code: Any) -> None:
        known = self.tables.codes(UCUM_UNITS)
        if not isinstance(code, str) or known is None or code in known or is_annotated(code):
            return
        if units.is_readable(code, self.tables.simple_units):
            self.warning(f"{path}.code", "unit", f"{code!r} is no common UCUM unit")
        else:
            self.error(f"{path}.code", "unit", f"{code!r} is no UCUM unit")

    def _unknown_system(self, path: str, system: str) -> None:
        message = f"the code system {system!r} is not known in {self.tables.release}"
        if system.startswith("http://hl7.org/fhir/") and not system.startswith(
            ("http://hl7.org/fhir/sid/", "http://hl7.org/fhir/ValueSet/")
        ):
            self.error(f"{path}.system", "coding-system", message)
        else:
            self.warning(f"{path}.system", "coding-system", message)

    # ------------------------------------------------------------ rules of types

    def _rules(self, path: str, node: Json, table: TypeTable) -> None:
        name = table.name
        if name == "Coding":
            self._coding(path, node)
        elif name in QUANTITIES:
            self.coded(path, node)
        elif name == "Identifier":
            self._identifier(path, node)
        for one in self.invariants.get(name, ()):
            self._invariant(path, node, one)

    def _invariant(self, path: str, node: Json, one: Invariant) -> None:
        try:
            holds = one.holds(node)
        except (TypeError, AttributeError):
            return  # a wrong JSON type, which has its own issue
        if not holds:
            self._note("warning" if one.warning else "error", path, one.key, one.text)

    def _coding(self, path: str, node: Json) -> None:
        if "system" not in node and "_system" not in node and "extension" not in node:
            self.warning(path, "coding-system", "a coding without a system means nothing")
        self.coded(path, node)

    def _identifier(self, path: str, node: Json) -> None:
        system = node.get("system")
        if isinstance(system, str) and system and not formats.has_scheme(system):
            self.error(f"{path}.system", "identifier-system", f"the system {system!r} is not absolute")

    # ------------------------------------------------------------ extensions

    def extensions(
        self,
        path: str,
        value: Any,
        contexts: set[str],
        *,
        modifier: bool,
        children: Mapping[str, ExtensionTable] | None = None,
    ) -> None:
        """The extensions of one element; `children` are those of a complex extension."""
        if not isinstance(value, list) or not value:
            found = "an empty array" if isinstance(value, list) else formats.json_kind(value)
            self.error(path, "array", f"must be an array with content, not {found}")
            return
        for index, one in enumerate(value):
            where = f"{path}[{index}]"
            if not isinstance(one, dict) or not one:
                self.error(where, "ele-1", "an extension is an object with content")
            elif self.depth >= DEEPEST:
                self.error(where, "nesting", f"nested more than {DEEPEST} levels deep")
            else:
                self.depth += 1
                self._extension(where, one, contexts, modifier=modifier, children=children)
                self.depth -= 1

    def _extension(
        self,
        path: str,
        node: Json,
        contexts: set[str],
        *,
        modifier: bool,
        children: Mapping[str, ExtensionTable] | None,
    ) -> None:
        url = node.get("url")
        table = self._extension_table(path, url, contexts, modifier=modifier, children=children)
        values = [key for key in node if key.startswith(("value", "_value"))]
        names = {key.removeprefix("_") for key in values}
        for key in node.keys() - set(values) - {"url", "id", "extension"}:
            self.error(f"{path}.{key}", "unknown-element", f"Extension has no element {key!r}")
        if "id" in node:
            self.fault(f"{path}.id", formats.string(node["id"]))
        if len(names) > 1:
            self.error(f"{path}.value", "choice", f"has several values: {', '.join(sorted(names))}")
        if bool(names) == ("extension" in node):
            self.error(path, "ext-1", "an extension has either a value or extensions")
        if "extension" in node:
            inner = table.children if table is not None else None
            self.extensions(
                f"{path}.extension", node["extension"], {"Extension"}, modifier=False, children=inner
            )
            if table is not None:
                self._single_children(f"{path}.extension", node["extension"], table.single)
        for name in sorted(names):
            self._extension_value(path, node, name, table)

    def _single_children(self, path: str, found: Any, single: frozenset[str]) -> None:
        """Children that may stand once stand once."""
        urls = [one.get("url") for one in found if isinstance(one, dict)] if isinstance(found, list) else []
        for url in sorted({url for url in urls if isinstance(url, str) and urls.count(url) > 1} & single):
            self.error(path, "max", f"the extension {url!r} may stand once, not {urls.count(url)} times")

    def _extension_table(
        self,
        path: str,
        url: Any,
        contexts: set[str],
        *,
        modifier: bool,
        children: Mapping[str, ExtensionTable] | None,
    ) -> ExtensionTable | None:
        """The definition of an extension; None, and an issue, when it may not stand here."""
        fault = formats.uri(url)
        if fault is not None:
            self.error(f"{path}.url", "extension-url", "an extension needs a url")
            return None
        if children is not None and url in children:
            return children[url]
        if not formats.has_scheme(url):
            rule = "extension-url" if children is None else "extension-unknown"
            self.error(path, rule, f"the extension {url!r} is not defined here")
            return None
        table = self.tables.extension(url)
        if table is None:
            self.error(path, "extension-unknown", f"the extension {url} is not known")
        elif table.modifier != modifier:
            self.error(path, "extension-modifier", f"the extension {url} is misplaced as (no) modifier")
        elif not in_context(table.context, contexts):
            self.error(path, "extension-context", f"the extension {url} is only for {sorted(table.context)}")
        return table

    def _extension_value(self, path: str, node: Json, name: str, table: ExtensionTable | None) -> None:
        where = f"{path}.value"
        found = self._value_types().get(name)
        if found is None:
            self.error(where, "unknown-element", f"Extension has no element {name!r}")
            return
        if table is not None and found not in table.values and (table.values or table.children):
            allowed = ", ".join(sorted(table.values)) or "extensions"
            self.error(where, "extension-value", f"holds a {found}, the definition allows {allowed}")
        element = Element("value", (found,), targets=table.targets if table else None)
        kinds = {found, "Extension.value", "Extension.value[x]"}
        self.value(
            where, node.get(name), node.get("_" + name), element, found, kinds, absent=name not in node
        )

    def _value_types(self) -> dict[str, str]:
        """Extension.value[x]: JSON property -> type."""
        table = self.tables.type("Extension")
        found = table.properties.items() if table is not None else ()
        return {key: kind for key, (element, kind) in found if element.name == "value"}

    # ------------------------------------------------------------ references

    def reference(self, path: str, node: Json, targets: frozenset[str] | None) -> None:
        """Form, target type and resolution of a reference."""
        if targets is not None and not targets <= self.tables.resources:
            targets = None
        stated = node.get("type")
        if isinstance(stated, str):
            self._stated_type(path, stated, targets)
        text = node.get("reference")
        if not isinstance(text, str) or not text:
            return
        if text.startswith("#"):
            self._local(path, text[1:], targets)
            return
        literal = references.parse(text)
        if literal is None:
            self.error(path, "reference-format", f"{text!r} is not a valid reference")
        else:
            self._literal(path, text, literal, targets, stated)

    def _stated_type(self, path: str, stated: str, targets: frozenset[str] | None) -> None:
        name = stated.removeprefix("http://hl7.org/fhir/StructureDefinition/")
        if name not in self.tables.resources:
            self.error(f"{path}.type", "reference-type", f"{stated!r} is no resource type")
        elif targets is not None and name not in targets:
            self.error(f"{path}.type", "reference-target", f"may refer to {_names(targets)}, not to {name}")

    def _local(self, path: str, identity: str, targets: frozenset[str] | None) -> None:
        self.local_uses.add(identity)
        if not identity:
            return  # "#" is the resource around
        found = self.around.contained.get(identity)
        if found is None:
            self.error(path, "ref-1", f"#{identity} is not contained in this resource")
        elif targets is not None and found not in targets:
            self.error(path, "reference-target", f"may refer to {_names(targets)}, not to {found}")

    def _literal(
        self, path: str, text: str, literal: Literal, targets: frozenset[str] | None, stated: Any
    ) -> None:
        kind = self._resolved(path, text, literal)
        if kind is None:
            kind = literal.type
        if kind is None:
            return
        if kind not in self.tables.resources:
            if literal.base is None:
                self.error(path, "reference-target", f"{kind!r} is no resource type")
        elif targets is not None and kind not in targets:
            self.error(path, "reference-target", f"may refer to {_names(targets)}, not to {kind}")
        elif isinstance(stated, str) and stated.rpartition("/")[2] != kind:
            self.error(f"{path}.type", "reference-type", f"says {stated!r}, the reference is to {kind}")

    def _resolved(self, path: str, text: str, literal: Literal) -> str | None:
        """The type of the entry that a reference names; an issue when a closed Bundle lacks it."""
        around = self.around
        if literal.conditional:
            if around.closed and not around.transaction:
                self.error(path, "reference-conditional", "a conditional reference needs a transaction")
            return None
        plain = text.partition("#")[0].partition("/_history/")[0]
        full = plain if literal.base or literal.type is None else f"{around.base or ''}{plain}"
        if full in around.by_url:
            self.hits += 1
            around.referenced.add(full)
            return around.by_url[full]
        if literal.base is None and literal.type is not None and literal.key in around.by_key:
            target = around.by_key[literal.key]
            self.hits += 1
            around.referenced.add(target or literal.key)
            self.warning(
                path, "reference-full-url", f"{text} matches an entry by type and id, not by its fullUrl"
            )
            return literal.type
        if around.closed:
            self._unresolved(path, text, literal)
        return None

    def _unresolved(self, path: str, text: str, literal: Literal) -> None:
        own = literal.base in self.around.bases if literal.base else literal.type is not None
        if own or text.startswith("urn:"):
            self.error(path, "reference-unresolved", f"{text} is not in this Bundle")
        else:
            self.warning(path, "reference-outside", f"{text} points outside this Bundle")


def _names(targets: frozenset[str]) -> str:
    return ", ".join(sorted(targets))


def _pair(coding: Json) -> tuple[Any, Any]:
    system, code = coding.get("system"), coding.get("code")
    return (system, code) if isinstance(system, str) and isinstance(code, str) else (None, None)


def is_annotated(unit: str) -> bool:
    """Whether a UCUM unit is only an annotation, such as `{visits}`, or a common unit with one."""
    return unit.endswith("}") and "{" in unit


def in_context(allowed: frozenset[str], found: set[str]) -> bool:
    """Whether an extension for these contexts may stand where these hold."""
    return "Element" in allowed or not allowed.isdisjoint(found)


def _contained_types(node: Json) -> dict[str, str]:
    inner = node.get("contained")
    found: dict[str, str] = {}
    for one in inner if isinstance(inner, list) else []:
        key = references.resource_key(one)
        if key is not None:
            kind, _, identity = key.partition("/")
            found[identity] = kind
    return found


def _refers_to_container(node: Json) -> bool:
    """Whether a contained resource holds a reference to the one around it ("#")."""
    return any(one == "#" for one in _references(node, 0))


def _references(node: Any, depth: int) -> Iterator[str]:
    if depth > DEEPEST:
        return
    if isinstance(node, dict):
        text = node.get("reference")
        if isinstance(text, str):
            yield text
        for value in node.values():
            yield from _references(value, depth + 1)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value, depth + 1)
