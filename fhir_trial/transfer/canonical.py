"""The form in which what we sent and what a server gives back are compared, byte for byte.

What a server may change, and why that is ignored, stands in docs/push-and-pull.md.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

Json = dict[str, Any]


def canonical(resource: Json) -> bytes:
    """A resource without its `meta`, which belongs to the server, its keys in alphabetical order."""
    content = {key: value for key, value in with_sizes_as_text(resource).items() if key != "meta"}
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def with_sizes_as_text(resource: Json) -> Json:
    """A resource with the sizes of its documents as R5 wants an integer64: HAPI 8.8 makes numbers of them.

    https://hl7.org/fhir/R5/datatypes.html#integer64
    """
    artifacts = resource.get("relatedArtifact", ())
    if not any("size" in artifact.get("document", ()) for artifact in artifacts):
        return resource
    return {**resource, "relatedArtifact": [_with_size_as_text(artifact) for artifact in artifacts]}


def _with_size_as_text(artifact: Json) -> Json:
    document = artifact.get("document", {})
    if "size" not in document:
        return artifact
    return {**artifact, "document": {**document, "size": str(document["size"])}}


def canonical_bundle(resources: Iterable[Json]) -> dict[str, bytes]:
    """The canonical forms of resources by `Type/id`: a server keeps no order among resources."""
    return {key(resource): canonical(resource) for resource in resources}


def key(resource: Json) -> str:
    """`Type/id`: what a resource is called on a server."""
    return f"{resource['resourceType']}/{resource['id']}"


def references(resource: Json) -> list[str]:
    """Every `Type/id` that a resource refers to, in the order met."""
    texts = (each for each in _values(resource, "reference") if "/" in each and not each.startswith("#"))
    return list(dict.fromkeys(resource_key(each) for each in texts))


def canonicals(resource: Json) -> list[str]:
    """Every canonical url of a definition that a resource uses, without versions, in the order met."""
    return list(dict.fromkeys(url.partition("|")[0] for url in _values(resource, "definitionCanonical")))


def resource_key(reference: str) -> str:
    """`Type/id` in a reference, which may be absolute and name a version."""
    return "/".join(reference.partition("/_history/")[0].split("/")[-2:])


def _values(value: Any, name: str) -> Iterator[str]:
    """Every text under a name, wherever in an element."""
    if isinstance(value, dict):
        for inner_name, inner in value.items():
            if inner_name == name and isinstance(inner, str):
                yield inner
            else:
                yield from _values(inner, name)
    elif isinstance(value, list):
        for each in value:
            yield from _values(each, name)
