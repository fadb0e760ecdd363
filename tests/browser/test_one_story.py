"""One report from its reporter's phone to his rating, by way of the desk and an officer's phone, as people see it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from geoservice.auth.model import Role
from geoservice.services.keys import KeyService
from layers.db.session import Database
from tests.browser.desk import LAPTOP, OPEN, LiveDesk, wait_until_ready
from tests.browser.phone import PHONE, incident_card, sent_card, wait_for_list, wait_for_map

pytestmark = pytest.mark.browser

#: So uncertain that another grid may be meant.
NEAR_A_BORDER = {
    "permissions": ["geolocation"], "geolocation": {"longitude": 91.77, "latitude": 29.24, "accuracy": 200},
}  # fmt: skip
#: Writes down when the desk says that something is new.
WATCH_THE_DESK = """
window.told = 0;
new MutationObserver(() => {
  if (!window.told && !document.getElementById('fresh').hidden) window.told = Date.now();
}).observe(document.getElementById('list'), { subtree: true, childList: true, attributes: true, characterData: true });
"""


def figures(page: Page, url: str) -> tuple[int, int]:
    """Return how many were received and closed, as managers are told."""
    page.goto(f"{url}/figures/sare?span=thirty&lang=en")
    received, closed = (
        page.locator(f".card-{number} .value").inner_text().replace(",", "") for number in ("received", "closed")
    )
    return int(received), int(closed)


def readers(field: LiveDesk, page: Page, incident: str) -> set[str]:
    """Return who read an incident, as the audit tells."""
    database = Database.connect(field.database_url, pool_size=1)
    key = KeyService(database).create(Role.ADMIN, "audit")
    database.close()
    told = page.request.get(
        f"{field.url}/v1/audit?incident={incident}&what=incident_read", headers={"Authorization": f"Bearer {key}"}
    )
    assert told.ok
    return {entry["who"] for entry in told.json()["entries"]}


@pytest.mark.everyday
def test_from_a_report_between_two_grids_to_its_rating(
    field: LiveDesk, visit: Callable[..., Any], known: Callable[..., Any]
) -> None:
    words = f"井盖松动 {uuid.uuid4().hex[:6]}"
    desk = visit(f"{field.url}/", storage_state=known("desk-1", Role.DISPATCHER), **LAPTOP)
    before = figures(desk.page, field.url)
    desk.page.goto(f"{field.url}/desk/sare?{OPEN}&lang=en")
    wait_until_ready(desk.page)
    desk.page.evaluate(WATCH_THE_DESK)
    officer = visit(f"{field.url}/officer?lang=en", storage_state=known("post-6", staff="G06"), **PHONE)
    wait_for_list(officer.page)
    expect(officer.page.locator("#live")).to_have_attribute("data-state", "live")

    # A resident reports between two grids, and does not know in which it was.
    resident = visit(f"{field.url}/report?lang=en", **PHONE, **NEAR_A_BORDER)
    wait_for_map(resident.page)
    resident.page.locator("#locate").click()
    expect(resident.page.locator(".pin-place")).to_be_visible()
    resident.page.locator("input[name=service][value=road]").check()
    resident.page.locator("#text").fill(words)
    resident.page.locator("#send").click()
    card = sent_card(resident.page)
    expect(card.locator(".question")).to_contain_text("In which grid was it?")
    card.get_by_role("button", name="I do not know").click()
    expect(card.locator(".question")).to_have_count(0)

    # It is on the desk at once; the dispatcher knows better than the rule.
    desk.page.wait_for_function("() => window.told > 0")
    [[incident, grid]] = field.sql("SELECT id::text, grid_code FROM geoservice.incident WHERE description = %s", words)
    assert not grid.endswith("6")
    desk.page.goto(f"{field.url}/desk/sare?{OPEN}&lang=en&open={incident}&do=overrule")
    desk.page.locator(f'#step input[name=grid][value="{grid[:-1]}6"]').check()
    desk.page.locator("#f-reason").fill("the lane belongs to grid 6")
    desk.page.locator("#step-send").click()
    expect(desk.page.locator(".detail .notice.good")).to_be_visible()

    # The officer's page shows it by itself; in the lane there is no network.
    work = incident_card(officer.page, incident)
    expect(work).to_contain_text(words)
    expect(officer.page).to_have_title(re.compile(r"^\(1\) "))
    officer.page.context.set_offline(True)
    work.get_by_role("button", name="Accept").click()
    work.get_by_role("button", name="Resolve").click()
    work.locator("textarea").fill("the lid is fixed")
    work.get_by_role("button", name="Confirm").click()
    expect(officer.page.locator("#unsent")).to_have_text("Not handed in yet: 2")
    officer.page.context.set_offline(False)
    expect(officer.page.locator("#unsent")).to_be_hidden()
    expect(work.locator(".now")).to_contain_text("resolved")

    # The reporter reads what was done, and rates it; the figures move, and the audit tells who read the words.
    resident.page.get_by_role("link", name="Follow it").click()
    expect(resident.page.locator(".said")).to_contain_text("the lid is fixed")
    resident.page.locator(".star").nth(4).click()
    resident.page.get_by_role("button", name="Send the rating").click()
    expect(resident.page.locator(".status")).to_have_text("Closed")
    history = [rule for (rule,) in field.sql(
        "SELECT rule FROM geoservice.incident_event WHERE incident_id = %s ORDER BY id", incident)]  # fmt: skip
    assert history == ["reported", "overruled", "accepted", "resolved", "rated"]
    after = figures(desk.page, field.url)
    assert after == (before[0] + 1, before[1] + 1)
    assert {"dispatcher:desk-1", "officer:post-6"} <= readers(field, desk.page, incident)
    resident.assert_quiet()
