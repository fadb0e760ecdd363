"""Who may take which step: officers of the grid, dispatchers, reporters by token; of two who want the same, one."""

from __future__ import annotations

import threading
from uuid import uuid4

import psycopg
import pytest

from geoservice.auth.model import Identity, Role
from geoservice.errors import (
    ActionUnknown,
    IncidentUnknown,
    NobodyOnDuty,
    NotYourIncident,
    PersonalNumberRefused,
    ReportUnknown,
    StaffUnknown,
    StepNotAllowed,
    StepWants,
)
from geoservice.services.handling import ActionDetails
from layers.crs import declared_position
from layers.incidents.model import Incident
from tests import places
from tests.geoservice.services.handling.desk import Desk
from tests.places import Place
from tests.publishing import publish_turned

NEAR_A = Place("1 m into B from its border with a", *places.beside(4, 7, azimuth_deg=270, distance_m=1), "B")


def test_from_report_to_rating(desk: Desk) -> None:
    incident, token = desk.report()

    desk.act(incident, "accept", desk.officer("G1"))
    desk.act(incident, "resolve", desk.officer("G1"), reason="lamp replaced")
    rated = desk.handling.act_as_reporter(token, "rate", ActionDetails(rating=5, reason="quick"))

    assert (rated.status, rated.rating, rated.officer_code) == ("closed", 5, "G1")
    assert desk.told(incident) == [
        ("reported", "dispatched", "dispatcher:k1"), ("accepted", "accepted", "officer:G1"),
        ("resolved", "resolved", "officer:G1"), ("rated", "closed", "reporter"),
    ]  # fmt: skip


def test_an_illegal_step_is_refused_with_those_that_are_legal(desk: Desk) -> None:
    incident, token = desk.report()

    with pytest.raises(StepNotAllowed) as refused:
        desk.act(incident, "resolve", desk.officer("G1"))
    assert (refused.value.status, refused.value.legal) == ("dispatched", ("accept", "return", "merge", "ask", "move"))
    with pytest.raises(StepNotAllowed) as refused:
        desk.handling.act_as_reporter(token, "accept", ActionDetails())
    assert refused.value.legal == ("cancel",)
    assert len(desk.told(incident)) == 1


def test_of_two_officers_who_accept_at_once_one_wins(desk: Desk) -> None:
    for _ in range(20):
        incident, _token = desk.report()
        start, said = threading.Barrier(2), dict[str, object]()

        def accept(code: str, incident: Incident = incident, start: threading.Barrier = start,
                   said: dict[str, object] = said) -> None:  # fmt: skip
            start.wait()
            try:
                said[code] = desk.act(incident, "accept", desk.officer(code)).officer_code
            except StepNotAllowed as error:
                said[code] = error

        both = [threading.Thread(target=accept, args=(code,)) for code in ("G1", "P1")]
        for one in both:
            one.start()
        for one in both:
            one.join()
        (winner,) = (code for code in said if said[code] == code)
        (loser,) = said.keys() - {winner}
        assert isinstance(said[loser], StepNotAllowed)
        assert [line[2] for line in desk.told(incident)][1:] == [f"officer:{winner}"]


def test_officers_act_where_they_are_posted(desk: Desk) -> None:
    incident, _ = desk.report()

    for stranger in (desk.officer("G2"), Identity(Role.OFFICER, "k3"), Identity(Role.OFFICER, "k4", (10**6, "G1"))):
        with pytest.raises(NotYourIncident):
            desk.act(incident, "accept", stranger)
        assert desk.handling.offer(incident.id, stranger).steps == ()
    assert desk.act(incident, "accept", desk.officer("P1")).officer_code == "P1"


def test_returned_with_a_reason_it_is_dispatched_anew(desk: Desk) -> None:
    incident, _ = desk.report()
    with pytest.raises(StepWants, match="reason"):
        desk.act(incident, "return", desk.officer("G1"))
    desk.act(incident, "return", desk.officer("G1"), reason="belongs to the water works")

    again = desk.act(incident, "dispatch", officer="G2")

    assert (again.status, again.officer_code) == ("dispatched", "G2")
    assert desk.act(incident, "accept", desk.officer("G2")).status == "accepted"


def test_an_incident_goes_back_to_the_grid_officer_and_not_to_the_police(desk: Desk) -> None:
    incident, _ = desk.report()
    desk.act(incident, "accept", desk.officer("P1"))
    desk.act(incident, "return", desk.officer("P1"), reason="no offence")

    assert desk.act(incident, "dispatch").officer_code == "G1"


def test_without_anybody_on_duty_the_dispatcher_names_somebody(desk: Desk) -> None:
    incident, _ = desk.report(places.IN_HOLE)
    assert (incident.status, incident.officer_code) == ("reported", None)

    with pytest.raises(NobodyOnDuty):
        desk.act(incident, "dispatch")
    with pytest.raises(StaffUnknown):
        desk.act(incident, "dispatch", officer="X1")
    assert desk.act(incident, "dispatch", officer="G2").officer_code == "G2"


def test_a_reporter_near_a_border_is_asked_once_which_side(desk: Desk) -> None:
    incident, token = desk.report(NEAR_A)
    assert [step.action for step in desk.handling.offer_to_reporter(token).steps] == ["cancel", "choose-side"]

    with pytest.raises(StepWants, match="candidates"):
        desk.handling.act_as_reporter(token, "choose-side", ActionDetails(grid="网"))
    chosen = desk.handling.act_as_reporter(token, "choose-side", ActionDetails(grid="a"))

    assert (chosen.grid_code, chosen.method, chosen.officer_code, chosen.status) == ("a", "manual", "G2", "dispatched")
    assert desk.told(incident)[-1] == ("side chosen", "dispatched", "reporter")
    with pytest.raises(StepNotAllowed):
        desk.handling.act_as_reporter(token, "choose-side", ActionDetails(grid="B"))


def test_moving_the_pin_routes_again_and_why_tells_both(desk: Desk) -> None:
    incident, _ = desk.report()
    there = declared_position(places.BESIDE_HOLE.lon, places.BESIDE_HOLE.lat)
    desk.act(incident, "move", place=there, reason="seen there")
    desk.act(incident, "overrule", grid="10", reason="the door is there")

    first, moved, overruled = desk.incidents.routings(incident.id)

    assert [(one.rule, one.grid_code, one.method, one.officer_code) for one in (first, moved, overruled)] == [
        ("reported", "B", "covers", "G1"), ("moved", "a", "covers", "G2"), ("overruled", "10", "manual", None),
    ]  # fmt: skip
    assert (moved.position.lon, moved.position.lat) == (places.BESIDE_HOLE.lon, places.BESIDE_HOLE.lat)
    assert (overruled.again_grid_code, overruled.reason) == ("a", "the door is there")
    assert all(one.agrees for one in (first, moved, overruled))


def test_a_question_waits_for_its_answer(desk: Desk) -> None:
    incident, token = desk.report()
    desk.act(incident, "accept", desk.officer("G1"))

    asked = desk.act(incident, "ask", desk.officer("G1"), reason="Which floor?")
    assert asked.waiting_since is not None
    with pytest.raises(StepNotAllowed):
        desk.act(incident, "ask", desk.officer("G1"), reason="And which door?")
    answered = desk.handling.act_as_reporter(token, "answer", ActionDetails(reason="The third"))

    assert (answered.waiting_since, answered.status) == (None, "accepted")
    assert desk.told(incident)[-2:] == [("asked", "accepted", "officer:G1"), ("answered", "accepted", "reporter")]


def test_who_is_on_the_way_says_so_once_until_the_status_is_another(desk: Desk) -> None:
    incident, token = desk.report()
    with pytest.raises(StepNotAllowed):
        desk.act(incident, "set-out", desk.officer("G1"))
    accepted = desk.act(incident, "accept", desk.officer("G1"))

    out = desk.act(incident, "set-out", desk.officer("G1"))

    assert (accepted.set_out_at, out.status, out.status_since) == (None, "accepted", accepted.status_since)
    assert out.set_out_at is not None
    assert desk.handling.offer_to_reporter(token).incident.set_out_at == out.set_out_at
    with pytest.raises(StepNotAllowed):
        desk.act(incident, "set-out")
    asked = desk.act(incident, "ask", desk.officer("G1"), reason="Which floor?")
    assert asked.set_out_at == out.set_out_at
    assert desk.act(incident, "return", desk.officer("G1"), reason="nobody there").set_out_at is None
    assert [rule for rule, _, __ in desk.told(incident)][-4:] == ["accepted", "set out", "asked", "returned"]


def test_who_is_on_the_way_is_so_no_longer_when_somebody_else_has_it(desk: Desk, database_url: str) -> None:
    """Another grid by the dispatcher, by its place, or by an edition; and no officer, who is posted no longer."""
    own = desk.report()[0], desk.report()[0], desk.report()[0]
    for incident in own:
        desk.act(incident, "accept", desk.officer("G1"))
        desk.act(incident, "set-out", desk.officer("G1"))

    overruled = desk.act(own[0], "overrule", grid="a", reason="seen from there")
    moved = desk.act(own[1], "move", place=declared_position(*places.lonlat(9, 9)))
    with psycopg.connect(database_url) as connection:
        publish_turned(connection, desk.jurisdiction_id)

    by_edition = desk.incidents.incident(own[2].id)
    assert [one.set_out_at for one in (overruled, moved, by_edition)] == [None, None, None]
    assert [one.status for one in (overruled, moved, by_edition)] == ["dispatched", "dispatched", "reported"]


def test_merged_reports_can_still_be_followed(desk: Desk) -> None:
    stays, _ = desk.report()
    same, token = desk.report()

    desk.act(same, "merge", desk.officer("G1"), duplicate_of=stays.id)

    offer = desk.handling.offer_to_reporter(token)
    assert (offer.incident.status, offer.incident.duplicate_of) == ("duplicate", stays.id)


def test_what_no_step_is_about_is_refused(desk: Desk) -> None:
    incident, token = desk.report()

    with pytest.raises(ActionUnknown, match="dispatch, accept"):
        desk.act(incident, "delete")
    with pytest.raises(StepWants, match="not_used: officer"):
        desk.act(incident, "accept", officer="G2")
    with pytest.raises(PersonalNumberRefused):
        desk.act(incident, "cancel", reason="call 13800138000")
    with pytest.raises(IncidentUnknown):
        desk.act(uuid4(), "accept")
    for nobody in (token[:-1] + ("A" if token[-1] != "A" else "B"), "", "rpt_", "Ω" * 47):
        with pytest.raises(ReportUnknown):
            desk.handling.offer_to_reporter(nobody)
    assert len(desk.told(incident)) == 1
