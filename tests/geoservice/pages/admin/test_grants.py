"""Grants on the pages of administrators: given with an end, taken back, given again; nobody his own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import psycopg

from geoservice.auth.model import Role
from geoservice.services.grants import GrantService
from geoservice.wiring import Services
from tests.geoservice.pages.admin.people import Administrator, errors, make_town, noted
from tests.geoservice.pages.desk.test_pages import HAND, NEW, OWN, Browser
from tests.geoservice.web.attacks import hostile_texts

GRANT = {"role": "analyst", "place": "sare", "staff": "", "begins": "", "ends": ""}


def made(services: Services, login: str = "desk-8") -> None:
    services.accounts.create(login, Role.DISPATCHER, created_by="test", jurisdiction="sare")


def test_a_grant_is_given_with_an_end_taken_back_and_given_again(services: Services, community_url: str) -> None:
    admin, other = Administrator(services), Browser(services, "desk-8", Role.DISPATCHER)
    assert other.get("/maps/sare/edit").status_code == 403
    page = admin.show("accounts/desk-8").text
    assert 'href="/admin/sare/accounts/desk-8/grants/new?lang=en"' in page
    assert "is out at once" in admin.show("accounts/desk-8/grants/new").text

    last = (datetime.now(UTC) + timedelta(days=14)).date().isoformat()
    done = admin.send("accounts/desk-8/grants/new", **GRANT | {"ends": last})
    assert done.status_code == 303, done.text
    assert noted(community_url, "access_grant_added")[0] == "admin:admin-5"
    assert other.get("/desk/sare").status_code == 303  # he signs in anew
    told = admin.get(done.headers["Location"]).text
    assert "It is given." in told
    assert last in told
    assert "dispatcher · analyst" in admin.show("accounts").text

    [_, grant] = services.accounts.account("desk-8").grants
    assert "It can be given again" in admin.show(f"accounts/desk-8/grants/{grant.id}/revoke").text
    taken = admin.send(f"accounts/desk-8/grants/{grant.id}/revoke")
    told = admin.get(taken.headers["Location"]).text
    assert f'action="/admin/sare/accounts/desk-8/grants/{grant.id}/restore?lang=en"' in told
    assert "taken back" in told
    assert admin.send(f"accounts/desk-8/grants/{grant.id}/restore").status_code == 303
    assert services.accounts.account("desk-8").grants[1].revoked_at is None


def test_a_key_gets_and_loses_a_grant(services: Services) -> None:
    admin = Administrator(services)
    services.keys.create(Role.READER, "alarms", jurisdiction="sare")
    key = services.keys.key("alarms")

    assert admin.send(f"keys/{key.id}/grants/new", **GRANT | {"role": "reporter"}).status_code == 303
    [_, grant] = services.keys.key("alarms").grants
    assert admin.send(f"keys/{key.id}/grants/{grant.id}/revoke").status_code == 303

    assert [one.role for one in services.keys.key("alarms").grants if one.revoked_at is None] == ["reader"]


@hostile_texts(3)
def test_what_is_wrong_is_told_beside_its_field(services: Services, texts: Sequence[str]) -> None:
    admin = Administrator(services)
    made(services)
    for changed, field in (
        ({"role": ""}, "role"), ({"role": "dispatcher"}, "role"), ({"role": "officer"}, "staff"),
        ({"begins": "2020-01-01"}, "begins"), ({"begins": "x"}, "begins"), ({"ends": "2020-01-01"}, "ends"),
        ({"begins": "2030-01-05", "ends": "2030-01-01"}, "ends"), ({"place": "town"}, "place"),
    ):  # fmt: skip
        assert errors(admin.send("accounts/desk-8/grants/new", **GRANT | changed)).keys() == {field}, changed
    token = admin.token()
    for text in texts:
        for name in GRANT:
            answer = admin.post(
                "/admin/sare/accounts/desk-8/grants/new?lang=en", token=token, **GRANT | {"role": "", name: text}
            )
            assert answer.status_code == 422
            assert "<script>alert" not in answer.text
    assert len(services.accounts.account("desk-8").grants) == 1


def test_nobody_gives_himself_something_or_takes_it(services: Services) -> None:
    admin = Administrator(services)
    grant = services.accounts.account("admin-5").grants[0]

    page = admin.show("accounts/admin-5").text
    assert "/grants/new" not in page
    assert "/revoke" not in page
    for path, form in (("new", GRANT), (f"{grant.id}/revoke", {})):
        assert "Nobody gives himself" in admin.send(f"accounts/admin-5/grants/{path}", **form).text
    assert services.accounts.account("admin-5").grants == (grant,)


def test_a_deputy_does_not_disable_the_last_who_administers_without_an_end(
    services: Services, community_url: str
) -> None:  # fmt: skip
    with psycopg.connect(community_url) as connection:
        connection.execute("DELETE FROM geoservice.access_grant WHERE role = 'admin' AND login IS NOT NULL")
    services.accounts.create("boss", Role.ADMIN, created_by="test")
    deputy, grants = Administrator(services, "deputy", None), GrantService(services.database)
    grants.give("login", "deputy", Role.AUDITOR, by="test")
    with psycopg.connect(community_url) as connection:
        connection.execute("UPDATE geoservice.access_grant SET valid_to = now() + interval '1 day'"
                           " WHERE login = 'deputy' AND role = 'admin'")  # fmt: skip
    deputy.client.post("/signin", data={"login": "deputy", "password": NEW}, headers=OWN)

    assert "give that to another one first" in deputy.send("accounts/boss/disable").text
    assert services.accounts.account("boss").disabled_at is None


def test_of_what_is_held_elsewhere_nothing_is_shown_and_the_rest_is_taken_back(
    services: Services, community_url: str
) -> None:  # fmt: skip
    make_town(community_url)
    made(services)
    elsewhere = GrantService(services.database).give("login", "desk-8", Role.ANALYST, by="test", jurisdiction="town")
    admin = Administrator(services)

    page = admin.show("accounts/desk-8").text
    assert ">analyst<" not in page
    assert "accounts/desk-8/disable" not in page
    assert admin.show(f"accounts/desk-8/grants/{elsewhere}/revoke").status_code == 404
    assert admin.send("accounts/desk-8/disable").status_code == 403
    mine = services.accounts.account("desk-8").grants[0]
    assert admin.send(f"accounts/desk-8/grants/{mine.id}/revoke").status_code == 303

    everywhere = Administrator(services, "boss", None)
    everywhere.place = "town"
    assert "accounts/desk-8/disable" in everywhere.show("accounts/desk-8").text


def test_whoever_works_in_several_places_chooses_and_is_led_by_his_rights_there(
    services: Services, community_url: str
) -> None:  # fmt: skip
    make_town(community_url)
    browser = Browser(services, "desk-8", Role.DISPATCHER)
    GrantService(services.database).give("login", "desk-8", Role.ADMIN, by="test", jurisdiction="town")
    browser.client.post("/signin", data={"login": "desk-8", "password": NEW}, headers=OWN)

    desk = browser.get("/desk?lang=en").text
    assert 'href="/desk/sare?lang=en"' in desk
    assert 'href="/desk/town?lang=en"' in desk
    assert browser.get("/admin?lang=en").headers["Location"].startswith("/admin/town")
    assert browser.get("/audit?lang=en").headers["Location"].startswith("/audit/town")
    here, there = (browser.get(f"/desk/{one}?{HAND}&lang=en").text for one in ("sare", "town"))
    assert 'href="/admin/sare' not in here
    assert 'href="/admin/town' in there
    assert 'class="elsewhere" href="/desk?lang=en"' in here
    assert "<span>dispatcher</span>" in here
    assert "<span>administrator</span>" in there
