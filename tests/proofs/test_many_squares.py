"""More areas than an import takes: refused with what to do about it; done as it says, every point has its owner."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import psycopg
import pyarrow as pa
import pyogrio
import pytest
import shapely
from pyarrow import parquet

from tests.benchmarks.measuring import ROOT

pytestmark = pytest.mark.prove

SIDE = 426
SQUARES = SIDE**2
POINTS = 100_000
#: Degrees: about 100 m. Corners are whole numbers of it, so that neighbours have the same doubles.
STEP = 2.0**-10
WEST, SOUTH = 91.0, 29.0


def run(*words: str, **variables: str) -> tuple[int, str, float, float]:
    """Run a command; return its status, what it said, its seconds and the megabytes of its largest process."""
    asked = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.child", str(Path(sys.executable).parent / "geoservice"), *words],
        env=os.environ | {"GEOSERVICE_IMPORT_BYTES": str(10**9)} | variables, cwd=ROOT, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    told = json.loads(asked.stdout)
    return told["status"], asked.stderr, told["seconds"], told["peak_mb"]


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a file of squares beside each other; the code says which one it is, by rows from the south."""
    row, column = (axis.ravel() for axis in np.mgrid[:SIDE, :SIDE])
    west, south = WEST + column * STEP, SOUTH + row * STEP
    geoms = shapely.box(west, south, west + STEP, south + STEP)
    codes = np.array([f"{number:06d}" for number in range(SQUARES)], dtype=object)
    path = tmp_path_factory.mktemp("squares") / "squares.gpkg"
    pyogrio.raw.write(path, shapely.to_wkb(geoms), [codes], ["code"], geometry_type="Polygon", crs="EPSG:4326")
    return str(path)


def test_points_are_assigned_once_the_limit_is_raised_as_the_refusal_says(squares: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0, SIDE, (2, POINTS))
    points, out = tmp_path / "points.parquet", tmp_path / "owned.parquet"
    parquet.write_table(pa.table({"lon": WEST + x * STEP, "lat": SOUTH + y * STEP}), points)
    asked = ("assign", str(points), str(out), "--grids", squares)

    refused, said, refused_s, _ = run(*asked)
    done, told, seconds, peak_mb = run(*asked, GEOSERVICE_IMPORT_FEATURES=str(SQUARES))

    print(f"\nassign {POINTS:,} points to {SQUARES:,} squares: {seconds:.1f} s, {peak_mb:,.0f} MB; refused in"
          f" {refused_s:.1f} s before; load {os.getloadavg()[0]:.1f}")  # fmt: skip
    assert refused != 0
    assert "GEOSERVICE_IMPORT_FEATURES" in said
    assert done == 0, told
    expected = np.floor(y).astype(int) * SIDE + np.floor(x).astype(int)
    assert [int(code) for code in parquet.read_table(out)["grid_code"].to_pylist()] == expected.tolist()


def test_they_are_imported_and_published_as_one_edition(squares: str, database_url: str) -> None:
    where = {"GEOSERVICE_DATABASE_URL": database_url, "GEOSERVICE_IMPORT_FEATURES": str(SQUARES)}

    added, said, seconds, peak_mb = run(
        "jurisdiction", "add", "many", "--name", "Many", "--from-grids", squares, "--code", "code", **where
    )
    published, told, published_s, _ = run("edition", "publish", "1", "--yes", **where)

    print(f"\n{SQUARES:,} squares imported and looked at in {seconds:.1f} s, {peak_mb:,.0f} MB; published in"
          f" {published_s:.1f} s; load {os.getloadavg()[0]:.1f}")  # fmt: skip
    assert (added, published) == (0, 0), said + told
    with psycopg.connect(database_url) as connection:
        held = connection.execute("SELECT count(*) FROM geoservice.territory WHERE upper_inf(known)").fetchone()
    assert held == (SQUARES,)
