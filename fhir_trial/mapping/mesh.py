"""MeSH codings of what the registry matched to the trial's own words."""

from typing import Any

from fhir_trial.codemaps import system
from fhir_trial.release import Release
from fhir_trial.trial import Browse

_LARGEST_SIX_DIGIT = 66_499
"""Descriptors up to here have six digits, later ones nine (largest of the short form: D066190)."""


def descriptor(mesh_id: str) -> str:
    """A MeSH descriptor id in its canonical form.

    Records of 2023 and early 2024 pad every id to nine digits: D000012595 stands for D012595.
    """
    digits = mesh_id[1:]
    if mesh_id[:1] != "D" or not digits.isdecimal():
        return mesh_id
    number = int(digits)
    return f"D{number:06d}" if number <= _LARGEST_SIX_DIGIT else f"D{number:09d}"


def dictionary(browse: Browse | None, release: Release) -> dict[str, dict[str, str]]:
    """Lower-case term -> Coding, for the terms and the wordings in which the registry found them."""
    if browse is None:
        return {}
    uri = system("mesh", release)
    terms: dict[str, dict[str, str]] = {}
    for leaf in browse.leaves or ():
        if leaf.id and leaf.name:
            coding = {"system": uri, "code": descriptor(leaf.id), "display": leaf.name}
            terms[leaf.name.lower()] = coding
            if leaf.as_found:
                terms[leaf.as_found.lower()] = coding
    for mesh in browse.meshes or ():
        if mesh.id and mesh.term:
            terms[mesh.term.lower()] = {"system": uri, "code": descriptor(mesh.id), "display": mesh.term}
    return terms


def concept(text: str, terms: dict[str, dict[str, str]]) -> dict[str, Any]:
    """CodeableConcept of the record's own words, coded on an exact match only."""
    coding = terms.get(text.lower())
    return {"coding": [dict(coding)], "text": text} if coding else {"text": text}
