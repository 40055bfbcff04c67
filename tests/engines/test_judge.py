"""The judge: what it refuses, the order of its answers, and how it fails."""

from collections.abc import Callable
from typing import Any

import pytest

from fhir_trial.engines import EngineUnavailableError
from fhir_trial.engines.judge import Judge, problems
from fhir_trial.release import Release

pytestmark = pytest.mark.judge

Json = dict[str, Any]
JudgeOf = Callable[[Release], Judge]

STUDY: Json = {"resourceType": "ResearchStudy", "id": "s", "status": "active", "title": "A trial"}
GROUP_R4: Json = {"resourceType": "Group", "id": "g", "type": "person", "actual": False}
GROUP_R5: Json = {"resourceType": "Group", "id": "g", "type": "person", "membership": "definitional"}


def bundle(*entries: Json) -> Json:
    return {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}


def put(resource: Json, **changes: Any) -> Json:
    place = f"{resource['resourceType']}/{resource['id']}"
    request = {"method": "PUT", "url": place}
    return {"fullUrl": f"https://example.com/{place}", "resource": resource, "request": request} | changes


KNOWN_BAD: list[tuple[Release, str, Json]] = [
    (Release.R4, "no status", {"resourceType": "ResearchStudy", "id": "s"}),
    (Release.R4, "unknown element", STUDY | {"colour": "blue"}),
    (Release.R4, "status of R5", STUDY | {"status": "draft"}),
    (Release.R4, "element of R5", STUDY | {"recruitment": {"targetNumber": 3}}),
    (Release.R4, "impossible date", STUDY | {"period": {"start": "2024-02-30"}}),
    (Release.R4, "end before start", STUDY | {"period": {"start": "2024-05", "end": "2023-05"}}),
    (Release.R4, "scalar for a list", STUDY | {"keyword": {"text": "asthma"}}),
    (Release.R4, "wrong target", STUDY | {"sponsor": {"reference": "Location/l"}}),
    (Release.R4, "dangling fragment", STUDY | {"sponsor": {"reference": "#o"}}),
    (Release.R4, "id with a blank", STUDY | {"id": "a b"}),
    (Release.R4, "unknown extension", STUDY | {"extension": [{"url": "https://x.org/y", "valueCode": "z"}]}),
    (Release.R4, "unknown profile", STUDY | {"meta": {"profile": ["https://example.com/profile"]}}),
    (Release.R4, "group without actual", {"resourceType": "Group", "id": "g", "type": "person"}),
    (Release.R4, "entry without request", bundle(put(STUDY, request=None))),
    (Release.R4, "same fullUrl twice", bundle(put(STUDY), put(STUDY))),
    (Release.R5, "status of R4", STUDY | {"status": "completed"}),
    (Release.R5, "element of R4", STUDY | {"enrollment": [{"reference": "Group/g"}]}),
    (Release.R5, "group without membership", {"resourceType": "Group", "id": "g", "type": "person"}),
    (Release.R5, "number as text", STUDY | {"recruitment": {"targetNumber": "3"}}),
    (Release.R5, "arm without name", STUDY | {"comparisonGroup": [{"linkId": "a"}]}),
    (Release.R5, "unknown phase", STUDY | {"phase": {"coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/research-study-phase", "code": "phase-9"}
    ]}}),
]  # fmt: skip


@pytest.mark.parametrize("release", list(Release))
def test_good_resources_and_bundles_pass(judge: JudgeOf, release: Release) -> None:
    group = GROUP_R5 if release is Release.R5 else GROUP_R4
    outcomes = list(judge(release).check([STUDY, group, bundle(put(STUDY), put(group))]))
    assert [problems(outcome, "fatal", "error", "warning") for outcome in outcomes] == [[], [], []]


@pytest.mark.parametrize("release", [Release.R4, Release.R5])
def test_known_bad_resources_are_refused(judge: JudgeOf, release: Release) -> None:
    cases = {name: resource for bad_in, name, resource in KNOWN_BAD if bad_in is release}
    outcomes = judge(release).check(cases.values())
    passed = [name for name, outcome in zip(cases, outcomes, strict=True) if not problems(outcome)]
    assert passed == []


def test_answers_come_in_the_order_of_the_questions(judge: JudgeOf) -> None:
    bad_ones = [number % 3 == 0 for number in range(200)]
    resources = [
        STUDY | {"id": f"s{n}"} | ({"status": "no"} if bad else {}) for n, bad in enumerate(bad_ones)
    ]
    refused = [bool(problems(outcome)) for outcome in judge(Release.R4).check(resources)]
    assert refused == bad_ones


def test_malformed_json_is_fatal_and_the_engine_goes_on(judge: JudgeOf) -> None:
    lines: list[bytes | Json] = [
        b'{"resourceType":',
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"resourceType":\r\n"Nothing"}',
        STUDY,
    ]
    *broken, last = judge(Release.R4).check(lines)
    assert [outcome["issue"][0]["severity"] for outcome in broken[:4]] == ["fatal"] * 4
    assert problems(broken[4])
    assert problems(last) == []


def test_a_caller_who_stops_early_leaves_no_answers_behind(judge: JudgeOf) -> None:
    first = judge(Release.R4).check([{"resourceType": "ResearchStudy"}] * 40)
    assert problems(next(first))
    first.close()  # type: ignore[attr-defined]  # a generator
    (outcome,) = judge(Release.R4).check([STUDY])
    assert problems(outcome) == []


def test_large_questions_with_large_answers_do_not_block(judge: JudgeOf) -> None:
    entries = [put(STUDY | {"id": f"s{number}", "colour": "blue"}) for number in range(300)]
    outcomes = judge(Release.R4).check([bundle(*entries)] * 30)
    assert {len(problems(outcome)) for outcome in outcomes} == {300}


def test_an_engine_that_dies_is_an_error_with_its_last_words() -> None:
    with (
        pytest.raises(EngineUnavailableError, match="no-such-file"),
        Judge(Release.R4, definitions=["/no-such-file.json"]),
    ):
        pass
