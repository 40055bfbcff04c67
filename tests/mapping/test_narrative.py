"""Narratives: escaped, well formed, in the form a server gives back."""

import xml.etree.ElementTree as ET

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_trial.mapping import resources
from fhir_trial.mapping.narrative import bullets, escape, heading, narrative, paragraph
from fhir_trial.release import Release
from fhir_trial.sources import ctgov_v2
from tests.complete_records import Maker
from tests.mapping.made import study, trial


def test_markup_in_a_title_is_shown_and_not_run() -> None:
    stated = trial(
        identificationModule={"nctId": "NCT00000001", "briefTitle": '<script>alert("x")</script> & co'}
    )
    div = study(stated)["text"]["div"]
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; co" in div
    assert "<script" not in div


@pytest.mark.parametrize(
    ("text", "expected"),
    [("≥ µ", "≥ µ"), ("😀", "&#x1F600;"), ("a\x01b", "a\ufffdb"), ("a\r\nb", "a\nb"), ("\u00a0x", "\u00a0x")],
)
def test_characters_are_written_as_a_server_gives_them_back(text: str, expected: str) -> None:
    assert escape(text) == expected


@given(st.text())
def test_any_text_makes_a_well_formed_division(text: str) -> None:
    written = narrative(heading(text), paragraph("Label", text), bullets([text]))
    if written is not None:
        ET.fromstring(written["div"])


def test_nothing_to_read_is_no_narrative() -> None:
    assert narrative(heading(" "), paragraph("Label", None), bullets([])) is None


@pytest.mark.parametrize("release", Release)
def test_every_resource_of_a_complete_record_has_a_narrative(release: Release) -> None:
    for resource in resources(ctgov_v2.decode(orjson.dumps(Maker(1).record())), release):
        assert resource["text"]["status"] == "generated", resource["id"]
