"""Where something is given on pages, and until when: in any place of one's own, never longer than one's own right."""

from __future__ import annotations

import html
import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest

from geoservice.auth.model import Role
from geoservice.services.grants import GrantService
from geoservice.services.jurisdictions import JurisdictionService
from geoservice.wiring import Services
from tests.geoservice.pages.admin.people import Administrator, errors, make_town, secret
from tests.geoservice.pages.desk.test_pages import NEW, OWN

LHASA = ZoneInfo("Asia/Shanghai")
ACCOUNT = {"login": "desk-7", "role": "dispatcher", "place": "sare", "staff": "", "ends": ""}
GRANT = {"role": "analyst", "place": "sare", "staff": "", "begins": "", "ends": ""}
OPTION = re.compile(r'<option value="([^"]*)"')


def options(page: str, field: str) -> list[str]:
    """Return what a select of a form offers."""
    found = re.search(rf'<select id="f-{field}".*?</select>', page, re.DOTALL)
    assert found is not None
    return [html.unescape(one) for one in OPTION.findall(found[0])]


def again(browser: Administrator, login: str) -> None:
    """Sign in anew: what is granted ends the session."""
    browser.client.post("/signin", data={"login": login, "password": NEW}, headers=OWN)


def deputy(services: Services, url: str, ends: datetime, place: str | None = "sare") -> Administrator:
    """Return an administrator until then."""
    browser = Administrator(services, "deputy", place)
    with psycopg.connect(url) as connection:
        connection.execute(
            "UPDATE geoservice.access_grant SET valid_to = %s WHERE login = 'deputy'", [ends]
        )  # fmt: skip
    again(browser, "deputy")
    return browser


def end_of(day: date, zone: ZoneInfo = LHASA) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(days=1)


@pytest.fixture
def last() -> date:
    """Return the last day of a deputy."""
    return datetime.now(LHASA).date() + timedelta(days=14)


def test_a_deputy_is_told_until_when_he_may_give_and_gives_until_then(
    services: Services, community_url: str, last: date
) -> None:
    admin = deputy(services, community_url, end_of(last))
    form = admin.show("new-account").text
    assert f'value="{last}"' in form
    assert f"{last} at the latest, the last day of your own right" in form
    assert f"最晚 {last}" in admin.get("/admin/sare/new-account?lang=zh").text

    for ends in ("", (last + timedelta(days=1)).isoformat(), "2030-01-01"):
        told = errors(admin.send("new-account", **ACCOUNT | {"ends": ends}))
        assert told.keys() == {"ends"}
        assert f"No later than {last}" in told["ends"]
    assert secret(admin.send("new-account", **ACCOUNT | {"ends": last.isoformat()}))
    assert services.accounts.account("desk-7").expires_at == end_of(last)

    key = {"label": "alarms", "role": "reader", "place": "sare", "staff": "", "networks": ""}
    assert f'value="{last}"' in admin.show("new-key").text
    assert errors(admin.send("new-key", **key, ends="")).keys() == {"ends"}
    assert secret(admin.send("new-key", **key, ends=last.isoformat()))
    assert services.keys.key("alarms").expires_at == end_of(last)


def test_on_the_day_on_which_his_right_ends_what_he_gives_ends_with_it(services: Services, community_url: str) -> None:
    """A right may end at any hour: the day that is named as the last one can be chosen."""
    ends = (datetime.now(UTC) + timedelta(days=14)).replace(microsecond=0)
    admin = deputy(services, community_url, ends)
    day = ends.astimezone(LHASA).date()

    assert str(day) in errors(admin.send("new-account", **ACCOUNT))["ends"]
    assert secret(admin.send("new-account", **ACCOUNT | {"ends": str(day)}))
    assert services.accounts.account("desk-7").expires_at == ends


def test_what_he_can_not_give_again_is_told_before_he_takes_it(
    services: Services, community_url: str, last: date
) -> None:
    services.accounts.create("desk-8", Role.DISPATCHER, created_by="test", jurisdiction="sare")
    services.accounts.create("chief", Role.ADMIN, created_by="test", jurisdiction="sare")
    whole, admin = Administrator(services), deputy(services, community_url, end_of(last))
    grant = services.accounts.account("desk-8").grants[0]
    asked = ("accounts/desk-8/disable", f"accounts/desk-8/grants/{grant.id}/revoke")
    for path in asked:
        assert "You can not give it back yourself" in admin.show(path).text
        assert "You can not give it back yourself" not in whole.show(path).text
    assert admin.send(asked[0]).status_code == 303
    assert "who has that longer does this" in admin.send("accounts/desk-8/enable").text
    assert admin.send(asked[1]).status_code == 303
    assert "who has that longer does this" in admin.send(f"accounts/desk-8/grants/{grant.id}/restore").text
    assert "who has that longer does this" in admin.send("accounts/chief/reset").text
    assert whole.send("accounts/desk-8/enable").status_code == 303
    assert whole.send(f"accounts/desk-8/grants/{grant.id}/restore").status_code == 303
    assert secret(admin.send("accounts/desk-8/reset"))


def test_a_key_that_he_rotates_ends_with_his_right_which_is_told_first(
    services: Services, community_url: str, last: date
) -> None:
    soon = end_of(last) - timedelta(days=7)
    services.keys.create(Role.READER, "alarms", jurisdiction="sare", expires_at=soon)
    services.keys.create(Role.ADMIN, "chief's", jurisdiction="sare")
    admin = deputy(services, community_url, end_of(last))
    key, chief = services.keys.key("alarms"), services.keys.key("chief's")

    page = admin.show(f"keys/{key.id}/rotate").text
    assert f"Its last day is {last}" in page
    seen = re.findall(r'name="seen" value="([^"]+)"', page)[0]
    assert secret(admin.send(f"keys/{key.id}/rotate", overlap="1", seen=seen))
    assert services.keys.key("alarms").expires_at == end_of(last)
    assert "who has that longer does this" in admin.send(f"keys/{chief.id}/rotate", overlap="1").text


@pytest.fixture
def two(services: Services, community_url: str) -> Administrator:
    """Return an administrator of two of three jurisdictions; the clocks of the second are others."""
    make_town(community_url)
    with psycopg.connect(community_url) as connection:
        connection.execute("UPDATE geoservice.jurisdiction SET time_zone = 'America/Chicago' WHERE code = 'town'")
        connection.execute(
            "INSERT INTO geoservice.jurisdiction (code, name, outline, metric_srid)"
            " SELECT 'third', 'Third', st_translate(outline, 2, 0), metric_srid FROM geoservice.jurisdiction"
            "  WHERE code = 'sare'"
        )
        connection.execute(
            "INSERT INTO geoservice.staff (jurisdiction_id, code, call_sign, role)"
            " SELECT j.id, s.code, 'town ' || s.code, 'grid_officer' FROM geoservice.jurisdiction AS j,"
            " (VALUES ('G03'), ('T1')) AS s (code) WHERE j.code = 'town'"
        )
    admin = Administrator(services)
    GrantService(services.database).give("login", "admin-5", Role.ADMIN, by="test", jurisdiction="town")
    again(admin, "admin-5")
    services.accounts.create("desk-8", Role.READER, created_by="test", jurisdiction="sare")
    return admin


def test_of_several_places_that_are_his_he_chooses(services: Services, two: Administrator) -> None:
    for path in ("accounts/desk-8/grants/new", "new-account", "new-key"):
        assert options(two.show(path).text, "place") == ["sare", "town"], path
    whole, alone = Administrator(services, "admin-6", None), Administrator(services, "admin-7")
    assert options(whole.show("new-account").text, "place") == ["sare", "third", "town", ""]
    assert options(alone.show("new-account").text, "place") == ["sare"]
    assert errors(two.send("accounts/desk-8/grants/new", **GRANT | {"place": "third"})).keys() == {"place"}
    assert errors(two.send("accounts/desk-8/grants/new", **GRANT | {"place": ""})).keys() == {"place"}


def test_what_is_given_elsewhere_ends_with_a_day_of_the_clocks_there(services: Services, two: Administrator) -> None:
    chicago = ZoneInfo("America/Chicago")
    day = datetime.now(chicago).date() + timedelta(days=10)

    done = two.send("accounts/desk-8/grants/new", **GRANT | {"place": "town", "ends": str(day), "begins": str(day)})

    assert done.status_code == 303, done.text
    assert done.headers["Location"].startswith("/admin/town/accounts/desk-8")  # where it is told
    [_, given] = services.accounts.account("desk-8").grants
    assert (given.role, given.jurisdiction_code, given.granted_by) == ("analyst", "town", "admin:admin-5")
    assert (given.valid_from, given.valid_to) == (end_of(day, chicago) - timedelta(days=1), end_of(day, chicago))
    assert str(day) in two.get(done.headers["Location"]).text
    # Whoever works everywhere is told of it here, in days of the clocks there.
    whole = Administrator(services, "admin-6", None)
    assert str(day) in whole.show("accounts/desk-8").text


def test_staff_is_that_of_the_place_that_is_chosen(services: Services, two: Administrator) -> None:
    """Both have a G03: what was chosen of one list is not taken for the other's."""
    officer = GRANT | {"role": "officer", "place": "town"}
    for staff in ("", "G03"):
        answer = two.send("accounts/desk-8/grants/new", **officer | {"staff": staff})
        assert errors(answer).keys() == {"staff"}
        assert options(answer.text, "staff") == ["", "town/G03", "town/T1"]
    assert two.send("accounts/desk-8/grants/new", **officer | {"staff": "town/G03"}).status_code == 303
    [_, given] = services.accounts.account("desk-8").grants
    assert (given.jurisdiction_code, given.staff_code) == ("town", "G03")


def test_accounts_and_keys_are_made_elsewhere_too(services: Services, two: Administrator) -> None:
    made = two.send("new-account", **ACCOUNT | {"place": "town"})
    assert secret(made)
    assert 'href="/admin/town/accounts/desk-7' in made.text
    assert services.accounts.account("desk-7").grants[0].jurisdiction_code == "town"
    key = two.send("new-key", label="siren", role="reader", place="town", staff="", networks="", ends="")
    assert secret(key)
    assert 'href="/admin/town/keys' in key.text
    assert services.keys.key("siren").grants[0].jurisdiction_code == "town"


def test_whoever_ends_somewhere_sooner_gives_there_until_then(
    services: Services, two: Administrator, community_url: str, last: date
) -> None:
    ends = end_of(last, ZoneInfo("America/Chicago"))
    with psycopg.connect(community_url) as connection:
        connection.execute(
            "UPDATE geoservice.access_grant SET valid_to = %s WHERE login = 'admin-5'"
            " AND jurisdiction_id = (SELECT id FROM geoservice.jurisdiction WHERE code = 'town')", [ends]
        )  # fmt: skip
    again(two, "admin-5")

    told = errors(two.send("accounts/desk-8/grants/new", **GRANT | {"place": "town"}))
    assert f"No later than {last}" in told["ends"]
    assert two.send("accounts/desk-8/grants/new", **GRANT | {"place": "town", "ends": str(last)}).status_code == 303
    assert two.send("accounts/desk-8/grants/new", **GRANT).status_code == 303


def test_a_closed_place_of_others_is_not_offered(services: Services, two: Administrator) -> None:
    JurisdictionService(services.database).set_up("third", visitors="closed")

    assert "third" not in two.show("new-account").text.lower()
