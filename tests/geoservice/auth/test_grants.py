"""What several grants of one holder are worth together: in one place, in several at once, and what each tells."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from geoservice.auth.model import PUBLIC, Grant, Home, Identity, Role
from geoservice.auth.permissions import Permission, asking_for, may, may_give, only_as_officer, permitted
from geoservice.auth.scope import scope_of
from layers.db.scope import (
    EVERYWHERE,
    SEVERAL,
    VISITOR,
    Scope,
    choose,
    leave,
    of_officer,
    sees_households,
    sees_sensitive,
    within,
)

A, B = Home(1, "a"), Home(2, "b")


@dataclass(frozen=True)
class Stored:
    """A grant as it is read."""

    role: str
    jurisdiction_id: int | None = None
    jurisdiction_code: str | None = None
    staff_code: str | None = None


def stored(role: Role, home: Home | None = None, staff: str | None = None) -> Stored:
    return Stored(role.value, home and home.id, home and home.code, staff)


def holding(*grants: Stored, login: str = "desk-1") -> Identity:
    return Identity.of(grants, login=login)


DISPATCHER_AND_ADMIN = holding(stored(Role.DISPATCHER, A), stored(Role.ADMIN, B))


def test_one_grant_is_what_it_always_was() -> None:
    assert holding(stored(Role.DISPATCHER, A)) == Identity(Role.DISPATCHER, None, None, A, login="desk-1")
    officer = holding(stored(Role.OFFICER, A, "G1"))
    assert officer == Identity(Role.OFFICER, None, (A.id, "G1"), A, login="desk-1")
    assert (officer.acting_in(("a",)), officer.acting_in(("b",))) == (officer, PUBLIC)


def test_nothing_in_force_is_nobody() -> None:
    assert holding() is PUBLIC


@pytest.mark.parametrize(("code", "role"), [("a", Role.DISPATCHER), ("b", Role.ADMIN), ("c", Role.PUBLIC)])
def test_where_somebody_acts_he_is_what_he_was_granted_there(code: str, role: Role) -> None:
    here = DISPATCHER_AND_ADMIN.acting_in((code,))

    assert here.role is role
    assert [one for one in Permission if role is not Role.PUBLIC and permitted(here, one) != may(role, one)] == []


def test_in_two_jurisdictions_at_once_he_is_what_is_granted_in_both() -> None:
    everywhere = holding(stored(Role.DISPATCHER, A), stored(Role.AUDITOR))

    assert DISPATCHER_AND_ADMIN.acting_in(("a", "b")) is PUBLIC
    assert everywhere.acting_in(("a", "b")).role is Role.AUDITOR


def test_in_one_place_he_may_what_any_of_his_grants_allows() -> None:
    here = holding(stored(Role.DISPATCHER, A), stored(Role.ANALYST, A), stored(Role.AUDITOR)).acting_in(("a",))

    for permission in Permission:
        allowed = any(may(role, permission) for role in (Role.DISPATCHER, Role.ANALYST, Role.AUDITOR))
        assert permitted(here, permission) is allowed, permission


def test_in_several_places_at_once_no_grant_lends_another_a_right() -> None:
    """A list over all is told by those grants alone that allow it, and beside it what each of them allows."""
    asks = asking_for(DISPATCHER_AND_ADMIN, Permission.READ_INCIDENTS)
    assert asks.homes == {A, B}
    assert permitted(asks, Permission.HANDLE_INCIDENT)
    assert not permitted(asks, Permission.READ_HOUSEHOLDS)

    administers = asking_for(DISPATCHER_AND_ADMIN, Permission.READ_AUDIT)
    assert administers == Identity(Role.ADMIN, None, None, B, login="desk-1")


@pytest.mark.parametrize(
    ("needed", "role"),
    [(Permission.HANDLE_INCIDENT, Role.DISPATCHER), (Permission.EDIT_BOUNDARIES, Role.ANALYST),
     (Permission.READ_AUDIT, Role.AUDITOR), (Permission.READ_INCIDENTS, Role.DISPATCHER)],
)  # fmt: skip
def test_histories_name_the_role_that_allowed_it(needed: Permission, role: Role) -> None:
    both = holding(stored(Role.AUDITOR), stored(Role.ANALYST, A), stored(Role.DISPATCHER, A)).acting_in(("a",))

    assert asking_for(both, needed).actor == f"{role}:desk-1"
    assert asking_for(both, needed).grants == both.grants


def test_who_is_an_officer_beside_something_else_is_kept_to_grids_only_where_nothing_else_allows_it() -> None:
    both = holding(stored(Role.DISPATCHER, A), stored(Role.OFFICER, A, "G1")).acting_in(("a",))

    assert both.staff == (A.id, "G1")
    assert only_as_officer(both, Permission.READ_HOUSEHOLDS)
    assert not only_as_officer(both, Permission.READ_INCIDENTS)
    assert not only_as_officer(DISPATCHER_AND_ADMIN, Permission.READ_HOUSEHOLDS)


def test_what_is_told_is_told_where_the_grant_holds_that_tells_it() -> None:
    scope = scope_of(DISPATCHER_AND_ADMIN)

    assert (scope.role, scope.jurisdictions, scope.told) == (within().role, (1, 2), ())
    assert ("households", 2) in scope.told_in
    assert ("households", 1) not in scope.told_in
    assert {("sensitive", 1), ("sensitive", 2)} <= set(scope.told_in)
    assert scope.settings["told"] == "audit:2 drafts:2 households:2 sensitive:1 sensitive:2 webhooks:2"


@pytest.mark.parametrize(
    ("grants", "scope"),
    [
        ([stored(Role.READER, A), stored(Role.READER, B)], VISITOR),
        ([stored(Role.READER, B), stored(Role.OFFICER, A, "G1")], of_officer(1, "G1")),
        ([stored(Role.DISPATCHER), stored(Role.READER, A)], replace(EVERYWHERE, told=("sensitive",))),
        ([stored(Role.DISPATCHER, B), stored(Role.OFFICER, A, "G1")],
         Scope(SEVERAL, (2,), (1, "G1"), told=("sensitive", "own_households", "own_sensitive"))),
        ([stored(Role.DISPATCHER), stored(Role.ADMIN, A)],
         Scope(EVERYWHERE.role, told=("sensitive",),
               told_in=tuple((one, 1) for one in ("audit", "drafts", "households", "sensitive", "webhooks")))),
    ],
)  # fmt: skip
def test_rows_are_those_of_all_grants_together(grants: list[Stored], scope: Scope) -> None:
    assert scope_of(holding(*grants)) == scope


def test_in_one_place_what_is_good_everywhere_shows_nothing_of_others() -> None:
    here = holding(stored(Role.DISPATCHER), stored(Role.AUDITOR, A)).acting_in(("a",))

    assert scope_of(here) == Scope(within().role, (1,), told=("audit", "sensitive"))


@pytest.mark.parametrize(
    ("grants", "needed", "scope"),
    [
        # A publisher's rows are those of the whole place, and he reads no incidents.
        ([stored(Role.OFFICER, A, "G1"), stored(Role.PUBLISHER, A)], Permission.READ_INCIDENTS, of_officer(1, "G1")),
        ([stored(Role.OFFICER, A, "G1"), stored(Role.PUBLISHER)], Permission.READ_INCIDENTS, of_officer(1, "G1")),
        ([stored(Role.OFFICER, A, "G1"), stored(Role.STEWARD, A)], Permission.ERASE_WORDS, Scope(within().role, (1,))),
        ([stored(Role.OFFICER, A, "G1"), stored(Role.ANALYST, A)], Permission.READ_DRAFTS,
         Scope(within().role, (1,), told=("drafts", "sensitive"))),
        ([stored(Role.OFFICER, A, "G1"), stored(Role.AUDITOR)], Permission.VIEW_MAP,
         Scope(SEVERAL, (1,), (1, "G1"), told=("audit", "sensitive", "own_households", "own_sensitive"))),
    ],
)  # fmt: skip
def test_in_one_place_the_rows_are_those_of_the_grants_that_allow_what_is_asked(
    grants: list[Stored], needed: Permission, scope: Scope
) -> None:  # fmt: skip
    assert scope_of(holding(*grants).acting_in(("a",)), needed) == scope


def test_what_an_officer_is_told_of_his_grids_is_not_told_of_all() -> None:
    both = holding(stored(Role.OFFICER, A, "G1"), stored(Role.PUBLISHER, A)).acting_in(("a",))
    before = choose(scope_of(both))

    seen = sees_households(), sees_sensitive()
    leave(before)

    assert seen == (False, False)


@pytest.mark.parametrize(
    ("role", "place", "may_it"),
    [(Role.ADMIN, "b", True), (Role.ADMIN, "a", False), (Role.DISPATCHER, "a", True), (Role.ANALYST, "a", False),
     (Role.READER, None, False), (Role.PUBLIC, "b", False)],
)  # fmt: skip
def test_nobody_gives_in_one_place_what_he_may_in_another(role: Role, place: str | None, may_it: bool) -> None:
    assert may_give(DISPATCHER_AND_ADMIN, role, place) is may_it


def test_what_two_grants_allow_together_may_be_given_together() -> None:
    both = holding(stored(Role.REPORTER, A), stored(Role.DISPATCHER, A))

    assert may_give(both, Role.REPORTER, "a")
    assert not may_give(both, Role.OFFICER, "a")


def test_grants_are_read_in_one_order_whoever_gave_them_when() -> None:
    grants = [stored(Role.AUDITOR), stored(Role.ADMIN, B), stored(Role.DISPATCHER, A)]

    assert holding(*grants) == holding(*reversed(grants))
    assert holding(*grants).held == (Grant(Role.DISPATCHER, A), Grant(Role.ADMIN, B), Grant(Role.AUDITOR))
