"""The administrators' pages in a browser: a laptop and a phone, light and dark, with and without scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from geoservice.auth.model import Role
from geoservice.domain.languages import Language
from geoservice.pages.admin.areas import AREAS
from geoservice.pages.words.catalogue import words
from tests.browser.conftest import Visit
from tests.browser.desk import LAPTOP, PHONE, LiveDesk, axe_script
from tests.browser.test_desk import WATCH, assert_tame
from tests.depth import depths

pytestmark = pytest.mark.browser
SAID = words("admin", "en")
FORMS = (
    "new-account", "new-key", "new-posting", "accounts/desk-2", "accounts/desk-2/disable", "new-service",
    "services/light", "services/light/retirement", "calendar/hours", "new-day", "retention/terms", "changes/last",
    "changes/last/undo", "new-webhook", "accounts/desk-2/grants/new", "imports",
)  # fmt: skip
LOOKS = ((LAPTOP, "light"), (PHONE, "dark"), ({"width": 320, "height": 700}, "light"))


@pytest.fixture(scope="module")
def desk(office: LiveDesk) -> LiveDesk:
    office.account("desk-2")
    office.sql("UPDATE geoservice.building SET name = '<b>x' WHERE name IS NOT NULL")
    return office


@pytest.fixture
def open_admin(desk: LiveDesk, visit: Callable[..., Visit], known_at: Callable[..., Any]) -> Callable[..., Visit]:
    """Open the page as who is signed in; return the visit."""

    def go(**context: Any) -> Visit:
        seen = visit("about:blank", again=True, storage_state=known_at(desk, "admin-1", Role.ADMIN), **context)
        seen.page.add_init_script(WATCH)
        seen.page.goto(f"{desk.url}/admin/sare?lang=en")
        return seen

    return go


def last_change(desk: LiveDesk) -> str:
    return str(desk.sql("SELECT max(id) FROM geoservice.change")[0][0])


def violations(page: Page) -> list[str]:
    page.evaluate(axe_script())
    told = page.evaluate("axe.run()")
    return [f"{page.url} {one['id']}: {one['nodes'][0]['html']:.120}" for one in told["violations"]]


@depths(1, len(LOOKS))
def test_axe_finds_nothing_and_nothing_is_wider_than_its_screen(
    desk: LiveDesk, open_admin: Callable[..., Visit], depth: int
) -> None:
    """One session measures each page in every size; axe looks at it in one of them, each page another, or in all."""
    page = open_admin(**LAPTOP, bypass_csp=True).page
    found = []
    looked = [(path, "en") for path in (*(area for area, _ in AREAS), *FORMS, None)] + [(AREAS[0][0], "bo")]
    for number, (path, lang) in enumerate(looked):
        page.goto(f"{desk.url}/admin/sare/{(path or FORMS[0]).replace('last', last_change(desk))}?lang={lang}")
        if path is None:  # a form that was sent empty, and tells what is missing
            page.locator("#send").click()
            expect(page.locator("#errors")).to_be_focused()
        for look, (size, scheme) in enumerate(LOOKS):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path
            if (look - number) % len(LOOKS) < depth:
                found += violations(page)
    assert found == []


def made(page: Page, login: str) -> None:
    """Make an account by the form, after an error that it tells beside its field."""
    page.locator(".areas a", has_text=SAID["area.accounts"]).click()
    page.locator(".head .button").click()
    page.locator("#f-login").fill(login)
    page.locator("#send").click()
    expect(page.locator("#f-role-error")).to_contain_text(SAID["error.choose"])
    expect(page.locator("#f-login")).to_have_value(login)
    page.locator("#f-role").select_option("dispatcher")
    page.locator("#send").click()
    assert page.locator("#secret").input_value() not in page.url
    page.locator(".ways .first").click()
    expect(page.locator("h1")).to_have_text(login)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_an_account_is_made_disabled_and_that_undone(open_admin: Callable[..., Visit], *, scripts: bool) -> None:
    seen = open_admin(**LAPTOP, java_script_enabled=scripts)
    page = seen.page
    made(page, f"desk-{'s' if scripts else 'n'}")
    page.get_by_role("link", name=SAID["do.disable"]).click()
    expect(page.locator(".costs")).to_have_text(SAID["costs.disable"])
    page.locator("#send").click()
    expect(page.locator(".notice.good")).to_contain_text(SAID["done.disable"])
    page.locator(".notice").get_by_role("button", name=SAID["do.enable"]).click()
    expect(page.locator(".notice.good")).to_contain_text(SAID["done.enable"])
    if scripts:
        seen.refused = [one for one in seen.refused if not one.startswith("422 ")]  # the form with its error
        seen.errors = [one for one in seen.errors if "422" not in one]
        assert_tame(seen)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_holiday_is_entered_once_what_it_costs_was_read(
    desk: LiveDesk, open_admin: Callable[..., Visit], *, scripts: bool, language: Language
) -> None:
    said, seen = words("admin", language), open_admin(**PHONE, java_script_enabled=scripts)
    page = seen.page
    page.goto(f"{desk.url}/admin/sare/new-day?lang={language}")
    day = desk.sql("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date")[0][0].isoformat()
    label = f"灯会-{language}-{scripts}"
    page.locator("#f-day_first").fill(day)
    page.locator("#f-day_label").fill(label)
    page.locator("#send").click()
    expect(page.locator("#agree")).to_contain_text(said["agree"])
    if scripts:
        expect(page.locator("#agree")).to_be_focused()
    expect(page.locator("#send")).to_have_text(said["agree.send"])
    page.locator("#send").click()
    expect(page.locator(".notice.good").first).to_contain_text(said["done.days"])
    page.get_by_role("link", name=day, exact=True).click()
    expect(page.locator(".costs").first).to_be_visible()
    page.locator("#send").click()
    page.locator(".notice").get_by_role("link", name=said["restore.day"]).click()
    expect(page.locator("#f-day_label")).to_have_value(label)
    expect(page.locator("#f-day_first")).to_have_value(day)
    if scripts:
        assert_tame(seen)


def test_a_service_is_retired_and_a_change_undone(desk: LiveDesk, open_admin: Callable[..., Visit]) -> None:
    seen = open_admin(**LAPTOP)
    page = seen.page
    page.locator(".areas a", has_text=SAID["area.services"]).click()
    page.get_by_role("link", name="light", exact=True).click()
    page.get_by_role("link", name=SAID["retire.service"]).click()
    page.locator("#send").click()
    page.locator(".notice.good").get_by_role("button", name=SAID["restore.service"]).click()
    expect(page.locator(".notice.good")).to_contain_text(SAID["done.restored"])
    page.locator(".areas a", has_text=SAID["area.layers"]).click()
    page.locator("table").nth(1).get_by_role("link").first.click()
    expect(page.locator("h2")).to_contain_text(" of ")
    page.get_by_role("link", name=SAID["undo.change"]).click()
    page.locator("#send").click()
    expect(page.locator(".notice.good")).to_contain_text(SAID["done.undone"])
    assert_tame(seen)


@pytest.fixture
def beside(desk: LiveDesk) -> Iterator[str]:
    """Return a jurisdiction beside the town, with an officer, for as long as a test lasts."""
    desk.sql(
        "INSERT INTO geoservice.jurisdiction (code, name, name_en, outline, metric_srid, visitors)"
        " SELECT 'beside', '一个名称很长很长很长很长很长很长的辖区', 'Beside', st_translate(outline, 1, 0),"
        "  metric_srid, 'closed' FROM geoservice.jurisdiction WHERE code = 'sare'"
    )
    desk.sql(
        "INSERT INTO geoservice.staff (jurisdiction_id, code, call_sign, role)"
        " SELECT j.id, 'S1', 'beside 1', 'grid_officer' FROM geoservice.jurisdiction AS j WHERE j.code = 'beside'"
    )
    yield "beside"
    ours = "jurisdiction_id = (SELECT j.id FROM geoservice.jurisdiction AS j WHERE j.code = 'beside')"
    for table in ("access_grant", "staff"):
        desk.sql(f"DELETE FROM geoservice.{table} WHERE {ours}")  # noqa: S608  tables of ours
    desk.sql("DELETE FROM geoservice.jurisdiction WHERE code = 'beside'")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_on_a_phone_a_grant_is_given_in_a_jurisdiction_that_is_chosen(
    desk: LiveDesk, open_admin: Callable[..., Visit], beside: str, language: Language, *, scripts: bool
) -> None:
    """The form comes back with the staff of the place, and what was chosen stays."""
    page, said = open_admin(**PHONE, java_script_enabled=scripts).page, words("admin", language)
    page.goto(f"{desk.url}/admin/sare/accounts/desk-2/grants/new?lang={language}")
    expect(page.locator("#f-place option")).to_have_count(3)
    expect(page.locator("#f-place-hint")).to_have_text(said["hint.places"])
    page.locator("#f-role").select_option("officer")
    page.locator("#f-place").select_option(beside)
    page.locator("#f-ends").fill("2030-01-31")
    page.locator("#send").click()
    expect(page.locator("#f-staff-error")).to_contain_text(said["error.officer"])
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    expect(page.locator("#f-place")).to_have_value(beside)
    page.locator("#f-staff").select_option(f"{beside}/S1")
    page.locator("#send").click()
    expect(page.locator(".notice.good")).to_contain_text(said["done.give_grant"])
    expect(page.get_by_text("2030-01-31")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
