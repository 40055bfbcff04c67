"""Complete results made from the types: every field, every token, numbers of every kind, lists of 0, 1, 3."""

from typing import Any

from fhir_trial.results import Results
from tests.complete_records import Maker

NUMBERS = (
    "0",
    "12",
    "007",
    "-3",
    "0.10",
    "1.5",
    ".05",
    "-.90",
    "1,234",
    "12,34",
    "<0.001",
    "< 0.1",
    "≥3",
    "=0.247",
    ">=5",
    "NA",
    "12.5%",
    "1e-5",
    "0.00001",
    "1234567890123456789",
    "0.12345678901234567",
    "99999999999",
    "+4",
    "12 ",
    "1–3",
    "-",
    ".",
    "٣",
)
_NUMBER_KEYS = frozenset(
    {
        "value",
        "spread",
        "lowerLimit",
        "upperLimit",
        "numSubjects",
        "numUnits",
        "paramValue",
        "dispersionValue",
        "pValue",
        "ciPctValue",
        "ciLowerLimit",
        "ciUpperLimit",
    }
)
_GROUP_LISTS = frozenset({"groups", "eventGroups"})
_PERCENTAGES = ("95", "97.5", "80", "95.0", "099", "NA", "66.67", "0")


class ResultsMaker(Maker):
    """Makes results sections: with ids that lead to groups, or (`strange`) with any text for any text."""

    def results(self, *, strange: bool = False) -> dict[str, Any]:
        """A whole results section as the registry would write it."""
        document = self._struct(Results)
        if not strange:
            self._sensible(document)
        return document

    def _sensible(self, node: Any) -> None:
        if isinstance(node, list):
            for item in node:
                self._sensible(item)
        elif isinstance(node, dict):
            for key, value in node.items():
                node[key] = self._sensible_value(key, value)

    def _sensible_value(self, key: str, value: Any) -> Any:
        if key == "ciPctValue":
            return self._random.choice(_PERCENTAGES)
        if key in _NUMBER_KEYS:
            return self._random.choice(NUMBERS)
        if key == "groupId":
            return self._group_id()
        if key == "groupIds":
            return [self._group_id() for _ in value]
        self._sensible(value)
        if key in _GROUP_LISTS:
            for number, group in enumerate(value):
                group["id"] = f"XG{number:03d}"
        return value

    def _group_id(self) -> str:
        return f"XG{self._random.randrange(4):03d}"  # one more than there are groups
