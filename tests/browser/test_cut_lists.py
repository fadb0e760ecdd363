"""Where a page can not show everything it says of how many, in both languages."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Route, expect

from tests.browser.phone import officer_key


@pytest.mark.parametrize(("query", "words"), [("", "2 / 共 25,000"), ("?lang=en", "2 of 25,000")])
def test_the_map_says_of_how_many_incidents_it_draws_the_most_urgent(
    serve_sample, visit, query: str, words: str
) -> None:
    seen = visit("about:blank")

    def cut(route: Route) -> None:
        found = route.fetch().json()
        by = {"numberMatchedBy": {"status": {"dispatched": 24_999, "accepted": 1, "closed": 5}}}
        route.fulfill(body=json.dumps(found | {"numberMatched": 25_005, "numberReturned": 3} | by))

    seen.page.route("**/incidents.geojson", cut)
    seen.page.goto(f"{serve_sample()}/maps/sample{query}")
    expect(seen.page.locator("body")).to_have_attribute("data-ready", "true")

    row = seen.page.locator(".gs-layer[data-layer=incidents_in_hand]")
    expect(row.locator("label .gs-count")).to_have_text(words)


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
