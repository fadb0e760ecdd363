"""Memory and database give the same whole answer: grid, method, edition, distances, candidates, officers, known_at.

For any instant, past and to come, where nobody owns and where jurisdictions overlap. The places are those where answers
differ if they ever do: on borders, corners, just outside, far away, on the poles.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import psycopg
import pytest
import shapely
from pydantic import SecretStr

from geoservice.services.ownership import OwnerAnswer, OwnerQuery, OwnershipService
from geoservice.settings import Settings
from geoservice.wiring import Services, build_services
from layers.crs import Position, declared_position
from tests import places
from tests.conftest import DatabaseMaker
from tests.factories import insert, make_draft, make_edition, make_jurisdiction, publish, validate
from tests.loading import stop, wait_until_loaded

#: So near are two distances that are the same but for the last bits.
SAME_M = 1e-6
NOW = datetime.now(UTC)
#: When editions of the town begin; the last are to come.
BEGINNINGS = [datetime(year, 1, 1, tzinfo=UTC) for year in (2016, 2019, 2021, 2023)]
TO_COME = [NOW + timedelta(days=30), NOW + timedelta(days=60)]


def strips(west: float, *borders: float, east: float) -> dict[str, shapely.MultiPolygon]:
    """Return grids a, b, c … side by side, by the borders between them, x in units of tests.places."""
    edges = [west, *borders, east]
    return {
        chr(ord("a") + number): places.multi(places.area(left, 0, right, 10))
        for number, (left, right) in enumerate(pairwise(edges))
    }


@pytest.fixture(scope="module")
def world(cluster_url: str, template: str) -> Iterator[str]:
    """Make a town with a history, a neighbour that overlaps it, an outline without an edition, and ground of nobody."""
    maker = DatabaseMaker(cluster_url)
    url = maker.clone(template)
    with psycopg.connect(url) as connection:
        town = make_jurisdiction(connection, code="town", outline=places.multi(places.area(0, 0, 10, 10)))
        for number, starts in enumerate([*BEGINNINGS, datetime(2022, 6, 1, tzinfo=UTC), *TO_COME]):  # one corrects
            make_edition(connection, town, strips(0, 3 + number / 8, 6, east=10), starts=starts)
        beside = make_jurisdiction(
            connection, code="beside", outline=places.multi(places.area(9.5, 0, 20, 10)), snap_tolerance_m=60,
        )  # fmt: skip
        make_edition(connection, beside, strips(9.5, 15, east=20), starts=BEGINNINGS[1])
        make_jurisdiction(connection, code="empty", outline=places.multi(places.area(30, 0, 40, 10)))
        make_park(connection)
        staff_up(connection, town)
    yield url
    maker.drop_all()


def make_park(connection: psycopg.Connection[Any]) -> None:
    """Make a town that grew, and that leaves wide ground to nobody, some of it its neighbour's."""
    small, large = places.multi(places.area(50, 0, 60, 10)), places.multi(places.area(50, 0, 90, 10))
    parks = make_jurisdiction(connection, code="parks", outline=small)
    make_edition(connection, parks, {"p": small}, starts=BEGINNINGS[1])
    for starts in (BEGINNINGS[2], TO_COME[0]):
        draft = make_draft(
            connection, parks, {"p": places.area(50, 0, 55, 10), "q": places.area(55, 0, 56, 10),
                                "lake": places.area(56, 0, 90, 10)},
            outline=large, outline_reason="annexed",
        )  # fmt: skip
        unowned = ["lake", "q"] if starts in TO_COME else ["lake"]
        connection.execute(
            "UPDATE geoservice.grid SET unowned_reason = 'a ' || code WHERE edition_id = %s AND code = ANY(%s)",
            [draft, unowned],
        )
        validate(connection, draft)
        publish(connection, draft, starts)
    shore = make_jurisdiction(connection, code="shore", outline=places.multi(places.area(70, 4, 71, 6)))
    make_edition(connection, shore, {"s": places.area(70, 4, 71, 6)}, starts=BEGINNINGS[1])


def staff_up(connection: psycopg.Connection[Any], jurisdiction_id: int) -> None:
    """Post officers who changed, who will, and who are deputies."""
    for number, role in enumerate(["grid_officer", "grid_officer", "grid_officer", "police_officer"]):
        insert(connection, "staff", {"jurisdiction_id": jurisdiction_id, "code": f"S{number}", "role": role,
                                     "call_sign": f"号{number}"})  # fmt: skip
    today = NOW.date()
    for staff, grid, role, since, until in (
        ("S0", "a", "grid_officer", today - timedelta(days=900), today - timedelta(days=3)),
        ("S1", "a", "grid_officer", today - timedelta(days=3), None),
        ("S2", "a", "deputy", today - timedelta(days=10), None),
        ("S3", "a", "police_officer", today, None),
        ("S2", "b", "deputy", today - timedelta(days=40), today + timedelta(days=40)),
    ):
        insert(connection, "posting", {"jurisdiction_id": jurisdiction_id, "staff_code": staff, "grid_code": grid,
                                       "role": role, "valid_from": since, "valid_to": until})  # fmt: skip


@pytest.fixture(scope="module")
def services(world: str) -> Iterator[Services]:
    services = build_services(Settings(database_url=SecretStr(world), pool_size=4))
    wait_until_loaded(services)
    yield services
    stop(services)


def queries(count: int) -> Iterator[OwnerQuery]:
    chance = random.Random(20)
    instants = [*BEGINNINGS, *TO_COME]
    xs = [0, 3, 3.125, 3.375, 3.5, 3.625, 3.75, 6, 9.5, 10, 15, 20, 30, 40]
    for _ in range(count):
        x = chance.choice([chance.uniform(-2, 22), chance.uniform(25, 45), chance.choice(xs)])
        if chance.random() < 0.25:
            x = chance.choice([chance.uniform(48, 92), chance.choice([50, 55, 56, 60, 70, 71, 90])])
        y = chance.choice([chance.uniform(-1.5, 11.5), 0.0, 10.0, chance.uniform(-0.3, 0.3),
                           chance.uniform(-0.25, 0.0)])  # fmt: skip
        position = Position(*places.lonlat(x, y))
        if chance.random() < 0.01:
            position = Position(chance.uniform(-180, 180), chance.choice([-90.0, 90.0, chance.uniform(-90, 90)]))
        instant = chance.choice([
            NOW, chance.choice(instants), chance.choice(instants) - timedelta(microseconds=1),
            NOW + timedelta(days=chance.uniform(-4500, 100)), NOW - timedelta(days=chance.uniform(0, 30)),
        ])  # fmt: skip
        yield OwnerQuery(
            position, instant, chance.choice([None, 0.0, 15.0, chance.uniform(0, 1000), 1000.0]),
            chance.choice([None, None, None, None, "town", "town", "beside", "empty", "parks", "shore"]),
        )  # fmt: skip


def whole(answer: OwnerAnswer) -> tuple[object, ...]:
    """Return everything that an answer says, distances to the micrometre."""
    one = answer.ownership
    metres = None if one.distance_to_border_m is None else pytest.approx(one.distance_to_border_m, abs=SAME_M)
    near = [(candidate.grid_code, pytest.approx(candidate.distance_m, abs=0.0011)) for candidate in one.candidates]
    return (answer.at, answer.known_at, one.jurisdiction_id, one.edition_id, one.grid_code, one.grid_name, one.method,
            metres, one.near_border, near, one.unowned_reason, answer.officers)  # fmt: skip


def plain(answer: OwnerAnswer) -> tuple[object, ...]:
    one = answer.ownership
    near = [(candidate.grid_code, candidate.distance_m) for candidate in one.candidates]
    return (answer.at, answer.known_at, one.jurisdiction_id, one.edition_id, one.grid_code, one.grid_name, one.method,
            one.distance_to_border_m, one.near_border, near, one.unowned_reason, answer.officers)  # fmt: skip


def assert_memory_and_database_agree(services: Services, count: int) -> None:
    told: Counter[str] = Counter()
    differing = []
    database = OwnershipService(services.database)
    for query in queries(count):
        remembered = services.ownership.owner_from_memory(query)
        if remembered is None:
            told["asked of the database"] += 1
            continue
        told[remembered.ownership.method] += 1
        place = declared_position(*query.position)
        stored = database.owner_of(
            place, at=query.at, accuracy_m=query.accuracy_m, jurisdiction_code=query.jurisdiction_code
        )
        if plain(remembered) != whole(stored):
            differing.append((query, plain(remembered), plain(stored)))
    assert differing[:3] == [], f"{len(differing)} of {count} differ"
    assert min(told[method] for method in ("covers", "nearest", "none")) > count / 50, told
    assert told["asked of the database"] < count / 2, told


def test_memory_and_database_give_the_same_whole_answer(services: Services) -> None:
    assert_memory_and_database_agree(services, 1_000)


@pytest.mark.prove
def test_memory_and_database_give_the_same_whole_answer_a_hundred_thousand_times(services: Services) -> None:
    assert_memory_and_database_agree(services, 100_000)
