"""How incidents were handled: the figures are those of a recount, line by line, of their histories."""

from __future__ import annotations

import random
import statistics
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from geoservice.services.incidents import IncidentService
from layers.db.session import Database
from layers.incidents.figures import By, HandlingFigures
from layers.incidents.model import IncidentEvent, Search
from tests.factories import insert, make_incident, make_service, make_town
from tests.places import CENTRE, IN_HOLE, Place, lonlat

PLACES = (CENTRE, Place("in a", *lonlat(9, 6), "a"), IN_HOLE)
ACCEPT, RESOLVE, CLOSE, RATE = ("accepted", None), ("resolved", None), ("closed", None), ("closed", "rate")
RETURN, REOPEN, CANCEL = ("returned", "x"), ("dispatched", "x"), ("cancelled", "x")
#: What may become of an incident; each goes some way along one of them.
STORIES = (
    (ACCEPT, RESOLVE, CLOSE, RATE), (ACCEPT, RESOLVE, RATE, REOPEN, ACCEPT, RESOLVE, CLOSE), (ACCEPT, RETURN, CANCEL),
    (CANCEL,), (RETURN, CANCEL),
)  # fmt: skip
NOW = datetime.now(UTC)
PERIODS = ((NOW - timedelta(days=1), NOW + timedelta(days=1)), (NOW - timedelta(days=9), NOW - timedelta(days=8)))


@pytest.fixture(scope="module")
def seed() -> random.Random:
    return random.Random(20261126)


@pytest.fixture
def incidents(database: Database, database_url: str, seed: random.Random) -> IncidentService:
    """Return the incidents of a town in which officers did this and that."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        town = make_town(connection)
        make_service(connection, town.jurisdiction_id, code="road")
        known = {"jurisdiction_id": town.jurisdiction_id}
        for code, grid in (("G1", "B"), ("G2", "a")):
            insert(connection, "staff", known | {"code": code, "call_sign": code, "role": "grid_officer"})
            posting = {"staff_code": code, "grid_code": grid, "role": "grid_officer", "valid_from": "2020-01-01"}
            insert(connection, "posting", known | posting)
        for number in range(60):
            service = "road" if number % 3 else "light"
            reported_at = NOW - timedelta(minutes=number)
            made = make_incident(connection, seed.choice(PLACES), service_code=service, reported_at=reported_at)
            story = seed.choice(STORIES)
            for status, words in story[: seed.randint(0, len(story))]:
                _try(connection, made["id"], status, words)
    return IncidentService(database)


def _try(connection: psycopg.Connection, incident_id: object, status: str, words: str | None) -> None:
    """Take a step if the lifecycle lets us."""
    statement = (
        "UPDATE geoservice.incident SET status = %s, step_reason = %s, rating = coalesce(%s, rating) WHERE id = %s"
    )
    try:
        connection.execute(statement, [status, words, 4 if words == "rate" else None, incident_id])
    except psycopg.Error as refused:
        assert refused.sqlstate is not None
        assert refused.sqlstate in ("GS411", "23502", "23514"), refused


def recounted(
    incidents: IncidentService, by: By, since: datetime, until: datetime
) -> dict[str | None, HandlingFigures]:
    every = incidents.incidents(Search(), limit=1000)
    reported = {one.id: one.reported_at for one in every}
    service = {one.id: one.service_code for one in every}
    found: dict[str | None, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for incident_id, lines in incidents.histories(list(reported)).items():
        key_of: dict[str, Callable[[IncidentEvent], str | None]] = {
            "grid": lambda line: line.to_grid_code, "officer": lambda line: line.officer_code,
            "service": lambda line, code=service[incident_id]: code,  # type: ignore[misc]
        }  # fmt: skip
        seen: set[str] = set()
        for line in lines:
            counts, first = found[key_of[by](line)], line.rule not in seen
            seen.add(line.rule)
            if not since <= line.at < until:
                continue
            took_s = (line.at - reported[incident_id]).total_seconds()
            if line.rule in ("reported", "overdue"):
                counts[line.rule].append(1)
            if line.to_status == "closed" and line.from_status != "closed":
                counts["closed"].append(1)
            if line.rule in ("accepted", "resolved") and first:
                counts[line.rule].append(took_s)
            if line.rule == "rated":
                counts["rated"].append(4)
        before = [line for line in lines if line.at < until]
        if before and before[-1].to_status not in ("closed", "duplicate", "cancelled"):
            found[key_of[by](before[-1])]["in hand"].append(1)
    return {
        key: HandlingFigures(
            key, len(one["reported"]), len(one["closed"]), len(one["in hand"]), len(one["overdue"]),
            statistics.median(one["accepted"]) if one["accepted"] else None,
            statistics.median(one["resolved"]) if one["resolved"] else None,
            statistics.mean(one["rated"]) if one["rated"] else None, len(one["rated"]),
        )
        for key, one in found.items()
        if any(one.values())
    }  # fmt: skip


@pytest.mark.parametrize("by", ["grid", "officer", "service"])
@pytest.mark.parametrize(("since", "until"), PERIODS)
def test_figures_are_those_of_a_recount(incidents: IncidentService, by: By, since: datetime, until: datetime) -> None:
    told = incidents.handling_figures("town", by=by, since=since, until=until)
    counted = recounted(incidents, by, since, until)

    assert {one.key for one in told} == set(counted)
    for one in told:
        other = counted[one.key]
        assert (one.received, one.closed, one.in_hand, one.overdue, one.ratings, one.rating) == (
            other.received, other.closed, other.in_hand, other.overdue, other.ratings, other.rating,
        )  # fmt: skip
        assert one.median_to_accept_s == pytest.approx(other.median_to_accept_s)
        assert one.median_to_resolve_s == pytest.approx(other.median_to_resolve_s)
    if since < NOW < until:
        assert sum(one.received for one in told) == 60
        assert sum(one.closed for one in told) > 0
        assert sum(one.ratings for one in told) > 0
