"""Pictures for the documents, of the pages as they are: `make pictures` runs this file, and nothing else does.

Each is of the demo community, which is made by chance from one seed: it changes where the pages do, and with the days
since the demo's reports.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from geoservice.auth.model import Role
from tests.browser.desk import LiveDesk
from tests.browser.phone import PHONE, wait_for_list
from tests.browser.test_imports import points

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
READY = "body[data-ready='true']"
QUALITY = 82

#: Name, who looks, address, size, what has to be there first, and what of it is shown (nothing: all of it).
PAGES = [
    ("map", Role.DISPATCHER, "/maps/sare?lang=en", (1440, 900), READY, ""),
    (
        "desk",
        Role.DISPATCHER,
        "/desk/sare?lang=en&status=reported,dispatched,accepted,returned&overdue=true&sort=due",
        (1366, 768),
        READY,
        "",
    ),
    ("figures", Role.DISPATCHER, "/figures/sare?span=thirty", (1366, 1000), "svg", ""),
    ("monthly", Role.DISPATCHER, "/figures/sare/report?lang=en", (900, 1000), ".class-map", ".monthly .first"),
    ("wall", Role.AUDITOR, "/maps/sare/wall?paused=true", (1280, 720), READY, ""),
    ("admin", Role.ADMIN, "/admin/sare/staff", (1366, 768), "table", ""),
    ("print", Role.DISPATCHER, "/maps/sare/print?lang=en&grid=540502001001003", (1366, 1200), ".sheet svg", ".sheet"),
]


def taken(page: Page, name: str, part: str = "") -> None:
    """Keep a picture of a page, or of a part of it."""
    page.wait_for_timeout(1500)  # names find their places, tiles fade in
    shown: Any = page.locator(part).first if part else page
    shown.screenshot(path=IMAGES / f"{name}.jpg", type="jpeg", quality=QUALITY)


@pytest.fixture
def looking(field: LiveDesk, known: Callable[..., Any], visit: Callable[..., Any]) -> Callable[..., Page]:
    """Open an address as somebody of a role; what is late is marked, which the clock does elsewhere."""
    field.sql("SELECT geoservice.mark_overdue(1000)")

    def go(address: str, role: Role, size: tuple[int, int]) -> Page:
        seen = visit("about:blank", *size, storage_state=known(f"{role}-of-pictures", role))
        seen.page.goto(f"{field.url}{address}")
        return seen.page

    return go


@pytest.mark.parametrize(("name", "role", "address", "size", "first", "part"), PAGES)
def test_a_page_is_taken(
    looking: Callable[..., Page], name: str, role: Role, address: str, size: tuple[int, int], first: str, part: str
) -> None:
    page = looking(address, role, size)
    page.locator(first).first.wait_for(state="attached")
    if name == "desk":
        page.keyboard.press("j")
        page.keyboard.press("Enter")

    taken(page, name, part)


def test_a_border_that_is_moved_is_taken(looking: Callable[..., Page]) -> None:
    page = looking("/maps/sare/edit", Role.ANALYST, (1366, 768))
    page.get_by_role("textbox").first.fill("2026 秋季调整")
    page.locator("main form button").first.click()
    page.wait_for_url("**/edit/*")
    page.locator(READY).wait_for()
    page.locator("#impact-rows button").nth(1).click()
    page.locator(".folium-map").focus()
    for _ in range(10):  # to a vertex of the border with the first grid, and east with it
        page.keyboard.press("n")
    for _ in range(6):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("body")).to_have_attribute("data-told", "1")

    taken(page, "editor")


def test_what_a_file_would_change_is_taken(field: LiveDesk, looking: Callable[..., Page], tmp_path: Path) -> None:
    page = looking("/admin/sare/imports?lang=en", Role.ADMIN, (1366, 900))
    page.locator("#f-layer").select_option("cameras")
    page.locator("#f-file").set_input_files(points(field, "en", tmp_path))
    page.locator("#f-crs").select_option("wgs84")
    page.locator("#send").click()
    page.locator("#f-column_0").wait_for()
    page.locator("#send").click()
    page.locator("table").first.wait_for()

    taken(page, "import")


def test_a_phone_is_taken(
    field: LiveDesk, known: Callable[..., Any], visit: Callable[..., Any], chromium: Browser
) -> None:
    """Four windows side by side: list and map, list and grid in the other language and at night."""
    shots = []
    for query, scheme, room in (
        ("lang=en", "light", "list"), ("lang=zh", "dark", "list"),
        ("lang=en", "light", "map"), ("lang=zh", "dark", "grid"),
    ):  # fmt: skip
        state = known("post-1", staff="G01")
        page = visit("about:blank", **PHONE, color_scheme=scheme, storage_state=state).page
        page.goto(f"{field.url}/officer?{query}")
        wait_for_list(page)
        page.locator(f"#tabs [data-room={room}]").click()
        page.wait_for_timeout(1500)
        shots.append(base64.b64encode(page.screenshot()).decode())
    images = "".join(f'<img style="width:390px;margin-right:12px" src="data:image/png;base64,{one}">' for one in shots)
    page = chromium.new_page(viewport={"width": 4 * PHONE["width"] + 36, "height": PHONE["height"]})
    page.set_content(f'<body style="margin:0;display:flex">{images}</body>')

    taken(page, "officer")
    page.close()
