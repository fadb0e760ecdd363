"""Grants of an account, and the sessions that are signed in with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from geoservice.auth.model import Role
from geoservice.services.accounts.account_errors import SignInRefused
from geoservice.services.accounts.sessions import SessionService
from geoservice.services.grants import GrantHeldAlready, GrantService, GrantUnknown
from tests.geoservice.services.accounts.desk import LIMITS, Desk


@pytest.fixture
def grants(desk: Desk) -> GrantService:
    return GrantService(desk.database)


def roles(desk: Desk, secret: str) -> set[Role]:
    session = desk.sessions.find(secret)
    return set() if session is None else {one.role for one in session.identity.held}


def give(grants: GrantService, role: Role = Role.ANALYST, hours: int | None = None) -> int:
    ends = None if hours is None else datetime.now(UTC) + timedelta(hours=hours)
    return grants.give("login", "desk-1", role, by="test", jurisdiction="town", valid_to=ends)


def test_whoever_is_granted_something_or_loses_it_signs_in_anew(desk: Desk, grants: GrantService) -> None:
    before = desk.sign_in().secret
    give(grants)
    assert roles(desk, before) == set()

    during = desk.sign_in().secret
    assert roles(desk, during) == {Role.DISPATCHER, Role.ANALYST}
    grants.revoke(desk.accounts.account("desk-1").grants[1], by="test")
    assert roles(desk, during) == set()

    after = desk.sign_in().secret
    assert roles(desk, after) == {Role.DISPATCHER}
    grants.restore(desk.accounts.account("desk-1").grants[1])
    assert roles(desk, after) == set()
    assert roles(desk, desk.sign_in().secret) == {Role.DISPATCHER, Role.ANALYST}


def test_what_ends_by_its_time_is_gone_from_a_session_that_goes_on(desk: Desk, grants: GrantService) -> None:
    number = give(grants, hours=1)
    secret = desk.sign_in().secret
    assert roles(desk, secret) == {Role.DISPATCHER, Role.ANALYST}

    desk.sql("ALTER TABLE geoservice.access_grant DISABLE TRIGGER end_sessions")  # time passes, and nobody writes
    desk.sql("UPDATE geoservice.access_grant SET valid_to = clock_timestamp() WHERE id = %s", number)
    assert roles(desk, secret) == {Role.DISPATCHER}

    desk.sql("UPDATE geoservice.access_grant SET valid_to = clock_timestamp() WHERE valid_to IS NULL")
    assert desk.sessions.find(secret) is None
    assert desk.sessions.listener(secret) is None
    with pytest.raises(SignInRefused):
        desk.sign_in()


def test_what_is_to_come_counts_from_then_on(desk: Desk, grants: GrantService) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    number = grants.give("login", "desk-1", Role.ANALYST, by="test", jurisdiction="town", valid_from=tomorrow)
    secret = desk.sign_in().secret
    assert roles(desk, secret) == {Role.DISPATCHER}

    desk.sql("ALTER TABLE geoservice.access_grant DISABLE TRIGGER end_sessions")
    desk.sql("UPDATE geoservice.access_grant SET valid_from = now() WHERE id = %s", number)

    assert roles(desk, secret) == {Role.DISPATCHER, Role.ANALYST}


def test_a_demanded_second_factor_is_demanded_by_any_role(desk: Desk, grants: GrantService) -> None:
    demanding = SessionService(desk.database, LIMITS, demanded=[Role.ANALYST])
    give(grants)

    session = demanding.find(desk.sign_in().secret)

    assert session is not None
    assert session.must_enrol


def test_a_session_with_grants_is_found_by_one_statement(desk: Desk, grants: GrantService) -> None:
    sent: list[str] = []

    def statements(secret: str) -> int:
        sent.clear()
        desk.sessions.find(secret)
        return len(sent)

    event.listen(desk.database.engine, "before_cursor_execute", lambda c, cursor, text, *more: sent.append(text))
    alone = statements(desk.sign_in().secret)
    give(grants)
    assert statements(desk.sign_in().secret) == alone == 2  # one says who acts and what is seen, one reads it


def test_what_can_not_be_given_or_taken_is_told(desk: Desk, grants: GrantService) -> None:
    give(grants)
    with pytest.raises(GrantHeldAlready):
        give(grants)
    [_, given] = desk.accounts.account("desk-1").grants
    grants.revoke(given, by="test")
    with pytest.raises(GrantUnknown):
        grants.revoke(given, by="test")
    give(grants)
    with pytest.raises(GrantHeldAlready):
        grants.restore(given)


def test_giving_and_taking_leave_entries_of_the_jurisdiction(desk: Desk, grants: GrantService) -> None:
    give(grants, hours=1)
    grants.revoke(desk.accounts.account("desk-1").grants[1], by="test")

    told = desk.sql(
        "SELECT e.what, e.touched -> 'ids' ->> 0, j.code FROM geoservice.audit_entry AS e"
        "  JOIN geoservice.jurisdiction AS j ON j.id = e.jurisdiction_id WHERE e.what LIKE '%%grant%%' AND %s"
        " ORDER BY e.id", True
    )  # fmt: skip
    assert told == [
        ("access_grant_added", "desk-1 dispatcher", "town"), ("access_grant_added", "desk-1 analyst", "town"),
        ("access_grant_changed", "desk-1 analyst", "town"),
    ]  # fmt: skip
