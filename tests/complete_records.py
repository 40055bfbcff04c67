"""Complete records made from the types of the trial: every field, every token, lists of 0, 1 and 3 items.

The types are compared with the registry's own field list in tests/test_trial.py, so a record made here has
every field that the registry publishes.
"""

import random
import typing
from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import Struct

from fhir_trial import trial as model
from fhir_trial.mapping.extensions import without_none
from fhir_trial.trial import Trial

_DATES = ("2019", "2020-02", "2020-02-29", "2024-12-31", "1999-01")
_SPANS = ("18 Years", "1 Year", "6 Months", "90 Days", "2 Weeks", "12 Hours", "30 Minutes", "0 Days")
_TEXTS = (
    "plain words",
    " leading and trailing blanks ",
    "Größe ≥ 3 µmol/L – “quoted” 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 漢字 עברית",
    "markdown \\> escapes \\* and \\[brackets\\]",
    "<b>markup</b> & \"quotes\" 'single' </div>",
    "line one\nline two\r\n\ttabbed\n\n* bullet",
    "long " + "words and more words " * 400,
)
_OWN_FIELDS = {"unknownFields", "emptyValues", "pageSection", "resultsSection"}


class Maker:
    """Makes documents of one kind; the same seed makes the same document."""

    def __init__(
        self,
        seed: int,
        *,
        absent: float = 0.0,
        empty_lists: bool = False,
        sizes: Sequence[int] = (1, 3),
        texts: Sequence[str] | None = None,
    ) -> None:
        """`texts` are taken as they are; the usual ones are numbered, so that each stands once."""
        self._random = random.Random(seed)
        self._absent = absent
        self._sizes = (0, *sizes) if empty_lists else tuple(sizes)
        self._texts = texts
        self._count = 0

    def record(self) -> dict[str, Any]:
        """A whole record as the registry would write it."""
        document = self._struct(Trial)
        document.setdefault("protocolSection", {}).setdefault("identificationModule", {})
        document["protocolSection"]["identificationModule"]["nctId"] = self._nct_number()
        return document

    def _nct_number(self) -> str:
        return f"NCT{self._random.randrange(10**8):08d}"

    def _struct(self, struct: type[Struct]) -> dict[str, Any]:
        hints = typing.get_type_hints(struct, include_extras=True)
        document = {}
        for field in msgspec.structs.fields(struct):
            if field.encode_name in _OWN_FIELDS:
                continue
            if self._random.random() >= self._absent:
                document[field.encode_name] = self._value(hints[field.name])
        return document

    def _value(self, annotation: Any) -> Any:
        kind = without_none(annotation)
        if get_origin(kind) is list:
            (item,) = get_args(kind)
            return [self._value(item) for _ in range(self._random.choice(self._sizes))]
        if isinstance(kind, type) and issubclass(kind, Struct):
            return self._struct(kind)
        if get_origin(kind) is Literal:
            return self._random.choice(get_args(kind))
        return self._leaf(kind)

    def _leaf(self, kind: Any) -> Any:
        if kind == model.Date:
            return self._random.choice(_DATES)
        if kind == model.TimeSpan:
            return self._random.choice(_SPANS)
        if kind == model.DateTime:
            return "2021-08-13T11:54"
        if kind == model.RegistryId:
            return self._nct_number()
        if get_origin(kind) is Annotated:
            kind = get_args(kind)[0]
        if kind is bool:
            return self._random.random() < 0.5
        if kind is int:
            return self._random.randrange(2**31)
        if kind is str:
            if self._texts is not None:
                return self._random.choice(self._texts)
            self._count += 1
            return f"{self._random.choice(_TEXTS)}{self._count}"
        return round(self._random.uniform(-90, 90), 5)  # int | float: a coordinate
