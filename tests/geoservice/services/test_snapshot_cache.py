"""What is held in memory follows the database: announced or not, cut off or not, and never half."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr
from sqlalchemy import make_url

from geoservice.api.answers import owner_out
from geoservice.auth.model import Role
from geoservice.services.ownership import OwnerQuery
from geoservice.services.snapshot_cache import SnapshotCache
from geoservice.settings import Settings
from geoservice.wiring import Services, build_services
from layers.crs import DeclaredPosition, Position
from tests.loading import stop, wait_until_loaded
from tests.publishing import announce, publish_turned, turned
from tests.waiting import PATIENCE_S, wait_until

INSIDE = Position(91.77, 29.24)
SECOND = "540502001001002"


@pytest.fixture
def superuser(community_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(community_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def services(community_url: str) -> Iterator[Services]:
    """Return services that hear of changes by notification only, unless a test lets them compare."""
    settings = Settings(database_url=SecretStr(community_url), pool_size=4)
    services = build_services(settings.model_copy(update={"compare_every_s": 10 * PATIENCE_S}))
    wait_until_loaded(services)
    yield services
    stop(services)


def owner(services: Services, **asked: object) -> str | None:
    found = services.ownership.owner_from_memory(OwnerQuery(INSIDE, **asked))  # type: ignore[arg-type]
    return found.ownership.grid_code if found is not None else None  # None at the moment of renewal


def cache_of(services: Services) -> SnapshotCache:
    assert services.cache is not None
    return services.cache


def test_an_answer_from_memory_can_be_asked_for_again(services: Services, superuser: psycopg.Connection) -> None:
    before = services.ownership.owner_from_memory(OwnerQuery(INSIDE))
    publish_turned(superuser, 1)
    wait_until(lambda: "~" in (owner(services) or ""), "the publication is heard of")
    after = services.ownership.owner_from_memory(OwnerQuery(INSIDE))

    for told in (before, after):
        assert told is not None
        assert told.known_at is not None
        place = DeclaredPosition(*INSIDE, "EPSG:4326", INSIDE)
        again = services.ownership.owner_of(place, at=told.at, known_at=told.known_at)
        assert owner_out(again) | {"as_of": None} == owner_out(told) | {"as_of": None}
    assert before is not None
    assert after is not None
    assert before.known_at != after.known_at


def test_what_is_held_is_what_the_database_holds(services: Services, superuser: psycopg.Connection) -> None:
    held = services.health.snapshot_state()
    rows = superuser.execute("SELECT 'sare', id, geoservice.edition_hash(id) FROM geoservice.edition").fetchall()

    assert held is not None
    assert held.failure is None
    assert [(one.jurisdiction, one.edition, one.content_hash) for one in held.editions] == rows


def test_a_publication_is_heard_of(services: Services, superuser: psycopg.Connection) -> None:
    assert owner(services) == SECOND
    before = datetime.now(UTC)

    edition = publish_turned(superuser, 1)

    wait_until(lambda: owner(services) == turned(SECOND, edition), "the publication is heard of")
    assert owner(services, at=before) == SECOND


@pytest.mark.slow
def test_a_publication_that_nobody_announced_is_found_by_comparing(
    community_url: str, superuser: psycopg.Connection
) -> None:
    announce(superuser, on=False)
    services = build_services(Settings(database_url=SecretStr(community_url), compare_every_s=0.1))
    wait_until_loaded(services)

    edition = publish_turned(superuser, 1)

    wait_until(lambda: owner(services) == turned(SECOND, edition), "the publication is found")
    stop(services)


def test_a_revoked_key_and_a_new_posting_are_heard_of(services: Services, superuser: psycopg.Connection) -> None:
    key = services.keys.create(Role.READER, "held")
    wait_until(lambda: services.keys.identify_from_memory(key) is not None, "the key is held")
    assert services.keys.identify_from_memory(key[:-1] + ("A" if key[-1] != "A" else "B")) is None

    services.keys.revoke(key[4:12])
    superuser.execute("UPDATE geoservice.staff SET call_sign = '换班' WHERE id = 1")

    wait_until(lambda: services.keys.identify_from_memory(key) is None, "the key is forgotten")
    assert services.keys.identify(key) is None
    on_duty = services.grids.grids("sare")
    assert any("换班" == officer.call_sign for grid in on_duty for officer in _officers(services, grid["code"]))


def _officers(services: Services, grid_code: str) -> tuple:
    confirmed = cache_of(services).confirmed
    assert confirmed is not None
    return confirmed.snapshot.duties.officers(1, grid_code, datetime.now(UTC)) or ()


def test_cut_off_it_answers_and_grows_old_and_is_fresh_again_by_itself(
    services: Services, cluster_url: str, community_url: str
) -> None:
    database = sql.Identifier(str(make_url(community_url).database))
    with psycopg.connect(cluster_url, autocommit=True) as elsewhere:
        elsewhere.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(database))
        elsewhere.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database._obj[0]]
        )
        wait_until(lambda: cache_of(services).failure is not None, "the loss of the database is noticed")
        assert owner(services) == SECOND
        aged = services.ownership.owner_from_memory(OwnerQuery(INSIDE))
        assert aged is not None
        wait_until(
            lambda: (services.ownership.owner_from_memory(OwnerQuery(INSIDE)) or aged).age_s > 0.5,
            "the answer grows old",
        )
        elsewhere.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(database))
    wait_until(lambda: cache_of(services).failure is None, "the database is back")
    with psycopg.connect(community_url, autocommit=True) as connection:
        edition = publish_turned(connection, 1)
    wait_until(lambda: owner(services) == turned(SECOND, edition), "the publication is heard of")


def test_an_edition_that_is_not_what_was_validated_is_not_taken_in(
    services: Services, superuser: psycopg.Connection
) -> None:
    with superuser.transaction():  # a disk gone bad, or somebody with every right
        edition = publish_turned(superuser, 1)
        superuser.execute("ALTER TABLE geoservice.grid DISABLE TRIGGER USER")
        superuser.execute(
            "UPDATE geoservice.grid SET geom = st_translate(geom, 0.001, 0) WHERE code = %s", [turned(SECOND, edition)]
        )
        superuser.execute("ALTER TABLE geoservice.grid ENABLE TRIGGER USER")

    wait_until(lambda: "SnapshotDiffers" in (cache_of(services).failure or ""), "the edition is refused")
    assert services.ownership.owner_from_memory(OwnerQuery(INSIDE)) is None  # the database is asked
    place = DeclaredPosition(*INSIDE, "EPSG:4326", INSIDE)
    assert services.ownership.owner_of(place).ownership.grid_code == turned(SECOND, edition)
    assert (services.health.snapshot_state() or pytest.fail()).editions == ()


def test_what_memory_does_not_know_is_asked_of_the_database(services: Services, superuser: psycopg.Connection) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=100)

    assert services.ownership.owner_from_memory(OwnerQuery(INSIDE, jurisdiction_code="nowhere")) is None
    superuser.execute("UPDATE geoservice.posting SET valid_from = '2020-01-01', valid_to = '2020-02-01' WHERE id = 1")
    for _ in range(4):
        publish_turned(superuser, 1)
    wait_until(
        lambda: (services.health.snapshot_state() or pytest.fail()).editions[0].edition == 5, "the last edition is held"
    )
    assert services.ownership.owner_from_memory(OwnerQuery(INSIDE, at=long_ago)) is None
