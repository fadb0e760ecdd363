"""Keys end after a year unless something else is said; lists tell who made them and when they end."""

from __future__ import annotations

import getpass
from collections.abc import Callable

import psycopg
import pytest
from click.testing import CliRunner, Result

from geoservice.cli.main import geoservice

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
