"""Whoever names a grid for an open incident names one in force now, not one of the day of its report."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import Connection

from tests.factories import LONG_AGO, Town, insert, make_incident, select_one
from tests.publishing import publish_turned, turned

OVERRULED = "UPDATE geoservice.incident SET overrule_grid_code = %s, overrule_reason = 'as agreed'"


def now_in(connection: Connection[Any]) -> tuple[str, str, int]:
    row = connection.execute("SELECT grid_code, method, edition_id FROM geoservice.incident").fetchone()
    assert row is not None
    return row[0], row[1], row[2]


@pytest.fixture(params=["keep", "ask"])
def edition(connection: Connection[Any], town: Town, request: pytest.FixtureRequest) -> int:
    """Return an edition of new codes that left a report where it was."""
    connection.execute("UPDATE geoservice.jurisdiction SET reroute = %s", [request.param])
    make_incident(connection, reported_at=LONG_AGO)
    edition = publish_turned(connection, town.jurisdiction_id)
    assert now_in(connection) == ("B", "covers", town.edition_id)
    return edition


def test_a_person_chooses_among_the_grids_in_force(connection: Connection[Any], edition: int) -> None:
    connection.execute(OVERRULED.encode(), [turned("a", edition)])

    assert now_in(connection) == (turned("a", edition), "manual", edition)


def test_another_grid_makes_it_what_it_is_from_now_on(connection: Connection[Any], town: Town) -> None:
    insert(connection, "staff", {"jurisdiction_id": town.jurisdiction_id, "code": "G1", "call_sign": "1",
                                 "role": "grid_officer"})  # fmt: skip
    insert(connection, "posting", {"jurisdiction_id": town.jurisdiction_id, "staff_code": "G1", "grid_code": "B",
                                   "role": "grid_officer", "valid_from": "2020-01-01"})  # fmt: skip
    make_incident(connection)
    connection.execute("UPDATE geoservice.incident SET status = 'accepted'")
    began = select_one(connection, "SELECT status_since FROM geoservice.incident")
    connection.execute(OVERRULED.encode(), ["a"])

    now = select_one(connection, "SELECT status = 'reported' AND status_since > %s FROM geoservice.incident", began)
    assert now is True


def test_a_grid_that_is_gone_can_not_be_chosen(connection: Connection[Any], edition: int) -> None:
    with pytest.raises(psycopg.Error, match="There is no grid a in the edition"):
        connection.execute(OVERRULED.encode(), ["a"])


def test_what_says_nothing_of_the_place_leaves_a_report_where_it_is(
    connection: Connection[Any], town: Town, edition: int
) -> None:
    connection.execute("UPDATE geoservice.incident SET accuracy_m = 3, description = 'x'")

    assert now_in(connection) == ("B", "covers", town.edition_id)


def test_the_history_of_a_change_tells_by_which_instant_it_was_routed(
    connection: Connection[Any], edition: int
) -> None:
    connection.execute(OVERRULED.encode(), [turned("a", edition)])

    by_rule = """
        SELECT (geoservice.route_again(e, e.jurisdiction_id)).grid_code
          FROM geoservice.incident_event AS e WHERE e.rule = 'overruled'
    """
    assert select_one(connection, by_rule) == turned("B", edition)


def test_for_what_is_over_the_grids_of_its_day_are_asked(connection: Connection[Any], town: Town) -> None:
    make_incident(connection, reported_at=LONG_AGO)
    connection.execute("UPDATE geoservice.incident SET status = 'cancelled', step_reason = 'a mistake'")
    publish_turned(connection, town.jurisdiction_id)

    connection.execute(OVERRULED.encode(), ["a"])

    assert now_in(connection) == ("a", "manual", town.edition_id)
