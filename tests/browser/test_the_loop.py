"""The whole loop: a resident reports, the wall hears of it, the officer handles it, the resident rates."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.phone import PHONE, fill_in, incident_card, officer_key, report, sent_card, show_key, stored
from tests.conftest import LiveServer
from tests.listening import streaming

pytestmark = pytest.mark.browser

#: What a page does that shows events: it reads the stream with its key, and goes on from where it was.
LISTEN = """
async ([address, key]) => {
  window.heard = [];
  const answer = await fetch(address, { headers: { Authorization: `Bearer ${key}` } });
  const read = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  (async () => {
    let text = '';
    for (;;) {
      const { value, done } = await read.read();
      if (done) return;
      text += value;
      const messages = text.split('\\n\\n');
      text = messages.pop();
      for (const message of messages) {
        const line = message.split('\\n').find((one) => one.startsWith('data: '));
        if (line) window.heard.push(JSON.parse(line.slice(6)));
      }
    }
  })();
  return answer.status;
}
"""


@pytest.fixture
def wall(live: LiveServer, chromium: Browser) -> Iterator[Page]:
    """Return a page of the service's own host that listens to its events."""
    # The service's pages let nobody else's script run; this one is the test's.
    context = chromium.new_context(bypass_csp=True)
    page = context.new_page()
    page.goto(f"{live.url}/docs")
    with streaming(live.database_url) as port:
        page.wait_for_function("true")
        while page.evaluate(LISTEN, [f"http://127.0.0.1:{port}/v1/events", live.key]) != 200:
            page.wait_for_timeout(100)
        page.wait_for_function("window.heard.length > 0")  # where the stream begins
        yield page
    context.close()


def wait_until_heard(wall: Page, incident: str, rule: str) -> dict:
    """Wait until the wall has heard of a step; return what it was told."""
    found = "([id, type]) => window.heard.find((one) => one.incident === id && one.type === type)"
    return wall.wait_for_function(found, arg=[incident, f"incident.{rule}"]).json_value()


def test_from_report_to_rating_in_front_of_the_wall(live, visit, wall):
    words = f"路灯不亮 {uuid.uuid4().hex[:6]}"
    resident = report(visit, live, words)
    (incident,) = stored(live, words)
    told = wait_until_heard(wall, str(incident["id"]), "reported")
    assert (told["status"], told["grid"], told["officer"]) == (
        "dispatched", incident["grid_code"], incident["officer_code"],
    )  # fmt: skip

    officer = visit(f"{live.url}/officer", **PHONE)
    show_key(officer.page, officer_key(live, incident["officer_code"]))
    card = incident_card(officer.page, incident["id"])
    card.locator("button", has_text="接单").click()
    wait_until_heard(wall, str(incident["id"]), "accepted")
    expect(card).to_have_attribute("data-status", "accepted")
    card.locator("button", has_text="办结").click()
    card.locator("textarea").fill("换了灯泡")
    card.locator("button", has_text="确定").click()
    wait_until_heard(wall, str(incident["id"]), "resolved")

    resident.page.locator("#fresh a.first").click()
    resident.page.locator(".star").nth(4).click()
    resident.page.locator("button", has_text="提交评价").click()
    rated = wait_until_heard(wall, str(incident["id"]), "rated")

    assert (rated["status"], rated["rating"]) == ("closed", 5)
    assert words not in str(wall.evaluate("window.heard"))
    with psycopg.connect(live.database_url) as connection:
        history = connection.execute(
            "SELECT rule, to_status, actor FROM geoservice.incident_event WHERE incident_id = %s ORDER BY id",
            [incident["id"]],
        ).fetchall()
    by = f"officer:{incident['officer_code']}"
    assert history == [
        ("reported", "dispatched", "public"), ("accepted", "accepted", by), ("resolved", "resolved", by),
        ("rated", "closed", "reporter"),
    ]  # fmt: skip
    resident.assert_quiet()
    officer.assert_quiet()


@pytest.mark.slow
def test_a_report_whose_answer_was_lost_is_stored_once(live, visit):
    words = f"井盖松动 {uuid.uuid4().hex[:6]}"
    seen = visit(f"{live.url}/report", **PHONE)
    lost: list[int] = []

    def lose_the_first_answer(route: Route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.fetch().status)  # it arrives, and nobody hears of that
        route.abort()

    seen.page.route("**/v1/report", lose_the_first_answer)
    fill_in(seen.page, words)
    seen.page.locator("#send").click()
    sent_card(seen.page)

    assert lost == [201]
    assert len(stored(live, words)) == 1
