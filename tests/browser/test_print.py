"""Printed maps in a browser: the page, the browser's own print, and the files of the server's Chromium."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from geoservice.pages.words.catalogue import words
from tests.browser.desk import LAPTOP, PHONE, LiveDesk, axe_script
from tests.browser.pdf import Pdf

pytestmark = pytest.mark.browser
MM = 96 / 25.4
THIRD = "540502001001003"


@pytest.fixture
def desk(office: LiveDesk) -> LiveDesk:
    return office


@pytest.fixture
def open_print(desk: LiveDesk, visit: Callable[..., Any], known_at: Callable[..., Any]) -> Callable[..., Any]:
    """Open the page as somebody who is signed in; return the visit."""

    def go(query: str = "", **context: Any) -> Any:
        seen = visit("about:blank", again=True, storage_state=known_at(desk, "desk-1"), **context)
        seen.page.goto(f"{desk.url}/maps/sare/print?{query}")
        expect(seen.page.locator("body")).to_have_attribute("data-ready", "true")
        return seen

    return go


def boxes_outside(page: Page) -> list[str]:
    """Return the texts that stand outside the margin of their sheet, half a millimetre given."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('.paper')].flatMap((svg) => {
          const all = svg.getBoundingClientRect();
          const mm = all.width / svg.viewBox.baseVal.width;
          const texts = [...svg.querySelectorAll('text:not(.name)')];
          return texts.filter((one) => {
            const box = one.getBoundingClientRect();
            return box.left < all.left + 4.5 * mm || box.right > all.right - 9.5 * mm
              || box.top < all.top + 9 * mm || box.bottom > all.bottom - 4.5 * mm;
          }).map((one) => one.textContent);
        })"""
    )
    return found


def test_a_sheet_is_chosen_and_drawn(open_print: Callable[..., Any]) -> None:
    said = words("print", "zh")
    seen = open_print("", **LAPTOP)
    page = seen.page
    expect(page.locator("h1")).to_have_text(said["title"])
    expect(page.locator(".sheet")).to_have_count(1)
    page.select_option("select[name=grid]", THIRD)
    expect(page.locator(".paper text").first).to_have_text("萨热社区 · 第三网格")
    expect(page.locator("body")).to_have_attribute("data-ready", "true")
    page.select_option("select[name=orientation]", "portrait")
    expect(page.locator(".sheets.a4-portrait .paper")).to_have_count(1)
    expect(page.locator("body")).to_have_attribute("data-ready", "true")
    page.locator(".layers summary").click()
    page.locator(".layer[value=buildings]").uncheck()
    page.locator(".layers summary").click()
    expect(page.locator(".layer-buildings")).to_have_count(0)
    expect(page.locator("body")).to_have_attribute("data-ready", "true")
    assert f"grid={THIRD}" in page.url
    assert boxes_outside(page) == []
    page.locator("input[name=atlas]").check()
    expect(page.locator(".sheet")).to_have_count(9)
    assert boxes_outside(page) == []
    seen.assert_quiet()


def test_what_a_map_shows_is_one_of_the_choices_and_can_be_left(open_print: Callable[..., Any]) -> None:
    page = open_print("lang=en&map=17.5/91.7721/29.2423&late=true", **LAPTOP).page
    expect(page.locator("#subject option:checked")).to_have_text("What the map shows")
    expect(page.locator("#narrowed")).to_contain_text("narrowed as the map is")
    page.select_option("select[name=paper]", "a3")
    expect(page.locator(".sheets.a3-landscape .paper")).to_have_count(1)
    assert "map=17.5" in page.url and "late=true" in page.url
    expect(page.locator("body")).to_have_attribute("data-ready", "true")
    page.select_option("#subject", label="The whole jurisdiction")
    expect(page.locator("#subject option:checked")).to_have_text("The whole jurisdiction")
    expect(page.locator("#subject option", has_text="What the map shows")).to_have_count(0)
    assert "map=" not in page.url


@pytest.mark.parametrize(
    ("scheme", "size", "lang"),
    [
        pytest.param("light", PHONE, "en", id="light-phone"),
        pytest.param("dark", LAPTOP, "en", id="dark-laptop", marks=pytest.mark.slow),
        pytest.param("light", LAPTOP, "en", id="light-laptop", marks=pytest.mark.slow),
        pytest.param("dark", PHONE, "en", id="dark-phone", marks=pytest.mark.slow),
        pytest.param("light", LAPTOP, "bo", id="light-laptop-bo", marks=pytest.mark.slow),
    ],
)
def test_axe_finds_nothing(open_print: Callable[..., Any], size: dict[str, int], scheme: str, lang: str) -> None:
    seen = open_print(f"lang={lang}&grid={THIRD}", **size, color_scheme=scheme, bypass_csp=True)
    page = seen.page
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.add_script_tag(content=axe_script())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []


@pytest.mark.everyday
def test_a_browsers_own_print_has_its_sheets_whole_to_scale_and_without_backgrounds(
    open_print: Callable[..., Any],
) -> None:
    page = open_print("atlas=true&paper=a3", **LAPTOP).page
    page.emulate_media(media="print")
    sheet, bar = page.locator(".sheet").first.bounding_box(), page.locator(".scale-bar").first
    drawn = bar.evaluate("(one) => one.querySelector('rect').getBoundingClientRect().width * 4")
    assert (sheet["width"] / MM, sheet["height"] / MM) == pytest.approx((420, 297), abs=0.5)
    assert drawn / MM == pytest.approx(float(bar.get_attribute("data-mm")), abs=0.3)
    assert boxes_outside(page) == []

    pdf = Pdf.of(page.pdf(print_background=False, prefer_css_page_size=True))
    assert pdf.sizes_mm == [pytest.approx((420, 297), abs=0.5)] * 9


def test_the_file_holds_the_atlas_with_its_fonts_and_the_picture_a_sheet(open_print: Callable[..., Any]) -> None:
    page = open_print("atlas=true&lang=en", **LAPTOP).page
    with page.expect_download() as download:
        page.get_by_role("link", name="PDF", exact=True).click()
    raw = download.value.path().read_bytes()
    pdf = Pdf.of(raw)

    assert download.value.suggested_filename == "sare-atlas.pdf"
    assert raw.startswith(b"%PDF-")
    assert pdf.sizes_mm == [pytest.approx((297, 210), abs=0.5)] * 9
    assert pdf.fonts_are_inside
    assert "Grid 8" in pdf.text(pdf.pages[-1])

    picture = page.request.get(page.url.replace("/print?", "/print.png?").replace("atlas=true", "paper=a4"))
    assert picture.body().startswith(b"\x89PNG")
    assert (int.from_bytes(picture.body()[16:20]), int.from_bytes(picture.body()[20:24])) == (2246, 1588)
