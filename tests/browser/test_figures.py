"""The figures in a browser: read, narrowed, followed to the desk, printed, and taken along."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from geoservice.auth.model import Role
from geoservice.pages.words.catalogue import words
from tests.browser.desk import LAPTOP, PHONE, SCREEN, LiveDesk, axe_script, sign_in
from tests.browser.phone import HOSTILE
from tests.browser.test_desk import WATCH, assert_tame
from tests.depth import crossed

pytestmark = pytest.mark.browser

CARDS = "#numbers .card"


@pytest.fixture
def desk(office: LiveDesk) -> LiveDesk:
    return office


@pytest.fixture
def open_figures(desk: LiveDesk, visit: Callable[..., Any], known_at: Callable[..., Any]) -> Callable[..., Any]:
    """Open the figures as somebody who is signed in; return the visit."""

    def go(query: str = "span=thirty", login: str = "desk-1", role: Role = Role.DISPATCHER, **size: Any) -> Any:
        seen = visit("about:blank", again=True, storage_state=known_at(desk, login, role), **(size or LAPTOP))
        seen.page.add_init_script(WATCH)
        seen.page.goto(f"{desk.url}/figures/sare?{query}")
        expect(seen.page.locator("body")).to_have_attribute("data-ready", "true")
        return seen

    return go


@crossed(
    3,
    size={"laptop": LAPTOP, "phone": PHONE, "screen": SCREEN},
    lang={"zh": "zh", "en": "en", "bo": "bo"},
    scheme={"light": "light", "dark": "dark"},
)
def test_a_manager_reads_five_numbers_first(
    open_figures: Callable[..., Any], size: dict[str, int], lang: Any, scheme: str
) -> None:
    said = words("figures", lang)
    seen = open_figures(f"span=thirty&lang={lang}", **size, color_scheme=scheme)
    page = seen.page

    assert page.locator(f"{CARDS} dt").first.inner_text() == said["received"]
    assert page.locator(CARDS).count() == 5
    received = int(page.locator(".card-received .value").inner_text().replace(",", ""))
    rows = page.locator(".table-grids tbody tr")
    assert rows.count() >= 8
    assert received == sum(int(one) for one in page.locator(".table-grids td:nth-child(2)").all_inner_texts()) > 200
    assert received == sum(int(one) for one in page.locator(".table-services td:nth-child(2)").all_inner_texts())
    assert received == sum(int(one) for one in page.locator(".table-hours td").all_inner_texts())
    assert page.locator("svg.chart").count() == 2
    if size is not PHONE:
        expect(page.locator(CARDS).last).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert_tame(seen)


@pytest.mark.parametrize(
    "query",
    [
        "span=thirty",
        pytest.param("span=week&service=trash&lang=en", marks=pytest.mark.slow),
        pytest.param("span=thirty&source=resident", marks=pytest.mark.slow),
    ],
)
def test_a_number_leads_to_a_list_that_has_as_many(open_figures: Callable[..., Any], query: str) -> None:
    page = open_figures(query).page
    for number in ("received", "closed", "in_hand", "late"):
        expect(page.locator(f".card-{number} .value")).to_be_visible()
        link = page.locator(f".card-{number} .value a")
        if link.count() == 0:  # no list says the same
            assert page.locator(f".card-{number} .value").inner_text() == "0", number
            continue
        told = int(link.inner_text())
        link.click()
        expect(page.locator("#shown")).to_be_visible()
        assert told > 0, number
        assert int(re.findall(r"\d+", page.locator("#shown").inner_text().replace(",", ""))[-1]) == told, number
        assert page.locator(".row").count() == min(50, told), number
        page.go_back()


def test_so_does_a_number_of_a_grid_and_of_a_day(open_figures: Callable[..., Any]) -> None:
    seen = open_figures("span=thirty")
    page = seen.page
    for table in ("grids", "time", "services", "sources"):
        link = page.locator(f".table-{table} td a").first
        told = int(link.inner_text())
        link.click()
        expect(page.locator("#shown")).to_have_text(re.compile(rf"\b{told}$"))
        page.go_back()
        expect(page.locator(CARDS).first).to_be_visible()


def test_what_is_chosen_stands_in_the_address(open_figures: Callable[..., Any]) -> None:
    seen = open_figures("lang=en")
    page = seen.page
    page.locator('select[name="grid"]').select_option(index=6)
    page.wait_for_url(re.compile(r"[?&]grid=\w+"))
    expect(page.locator(".table-grids tbody tr")).to_have_count(1)
    page.locator(".spans a", has_text="30 days").click()
    page.wait_for_url(re.compile(r"span=thirty.*grid=\w|grid=\w.*span=thirty"))
    received = page.locator(".card-received .value").inner_text()
    page.reload()
    assert page.locator(".card-received .value").inner_text() == received
    page.locator('input[name="from"]').fill("2026-03-01")
    page.locator('input[name="to"]').fill("2026-03-31")
    page.locator("#filters .button").click()
    page.wait_for_url(re.compile(r"from=2026-03-01&to=2026-03-31"))
    assert "span=" not in page.url
    expect(page.locator("#empty")).to_contain_text("histories begin")  # zero is a number, and this is none
    assert page.locator(".card-received .value").inner_text() == words("figures", "en")["no_data"]
    assert_tame(seen)


def test_files_have_what_the_page_shows(open_figures: Callable[..., Any]) -> None:
    seen = open_figures("span=thirty")
    page = seen.page
    for name in ("grids", "services", "sources", "time", "hours"):
        address = page.locator(f'a.csv[href*="/{name}.csv"]').get_attribute("href")
        text = page.evaluate("(url) => fetch(url).then((a) => a.text())", address).removeprefix("\ufeff")
        header, *rows = csv.reader(io.StringIO(text))
        table = page.locator(f".table-{name}")
        assert header == [one.strip() for one in table.locator("thead th").all_text_contents()]
        shown = [
            [one.strip() for one in row.locator("th, td").all_text_contents()]
            for row in table.locator("tbody tr").all()
        ]
        none = {words("figures", "zh")["none"], words("figures", "zh")["no_data"]}
        assert [["" if cell in none else cell for cell in row] for row in shown] == rows
    assert_tame(seen)


def test_it_works_without_scripts(desk: LiveDesk, visit: Callable[..., Any]) -> None:
    seen = visit(f"{desk.url}/figures/sare?lang=en", **LAPTOP, java_script_enabled=False)
    page = seen.page
    assert "next=%2Ffigures" in page.url
    sign_in(page, desk)
    page.locator('select[name="source"]').select_option("resident")
    page.locator("#filters .button").click()
    assert "source=resident" in page.url
    expect(page.locator(CARDS)).to_have_count(5)
    expect(page.locator("#print")).to_be_hidden()


def test_hostile_names_are_text(open_figures: Callable[..., Any], desk: LiveDesk) -> None:
    [(code, name)] = desk.sql("SELECT code, name FROM geoservice.service ORDER BY code LIMIT 1")
    desk.sql("UPDATE geoservice.service SET name = %s WHERE code = %s", HOSTILE, code)
    try:
        seen = open_figures("span=thirty")
        page = seen.page
        expect(page.locator(".table-services tbody th", has_text="onerror")).to_have_text(HOSTILE)
        assert page.evaluate("document.body.dataset.broken") is None
        assert page.locator("img[onerror]").count() == 0
        assert_tame(seen)
    finally:
        desk.sql("UPDATE geoservice.service SET name = %s WHERE code = %s", name, code)


def test_analysts_read_without_links_and_others_do_not(
    open_figures: Callable[..., Any], desk: LiveDesk, visit: Callable[..., Any]
) -> None:
    seen = open_figures("span=thirty", login="analyst-1", role=Role.ANALYST)
    assert seen.page.locator('main a[href^="/desk"]').count() == 0
    expect(seen.page.locator(CARDS)).to_have_count(5)
    assert_tame(seen)
    reader = visit(f"{desk.url}/figures/sare?lang=en", **LAPTOP)
    sign_in(reader.page, desk, "post-1", Role.READER)
    expect(reader.page.locator("h1")).to_have_text(words("shell", "en")["error.403"])


def test_it_prints_on_paper(open_figures: Callable[..., Any]) -> None:
    seen = open_figures("span=thirty")
    page = seen.page
    page.emulate_media(media="print")
    for hidden in (".filters", ".spans", ".csv"):
        expect(page.locator(hidden).first).to_be_hidden()
    expect(page.locator(".bar-late").first).to_be_visible()
    ink = page.evaluate("getComputedStyle(document.querySelector('.card-late .value')).color")
    assert ink == "rgb(0, 0, 0)"


@pytest.mark.parametrize(
    ("scheme", "size", "lang"),
    [
        pytest.param("light", LAPTOP, "en", id="light-laptop"),
        pytest.param("dark", PHONE, "en", id="dark-phone", marks=pytest.mark.slow),
        pytest.param("dark", LAPTOP, "en", id="dark-laptop", marks=pytest.mark.slow),
        pytest.param("light", PHONE, "en", id="light-phone", marks=pytest.mark.slow),
        pytest.param("light", PHONE, "bo", id="light-phone-bo", marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_axe_finds_nothing(open_figures: Callable[..., Any], scheme: str, size: dict[str, int], lang: str) -> None:
    seen = open_figures(f"span=thirty&lang={lang}", **size, color_scheme=scheme, bypass_csp=True)
    seen.page.evaluate(axe_script())
    told = seen.page.evaluate("axe.run()")
    assert [f"{one['id']}: {one['nodes'][0]['html']:.100}" for one in told["violations"]] == []
