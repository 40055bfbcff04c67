"""The use cases, each a short story: read -> parse -> map -> validate -> hand over.

`convert` and `validate` serve one record; `convert_all` and `validate_all` go through a batch and answer
one `Outcome` per record, in order, whatever happens to any of them.
"""

import os
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import orjson

from fhir_trial import reading
from fhir_trial.errors import InvalidBundleError, Issue, RecordError
from fhir_trial.memory import collector_paused
from fhir_trial.reading import FHIR, Record
from fhir_trial.release import Release
from fhir_trial.sources import ctgov_v2
from fhir_trial.trial import Trial

if TYPE_CHECKING:
    from fhir_trial.foreign import Reading

BundleType = Literal["collection", "transaction"]
Document = dict[str, Any]
Path = str | os.PathLike[str]

CTGOV = "ctgov"
"""The way back: the record as ClinicalTrials.gov API v2 writes it."""

_R5_ONLY = {
    *("url", "version", "name", "date", "studyDesign", "region", "descriptionSummary", "classifier"),
    *("associatedParty", "progressStatus", "whyStopped", "recruitment", "comparisonGroup"),
    *("outcomeMeasure", "label", "result"),
}
"""Elements of ResearchStudy that R4 and R4B do not have: https://hl7.org/fhir/R5/researchstudy.html"""
_NOT_IN_R4 = ("EvidenceReport", "Citation")
"""Types of resources that came with R4B, of those that studies refer to."""


# --- one record ------------------------------------------------------------------------------------------


def convert(
    data: bytes | str | Document | Trial,
    to: Release | str = Release.R4,
    *,
    bundle: BundleType = "collection",
) -> Document:
    """A record or a Trial as a Bundle of one release; a Bundle as a record (`to="ctgov"`) or another release.

    What a record becomes is not validated here: see `validate`. A Bundle of ours is, before it is read. Of
    FHIR that others wrote (a Bundle, or a ResearchStudy alone) what can be read is; `foreign.read` also says
    what cannot.
    Raises: RecordError if the record cannot be read; InvalidBundleError if a Bundle of ours is not valid;
    ValueError if `to` is not known.
    """
    target = _target(to)
    with collector_paused():
        return _document(_stated(data), target, bundle)


def validate(resource: Document, release: Release | str = Release.R4) -> list[Issue]:
    """What is wrong with a resource or a Bundle: structure, bindings, invariants, references, narratives."""
    from fhir_trial import validation

    return validation.validate(resource, release=Release(release))


def _target(to: Release | str) -> Release | None:
    """The release to write; None is the registry's own format."""
    if to == CTGOV:
        return None
    if to not in list(Release):
        raise ValueError(f"cannot convert to {to!r}, expected one of {', '.join(Release)}, {CTGOV}")
    return Release(to)


def _stated(data: bytes | str | Document | Trial) -> "Trial | Reading":
    if isinstance(data, Trial):
        return data
    if isinstance(data, dict):
        return _from_bundle(data) if "resourceType" in data else reading.parse(data)
    return _from_bundle(_loads(data)) if reading.is_fhir(data) else reading.parse(data)


def _from_bundle(document: Document) -> "Trial | Reading":
    """The trial that FHIR describes; a Bundle of ours must be valid, of others' any part is taken."""
    from fhir_trial import bundle as bundles
    from fhir_trial import foreign, mapping, validation

    release = _release_of(document)
    if not foreign.is_ours(document):
        return foreign.read(document, release)
    issues = validation.validate(document, release=release)
    if any(map(_is_error, issues)):
        raise InvalidBundleError(issues)
    return mapping.read_resources(bundles.resources(document), release)


def _release_of(document: Document) -> Release:
    """The release that a Bundle is written in, which FHIR itself does not state.

    R4 and R4B have the same ResearchStudy; R5 has elements that they put into extensions. R4B has a few types
    of resources that R4 lacks.
    """
    entries = document.get("entry")
    found = Release.R4
    for entry in entries if isinstance(entries, list) else ({"resource": document},):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            continue
        if resource.get("resourceType") == "ResearchStudy" and not _R5_ONLY.isdisjoint(resource):
            return Release.R5
        if resource.get("resourceType") in _NOT_IN_R4:
            found = Release.R4B
    return found


def _document(stated: "Trial | Reading", release: Release | None, bundle: BundleType) -> Document:
    """The trial in the form asked for."""
    trial = stated if isinstance(stated, Trial) else stated.trial
    if release is None:
        return ctgov_v2.encode(stated) if isinstance(stated, Trial) else stated.record
    if trial is None:
        raise RecordError(
            "this study has no NCT number, by which our resources go", "ResearchStudy.identifier"
        )
    from fhir_trial import bundle as bundles
    from fhir_trial import mapping

    return bundles.bundle(mapping.resources(trial, release), type=bundle)


def _loads(data: bytes | str) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as exc:
        raise RecordError(f"malformed JSON (line {exc.lineno}, column {exc.colno}): {exc.msg}") from exc


# --- a batch ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a batch conversion makes of each record."""

    release: Release | None = Release.R4
    """None is the registry's own format."""
    bundle: BundleType = "collection"
    format: str | None = None
    """The input's format (a key of `reading.SOURCES`); None is recognition by content."""
    indent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one record: its text to write, or why there is none."""

    place: str
    id: str | None = None
    data: bytes | None = None
    error: RecordError | None = None
    issues: list[Issue] = field(default_factory=list)
    resources: Counter[str] = field(default_factory=Counter)
    unknown: tuple[str, ...] = ()
    """JSON paths of fields that the registry's published list does not have."""
    unread: tuple[str, ...] = ()
    """FHIRPaths of what nothing was made of, in FHIR that others wrote."""
    checksum: tuple[int, int] = (0, 0)
    """Length and CRC-32 of the record as it came: tells a repeated record from one that differs."""

    @property
    def failed(self) -> bool:
        """Whether the record is reported as failed: unreadable, or invalid."""
        return self.error is not None or bool(self.errors)

    @property
    def errors(self) -> list[Issue]:
        """The issues that keep the bundle from being written."""
        return [issue for issue in self.issues if _is_error(issue)]


def _is_error(issue: Issue) -> bool:
    return issue.severity in ("fatal", "error")


def convert_all(paths: Iterable[Path], options: Options, *, jobs: int = 1) -> Iterator[Outcome]:
    """Each record behind the paths, converted and validated, in order; a repeated id counts once."""
    found = (record for path in paths for record in reading.records(path, format=options.format))
    if jobs > 1:
        from fhir_trial.pool import in_order

        yield from _unrepeated(in_order(_converted, found, options, jobs=jobs))
    else:
        yield from _unrepeated(_converted(record, options) for record in found)


def validate_all(paths: Iterable[Path], release: Release) -> Iterator[Outcome]:
    """Each FHIR resource or Bundle behind the paths, with its issues."""
    for path in paths:
        for record in reading.records(path):
            yield _failure(record) if isinstance(record, RecordError) else _validated(record, release)


def _converted(record: Record | RecordError, options: Options) -> Outcome:
    if isinstance(record, RecordError):
        return _failure(record)
    with collector_paused():  # whatever is made of a record is gone again before the next one
        return _converted_record(record, options)


def _converted_record(record: Record, options: Options) -> Outcome:
    try:
        stated = _record_stated(record)
        document = _document(stated, options.release, options.bundle)
    except RecordError as exc:
        return _failure(exc.in_source(record.place))
    except InvalidBundleError as exc:
        return Outcome(place=record.place, issues=[replace(each, source=record.place) for each in exc.issues])
    trial = stated if isinstance(stated, Trial) else stated.trial
    outcome = Outcome(
        place=record.place,
        id=trial.id if trial else None,
        unknown=tuple(trial.unknown or ()) if trial else (),
        unread=() if isinstance(stated, Trial) else stated.unread,
        checksum=(len(record.data), zlib.crc32(record.data)),
    )
    return _checked(outcome, document, options)


def _record_stated(record: Record) -> "Trial | Reading":
    return _from_bundle(_loads(record.data)) if record.format == FHIR else reading.parse_record(record)


def _checked(outcome: Outcome, document: Document, options: Options) -> Outcome:
    """The outcome with its text; without it if the bundle is not valid."""
    if options.release is None:
        return replace(outcome, data=_dumps(document, options))
    from fhir_trial import validation

    issues = validation.validate(document, release=options.release, source=outcome.place)
    outcome = replace(outcome, issues=issues)
    if outcome.failed:
        return outcome
    kinds = Counter(entry["resource"]["resourceType"] for entry in document.get("entry", ()))
    return replace(outcome, data=_dumps(document, options), resources=kinds)


def _dumps(document: Document, options: Options) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 if options.indent else None)


def _failure(error: RecordError) -> Outcome:
    return Outcome(place=error.source or "", error=error)


def _unrepeated(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """The outcomes with an error in place of a record whose id was converted before.

    Holds about 200 bytes per record, which is what a batch of any length costs in memory.
    """
    seen: dict[int, bytes] = {}
    for outcome in outcomes:
        if outcome.data is None or outcome.id is None:
            yield outcome
            continue
        key = int(outcome.id[3:])
        mark = b"%d %d " % outcome.checksum
        if key in seen:
            yield _failure(_repeated(outcome, seen[key], mark))
        else:
            seen[key] = mark + outcome.place.encode()
            yield outcome


def _repeated(outcome: Outcome, before: bytes, mark: bytes) -> RecordError:
    first = before.split(b" ", 2)[2].decode()
    content = "the same content" if before.startswith(mark) else "other content"
    return RecordError(
        f"{outcome.id} was already read from {first}, with {content}; the first was kept",
        source=outcome.place,
    )


def _validated(record: Record, release: Release) -> Outcome:
    from fhir_trial import validation

    try:
        resource = _loads(record.data)
    except RecordError as exc:
        return _failure(exc.in_source(record.place))
    if not isinstance(resource, dict) or "resourceType" not in resource:
        return _failure(RecordError(_why_not_fhir(resource), source=record.place))
    issues = validation.validate_json(record.data, release=release, source=record.place)
    return Outcome(place=record.place, id=resource.get("id"), issues=issues, resources=_kinds(resource))


def _why_not_fhir(document: Any) -> str:
    if isinstance(document, dict) and "protocolSection" in document:
        return "this is a registry record, not FHIR; `fhir-trial convert` makes FHIR of it"
    return "this is no FHIR resource: it has no resourceType"


def _kinds(resource: Document) -> Counter[str]:
    """How many resources of each type: those of a Bundle, else the one."""
    entries = resource.get("entry")
    if resource["resourceType"] != "Bundle" or not isinstance(entries, list):
        return Counter([str(resource["resourceType"])])
    inner = [entry.get("resource") for entry in entries if isinstance(entry, dict)]
    return Counter(str(each.get("resourceType")) for each in inner if isinstance(each, dict))
