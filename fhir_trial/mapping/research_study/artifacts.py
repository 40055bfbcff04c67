"""ResearchStudy.relatedArtifact: publications, links, data sets, documents, the source record."""

import re
from typing import Any

from fhir_trial.mapping import extensions, urls
from fhir_trial.mapping.graph import Graph, Index
from fhir_trial.trial import AvailableData, Document, Link, Reference, Retraction, Trial

Element = dict[str, Any]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s|<>\"{}^`\\\x00-\x20\x7f]+\Z")
"""What a FHIR url may look like here: an absolute one without blanks or characters that RFC 3986 forbids."""

_DIGITS = re.compile(r"[0-9]+\Z")


def related_artifacts(trial: Trial, graph: Graph) -> list[Element]:
    """RelatedArtifact per publication, link, data set and document, and one for the source record."""
    written = [_source_record(trial, graph)]
    stated = trial.protocol.references
    if stated:
        written += [_publication(item, graph) for item in stated.references or ()]
        written += [_link(item, graph) for item in stated.links or ()]
        written += [_available_data(item, graph) for item in stated.available_data or ()]
    documents = trial.documents.documents if trial.documents else None
    if documents:
        written += [_document(item, trial.id, graph) for item in documents.documents or ()]
    return written


def _artifact(kind: str, fhir_type: str, extension: list[Element], **elements: Any) -> Element:
    """A RelatedArtifact that says which part of the record it stands for."""
    written: Element = {
        "extension": [{"url": urls.EXTENSION + "related-artifact-kind", "valueCode": kind}, *extension],
        "type": fhir_type,
    }
    written.update((key, value) for key, value in elements.items() if value not in (None, ""))
    return written


def _url(text: str | None, graph: Graph) -> Element:
    """`url` when the text is one; else the text as the record has it, as an extension of the empty element.

    R5 has no RelatedArtifact.url: there it is the url of the document.
    """
    if not text:
        return {}
    if _URL.match(text):
        stated: Element = {"url": text}
    else:
        stated = {"_url": {"extension": extensions.simple("source-text", "valueString", text)}}
    return {"document": stated} if graph.r5 else stated


def _read_url(element: Element) -> str | None:
    stated = element.get("document", {}) | element
    url: str | None = stated.get("url")
    if url is None:
        url = extensions.value(stated.get("_url"), "source-text", "valueString")
    return url


def _source_record(trial: Trial, graph: Graph) -> Element:
    return _artifact(
        "source-record",
        "derived-from",
        [],
        display=f"ClinicalTrials.gov record {trial.id}",
        **_url(urls.STUDY_PAGE + trial.id, graph),
    )


def _publication(item: Reference, graph: Graph) -> Element:
    extension = []
    if item.type:
        concept = graph.maps.reference_type.concept(item.type)
        extension = extensions.simple("reference-type", "valueCodeableConcept", concept)
    url = None
    if item.pmid:
        identifier = {"system": urls.PUBMED, "value": item.pmid}
        extension += extensions.simple("pubmed-id", "valueIdentifier", identifier)
        url = f"{urls.PUBMED}/{item.pmid}/" if _DIGITS.match(item.pmid) else None
    for retraction in item.retractions or ():
        extension += extensions.extension("retraction", retraction)
    return _artifact("publication", "citation", extension, citation=item.citation, **_url(url, graph))


def _link(item: Link, graph: Graph) -> Element:
    return _artifact("link", "documentation", [], display=item.label, **_url(item.url, graph))


def _available_data(item: AvailableData, graph: Graph) -> Element:
    extension = extensions.simple("data-set-id", "valueString", item.id)
    extension += extensions.simple("data-set-comment", "valueMarkdown", item.comment)
    return _artifact("available-data", "documentation", extension, display=item.type, **_url(item.url, graph))


def _document(item: Document, trial_id: str, graph: Graph) -> Element:
    attachment: Element = {}
    if item.filename and _URL.match(f"x:{item.filename}"):
        attachment["url"] = f"{urls.LARGE_DOCUMENTS}{trial_id[-2:]}/{trial_id}/{item.filename}"
    if item.size is not None:
        # Attachment.size is an integer64 in R5, which JSON writes as a string
        attachment["size"] = str(item.size) if graph.r5 else item.size
    if item.label:
        attachment["title"] = item.label
    if item.date:
        attachment["creation"] = item.date
    return _artifact(
        "study-document",
        "documentation",
        extensions.extension("study-document", _without_attachment(item)),
        document=attachment or None,
    )


def _without_attachment(item: Document) -> Document:
    return Document(
        type_abbreviation=item.type_abbreviation,
        has_protocol=item.has_protocol,
        has_sap=item.has_sap,
        has_icf=item.has_icf,
        upload_date=item.upload_date,
        filename=item.filename,
    )


# --- reading --------------------------------------------------------------------------------------------


def read_related_artifacts(study: Element, index: Index, document: Element) -> None:
    """Put publications, links, data sets and documents into the record's document."""
    lists: dict[str, list[Element]] = {"references": [], "seeAlsoLinks": [], "availIpds": [], "largeDocs": []}
    for element in study.get("relatedArtifact", ()):
        kind = _kind(element)
        if kind == "publication":
            lists["references"].append(_read_publication(element, index))
        elif kind == "link":
            lists["seeAlsoLinks"].append(_stated(label=element.get("display"), url=_read_url(element)))
        elif kind == "available-data":
            lists["availIpds"].append(_read_available_data(element))
        elif kind == "study-document":
            lists["largeDocs"].append(_read_document(element))
    documents = lists.pop("largeDocs")
    if references := {key: items for key, items in lists.items() if items}:
        document.setdefault("protocolSection", {})["referencesModule"] = references
    if documents:
        section = document.setdefault("documentSection", {}).setdefault("largeDocumentModule", {})
        section["largeDocs"] = documents


def _kind(element: Element) -> str | None:
    kind: str | None = extensions.value(element, "related-artifact-kind", "valueCode")
    return kind


def _stated(**values: Any) -> Element:
    return {key: value for key, value in values.items() if value is not None}


def _read_publication(element: Element, index: Index) -> Element:
    identifier = extensions.value(element, "pubmed-id", "valueIdentifier") or {}
    kind = extensions.value(element, "reference-type", "valueCodeableConcept")
    return _stated(
        pmid=identifier.get("value"),
        type=index.maps.reference_type.token(kind),
        citation=element.get("citation"),
        retractions=extensions.parts(element, "retraction", Retraction) or None,
    )


def _read_available_data(element: Element) -> Element:
    return _stated(
        id=extensions.value(element, "data-set-id", "valueString"),
        type=element.get("display"),
        url=_read_url(element),
        comment=extensions.value(element, "data-set-comment", "valueMarkdown"),
    )


def _read_document(element: Element) -> Element:
    attachment = element.get("document", {})
    size = attachment.get("size")
    parts = extensions.parts(element, "study-document", Document)
    return (parts[0] if parts else {}) | _stated(
        label=attachment.get("title"),
        date=attachment.get("creation"),
        size=int(size) if size is not None else None,
    )
