"""What a person sees who asks for the owners of a file of points."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from geoservice.cli.main import geoservice
from tests.geoservice.reading.made_files import EAST, WEST, geojson

POINTS = "id,lon,lat\n1,91.0005,29.0005\n2,91.001,29.0005\n3,91.0025,29.0005\n4,,\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with points and grids, and no database anywhere."""
    monkeypatch.setenv("GEOSERVICE_DATA_DIR", str(tmp_path / "nothing"))
    monkeypatch.delenv("GEOSERVICE_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    geojson(tmp_path / "grids.geojson", [WEST, EAST])
    (tmp_path / "points.csv").write_text(POINTS)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(geoservice, ["assign", *words])


def test_points_get_their_owners_without_a_database(folder: Path) -> None:
    done = run("points.csv", "owned.csv", "--grids", "grids.geojson")

    assert done.exit_code == 0, done.output
    assert "4 points in" in done.output
    assert "2 in a grid, 1 in no grid, 1 without a position" in done.output
    assert "Row 4 of points.csv has no position on the earth: nothing, nothing." in done.output
    assert (folder / "owned.csv").read_text().splitlines() == [
        "id,lon,lat,grid_code,method", "1,91.0005,29.0005,0111,covers", "2,91.001,29.0005,0111,covers",
        "3,91.0025,29.0005,,none", "4,,,,",
    ]  # fmt: skip


def test_machines_get_figures(folder: Path) -> None:
    done = run("points.csv", "owned.parquet", "--grids", "grids.geojson", "--snap-tolerance", "200", "--json")

    told = json.loads(done.stdout)
    assert (told["rows"], told["covered"], told["nearest"], told["none"], told["without_position"]) == (4, 2, 1, 0, 1)
    assert told["out"] == "owned.parquet"


def test_grids_in_force_are_asked_of_the_database(
    folder: Path, community_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", community_url)
    (folder / "points.csv").write_text("lon,lat\n91.77,29.24\n")

    done = run("points.csv", "owned.csv", "--jurisdiction", "sare")

    assert done.exit_code == 0, done.output
    assert "8 grids of sare, edition 1, in force since" in done.output
    assert (folder / "owned.csv").read_text().splitlines()[1].endswith(",covers")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Say whose grids"),
        (["--grids", "grids.geojson", "--jurisdiction", "sare"], "Say whose grids"),
        (["--grids", "grids.geojson", "--lon", "id"], "come in pairs"),
        (["--grids", "grids.geojson", "--x", "lon", "--y", "lat"], "--crs epsg:4546"),
        (["--grids", "grids.geojson", "--at", "2026-01-01T00:00:00Z"], "a file has no history"),
        (["--jurisdiction", "sare", "--code", "code"], "go with --grids"),
        (["--grids", "grids.geojson", "--snap-tolerance", "2000"], "0<=x<=1000"),
        (["--jurisdiction", "sare", "--at", "2026-01-01T00:00:00"], "has no zone"),
    ],
)
def test_what_does_not_fit_together_is_said(folder: Path, words: list[str], said: str) -> None:
    done = run("points.csv", "owned.csv", *words)

    assert done.exit_code == 2
    assert said in done.output
    assert not (folder / "owned.csv").exists()


def test_an_error_is_one_line_with_its_remedy(folder: Path) -> None:
    (folder / "points.csv").write_text("a,b\n1,2\n")
    command = [sys.executable, "-m", "geoservice.cli.main", "assign", "points.csv", "owned.csv", "--grids"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}

    done = subprocess.run([*command, "grids.geojson"], capture_output=True, text=True, env=environment, check=False)

    assert done.returncode == 1
    line = done.stderr.splitlines()[-1]
    assert line.startswith("geoservice: Which columns hold the coordinates is not clear.")
    assert line.endswith("Say --lon and --lat, or --x, --y and --crs.")
    assert len(done.stderr.splitlines()) == 1
