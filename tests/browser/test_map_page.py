"""The map page over the running service with the demo community."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_the_demo_community_is_on_the_map(live_server, visit):
    seen = visit(f"{live_server}/maps/sare")
    for box in seen.page.locator(".gs-layer input").all():
        box.check()

    expect(seen.page.locator("body")).to_have_attribute("data-ready", "true", timeout=20_000)

    counts = {
        row.get_attribute("data-layer"): int(row.get_attribute("data-count"))
        for row in seen.page.locator(".gs-layer").all()
    }
    assert counts["grids"] == 8
    assert counts["incidents_in_hand"] == 133
    assert counts["incidents_closed"] == 153
    assert counts["cameras"] == counts["camera_sectors"]
    assert all(count > 0 for count in counts.values())
    seen.assert_quiet()


@pytest.mark.slow
def test_the_header_tells_the_figures_of_the_demo_community(live_server, visit):
    seen = visit(f"{live_server}/maps/sare")

    figures = {
        part.get_attribute("data-figure"): part.locator("dd").inner_text()
        for part in seen.page.locator(".gs-figure").all()
    }

    assert figures == {
        "grids": "8",
        "residents": "8,987",
        "floating": "6,001",
        "received": "286",
        "closed": "153",
        "in_hand": "133",
    }


@pytest.mark.slow
def test_a_grid_of_the_list_tells_its_officer(live_server, visit):
    seen = visit(f"{live_server}/maps/sare?lang=en")
    line = seen.page.locator(".gs-grid-line").first

    line.click()

    officer = seen.page.locator("#gs-details dt", has_text="Grid officer").locator("+ dd")
    expect(officer).not_to_have_text("—")
    seen.assert_quiet()


@pytest.mark.slow
def test_the_page_works_on_a_phone(live_server, visit):
    seen = visit(f"{live_server}/maps/sare", width=390, height=844)

    seen.page.locator(".gs-tabs button").last.click()

    expect(seen.page.locator(".gs-grid-line")).to_have_count(8)
    seen.assert_quiet()
