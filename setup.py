"""Compiles the modules that do most of the work; all else about the package is in pyproject.toml.

mypyc makes C extensions of the same Python source when a wheel is built (`pip install .`, `python -m build`).
An editable install stays plain Python, so that a change to a module counts at once; so does a wheel that is
built with FHIR_TRIAL_PURE=1 or where no C compiler is found.
"""

import os
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CompileError, LinkError

HOT = ("bundle.py", "codemaps.py", "eligibility/*.py", "mapping/**/*.py", "validation/objects.py")
"""Below fhir_trial/: what runs for every record, line or object."""
STRUCTS = ("fhir_trial/eligibility/constraint.py",)
"""What msgspec makes of these classes is C already."""


def extensions() -> list[Extension]:
    """The C extensions of a wheel; none where plain Python is wanted."""
    if "bdist_wheel" not in sys.argv or os.environ.get("FHIR_TRIAL_PURE") == "1":
        return []
    from mypyc.build import mypycify

    package = Path("fhir_trial")
    modules = {str(path) for pattern in HOT for path in package.glob(pattern)} - {*STRUCTS}
    options = ["--ignore-missing-imports", *sorted(modules)]  # httpx and others are not at hand in a build
    try:
        compiled: list[Extension] = mypycify(options, opt_level="2", debug_level="0")
    except SystemExit as reason:  # a later mypy may see an error where ours sees none
        print(f"fhir-trial is installed as plain Python, mypyc refused it: {reason}", file=sys.stderr)  # noqa: T201 - for who installs
        return []
    return compiled


class AllOrNothing(build_ext):
    """Builds every extension, or none: without a C compiler the Python source next to them is what runs."""

    def run(self) -> None:
        try:
            super().run()
        except (BaseError, CompileError, LinkError, OSError) as reason:
            print(f"fhir-trial is installed as plain Python: {reason}", file=sys.stderr)  # noqa: T201 - for who installs
            for extension in self.extensions:
                Path(self.get_ext_fullpath(extension.name)).unlink(missing_ok=True)
            self.extensions = []


setup(ext_modules=extensions(), cmdclass={"build_ext": AllOrNothing})
