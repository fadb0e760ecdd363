"""Pages of /ogc: features are seen on a map and in a table, in both languages, and lead to each other."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("language", "word"), [("zh", "链接"), ("en", "Links")])
def test_a_collection_is_browsed_to_a_feature(live_server, visit, language, word):
    seen = visit(f"{live_server}/ogc/sare/collections/buildings/items?f=html&limit=20&lang={language}", 1200, 900)

    expect(seen.page.locator("#map path")).to_have_count(20)
    expect(seen.page.get_by_role("heading", name=word)).to_be_visible()
    seen.page.locator("table a").first.click()
    expect(seen.page.locator("#map path")).to_have_count(1)
    assert f'lang="{"en" if language == "en" else "zh-CN"}"' in seen.page.content()
    seen.assert_quiet()


@pytest.mark.everyday
def test_every_document_has_a_page_without_errors(live_server, visit):
    seen = visit("about:blank", 400, 800)
    for path in ("", "/sare", "/sare/api", "/sare/conformance", "/sare/collections", "/sare/collections/grids",
                 "/sare/collections/grids/queryables", "/sare/collections/grids/schema"):  # fmt: skip
        seen.page.goto(f"{live_server}/ogc{path}?f=html")
        expect(seen.page.locator("h1")).to_be_visible()
        seen.assert_quiet()
