"""Narratives: readable XHTML, escaped, in the form that a HAPI server gives back byte for byte.

That form: xmlns first, double quotes, `&lt; &gt; &amp; &quot;`, other characters of the basic plane raw,
those beyond it as `&#x1F600;`, no comments, no blanks at the ends (measured, HAPI 8.8).
"""

import re
from collections.abc import Iterable
from typing import Any

_OPEN = '<div xmlns="http://www.w3.org/1999/xhtml">'
# What XML 1.0 forbids, and what lies beyond the basic plane: https://www.w3.org/TR/xml/#charsets
_UNUSUAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd]")


def _unusual(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"&#x{code:X};" if code > 0xFFFF else "\ufffd"


def escape(text: str) -> str:
    """Text as XHTML content: markup escaped, characters that XML forbids replaced by U+FFFD."""
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    if '"' in text:
        text = text.replace('"', "&quot;")
    if text.replace("\n", "").isprintable() and (
        text.isascii() or len(text.encode("utf-16-le")) == 2 * len(text)
    ):
        return text  # nothing but printable characters of the basic plane
    # A carriage return is a line break to an XML parser; written raw it would not come back.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNUSUAL.sub(_unusual, text)


def _words(text: str | None) -> str:
    """Text as XHTML content, without the blanks at its ends; "" when there is nothing to read."""
    words = text.strip() if text else ""
    return escape(words) if words else ""


def paragraph(label: str, text: str | None) -> str:
    """`<p><b>label:</b> text</p>`, or nothing when there is no text."""
    words = _words(text)
    return f"<p><b>{label}:</b> {words}</p>" if words else ""


def heading(text: str | None) -> str:
    """The first line: what the resource is called."""
    words = _words(text)
    return f"<p><b>{words}</b></p>" if words else ""


def listing(label: str, items: Iterable[str | None]) -> str:
    """A labelled list; nothing when there are no items."""
    rows = bullets(items)
    return f"<p><b>{label}:</b></p>{rows}" if rows else ""


def bullets(items: Iterable[str | None]) -> str:
    """A list; nothing when there are no items."""
    rows = "".join([f"<li>{words}</li>" for item in items if (words := _words(item))])
    return f"<ul>{rows}</ul>" if rows else ""


def text_line(text: str | None) -> str:
    """A paragraph of plain text."""
    words = _words(text)
    return f"<p>{words}</p>" if words else ""


def preformatted(text: str | None) -> str:
    """Text with its own line breaks and lists."""
    words = _words(text)
    return f"<pre>{words}</pre>" if words else ""


def narrative(*parts: str) -> dict[str, Any] | None:
    """Narrative {status 1..1, div 1..1}; None when there is nothing to read."""
    body = "".join(parts)
    return {"status": "generated", "div": f"{_OPEN}{body}</div>"} if body else None
