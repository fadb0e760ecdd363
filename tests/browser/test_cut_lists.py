"""Where a page can not show everything it says of how many, in both languages."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from tests.browser.phone import officer_key, show_key

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("lang", "count", "more"), [
    ("zh", "200 / 共 250", "显示更多"), ("en", "200 of 250", "Show more"),
])  # fmt: skip
def test_the_officers_list_says_of_how_many_and_shows_more(live, visit, lang: str, count: str, more: str) -> None:
    key = officer_key(live, "G01")
    seen = visit(f"{live.url}/officer?lang={lang}")
    every: list[dict] = []

    def many(route: Route) -> None:
        if not every:
            answer = route.fetch()
            if not answer.ok:  # the page is told, and does what it does then
                route.fulfill(response=answer)
                return
            one = answer.json()["incidents"][0]
            every.extend(one | {"id": f"{number:08d}-0000-4000-8000-000000000000"} for number in range(250))
        first = "after=" not in route.request.url
        shown = every[:200] if first else every[200:]
        route.fulfill(json={"incidents": shown, "next": "200" if first else None, "total": 250 if first else None})

    seen.page.route("**/v1/incidents?*sort=due*", many)
    show_key(seen.page, key)

    expect(seen.page.locator("#count")).to_have_text(count)
    seen.page.get_by_role("button", name=more).click()
    expect(seen.page.locator("#count")).to_have_text("250")
    expect(seen.page.locator("#list > .card")).to_have_count(250)
    expect(seen.page.locator("#more")).to_be_hidden()
