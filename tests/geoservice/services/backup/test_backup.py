"""A database copied into a file and back: every row of every table, by whoever owns it and by nobody else."""

from __future__ import annotations

import itertools
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from geoservice.auth.model import LoginRole
from geoservice.embedded import find
from geoservice.embedded.cluster_errors import ClientTooOld
from geoservice.services.backup import dumping, restoring
from geoservice.services.backup.archive import read_manifest, verify
from geoservice.services.backup.errors import (
    BackupNotByOwner,
    BackupOfNewerServer,
    BackupOfNewerVersion,
    BackupThere,
    DatabaseNotEmpty,
    RestoreDiffers,
)
from geoservice.services.backup.manifest import Manifest
from geoservice.services.logins import LoginLimits, grant_login, revoke_login
from geoservice.services.openings import find_openings
from geoservice.services.preparing import prepare_database
from geoservice.services.schema import check
from geoservice.settings import DatabaseUrls
from tests.conftest import as_service, with_database
from tests.factories import make_town
from tests.geoservice.services.backup.rows import hashes_of
from tests.geoservice.services.test_own_postgis import urls
from tests.migrations.catalogue_of import describe, differences
from tests.own_layers import one_of_each

__all__ = ["urls"]
_numbers = itertools.count(1)


@pytest.fixture
def empty_url(cluster_url: str) -> Iterator[str]:
    """Return the superuser's URL of a database with nothing in it."""
    name = sql.Identifier(f"restored_{os.getpid()}_{next(_numbers)}")
    with psycopg.connect(cluster_url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
        yield with_database(cluster_url, name.as_string(None).strip('"'))
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture
def backup(community_url: str, tmp_path: Path) -> Path:
    dumping.back_up(community_url, tmp_path / "town.backup")
    return tmp_path / "town.backup"


def restored(url: str, file: Path, workshop: Path) -> restoring.Restored:
    workshop.mkdir(exist_ok=True)
    extracted = restoring.extract(file, workshop, lambda count: None)
    return restoring.restore(DatabaseUrls(as_service(url), url), extracted)


def altered(file: Path, **values: object) -> restoring.Extracted:
    """Return a backup whose manifest says something else."""
    extracted = restoring.extract(file, file.parent / "altered", lambda count: None)
    return restoring.Extracted(extracted.manifest.model_copy(update=values), extracted.dump)


def without_brackets(described: dict[str, str]) -> dict[str, str]:
    """Of `(a AND b) AND c`, read again from its own text, PostgreSQL makes `a AND b AND c`."""
    return {name: re.sub(r"[()\s]", "", text) for name, text in described.items()}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path) -> None:
    (tmp_path / "altered").mkdir()


def test_every_row_of_every_table_comes_back(community_url: str, empty_url: str, backup: Path, tmp_path: Path) -> None:
    before = hashes_of(community_url)
    assert before["geoservice.incident"][0] == 286

    told = restored(empty_url, backup, tmp_path / "w")

    assert hashes_of(empty_url) == before
    manifest = read_manifest(backup)
    assert manifest.tables == {table: rows for table, (rows, _) in before.items()}
    assert (told.tables, told.rows) == (len(before), sum(rows for rows, _ in before.values()))


def test_the_schema_comes_back_with_own_layers_and_nothing_stands_open(
    community_url: str, empty_url: str, tmp_path: Path
) -> None:
    """Conditions of triggers are dumped without the schema of some operators: each is found again."""
    with psycopg.connect(community_url) as connection:
        one_of_each(connection)
    dumping.back_up(community_url, tmp_path / "town.backup")

    restored(empty_url, tmp_path / "town.backup", tmp_path / "w")

    check(empty_url)
    with psycopg.connect(community_url) as one, psycopg.connect(empty_url) as other:
        assert differences(without_brackets(describe(one)), without_brackets(describe(other))) == []
    assert find_openings(as_service(empty_url)) == []


def test_a_backup_is_one_file_for_its_owner_alone_and_leaves_nothing_beside_it(backup: Path, tmp_path: Path) -> None:
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {backup.name, "altered"}
    assert verify(backup) == read_manifest(backup)


def test_a_backup_replaces_nothing_unless_that_is_said(community_url: str, backup: Path) -> None:
    before = backup.read_bytes()

    with pytest.raises(BackupThere):
        dumping.back_up(community_url, backup)
    assert backup.read_bytes() == before

    dumping.back_up(community_url, backup, replace=True)
    assert backup.read_bytes() != before


def under_policies(url: str) -> str:
    return as_service(url)


def of_an_analyst(url: str) -> str:
    name = f"anna_{os.getpid()}"
    password = grant_login(url, name, LoginRole.ANALYST, LoginLimits(4, 60, 60), jurisdiction="sare")
    made = psycopg.conninfo.conninfo_to_dict(url)
    with psycopg.connect(url) as connection:
        port = connection.info.port
    return f"postgresql://{name}:{password}@127.0.0.1:{port}/{made['dbname']}"


@pytest.mark.parametrize("login", [under_policies, of_an_analyst])
def test_whoever_is_under_row_policies_makes_no_backup(
    community_url: str, tmp_path: Path, login: Callable[[str], str]
) -> None:
    try:
        with pytest.raises(BackupNotByOwner):
            dumping.back_up(login(community_url), tmp_path / "part.backup")
    finally:
        if login is of_an_analyst:
            revoke_login(community_url, f"anna_{os.getpid()}")

    assert [path.name for path in tmp_path.iterdir()] == ["altered"]


def test_a_login_that_sees_a_part_of_the_rows_is_stopped_by_the_policy_itself(
    community_url: str, tmp_path: Path
) -> None:
    """It may read every table and every sequence, and policies would filter what it reads."""
    name = sql.Identifier(f"half_{os.getpid()}")
    with psycopg.connect(community_url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x' IN ROLE pg_read_all_data").format(name))
        try:
            parts = psycopg.conninfo.conninfo_to_dict(community_url)
            url = f"postgresql://half_{os.getpid()}:x@127.0.0.1:{admin.info.port}/{parts['dbname']}"
            with pytest.raises(BackupNotByOwner):
                dumping.back_up(url, tmp_path / "half.backup")
        finally:
            admin.execute(sql.SQL("DROP ROLE {}").format(name))

    assert not (tmp_path / "half.backup").exists()


def test_a_program_older_than_the_server_is_refused(
    community_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old").mkdir()
    for program in find.CLIENT_PROGRAMS:
        (tmp_path / "old" / program).write_text(f"#!/bin/sh\necho '{program} (PostgreSQL) 12.22'\n")
        (tmp_path / "old" / program).chmod(0o755)
    monkeypatch.setattr(find, "BIN_PATTERNS", ())
    monkeypatch.setenv("PATH", str(tmp_path / "old"))

    with pytest.raises(ClientTooOld) as refused:
        dumping.back_up(community_url, tmp_path / "town.backup")

    assert "present: 12" in str(refused.value)
    assert "postgresql-client-" in refused.value.advice()
    assert not (tmp_path / "town.backup").exists()


def test_a_database_that_is_not_empty_is_left_as_it_is(database_url: str, backup: Path, tmp_path: Path) -> None:
    before = hashes_of(database_url)

    with pytest.raises(DatabaseNotEmpty):
        restored(database_url, backup, tmp_path / "w")

    assert hashes_of(database_url) == before


def test_a_newer_revision_is_refused(backup: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restoring.schema, "known_revisions", lambda: frozenset({"0000"}))

    with pytest.raises(BackupOfNewerVersion, match="0001"):
        restoring.extract(backup, backup.parent / "altered", lambda count: None)


def test_a_newer_server_is_refused_before_anything_is_written(empty_url: str, backup: Path) -> None:
    newer = altered(backup, server_version=990_000)

    with pytest.raises(BackupOfNewerServer):
        restoring.restore(DatabaseUrls(as_service(empty_url), empty_url), newer)

    assert hashes_of(empty_url) == {}


def test_rows_that_are_not_as_in_the_manifest_are_named(empty_url: str, backup: Path) -> None:
    told: Manifest = read_manifest(backup)
    more = altered(backup, tables=told.tables | {"geoservice.incident": 287, "geoservice.lost": 3})

    with pytest.raises(RestoreDiffers) as differs:
        restoring.restore(DatabaseUrls(as_service(empty_url), empty_url), more)

    assert differs.value.differences == {"geoservice.incident": (287, 286), "geoservice.lost": (3, None)}
    assert "geoservice.incident: 287 rows in the manifest, 286 rows restored" in str(differs.value)


@pytest.mark.slow
def test_a_role_that_something_is_granted_to_by_name_is_made_and_told(
    community_url: str, empty_url: str, tmp_path: Path
) -> None:
    """A backup of another cluster names roles that are not here."""
    name = f"readers_of_{os.getpid()}"
    file = tmp_path / "town.backup"
    with psycopg.connect(community_url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(name)))
        admin.execute(sql.SQL("GRANT SELECT ON geoservice.grid TO {}").format(sql.Identifier(name)))
        dumping.back_up(community_url, file)
        assert read_manifest(file).roles == (name,)
        admin.execute(sql.SQL("DROP OWNED BY {}; DROP ROLE {}").format(*[sql.Identifier(name)] * 2))

    told = restored(empty_url, file, tmp_path / "w")

    assert told.roles == (name,)
    with psycopg.connect(empty_url, autocommit=True) as admin:
        row = admin.execute("SELECT rolcanlogin FROM pg_roles WHERE rolname = %s", [name]).fetchone()
        admin.execute(sql.SQL("DROP OWNED BY {}; DROP ROLE {}").format(*[sql.Identifier(name)] * 2))
    assert row == (False,)


@pytest.fixture
def second(urls: DatabaseUrls, cluster_url: str) -> Iterator[DatabaseUrls]:
    """Return the addresses of an empty database of the same owner, who is no superuser; its extensions are made."""
    owner, name = make_url(urls.owner).username, f"second_{os.getpid()}"
    with psycopg.connect(cluster_url, autocommit=True) as admin:
        both = [sql.Identifier(name), sql.Identifier(str(owner))]
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(*both))
        with psycopg.connect(with_database(cluster_url, name)) as inside:
            inside.execute("CREATE EXTENSION postgis; CREATE EXTENSION btree_gist")
        yield DatabaseUrls(with_database(urls.service, name), with_database(urls.owner, name))
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(both[0]))


@pytest.mark.slow
def test_an_owner_who_is_no_superuser_backs_up_and_restores(
    urls: DatabaseUrls, second: DatabaseUrls, cluster_url: str, tmp_path: Path
) -> None:
    prepare_database(urls)
    with psycopg.connect(with_database(cluster_url, str(make_url(urls.owner).database)), autocommit=True) as admin:
        admin.execute("SELECT geoservice.close_locks()")
        make_town(admin)
    dumping.back_up(urls.owner, tmp_path / "town.backup")
    (tmp_path / "w").mkdir()
    extracted = restoring.extract(tmp_path / "town.backup", tmp_path / "w", lambda count: None)

    restoring.restore(second, extracted)

    assert hashes_of(second.owner) == hashes_of(urls.owner)
    told = find_openings(second.service)
    assert any("make reports wait" in one.what for one in told), "an administrator closes that, as is told"


@pytest.mark.slow
def test_a_superusers_backup_comes_back_under_an_owner_who_is_none(
    second: DatabaseUrls, backup: Path, community_url: str, tmp_path: Path
) -> None:
    (tmp_path / "w").mkdir()

    restoring.restore(second, restoring.extract(backup, tmp_path / "w", lambda count: None))

    assert hashes_of(second.owner) == hashes_of(community_url)
