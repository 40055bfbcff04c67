"""The kinds of values in a registry record, and the base of the structs that hold them."""

from typing import Annotated

from msgspec import Meta, Struct

_MONTH_DAY = (
    r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)"
    r"|02-(?:0[1-9]|1\d|2[0-8]))"
)
_LEAP_YEAR = r"(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
_YEAR = r"(?!0000)\d{4}"
PARTIAL_DATE = rf"^(?:{_YEAR}(?:-(?:0[1-9]|1[0-2]|{_MONTH_DAY}))?|(?!0000){_LEAP_YEAR}-02-29)\Z"
DATE_TIME_MINUTES = rf"^(?:{_YEAR}-{_MONTH_DAY}|(?!0000){_LEAP_YEAR}-02-29)T(?:[01]\d|2[0-3]):[0-5]\d\Z"
TIME_SPAN = r"^(?:0|[1-9]\d*) (?:Year|Month|Week|Day|Hour|Minute)s?\Z"

Date = Annotated[str, Meta(pattern=PARTIAL_DATE, description="yyyy, yyyy-MM or yyyy-MM-dd")]
DateTime = Annotated[
    str, Meta(pattern=DATE_TIME_MINUTES, title="date and time", description="yyyy-MM-ddTHH:mm")
]
TimeSpan = Annotated[str, Meta(pattern=TIME_SPAN, description="a number and a unit of time")]
Markup = Annotated[str, Meta(title="markup")]
"""Text with the registry's markdown."""
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
RegistryId = Annotated[str, Meta(pattern=r"^NCT\d{8}\Z", description="NCT and eight digits")]


class Model(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Base of every part of a trial: immutable, absent keys stay absent."""
