"""Where the reviewed data of `mappings/` stands: inside the wheel, or beside the package in a checkout."""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


@cache
def mappings_dir() -> Traversable:
    """The folder of code maps and definitions."""
    packaged = files("fhir_trial") / "mappings"
    return packaged if packaged.is_dir() else Path(__file__).parents[1] / "mappings"
