"""A resident reports from a phone, with a network and without, against the running service."""

from __future__ import annotations

import re
import uuid

import pytest
from playwright.sync_api import expect

from tests.browser.desk import UNNAMED, axe_script
from tests.browser.phone import COME_CLOSER, HOSTILE, PHONE, fill_in, report, sent_card, stored, wait_for_map

pytestmark = pytest.mark.browser

LOCATED = {"permissions": ["geolocation"], "geolocation": {"longitude": 91.77, "latitude": 29.24, "accuracy": 8}}
KEPT = "已存在本机"


@pytest.fixture
def words() -> str:
    """Return a description that no other report has."""
    return f"路灯不亮 {uuid.uuid4().hex[:6]}"


def test_a_report_by_tapping_the_map_reaches_its_grid(live, visit, words):
    seen = report(visit, live, words)

    (incident,) = stored(live, words)
    assert (incident["source"], incident["service_code"], incident["status"]) == ("resident", "light", "dispatched")
    assert 0 < incident["accuracy_m"] <= 25
    expect(seen.page.locator("#fresh a.first")).to_have_attribute("href", re.compile(r"^/report/follow#rpt_"))
    seen.assert_quiet()


def radius_m(seen) -> float:
    """Return how large the circle of the pin's accuracy is drawn, by the scale of the map."""
    return float(re.search(r"约 (\d+) 米", seen.page.locator("#place").text_content())[1])


@pytest.mark.slow
def test_a_finger_is_as_exact_as_the_map_is_large(live, visit, words):
    seen = visit(f"{live.url}/report", **PHONE)
    page = seen.page
    wait_for_map(page)
    page.locator("input[name=service][value=light]").check()
    page.locator("#text").fill(words)

    page.locator("#map").click()
    expect(page.locator("#place")).to_have_text(COME_CLOSER)
    vague = radius_m(seen)
    page.locator("#send").click()
    sent_card(page)

    (incident,) = stored(live, words)
    assert incident["accuracy_m"] == vague
    assert 25 < vague <= 1000
    assert len(incident["candidates"]) > 1
    expect(page.locator("#fresh .question button").first).to_be_visible()  # so it is asked which side it was
    seen.assert_quiet()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "said"), [("", r"^图钉在.*网格.*。"), ("?lang=en", r"^The pin is in .*[Gg]rid.*\.")]
)
def test_the_place_is_said_in_words(live, visit, language, said):
    seen = visit(f"{live.url}/report{language}", **PHONE)

    fill_in(seen.page, "lamp")

    expect(seen.page.locator("#place")).to_have_text(re.compile(said))
    seen.assert_quiet()


@pytest.mark.slow
def test_a_street_is_named_where_the_pin_lies_by_one(live, visit):
    seen = visit(f"{live.url}/report", **PHONE)
    fill_in(seen.page, "lamp")
    asked = """async () => {
      const [{ inWords }, settings] = await Promise.all([
        import(document.querySelector('script[type=module][src*=report]').src
          .replace('report/scripts/report', 'phone/scripts/places')), null]);
      const square = (x, y) => [[[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1], [x, y]]];
      const grids = [['a', 0], ['b', 1]].map(([name, x]) => (
        { properties: { code: name, name }, geometry: { type: 'MultiPolygon', coordinates: [square(x, 0)] } }));
      const street = { properties: { kind: 'street', name: 's' },
        geometry: { type: 'LineString', coordinates: [[0.5, 0.5], [0.6, 0.5]] } };
      const said = (lng, lat) => inWords({ grids, basemap: [street] }, { lng, lat });
      return [said(0.55, 0.5001), said(0.55, 0.501), said(1.5, 0.5), said(3, 3), inWords({}, { lng: 0, lat: 0 })];
    }"""

    assert seen.page.evaluate(asked) == ["a，靠近s", "a", "b", "", ""]


@pytest.mark.slow
def test_from_the_keyboard_a_place_is_told_as_exactly(live, visit, words):
    seen = visit(f"{live.url}/report", **PHONE)
    page = seen.page
    wait_for_map(page)
    page.locator("input[name=service][value=light]").check()
    page.locator("#map").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#place")).to_have_text(COME_CLOSER)
    page.keyboard.press("Enter")
    expect(page.locator("#place")).not_to_have_text(COME_CLOSER)
    page.locator("#text").fill(words)
    page.locator("#send").click()
    sent_card(page)

    assert 0 < stored(live, words)[0]["accuracy_m"] <= 25


@pytest.mark.slow
def test_a_report_by_the_phones_position_carries_its_accuracy(live, visit, words):
    seen = visit(f"{live.url}/report", **PHONE, **LOCATED)
    wait_for_map(seen.page)

    seen.page.locator("#locate").click()
    expect(seen.page.locator("#place")).to_contain_text("误差约 8 米")
    seen.page.locator("input[name=service][value=road]").check()
    seen.page.locator("#text").fill(words)
    seen.page.locator("#send").click()
    sent_card(seen.page)

    (incident,) = stored(live, words)
    assert (incident["received_x"], incident["received_y"], incident["accuracy_m"]) == (91.77, 29.24, 8)
    seen.assert_quiet()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("position", "said"),
    [
        ({"longitude": 91.77, "latitude": 29.24, "accuracy": 5000}, "误差约 5,000 米"),
        ({"longitude": 2.35, "latitude": 48.86, "accuracy": 8}, "不在本辖区内"),
    ],
)
def test_a_position_that_is_of_no_use_is_not_taken(live, visit, position, said):
    seen = visit(f"{live.url}/report", **PHONE, permissions=["geolocation"], geolocation=position)
    wait_for_map(seen.page)

    seen.page.locator("#locate").click()

    expect(seen.page.locator("#place")).to_contain_text(said)
    expect(seen.page.locator(".pin-place")).to_have_count(0)


def report_near_a_border(visit, live, words):
    """Report from the phone's position, so uncertain that another grid may be meant."""
    position = LOCATED["geolocation"] | {"accuracy": 200}
    seen = visit(f"{live.url}/report", **PHONE, permissions=["geolocation"], geolocation=position)
    wait_for_map(seen.page)
    seen.page.locator("#locate").click()
    expect(seen.page.locator(".pin-place")).to_be_visible()
    seen.page.locator("input[name=service][value=road]").check()
    seen.page.locator("#text").fill(words)
    seen.page.locator("#send").click()
    return seen


@pytest.mark.slow
def test_near_a_border_the_side_is_asked_once(live, visit, words):
    seen = report_near_a_border(visit, live, words)

    sent_card(seen.page).locator(".question button", has_text="第六网格").click()

    expect(seen.page.locator("#fresh .state")).to_contain_text("已转到第六网格")
    expect(seen.page.locator(".question")).to_have_count(0)
    (incident,) = stored(live, words)
    assert (incident["method"], incident["grid_code"][-1]) == ("manual", "6")
    seen.page.reload()
    expect(seen.page.locator("#earlier .card")).to_have_count(1)
    expect(seen.page.locator(".question")).to_have_count(0)
    seen.assert_quiet()


@pytest.mark.slow
def test_who_does_not_know_the_side_is_not_asked_again(live, visit, words):
    seen = report_near_a_border(visit, live, words)

    sent_card(seen.page).locator(".question button", has_text="不清楚").click()
    expect(seen.page.locator(".question")).to_have_count(0)
    seen.page.locator("#fresh a.first").click()
    expect(seen.page.locator(".status")).to_be_visible()

    expect(seen.page.locator(".question", has_text="哪个网格")).to_have_count(0)
    assert stored(live, words)[0]["method"] == "covers"


def ready_for_no_network(page) -> None:
    """Wait until the page shell is kept."""
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")


def test_without_a_network_it_is_kept_survives_and_is_sent_once(live, visit, words):
    seen = visit(f"{live.url}/report", **PHONE)
    page, context = seen.page, seen.page.context
    wait_for_map(page)
    ready_for_no_network(page)

    context.set_offline(True)
    fill_in(page, words)
    page.locator("#send").click()
    expect(page.locator("#fresh .state")).to_contain_text(KEPT)
    page.reload()
    expect(page.locator("#fresh .card")).to_have_attribute("data-state", "waiting")
    wait_for_map(page)
    expect(page.locator(".choice")).to_have_count(16)
    assert stored(live, words) == []
    context.set_offline(False)
    sent_card(page)
    page.reload()
    expect(page.locator("#earlier .card")).to_have_attribute("data-state", "sent")

    assert len(stored(live, words)) == 1
    assert words not in page.evaluate("() => JSON.stringify({ ...localStorage })")
    seen.assert_quiet()


@pytest.mark.slow
def test_the_page_is_filled_in_without_a_network(live, visit, words):
    seen = visit(f"{live.url}/report", **PHONE)
    page, context = seen.page, seen.page.context
    wait_for_map(page)
    ready_for_no_network(page)

    context.set_offline(True)
    page.reload()
    fill_in(page, words)
    page.locator("#send").click()
    expect(page.locator("#fresh .state")).to_contain_text(KEPT)
    context.set_offline(False)
    sent_card(page)

    assert len(stored(live, words)) == 1
    seen.assert_quiet()


@pytest.mark.slow
def test_every_try_carries_the_same_idempotency_key(live, visit, words):
    seen = visit(f"{live.url}/report", **PHONE)
    keys = []

    def fail_twice(route):
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) < 3:
            route.fulfill(status=503, body="{}")
        else:
            route.continue_()

    seen.page.route("**/v1/report", fail_twice)
    fill_in(seen.page, words)
    seen.page.locator("#send").click()
    expect(seen.page.locator("#fresh .state")).to_contain_text(KEPT)
    seen.page.locator("#fresh button", has_text="立即发送").click()
    expect(seen.page.locator("#fresh .card")).to_have_attribute("data-state", "sent")

    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert uuid.UUID(keys[0]).version == 4
    assert len(stored(live, words)) == 1


@pytest.mark.slow
def test_two_pages_of_one_phone_send_a_report_once(live, visit, words):
    seen = visit(f"{live.url}/report", **PHONE)
    page, context = seen.page, seen.page.context
    wait_for_map(page)
    ready_for_no_network(page)
    second = context.new_page()
    second.goto(f"{live.url}/report")
    wait_for_map(second)

    context.set_offline(True)
    fill_in(page, words)
    page.locator("#send").click()
    expect(second.locator("#fresh .card")).to_have_attribute("data-state", "waiting")
    context.set_offline(False)
    sent_card(page)
    sent_card(second)

    assert len(stored(live, words)) == 1


@pytest.mark.slow
def test_what_is_refused_goes_back_into_the_form(live, visit, words):
    seen = visit(f"{live.url}/report", **PHONE)
    fill_in(seen.page, f"13912345678 {words}")
    seen.page.locator("#send").click()
    expect(seen.page.locator("#fresh .error")).to_contain_text("手机号或身份证号")

    seen.page.locator("#fresh button", has_text="修改后再发").click()
    expect(seen.page.locator("#text")).to_have_value(f"13912345678 {words}")
    expect(seen.page.locator("#text-field .error")).to_contain_text("手机号或身份证号")
    expect(seen.page.locator("#text")).to_have_attribute("aria-invalid", "true")
    seen.page.locator("#text").fill(words)
    seen.page.locator("#send").click()
    sent_card(seen.page)

    assert len(stored(live, words)) == 1


@pytest.mark.slow
def test_nothing_is_sent_before_it_is_whole(live, visit):
    seen = visit(f"{live.url}/report", **PHONE)
    wait_for_map(seen.page)

    seen.page.locator("#send").click()
    expect(seen.page.locator("#problems")).to_be_focused()
    expect(seen.page.locator("#problems li")).to_have_text(["请选择什么事。", "请点地图或用我的位置。"])
    expect(seen.page.locator("#service-field .error")).to_have_text("请选择什么事。")
    expect(seen.page.locator("#place-field .error")).to_have_text("请点地图或用我的位置。")
    expect(seen.page).to_have_title("有误：随手上报")
    seen.page.locator("input[value=light]").check()
    expect(seen.page.locator("#problems li")).to_have_count(1)
    seen.page.locator("#problems a").click()
    expect(seen.page.locator("#locate")).to_be_focused()
    expect(seen.page.locator("#locate")).to_have_attribute("aria-invalid", "true")
    expect(seen.page.locator("#fresh .card")).to_have_count(0)


@pytest.mark.slow
def test_what_a_service_asks_for_is_asked_and_kept(live, visit, words):
    seen = visit(f"{live.url}/report?lang=en", **PHONE)
    page = seen.page
    fill_in(page, words, service="parking")
    page.locator("#send").click()
    expect(page.locator("#attributes .error")).to_contain_text("Answer this: What is blocked?")
    page.get_by_role("radio", name="pavement").check(force=True)
    page.locator("#send").click()
    card = sent_card(page)
    expect(card.locator(".state")).to_have_text(re.compile(r"^Received at \d\d:\d\d: .*[Gg]rid "))
    expect(card).to_contain_text("It should be done by")

    (incident,) = stored(live, words)
    assert incident["attributes"] == {"blocked": "pavement"}
    seen.assert_quiet()


@pytest.mark.slow
@pytest.mark.parametrize(("lang", "scheme"), [("en", "light"), ("zh", "dark"), ("bo", "light")])
def test_axe_finds_nothing_on_the_smallest_phone(live, visit, words, lang, scheme):
    seen = visit(f"{live.url}/report?lang={lang}", width=320, height=640, color_scheme=scheme, bypass_csp=True)
    page = seen.page
    wait_for_map(page)
    page.locator("#send").click()
    page.evaluate(axe_script())
    found = "() => axe.run().then((told) => told.violations.map((one) => `${one.id} ${one.nodes[0].html}`))"
    assert page.evaluate(found) == []
    fill_in(page, words)
    page.locator("#send").click()
    sent_card(page).locator("a.first").click()
    expect(page.locator(".status")).to_be_visible()
    page.evaluate(axe_script())
    assert page.evaluate(found) == []
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 320
    assert page.evaluate(UNNAMED) == []
    seen.assert_quiet()


@pytest.mark.slow
def test_the_keyboard_alone_is_enough(live, visit, words):
    seen = visit(f"{live.url}/report", **PHONE)
    wait_for_map(seen.page)

    seen.page.locator("input[name=service]").first.focus()
    seen.page.keyboard.press("Space")
    seen.page.locator("#map").focus()
    seen.page.keyboard.press("ArrowRight")
    seen.page.keyboard.press("Enter")
    expect(seen.page.locator(".pin-place")).to_be_visible()
    seen.page.locator("#text").focus()
    seen.page.keyboard.type(words)
    seen.page.keyboard.press("Tab")
    seen.page.keyboard.press("Enter")
    sent_card(seen.page)

    assert len(stored(live, words)) == 1


def test_hostile_words_are_words(live, visit):
    seen = report(visit, live, HOSTILE)
    seen.page.locator("#fresh a.first").click()

    expect(seen.page.locator("dd", has_text="<img")).to_have_text(HOSTILE)
    assert seen.page.evaluate("() => document.body.dataset.broken || ''") == ""
    assert seen.page.locator("img[src=x], svg[onload]").count() == 0
    seen.assert_quiet()


@pytest.mark.slow
def test_a_hostile_shelf_is_words_too(live, visit):
    seen = visit(f"{live.url}/report", **PHONE)
    seen.page.evaluate(
        "(title) => localStorage.setItem('geoservice-reports', JSON.stringify([{key: title, at: title, title,"
        " state: 'sent', token: title, sides: [{grid_code: title, distance_m: 1}], jurisdiction: 'sare'}]))",
        HOSTILE,
    )
    seen.page.reload()

    expect(seen.page.locator(".card strong")).to_have_text(HOSTILE)
    assert seen.page.evaluate("() => document.body.dataset.broken || ''") == ""
    seen.assert_quiet()


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 390])
@pytest.mark.parametrize(("language", "send"), [("", "发送"), ("?lang=en", "Send")])
def test_it_fits_a_small_phone_in_both_languages(live, visit, width, language, send):
    seen = visit(f"{live.url}/report{language}", width=width, height=780)
    wait_for_map(seen.page)

    expect(seen.page.locator("#send")).to_have_text(send)
    assert seen.page.evaluate("() => document.documentElement.scrollWidth") <= width
    for control in seen.page.locator("button:visible, .choice, a:visible, select:visible, textarea:visible").all():
        box = control.bounding_box()
        assert box["height"] >= 44, control.inner_text()
        assert box["width"] >= 44
    assert not re.search(r"[a-z]", re.sub(r"English|\d+ m", "", seen.page.locator("main").inner_text())) or language
    seen.assert_quiet()


@pytest.mark.slow
def test_several_jurisdictions_are_offered(live, visit):
    seen = visit("about:blank", **PHONE)

    def with_a_second(route):
        answer = route.fetch()
        one = '{"bbox": [91.7637654, 29.2357777, 91.7762947, 29.2440426], "code": "other", "name": "另一社区"}'
        page = answer.text().replace('"jurisdictions": [', f'"jurisdictions": [{one}, ')
        page = page.replace('<select id="jurisdiction">', '<select id="jurisdiction"><option value=""></option>')
        route.fulfill(response=answer, body=page.replace('id="jurisdiction-field" hidden', 'id="jurisdiction-field"'))

    seen.page.route("**/report", with_a_second)
    seen.page.goto(f"{live.url}/report")
    expect(seen.page.locator("#map")).not_to_have_attribute("data-ready", "true")

    seen.page.locator("#jurisdiction").select_option("sare")

    wait_for_map(seen.page)
    expect(seen.page.locator(".choice")).to_have_count(16)
