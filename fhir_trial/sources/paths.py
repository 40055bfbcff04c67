"""JSON paths such as `$.protocolSection.conditionsModule.keywords[2]`: written, read, followed."""

import json
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

_STEP = re.compile(r'\.(?P<name>\w+)|\[(?P<index>\d+)\]|\[(?P<quoted>"(?:[^"\\]|\\.)*")\]')
_PLAIN = re.compile(r"\w+\Z", re.ASCII)


def child(path: str, key: str | int) -> str:
    """The path of a member (by name) or of an item (by index) below `path`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if _PLAIN.match(key) else f"{path}[{json.dumps(key)}]"


def steps(path: str) -> list[str | int]:
    """The names and indexes of a path, without its `$`."""
    found: list[str | int] = []
    for match in _STEP.finditer(path):
        if match["index"] is not None:
            found.append(int(match["index"]))
        else:
            found.append(match["name"] or json.loads(match["quoted"]))
    return found


def follow(document: Any, path: Sequence[str | int]) -> Any:
    """The value at a path; LookupError or TypeError when the document does not go that deep."""
    for step in path:
        document = document[step]
    return document


def put(document: dict[str, Any], path: Sequence[str | int], value: Any) -> None:
    """Put a value where it stood: a missing parent is made, an item of a list is inserted."""
    parent: Any = document
    for step, following in pairwise(path):
        parent = _step_into(parent, step, [] if isinstance(following, int) else {})
    last = path[-1]
    if isinstance(last, int):
        parent.insert(last, value)
    else:
        parent[last] = value


def _step_into(parent: Any, step: str | int, new: Any) -> Any:
    if isinstance(parent, dict):
        return parent.setdefault(step, new)
    index = int(step)
    if index >= len(parent):
        parent.append(new)
        index = len(parent) - 1
    return parent[index]
