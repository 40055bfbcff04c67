"""A real HAPI FHIR server on this machine, for tests and for people without Docker."""

from pathlib import Path
from types import TracebackType
from typing import Self

from fhir_trial.engines.jvm import JavaProcess
from fhir_trial.release import Release

_MAIN = "fhirtrial.server.Server"
# HAPI holds 0.7 GB of R5 definitions; the second compiler costs more at the start than it ever gives back.
_OPTIONS = ("-Xmx2g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


class Sandbox:
    """A server of one release on loopback: `with Sandbox(Release.R4) as server: server.base_url`."""

    def __init__(
        self,
        release: Release,
        *,
        database: Path | None = None,
        port: int = 0,
        search_reuse_ms: int = 60_000,
        validate_requests: bool = False,
    ) -> None:
        """`database` is an H2 file that outlives the server (None: memory); port 0 takes any free one."""
        self.release = release
        self._arguments = (
            release.value,
            str(port),
            str(database.resolve()) if database else "mem",
            str(search_reuse_ms),
            str(validate_requests).lower(),
        )

    def __enter__(self) -> Self:
        self._process = JavaProcess.start("server", _MAIN, *self._arguments, options=_OPTIONS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.close()

    @property
    def base_url(self) -> str:
        """The address, e.g. http://127.0.0.1:41095/fhir."""
        return self._process.ready.split()[1]

    def wait(self) -> None:
        """Blocks until the server ends; Ctrl-C ends it."""
        self._process.wait()
