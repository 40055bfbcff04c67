"""The formats of FHIR's primitive types: why a value is refused, and what it is better without."""

import base64
import binascii
import math
import re
from calendar import monthrange
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from fhir_trial.release import Release


class Fault(NamedTuple):
    """What is wrong with a primitive: the rule, the message, and whether it is only a warning."""

    rule: str
    message: str
    warning: bool = False


Check = Callable[[Any], Fault | None]

LONGEST_STRING = 1024 * 1024
"""The specification's limit of a string, in characters."""

MOST_DIGITS = 17
"""A binary double keeps no more; the engines warn (R4) or refuse (R5)."""

_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d{1,9})?")
_ZONE = re.compile(r"Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00)")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_OID = re.compile(r"urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+")
_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CODE = re.compile(r"\S+(?: \S+)*")
_INTEGER64 = re.compile(r"0|[-+]?[1-9]\d*")
_SPACE = re.compile(r"\s")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
HTML_TAG = re.compile(r"</?[A-Za-z]|<!--")
"""What looks like a tag; "<65 years" and "</= 3" do not."""
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_ILLEGAL_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")
_BIDI_OPEN = {"\u202a": "\u202c", "\u202b": "\u202c", "\u202d": "\u202c", "\u202e": "\u202c"} | {
    "\u2066": "\u2069",
    "\u2067": "\u2069",
    "\u2068": "\u2069",
}
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
EARLIEST_YEAR, LATEST_YEAR = 1900, 2099


def _not_text(value: Any) -> Fault | None:
    """Why a value is no JSON string that can be written at all."""
    if not isinstance(value, str):
        return Fault("type", f"must be a JSON string, not {json_kind(value)}")
    if not value:
        return Fault("ele-1", "a string must not be empty")
    if _SURROGATE.search(value):
        return Fault("encoding", "holds half of a surrogate pair, which UTF-8 cannot encode")
    return None


def json_kind(value: Any) -> str:
    """How JSON calls the value."""
    kinds = {bool: "a boolean", str: "a string", dict: "an object", list: "an array", type(None): "null"}
    return kinds.get(type(value), "a number")


def string(value: Any) -> Fault | None:
    """Free text: no longer than the limit, not padded, no characters that XML or a reader chokes on."""
    if fault := _not_text(value):
        return fault
    if len(value) > LONGEST_STRING:
        return Fault("string-length", f"holds {len(value)} characters, more than 1 MB")
    if value.strip() != value:
        what = "is only whitespace" if not value.strip() else "starts or ends with whitespace"
        return Fault("string-whitespace", f"the text {what}", warning=True)
    if found := _ILLEGAL_IN_XML.search(value):
        return Fault("string-control", f"holds the character U+{ord(found[0]):04X}", warning=True)
    if _unmatched_bidi(value):
        return Fault("string-bidi", "holds an unmatched bidirectional control", warning=True)
    return None


def _unmatched_bidi(value: str) -> bool:
    closers: list[str] = []
    for sign in _BIDI.findall(value):
        if sign in _BIDI_OPEN:
            closers.append(_BIDI_OPEN[sign])
        elif closers and closers[-1] == sign:
            closers.pop()
        else:
            return True
    return bool(closers)


def markdown(value: Any) -> Fault | None:
    """Free text in which an HTML tag would be shown or stripped, depending on the reader."""
    fault = string(value)
    if fault is None and (found := HTML_TAG.search(value)):
        return Fault("markdown-html", f"holds what looks like an HTML tag: {found[0]!r}", warning=True)
    return fault


def boolean(value: Any) -> Fault | None:
    """`true` or `false`, nothing that could stand for them."""
    return None if type(value) is bool else Fault("type", f"must be a boolean, not {json_kind(value)}")


def _integer(least: int, most: int = 2**31 - 1) -> Check:
    def check(value: Any) -> Fault | None:
        if type(value) is not int:
            return Fault("type", f"must be an integer, not {value!r}")
        if not least <= value <= most:
            return Fault("range", f"{value} is outside {least} to {most}")
        return None

    return check


def integer64(value: Any) -> Fault | None:
    """A 64 bit integer, which JSON carries as a string."""
    if fault := _not_text(value):
        return fault
    if not _INTEGER64.fullmatch(value) or not -(2**63) <= int(value) < 2**63:
        return Fault("format", f"{value!r} is not a 64 bit integer")
    return None


def _decimal(release: Release) -> Check:
    def check(value: Any) -> Fault | None:
        if type(value) not in (int, float, Decimal):
            return Fault("type", f"must be a number, not {json_kind(value)}")
        if not math.isfinite(value):
            return Fault("type", f"{value} is not a JSON number")
        if len(str(abs(value)).lower().partition("e")[0].replace(".", "").strip("0")) > MOST_DIGITS:
            message = f"{value} has more than {MOST_DIGITS} digits"
            return Fault("decimal-digits", message, warning=release is not Release.R5)
        return None

    return check


def date_text(value: Any) -> Fault | None:
    """YYYY, YYYY-MM or YYYY-MM-DD, and a day that exists."""
    if fault := _not_text(value):
        return fault
    found = _DATE.fullmatch(value)
    if found is None or not _is_day(*found.groups()):
        return Fault("format", f"{value!r} is not a date")
    return _reasonable(value)


def _is_day(year: str, month: str | None, day: str | None) -> bool:
    if int(year) == 0 or not value_is_ascii(year):
        return False
    if month is None:
        return True
    if not 1 <= int(month) <= 12:
        return False
    return day is None or 1 <= int(day) <= monthrange(int(year), int(month))[1]


def value_is_ascii(value: str) -> bool:
    """`\\d` also matches digits of other scripts."""
    return value.isascii()


def _reasonable(value: str) -> Fault | None:
    if EARLIEST_YEAR <= int(value[:4]) <= LATEST_YEAR:
        return None
    return Fault("year", f"the year of {value!r} is not reasonable", warning=True)


def date_time(value: Any) -> Fault | None:
    """A date, or a date with a time to the second and a time zone."""
    if type(value) is str and "T" not in value:
        return date_text(value)
    return instant(value)


def instant(value: Any) -> Fault | None:
    """A date with a time to the second and a time zone."""
    if fault := _not_text(value):
        return fault
    day, _, rest = value.partition("T")
    clock = _CLOCK.match(rest)
    if clock is None or not value.isascii():
        return Fault("format", f"{value!r} is not a date and time to the second")
    zone = rest[clock.end() :]
    if not zone:
        return Fault("format", f"{value!r} has a time without a time zone")
    if len(day) != 10 or not _ZONE.fullmatch(zone):
        return Fault("format", f"{value!r} is not a date and time to the second")
    return date_text(day)


def time_text(value: Any) -> Fault | None:
    """hh:mm:ss, without a zone."""
    if fault := _not_text(value):
        return fault
    return (
        None if _CLOCK.fullmatch(value) and value.isascii() else Fault("format", f"{value!r} is not a time")
    )


def identity(value: Any) -> Fault | None:
    """A logical id."""
    if fault := _not_text(value):
        return fault
    if len(value) > 64:
        return Fault("id-length", f"an id has at most 64 characters, not {len(value)}")
    return None if _ID.fullmatch(value) else Fault("id-characters", f"{value!r} is not an id")


def uri(value: Any) -> Fault | None:
    """A URI without blanks; `urn:oid:` and `urn:uuid:` must be well formed."""
    if fault := _not_text(value):
        return fault
    if _SPACE.search(value):
        return Fault("uri-whitespace", f"a URI has no whitespace: {value!r}")
    if value.startswith("urn:oid:") and not is_oid(value):
        return Fault("oid", f"{value!r} is not an OID")
    if value.startswith("urn:uuid:") and not _UUID.fullmatch(value):
        return Fault("uuid", f"{value!r} is not a UUID in lower case")
    if _ILLEGAL_IN_XML.search(value) or _BIDI.search(value):
        return Fault("string-control", f"holds a control character: {value!r}", warning=True)
    return None


def is_oid(value: str) -> bool:
    """Whether a `urn:oid:` is one that HL7's engines take: they refuse short ones, but for two."""
    plain = value.removeprefix("urn:oid:")
    return _OID.fullmatch(value) is not None and (plain.rfind(".") >= 5 or plain in ("1.3.160", "1.3.88"))


def url(value: Any) -> Fault | None:
    """A URI that can be followed: with a scheme, or relative to a FHIR server."""
    fault = uri(value)
    if fault is None and not has_scheme(value) and not re.match(r"[A-Z][A-Za-z]+/", value):
        return Fault("url-scheme", f"the URL {value!r} has no scheme", warning=True)
    return fault


def has_scheme(value: str) -> bool:
    """Whether a URI is absolute."""
    return _SCHEME.match(value) is not None


def _prefixed(pattern: re.Pattern[str], name: str) -> Check:
    def check(value: Any) -> Fault | None:
        if fault := _not_text(value):
            return fault
        return None if pattern.fullmatch(value) else Fault("format", f"{value!r} is not {name}")

    return check


def code(value: Any) -> Fault | None:
    """A token: no leading, trailing or double blanks."""
    if fault := _not_text(value):
        return fault
    if not _CODE.fullmatch(value):
        return Fault("code-whitespace", f"the code {value!r} has whitespace at an end or twice")
    if _ILLEGAL_IN_XML.search(value) or _BIDI.search(value):
        return Fault("string-control", f"holds a control character: {value!r}", warning=True)
    return None


def language(value: str) -> bool:
    """Whether a code looks like a BCP 47 tag with an ISO 639 language."""
    return _LANGUAGE.fullmatch(value) is not None


def base64_text(value: Any) -> Fault | None:
    """Base64 data, blanks allowed."""
    if fault := _not_text(value):
        return fault
    try:
        base64.b64decode(_SPACE.sub("", value), validate=True)
    except (binascii.Error, ValueError):
        return Fault("base64", "is not valid Base64")
    return None


def checks(release: Release) -> dict[str, Check]:
    """The check of every primitive type of a release."""
    found: dict[str, Check] = {
        "base64Binary": base64_text,
        "boolean": boolean,
        "canonical": uri,
        "code": code,
        "date": date_text,
        "dateTime": date_time,
        "decimal": _decimal(release),
        "id": identity,
        "instant": instant,
        "integer": _integer(-(2**31)),
        "markdown": markdown,
        "oid": _prefixed(_OID, "an OID"),
        "positiveInt": _integer(1),
        "string": string,
        "time": time_text,
        "unsignedInt": _integer(0),
        "uri": uri,
        "url": url,
        "uuid": _prefixed(_UUID, "a UUID"),
    }
    if release is Release.R5:
        found["integer64"] = integer64
    return found
