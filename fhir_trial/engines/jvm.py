"""Builds a module of `java/` once, into the user's cache, and runs it as a process.

Sources travel in the wheel; Maven and the JDK are the user's. A build is named after the hash of its
sources, so a warm start costs one look and no Maven.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Literal, Self

from fhir_trial.engines import EngineUnavailableError

Module = Literal["judge", "server"]

_JAVA = 17
_PATIENCE = 300
"""Seconds; a cold R5 on a loaded machine takes 54."""
_NEEDED = f"JDK {_JAVA} or newer and Maven are needed for this (java and mvn on PATH, or JAVA_HOME)"


@cache
def java_dir() -> Path:
    """The Maven project: inside the wheel, or beside the package in a checkout."""
    package = Path(__file__).parents[1]
    packaged = package / "java"
    return packaged if packaged.is_dir() else package.parent / "java"


def cache_dir() -> Path:
    """Where builds are kept: $FHIR_TRIAL_CACHE, else the platform's place for caches."""
    if told := os.environ.get("FHIR_TRIAL_CACHE"):
        return Path(told)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "fhir-trial"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "fhir-trial"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "fhir-trial"


def java() -> str:
    """The path of a java new enough; raises EngineUnavailableError when there is none."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if found is None:
        raise EngineUnavailableError(f"no java found: {_NEEDED}")
    answer = subprocess.run([found, "-version"], capture_output=True, text=True, check=False)
    version = re.search(r'version "(\d+)', answer.stderr)
    if version is None or int(version[1]) < _JAVA:
        raise EngineUnavailableError(f"java is too old: {_NEEDED}")
    return found


def maven() -> str:
    """The path of mvn; raises EngineUnavailableError when there is none."""
    found = shutil.which("mvn")
    if found is None:
        raise EngineUnavailableError(f"no mvn found: {_NEEDED}")
    return found


def classpath(module: Module) -> str:
    """The class path of a built module; builds it first when this source was not built yet."""
    target = cache_dir() / f"{module}-{_source_hash(module)}"
    if not _complete(target):
        _build(module, target)
    return os.pathsep.join([str(target / f"{module}.jar"), *_jars(target)])


def _sources(module: Module) -> Iterator[Path]:
    yield java_dir() / "pom.xml"
    yield java_dir() / module / "pom.xml"
    yield from sorted(path for path in (java_dir() / module / "src").rglob("*") if path.is_file())


def _source_hash(module: Module) -> str:
    digest = hashlib.sha256()
    for path in _sources(module):
        digest.update(path.relative_to(java_dir()).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def _jars(target: Path) -> list[str]:
    return (target / "classpath.txt").read_text(encoding="utf-8").strip().split(os.pathsep)


def _complete(target: Path) -> bool:
    """Whether a build is there, with all the jars of Maven's local repository that it counts on."""
    return target.is_dir() and all(Path(jar).is_file() for jar in _jars(target))


def _build(module: Module, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="building-") as name:
        work = Path(name) / "java"
        shutil.copytree(java_dir(), work, ignore=shutil.ignore_patterns("target"))
        _package(module, work)
        shutil.rmtree(target, ignore_errors=True)
        built = Path(name) / target.name
        built.mkdir()
        for file in (f"{module}.jar", "classpath.txt"):
            shutil.copy(work / module / "target" / file, built / file)
        try:
            built.rename(target)
        except OSError:  # another process was faster with the same build
            if not _complete(target):
                raise


def _package(module: Module, work: Path) -> None:
    command = [maven(), "-q", "-B", "-pl", module, "package"]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise EngineUnavailableError(f"Maven could not build java/{module}:\n{done.stdout[-4000:]}")


class JavaProcess:
    """A Java engine that says READY on stderr and ends when its stdin ends, as it does when we die.

    Both its outputs are always read: a full pipe would block the engine, and then us.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin and process.stdout and process.stderr
        self.ready = ""
        """The line of the engine that said it is ready."""
        self._process = process
        self._stdin = process.stdin
        self._answers: SimpleQueue[bytes | None] = SimpleQueue()
        self._settled = threading.Event()
        self._last_words: deque[str] = deque(maxlen=40)
        self._readers = [
            threading.Thread(target=self._read_answers, args=[process.stdout], daemon=True),
            threading.Thread(target=self._read_log, args=[process.stderr], daemon=True),
        ]

    @classmethod
    def start(cls, module: Module, main: str, *arguments: str, options: Iterable[str]) -> Self:
        """Builds the module if needed, starts its main class and waits until it is ready."""
        command = [java(), *options, "-cp", classpath(module), main, *arguments]
        pipe = subprocess.PIPE
        engine = cls(subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe))
        try:
            engine._wait_until_ready()
        except BaseException:
            engine.close(patience=0)
            raise
        return engine

    def send(self, line: bytes) -> None:
        """Writes one line to the engine."""
        try:
            self._stdin.write(line + b"\n")
            self._stdin.flush()
        except BrokenPipeError as error:
            raise self._died() from error

    def answer(self) -> bytes:
        """The next line of the engine."""
        line = self._answers.get()
        if line is None:
            self._answers.put(None)  # for whoever asks again
            raise self._died()
        return line

    def wait(self) -> None:
        """Blocks until the process ends."""
        self._process.wait()

    def close(self, patience: float = 20) -> None:
        """Ends the process: politely, then not."""
        with suppress(BrokenPipeError):  # already gone
            self._stdin.close()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for reader in self._readers:
            reader.join()

    def _wait_until_ready(self) -> None:
        for reader in self._readers:
            reader.start()
        if not self._settled.wait(_PATIENCE):
            raise EngineUnavailableError(f"the engine was not ready after {_PATIENCE} s")
        if not self.ready:
            raise self._died()

    def _died(self) -> EngineUnavailableError:
        code = self._process.wait()
        return EngineUnavailableError(f"the engine ended (exit {code}): {''.join(self._last_words)}")

    def _read_answers(self, stdout: IO[bytes]) -> None:
        with stdout:
            for line in stdout:
                self._answers.put(line)
        self._answers.put(None)

    def _read_log(self, stderr: IO[bytes]) -> None:
        with stderr:
            for line in stderr:
                text = line.decode("utf-8", "replace")
                if text.startswith("READY "):
                    self.ready = text.strip()
                    self._settled.set()
                else:
                    self._last_words.append(text)
        self._settled.set()
