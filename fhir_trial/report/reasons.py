"""Why a field is not mapped on purpose: the reviewed rows of `mappings/not_mapped.csv`."""

from functools import cache

from fhir_trial.codemaps import rows
from fhir_trial.report.leaves import Leaf, general

UNKNOWN_FIELD = "not in the registry's published field list"


@cache
def _table() -> dict[str, str]:
    return {row["source_path"]: row["reason"] for row in rows("not_mapped.csv")}


def reason(leaf: Leaf) -> str | None:
    """The reason for a leaf, by its field or a part of the record that holds it; None when there is none."""
    table, path = _table(), general(leaf.path)
    while path:
        if path in table:
            return table[path]
        path = path.removesuffix("[]") if path.endswith("[]") else path.rpartition(".")[0]
    return UNKNOWN_FIELD if leaf.is_unknown else None
