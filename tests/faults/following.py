"""A web server whose editions follow each other while everybody looks up."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import psycopg

from geoservice.embedded.cluster import Cluster
from geoservice.running.commands import web_command, web_environment
from geoservice.services import schema
from geoservice.services.demo import load_demo
from geoservice.settings import Settings
from tests.conftest import free_port, wait_until_answering
from tests.faults.lookers import Look, Lookers
from tests.publishing import announce, publish_turned, turned
from tests.waiting import wait_until

WORKERS = 2
#: Enough to keep both workers busy without taking their cores away.
LOOKERS = 3
#: After so many answers of one edition, on connections that are opened anew again and again, every worker has it.
SEEN_BY_ALL = 100
PLACES = """
    SELECT st_x(p), st_y(p), code FROM geoservice.territory, st_pointonsurface(geom) AS p ORDER BY code
"""


@dataclass(frozen=True)
class Service:
    """A web server of two workers without a supervisor, and its database with the demo community."""

    port: int
    pid: int
    cluster: Cluster
    #: A place inside each grid, and its code in the first edition.
    places: list[tuple[float, float]]
    codes: list[str]


@contextmanager
def serving() -> Iterator[Service]:
    """Run a web server of two workers on a demo community of its own."""
    with tempfile.TemporaryDirectory(prefix="gs-") as name:
        Path(name).chmod(0o755)
        cluster = Cluster(Path(name) / "data", free_port())
        settings = Settings(port=free_port(), workers=WORKERS)
        try:
            url = cluster.ensure()
            schema.upgrade(url)
            load_demo(url, lambda line: None)
            with psycopg.connect(url) as connection:
                rows = connection.execute(PLACES).fetchall()
            with subprocess.Popen(web_command(settings), env=web_environment(url)) as process:
                wait_until_answering(settings.host, settings.port, process)
                yield Service(
                    settings.port, process.pid, cluster, [(x, y) for x, y, _ in rows], [code for *_, code in rows]
                )
                process.terminate()
        finally:
            cluster.stop()


@contextmanager
def looking(service: Service) -> Iterator[Lookers]:
    """Have everybody look up meanwhile."""
    lookers = Lookers(service.port, service.places)
    lookers.start(LOOKERS, pause_s=0.002)
    try:
        time.sleep(0.5)
        yield lookers
        time.sleep(0.5)
    finally:
        lookers.stop()


def publish_many(service: Service, count: int, rest: Callable[[int], object]) -> list[tuple[int, float, float]]:
    """Publish so many editions, with a rest after each; return its id, and when its commit was asked for and done."""
    published = []
    with psycopg.connect(service.cluster.url) as connection:
        for number in range(count):
            if number % 50 == 49:
                _forget_old(connection)
            edition = publish_turned(connection, 1)
            began = time.monotonic()
            connection.commit()
            published.append((edition, began, time.monotonic()))
            rest(edition)
    return published


def _forget_old(connection: psycopg.Connection) -> None:
    """Shorten history: the database's own look-ups slow down with every edition over the same ground."""
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute("DELETE FROM geoservice.territory WHERE upper(valid) < now() - interval '5 s'")


def lags(looks: list[Look], published: list[tuple[int, float, float]]) -> list[float]:
    """Return for each answer of an edition that was over how long it had been so when it was asked."""
    over = {before: done for (before, _, _), (_, _, done) in pairwise(published)}
    return [one.began - over[one.editions[0]] for one in looks if one.began > over.get(one.editions[0], 1e18)]


def faults_in(service: Service, looks: list[Look], published: list[tuple[int, float, float]]) -> list[str]:
    """Return what is wrong with the answers: mixed editions, codes of another edition, editions not yet published."""
    asked = {edition: began for edition, began, _ in published}
    faults = []
    for one in looks:
        if len(one.editions) != 1 or one.editions[0] not in asked:
            faults.append(f"editions {one.editions}")
            continue
        expected = tuple(_code(service.codes[place], one.editions[0]) for place in one.places)
        if one.codes != expected:
            faults.append(f"edition {one.editions[0]}: {one.codes} instead of {expected}")
        if one.ended < asked[one.editions[0]]:
            faults.append(f"edition {one.editions[0]} before its commit")
    return faults


def _code(first: str, edition: int) -> str:
    return first if edition == 1 else turned(first, edition)


@contextmanager
def unannounced(service: Service) -> Iterator[None]:
    """Have no publication announced meanwhile, as when a notification is lost."""
    with psycopg.connect(service.cluster.url, autocommit=True) as connection:
        announce(connection, on=False)
        try:
            yield
        finally:
            announce(connection, on=True)


def first_edition(service: Service) -> tuple[int, float, float]:
    """Return the edition in force, as one that was published long ago."""
    with psycopg.connect(service.cluster.url) as connection:
        row = connection.execute("SELECT max(id) FROM geoservice.edition WHERE status = 'published'").fetchone()
    assert row is not None
    return (int(row[0]), 0.0, 0.0)


def wait_until_seen_by_all(lookers: Lookers, edition: int) -> None:
    """Wait until nobody is told of another edition any more."""

    def seen() -> bool:
        last = lookers.looks[-SEEN_BY_ALL:]
        return len(last) == SEEN_BY_ALL and all(one.editions == (edition,) for one in last)

    wait_until(seen, lambda: f"edition {edition} is seen by all, not {lookers.looks[-1].editions}")
