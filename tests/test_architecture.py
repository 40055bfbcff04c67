"""Imports go one way: cli -> pipeline -> stages -> model -> errors (docs/decisions/0001)."""

import ast
from pathlib import Path

import pytest

from tests.records import ROOT

PACKAGE = ROOT / "fhir_trial"

LAYERS: list[set[str]] = [
    {"__main__"},
    {"cli"},
    {"cli_server", "cli_report", "cli_criteria"},
    {"transfer"},
    {"summary", "oracle"},
    {"pipeline", "report", "understanding"},
    {"reading", "writing", "pool", "progress", "sync", "foreign"},
    {"sources", "mapping", "validation", "client", "bundle", "files", "engines"},
    {"trial", "eligibility", "codemaps"},
    {"results"},
    {"values"},
    {"tokens", "data", "memory", "terminal"},
    {"errors", "release"},
]
"""From the top down; a module imports from lower layers, and the modules of one layer not each other."""

ALLOWED_BESIDE = {("reading", "files"), ("bundle", "mapping"), ("validation", "mapping"), ("sync", "client")}
"""Modules of one layer that may import each other nevertheless."""

ONLY_IN = {
    "httpx": {"client", "engines"},
    "typer": {"cli", "cli_server", "cli_report", "cli_criteria", "terminal"},
    "rich": {"progress", "terminal", "cli_criteria"},
    "zipfile": {"files"},
}
"""Libraries that stay in one place."""

NO_DISK = {"mapping", "sources", "eligibility", "trial", "bundle"}
UNCLEAN = {"os", "pathlib", "io", "socket", "urllib", "time", "random", "secrets", "uuid", "subprocess"}


def imports(source: str) -> set[str]:
    """The modules that a text imports, wherever in it, by full name."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def part(name: str) -> str | None:
    """The part of our package that a full module name belongs to; None for other packages."""
    head, _, rest = name.partition(".")
    return (rest.split(".")[0] or "__init__") if head == "fhir_trial" else None


def layer(name: str) -> int:
    return next(number for number, names in enumerate(LAYERS) if name in names)


def faults(owner: str, source: str) -> list[str]:
    """What is wrong with the imports of one module of a part."""
    found = []
    for name in sorted(imports(source)):
        other, library = part(name), name.split(".")[0]
        if library in ONLY_IN and owner not in ONLY_IN[library]:
            found.append(f"{owner} imports {library}")
        if owner in NO_DISK and library in UNCLEAN:
            found.append(f"{owner} imports {library}: it must not touch disk, clock, network or chance")
        if other in (None, owner) or other not in {each for names in LAYERS for each in names}:
            continue
        if layer(other) <= layer(owner) and (owner, other) not in ALLOWED_BESIDE:
            found.append(f"{owner} imports {other}")
    return found


MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_imports_go_down(module: Path) -> None:
    owner = module.parts[0].removesuffix(".py")
    if owner != "__init__":  # the front door names what is inside
        assert faults(owner, (PACKAGE / module).read_text()) == []


@pytest.mark.parametrize(
    ("owner", "planted"),
    [
        ("sources", "from fhir_trial.mapping import resources"),
        ("mapping", "def f():\n    import fhir_trial.sources.ctgov_v2"),
        ("mapping", "from fhir_trial import pipeline"),
        ("mapping", "import time"),
        ("trial", "from fhir_trial.bundle import bundle"),
        ("errors", "from fhir_trial.trial import Trial"),
        ("validation", "import httpx"),
        ("pipeline", "from typer import echo"),
    ],
)
def test_a_planted_import_is_found(owner: str, planted: str) -> None:
    assert len(faults(owner, planted)) == 1


def test_every_part_of_the_package_has_its_layer() -> None:
    parts = {path.parts[0].removesuffix(".py") for path in MODULES} - {"__init__"}
    assert parts <= {each for names in LAYERS for each in names}
