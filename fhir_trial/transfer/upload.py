"""The story of `push`: is it the right server -> definitions -> records, converted as they are sent."""

from collections import deque
from collections.abc import Iterable, Iterator

from fhir_trial.client import Capability, Client
from fhir_trial.engines.definitions import definition_files
from fhir_trial.errors import ServerError
from fhir_trial.pipeline import Outcome
from fhir_trial.release import Release
from fhir_trial.transfer.push import TYPES, Graph, Pushed, Pusher

DEFINITION_TYPES = frozenset({"StructureDefinition", "CodeSystem"})


def release_of(client: Client, wanted: Release | None, *, definitions: bool = False) -> Release:
    """The release to write: the server's, which must be the one wanted, if one is.

    Raises: ServerError, before anything is sent, if the server cannot take what will be sent.
    """
    capability = client.capability()
    release = wanted or release_spoken(capability)
    capability.require_release(release)
    capability.require_transactions(TYPES | DEFINITION_TYPES if definitions else TYPES)
    return release


def release_spoken(capability: Capability) -> Release:
    """The release that a server speaks; raises ServerError if we do not."""
    if capability.release is None:
        message = f"the server speaks FHIR {capability.fhir_version}; R4, R4B and R5 are supported"
        raise ServerError(message, status=200)
    return capability.release


def upload_definitions(pusher: Pusher, release: Release) -> Pushed:
    """What output of a release refers to, sent as one; what the server has already is not sent."""
    (pushed,) = pusher.push([Graph.of_files(definition_files(release))])
    return pushed


def upload(pusher: Pusher, outcomes: Iterable[Outcome]) -> Iterator[Outcome | Pushed]:
    """Every outcome as it was converted, and what became of each that could be sent.

    Raises: ServerError when going on makes no sense.
    """
    converted: deque[Outcome] = deque()

    def graphs() -> Iterator[Graph]:
        for outcome in outcomes:
            converted.append(outcome)
            if not outcome.failed:
                yield Graph.of_outcome(outcome)

    for pushed in pusher.push(graphs()):
        while converted:
            yield converted.popleft()
        yield pushed
    yield from converted
