"""While a large edition is made ready for memory, others are answered as ever, and its own places by the database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import psycopg
import pytest
from pydantic import SecretStr

from geoservice.engine import index
from geoservice.engine.index import OwnershipIndex
from geoservice.services import edition_builder, snapshot_cache, snapshots
from geoservice.services.ownership import OwnerQuery
from geoservice.settings import Settings
from geoservice.wiring import Services, build_services
from layers.crs import DeclaredPosition, Position
from tests import places
from tests.factories import make_edition, make_jurisdiction
from tests.loading import stop, wait_until_loaded
from tests.publishing import publish_turned
from tests.waiting import PATIENCE_S, wait_until

SMALL, LARGE = Position(*places.lonlat(2, 5)), Position(*places.lonlat(202, 5))


class Builds:
    """Indexes are built when they are let."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.let = threading.Event()
        self.let.set()
        self.begun = threading.Event()
        self.fails = False
        real = OwnershipIndex.build

        def build(*args: Any, **options: Any) -> OwnershipIndex:
            self.begun.set()
            assert self.let.wait(PATIENCE_S)
            if self.fails:
                raise MemoryError("no room")
            return real(*args, **options)

        monkeypatch.setattr(OwnershipIndex, "build", build)
        monkeypatch.setattr(snapshots, "FACES_AT_ONCE", 0)

    def hold(self) -> None:
        self.let.clear()
        self.begun.clear()


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> Iterator[Builds]:
    builds = Builds(monkeypatch)
    yield builds
    builds.let.set()


@pytest.fixture
def services(database_url: str, builds: Builds) -> Iterator[Services]:
    with psycopg.connect(database_url) as connection:
        for code, shift in (("small", 0), ("large", 200)):
            outline = places.multi(places.area(shift, 0, shift + 10, 10))
            make_edition(connection, make_jurisdiction(connection, code=code, outline=outline), {f"{code}-1": outline})
    services = build_services(Settings(database_url=SecretStr(database_url), pool_size=4))
    wait_until_loaded(services)
    yield services
    builds.let.set()
    stop(services)


def batch(services: Services, *positions: Position, jurisdiction: str | None = None) -> list[str | None]:
    """Return who owns places, by a batch."""
    lon, lat = (np.array(some) for some in zip(*positions, strict=True))
    found = services.ownership.bulk_lookup(jurisdiction_code=jurisdiction).owners(lon, lat)
    return [None if code < 0 else found.codes[code] for code in found.code.tolist()]


def owners(services: Services, *positions: Position, jurisdiction: str | None = None) -> list[str | None]:
    """Return who owns places, by a batch; it is checked that each single look-up says the same."""
    told = batch(services, *positions, jurisdiction=jurisdiction)
    assert told == [owner(services, one, jurisdiction) for one in positions]
    return told


def owner(services: Services, position: Position, jurisdiction: str | None = None) -> str | None:
    place = DeclaredPosition(*position, "EPSG:4326", position)
    return services.ownership.owner_of(place, jurisdiction_code=jurisdiction).ownership.grid_code


def held_by_memory(services: Services, position: Position) -> bool:
    return services.ownership.owner_from_memory(OwnerQuery(position)) is not None


def publish(url: str, jurisdiction_id: int) -> int:
    with psycopg.connect(url) as connection:
        return publish_turned(connection, jurisdiction_id)


def test_a_jurisdiction_never_waits_for_anothers_index(services: Services, database_url: str, builds: Builds) -> None:
    builds.hold()
    edition = publish(database_url, 2)
    assert builds.begun.wait(PATIENCE_S)
    wait_until(lambda: held_by_memory(services, SMALL), "the small one is answered from memory")

    assert not held_by_memory(services, LARGE)
    assert owners(services, SMALL, LARGE) == ["small-1", f"large-1~{edition}"]
    assert owners(services, SMALL, LARGE, jurisdiction="small") == ["small-1", None]
    assert owners(services, SMALL, LARGE, jurisdiction="large") == [None, f"large-1~{edition}"]

    builds.let.set()
    wait_until(lambda: held_by_memory(services, LARGE), "the large one is in memory")
    assert owners(services, SMALL, LARGE) == ["small-1", f"large-1~{edition}"]


def test_what_another_publishes_meanwhile_is_known_at_once(
    services: Services, database_url: str, builds: Builds
) -> None:
    builds.hold()
    large = publish(database_url, 2)
    assert builds.begun.wait(PATIENCE_S)

    small = publish(database_url, 1)
    wait_until(lambda: owner(services, SMALL) == f"small-1~{small}", "the second publication is told")

    assert owners(services, SMALL, LARGE) == [f"small-1~{small}", f"large-1~{large}"]
    builds.let.set()
    wait_until(lambda: held_by_memory(services, SMALL) and held_by_memory(services, LARGE), "both are in memory")
    assert owners(services, SMALL, LARGE) == [f"small-1~{small}", f"large-1~{large}"]


def test_what_can_not_be_built_is_asked_of_the_database_and_tried_again(
    services: Services, database_url: str, builds: Builds, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = services.cache
    assert cache is not None
    monkeypatch.setattr(edition_builder, "AGAIN_S", 0.0)
    monkeypatch.setattr(snapshot_cache, "READ_AGAIN_S", 0.0)
    builds.fails = True
    edition = publish(database_url, 2)
    wait_until(lambda: not held_by_memory(services, LARGE) and held_by_memory(services, SMALL), "it is not in memory")

    assert owners(services, SMALL, LARGE) == ["small-1", f"large-1~{edition}"]
    small = publish(database_url, 1)
    wait_until(lambda: owner(services, SMALL) == f"small-1~{small}", "what another publishes is told")
    # While memory is being read, the database tells it at once, and a batch when that reading is through.
    wait_until(lambda: batch(services, SMALL) == [f"small-1~{small}"], "batches are told, too")
    assert owners(services, SMALL, LARGE) == [f"small-1~{small}", f"large-1~{edition}"]

    builds.fails = False
    wait_until(lambda: held_by_memory(services, LARGE), "it is tried again")
    assert owners(services, SMALL, LARGE) == [f"small-1~{small}", f"large-1~{edition}"]


def test_without_a_database_a_batch_elsewhere_is_answered_while_one_is_pending(
    services: Services, database_url: str, builds: Builds, monkeypatch: pytest.MonkeyPatch
) -> None:
    builds.hold()
    publish(database_url, 2)
    assert builds.begun.wait(PATIENCE_S)
    wait_until(lambda: held_by_memory(services, SMALL) and not held_by_memory(services, LARGE), "one is pending")
    monkeypatch.setattr(type(services.database), "transaction", lambda *args, **more: pytest.fail("it was asked"))

    bulk = services.ownership.bulk_lookup(jurisdiction_code="small")
    found = bulk.owners(np.array([SMALL.lon, LARGE.lon]), np.array([SMALL.lat, LARGE.lat]))

    assert [found.codes[code] if code >= 0 else None for code in found.code.tolist()] == ["small-1", None]


def test_one_index_is_made_ready_while_another_is_being_built(monkeypatch: pytest.MonkeyPatch) -> None:
    large, small = (OwnershipIndex.build([code], [places.OUTLINE]) for code in ("large", "small"))
    begun, let, real = threading.Event(), threading.Event(), index.NearestEdges

    def slow(*edges: Any) -> Any:
        if not begun.is_set():
            begun.set()
            assert let.wait(PATIENCE_S)
        return real(*edges)

    monkeypatch.setattr(index, "NearestEdges", slow)
    building = threading.Thread(target=large.warm)
    building.start()
    assert begun.wait(PATIENCE_S)
    warming = threading.Thread(target=small.warm)
    warming.start()
    warming.join(PATIENCE_S)
    was_made = not warming.is_alive()
    let.set()
    building.join()
    warming.join()

    assert was_made
