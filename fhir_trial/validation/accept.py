"""The accept path: answers "certainly nothing to say about it", or sends the resource to the walker.

The tests are put together per type (`assembly`) from those in `objects`. They know no messages and no paths,
and give up on what is rare: contained resources, ids of extensions. The path must be sound: whatever it
accepts, the walker finds no issue in, not even a warning. Wrong types of values may raise TypeError and the
like, which `Acceptor` takes for a "no".
"""

from functools import cache
from typing import NamedTuple

from fhir_trial.release import Release
from fhir_trial.validation import references
from fhir_trial.validation.assembly import Assembly
from fhir_trial.validation.objects import Context, Json, Resources, surroundings
from fhir_trial.validation.places import Miss
from fhir_trial.validation.tables import tables

_GIVEN_UP = (TypeError, KeyError, AttributeError, IndexError, ValueError, RecursionError)
"""What code without type checks raises on a value of a wrong type."""


class Accepted(NamedTuple):
    """What there is to know of a resource without fault."""

    hits: list[str]
    """The fullUrls and canonicals of the entries that it refers to."""
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
        self.assembly = Assembly(tables(release))
        self.resources = Resources(self.assembly.resource)

    def resource(self, node: Json) -> Accepted | None:
        """What is to be known of a resource that stands by itself; None when the walker has to look."""
        context = Context(None, set(), "")
        return Accepted([], context.misses) if self._holds(node, context) else None

    def _holds(self, node: Json, context: Context) -> bool:
        try:
            return self.resources.hold(node, context) and context.readable()
        except _GIVEN_UP:
            return False

    def bundle(self, node: Json) -> Verdict:
        """What can be accepted of a collection or a transaction."""
        try:
            around = surroundings(node)
        except _GIVEN_UP:
            return NOTHING
        if around is None or not self._head_holds(node):
            return NOTHING
        return self._whole(node["entry"], around) or self._entries(node["entry"], around)

    def _head_holds(self, node: Json) -> bool:
        """The Bundle without its entries; the type is one that `surroundings` knows."""
        if len(node) == 3 and node.get("resourceType") == "Bundle":
            return True  # and nothing else: `surroundings` has looked at type and entry
        rest = {key: value for key, value in node.items() if key != "entry"}
        if rest.keys() - {"resourceType", "type", "id", "timestamp", "meta", "identifier"}:
            return False
        context = Context({}, set(), "")
        return self._holds(rest, context) and not context.misses

    def _whole(self, found: list[Json], around: Context) -> Verdict | None:
        """The verdict on a clean Bundle; None when some entry is not accepted, whichever it is."""
        try:
            left = self.resources.entries_hold(found, around)
        except _GIVEN_UP:
            return None
        if left is None or not around.readable():
            return None
        return Verdict(clean=True, accepted={number: Accepted([], misses) for number, misses in left.items()})

    def _is_target(self, key: str) -> bool:
        """Whether a reference may lead to an entry of this type and id."""
        literal = references.parse(key)
        return literal is not None and literal.type in self.assembly.tables.resources

    def _entries(self, found: list[Json], around: Context) -> Verdict:
        """Which entries of a Bundle are accepted that is not clean as a whole."""
        if not all(map(self._is_target, around.types or ())):
            return NOTHING  # what refers to such an entry has a fault of its own
        accepted: dict[int, Accepted] = {}
        for number, entry in enumerate(found):
            context = Context(around.types, around.urls, around.base)
            if self._holds(entry["resource"], context):
                places = [around.base + hit.removeprefix(around.base) for hit in context.hits]
                accepted[number] = Accepted(places + context.links, context.misses)
        return Verdict(clean=False, accepted=accepted)


@cache
def acceptor(release: Release) -> Acceptor:
    """The accept path of a release; its tests are made as types are met."""
    return Acceptor(release)
