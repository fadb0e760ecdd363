"""Which edition and which jurisdiction answers: half-open periods to the microsecond, overlapping jurisdictions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql

from tests import places
from tests.factories import Town, make_edition, make_jurisdiction, make_organisation, publish, select_one

FIRST, SECOND, THIRD = (datetime(year, 6, 1, tzinfo=UTC) for year in (2021, 2022, 2023))
TICK = timedelta(microseconds=1)
ENDS = """
    UPDATE {} SET valid = tstzrange(lower(valid), now() - interval '1 s')
     WHERE upper(valid) > now() AND upper_inf(known)
"""
BEGINS = "UPDATE {} SET valid = tstzrange(now() - interval '1 s', NULL) WHERE lower(valid) > now() AND upper_inf(known)"


def owner_at(
    connection: Connection[Any],
    at: datetime,
    place: places.Place = places.CENTRE,
    *,
    known_at: datetime | str = "infinity",
) -> tuple[object, ...]:
    row = connection.execute(
        "SELECT grid_code, edition_id, method FROM geoservice.owner_of(%s::geometry, %s, NULL, NULL, %s)",
        [place.wkt, at, known_at],
    ).fetchone()
    assert row is not None
    return row


def clock(connection: Connection[Any]) -> datetime:
    now: datetime = select_one(connection, "SELECT clock_timestamp()")
    return now


def jurisdiction_of(connection: Connection[Any]) -> int:
    return int(select_one(connection, "SELECT jurisdiction_id FROM geoservice.edition LIMIT 1"))


@pytest.fixture
def editions(connection: Connection[Any]) -> list[int]:
    """Return three editions, one after the other, whose one grid is named after its turn."""
    town = make_jurisdiction(connection)
    return [
        make_edition(connection, town, {code: places.OUTLINE}, starts=starts)
        for code, starts in (("first", FIRST), ("second", SECOND), ("third", THIRD))
    ]


def test_an_edition_holds_from_its_first_microsecond_to_just_before_the_next(
    connection: Connection[Any], editions: list[int]
) -> None:
    first, second, third = editions

    assert owner_at(connection, FIRST - TICK) == (None, None, "none")
    assert owner_at(connection, FIRST) == ("first", first, "covers")
    assert owner_at(connection, SECOND - TICK) == ("first", first, "covers")
    assert owner_at(connection, SECOND) == ("second", second, "covers")
    assert owner_at(connection, THIRD - TICK) == ("second", second, "covers")
    assert owner_at(connection, THIRD) == ("third", third, "covers")
    assert owner_at(connection, datetime(9999, 1, 1, tzinfo=UTC)) == ("third", third, "covers")


def test_the_same_instant_in_another_zone_has_the_same_owner(connection: Connection[Any], editions: list[int]) -> None:
    connection.execute("SET LOCAL timezone = 'America/Chicago'")

    codes = [
        select_one(connection, "SELECT (geoservice.owner_of(%s::geometry, %s)).grid_code", places.CENTRE.wkt, written)
        for written in ("2022-06-01T08:00+08:00", "2022-06-01T07:59:59.999999+08:00", "2022-05-31 19:00")
    ]

    assert codes == ["second", "first", "second"]


def test_nearest_asks_the_edition_of_the_instant_too(connection: Connection[Any], editions: list[int]) -> None:
    first, second, _ = editions

    assert owner_at(connection, SECOND - TICK, places.OUTSIDE_NEAR) == ("first", first, "nearest")
    assert owner_at(connection, SECOND, places.OUTSIDE_NEAR) == ("second", second, "nearest")


@pytest.mark.parametrize("starts", [FIRST, SECOND + TICK, THIRD - TICK, THIRD])
def test_a_correction_holds_from_its_day_and_what_was_known_before_is_still_told(
    connection: Connection[Any], editions: list[int], starts: datetime
) -> None:
    instants = [FIRST, SECOND - TICK, SECOND, THIRD - TICK, THIRD, datetime.now(UTC)]
    before = [owner_at(connection, at) for at in instants]
    learnt = clock(connection)

    correction = make_edition(connection, jurisdiction_of(connection), {"true": places.OUTLINE}, starts=starts)

    now = [owner_at(connection, at) for at in instants]
    assert now == [
        ("true", correction, "covers") if at >= starts else old for at, old in zip(instants, before, strict=True)
    ]
    assert [owner_at(connection, at, known_at=learnt) for at in instants] == before


def test_an_edition_for_a_day_to_come_holds_from_then_and_the_one_before_until_then(
    connection: Connection[Any], editions: list[int]
) -> None:
    soon = datetime.now(UTC) + timedelta(days=1)

    edition = make_edition(connection, jurisdiction_of(connection), {"soon": places.OUTLINE}, starts=soon)

    assert owner_at(connection, soon - TICK) == ("third", editions[-1], "covers")
    assert owner_at(connection, soon) == ("soon", edition, "covers")


def test_an_edition_put_in_before_a_day_to_come_takes_its_place(
    connection: Connection[Any], editions: list[int]
) -> None:
    soon = datetime.now(UTC) + timedelta(days=1)
    town = jurisdiction_of(connection)
    make_edition(connection, town, {"soon": places.OUTLINE}, starts=soon)

    urgent = make_edition(connection, town, {"urgent": places.OUTLINE}, starts=datetime.now(UTC))

    assert owner_at(connection, datetime.now(UTC)) == ("urgent", urgent, "covers")
    assert owner_at(connection, soon) == ("urgent", urgent, "covers")


def test_features_follow_an_edition_of_a_day_to_come_when_its_day_has_come(
    connection: Connection[Any], editions: list[int]
) -> None:
    town = jurisdiction_of(connection)
    make_organisation(connection, town)
    asked = "SELECT grid_code FROM geoservice.organisation"
    edition = make_edition(connection, town, {"soon": places.OUTLINE}, starts=datetime.now(UTC) + timedelta(days=1))
    assert select_one(connection, "SELECT geoservice.apply_due_editions()") == 0
    assert select_one(connection, asked) == "third"

    for statement in (ENDS, BEGINS):  # its day comes
        for table in ("edition_period", "territory"):
            connection.execute(sql.SQL(statement).format(sql.Identifier("geoservice", table)))

    assert select_one(connection, "SELECT geoservice.apply_due_editions()") == 1
    assert select_one(connection, asked) == "soon"
    assert select_one(connection, "SELECT edition_id FROM geoservice.applied_edition") == edition
    assert select_one(connection, "SELECT geoservice.apply_due_editions()") == 0


def test_publishing_what_does_not_exist_says_so(connection: Connection[Any]) -> None:
    with pytest.raises(psycopg.Error, match="There is no edition 404"):
        publish(connection, 404)


@pytest.fixture
def neighbour(connection: Connection[Any], town: Town) -> int:
    """Return a jurisdiction whose code sorts after the town's and that overlaps its east half and more."""
    area = places.multi(places.area(5, 0, 20, 10))
    neighbour = make_jurisdiction(connection, code="valley", outline=area)
    make_edition(connection, neighbour, {"0": area})
    return neighbour


def test_where_jurisdictions_overlap_each_answers_for_itself(
    connection: Connection[Any], town: Town, neighbour: int
) -> None:
    query = "SELECT (geoservice.owner_of(%s::geometry, now(), NULL, %s)).grid_code"

    asked = [select_one(connection, query, places.IN_HOLE.wkt, j) for j in (town.jurisdiction_id, neighbour, None)]

    assert asked == ["网", "0", "网"]  # asked of all: the smaller jurisdiction code, then the smaller grid code


def test_a_grid_that_covers_wins_over_a_nearer_grid_of_another_jurisdiction(
    connection: Connection[Any], town: Town, neighbour: int
) -> None:
    beside_town = places.Place("10 m east of a", *places.beside(10, 8, azimuth_deg=90, distance_m=10), "0")

    assert owner_at(connection, datetime.now(UTC), beside_town)[::2] == ("0", "covers")


def test_outside_all_a_jurisdiction_with_a_wider_tolerance_still_takes_it(
    connection: Connection[Any], town: Town
) -> None:
    connection.execute("UPDATE geoservice.jurisdiction SET snap_tolerance_m = 5 WHERE id = %s", [town.jurisdiction_id])
    beyond = places.multi(places.area(-10, 0, -0.3, 10))
    make_edition(connection, make_jurisdiction(connection, code="west", outline=beyond), {"w": beyond})
    between = places.Place("12 m west of B, 17 m east of w", *places.beside(0, 3, azimuth_deg=270, distance_m=12), "w")

    assert owner_at(connection, datetime.now(UTC), between)[::2] == ("w", "nearest")


def test_a_change_of_tolerance_holds_at_once(connection: Connection[Any], town: Town) -> None:
    connection.execute("UPDATE geoservice.jurisdiction SET snap_tolerance_m = 26")

    assert owner_at(connection, datetime.now(UTC), places.OUTSIDE_BEYOND)[::2] == ("B", "nearest")


def test_asked_for_no_instant_it_does_not_answer_that_nobody_owns_the_place(
    connection: Connection[Any], town: Town
) -> None:
    with pytest.raises(psycopg.Error, match="instant"):
        connection.execute("SELECT geoservice.owner_of(%s::geometry, NULL)", [places.CENTRE.wkt])
