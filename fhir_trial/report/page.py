"""A page with a record's fields beside its resources: one file, nothing fetched, whole without script."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from html import escape
from itertools import groupby
from typing import Any

from fhir_trial import mapping
from fhir_trial.release import Release
from fhir_trial.report.leaves import general
from fhir_trial.report.lines import HOLDS, split
from fhir_trial.report.page_style import SCRIPT, STYLE
from fhir_trial.report.places import element_name, extension_path
from fhir_trial.report.shortening import short_path, short_resource
from fhir_trial.report.totals import HOWS
from fhir_trial.report.tracing import Traced
from fhir_trial.trial import Trial

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML does not allow, escaped or not: https://www.w3.org/TR/xml/#charsets"""

_MANY = 20
"""So many fields without a place in one module are told by field, not value by value."""
_LINKS_SHOWN = 4
"""How many places of a value have their link in sight."""

_WORDS = {
    "element": "FHIR element",
    "code map": "code of a code map",
    "HL7 extension": "HL7 extension",
    "our extension": "extension of our own",
    "not mapped": "not mapped, with the reason",
    "lost": "lost",
}


def page(trial: Trial, release: Release, traced: list[Traced]) -> str:
    """The page of one record's trace."""
    marks = _Marks(traced)
    title = f"{trial.id}: where every value went ({release})"
    resources = mapping.resources(trial, release)
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="en"><head><meta charset="utf-8"/><title>{escape(title)}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\"/>",
        f"<style>{STYLE}</style></head><body>",
        *_header(trial, release, traced, len(resources)),
        '<main><section class="column" id="source" aria-labelledby="source-title" tabindex="0">',
        '<h2 id="source-title">The record</h2>',
        *_record(traced, marks),
        '</section><section class="column" id="fhir" aria-labelledby="fhir-title" tabindex="0">',
        f'<h2 id="fhir-title">The resources ({release})</h2>',
        *(part for resource in resources for part in _resource(resource, marks)),
        f"</section></main><script>{SCRIPT}</script></body></html>\n",
    ]
    return "".join(parts)


class _Marks:
    """The anchors of both sides: leaf number n is `s<n>`, the places have numbers in the order met."""

    def __init__(self, traced: list[Traced]) -> None:
        self.places: dict[tuple[str, str], int] = {}
        self.leaves: dict[tuple[str, str], list[int]] = {}
        self.names = [split(leaf.path)[1] for leaf in traced]
        self.hows = [leaf.how for leaf in traced]
        for number, leaf in enumerate(traced):
            for place in leaf.places:
                key = (place.resource, place.path)
                self.places.setdefault(key, len(self.places))
                self.leaves.setdefault(key, []).append(number)


def _header(trial: Trial, release: Release, traced: list[Traced], resources: int) -> Iterator[str]:
    counts = Counter(leaf.how for leaf in traced)
    title = trial.protocol.identification.brief_title
    yield f"<header><h1>{escape(trial.id)}{f': {_text(title)}' if title else ''}</h1>"
    yield f"<p>{len(traced)} values of the record, followed into {resources} {release} resources. "
    yield "Choose a value, or an element, to see where it stands on the other side.</p>"
    yield '<ul class="legend">'
    for how in HOWS:
        yield f'<li class="{_class(how)}"><b>{counts[how]}</b> {_WORDS[how]}</li>'
    yield "</ul></header>"


def _class(how: str) -> str:
    return f"how-{how.split()[0].lower()}"


def _text(value: Any) -> str:
    """A value as text of the page, without what XML forbids."""
    text = value if isinstance(value, str) else json.dumps(value)
    return escape(_FORBIDDEN.sub("\ufffd", text))


# --- the record ------------------------------------------------------------------------------------------


def _record(traced: list[Traced], marks: _Marks) -> Iterator[str]:
    numbered = list(enumerate(traced))
    for module, group in groupby(numbered, key=lambda pair: split(pair[1].path)[0]):
        leaves = list(group)
        yield f'<details open="open"><summary><h3>{escape(module or "record")}</h3></summary>'
        yield '<ul class="leaves">'
        unmapped = [leaf for _, leaf in leaves if not leaf.places]
        many = len(unmapped) > _MANY
        for number, leaf in leaves:
            if leaf.places or not many:
                yield from _leaf(number, leaf, marks)
        if many:
            yield from _fields(unmapped)
        yield "</ul></details>"


def _leaf(number: int, leaf: Traced, marks: _Marks) -> Iterator[str]:
    yield f'<li id="s{number}" class="leaf {_class(leaf.how)}" data-places="{_numbers(leaf, marks)}">'
    yield f'<span class="name">{_text(marks.names[number])}</span> '
    yield f'<span class="value">{_text(leaf.value)}</span>'
    if leaf.places:
        yield f'<span class="links">{"".join(_links(leaf, marks))}</span>'
    else:
        yield f'<span class="reason">{_text(leaf.reason or "lost: no place has this value")}</span>'
    yield "</li>"


def _numbers(leaf: Traced, marks: _Marks) -> str:
    return " ".join(str(marks.places[place.resource, place.path]) for place in leaf.places)


def _links(leaf: Traced, marks: _Marks) -> Iterator[str]:
    for place in leaf.places[:_LINKS_SHOWN]:
        number = marks.places[place.resource, place.path]
        title = _text(f"{place.how} of {place.resource}: {HOLDS[place.rest]}")
        yield f'<a href="#p{number}" title="{title}">{_text(short_path(place.path))}</a> '
    if len(leaf.places) > _LINKS_SHOWN:
        yield f'<span class="more">and {len(leaf.places) - _LINKS_SHOWN} more</span>'


def _fields(unmapped: list[Traced]) -> Iterator[str]:
    counts = Counter((general(leaf.path), leaf.how, leaf.reason) for leaf in unmapped)
    for (name, how, reason), count in counts.items():
        yield f'<li class="leaf {_class(how)}"><span class="name">{_text(split(name)[1])}</span> '
        yield f'<span class="value">{count} {"value" if count == 1 else "values"}</span>'
        yield f'<span class="reason">{_text(reason or "lost")}</span></li>'


# --- the resources ---------------------------------------------------------------------------------------


def _resource(resource: dict[str, Any], marks: _Marks) -> Iterator[str]:
    key = f"{resource['resourceType']}/{resource['id']}"
    yield f'<details open="open"><summary><h3>{_text(short_resource(key))}</h3></summary><ul class="tree">'
    for name, value in resource.items():
        if name not in ("resourceType", "id", "text", "meta"):
            yield from _element(name, value, f"{resource['resourceType']}.{element_name(name)}", key, marks)
    yield "</ul></details>"


def _element(name: str, value: Any, path: str, key: str, marks: _Marks) -> Iterator[str]:
    if isinstance(value, list):
        for label, below, item in _items(name, value, path):
            yield from _element(label, item, below, key, marks)
    elif isinstance(value, dict):
        yield f'<li><span class="name">{_text(name)}</span><ul>'
        for inner, item in value.items():
            if inner != "url" or not name.startswith("extension "):  # its name says it
                yield from _element(inner, item, f"{path}.{element_name(inner)}", key, marks)
        yield "</ul></li>"
    else:
        yield from _value(name, value, path, key, marks)


def _items(name: str, values: list[Any], path: str) -> Iterable[tuple[str, str, Any]]:
    """Label, path and value of each item; extensions go by the last part of their address."""
    if not name.lower().endswith("extension"):
        for index, item in enumerate(values):
            yield (f"{name} {index + 1}" if len(values) > 1 else name), f"{path}[{index}]", item
        return
    seen: Counter[str] = Counter()
    for item in values:
        url = str(item.get("url"))
        yield (
            f"extension {url.rpartition('/')[2].removeprefix('extension-')}",
            extension_path(path, url, seen[url]),
            item,
        )
        seen[url] += 1


def _value(name: str, value: Any, path: str, key: str, marks: _Marks) -> Iterator[str]:
    place = (key, path)
    number = marks.places.get(place)
    if number is None:
        yield f'<li><span class="name">{_text(name)}</span> <span class="value">{_text(value)}</span></li>'
        return
    leaves = marks.leaves[place]
    yield f'<li id="p{number}" class="place {_class(marks.hows[leaves[0]])}" title="{_text(path)}" '
    yield f'data-leaves="{" ".join(map(str, leaves))}"><span class="name">{_text(name)}</span> '
    yield f'<span class="value">{_text(value)}</span><span class="links">'
    for leaf in leaves[:_LINKS_SHOWN]:
        yield f'<a href="#s{leaf}">{_text(marks.names[leaf])}</a> '
    if len(leaves) > _LINKS_SHOWN:
        yield f'<span class="more">and {len(leaves) - _LINKS_SHOWN} more</span>'
    yield "</span></li>"
