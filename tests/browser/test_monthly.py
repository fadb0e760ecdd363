"""The monthly report in a browser: the page, the browser's own print, and the file of the server's Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from geoservice.domain.spans import Month
from geoservice.pages.words.catalogue import words
from tests.browser.desk import LAPTOP, PHONE, LiveDesk, axe_script
from tests.browser.pdf import Pdf

pytestmark = pytest.mark.browser
THIS = Month.of(datetime.now(ZoneInfo("Asia/Shanghai")).date())
#: Of a sheet between its margins, in pixels of a screen.
SHEET = {"width": round(186 / 25.4 * 96), "height": 1000}
A4 = pytest.approx((210, 297), abs=0.5)


@pytest.fixture
def desk(office: LiveDesk) -> LiveDesk:
    return office


@pytest.fixture
def open_report(desk: LiveDesk, visit: Callable[..., Any], known_at: Callable[..., Any]) -> Callable[..., Any]:
    """Open the report as somebody who is signed in; return the visit."""

    def go(query: str = "", **context: Any) -> Any:
        seen = visit("about:blank", again=True, storage_state=known_at(desk, "desk-1"), **context)
        seen.page.goto(f"{desk.url}/figures/sare/report?{query}")
        expect(seen.page.locator("body")).to_have_attribute("data-ready", "true")
        return seen

    return go


def wider_than_its_place(page: Page) -> list[str]:
    """Return what of the report stands outside of it, or is cut off within it."""
    found: list[str] = page.evaluate(
        """() => {
          const sheet = document.querySelector('.monthly').getBoundingClientRect();
          return [...document.querySelectorAll('.monthly *')].filter((one) => {
            if (one.closest('.unseen, desc, title')) return false;
            const box = one.getBoundingClientRect();
            return box.left < sheet.left - 1 || box.right > sheet.right + 1
              || (!one.ownerSVGElement && one.clientWidth && one.scrollWidth > one.clientWidth + 1);
          }).map((one) => `${one.tagName} ${one.textContent.slice(0, 30)}`);
        }"""
    )
    return found


def assert_holds_the_report(pdf: Pdf, language: Any) -> None:
    said, of_figures = words("monthly", language), words("figures", language)
    texts = [pdf.text(page) for page in pdf.pages]
    assert len(texts) > 1
    assert pdf.sizes_mm == [A4] * len(texts)
    assert pdf.fonts_are_inside
    assert all(f"{number} / {len(texts)}" in text for number, text in enumerate(texts, 1))
    whole = "".join(texts).replace(" ", "")
    month = said["month"].format(year=THIS.first.year, month=said[f"month.{THIS.first.month}"])
    headings = [said[name] for name in ("numbers", "map", "late", "ratings", "borders", "people", "method")]
    for text in (month, *headings, of_figures["services"], of_figures["hours_of_week"]):
        if re.search("[\u0f00-\u0fff]", text):  # a stack of letters is one sign, whose text is not put together here
            continue
        assert text.replace(" ", "") in whole, text


def test_a_month_is_chosen_and_leads_to_the_figures(open_report: Callable[..., Any]) -> None:
    seen = open_report("lang=en", **LAPTOP)
    page = seen.page
    expect(page.locator("select[name=month]")).to_have_value(THIS.before.name)
    page.select_option("select[name=month]", THIS.name)
    expect(page.locator("#unfinished")).to_contain_text("is not over")
    assert f"month={THIS.name}" in page.url
    received = page.locator(".table-numbers tbody td").first.inner_text()
    expect(page.locator(".class-map")).to_have_count(1)
    page.locator("#choose a", has_text="page of figures").click()
    expect(page.locator(".card-received .value")).to_have_text(received)
    page.locator("a.report", has_text="last month").click()
    expect(page.locator("select[name=month]")).to_have_value(THIS.before.name)
    seen.assert_quiet()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_report: Callable[..., Any], scheme: str) -> None:
    for size, lang in ((PHONE, "bo"), (LAPTOP, "en"), ({"width": 320, "height": 640}, "zh")):
        seen = open_report(f"lang={lang}&month={THIS.name}", **size, color_scheme=scheme, bypass_csp=True)
        page = seen.page
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.add_script_tag(content=axe_script())
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_browsers_own_print_is_whole_and_needs_no_backgrounds(open_report: Callable[..., Any], language: str) -> None:
    page = open_report(f"lang={language}&month={THIS.name}", **SHEET).page
    page.emulate_media(media="print")
    assert wider_than_its_place(page) == []
    for hidden in (".bar", ".choose"):
        expect(page.locator(hidden)).to_be_hidden()
    assert_holds_the_report(Pdf.of(page.pdf(print_background=False, prefer_css_page_size=True)), language)


@pytest.mark.parametrize("language", ["zh", "en", "bo"])
def test_the_file_holds_the_report_with_its_fonts(open_report: Callable[..., Any], language: str) -> None:
    page = open_report(f"lang={language}&month={THIS.name}", **LAPTOP).page
    with page.expect_download() as download:
        page.locator('a[href*="report.pdf"]').click()
    assert download.value.suggested_filename == f"sare-{THIS.name}.pdf"
    pdf = Pdf.of(download.value.path().read_bytes())
    assert_holds_the_report(pdf, language)
    title = words("monthly", language)["title"]
    assert all(title in pdf.text(page) for page in pdf.pages)  # at the foot of each sheet
