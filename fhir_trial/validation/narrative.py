"""The XHTML of narratives: well formed, only FHIR's elements and attributes, and with something to read."""

import re
from xml.parsers import expat

from fhir_trial.validation.formats import Fault

XHTML = "http://www.w3.org/1999/xhtml"

ELEMENTS = frozenset(
    [
        "div",
        "p",
        "br",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "span",
        "b",
        "i",
        "u",
        "em",
        "strong",
        "small",
        "big",
        "sub",
        "sup",
        "tt",
        "code",
        "pre",
        "samp",
        "kbd",
        "var",
        "cite",
        "dfn",
        "abbr",
        "acronym",
        "q",
        "blockquote",
        "address",
        "bdo",
        "a",
        "img",
        "map",
        "area",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "table",
        "caption",
        "thead",
        "tbody",
        "tfoot",
        "colgroup",
        "col",
        "tr",
        "th",
        "td",
        "del",
        "ins",
    ]
)
"""XHTML 1.0 chapters 7 to 11 (but 4 of 9) and 15; no forms, scripts, frames or objects."""

_EVERYWHERE = frozenset(
    ["title", "style", "class", "id", "lang", "dir", "accesskey", "tabindex", "xml:lang", "xmlns"]
)
_BY_ELEMENT = {
    "a": "href name rel rev charset type hreflang shape coords",
    "img": "src alt width height longdesc usemap ismap align border hspace vspace",
    "map": "name",
    "area": "shape coords href nohref alt",
    "table": "summary width border frame rules cellspacing cellpadding align bgcolor",
    "tr": "align valign char charoff bgcolor",
    "td": "abbr axis headers scope rowspan colspan align valign char charoff nowrap width height bgcolor",
    "th": "abbr axis headers scope rowspan colspan align valign char charoff nowrap width height bgcolor",
    "col": "span width align valign char charoff",
    "colgroup": "span width align valign char charoff",
    "thead": "align valign char charoff",
    "tbody": "align valign char charoff",
    "tfoot": "align valign char charoff",
    "ol": "type start compact",
    "ul": "type compact",
    "li": "type value",
    "q": "cite",
    "blockquote": "cite",
    "del": "cite datetime",
    "ins": "cite datetime",
    "pre": "width xml:space",
    "p": "align",
    "div": "align",
    "hr": "align size width noshade",
    "br": "clear",
    "caption": "align",
}
_ATTRIBUTES = {name: _EVERYWHERE | frozenset(_BY_ELEMENT.get(name, "").split()) for name in ELEMENTS}
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9A-Fa-f]+);)([A-Za-z0-9]*;?)")
_ACTIVE = ("javascript:", "vbscript:", "data:")
DEEPEST = 100
"""Nesting beyond this is no narrative but an attack on recursive readers."""


class _Refused(Exception):  # noqa: N818 - it never leaves this module
    """What is wrong with the narrative."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(rule, message)


class _Reader:
    """Follows the parser's events and refuses what FHIR does not allow."""

    def __init__(self) -> None:
        self.depth = 0
        self.readable = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self.depth == 0:
            _check_root(name, attributes)
        self.depth += 1
        if self.depth > DEEPEST:
            raise _Refused("txt-1", f"the narrative is nested more than {DEEPEST} deep")
        if name not in ELEMENTS:
            raise _Refused("txt-1", f"the element <{name}> is not allowed in a narrative")
        for key, value in attributes.items():
            _check_attribute(name, key, value)
        self.readable = self.readable or name == "img"

    def end(self, _: str) -> None:
        self.depth -= 1

    def text(self, data: str) -> None:
        self.readable = self.readable or not data.isspace()

    def refuse(self, *_: object) -> None:
        raise _Refused("xhtml", "a narrative has no document type and no processing instructions")


def _check_root(name: str, attributes: dict[str, str]) -> None:
    if name != "div":
        raise _Refused("xhtml-root", f"the narrative starts with <{name}>, not with <div>")
    if attributes.get("xmlns") != XHTML:
        raise _Refused("xhtml-namespace", f"the <div> of a narrative is in the namespace {XHTML}")


def _check_attribute(name: str, key: str, value: str) -> None:
    if key not in _ATTRIBUTES[name]:
        raise _Refused("txt-1", f"the attribute {key} of <{name}> is not allowed in a narrative")
    if key == "xmlns" and value != XHTML:
        raise _Refused("xhtml-namespace", f"the namespace {value!r} is not XHTML")
    active = _ACTIVE if name != "img" else _ACTIVE[:2]
    if key in ("href", "src") and re.sub(r"[\s\x00-\x20]", "", value).lower().startswith(active):
        raise _Refused("xhtml-active", f"the link {value!r} is active content")


def narrative(div: str) -> Fault | None:
    """Why a narrative's `div` is refused."""
    if found := _ENTITY.search(div):
        return Fault("xhtml-entity", f"{found[0]!r} is no entity of XML")
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = parser.ProcessingInstructionHandler = reader.refuse
    parser.buffer_text = True
    try:
        parser.Parse(div, True)
    except _Refused as refused:
        return refused.fault
    except (expat.ExpatError, UnicodeEncodeError) as error:
        return Fault("xhtml", f"the narrative is not well-formed: {error}")
    return None if reader.readable else Fault("txt-2", "the narrative has no text")


# Narratives of the kind that the project writes: paragraphs that may start in bold, lists in lists, and text
# with its own line breaks. Control characters are not looked for here, and what text must not hold only
# afterwards: one sign that ends a text is found much faster than one of three.
_TEXT = r"[^<]*+"
_LIST = rf"<ul>(?:<li>{_TEXT}</li>)++</ul>"
for _ in range(4):
    _LIST = rf"<ul>(?:<li>{_TEXT}(?:{_LIST})?+</li>)++</ul>"
_PLAIN = re.compile(
    rf'<div xmlns="{XHTML}"><p><b>[^\s<>&](?:{_TEXT})</b>{_TEXT}</p>'
    rf"(?:<p>(?:<b>{_TEXT}</b>)?+{_TEXT}</p>|{_LIST}|<pre>{_TEXT}</pre>)*+</div>"
)
_OTHER_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot);)")


def is_plain(div: str) -> bool:
    """Whether a narrative is certainly right but for control characters; others need the parser."""
    return (
        _PLAIN.fullmatch(div) is not None
        and ("&" not in div or _OTHER_ENTITY.search(div) is None)
        and ("]" not in div or "]]>" not in div)
    )
