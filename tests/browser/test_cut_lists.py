"""Where a page can not show everything it says of how many, in both languages."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from tests.browser.phone import officer_key


@pytest.mark.parametrize(("lang", "count", "notice", "more"), [
    ("zh", "200 / 共 250", "只显示最紧急的 200 件，共 250 件。", "显示更多"),
    ("en", "200 of 250", "Only the most urgent 200 of 250 are shown.", "Show more"),
])  # fmt: skip
def test_the_officers_list_says_of_how_many_and_shows_more(
    live, visit, lang: str, count: str, notice: str, more: str
) -> None:
    key = officer_key(live, "G01")
    seen = visit(f"{live.url}/officer?lang={lang}")

    def many(route: Route) -> None:
        asked = int(route.request.url.rpartition("limit=")[2])
        one = route.fetch().json()["incidents"][0]
        incidents = [one | {"id": f"{number:08d}-0000-4000-8000-000000000000"} for number in range(min(asked, 250))]
        route.fulfill(json={"incidents": incidents, "next": None, "total": 250})

    seen.page.route("**/v1/incidents?*", many)
    seen.page.locator("#key").fill(key)
    seen.page.locator("#door button").click()

    expect(seen.page.locator("#count")).to_have_text(count)
    expect(seen.page.locator("#notice")).to_have_text(notice)
    seen.page.get_by_role("button", name=more).click()
    expect(seen.page.locator("#count")).to_have_text("250")
    expect(seen.page.locator("#list > details")).to_have_count(250)
    expect(seen.page.locator("#more")).to_be_hidden()
