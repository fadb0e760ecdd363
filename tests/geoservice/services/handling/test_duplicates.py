"""A report that was merged into another follows it to the end, in state, words and events; and its reporter rates."""

from __future__ import annotations

from uuid import UUID

import pytest

from geoservice.errors import StepNotAllowed
from geoservice.services.events import EventService
from geoservice.services.handling import ActionDetails
from layers.db.session import Database
from layers.errors import RefusedByDatabase
from layers.incidents.model import Incident
from tests.geoservice.services.handling.desk import DISPATCHER, Desk


@pytest.fixture
def pair(desk: Desk) -> tuple[Incident, Incident, str]:
    """Return an incident, another that was merged into it, and the token of the other."""
    stays, _ = desk.report()
    same, token = desk.report()
    desk.act(same, "merge", desk.officer("G1"), duplicate_of=stays.id)
    return stays, same, token


def resolve(desk: Desk, incident: Incident, words: str = "换了灯泡") -> None:
    desk.act(incident, "accept", desk.officer("G1"))
    desk.act(incident, "resolve", desk.officer("G1"), reason=words)


def rate(desk: Desk, token: str, rating: int = 5) -> Incident:
    return desk.handling.act_as_reporter(token, "rate", ActionDetails(rating=rating))


def steps(desk: Desk, token: str) -> list[str]:
    return [step.action for step in desk.handling.offer_to_reporter(token).steps]


def state(desk: Desk, token: str) -> tuple[str, str | None, UUID | None]:
    offer = desk.handling.offer_to_reporter(token)
    return offer.incident.status, offer.incident.original_status, offer.original and offer.original.id


def test_a_duplicate_tells_how_far_its_original_has_come(desk: Desk, pair: tuple[Incident, Incident, str]) -> None:
    stays, _, token = pair
    assert state(desk, token) == ("duplicate", "dispatched", stays.id)

    resolve(desk, stays)

    assert state(desk, token) == ("duplicate", "resolved", stays.id)
    assert [(one.rule, one.words) for one in desk.handling.offer_to_reporter(token).said] == [("resolved", "换了灯泡")]


def test_its_reporter_rates_when_the_original_is_done_and_once(
    desk: Desk, pair: tuple[Incident, Incident, str]
) -> None:
    stays, same, token = pair
    assert "rate" not in steps(desk, token)
    with pytest.raises(StepNotAllowed):
        rate(desk, token)
    resolve(desk, stays)
    assert "rate" in steps(desk, token)

    rated = rate(desk, token, 4)

    assert (rated.status, rated.rating, rated.duplicate_of) == ("duplicate", 4, stays.id)
    assert "rate" not in steps(desk, token)
    assert desk.incidents.incident(stays.id).status == "resolved"  # its own reporter has not rated
    assert ("rated", "duplicate", "reporter") in desk.told(same)


def test_a_closed_original_can_be_rated_by_everybody_who_reported_it(
    desk: Desk, pair: tuple[Incident, Incident, str]
) -> None:
    stays, _, token = pair
    third, other_token = desk.report()
    desk.act(third, "merge", duplicate_of=stays.id)
    resolve(desk, stays)
    desk.act(stays, "verify")

    assert [rate(desk, one, 3).rating for one in (token, other_token)] == [3, 3]


def test_what_its_original_is_merged_into_later_is_followed_too(
    desk: Desk, pair: tuple[Incident, Incident, str]
) -> None:
    stays, _, token = pair
    last, _ = desk.report()
    desk.act(stays, "merge", duplicate_of=last.id)
    assert state(desk, token) == ("duplicate", "dispatched", last.id)

    resolve(desk, last, "三份都办了")

    assert state(desk, token) == ("duplicate", "resolved", last.id)
    assert desk.handling.offer_to_reporter(token).said[-1].words == "三份都办了"
    assert rate(desk, token).rating == 5


def test_when_the_later_merge_is_undone_the_first_original_is_followed_again(
    desk: Desk, pair: tuple[Incident, Incident, str]
) -> None:
    stays, _, token = pair
    last, _ = desk.report()
    desk.act(stays, "merge", duplicate_of=last.id)
    resolve(desk, last)
    rate(desk, token, 1)

    desk.act(stays, "reopen", reason="是另一盏灯")

    assert state(desk, token) == ("duplicate", "dispatched", stays.id)
    assert desk.handling.offer_to_reporter(token).incident.rating is None  # it will be rated anew
    resolve(desk, stays)
    assert rate(desk, token, 5).rating == 5


def test_undone_a_merged_report_stands_by_itself(desk: Desk, pair: tuple[Incident, Incident, str]) -> None:
    stays, same, token = pair
    desk.handling.act_as_reporter(token, "reopen", ActionDetails(reason="不是同一件"))

    resolve(desk, stays)

    assert state(desk, token) == ("dispatched", None, None)
    assert [rule for rule, _, _ in desk.told(same)] == ["reported", "merged", "reopened"]


@pytest.mark.parametrize("end", ["cancelled", "returned", "reopened"])
def test_whatever_becomes_of_the_original_is_told(desk: Desk, pair: tuple[Incident, Incident, str], end: str) -> None:
    stays, _, token = pair
    if end == "reopened":
        resolve(desk, stays)
    action = {"cancelled": "cancel", "returned": "return", "reopened": "reopen"}[end]

    desk.act(stays, action, reason="说明一下")

    assert state(desk, token)[1] == {"reopened": "dispatched"}.get(end, end)
    said = desk.handling.offer_to_reporter(token).said[-1]
    assert (said.rule, said.words) == (end, "说明一下")


def test_who_listens_hears_of_each_step_of_the_original(
    desk: Desk, database: Database, pair: tuple[Incident, Incident, str]
) -> None:
    stays, same, _ = pair
    events = EventService(database, lambda _: None)
    before = events.newest()

    resolve(desk, stays)

    heard = [one for one in events.new_after(before) if one.data["incident"] == str(same.id)]
    assert [(one.type, one.data["status"], one.data["original_status"]) for one in heard] == [
        ("incident.followed", "duplicate", "accepted"), ("incident.followed", "duplicate", "resolved"),
    ]  # fmt: skip


def test_the_words_of_another_reporter_are_not_shown(desk: Desk) -> None:
    stays, first_token = desk.report()
    same, token = desk.report()
    desk.act(same, "merge", duplicate_of=stays.id, reason="同一盏灯")
    resolve(desk, stays)

    desk.handling.act_as_reporter(first_token, "reopen", ActionDetails(reason="我家门口还是黑的"))

    assert [one.words for one in desk.handling.offer_to_reporter(token).said] == ["同一盏灯", "换了灯泡"]
    own = [(one.words, one.by_reporter) for one in desk.handling.offer_to_reporter(first_token).said]
    assert own == [("换了灯泡", False), ("我家门口还是黑的", True)]


def test_two_that_are_merged_into_each_other_do_not_both_go(desk: Desk, pair: tuple[Incident, Incident, str]) -> None:
    stays, same, _ = pair

    with pytest.raises(RefusedByDatabase, match="neither a duplicate"):
        desk.act(stays, "merge", DISPATCHER, duplicate_of=same.id)
    with pytest.raises(RefusedByDatabase, match="into itself"):
        desk.act(stays, "merge", DISPATCHER, duplicate_of=stays.id)
