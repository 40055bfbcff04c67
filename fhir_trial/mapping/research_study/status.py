"""ResearchStudy: status, progress, the dates of the study and of its registration."""

from typing import Any

from fhir_trial.codemaps import plain_codes, system
from fhir_trial.errors import UnmappedCodeError
from fhir_trial.mapping import extensions, urls
from fhir_trial.mapping.graph import Graph, Index
from fhir_trial.trial import DateStruct, ExpandedAccessInfo, Status

_ACTUAL = {"ACTUAL": True, "ESTIMATED": False}
_DATE_TYPE = {True: "ACTUAL", False: "ESTIMATED"}
_OVERALL = "overall-study"

UNSTATED_R4_STATUS = "in-review"
"""R4 demands a status also where the record (a reply limited to some fields) states none.

`in-review` is the one code that claims neither that the study runs nor that it ended; progressStatus stays
absent, so the way back states no status either.
"""


def r4_status(status: Status | None) -> str:
    """The code of R4's ResearchStudy.status.

    An UNKNOWN study keeps the code of its last known status; the token itself travels in progressStatus.
    """
    if status is None or status.overall is None:
        return UNSTATED_R4_STATUS
    token = status.overall
    if token == "UNKNOWN" and status.last_known is not None:
        token = status.last_known
    try:
        return plain_codes("research_study/status_r4")[token]
    except KeyError:
        raise UnmappedCodeError(token, "research_study/status_r4") from None


def period(status: Status, graph: Graph) -> dict[str, str]:
    """ResearchStudy.period; empty when start and end may not stand together (invariant per-1)."""
    start = status.start.date if status.start else None
    end = status.completion.date if status.completion else None
    if start and end and not _in_order(start, end, graph):
        return {}
    return ({"start": start} if start else {}) | ({"end": end} if end else {})


def _in_order(start: str, end: str, graph: Graph) -> bool:
    """Whether per-1 holds: R4 wants a certain order, R5 a possible one ("2020-02" and "2020-02-29")."""
    shorter = min(len(start), len(end))
    if start[:shorter] == end[:shorter]:
        return graph.r5 or len(start) == len(end)
    return start[:shorter] < end[:shorter]


def progress(status: Status, graph: Graph) -> list[dict[str, Any]]:
    """ResearchStudy.progressStatus fragments: the overall status, then the whole study's start and end.

    Start and end share a fragment when both are actual, or both estimated.
    """
    fragments: list[dict[str, Any]] = []
    if status.overall:
        fragments.append({"state": graph.maps.status.concept(status.overall)})
    start, end = status.start or DateStruct(), status.completion or DateStruct()
    together = start.type == end.type and start.date and end.date and _in_order(start.date, end.date, graph)
    if together:
        fragments.append(_overall(start, {"start": start.date, "end": end.date}, graph))
        return fragments
    if start != DateStruct():
        fragments.append(_overall(start, {"start": start.date} if start.date else {}, graph))
    if end != DateStruct():
        fragments.append(_overall(end, {"end": end.date} if end.date else {}, graph, ends=True))
    return fragments


def _overall(
    stated: DateStruct, dates: dict[str, Any], graph: Graph, *, ends: bool = False
) -> dict[str, Any]:
    uri = system("research-study-status", graph.release)
    fragment: dict[str, Any] = {"state": {"coding": [{"system": uri, "code": _OVERALL}]}}
    if stated.type:
        fragment["actual"] = _ACTUAL[stated.type]
    if not dates and ends:  # an end without a date: the period says that it is the end that is meant
        dates = {"_end": {"extension": [{"url": urls.DATA_ABSENT, "valueCode": "unknown"}]}}
    if dates:
        fragment["period"] = dates
    return fragment


def read_progress(fragments: list[dict[str, Any]], index: Index) -> dict[str, Any]:
    """{overallStatus, startDateStruct, completionDateStruct}, each 0..1."""
    found: dict[str, Any] = {}
    for fragment in fragments:
        state = fragment.get("state", {})
        token = index.maps.status.token(state)
        if token:
            found.setdefault("overallStatus", token)
        if not any(coding.get("code") == _OVERALL for coding in state.get("coding", ())):
            continue
        dates = fragment.get("period", {})
        kind = {"type": _DATE_TYPE[fragment["actual"]]} if "actual" in fragment else {}
        has_end = "end" in dates or "_end" in dates
        if "start" in dates or not has_end:
            found["startDateStruct"] = _day("start", dates) | kind
        if has_end:
            found["completionDateStruct"] = _day("end", dates) | kind
    return found


def _day(key: str, dates: dict[str, Any]) -> dict[str, Any]:
    return {"date": dates[key]} if key in dates else {}


# --- registration ---------------------------------------------------------------------------------------

_PLAIN_DATES = {
    "verified": "statusVerifiedDate",
    "first_submit": "studyFirstSubmitDate",
    "first_submit_qc": "studyFirstSubmitQcDate",
    "results_first_submit": "resultsFirstSubmitDate",
    "results_first_submit_qc": "resultsFirstSubmitQcDate",
    "disposition_first_submit": "dispFirstSubmitDate",
    "disposition_first_submit_qc": "dispFirstSubmitQcDate",
    "last_update_submit": "lastUpdateSubmitDate",
}
_DATE_STRUCTS = {
    "primary_completion": "primaryCompletionDateStruct",
    "first_post": "studyFirstPostDateStruct",
    "results_first_post": "resultsFirstPostDateStruct",
    "disposition_first_post": "dispFirstPostDateStruct",
    "last_update_post": "lastUpdatePostDateStruct",
}
_ACTIVITIES = (
    "verified",
    "primary_completion",
    "first_submit",
    "first_submit_qc",
    "first_post",
    "results_first_submit",
    "results_first_submit_qc",
    "results_first_post",
    "disposition_first_submit",
    "disposition_first_submit_qc",
    "disposition_first_post",
    "last_update_submit",
    "last_update_post",
)


def registration(status: Status, graph: Graph) -> list[dict[str, Any]]:
    """Extensions researchStudy-studyRegistration: one activity each, and the day on which it was done."""
    written = []
    for attribute in _ACTIVITIES:
        stated = getattr(status, attribute)
        if stated is None:
            continue
        day, kind = (stated, None) if isinstance(stated, str) else (stated.date, stated.type)
        inner: list[dict[str, Any]] = [
            {"url": "activity", "valueCodeableConcept": graph.maps.registration_activity.concept(attribute)}
        ]
        if kind:
            inner.append({"url": "actual", "valueBoolean": _ACTUAL[kind]})
        if day:
            inner.append({"url": "period", "valuePeriod": {"end": day}})
        if len(inner) > 1:
            written.append({"url": urls.STUDY_REGISTRATION, "extension": inner})
    return written


def read_registration(study: dict[str, Any], index: Index) -> dict[str, Any]:
    """The registration dates of the record (keys of statusModule)."""
    found: dict[str, Any] = {}
    for written in study.get("extension", ()):
        if written.get("url") != urls.STUDY_REGISTRATION:
            continue
        inner = {part.get("url"): part for part in written.get("extension", ())}
        activity = index.maps.registration_activity.token(
            inner.get("activity", {}).get("valueCodeableConcept")
        )
        dates = inner.get("period", {}).get("valuePeriod", {})
        day = dates.get("end") or dates.get("start")
        if activity in _PLAIN_DATES and day:
            found[_PLAIN_DATES[activity]] = day
        elif activity in _DATE_STRUCTS:
            actual = inner.get("actual", {}).get("valueBoolean")
            stated = {"date": day} if day else {}
            found[_DATE_STRUCTS[activity]] = stated | ({} if actual is None else {"type": _DATE_TYPE[actual]})
    return found


# --- last known status, expanded access -----------------------------------------------------------------


def other(status: Status, graph: Graph) -> list[dict[str, Any]]:
    """Our extensions: the last known status, the expanded access record."""
    last_known = graph.maps.status.concept(status.last_known) if status.last_known else None
    written = extensions.simple("last-known-status", "valueCodeableConcept", last_known)
    return written + _expanded_access(status.expanded_access, graph)


def _expanded_access(info: ExpandedAccessInfo | None, graph: Graph) -> list[dict[str, Any]]:
    if info is None or (not info.registry_id and not info.status):
        return []
    inner: list[dict[str, Any]] = []
    if info.registry_id:
        study = {"type": "ResearchStudy", "identifier": {"system": urls.NCT, "value": info.registry_id}}
        inner.append({"url": "study", "valueReference": study})
    if info.status:
        inner.append({"url": "status", "valueCodeableConcept": graph.maps.status.concept(info.status)})
    return [{"url": urls.EXTENSION + "expanded-access", "extension": inner}]


def read_other(study: dict[str, Any], index: Index) -> dict[str, Any]:
    """{lastKnownStatus, expandedAccessInfo}, each 0..1."""
    found: dict[str, Any] = {}
    last_known = extensions.value(study, "last-known-status", "valueCodeableConcept")
    if token := index.maps.status.token(last_known):
        found["lastKnownStatus"] = token
    for written in study.get("extension", ()):
        if written.get("url") != urls.EXTENSION + "expanded-access":
            continue
        info: dict[str, Any] = {}
        for inner in written.get("extension", ()):
            if inner.get("url") == "study":
                info["nctId"] = inner.get("valueReference", {}).get("identifier", {}).get("value")
            elif inner.get("url") == "status":
                info["statusForNctId"] = index.maps.status.token(inner.get("valueCodeableConcept"))
        found["expandedAccessInfo"] = info
    return found
