"""The accept path: answers "certainly nothing to say about it", or sends the resource to the walker.

For every type that is met, straight Python code is generated from the tables, once (decision 0004 has the
figures). It knows no messages and no paths, and gives up on what is rare: contained resources, ids of
extensions. It must be sound: whatever it accepts, the walker finds no issue in, not even a
warning. Wrong types of values may raise TypeError and the like, which `Acceptor` takes for a "no".
"""

from collections.abc import Callable, Iterable
from functools import cache, cached_property
from typing import Any, NamedTuple

from fhir_trial.release import Release
from fhir_trial.validation import formats, references
from fhir_trial.validation.bundles import entries
from fhir_trial.validation.invariants import invariants
from fhir_trial.validation.narrative import is_plain, narrative
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

_CONTROLS = bytes(sign for sign in range(32) if sign not in (9, 10, 13))
_RARE = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff"
"""Signs beyond ASCII that the walker may have to say something about."""

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


Miss = tuple[Json, str]
"""A coded element, and the extensible value set of which it has no code."""


class Context(NamedTuple):
    """What the generated code needs to know of the surroundings."""

    types: dict[str, str] | None
    """Reference -> type of every entry of a closed Bundle; None for a resource by itself."""
    hit: Callable[[str], None]
    """Called with every reference or canonical that leads to an entry."""
    urls: set[str]
    """The canonical urls of the entries."""
    miss: Callable[[Miss], None]
    """Called with every coded element that has no code of its extensible value set."""
    depth: list[int]
    """How many types that may hold themselves are open, in its only item."""


class Entry(NamedTuple):
    """What an extension may hold."""

    key: str | None
    """The only value[x] property, or "extension"; None when there are several."""
    test: Test | None
    """The test of that property's value, None for any text."""
    place: "Allowed | None"
    """The place of the extensions in the value."""
    tests: "dict[str, tuple[Test | None, Allowed | None]]"
    """Property -> test and place of its value."""
    beside: "dict[str, Allowed]"
    """_value[x] property -> the place of the extensions in it."""


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
    """Whether all of these are texts, none empty or padded, and free of signs that the walker would name."""
    if not all(texts) or list(map(str.strip, texts)) != texts:  # TypeError when one is no text at all
        return False
    joined = "\n".join(texts)
    try:
        data = joined.encode()
    except UnicodeEncodeError:
        return False
    if len(data) > _LONGEST_TEXT or len(data.translate(None, _CONTROLS)) != len(data):
        return False
    if joined.isascii():
        return True
    odd = "".join([text for text in texts if not text.isascii()])
    return not any(sign in odd for sign in _RARE)


def readable_narrative(div: Any, text: Callable[[str], None]) -> bool:
    """Whether a narrative is right; of a plain one the signs are left to `readable`."""
    if type(div) is not str:
        return False
    if is_plain(div):
        text(div)
        return True
    return bool(div) and narrative(div) is None


class Maker:
    """Generates and keeps the tests of one release's types."""

    def __init__(self, known: Tables) -> None:
        self.tables = known
        self.invariants = invariants(known.release)
        self.types: dict[str, Test] = {}
        self.users: dict[str, list[tuple[dict[str, Any], str]]] = {}
        """Types that are not compiled yet -> the code that calls them, and by which name."""
        self.allowed: dict[frozenset[str], Allowed] = {}
        self.memos = {name: Memo(check) for name, check in known.primitives.items()}
        self.memos["absolute"] = Memo(absolute_uri)
        self.memos["language"] = Memo(language_code)
        self.memos["profile"] = Memo(self._profile)
        self.values: dict[tuple[str, frozenset[str] | None], Test] = {}
        self.pairs: set[tuple[str, str]] = set()
        """System and code of codings that were found right before."""

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
        """The test of a complex type, made when it is first called."""
        if name in self.types:
            return self.types[name]
        special: dict[str, Callable[[], Test]] = {
            "Coding": self._coding,
            "Reference": self._reference,
            "Extension": lambda: _refused,
            "CodeableConcept": self._concept,
        }
        if name in special:
            self.types[name] = special[name]()
            return self.types[name]

        def later(*arguments: Any) -> bool:
            """Compiles the type at its first use."""
            if self.types[name] is later:
                self._replace(name, self.compiled(name))
            return self.types[name](*arguments)

        self.types[name] = later
        return later

    def _replace(self, name: str, test: Test) -> None:
        """Let all code that calls a type call its real test from now on."""
        self.types[name] = test
        for scope, variable in self.users.pop(name, []):
            scope[variable] = test

    def extension_entry(self, table: ExtensionTable) -> "Entry":
        """What an extension may hold, ready to be called."""
        kinds = {"value" + kind[0].upper() + kind[1:]: kind for kind in table.values}
        tests = {name: self._value(kind, table.targets) for name, kind in kinds.items()}
        beside = {
            "_" + name: self.place(_value_contexts(kind))
            for name, kind in kinds.items()
            if kind in self.tables.primitives
        }
        if table.children:
            tests["extension"] = (extensions, self._children(table))
        if len(tests) != 1:
            return Entry(None, None, None, tests, beside)
        [(key, (test, place))] = tests.items()
        return Entry(key, test, place, tests, beside)

    def _children(self, table: ExtensionTable) -> Allowed:
        """The extensions in a complex one."""
        inner = Allowed(self, frozenset({"Extension"}), single=table.single)
        for name, child in table.children.items():
            inner[name] = self.extension_entry(child)
        return inner

    def _value(self, kind: str, targets: frozenset[str] | None) -> tuple[Test | None, Allowed | None]:
        """The test of an extension's value, and the place in it."""
        if kind == "string":
            return None, None
        if kind == "CodeableConcept":
            return self.test(kind), self.place(_value_contexts(kind))
        key = (kind, targets)
        if key not in self.values:
            element = Element("value", (kind,), targets=targets)
            self.values[key] = self._compile_value(element, kind)
        return self.values[key], None

    # ------------------------------------------------------------ types with code of their own

    def _coding(self) -> Test:
        codes = self.tables.codes
        named = self.tables.is_named

        class Systems(dict[str, Any]):
            """system -> its codes, True when any will do, None when the walker has to look."""

            def __missing__(self, system: str) -> Any:
                found: Any = codes(UCUM_UNITS) if system == UCUM else codes(system)
                if found is None and named(system):
                    found = True
                return found if found is None else self.setdefault(system, found)

        systems = Systems()
        tokens = self.memos["code"]
        known_code, add_code, pairs = tokens.known, tokens.add, self.pairs

        def uncoded(node: Json, text: Callable[[str], None]) -> bool:
            """A vocabulary that is known by name only, and its version; one with known codes wants a code."""
            if "version" in node:
                text(node["version"])
                return systems[node["system"]] is True and len(node) == 2
            return len(node) == 1 and systems[node["system"]] is True

        def coding(node: Json, _place: Any, text: Callable[[str], None], _context: Context) -> bool:
            if "code" not in node:
                return uncoded(node, text)
            code = node["code"]
            found = systems[node["system"]]
            if found is True:
                if code not in known_code and not add_code(code):
                    return False
            elif found is None or code not in found:
                return False
            if len(node) == 2:
                if len(pairs) > _MEMO_SIZE:
                    pairs.clear()
                pairs.add((node["system"], code))
                return True
            text(node["display"])
            return len(node) == 3

        return coding

    def _concept(self) -> Test:
        """A text, a coding, or both, looked at here; anything else as the table says."""
        whole, coding, pairs = self.compiled("CodeableConcept"), self.test("Coding"), self.pairs

        def concept(node: Json, place: Allowed, text: Callable[[str], None], context: Context) -> bool:
            size = len(node)
            if "text" in node:
                if size == 1:
                    text(node["text"])
                    return type(node) is dict
                if size == 2 and "coding" in node:
                    found = node["coding"]
                    if type(found) is list and len(found) == 1:
                        one = found[0]
                        text(node["text"])
                        if len(one) == 2 and (one.get("system"), one.get("code")) in pairs:
                            return type(one) is dict and type(node) is dict
                        return type(one) is dict and coding(one, None, text, context)
            return whole(node, place, text, context)

        return concept

    def _reference(self) -> Test:
        resources = self.tables.resources
        identifier = self.test("Identifier")
        named = self.place({"Identifier", "Reference.identifier", "Reference.identifier[x]"})

        def reference(
            node: Json,
            place: Allowed,
            text: Callable[[str], None],
            context: Context,
            targets: frozenset[str] | None = None,
        ) -> bool:
            kind = stated = None
            if not node:
                return False
            for key, value in node.items():
                if key == "reference":
                    types = context.types
                    kind = _open_type(value, resources) if types is None else types.get(value)
                    if kind is None or (targets is not None and kind not in targets):
                        return False
                    context.hit(value)
                elif key == "display":
                    text(value)
                elif key == "type":
                    stated = value
                elif key == "extension":
                    if not extensions(value, place, text, context):
                        return False
                elif key != "identifier" or not identifier(value, named, text, context):
                    return False
            if kind is None and stated is not None:
                return "identifier" in node and stated in (resources if targets is None else targets)
            return stated is None or stated == kind

        return reference

    # ------------------------------------------------------------ generated code

    def compiled(self, name: str) -> Test:
        table = self.tables.type(name)
        if table is None:
            raise TypeError(name)
        writer = Writer(self, table)
        return writer.compiled()

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


def extensions(found: Any, place: Allowed, text: Callable[[str], None], context: Context) -> bool:
    """The extensions of one element."""
    depth = context.depth
    depth[0] += 1
    if type(found) is not list or not found or depth[0] > _DEEPEST:
        return False
    for one in found:
        key, test, inner, tests, beside = place[one["url"]]
        if len(one) != 2:
            key = _beside(one, beside, text, context)
            test, inner = tests[key]
        elif key is None:
            first, key = one
            if key == "url":
                key = first
            test, inner = tests[key]
        if test is None:
            text(one[key])
        elif not test(one[key], inner, text, context):
            return False
    depth[0] -= 1
    return len(found) == 1 or not place.single or _once(found, place.single)


def _once(found: list[Json], single: frozenset[str]) -> bool:
    """Whether what may stand once stands once."""
    urls = [one["url"] for one in found if one["url"] in single]
    return len(urls) == len(set(urls))


def _beside(one: Json, beside: dict[str, Allowed], text: Callable[[str], None], context: Context) -> str:
    """The value's key in an extension of url, primitive value, and extensions of that value."""
    for key, place in beside.items():
        if key in one and len(one) == 3 and primitive_extensions(one[key], place, text, context):
            return key[1:]
    raise KeyError("value")


def _value_contexts(kind: str) -> set[str]:
    """Where an extension of an extension's value stands."""
    return {kind, "Extension.value", "Extension.value[x]"}


def primitive_extensions(found: Any, place: Allowed, text: Callable[[str], None], context: Context) -> bool:
    """The `_` sibling of a primitive, with nothing but extensions."""
    return type(found) is dict and len(found) == 1 and extensions(found["extension"], place, text, context)


def in_value_set(concept: Json, pairs: frozenset[tuple[str, str]]) -> bool:
    """Whether a CodeableConcept has a code of a value set."""
    return any((one.get("system"), one.get("code")) in pairs for one in concept.get("coding", ()))


class Writer:
    """Writes the source of one type's test."""

    def __init__(self, maker: Maker, table: TypeTable) -> None:
        self.maker = maker
        self.table = table
        self.lines: list[str] = []
        self.calls: dict[str, str] = {}
        """Variable -> the type whose test it is."""
        self.names: dict[str, Any] = {
            "extensions": extensions,
            "primitive_extensions": primitive_extensions,
            "in_value_set": in_value_set,
            "html_tag": formats.HTML_TAG.search,
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
        """The test of the type: (node, place, text, context) -> bool."""
        self.line(0, "def test(node, place, text, context):")
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

    def compiled_value(self, element: Element, kind: str) -> Test:
        """The test of an extension's value: (value, place, text, context) -> bool."""
        self.line(0, "def test(value, _, text, context):")
        self.value(1, "value", element, kind)
        self.line(1, "return True")
        return self._run()

    def _run(self) -> Test:
        scope = dict(self.names)
        for variable, kind in self.calls.items():
            scope[variable] = self.maker.test(kind)  # it may have been compiled meanwhile
            self.maker.users.setdefault(kind, []).append((scope, variable))
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
        if self.table.name in ("Quantity", "Age", "Duration", "Count", "Distance"):
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
            element, kind = self.table.properties[name]
            if name == "contained":
                continue
            self.line(2, f"{word} key == {name!r}:")
            word = "elif"
            if element.choice:
                self.line(3, f"{choices[element.name]} += 1")
            if name == "id" and not self.is_resource:
                self.refuse_if(3, "len(node) == 1")
            if name == "extension":
                self.refuse_if(3, "not extensions(value, place, text, context)")
            elif name == "modifierExtension":
                self.refuse_if(3, "not extensions(value, place.modifiers, text, context)")
            else:
                self._items(element, kind)
        self._underscored(word)
        self.line(2, "else:")
        self.line(3, "return False")

    def _underscored(self, word: str) -> None:
        """`_name` of single primitives: only beside a value, or instead of one that may be missing."""
        for name, (element, kind) in self.table.properties.items():
            if kind not in self.maker.tables.primitives or element.many or element.choice or name == "id":
                continue
            self.line(2, f"{word} key == {'_' + name!r}:")
            place = self.name(self.maker.place(self._contexts(element, kind)))
            self.refuse_if(3, f"not primitive_extensions(value, {place}, text, context)")
            word = "elif"

    def _contexts(self, element: Element, kind: str) -> set[str]:
        where = f"{self.table.name}.{element.name}"
        found = {kind, where, where + "[x]"}
        return found | {"BackboneElement"} if "." in kind else found

    def _items(self, element: Element, kind: str) -> None:
        if not element.many:
            self.value(3, "value", element, kind)
            return
        self.refuse_if(3, "type(value) is not list or not value")
        self.line(3, "for one in value:")
        self.value(4, "one", element, kind)

    # ------------------------------------------------------------ values

    def value(self, indent: int, var: str, element: Element, kind: str) -> None:
        """The test of one value."""
        if kind in self.maker.tables.primitives:
            self._primitive(indent, var, element, kind)
        elif kind == "xhtml":
            self.refuse_if(indent, f"not narrative({var}, text)")
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
        test = self.name(self.maker.test(kind))
        self.calls[test] = kind
        if kind == "Coding":
            self.refuse_if(indent, f"type({var}) is not dict")
        inside_itself = kind == self.table.name or (self.table.name == "Identifier" and kind == "Reference")
        if inside_itself:
            self.line(indent, "context.depth[0] += 1")
            self.refuse_if(indent, f"context.depth[0] > {_DEEPEST}")
        targets = ""
        if kind == "Reference":
            self.refuse_if(indent, f"type({var}) is not dict")
            allowed = element.targets
            if allowed is not None and allowed <= self.maker.tables.resources:
                targets = f", {self.name(allowed)}"
        self.refuse_if(indent, f"not {test}({var}, {place}, text, context{targets})")
        if inside_itself:
            self.line(indent, "context.depth[0] -= 1")
        value_set = element.required or element.extensible
        if value_set is not None and kind in ("CodeableConcept", "Coding"):
            pairs = self.name(self.maker.tables.pairs(value_set))
            held = var if kind == "CodeableConcept" else f"{{'coding': [{var}]}}"
            self.line(indent, f"if not in_value_set({held}, {pairs}):")
            miss = f"context.miss(({var}, {value_set!r}))"
            self.line(indent + 1, "return False" if element.required else miss)

    def _primitive(self, indent: int, var: str, element: Element, kind: str) -> None:
        if kind in ("string", "markdown"):
            if kind == "markdown":
                self.refuse_if(indent, f"'<' in {var} and html_tag({var})")
            self.line(indent, f"text({var})  # and `readable` looks at it")
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
            self.line(indent + 1, f"context.hit({var})")


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
    """The entries whose resources are accepted."""


NOTHING = Verdict(clean=False, accepted={})


class Acceptor:
    """The accept path of one release."""

    def __init__(self, release: Release) -> None:
        self.maker = Maker(tables(release))
        self.tests: dict[str, tuple[Test, Allowed]] = {}

    def resource(self, node: Json) -> Accepted | None:
        """What is to be known of a resource that stands by itself; None when the walker has to look."""
        texts: list[str] = []
        misses: list[Miss] = []
        context = Context(None, _forget, set(), misses.append, [0])
        good = self._tried(node, texts.append, context) and _readable(texts)
        return Accepted([], misses) if good else None

    def _clean(self, node: Json, text: Callable[[str], None], context: Context) -> bool:
        kind = node["resourceType"]
        found = self.tests.get(kind)
        if found is None:
            found = self._test(kind)
        return len(node) > 1 and found[0](node, found[1], text, context)

    def _test(self, kind: str) -> tuple[Test, Allowed]:
        if kind not in self.maker.tables.resources or self.maker.tables.type(kind) is None:
            raise KeyError(kind)
        test = self.maker.compiled(kind)
        self.tests[kind] = (test, self.maker.place({kind, *RESOURCE_CONTEXTS}))
        return self.tests[kind]

    def bundle(self, node: Json) -> Verdict:
        """What can be accepted of a collection or a transaction."""
        try:
            index = _index(node)
            if index is None or not self._head(node):
                return NOTHING
            return self._entries(node, index)
        except _GIVEN_UP:
            return NOTHING

    def _head(self, node: Json) -> bool:
        """The Bundle without its entries; the type is one that `_index` knows."""
        rest = {key: value for key, value in node.items() if key != "entry"}
        if rest.keys() - {"resourceType", "type", "id", "timestamp", "meta", "identifier"}:
            return False
        texts: list[str] = []
        misses: list[Miss] = []
        context = Context({}, _forget, set(), misses.append, [0])
        return self._clean(rest, texts.append, context) and _readable(texts) and not misses

    def _entries(self, node: Json, index: dict[str, str]) -> Verdict:
        texts: list[str] = []
        accepted: dict[int, Accepted] = {}
        spans: dict[int, slice] = {}
        hits: list[str] = []
        misses: list[Miss] = []
        urls = {entry["resource"].get("url") for entry in node["entry"]}
        context = Context(index, hits.append, urls, misses.append, [0])
        for number, entry in enumerate(node["entry"]):
            start, missed, before = len(hits), len(misses), len(texts)
            if self._tried(entry["resource"], texts.append, context):
                accepted[number] = Accepted(hits[start:], misses[missed:])
                spans[number] = slice(before, len(texts))
            else:
                del texts[before:], hits[start:], misses[missed:]
        if not _readable(texts):
            accepted = {n: one for n, one in accepted.items() if _readable(texts[spans[n]])}
        clean = len(accepted) == len(node["entry"]) and _connected(node["entry"], accepted, hits)
        return Verdict(clean, accepted)

    def _tried(self, node: Json, text: Callable[[str], None], context: Context) -> bool:
        context.depth[0] = 0
        try:
            return self._clean(node, text, context)
        except _GIVEN_UP:
            return False


def _readable(texts: list[Any]) -> bool:
    """`readable`, of what may be no texts."""
    try:
        return readable(texts)
    except TypeError:
        return False


def _forget(_: str) -> None:
    """References of a resource by itself lead nowhere."""


def _index(node: Json) -> dict[str, str] | None:
    """Reference -> type of every entry, when all entries are of the plain kind."""
    kind = node["type"]
    found = entries(node)
    if kind not in ("collection", "transaction") or not found or type(node["entry"]) is not list:
        return None
    base = base_of(found[0]["fullUrl"])
    if base is None or formats.uri(base) is not None:
        return None
    index: dict[str, str] = {}
    size = 3 if kind == "transaction" else 2
    for entry in found:
        resource = entry["resource"]
        name, identity = resource["resourceType"], resource["id"]
        key = f"{name}/{identity}"
        if entry["fullUrl"] != base + key or key in index or len(entry) != size or type(entry) is not dict:
            return None
        if size == 3 and not _plain_request(entry["request"], name, key):
            return None
        index[key] = index[base + key] = name
    return index


def _plain_request(request: Json, name: str, key: str) -> bool:
    """A PUT to the resource's own place, or a POST to its type."""
    if type(request) is not dict or len(request) != 2:
        return False
    method, url = request["method"], request["url"]
    return bool((method == "PUT" and url == key) or (method == "POST" and url == name))


def _connected(found: list[Json], accepted: dict[int, Accepted], hits: list[str]) -> bool:
    """Whether every entry refers to one or is referred to."""
    if len(found) == 1:
        return True
    referenced = set(hits)
    for number, entry in enumerate(found):
        if accepted[number].hits:
            continue
        resource = entry["resource"]
        names = {entry["fullUrl"], f"{resource['resourceType']}/{resource['id']}", resource.get("url")}
        if names.isdisjoint(referenced):
            return False
    return True


@cache
def acceptor(release: Release) -> Acceptor:
    """The accept path of a release; its code is generated as types are met."""
    return Acceptor(release)
