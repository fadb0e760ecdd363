"""The embedded database on a real PostgreSQL: made whole, reached by the right people, refused in clear words."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from geoservice.embedded.cluster import Cluster
from geoservice.embedded.cluster_errors import (
    AccountUnknown,
    DatabasePortTaken,
    DataDirRefused,
    DataDirUnreachable,
    DiskFull,
    OtherMajorVersion,
    SocketPathTooLong,
)
from geoservice.embedded.config import SERVICE_LOGIN
from tests.waiting import wait_until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="root steps down to an account; nobody else can")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def place() -> Iterator[Path]:
    # pytest's own tmp_path is closed to the account that root steps down to.
    with tempfile.TemporaryDirectory(prefix="gs-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def running() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="gs-") as name:
        Path(name).chmod(0o755)
        cluster = Cluster(Path(name) / "data", free_port())
        cluster.ensure()
        yield cluster
        cluster.stop()


def setting(cluster: Cluster, name: str) -> str:
    with psycopg.connect(cluster.url) as connection:
        row = connection.execute("select current_setting(%s)", (name,)).fetchone()
    assert row is not None
    return str(row[0])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("data_checksums", "on"),
        ("server_encoding", "UTF8"),
        ("lc_collate", "C.UTF-8"),
        ("listen_addresses", "127.0.0.1"),
        ("jit", "off"),
        ("max_connections", "100"),
    ],
)
def test_settings_that_others_rely_on(running: Cluster, name: str, value: str) -> None:
    assert setting(running, name) == value


def test_postgis_can_be_created_by_the_superuser(running: Cluster) -> None:
    with psycopg.connect(running.url, autocommit=True) as connection:
        connection.execute("create extension if not exists postgis")
        row = connection.execute("select st_astext(st_point(91.77, 29.24)), current_user").fetchone()

    assert row == ("POINT(91.77 29.24)", "geoservice")


def test_tcp_wants_the_password_of_the_password_file(running: Cluster) -> None:
    password = running.layout.password_file.read_text().strip()

    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(running.tcp_url, password="wrong")
    psycopg.connect(running.tcp_url, password=password).close()


def test_files_are_closed_to_others(running: Cluster) -> None:
    layout = running.layout

    for path, mode in ((layout.socket_dir, 0o700), (layout.database, 0o700), (layout.password_file, 0o600)):
        assert stat.S_IMODE(path.stat().st_mode) == mode


@as_root
def test_another_account_cannot_log_in_even_where_the_directory_was_opened(running: Cluster) -> None:
    running.layout.socket_dir.chmod(0o755)
    (running.layout.socket_dir / f".s.PGSQL.{running.port}").chmod(0o777)
    code = (
        "import socket, struct, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
        "b = b'user\\0geoservice\\0database\\0postgres\\0\\0';"
        "s.sendall(struct.pack('!II', 8 + len(b), 196608) + b); print(s.recv(400))"
    )
    path = str(running.layout.socket_dir / f".s.PGSQL.{running.port}")

    said = subprocess.run(
        ["/usr/bin/python3", "-c", code, path], user="nobody", cwd="/", capture_output=True, check=False
    )
    running.layout.socket_dir.chmod(0o700)

    assert b"Peer authentication failed" in said.stdout, said.stderr


def test_starting_again_uses_the_running_server(running: Cluster) -> None:
    before = running.postmaster()

    after = Cluster(running.layout.data_dir, running.port).start()

    assert after == before


def test_ensure_is_repeatable(running: Cluster) -> None:
    assert running.ensure() == running.ensure() == running.url


def test_variables_of_the_users_own_databases_do_not_leak_in(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PGPORT": "1", "PGDATA": "/nonexistent", "PGHOST": "nowhere", "LC_ALL": "tr_TR"}.items():
        monkeypatch.setenv(name, value)
    cluster = Cluster(place / "data", free_port())

    cluster.ensure()
    cluster.stop()

    assert cluster.postmaster() is None


def test_a_path_with_blanks_quotes_and_chinese(place: Path) -> None:
    cluster = Cluster(place / "网格 it's & 100%", free_port())

    with psycopg.connect(cluster.ensure()) as connection:
        row = connection.execute("select 1").fetchone()
    cluster.stop()

    assert row == (1,)


def test_changed_port_moves_the_running_server(place: Path) -> None:
    old = Cluster(place / "data", free_port())
    old.ensure()
    new = Cluster(place / "data", free_port())

    new.start()

    psycopg.connect(new.url).close()
    assert new.status().port == new.port
    new.stop()


def test_stopping_what_does_not_run_is_no_error(place: Path) -> None:
    cluster = Cluster(place / "data", free_port())
    cluster.stop()

    cluster.create()
    cluster.stop()

    assert not cluster.status().running


def test_socket_path_too_long_is_said_before_anything_is_made(place: Path) -> None:
    deep = place / ("d" * 90)

    with pytest.raises(SocketPathTooLong, match="longer than a Unix socket") as caught:
        Cluster(deep, 5432).create()

    assert "GEOSERVICE_DATA_DIR" in caught.value.advice()
    assert not deep.exists()


def test_taken_port_names_the_setting(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        cluster = Cluster(place / "data", squatter.getsockname()[1])
        cluster.create()

        with pytest.raises(DatabasePortTaken) as caught:
            cluster.start()

    assert "GEOSERVICE_DATABASE_PORT" in caught.value.advice()
    assert cluster.postmaster() is None


def test_other_major_version_is_refused_with_instructions(place: Path) -> None:
    cluster = Cluster(place / "data", free_port())
    cluster.create()
    cluster.layout.version_file.write_text("9\n")

    with pytest.raises(OtherMajorVersion) as caught:
        cluster.ensure()

    assert "postgresql-9-postgis-3" in caught.value.advice()
    assert cluster.layout.version_file.read_text() == "9\n"


def test_foreign_files_are_never_taken_for_ours(place: Path) -> None:
    foreign = place / "data" / "database"
    foreign.mkdir(parents=True)
    (foreign / "thesis.txt").write_text("years of work")

    with pytest.raises(DataDirRefused, match="no database"):
        Cluster(place / "data", free_port()).create()

    assert (foreign / "thesis.txt").read_text() == "years of work"


def test_killed_creation_leaves_nothing_that_looks_like_a_database(place: Path) -> None:
    code = "import sys; from geoservice.embedded.cluster import Cluster; Cluster(sys.argv[1], 5432).create()"
    maker = subprocess.Popen([sys.executable, "-c", code, str(place / "data")])
    wait_until(lambda: any((place / "data").glob("database.new-*/database/PG_VERSION")), "a database is half made")
    maker.kill()
    maker.wait()
    cluster = Cluster(place / "data", free_port())
    assert cluster.status().made_by is None

    cluster.ensure()
    cluster.stop()

    assert not any((place / "data").glob("database.new-*/database/PG_VERSION"))


@as_root
def test_closed_parent_is_named(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)

    with pytest.raises(DataDirUnreachable) as caught:
        Cluster(closed / "data", free_port()).create()

    assert f"chmod a+x {closed}" in caught.value.advice()


@as_root
@pytest.mark.parametrize("account", ["nobody-of-this-name", "root"])
def test_unusable_account_names_the_setting(place: Path, account: str) -> None:
    with pytest.raises(AccountUnknown) as caught:
        Cluster(place / "data", free_port(), account).create()

    assert "GEOSERVICE_SERVICE_ACCOUNT" in caught.value.advice()


@as_root
def test_database_of_another_account_is_refused(place: Path) -> None:
    cluster = Cluster(place / "data", free_port())
    cluster.create()

    with pytest.raises(DataDirRefused, match="owned by"):
        Cluster(place / "data", cluster.port, "nobody").start()


@as_root
def test_full_disk_is_called_so_and_leaves_no_half_database(place: Path) -> None:
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m,mode=755", "tmpfs", place], check=False)
    if mount.returncode != 0:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        with pytest.raises(DiskFull):
            Cluster(place / "data", free_port()).create()
        assert not (place / "data" / "database").exists()
    finally:
        subprocess.run(["umount", "-l", place], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("runs", [True, False])
def test_a_database_of_an_earlier_release_lets_in_the_login_that_serves(place: Path, runs: bool) -> None:
    """It knew the superuser alone; a line of somebody's own stays."""
    cluster = Cluster(place / "data", free_port())
    cluster.ensure()
    try:
        with psycopg.connect(cluster.url, autocommit=True) as connection:
            connection.execute(f"create role {SERVICE_LOGIN} login".encode())
            known = cluster.layout.login_map.read_text().splitlines(keepends=True)
            before = "".join(line for line in known if SERVICE_LOGIN not in line) + "own  me  somebody\n"
            cluster.layout.login_map.write_text(before)
            connection.execute("select pg_reload_conf()")
        wait_until(lambda: not lets_in(cluster.service_url), "it is as it was")
        if not runs:
            cluster.stop()

        cluster.start()

        wait_until(lambda: lets_in(cluster.service_url), "it is let in")
        assert cluster.layout.login_map.read_text().startswith(before)
        assert lets_in(cluster.url)
    finally:
        cluster.stop()


def lets_in(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True
