"""Publishing is whole or not at all: killed at any moment, raced by another publisher, met by a report that arrives."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import psycopg
import pytest

from geoservice.errors import EditionNotEditable, GeoserviceError
from geoservice.services.drafting.service import DraftService
from geoservice.services.editions import EditionService
from layers.db.session import Database
from layers.errors import EditedMeanwhile, LayerError, PublishedMeanwhile
from tests.factories import make_service, select_one
from tests.faults.publishing import City, editions, some_city
from tests.geoservice.services.drafting.world import SQUARES, World

pytestmark = pytest.mark.faults

ROUTED = """
    SELECT i.grid_code, i.edition_id, o.grid_code, o.edition_id
      FROM geoservice.incident AS i, LATERAL geoservice.owner_of(i.geom, i.routed_at, NULL, i.jurisdiction_id) AS o
     WHERE i.jurisdiction_id = %s
"""


def publish_and_kill(city: City, draft: int, after_s: float, *, alone: bool) -> None:
    """Publish through the service, kill the database meanwhile, and start it again, as the supervisor does.

    A postmaster that dies alone leaves a backend that publishes on: its client hears of it when that is killed.
    """
    said: list[object] = []

    def work() -> None:
        with editions(city.url) as service:
            try:
                said.append(service.publish(draft))
            except LayerError as error:
                said.append(error)

    publisher = threading.Thread(target=work)
    publisher.start()
    time.sleep(after_s)
    city.kill(alone=alone)
    city.start_again()
    publisher.join(30)
    assert not publisher.is_alive()
    state = city.state(draft)
    assert len(set(state.values())) == 1, state
    assert state["published"] or isinstance(said[0], LayerError), "what was acknowledged is gone"
    assert city.wrong_features() == 0


def publishing_takes_s(city: City) -> float:
    draft = city.draft()
    with editions(city.url) as service:
        began = time.perf_counter()
        service.publish(draft)
        return time.perf_counter() - began


def kill_at_random_moments(city: City, moments: int, *, seed: int) -> Counter[bool]:
    rng = np.random.default_rng(seed)
    seconds = publishing_takes_s(city)
    came: Counter[bool] = Counter()
    draft = city.draft()
    for turn, share in enumerate(rng.permutation(np.linspace(0, 1.1, moments))):
        publish_and_kill(city, draft, float(share) * seconds, alone=turn % 2 == 0)
        in_force = city.state(draft)["published"]
        came[in_force] += 1
        if in_force:
            draft = city.draft()
    return came


@pytest.mark.slow
def test_a_killed_database_holds_the_old_edition_or_the_new_one() -> None:
    with some_city(side=12, features=200) as city:
        came = kill_at_random_moments(city, 4, seed=1)

    assert came[False] > 0


@pytest.mark.prove
def test_ten_thousand_grids_killed_at_two_hundred_moments() -> None:
    with some_city(side=100, features=2_000) as city:
        came = kill_at_random_moments(city, 200, seed=2)

    print(f"old edition {came[False]}, new edition {came[True]}")
    assert came[False] > 0
    assert came[True] > 0


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with psycopg.connect(database_url, autocommit=True) as analyst:
        world = World(database_url, analyst)
        yield world
        world.close()


def both_at_once(work: Callable[[EditionService, int], object], url: str) -> list[object]:
    """Run work(service, 0) and work(service, 1) at once; return what each returned or raised."""
    results: list[Any] = [None, None]
    barrier = threading.Barrier(2)

    def run(number: int) -> None:
        with editions(url) as service:
            barrier.wait()
            try:
                results[number] = work(service, number)
            except (LayerError, GeoserviceError) as error:
                results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_of_two_publishers_by_the_service_one_is_told_that_another_was_faster(world: World) -> None:
    town = world.new_town()
    drafts = [world.drafts.create(town.code, title="race").id for _ in range(2)]
    for number, draft in enumerate(drafts):
        world.drafts.recode(draft, "00", f"new{number}", revision=None)
        world.editions.validate(draft)
    previews = [world.editions.preview(draft).preview.id for draft in drafts]

    results = both_at_once(lambda service, n: service.publish(drafts[n], preview_id=previews[n]), world.url)

    [winner] = [number for number, result in enumerate(results) if not isinstance(result, LayerError)]
    assert isinstance(results[1 - winner], PublishedMeanwhile), results
    assert world.editions.edition(drafts[winner]).status == "published"
    assert world.editions.edition(drafts[1 - winner]).status == "draft"


@pytest.mark.parametrize("turn", range(3))
def test_an_editor_and_a_publisher_at_once_never_publish_what_was_not_seen(world: World, turn: int) -> None:
    town = world.new_town()
    draft = world.drafts.create(town.code, title="race").id
    world.drafts.recode(draft, "00", "seen", revision=None)
    world.editions.validate(draft)
    preview = world.editions.preview(draft).preview
    database = Database.connect(world.url, pool_size=1)

    def work(service: EditionService, number: int) -> object:
        if number == 0:
            return service.publish(draft, preview_id=preview.id)
        return DraftService(database).recode(draft, "01", "unseen", revision=preview.revision)

    results = both_at_once(work, world.url)
    database.close()

    published = world.editions.edition(draft).status == "published"
    assert ("unseen" in world.state(draft)) is not published
    if published:  # whoever edits afterwards is told, by the service or by the database
        assert isinstance(results[1], EditionNotEditable | LayerError), results
    else:
        assert isinstance(results[0], EditedMeanwhile), results


@pytest.mark.slow
def test_a_report_that_arrives_during_a_publication_is_routed_by_one_edition_and_says_which(world: World) -> None:
    town = world.new_town()
    with psycopg.connect(world.url) as connection:
        make_service(connection, town.id)
        for number in range(50):
            place = shapely_point(number)
            connection.execute(
                "INSERT INTO geoservice.household (jurisdiction_id, age_18_59, geom) VALUES (%s, 2, %s)",
                [town.id, place],
            )
    stop = threading.Event()
    sent: list[int] = []

    def report(first: int) -> None:
        with psycopg.connect(world.url, autocommit=True) as connection:
            for number in itertools.count(first):
                if stop.is_set():
                    sent.append(number - first)
                    return
                connection.execute(
                    "INSERT INTO geoservice.incident (jurisdiction_id, service_code, geom) VALUES (%s, 'light', %s)",
                    [town.id, shapely_point(number)],
                )

    reporters = [threading.Thread(target=report, args=(first,)) for first in (0, 7)]
    for reporter in reporters:
        reporter.start()
    for _ in range(6):
        publish_recoded(world, town.code)
    stop.set()
    for reporter in reporters:
        reporter.join(30)

    with psycopg.connect(world.url) as connection:
        routed = connection.execute(ROUTED, [town.id]).fetchall()
        current = select_one(connection, "SELECT geoservice.edition_at(%s, now())", town.id)
    assert len(routed) == sum(sent) > 6
    assert {row[1] for row in routed} == {current}, "an open report was left with an edition that ended"
    for code, edition, *_ in routed:
        assert code is not None
        assert code.endswith(f"~{edition}"), (code, edition)
    assert [row for row in routed if row[:2] != row[2:]] == []


def shapely_point(number: int) -> str:
    """Return a place in one of the squares, another for each number."""
    square = SQUARES[sorted(SQUARES)[number % len(SQUARES)]]
    west, south, east, north = square.bounds
    share = (number * 0.618) % 1 * 0.98 + 0.01
    return f"SRID=4326;POINT({west + (east - west) * share!r} {south + (north - south) * (1 - share / 2)!r})"


def publish_recoded(world: World, code: str) -> None:
    """Publish the edition in force with a new code for every grid."""
    draft = world.drafts.create(code, title="recoded").id
    for old in sorted(world.state(draft)):
        world.drafts.recode(draft, old, f"{old.partition('~')[0]}~{draft}", revision=None)
    world.editions.validate(draft)
    world.editions.publish(draft)
