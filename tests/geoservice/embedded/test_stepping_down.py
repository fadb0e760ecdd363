"""Root gives root up: as whom servers run, and that what they write to becomes theirs and nothing else does."""

from __future__ import annotations

import os
import pwd
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from geoservice.embedded.account import account_to_run_as
from geoservice.embedded.stepping_down import ServerAccount, server_account

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="root steps down to an account; nobody else can")
NOBODY = pwd.getpwnam("nobody").pw_uid


@pytest.fixture
def place() -> Iterator[Path]:
    # pytest's own tmp_path is closed to the account that root steps down to.
    with tempfile.TemporaryDirectory(prefix="gs-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def nobody() -> ServerAccount:
    return ServerAccount(account_to_run_as("nobody"))


def test_whoever_stepped_down_can_not_step_up_again() -> None:
    code = (
        "import os; from geoservice.embedded.account import account_to_run_as\n"
        "from geoservice.embedded.stepping_down import ServerAccount\n"
        "ServerAccount(account_to_run_as('nobody')).become(); print(os.getresuid())\n"
        "try: os.setuid(0)\n"
        "except PermissionError: print('refused')"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert said.split("\n")[:2] == [str((NOBODY,) * 3), "refused"]


@pytest.mark.parametrize("name", ["no_such_account", "root"])
def test_without_an_account_root_stays_and_says_so(name: str) -> None:
    found = server_account(name)

    assert found.account is None
    assert "GEOSERVICE_SERVICE_ACCOUNT" in found.warning


def test_where_the_account_can_not_read_the_service_root_stays_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(prefix="gs-") as closed:
        monkeypatch.setattr("geoservice.embedded.stepping_down._PACKAGE", Path(closed) / "__init__.py")

        found = server_account("nobody")

    assert found.account is None
    assert closed in found.warning


def test_what_the_servers_write_to_becomes_theirs_with_what_is_there(place: Path, nobody: ServerAccount) -> None:
    store = place / "tiles" / "tiles.sqlite"
    for _ in range(2):  # made, and there already
        nobody.hand_over(store, data_dir=place)
        assert {path.stat().st_uid for path in (store.parent, store)} == {NOBODY}
        os.chown(store.parent, 0, 0)
        os.chown(store, 0, 0)
    nobody.hand_over(store, data_dir=place)

    with sqlite3.connect(store) as connection:  # as a command that root types does
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (id integer)")
        assert {file.stat().st_uid for file in store.parent.iterdir()} == {NOBODY}
        assert len(list(store.parent.iterdir())) == 3


def test_what_was_laid_there_stays_whose_it_is(place: Path, nobody: ServerAccount) -> None:
    theirs = place / "passwd"
    theirs.write_text("root's")
    store = place / "tiles" / "tiles.sqlite"
    store.parent.mkdir()
    store.symlink_to(theirs)
    os.link(theirs, store.with_name("tiles.sqlite-wal"))

    nobody.hand_over(store, data_dir=place)

    assert theirs.stat().st_uid == 0


def test_a_directory_elsewhere_stays_whose_it_is(place: Path, nobody: ServerAccount) -> None:
    elsewhere = place / "cache"
    elsewhere.mkdir()

    nobody.hand_over(elsewhere / "tiles.sqlite", data_dir=place / "data")

    assert elsewhere.stat().st_uid == 0
    assert (elsewhere / "tiles.sqlite").stat().st_uid == NOBODY
