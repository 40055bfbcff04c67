"""Countries: the registry's names with their ISO 3166 codes."""

from functools import cache
from typing import Any

from fhir_trial.codemaps import rows, system
from fhir_trial.release import Release


@cache
def _codes() -> dict[str, str]:
    return {
        row["source_code"]: row["target_code"] for row in rows("location/country.csv") if row["target_code"]
    }


def country(name: str, release: Release) -> dict[str, Any]:
    """CodeableConcept of a country: its name as stated; the ISO 3166-1 code where the table has the name."""
    code = _codes().get(name)
    if code is None:
        return {"text": name}
    return {"coding": [{"system": system("iso-3166", release), "code": code}], "text": name}
