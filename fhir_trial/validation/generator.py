"""Generates the accept path's tests of a release's types: straight Python code, from the tables.

It is written at first use, per type and for the shapes of objects that come often (decision 0004 has the
figures). What most objects are made of is written by hand, in `objects`; the code here calls it.
"""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from fhir_trial.validation import formats
from fhir_trial.validation.invariants import invariants
from fhir_trial.validation.narrative import is_plain
from fhir_trial.validation.objects import (
    DEEPEST,
    LEAST,
    MOST,
    NUMBERS,
    Allowed,
    Codings,
    Concept,
    Concepts,
    Entry,
    Flag,
    Inside,
    Json,
    Link,
    Markup,
    Memo,
    Number,
    Pointer,
    References,
    Shaped,
    Test,
    Tested,
    Value,
    Whole,
    Word,
    extensions,
    in_value_set,
    primitive_extensions,
    readable_narrative,
)
from fhir_trial.validation.tables import (
    UCUM,
    UCUM_UNITS,
    Element,
    ExtensionTable,
    Tables,
    TypeTable,
)
from fhir_trial.validation.walker import in_context, is_annotated

_FIRST = {
    "Coding": ("system", "code", "display"),
    "CodeableConcept": ("coding", "text"),
    "Identifier": ("system", "value", "type", "use"),
    "Location": ("id", "status", "name", "address", "position"),
    "Address": ("city", "state", "postalCode", "country", "line", "text"),
    "Quantity": ("value", "unit", "system", "code"),
    "ContactPoint": ("system", "value", "use"),
    "Narrative": ("status", "div"),
    "Period": ("start", "end"),
    "Location.position": ("longitude", "latitude"),
    "Group.characteristic": ("code", "valueCodeableConcept", "valueRange", "valueBoolean", "exclude"),
    "PlanDefinition.action": ("title", "description", "action", "definitionCanonical"),
    "Observation.component": ("code", "valueQuantity", "extension", "dataAbsentReason"),
}
"""The properties asked about first; the others follow in the order of the specification."""


_ALONE = {"CodeableConcept": "text", "Quantity": "value"}
"""Types whose objects often hold nothing but this primitive, which is right without anything else."""

_SEEN_BEFORE_COMPILED = 20
"""How often a shape is met before code is written for it: one record must not wait for the compiler."""
_SHAPES = 200
"""Shapes of one type that get code of their own, and ten times as many that are counted."""


class Shapes(dict[tuple[str, ...], Test]):
    """The keys of an object, in their order -> the test of just such objects, for one type.

    Objects of a shape that is not known get the test for every shape; one that is met often gets its own.
    """

    def __init__(self, maker: "Maker", name: str) -> None:
        super().__init__()
        self.maker = maker
        self.name = name
        self.met: dict[tuple[str, ...], int] = {}

    @cached_property
    def every(self) -> Test:
        """The test for every shape."""
        return self.maker.compiled(self.name)

    @cached_property
    def keys_known(self) -> frozenset[str]:
        """The keys of the shapes that are counted: what else is met must not be kept."""
        return self.maker.keys(self.name)

    def __missing__(self, shape: tuple[str, ...]) -> Test:
        count = self.met.get(shape, 0) + 1
        if count > 1 or (len(self.met) < 10 * _SHAPES and self.keys_known.issuperset(shape)):
            self.met[shape] = count
        if count < _SEEN_BEFORE_COMPILED or len(self) >= _SHAPES:
            return self.every
        return self.setdefault(shape, self.maker.compiled_shape(self.name, shape) or self.every)


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


class Maker:
    """Generates and keeps the tests of one release's types."""

    def __init__(self, known: Tables) -> None:
        self.tables = known
        self.invariants = invariants(known.release)
        self.shapes: dict[str, Shapes] = {}
        """The tests of all types but those written by hand."""
        self.allowed: dict[frozenset[str], Allowed] = {}
        self.memos = {name: Memo(check) for name, check in known.primitives.items()}
        self.memos["absolute"] = Memo(absolute_uri)
        self.memos["language"] = Memo(language_code)
        self.memos["profile"] = Memo(self._profile)
        codings = Codings(self._codes, self.memos["code"])
        self.concepts = Concepts(codings, self.shaped("CodeableConcept"))
        named = self.place({"Identifier", "Reference.identifier", "Reference.identifier[x]"})
        self.references = References(known.resources, self.shaped("Identifier"), named)
        self.by_hand: dict[str, Test] = {
            "Coding": codings.holds,
            "CodeableConcept": self.concepts.holds,
            "Reference": self.references.holds,
            "Extension": _refused,
        }
        """The tests of types with code that is not generated."""

    def _profile(self, value: Any) -> formats.Fault | None:
        fault = formats.uri(value)
        if fault is None and not self.tables.is_profile(value):
            return formats.Fault("profile-unknown", "not known", warning=True)
        return fault

    def _codes(self, system: str) -> Any:
        """The codes of a system, True when any will do, None when the walker has to look."""
        found = self.tables.codes(UCUM_UNITS if system == UCUM else system)
        return True if found is None and self.tables.is_named(system) else found

    # ------------------------------------------------------------ what the generated code calls

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
            return self.extension_entry(table)

        return Allowed(find, single)

    def shaped(self, name: str) -> Shapes:
        """The tests of a type's shapes, written as they are met."""
        if name not in self.shapes:
            self.shapes[name] = Shapes(self, name)
        return self.shapes[name]

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

    def _value(self, kind: str, targets: frozenset[str] | None) -> Value:
        """The test of an extension's value."""
        if kind in self.tables.primitives:
            return self._primitive_value(kind)
        place = self.place(_value_contexts(kind))
        if kind == "CodeableConcept":
            return Concept(self.concepts, place)
        if kind == "Reference":
            known = targets is not None and targets <= self.tables.resources
            return Pointer(self.references, place, targets if known else None)
        if kind in self.by_hand:
            return Tested(self.by_hand[kind], place)
        return Shaped(self.shaped(kind), place)

    def _primitive_value(self, kind: str) -> Value:
        if kind in ("string", "markdown"):
            return Value() if kind == "string" else Markup()
        if kind == "boolean":
            return Flag()
        if kind == "decimal":
            return Number()
        if kind in LEAST:
            return Whole(LEAST[kind])
        return Link(self.memos[kind]) if kind == "canonical" else Word(self.memos[kind])

    # ------------------------------------------------------------ generated code

    def compiled_shape(self, name: str, shape: tuple[str, ...]) -> Test | None:
        """The test of a type's objects of one shape; None when such an object is never right."""
        return Writer(self, self._table(name)).compiled_shape(shape)

    def compiled(self, name: str) -> Test:
        """The test of a type's objects of every shape."""
        return Writer(self, self._table(name)).compiled()

    def element(self, kind: str, key: str) -> tuple[Element, str]:
        """An element of a type, and the type of its value."""
        return self._table(kind).properties[key]

    def keys(self, name: str) -> frozenset[str]:
        """The keys that a type's objects may have."""
        return frozenset(Writer(self, self._table(name)).keys())

    def _table(self, name: str) -> TypeTable:
        table = self.tables.type(name)
        if table is None:
            raise TypeError(name)
        return table


def _refused(*_: Any) -> bool:
    """An extension as the value of an element: nobody does it."""
    return False


def _value_contexts(kind: str) -> set[str]:
    """Where an extension of an extension's value stands."""
    return {kind, "Extension.value", "Extension.value[x]"}


class Writer:
    """Writes the source of one type's test."""

    def __init__(self, maker: Maker, table: TypeTable) -> None:
        self.maker = maker
        self.table = table
        self.lines: list[str] = []
        self.names: dict[str, Any] = {
            "extensions": extensions,
            "primitive_extensions": primitive_extensions,
            "in_value_set": in_value_set,
            "html_tag": formats.HTML_TAG.search,
            "plain": is_plain,
            "narrative": readable_narrative,
        }
        self.is_resource = table.name in maker.tables.resources

    def name(self, value: Any) -> str:
        """A name for a value in the generated code."""
        name = f"k{len(self.names)}"
        self.names[name] = value
        return name

    def line(self, indent: int, text: str) -> None:
        self.lines.append("    " * indent + text)

    def refuse_if(self, indent: int, condition: str) -> None:
        self.line(indent, f"if {condition}:")
        self.line(indent + 1, "return False")

    def compiled(self) -> Test:
        """The test of the type: (node, place, texts, context) -> bool."""
        self.line(0, "def test(node, place, texts, context):")
        self.refuse_if(1, "type(node) is not dict or not node")
        for element in self.table.mandatory:
            if not element.choice:
                self.refuse_if(1, f"{element.name!r} not in node")
        choices = {one.name: f"n{i}" for i, one in enumerate(self._choices())}
        for counter in choices.values():
            self.line(1, f"{counter} = 0")
        self.line(1, "for key, value in node.items():")
        self._chain(choices)
        self._after(choices)
        self.line(1, "return True")
        return self._run()

    def compiled_shape(self, shape: tuple[str, ...]) -> Test | None:
        """The same for objects of just these keys: what hangs on keys alone is decided here."""
        if not self._holds(shape):
            return None
        self.line(0, "def test(node, place, texts, context):")
        self.refuse_if(1, "type(node) is not dict")
        for key in shape:
            if key != "resourceType" or not self.is_resource:
                self.line(1, f"value = node[{key!r}]")
                self._property(1, key, "value")
        for rule in self.maker.invariants.get(self.table.name, ()):
            if not rule.keys_only and rule.asks.issubset(shape):
                self.refuse_if(1, f"not {self.name(rule.holds)}(node)")
        if self.table.name in _QUANTITIES and "system" in shape:
            self.refuse_if(1, f"not {self.name(_quantity(self.maker))}(node)")
        self.line(1, "return True")
        return self._run()

    def _holds(self, shape: tuple[str, ...]) -> bool:
        """Whether an object of these keys can be right, as far as the accept path looks."""
        if shape in ((), ("id",), ("resourceType",)) or not self.keys().issuperset(shape):
            return False
        if self.is_resource and {"language", "text"}.issubset(shape):
            return False
        if not all(one.choice or one.name in shape for one in self.table.mandatory):
            return False
        for element in self._choices():
            kinds = [name for name, (one, _) in self.table.properties.items() if one is element]
            count = sum(key in kinds for key in shape)
            if count > 1 or (element.min and not count):
                return False
        rules = [rule for rule in self.maker.invariants.get(self.table.name, ()) if rule.keys_only]
        return all(rule.holds(dict.fromkeys(shape)) for rule in rules)

    def keys(self) -> set[str]:
        """The keys that may be met."""
        own = {"resourceType"} if self.is_resource else set()
        return {*self.table.properties, *("_" + name for name in self._annotated()), *own} - {"contained"}

    def _run(self) -> Test:
        scope = dict(self.names)
        exec(compile("\n".join(self.lines), f"<accept {self.table.name}>", "exec"), scope)
        test: Test = scope["test"]
        return test

    def _choices(self) -> list[Element]:
        return list({one.name: one for one, _ in self.table.properties.values() if one.choice}.values())

    def _after(self, choices: dict[str, str]) -> None:
        for element in self._choices():
            counter = choices[element.name]
            self.refuse_if(1, f"{counter} != 1" if element.min else f"{counter} > 1")
        for rule in self.maker.invariants.get(self.table.name, ()):
            self.refuse_if(1, f"not {self.name(rule.holds)}(node)")
        if self.is_resource:
            self.refuse_if(1, "'language' in node and 'text' in node")
        if self.table.name in _QUANTITIES:
            self.refuse_if(1, f"'system' in node and not {self.name(_quantity(self.maker))}(node)")

    def _ordered(self) -> list[str]:
        wanted = _FIRST.get(self.table.name, ("id", "text") if self.is_resource else ())
        first = [name for name in wanted if name in self.table.properties]
        return [*first, *(name for name in self.table.properties if name not in first)]

    def _chain(self, choices: dict[str, str]) -> None:
        word = "if"
        if self.is_resource:
            self.line(2, "if key == 'resourceType':")
            self.line(3, "pass")
            word = "elif"
        for name in self._ordered():
            element, _ = self.table.properties[name]
            if name == "contained":
                continue
            self.line(2, f"{word} key == {name!r}:")
            word = "elif"
            if element.choice:
                self.line(3, f"{choices[element.name]} += 1")
            if name == "id" and not self.is_resource:
                self.refuse_if(3, "len(node) == 1")
            self._property(3, name, "value")
        for name in self._annotated():
            self.line(2, f"{word} key == {'_' + name!r}:")
            self._property(3, "_" + name, "value")
            word = "elif"
        self.line(2, "else:")
        self.line(3, "return False")

    def _annotated(self) -> list[str]:
        """The single primitives, which a `_name` may stand beside, or instead of if they may be missing."""
        return [
            name
            for name, (element, kind) in self.table.properties.items()
            if kind in self.maker.tables.primitives and not (element.many or element.choice or name == "id")
        ]

    def _property(self, indent: int, key: str, var: str) -> None:
        """The test of the value of one key."""
        if key == "resourceType" and self.is_resource:
            return
        if key == "extension":
            self.refuse_if(indent, f"not extensions({var}, place, texts, context)")
        elif key == "modifierExtension":
            self.refuse_if(indent, f"not extensions({var}, place.modifiers, texts, context)")
        elif key[0] == "_":
            place = self.name(self.maker.place(self._contexts(*self.table.properties[key[1:]])))
            self.refuse_if(indent, f"not primitive_extensions({var}, {place}, texts, context)")
        else:
            self._items(indent, var, *self.table.properties[key])

    def _contexts(self, element: Element, kind: str) -> set[str]:
        where = f"{self.table.name}.{element.name}"
        found = {kind, where, where + "[x]"}
        return found | {"BackboneElement"} if "." in kind else found

    def _items(self, indent: int, var: str, element: Element, kind: str) -> None:
        if not element.many:
            self.value(indent, var, element, kind)
            return
        self.refuse_if(indent, f"type({var}) is not list or not {var}")
        self.line(indent, f"for one in {var}:")
        self.value(indent + 1, "one", element, kind)

    # ------------------------------------------------------------ values

    def value(self, indent: int, var: str, element: Element, kind: str) -> None:
        """The test of one value."""
        if kind in self.maker.tables.primitives:
            self._primitive(indent, var, element, kind)
        elif kind == "xhtml":
            self.line(indent, f"if plain({var}):")
            self.line(indent + 1, f"texts.append({var})  # the signs in it are left to `readable`")
            self.line(indent, f"elif not narrative({var}):")
            self.line(indent + 1, "return False")
        elif kind == "Resource" or kind == "CodeableReference":
            self._rare(indent, var, element, kind)
        else:
            self._complex(indent, var, element, kind)

    def _rare(self, indent: int, var: str, element: Element, kind: str) -> None:
        """A CodeableReference; resources inside are for the walker."""
        if kind == "Resource":
            self.line(indent, "return False")
            return
        reference = Element("reference", ("Reference",), targets=element.targets)
        concept = Element(
            "concept", ("CodeableConcept",), required=element.required, extensible=element.extensible
        )
        self.refuse_if(indent, f"type({var}) is not dict or not {var}")
        self.line(indent, f"for inner_key, inner in {var}.items():")
        self.line(indent + 1, "if inner_key == 'reference':")
        self._complex(indent + 2, "inner", reference, "Reference", of="CodeableReference")
        self.line(indent + 1, "elif inner_key == 'concept':")
        self._complex(indent + 2, "inner", concept, "CodeableConcept", of="CodeableReference")
        self.line(indent + 1, "else:")
        self.line(indent + 2, "return False")

    def _complex(self, indent: int, var: str, element: Element, kind: str, of: str | None = None) -> None:
        where = f"{of or self.table.name}.{element.name}"
        contexts = {kind, where, where + "[x]"} | ({"BackboneElement"} if "." in kind else set())
        place = self.name(self.maker.place(contexts))
        inside_itself = kind == self.table.name or (self.table.name == "Identifier" and kind == "Reference")
        if inside_itself:
            self.line(indent, "context.depth += 1")
            self.refuse_if(indent, f"context.depth > {DEEPEST}")
        self._call(indent, var, element, kind, place)
        if inside_itself:
            self.line(indent, "context.depth -= 1")
        value_set = element.required or element.extensible
        if value_set is not None and kind in ("CodeableConcept", "Coding"):
            pairs = self.name(self.maker.tables.pairs(value_set))
            held = var if kind == "CodeableConcept" else f"{{'coding': [{var}]}}"
            self.line(indent, f"if not in_value_set({held}, {pairs}):")
            miss = f"context.misses.append(({var}, {value_set!r}, {self.table.name!r}, {element.name!r}))"
            self.line(indent + 1, "return False" if element.required else miss)

    def _call(self, indent: int, var: str, element: Element, kind: str, place: str) -> None:
        """The test of another type, called, but for the commonest objects of all: they are looked at here."""
        word = "if"
        if kind in _ALONE:
            key = _ALONE[kind]
            self.line(indent, f"if type({var}) is dict and len({var}) == 1 and {key!r} in {var}:")
            self.line(indent + 1, f"alone = {var}[{key!r}]")
            self._primitive(indent + 1, "alone", *self.maker.element(kind, key))
            word = "elif"
        if kind in self.maker.by_hand:
            if kind in ("Coding", "Reference"):
                self.refuse_if(indent, f"type({var}) is not dict")
            test, targets = self.name(self.maker.by_hand[kind]), ""
            allowed = element.targets if kind == "Reference" else None
            if allowed is not None and allowed <= self.maker.tables.resources:
                targets = f", {self.name(allowed)}"
        else:
            test, targets = f"{self.name(self.maker.shaped(kind))}[tuple({var})]", ""
        self.line(indent, f"{word} not {test}({var}, {place}, texts, context{targets}):")
        self.line(indent + 1, "return False")

    def _primitive(self, indent: int, var: str, element: Element, kind: str) -> None:
        if kind in ("string", "markdown"):
            if kind == "markdown":
                self.refuse_if(indent, f"'<' in {var} and html_tag({var})")
            self.line(indent, f"texts.append({var})  # and `readable` looks at it")
        elif kind == "boolean":
            self.refuse_if(indent, f"{var} is not True and {var} is not False")
        elif kind in LEAST:
            self.refuse_if(indent, f"type({var}) is not int or not {LEAST[kind]} <= {var} <= {MOST}")
        elif kind == "decimal":
            number = f"type({var}) is not float and type({var}) is not int"
            self.refuse_if(indent, f"{number} or not -{NUMBERS} < {var} < {NUMBERS}")
        elif kind == "code" and element.required:
            codes = self.name(self.maker.tables.bound_codes(element.required))
            self.refuse_if(indent, f"{var} not in {codes}")
        else:
            self._memo(indent, var, element, kind)

    def _memo(self, indent: int, var: str, element: Element, kind: str) -> None:
        if element.name == "language" and kind == "code":
            kind = "language"
        if element.name == "profile" and kind == "canonical":
            kind = "profile"
        if element.name == "system" and self.table.name == "Identifier":
            kind = "absolute"
        memo = self.maker.memos[kind]
        self.refuse_if(indent, f"{var} not in {self.name(memo.known)} and not {self.name(memo.add)}({var})")
        if kind == "canonical":
            self.line(indent, f"if {var} in context.urls:")
            self.line(indent + 1, f"context.hits.append({var})")


_QUANTITIES = ("Quantity", "Age", "Duration", "Count", "Distance")


def _quantity(maker: Maker) -> Callable[[Json], bool]:
    """Whether the code of a quantity is one of its system."""

    def test(node: Json) -> bool:
        system, code = node["system"], node["code"]
        codes = maker.tables.codes(UCUM_UNITS if system == UCUM else system)
        if codes is None:
            return maker.tables.is_named(system)
        return code in codes or (system == UCUM and is_annotated(code))

    return test
