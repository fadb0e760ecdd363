"""Accounts at the command line: made, listed, disabled, reset; refused in words; the demo's first administrator."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import psycopg
import pytest
from click.testing import CliRunner, Result

from geoservice.auth.model import Role
from geoservice.cli.main import geoservice
from geoservice.errors import GeoserviceError, StaffUnknown
from geoservice.services.accounts.account_errors import AccountDisabled, AccountTaken, AccountUnknown, SignInRefused
from geoservice.services.accounts.accounts import AccountService
from geoservice.services.accounts.second_factors import SecondFactorService
from geoservice.services.accounts.sessions import SessionLimits, SessionService
from geoservice.services.demo import ADMIN, load_demo
from layers.db.session import Database
from layers.errors import RefusedByDatabase
from tests.geoservice.services.accounts.desk import code_of

ONE_TIME = re.compile(r"([a-z0-9]{4}-){3}[a-z0-9]{4}")


@pytest.fixture(autouse=True)
def _settings(community_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", community_url)


@pytest.fixture
def community(community_url: str) -> Iterator[Database]:
    database = Database.connect(community_url, pool_size=2)
    yield database
    database.close()


@pytest.fixture
def sessions(community: Database) -> SessionService:
    return SessionService(community, SessionLimits(3600, 86_400))


def run(*words: str) -> Result:
    return CliRunner().invoke(geoservice, ["account", *words], catch_exceptions=False)


def said(*words: str) -> str:
    result = run(*words)
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def line_of(login: str) -> list[str]:
    return next(line for line in said("list").splitlines() if line.startswith(login)).split()


def test_the_life_of_an_account(sessions: SessionService) -> None:
    first = said("add", "desk-9", "--role", "dispatcher")
    assert ONE_TIME.fullmatch(first)
    assert line_of("desk-9")[1:7] == ["dispatcher", "to", "be", "signed", "in", "sare"]

    begun = sessions.sign_in("desk-9", first, address=None)
    session = sessions.change_password("desk-9", first, "ein neues wort 7", address=None)
    assert begun.must_change
    assert line_of("desk-9")[1:5] == ["dispatcher", "in", "use", "sare"]

    assert said("disable", "desk-9") == "The account desk-9 is disabled."
    assert said("disable", "desk-9") == "The account desk-9 was disabled already."
    assert line_of("desk-9")[2] == "disabled"
    assert sessions.find(session.secret) is None
    with pytest.raises(AccountDisabled):
        run("reset", "desk-9")
    assert sessions.sign_in("desk-9", said("reset", "desk-9", "--enable"), address=None).must_change


def test_a_second_factor_is_taken_off(sessions: SessionService, community: Database) -> None:
    first = said("add", "desk-9", "--role", "dispatcher")
    session = sessions.find(sessions.sign_in("desk-9", first, address=None).secret)
    assert session is not None
    factors = SecondFactorService(community)
    secret = factors.begin(session, first, address=None).secret
    factors.confirm("desk-9", secret, code_of(secret), keep=None)
    assert line_of("desk-9")[8] == "code"

    assert said("totp-reset", "desk-9") == "The account desk-9 has no second factor any more."
    assert line_of("desk-9")[8] == "-"
    assert said("totp-reset", "desk-9") == "The account desk-9 had none."


def test_a_link_is_made_and_taken_back(community_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said("add", "desk-9", "--role", "dispatcher")
    whom = ("--issuer", "https://id.example", "--subject", "7f3a")
    assert said("link", "desk-9", *whom) == "Whom https://id.example knows as 7f3a signs in as desk-9."
    with psycopg.connect(community_url) as connection:
        assert connection.execute("SELECT issuer, subject, login FROM geoservice.account_link").fetchall() == [
            ("https://id.example", "7f3a", "desk-9")
        ]

    assert said("unlink", "desk-9", *whom).endswith("no more.")
    assert "No such link" in run("unlink", "desk-9", *whom).output
    assert "Say --issuer" in run("link", "desk-9", "--subject", "7f3a").output
    monkeypatch.setenv("GEOSERVICE_OIDC_ISSUER", "https://id.example")
    monkeypatch.setenv("GEOSERVICE_OIDC_CLIENT_ID", "x")
    monkeypatch.setenv("GEOSERVICE_OIDC_CALLBACK", "https://here.example/signin/provider/back")
    assert said("link", "desk-9", "--subject", "7f3a").startswith("Whom https://id.example")


def test_officers_are_somebody_of_one_jurisdiction(sessions: SessionService) -> None:
    assert "say --staff CODE" in run("add", "post-1", "--role", "officer").output
    assert (
        "say --jurisdiction CODE" in run("add", "post-1", "--role", "officer", "--staff", "G01", "--everywhere").output
    )
    with pytest.raises(StaffUnknown):
        run("add", "post-1", "--role", "officer", "--staff", "nobody")

    secret = sessions.sign_in(
        "post-1", said("add", "post-1", "--role", "officer", "--staff", "G01"), address=None
    ).secret

    session = sessions.find(secret)
    assert session is not None
    assert session.identity.staff is not None
    assert session.identity.staff[1] == "G01"


def test_an_account_may_be_for_all_jurisdictions_and_for_some_days(sessions: SessionService) -> None:
    said("add", "watch", "--role", "auditor", "--everywhere", "--days", "30")

    assert line_of("watch")[1:7] == ["auditor", "to", "be", "signed", "in", "everywhere"]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("add", "admin", "--role", "admin"), AccountTaken),
        (("add", "Anna", "--role", "admin"), RefusedByDatabase),
        (("reset", "nobody"), AccountUnknown),
        (("disable", "nobody"), AccountUnknown),
    ],
)
def test_what_can_not_be_is_told(words: tuple[str, ...], error: type[GeoserviceError]) -> None:
    with pytest.raises(error):
        run(*words)


def test_loading_the_demo_again_makes_no_second_administrator_and_says_how_to_get_in(sessions: SessionService) -> None:
    shown = CliRunner().invoke(geoservice, ["demo", "load"], catch_exceptions=False).stdout

    assert (
        "sign in       admin; the password was shown when it was made. For a new one: geoservice account reset admin\n"
        in shown
    )
    begun = sessions.sign_in(ADMIN, said("reset", ADMIN), address=None)
    assert (begun.roles, begun.must_change) == ({Role.ADMIN}, True)


@pytest.mark.slow
def test_of_several_that_load_at_once_one_shows_a_password(
    community_url: str, community: Database, sessions: SessionService
) -> None:
    with psycopg.connect(community_url) as connection:
        connection.execute("DELETE FROM geoservice.account")
    passwords: list[str | None] = []
    loading = [
        threading.Thread(target=lambda: passwords.append(load_demo(community_url, lambda line: None).password))
        for _ in range(4)
    ]
    for one in loading:
        one.start()
    for one in loading:
        one.join()

    [password] = [one for one in passwords if one is not None]
    assert ONE_TIME.fullmatch(password)
    assert sessions.sign_in(ADMIN, password, address=None)
    with pytest.raises(SignInRefused):
        sessions.sign_in(ADMIN, "admin", address=None)
    assert len(AccountService(community).accounts()) == 2


def test_grants_are_given_listed_and_taken_back() -> None:
    said("add", "desk-9", "--role", "dispatcher")
    one = line_of("desk-9")

    told = said("grant", "desk-9", "--role", "analyst", "--days", "14")
    assert told.startswith("The account desk-9 acts as analyst in sare until 20")
    lines = said("list").splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("desk-9"))
    assert lines[at].split()[1:3] == ["2", "grants"]
    assert [line.split()[:2] for line in lines[at + 1 : at + 3]] == [["dispatcher", "sare"], ["analyst", "sare"]]
    assert "until 20" in lines[at + 2]

    assert said("revoke", "desk-9", "--role", "analyst") == "The account desk-9 acts as analyst in sare no more."
    assert line_of("desk-9") == one
    assert "There is no grant as analyst in sare" in run("revoke", "desk-9", "--role", "analyst").output


@pytest.mark.parametrize("words", [("grant", "none", "--role", "reader"), ("revoke", "none", "--role", "reader")])
def test_whom_nobody_knows_is_granted_nothing(words: tuple[str, ...]) -> None:
    with pytest.raises(AccountUnknown):
        run(*words)
