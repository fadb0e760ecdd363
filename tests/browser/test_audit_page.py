"""The page of auditors in a browser: with and without scripts, in both languages, on a laptop and a phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from geoservice.auth.model import Role
from geoservice.pages.words.catalogue import words
from tests.browser.desk import LAPTOP, PHONE, LiveDesk, axe_script, sign_in
from tests.browser.test_desk import WATCH, assert_tame
from tests.depth import crossed

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def desk(office: LiveDesk) -> LiveDesk:
    office.sql(
        "SELECT geoservice.note_audit(w.what, j.id, w.touched::jsonb)"
        " FROM geoservice.jurisdiction AS j, generate_series(1, 15),"
        ' (VALUES (\'incidents_read\', \'{"count": 50, "filter": {"status": ["reported", "accepted"]}}\'),'
        '  (\'incident_read\', \'{"incident": "\' || gen_random_uuid() || \'", "part": "history"}\'),'
        '  (\'api_key_changed\', \'{"count": 1, "ids": ["1a2b3c4d"], "columns": ["revoked_at"]}\'),'
        "  ('edition_published', '{\"edition\": 2}')) AS w (what, touched)"
    )
    office.sql("SELECT geoservice.seal_audit()")
    return office


@pytest.fixture
def open_audit(desk: LiveDesk, visit: Callable[..., Any], known_at: Callable[..., Any]) -> Callable[..., Any]:
    """Open the page as who is signed in; return the visit."""

    def go(query: str = "", **context: Any) -> Any:
        seen = visit("about:blank", again=True, storage_state=known_at(desk, "audit-1", Role.AUDITOR), **context)
        seen.page.add_init_script(WATCH)
        seen.page.goto(f"{desk.url}/audit/sare?{query}")
        return seen

    return go


@crossed(size={"laptop": LAPTOP, "phone": PHONE}, lang={"zh": "zh", "en": "en", "bo": "bo"})
def test_who_did_what_is_read_narrowed_and_followed(
    open_audit: Callable[..., Any], size: dict[str, int], lang: Any
) -> None:
    said = words("audit", lang)
    seen = open_audit(f"lang={lang}", **size)
    page = seen.page

    expect(page.locator("h1")).to_have_text(said["title"])
    expect(page.locator(".leads [aria-current]")).to_have_text(said["page.audit"])
    expect(page.locator(".chain")).to_contain_text(said["chain.sealed"])
    expect(page.locator(".entries tbody tr")).to_have_count(50)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.locator("#more").click()
    expect(page.locator("#shown")).to_contain_text(said["newest"])
    page.locator("select[name=what]").select_option("api_key_changed")
    page.locator(".filters .first").click()
    expect(page.locator(".entries tbody tr")).to_have_count(15)
    assert set(page.locator(".what").all_text_contents()) == {said["what.api_key_changed"]}
    assert_tame(seen)


def test_it_works_without_scripts(open_audit: Callable[..., Any]) -> None:
    seen = open_audit("lang=en", **LAPTOP, java_script_enabled=False)
    page = seen.page
    page.locator("select[name=what]").select_option("incident_read")
    page.locator(".filters .first").click()
    expect(page).to_have_url(re.compile("what=incident_read"))
    assert set(page.locator(".what").all_text_contents()) == {words("audit", "en")["what.incident_read"]}
    page.locator(".who a").first.click()
    expect(page.locator("input[name=who]")).not_to_have_value("")
    page.locator(".filters .button", has_text="Clear").click()
    expect(page.locator(".entries tbody tr")).to_have_count(50)


@pytest.mark.parametrize(
    ("scheme", "size", "lang"),
    [
        pytest.param("dark", LAPTOP, "en", id="dark-laptop"),
        pytest.param("light", LAPTOP, "en", id="light-laptop", marks=pytest.mark.slow),
        pytest.param("dark", PHONE, "en", id="dark-phone", marks=pytest.mark.slow),
        pytest.param("light", PHONE, "en", id="light-phone", marks=pytest.mark.slow),
        pytest.param("dark", PHONE, "bo", id="dark-phone-bo", marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_axe_finds_nothing(open_audit: Callable[..., Any], scheme: str, size: dict[str, int], lang: str) -> None:
    seen = open_audit(f"lang={lang}&what=incident_read", **size, color_scheme=scheme, bypass_csp=True)
    seen.page.evaluate(axe_script())
    told = seen.page.evaluate("axe.run()")
    assert [f"{one['id']}: {one['nodes'][0]['html']:.100}" for one in told["violations"]] == []


def test_who_may_not_is_told_in_words(desk: LiveDesk, visit: Callable[..., Any]) -> None:
    seen = visit(f"{desk.url}/audit/sare?lang=en", **LAPTOP)
    sign_in(seen.page, desk, "analyst-1", Role.ANALYST)
    expect(seen.page.locator("h1")).to_have_text(words("shell", "en")["error.403"])
