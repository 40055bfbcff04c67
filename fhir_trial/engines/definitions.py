"""Which folders of `mappings/definitions/` an engine or a server of a release has to know."""

from pathlib import Path

from fhir_trial.data import mappings_dir
from fhir_trial.release import Release

_FOLDERS = {
    Release.R4: (".", "R4"),
    Release.R4B: (".", "R4"),  # R4B knows as little of R5 as R4 does
    Release.R5: (".", "R5"),
}


def definition_dirs(release: Release) -> list[Path]:
    """The existing folders, those for every release first."""
    root = Path(str(mappings_dir())) / "definitions"
    folders = [root / name for name in _FOLDERS[release]]
    return [folder for folder in folders if folder.is_dir()]


def definition_files(release: Release) -> list[Path]:
    """Every StructureDefinition, CodeSystem and ValueSet that output of this release refers to."""
    return sorted(file for folder in definition_dirs(release) for file in folder.glob("*.json"))
