"""The commands that talk to FHIR servers, and those around them: push, pull, sandbox, definitions."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, NoReturn

import typer

from fhir_trial import terminal
from fhir_trial.errors import ExitCode, ServerError
from fhir_trial.release import Release

if TYPE_CHECKING:
    from fhir_trial.client import Client
    from fhir_trial.client.access import Access
    from fhir_trial.client.statistics import Statistics
    from fhir_trial.pipeline import Outcome
    from fhir_trial.transfer.pull import Pulled
    from fhir_trial.transfer.push import Pushed
    from fhir_trial.transfer.report import PullReport, PushReport


class AuthKind(StrEnum):
    """The ways to say who we are; those of `client.access`, pinned by a test."""

    NONE = "none"
    BASIC = "basic"
    BEARER = "bearer"
    OAUTH2 = "oauth2"
    SMART = "smart"


class Engine(StrEnum):
    """Who validates."""

    OURS = "ours"
    HL7 = "hl7"


class Form(StrEnum):
    """What `pull` writes."""

    FHIR = "fhir"
    CTGOV = "ctgov"


class Layout(StrEnum):
    """How `pull` lays it out."""

    JSON = "json"
    NDJSON = "ndjson"
    BY_TYPE = "by-type"


SECRETS_HELP = (
    "Secrets (password, token, client secret, private key) come from the environment variable "
    "FHIR_TRIAL_SECRET or from --secret-file, never from the command line."
)
CODES_HELP = (
    "Exit codes: 0 everything done; 1 some records failed or are invalid, the rest were done; "
    "2 wrong usage; 3 no record could be read; 4 the server refused; 5 the server could not be reached."
)
PUSH_HELP = f"""Convert registry records and send them to a FHIR server, each study with all it refers to.

What the server has already is not sent: the same push again changes nothing, and goes on where one was
interrupted. What the server refuses is reported, and the rest goes on.

{SECRETS_HELP}

\b
Examples:
  fhir-trial push seeds/NCT03597321.page.txt --server http://localhost:8080/fhir
  fhir-trial push records.zip --server https://fhir.example.org/r4 --definitions --dead-letter refused.ndjson
  FHIR_TRIAL_SECRET=... fhir-trial push records/ --server https://fhir.example.org/r4 --auth basic --name me

{CODES_HELP}
"""
PULL_HELP = f"""Fetch studies from a FHIR server, each with all it refers to.

Give ids or registry numbers, or --search with a query on ResearchStudy, or --all. With --to ctgov a study
becomes the registry's record again.

{SECRETS_HELP}

\b
Examples:
  fhir-trial pull NCT03597321 --server http://localhost:8080/fhir
  fhir-trial pull --search status=active --server http://localhost:8080/fhir -o active/
  fhir-trial pull --all --server http://localhost:8080/fhir --format by-type -o studies/
  fhir-trial pull NCT03597321 --server http://localhost:8080/fhir --to ctgov

{CODES_HELP}
"""
SANDBOX_HELP = """Run a real HAPI FHIR server here until Ctrl-C; needs Java 17 and Maven, not Docker.

\b
Examples:
  fhir-trial sandbox
  fhir-trial sandbox --release R5 --port 8080 --database trials

Exit codes: 0 ended by Ctrl-C; 2 wrong usage, or Java or Maven is missing.
"""
DEFINITIONS_HELP = """Write the StructureDefinitions and CodeSystems that our FHIR refers to.

A server or validator that knows them finds no unknown extension; `push --definitions` sends them.

\b
Examples:
  fhir-trial definitions -o definitions/
  fhir-trial definitions -o definitions/ --to R5

Exit codes: 0 everything done; 2 wrong usage, or the folder cannot be written.
"""


def register(app: typer.Typer) -> None:
    """Adds the commands to the program."""
    app.command(help=PUSH_HELP)(with_access(push))
    app.command(help=PULL_HELP)(with_access(pull))
    app.command(help=SANDBOX_HELP)(sandbox)
    app.command(help=DEFINITIONS_HELP)(definitions)


# --- access ----------------------------------------------------------------------------------------------


def access(
    server: Annotated[
        str,
        typer.Option(envvar="FHIR_TRIAL_SERVER", help="Base address of the FHIR server.", show_envvar=True),
    ],
    auth: Annotated[AuthKind, typer.Option(help="How to say who we are.")] = AuthKind.NONE,
    name: Annotated[str | None, typer.Option(help="User name, or client id.")] = None,
    secret_file: Annotated[
        Path | None, typer.Option(help="File with the secret, instead of FHIR_TRIAL_SECRET.")
    ] = None,
    token_url: Annotated[
        str | None, typer.Option(help="Token server (oauth2; smart finds it by discovery).")
    ] = None,
    scope: Annotated[str | None, typer.Option(help="Scope to ask the token server for.")] = None,
    key_id: Annotated[str | None, typer.Option(help="Id of the private key (smart).")] = None,
    ca: Annotated[Path | None, typer.Option(help="Authorities to trust, as PEM.")] = None,
    certificate: Annotated[Path | None, typer.Option(help="Our certificate for mTLS, as PEM.")] = None,
    certificate_key: Annotated[
        Path | None, typer.Option(help="Its key, as PEM; its password in FHIR_TRIAL_CERT_PASSWORD.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds of silence to bear.")] = 120,
    retries: Annotated[int, typer.Option(min=0, help="Times to try again when the server is away.")] = 5,
) -> "Access":
    """The options that every command with a server has."""
    from fhir_trial.client import access as accesses

    return accesses.Access(
        server=server,
        auth=accesses.AuthKind(auth.value),
        name=name,
        secret_file=secret_file,
        token_url=token_url,
        scope=scope,
        key_id=key_id,
        ca=ca,
        certificate=certificate,
        certificate_key=certificate_key,
        timeout=timeout,
        retries=retries,
    )


def with_access(command: Callable[..., None]) -> Callable[..., None]:
    """A command that has the options of `access` beside its own, and is given what they make."""
    return _merged(command, list(inspect.signature(access).parameters.values()))


def with_optional_access(command: Callable[..., None]) -> Callable[..., None]:
    """The same for a command that can do without a server, and is given None then."""
    first, *others = inspect.signature(access).parameters.values()
    # not from the environment: a variable must not send resources to a server unasked
    option = typer.Option("--server", help="Base address of a FHIR server, whose $validate is asked.")
    first = first.replace(default=None, annotation=Annotated[str | None, option])
    return _merged(command, [first, *others])


def _merged(command: Callable[..., None], ours: list[inspect.Parameter]) -> Callable[..., None]:
    own = inspect.signature(command).parameters.values()

    @wraps(command)
    def whole(**given: Any) -> None:
        told = {each.name: given.pop(each.name) for each in ours}
        command(to_server=access(**told) if told["server"] else None, **given)

    every = [*(each for each in own if each.name != "to_server"), *ours]
    keywords = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in every]
    setattr(whole, "__signature__", inspect.Signature(keywords))  # noqa: B010 - not typed
    whole.__annotations__ = {each.name: each.annotation for each in keywords}
    return whole


@contextmanager
def connected(
    to_server: "Access", statistics: "Statistics", *observers: Callable[[Any], None], connections: int = 10
) -> Iterator["Client"]:
    """A client for the server that was told; what cannot be a server is wrong usage."""

    def observe(exchange: Any) -> None:
        statistics(exchange)
        for observer in observers:
            observer(exchange)

    try:
        client = to_server.client(observer=observe, connections=connections)
    except ValueError as exc:
        refuse(str(exc))
    with client:
        yield client


# --- push ------------------------------------------------------------------------------------------------


def push(
    source: Annotated[list[str], typer.Argument(help="As for convert: files, folders, archives, or -.")],
    to_server: "Access",
    to: Annotated[Release | None, typer.Option(help="FHIR release; the server's if not given.")] = None,
    definitions: Annotated[
        bool, typer.Option("--definitions", help="Send our StructureDefinitions and CodeSystems first.")
    ] = False,
    dead_letter: Annotated[
        Path | None, typer.Option(help="NDJSON file for what the server refuses, with the reasons.")
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Most transactions under way at once.")] = 4,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first failure.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Summary as one line of JSON.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Processes that convert.")] = 1,
) -> None:
    """Send to a FHIR server."""
    from fhir_trial import pipeline
    from fhir_trial.client.statistics import Statistics
    from fhir_trial.progress import watched
    from fhir_trial.summary import Summary
    from fhir_trial.transfer import upload
    from fhir_trial.transfer.pace import Pace
    from fhir_trial.transfer.push import Pusher
    from fhir_trial.transfer.report import PushReport

    statistics, pace = Statistics(), Pace(concurrency)
    with ExitStack() as open_things:
        client = open_things.enter_context(
            connected(to_server, statistics, pace.observe, connections=concurrency + 2)
        )
        letters = _opened(open_things, dead_letter)
        report = PushReport(
            server=to_server.server,
            conversion=Summary(verb="converted", target=None),
            statistics=statistics,
            concurrency=concurrency,
        )
        try:
            release = upload.release_of(client, to, definitions=definitions)
            pusher = Pusher(client, pace=pace, workers=concurrency)
            if definitions:
                _note(upload.upload_definitions(pusher, release), report, letters)
            options = pipeline.Options(release=release, bundle="transaction")
            converted = pipeline.convert_all(source, options, jobs=jobs)
            outcomes = open_things.enter_context(watched(converted))
            for event in upload.upload(pusher, outcomes):
                _note(event, report, letters)
                if event.failed and fail_fast:
                    break
        except ServerError as exc:
            report.stopped = exc
            terminal.echo(f"error: {exc}", err=True)
    end(report, as_json)


def _note(event: "Outcome | Pushed", report: "PushReport", letters: BinaryIO | None) -> None:
    """Count, show and keep what failed."""
    from fhir_trial.pipeline import Outcome

    report.add(event)
    if isinstance(event, Outcome):
        if event.failed:
            terminal.echo(f"error: {event.error or event.errors[0]}", err=True)
        return
    for refusal in event.refusals:
        place = event.graph.place
        terminal.echo(f"error: {place}: {refusal.expression} ({refusal.key}): {refusal.reason}", err=True)
        if letters:
            letters.write(refusal.line(source=place, record=event.graph.id))
            letters.flush()


def _opened(open_things: ExitStack, path: Path | None) -> BinaryIO | None:
    try:
        return open_things.enter_context(path.open("wb")) if path else None
    except OSError as exc:
        refuse(f"cannot write {path}: {exc.strerror}")


# --- pull ------------------------------------------------------------------------------------------------


def pull(
    to_server: "Access",
    ids: Annotated[list[str] | None, typer.Argument(help="Ids or registry numbers of studies.")] = None,
    search: Annotated[
        str | None, typer.Option(help="Query on ResearchStudy, e.g. status=active&site=Location/1.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every study.")] = False,
    to: Annotated[Form, typer.Option(help="FHIR, or the registry's own format.")] = Form.FHIR,
    layout: Annotated[
        Layout,
        typer.Option(
            "--format",
            help="json: one bundle indented, several a line each; ndjson: a line each; "
            "by-type: a file per resource type, a resource a line, in the folder of -o.",
        ),
    ] = Layout.JSON,
    output: Annotated[
        str, typer.Option("--output", "-o", help="File, folder (made if it ends in /), or -.")
    ] = "-",
    as_json: Annotated[bool, typer.Option("--json", help="Summary as one line of JSON.")] = False,
) -> None:
    """Fetch from a FHIR server."""
    from fhir_trial.client.statistics import Statistics
    from fhir_trial.progress import watched
    from fhir_trial.transfer.report import PullReport
    from fhir_trial.transfer.upload import release_spoken

    if sum([bool(ids), search is not None, everything]) != 1:
        refuse("give ids, or --search, or --all")
    if layout == Layout.BY_TYPE and (output == "-" or to == Form.CTGOV):
        refuse("--format by-type writes FHIR into a folder: give one with -o")
    statistics = Statistics()
    with connected(to_server, statistics) as client:
        report = PullReport(server=to_server.server, statistics=statistics)
        try:
            release = release_spoken(client.capability())
            pulled = _selected(client, ids or [], search, release)
            with watched(pulled, beside_data=output == "-") as studies:
                record_of = release if to == Form.CTGOV else None
                _write(_found(studies, report), report, record_of, layout, output)
        except ServerError as exc:
            report.stopped = exc
            terminal.echo(f"error: {exc}", err=True)
    end(report, as_json)


def _selected(client: "Client", ids: list[str], query: str | None, release: Release) -> Iterator["Pulled"]:
    from urllib.parse import parse_qsl

    from fhir_trial.transfer import pull as pulling

    if ids:
        return pulling.pull(client, ids, release)
    return pulling.search(client, parse_qsl(query or "", keep_blank_values=True), release)


def _found(studies: Iterable["Pulled"], report: "PullReport") -> Iterator["Pulled"]:
    """Those that are there; the others are counted and shown."""
    for pulled in studies:
        report.add(pulled)
        if pulled.failed:
            terminal.echo(f"error: {pulled.id}: the server has no such study", err=True)
            continue
        if pulled.missing:
            terminal.echo(
                f"warning: {pulled.id}: not on the server: {', '.join(pulled.missing[:5])}", err=True
            )
        yield pulled


def _write(
    studies: Iterator["Pulled"],
    report: "PullReport",
    record_of: Release | None,
    layout: Layout,
    output: str,
) -> None:
    from fhir_trial.transfer import unload

    def failed(name: str, reason: str) -> None:
        report.fail(name, reason)
        terminal.echo(f"error: {name}: {reason}", err=True)

    try:
        if layout == Layout.BY_TYPE:
            unload.write_by_type(studies, Path(output))
        else:
            texts = unload.texts(studies, report.server, record_of, failed)
            unload.write(texts, output, "json" if layout == Layout.JSON else "ndjson")
    except OSError as exc:
        refuse(f"cannot write {output}: {exc.strerror or exc}")
    except ValueError as exc:  # a search that is none
        refuse(str(exc))


# --- validate --------------------------------------------------------------------------------------------


def validated(
    source: list[str], release: Release, engine: Engine, to_server: "Access | None"
) -> Iterator["Outcome"]:
    """The outcomes of our own validator, of HL7's engine, or of a server."""
    from fhir_trial import pipeline
    from fhir_trial.engines import EngineUnavailableError

    if to_server is None and engine == Engine.OURS:
        yield from pipeline.validate_all(source, release)
        return
    try:
        if to_server is None:
            from fhir_trial import oracle

            yield from oracle.validated_by_engine(source, release)
        else:
            yield from _validated_by_server(source, to_server)
    except EngineUnavailableError as exc:
        refuse(str(exc))
    except ServerError as exc:
        from fhir_trial.transfer.refusal import away

        terminal.echo(f"error: {exc}", err=True)
        code = ExitCode.SERVER_UNREACHABLE if away(exc) else ExitCode.SERVER_REFUSED
        raise typer.Exit(code) from exc


def _validated_by_server(source: list[str], to_server: "Access") -> Iterator["Outcome"]:
    from fhir_trial import oracle
    from fhir_trial.client.statistics import Statistics

    with connected(to_server, Statistics()) as client:
        yield from oracle.validated_by_server(source, client)


# --- sandbox, definitions --------------------------------------------------------------------------------


def sandbox(
    release: Annotated[Release, typer.Option(help="FHIR release of the server.")] = Release.R4,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8080,
    database: Annotated[
        Path | None, typer.Option(help="File that keeps the data; in memory if not given.")
    ] = None,
) -> None:
    """Run a FHIR server."""
    from fhir_trial.engines import EngineUnavailableError
    from fhir_trial.engines.sandbox import Sandbox

    terminal.echo(f"starting HAPI FHIR {release.value}; this takes up to a minute", err=True)
    try:
        with Sandbox(release, database=database, port=port) as server:
            terminal.echo(server.base_url)
            terminal.echo(f"try: fhir-trial push seeds/ --server {server.base_url}; Ctrl-C ends it", err=True)
            server.wait()
    except KeyboardInterrupt:
        return
    except EngineUnavailableError as exc:
        refuse(str(exc))


def definitions(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder; made if it is not there.")],
    to: Annotated[Release, typer.Option(help="FHIR release that they are for.")] = Release.R4,
) -> None:
    """Write our definitions."""
    from fhir_trial.engines.definitions import definition_files

    files = definition_files(to)
    try:
        output.mkdir(parents=True, exist_ok=True)
        for file in files:
            (output / file.name).write_bytes(file.read_bytes())
    except OSError as exc:
        refuse(f"cannot write {output}: {exc.strerror or exc}")
    terminal.echo(f"{len(files)} definitions for {to.value} written to {output}", err=True)


# --- reports ---------------------------------------------------------------------------------------------


def end(report: "PushReport | PullReport", as_json: bool) -> None:
    """Tell what the run came to, and end with its code."""
    if as_json:
        terminal.echo_json(report.document(), err=True)
    else:
        terminal.echo(report.text(), err=True)
    if report.exit_code:
        raise typer.Exit(report.exit_code)


def refuse(reason: str) -> NoReturn:
    """End because of wrong usage."""
    terminal.echo(f"fhir-trial: {reason}", err=True)
    raise typer.Exit(ExitCode.USAGE)
