"""A border moves, and what is open moves with it: grid, officer and status; its history and others are told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psycopg
import pytest

from geoservice.auth.model import Identity, Role
from geoservice.errors import PreviewOutdated
from geoservice.services.events import Audience, EventService
from geoservice.services.handling import ActionDetails
from geoservice.services.incidents import NewReport
from geoservice.wiring import Services
from layers.crs import declared_position
from layers.incidents.model import Incident

DISPATCHER = Identity(Role.DISPATCHER, "k1")
_IN_HAND = """
    SELECT i.grid_code, count(*) FROM geoservice.incident AS i
     WHERE i.grid_code = ANY (%s) AND i.status NOT IN ('closed', 'duplicate', 'cancelled') GROUP BY i.grid_code
"""
PLACE = declared_position(91.77, 29.24)


def set_policy(url: str, policy: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE geoservice.jurisdiction SET reroute = %s", [policy])


def accepted_report(services: Services) -> Incident:
    report = NewReport("light", PLACE, "resident", jurisdiction_code="sare")
    incident, _ = services.incidents.report(report, identity=DISPATCHER)
    return services.handling.act(incident.id, "accept", ActionDetails(), identity=DISPATCHER)


def draft_without(services: Services, grid: str) -> tuple[int, str]:
    """Return a draft in which a neighbour has taken a grid, and the neighbour's code."""
    draft = services.drafts.create("sare", title="one less").id
    shapes = {one.code: one.geom for one in services.drafts.grids(draft)[1]}
    beside = [code for code, geom in shapes.items() if code != grid and geom.intersection(shapes[grid]).length > 0]
    services.drafts.merge(draft, [grid, beside[0]], beside[0], revision=None)
    services.editions.validate(draft)
    return draft, beside[0]


def merge_its_grid_into_a_neighbour(services: Services, grid: str) -> str:
    """Publish an edition in which a neighbour has taken a grid; return the neighbour's code."""
    draft, neighbour = draft_without(services, grid)
    preview = services.editions.preview(draft).preview
    services.editions.publish(draft, preview_id=preview.id)
    return neighbour


def test_an_accepted_incident_is_dispatched_anew_to_whoever_serves_its_grid_now(services: Services) -> None:
    before = accepted_report(services)
    assert before.grid_code is not None

    neighbour = merge_its_grid_into_a_neighbour(services, before.grid_code)

    after = services.incidents.incident(before.id)
    assert (after.grid_code, after.status) == (neighbour, "dispatched")
    assert after.officer_code not in (None, before.officer_code)
    assert after.edition_id != before.edition_id
    assert after.expected_at == before.expected_at, "the clock of the resident goes on"
    *_, accepted, moved = services.incidents.history(before.id)
    assert (accepted.rule, moved.rule) == ("accepted", "moved by edition")
    assert (moved.from_grid_code, moved.to_grid_code, moved.officer_code) == (
        before.grid_code, neighbour, after.officer_code,
    )  # fmt: skip
    assert moved.reason == f"Its place belongs to another grid in edition {after.edition_id}."
    *_, routed = services.incidents.routings(before.id)
    assert (routed.grid_code, routed.again_grid_code) == (neighbour, neighbour)
    told = [event for event in _events(services) if event.data.get("incident") == str(before.id)]
    assert [event.type for event in told] == ["incident.reported", "incident.accepted", "incident.moved_by_edition"]
    assert (told[-1].data["from_grid"], told[-1].data["grid"]) == (before.grid_code, neighbour)


def _events(services: Services) -> list:
    events = EventService(services.database, services.keys.identify)
    found = list(events.new_after(0))
    while more := events.after(found[-1].number):
        found += more
    return found


@pytest.mark.parametrize("policy", ["keep", "ask"])
def test_where_the_policy_says_so_it_stays_with_its_officer(
    services: Services, community_url: str, policy: str
) -> None:
    set_policy(community_url, policy)
    before = accepted_report(services)
    assert before.grid_code is not None

    neighbour = merge_its_grid_into_a_neighbour(services, before.grid_code)

    after = services.incidents.incident(before.id)
    assert (after.grid_code, after.status, after.officer_code) == (before.grid_code, "accepted", before.officer_code)
    proposed = [
        (line.from_grid_code, line.to_grid_code)
        for line in services.incidents.history(before.id)
        if line.rule == "reroute proposed"
    ]
    assert proposed == ([(before.grid_code, neighbour)] if policy == "ask" else [])


def test_that_a_person_is_to_decide_is_told_to_whoever_is_concerned(services: Services, community_url: str) -> None:
    set_policy(community_url, "ask")
    before = accepted_report(services)
    assert before.grid_code is not None
    assert before.officer_code is not None

    merge_its_grid_into_a_neighbour(services, before.grid_code)

    told = [event for event in _events(services) if event.data.get("incident") == str(before.id)][-1]
    assert told.type == "incident.reroute_proposed"
    assert (told.jurisdiction_code, told.data["service"], told.data["officer"]) == (
        "sare",
        "light",
        before.officer_code,
    )
    assert told.jurisdiction_id is not None
    assert Audience(True, (told.jurisdiction_id, before.officer_code, frozenset())).may_hear(told)


@pytest.mark.parametrize(("policy", "kind"), [("move", "incident"), ("keep", None), ("ask", "undecided")])
def test_a_preview_says_what_becomes_of_open_incidents(
    services: Services, community_url: str, policy: str, kind: str | None
) -> None:
    set_policy(community_url, policy)
    before = accepted_report(services)
    assert before.grid_code is not None
    draft, neighbour = draft_without(services, before.grid_code)

    impact = services.editions.preview(draft)

    told = {one.kind for one in impact.preview.moves if one.id == str(before.id)}
    assert told == ({kind} if kind else set())
    in_hand = {one.code: one.in_hand for one in impact.after}
    now = {one.code: one.in_hand for one in impact.before}
    assert (in_hand[neighbour] > now[neighbour]) == (policy == "move")
    assert impact.reroute == policy
    services.editions.publish(draft, preview_id=impact.preview.id)
    with psycopg.connect(community_url) as connection:
        rows = connection.execute(_IN_HAND, [list(in_hand)]).fetchall()
    assert {code: count for code, count in rows if count} == {code: count for code, count in in_hand.items() if count}


def test_another_policy_than_the_preview_showed_is_told_before_anything_moves(
    services: Services, community_url: str
) -> None:
    before = accepted_report(services)
    assert before.grid_code is not None
    draft, _ = draft_without(services, before.grid_code)
    seen = services.editions.preview(draft).preview
    set_policy(community_url, "ask")

    with pytest.raises(PreviewOutdated) as refused:
        services.editions.publish(draft, preview_id=seen.id)

    assert {one.kind for one in refused.value.appeared} == {"undecided"}
    assert {one.kind for one in refused.value.gone} == {"incident"}


def test_a_writer_who_moves_a_feature_meanwhile_does_not_make_a_publication_fail(
    services: Services, community_url: str
) -> None:
    with psycopg.connect(community_url) as writer:
        camera, grid = (
            writer.execute("SELECT id, grid_code FROM geoservice.camera ORDER BY id LIMIT 1").fetchone() or ()
        )
        draft, neighbour = draft_without(services, grid)
        writer.execute("SELECT FROM geoservice.camera WHERE id = %s FOR UPDATE", [camera])
        with ThreadPoolExecutor(1) as pool:
            publishing = pool.submit(services.editions.publish, draft)
            with suppress(TimeoutError):
                publishing.result(0.5)  # it waits for the camera by now
            # He holds the camera and waits for the publication, whose database gives up one of the two after a second.
            with suppress(psycopg.errors.DeadlockDetected):
                writer.execute("UPDATE geoservice.camera SET geom = geom WHERE id = %s", [camera])
            writer.commit()
            published = publishing.result(30)

    assert published.edition.status == "published"
    with psycopg.connect(community_url) as connection:
        rows = connection.execute("SELECT grid_code FROM geoservice.camera WHERE id = %s", [camera]).fetchone()
    assert rows == (neighbour,)
