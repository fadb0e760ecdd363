"""A PostGIS of one's own whose owner is no superuser: prepared by two addresses, closed by the lines that are told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql
from sqlalchemy import make_url, text

from geoservice.cli.advice import ADVICE
from geoservice.errors import in_words
from geoservice.services.openings import find_openings
from geoservice.services.preparing import OwnerNeeded, prepare_database
from geoservice.settings import DatabaseUrls
from layers.db.session import Database
from tests.conftest import with_database
from tests.factories import make_draft, make_town, select_one, validate

REPORT = text("""
    INSERT INTO geoservice.incident (service_code, geom)
    SELECT 'light', st_pointonsurface(geom) FROM geoservice.grid LIMIT 1 RETURNING grid_code
""")
PUBLISH = text("SELECT geoservice.publish_edition(:draft)")


@pytest.fixture
def urls(cluster_url: str) -> Iterator[DatabaseUrls]:
    """Return the addresses of a new database that a login owns which may make roles and no more."""
    names = {who: f"{who}_{os.getpid()}" for who in ("gis", "owner", "serves")}
    database, owner = sql.Identifier(names["gis"]), sql.Identifier(names["owner"])
    with psycopg.connect(cluster_url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEROLE PASSWORD 'geheim'").format(owner))
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, owner))
        with psycopg.connect(with_database(cluster_url, names["gis"])) as inside:
            inside.execute("CREATE EXTENSION postgis; CREATE EXTENSION btree_gist")
        # Over TCP, as in another house: the socket lets in nobody but our own accounts.
        host = "127.0.0.1" if admin.info.host.startswith("/") else admin.info.host
        there = make_url(cluster_url).set(host=host, port=admin.info.port, database=names["gis"], query={})
        yield DatabaseUrls(
            there.set(username=names["serves"], password="geheim2").render_as_string(hide_password=False),
            there.set(username=names["owner"], password="geheim").render_as_string(hide_password=False),
        )
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))
        for who in ("serves", "owner"):
            admin.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(names[who])))


@pytest.fixture
def admin(cluster_url: str, urls: DatabaseUrls) -> Iterator[Connection[Any]]:
    """Return its administrator's connection."""
    with psycopg.connect(with_database(cluster_url, str(make_url(urls.owner).database)), autocommit=True) as connection:
        yield connection


def test_it_is_prepared_serves_and_is_closed_by_what_is_told(urls: DatabaseUrls, admin: Connection[Any]) -> None:
    for _ in range(2):
        prepare_database(urls)
    told = find_openings(urls.service)
    assert any("make reports wait" in one.what for one in told)

    for one in told:
        for statement in one.statements:
            admin.execute(statement.encode())
    prepare_database(urls)  # the owner takes locks of his own still

    assert find_openings(urls.service) == []
    town = make_town(admin)
    draft = make_draft(admin, town.jurisdiction_id)
    validate(admin, draft)
    database = Database.connect(urls.service, pool_size=2)
    try:
        with database.transaction() as connection:
            assert connection.execute(REPORT).scalar_one() is not None
            connection.execute(PUBLISH, {"draft": draft})
    finally:
        database.close()
    assert select_one(admin, "SELECT status FROM geoservice.edition WHERE id = %s", draft) == "published"


def test_whoever_prepares_with_the_login_that_serves_is_told_which_is_needed(
    urls: DatabaseUrls, admin: Connection[Any]
) -> None:
    prepare_database(urls)
    admin.execute("SELECT geoservice.close_locks()")

    with pytest.raises(OwnerNeeded) as refused:
        prepare_database(DatabaseUrls(urls.service, urls.service))

    assert "GEOSERVICE_DATABASE_OWNER_URL" in (in_words(refused.value, ADVICE) or "")


def test_with_one_address_it_serves_and_says_that_the_owner_does(urls: DatabaseUrls) -> None:
    one = DatabaseUrls(urls.owner, urls.owner)
    prepare_database(one)

    database = Database.connect(one.service, pool_size=1)
    with database.transaction() as connection:
        connection.execute(text("SELECT FROM geoservice.jurisdiction"))
    database.close()

    assert any("GEOSERVICE_DATABASE_OWNER_URL" in opening.sentence() for opening in find_openings(one.service))
