"""Monthly reports over HTTP: their tables are the figures', and what can not be told is said."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import datetime
from threading import BoundedSemaphore
from zoneinfo import ZoneInfo

import psycopg
import pytest

from geoservice.auth.model import Role
from geoservice.domain.spans import Month
from geoservice.maps.sheets import choropleth
from geoservice.pages.figures.rendering import TABLES
from geoservice.pages.monthly import contents, rendering
from geoservice.pages.words.catalogue import words
from geoservice.services import monthly
from geoservice.wiring import Services
from geoservice.writing import chromium
from tests.geoservice.pages.desk.test_pages import PERSON, Browser

TABLE = re.compile(r'<table class="numbers table-(\w+)">(.*?)</table>', re.DOTALL)
ROW = re.compile(r"<tr>(.*?)</tr>", re.DOTALL)
CELL = re.compile(r"<t[hd][^>]*>(.*?)</t[hd]>", re.DOTALL)
THIS = Month.of(datetime.now(ZoneInfo("Asia/Shanghai")).date())
HOSTILE = "</style><script>alert(1)</script>\"'&"
Rows = list[list[str]]


@pytest.fixture
def manager(services: Services) -> Browser:
    return Browser(services, "desk-8", Role.DISPATCHER)


def tables_of(page: str) -> dict[str, Rows]:
    """Return the tables of a page, their heads first; what is not there is empty, as in files."""
    none = {words("figures", "en")[name] for name in ("none", "no_data")}

    def text(cell: str) -> str:
        said = html.unescape(cell).strip()
        return "" if said in none else said

    return {name: [[text(cell) for cell in CELL.findall(row)] for row in ROW.findall(table)]
            for name, table in TABLE.findall(page)}  # fmt: skip


def file_of(browser: Browser, name: str, month: Month) -> Rows:
    """Return a table of the figures of the same days, as their file has it."""
    whole = month.whole
    span = "span=month" if month == THIS else f"from={whole.first}&to={whole.last}"
    text = browser.get(f"/figures/sare/{name}.csv?lang=en&{span}").text.removeprefix("\ufeff")
    return [[cell.lstrip("'") for cell in row] for row in csv.reader(io.StringIO(text))]


def number(text: str) -> float | None:
    return float(text.replace(",", "")) if text else None


def test_the_tables_are_those_of_the_figures_of_the_same_days(manager: Browser) -> None:
    received = 0
    for month in (THIS, THIS.before):
        page = manager.get(f"/figures/sare/report?month={month.name}&lang=en").text
        told = tables_of(page)
        files = {name: file_of(manager, name, month) for name in TABLES}
        before = file_of(manager, "numbers", month.before)
        for name in ("grids", "sources", "time", "hours"):
            assert told[name] == files[name], name
        # Days are compared with those just before them, months with the month before.
        header = files["services"][0].index("Before")
        assert [row[:header] + row[header + 1 :] for row in told["services"]] == [
            row[:header] + row[header + 1 :] for row in files["services"]
        ]
        assert [row[:2] for row in told["numbers"][1:]] == [row[:2] for row in files["numbers"][1:]]
        if month != THIS:
            assert [number(row[2]) for row in told["numbers"][1:]] == [number(row[1]) for row in before[1:]]
        numbers = {row[0]: row[1] for row in told["numbers"]}
        received += int(numbers["Received"].replace(",", ""))
        assert sum(int(row[1]) for row in told["late"][1:-1]) == int(told["late"][-1][1]) == int(numbers["Late"])
        assert sum(int(row[1]) for row in told["ratings"][2:]) == int(told["ratings"][1][1])
        assert ('id="unfinished"' in page) == (month == THIS)
        assert f"{month.first.year}" in page
    assert received > 200


def test_households_are_told_as_population_over_time_is(services: Services, community_url: str) -> None:
    with psycopg.connect(community_url) as connection:
        connection.execute("UPDATE geoservice.jurisdiction SET households_min = 380")
    exact = {}
    for role in (Role.DISPATCHER, Role.ADMIN):
        browser = Browser(services, f"{role}-8", role)
        told = tables_of(browser.get(f"/figures/sare/report?month={THIS.name}&lang=en").text)["people"]
        counted = browser.client.get("/v1/statistics/population?jurisdiction=sare").json["instants"][0]["per_grid"]
        assert [[number(cell) for cell in row[1:4]] for row in told[1:-1]] == [
            [one[name] for name in ("households", "residents", "floating")] for one in counted
        ]
        assert told[0][-1] == "Should be 380 to 500"
        assert [row[-1] for row in told[1:-1]] == [
            "below" if one["households"] < 380 else "within" for one in counted
        ]  # fmt: skip
        exact[role] = [one["households"] for one in counted]
    assert exact[Role.ADMIN] != exact[Role.DISPATCHER]
    assert all(count % 5 == 0 for count in exact[Role.DISPATCHER])


def test_without_a_month_it_is_the_last_one_and_the_figures_lead_to_both(manager: Browser) -> None:
    page = manager.get("/figures/sare/report?lang=en").text
    assert f'<option value="{THIS.before.name}" selected>' in page
    figures = manager.get("/figures/sare?lang=en").text
    for month in (THIS, THIS.before):
        assert f"/figures/sare/report?lang=en&amp;month={month.name}" in figures


def test_what_can_not_be_told_is_said(manager: Browser) -> None:
    said = words("monthly", "zh")
    for month, word in ((THIS.after, "empty.future"), (Month(THIS.first.replace(year=2001)), "empty.before")):
        page = manager.get(f"/figures/sare/report?lang=zh&month={month.name}").text
        assert said[word].format(month=f"{month.first.year}年{month.first.month}月", first="")[:12] in page
        assert "<table" not in page and "report.pdf" not in page
        refused = manager.client.get(f"/figures/sare/report.pdf?month={month.name}")
        assert (refused.status_code, refused.json["type"]) == (422, "/docs#problem-month-not-recorded")
        assert month.name in refused.json["detail"]
    for month in ("2026-13", "2026", "1969-12", "9001-01", "2026-11-01", "２０２６-11", "x" * 900, "\0"):
        for path in ("report", "report.pdf"):
            refused = manager.client.get(f"/figures/sare/{path}", query_string={"month": month})
            assert refused.status_code == 422, (month, path)
    assert "as in 2026-11" in manager.get("/figures/sare/report?month=2026-13").text
    for path in ("report", "report.pdf"):
        assert manager.get(f"/figures/nowhere/{path}").status_code == 403  # as everywhere for who is of one


def test_it_is_for_those_who_may_see_the_figures(services: Services, manager: Browser) -> None:
    reader = Browser(services, "reader-8", Role.READER)
    stranger = manager.client.application.test_client()
    for path in ("report", "report.pdf"):
        assert reader.get(f"/figures/sare/{path}").status_code == 403
        assert stranger.get(f"/figures/sare/{path}").status_code == 401
        assert stranger.get(f"/figures/sare/{path}", headers=PERSON).status_code == 303


def test_the_file_waits_its_turn_and_the_browser_prints_where_there_is_no_chromium(
    manager: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = BoundedSemaphore(1)
    monkeypatch.setattr(chromium, "_places", places)
    with places, monkeypatch.context() as drawing:
        drawing.setattr(rendering, "choropleth", None)  # nothing is drawn for who is refused
        refused = manager.client.get("/figures/sare/report.pdf")
    assert (refused.status_code, refused.json["type"]) == (503, "/docs#problem-pool-exhausted")
    monkeypatch.setattr(chromium, "NAMES", ("no-such-program",))
    refused = manager.client.get("/figures/sare/report.pdf")
    assert (refused.status_code, refused.json["type"]) == (503, "/docs#problem-printer-missing")
    page = manager.get("/figures/sare/report?lang=en").text
    assert words("monthly", "en")["no_files"] in page
    assert "report.pdf" not in page


def test_names_are_text(manager: Browser, community_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with psycopg.connect(community_url) as connection:
        connection.execute(
            "UPDATE geoservice.jurisdiction SET name = %s, name_en = %s, attribution = %s", [HOSTILE] * 3
        )
        connection.execute("UPDATE geoservice.service SET name = %s, name_en = %s WHERE code = 'dogs'", [HOSTILE] * 2)
    written: list[str] = []
    monkeypatch.setattr(rendering, "pdf_of", lambda document: written.append(document()) or b"%PDF")
    assert manager.get(f"/figures/sare/report.pdf?month={THIS.name}").data == b"%PDF"
    for page in (manager.get(f"/figures/sare/report?month={THIS.name}").text, written[0]):
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page
    assert written[0].count("</style>") == 1


def test_why_there_is_no_map_is_said(manager: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    said = words("monthly", "zh")
    for module, name, value, reason in (
        (contents, "lies_across", lambda shapes: bool(shapes), "map.across"),
        (monthly, "grid_shapes", lambda *_, **__: {}, "map.none"),
    ):
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(module, name, value)
            page = manager.get(f"/figures/sare/report?month={THIS.name}&lang=zh").text
        assert said[reason] in page
        assert "class-map" not in page


def test_what_is_english_on_a_page_of_another_language_says_so(manager: Browser) -> None:
    for language in ("zh", "bo"):
        page = manager.get(f"/figures/sare/report?month=2026-13&lang={language}").text
        assert re.search(r'<ul lang="en"><li>[^<]*as in 2026-11', page)
        nowhere = manager.get(f"/nowhere?lang={language}").text
        assert '<html lang="en">' in nowhere
        assert '<span lang="zh-CN">返回地图</span>' in nowhere


def test_classes_are_as_wide_as_each_other_and_hold_every_number() -> None:
    for numbers in ([], [0], [1, 5], [6, 0], [43, 50, 51], [7, 999_999]):
        classes = choropleth.classes_of(numbers)
        assert sum(one.areas for one in classes) == len(numbers)
        assert [one.first for one in classes[1:]] == [one.last + 1 for one in classes[:-1]]
        assert len({one.last - one.first for one in classes[1:]}) == 1
    assert [one.last for one in choropleth.classes_of([43])] == [0, 10, 20, 30, 40, 50]
