"""A publication by the service while somebody holds what it is to move."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
from psycopg import sql

from geoservice.services.editions import EditionService
from layers.db.session import Database
from tests import places
from tests.factories import (
    make_building,
    make_camera,
    make_draft,
    make_edition,
    make_jurisdiction,
    select_one,
    validate,
)
from tests.publishing import wait_for_locks


def test_a_publication_and_a_writer_who_wait_for_each_other_both_get_through(
    database_url: str, database: Database
) -> None:
    with psycopg.connect(database_url) as connection:
        jurisdiction = make_jurisdiction(connection, outline=places.multi(places.area(0, 0, 10, 10)))
        make_edition(connection, jurisdiction, {"A": places.area(0, 0, 3, 10), "B": places.area(3, 0, 10, 10)})
        make_building(connection, jurisdiction, geom=places.area(3.4, 1, 3.6, 2))
    with psycopg.connect(database_url) as connection:
        draft = make_draft(connection, jurisdiction, {"A": places.area(0, 0, 4, 10), "B": places.area(4, 0, 10, 10)})
        validate(connection, draft)

    with psycopg.connect(database_url, autocommit=True) as connection:
        # Who waits looks for a deadlock once, after so long: the publication while the writer, if slow, waits too.
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("ALTER DATABASE {} SET deadlock_timeout = '3s'").format(name))
    with psycopg.connect(database_url, options="-c deadlock_timeout=1min") as writer, ThreadPoolExecutor(1) as pool:
        writer.execute("UPDATE geoservice.building SET name = 'being edited'")
        publishing = pool.submit(EditionService(database).publish, draft)
        wait_for_locks(database_url, 1)
        make_camera(writer, jurisdiction, places.CENTRE)
        writer.commit()

        assert publishing.result(20).edition.status == "published"
    with psycopg.connect(database_url) as connection:
        assert select_one(connection, "SELECT grid_code FROM geoservice.building") == "A"
        assert select_one(connection, "SELECT grid_code FROM geoservice.camera") == "A"
