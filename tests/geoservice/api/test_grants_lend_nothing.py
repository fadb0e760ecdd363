"""Rights of one place do not reach another, nor those of one role another one's: what was tried against grants."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from geoservice.auth.model import Identity, Role
from geoservice.services.administration.own import PlaceAboveOwn
from geoservice.services.grants import GrantService
from geoservice.services.jurisdictions import JurisdictionService
from layers.errors import LastAdministrator
from tests.geoservice.api.test_drafts import FIRST, Analyst, assert_problem, halving
from tests.geoservice.api.two_towns import Towns, open_towns
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def towns(cluster_url: str, community_template: str) -> Iterator[Towns]:
    with open_towns(cluster_url, community_template) as towns:
        yield towns


#: Roles whose scope holds a whole jurisdiction, and which read no incidents.
BLIND = (Role.REPORTER, Role.PUBLISHER, Role.STEWARD)


@pytest.mark.parametrize("place", ["sare", None])
@pytest.mark.parametrize("role", BLIND)
def test_an_officer_sees_no_more_by_a_role_that_reads_nothing(towns: Towns, role: Role, place: str | None) -> None:
    alone, both = towns.key((Role.OFFICER, "sare")), towns.key((Role.OFFICER, "sare"), (role, place))
    [(beyond,)] = towns.sql(
        "SELECT i.id FROM geoservice.incident AS i JOIN geoservice.jurisdiction AS j ON j.id = i.jurisdiction_id"
        " WHERE j.code = %s AND i.officer_code <> 'G03' AND i.grid_code NOT IN (SELECT p.grid_code"
        "  FROM geoservice.posting AS p WHERE p.staff_code = 'G03') LIMIT 1", "sare"
    )  # fmt: skip

    def told(key: str) -> tuple[Any, ...]:
        where = "?jurisdiction=sare&limit=1"
        return (
            towns.json(key, f"/v1/incidents{where}")["total"], towns.ask(key, f"/v1/incidents/{beyond}").status,
            towns.ask(key, f"/v1/incidents/{beyond}?jurisdiction=sare").status,
            len(towns.json(key, "/v1/visits?jurisdiction=sare&limit=1000")["visits"]),
        )  # fmt: skip

    assert told(both) == told(alone)
    assert told(both)[1] == 404


def test_an_officer_who_draws_is_told_small_counts_of_his_grids_alone(towns: Towns) -> None:
    drawing, both = (
        towns.key(*grants) for grants in (
            [(Role.ANALYST, "sare")], [(Role.OFFICER, "sare"), (Role.ANALYST, "sare")],
        )
    )  # fmt: skip
    person = Analyst(towns.door.client, drawing)
    person.draft()

    told = [towns.json(key, f"/v1/editions/{person.edition}/impact") for key in (drawing, both)]

    assert told[1] == told[0]


@pytest.mark.parametrize("role", [Role.ANALYST, Role.PUBLISHER])
def test_an_officer_who_draws_reads_and_writes_single_households_of_his_grids_alone(towns: Towns, role: Role) -> None:
    """Whoever draws counts all of them, and whoever edits features writes none of people."""
    key = towns.key((Role.OFFICER, "sare"), (role, "sare"))
    [(beyond, adults)] = towns.sql(
        "SELECT h.code, h.age_18_59 FROM geoservice.household AS h"
        "  JOIN geoservice.jurisdiction AS j ON j.id = h.jurisdiction_id WHERE j.code = %s AND h.grid_code NOT IN ("
        "SELECT p.grid_code FROM geoservice.posting AS p WHERE p.staff_code = 'G03') LIMIT 1", "sare"
    )  # fmt: skip
    at = f"/v1/layers/households/features/{beyond}"

    for path in (at, f"{at}/history"):
        assert towns.ask(key, f"{path}?jurisdiction=sare").status == 404
    told = towns.json(key, "/v1/layers/households/features?jurisdiction=sare&limit=1000")["features"]
    assert len({one["properties"]["grid_code"] for one in told}) == 1
    for method, body in (("PUT", {"properties": {"age_18_59": 77}}), ("DELETE", None)):
        assert towns.ask(key, f"{at}?jurisdiction=sare", method, json=body).status in (403, 404, 422), method
    assert towns.sql("SELECT age_18_59 FROM geoservice.household WHERE code = %s", beyond) == [(adults,)]


def test_of_two_places_an_address_and_a_body_name_neither_lends_to_the_other(towns: Towns) -> None:
    """What is granted everywhere allows no reporting, and shows nothing of the town while he acts in the community."""
    key = towns.key((Role.OFFICER, "sare"), (Role.AUDITOR, None))
    body = {"service_code": "light", "lon": towns.place[0], "lat": towns.place[1], "jurisdiction": "town"}
    before = towns.sql("SELECT count(*) FROM geoservice.incident WHERE %s", True)

    for address in ("/v1/incidents?jurisdiction=sare", "/v1/incidents"):
        assert towns.ask(key, address, "POST", json=body).status in (403, 404), address
    assert towns.sql("SELECT count(*) FROM geoservice.incident WHERE %s", True) == before


def test_a_report_by_open311_is_by_who_may_report_there(towns: Towns) -> None:
    key = towns.key((Role.REPORTER, "sare"), (Role.READER, "town"), (Role.PUBLISHER, "town"))

    def send(place: str, lon: float, lat: float, service: str) -> int:
        form = {"jurisdiction_id": place, "service_code": service, "lat": lat, "long": lon, "api_key": key}
        return int(towns.door.client.post("/open311/v2/requests.json", data=form).status_code)

    assert send("sare", 91.77, 29.24, "cable") in (200, 201)
    assert send("town", *towns.place, "light") == 403


def boss(towns: Towns, *logins: str) -> GrantService:
    """Have these alone administer everywhere."""
    accounts, grants = towns.door.services.accounts, GrantService(towns.door.services.database)
    towns.sql("DELETE FROM geoservice.access_grant WHERE role = 'admin' AND login IS NOT NULL AND %s", True)
    for login in logins:
        if accounts.create_unless_there(login, Role.ADMIN, created_by="test") is None:
            grants.give("login", login, Role.ADMIN, by="test")
            accounts.enable(login)
    return grants


def test_the_last_administrator_is_not_disabled_either(towns: Towns) -> None:
    """A key of an administrator has no account of its own that it would shut out."""
    boss(towns, "boss-3", "boss-4")
    services, key = towns.door.services, Identity(Role.ADMIN, "someone")
    services.accounts.create_unless_there("post-3", Role.READER, created_by="test", jurisdiction="sare")
    for login in ("boss-3", "post-3"):
        services.administration.accounts.disable("sare", login, key)

    with pytest.raises(LastAdministrator):
        services.administration.accounts.disable("sare", "boss-4", key)
    with pytest.raises(LastAdministrator):
        services.accounts.disable("boss-4")

    assert services.accounts.account("boss-4").is_open
    services.accounts.enable("boss-3")
    services.accounts.disable("boss-4")


def test_an_account_that_ends_is_not_the_last_that_administers_without_an_end(towns: Towns) -> None:
    grants = boss(towns, "boss-5", "boss-6")
    ends = datetime.now(UTC) + timedelta(days=1)
    towns.sql("UPDATE geoservice.account SET expires_at = %s WHERE login = 'boss-5'", ends)

    with pytest.raises(LastAdministrator):
        grants.revoke(towns.door.services.accounts.account("boss-6").grants[-1], by="test")
    with pytest.raises(Exception, match="is the last that administers"):
        towns.sql("UPDATE geoservice.account SET expires_at = %s WHERE login = 'boss-6'", ends)


@pytest.mark.parametrize("how", ["revoke", "disable"])
def test_two_do_not_take_the_last_two_from_each_other(towns: Towns, how: str) -> None:
    grants = boss(towns, "boss-7", "boss-8")
    accounts, ready = towns.door.services.accounts, threading.Barrier(2)
    held = {login: accounts.account(login).grants[-1] for login in ("boss-7", "boss-8")}
    refused: list[str] = []

    def take(login: str) -> None:
        ready.wait()
        try:
            if how == "disable":
                accounts.disable(login)
            else:
                grants.revoke(held[login], by="test")
        except LastAdministrator:
            refused.append(login)

    threads = [threading.Thread(target=take, args=[login]) for login in held]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert len(refused) == 1


def test_who_drew_does_not_publish_by_a_grant_that_came_later(towns: Towns) -> None:
    """Of a key for a member of staff histories name the member, of one with several grants the key."""
    JurisdictionService(towns.door.services.database).set_up("sare", four_eyes=True)
    holder = ("sare", "G03")
    text = towns.door.services.keys.create(Role.ANALYST, "one", staff=holder)
    person = Analyst(towns.door.client, text)
    person.draft()
    person.done("split", {"code": FIRST, "line": halving(person.shapes()[FIRST]), "codes": [FIRST, "east"]})
    person.done("validate")
    preview = {"preview": person.done("preview")["id"]}
    refused = []

    towns.give(text, Role.PUBLISHER, "sare", staff=holder)
    refused.append(person.post("publish", preview))
    other = towns.door.services.keys.create(Role.PUBLISHER, "two", staff=holder)
    towns.give(other, Role.READER, "town")
    person.key = other
    refused.append(person.post("publish", preview))

    JurisdictionService(towns.door.services.database).set_up("sare", four_eyes=False)
    for answer in refused:
        assert_problem(answer, 403, "four-eyes", "Have somebody else")


def test_nobody_takes_over_an_account_that_holds_something_elsewhere(towns: Towns) -> None:
    """Neither now nor later, and not by way of what was taken back here."""
    services = towns.door.services
    services.accounts.create_unless_there("post-9", Role.READER, created_by="test", jurisdiction="sare")
    grants = GrantService(services.database)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    grants.give("login", "post-9", Role.ADMIN, by="test", jurisdiction="town", valid_from=tomorrow)
    own = services.keys.identify(towns.key((Role.ADMIN, "sare"), (Role.DISPATCHER, "town")))
    assert own is not None
    accounts = services.administration.accounts

    for do in (accounts.reset, accounts.take_off_factor, accounts.disable, accounts.enable):
        with pytest.raises(PlaceAboveOwn):
            do("sare", "post-9", own)
    accounts.grants.take_back(
        accounts.held("sare", "post-9", own), services.accounts.account("post-9").grants[0].id, own
    )
    with pytest.raises(PlaceAboveOwn):
        accounts.reset("sare", "post-9", own)


def test_an_officer_does_by_another_role_what_that_one_may(towns: Towns) -> None:
    """That he sees no more by it takes nothing from him: he reports and erases in all of the place."""
    reporting, erasing = (towns.key((Role.OFFICER, "sare"), (role, "sare")) for role in (Role.REPORTER, Role.STEWARD))
    beyond = towns.sql(
        "SELECT i.id, st_x(i.geom), st_y(i.geom) FROM geoservice.incident AS i"
        "  JOIN geoservice.jurisdiction AS j ON j.id = i.jurisdiction_id"
        " WHERE j.code = %s AND i.officer_code <> 'G03' AND i.words_gone_at IS NULL AND i.description IS NOT NULL"
        "   AND NOT i.sensitive AND i.grid_code NOT IN ("
        "SELECT p.grid_code FROM geoservice.posting AS p WHERE p.staff_code = 'G03') LIMIT 1", "sare"
    )  # fmt: skip
    [(number, lon, lat)] = beyond

    body = {"jurisdiction": "sare", "service_code": "cable", "lon": lon, "lat": lat}
    assert towns.json(reporting, "/v1/incidents", method="POST", json=body)["officer_code"] != "G03"
    assert towns.json(erasing, f"/v1/incidents/{number}/erase", method="POST", json={"because": "request"})


def test_a_list_over_all_gives_nothing_of_a_place_by_its_cursor_or_by_naming_both(towns: Towns) -> None:
    mine, all_of_it = towns.key((Role.DISPATCHER, "sare"), (Role.PUBLISHER, "town")), towns.key((Role.ADMIN, None))
    towns.report("sare"), towns.report("town")
    cursor = towns.json(all_of_it, "/v1/incidents?jurisdiction=town&limit=1")
    further = towns.json(mine, "/v1/incidents", query_string={"limit": 1000, "after": cursor["next"]} if cursor["next"]
                         else {"limit": 1000})  # fmt: skip

    assert {one["jurisdiction"] for one in further["incidents"]} == {"sare"}
    for path in ("/v1/incidents", "/v1/staff", "/v1/visits", "/v1/audit", "/v1/changes", "/v1/accounts"):
        for places in (("sare", "town"), ("town", "sare"), ("sare", "nowhere")):
            query = "&".join(f"jurisdiction={one}" for one in places)
            assert towns.ask(mine, f"{path}?{query}").status in (403, 404, 422), (path, query)


def test_an_incident_is_not_joined_to_one_of_another_place(towns: Towns) -> None:
    key = towns.key((Role.DISPATCHER, "sare"), (Role.AUDITOR, "town"))
    here, there = towns.report("sare").id, towns.report("town").id

    for mine, other, statuses in ((here, there, (404, 409, 422)), (there, here, (403, 404))):
        body = {"duplicate_of": str(other), "reason": "the same"}
        assert towns.ask(key, f"/v1/incidents/{mine}/actions/merge", "POST", json=body).status in statuses
        assert towns.ask(
            key, f"/v1/incidents/{mine}/actions/cancel?jurisdiction=sare", "POST", json={"reason": "no"}
        ).status == (200 if mine == here else 404)  # fmt: skip


def test_a_grant_that_is_taken_back_is_gone_from_memory_too(towns: Towns) -> None:
    """Look-ups and tiles recognise keys in memory; it is told of a grant as of every other change."""
    key = towns.key((Role.DISPATCHER, "sare"))
    towns.give(key, Role.ADMIN, "town")
    keys = towns.door.services.keys

    def remembered() -> set[Role]:
        found = keys.identify_from_memory(key)
        return set() if found is None else {one.role for one in found.held}

    wait_until(lambda: remembered() == {Role.DISPATCHER, Role.ADMIN}, "memory knows both grants")
    [_, grant] = keys.key(key.split("_")[1]).grants
    GrantService(towns.door.services.database).revoke(grant, by="test")
    wait_until(lambda: remembered() == {Role.DISPATCHER}, "memory knows that one is gone")
