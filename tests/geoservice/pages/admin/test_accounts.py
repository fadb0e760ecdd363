"""Accounts on pages: by role and place, with what it costs said first, and one-time passwords shown once."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from geoservice.auth.model import Identity, Role
from geoservice.auth.permissions import Permission, may, roles_to_give
from geoservice.wiring import Services
from tests.geoservice.pages.admin.people import Administrator, errors, make_town, noted, secret
from tests.geoservice.pages.desk.test_pages import OWN, Browser
from tests.geoservice.web.attacks import hostile_texts

NEW = {"login": "desk-7", "role": "dispatcher", "place": "sare", "staff": "", "ends": ""}


def test_administrators_alone_come_in(services: Services, community_url: str) -> None:
    for number, role in enumerate(role for role in Role if role not in (Role.PUBLIC, Role.OFFICER)):
        browser = Browser(services, f"post-{number}", role)
        allowed = may(role, Permission.MANAGE_ACCOUNTS)
        assert browser.get("/admin").status_code == (303 if allowed else 403), role
        assert browser.get("/admin/sare/accounts").status_code == (200 if allowed else 403), role
    assert 'href="/admin/sare"' in browser.get("/audit/sare").text
    # Pages that hear of nothing by themselves have no lamp that could say so.
    assert 'id="live"' not in browser.get("/audit/sare").text + browser.get("/admin/sare/accounts").text
    assert browser.get("/admin").headers["Location"] == "/admin/sare"
    assert browser.get("/admin/sare?lang=en").headers["Location"] == "/admin/sare/accounts?lang=en"
    # An administrator of one place: what is good everywhere, or elsewhere, is not there for him.
    make_town(community_url)
    services.accounts.create("town-1", Role.DISPATCHER, created_by="test", jurisdiction="town")
    services.accounts.create("all-1", Role.ADMIN, created_by="test")
    here, everywhere = Administrator(services), Administrator(services, "admin-6", None)
    assert here.get("/admin/town/accounts").status_code == 403
    told = here.show("accounts").text
    assert "post-3" in told
    assert "town-1" not in told
    assert "all-1" not in told
    for login in ("town-1", "all-1", "none"):
        for path in (f"accounts/{login}", f"accounts/{login}/reset"):
            assert here.show(path).status_code == 404
        assert here.send(f"accounts/{login}/reset").status_code == 404
    assert "all-1" in everywhere.show("accounts").text
    assert "town-1" not in everywhere.show("accounts").text
    assert "town-1" in everywhere.get("/admin/town/accounts").text
    assert everywhere.get("/admin/nowhere/accounts").status_code == 404
    # What is not thought of is good here, not everywhere.
    for path in ("new-account", "new-key", "new-webhook"):
        options = re.search(r'<select id="f-place".*?</select>', everywhere.show(path).text.replace("\n", ""))
        assert options is not None, path
        places = re.findall(r'<option value="([^"]*)"( selected)?>', options[0])
        assert next((value for value, chosen in places if chosen), places[0][0]) == "sare", path
        assert ("", "") in places, path
        # Nothing that is pasted is cut in silence: what is too long is refused in words.
        assert "maxlength" not in everywhere.show(path).text, path
    assert errors(here.send("new-account", **NEW | {"place": ""})).keys() == {"place"}
    assert errors(here.send("new-account", **NEW | {"place": "town"})).keys() == {"place"}
    assert secret(everywhere.send("new-account", **NEW | {"place": "", "role": "auditor"}))
    assert {one.login: one.grants[0].jurisdiction_code for one in services.accounts.accounts()}["desk-7"] is None


def test_an_account_is_made_used_and_its_password_shown_once(services: Services, community_url: str) -> None:
    admin = Administrator(services)
    form = admin.show("new-account").text
    assert all(f'<option value="{role}">' in form for role in roles_to_give(Identity(Role.ADMIN), None))
    answer = admin.send("new-account", **NEW | {"ends": "2030-01-31"})
    password = secret(answer)
    assert noted(community_url, "account_added")[0] == "admin:admin-5"
    made = {one.login: one for one in services.accounts.accounts()}["desk-7"]
    [grant] = made.grants
    assert (grant.role, grant.jurisdiction_code, made.created_by) == ("dispatcher", "sare", "admin:admin-5")
    told = admin.show("accounts/desk-7").text
    assert "2030-01-31" in told
    assert "one-time password not used yet" in told
    assert password not in told + admin.show("accounts").text
    entered = admin.client.post("/signin", data={"login": "desk-7", "password": password}, headers=OWN)
    assert entered.headers["Location"].startswith("/account/password")
    officer = NEW | {"login": "post-7", "role": "officer", "staff": "G03"}
    assert secret(Administrator(services, "admin-7").send("new-account", **officer))


@hostile_texts(3)
def test_what_is_wrong_is_told_beside_its_field(services: Services, texts: Sequence[str]) -> None:
    admin = Administrator(services)
    for changed, field in (
        ({"login": ""}, "login"), ({"login": "Desk 7"}, "login"), ({"login": "13800138000"}, "login"),
        ({"login": "admin-5"}, "login"), ({"role": ""}, "role"), ({"role": "public"}, "role"),
        ({"role": "officer"}, "staff"), ({"staff": "nobody"}, "staff"), ({"ends": "2020-01-01"}, "ends"),
        ({"ends": "tomorrow"}, "ends"), ({"ends": "9999-12-31"}, "ends"),
    ):  # fmt: skip
        answer = admin.send("new-account", **NEW | changed)
        assert errors(answer).keys() == {field}, changed
        assert field in ("role", "staff") or f'value="{changed[field]}"' in answer.text
    logins = {one.login for one in services.accounts.accounts()}
    token = admin.token()
    for text in texts:
        for changed in ({"login": text}, {"role": text, "place": text, "ends": text}):
            answer = admin.post("/admin/sare/new-account?lang=en", token=token, **NEW | changed)
            assert answer.status_code in (200, 422), changed
            assert "<script>alert" not in answer.text
    made = {one.login for one in services.accounts.accounts()} - logins
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,39}", login) for login in made)


def test_disabling_says_what_it_costs_and_is_undone(services: Services, community_url: str) -> None:
    admin, other = Administrator(services), Browser(services, "desk-8", Role.DISPATCHER)
    assert "out at once" in admin.show("accounts/desk-8/disable").text
    done = admin.send("accounts/desk-8/disable")
    assert other.get("/desk/sare").status_code == 303
    assert noted(community_url, "account_changed")[0] == "admin:admin-5"
    told = admin.get(done.headers["Location"]).text
    assert "its sessions have ended" in told
    assert 'action="/admin/sare/accounts/desk-8/enable?lang=en"' in told
    assert admin.show("accounts/desk-8/reset").status_code == 200
    assert admin.send("accounts/desk-8/reset").status_code == 422
    assert admin.send("accounts/desk-8/enable").status_code == 303
    account = {one.login: one for one in services.accounts.accounts()}["desk-8"]
    assert account.is_open
    assert not account.must_change


def test_a_reset_and_a_second_factor_taken_off(services: Services, community_url: str) -> None:
    admin, other = Administrator(services), Browser(services, "desk-8", Role.DISPATCHER)
    password = secret(admin.send("accounts/desk-8/reset"))
    assert other.get("/desk/sare").status_code == 303
    assert services.sessions.sign_in("desk-8", password, address="192.0.2.1").must_change
    assert admin.send("accounts/desk-8/factor_off").status_code == 303
    assert "second factor is off" in admin.show("accounts/desk-8", "&done=factor_off").text
    # Nobody shuts himself out.
    for action in ("disable", "reset", "factor_off"):
        assert "your own account" in admin.send(f"accounts/admin-5/{action}").text
    assert "/accounts/admin-5/disable" not in admin.show("accounts/admin-5").text


@pytest.mark.parametrize("path", ["new-account", "accounts/desk-8/disable", "accounts/desk-8/reset"])
def test_forms_of_other_pages_do_nothing(services: Services, path: str) -> None:
    admin = Administrator(services)
    services.accounts.create("desk-8", Role.DISPATCHER, created_by="test", jurisdiction="sare")
    before = services.accounts.accounts()
    address = f"/admin/sare/{path}"
    assert admin.post(address, **NEW).status_code == 403
    assert admin.post(address, **NEW, token="0" * 64).status_code == 403
    assert admin.post(address, {"Origin": "http://elsewhere.example"}, **NEW, token=admin.token()).status_code == 403
    assert services.accounts.accounts() == before
    assert admin.show(f"{path}/none").status_code == 404
    for answer in (admin.show("accounts"), admin.show("accounts/none"), admin.show("new-account")):
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert not re.search(r"<script(?![^>]* src=)|<style|\son[a-z]+=| style=", answer.text)


def test_a_role_that_may_more_is_not_within_another() -> None:
    assert set(roles_to_give(Identity(Role.ADMIN), None)) == set(Role) - {Role.PUBLIC}
    assert Role.ADMIN not in roles_to_give(Identity(Role.DISPATCHER), None)
    assert Role.READER in roles_to_give(Identity(Role.DISPATCHER), None)
