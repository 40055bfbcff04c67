"""The report: every leaf has its places, found by following values; the table, the totals, the page."""

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fhir_trial import mapping, reading, report
from fhir_trial.cli import app
from fhir_trial.errors import ExitCode
from fhir_trial.release import Release
from fhir_trial.report.leaves import another_date
from fhir_trial.report.places import Places, places, walk
from tests import changes
from tests.complete_records import Maker
from tests.records import SEED, dumps, record

releases = pytest.mark.parametrize("release", list(Release))
CHROMIUM = shutil.which("chromium")


def traces(document: dict[str, Any], release: Release = Release.R4) -> dict[str, report.Traced]:
    return {leaf.path: leaf for leaf in report.trace(reading.parse(document), release)}


def at(resources: list[dict[str, Any]], place: report.Place) -> Any:
    """The value at a place, read off the resources by walking them."""
    (resource,) = (r for r in resources if f"{r['resourceType']}/{r['id']}" == place.resource)
    found: dict[str, Any] = {}
    walk(resource, found.__setitem__)
    return found[place.path]


# --- tracing ---------------------------------------------------------------------------------------------


@releases
@pytest.mark.parametrize("seed", range(6))
def test_no_leaf_of_a_complete_record_is_lost(seed: int, release: Release) -> None:
    document = Maker(seed, absent=(0.0, 0.3)[seed % 2], empty_lists=seed > 2, texts=None).record()
    assert [leaf.path for leaf in traces(document, release).values() if leaf.how == "lost"] == []


@releases
def test_every_leaf_of_the_seed_is_traced(release: Release) -> None:
    trial = reading.parse(SEED.read_bytes())
    resources = mapping.resources(trial, release)
    for leaf in report.trace(trial, release):
        assert leaf.how not in ("lost", "not mapped"), leaf.path
        for place in leaf.places:
            assert at(resources, place) is not None


@releases
def test_a_text_stands_where_the_report_says(release: Release) -> None:
    document = Maker(3, sizes=(1,)).record()
    resources = changes.output(document, release)
    for leaf in traces(document, release).values():
        if " " in str(leaf.value) and leaf.how == "element" and leaf.places[0].rest == 0:
            found = str(at(resources, leaf.places[0]))
            assert found == leaf.value or leaf.value.startswith(f"{found} "), leaf.path


def test_how_a_leaf_travels_is_said() -> None:
    found = traces(record(1, oversightModule={"oversightHasDmc": True}) | {"new": 1})
    module = "$.protocolSection."
    assert found[f"{module}identificationModule.briefTitle"].how == "element"
    assert found[f"{module}statusModule.overallStatus"].how == "code map"
    assert found[f"{module}eligibilityModule.eligibilityCriteria"].how == "HL7 extension"
    assert found["$.new"].how == "not mapped"
    assert found["$.new"].reason == "not in the registry's published field list"


def test_the_best_place_comes_first() -> None:
    found = traces(record(1))
    title = found["$.protocolSection.identificationModule.briefTitle"]
    number = found["$.protocolSection.identificationModule.nctId"]
    assert title.places[0][:2] == ("ResearchStudy/NCT00000001", "ResearchStudy.title")
    assert number.places[0].path == "ResearchStudy.identifier[0].value"


def test_equal_values_are_told_apart() -> None:
    conditions = {"conditions": ["Asthma", "Asthma"], "keywords": ["Asthma"]}
    found = traces(record(1, conditionsModule=conditions))
    paths = [
        found[f"$.protocolSection.conditionsModule.{name}"].places[0].path
        for name in ("conditions[0]", "conditions[1]", "keywords[0]")
    ]
    assert paths == [
        "ResearchStudy.condition[0].text",
        "ResearchStudy.condition[1].text",
        "ResearchStudy.keyword[0].text",
    ]


@releases
def test_two_dates_in_one_element_share_their_type(release: Release) -> None:
    dates = {
        "overallStatus": "COMPLETED",
        "startDateStruct": {"date": "2020-01", "type": "ACTUAL"},
        "primaryCompletionDateStruct": {"date": "2021-01", "type": "ACTUAL"},
        "completionDateStruct": {"date": "2021-01", "type": "ACTUAL"},
    }
    found = traces(record(1, statusModule=dates), release)
    paths = {
        name: [place.path for place in found[f"$.protocolSection.statusModule.{name}DateStruct.type"].places]
        for name in ("start", "primaryCompletion", "completion")
    }
    assert paths["start"][0] == paths["completion"][0]
    assert set(paths["start"] + paths["completion"]).isdisjoint(paths["primaryCompletion"])


def test_a_value_in_a_narrative_only_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    written = mapping.resources

    def without_title(*given: Any) -> list[dict[str, Any]]:
        return [{k: v for k, v in resource.items() if k != "title"} for resource in written(*given)]

    monkeypatch.setattr(mapping, "resources", without_title)
    title = traces(record(1))["$.protocolSection.identificationModule.briefTitle"]
    assert (title.how, title.places, title.reason) == ("lost", (), None)


def test_a_changed_id_is_no_place() -> None:
    shared = {"resourceType": "Organization", "id": "org-1", "name": "A"}
    study = {"resourceType": "ResearchStudy", "id": "NCT1", "sponsor": {"reference": "Organization/org-1"}}
    moved: Places = places([study, shared], "NCT1")
    study["sponsor"] = {"reference": "Organization/org-2"}
    assert places([study, shared | {"id": "org-2"}], "NCT1").values == moved.values


@pytest.mark.parametrize("value", ["2020", "2020-02", "2020-02-29"])
def test_another_date_has_the_same_precision(value: str) -> None:
    found = {another_date(value, number) for number in range(40)}
    assert len(found) == 40
    assert {len(day) for day in found} == {len(value)}


# --- table, totals ---------------------------------------------------------------------------------------


def run(*arguments: str | Path) -> Any:
    return CliRunner().invoke(app, ["report", *map(str, arguments)])


def test_the_table_is_for_people() -> None:
    result = run(SEED)
    assert result.exit_code == ExitCode.OK
    assert "NCT03597321  protocolSection.identificationModule\n" in result.stdout
    line = next(line for line in result.stdout.splitlines() if "orgStudyIdInfo.id" in line)
    assert line.split()[1:3] == ['"ELIT-AML01-IPC', '2017-006"']
    assert line.endswith("element       ResearchStudy.identifier[1].value of NCT03597321")
    assert "lost" in result.stderr


def test_the_lines_are_for_machines() -> None:
    result = run(SEED, "--json", "--to", "R5")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    (summary,) = (line for line in lines if line["source"].endswith("briefSummary"))
    assert summary["places"][0] == {
        "resource": "ResearchStudy/NCT03597321",
        "path": "ResearchStudy.descriptionSummary",
        "how": "element",
        "holds": "value",
    }
    assert len(summary["value"]) == 201


def test_the_summary_counts_every_leaf(tmp_path: Path) -> None:
    source = tmp_path / "two.ndjson"
    source.write_bytes(dumps(record(1), record(2)))
    result = run(source, "--summary", "--json")
    totals = json.loads(result.stdout)
    assert totals["records"] == 2
    assert totals["leaves"] == sum(totals["how"].values()) == sum(f["leaves"] for f in totals["fields"])
    assert {field["field"]: field["records"] for field in totals["fields"]}["hasResults"] == 2
    assert "hasResults" in run(source, "--summary").stdout


def test_a_record_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    source = tmp_path / "one.ndjson"
    source.write_bytes(dumps(record(1), {"protocolSection": {}}))
    result = run(source, "--summary")
    assert result.exit_code == ExitCode.SOME_FAILED
    assert "line 2: the field protocolSection is empty" in result.stderr


def test_nothing_read_is_an_error_of_its_own(tmp_path: Path) -> None:
    source = tmp_path / "none.json"
    source.write_text("{}")
    assert run(source).exit_code == ExitCode.NOTHING_READ


# --- the page --------------------------------------------------------------------------------------------

HOSTILE = "</style><script>alert(1)</script><img src=x onerror=alert(1)> \" ' & ]]> \x00\x0b\ufffe"


def made_page(document: dict[str, Any], release: Release = Release.R4) -> str:
    trial = reading.parse(document)
    return report.page(trial, release, report.trace(trial, release))


def tree(page: str) -> ET.Element:
    """The page as XML, which it is: every tag closed, every attribute quoted."""
    style_and_script = re.compile(r"<(style|script)>.*?</\1>", re.DOTALL)
    return ET.fromstring(style_and_script.sub("", page).removeprefix("<!DOCTYPE html>"))


@releases
def test_the_page_is_well_formed_and_its_links_lead_somewhere(release: Release) -> None:
    root = tree(made_page(Maker(1, sizes=(1,)).record(), release))
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    links = {str(element.get("href")) for element in root.iter("a")}
    assert len(ids) == len(set(ids))
    assert {link[:1] for link in links} == {"#"}
    assert {link[1:] for link in links} <= set(ids)


def test_the_page_needs_nothing_from_elsewhere() -> None:
    page = made_page(record(1))
    root = tree(page)
    assert not {"link", "img", "iframe", "object", "base"} & {element.tag for element in root.iter()}
    assert not [element for element in root.iter() if element.get("src")]
    assert "@import" not in page
    assert "url(" not in page
    assert "default-src 'none'" in page


def test_the_page_escapes_what_records_hold() -> None:
    page = made_page(record(1, identificationModule={"nctId": "NCT00000001", "briefTitle": HOSTILE}))
    root = tree(page)
    assert page.count("<script>") == page.count("<style>") == 1
    assert "<img" not in page
    shown = ["".join(element.itertext()) for element in root.iter("span")]
    assert HOSTILE[:-3].strip()[:60] in "\n".join(shown)


def test_the_page_shows_both_sides_linked() -> None:
    root = tree(made_page(record(1)))
    leaf = next(e for e in root.iter("li") if "".join(e.itertext()).startswith("briefTitle Trial 1"))
    link = leaf.find(".//a")
    assert link is not None
    target = next(e for e in root.iter("li") if e.get("id") == str(link.get("href"))[1:])
    assert "".join(target.itertext()).startswith("title Trial 1")
    assert [a.get("href") for a in target.iter("a")] == [f"#{leaf.get('id')}"]


def test_the_page_is_written_by_the_command(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    assert run(SEED, "--html", target).exit_code == ExitCode.OK
    assert tree(target.read_text(encoding="utf-8")).tag == "html"


def test_a_page_shows_one_record(tmp_path: Path) -> None:
    source = tmp_path / "two.ndjson"
    source.write_bytes(dumps(record(1), record(2)))
    result = run(source, "--html", tmp_path / "page.html")
    assert result.exit_code == ExitCode.USAGE
    assert "--html shows one record" in result.stderr


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")
def test_a_browser_shows_the_page(tmp_path: Path) -> None:
    page, picture = tmp_path / "page.html", tmp_path / "page.png"
    page.write_text(made_page(record(1)), encoding="utf-8")
    options = [
        *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
        *("--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}"),
        *("--window-size=1200,800", f"--screenshot={picture}", page.as_uri()),
    ]
    subprocess.run([str(CHROMIUM), *options], check=True, capture_output=True, timeout=120)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 20_000  # a blank page of that size is a few kB
