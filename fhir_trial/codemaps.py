"""Code maps: registry token -> FHIR coding and back, loaded from the reviewed rows of `mappings/`."""

import csv
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from fhir_trial.data import mappings_dir
from fhir_trial.errors import UnmappedCodeError
from fhir_trial.release import Release

REGISTRY_ENUM = "https://clinicaltrials.gov/data-about-studies/study-data-structure#enum-"
"""System of a registry token is this and the name of its enumeration.

Source: the spelling of the FEvIR converter's published examples (HL7/ebm); the page lists the tokens.
"""


class Row(NamedTuple):
    """One reviewed row of a code map."""

    source_code: str
    relationship: str
    target_system: str
    target_code: str
    display: str
    note: str


def rows(path: str) -> Iterator[dict[str, str]]:
    """The rows of a CSV file below `mappings/`, e.g. "research_study/phase.csv"."""
    text = mappings_dir().joinpath(*path.split("/")).read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines())


@cache
def _systems() -> dict[str, dict[Release, str]]:
    return {
        row["name"]: {Release.R4: row["r4"], Release.R4B: row["r4"], Release.R5: row["r5"]}
        for row in rows("systems.csv")
    }


@cache
def system(name: str, release: Release) -> str:
    """The URI of a code system in a release, by the short name of mappings/systems.csv."""
    return _systems()[name][release]


class CodeMap:
    """Registry token -> CodeableConcept of one release, and back.

    A token whose standard code is equivalent travels as that code alone; any other keeps the registry's own
    token as a further coding, so that nothing is lost and the map can be reversed.
    """

    def __init__(
        self, path: str, enumeration: str | None, release: Release, *, dimension: bool = False
    ) -> None:
        """Load `mappings/<path>.csv`; `dimension` keeps the registry coding on every token."""
        self.path = path
        self.enumeration = enumeration
        self.rows = [Row(**row) for row in rows(f"{path}.csv")]
        registry = REGISTRY_ENUM + enumeration if enumeration else None
        self._registry = registry
        self._concepts: dict[str, tuple[list[tuple[str, str]], str]] = {}
        self._tokens: dict[tuple[str, str], str] = {}
        for row in self.rows:
            codings = []
            keeps_token = registry is not None and (dimension or row.relationship != "equivalent")
            if registry is not None:
                self._tokens[registry, row.source_code] = row.source_code
            if keeps_token and registry is not None:
                codings.append((registry, row.source_code))
            if row.target_code:
                uri = system(row.target_system, release)
                codings.append((uri, row.target_code))
                if not keeps_token:
                    self._tokens[uri, row.target_code] = row.source_code
            self._concepts[row.source_code] = (codings, row.display)

    def concept(self, token: str) -> dict[str, Any]:
        """A new CodeableConcept {coding 0..*, text 0..1} of the token.

        Raises: UnmappedCodeError for a token without a row.
        """
        try:
            codings, text = self._concepts[token]
        except KeyError:
            raise UnmappedCodeError(token, self.path) from None
        written = [{"system": uri, "code": code} for uri, code in codings]
        if text and written:
            return {"coding": written, "text": text}
        return {"coding": written} if written else {"text": text}

    def __contains__(self, token: str) -> bool:
        return token in self._concepts

    def registry_coding(self, token: str) -> dict[str, str]:
        """The Coding of the registry's own token, for a combination that has no standard code.

        Raises: UnmappedCodeError for a token without a row.
        """
        if self._registry is None or token not in self._concepts:
            raise UnmappedCodeError(token, self.path)
        return {"system": self._registry, "code": token}

    def text(self, token: str) -> str:
        """What people read for the token."""
        try:
            return self._concepts[token][1]
        except KeyError:
            raise UnmappedCodeError(token, self.path) from None

    def tokens(self, concept: dict[str, Any]) -> list[str]:
        """The registry tokens that a CodeableConcept carries, in order."""
        found = (
            self._tokens.get((c.get("system", ""), c.get("code", ""))) for c in concept.get("coding", ())
        )
        return [token for token in found if token is not None]

    def token(self, concept: dict[str, Any] | None) -> str | None:
        """The registry token that a CodeableConcept carries, if any."""
        tokens = self.tokens(concept) if concept else []
        return tokens[0] if tokens else None


class Maps:
    """The code maps of one release; the attributes name the registry field they serve."""

    def __init__(self, release: Release) -> None:
        def study(name: str, enumeration: str | None, *, dimension: bool = False) -> CodeMap:
            return CodeMap(f"research_study/{name}", enumeration, release, dimension=dimension)

        self.release = release
        self.status = study("progress_status", "Status")
        self.phase = study("phase", "Phase")
        self.primary_purpose = study("primary_purpose", "PrimaryPurpose")
        self.study_type = study("study_type", "StudyType", dimension=True)
        self.allocation = study("allocation", "DesignAllocation", dimension=True)
        self.intervention_model = study("intervention_model", "InterventionalAssignment", dimension=True)
        self.masking = study("masking", "DesignMasking", dimension=True)
        self.who_masked = study("who_masked", "WhoMasked", dimension=True)
        self.observational_model = study("observational_model", "ObservationalModel", dimension=True)
        self.time_perspective = study("time_perspective", "DesignTimePerspective", dimension=True)
        self.biospecimen_retention = study("biospecimen_retention", "BioSpecRetention", dimension=True)
        self.arm_type = study("arm_type", "ArmGroupType")
        self.outcome_type = study("outcome_type", None)
        self.official_role = study("official_role", "OfficialRole")
        self.party_role = study("party_role", None)
        self.responsible_party_type = study("responsible_party_type", "ResponsiblePartyType")
        self.contact_role = study("contact_role", "ContactRole")
        self.reference_type = study("reference_type", "ReferenceType")
        self.secondary_id_type = study("secondary_id_type", "SecondaryIdType", dimension=True)
        self.registration_activity = study("registration_activity", None)
        self.classifier = study("classifier", None)
        self.agency_class = CodeMap("organization/agency_class", "AgencyClass", release)
        self.intervention_type = CodeMap("activity_definition/intervention_type", "InterventionType", release)
        self.sex = CodeMap("group/sex", "Sex", release)
        self.sampling_method = CodeMap("group/sampling_method", "SamplingMethod", release)
        self.characteristic = CodeMap("group/characteristic", None, release)

    def named(self) -> dict[str, CodeMap]:
        """Every code map by the name of its attribute."""
        return {name: found for name in dir(self) if isinstance(found := getattr(self, name), CodeMap)}


@cache
def maps(release: Release) -> Maps:
    """The code maps of a release, loaded once."""
    return Maps(release)


@cache
def plain_codes(path: str) -> dict[str, str]:
    """Token -> target code of a map to an element of type code; tokens without target stay out."""
    return {row["source_code"]: row["target_code"] for row in rows(f"{path}.csv") if row["target_code"]}
