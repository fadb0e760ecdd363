"""A file of features brought into a layer in a browser: a phone in English, a laptop in Chinese, without scripts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from geoservice.auth.model import Role
from geoservice.domain.languages import Language
from geoservice.pages.words.catalogue import words
from tests.browser.conftest import Visit
from tests.browser.desk import LAPTOP, PHONE, LiveDesk, axe_script
from tests.browser.test_desk import WATCH

pytestmark = pytest.mark.browser
HEADER = "设备编码,设备类型,设备状态,方位,经度,纬度,安装位置,联系电话\n"


def points(desk: LiveDesk, language: Language, directory: Path) -> Path:
    """Write a file as a town has them: cameras that stand here and face elsewhere, new ones, rows that are wrong."""
    stored = desk.sql(
        "SELECT code, kind, st_x(geom), st_y(geom) FROM geoservice.camera WHERE jurisdiction_id ="
        " (SELECT id FROM geoservice.jurisdiction WHERE code = 'sare') ORDER BY code LIMIT 12"
    )
    rows = [f"{code},{kind},停用,西北,{lon:.9f},{lat:.9f},路口,13800138{n:03}" for n, (code, kind, lon, lat) in
            enumerate(stored)]  # fmt: skip
    rows += [f"新-{language}-{n},球机,在线,{n * 30},{91.77 + n / 1e4},29.24,路口,13900139{n:03}" for n in range(5)]
    rows += ["新-1,飞碟,在线,10,91.77,29.24,路口,13700137000", "新-2,球机,在线,10,0,0,路口,13700137001"]
    file = directory / "点位表.csv"
    file.write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    return file


def assert_sound(page: Page, *, scripts: bool) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), page.url
    if scripts:
        page.evaluate(axe_script())
        told = page.evaluate("axe.run()")
        assert [f"{one['id']}: {one['nodes'][0]['html']:.120}" for one in told["violations"]] == []


@pytest.mark.parametrize(
    ("language", "size", "scripts"), [("en", PHONE, True), ("zh", LAPTOP, True), ("en", LAPTOP, False)],
    ids=["phone", "laptop", "no-scripts"],
)  # fmt: skip
def test_a_file_comes_in_and_goes_again(
    office: LiveDesk, visit: Callable[..., Visit], known_at: Callable[..., Any], tmp_path: Path, language: Language,
    size: dict[str, int], *, scripts: bool,
) -> None:  # fmt: skip
    said = words("admin", language)
    state = known_at(office, "admin-1", Role.ADMIN)
    page = visit(
        "about:blank", again=True, storage_state=state, **size, bypass_csp=True, java_script_enabled=scripts
    ).page
    page.add_init_script(WATCH)
    page.goto(f"{office.url}/admin/sare/layers?lang={language}")
    page.get_by_role("link", name=said["import.new"]).click()
    page.locator("#send").click()
    expect(page.locator("#f-file-error")).to_contain_text(said["error.file_none"])
    page.locator("#f-layer").select_option("cameras")
    page.locator("#f-file").set_input_files(points(office, language, tmp_path))
    assert_sound(page, scripts=scripts)
    page.screenshot(path=tmp_path / "file.png", full_page=True)
    page.locator("#send").click()

    expect(page.locator("#f-column_0")).to_have_value("code")
    expect(page.locator("#f-column_3")).to_have_value("bearing_deg")
    expect(page.locator(".costs", has_text="联系电话")).to_be_visible()
    assert_sound(page, scripts=scripts)
    page.screenshot(path=tmp_path / "columns.png", full_page=True)
    page.locator("#send").click()  # 91.77, 29.24 lies in China, and nobody said on which map
    expect(page.locator("#f-crs-error")).to_be_visible()
    page.locator("#f-crs").select_option("wgs84")
    page.locator("#f-meanings").fill("status.停用=offline")
    page.locator("#send").click()

    expect(page.locator("h1")).to_have_text(
        said["difference.title"].format(file="点位表.csv", layer="Cameras" if language == "en" else "摄像机")
    )
    expect(page.locator("table").nth(1)).to_contain_text("→ Offline" if language == "en" else "→ 离线")
    expect(page.get_by_role("heading", name=said["table.changed"].format(shown=12, total=12))).to_be_visible()
    assert_sound(page, scripts=scripts)
    page.screenshot(path=tmp_path / "difference.png", full_page=True)
    page.locator("#send").click()
    expect(page.locator(".notice.good")).to_contain_text(said["done.imported"])
    page.screenshot(path=tmp_path / "written.png", full_page=True)
    page.get_by_role("link", name=said["undo.change"]).click()
    page.locator("#send").click()
    expect(page.locator(".notice.good")).to_contain_text(said["done.undone"])
    assert office.sql("SELECT count(*) FROM geoservice.camera WHERE code LIKE '新-%%'") == [(0,)]


def test_a_file_that_is_too_large_is_told_to_a_browser(
    office: LiveDesk, visit: Callable[..., Visit], known_at: Callable[..., Any], tmp_path: Path
) -> None:
    file = tmp_path / "large.csv"
    file.write_bytes(b"code,lon,lat\n" + b"x" * 30_000_000)
    page = visit("about:blank", again=True, storage_state=known_at(office, "admin-1", Role.ADMIN), **LAPTOP).page
    page.goto(f"{office.url}/admin/sare/imports?lang=en")
    page.locator("#f-layer").select_option("cameras")
    page.locator("#f-file").set_input_files(file)
    page.locator("#send").click()
    expect(page.locator("#f-file-error")).to_contain_text("GEOSERVICE_UPLOAD_BYTES")
