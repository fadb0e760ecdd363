"""A table that is given for grids is refused at every door, with what to give instead; nothing is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from geoservice.cli.main import geoservice
from geoservice.reading.file_errors import TableWithoutShapes
from tests.geoservice.reading.made_files import EAST, WEST, geojson
from tests.geoservice.reading.made_workbooks import sheet, workbook

ROWS = [["code", "wkt"], ["0111", WEST.wkt], ["0112", EAST.wkt]]


@pytest.mark.parametrize("ending", ["xlsx", "XLSX", "xls", "ods", "csv"])
def test_a_table_is_refused_with_what_to_give(
    ending: str, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", database_url)
    table = str(workbook(tmp_path / f"grids.{ending}", sheet(ROWS)))
    grids, points = geojson(tmp_path / "grids.geojson", [WEST, EAST]), tmp_path / "points.csv"
    points.write_text("lon,lat\n91.0015,29.0005\n")

    def run(*words: str) -> Result:
        return CliRunner().invoke(geoservice, words)

    town = ("--jurisdiction", "town", "--code", "code", "--crs", "wgs84")
    add = ("jurisdiction", "add", "town", "--name", "镇", "--crs", "wgs84")
    refused = [run(*add, "--outline", table), run(*add, "--from-grids", table, "--code", "code")]
    assert run(*add, "--outline", grids).exit_code == 0
    refused.append(run("edition", "import", table, *town))
    assert run("edition", "import", grids, *town).exit_code == 0
    refused += [
        run("edition", "update", "1", table), run("edition", "outline", "1", table),
        run("assign", str(points), str(tmp_path / "out.csv"), "--grids", table),
    ]  # fmt: skip

    for result in refused:
        assert result.exit_code == 1, result.output
        assert "join it to its shapes in QGIS by their code" in result.output + str(result.exception)
    assert sum(isinstance(result.exception, TableWithoutShapes) for result in refused) >= 5
