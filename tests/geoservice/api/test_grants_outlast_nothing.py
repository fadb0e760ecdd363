"""What somebody gives ends no later than what he has: by HTTP, and in SQL with every other wall away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from geoservice.auth.model import Role
from geoservice.auth.permissions import ALLOWED, Permission, roles_with
from geoservice.services.grants import GrantService
from layers.db.acting import Acting, act_as, act_as_before
from layers.errors import OutlastsOwn
from tests.geoservice.api.two_towns import Towns, open_towns

GIVE = "INSERT INTO geoservice.access_grant (key_id, role, jurisdiction_id, valid_to) VALUES (%s, %s, %s, %s)"
TOLD = re.compile(r"ends (\S+) there: give it until then at the latest")


@pytest.fixture(scope="module")
def towns(cluster_url: str, community_template: str) -> Iterator[Towns]:
    with open_towns(cluster_url, community_template) as towns:
        yield towns


@pytest.fixture
def ends() -> datetime:
    """Return when the right of a deputy is over: to the second, as it is told."""
    return (datetime.now(UTC) + timedelta(days=14)).replace(microsecond=0)


def id_of(key: str) -> str:
    return key.split("_")[1]


def deputy(towns: Towns, ends: datetime, place: str | None = "sare") -> str:
    """Return a key that administers until then."""
    key = towns.key((Role.READER, place), label="deputy")
    towns.give(key, Role.ADMIN, place, valid_to=ends)
    return key


@contextmanager
def in_sql(towns: Towns, actor: str) -> Iterator[psycopg.Connection[Any]]:
    """Work in the tables as the service does, naming who acts; nothing is kept."""
    with psycopg.connect(towns.url, options="-c role=geoservice_everywhere") as connection:
        connection.execute("SELECT set_config('geoservice.actor', %s, true)", [actor])
        yield connection
        connection.rollback()


def home(towns: Towns, code: str) -> int:
    [(number,)] = towns.sql("SELECT id FROM geoservice.jurisdiction WHERE code = %s", code)
    return int(number)


def test_in_sql_a_grant_ends_no_later_than_the_right_of_who_gives_it(towns: Towns, ends: datetime) -> None:
    giver, other = id_of(deputy(towns, ends)), id_of(towns.key((Role.READER, "town")))
    sare, town = home(towns, "sare"), home(towns, "town")

    def given(place: int | None, until: datetime | None, actor: str = f"admin:{giver}") -> str:
        with in_sql(towns, actor) as connection:
            try:
                connection.execute(GIVE.encode(), [other, "auditor", place, until])
            except psycopg.Error as refused:
                return str(refused.sqlstate)
            return ""

    assert given(sare, ends) == given(sare, ends - timedelta(days=1)) == ""
    assert given(sare, None) == given(sare, ends + timedelta(microseconds=1)) == "GS415"
    # Elsewhere, and everywhere, he may give nothing at all.
    assert given(town, ends) == given(None, ends) == "GS415"
    # Whoever runs commands gives as he likes, also where an account has the name of his.
    towns.door.services.accounts.create_unless_there("root", Role.ADMIN, created_by="test", expires_at=ends)
    assert given(sare, None, "cli:root") == given(None, None, "service") == ""
    assert given(sare, None, "admin:root") == "GS415"


def test_whoever_says_that_another_gave_it_is_bound_by_that_one_s_right(towns: Towns, ends: datetime) -> None:
    giver, other = id_of(deputy(towns, ends)), id_of(towns.key((Role.READER, "sare")))
    named = GIVE.replace("valid_to)", "valid_to, granted_by)").replace("%s)", "%s, %s)")

    with in_sql(towns, "") as connection, pytest.raises(psycopg.Error) as refused:
        connection.execute(named.encode(), [other, "auditor", home(towns, "sare"), None, f"admin:{giver}"])

    assert refused.value.sqlstate == "GS415"


def test_it_is_told_until_when_it_may_be_given_and_that_is_so(towns: Towns, ends: datetime) -> None:
    key, at = deputy(towns, ends), "/v1/accounts/post-1/grants?jurisdiction=sare"
    towns.door.services.accounts.create_unless_there("post-1", Role.READER, created_by="test", jurisdiction="sare")

    refused = towns.ask(key, at, "POST", json={"role": "dispatcher"})

    assert refused.status == 403, refused.response.text
    assert refused.response.json["type"].endswith("#problem-above-own")
    told = TOLD.search(refused.response.json["detail"])
    assert told is not None
    assert datetime.fromisoformat(told[1]) == ends
    given = towns.ask(key, at, "POST", json={"role": "dispatcher", "valid_to": told[1]})
    assert given.status == 201, given.response.text


def test_an_account_and_a_key_end_with_the_right_of_who_makes_them(towns: Towns, ends: datetime) -> None:
    """A grant without an end is worth nothing any more when its account or key is over."""
    services, actor = towns.door.services, f"admin:{id_of(deputy(towns, ends))}"

    def made(login: str, until: datetime | None) -> bool:
        with acting(actor):
            try:
                services.keys.create(Role.READER, login, jurisdiction="sare", expires_at=until)
                services.accounts.create(
                    login, Role.ADMIN, created_by=actor, jurisdiction="sare", expires_at=until
                )  # fmt: skip
            except OutlastsOwn:
                return False
            return True

    assert made("until-then", ends)
    assert not made("for-ever", None)
    assert not made("a-day-more", ends + timedelta(days=1))
    assert {one.login for one in services.accounts.accounts()}.isdisjoint({"for-ever", "a-day-more"})


@contextmanager
def acting(actor: str) -> Iterator[None]:
    before = act_as(Acting(actor, "admin", "manage_accounts"))
    yield
    act_as_before(before)


def test_a_successor_has_no_successor_who_lasts_longer(towns: Towns, ends: datetime) -> None:
    grants, sooner = GrantService(towns.door.services.database), ends - timedelta(days=7)
    first, second, third = (id_of(towns.key((Role.READER, "sare"))) for _ in range(3))
    grants.give("key_id", first, Role.ADMIN, by="cli:root", jurisdiction="sare", valid_to=ends)
    grants.give("key_id", second, Role.ADMIN, by=f"admin:{first}", jurisdiction="sare", valid_to=sooner)

    with pytest.raises(OutlastsOwn):
        grants.give("key_id", third, Role.ADMIN, by=f"admin:{second}", jurisdiction="sare", valid_to=ends)
    grants.give("key_id", third, Role.ADMIN, by=f"admin:{second}", jurisdiction="sare", valid_to=sooner)


def test_what_follows_without_a_break_counts_and_what_follows_after_one_does_not(towns: Towns, ends: datetime) -> None:
    grants, seamless, broken = GrantService(towns.door.services.database), deputy(towns, ends), deputy(towns, ends)
    later = ends + timedelta(days=30)
    towns.give(seamless, Role.ADMIN, "sare", valid_from=ends, valid_to=later)
    towns.give(broken, Role.ADMIN, "sare", valid_from=ends + timedelta(seconds=1))

    assert grants.gives_until(f"admin:{id_of(seamless)}", "sare") == later
    assert grants.gives_until(f"admin:{id_of(broken)}", "sare") == ends


def test_a_right_is_over_with_the_key_that_holds_it(towns: Towns, ends: datetime) -> None:
    services = towns.door.services
    key = services.keys.create(Role.ADMIN, "ends itself", jurisdiction="sare", expires_at=ends)
    whole = services.keys.create(Role.ADMIN, "never ends", jurisdiction="sare")
    grants = GrantService(services.database)

    assert grants.gives_until(f"admin:{id_of(key)}", "sare") == ends
    assert grants.gives_until(f"admin:{id_of(whole)}", "sare") is None


def test_histories_name_the_member_whose_key_it_is_and_his_right_counts(towns: Towns, ends: datetime) -> None:
    """Of a key of a member of staff, who is no officer, histories name the member."""
    services = towns.door.services
    text = services.keys.create(Role.ADMIN, "of the chief", staff=("town", "G1"), expires_at=ends)
    identity = services.keys.identify(text)
    assert identity is not None
    assert identity.actor == "admin:G1"

    assert GrantService(services.database).gives_until("admin:G1", "town") == ends


def test_what_was_taken_back_is_given_again_by_who_has_it_as_long(towns: Towns, ends: datetime) -> None:
    key, whole, other = deputy(towns, ends), towns.key((Role.ADMIN, "sare")), towns.key((Role.READER, "sare"))
    at = f"/v1/keys/{id_of(other)}/grants"
    number = towns.json(whole, f"{at}?jurisdiction=sare")["grants"][0]["id"]
    towns.json(key, f"{at}/{number}?jurisdiction=sare", method="DELETE")

    refused = towns.ask(key, f"{at}/{number}/restore?jurisdiction=sare", "POST", json={})

    assert (refused.status, "who has that longer" in refused.response.json["detail"]) == (403, True)
    assert towns.ask(whole, f"{at}/{number}/restore?jurisdiction=sare", "POST", json={}).status == 200


def test_what_was_given_stays_when_the_right_of_who_gave_it_is_taken_back(towns: Towns, ends: datetime) -> None:
    """He was entitled to it then."""
    services, key, other = towns.door.services, deputy(towns, ends), towns.key((Role.READER, "sare"))
    at = f"/v1/keys/{id_of(other)}/grants?jurisdiction=sare"
    given = towns.json(key, at, method="POST", json={"role": "dispatcher", "valid_to": ends.isoformat()})
    [_, mine] = services.keys.key(id_of(key)).grants

    GrantService(services.database).revoke(mine, by="cli:root")

    assert services.keys.key(id_of(other)).grants[1].state(datetime.now(UTC)) == "in force"
    assert given["valid_to"] is not None
    assert towns.ask(key, at, "POST", json={"role": "auditor", "valid_to": ends.isoformat()}).status == 403


def test_nobody_puts_off_the_end_of_his_own_key(towns: Towns, ends: datetime) -> None:
    services, later = towns.door.services, ends + timedelta(days=365)
    key = services.keys.create(Role.ADMIN, "self", jurisdiction="sare", expires_at=ends)
    own, other = id_of(key), id_of(services.keys.create(Role.READER, "x", jurisdiction="sare", expires_at=ends))

    for one in (own, other):
        with in_sql(towns, f"admin:{own}") as connection, pytest.raises(psycopg.Error) as refused:
            connection.execute("UPDATE geoservice.api_key SET expires_at = %s WHERE id = %s", [later, one])
        assert refused.value.sqlstate == "GS415", one
    identity = services.keys.identify(key)
    assert identity is not None
    with acting(identity.actor):
        services.administration.keys.rotate(
            "sare", other, identity, overlap=timedelta(0), lasts=timedelta(days=365)
        )  # fmt: skip
    assert services.keys.key(other).expires_at == ends


def test_who_administers_longer_gets_no_secret_from_who_does_not(towns: Towns, ends: datetime) -> None:
    """Else a deputy would sign in as him; posts that administer nothing he looks after as before."""
    services, actor = towns.door.services, f"admin:{id_of(deputy(towns, ends))}"
    accounts = services.accounts
    for login, role in (("chief", Role.ADMIN), ("desk-9", Role.DISPATCHER)):
        accounts.create_unless_there(login, role, created_by="test", jurisdiction="sare")
    admin_key = services.keys.create(Role.ADMIN, "chief's", jurisdiction="sare")
    reader_key = services.keys.create(Role.READER, "wall's", jurisdiction="sare")

    with acting(actor):
        with pytest.raises(OutlastsOwn):
            accounts.reset("chief")
        with pytest.raises(OutlastsOwn):
            services.keys.rotate(id_of(admin_key), overlap=timedelta(0), lasts=None)
        assert accounts.reset("desk-9")
        assert services.keys.rotate(id_of(reader_key), overlap=timedelta(0), lasts=None)
        # Whoever disables what outlasts him does not enable it: that gives it again.
        accounts.disable("desk-9")
        with pytest.raises(OutlastsOwn):
            accounts.enable("desk-9")
    accounts.enable("desk-9")
    accounts.reset("chief")


def test_the_role_that_the_database_asks_for_is_the_one_that_gives() -> None:
    """It asks for the administrator: by the table of permissions he gives, and may all that others may."""
    assert roles_with(Permission.MANAGE_ACCOUNTS) == roles_with(Permission.MANAGE_KEYS) == (Role.ADMIN,)
    assert all(Role.ADMIN in roles for roles in ALLOWED.values())


def test_by_http_one_gives_in_any_place_that_he_administers(towns: Towns) -> None:
    key = towns.key((Role.ADMIN, "sare"), (Role.ADMIN, "town"))
    other = towns.key((Role.READER, "sare"))
    at = f"/v1/keys/{id_of(other)}/grants"

    given = towns.json(key, f"{at}?jurisdiction=sare", method="POST", json={"role": "auditor", "jurisdiction": "town"})
    assert (given["role"], given["jurisdiction"]) == ("auditor", "town")
    assert [one["role"] for one in towns.json(key, f"{at}?jurisdiction=town")["grants"]] == ["auditor"]
    alone = towns.key((Role.ADMIN, "sare"))
    for place in ("town", "nowhere"):
        refused = towns.ask(alone, f"{at}?jurisdiction=sare", "POST", json={"role": "auditor", "jurisdiction": place})
        assert (refused.status, refused.response.json["type"][-9:]) == (403, "above-own"), place
    both = {"role": "auditor", "jurisdiction": "town", "everywhere": True}
    assert towns.ask(key, f"{at}?jurisdiction=sare", "POST", json=both).status == 422
