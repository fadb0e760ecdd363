"""A town gets in by one command: its outline is what its grids cover, and a draft of them is there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import shapely
from click.testing import CliRunner, Result
from shapely import box

from geoservice.cli.main import geoservice
from tests.geoservice.reading.made_files import EAST, WEST, geojson

Command = Callable[..., Result]


@pytest.fixture
def command(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", database_url)
    return lambda *words: CliRunner().invoke(geoservice, words)


def add(command: Command, path: str, *more: str, code: str = "town") -> Result:
    return command(
        "jurisdiction", "add", code, "--name", "镇", "--from-grids", path, "--code", "code", "--crs", "wgs84", *more
    )


def outline(url: str) -> shapely.Geometry:
    with psycopg.connect(url) as connection:
        [(wkb,)] = connection.execute("SELECT st_asbinary(outline) FROM geoservice.jurisdiction").fetchall()
    return shapely.from_wkb(bytes(wkb))


def test_from_a_file_to_a_publication_in_two_commands(command: Command, tmp_path: Path, database_url: str) -> None:
    added = add(command, geojson(tmp_path / "grids.geojson", [WEST, EAST]))
    published = command("edition", "publish", "1", "--yes")

    assert added.exit_code == 0, added.output
    assert "Jurisdiction town" in added.output
    assert "2 grids" in added.output
    assert "0 errors, 0 warnings." in added.output
    assert published.exit_code == 0, published.output
    assert outline(database_url).equals(WEST.union(EAST))


def test_a_file_that_has_to_be_healed_says_how_and_is_healed(command: Command, tmp_path: Path) -> None:
    areas = [WEST, box(91.0010003, 29.0, 91.002, 29.0005), box(91.001, 29.0005, 91.002, 29.001)]
    path = geojson(tmp_path / "grids.geojson", areas, codes=["a", "b", "c"])

    refused = add(command, path)
    healed = add(command, path, "--heal", "0.5", code="other")

    assert refused.exit_code == 1
    assert "unmatched-edge" in refused.output
    assert healed.exit_code == 0, healed.output
    assert re.search(r"[1-3] grids, [0-9.]+ m2; vertices", healed.output)
    assert command("edition", "publish", "2", "--yes").exit_code == 0


@pytest.mark.parametrize("south", [29.0, 29.0004])
def test_a_slit_that_is_open_to_the_outside_is_closed_when_healed(
    command: Command, tmp_path: Path, database_url: str, south: float
) -> None:
    # 3 cm between two grids, through and through or up to where they meet.
    east = box(91.0010003, south, 91.002, 29.001)
    if south > 29.0:
        east = east.union(box(91.001, 29.0, 91.002, south))
    path = geojson(tmp_path / "grids.geojson", [WEST, east])

    added = add(command, path, "--heal", "0.5")

    assert added.exit_code == 0, added.output
    assert "0 errors" in added.output
    assert outline(database_url).area == pytest.approx(WEST.union(EAST).area, rel=1e-9)


def test_ground_in_the_middle_that_no_grid_has_is_told(command: Command, tmp_path: Path) -> None:
    holed = WEST.difference(box(91.0004, 29.0004, 91.0006, 29.0006))

    added = add(command, geojson(tmp_path / "grids.geojson", [holed, EAST]))

    assert added.exit_code == 0, added.output
    assert re.search(r"No grid has the ground of 1 holes, so the outline has them, too: 4[0-9]{2} m2", added.output)


@pytest.mark.parametrize("geoms", [
    [shapely.Polygon([(91.001, 29), (91.002, 29.001), (91.002, 29), (91.001, 29.001)]), WEST],
    [None, WEST],
])  # fmt: skip
def test_nothing_is_stored_of_grids_that_are_no_areas(
    command: Command, tmp_path: Path, database_url: str, geoms: list[shapely.Geometry]
) -> None:
    refused = add(command, geojson(tmp_path / "grids.geojson", geoms))

    assert refused.exit_code == 1
    assert "OutlineNotValid" in repr(refused.exception)
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM geoservice.jurisdiction").fetchone() == (0,)


def test_one_of_the_two_ways_is_said(command: Command, tmp_path: Path) -> None:
    path = geojson(tmp_path / "grids.geojson", [WEST, EAST])

    assert command("jurisdiction", "add", "town", "--name", "镇").exit_code == 2
    assert command("jurisdiction", "add", "town", "--name", "镇", "--from-grids", path).exit_code == 2
    assert add(command, path, "--outline", path).exit_code == 2
    wrong = ["jurisdiction", "add", "town", "--name", "镇", "--outline", path, "--heal", "1"]
    assert command(*wrong).exit_code == 2
