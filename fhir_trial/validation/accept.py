"""The accept path: answers "certainly nothing to say about it", or sends the resource to the walker.

For every type that is met, straight Python code is generated from the tables, once (decision 0004 has the
figures). It knows no messages and no paths, and gives up on what is rare: contained resources, ids of
extensions. It must be sound: whatever it accepts, the walker finds no issue in, not even a
warning. Wrong types of values may raise TypeError and the like, which `Acceptor` takes for a "no".
"""

import re
from collections.abc import Callable, Iterable
from functools import cache, cached_property, lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from fhir_trial.release import Release
from fhir_trial.validation import formats, references
from fhir_trial.validation.bundles import entries
from fhir_trial.validation.invariants import invariants
from fhir_trial.validation.narrative import is_plain, narrative
from fhir_trial.validation.places import Miss
from fhir_trial.validation.references import base_of
from fhir_trial.validation.tables import (
    UCUM,
    UCUM_UNITS,
    Element,
    ExtensionTable,
    Tables,
    TypeTable,
    tables,
)
from fhir_trial.validation.walker import RESOURCE_CONTEXTS, in_context, is_annotated

Json = dict[str, Any]
Test = Callable[..., bool]

_MEMO_SIZE = 50_000
"""Values kept per format (dates, ids, urls come again and again); beyond that the memory starts afresh."""

_MEMO_LENGTH = 200
"""Longer values (attached data) are not kept."""

_DEEPEST = 12
"""Extensions and actions inside each other that are accepted; the walker counts every object, up to 100."""

_CONTROL = re.compile(rb"\\[bfu]")
"""How orjson writes a control character; a backslash and one of these letters in a text look alike."""
_BIDI = re.compile(rb"\xe2(?:\x80[\xaa-\xae]|\x81[\xa6-\xa9])")
"""Bidirectional signs in UTF-8; a pattern that starts with one byte is searched for fast."""
_NO_CHARACTER = re.compile(rb"\xef(?:\xbf[\xbe\xbf])")
"""U+FFFE and U+FFFF in UTF-8."""

_LONGEST_TEXT = formats.LONGEST_STRING
_NUMBERS = 10**15

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


class Context:
    """What the generated code needs to know of the surroundings, and what it leaves behind."""

    __slots__ = ("base", "depth", "hits", "misses", "texts", "types", "urls")

    def __init__(self, types: dict[str, str] | None, urls: set[str], base: str = "") -> None:
        self.types = types
        """Type and id -> type of every entry of a closed Bundle; None for a resource by itself."""
        self.urls = urls
        """The canonical urls of the entries."""
        self.base = base
        """What the fullUrls of the entries have in front of type and id."""
        self.texts: list[Any] = []
        """The free texts, for `readable`; functions get the list by itself, to be quick."""
        self.hits: list[str] = []
        """The references and canonicals that led to an entry."""
        self.misses: list[Miss] = []
        """The coded elements that have no code of their extensible value set."""
        self.depth = 0
        """How many lists of extensions and types that may hold themselves are open."""

    def readable(self) -> bool:
        """Whether nothing needs to be said about the texts."""
        try:
            return readable(self.texts)
        except TypeError:
            return False


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


class Values(NamedTuple):
    """What an extension may hold that has a choice of values, or extensions beside its value."""

    tests: "dict[str, tuple[Test | None, Shapes | None, Allowed | None]]"
    """value[x] property, or "extension" -> test, or tests of its shapes, and place of its value."""
    beside: "dict[str, Allowed]"
    """_value[x] property -> the place of the extensions in it."""


Entry = tuple[str | None, Test | None, Shapes | None, "Allowed | None", Values]
"""What an extension may hold: the only value[x] property, or "extension", or None when there are several; the
test of that property's value, or of its shapes, neither for any text; the place of the extensions in the
value; all of it. A bare tuple, which is taken apart faster than a named one."""


class Allowed(dict[str, Any]):
    """The extensions that may stand in some place, by url; what is not known is looked up when met."""

    def __init__(
        self,
        maker: "Maker",
        contexts: frozenset[str],
        *,
        modifier: bool = False,
        single: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__()
        self.single = single
        self.maker = maker
        self.contexts = contexts
        self.modifier = modifier

    def __missing__(self, url: str) -> Any:
        table = self.maker.tables.extension(url)
        if (
            table is None
            or table.modifier != self.modifier
            or not in_context(table.context, set(self.contexts))
        ):
            return None  # and not kept: there are endlessly many
        return self.setdefault(url, self.maker.extension_entry(table))

    @cached_property
    def modifiers(self) -> "Allowed":
        """The modifier extensions that may stand there."""
        return Allowed(self.maker, self.contexts, modifier=True)


class Memo:
    """The values of a format that were found right before."""

    def __init__(self, check: formats.Check) -> None:
        self.check = check
        self.known: set[str] = set()

    def add(self, value: Any) -> bool:
        """Whether a value that is not known yet is right; then it is known from now on."""
        if type(value) is not str or self.check(value) is not None:
            return False
        if len(value) <= _MEMO_LENGTH:
            if len(self.known) >= _MEMO_SIZE:
                self.known.clear()
            self.known.add(value)
        return True


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


def readable(texts: list[Any]) -> bool:
    """Whether all of these are texts, none empty or padded, and free of signs that the walker would name.

    orjson writes them fastest of all that looks at every sign; the UTF-8 of a text is kept in it, for whoever
    writes the resource later.
    """
    if not all(texts) or list(map(str.strip, texts)) != texts:  # TypeError when one is no text at all
        return False
    data = orjson.dumps(texts)  # TypeError for half a surrogate pair
    if len(data) > _LONGEST_TEXT or _CONTROL.search(data):
        return False
    return data.isascii() or not (_BIDI.search(data) or (b"\xef" in data and _NO_CHARACTER.search(data)))


def readable_narrative(div: Any) -> bool:
    """Whether a narrative is right that is none of the plain ones."""
    return type(div) is str and bool(div) and narrative(div) is None


class Systems(dict[str, Any]):
    """system -> its codes, True when any will do, None when the walker has to look."""

    def __init__(self, known: Tables) -> None:
        super().__init__()
        self.tables = known

    def __missing__(self, system: str) -> Any:
        found: Any = self.tables.codes(UCUM_UNITS if system == UCUM else system)
        if found is None and self.tables.is_named(system):
            found = True
        return found if found is None else self.setdefault(system, found)


class Concepts:
    """CodeableConcepts with nothing to say about, and nothing but texts in them."""

    def __init__(self) -> None:
        self.known: dict[str, Json] = {}
        """A code -> a concept of it. One that is equal needs no second look: only a text is equal to a text.
        They are copies, so that nobody changes them afterwards."""
        self.met: set[str] = set()

    def note(self, code: str, node: Json) -> None:
        """Keep a concept of one right coding, if it is not the first of its code and its texts are right."""
        if len(code) > _MEMO_LENGTH or code in self.known:
            return
        if code not in self.met:
            if len(self.met) >= _MEMO_SIZE:
                self.met.clear()
                self.known.clear()
            self.met.add(code)
            return
        [one] = node["coding"]
        texts = [value for value in (node.get("text"), one.get("display")) if value is not None]
        if all(type(text) is str and len(text) <= _MEMO_LENGTH for text in texts) and readable(texts):
            self.known[code] = {key: [dict(one)] if key == "coding" else value for key, value in node.items()}


class Maker:
    """Generates and keeps the tests of one release's types."""

    def __init__(self, known: Tables) -> None:
        self.tables = known
        self.invariants = invariants(known.release)
        self._own: dict[str, Callable[[], Test]] = {
            "Coding": self._coding,
            "Reference": self._reference,
            "Extension": lambda: _refused,
            "CodeableConcept": self._concept,
        }
        """What makes the tests of types with code that is not generated."""
        self.special: dict[str, Test] = {}
        self.shapes: dict[str, Shapes] = {}
        """The tests of all other types."""
        self.allowed: dict[frozenset[str], Allowed] = {}
        self.memos = {name: Memo(check) for name, check in known.primitives.items()}
        self.memos["absolute"] = Memo(absolute_uri)
        self.memos["language"] = Memo(language_code)
        self.memos["profile"] = Memo(self._profile)
        self.values: dict[tuple[str, frozenset[str] | None], Test] = {}

    def _profile(self, value: Any) -> formats.Fault | None:
        fault = formats.uri(value)
        if fault is None and not self.tables.is_profile(value):
            return formats.Fault("profile-unknown", "not known", warning=True)
        return fault

    # ------------------------------------------------------------ what the generated code calls

    def place(self, contexts: Iterable[str]) -> Allowed:
        """The extensions allowed where these contexts hold."""
        key = frozenset(contexts)
        if key not in self.allowed:
            self.allowed[key] = Allowed(self, key)
        return self.allowed[key]

    def test(self, name: str) -> Test:
        """The test of a type with code of its own."""
        if name not in self.special:
            self.special[name] = self._own[name]()
        return self.special[name]

    def is_special(self, kind: str) -> bool:
        """Whether a type has code of its own."""
        return kind in self._own

    def shaped(self, name: str) -> Shapes:
        """The tests of a type's shapes, written as they are met."""
        if name not in self.shapes:
            self.shapes[name] = Shapes(self, name)
        return self.shapes[name]

    def extension_entry(self, table: ExtensionTable) -> Entry:
        """What an extension may hold, ready to be called."""
        kinds = {"value" + kind[0].upper() + kind[1:]: kind for kind in table.values}
        tests = {name: self._value(kind, table.targets) for name, kind in kinds.items()}
        beside = {
            "_" + name: self.place(_value_contexts(kind))
            for name, kind in kinds.items()
            if kind in self.tables.primitives
        }
        if table.children:
            tests["extension"] = (extensions, None, self._children(table))
        if len(tests) != 1:
            return None, None, None, None, Values(tests, beside)
        [(key, (test, shapes, place))] = tests.items()
        return key, test, shapes, place, Values(tests, beside)

    def _children(self, table: ExtensionTable) -> Allowed:
        """The extensions in a complex one."""
        inner = Allowed(self, frozenset({"Extension"}), single=table.single)
        for name, child in table.children.items():
            inner[name] = self.extension_entry(child)
        return inner

    def _value(
        self, kind: str, targets: frozenset[str] | None
    ) -> tuple[Test | None, Shapes | None, Allowed | None]:
        """The test of an extension's value, or of its shapes, and the place in it."""
        if kind == "string":
            return None, None, None
        if kind in self._own:
            if kind != "Reference":
                return self.test(kind), None, self.place(_value_contexts(kind))
        elif kind not in self.tables.primitives:
            return None, self.shaped(kind), self.place(_value_contexts(kind))
        key = (kind, targets)
        if key not in self.values:
            element = Element("value", (kind,), targets=targets)
            self.values[key] = self._compile_value(element, kind)
        return self.values[key], None, None

    # ------------------------------------------------------------ types with code of their own

    def _coding(self) -> Test:
        systems = Systems(self.tables)
        tokens = self.memos["code"]
        known_code, add_code = tokens.known, tokens.add

        def uncoded(node: Json, texts: list[Any]) -> bool:
            """A vocabulary that is known by name only, and its version; one with known codes wants a code."""
            if "version" in node:
                texts.append(node["version"])
                return systems[node["system"]] is True and len(node) == 2
            return len(node) == 1 and systems[node["system"]] is True

        def coding(node: Json, _place: Any, texts: list[Any], _context: Context) -> bool:
            if "code" not in node:
                return uncoded(node, texts)
            code = node["code"]
            found = systems[node["system"]]
            if found is True:
                if code not in known_code and not add_code(code):
                    return False
            elif found is None or code not in found:
                return False
            if len(node) == 2:
                return True
            texts.append(node["display"])
            return len(node) == 3

        return coding

    def _concept(self) -> Test:
        """A text, a coding, or both, looked at here; anything else as the table says."""
        whole, coding, concepts = self.shaped("CodeableConcept"), self.test("Coding"), Concepts()
        known, note = concepts.known, concepts.note

        def concept(node: Json, place: Allowed, texts: list[Any], context: Context) -> bool:
            found = node.get("coding")
            if type(found) is not list or len(found) != 1:
                if len(node) == 1 and "text" in node:
                    texts.append(node["text"])
                    return type(node) is dict
                return whole[tuple(node)](node, place, texts, context)
            one = found[0]
            code = one.get("code")
            if code in known and known[code] == node:
                return True
            if type(one) is not dict or type(node) is not dict or not coding(one, None, texts, context):
                return False
            if len(node) == 2 and "text" in node:
                texts.append(node["text"])
            elif len(node) != 1:
                # the coding's texts are gathered twice, which does no harm
                return whole[tuple(node)](node, place, texts, context)
            if type(code) is str:
                note(code, node)
            return True

        return concept

    def _reference(self) -> Test:
        resources = self.tables.resources
        identifier = self.shaped("Identifier")
        named = self.place({"Identifier", "Reference.identifier", "Reference.identifier[x]"})

        def resolved(value: str, context: Context) -> str | None:
            """The type that a reference leads to which is not just type and id of an entry."""
            if context.types is None:
                return _open_type(value, resources)
            return context.types.get(value.removeprefix(context.base))

        def reference(
            node: Json,
            place: Allowed,
            texts: list[Any],
            context: Context,
            targets: frozenset[str] | None = None,
        ) -> bool:
            size, types = len(node), context.types
            if "reference" in node and (size == 1 or (size == 2 and "display" in node)):
                value = node["reference"]
                kind = (types.get(value) if types is not None else None) or resolved(value, context)
                if kind is None or (targets is not None and kind not in targets):
                    return False
                context.hits.append(value)
                if size == 2:
                    texts.append(node["display"])
                return True
            kind = stated = None
            if not node:
                return False
            for key, value in node.items():
                if key == "reference":
                    kind = (types.get(value) if types is not None else None) or resolved(value, context)
                    if kind is None or (targets is not None and kind not in targets):
                        return False
                    context.hits.append(value)
                elif key == "display":
                    texts.append(value)
                elif key == "type":
                    stated = value
                elif key == "extension":
                    if not extensions(value, place, texts, context):
                        return False
                elif key != "identifier" or not identifier[tuple(value)](value, named, texts, context):
                    return False
            if kind is None and stated is not None:
                return "identifier" in node and stated in (resources if targets is None else targets)
            return stated is None or stated == kind

        return reference

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

    def _compile_value(self, element: Element, kind: str) -> Test:
        writer = Writer(self, TypeTable("Extension", {}, ()))
        return writer.compiled_value(element, kind)


def _refused(*_: Any) -> bool:
    """An extension as the value of an element: nobody does it."""
    return False


def _open_type(text: str, resources: frozenset[str]) -> str | None:
    """The type that a reference names, where nothing around has to hold its target."""
    literal = references.parse(text)
    return literal.type if literal is not None and literal.type in resources and text[0] != "#" else None


_url = itemgetter("url")


def extensions(found: Any, place: Allowed, texts: list[Any], context: Context) -> bool:
    """The extensions of one element."""
    context.depth += 1
    if not found or context.depth > _DEEPEST:
        return False
    for one in found:  # in anything but a list there are no objects
        key, test, shapes, inner, values = place[one["url"]]
        if key is None or len(one) != 2:
            key = _beside(one, values.beside, texts, context) if len(one) != 2 else _other_key(one)
            test, shapes, inner = values.tests[key]
        if test is not None:
            if not test(one[key], inner, texts, context):
                return False
        elif shapes is None:
            texts.append(one[key])
        else:
            value = one[key]
            if not shapes[tuple(value)](value, inner, texts, context):
                return False
    context.depth -= 1
    count = len(found)
    if not place.single or count == 1 or (count == 2 and found[0]["url"] != found[1]["url"]):
        return True
    return len(set(map(_url, found))) == count or _once(found, place.single)


def _once(found: list[Json], single: frozenset[str]) -> bool:
    """Whether what may stand once stands once."""
    urls = [one["url"] for one in found if one["url"] in single]
    return len(urls) == len(set(urls))


def _other_key(one: Json) -> str:
    """The key of two that is not "url"."""
    first, second = one
    return first if second == "url" else second


def _beside(one: Json, beside: dict[str, Allowed], texts: list[Any], context: Context) -> str:
    """The value's key in an extension of url, primitive value, and extensions of that value."""
    for key, place in beside.items():
        if key in one and len(one) == 3 and primitive_extensions(one[key], place, texts, context):
            return key[1:]
    raise KeyError("value")


def _value_contexts(kind: str) -> set[str]:
    """Where an extension of an extension's value stands."""
    return {kind, "Extension.value", "Extension.value[x]"}


def primitive_extensions(found: Any, place: Allowed, texts: list[Any], context: Context) -> bool:
    """The `_` sibling of a primitive, with nothing but extensions."""
    return type(found) is dict and len(found) == 1 and extensions(found["extension"], place, texts, context)


def in_value_set(concept: Json, pairs: frozenset[tuple[str, str]]) -> bool:
    """Whether a CodeableConcept has a code of a value set."""
    for one in concept.get("coding", ()):  # noqa: SIM110 - a generator takes three times as long
        if (one.get("system"), one.get("code")) in pairs:
            return True
    return False


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

    def compiled_value(self, element: Element, kind: str) -> Test:
        """The test of an extension's value: (value, place, texts, context) -> bool."""
        self.line(0, "def test(value, _, texts, context):")
        self.value(1, "value", element, kind)
        self.line(1, "return True")
        return self._run()

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
            self.refuse_if(indent, f"context.depth > {_DEEPEST}")
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
        if self.maker.is_special(kind):
            if kind in ("Coding", "Reference"):
                self.refuse_if(indent, f"type({var}) is not dict")
            test, targets = self.name(self.maker.test(kind)), ""
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
        elif kind in ("integer", "positiveInt", "unsignedInt"):
            least = {"integer": -(2**31), "positiveInt": 1, "unsignedInt": 0}[kind]
            self.refuse_if(indent, f"type({var}) is not int or not {least} <= {var} <= {2**31 - 1}")
        elif kind == "decimal":
            number = f"type({var}) is not float and type({var}) is not int"
            self.refuse_if(indent, f"{number} or not -{_NUMBERS} < {var} < {_NUMBERS}")
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


# ---------------------------------------------------------------- resources and bundles

_GIVEN_UP = (TypeError, KeyError, AttributeError, IndexError, ValueError, RecursionError)
"""What code without type checks raises on a value of a wrong type."""


class Accepted(NamedTuple):
    """What there is to know of a resource without fault."""

    hits: list[str]
    """The references in it that led to an entry."""
    misses: list[Miss]
    """The only findings that may be left: warnings about extensible value sets."""


class Verdict(NamedTuple):
    """What the accept path says of a Bundle."""

    clean: bool
    """Whether all resources are accepted, and the Bundle as a whole."""
    accepted: dict[int, Accepted]
    """The entries whose resources are accepted; in a clean Bundle only those with something left to say."""


NOTHING = Verdict(clean=False, accepted={})


class Index(NamedTuple):
    """The entries of a Bundle of the plain kind."""

    types: dict[str, str]
    """Type and id -> type, in the order of the entries; their fullUrls add nothing but the base."""
    urls: set[str]
    """Their canonical urls."""
    base: str
    """What their fullUrls have in front of type and id."""


class Acceptor:
    """The accept path of one release."""

    def __init__(self, release: Release) -> None:
        self.maker = Maker(tables(release))
        self.tests: dict[str, tuple[Shapes, Allowed]] = {}

    def resource(self, node: Json) -> Accepted | None:
        """What is to be known of a resource that stands by itself; None when the walker has to look."""
        context = Context(None, set())
        good = self._tried(node, context) and context.readable()
        return Accepted([], context.misses) if good else None

    def _tried(self, node: Json, context: Context) -> bool:
        context.depth = 0
        try:
            return self._clean(node, context)
        except _GIVEN_UP:
            return False

    def _clean(self, node: Json, context: Context) -> bool:
        kind = node["resourceType"]
        shapes, place = self.tests.get(kind) or self._test(kind)
        return len(node) > 1 and shapes[tuple(node)](node, place, context.texts, context)

    def _test(self, kind: str) -> tuple[Shapes, Allowed]:
        if kind not in self.maker.tables.resources or self.maker.tables.type(kind) is None:
            raise KeyError(kind)
        self.tests[kind] = (self.maker.shaped(kind), self.maker.place({kind, *RESOURCE_CONTEXTS}))
        return self.tests[kind]

    def bundle(self, node: Json) -> Verdict:
        """What can be accepted of a collection or a transaction."""
        try:
            index = _index(node)
            if index is None or not self._head(node):
                return NOTHING
            return self._whole(node["entry"], index) or self._entries(node["entry"], index)
        except _GIVEN_UP:
            return NOTHING

    def _head(self, node: Json) -> bool:
        """The Bundle without its entries; the type is one that `_index` knows."""
        if len(node) == 3 and node["resourceType"] == "Bundle":
            return True  # and nothing else: `_index` has looked at type and entry
        rest = {key: value for key, value in node.items() if key != "entry"}
        if rest.keys() - {"resourceType", "type", "id", "timestamp", "meta", "identifier"}:
            return False
        context = Context({}, set())
        return self._clean(rest, context) and context.readable() and not context.misses

    def _whole(self, found: list[Json], index: Index) -> Verdict | None:
        """The verdict on a clean Bundle; None when some entry is not accepted, whichever it is."""
        context = Context(index.types, index.urls, index.base)
        hits, misses, texts, tests = context.hits, context.misses, context.texts, self.tests
        left: dict[int, Accepted] = {}
        leaves: list[tuple[str, Json]] = []
        try:
            for number, (key, entry) in enumerate(zip(index.types, found, strict=True)):
                referring, missed = len(hits), len(misses)
                node = entry["resource"]
                shapes, place = tests.get(node["resourceType"]) or self._test(node["resourceType"])
                if len(node) < 2 or not shapes[tuple(node)](node, place, texts, context):
                    return None
                if len(hits) == referring:
                    leaves.append((key, entry))
                if len(misses) != missed:
                    left[number] = Accepted([], misses[missed:])
        except _GIVEN_UP:
            return None
        if context.readable() and (len(found) == 1 or _referred(leaves, set(hits))):
            return Verdict(clean=True, accepted=left)
        return None

    def _entries(self, found: list[Json], index: Index) -> Verdict:
        """Which entries of a Bundle are accepted that is not clean as a whole."""
        accepted: dict[int, Accepted] = {}
        for number, entry in enumerate(found):
            context = Context(index.types, index.urls, index.base)
            if self._tried(entry["resource"], context) and context.readable():
                accepted[number] = Accepted(context.hits, context.misses)
        return Verdict(clean=False, accepted=accepted)


def _index(node: Json) -> Index | None:
    """The entries, when all are of the plain kind."""
    kind = node["type"]
    found = entries(node)
    if kind not in ("collection", "transaction") or not found or type(node["entry"]) is not list:
        return None
    first = found[0]["resource"]
    base = found[0]["fullUrl"].removesuffix(f"{first['resourceType']}/{first['id']}")
    if not _is_base(base):
        return None
    index = Index({}, set(), base)
    types, size = index.types, 3 if kind == "transaction" else 2
    for entry in found:
        resource = entry["resource"]
        name = resource["resourceType"]
        key = f"{name}/{resource['id']}"
        if entry["fullUrl"] != base + key or len(entry) != size or type(entry) is not dict:
            return None
        if size == 3 and not _plain_request(entry["request"], name, key):
            return None
        types[key] = name
        if "url" in resource:
            index.urls.add(resource["url"])
    return index if len(types) == len(found) else None


@lru_cache(maxsize=64)
def _is_base(base: str) -> bool:
    """Whether type and id can follow."""
    return base_of(f"{base}Group/1") == base and formats.uri(base) is None


def _plain_request(request: Json, name: str, key: str) -> bool:
    """A PUT to the resource's own place, or a POST to its type."""
    if type(request) is not dict or len(request) != 2:
        return False
    method, url = request["method"], request["url"]
    return bool((method == "PUT" and url == key) or (method == "POST" and url == name))


def _referred(leaves: list[tuple[str, Json]], hits: set[str]) -> bool:
    """Whether something refers to each of the entries that refer to none themselves."""
    return all(
        key in hits or entry["fullUrl"] in hits or entry["resource"].get("url") in hits
        for key, entry in leaves
    )


@cache
def acceptor(release: Release) -> Acceptor:
    """The accept path of a release; its code is generated as types are met."""
    return Acceptor(release)
