"""The mutation tables: what must be refused, what must pass; `python -m tests.validation.mutations` counts.

Rows follow the table of HL7's engines: refused is what both call an error, and what our own rules add.
"""

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fhir_trial.errors import Issue
from fhir_trial.release import Release
from fhir_trial.validation import validate
from fhir_trial.validation.walker import DEEPEST
from tests.validation.fixtures import BASE, MAKERS, THO, XVER, Json, concept

R4, R4B, R5 = Release
OLD = (R4, R4B)
ALL = (R4, R4B, R5)
HL7 = "http://hl7.org/fhir/StructureDefinition/"
UUID = "urn:uuid:0f9c7a40-93f1-4c5c-8c3c-0a2b3f1f0001"
DROP = object()
NS = 'xmlns="http://www.w3.org/1999/xhtml"'

Change = Callable[[Json], None]


@dataclass(frozen=True, slots=True)
class Row:
    """One mutation: of which resource, in which releases, and where the finding has to stand."""

    name: str
    base: str
    change: Change
    where: str
    """The expression below the resource; empty for the resource itself."""
    releases: tuple[Release, ...] = ALL
    severity: str = "error"

    def mutated(self, release: Release) -> Json:
        """The broken resource."""
        found = MAKERS[self.base](release)
        self.change(found)
        return found

    def issues(self, release: Release) -> list[Issue]:
        """What the validator says of it."""
        return validate(self.mutated(release), release=release)

    def expression(self, release: Release) -> str:
        """Where the finding has to stand."""
        kind = str(MAKERS[self.base](release)["resourceType"])
        return f"{kind}.{self.where}" if self.where else kind

    def answered(self, release: Release) -> bool:
        """Whether the finding is there, at its place."""
        where = self.expression(release)
        return any(one.severity == self.severity and one.expression == where for one in self.issues(release))


def put(path: str, value: Any) -> Change:
    """Set (or DROP) what stands at a dotted path; a number past the end appends."""

    def change(node: Json) -> None:
        *parents, last = path.split(".")
        place: Any = node
        for part in parents:
            place = place[int(part)] if isinstance(place, list) else place[part]
        if isinstance(place, list):
            place[int(last) : int(last) + 1] = [] if value is DROP else [value]
        elif value is DROP:
            del place[last]
        else:
            place[last] = value

    return change


def both(*changes: Change) -> Change:
    """Several changes after each other."""

    def change(node: Json) -> None:
        for one in changes:
            one(node)

    return change


def ext(url: str, **fields: Any) -> Change:
    """One extension instead of those that are there."""
    return put("extension", [{"url": url, **fields}])


def div(inner: str) -> Change:
    """Another narrative."""
    return put("text.div", inner if inner.startswith("<<") else f"<div {NS}>{inner}</div>")


def raw_div(text: str) -> Change:
    """Another narrative, with its root."""
    return put("text.div", text)


def contained(*resources: Json, reference: str | None = "#c1") -> Change:
    """Contained resources, and the site that refers to the first."""
    site = put("site", [{"reference": reference} if reference else {"display": "x"}])
    return both(put("contained", list(resources)), site)


LOCATION: Json = {"resourceType": "Location", "id": "c1", "name": "Inside"}
CONCEPT_BAD_PHASE = concept(THO + "research-study-phase", "phase-9", "x")


def row(name: str, base: str, change: Change, where: str, *releases: Release) -> Row:
    """A row that must be refused."""
    return Row(name, base, change, where, releases or ALL)


def nested(levels: int) -> Json:
    """An action in an action in an action."""
    found: Json = {"title": "x"}
    for _ in range(levels):
        found = {"title": "x", "action": [found]}
    return found


def bare(node: Json) -> None:
    """Nothing but the type."""
    for key in list(node):
        if key != "resourceType":
            del node[key]


STRUCTURE = [
    row("missing status", "study", put("status", DROP), "status"),
    row("missing value[x]", "group", put("characteristic.1.valueBoolean", DROP), "characteristic[1].value"),
    row("missing exclude", "group", put("characteristic.1.exclude", DROP), "characteristic[1].exclude"),
    row("missing Group.actual", "group", put("actual", DROP), "actual", *OLD),
    row("missing Group.membership", "group", put("membership", DROP), "membership", R5),
    row("missing extension.url", "study", put("extension", [{"valueString": "x"}]), "extension[0].url"),
    row("unknown element", "study", put("foo", "x"), "foo"),
    row("unknown element below", "study", put("objective.0.foo", "x"), "objective[0].foo"),
    row("unknown _element", "study", put("_objective", []), "_objective"),
    row("R5 element in R4", "study", put("progressStatus", [{"actual": True}]), "progressStatus", *OLD),
    row("R4 element in R5", "study", put("enrollment", [{"display": "x"}]), "enrollment", R5),
    row("R4B element in R4", "plan", put("subjectCanonical", "http://a.de/b"), "subjectCanonical", R4),
    row("scalar for array", "study", put("condition", {"text": "x"}), "condition"),
    row("array for scalar", "study", put("title", ["x"]), "title"),
    row("empty array", "study", put("keyword", []), "keyword"),
    row("null", "study", put("title", None), "title"),
    row("null in array", "study", put("keyword", [None]), "keyword[0]"),
    row("null in primitive array", "location", put("alias", ["a", None]), "alias[1]"),
    row("empty resource", "study", bare, ""),
    row("empty object", "study", put("period", {}), "period"),
    row("empty object in array", "study", put("condition", [{}]), "condition[0]"),
    row("empty string", "study", put("title", ""), "title"),
    row("no resourceType", "bundle", put("entry.0.resource.resourceType", DROP), "entry[0].resource"),
    row(
        "unknown resourceType", "bundle", put("entry.0.resource.resourceType", "Studie"), "entry[0].resource"
    ),
    row(
        "two value[x]",
        "group",
        put("characteristic.1.valueReference", {"display": "x"}),
        "characteristic[1].value",
    ),
    row(
        "value[x] of another type",
        "group",
        put("characteristic.1.valueString", "x"),
        "characteristic[1].valueString",
    ),
    row("primitive with only an id", "study", both(put("title", DROP), put("_title", {"id": "a"})), "title"),
    row("object with only an id", "study", put("period", {"id": "a"}), "period"),
    row("_title is no object", "study", put("_title", "x"), "title"),
    row("_title with a foreign key", "study", put("_title", {"foo": 1}), "title"),
    row(
        "nesting",
        "plan",
        lambda node: node.update(action=[nested(DEEPEST)]),
        "action[0]" + ".action[0]" * (DEEPEST - 1),
    ),
]


def value(
    name: str, path: str, bad: Any, where: str | None = None, base: str = "study", *releases: Release
) -> Row:
    """A row that only sets a value."""
    return row(name, base, put(path, bad), path if where is None else where, *releases)


FORMATS = [
    value("short OID", "identifier.0.system", "urn:oid:1.2.3", "identifier[0].system"),
    value("month 13", "period.start", "2021-13"),
    value("30 February", "period.start", "2021-02-30"),
    value("29 February", "period.start", "2023-02-29"),
    value("dateTime without zone", "period.start", "2021-02-03T10:00:00"),
    value("hour 24", "period.start", "2021-02-03T24:00:00Z"),
    value("no seconds", "period.start", "2021-02-03T10:00Z"),
    value("year 0000", "period.start", "0000"),
    value("year of two digits", "period.start", "21"),
    value("date with blanks", "period.start", " 2021"),
    value("digits of another script", "period.start", "٢٠٢١"),
    value("date with time", "date", "2021/01/01", None, "plan"),
    value("zone out of range", "period.start", "2021-02-03T10:00:00+15:00"),
    value("instant with date only", "timestamp", "2021-02-03", None, "bundle"),
    value("lastUpdated with date only", "meta", {"lastUpdated": "2021-02-03"}, "meta.lastUpdated"),
    value(
        "time",
        "action.0.timingTiming.repeat.timeOfDay",
        ["25:00:00"],
        "action[0].timing.repeat.timeOfDay[0]",
        "plan",
    ),
    value("positiveInt 0", "contact.0.telecom.0.rank", 0, "contact[0].telecom[0].rank", "study", *OLD),
    value("positiveInt 0", "action.0.timingTiming.repeat.count", 0, "action[0].timing.repeat.count", "plan"),
    value("int as string", "recruitment.targetNumber", "20", None, "study", R5),
    value("negative unsignedInt", "recruitment.targetNumber", -1, None, "study", R5),
    value("float for int", "recruitment.targetNumber", 1.5, None, "study", R5),
    value("1.0 for int", "recruitment.targetNumber", 1.0, None, "study", R5),
    value("bool for int", "recruitment.targetNumber", True, None, "study", R5),
    value("beyond 32 bits", "recruitment.targetNumber", 99_999_999_999, None, "study", R5),
    value("bool as string", "characteristic.1.exclude", "true", "characteristic[1].exclude", "group"),
    value("int for bool", "characteristic.1.exclude", 1, "characteristic[1].exclude", "group"),
    value("number for string", "title", 5),
    value("decimal as string", "position.longitude", "7.1", None, "location"),
    value("bool for decimal", "position.longitude", True, None, "location"),
    value("NaN", "position.longitude", float("nan"), None, "location"),
    value("infinity", "position.longitude", float("inf"), None, "location"),
    value("id characters", "id", "NCT_1 2"),
    value("id length", "id", "a" * 65),
    value("uri with blank", "identifier.0.system", "https://clinical trials.gov", "identifier[0].system"),
    value("relative identifier.system", "identifier.0.system", "nct", "identifier[0].system"),
    value("urn:oid", "identifier.0.system", "urn:oid:1.02.3", "identifier[0].system"),
    value("urn:uuid", "identifier.0.system", "urn:uuid:xyz", "identifier[0].system"),
    value("leading blank in code", "status", " active"),
    value("string over 1 MB", "title", "a" * (1024 * 1024 + 1)),
    value("half of a surrogate pair", "title", "a\ud800"),
    row(
        "bad base64",
        "study",
        put("relatedArtifact.0.document", {"contentType": "text/plain", "data": "a$b"}),
        "relatedArtifact[0].document.data",
    ),
    value(
        "integer64 as number",
        "relatedArtifact.0.document.size",
        5,
        "relatedArtifact[0].document.size",
        "study",
        R5,
    ),
    value(
        "integer64 beyond",
        "relatedArtifact.0.document.size",
        str(2**63),
        "relatedArtifact[0].document.size",
        "study",
        R5,
    ),
    value(
        "Attachment.size as string in R4",
        "relatedArtifact.0.document",
        {"url": "http://a.de", "size": "5"},
        "relatedArtifact[0].document.size",
        "study",
        *OLD,
    ),
]

CODES = [
    row(
        "no unit",
        "group",
        put(
            "characteristic.0.valueRange",
            {"low": {"value": 1, "system": "http://unitsofmeasure.org", "code": "Years"}},
        ),
        "characteristic[0].value.low.code",
    ),
    value("status foo", "status", "foo"),
    value("R5 status", "status", "recruiting"),
    value("identifier.use", "identifier.0.use", "main", "identifier[0].use"),
    value("relatedArtifact.type", "relatedArtifact.0.type", "zzz", "relatedArtifact[0].type"),
    value(
        "relatedArtifact.type of R5",
        "relatedArtifact.0.type",
        "cites",
        "relatedArtifact[0].type",
        "study",
        *OLD,
    ),
    value(
        "telecom.system",
        "contact.0.telecom.0.system",
        "homephone",
        "contact[0].telecom[0].system",
        "study",
        *OLD,
    ),
    value("Group.type", "type", "human", None, "group"),
    value("Group.type of R5", "type", "organization", None, "group", *OLD),
    value("Group.membership", "membership", "foo", None, "group", R5),
    value("narrative status", "text.status", "made"),
    value("PlanDefinition.status", "status", "recruiting", None, "plan"),
    value(
        "periodUnit",
        "action.0.timingTiming.repeat.periodUnit",
        "day",
        "action[0].timing.repeat.periodUnit",
        "plan",
    ),
    value("Location.status", "status", "recruiting", None, "location"),
    value("phase-9 (example binding)", "phase", CONCEPT_BAD_PHASE, "phase.coding[0].code"),
    value(
        "objective type (preferred)",
        "objective.0.type",
        concept(THO + "research-study-objective-type", "foo", "x"),
        "objective[0].type.coding[0].code",
    ),
    value(
        "identifier.type XXXX",
        "identifier.0.type",
        concept(THO + "v2-0203", "XXXX", "x"),
        "identifier[0].type.coding[0].code",
    ),
    value("second coding wrong", "phase.coding.1", CONCEPT_BAD_PHASE["coding"][0], "phase.coding[1].code"),
    value(
        "system without code",
        "phase",
        {"coding": [{"system": THO + "research-study-phase"}]},
        "phase.coding[0].code",
    ),
    value(
        "progressStatus.state",
        "progressStatus.0.state",
        concept("http://hl7.org/fhir/research-study-status", "foo", "x"),
        "progressStatus[0].state.coding[0].code",
        "study",
        R5,
    ),
    value("language", "language", "english"),
    value(
        "country", "condition.0", concept("urn:iso:std:iso:3166", "ZZ", "x"), "condition[0].coding[0].code"
    ),
    row(
        "status replaced by data-absent-reason",
        "study",
        both(
            put("status", DROP),
            put("_status", {"extension": [{"url": HL7 + "data-absent-reason", "valueCode": "unknown"}]}),
        ),
        "status",
    ),
    row(
        "data-absent-reason nope",
        "study",
        both(
            put("title", DROP),
            put("_title", {"extension": [{"url": HL7 + "data-absent-reason", "valueCode": "n ope "}]}),
        ),
        "title.extension[0].value",
    ),
    row(
        "quantity code of a known system",
        "group",
        put(
            "characteristic.0.valueRange.low",
            {"value": 1, "system": THO + "research-study-phase", "code": "z"},
        ),
        "characteristic[0].value.low.code",
    ),
]

REFERENCES = [
    value("site -> Patient", "site.0.reference", "Patient/1", "site[0]"),
    value("protocol -> Group", "protocol.0.reference", "Group/1", "protocol[0]"),
    value("absolute to a wrong type", "site.0.reference", "https://a.de/fhir/Patient/1", "site[0]"),
    value("type contradicts", "site.0", {"type": "Patient", "display": "x"}, "site[0].type"),
    value("type unknown", "site.0", {"type": "Place", "display": "x"}, "site[0].type"),
    value(
        "type is not the reference's",
        "protocol.0",
        {"type": "Group", "reference": "PlanDefinition/P1"},
        "protocol[0].type",
    ),
    value("malformed", "site.0.reference", "Location 1", "site[0]"),
    value("only an id", "site.0.reference", "L1", "site[0]"),
    value("empty", "site.0", {}, "site[0]"),
    value("dangling #", "site.0.reference", "#nope", "site[0]"),
    value("no such type", "site.0.reference", "Place/1", "site[0]"),
    row("ref-2", "study", put("site.0", {"type": "Location"}), "site[0]", R5),
    row("dom-3", "study", contained(LOCATION, reference=None), "contained[0]"),
    row(
        "dom-2",
        "study",
        contained(LOCATION | {"contained": [{"resourceType": "Location", "id": "c2"}]}),
        "contained[0].contained",
    ),
    row("dom-4", "study", contained(LOCATION | {"meta": {"versionId": "1"}}), "contained[0].meta"),
    row("dom-5", "study", contained(LOCATION | {"meta": {"security": [{"code": "x"}]}}), "contained[0].meta"),
    row(
        "contained without id",
        "study",
        contained({"resourceType": "Location", "name": "x"}, reference=None),
        "contained[0]",
    ),
    row(
        "contained of a wrong type",
        "study",
        contained({"resourceType": "Practitioner", "id": "c1"}),
        "site[0]",
    ),
    row("error in contained", "study", contained(LOCATION | {"status": "foo"}), "contained[0].status"),
]

INVARIANTS = [
    value("per-1 unsure", "period", {"start": "2021-02-03", "end": "2021"}, None, "study", *OLD),
    value("per-1 unsure, turned", "period", {"start": "2021", "end": "2021-02-03"}, None, "study", *OLD),
    value("per-1", "period", {"start": "2021-02", "end": "2021-01-31"}),
    value(
        "per-1 with times", "period", {"start": "2021-02-03T10:00:00Z", "end": "2021-02-03T10:30:00+01:00"}
    ),
    value("qty-3", "characteristic.0.valueRange.low.system", DROP, "characteristic[0].value.low", "group"),
    value("rng-2", "characteristic.0.valueRange.low.value", 70, "characteristic[0].value", "group"),
    value("cpt-2", "contact.0.telecom.0.system", DROP, "contact[0].telecom[0]", "study", *OLD),
    row("grp-1", "group", put("member", [{"entity": {"reference": "Patient/1"}}]), "", *OLD),
    row("org-1", "organization", both(put("name", DROP), put("identifier", DROP)), ""),
    row(
        "org-2", "organization", put("telecom", [{"system": "phone", "value": "1", "use": "home"}]), "", *OLD
    ),
    row("att-1", "study", put("relatedArtifact.0.document", {"data": "YWJj"}), "relatedArtifact[0].document"),
    value("tim-2", "action.0.timingTiming.repeat.periodUnit", DROP, "action[0].timing.repeat", "plan"),
    value("tim-5", "action.0.timingTiming.repeat.period", -1, "action[0].timing.repeat", "plan"),
]

NARRATIVES = [
    row(name, "study", change, "text.div")
    for name, change in {
        "not well-formed": div("<p>a"),
        "script": div("<p>a</p><script>x()</script>"),
        "event attribute": div('<p onclick="x()">a</p>'),
        "form": div("<form><input/></form>a"),
        "object": div("<object>a</object>"),
        "iframe": div("<iframe>a</iframe>"),
        "no namespace": raw_div("<div>a</div>"),
        "wrong namespace": raw_div('<div xmlns="http://www.w3.org/1999/html">a</div>'),
        "inner namespace": div('<p xmlns="http://www.w3.org/2000/svg">a</p>'),
        "not a div": raw_div(f"<p {NS}>a</p>"),
        "txt-2": div("<p> </p>"),
        "&nbsp;": div("a&nbsp;b"),
        "&foo;": div("a&foo;b"),
        "raw &": div("a & b"),
        "raw <": div("a < b"),
        "javascript:": div('<a href="javascript:x()">a</a>'),
        "javascript: with a tab": div('<a href="java&#9;script:x()">a</a>'),
        "two roots": raw_div(f"<div {NS}>a</div><div {NS}>b</div>"),
        "text after": raw_div(f"<div {NS}>a</div>b"),
        "DOCTYPE": raw_div(f'<!DOCTYPE div [<!ENTITY x "y">]><div {NS}>a</div>'),
        "nested too deep": div("<b>" * 101 + "a" + "</b>" * 101),
        "attribute twice": div('<p id="a" id="b">a</p>'),
        "upper case": div("<P>a</P>"),
        "empty": raw_div(""),
    }.items()
] + [
    row("no div", "study", put("text", {"status": "generated"}), "text.div"),
    row("div is a number", "study", put("text.div", 5), "text.div"),
]

STATE = XVER + "ResearchStudy.progressStatus"
EXTENSIONS = [
    row(
        "child twice",
        "study",
        put("extension", [{"url": STATE, "extension": [{"url": "actual", "valueBoolean": True}] * 2}]),
        "extension[0].extension",
        Release.R4,
        Release.R4B,
    ),
    row("unknown url", "study", ext("https://fhir.hospital.de/x", valueString="x"), "extension[0]"),
    row("unknown HL7 url", "study", ext(HL7 + "researchStudy-nope", valueString="x"), "extension[0]"),
    row("relative url", "study", ext("nope", valueString="x"), "extension[0]"),
    row(
        "unknown modifier",
        "study",
        put("modifierExtension", [{"url": "https://a.de/x", "valueString": "x"}]),
        "modifierExtension[0]",
    ),
    row(
        "extension as modifier",
        "study",
        put("modifierExtension", [{"url": HL7 + "originalText", "valueString": "x"}]),
        "modifierExtension[0]",
    ),
    row("no value, no children", "study", ext(XVER + "ResearchStudy.whyStopped"), "extension[0]"),
    row(
        "value and children",
        "study",
        ext(STATE, valueString="x", extension=[{"url": "actual", "valueBoolean": True}]),
        "extension[0]",
    ),
    row(
        "wrong context",
        "study",
        ext(HL7 + "patient-birthPlace", valueAddress={"city": "Bonn"}),
        "extension[0]",
    ),
    row(
        "unknown child",
        "study",
        ext(STATE, extension=[{"url": "foo", "valueBoolean": True}]),
        "extension[0].extension[0]",
        *OLD,
    ),
    row(
        "child of wrong type",
        "study",
        ext(STATE, extension=[{"url": "actual", "valueString": "x"}]),
        "extension[0].extension[0].value",
        *OLD,
    ),
    row("value in a complex one", "study", ext(STATE, valueString="x"), "extension[0].value", *OLD),
    row(
        "value of wrong type",
        "study",
        ext(XVER + "ResearchStudy.whyStopped", valueString="x"),
        "extension[0].value",
        *OLD,
    ),
    row(
        "two values",
        "study",
        ext(HL7 + "originalText", valueString="x", valueBoolean=True),
        "extension[0].value",
    ),
    row("value of no type", "study", ext(HL7 + "originalText", valueFoo="x"), "extension[0].value"),
    row("bad value", "study", ext(HL7 + "originalText", valueString=""), "extension[0].value"),
    row(
        "R5 code in an extension",
        "study",
        ext(
            STATE,
            extension=[
                {
                    "url": "state",
                    "valueCodeableConcept": concept(
                        "http://hl7.org/fhir/research-study-status", "recruiting", "x"
                    ),
                }
            ],
        ),
        "extension[0].extension[0].value.coding[0].code",
        *OLD,
    ),
    row(
        "R5 system in an extension",
        "study",
        ext(
            XVER + "ResearchStudy.label",
            extension=[
                {"url": "type", "valueCodeableConcept": concept("http://hl7.org/fhir/nonsense", "x", "x")}
            ],
        ),
        "extension[0].extension[0].value.coding[0].system",
        *OLD,
    ),
    row("xver unknown element", "study", ext(XVER + "ResearchStudy.foo", valueString="x"), "extension[0]"),
    row(
        "xver 9.9",
        "study",
        ext("http://hl7.org/fhir/9.9/StructureDefinition/extension-ResearchStudy.phase", valueString="x"),
        "extension[0]",
    ),
    row(
        "xver 6.0",
        "group",
        ext(
            "http://hl7.org/fhir/6.0/StructureDefinition/extension-Group.combinationMethod",
            valueCode="all-of",
        ),
        "extension[0]",
    ),
    row(
        "xver focus",
        "study",
        ext(XVER + "ResearchStudy.focus", valueReference={"display": "x"}),
        "extension[0]",
        *OLD,
    ),
    row("xver status", "study", ext(XVER + "ResearchStudy.status", valueCode="active"), "extension[0]", *OLD),
    row(
        "xver objective",
        "study",
        ext(XVER + "ResearchStudy.objective", extension=[{"url": "name", "valueString": "x"}]),
        "extension[0]",
        *OLD,
    ),
    row(
        "xver Group.characteristic.description",
        "group",
        ext(XVER + "Group.characteristic.description", valueString="x"),
        "extension[0]",
        *OLD,
    ),
    row(
        "xver in a wrong place",
        "study",
        ext(XVER + "ResearchStudy.objective.description", valueMarkdown="x"),
        "extension[0]",
        *OLD,
    ),
    row(
        "inner url in full",
        "study",
        ext(STATE, extension=[{"url": STATE + ".state", "valueCodeableConcept": {"text": "x"}}]),
        "extension[0].extension[0]",
        *OLD,
    ),
    row("foreign key", "study", ext(HL7 + "originalText", valueString="x", foo=1), "extension[0].foo"),
    row(
        "unknown on a primitive",
        "study",
        put("_status", {"extension": [{"url": "https://a.de/x", "valueString": "x"}]}),
        "status.extension[0]",
    ),
    row("empty extension", "study", put("extension", [{}]), "extension[0]"),
    row("null extension", "study", put("extension", [None]), "extension[0]"),
    row("extension is an object", "study", put("extension", {"url": HL7 + "originalText"}), "extension"),
]

L1 = BASE + "/Location/L1"
BUNDLES = [
    row("missing fullUrl", "bundle", put("entry.3.fullUrl", DROP), "entry[3]"),
    value(
        "unresolved reference",
        "entry.0.resource.site.0.reference",
        "Location/none",
        "entry[0].resource.site[0]",
        "bundle",
    ),
    value(
        "unresolved absolute reference",
        "entry.0.resource.site.0.reference",
        BASE + "/Location/none",
        "entry[0].resource.site[0]",
        "bundle",
    ),
    value(
        "unresolved urn:uuid",
        "entry.0.resource.site.0.reference",
        UUID,
        "entry[0].resource.site[0]",
        "bundle",
    ),
    value(
        "resolved to a wrong type",
        "entry.0.resource.protocol.0.reference",
        "Group/G1",
        "entry[0].resource.protocol[0]",
        "bundle",
    ),
    row(
        "urn:uuid to a wrong type",
        "bundle",
        both(put("entry.1.fullUrl", UUID), put("entry.0.resource.protocol.0.reference", UUID)),
        "entry[0].resource.protocol[0]",
    ),
    row(
        "duplicate fullUrl", "bundle", lambda node: node["entry"].append(node["entry"][3]), "entry[5].fullUrl"
    ),
    value("same fullUrl, other resource", "entry.4.fullUrl", L1, "entry[4].fullUrl", "bundle"),
    row(
        "one id under two bases",
        "bundle",
        lambda node: node["entry"].append(
            {"fullUrl": "https://b.de/fhir/Location/L1", "resource": node["entry"][3]["resource"]}
        ),
        "entry[5].resource.id",
    ),
    value("fullUrl of another id", "entry.3.fullUrl", BASE + "/Location/other", "entry[3].fullUrl", "bundle"),
    value("fullUrl of another type", "entry.3.fullUrl", BASE + "/Patient/L1", "entry[3].fullUrl", "bundle"),
    value("relative fullUrl", "entry.3.fullUrl", "Location/L1", "entry[3].fullUrl", "bundle"),
    value("fullUrl with version", "entry.3.fullUrl", L1 + "/_history/1", "entry[3].fullUrl", "bundle"),
    value(
        "bad urn:uuid",
        "entry.3.fullUrl",
        "urn:uuid:0F9C7A40-93F1-4C5C-8C3C-0A2B3F1F0001",
        "entry[3].fullUrl",
        "bundle",
    ),
    value("missing id", "entry.3.resource.id", DROP, "entry[3].resource.id", "bundle"),
    value("entry without request", "entry.3.request", DROP, "entry[3]", "transaction"),
    value(
        "collection with request",
        "entry.3.request",
        {"method": "PUT", "url": "Location/L1"},
        "entry[3]",
        "bundle",
    ),
    value("collection with response", "entry.3.response", {"status": "200"}, "entry[3]", "bundle"),
    value("collection with search", "entry.3.search", {"mode": "match"}, "entry[3]", "bundle"),
    value("bad method", "entry.3.request.method", "UPSERT", "entry[3].request.method", "transaction"),
    value("request.url missing", "entry.3.request.url", DROP, "entry[3].request.url", "transaction"),
    value(
        "PUT url of another id", "entry.3.request.url", "Location/L2", "entry[3].request.url", "transaction"
    ),
    value("PUT without id", "entry.3.resource.id", DROP, "entry[3].resource.id", "transaction"),
    row(
        "POST to another type",
        "transaction",
        put("entry.3.request", {"method": "POST", "url": "Patient"}),
        "entry[3].request.url",
    ),
    value("PUT without resource", "entry.3.resource", DROP, "entry[3]", "transaction"),
    value("empty entry", "entry.3", {}, "entry[3]", "bundle"),
    value("entry with only a fullUrl", "entry.3", {"fullUrl": L1}, "entry[3]", "bundle"),
    value("missing type", "type", DROP, "type", "bundle"),
    value("bad type", "type", "upload", "type", "bundle"),
    value(
        "conditional reference",
        "entry.0.resource.site.0.reference",
        "Location?identifier=x",
        "entry[0].resource.site[0]",
        "bundle",
    ),
    row("bdl-18", "bundle", put("type", "searchset"), "", R5),
    row("bdl-1", "transaction", put("total", 5), ""),
    row("bdl-9", "bundle", put("type", "document"), ""),
    row("bdl-12", "bundle", put("type", "message"), ""),
    value("error in an entry", "entry.0.resource.status", "foo", "entry[0].resource.status", "bundle"),
    value("null entry", "entry.3", None, "entry[3]", "bundle"),
    value("resource is a list", "entry.3.resource", [], "entry[3].resource", "bundle"),
]

REFUSED: dict[str, list[Row]] = {
    "structure": STRUCTURE,
    "formats": FORMATS,
    "codes": CODES,
    "references": REFERENCES,
    "invariants": INVARIANTS,
    "narratives": NARRATIVES,
    "extensions": EXTENSIONS,
    "bundles": BUNDLES,
}


def warn(name: str, base: str, change: Change, where: str, *releases: Release) -> Row:
    """A row that is only warned of."""
    return Row(name, base, change, where, releases or ALL, "warning")


WARNED = [
    warn("only whitespace", "study", put("title", "  "), "title"),
    warn("padded", "study", put("title", " x "), "title"),
    warn("control character", "study", put("title", "a\x01b"), "title"),
    warn("unmatched bidi control", "study", put("title", "a\u202eb"), "title"),
    warn("HTML in markdown", "study", put("description", "a <script>x</script>"), "description"),
    warn("year 2999", "study", put("period", {"start": "2999-01-01"}), "period.start"),
    warn("year 1823", "study", put("period.start", "1823"), "period.start"),
    warn("unknown profile", "study", put("meta", {"profile": ["https://a.de/p"]}), "meta.profile[0]"),
    warn("language not in the narrative", "study", put("language", "en-US"), "text.div"),
    warn("coding without system", "study", put("phase", {"coding": [{"code": "x"}]}), "phase.coding[0]"),
    warn(
        "coding with only a display", "study", put("phase", {"coding": [{"display": "x"}]}), "phase.coding[0]"
    ),
    warn(
        "unknown code system",
        "study",
        put("phase", concept("https://a.de/cs", "x", "x")),
        "phase.coding[0].system",
    ),
    warn("relative code system", "study", put("phase", concept("MeSH", "x", "x")), "phase.coding[0].system"),
    warn(
        "value set as system",
        "study",
        put("phase", concept("http://hl7.org/fhir/ValueSet/x", "x", "x")),
        "phase.coding[0].system",
    ),
    warn("identifier without value", "study", put("identifier.0.value", DROP), "identifier[0]"),
    warn("name is no token", "plan", put("name", "my plan"), ""),
    warn("url with |", "plan", put("url", "https://a.de/b|1"), "", R5),
    warn("extensible: text only", "plan", put("type", {"text": "x"}), "type"),
    warn(
        "url without scheme",
        "study",
        put("relatedArtifact.0.document", {"url": "www.a.de"}),
        "relatedArtifact[0].document.url",
    ),
    warn(
        "no MIME type",
        "study",
        put("relatedArtifact.0.document", {"contentType": "pdf", "url": "https://a.de/b"}),
        "relatedArtifact[0].document",
    ),
    warn(
        "uncommon unit",
        "group",
        put(
            "characteristic.0.valueRange",
            {"low": {"value": 1, "system": "http://unitsofmeasure.org", "code": "mg/ks"}},
        ),
        "characteristic[0].value.low.code",
    ),
    warn("missing fullUrl", "transaction", put("entry.3.fullUrl", DROP), "entry[3]"),
    warn("reference past the fullUrl", "bundle", put("entry.3.fullUrl", UUID), "entry[0].resource.site[0]"),
    warn(
        "reference outside",
        "bundle",
        put("entry.0.resource.site.0.reference", "https://b.de/fhir/Location/1"),
        "entry[0].resource.site[0]",
    ),
    warn(
        "orphan",
        "bundle",
        lambda node: node["entry"].append(
            {"fullUrl": BASE + "/Location/L9", "resource": LOCATION | {"id": "L9"}}
        ),
        "entry[5]",
    ),
    warn(
        "resource without a table",
        "bundle",
        put("entry.5", {"fullUrl": BASE + "/Slot/1", "resource": {"resourceType": "Slot", "id": "1"}}),
        "entry[5].resource",
    ),
]


def passing(name: str, base: str, change: Change, *releases: Release) -> Row:
    """A row that must pass without an error."""
    return Row(name, base, change, "", releases or ALL, "none")


ABSENT = {"extension": [{"url": HL7 + "data-absent-reason", "valueCode": "unknown"}]}
CARRIED: dict[str, Json] = {
    "descriptionSummary": {"valueMarkdown": "x"},
    "recruitment": {"extension": [{"url": "targetNumber", "valueUnsignedInt": 5}]},
    "comparisonGroup": {
        "extension": [
            {"url": "name", "valueString": "x"},
            {"url": "intendedExposure", "valueReference": {"reference": "EvidenceVariable/1"}},
        ]
    },
    "outcomeMeasure": {"extension": [{"url": "name", "valueString": "x"}]},
    "associatedParty": {"extension": [{"url": "role", "valueCodeableConcept": {"text": "x"}}]},
    "studyDesign": {"valueCodeableConcept": {"text": "x"}},
    "classifier": {"valueCodeableConcept": {"text": "x"}},
    "region": {"valueCodeableConcept": {"text": "x"}},
    "url": {"valueUri": "https://a.de/b"},
    "version": {"valueString": "1"},
    "name": {"valueString": "x"},
    "date": {"valueDateTime": "2020"},
    "result": {"valueReference": {"reference": "DiagnosticReport/1"}},
}

PASSING = [
    *(passing(f"valid {name}", name, lambda _: None) for name in MAKERS),
    passing("missing id", "study", put("id", DROP)),
    passing("year 1950", "study", put("period.start", "1950")),
    passing("leap day", "study", put("period.start", "2020-02-29")),
    passing("zone and fraction", "study", put("note.0.time", "2020-01-02T03:04:05.123456-05:00")),
    passing("period of mixed precision", "study", put("period", {"start": "2021-02-03", "end": "2021"}), R5),
    passing("mixed precision, other years", "study", put("period", {"start": "2020-02-03", "end": "2021"})),
    passing("period without start", "study", put("period", {"end": "2021"})),
    passing("tab and newline", "study", put("title", "a\tb\nc")),
    passing("emoji and combining signs", "study", put("title", "a😀e\u0301")),
    passing("less-than in markdown", "study", put("description", "p < 0.05, <65 years, 5<6")),
    passing("only a display", "study", put("site.0", {"display": "x"})),
    passing(
        "only an identifier", "study", put("site.0", {"identifier": {"system": "https://a.de", "value": "x"}})
    ),
    passing("logical absolute reference", "study", put("site.0.reference", "https://a.de/Location/1")),
    passing("versioned reference", "study", put("site.0.reference", "Location/1/_history/2")),
    passing("contained", "study", contained(LOCATION)),
    passing("contained refers to container", "study", contained(LOCATION | {"partOf": {"reference": "#c1"}})),
    passing(
        "wrong display", "study", put("phase", concept(THO + "research-study-phase", "phase-2", "Phase two"))
    ),
    passing("phase text only", "study", put("phase", {"text": "x"})),
    passing("SNOMED nonsense", "study", put("condition.0", concept("http://snomed.info/sct", "1", "x"))),
    passing("MeSH", "study", put("condition.0", concept("https://www.nlm.nih.gov/mesh", "D001943", "x"))),
    passing("country", "study", put("condition.0", concept("urn:iso:std:iso:3166", "USA", "x"))),
    passing("language en-US", "study", put("language", "en-US")),
    passing("profile of the type", "study", put("meta", {"profile": [HL7 + "ResearchStudy"]})),
    passing(
        "frequency without period",
        "plan",
        both(
            put("action.0.timingTiming.repeat.period", DROP),
            put("action.0.timingTiming.repeat.periodUnit", DROP),
        ),
    ),
    passing("action without title", "plan", put("action.0.title", DROP)),
    passing("subjectCanonical", "plan", put("subjectCanonical", "http://a.de/b"), R4B),
    passing("member and definitional", "group", put("member", [{"entity": {"reference": "Patient/1"}}]), R5),
    passing(
        "member and actual",
        "group",
        both(put("actual", True), put("member", [{"entity": {"reference": "Patient/1"}}])),
        *OLD,
    ),
    passing("title with only an extension", "study", both(put("title", DROP), put("_title", ABSENT))),
    passing(
        "value and extension",
        "study",
        put("_title", {"id": "t", "extension": [{"url": HL7 + "rendering-markdown", "valueMarkdown": "x"}]}),
    ),
    passing("alias with null", "location", both(put("alias", ["a", None]), put("_alias", [None, ABSENT]))),
    passing("_alias shorter than alias", "location", both(put("alias", ["a", "b"]), put("_alias", [ABSENT]))),
    passing("only _alias", "location", put("_alias", [ABSENT])),
    passing(
        "originalText",
        "study",
        put("condition.0.extension", [{"url": HL7 + "originalText", "valueString": "x"}]),
    ),
    passing("decimal of 15 digits", "location", put("position.longitude", -71.1111111111111)),
    passing("integer for decimal", "location", put("position.longitude", 7)),
    passing(
        "Attachment.size", "study", put("relatedArtifact.0.document", {"url": "http://a.de", "size": 5}), *OLD
    ),
    passing("Attachment.size is a string", "study", put("relatedArtifact.0.document.size", "5000000000"), R5),
    passing("narrative style", "study", div('<p style="color: red">a</p>')),
    passing("narrative image", "study", div('<img src="http://a.de/b.png" alt="b"/>')),
    passing(
        "narrative table", "study", div('<table><tbody><tr><td colspan="2">a<br/>b</td></tr></tbody></table>')
    ),
    passing("narrative link", "study", div('<a href="https://a.de/b?c=1&amp;d=2">a</a>')),
    passing("narrative signs", "study", div("&lt;&gt;&quot;&apos;&#39;&#x1F600; é\n")),
    passing("narrative comment", "study", div("a<!-- b -->")),
    *(
        passing(f"xver {name}", "study", ext(XVER + "ResearchStudy." + name, **held), *OLD)
        for name, held in CARRIED.items()
    ),
    passing(
        "xver objective.description",
        "study",
        put(
            "objective.0.extension",
            [{"url": XVER + "ResearchStudy.objective.description", "valueMarkdown": "x"}],
        ),
        *OLD,
    ),
    passing("xver Group.description", "group", ext(XVER + "Group.description", valueMarkdown="x"), *OLD),
    passing(
        "xver 4.0 enrollment",
        "study",
        ext(
            "http://hl7.org/fhir/4.0/StructureDefinition/extension-ResearchStudy.enrollment",
            valueReference={"reference": "Group/1"},
        ),
        R5,
    ),
    passing(
        "xver 4.0 category",
        "study",
        ext(
            "http://hl7.org/fhir/4.0/StructureDefinition/extension-ResearchStudy.category",
            valueCodeableConcept={"text": "x"},
        ),
        R5,
    ),
    passing(
        "xver 5.0 in R5",
        "study",
        ext(XVER + "ResearchStudy.whyStopped", valueCodeableConcept={"text": "x"}),
        R5,
    ),
    passing(
        "xver twice",
        "study",
        put(
            "extension",
            [{"url": XVER + "ResearchStudy.whyStopped", "valueCodeableConcept": {"text": "x"}}] * 2,
        ),
        *OLD,
    ),
    passing(
        "studyRegistration",
        "study",
        ext(
            HL7 + "researchStudy-studyRegistration",
            extension=[{"url": "activity", "valueCodeableConcept": {"text": "x"}}],
        ),
    ),
    passing(
        "references to urn:uuid",
        "bundle",
        both(put("entry.3.fullUrl", UUID), put("entry.0.resource.site.0.reference", UUID)),
    ),
    passing("absolute references", "bundle", put("entry.0.resource.site.0.reference", L1)),
    passing(
        "conditional reference",
        "transaction",
        put("entry.0.resource.site.0.reference", "Location?identifier=https://a.de|1"),
    ),
    passing(
        "ifNoneExist",
        "transaction",
        both(put("entry.3.request", {"method": "POST", "url": "Location", "ifNoneExist": "name=x"})),
    ),
    passing("conditional PUT", "transaction", put("entry.3.request.url", "Location?identifier=x")),
    passing(
        "DELETE",
        "transaction",
        lambda node: node["entry"].append({"request": {"method": "DELETE", "url": "Location/9"}}),
    ),
    passing(
        "open references of a searchset",
        "bundle",
        both(
            put("type", "searchset"),
            put("total", 1),
            put("link", [{"relation": "self", "url": BASE + "/Location"}]),
            put("entry.0.resource.site.0.reference", "Location/none"),
        ),
    ),
    passing("batch", "transaction", put("type", "batch")),
    passing("empty bundle", "bundle", put("entry", DROP)),
]


def main() -> int:
    """Print how many rows of each table are answered as they must be, and every one that is not."""
    tables = REFUSED | {"warnings": WARNED, "passing": PASSING}
    missed = 0
    for title, rows in tables.items():
        counts: Counter[str] = Counter()
        for one, release in ((row, release) for row in rows for release in row.releases):
            good = passes(one, release) if one.severity == "none" else one.answered(release)
            counts[release] += good
            if not good:
                missed += 1
                _say(f"  {release} {one.name}: {[str(issue) for issue in one.issues(release)]}")
        _say(
            f"{title:12} {len(rows):4} rows  "
            + "  ".join(f"{name} {count}" for name, count in counts.items())
        )
    _say(f"missed: {missed}")
    return min(missed, 1)


def passes(one: Row, release: Release) -> bool:
    """Whether a resource has no error."""
    return not any(issue.severity in ("error", "fatal") for issue in one.issues(release))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
