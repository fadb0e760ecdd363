"""Keys end after a year unless something else is said, and get another secret; lists tell what there is to know."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
import pytest
from click.testing import CliRunner, Result

from geoservice.cli.main import geoservice
from geoservice.services.accounts.sessions import SessionLimits, SessionService
from layers.db.session import Database

Command = Callable[..., Result]


@pytest.fixture
def command(community_url: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", community_url)

    def run(*words: str) -> Result:
        return CliRunner().invoke(geoservice, words)

    return run


def create(command: Command, *more: str) -> Result:
    return command("key", "create", "--role", "reader", "--label", "marked", "--jurisdiction", "sare", *more)


@pytest.mark.parametrize(("more", "days"), [((), 365), (("--days", "10"), 10), (("--no-end",), None)])
def test_a_key_ends_after_a_year_unless_something_else_is_said(
    command: Command, community_url: str, more: tuple[str, ...], days: int | None
) -> None:
    made = create(command, *more)
    assert made.exit_code == 0, made.output

    key = made.stdout.strip()
    assert key.startswith("grd_")
    with psycopg.connect(community_url) as connection:
        row = connection.execute(
            "SELECT round(extract(epoch FROM expires_at - created_at) / 86400)::integer,"
            " to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), created_by FROM geoservice.api_key WHERE id = %s",
            [key.split("_")[1]],
        ).fetchone()
    assert row is not None
    assert row[0] == days
    assert made.stderr.strip() == (f"It ends on {row[1]}." if days else "It never ends.")
    who = f"cli:{getpass.getuser()}"
    assert row[2] == who
    line = next(one for one in command("key", "list").output.splitlines() if one.startswith(key.split("_")[1]))
    assert f"by {who}, ends {row[1] or 'never'}" in line


def test_an_end_and_none_exclude_each_other(command: Command) -> None:
    refused = create(command, "--days", "10", "--no-end")
    assert (refused.exit_code, "exclude each other" in refused.output) == (2, True)


def test_the_list_of_accounts_tells_when_one_ends(command: Command) -> None:
    added = command("account", "add", "post-8", "--role", "reader", "--jurisdiction", "sare", "--days", "10")
    assert added.exit_code == 0, added.output
    line = next(one for one in command("account", "list").output.splitlines() if one.startswith("post-8"))
    assert f"by cli:{getpass.getuser()}, ends 20" in line


def line_of(command: Command, key: str) -> str:
    return next(one for one in command("key", "list").output.splitlines() if one.startswith(key.split("_")[1]))


def test_a_key_gets_another_secret_beside_the_one_before(command: Command) -> None:
    before = create(command).stdout.strip()

    made = command("key", "rotate", "marked", "--overlap", "12h")

    assert made.exit_code == 0, made.output
    after = made.stdout.strip()
    assert after.split("_")[:2] == before.split("_")[:2]
    assert after != before
    assert "It ends on 20" in made.stderr
    assert "The secret before is good until 20" in made.stderr
    assert "secret before until 20" in line_of(command, after)
    assert "never used" in line_of(command, after)
    refused = command("key", "rotate", "marked", "--overlap", "soon")
    assert (refused.exit_code, "write it as 30m, 12h or 7d" in refused.output) == (2, True)


def test_a_key_is_for_the_networks_that_are_named(command: Command) -> None:
    key = create(command, "--network", "10.1.0.0/16", "--network", "2001:db8::1").stdout.strip()

    assert "from 10.1.0.0/16, 2001:db8::1/128" in line_of(command, key)
    for wrong in ("10.1.0.1/16", "everywhere", "10.1.0.0/99", ""):
        refused = create(command, "--network", wrong)
        assert (refused.exit_code, "is no network" in refused.output) == (2, True)


def test_the_list_of_accounts_tells_who_signed_in_when(command: Command, community_url: str) -> None:
    first = command("account", "add", "post-8", "--role", "reader", "--jurisdiction", "sare").stdout.strip()

    def told() -> str:
        return next(one for one in command("account", "list").output.splitlines() if one.startswith("post-8"))

    assert "signed in never" in told()
    database = Database.connect(community_url, pool_size=1)
    SessionService(database, SessionLimits(3600, 3600)).sign_in("post-8", first, address=None)
    database.close()
    assert f"signed in {datetime.now(UTC):%Y-}" in told()


def grants_of(command: Command, key: str) -> list[list[str]]:
    """Return role, place and member of staff of each grant, as the list tells them."""
    lines = command("key", "list").output.splitlines()
    at = lines.index(line_of(command, key))
    beneath = [line.split()[:3] for line in lines[at + 1 :] if line.startswith(" ")]
    return beneath or [lines[at].split()[1:2]]


def test_a_key_is_granted_more_and_keeps_the_rest_when_that_is_taken_back(command: Command) -> None:
    key = create(command).stdout.strip()
    number = key.split("_")[1]

    given = command("key", "grant", "marked", "--role", "dispatcher", "--jurisdiction", "sare", "--days", "14")
    assert given.exit_code == 0, given.output
    assert given.output.startswith(f"The key {number} acts as dispatcher in sare. It ends on 20")
    officer = command("key", "grant", number, "--role", "officer", "--staff", "G03", "--jurisdiction", "sare")
    assert officer.output == f"The key {number} acts as officer in sare. It never ends.\n"
    assert grants_of(command, key) == [["reader", "sare", "-"], ["dispatcher", "sare", "-"], ["officer", "sare", "G03"]]

    for role in ("dispatcher", "officer"):
        taken = command("key", "revoke", number, "--role", role, "--jurisdiction", "sare")
        assert taken.output == f"The key {number} acts as {role} in sare no more.\n"
    assert grants_of(command, key) == [["reader"]]
    assert "in use" in line_of(command, key)


@pytest.mark.parametrize(
    ("words", "told", "code"),
    [
        (("grant", "marked", "--role", "reader", "--jurisdiction", "sare"), "granted there already", 1),
        (("grant", "marked", "--role", "officer", "--jurisdiction", "sare"), "say --staff CODE", 2),
        (("grant", "marked", "--role", "reader", "--jurisdiction", "none"), "none", 1),
        (("grant", "none", "--role", "reader", "--jurisdiction", "sare"), "no key in use", 1),
        (("revoke", "marked", "--role", "admin", "--jurisdiction", "sare"), "There is no grant as admin in sare", 1),
        (("revoke", "marked", "--role", "reader", "--everywhere"), "There is no grant as reader everywhere", 1),
        (("revoke", "marked", "--jurisdiction", "sare"), "Say --role, too", 2),
        (("revoke", "none", "--role", "reader", "--jurisdiction", "sare"), "no key in use", 1),
    ],
)  # fmt: skip
def test_what_can_not_be_given_to_a_key_or_taken_is_told(
    command: Command, words: tuple[str, ...], told: str, code: int
) -> None:  # fmt: skip
    key = create(command).stdout.strip()

    refused = command("key", *words)

    assert refused.exit_code == code
    assert told in refused.output or told in str(refused.exception)
    assert grants_of(command, key) == [["reader"]]
