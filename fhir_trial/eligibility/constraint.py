"""What a line of criteria limits, in the words' own polarity.

Structs of msgspec: immutable like frozen dataclasses, and made in a tenth of the time; the garbage collector
need not look at them, since none can hold itself.
"""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

Operator = Literal["ge", "gt", "le", "lt", "eq"]
Status = Literal["computable", "partial", "text"]
Join = Literal["all-of", "any-of", "unknown"]
Limit = Literal["ULN", "LLN"]


class Bound(Struct, frozen=True, gc=False):
    """One end of a limit: the value, and how it was written."""

    operator: Operator
    value: Decimal
    literal: str


class Window(Struct, frozen=True, gc=False):
    """When the limit has to hold, as written ("within 14 days before enrolment")."""

    text: str
    value: Decimal | None
    """How many `unit`s; None for a point in time ("at screening")."""
    unit: str | None
    """UCUM: h, d, wk, mo or a."""


class Constraint(Struct, frozen=True, kw_only=True, gc=False):
    """One limit that a line sets to one variable; never negated, whatever section it stands in."""

    variable: str
    """An id of `mappings/eligibility/variables.csv` or `states.csv`, or sex."""
    bounds: tuple[Bound, ...] = ()
    join: Join = "all-of"
    """How two bounds are joined: a range is all-of, "under 40 or over 60" any-of."""
    unit_text: str = ""
    """The unit as written, "" when none was."""
    unit: str | None = None
    """UCUM; None for a multiple of a limit, and for what has no unit."""
    factor: Decimal | None = None
    """Size of the unit in the common unit of its dimension (`mappings/eligibility/units.csv`)."""
    multiple_of: Limit | None = None
    """The values are multiples of the upper or lower limit of normal, not quantities."""
    codes: tuple[str, ...] = ()
    """For a variable without numbers: the values that fit it, e.g. ("female",)."""
    negated: bool = False
    """The words deny it ("not pregnant", "no fever > 38 °C"); limits with numbers are never turned round."""
    window: Window | None = None
    proviso: str = ""
    """For whom or when alone it holds, as written ("if liver metastases are present"); not understood."""
    loinc: str | None = None
    rule: str
    """The rule that read it."""
    start: int
    end: int
    """`text[start:end]` of the text that was read says it."""


class Reading(Struct, frozen=True, kw_only=True, gc=False):
    """How a text was understood."""

    text: str
    status: Status
    """ "computable": all of it is in the constraints; "partial": some; "text": none."""
    constraints: tuple[Constraint, ...] = ()
    join: Join = "all-of"
    """How the constraints are joined; never "unknown" in a computable text."""
    residue: tuple[str, ...] = ()
    """The words that no constraint holds."""
