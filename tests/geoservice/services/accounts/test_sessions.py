"""Signing in: sessions begin, are known again and end; whoever guesses learns nothing and waits."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import event

from geoservice.auth import passwords
from geoservice.auth.attempts import FREE_OF_NAME, FREE_OF_NETWORK
from geoservice.auth.model import Home, Identity, Role
from geoservice.auth.passwords import PasswordUnfit
from geoservice.auth.sessions import secret_sha256
from geoservice.services.accounts import attempts
from geoservice.services.accounts.account_errors import (
    AccountDisabled,
    AccountTaken,
    AccountUnknown,
    SignInMustWait,
    SignInRefused,
)
from geoservice.services.accounts.sessions import SessionService
from layers.db.session import Database
from layers.errors import LayerError, RefusedByDatabase, TooBusy
from tests.geoservice.services.accounts.desk import ELSEWHERE, HERE, LIMITS, NEW, Desk


def test_who_signs_in_is_known_by_the_secret_with_role_and_place(desk: Desk) -> None:
    begun = desk.sign_in()

    session = desk.sessions.find(begun.secret)
    town = desk.sql("SELECT id FROM geoservice.jurisdiction")[0][0]
    assert session is not None
    assert session.identity == Identity(Role.DISPATCHER, None, None, Home(town, "town"), login="desk-1")
    assert session.identity.actor == "dispatcher:desk-1"
    assert (session.login, session.must_change, begun.must_change) == ("desk-1", True, True)
    assert desk.sessions.find(begun.secret[:-1]) is None
    assert desk.sessions.find("") is None


def test_an_officers_account_names_the_officer(desk: Desk) -> None:
    password = desk.accounts.create("post-1", Role.OFFICER, created_by="test", staff=("town", "G1"))

    session = desk.sessions.find(desk.sign_in(password, "post-1").secret)

    assert session is not None
    assert session.identity.staff is not None
    assert session.identity.staff[1] == "G1"
    assert session.identity.actor == "officer:post-1"
    with pytest.raises(RefusedByDatabase, match="names the officer"):
        desk.accounts.create("post-2", Role.OFFICER, created_by="test", jurisdiction="town")


@pytest.mark.parametrize("login", ["Anna", "a b", "", "x" * 41, "13912345678", "-a", "张三"])
def test_what_is_no_login_name_is_refused(desk: Desk, login: str) -> None:
    with pytest.raises(LayerError, match="A login name is"):
        desk.accounts.create(login, Role.READER, created_by="test")


def test_a_name_is_given_once_and_a_secret_is_stored_nowhere(desk: Desk) -> None:
    begun = desk.sign_in()
    with pytest.raises(AccountTaken):
        desk.accounts.create("desk-1", Role.READER, created_by="test")

    rows = "SELECT a::text, s::text FROM geoservice.account AS a JOIN geoservice.session AS s USING (login)"
    stored = str(desk.sql(rows))
    assert begun.secret not in stored
    assert desk.password not in stored
    assert HERE not in stored


def test_each_sign_in_has_a_secret_of_its_own_and_ends_the_one_before_of_the_same_browser(desk: Desk) -> None:
    first = desk.sign_in()
    other_browser = desk.sign_in()

    second = desk.sign_in(before=first.secret)

    assert len({first.secret, second.secret, other_browser.secret}) == 3
    assert desk.sessions.find(first.secret) is None
    assert desk.sessions.find(second.secret)
    assert desk.sessions.find(other_browser.secret)


def test_a_session_ends_by_signing_out_by_rest_and_in_the_end(desk: Desk) -> None:
    out, idle, old = desk.sign_in(), desk.sign_in(), desk.sign_in()
    for begun, change in ((idle, "seen_at = now() - interval '61 minutes'"), (old, "expires_at = now()")):
        secret = secret_sha256(begun.secret)
        desk.sql("UPDATE geoservice.session SET created_at = created_at - interval '1 day'")
        desk.sql(f"UPDATE geoservice.session SET {change} WHERE secret_sha256 = %s", secret)  # noqa: S608

    desk.sessions.sign_out(out.secret)

    assert [desk.sessions.find(one.secret) for one in (out, idle, old)] == [None, None, None]


def test_being_used_keeps_a_session(desk: Desk) -> None:
    begun = desk.sign_in()
    desk.sql("UPDATE geoservice.session SET seen_at = now() - interval '59 minutes'")

    assert desk.sessions.find(begun.secret)

    assert desk.sql("SELECT 1 FROM geoservice.session WHERE seen_at > now() - interval '1 minute'")


@pytest.mark.parametrize(
    "change",
    ["role = 'reader'", "jurisdiction_id = NULL", "staff_code = 'G1'", "disabled_at = now()"],
)
def test_whoever_becomes_something_else_signs_in_anew(desk: Desk, change: str) -> None:
    begun = desk.sign_in()
    table = "account" if change.startswith("disabled") else "access_grant"
    desk.sql(f"UPDATE geoservice.{table} SET {change}")  # noqa: S608  one of the list above

    assert desk.sessions.find(begun.secret) is None


def test_an_account_that_is_over_ends_its_sessions(desk: Desk) -> None:
    begun = desk.sign_in()
    desk.sql("UPDATE geoservice.account SET expires_at = now()")

    assert desk.sessions.find(begun.secret) is None
    with pytest.raises(SignInRefused):
        desk.sign_in()


def test_disabled_is_shut_until_it_is_said_that_it_is_enabled(desk: Desk) -> None:
    begun = desk.sign_in()

    assert desk.accounts.disable("desk-1")

    assert not desk.accounts.disable("desk-1")
    assert desk.sessions.find(begun.secret) is None
    with pytest.raises(SignInRefused):
        desk.sign_in()
    with pytest.raises(AccountDisabled):
        desk.accounts.reset("desk-1")
    assert desk.sign_in(desk.accounts.reset("desk-1", enable=True))
    assert desk.sessions.find(begun.secret) is None
    for call in (desk.accounts.disable, desk.accounts.reset):
        with pytest.raises(AccountUnknown):
            call("nobody")


def test_a_changed_password_ends_every_other_session(desk: Desk) -> None:
    here, elsewhere = desk.sign_in(), desk.sign_in()

    changed = desk.sessions.change_password("desk-1", desk.password, NEW, address=HERE)

    assert desk.sessions.find(here.secret) is None
    assert desk.sessions.find(elsewhere.secret) is None
    session = desk.sessions.find(changed.secret)
    assert session is not None
    assert not session.must_change
    with pytest.raises(SignInRefused):
        desk.sign_in()
    assert not desk.sign_in(NEW).must_change
    with pytest.raises(PasswordUnfit):
        desk.sessions.change_password("desk-1", NEW, "desk-1 desk-1", address=HERE)


def test_no_session_begins_with_a_password_that_was_changed_meanwhile(desk: Desk, monkeypatch: Any) -> None:
    def slow(password: str, stored: str | None) -> bool:
        right = passwords.is_password(password, stored)
        monkeypatch.undo()
        desk.accounts.reset("desk-1")
        return right

    monkeypatch.setattr(attempts, "is_password", slow)
    with pytest.raises(SignInRefused):
        desk.sign_in()
    assert desk.sql("SELECT 1 FROM geoservice.session") == []


def test_a_hash_of_weaker_parameters_is_made_anew_when_its_password_is_seen(desk: Desk) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(NEW)
    desk.sql("UPDATE geoservice.account SET password_hash = %s", weak)

    assert desk.sign_in(NEW)

    stored = desk.sql("SELECT password_hash FROM geoservice.account")[0][0]
    assert not passwords.needs_rehash(stored)
    assert desk.sign_in(NEW)


# Guessing.


@pytest.fixture
def work(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Return what is asked of the database, and reckoned, from now on."""
    done: list[str] = []

    def asked(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        done.append(statement)

    def reckoned(password: str, stored: str | None) -> bool:
        done.append("argon2")
        return passwords.is_password(password, stored)

    monkeypatch.setattr(attempts, "is_password", reckoned)
    event.listen(desk.database.engine, "before_cursor_execute", asked)
    yield done
    event.remove(desk.database.engine, "before_cursor_execute", asked)


def test_an_unknown_name_a_wrong_password_and_a_shut_account_cost_and_say_the_same(desk: Desk, work: list[str]) -> None:
    shut = desk.accounts.create("shut", Role.READER, created_by="test")
    over = desk.accounts.create("over", Role.READER, created_by="test")
    desk.accounts.disable("shut")
    desk.sql("UPDATE geoservice.account SET expires_at = now() WHERE login = 'over'")
    seen = []
    for login, password in (
        ("desk-1", "wrong"), ("nobody", "wrong"), ("shut", shut), ("over", over), ("nobody", ""),
        ("Nobody at all\x00\x07", "wrong"), ("'--", "x" * 5000), ("name\ud800" * 500, "\ud800"),
    ):  # fmt: skip
        work.clear()
        with pytest.raises(SignInRefused) as refused:
            desk.sign_in(password, login)
        seen.append((str(refused.value), tuple(work)))

    assert len(set(seen)) == 1
    assert seen[0][1].count("argon2") == 1


def test_after_five_failures_of_a_name_the_next_try_waits_even_with_the_right_password(desk: Desk) -> None:
    desk.fail(FREE_OF_NAME)

    for login in ("desk-1", " DESK-1 "):
        with pytest.raises(SignInMustWait) as refused:
            desk.sign_in(login=login, address=ELSEWHERE)
        assert refused.value.wait_s == 1

    for wait in ("1 s", "2 s", "4 s"):
        desk.time_passes(wait)
        desk.fail(1)
    with pytest.raises(SignInMustWait) as refused:
        desk.sign_in()
    assert refused.value.wait_s == 8


def test_the_lock_out_outlives_a_restart_and_ends_with_its_time(desk: Desk) -> None:
    desk.fail(FREE_OF_NAME)
    again = SessionService(Database.connect(desk.url, pool_size=1), LIMITS)
    try:
        with pytest.raises(SignInMustWait):
            again.sign_in("desk-1", desk.password, address=ELSEWHERE)

        desk.time_passes("1 s")
        assert again.sign_in("desk-1", desk.password, address=ELSEWHERE)
        desk.fail(FREE_OF_NAME - 1)  # counted anew: in a row
        assert desk.sign_in()
    finally:
        again._database.close()


def test_names_that_there_are_not_wait_as_well(desk: Desk) -> None:
    desk.fail(FREE_OF_NAME, login="nobody")

    with pytest.raises(SignInMustWait):
        desk.sign_in("wrong", "nobody")


def test_after_twenty_failures_of_a_network_every_name_waits_there_and_nowhere_else(desk: Desk) -> None:
    for number in range(FREE_OF_NETWORK):
        desk.fail(1, login=f"name-{number}", address=f"10.0.0.{number}")

    with pytest.raises(SignInMustWait):
        desk.sign_in(address="10.0.0.200")
    assert desk.sign_in(address=ELSEWHERE)


def test_whoever_has_an_account_does_not_guess_at_others_any_faster(desk: Desk) -> None:
    for number in range(FREE_OF_NETWORK - 1):
        desk.fail(1, login=f"name-{number}")

    assert desk.sign_in()  # it is taken back, and no more

    desk.fail(1, login="one-more")
    with pytest.raises(SignInMustWait):
        desk.sign_in()


def test_an_hour_without_a_failure_begins_anew_and_old_ones_are_forgotten(desk: Desk) -> None:
    desk.fail(FREE_OF_NAME - 1)
    desk.fail(1, login="other")
    desk.time_passes("61 minutes")

    desk.fail(FREE_OF_NAME - 1)

    assert len(desk.sql("SELECT 1 FROM geoservice.sign_in_attempt")) == 2


def test_many_tries_at_once_are_not_many_free_ones(desk: Desk) -> None:
    def guess(number: int) -> str:
        try:
            desk.sign_in(f"wrong {number}")
        except (SignInRefused, SignInMustWait, TooBusy) as exc:
            return type(exc).__name__
        return "in"

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(guess, range(16)))

    assert told.count("SignInRefused") <= FREE_OF_NAME + 1
    assert set(told) == {"SignInRefused", "SignInMustWait"}


def test_changing_a_password_is_no_faster_way_to_guess_it(desk: Desk) -> None:
    for _ in range(FREE_OF_NAME):
        with pytest.raises(SignInRefused):
            desk.sessions.change_password("desk-1", "wrong", NEW, address=HERE)

    with pytest.raises(SignInMustWait):
        desk.sessions.change_password("desk-1", desk.password, NEW, address=HERE)


def test_a_reset_forgets_failures(desk: Desk) -> None:
    desk.fail(FREE_OF_NAME)

    assert desk.sign_in(desk.accounts.reset("desk-1"))


def test_a_try_that_was_not_looked_at_is_no_failure(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: Any) -> bool:
        raise TooBusy

    monkeypatch.setattr(attempts, "is_password", busy)
    for _ in range(FREE_OF_NAME + 1):
        with pytest.raises(TooBusy):
            desk.sign_in()
    monkeypatch.undo()

    assert desk.sign_in()
