"""Who holds several grants, by HTTP: in each place what is granted there, and nothing of one place in another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from geoservice.auth.model import Identity, Role
from geoservice.services.events import EventService
from geoservice.services.grants import GrantHeldAlready, GrantService, OfficerElsewhere
from geoservice.services.incidents import NewReport
from geoservice.services.jurisdictions import JurisdictionService
from layers.crs import declared_position
from layers.errors import LastAdministrator
from tests.geoservice.api.test_drafts import FIRST, Analyst, assert_problem, halving
from tests.geoservice.api.two_towns import Towns, open_towns


@pytest.fixture(scope="module")
def towns(cluster_url: str, community_template: str) -> Iterator[Towns]:
    with open_towns(cluster_url, community_template) as towns:
        yield towns


def test_in_each_jurisdiction_a_key_may_what_it_is_granted_there(towns: Towns) -> None:
    key = towns.key((Role.DISPATCHER, "sare"), (Role.ADMIN, "town"))

    for path, here, there in (
        ("/v1/incidents?jurisdiction={}", 200, 200), ("/desk/{}/list", 200, 200),
        ("/v1/audit?jurisdiction={}", 403, 200), ("/admin/{}/accounts", 403, 200),
        ("/v1/layers/households/features?jurisdiction={}", 403, 200),
        ("/v1/keys?jurisdiction={}", 403, 200), ("/maps/{}/edit", 403, 200),
    ):  # fmt: skip
        assert towns.ask(key, path.format("sare")).status == here, path
        assert towns.ask(key, path.format("town")).status == there, path
    assert towns.ask(key, "/v1/incidents?jurisdiction=nowhere").status == 403


def test_a_right_that_is_had_elsewhere_is_told_as_such(towns: Towns) -> None:
    key = towns.key((Role.DISPATCHER, "sare"), (Role.ADMIN, "town"))

    told = towns.ask(key, "/v1/audit?jurisdiction=sare").response.json

    assert told["type"].endswith("#problem-not-here")
    assert "jurisdiction: town" in told["detail"]


def test_a_list_over_all_holds_what_is_read_by_grants_that_allow_it(towns: Towns) -> None:
    reports = {place: str(towns.report(place).id) for place in ("sare", "town")}

    def listed(key: str) -> set[str]:
        found = {one["id"] for one in towns.json(key, "/v1/incidents?limit=100&sort=new")["incidents"]}
        return {place for place, number in reports.items() if number in found}

    assert listed(towns.key((Role.DISPATCHER, "sare"), (Role.ADMIN, "town"))) == {"sare", "town"}
    assert listed(towns.key((Role.DISPATCHER, "sare"), (Role.READER, "town"))) == {"sare"}
    assert listed(towns.key((Role.PUBLISHER, "sare"), (Role.ADMIN, "town"))) == {"town"}
    assert listed(towns.key((Role.DISPATCHER, None), (Role.ADMIN, "town"))) == {"sare", "town"}


def test_what_an_address_names_by_number_is_looked_at_as_who_somebody_is_there(towns: Towns) -> None:
    key = towns.key((Role.AUDITOR, "sare"), (Role.DISPATCHER, "town"))
    here, there = towns.report("sare").id, towns.report("town").id

    assert towns.json(key, f"/v1/incidents/{here}")["id"] == str(here)
    told = towns.ask(key, f"/v1/incidents/{here}/actions/cancel", "POST", json={"reason": "nobody there"})
    assert (told.status, "jurisdiction: town" in told.response.json["detail"]) == (403, True)
    done = towns.ask(key, f"/v1/incidents/{there}/actions/cancel", "POST", json={"reason": "nobody there"})
    assert done.status == 200, done.response.text
    [(actor,)] = towns.sql(
        "SELECT actor FROM geoservice.incident_event WHERE incident_id = %s AND rule = 'cancelled'", there
    )  # fmt: skip
    assert actor.startswith("dispatcher:")


def test_what_is_nobody_s_to_know_is_not_told_apart_from_what_is_not_there(towns: Towns) -> None:
    towns.sql("INSERT INTO geoservice.jurisdiction (code, name, outline, metric_srid, visitors)"
              " VALUES ('shut', 'shut', st_multi(st_makeenvelope(80, 20, 80.1, 20.1, 4326)), 32644, 'closed')"
              " ON CONFLICT DO NOTHING")  # fmt: skip
    [(shut,)] = towns.sql(
        "INSERT INTO geoservice.edition (jurisdiction_id, title)"
        " SELECT j.id, 'shut' FROM geoservice.jurisdiction AS j WHERE j.code = 'shut' RETURNING id"
    )
    key = towns.key((Role.ANALYST, "sare"), (Role.ANALYST, "town"))

    statuses = {towns.ask(key, f"/v1/editions/{number}/steps").status for number in (shut, 987_654_321)}
    towns.sql("DELETE FROM geoservice.edition WHERE id = %s", shut)
    towns.sql("DELETE FROM geoservice.jurisdiction WHERE code = 'shut'")

    assert statuses == {404}


def test_what_a_body_names_decides_as_whom_it_is_done(towns: Towns) -> None:
    key = towns.key((Role.ANALYST, "sare"), (Role.DISPATCHER, "town"))
    made = towns.ask(key, "/v1/editions", "POST", json={"jurisdiction": "sare", "title": "mine"})
    assert made.status == 201, made.response.text
    assert towns.ask(key, "/v1/editions", "POST", json={"jurisdiction": "town", "title": "mine"}).status == 403

    for place, role in (("sare", "analyst"), ("town", "dispatcher")):
        lon, lat = (91.77, 29.24) if place == "sare" else towns.place
        service = "cable" if place == "sare" else "light"
        body = {"jurisdiction": place, "service_code": service, "lon": lon, "lat": lat}
        told = towns.json(key, "/v1/incidents", method="POST", json=body)
        [(actor,)] = towns.sql("SELECT actor FROM geoservice.incident_event WHERE incident_id = %s"
                               " ORDER BY id LIMIT 1", told["id"])  # fmt: skip
        assert actor.startswith(f"{role}:")


def test_an_officer_by_posting_is_more_where_he_is_granted_more(towns: Towns) -> None:
    alone, both = towns.key((Role.OFFICER, "sare")), towns.key((Role.OFFICER, "sare"), (Role.DISPATCHER, "sare"))
    elsewhere = towns.key((Role.OFFICER, "sare"), (Role.DISPATCHER, "town"))
    whole = towns.key((Role.DISPATCHER, "sare"))

    def grids(key: str, path: str) -> set[str]:
        return {one["properties"]["grid_code"] for one in towns.json(key, path)["features"]}

    def count(key: str) -> int:
        return int(towns.json(key, "/v1/incidents?jurisdiction=sare&limit=1")["total"])

    households = "/v1/layers/households/features?jurisdiction=sare&limit=1000"
    assert grids(alone, households) == grids(both, households) == grids(elsewhere, households)
    assert len(grids(both, households)) == 1
    assert count(alone) == count(elsewhere) < count(both) == count(whole)
    assert towns.json(both, "/v1/postings/own")["officer_code"] == "G03"
    assert towns.ask(elsewhere, "/v1/layers/households/features?jurisdiction=town").status == 403


def test_a_step_is_taken_as_who_may_take_it(towns: Towns) -> None:
    both = towns.key((Role.OFFICER, "sare"), (Role.DISPATCHER, "sare"))
    [(grid, lon, lat)] = towns.sql(
        "SELECT t.code, st_x(p.at), st_y(p.at) FROM geoservice.territory AS t"
        "  JOIN geoservice.posting AS s ON s.grid_code = t.code AND s.staff_code = 'G03' AND s.valid_to IS NULL"
        "   AND s.jurisdiction_id = t.jurisdiction_id,"
        " LATERAL (SELECT st_pointonsurface(t.geom) AS at) AS p WHERE upper_inf(t.valid) AND upper_inf(t.known) LIMIT 1"
    )
    report = NewReport("cable", declared_position(lon, lat), "resident", jurisdiction_code="sare")
    incident = towns.door.services.incidents.report(report, identity=Identity(Role.PUBLIC))[0]
    assert incident.grid_code == grid

    at = f"/v1/incidents/{incident.id}/actions"
    towns.json(both, f"{at}/accept", method="POST", json={})
    towns.json(both, f"{at}/reassign", method="POST", json={"officer": "G03", "reason": "again"})

    told = towns.sql("SELECT rule, actor FROM geoservice.incident_event WHERE incident_id = %s", incident.id)
    key_id = both.split("_")[1]
    assert {("reassigned", f"dispatcher:{key_id}"), ("accepted", "officer:G03")} <= set(told)


def test_a_grant_that_ends_is_worth_nothing_from_then_on_also_in_memory(towns: Towns) -> None:
    """Keys are recognised in memory by programs that look up: their grants end there by the clock, too."""
    key = towns.key((Role.DISPATCHER, "sare"))
    number = towns.give(key, Role.ADMIN, "sare", valid_to=datetime.now(UTC) + timedelta(hours=1))
    assert towns.ask(key, "/v1/audit?jurisdiction=sare").status == 200

    towns.sql("UPDATE geoservice.access_grant SET valid_to = clock_timestamp() WHERE id = %s", number)

    assert towns.ask(key, "/v1/audit?jurisdiction=sare").status == 403
    assert towns.ask(key, "/v1/incidents?jurisdiction=sare").status == 200
    towns.sql("UPDATE geoservice.access_grant SET valid_to = clock_timestamp() WHERE key_id = %s AND valid_to IS NULL",
              key.split("_")[1])  # fmt: skip
    assert towns.ask(key, "/v1/incidents?jurisdiction=sare").status == 401


def test_a_grant_to_come_is_worth_nothing_yet(towns: Towns) -> None:
    key = towns.key((Role.DISPATCHER, "sare"))
    towns.give(key, Role.ADMIN, "sare", valid_from=datetime.now(UTC) + timedelta(days=1))

    assert towns.ask(key, "/v1/audit?jurisdiction=sare").status == 403


def test_what_is_usual_costs_no_statement_more(towns: Towns) -> None:
    """Rights are read with the key: of one grant, and of several where the place is named."""
    one, two = towns.key((Role.DISPATCHER, "sare")), towns.key((Role.DISPATCHER, "sare"), (Role.ADMIN, "town"))
    for path in ("/v1/incidents?jurisdiction=sare&limit=1", "/v1/staff?jurisdiction=sare"):
        towns.ask(one, path), towns.ask(two, path)  # when a key was used is written now and then

        assert towns.ask(one, path).statements == towns.ask(two, path).statements


def test_events_are_heard_by_each_grant_where_it_is_good(towns: Towns) -> None:
    services = towns.door.services
    events = EventService(services.database, services.keys.identify)
    identity = services.keys.identify(towns.key((Role.DISPATCHER, "sare"), (Role.READER, "town")))
    assert identity is not None
    before = events.newest()
    for place in ("sare", "town"):
        towns.report(place)

    heard = [one.jurisdiction_code for one in events.new_after(before) if events.audience(identity).may_hear(one)]

    assert set(heard) == {"sare"}


def test_who_drew_does_not_publish_by_another_role_of_his(towns: Towns) -> None:
    JurisdictionService(towns.door.services.database).set_up("sare", four_eyes=True)
    person = Analyst(towns.door.client, towns.key((Role.ANALYST, "sare"), (Role.PUBLISHER, "sare")))
    person.draft()
    person.done("split", {"code": FIRST, "line": halving(person.shapes()[FIRST]), "codes": [FIRST, "east"]})
    person.done("validate")

    refused = person.post("publish", {"preview": person.done("preview")["id"]})

    JurisdictionService(towns.door.services.database).set_up("sare", four_eyes=False)
    assert_problem(refused, 403, "four-eyes", "Have somebody else")


def test_grants_are_given_and_taken_back_by_http(towns: Towns) -> None:
    admin = towns.door.keys[Role.ADMIN]
    towns.door.services.accounts.create_unless_there("post-5", Role.READER, created_by="test", jurisdiction="sare")
    at, where = "/v1/accounts/post-5/grants", "?jurisdiction=sare"
    ends = (datetime.now(UTC) + timedelta(days=14)).isoformat()

    given = towns.json(admin, at + where, method="POST", json={"role": "dispatcher", "valid_to": ends})
    assert (given["role"], given["jurisdiction"], given["state"]) == ("dispatcher", "sare", "in force")
    assert given["granted_by"].startswith("admin:")
    again = towns.ask(admin, at + where, "POST", json={"role": "dispatcher"})
    assert (again.status, again.response.json["type"].rpartition("#problem-")[2]) == (409, "grant-held")

    number = given["id"]
    assert towns.json(admin, f"{at}/{number}{where}", method="DELETE")["state"] == "revoked"
    assert towns.ask(admin, f"{at}/{number}{where}", "DELETE").status == 404
    assert towns.json(admin, f"{at}/{number}/restore{where}", method="POST", json={})["state"] == "in force"
    told = towns.json(admin, f"/v1/accounts{where}")["accounts"]
    [mine] = [one for one in told if one["login"] == "post-5"]
    assert [one["role"] for one in mine["grants"]] == ["reader", "dispatcher"]
    whats = [one["what"] for one in towns.json(admin, f"/v1/audit{where}&limit=100")["entries"]]
    assert whats.count("access_grant_added") >= 2
    assert {"access_grant_changed"} <= set(whats)


def test_nobody_gives_in_one_place_what_he_may_in_another(towns: Towns) -> None:
    key = towns.key((Role.DISPATCHER, "sare"), (Role.ADMIN, "town"))
    towns.door.services.accounts.create_unless_there("post-6", Role.READER, created_by="test", jurisdiction="town")
    at = "/v1/accounts/post-6/grants"

    assert towns.ask(key, f"{at}?jurisdiction=town", "POST", json={"role": "admin"}).status == 201
    assert towns.ask(key, f"{at}?jurisdiction=sare", "POST", json={"role": "reader"}).status == 403
    told = towns.ask(key, f"{at}?jurisdiction=town", "POST", json={"role": "reader", "everywhere": True})
    assert (told.status, told.response.json["type"].rpartition("#problem-")[2]) == (403, "above-own")


def test_of_what_an_account_holds_elsewhere_an_administrator_is_told_nothing_and_changes_nothing(towns: Towns) -> None:
    services = towns.door.services
    services.accounts.create_unless_there("post-7", Role.READER, created_by="test", jurisdiction="town")
    GrantService(services.database).give("login", "post-7", Role.DISPATCHER, by="test", jurisdiction="sare")
    own = services.keys.identify(towns.key((Role.ADMIN, "town")))
    assert own is not None

    [told] = [one for one in services.administration.accounts.accounts("town", own) if one.login == "post-7"]

    assert [(one.role, one.jurisdiction_code) for one in told.grants] == [("reader", "town")]
    assert not services.administration.accounts.is_own_whole(told, own)
    assert services.administration.accounts.is_own_whole(told, Identity(Role.ADMIN, "boss"))


def test_nobody_edits_what_he_holds_himself(towns: Towns) -> None:
    key = towns.key((Role.ADMIN, "sare"))
    at = f"/v1/keys/{key.split('_')[1]}/grants"

    told = towns.ask(key, f"{at}?jurisdiction=sare", "POST", json={"role": "steward"})
    number = towns.json(key, f"{at}?jurisdiction=sare")["grants"][0]["id"]

    assert (told.status, told.response.json["type"].rpartition("#problem-")[2]) == (409, "own-account")
    assert towns.ask(key, f"{at}/{number}?jurisdiction=sare", "DELETE").status == 409


def test_the_last_who_administers_everything_keeps_that(towns: Towns) -> None:
    services = towns.door.services
    for login in ("boss-1", "boss-2"):
        services.accounts.create_unless_there(login, Role.ADMIN, created_by="test")
    grants = GrantService(services.database)
    towns.sql("DELETE FROM geoservice.access_grant WHERE role = 'admin' AND login NOT LIKE 'boss-%%' AND %s", True)
    grants.revoke(services.accounts.account("boss-1").grants[0], by="test")

    with pytest.raises(LastAdministrator):
        grants.revoke(services.accounts.account("boss-2").grants[0], by="test")

    grants.restore(services.accounts.account("boss-1").grants[0])
    grants.revoke(services.accounts.account("boss-2").grants[0], by="test")


def test_a_role_is_granted_once_at_a_time_and_an_officer_is_of_one_jurisdiction(towns: Towns) -> None:
    key = towns.key((Role.OFFICER, "sare"))
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    with pytest.raises(GrantHeldAlready):
        towns.give(key, Role.OFFICER, "sare", valid_from=tomorrow)
    with pytest.raises(OfficerElsewhere):
        towns.give(key, Role.OFFICER, "town", valid_from=tomorrow)
    towns.give(key, Role.DISPATCHER, "town", valid_to=tomorrow)
    towns.give(key, Role.DISPATCHER, "town", valid_from=tomorrow)
