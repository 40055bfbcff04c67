"""Values and paths, short enough for a line."""

import json
import re
from typing import Any

_ADDRESS = re.compile(r"(\('|=')[^']*/([^'/]+)'")
_DIGEST = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{24}\b")
_FIRST_EXTENSION = re.compile(r"('\))\[0?\]")


def short_value(value: Any, length: int = 60) -> str:
    """A value as JSON, on one line, with an ellipsis for what does not fit."""
    text = json.dumps(value, ensure_ascii=False)
    return (
        text if len(text) <= length else f"{text[: length - 2].rstrip()}…" + ('"' if text[0] == '"' else "")
    )


def short_path(path: str) -> str:
    """A FHIRPath to be read, not evaluated: the address of an extension cut to its name."""
    return _FIRST_EXTENSION.sub(r"\1", _ADDRESS.sub(r"\1…/\2'", path))


def short_resource(resource: str) -> str:
    """Type and id, the digest in an id cut."""
    return _DIGEST.sub(r"\1…", resource)
