"""Push: each study with what it refers to in one transaction, and nothing that the server has already.

Look what the server has (a few studies at a time) -> send what is new or differs -> narrow what is refused.
Pushing the same again sends no resource: contents are compared, and ids of shared resources stand for theirs.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from fhir_trial.bundle import bundle, resources
from fhir_trial.client import Client, EntryAnswer
from fhir_trial.errors import ServerError
from fhir_trial.mapping.graph import ORDER
from fhir_trial.pipeline import Outcome
from fhir_trial.transfer import narrowing
from fhir_trial.transfer.canonical import canonical, key
from fhir_trial.transfer.pace import Pace
from fhir_trial.transfer.refusal import NOT_FOR_US, Refusal, away
from fhir_trial.transfer.shared import Shared

Json = dict[str, Any]

TYPES = frozenset({"ResearchStudy", "PlanDefinition", "Group"})
"""Every trial has at least these, so the server must take them."""
_LOT = 8
"""Studies that are looked up together."""
_MOST_ENTRIES = 200
"""Of one transaction, if shared resources can be sent before it; the study's own stay together."""
_SHARED = frozenset({"Organization", "Practitioner", "PractitionerRole", "Location"})
"""Types whose ids are digests of their content (docs/decisions/0003), so a known id needs no comparison."""
_TOO_LARGE = 413
_HAPI_CODES = "https://hapifhir.io/fhir/CodeSystem/hapi-fhir-storage-response-code"
_NO_CHANGE = "SUCCESSFUL_UPDATE_NO_CHANGE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Resources that are sent together: a study and all it refers to."""

    id: str
    place: str
    """Where the record came from."""
    resources: Sequence[Json] = field(repr=False)
    shared: frozenset[str] = frozenset()
    """Keys of those that other studies may refer to as well."""
    is_study: bool = True
    """Our definitions are sent like a study, but are none."""

    @classmethod
    def of_outcome(cls, outcome: Outcome) -> "Graph":
        """A record that was converted to a transaction."""
        found = resources(orjson.loads(outcome.data or b"{}"))
        shared = frozenset(key(each) for each in found if each["resourceType"] in _SHARED)
        return cls(id=outcome.id or "", place=outcome.place, resources=found, shared=shared)

    @classmethod
    def of_files(cls, files: Iterable[Path]) -> "Graph":
        """Definitions, each in a file."""
        found = [orjson.loads(file.read_bytes()) for file in files]
        return cls(id="definitions", place="definitions", resources=found, is_study=False)

    @property
    def keys(self) -> list[str]:
        """`Type/id` of each, in order."""
        return [key(resource) for resource in self.resources]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What became of one graph; without refusals all of it is on the server."""

    graph: Graph
    counts: Counter[str] = field(default_factory=Counter)
    """Resources created, updated, unchanged."""
    refusals: Sequence[Refusal] = ()

    @property
    def failed(self) -> bool:
        """Whether the server did not take it."""
        return bool(self.refusals)


@dataclass(frozen=True, slots=True)
class _Looked:
    """A graph, and what the lookup found of it."""

    graph: Graph
    wanted: frozenset[str]
    """Keys of the study's own resources that the server lacks or has otherwise."""
    there: frozenset[str]
    """Keys of the study's own resources that the server has in whatever form."""


class _NotTakenError(Exception):
    """A transaction that was not taken: why, and what was in it, which its places refer to."""

    def __init__(self, error: ServerError, sent: Sequence[Json]) -> None:
        super().__init__(str(error))
        self.error = error
        self.sent = sent


class Pusher:
    """Sends graphs to one server on several threads: `for pushed in Pusher(client).push(graphs): ...`"""

    def __init__(self, client: Client, *, pace: Pace, workers: int = 4) -> None:
        self._client = client
        self._pace = pace
        self._workers = workers
        self._shared = Shared()
        self._looks = True

    def push(self, graphs: Iterable[Graph]) -> Iterator[Pushed]:
        """What became of each graph, in the order in which they end.

        Raises: ServerError when going on makes no sense: the server is gone, or does not let us in.
        """
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="push")
        try:
            yield from self._flow(iter(graphs), pool)
        finally:  # also when the caller stops early
            pool.shutdown(cancel_futures=True)

    def _flow(self, graphs: Iterator[Graph], pool: ThreadPoolExecutor) -> Iterator[Pushed]:
        looking: set[Future[list[_Looked]]] = set()
        sending: set[Future[Pushed]] = set()
        size = 1
        while True:
            while len(looking) < 2 and len(sending) < 4 * self._workers:
                lot = list(islice(graphs, size))
                if not lot:
                    break
                size = min(2 * size, _LOT)  # the first are small, so that all threads have work at once
                looking.add(pool.submit(self._look, lot))
            if not looking and not sending:
                return
            under_way: set[Future[Any]] = {*looking, *sending}
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for looked in done & looking:
                looking.remove(looked)
                sending |= {pool.submit(self._send, each) for each in looked.result()}
            for sent in done & sending:
                sending.remove(sent)
                yield sent.result()

    # --- look --------------------------------------------------------------------------------------------

    def _look(self, lot: list[Graph]) -> list[_Looked]:
        """What the server lacks, or has otherwise, of each graph of a lot."""
        found = self._found(lot) if self._looks else {}
        self._shared.note(name for graph in lot for name in graph.shared if name in found)
        return [self._compared(graph, found) for graph in lot]

    def _found(self, lot: list[Graph]) -> dict[str, Json]:
        try:
            heads = self._client.read_many(graph.keys[0] for graph in lot if graph.resources)
            if not heads:
                # as in every first push; what new studies share with older ones is sent in vain at worst
                return {}
            return heads | self._client.read_many(self._unasked(lot, heads))
        except ServerError as exc:
            if away(exc) or exc.status in NOT_FOR_US:
                raise
            # a server that cannot be asked gets everything; a PUT without a change makes no version
            self._looks = False
            return {}

    def _unasked(self, lot: list[Graph], found: dict[str, Json]) -> list[str]:
        """What else to ask for: the studies' own resources, and shared ones that nobody asked about."""
        own = [name for graph in lot for name in graph.keys if name not in graph.shared | found.keys()]
        return [*own, *self._shared.unknown(name for graph in lot for name in graph.shared)]

    def _compared(self, graph: Graph, found: dict[str, Json]) -> _Looked:
        own = {key(each): each for each in graph.resources if key(each) not in graph.shared}
        wanted = {
            name
            for name, resource in own.items()
            if name not in found or canonical(found[name]) != canonical(resource)
        }
        return _Looked(graph, frozenset(wanted), frozenset(own.keys() & found.keys()))

    # --- send --------------------------------------------------------------------------------------------

    def _send(self, looked: _Looked) -> Pushed:
        graph = looked.graph
        if before := self._shared.refused(graph.keys):
            return Pushed(graph=graph, refusals=[self._placed(graph, each) for each in before])
        mine = self._shared.take(graph.shared)
        stored = False
        try:
            wanted = [each for each in graph.resources if key(each) in looked.wanted | mine]
            pushed = self._sent(looked, wanted)
            stored = not pushed.failed
            return pushed
        finally:
            self._shared.give(mine, stored=stored)

    def _sent(self, looked: _Looked, wanted: list[Json]) -> Pushed:
        graph = looked.graph
        counts: Counter[str] = Counter(unchanged=len(graph.resources) - len(wanted))
        try:
            for part in self._parts(graph, wanted):
                counts += self._transaction(part)
        except _NotTakenError as exc:
            self._stop_if_useless(exc.error)
            refusals = self._narrowed(looked, exc.sent, exc.error)
            self._shared.note_refused(each for each in refusals if each.key in graph.shared)
            if refusals:
                return Pushed(graph=graph, refusals=[self._placed(graph, each) for each in refusals])
            return self._rest_sent(looked, wanted, exc.sent)
        return Pushed(graph=graph, counts=+counts)

    def _rest_sent(self, looked: _Looked, wanted: list[Json], taken: Sequence[Json]) -> Pushed:
        """What is left after a transaction was refused as a whole, and taken in halves."""
        keys = set(map(key, taken))
        pushed = self._sent(looked, [each for each in wanted if key(each) not in keys])
        counts = pushed.counts + Counter(updated=len(taken))
        return replace(pushed, counts=counts - Counter(unchanged=len(taken)))

    def _parts(self, graph: Graph, wanted: list[Json]) -> Iterator[list[Json]]:
        """One transaction; with very many shared resources, those first."""
        if len(wanted) <= _MOST_ENTRIES:
            if wanted:
                yield wanted
            return
        # what a PractitionerRole refers to comes before it, and targets go first here too
        shared = sorted((each for each in wanted if key(each) in graph.shared), key=_rank)
        for start in range(0, len(shared), _MOST_ENTRIES):
            yield shared[start : start + _MOST_ENTRIES]
        if own := [each for each in wanted if key(each) not in graph.shared]:
            yield own

    def _transaction(self, wanted: Sequence[Json]) -> Counter[str]:
        """Sends resources, all or none; raises _NotTakenError if it is none."""
        document = bundle(wanted, type="transaction")
        with self._pace.place(len(wanted)):
            try:
                answers = self._client.transaction(document)
            except ServerError as exc:
                if exc.status == _TOO_LARGE and len(wanted) > 1:
                    answers = None
                elif exc.status == 200 and self._is_stored(wanted):
                    return Counter(updated=len(wanted))  # the answer was wrong, the deed was done
                else:
                    raise _NotTakenError(exc, wanted) from exc
        return self._in_halves(wanted) if answers is None else _counted(wanted, answers)

    def _part(self, wanted: Sequence[Json]) -> None:
        """Sends a part of what was refused; raises ServerError if it is refused too."""
        try:
            self._transaction(wanted)
        except _NotTakenError as exc:
            raise exc.error from exc

    def _in_halves(self, wanted: Sequence[Json]) -> Counter[str]:
        """A transaction that the server finds too large, as two, targets first."""
        ordered = [each for part in narrowing.units(wanted, set()) for each in part]
        middle = len(ordered) // 2
        return self._transaction(ordered[:middle]) + self._transaction(ordered[middle:])

    def _is_stored(self, wanted: Sequence[Json]) -> bool:
        """Whether the server has these as they are."""
        found = self._client.read_many(map(key, wanted))
        return all(key(each) in found and canonical(found[key(each)]) == canonical(each) for each in wanted)

    # --- refusals ----------------------------------------------------------------------------------------

    def _stop_if_useless(self, error: ServerError) -> None:
        """Raises the error if the next graph would meet it too."""
        if error.status in NOT_FOR_US:
            raise error
        if away(error):
            self._client.capability()  # the server is there: only this graph was too much for it

    def _narrowed(self, looked: _Looked, wanted: Sequence[Json], error: ServerError) -> list[Refusal]:
        """The entries to blame; the bundle as a whole if nothing else can be said."""
        if away(error):
            return [Refusal.of_whole(f"ResearchStudy/{looked.graph.id}", error)]
        if len(wanted) == 1:
            return [Refusal.of(wanted[0], error)]
        found = narrowing.named(wanted, error) or narrowing.validated(wanted, error, self._client.validate)
        # a study that the server has is changed as one or not at all
        together = {name for name in map(key, wanted) if name not in looked.graph.shared}
        parts = narrowing.units(wanted, together if looked.there else set())
        return found or narrowing.halved(parts, self._part)

    def _placed(self, graph: Graph, refusal: Refusal) -> Refusal:
        """A refusal with its place in the record's bundle."""
        index = graph.keys.index(refusal.key) if refusal.resource is not None else None
        return replace(refusal, index=index)


def _rank(resource: Json) -> int:
    return ORDER.index(resource["resourceType"])


def _counted(wanted: Sequence[Json], answers: list[EntryAnswer]) -> Counter[str]:
    """How many were created, updated or the same already; raises _NotTakenError for one that is neither."""
    for number, answer in enumerate(answers):
        if not answer.good:
            message = f"Bundle.entry[{number}], {key(wanted[number])}: status {answer.status}"
            error = ServerError(message, status=answer.status or 200, outcome=answer.outcome)
            raise _NotTakenError(error, wanted)
    return Counter(map(_kind, answers))


def _kind(answer: EntryAnswer) -> str:
    if answer.status == 201:
        return "created"
    return "unchanged" if _says_no_change(answer.outcome) else "updated"


def _says_no_change(outcome: Json | None) -> bool:
    """Whether HAPI says that it made no version."""
    return any(
        coding.get("code") == _NO_CHANGE and coding.get("system") == _HAPI_CODES
        for issue in (outcome or {}).get("issue", ())
        for coding in issue.get("details", {}).get("coding", ())
    )
