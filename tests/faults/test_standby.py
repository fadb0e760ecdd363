"""A worker on a hot standby, where nobody may listen: it compares instead, and so it does after a promotion."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from geoservice.embedded.cluster import Cluster
from geoservice.services import schema
from geoservice.services.demo import load_demo
from geoservice.services.ownership import OwnerQuery
from geoservice.settings import Settings
from geoservice.wiring import Services, build_services
from layers.crs import Position
from tests.conftest import free_port
from tests.loading import stop, wait_until_loaded
from tests.publishing import publish_turned
from tests.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.slow]
INSIDE = OwnerQuery(Position(91.77, 29.24))


@pytest.fixture
def standby() -> Iterator[Cluster]:
    """Return a copy of a database with the demo community that waits for its primary."""
    with tempfile.TemporaryDirectory(prefix="gs-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        primary = Cluster(folder / "a", free_port())
        schema.upgrade(primary.ensure())
        load_demo(primary.url, lambda line: None)
        primary.stop()
        subprocess.run(["cp", "-a", folder / "a", folder / "b"], check=True)
        copy = Cluster(folder / "b", free_port())
        signal = copy.layout.database / "standby.signal"
        subprocess.run(["cp", "-a", copy.layout.database / "PG_VERSION", signal], check=True)  # of the same owner
        copy.start()
        yield copy
        copy.stop()


def owner_from_memory(services: Services) -> str | None:
    found = services.ownership.owner_from_memory(INSIDE)
    return None if found is None else found.ownership.grid_code


def test_a_worker_on_a_standby_answers_and_follows_by_comparing(standby: Cluster) -> None:
    services = build_services(Settings(database_url=SecretStr(standby.url), pool_size=2, compare_every_s=0.2))
    try:
        wait_until_loaded(services)
        before = owner_from_memory(services)
        assert services.cache is not None
        assert services.cache.failure is None

        with psycopg.connect(standby.url, autocommit=True) as connection:
            connection.execute("SELECT pg_promote()")
            publish_turned(connection, 1)

        wait_until(lambda: owner_from_memory(services) not in (before, None), "the new edition is seen")
    finally:
        stop(services)
