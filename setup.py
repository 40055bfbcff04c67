"""Compiles the modules that do most of the work; all else about the package is in pyproject.toml.

mypyc makes C extensions of the same Python source when a wheel is built (`pip install .`, `python -m build`).
An editable install stays plain Python, so that a change to a module counts at once; so does a wheel that is
built with FHIR_TRIAL_PURE=1 or where no C compiler is found.
"""

import os
import sys
from pathlib import Path

from setuptools import Extension, setup

HOT = ("bundle.py", "codemaps.py", "eligibility/*.py", "mapping/**/*.py")
"""Below fhir_trial/: what runs for every record or line. The validator runs code that it writes itself."""
STRUCTS = ("fhir_trial/eligibility/constraint.py",)
"""What msgspec makes of these classes is C already."""


def extensions() -> list[Extension]:
    """The C extensions of a wheel; none where plain Python is wanted."""
    if "bdist_wheel" not in sys.argv or os.environ.get("FHIR_TRIAL_PURE") == "1":
        return []
    from mypyc.build import mypycify

    package = Path("fhir_trial")
    modules = {str(path) for pattern in HOT for path in package.glob(pattern)} - {*STRUCTS}
    # types are checked by mypy itself, with all that is imported; here only the project's own are at hand
    compiled: list[Extension] = mypycify(
        ["--ignore-missing-imports", *sorted(modules)], opt_level="2", debug_level="0"
    )
    for extension in compiled:
        extension.optional = True  # without a C compiler the Python source next to it is what runs
    return compiled


setup(ext_modules=extensions())
