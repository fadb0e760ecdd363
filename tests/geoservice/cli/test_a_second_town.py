"""A second jurisdiction from files alone, beside the demo: its map, its cameras, its households, a new border."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import orjson
import psycopg
import pytest
import shapely
from click.testing import CliRunner
from psycopg import sql

from geoservice.cli.main import geoservice
from geoservice.services.viewing import ViewingService
from layers.db.session import Database
from layers.shifted import gcj02_of_wgs84
from tests.geoservice.counting.made_registers import HEADER, identity, xlsx_of
from tests.geoservice.reading.made_osm import Drawing
from tests.geoservice.reading.made_workbooks import sheet, workbook

Command = Callable[..., str]

#: In every text of the register that is a person's, and in its name.
MARK = "QZ" + "丙MARK"
WEST, SOUTH, EAST, NORTH = 91.90, 29.23, 91.92, 29.24
MIDDLE, LATER = 91.91, 91.904
#: Longitudes of houses and cameras, all at one latitude: two west of both borders, two between, two east of both.
HOUSES = (91.901, 91.902, 91.906, 91.907, 91.915, 91.916)


@pytest.fixture
def command(community_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", community_url)
    monkeypatch.setenv("GEOSERVICE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str) -> str:
        result = CliRunner().invoke(geoservice, words, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    return run


def grids(path: Path, border: float) -> str:
    boxes = {"D1": shapely.box(WEST, SOUTH, border, NORTH), "D2": shapely.box(border, SOUTH, EAST, NORTH)}
    features = [
        {"type": "Feature", "properties": {"code": code}, "geometry": shapely.geometry.mapping(box)}
        for code, box in boxes.items()
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return str(path)


def town(path: Path) -> str:
    drawing = Drawing()
    drawing.way(1, [(WEST, 29.234), (EAST, 29.234)], highway="residential", name="东嘎路")
    for number, lon in enumerate(HOUSES, start=1):
        drawing.square(10 + number, lon, 29.235, 0.0002, building="apartments", name=f"{number}号楼")
    path.write_text(drawing.text(), encoding="utf-8")
    return str(path)


def cameras(path: Path) -> str:
    lons, lats = gcj02_of_wgs84(np.array(HOUSES), np.full(len(HOUSES), 29.2345))
    places = enumerate(zip(lons.tolist(), lats.tolist(), strict=True), start=1)
    rows = [[f"DG{number}", lon, lat, "在线", "球机"] for number, (lon, lat) in places]
    return str(workbook(path, sheet([["设备编码", "经度", "纬度", "状态", "类型"], *rows])))


def register(path: Path) -> str:
    """Write a register of a household of two adults in the first house, three in the second …"""
    rows, order = [], 0
    for house in range(1, len(HOUSES) + 1):
        for _ in range(house + 1):
            order += 1
            person = identity(day_of(order), order)
            rows.append([f"{MARK}{order}", person, f"{house}号楼", "1", "101", "是" if order % 2 else "否"])
    path.write_bytes(xlsx_of({f"{MARK}表": sheet([HEADER, *rows])}))
    return str(path)


def day_of(order: int) -> date:
    return date(1980, 1, 1 + order % 28)


def figures(url: str) -> dict[str, dict[str, tuple[int, int, int]]]:
    """Return households, residents and floating of each grid, by jurisdiction."""
    database = Database.connect(url, pool_size=1)
    try:
        return {
            view.code: {one.code: (one.households, one.residents, one.floating) for one in view.statistics.per_grid}
            for view in ViewingService(database).jurisdictions()
        }
    finally:
        database.close()


def owners(url: str, table: str) -> list[str]:
    query = """
        SELECT f.grid_code FROM geoservice.{} AS f JOIN geoservice.jurisdiction AS j ON j.id = f.jurisdiction_id
         WHERE j.code = 'dongga' ORDER BY st_x(st_centroid(f.geom))
    """
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute(sql.SQL(query).format(sql.Identifier(table)))]


def tables_that_hold(url: str, texts: list[str]) -> list[str]:
    listed = "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
    found = []
    with psycopg.connect(url) as connection:
        for schema, name in connection.execute(listed).fetchall():
            table = sql.Identifier(schema, name)
            query = sql.SQL("SELECT EXISTS (SELECT FROM {} AS t WHERE t::text LIKE ANY(%s))").format(table)
            (holds,) = connection.execute(query, [[f"%{one}%" for one in texts]]).fetchone() or (False,)
            found += [name] if holds else []
    return found


def test_a_second_town_comes_from_files_and_its_border_moves(
    command: Command, community_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    at_first = figures(community_url)
    of_dongga = ["--jurisdiction", "dongga"]
    first = grids(tmp_path / "first.geojson", MIDDLE)
    added = command("jurisdiction", "add", "dongga", "--name", "东嘎社区", "--from-grids", first, "--code", "code",
                    "--crs", "wgs84")  # fmt: skip
    command("edition", "publish", edition_in(added), "--yes")

    said = [command("layer", "import", "--osm", town(tmp_path / "town.osm"), *of_dongga, "--commit")]
    said.append(command("layer", "import", "cameras", cameras(tmp_path / "点位.xlsx"), *of_dongga, "--crs", "gcj02",
                        "--commit"))  # fmt: skip
    counted = command(
        "layer", "import", "households", "--count-register", register(tmp_path / f"{MARK}.xlsx"), *of_dongga,
        "--as-of", "2026-06-30", "--swap-is-encrypted", "--commit", "--json",
    )  # fmt: skip
    said.append(counted)
    told = orjson.loads(counted.splitlines()[-1])

    assert (told["residents"], told["households"], told["failed"]) == (27, 6, 0)
    now = figures(community_url)
    assert now["sare"] == at_first["sare"]
    assert {code: one[:2] for code, one in now["dongga"].items()} == {"D1": (4, 14), "D2": (2, 13)}
    assert sum(one[2] for one in now["dongga"].values()) == told["floating"] == 14
    assert owners(community_url, "camera") == owners(community_url, "building") == ["D1"] * 4 + ["D2"] * 2
    assert owners(community_url, "household") == ["D1"] * 4 + ["D2"] * 2

    moved = command("edition", "import", grids(tmp_path / "moved.geojson", LATER), *of_dongga, "--code", "code",
                    "--crs", "wgs84")  # fmt: skip
    command("edition", "publish", edition_in(moved), "--yes")

    assert {code: one[:2] for code, one in figures(community_url)["dongga"].items()} == {"D1": (2, 5), "D2": (4, 22)}
    for table in ("camera", "building", "household"):
        assert owners(community_url, table) == ["D1"] * 2 + ["D2"] * 4
    assert figures(community_url)["sare"] == at_first["sare"]
    assert [MARK in one for one in (*said, caplog.text)] == [False] * 4
    assert tables_that_hold(community_url, ["点位.xlsx"]) == ["change"]
    assert tables_that_hold(community_url, [MARK, *(identity(day_of(n), n) for n in range(1, 28))]) == []


def edition_in(output: str) -> str:
    found = re.search(r"Edition (\d+):", output)
    assert found is not None, output
    return found[1]
