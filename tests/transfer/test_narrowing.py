"""Which entry is to blame: what the refusal says, what $validate says, what halves say."""

from collections.abc import Sequence
from typing import Any

import pytest

from fhir_trial.client.answers import outcome_text
from fhir_trial.errors import ServerError
from fhir_trial.transfer import narrowing
from fhir_trial.transfer.canonical import key
from fhir_trial.transfer.refusal import Refusal
from tests.client.scripted import Json, outcome

GROUP: Json = {"resourceType": "Group", "id": "g"}
SITES: list[Json] = [{"resourceType": "Location", "id": f"l{number}"} for number in range(7)]
STUDY: Json = {
    "resourceType": "ResearchStudy",
    "id": "s",
    "enrollment": [{"reference": "Group/g"}],
    "site": [{"reference": f"Location/l{number}"} for number in range(7)],
    "protocol": [{"reference": "PlanDefinition/none"}],
}
ALL: list[Json] = [STUDY, GROUP, *SITES]


def refused(text: str, **issue: Any) -> ServerError:
    said = outcome(text, **issue)
    return ServerError(f"POST /: 422: {outcome_text(said)}", status=422, outcome=said)


def keys(refusals: Sequence[Refusal]) -> list[str]:
    return [refusal.key for refusal in refusals]


@pytest.mark.parametrize(
    "error",
    [
        refused("bad", expression=["Bundle.entry[1].resource.type"]),
        refused("bad", location=["Bundle.entry[1]"]),
        refused("Invalid at Bundle.entry[1].resource"),
        refused("Group/g: type is not one of person, animal"),
        ServerError("POST /: 400: Group/g is bad", status=400),
    ],
)
def test_an_entry_that_is_named_is_to_blame(error: ServerError) -> None:
    assert keys(narrowing.named(ALL, error)) == ["Group/g"]


def test_who_refers_to_nothing_is_to_blame() -> None:
    error = refused("HAPI-1094: Resource PlanDefinition/none not found, specified in path: x")
    assert keys(narrowing.named(ALL, error)) == ["ResearchStudy/s"]


@pytest.mark.parametrize(
    "text", ["something went wrong", "Bundle.entry[99] is bad", "application/json is not wanted"]
)
def test_nobody_is_blamed_without_a_word_about_them(text: str) -> None:
    assert narrowing.named(ALL, refused(text)) == []


def test_the_same_complaint_about_one_entry_tells() -> None:
    def validate(resource: Json) -> Json:
        return outcome("HAPI-1821: bad code") if resource is SITES[3] else outcome("unknown extension")

    error = refused("HAPI-0450: HAPI-1821: bad code")
    found = narrowing.validated(ALL, error, validate)
    assert keys(found) == ["Location/l3"]
    assert found[0].outcome == outcome("HAPI-1821: bad code")


def test_another_complaint_does_not_tell() -> None:
    found = narrowing.validated(ALL, refused("bad code"), lambda resource: outcome("unknown extension"))
    assert found == []


def test_a_refusal_without_an_outcome_is_not_compared() -> None:
    error = ServerError("POST /: 400", status=400)
    assert narrowing.validated(ALL, error, lambda resource: pytest.fail("asked")) == []


def test_a_server_without_validate_does_not_tell() -> None:
    def validate(resource: Json) -> Json:
        raise ServerError("no such operation", status=404)

    assert narrowing.validated(ALL, refused("bad"), validate) == []


@pytest.mark.parametrize("step", [narrowing.validated, narrowing.halved])
def test_a_server_that_goes_away_meanwhile_is_no_finding(step: object) -> None:
    def gone(resource: object) -> Json:
        raise ServerError("gone")

    with pytest.raises(ServerError, match="gone"):
        if step is narrowing.validated:
            narrowing.validated(ALL, refused("bad"), gone)
        else:
            narrowing.halved(narrowing.units(ALL, set()), gone)  # type: ignore[arg-type]


# --- halves ----------------------------------------------------------------------------------------------


class Store:
    """Takes what is not bad, and whose targets it has."""

    def __init__(self, *bad: str) -> None:
        self.bad = set(bad)
        self.taken: list[str] = []
        self.tries = 0

    def __call__(self, resources: Sequence[Json]) -> None:
        self.tries += 1
        names = [key(each) for each in resources]
        if self.bad & set(names):
            raise ServerError("no", status=422)
        self.taken += names


@pytest.mark.parametrize("number", range(7))
def test_halves_find_one_among_many(number: int) -> None:
    store = Store(f"Location/l{number}")
    assert keys(narrowing.halved(narrowing.units(ALL, set()), store)) == [f"Location/l{number}"]
    assert set(store.taken) == {key(each) for each in ALL} - {f"Location/l{number}", "ResearchStudy/s"}
    assert store.tries <= 9


def test_halves_find_several() -> None:
    store = Store("Location/l1", "Location/l5", "Group/g")
    found = keys(narrowing.halved(narrowing.units(ALL, set()), store))
    assert sorted(found) == ["Group/g", "Location/l1", "Location/l5"]


def test_halves_find_the_study_itself() -> None:
    store = Store("ResearchStudy/s")
    assert keys(narrowing.halved(narrowing.units(ALL, set()), store)) == ["ResearchStudy/s"]
    assert len(store.taken) == 8


def test_targets_go_first() -> None:
    role = {
        "resourceType": "PractitionerRole",
        "id": "r",
        "practitioner": {"reference": "Practitioner/p"},
        "organization": {"reference": "Organization/o"},
    }
    people = [{"resourceType": "Practitioner", "id": "p"}, {"resourceType": "Organization", "id": "o"}]
    order = [key(part[0]) for part in narrowing.units([STUDY, role, *people], set())]
    assert order.index("PractitionerRole/r") > max(
        order.index("Practitioner/p"), order.index("Organization/o")
    )


def test_what_stays_together_comes_last_as_one() -> None:
    parts = narrowing.units(ALL, {"ResearchStudy/s", "Group/g"})
    assert [len(part) for part in parts] == [1] * 7 + [2]


def test_a_circle_of_references_is_one_part() -> None:
    one = {"resourceType": "Group", "id": "a", "x": {"reference": "Group/b"}}
    other = {"resourceType": "Group", "id": "b", "x": {"reference": "Group/a"}}
    assert narrowing.units([one, other], set()) == [[one, other]]
