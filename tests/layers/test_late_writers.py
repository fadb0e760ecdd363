"""A writer whose transaction began before a publication and wrote after it: what he wrote has the grid in force now."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest
from psycopg import Connection, IsolationLevel

from tests.factories import (
    make_building,
    make_camera,
    make_edition,
    make_household,
    make_incident,
    make_organisation,
    make_town,
    select_one,
)
from tests.places import CENTRE, GRIDS, IN_HOLE
from tests.publishing import publish_turned, turned

MAKERS = {
    "building": make_building,
    "camera": make_camera,
    "household": make_household,
    "organisation": make_organisation,
    "incident": lambda connection, _town: make_incident(connection),
}


def write_late(url: str, kind: str) -> tuple[dict[str, Any], int]:
    """Begin a transaction, let somebody publish, then write; return the row and the edition in force."""
    with psycopg.connect(url) as connection:
        town = make_town(connection)
    with psycopg.connect(url) as writer, psycopg.connect(url) as publisher:
        writer.execute("SELECT now()")
        edition = publish_turned(publisher, town.jurisdiction_id)
        publisher.commit()
        return MAKERS[kind](writer, town.jurisdiction_id), edition


@pytest.mark.parametrize("kind", MAKERS)
def test_what_is_written_after_a_publication_has_its_grid_however_long_ago_its_writer_began(
    database_url: str, kind: str
) -> None:
    row, edition = write_late(database_url, kind)

    assert row["grid_code"] == turned("B", edition)


def test_a_report_of_that_kind_tells_by_which_edition_it_was_routed(database_url: str) -> None:
    row, edition = write_late(database_url, "incident")

    assert row["edition_id"] == edition
    assert row["routed_at"] > row["reported_at"]


def test_where_reports_stay_when_editions_change_a_late_one_is_routed_as_of_when_it_was_made(
    database_url: str,
) -> None:
    with psycopg.connect(database_url) as connection:
        town = make_town(connection)
        connection.execute("UPDATE geoservice.jurisdiction SET reroute = 'keep'")
    with psycopg.connect(database_url) as writer, psycopg.connect(database_url) as publisher:
        writer.execute("SELECT now()")
        publish_turned(publisher, town.jurisdiction_id)
        publisher.commit()

        assert make_incident(writer)["edition_id"] == town.edition_id


def test_a_report_of_the_past_is_routed_by_the_edition_of_its_day(connection: Connection[Any]) -> None:
    town = make_town(connection)
    publish_turned(connection, town.jurisdiction_id)

    yesterday = select_one(connection, "SELECT now() - interval '1 day'")

    assert make_incident(connection, reported_at=yesterday)["edition_id"] == town.edition_id


def test_a_report_that_came_in_after_the_publisher_began_is_moved_as_well(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        town = make_town(connection)
    with psycopg.connect(database_url) as publisher, psycopg.connect(database_url) as writer:
        publisher.execute("SELECT now()")
        report = make_incident(writer)
        writer.commit()

        edition = publish_turned(publisher, town.jurisdiction_id)

        moved = select_one(publisher, "SELECT edition_id FROM geoservice.incident WHERE id = %s", report["id"])
    assert moved == edition


@pytest.mark.parametrize("isolation", [IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE])
@pytest.mark.parametrize("kind", MAKERS)
def test_who_sees_the_database_as_it_was_before_a_publication_is_told_to_try_again(
    database_url: str, kind: str, isolation: IsolationLevel
) -> None:
    with psycopg.connect(database_url) as connection:
        town = make_town(connection)
    with psycopg.connect(database_url) as writer, psycopg.connect(database_url) as publisher:
        writer.isolation_level = isolation
        writer.execute("SELECT FROM geoservice.edition")
        edition = publish_turned(publisher, town.jurisdiction_id)
        publisher.commit()

        with pytest.raises(psycopg.errors.SerializationFailure):
            MAKERS[kind](writer, town.jurisdiction_id)
        writer.rollback()

        assert MAKERS[kind](writer, town.jurisdiction_id)["grid_code"] == turned("B", edition)


def test_where_a_person_is_asked_a_report_that_arrives_beside_a_publication_goes_to_the_grid_in_force(
    database_url: str,
) -> None:
    with psycopg.connect(database_url) as connection:
        town = make_town(connection)
        connection.execute("UPDATE geoservice.jurisdiction SET reroute = 'ask'")
    with psycopg.connect(database_url) as writer, psycopg.connect(database_url) as publisher:
        writer.execute("SELECT now()")
        edition = publish_turned(publisher, town.jurisdiction_id)
        publisher.commit()

        assert make_incident(writer)["grid_code"] == turned("B", edition)


MOVED = "UPDATE geoservice.incident SET geom = %s::geometry WHERE id = %s RETURNING grid_code, edition_id"


@pytest.mark.parametrize("policy", ["move", "keep", "ask"])
def test_a_place_that_is_put_right_after_a_publication_belongs_to_a_grid_in_force(
    connection: Connection[Any], policy: str
) -> None:
    town = make_town(connection)
    connection.execute("UPDATE geoservice.jurisdiction SET reroute = %s", [policy])
    now, before = select_one(connection, "SELECT now()"), select_one(connection, "SELECT now() - interval '1 hour'")
    report = make_incident(connection, IN_HOLE, reported_at=before)
    recoded = {{"B": "new"}.get(code, code): geom for code, geom in GRIDS.items()}
    edition = make_edition(connection, town.jurisdiction_id, recoded, starts=now)

    right = connection.execute(MOVED, [CENTRE.wkt, report["id"]]).fetchone()

    assert right == (("new", edition) if policy == "move" else ("B", town.edition_id))


def test_a_place_that_is_put_right_while_somebody_publishes_belongs_to_a_grid_in_force_afterwards(
    database_url: str,
) -> None:
    with psycopg.connect(database_url) as connection:
        town = make_town(connection)
        report = make_incident(connection)
    found: list[Any] = []

    def put_right() -> None:
        with psycopg.connect(database_url) as writer:
            found.append(writer.execute(MOVED, [IN_HOLE.wkt, report["id"]]).fetchone())

    with psycopg.connect(database_url) as publisher:
        edition = publish_turned(publisher, town.jurisdiction_id)
        writing = threading.Thread(target=put_right)
        writing.start()
        writing.join(0.2)
        publisher.commit()
    writing.join(10)

    assert found == [(turned("网", edition), edition)]
