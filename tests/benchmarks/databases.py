"""Databases to measure with: a cluster that is given or a scratch one, and databases of one's own in it."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from geoservice.embedded.cluster import Cluster
from geoservice.embedded.cluster_errors import EmbeddedError
from geoservice.services import schema
from tests.benchmarks.measuring import LeftOut
from tests.conftest import free_port, with_database

_numbers = itertools.count(1)


@contextmanager
def some_cluster() -> Iterator[str]:
    """Yield a superuser's URL: of GEOSERVICE_TEST_DATABASE_URL, else of a cluster that lives as long as this.

    Raises: LeftOut.
    """
    given = os.environ.get("GEOSERVICE_TEST_DATABASE_URL")
    if given:
        yield given
        return
    directory = Path(tempfile.mkdtemp(prefix="geoservice-bench-"))
    directory.chmod(0o755)  # the service account must be able to walk through
    try:
        cluster, url = _started(directory)
        try:
            yield url
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _started(directory: Path) -> tuple[Cluster, str]:
    try:
        cluster = Cluster(directory, free_port())
        return cluster, cluster.ensure()
    except EmbeddedError as exc:
        raise LeftOut(f"no database: {exc}".rstrip(".")) from exc


@contextmanager
def some_database(cluster_url: str) -> Iterator[str]:
    """Yield the URL of a new migrated database, dropped at the end."""
    name = f"geoservice_bench_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(cluster_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        url = with_database(cluster_url, name)
        schema.upgrade(url)
        yield url
    finally:
        with psycopg.connect(cluster_url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def versions(url: str) -> dict[str, str]:
    """Return what the figures of the database depend on."""
    query = "SELECT current_setting('server_version'), public.postgis_lib_version(), public.postgis_geos_version()"
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return {"PostgreSQL": row[0].split()[0], "PostGIS": row[1], "GEOS of PostGIS": row[2]}
