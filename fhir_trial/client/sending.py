"""Sends requests: credentials, retries, compression, time limits, redirects; one story for all of them."""

import gzip
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from fhir_trial import __version__
from fhir_trial.client.answers import Answer, refusal, shortened
from fhir_trial.client.auth import Auth
from fhir_trial.client.requests import FORM, Request
from fhir_trial.client.retry import Patience, Retry
from fhir_trial.client.secret import scrubbed
from fhir_trial.client.tls import Tls
from fhir_trial.errors import ServerError

_LONGEST_ANSWER = 512 * 2**20
_LONGEST_REFUSAL = 32 * 2**20
_WORTH_PACKING = 1024
"""Bytes; below, compression saves nothing that counts."""
_FAST = 1
_REDIRECTS = (301, 302, 303, 307, 308)
_SAME_METHOD = (307, 308)
_MOST_REDIRECTS = 5
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_MAYBE_UNPACKED = (400, 415)
"""What a server answers that does not take compressed requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds for each part of an exchange, and for the whole of it."""

    connect: float = 10.0
    read: float = 120.0
    """Silence; a big transaction takes a server a minute."""
    write: float = 60.0
    whole: float = 600.0
    """For a server that keeps sending, but never ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What one request on the wire came to, for statistics."""

    status: int | None
    """None: no answer came."""
    seconds: float
    processing: float | None
    """From the end of the request to the first of the answer: the server's own time."""
    bytes_out: int
    bytes_in: int


@dataclass(slots=True)
class _Wire:
    """Times taken by httpx's trace: https://www.encode.io/httpcore/extensions/#trace"""

    sent: float | None = None
    answered: float | None = None

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        if event == "http11.send_request_body.complete":
            self.sent = time.perf_counter()
        elif event == "http11.receive_response_headers.complete":
            self.answered = time.perf_counter()

    @property
    def processing(self) -> float | None:
        return self.answered - self.sent if self.sent and self.answered else None


@dataclass(slots=True)
class _Packing:
    """Whether the server takes gzip: unknown until it has taken something, or said why not."""

    on: bool = True
    known: bool = field(default=False)


class Sender:
    """The only place that talks to the network."""

    def __init__(
        self,
        base_url: str,
        *,
        auth: Auth | None,
        tls: Tls | None,
        timeouts: Timeouts,
        retry: Retry,
        transport: httpx.BaseTransport | None,
        connections: int,
        observer: Callable[[Exchange], None] | None,
    ) -> None:
        self.base_url = httpx.URL(base_url.rstrip("/") + "/")
        self._auth = auth
        self._known_to_server = auth is not None or (tls is not None and tls.certificate is not None)
        self._timeouts = timeouts
        self._retry = retry
        self._packing = _Packing()
        self._observer = observer
        self._http = httpx.Client(
            verify=tls.context() if tls else True,
            transport=transport,
            timeout=httpx.Timeout(
                connect=timeouts.connect, read=timeouts.read, write=timeouts.write, pool=timeouts.read
            ),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            headers={"User-Agent": f"fhir-trial/{__version__}", "Accept-Encoding": "gzip"},
        )

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def send(self, request: Request) -> Answer:
        """The server's answer, whatever it is, after the retries that make sense.

        Raises: ServerError without a status when there is none.
        """
        url = self._url(request)
        authorization = self._authorization()
        patience, renewed = self._retry.patience(), False
        while True:
            try:
                answer = self._redirected(request, url, authorization)
            except httpx.TransportError as exc:
                pause = self._pause_after(exc, request, patience)
                if pause is None:
                    raise self._unreached(exc, request) from exc
            else:
                if answer.status == 401 and self._auth and not renewed and authorization:
                    renewed = True
                    if self._auth.renew(authorization):
                        authorization = self._authorization()
                        continue
                pause = _pause(answer, request, patience)
                if pause is None:
                    return answer
            self._retry.sleep(pause)

    def document(self, request: Request) -> dict[str, Any]:
        """The JSON object that the server answers; raises ServerError for anything else."""
        return self.understood(self.send(request), request)

    def understood(self, answer: Answer, request: Request) -> dict[str, Any]:
        """The JSON object in a good answer; raises ServerError for anything else."""
        if not answer.good:
            raise self.refused(answer, request)
        document = answer.document()
        if document is None:
            kind = answer.headers.get("content-type", "no content type")
            start = shortened(self._scrubbed(answer.body[:80].decode("utf-8", "replace")))
            what = "broken JSON" if answer.is_json else kind
            message = f"{request.name}: expected FHIR JSON, got {what} that begins {start!r}"
            raise ServerError(message, status=answer.status)
        return document

    def refused(self, answer: Answer, request: Request) -> ServerError:
        """The error that an answer is, without what nobody may see."""
        error = refusal(answer, request)
        message = self._scrubbed(str(error))
        return ServerError(message, status=error.status, outcome=self._clean(error.outcome))

    # --- one exchange ------------------------------------------------------------------------------------

    def _redirected(self, request: Request, url: httpx.URL, authorization: str | None) -> Answer:
        """The answer at the end of redirects, which are followed on the same server only."""
        for _ in range(_MOST_REDIRECTS):
            answer = self._packed(request, url, authorization)
            if answer.status not in _REDIRECTS or "location" not in answer.headers:
                return answer
            target = self._joined(url, answer.headers["location"])
            if not _same_origin(target, url):
                where = f"{target.scheme}://{target.netloc.decode('ascii', 'replace').rpartition('@')[2]}"
                reason = f"the server redirects to {where}, which was not followed"
                raise ServerError(f"{request.name}: {reason}", status=answer.status)
            if request.method != "GET" and answer.status not in _SAME_METHOD:
                return answer
            url = target
        raise ServerError(f"{request.name}: the server redirects without end", status=answer.status)

    def _packed(self, request: Request, url: httpx.URL, authorization: str | None) -> Answer:
        """The answer to a request that is compressed if that is worth it and the server takes it."""
        # never a form: HAPI does not unpack it, and answers everything there is (measured)
        packs = self._packing.on and request.content_type != FORM
        if request.body is None or len(request.body) < _WORTH_PACKING or not packs:
            return self._exchange(request, url, request.body, authorization, packed=False)
        body = gzip.compress(request.body, _FAST, mtime=0)
        answer = self._exchange(request, url, body, authorization, packed=True)
        if self._packing.known or answer.status not in _MAYBE_UNPACKED:
            self._packing.known = self._packing.known or answer.good
            return answer
        plain = self._exchange(request, url, request.body, authorization, packed=False)
        if plain.good:
            self._packing.on = False
        return plain

    def _exchange(
        self, request: Request, url: httpx.URL, body: bytes | None, authorization: str | None, *, packed: bool
    ) -> Answer:
        """One request and its answer on the wire."""
        headers = {"Accept": request.accept, **request.headers}
        if body is not None:
            headers["Content-Type"] = request.content_type
        if packed:
            headers["Content-Encoding"] = "gzip"
        if authorization and _same_origin(url, self.base_url):
            headers["Authorization"] = authorization
        wire, begin = _Wire(), time.perf_counter()
        status, received = None, 0
        try:
            with self._http.stream(
                request.method, url, content=body, headers=headers, extensions={"trace": wire}
            ) as response:
                try:
                    answer = self._read(response, begin)
                finally:
                    received = response.num_bytes_downloaded
            status = answer.status
            return answer
        finally:
            if self._observer:
                self._observer(
                    Exchange(
                        status=status,
                        seconds=time.perf_counter() - begin,
                        processing=wire.processing,
                        bytes_out=len(body or b""),
                        bytes_in=received,
                    )
                )

    def _read(self, response: httpx.Response, begin: float) -> Answer:
        """The answer to its end, unless it is too long, or takes too long."""
        limit = _LONGEST_ANSWER if response.is_success else _LONGEST_REFUSAL
        parts, size = [], 0
        for part in _parts(response):
            parts.append(part)
            size += len(part)
            if size > limit:
                break
            if time.perf_counter() - begin > self._timeouts.whole:
                raise httpx.ReadTimeout(f"no end after {self._timeouts.whole:g} s", request=response.request)
        body = b"".join(parts)
        if size > limit and response.is_success:
            raise ServerError(f"the answer is longer than {limit // 2**20} MiB", status=response.status_code)
        return Answer(
            status=response.status_code, headers=response.headers, body=body[:limit], cut=size > limit
        )

    # --- credentials -------------------------------------------------------------------------------------

    def _url(self, request: Request) -> httpx.URL:
        """Where a request goes; a link to another server is followed only if we are nobody in particular."""
        url = self._joined(self.base_url, request.path) if request.path else self._root()
        if _same_origin(url, self.base_url) or not self._known_to_server:
            return url
        reason = f"the server's link leads to {url.scheme}://{url.host}, which gets no credentials of ours"
        raise ServerError(f"{request.method}: {reason}", status=200)

    def _joined(self, url: httpx.URL, link: str) -> httpx.URL:
        try:
            return url.join(link)
        except httpx.InvalidURL as exc:
            raise ServerError(f"the server gave a link that is none: {exc}", status=200) from exc

    def _root(self) -> httpx.URL:
        """The base without its final slash, where bundles go."""
        return httpx.URL(str(self.base_url).rstrip("/"))

    def _authorization(self) -> str | None:
        return self._auth.authorization(self._ask) if self._auth else None

    def _ask(self, make: Callable[[], Request]) -> dict[str, Any]:
        """The JSON that a token server, or discovery, answers: asked without credentials."""
        patience = self._retry.patience()
        while True:
            request = make()
            url = self._joined(self.base_url, request.path)
            try:
                answer = self._exchange(request, url, request.body, None, packed=False)
            except httpx.TransportError as exc:
                pause = self._pause_after(exc, request, patience)
                if pause is None:
                    raise self._unreached(exc, request) from exc
            else:
                pause = _pause(answer, request, patience)
                if pause is None:
                    return self.understood(answer, request)
            self._retry.sleep(pause)

    def _scrubbed(self, text: str) -> str:
        return scrubbed(text, self._auth.secrets()) if self._auth else text

    def _clean(self, value: Any) -> Any:
        """An outcome without our secrets, should the server quote them."""
        if not self._auth:
            return value
        if isinstance(value, str):
            return self._scrubbed(value)
        if isinstance(value, list):
            return [self._clean(each) for each in value]
        if isinstance(value, dict):
            return {key: self._clean(each) for key, each in value.items()}
        return value

    # --- trouble -----------------------------------------------------------------------------------------

    def _pause_after(self, error: httpx.TransportError, request: Request, patience: Patience) -> float | None:
        """The pause after no answer; None when another attempt is useless, or not safe."""
        if _tls_error(error) or isinstance(error, httpx.UnsupportedProtocol):
            return None
        if not request.repeatable and not isinstance(error, _NEVER_SENT):
            return None
        return patience.after_silence()

    def _unreached(self, error: httpx.TransportError, request: Request) -> ServerError:
        server = f"{self.base_url.scheme}://{self.base_url.netloc.decode('ascii', 'replace')}"
        reason = str(_tls_error(error) or error) or type(error).__name__
        return ServerError(self._scrubbed(f"{request.name}: no answer from {server}: {reason}"))


def _pause(answer: Answer, request: Request, patience: Patience) -> float | None:
    """The pause after an answer; None if it is final."""
    if answer.broken:
        return patience.after_nonsense() if request.repeatable else None
    return patience.after(
        answer.status,
        retry_after=answer.headers.get("retry-after"),
        repeatable=request.repeatable,
        guarded=request.guarded,
    )


def _parts(response: httpx.Response) -> Iterator[bytes]:
    try:
        yield from response.iter_bytes()
    except httpx.DecodingError as exc:  # a half or broken gzip stream is a broken connection to us
        raise httpx.RemoteProtocolError(f"broken compression: {exc}", request=response.request) from exc


def _same_origin(one: httpx.URL, other: httpx.URL) -> bool:
    return (one.scheme, one.host, _port(one)) == (other.scheme, other.host, _port(other))


def _port(url: httpx.URL) -> int | None:
    return url.port or {"http": 80, "https": 443}.get(url.scheme)


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    """The refusal of a certificate, theirs or ours, behind an error: another attempt would end the same."""
    while error:
        if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
            return error
        error = error.__cause__ or error.__context__
    return None
