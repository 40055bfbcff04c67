"""Records made up for the tests, and where real ones are if the machine has them."""

import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
SEED = ROOT / "seeds" / "NCT03597321.page.txt"
CORPUS = ROOT.parent / "shared" / "corpus"

needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="real records stand beside the checkout only")


def record(number: int = 1, **modules: Any) -> dict[str, Any]:
    """A small record; a module given by name (`statusModule={...}`) replaces or joins those it has."""
    protocol: dict[str, Any] = {
        "identificationModule": {"nctId": f"NCT{number:08}", "briefTitle": f"Trial {number}"},
        "statusModule": {"overallStatus": "RECRUITING", "startDateStruct": {"date": "2024-05"}},
        "conditionsModule": {"conditions": ["Asthma"]},
        "designModule": {"studyType": "INTERVENTIONAL", "phases": ["PHASE2"]},
        "eligibilityModule": {"eligibilityCriteria": "Inclusion Criteria:\n\n* Adults", "sex": "ALL"},
    }
    return {"protocolSection": protocol | modules, "hasResults": False}


def dumps(*records: Any) -> bytes:
    """Records as NDJSON; one record as JSON."""
    lines = [json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in records]
    return "\n".join(lines).encode()
