"""Buildings, households, cameras and organisations carry the grid that owns them now; publishing assigns them anew."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
import shapely
from psycopg import Connection

from tests import places
from tests.factories import (
    Town,
    make_building,
    make_camera,
    make_draft,
    make_edition,
    make_household,
    make_incident,
    make_organisation,
    make_town,
    publish,
    validate,
)
from tests.places import PLACES, Place

LATER = datetime(2024, 1, 1, tzinfo=UTC)


def grid_codes(connection: Connection[Any], table: str) -> list[str | None]:
    return [code for (code,) in connection.execute(f"SELECT grid_code FROM geoservice.{table}".encode()).fetchall()]  # noqa: S608


@pytest.mark.parametrize("make", [make_household, make_camera, make_organisation])
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_a_point_feature_is_given_its_grid_whatever_is_written(
    connection: Connection[Any], town: Town, make: Any, place: Place
) -> None:
    assert make(connection, town.jurisdiction_id, place, grid_code="forged")["grid_code"] == place.owner


@pytest.mark.parametrize("table", ["building", "household", "camera", "organisation"])
def test_a_grid_code_written_by_hand_is_put_right(connection: Connection[Any], town: Town, table: str) -> None:
    make_building(connection, town.jurisdiction_id)
    make_household(connection, town.jurisdiction_id, building_code="b1")
    make_camera(connection, town.jurisdiction_id)
    make_organisation(connection, town.jurisdiction_id)

    connection.execute(f"UPDATE geoservice.{table} SET grid_code = 'forged'".encode())  # noqa: S608 - our own names

    assert grid_codes(connection, table) == ["B"]


def test_a_building_across_a_border_goes_where_its_point_on_surface_is(connection: Connection[Any], town: Town) -> None:
    building = make_building(connection, town.jurisdiction_id, geom=places.area(3, 6, 4.5, 7))

    assert building["grid_code"] == "B"


def test_households_live_in_their_buildings_grid_and_move_with_it(connection: Connection[Any], town: Town) -> None:
    make_building(connection, town.jurisdiction_id)
    household = make_household(connection, town.jurisdiction_id, places.IN_HOLE, building_code="b1")

    connection.execute("UPDATE geoservice.building SET geom = st_translate(geom, %s, 0)", [6 * places.UNIT])

    assert household["grid_code"] == "B"
    assert grid_codes(connection, "building") == grid_codes(connection, "household")
    assert grid_codes(connection, "household") != ["B"]


def test_a_household_moved_to_another_building_follows(connection: Connection[Any], town: Town) -> None:
    make_building(connection, town.jurisdiction_id)
    make_building(connection, town.jurisdiction_id, code="b2", geom=places.area(6.9, 7.9, 7.1, 8.1))
    make_household(connection, town.jurisdiction_id, building_code="b1")

    connection.execute("UPDATE geoservice.household SET building_code = 'b2'")

    assert grid_codes(connection, "household") == ["网"]


def test_a_building_that_people_live_in_can_not_be_removed(connection: Connection[Any], town: Town) -> None:
    make_building(connection, town.jurisdiction_id)
    make_household(connection, town.jurisdiction_id, building_code="b1")

    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        connection.execute("DELETE FROM geoservice.building")


@pytest.mark.parametrize(
    "counts",
    [{"age_18_59": -1}, {"age_18_59": 10_001}, {"households": 0}, {"floating": 3}, {"floating": -1}, {"unit": "a\nb"}],
    ids=str,
)
def test_counts_that_can_not_be_are_refused(connection: Connection[Any], town: Town, counts: dict[str, object]) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        make_household(connection, town.jurisdiction_id, **counts)


@pytest.fixture
def lived_in(connection: Connection[Any], town: Town) -> Town:
    """Return the town with one thing of each kind in grid B, and a report."""
    make_building(connection, town.jurisdiction_id)
    make_household(connection, town.jurisdiction_id, building_code="b1")
    make_household(connection, town.jurisdiction_id)
    make_camera(connection, town.jurisdiction_id)
    make_organisation(connection, town.jurisdiction_id)
    make_organisation(connection, town.jurisdiction_id, places.FAR, code="o2")
    make_incident(connection, reported_at=datetime(2023, 6, 1, tzinfo=UTC))
    return town


def test_a_second_edition_assigns_every_feature_anew_and_counts_what_moved(
    connection: Connection[Any], lived_in: Town
) -> None:
    draft = make_draft(connection, lived_in.jurisdiction_id, {"whole": places.OUTLINE})
    validate(connection, draft)

    moved = publish(connection, draft, LATER)

    assert moved == 3  # a building, a camera, an organisation, not the one far away; households are not counted
    for table in ("building", "household", "camera", "organisation"):
        assert set(grid_codes(connection, table)) - {None} == {"whole"}


@pytest.mark.parametrize("policy", ["keep", "ask"])
def test_a_second_edition_leaves_what_was_decided_about_reports_when_it_is_told_to(
    connection: Connection[Any], lived_in: Town, policy: str
) -> None:
    connection.execute("UPDATE geoservice.jurisdiction SET reroute = %s", [policy])
    decided = connection.execute("SELECT * FROM geoservice.incident").fetchall()

    make_edition(connection, lived_in.jurisdiction_id, {"whole": places.OUTLINE}, starts=LATER)

    assert connection.execute("SELECT * FROM geoservice.incident").fetchall() == decided
    told = "SELECT rule, to_grid_code FROM geoservice.incident_event ORDER BY id OFFSET 1"
    asked = [("reroute proposed", "whole")] if policy == "ask" else []
    assert connection.execute(told.encode()).fetchall() == asked


def test_an_open_report_goes_along_with_its_place_and_a_closed_one_stays(
    connection: Connection[Any], lived_in: Town
) -> None:
    closed = make_incident(connection, places.IN_HOLE, status="closed", closed_at=LATER)["id"]
    before = connection.execute("SELECT * FROM geoservice.incident WHERE id = %s", [closed]).fetchall()

    second = make_edition(connection, lived_in.jurisdiction_id, {"whole": places.OUTLINE}, starts=LATER)

    assert connection.execute("SELECT * FROM geoservice.incident WHERE id = %s", [closed]).fetchall() == before
    moved = "SELECT grid_code, edition_id FROM geoservice.incident WHERE id <> %s"
    assert connection.execute(moved, [closed]).fetchall() == [("whole", second)]
    told = """SELECT rule, to_grid_code, reason FROM geoservice.incident_event
               WHERE incident_id <> %s ORDER BY id DESC LIMIT 1"""
    assert connection.execute(told.encode(), [closed]).fetchone() == (
        "moved by edition", "whole", f"Its place belongs to another grid in edition {second}."
    )  # fmt: skip


def test_what_a_person_decided_stays_while_the_grid_he_named_goes_on(
    connection: Connection[Any], lived_in: Town
) -> None:
    incident = make_incident(
        connection, places.IN_HOLE, overrule_grid_code="10", overrule_reason="the entrance is there"
    )["id"]
    asked = "SELECT grid_code, method, overrule_grid_code FROM geoservice.incident WHERE id = %s"
    rest = shapely.difference(places.OUTLINE, places.GRIDS["10"])

    make_edition(connection, lived_in.jurisdiction_id, {"10": places.GRIDS["10"], "rest": rest}, starts=LATER)
    assert connection.execute(asked, [incident]).fetchone() == ("10", "manual", "10")
    make_edition(connection, lived_in.jurisdiction_id, {"whole": places.OUTLINE}, starts=LATER.replace(year=2025))
    assert connection.execute(asked, [incident]).fetchone() == ("whole", "covers", None)


def test_a_report_of_yesterday_is_routed_by_yesterdays_edition(connection: Connection[Any], lived_in: Town) -> None:
    second = make_edition(connection, lived_in.jurisdiction_id, {"whole": places.OUTLINE}, starts=LATER)

    late = make_incident(connection, places.IN_HOLE, reported_at=datetime(2023, 6, 1, tzinfo=UTC))
    new = make_incident(connection, places.IN_HOLE)

    assert (late["grid_code"], late["edition_id"]) == ("网", lived_in.edition_id)
    assert (new["grid_code"], new["edition_id"]) == ("whole", second)


def test_a_second_edition_that_changes_nothing_moves_nothing(connection: Connection[Any], lived_in: Town) -> None:
    draft = make_draft(connection, lived_in.jurisdiction_id)
    validate(connection, draft)

    assert publish(connection, draft, LATER) == 0


def test_a_building_on_its_way_in_while_an_edition_is_published_gets_the_new_grid(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        town = make_town(connection)
        draft = make_draft(connection, town.jurisdiction_id, {"whole": places.OUTLINE})
        validate(connection, draft)

    with psycopg.connect(database_url) as surveyor, psycopg.connect(database_url) as publisher:
        make_building(surveyor, town.jurisdiction_id)
        publishing = threading.Thread(target=lambda: (publish(publisher, draft, LATER), publisher.commit()))
        publishing.start()
        publishing.join(0.5)  # it may wait for the surveyor, or not
        surveyor.commit()
        publishing.join()

    with psycopg.connect(database_url) as connection:
        assert grid_codes(connection, "building") == ["whole"]
