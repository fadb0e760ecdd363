"""What somebody did already is answered as done when he does it again: a second tap, a new try after a lost answer."""

from __future__ import annotations

from typing import Any

import pytest

from geoservice.auth.model import Identity, Role
from geoservice.errors import StepNotAllowed
from geoservice.services.handling import ActionDetails
from layers.db.session import Database
from tests import places
from tests.geoservice.services.handling.desk import DISPATCHER, Desk

#: What leads there, the step that is taken twice, and by whom: the officer, the dispatcher or the reporter.
TWICE = [
    ((), "accept", "officer", {}),
    (("accept",), "resolve", "officer", {"reason": "lamp replaced"}),
    (("accept",), "resolve", "officer", {}),
    (("accept",), "set-out", "officer", {}),
    (("accept",), "return", "officer", {"reason": "not mine"}),
    (("accept",), "ask", "officer", {"reason": "which lamp?"}),
    (("accept", "ask"), "answer", "reporter", {"reason": "the third"}),
    (("accept", "return"), "dispatch", "dispatcher", {}),
    (("accept", "return"), "dispatch", "dispatcher", {"officer": "P1", "reason": "you, please"}),
    (("accept", "resolve"), "verify", "dispatcher", {}),
    (("accept", "resolve"), "rate", "reporter", {"rating": 4}),
    (("accept", "resolve"), "rate", "reporter", {"rating": 4, "reason": "quick"}),
    (("accept", "resolve"), "reopen", "reporter", {"reason": "dark again"}),
    ((), "cancel", "reporter", {"reason": "it is on again"}),
]
WORDS = {"return": "not mine", "ask": "which lamp?", "resolve": "done"}


@pytest.fixture
def desk(database: Database, database_url: str) -> Desk:
    return Desk(database, database_url)


def take(desk: Desk, incident: Any, token: str, action: str, who: str, **details: Any) -> Any:
    if who == "reporter":
        return desk.handling.act_as_reporter(token, action, ActionDetails(**details))
    return desk.act(incident, action, desk.officer("G1") if who == "officer" else DISPATCHER, **details)


def ready(desk: Desk, before: tuple[str, ...]) -> tuple[Any, str]:
    incident, token = desk.report()
    for action in before:
        take(desk, incident, token, action, "officer", **({"reason": WORDS[action]} if action in WORDS else {}))
    return incident, token


@pytest.mark.parametrize(("before", "action", "who", "details"), TWICE)
def test_the_second_time_it_is_answered_as_it_is_and_nothing_is_written(
    desk: Desk, before: tuple[str, ...], action: str, who: str, details: dict[str, Any]
) -> None:
    incident, token = ready(desk, before)

    first = take(desk, incident, token, action, who, **details)
    lines = desk.told(incident)
    again = take(desk, incident, token, action, who, **details)

    assert again == first
    assert desk.told(incident) == lines


@pytest.mark.parametrize(("before", "action", "who", "first", "second"), [
    (("accept",), "resolve", "officer", {"reason": "lamp replaced"}, {"reason": "fuse replaced"}),
    (("accept",), "resolve", "officer", {"reason": "lamp replaced"}, {}),
    (("accept", "resolve"), "rate", "reporter", {"rating": 4}, {"rating": 1}),
    (("accept",), "ask", "officer", {"reason": "which lamp?"}, {"reason": "which street?"}),
    ((), "cancel", "reporter", {"reason": "it is on again"}, {"reason": "by mistake"}),
])  # fmt: skip
def test_other_words_or_values_are_not_lost_in_silence(
    desk: Desk, before: tuple[str, ...], action: str, who: str, first: dict[str, Any], second: dict[str, Any]
) -> None:
    incident, token = ready(desk, before)
    take(desk, incident, token, action, who, **first)

    with pytest.raises(StepNotAllowed):
        take(desk, incident, token, action, who, **second)


def test_it_is_his_already_by_another_key_or_by_the_dispatcher(desk: Desk) -> None:
    incident, _ = desk.report()
    desk.act(incident, "accept", DISPATCHER)

    for key in ("k2", "k9"):
        mine = Identity(Role.OFFICER, key, (desk.jurisdiction_id, "G1"))
        assert desk.act(incident, "accept", mine).officer_code == "G1"
    assert len(desk.told(incident)) == 2


def test_what_others_did_is_not_done_again(desk: Desk) -> None:
    incident, _ = desk.report()
    desk.act(incident, "accept", desk.officer("G1"))

    for other in (desk.officer("P1"), DISPATCHER):
        with pytest.raises(StepNotAllowed):
            desk.act(incident, "accept", other)


def test_what_was_undone_since_is_not_done(desk: Desk) -> None:
    incident, token = ready(desk, ("accept", "resolve"))
    take(desk, incident, token, "reopen", "reporter", reason="dark again")
    take(desk, incident, token, "accept", "officer")

    with pytest.raises(StepNotAllowed):
        take(desk, incident, token, "reopen", "reporter", reason="dark again")
    with pytest.raises(StepNotAllowed):
        desk.act(incident, "dispatch", DISPATCHER)


def test_a_side_is_chosen_once_and_told_again(desk: Desk) -> None:
    near = places.Place("1 m into B from its border with a", *places.beside(4, 7, azimuth_deg=270, distance_m=1), "B")
    incident, token = desk.report(near)

    first = take(desk, incident, token, "choose-side", "reporter", grid="a")
    again = take(desk, incident, token, "choose-side", "reporter", grid="a")

    assert (first.grid_code, again) == ("a", first)
    with pytest.raises(StepNotAllowed):
        take(desk, incident, token, "choose-side", "reporter", grid="B")
