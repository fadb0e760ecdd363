"""A town in a database of its own, and people with logins who reach it straight, as QGIS and psql do."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import Connection, sql
from sqlalchemy import make_url

from tests.conftest import DatabaseMaker
from tests.factories import make_draft, make_town


@dataclass(frozen=True)
class OpenTown:
    """A town in force (edition 1), a draft of its grids (edition 2), and a login in each group."""

    url: str
    jurisdiction_id: int
    published: int
    draft: int
    analyst: str
    reader: str
    password: str

    @property
    def address(self) -> dict[str, str]:
        """Return host, port and dbname for a login."""
        url = make_url(self.url)
        host = str(url.query.get("host", url.host))
        return {
            "host": "127.0.0.1" if host.startswith("/") else host,
            "port": str(url.query.get("port", url.port or 5432)),
            "dbname": str(url.database),
        }

    @contextmanager
    def as_login(self, login: str) -> Iterator[Connection[Any]]:
        """Connect as a login; what is not committed is rolled back."""
        with psycopg.connect(**self.address, user=login, password=self.password) as connection:  # type: ignore[arg-type]
            yield connection
            connection.rollback()


@contextmanager
def open_town(cluster_url: str, template: str) -> Iterator[OpenTown]:
    """Make a town with its logins, and take all away at the end."""
    maker = DatabaseMaker(cluster_url)
    url = maker.clone(template)
    with psycopg.connect(url) as connection:
        town = make_town(connection)
        draft = make_draft(connection, town.jurisdiction_id)
    password = secrets.token_hex()
    logins = {group: f"{group}_{os.getpid()}_{secrets.token_hex(3)}" for group in ("analyst", "reader")}
    with psycopg.connect(cluster_url, autocommit=True) as admin:
        for group, login in logins.items():
            create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE {}")
            admin.execute(
                create.format(
                    *map(sql.Identifier, [login]), sql.Literal(password), sql.Identifier(f"geoservice_{group}")
                )
            )
        with psycopg.connect(url) as connection:
            for login in logins.values():
                connection.execute("INSERT INTO geoservice.login_grant (login) VALUES (%s)", [login])
        yield OpenTown(url, town.jurisdiction_id, town.edition_id, draft, logins["analyst"], logins["reader"], password)
        maker.drop_all()
        for login in logins.values():
            admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(login)))
