"""A reporter follows and rates; an officer accepts, returns and resolves; both against the running service."""

from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import expect

from tests.browser.phone import HOSTILE, PHONE, incident_card, officer_key, report, show_key, stored, wait_for_list

#: The story of test_one_story.py, which the everyday run goes through, has the main way in it.
pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def words() -> str:
    """Return a description that no other report has."""
    return f"井盖松动 {uuid.uuid4().hex[:6]}"


def token_of(seen) -> str:
    return seen.page.locator("#fresh a.first").get_attribute("href").partition("#")[2]


def act(seen, live, incident, action: str, **body: object) -> None:
    """Take a step as the dispatcher."""
    address = f"{live.url}/v1/incidents/{incident['id']}/actions/{action}"
    answer = seen.page.request.post(address, data=body, headers={"Authorization": f"Bearer {live.key}"})
    assert answer.ok


def enter(visit, live, incident, language: str = ""):
    """Open the officer's page with the key of the incident's officer."""
    seen = visit(f"{live.url}/officer{language}", **PHONE)
    show_key(seen.page, officer_key(live, incident["officer_code"]))
    wait_for_list(seen.page)
    return seen


def card_of(seen, incident):
    return incident_card(seen.page, incident["id"])


def test_the_whole_way_from_report_to_rating(live, visit, words):
    reporter = report(visit, live, words)
    (incident,) = stored(live, words)

    officer = enter(visit, live, incident)
    card = card_of(officer, incident)
    card.locator("button", has_text="接单").click()
    expect(officer.page.locator("#toast")).to_contain_text("已接单")
    expect(card).to_have_attribute("data-status", "accepted")
    card.locator("button", has_text="办结").click()
    card.locator("textarea").fill("换了井盖")
    card.locator("button", has_text="确定").click()
    expect(card.locator(".now")).to_contain_text("已处置")

    reporter.page.locator("#fresh a.first").click()
    expect(reporter.page.locator(".status")).to_have_text("已处置，请评价")
    expect(reporter.page.locator(".said")).to_contain_text("办理结果换了井盖")
    reporter.page.locator(".star").nth(3).click()
    reporter.page.locator("form textarea").first.fill("很快")
    reporter.page.locator("button", has_text="提交评价").click()
    expect(reporter.page.locator(".status")).to_have_text("已结案")
    expect(reporter.page.locator("#report")).to_contain_text("★★★★")

    (closed,) = stored(live, words)
    assert (closed["status"], closed["rating"], closed["step_reason"]) == ("closed", 4, "很快")
    officer.assert_quiet()
    reporter.assert_quiet()


def test_the_token_is_in_no_address_that_the_server_sees(live, visit, words):
    seen = report(visit, live, words)
    token = token_of(seen)
    asked: list[str] = []
    seen.page.on("request", lambda request: asked.append(request.url.partition("#")[0]))

    seen.page.goto("about:blank")
    seen.page.goto(f"{live.url}/report#{token}")
    expect(seen.page.locator(".status")).to_be_visible()

    assert seen.page.url == f"{live.url}/report/follow#{token}"
    assert asked
    assert not [url for url in asked if token in url]


def test_a_question_is_answered(live, visit, words):
    seen = report(visit, live, words)
    (incident,) = stored(live, words)
    act(seen, live, incident, "ask", reason="哪一侧？")

    seen.page.locator("#fresh a.first").click()
    expect(seen.page.locator(".asked")).to_contain_text("哪一侧？")
    seen.page.locator("form textarea").first.fill("东侧")
    seen.page.locator("button", has_text="发送回答").click()

    expect(seen.page.locator(".asked")).to_have_count(0)
    assert stored(live, words)[0]["waiting_since"] is None


def test_a_report_is_reopened_and_another_cancelled(live, visit, words):
    done, needless = report(visit, live, words), report(visit, live, f"{words} 2")
    (incident,) = stored(live, words)
    for action in ("accept", "resolve"):
        act(done, live, incident, action)

    for seen, fold, send, status in (
        (done, "没有办好，要求重办", "要求重办", "已派给网格员"),
        (needless, "不用办了，撤销", "撤销上报", "已撤销"),
    ):
        seen.page.locator("#fresh a.first").click()
        seen.page.locator("summary", has_text=fold).click()
        seen.page.locator("details[open] button").click()  # without a reason nothing happens
        seen.page.locator("details[open] textarea").fill("还在响")
        seen.page.locator("details[open] button", has_text=send).click()
        expect(seen.page.locator(".status")).to_have_text(status)

    assert [stored(live, one)[0]["status"] for one in (words, f"{words} 2")] == ["dispatched", "cancelled"]


@pytest.mark.parametrize(
    ("language", "returned", "resolved"),
    [("", "退回原因", "办理结果"), ("?lang=en", "Why it was returned", "What was done")],
)
def test_the_reporter_reads_what_staff_said(live, visit, words, language, returned, resolved):
    seen = report(visit, live, words)
    (incident,) = stored(live, words)
    act(seen, live, incident, "return", reason=HOSTILE[:200])
    act(seen, live, incident, "dispatch")
    act(seen, live, incident, "accept")
    act(seen, live, incident, "resolve", reason="换了灯泡")

    seen.page.goto(f"{live.url}/report/follow{language}#{token_of(seen)}")

    said = seen.page.locator(".said")
    expect(said).to_have_count(2)
    expect(said.nth(0)).to_contain_text(returned + HOSTILE[:200])
    expect(said.nth(1)).to_contain_text(resolved + "换了灯泡")
    assert seen.page.evaluate("() => document.body.dataset.broken || ''") == ""
    seen.assert_quiet()


@pytest.mark.parametrize(
    ("language", "merged", "done"),
    [("", "那一件：已处置，请评价", "已并入"), ("?lang=en", "That one: resolved: please rate it", "merged into it")],
)
def test_a_merged_report_follows_the_other_and_is_rated(live, visit, words, language, merged, done):
    stays, seen = report(visit, live, words), report(visit, live, f"{words} 2")
    (first,), (same,) = stored(live, words), stored(live, f"{words} 2")
    act(seen, live, same, "merge", duplicate_of=str(first["id"]))
    act(stays, live, first, "accept")
    act(stays, live, first, "resolve", reason="换了灯泡")

    seen.page.goto(f"{live.url}/report/follow{language}#{token_of(seen)}")

    expect(seen.page.locator(".original")).to_have_text(merged)
    expect(seen.page.locator(".status").first).to_contain_text(done)
    expect(seen.page.locator(".said")).to_contain_text("换了灯泡")
    expect(seen.page.locator(".way [aria-current=step]")).to_have_count(1)
    seen.page.locator(".star").nth(2).click()
    seen.page.locator("form.question button.first").click()
    expect(seen.page.locator("#report")).to_contain_text("★★★")
    assert (stored(live, f"{words} 2")[0]["rating"], stored(live, words)[0]["rating"]) == (3, None)
    seen.assert_quiet()


def test_a_broken_link_is_told_in_plain_words(live, visit):
    for end, said in (("", "链接不完整"), ("#rpt_" + "A" * 43, "没有找到这条上报")):
        seen = visit(f"{live.url}/report/follow{end}", **PHONE)

        expect(seen.page.locator("#notice")).to_contain_text(said)


def test_following_speaks_english_and_the_link_keeps_its_token(live, visit, words):
    seen = report(visit, live, words)
    seen.page.locator("#fresh a.first").click()
    expect(seen.page.locator(".status")).to_be_visible()

    seen.page.locator(".languages a", has_text="English").click()

    expect(seen.page.locator(".status")).to_have_text("Dispatched to the grid officer")
    expect(seen.page.locator("h2")).to_have_text("Street light")
    assert seen.page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]
    seen.assert_quiet()


def test_returning_wants_a_reason(live, visit, words):
    report(visit, live, words)
    (incident,) = stored(live, words)
    seen = enter(visit, live, incident, "?lang=en")
    card = card_of(seen, incident)

    card.locator("button", has_text="Return").click()
    card.locator("button", has_text="Confirm").click()
    assert stored(live, words)[0]["status"] == "dispatched"
    card.locator("textarea").fill("belongs to the water works")
    card.locator("button", has_text="Confirm").click()
    expect(card.locator(".now")).to_contain_text("returned")
    seen.page.locator("#reload").click()
    expect(card).to_have_count(0)

    (returned,) = stored(live, words)
    assert (returned["status"], returned["step_reason"]) == ("returned", "belongs to the water works")
    seen.assert_quiet()


def test_what_is_open_no_more_is_told_in_plain_words(live, visit, words):
    report(visit, live, words)
    (incident,) = stored(live, words)
    seen = enter(visit, live, incident)
    card = card_of(seen, incident)
    act(seen, live, incident, "cancel", reason="重复上报")

    card.locator("button", has_text="接单").click()

    told = seen.page.locator("#outbox .step")
    expect(told).to_contain_text("现在已撤销")
    expect(told).to_contain_text("现在已不能这样做")
    told.locator("button", has_text="不做了").click()
    expect(told).to_have_count(0)


def test_the_list_is_that_of_the_own_grid_and_stands_on_the_map(live, visit, words):
    report(visit, live, words)
    (incident,) = stored(live, words)
    seen = enter(visit, live, incident)

    expect(card_of(seen, incident)).to_be_visible()
    cards = seen.page.locator("#list .card").count()
    assert cards > 1
    expect(seen.page.locator("#count")).to_have_text(str(cards))
    seen.page.locator("[data-room=map]").click()
    expect(seen.page.locator("#map")).to_have_attribute("data-ready", "true")
    expect(seen.page.locator(".leaflet-marker-pane .spot")).to_have_count(cards)
    assert seen.page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_key_is_kept_until_the_page_is_closed(live, visit, words):
    report(visit, live, words)
    (incident,) = stored(live, words)
    seen = enter(visit, live, incident)

    seen.page.reload()
    expect(card_of(seen, incident)).to_be_visible()
    assert "grd_" not in seen.page.evaluate("() => JSON.stringify({ ...localStorage }) + document.cookie")
    another = seen.page.context.new_page()
    another.goto(f"{live.url}/officer")
    expect(another.locator("#door")).to_be_visible()
    seen.page.locator("[data-room=own]").click()
    seen.page.locator("#leave").click()
    expect(seen.page.locator("#door")).to_be_visible()
    expect(seen.page.locator(".card")).to_have_count(0)
    assert seen.page.evaluate("() => sessionStorage.length") == 0
    seen.assert_quiet()


def test_a_key_of_no_officer_is_told_what_is_missing(live, visit):
    seen = visit(f"{live.url}/officer", **PHONE)
    for key, said in (("grd_none", "密钥无效"), (live.key, "没有指名网格员")):
        show_key(seen.page, key)

        expect(seen.page.locator("#error")).to_contain_text(said)
        assert seen.page.evaluate("() => sessionStorage.length") == 0


def test_hostile_words_are_words_to_the_officer(live, visit):
    report(visit, live, HOSTILE)
    incident = stored(live, HOSTILE)[-1]
    seen = enter(visit, live, incident)

    card = card_of(seen, incident)

    expect(card.locator(".words")).to_have_text(HOSTILE)
    assert seen.page.evaluate("() => document.body.dataset.broken || ''") == ""
    assert seen.page.locator("img[src=x], svg[onload]").count() == 0
    seen.assert_quiet()


@pytest.mark.parametrize(
    ("lang", "fold", "sure", "gone"),
    [
        ("zh", "删除我写的内容", "我明白，确定删除", "文字已于"),
        ("en", "Erase the words", "I understand", "The words were erased on"),
    ],
)
def test_a_reporter_erases_the_words_after_saying_so_twice(live, visit, words, lang, fold, sure, gone):
    first = report(visit, live, words)
    (incident,) = stored(live, words)
    seen = visit(f"{live.url}/report/follow?lang={lang}#{token_of(first)}", **PHONE)
    expect(seen.page.locator("#report")).to_contain_text(words)
    expect(seen.page.locator("button", has_text=sure)).to_be_hidden()

    seen.page.locator("summary", has_text=fold).click()
    seen.page.locator("button", has_text=sure).click()

    expect(seen.page.locator("#report")).to_contain_text(gone)
    expect(seen.page.locator("#report")).not_to_contain_text(words)
    expect(seen.page.locator("summary", has_text=fold)).to_have_count(0)
    officer = enter(visit, live, incident, "?lang=en")
    expect(card_of(officer, incident).locator(".words")).to_contain_text("the words were erased on")
    seen.assert_quiet()
    officer.assert_quiet()
