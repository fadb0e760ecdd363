"""Publications, previews and writers beside each other, and what is published while an edition waits for its day."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from shapely.geometry.base import BaseGeometry

from tests import places
from tests.factories import (
    make_building,
    make_camera,
    make_draft,
    make_edition,
    make_incident,
    make_jurisdiction,
    make_service,
    make_town,
    publish,
    select_one,
    validate,
)
from tests.publishing import publish_turned, turned, wait_for_locks

DAY = timedelta(days=1)
WIDE = places.multi(places.area(0, 0, 10, 10))
#: In A or in B, by where their border runs.
BETWEEN = places.Place("between two borders", *places.lonlat(3.5, 5), None)
FAR_EAST = places.Place("in C", *places.lonlat(9.5, 5), "C")


def strips(first: float, second: float) -> dict[str, BaseGeometry]:
    """Return three grids beside each other, and where they meet."""
    return {
        "A": places.area(0, 0, first, 10), "B": places.area(first, 0, second, 10), "C": places.area(second, 0, 10, 10),
    }  # fmt: skip


def make_strips(connection: Connection[Any]) -> int:
    """Put three strips in force, with a feature of each kind that only their first border concerns."""
    jurisdiction = make_jurisdiction(connection, outline=WIDE)
    make_service(connection, jurisdiction)
    make_edition(connection, jurisdiction, strips(3, 7))
    make_camera(connection, jurisdiction, BETWEEN)
    make_building(connection, jurisdiction, geom=places.area(3.4, 1, 3.6, 2))
    make_incident(connection, BETWEEN)
    return jurisdiction


def draft_of(connection: Connection[Any], jurisdiction: int, grids: Mapping[str, BaseGeometry]) -> int:
    draft = make_draft(connection, jurisdiction, grids)
    validate(connection, draft)
    return draft


def clock(connection: Connection[Any]) -> datetime:
    now: datetime = select_one(connection, "SELECT now()")
    return now


def carried(connection: Connection[Any]) -> list[str]:
    """Return the grid that each feature carries."""
    return [
        select_one(connection, f"SELECT grid_code FROM geoservice.{table}")  # noqa: S608 - our own tables
        for table in ("camera", "building", "incident")
    ]


@pytest.mark.parametrize("sooner", [timedelta(0), -DAY], ids=["now", "as a correction"])
def test_what_takes_the_place_of_an_edition_to_come_moves_what_that_one_would_have_moved(
    connection: Connection[Any], sooner: timedelta
) -> None:
    jurisdiction = make_strips(connection)
    make_edition(connection, jurisdiction, strips(4, 7), starts=clock(connection) + DAY)
    draft = draft_of(connection, jurisdiction, strips(4, 8))

    shown = select_one(
        connection, "SELECT cardinality(geoservice.dry_run_publish(%s, %s))", draft, clock(connection) + sooner
    )
    moved = publish(connection, draft, clock(connection) + sooner)

    assert (shown, moved) == (3, 2), "the third is the incident"
    assert carried(connection) == ["A", "A", "A"]


def test_a_preview_for_a_day_before_an_edition_to_come_shows_what_that_one_would_have_moved(
    connection: Connection[Any],
) -> None:
    jurisdiction = make_strips(connection)
    make_edition(connection, jurisdiction, strips(4, 7), starts=clock(connection) + 2 * DAY)
    draft = draft_of(connection, jurisdiction, strips(4, 8))

    shown = "SELECT cardinality(geoservice.dry_run_publish(%s, %s))"

    assert select_one(connection, shown, draft, clock(connection) + DAY) == 3
    assert select_one(connection, shown, draft, clock(connection) + 2 * DAY) == 3
    assert select_one(connection, shown, draft, clock(connection) + 3 * DAY) == 0, "those are moved on the day before"


def test_writers_who_follow_each_other_closely_let_a_publication_in(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        town = make_town(connection)

    def publish_anew() -> int:
        with psycopg.connect(database_url) as publisher:
            return publish_turned(publisher, town.jurisdiction_id)

    def report() -> str:
        with psycopg.connect(database_url) as writer:
            return str(make_incident(writer)["grid_code"])

    with psycopg.connect(database_url) as first, ThreadPoolExecutor(2) as pool:
        make_incident(first)
        publishing = pool.submit(publish_anew)
        wait_for_locks(database_url, 1)
        second = pool.submit(report)
        wait_for_locks(database_url, 2)
        first.commit()

        assert second.result(10) == turned("B", publishing.result(10))


def test_a_step_of_an_incident_beside_a_publication_that_moves_it_fails_neither(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        jurisdiction = make_strips(connection)
        draft = draft_of(connection, jurisdiction, strips(4, 7))

    def publish_alone() -> None:
        with psycopg.connect(database_url) as publisher:
            publish(publisher, draft, clock(publisher))

    with psycopg.connect(database_url) as officer, ThreadPoolExecutor(1) as pool:
        officer.execute("SELECT FROM geoservice.incident FOR UPDATE")
        publishing = pool.submit(publish_alone)
        wait_for_locks(database_url, 1)
        officer.execute("UPDATE geoservice.incident SET description = 'seen'")
        officer.commit()
        publishing.result(10)

    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT grid_code, description FROM geoservice.incident").fetchall() == [
            ("A", "seen")
        ]


def test_a_preview_beside_a_publication_waits_and_shows_what_is_left_to_move(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        jurisdiction = make_strips(connection)
        first, second = (draft_of(connection, jurisdiction, strips(*at)) for at in ((4, 7), (4, 6.5)))
        make_camera(connection, jurisdiction, FAR_EAST, code="c2")

    def preview() -> int:
        with psycopg.connect(database_url) as looker:
            return int(select_one(looker, "SELECT cardinality(geoservice.dry_run_publish(%s))", second))

    with psycopg.connect(database_url) as publisher, ThreadPoolExecutor(1) as pool:
        publish(publisher, first, clock(publisher))
        looking = pool.submit(preview)
        wait_for_locks(database_url, 1)
        publisher.commit()

        assert looking.result(10) == 0


def test_an_edition_whose_day_has_come_is_not_kept_waiting_for_by_whoever_does_what_is_due(database_url: str) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=0.5)
    with psycopg.connect(database_url) as connection:
        jurisdiction = make_strips(connection)
        make_edition(connection, jurisdiction, strips(4, 7), starts=soon)
    due = "SELECT geoservice.apply_due_editions()"
    with psycopg.connect(database_url, autocommit=True) as worker:
        while datetime.now(UTC) < soon:
            worker.execute("SELECT pg_sleep(0.05)")
        with psycopg.connect(database_url) as writer:
            make_camera(writer, jurisdiction, BETWEEN, code="c2")
            assert select_one(worker, due) == 0, "somebody writes"

        assert select_one(worker, due) == 1
        assert select_one(worker, "SELECT count(*) FROM geoservice.camera WHERE grid_code = 'A'") == 2
