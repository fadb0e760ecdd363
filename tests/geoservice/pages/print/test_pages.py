"""Printed maps: which sheets there are, what each says, and what is refused."""

from __future__ import annotations

import json
import re
import tempfile
from itertools import product
from pathlib import Path
from threading import BoundedSemaphore

import psycopg
import pytest

from geoservice.auth.model import Role
from geoservice.pages.print import sheets as print_sheets
from geoservice.wiring import Services
from geoservice.writing import chromium
from tests.geoservice.pages.desk.test_pages import PERSON, Browser

THIRD = "540502001001003"
SHEET = re.compile(r'<svg [^>]*class="paper".*?</svg>', re.DOTALL)
TEXT = re.compile(r"<text[^>]*>([^<]*)</text>")


@pytest.fixture
def printer(services: Services) -> Browser:
    return Browser(services, "desk-6", Role.DISPATCHER)


def sheets_of(browser: Browser, query: str = "") -> list[str]:
    answer = browser.get(f"/maps/sare/print?lang=en&{query}")
    assert answer.status_code == 200, answer.text
    return SHEET.findall(answer.text.replace("</symbol></svg>", ""))


def test_a_sheet_shows_the_whole_jurisdiction_with_all_grids(printer: Browser) -> None:
    (sheet,) = sheets_of(printer)
    texts = TEXT.findall(sheet)

    assert {f"Grid {n}" for n in range(1, 9)} <= set(texts)
    assert texts[0] == "Sare community"
    assert {"By desk-6", "Sheet 1 of 1", "1:7,500", "Legend"} <= set(texts)


def test_an_atlas_has_a_sheet_for_all_and_one_for_each_grid(printer: Browser) -> None:
    sheets = sheets_of(printer, "atlas=true")

    assert [TEXT.findall(sheet)[0] for sheet in sheets] == [
        "Sare community", *(f"Sare community · Grid {n}" for n in range(1, 9))
    ]  # fmt: skip
    assert all(f"Sheet {n} of 9" in TEXT.findall(sheet) for n, sheet in enumerate(sheets, 1))
    (last,) = sheets_of(printer, "atlas=true&sheet=9")
    assert [text for text in TEXT.findall(last) if "Printed" not in text] == [
        text for text in TEXT.findall(sheets[8]) if "Printed" not in text
    ]


def test_a_grids_sheet_tells_what_the_layer_of_grids_tells(printer: Browser, services: Services) -> None:
    (sheet,) = sheets_of(printer, f"grid={THIRD}")
    texts = TEXT.findall(sheet)
    told = json.loads(services.viewing.layer_geojson("sare", "grids"))["features"]
    third = next(one["properties"] for one in told if one["properties"]["code"] == THIRD)

    for name, figure in (("Households", "households"), ("Residents", "residents"), ("In hand", "in_hand")):
        assert texts[texts.index(name) + 1] == f"{third[figure]:,}"
    assert texts[texts.index("Neighbours") + 1] == "Grid 2, Grid 4"
    assert "key-map" in sheet


def test_the_address_says_paper_scale_and_place(printer: Browser) -> None:
    (sheet,) = sheets_of(printer, "paper=a3&orientation=portrait&map=16/91.77/29.24")
    assert 'viewBox="0 0 297 420"' in sheet
    assert 'data-scale="7500"' in sheet  # 1:8,531 at the equator, by the cosine of 29 degrees
    (sheet,) = sheets_of(printer, "scale=1234")
    assert 'data-scale="1234"' in sheet
    (sheet,) = sheets_of(printer, "layers=grids")
    assert 'class="layer-grids"' in sheet
    assert 'class="layer-buildings"' not in sheet


@pytest.mark.parametrize(
    "query",
    ["paper=a9", "orientation=up", "scale=0", "scale=x", "scale=99999999999", "atlas=perhaps", "sheet=0", "map=1",
     "map=1/2/3/4", "map=nan/1/1", "map=15/181/0", "map=15/0/inf", "grid=" + "1" * 65],
)  # fmt: skip
def test_what_can_not_be_understood_is_told_in_words(printer: Browser, query: str) -> None:
    for path in ("print", "print.pdf", "print.png"):
        assert printer.get(f"/maps/sare/{path}?{query}").status_code == 422


def test_a_map_of_any_place_is_drawn_or_refused(printer: Browser) -> None:
    for lon, lat, scale in product((0, 1.77, 180, -88.23), (0, 84, -80), (100, 10_000_000)):
        answer = printer.get(f"/maps/sare/print?layers=grids&scale={scale}&map=9/{lon}/{lat}")
        assert answer.status_code in (200, 422), (lon, lat, scale)
        assert "nan" not in "".join(SHEET.findall(answer.text)), (lon, lat, scale)


def test_an_atlas_begins_with_its_last_sheet_at_the_latest(printer: Browser) -> None:
    assert len(sheets_of(printer, "atlas=true&sheet=100000")) == 1


@pytest.mark.parametrize("path", ["print.pdf", "print.png"])
def test_whoever_finds_others_waiting_for_the_printer_is_told_at_once(
    printer: Browser, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    places = BoundedSemaphore(1)
    monkeypatch.setattr(chromium, "_places", places)
    monkeypatch.setattr(chromium, "find_chromium", lambda: "/bin/false")
    with places, monkeypatch.context() as drawing:
        drawing.setattr(print_sheets, "sheet", None)  # nothing is drawn for who is refused
        refused = printer.client.get(f"/maps/sare/{path}")
    assert (refused.status_code, refused.json["type"]) == (503, "/docs#problem-pool-exhausted")
    failed = printer.client.get(f"/maps/sare/{path}")
    assert failed.json["type"] == "/docs#problem-printer-failed"
    with places:  # given back
        pass


def test_what_a_print_that_was_killed_left_is_removed_by_the_next(
    printer: Browser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(chromium, "find_chromium", lambda: "/bin/false")
    kept, left = tmp_path / "geoservice-other", tmp_path / "geoservice-print-0k1"
    for one in (kept, left / "profile"):
        one.mkdir(parents=True)
        (one / "page.html").touch()
    (tmp_path / "geoservice-print-link").symlink_to(kept)

    printer.client.get("/maps/sare/print.pdf")

    assert {one.name for one in tmp_path.iterdir() if one.is_dir() and not one.is_symlink()} == {kept.name}
    assert (kept / "page.html").exists()


@pytest.mark.parametrize("path", ["print", "print.pdf", "print.png"])
def test_what_there_is_not_is_not_found(printer: Browser, path: str) -> None:
    assert printer.get(f"/maps/sare/{path}?grid=none").status_code == 404
    assert printer.get(f"/maps/nowhere/{path}").status_code == 403  # as everywhere for who is of one jurisdiction


def test_layers_that_there_are_not_or_that_one_may_not_see_are_not_drawn(printer: Browser) -> None:
    (sheet,) = sheets_of(printer, "layers=grids,nothing,staff,%3Cb%3E")
    assert re.findall(r'class="layer-(\w+)"', sheet) == ["grids"]


def test_what_is_too_much_for_a_sheet_is_counted_and_not_drawn(
    printer: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(print_sheets, "MOST_FEATURES", 500)
    (sheet,) = sheets_of(printer)
    told = " ".join(TEXT.findall(sheet))

    assert "Buildings is not drawn: 903 here, 500 at most on a sheet." in told
    assert re.search(r'<g class="layer-buildings"></g>', sheet)


def test_a_sheet_is_narrowed_as_the_map_is_and_says_so(printer: Browser, community_url: str) -> None:
    with psycopg.connect(community_url) as connection:
        ((total, late, some),) = connection.execute(
            "SELECT count(*), count(*) FILTER (WHERE expected_at <= now() AND status IN ('dispatched', 'accepted')"
            " AND waiting_since IS NULL), count(*) FILTER (WHERE service_code = 'dogs')"
            " FROM geoservice.incident WHERE geoservice.is_open(status)"
        )
        ((service,),) = connection.execute("SELECT name_en FROM geoservice.service WHERE code = 'dogs'")

    (whole,) = sheets_of(printer)
    assert whole.count('class="ring-late"') == late + 1  # one in the legend
    assert "Late" in TEXT.findall(whole)
    assert not any(" of " in text for text in TEXT.findall(whole) if text.startswith("Incidents"))

    (sheet,) = sheets_of(
        printer, "service=dogs&off=organisations.partner&status=none,reported,dispatched,accepted,returned,resolved"
    )
    told = " ".join(text for text in TEXT.findall(sheet) if text.startswith(("Incidents", "Not")) or "Partner" in text)
    assert f"Incidents in hand, {some} of {total} here: status Reported / Dispatched" in told
    assert f"Service {service}; Not drawn: Organisations: Partner" in told
    assert sheet.count("#icon-partner") == 0 < whole.count("#icon-partner")
    (none,) = sheets_of(printer, "status=none&grid=" + THIRD)
    assert any("0 of" in text and "status none" in text for text in TEXT.findall(none))
    strange = printer.get("/maps/sare/print?lang=en&age=never")
    assert strange.status_code == 422


def test_names_are_text(printer: Browser, community_url: str) -> None:
    hostile = "<script>alert(1)</script>\"'&"
    with psycopg.connect(community_url) as connection:
        connection.execute(
            "UPDATE geoservice.jurisdiction SET name = %s, name_en = %s, attribution = %s", [hostile] * 3
        )
        connection.execute("UPDATE geoservice.organisation SET name = %s, name_en = %s", [hostile] * 2)
    page = printer.get("/maps/sare/print?lang=en&scale=1000&map=17/91.77/29.24").text

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_strangers_print_nothing(printer: Browser) -> None:
    client = printer.client.application.test_client()
    for path in ("print", "print.pdf", "print.png"):
        assert client.get(f"/maps/sare/{path}").status_code == 401
    led = client.get("/maps/sare/print", headers=PERSON)
    assert led.status_code == 303
    assert led.headers["Location"].startswith("/signin?")


def test_without_a_chromium_the_page_says_so_and_still_prints(
    printer: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chromium, "NAMES", ("no-such-program",))
    page = printer.get("/maps/sare/print?lang=en").text

    assert "The server has no Chromium" in page
    assert "print.pdf" not in page
    refused = printer.client.get("/maps/sare/print.pdf")
    assert (refused.status_code, refused.json["type"]) == (503, "/docs#problem-printer-missing")
    assert "install one there" in refused.json["detail"]


def test_a_printer_that_makes_nothing_or_is_taken_is_told(
    printer: Browser, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    program = tmp_path / "no-printer"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(chromium, "find_chromium", lambda: str(program))
    refused = printer.client.get("/maps/sare/print.pdf")
    assert (refused.status_code, refused.json["type"]) == (503, "/docs#problem-printer-failed")

    monkeypatch.setattr(chromium, "WAIT_S", 0.0)
    with chromium._turn():
        refused = printer.client.get("/maps/sare/print.pdf")
    assert refused.status_code == 503
