"""The accept path: answers "certainly nothing to say about it", or sends the resource to the walker.

The tests are generated per type (`generator`) around those of the commonest objects (`objects`). They know
no messages and no paths, and give up on what is rare: contained resources, ids of extensions. The path must
be sound: whatever it accepts, the walker finds no issue in, not even a warning. Wrong types of values may
raise TypeError and the like, which `Acceptor` takes for a "no".
"""

from functools import cache
from typing import NamedTuple

from fhir_trial.release import Release
from fhir_trial.validation.generator import Maker, Shapes
from fhir_trial.validation.objects import Allowed, Context, Json, referred, surroundings
from fhir_trial.validation.places import Miss
from fhir_trial.validation.tables import tables
from fhir_trial.validation.walker import RESOURCE_CONTEXTS

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


class Acceptor:
    """The accept path of one release."""

    def __init__(self, release: Release) -> None:
        self.maker = Maker(tables(release))
        self.tests: dict[str, tuple[Shapes, Allowed]] = {}

    def resource(self, node: Json) -> Accepted | None:
        """What is to be known of a resource that stands by itself; None when the walker has to look."""
        context = Context(None, set(), "")
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
            around = surroundings(node)
            if around is None or not self._head(node):
                return NOTHING
            return self._whole(node["entry"], around) or self._entries(node["entry"], around)
        except _GIVEN_UP:
            return NOTHING

    def _head(self, node: Json) -> bool:
        """The Bundle without its entries; the type is one that `surroundings` knows."""
        if len(node) == 3 and node["resourceType"] == "Bundle":
            return True  # and nothing else: `surroundings` has looked at type and entry
        rest = {key: value for key, value in node.items() if key != "entry"}
        if rest.keys() - {"resourceType", "type", "id", "timestamp", "meta", "identifier"}:
            return False
        context = Context({}, set(), "")
        return self._clean(rest, context) and context.readable() and not context.misses

    def _whole(self, found: list[Json], around: Context) -> Verdict | None:
        """The verdict on a clean Bundle; None when some entry is not accepted, whichever it is."""
        hits, misses, texts, tests = around.hits, around.misses, around.texts, self.tests
        left: dict[int, Accepted] = {}
        leaves: list[tuple[str, Json]] = []
        try:
            for number, (key, entry) in enumerate(zip(around.types or (), found, strict=True)):
                referring, missed = len(hits), len(misses)
                node = entry["resource"]
                shapes, place = tests.get(node["resourceType"]) or self._test(node["resourceType"])
                if len(node) < 2 or not shapes[tuple(node)](node, place, texts, around):
                    return None
                if len(hits) == referring:
                    leaves.append((key, entry))
                if len(misses) != missed:
                    left[number] = Accepted([], misses[missed:])
        except _GIVEN_UP:
            return None
        if around.readable() and (len(found) == 1 or referred(leaves, set(hits))):
            return Verdict(clean=True, accepted=left)
        return None

    def _entries(self, found: list[Json], around: Context) -> Verdict:
        """Which entries of a Bundle are accepted that is not clean as a whole."""
        accepted: dict[int, Accepted] = {}
        for number, entry in enumerate(found):
            context = Context(around.types, around.urls, around.base)
            if self._tried(entry["resource"], context) and context.readable():
                accepted[number] = Accepted(context.hits, context.misses)
        return Verdict(clean=False, accepted=accepted)


@cache
def acceptor(release: Release) -> Acceptor:
    """The accept path of a release; its code is generated as types are met."""
    return Acceptor(release)
