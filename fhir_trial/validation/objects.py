"""What the accept path is put together from: tests of primitives, objects, concepts, references, extensions.

A wheel holds them compiled (docs/decisions/0008). They know no messages and no paths. A wrong type of a value
may raise TypeError and the like, which `accept` takes for a "no".
"""

import re
from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

import orjson

from fhir_trial.validation import formats, references
from fhir_trial.validation.narrative import is_plain, narrative
from fhir_trial.validation.places import Miss
from fhir_trial.validation.references import base_of

Json = dict[str, Any]
Rule = Callable[[Json], bool]

MEMO_SIZE: Final = 50_000
"""Values kept per format (dates, ids, urls come again and again); beyond that the memory starts afresh."""
MEMO_LENGTH: Final = 200
"""Longer values (attached data) are not kept."""
SHAPES: Final = 1000
"""Shapes of one type that are kept; beyond that the memory starts afresh."""
DEEPEST: Final = 12
"""Extensions and actions inside each other that are accepted; the walker counts every object, up to 100."""
LEAST: Final = {"integer": -(2**31), "positiveInt": 1, "unsignedInt": 0}
"""The types of whole numbers and the least that each may hold."""
MOST: Final = 2**31 - 1
NUMBERS: Final = 10**15
"""Decimals are accepted up to here; larger ones are left to the walker."""

_CONTROL = re.compile(rb"\\[bfu]")
"""How orjson writes a control character; a backslash and one of these letters in a text look alike."""
_BIDI = re.compile(rb"\xe2(?:\x80[\xaa-\xae]|\x81[\xa6-\xa9])")
"""Bidirectional signs in UTF-8; a pattern that starts with one byte is searched for fast."""
_NO_CHARACTER = re.compile(rb"\xef(?:\xbf[\xbe\xbf])")
"""U+FFFE and U+FFFF in UTF-8."""


class Context:
    """What the tests need to know of the surroundings, and what they leave behind."""

    def __init__(self, types: dict[str, str] | None, urls: set[str], base: str) -> None:
        self.types = types
        """Type and id -> type of every entry of a closed Bundle; None for a resource by itself."""
        self.urls = urls
        """The canonical urls of the entries."""
        self.base = base
        """What the fullUrls of the entries have in front of type and id."""
        self.texts: list[Any] = []
        """The free texts, for `readable`; functions get the list by itself, to be quick."""
        self.hits: list[str] = []
        """The references that led to an entry."""
        self.links: list[str] = []
        """The canonicals that led to an entry, without their versions."""
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


class Check:
    """The test of one value."""

    def holds(self, value: Any, place: "Allowed", texts: list[Any], context: Context) -> bool:
        """Whether there is nothing to say about a value; its texts are left to `readable`.

        place: the extensions that the object may have which holds the value.
        """
        raise NotImplementedError


class Passed(Check):
    """Of what has been looked at before."""

    def holds(self, value: Any, place: "Allowed", texts: list[Any], context: Context) -> bool:
        return True


class Refused(Check):
    """Of what is left to the walker, because it is rare or never right."""

    def holds(self, value: Any, place: "Allowed", texts: list[Any], context: Context) -> bool:
        return False


class Each(Check):
    """Of a list, item by item."""

    def __init__(self, item: Check) -> None:
        self.item = item

    def holds(self, value: Any, place: "Allowed", texts: list[Any], context: Context) -> bool:
        if type(value) is not list or not value:
            return False
        item = self.item
        items: list[Any] = value
        for one in items:  # noqa: SIM110 - a generator takes three times as long
            if not item.holds(one, place, texts, context):
                return False
        return True


# ---------------------------------------------------------------- texts and other primitives


class Text(Check):
    """Of a free text."""

    def holds(self, value: Any, place: "Allowed", texts: list[Any], context: Context) -> bool:
        texts.append(value)
        return True


class Markup(Check):
    """Of a markdown."""

    def holds(self, value: Any, place: "Allowed", texts: list[Any], context: Context) -> bool:
        texts.append(value)
        return "<" not in value or formats.HTML_TAG.search(value) is None


class Div(Check):
    """Of a narrative."""

    def holds(self, value: Any, place: "Allowed", texts: list[Any], context: Context) -> bool:
        if is_plain(value):
            texts.append(value)  # the signs in it are left to `readable`
            return True
        return type(value) is str and bool(value) and narrative(value) is None


def readable(texts: list[Any]) -> bool:
    """Whether all of these are texts, none empty or padded, and free of signs that the walker would name.

    orjson writes them fastest of all that looks at every sign; the UTF-8 of a text is kept in it, for whoever
    writes the resource later.
    """
    if not all(texts) or list(map(str.strip, texts)) != texts:  # TypeError when one is no text at all
        return False
    data = orjson.dumps(texts)  # TypeError for half a surrogate pair
    if len(data) > formats.LONGEST_STRING or _CONTROL.search(data):
        return False
    return data.isascii() or not (_BIDI.search(data) or (b"\xef" in data and _NO_CHARACTER.search(data)))


class Memo:
    """The values of a format that were found right before."""

    def __init__(self, check: formats.Check) -> None:
        self.check = check
        self.known: set[str] = set()

    def add(self, value: Any) -> bool:
        """Whether a value that is not known yet is right; then it is known from now on."""
        if type(value) is not str or self.check(value) is not None:
            return False
        if len(value) <= MEMO_LENGTH:
            if len(self.known) >= MEMO_SIZE:
                self.known.clear()
            self.known.add(value)
        return True


class Word(Check):
    """Of a primitive with a format."""

    def __init__(self, memo: Memo) -> None:
        self.memo = memo

    def holds(self, value: Any, place: "Allowed", texts: list[Any], context: Context) -> bool:
        return value in self.memo.known or self.memo.add(value)


class Link(Word):
    """Of a canonical, which may lead to an entry."""

    def holds(self, value: Any, place: "Allowed", texts: list[Any], context: Context) -> bool:
        if not super().holds(value, place, texts, context):
            return False
        url: str = value.partition("|")[0]
        if url in context.urls and not url.startswith("#"):
            context.links.append(url)
        return True


class OneOf(Check):
    """Of a code whose value set is required."""

    def __init__(self, codes: frozenset[str]) -> None:
        self.codes = codes

    def holds(self, value: Any, place: "Allowed", texts: list[Any], context: Context) -> bool:
        return value in self.codes


class Flag(Check):
    """Of a boolean."""

    def holds(self, value: Any, place: "Allowed", texts: list[Any], context: Context) -> bool:
        return value is True or value is False


class Whole(Check):
    """Of a whole number."""

    def __init__(self, least: int) -> None:
        self.least = least

    def holds(self, value: Any, place: "Allowed", texts: list[Any], context: Context) -> bool:
        return type(value) is int and self.least <= value <= MOST


class Number(Check):
    """Of a decimal."""

    def holds(self, value: Any, place: "Allowed", texts: list[Any], context: Context) -> bool:
        return (type(value) is float or type(value) is int) and -NUMBERS < value < NUMBERS


# ---------------------------------------------------------------- objects


class Shape:
    """How objects of the same keys in the same order are tested."""

    def __init__(self, checks: list[Check], rules: list[Rule]) -> None:
        self.checks = checks
        """One for each value."""
        self.rules = rules
        """What the values have to fulfil together."""


class Shapes:
    """The shapes of one type: what hangs on the keys of an object alone is decided once for each."""

    def __init__(self, make: Callable[[tuple[str, ...]], Shape | None]) -> None:
        self.make = make
        """The shape of these keys; None when such an object is never right."""
        self.known: dict[tuple[str, ...], Shape] = {}

    def holds(self, node: Json, place: "Allowed", texts: list[Any], context: Context) -> bool:
        """Whether there is nothing to say about an object.

        place: the extensions that it may have.
        """
        if type(node) is not dict:
            return False
        keys = tuple(node)
        shape = self.known.get(keys)
        if shape is None:
            shape = self._met(keys)
            if shape is None:
                return False
        for check, value in zip(shape.checks, node.values()):  # noqa: B905 - without keywords it is compiled
            if not check.holds(value, place, texts, context):
                return False
        for rule in shape.rules:  # noqa: SIM110 - a generator takes three times as long
            if not rule(node):
                return False
        return True

    def _met(self, keys: tuple[str, ...]) -> Shape | None:
        made = self.make(keys)
        if made is not None:  # and else not kept: there are endlessly many
            if len(self.known) >= SHAPES:
                self.known.clear()
            self.known[keys] = made
        return made


class Object(Check):
    """Of an object whose type has shapes."""

    def __init__(self, shapes: Shapes, place: "Allowed") -> None:
        self.shapes = shapes
        self.place = place

    def holds(self, value: Any, place: "Allowed", texts: list[Any], context: Context) -> bool:
        return self.shapes.holds(value, self.place, texts, context)


class Deeper(Check):
    """Of an object of a type that may hold itself."""

    def __init__(self, check: Check) -> None:
        self.check = check

    def holds(self, value: Any, place: "Allowed", texts: list[Any], context: Context) -> bool:
        context.depth += 1
        if context.depth > DEEPEST or not self.check.holds(value, place, texts, context):
            return False
        context.depth -= 1
        return True


# ---------------------------------------------------------------- codings and concepts


class Codings:
    """Codings of systems whose codes are known, or that are known by name."""

    def __init__(self, codes: Callable[[str], Any], tokens: Memo) -> None:
        self.codes = codes
        """The codes of a system, True when any will do, None when the walker has to look."""
        self.tokens = tokens
        self.systems: dict[str, Any] = {}

    def _system(self, system: str) -> Any:
        found = self.systems.get(system)
        if found is None:
            found = self.codes(system)
            if found is not None:  # and else not kept: there are endlessly many
                self.systems[system] = found
        return found

    def hold(self, node: Json, texts: list[Any]) -> bool:
        """Whether there is nothing to say about a coding."""
        code = node.get("code")
        if code is None:
            return self._uncoded(node, texts)
        found = self._system(node["system"])
        if found is True:
            if code not in self.tokens.known and not self.tokens.add(code):
                return False
        elif found is None or code not in found:
            return False
        if len(node) == 2:
            return True
        texts.append(node["display"])
        return len(node) == 3

    def _uncoded(self, node: Json, texts: list[Any]) -> bool:
        """A vocabulary that is known by name only, and its version; one with known codes wants a code."""
        if "version" in node:
            texts.append(node["version"])
            return self._system(node["system"]) is True and len(node) == 2
        return len(node) == 1 and self._system(node["system"]) is True


class Coding(Check):
    """Of a Coding."""

    def __init__(self, codings: Codings) -> None:
        self.codings = codings

    def holds(self, value: Any, place: "Allowed", texts: list[Any], context: Context) -> bool:
        return type(value) is dict and self.codings.hold(value, texts)


class Concepts:
    """CodeableConcepts: a text, a coding, or both, looked at here; anything else as the table says."""

    def __init__(self, codings: Codings, whole: Shapes) -> None:
        self.codings = codings
        self.whole = whole
        self.known: dict[str, Json] = {}
        """A code -> a concept of it, right and with nothing but texts in it. One that is equal needs no
        second look: only a text is equal to a text. They are copies, which nobody changes afterwards."""
        self.met: set[str] = set()

    def hold(self, node: Json, place: "Allowed", texts: list[Any], context: Context) -> bool:
        """Whether there is nothing to say about a concept."""
        codings = node.get("coding")
        if codings is None:
            if len(node) == 1 and "text" in node:
                texts.append(node["text"])
                return True
            return self.whole.holds(node, place, texts, context)
        if type(codings) is not list or len(codings) != 1:
            return self.whole.holds(node, place, texts, context)
        one: Json = codings[0]
        code = one.get("code")
        known = self.known.get(code)  # type: ignore[arg-type]  # None and other values are no keys
        if known is not None and known == node:
            return True
        if not self.codings.hold(one, texts):
            return False
        if len(node) == 2 and "text" in node:
            texts.append(node["text"])
        elif len(node) != 1:
            # the coding's texts are gathered twice, which does no harm
            return self.whole.holds(node, place, texts, context)
        if type(code) is str:
            self._note(code, node)
        return True

    def _note(self, code: str, node: Json) -> None:
        """Keep a concept of one right coding, if it is not the first of its code and its texts are right."""
        if len(code) > MEMO_LENGTH or code in self.known:
            return
        if code not in self.met:
            if len(self.met) >= MEMO_SIZE:
                self.met.clear()
                self.known.clear()
            self.met.add(code)
            return
        one: Json = node["coding"][0]
        texts = [value for value in (node.get("text"), one.get("display")) if value is not None]
        if all(type(text) is str and len(text) <= MEMO_LENGTH for text in texts) and readable(texts):
            self.known[code] = {key: [dict(one)] if key == "coding" else value for key, value in node.items()}


class Concept(Check):
    """Of a CodeableConcept."""

    def __init__(self, concepts: Concepts, place: "Allowed") -> None:
        self.concepts = concepts
        self.place = place

    def holds(self, value: Any, place: "Allowed", texts: list[Any], context: Context) -> bool:
        return type(value) is dict and self.concepts.hold(value, self.place, texts, context)


class ValueSet(Check):
    """Of a concept, or a coding, that should have a code of a value set."""

    def __init__(
        self, check: Check, pairs: frozenset[tuple[str, str]], miss: tuple[str, str, str] | None
    ) -> None:
        self.check = check
        self.pairs = pairs
        """System and code."""
        self.miss = miss
        """Value set, type and element, for a warning; None when it must have such a code."""

    def holds(self, value: Any, place: "Allowed", texts: list[Any], context: Context) -> bool:
        if not self.check.holds(value, place, texts, context):
            return False
        codings: list[Json] = value.get("coding", [value])
        for one in codings:
            if (one.get("system"), one.get("code")) in self.pairs:
                return True
        if self.miss is None:
            return False
        value_set, kind, element = self.miss
        context.misses.append((value, value_set, kind, element))
        return True


# ---------------------------------------------------------------- references


class References:
    """References to entries of the Bundle or, from a resource by itself, to any place."""

    def __init__(self, resources: frozenset[str], identifier: Shapes, named: "Allowed") -> None:
        self.resources = resources
        self.identifier = identifier
        self.named = named
        """The extensions of the identifier in a reference."""

    def hold(
        self,
        node: Json,
        place: "Allowed",
        texts: list[Any],
        context: Context,
        targets: frozenset[str] | None,
    ) -> bool:
        """Whether there is nothing to say about a reference that may lead to these types."""
        kind: str | None = None
        stated: Any = None
        for key, value in node.items():
            if key == "reference":
                kind = self.found(value, context, targets)
                if kind is None:
                    return False
            elif key == "display":
                texts.append(value)
            elif key == "type":
                if type(value) is not str:
                    return False
                stated = value
            elif key == "extension":
                if not extensions(value, place, texts, context):
                    return False
            elif key != "identifier" or not self.identifier.holds(value, self.named, texts, context):
                return False
        if kind is None and stated is not None:
            return "identifier" in node and stated in (self.resources if targets is None else targets)
        return stated is None or stated == kind

    def found(self, value: str, context: Context, targets: frozenset[str] | None) -> str | None:
        """The type that a reference leads to; None when nothing is there, or nothing of these types."""
        types = context.types
        if types is None:
            kind = _open_type(value, self.resources)
        else:
            kind = types.get(value)
            if kind is None:
                kind = types.get(value.removeprefix(context.base))
        if kind is None or (targets is not None and kind not in targets):
            return None
        context.hits.append(value)
        return kind


def _open_type(text: str, resources: frozenset[str]) -> str | None:
    """The type that a reference names, where nothing around has to hold its target."""
    literal = references.parse(text)
    return literal.type if literal is not None and literal.type in resources else None


class Pointer(Check):
    """Of a Reference that may lead to these types."""

    def __init__(self, references: References, place: "Allowed", targets: frozenset[str] | None) -> None:
        self.references = references
        self.place = place
        self.targets = targets

    def holds(self, value: Any, place: "Allowed", texts: list[Any], context: Context) -> bool:
        if type(value) is not dict or not value:
            return False
        node: Json = value
        size = len(node)
        target = node.get("reference")
        if target is None or size > 2 or (size == 2 and "display" not in node):
            return self.references.hold(node, self.place, texts, context, self.targets)
        # most say nothing else, and what people read there
        if self.references.found(target, context, self.targets) is None:
            return False
        if size == 2:
            texts.append(node["display"])
        return True


class Either(Check):
    """Of a CodeableReference."""

    def __init__(self, reference: Check, concept: Check) -> None:
        self.reference = reference
        self.concept = concept

    def holds(self, value: Any, place: "Allowed", texts: list[Any], context: Context) -> bool:
        if type(value) is not dict or not value:
            return False
        node: Json = value
        for key, inner in node.items():
            if key == "reference":
                if not self.reference.holds(inner, place, texts, context):
                    return False
            elif key != "concept" or not self.concept.holds(inner, place, texts, context):
                return False
        return True


# ---------------------------------------------------------------- extensions


class Entry:
    """What an extension may hold that has this url in this place."""

    def __init__(self, values: dict[str, Check], beside: "dict[str, Allowed]") -> None:
        self.values = values
        """value[x] property, or "extension" -> its test."""
        self.beside = beside
        """_value[x] property -> the place of the extensions in it."""
        self.key: str | None = None
        """The only such property; None when there are several."""
        self.value: Check = Refused()
        """The test of that one."""
        if len(values) == 1:
            [(self.key, self.value)] = values.items()

    def holds(self, one: Json, place: "Allowed", texts: list[Any], context: Context) -> bool:
        """Whether an extension is right that is not just a url and the only property."""
        if len(one) == 2:
            first, second = one
            key = first if second == "url" else second
        elif len(one) == 3:
            key = self._beside(one, texts, context)
        else:
            return False
        return self.values[key].holds(one[key], place, texts, context)

    def _beside(self, one: Json, texts: list[Any], context: Context) -> str:
        """The value's key in an extension of url, primitive value, and extensions of that value."""
        for key, place in self.beside.items():
            if key in one and _primitive_extensions(one[key], place, texts, context):
                return key[1:]
        raise KeyError("value")


class Allowed:
    """The extensions that may stand in some place, by url."""

    def __init__(self, find: Callable[[str, bool], Entry | None], single: frozenset[str]) -> None:
        self.find = find
        """What a url (of a modifier extension or not) may hold; None when it may not stand here."""
        self.single = single
        """Those that may stand once."""
        self.known: dict[str, Entry] = {}
        self._modifiers: Allowed | None = None

    def met(self, url: str) -> Entry:
        """What is not known yet; KeyError, and nothing is kept, when it may not stand here."""
        found = self.find(url, False)
        if found is None:
            raise KeyError(url)
        self.known[url] = found
        return found

    @property
    def modifiers(self) -> "Allowed":
        """The modifier extensions that may stand there."""
        if self._modifiers is None:
            self._modifiers = Allowed(lambda url, _: self.find(url, True), frozenset())
        return self._modifiers


_url = itemgetter("url")


def extensions(found: list[Json], place: Allowed, texts: list[Any], context: Context) -> bool:
    """Whether there is nothing to say about the extensions of one element."""
    context.depth += 1
    if type(found) is not list or not found or context.depth > DEEPEST:
        return False
    known = place.known
    for one in found:
        url: str = one["url"]
        entry = known.get(url)
        if entry is None:
            entry = place.met(url)
        key = entry.key
        if key is not None and len(one) == 2:
            if not entry.value.holds(one[key], place, texts, context):
                return False
        elif not entry.holds(one, place, texts, context):
            return False
    context.depth -= 1
    count = len(found)
    if count == 1 or not place.single or (count == 2 and found[0]["url"] != found[1]["url"]):
        return True
    return len(set(map(_url, found))) == count or _once(found, place.single)


def _once(found: list[Json], single: frozenset[str]) -> bool:
    """Whether what may stand once stands once."""
    urls = [one["url"] for one in found if one["url"] in single]
    return len(urls) == len(set(urls))


def _primitive_extensions(found: Json, place: Allowed, texts: list[Any], context: Context) -> bool:
    """The `_` sibling of a primitive, with nothing but extensions."""
    return len(found) == 1 and extensions(found["extension"], place, texts, context)


class Extensions(Check):
    """Of the extensions of the object itself."""

    def holds(self, value: Any, place: Allowed, texts: list[Any], context: Context) -> bool:
        return extensions(value, place, texts, context)


class ModifierExtensions(Check):
    """Of the modifier extensions of the object itself."""

    def holds(self, value: Any, place: Allowed, texts: list[Any], context: Context) -> bool:
        return extensions(value, place.modifiers, texts, context)


class Inside(Check):
    """Of the extensions in a complex one."""

    def __init__(self, place: Allowed) -> None:
        self.place = place

    def holds(self, value: Any, place: Allowed, texts: list[Any], context: Context) -> bool:
        return extensions(value, self.place, texts, context)


class Sibling(Check):
    """Of the `_` sibling of a primitive."""

    def __init__(self, place: Allowed) -> None:
        self.place = place

    def holds(self, value: Any, place: Allowed, texts: list[Any], context: Context) -> bool:
        return _primitive_extensions(value, self.place, texts, context)


# ---------------------------------------------------------------- the entries of a Bundle


def surroundings(bundle: Json) -> Context | None:
    """What the entries of a Bundle find around them, when all are of the plain kind."""
    kind = bundle["type"]
    found = bundle["entry"]
    if kind not in ("collection", "transaction") or type(found) is not list or not found:
        return None
    first: Json = found[0]["resource"]
    base: str = found[0]["fullUrl"].removesuffix(f"{first['resourceType']}/{first['id']}")
    if not _is_base(base):
        return None
    types: dict[str, str] = {}
    urls: set[str] = set()
    size = 3 if kind == "transaction" else 2
    for each in found:
        entry: Json = each
        resource: Json = entry["resource"]
        name: str = resource["resourceType"]
        key = name + "/" + resource["id"]
        if entry["fullUrl"] != base + key or len(entry) != size or type(entry) is not dict:
            return None
        if size == 3 and not _plain_request(entry["request"], name, key):
            return None
        types[key] = name
        if "url" in resource:
            urls.add(resource["url"])
    return Context(types, urls, base) if len(types) == len(found) else None


@lru_cache(maxsize=64)
def _is_base(base: str) -> bool:
    """Whether type and id can follow."""
    return base_of(f"{base}Group/1") == base and formats.uri(base) is None and "/_history/" not in base


def _plain_request(request: Json, name: str, key: str) -> bool:
    """A PUT to the resource's own place, or a POST to its type."""
    if len(request) != 2:
        return False
    method, url = request["method"], request["url"]
    return bool((method == "PUT" and url == key) or (method == "POST" and url == name))


class Resources:
    """The tests of resources, by type."""

    def __init__(self, make: Callable[[str], Object]) -> None:
        self.make = make
        """The test of a type; KeyError when there is none."""
        self.known: dict[str, Object] = {}

    def hold(self, node: Json, context: Context) -> bool:
        """Whether there is nothing to say about a resource."""
        kind: str = node["resourceType"]
        test = self.known.get(kind)
        if test is None:
            test = self.known[kind] = self.make(kind)
        return len(node) > 1 and test.shapes.holds(node, test.place, context.texts, context)

    def entries_hold(self, found: list[Json], around: Context) -> dict[int, list[Miss]] | None:
        """The misses of each entry of a Bundle; None when there is more to say about some entry."""
        hits, links, misses = around.hits, around.links, around.misses
        left: dict[int, list[Miss]] = {}
        leaves: list[Json] = []
        for number, entry in enumerate(found):
            referring, missed = len(hits) + len(links), len(misses)
            if not self.hold(entry["resource"], around):
                return None
            if len(hits) + len(links) == referring:
                leaves.append(entry)
            if len(misses) != missed:
                left[number] = misses[missed:]
        return left if len(found) == 1 or _referred(leaves, set(hits), set(links)) else None


def _referred(leaves: list[Json], hits: set[str], links: set[str]) -> bool:
    """Whether something refers to each of the entries that refer to none themselves."""
    for entry in leaves:
        resource: Json = entry["resource"]
        key = f"{resource['resourceType']}/{resource['id']}"
        if key not in hits and entry["fullUrl"] not in hits and resource.get("url") not in links:
            return False
    return True
