"""What importing and splitting may not cost."""

import subprocess
import sys

_SCRIPT = """
import sys
opened = []
def hook(event, arguments):
    if event == "open" and str(arguments[0]).endswith(".csv"):
        opened.append(arguments[0])
sys.addaudithook(hook)
from fhir_trial.eligibility import constraints, parse
parse("Inclusion Criteria:\\n\\n* Age over 20 years")
assert not opened, opened
constraints("Age over 20 years")
assert opened
assert not {"pydantic", "fhir", "httpx", "typer", "orjson"} & set(sys.modules), sys.modules
"""


def test_the_tables_are_read_by_the_first_line_that_needs_them_and_nothing_heavy_is_imported() -> None:
    done = subprocess.run([sys.executable, "-c", _SCRIPT], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
