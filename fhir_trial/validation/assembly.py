"""Puts the accept path's tests of a release's types together from the tables, as types and shapes are met."""

from collections.abc import Iterable, Iterator
from typing import Any

from fhir_trial.validation import formats
from fhir_trial.validation.invariants import invariants
from fhir_trial.validation.objects import (
    LEAST,
    Allowed,
    Check,
    Coding,
    Codings,
    Concept,
    Concepts,
    Deeper,
    Div,
    Each,
    Either,
    Entry,
    Extensions,
    Flag,
    Inside,
    Json,
    Link,
    Markup,
    Memo,
    ModifierExtensions,
    Number,
    Object,
    OneOf,
    Passed,
    Pointer,
    References,
    Refused,
    Rule,
    Shape,
    Shapes,
    Sibling,
    Text,
    ValueSet,
    Whole,
    Word,
)
from fhir_trial.validation.tables import (
    UCUM,
    UCUM_UNITS,
    Element,
    ExtensionTable,
    Tables,
    TypeTable,
)
from fhir_trial.validation.walker import QUANTITIES, RESOURCE_CONTEXTS, in_context, is_annotated


def absolute_uri(value: Any) -> formats.Fault | None:
    """A URI with a scheme, as the system of an identifier has to be."""
    fault = formats.uri(value)
    if fault is None and not formats.has_scheme(value):
        return formats.Fault("identifier-system", "not absolute")
    return fault


def language_code(value: Any) -> formats.Fault | None:
    """A code that is a language tag."""
    fault = formats.code(value)
    if fault is None and not formats.language(value):
        return formats.Fault("language", "no language tag")
    return fault


class Assembly:
    """The tests of one release's types."""

    def __init__(self, known: Tables) -> None:
        self.tables = known
        self.invariants = invariants(known.release)
        self.shapes: dict[str, Shapes] = {}
        self.allowed: dict[frozenset[str], Allowed] = {}
        self.entries: dict[str, Entry] = {}
        """What each extension may hold, wherever it stands."""
        self.memos = {name: Memo(check) for name, check in known.primitives.items()}
        self.memos["absolute"] = Memo(absolute_uri)
        self.memos["language"] = Memo(language_code)
        self.memos["profile"] = Memo(self._profile)
        self.codings = Codings(self._written_codes, self.memos["code"])
        self.concepts = Concepts(self.codings, self.shaped("CodeableConcept"))
        named = self.place({"Identifier", "Reference.identifier", "Reference.identifier[x]"})
        self.references = References(known.resources, self.shaped("Identifier"), named)

    def _profile(self, value: Any) -> formats.Fault | None:
        fault = formats.uri(value)
        if fault is None and not self.tables.is_profile(value):
            return formats.Fault("profile-unknown", "not known", warning=True)
        return fault

    def _codes(self, system: str) -> Any:
        """The codes of a system, True when any will do, None when the walker has to look."""
        found = self.tables.codes(UCUM_UNITS if system == UCUM else system)
        return True if found is None and self.tables.is_named(system) else found

    def _written_codes(self, system: str) -> Any:
        """The same without codes that are malformed themselves (four of v2-0550 are)."""
        found = self._codes(system)
        if found is None or found is True:
            return found
        return frozenset(code for code in found if formats.code(code) is None)

    def coded_quantity(self, node: Json) -> bool:
        """Whether the code of a quantity is one of its system."""
        system, code = node["system"], node["code"]
        codes = self._codes(system)
        if codes is None or codes is True:
            return codes is True
        return code in codes or (system == UCUM and is_annotated(code))

    def place(self, contexts: Iterable[str]) -> Allowed:
        """The extensions allowed where these contexts hold."""
        key = frozenset(contexts)
        if key not in self.allowed:
            self.allowed[key] = self._allowed(key)
        return self.allowed[key]

    def _allowed(self, contexts: frozenset[str], single: frozenset[str] = frozenset()) -> Allowed:
        def find(url: str, modifier: bool) -> Entry | None:
            table = self.tables.extension(url)
            if table is None or table.modifier != modifier or not in_context(table.context, set(contexts)):
                return None
            if url not in self.entries:
                self.entries[url] = self.extension_entry(table)
            return self.entries[url]

        return Allowed(find, single)

    def shaped(self, name: str) -> Shapes:
        """The shapes of a type."""
        if name not in self.shapes:
            self.shapes[name] = Shapes(lambda keys: _Type(self, name).shape(keys))
        return self.shapes[name]

    def resource(self, kind: str) -> Object:
        """The test of a resource; KeyError for a type without a table."""
        if kind not in self.tables.resources or self.tables.type(kind) is None:
            raise KeyError(kind)
        return Object(self.shaped(kind), self.place({kind, *RESOURCE_CONTEXTS}))

    def extension_entry(self, table: ExtensionTable) -> Entry:
        """What an extension may hold, ready to be called."""
        kinds = {"value" + kind[0].upper() + kind[1:]: kind for kind in table.values}
        values = {name: self._value(kind, table.targets) for name, kind in kinds.items()}
        beside = {
            "_" + name: self.place(_value_contexts(kind))
            for name, kind in kinds.items()
            if kind in self.tables.primitives
        }
        if table.children:
            values["extension"] = Inside(self._children(table))
        return Entry(values, beside)

    def _children(self, table: ExtensionTable) -> Allowed:
        """The extensions in a complex one."""
        inner = self._allowed(frozenset({"Extension"}), table.single)
        for name, child in table.children.items():
            inner.known[name] = self.extension_entry(child)
        return inner

    def _value(self, kind: str, targets: frozenset[str] | None) -> Check:
        """The test of an extension's value."""
        if kind in self.tables.primitives:
            return self.primitive(kind)
        return self.object(kind, self.place(_value_contexts(kind)), targets)

    def primitive(self, kind: str) -> Check:
        """The test of a primitive type."""
        if kind in ("string", "markdown"):
            return Text() if kind == "string" else Markup()
        if kind == "boolean":
            return Flag()
        if kind == "decimal":
            return Number()
        if kind in LEAST:
            return Whole(LEAST[kind])
        return Link(self.memos[kind]) if kind == "canonical" else Word(self.memos[kind])

    def object(self, kind: str, place: Allowed, targets: frozenset[str] | None) -> Check:
        """The test of a complex type, whose own extensions are those of a place."""
        if kind == "CodeableConcept":
            return Concept(self.concepts, place)
        if kind == "Coding":
            return Coding(self.codings)
        if kind == "Reference":
            known = targets is not None and targets <= self.tables.resources
            return Pointer(self.references, place, targets if known else None)
        # an extension as the value of an element: nobody does it; no more the other in an extension
        if kind == "Extension" or (kind == "CodeableReference" and targets is not None):
            return Refused()
        return Object(self.shaped(kind), place)


def _value_contexts(kind: str) -> set[str]:
    """Where an extension of an extension's value stands."""
    return {kind, "Extension.value", "Extension.value[x]"}


class _Type:
    """One type while shapes of it are made."""

    def __init__(self, assembly: Assembly, name: str) -> None:
        table = assembly.tables.type(name)
        if table is None:
            raise TypeError(name)
        self.assembly = assembly
        self.table: TypeTable = table
        self.is_resource = name in assembly.tables.resources

    def shape(self, keys: tuple[str, ...]) -> Shape | None:
        """How objects of these keys are tested; None when none of them can be right."""
        if not self._can_hold(keys):
            return None
        return Shape([self._property(key) for key in keys], list(self._rules(keys)))

    def _can_hold(self, keys: tuple[str, ...]) -> bool:
        """Whether an object of these keys can be right, as far as the accept path looks."""
        if keys in ((), ("id",), ("resourceType",)) or not self._keys().issuperset(keys):
            return False
        if self.is_resource and {"language", "text"}.issubset(keys):
            return False
        if not all(one.choice or one.name in keys for one in self.table.mandatory):
            return False
        for element in self._choices():
            kinds = [name for name, (one, _) in self.table.properties.items() if one is element]
            count = sum(key in kinds for key in keys)
            if count > 1 or (element.min and not count):
                return False
        rules = [rule for rule in self.assembly.invariants.get(self.table.name, ()) if rule.keys_only]
        return all(rule.holds(dict.fromkeys(keys)) for rule in rules)

    def _keys(self) -> set[str]:
        """The keys that may be met."""
        own = {"resourceType"} if self.is_resource else set()
        return {*self.table.properties, *("_" + name for name in self._annotated()), *own} - {"contained"}

    def _choices(self) -> list[Element]:
        return list({one.name: one for one, _ in self.table.properties.values() if one.choice}.values())

    def _annotated(self) -> list[str]:
        """The single primitives, which a `_name` may stand beside, or instead of if they may be missing."""
        return [
            name
            for name, (element, kind) in self.table.properties.items()
            if kind in self.assembly.tables.primitives
            and not (element.many or element.choice or name == "id")
        ]

    def _rules(self, keys: tuple[str, ...]) -> Iterator[Rule]:
        """What the values of these keys have to fulfil together."""
        for rule in self.assembly.invariants.get(self.table.name, ()):
            if not rule.keys_only and rule.asks.issubset(keys):
                yield rule.holds
        if self.table.name in QUANTITIES and "system" in keys:
            yield self.assembly.coded_quantity

    # ------------------------------------------------------------ values

    def _property(self, key: str) -> Check:
        """The test of the value of one key."""
        if key == "resourceType" and self.is_resource:
            return Passed()
        if key == "extension":
            return Extensions()
        if key == "modifierExtension":
            return ModifierExtensions()
        if key[0] == "_":
            return Sibling(self.assembly.place(self._contexts(*self.table.properties[key[1:]])))
        element, kind = self.table.properties[key]
        check = self._value(element, kind)
        return Each(check) if element.many else check

    def _contexts(self, element: Element, kind: str, of: str | None = None) -> set[str]:
        where = f"{of or self.table.name}.{element.name}"
        found = {kind, where, where + "[x]"}
        return found | {"BackboneElement"} if "." in kind else found

    def _value(self, element: Element, kind: str) -> Check:
        """The test of one value."""
        if kind in self.assembly.tables.primitives:
            return self._primitive(element, kind)
        if kind == "xhtml":
            return Div()
        if kind in ("Resource", "Bundle.entry"):
            return Refused()  # resources inside are for the walker
        if kind == "CodeableReference":
            concept = Element(
                "concept", ("CodeableConcept",), required=element.required, extensible=element.extensible
            )
            return Either(
                self._complex(
                    Element("reference", ("Reference",), targets=element.targets), "Reference", kind
                ),
                self._complex(concept, "CodeableConcept", kind),
            )
        return self._complex(element, kind)

    def _complex(self, element: Element, kind: str, of: str | None = None) -> Check:
        place = self.assembly.place(self._contexts(element, kind, of))
        check = self.assembly.object(kind, place, element.targets)
        # a type in itself, also further down; a reference in an identifier may hold an identifier
        inside_itself = f"{self.table.name}.".startswith(f"{kind}.")
        if inside_itself or (self.table.name == "Identifier" and kind == "Reference"):
            check = Deeper(check)
        value_set = element.required or element.extensible
        if value_set is None or kind not in ("CodeableConcept", "Coding"):
            return check
        pairs = self.assembly.tables.pairs(value_set)
        return ValueSet(
            check, pairs, None if element.required else (value_set, self.table.name, element.name)
        )

    def _primitive(self, element: Element, kind: str) -> Check:
        if kind == "code" and element.required:
            return OneOf(self.assembly.tables.bound_codes(element.required))
        memos = self.assembly.memos
        if element.name == "language" and kind == "code":
            return Word(memos["language"])
        if element.name == "profile" and kind == "canonical":
            return Link(memos["profile"])
        if element.name == "system" and self.table.name == "Identifier":
            return Word(memos["absolute"])
        return self.assembly.primitive(kind)
