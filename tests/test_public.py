"""The public surface: names, version, signatures that users rely on."""

import inspect
import subprocess
import sys
import tomllib
from pathlib import Path

import msgspec
import pytest

import fhir_trial
from fhir_trial import ExitCode, InvalidBundleError, Issue, RecordError, Release
from tests.records import ROOT, SEED, record

NAMES = [
    "ExitCode",
    "FhirTrialError",
    "InvalidBundleError",
    "Issue",
    "RecordError",
    "Release",
    "ServerError",
    "Trial",
    "UnmappedCodeError",
    "__version__",
    "convert",
    "parse",
    "read",
    "validate",
]


def test_the_public_names_are_these() -> None:
    assert fhir_trial.__all__ == NAMES
    assert dir(fhir_trial) == NAMES
    assert all(getattr(fhir_trial, name) for name in NAMES)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        fhir_trial.nonsense  # noqa: B018


def test_every_error_is_a_fhir_trial_error() -> None:
    errors = [getattr(fhir_trial, name) for name in NAMES if name.endswith("Error")]
    assert all(issubclass(error, fhir_trial.FhirTrialError) for error in errors)


def test_the_version_is_the_one_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert fhir_trial.__version__ == project["version"]


def test_every_package_is_shipped() -> None:
    shipped = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = {path.parent for path in (ROOT / "fhir_trial").rglob("*.py")}
    assert {".".join(folder.relative_to(ROOT).parts) for folder in folders} <= set(shipped)


def test_importing_the_package_is_cheap() -> None:
    code = "import fhir_trial, sys; print('msgspec' in sys.modules or 'orjson' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True, cwd=ROOT) == "False\n"


def test_the_exit_codes_are_never_reused() -> None:
    assert {code.name: int(code) for code in ExitCode} == {
        "OK": 0,
        "SOME_FAILED": 1,
        "USAGE": 2,
        "NOTHING_READ": 3,
        "SERVER_REFUSED": 4,
        "SERVER_UNREACHABLE": 5,
    }


def test_the_calls_of_the_design_work() -> None:
    trial = fhir_trial.parse(SEED.read_bytes())
    assert [item for item in fhir_trial.read(SEED)] == [trial]  # noqa: C416 - as the design writes it
    bundle = fhir_trial.convert(SEED.read_bytes(), to="R4")
    assert bundle["resourceType"] == "Bundle"
    again = fhir_trial.convert(bundle, to="ctgov")
    assert again["protocolSection"]["identificationModule"]["nctId"] == "NCT03597321"
    assert not [issue for issue in fhir_trial.validate(bundle, release="R4") if issue.severity == "error"]


@pytest.mark.parametrize("release", ["R4", Release.R4B, "R5"])
def test_a_trial_a_record_and_its_text_convert_alike(release: str) -> None:
    document = record(1)
    data = msgspec.json.encode(document)
    expected = fhir_trial.convert(document, to=release)
    assert fhir_trial.convert(data, to=release) == expected
    assert fhir_trial.convert(data.decode(), to=release) == expected
    assert fhir_trial.convert(fhir_trial.parse(document), to=release) == expected


@pytest.mark.parametrize("other", ["R4B", "R5"])
def test_a_bundle_converts_to_another_release_and_back(other: str) -> None:
    document = record(1)
    bundle = fhir_trial.convert(document)
    assert fhir_trial.convert(fhir_trial.convert(bundle, to=other), to="R4") == bundle
    assert fhir_trial.convert(msgspec.json.encode(bundle), to=other) == fhir_trial.convert(document, to=other)


def test_a_transaction_is_made_on_request() -> None:
    bundle = fhir_trial.convert(record(1), bundle="transaction")
    assert bundle["type"] == "transaction"
    assert all(entry["request"]["method"] == "PUT" for entry in bundle["entry"])


def test_a_target_that_is_not_known_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="cannot convert to 'R6', expected one of R4, R4B, R5, ctgov"):
        fhir_trial.convert(record(1), to="R6")


def test_a_bundle_that_is_not_valid_is_not_read() -> None:
    bundle = fhir_trial.convert(record(1))
    bundle["entry"][0]["resource"]["status"] = "nonsense"
    with pytest.raises(InvalidBundleError) as caught:
        fhir_trial.convert(bundle, to="ctgov")
    assert caught.value.issues


def test_a_resource_that_is_no_bundle_is_a_record_error() -> None:
    with pytest.raises(RecordError, match="this is a FHIR Patient, not a Bundle"):
        fhir_trial.convert({"resourceType": "Patient"}, to="ctgov")


def test_issues_say_what_and_where() -> None:
    (issue,) = fhir_trial.validate({"resourceType": "Organization", "active": "yes", "name": "x"})
    assert isinstance(issue, Issue)
    assert issue.severity == "error"
    assert issue.expression == "Organization.active"


def test_same_input_same_bytes() -> None:
    script = (
        "import fhir_trial, orjson, sys; data = open(sys.argv[1], 'rb').read(); "
        "print(*(orjson.dumps(fhir_trial.convert(data, to=release)) for release in fhir_trial.Release))"
    )
    runs = {
        subprocess.check_output(
            [sys.executable, "-c", script, str(SEED)], env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        )
        for seed in ("1", "2")
    }
    assert len(runs) == 1


def test_public_functions_have_a_docstring_and_types() -> None:
    for name in ("convert", "parse", "read", "validate"):
        function = getattr(fhir_trial, name)
        assert inspect.getdoc(function)
        assert all(
            each.annotation is not each.empty for each in inspect.signature(function).parameters.values()
        )
    assert (Path(fhir_trial.__file__).parent / "py.typed").exists()
