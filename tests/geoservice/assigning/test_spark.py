"""Owners on Apache Spark: a cluster of two executor processes against the index in this process, row by row."""

from __future__ import annotations

import csv
import os
import shutil
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyarrow as pa
import pyproj
import pytest
import shapely
from pyarrow import parquet

from geoservice.assigning import point_errors
from geoservice.assigning.assign import assign
from geoservice.assigning.model import CoordinateColumns, Progress, Request, Summary
from geoservice.assigning.owners import Owners
from geoservice.assigning.spark.job import assign_with_spark
from geoservice.assigning.spark.session import spark_session
from geoservice.engine.index import OwnershipIndex
from geoservice.engine.loaded_editions import METHODS
from geoservice.reading import csv_errors
from tests.places import GRIDS, PLACES, lonlat

ROOT = Path(__file__).parents[4]
#: Two machines of one core each, as far as Spark can tell: executors are processes of their own.
MASTER = "local-cluster[2,1,1024]"
#: Small, so that files of a test are read in several pieces.
PIECE_BYTES = 40_000
Answer = tuple[str | None, str | None]


def _without_spark() -> str | None:
    try:
        import pyspark  # noqa: F401, PLC0415  an extra
    except ImportError:
        return "pyspark is not installed: pip install geoservice[spark]"
    return None if shutil.which("java") or os.environ.get("JAVA_HOME") else "Spark needs Java, and none is found"


WITHOUT_SPARK = _without_spark()
needs_spark = pytest.mark.skipif(WITHOUT_SPARK is not None, reason=str(WITHOUT_SPARK))


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return a session on a cluster of two executors."""
    import pyspark  # noqa: PLC0415  an extra

    # Executors write their logs below Spark's home; the one that is installed is not for that.
    home = tmp_path_factory.mktemp("spark")
    for one in Path(pyspark.__file__).parent.iterdir():
        (home / one.name).symlink_to(one)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_HOME", str(home))
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("PYSPARK_SUBMIT_ARGS", f"--conf spark.sql.files.maxPartitionBytes={PIECE_BYTES} pyspark-shell")
        with spark_session(MASTER) as session:
            yield session


@pytest.fixture(scope="module")
def owners() -> Owners:
    return Owners(OwnershipIndex.build(list(GRIDS), list(GRIDS.values())), 25.0, ("5 grids.",))


def positions(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the named places, places on every line of the drawing, and random ones in and around it."""
    random = np.random.default_rng(7)
    x, y = random.uniform(-1, 15, count), random.uniform(-1, 11, count)
    x[::3], y[::5] = np.round(x[::3]), np.round(y[::5])
    lon, lat = lonlat(x, y)
    named = [(one.lon, one.lat) for one in PLACES]
    return np.append([one for one, _ in named], lon), np.append([one for _, one in named], lat)


def answers(owners: Owners, lon: np.ndarray, lat: np.ndarray) -> list[Answer]:
    """Return what the index in this process says."""
    owner, method = owners.ask(lon, lat)
    names = [owners.index.codes[one] if one >= 0 else None for one in owner]
    return [(name, METHODS.get(how)) for name, how in zip(names, method.tolist(), strict=True)]


def to_lonlat(crs: str, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    lon, lat = pyproj.Transformer.from_crs(crs, 4326, always_xy=True).transform(x, y)
    return np.where(np.isfinite(lon), lon, np.nan), np.where(np.isfinite(lat), lat, np.nan)


def parts(folder: Path) -> list[Path]:
    assert (folder / "_SUCCESS").is_file()
    return sorted(one for one in folder.iterdir() if one.name.startswith("part-"))


def rows_of_csv(folder: Path) -> list[list[str]]:
    rows: list[list[str]] = []
    for part in parts(folder):
        with part.open(newline="", encoding="utf-8") as file:
            header, *some = csv.reader(file)
        assert header[-2:] == ["grid_code", "method"]
        rows += some
    return rows


def counted(answers: list[Answer]) -> tuple[int, ...]:
    methods = [method for _, method in answers]
    return len(methods), *(methods.count(one) for one in ("covers", "nearest", "none", None))


def counts(summary: Summary) -> tuple[int, ...]:
    return summary.rows, summary.covered, summary.nearest, summary.none, summary.without_position


def tasks_done(spark: Any) -> dict[str, int]:
    executors = spark.sparkContext._jsc.sc().statusStore().executorList(True)
    each = [executors.apply(at) for at in range(executors.size())]
    return {one.id(): one.completedTasks() for one in each if one.id() != "driver"}


def write_csv(path: Path, rows: list[list[str]], end: str = "\n") -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator=end)
        writer.writerows([["n", "lon", "lat", "note"], *rows])


# --- the same answers -------------------------------------------------------------------------------------------------


@needs_spark
@pytest.mark.prove
def test_folder_of_csv_on_two_executors(spark: Any, owners: Owners, tmp_path: Path) -> None:
    lon, lat = positions(3_000)
    rows = [
        [str(n), repr(x), repr(y), 'a "b", c'] for n, (x, y) in enumerate(zip(lon.tolist(), lat.tolist(), strict=True))
    ]
    # Sizes that differ: Spark would read the largest first.
    (tmp_path / "points").mkdir()
    for number, some in enumerate((rows[:200], rows[200:1_700], rows[1_700:1_800], rows[1_800:])):
        write_csv(tmp_path / "points" / f"part-{number}.csv", some)
    before, heard = tasks_done(spark), list[Progress]()

    summary = assign_with_spark(Request(tmp_path / "points", tmp_path / "out"), owners, on_progress=heard.append)

    wanted = answers(owners, lon, lat)
    assert [(one[4] or None, one[5] or None) for one in rows_of_csv(tmp_path / "out")] == wanted
    assert [one[:4] for one in rows_of_csv(tmp_path / "out")] == rows
    assert counts(summary) == counted(wanted)
    assert heard[-1] == Progress(len(rows), 1.0)
    worked = [one for one, done in tasks_done(spark).items() if done > before.get(one, 0)]
    assert len(worked) == 2


@needs_spark
@pytest.mark.prove
def test_csv_as_people_write_it(spark: Any, owners: Owners, tmp_path: Path) -> None:
    said = [
        ["1", " 91.752", "+29.254 ", "blanks"], ["2", "9.1752e1", "29.254", "exponent"], ["3", "", "29.25", "empty"],
        ["4", "nan", "29.25", "no number"], ["5", "east", "north", "words"], ["6", "200", "29.25", "not on the earth"],
        ["7", "91.752", "29.254", "two\nlines, \\ and 'so'"], ["8", "91.752", "29.254", "  网格 "], ["9", "91.752"],
        ["10", "91.752", "29.254", ""],
    ]  # fmt: skip
    write_csv(tmp_path / "points.csv", said, "\r\n")

    on_spark = assign_with_spark(Request(tmp_path / "points.csv", tmp_path / "out.csv", prefix=""), owners)
    here = assign(Request(tmp_path / "points.csv", tmp_path / "here.csv"), owners)

    with (tmp_path / "here.csv").open(newline="", encoding="utf-8") as file:
        assert rows_of_csv(tmp_path / "out.csv") == list(csv.reader(file))[1:]
    assert counts(on_spark) == counts(here) == (10, 5, 0, 0, 5)


@needs_spark
@pytest.mark.prove
def test_csv_in_gbk_with_semicolons(spark: Any, owners: Owners, tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_bytes("编号;经度;纬度\n网;91.752;29.254\n".encode("gbk"))

    summary = assign_with_spark(Request(tmp_path / "points.csv", tmp_path / "out.csv", encoding="gbk"), owners)

    (part,) = parts(tmp_path / "out.csv")
    assert part.read_text(encoding="utf-8") == "编号;经度;纬度;grid_code;method\n网;91.752;29.254;B;covers\n"
    assert summary.covered == 1


def table_in_gauss_krueger(count: int) -> tuple[pa.Table, np.ndarray, np.ndarray]:
    """Return a table with many kinds of columns, and its positions in degrees."""
    lon, lat = positions(count)
    x, y = pyproj.Transformer.from_crs(4326, "EPSG:4540", always_xy=True).transform(lon, lat)
    x[5], y[6] = np.nan, np.inf
    rows = len(x)
    columns = {
        "Id": pa.array(range(rows), pa.int32()),
        "east": pa.array(x, mask=np.arange(rows) == 7),
        "north": pa.array([repr(one) for one in y.tolist()]),  # text
        "at": pa.array([datetime(2026, 3, 1, 12, 0, 1, 5, tzinfo=UTC)] * rows, pa.timestamp("us", "UTC")),
        "day": pa.array([date(2026, 3, 1), None] * rows, pa.date32())[:rows],
        "cost": pa.array([Decimal("1.50")] * rows, pa.decimal128(10, 2)),
        "raw": pa.array([b"\x00\xff"] * rows, pa.binary()),
        "two words": pa.array([["网", None]] * rows, pa.list_(pa.string())),
        "id": pa.array([True, None] * rows)[:rows],
    }
    lon, lat = to_lonlat("EPSG:4540", x, y)
    lon[[5, 6, 7]] = np.nan
    return pa.table(columns), lon, lat


@needs_spark
@pytest.mark.prove
def test_parquet_in_pieces_keeps_types_and_order(spark: Any, owners: Owners, tmp_path: Path) -> None:
    table, lon, lat = table_in_gauss_krueger(6_000)
    parquet.write_table(table, tmp_path / "points.parquet", row_group_size=1_000)
    columns = CoordinateColumns("east", "north")
    request = Request(tmp_path / "points.parquet", tmp_path / "out.parquet", columns, crs="epsg:4540", prefix="g_")

    summary = assign_with_spark(request, owners)

    result = pa.concat_tables(parquet.read_table(one) for one in parts(tmp_path / "out.parquet"))
    wanted = answers(owners, lon, lat)
    assert len(parts(tmp_path / "out.parquet")) > 1
    kept = result.drop_columns(["g_grid_code", "g_method"])
    assert kept.schema.names == table.schema.names
    assert kept.schema.types == table.schema.types
    assert repr(kept.to_pylist()) == repr(table.to_pylist())  # NaN is nothing's equal, but looks like itself
    assert list(zip(*(result.column(one).to_pylist() for one in ("g_grid_code", "g_method")), strict=True)) == wanted
    assert counts(summary) == counted(wanted)
    assert summary.without_position == 4  # one lies too far away for this projection


@needs_spark
@pytest.mark.prove
def test_geoparquet_stays_geoparquet_in_every_part(spark: Any, owners: Owners, tmp_path: Path) -> None:
    lon, lat = positions(4_000)
    points = geopandas.GeoSeries(shapely.points(lon, lat), crs=4326).to_crs(3857)
    points[3] = None
    frame = geopandas.GeoDataFrame({"n": range(len(points))}, geometry=points)
    frame.to_parquet(tmp_path / "points.parquet", row_group_size=500)
    lon, lat = to_lonlat("EPSG:3857", points.x.to_numpy(), points.y.to_numpy())

    summary = assign_with_spark(Request(tmp_path / "points.parquet", tmp_path / "out"), owners)

    wanted = answers(owners, lon, lat)
    result = geopandas.read_parquet(tmp_path / "out")
    of_parts = [geopandas.read_parquet(one) for one in parts(tmp_path / "out")]
    assert len(of_parts) > 1
    assert all(one.crs == "EPSG:3857" and one.geometry.name == "geometry" for one in of_parts)
    assert result["n"].tolist() == list(range(len(points)))
    assert result.geometry.to_wkb().tolist() == points.to_wkb().tolist()
    assert [
        tuple(None if one != one else one for one in row) for row in result[["grid_code", "method"]].to_numpy()
    ] == wanted
    assert counts(summary) == counted(wanted)


@needs_spark
@pytest.mark.prove
def test_table_of_no_rows(spark: Any, owners: Owners, tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("lon,lat\n")

    summary = assign_with_spark(Request(tmp_path / "points.csv", tmp_path / "out.csv"), owners)

    assert counts(summary) == (0, 0, 0, 0, 0)
    assert [one.read_text() for one in parts(tmp_path / "out.csv")] == ["lon,lat,grid_code,method\n"]


@needs_spark
@pytest.mark.prove
def test_what_is_broadcast_is_made_once_a_process(spark: Any) -> None:
    broadcast = spark.sparkContext.broadcast(MadeWhereItArrives())

    made = spark.sparkContext.parallelize(range(12), 12).map(lambda _: (os.getpid(), broadcast.value)).collect()

    assert len({pid for pid, _ in made}) == len(set(made)) == 2


class MadeWhereItArrives:
    """Pickled as the index is: what arrives is made there; here, the moment of that."""

    def __reduce__(self) -> Any:
        return time.time_ns, ()


# --- whole or not at all ----------------------------------------------------------------------------------------------


@needs_spark
@pytest.mark.prove
def test_line_in_the_last_row_leaves_nothing(spark: Any, owners: Owners, tmp_path: Path) -> None:
    lon, lat = positions(4_000)
    shapes = [*shapely.points(lon, lat), shapely.LineString([(0, 0), (1, 1)])]
    geopandas.GeoDataFrame(geometry=shapes, crs=4326).to_parquet(tmp_path / "points.parquet", row_group_size=500)

    with pytest.raises(point_errors.NotAPoint) as refused:
        assign_with_spark(Request(tmp_path / "points.parquet", tmp_path / "out"), owners)

    assert refused.value.fields == {"feature": len(shapes), "found": "linestring"}
    assert [one.name for one in tmp_path.iterdir()] == ["points.parquet"]


@needs_spark
@pytest.mark.prove
def test_existing_output_is_refused_and_replaced_when_told_so(spark: Any, owners: Owners, tmp_path: Path) -> None:
    write_csv(tmp_path / "points.csv", [["1", "91.752", "29.254", ""]])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").touch()

    with pytest.raises(point_errors.OutputExists):
        assign_with_spark(Request(tmp_path / "points.csv", tmp_path / "out"), owners)
    write_csv(tmp_path / "wide.csv", [["1", "91.752", "29.254", "", "too many"]])
    with pytest.raises(csv_errors.RowTooWide):
        assign_with_spark(Request(tmp_path / "wide.csv", tmp_path / "out", overwrite=True), owners)
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["old"]
    assign_with_spark(Request(tmp_path / "points.csv", tmp_path / "out", overwrite=True), owners)

    assert rows_of_csv(tmp_path / "out") == [["1", "91.752", "29.254", "", "B", "covers"]]
    assert not (tmp_path / "out" / "old").exists()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["out", "points.csv", "wide.csv"]


@needs_spark
@pytest.mark.prove
def test_wrong_inputs_are_told_in_plain_words(spark: Any, owners: Owners, tmp_path: Path) -> None:
    files = {
        "a.csv": b"a,b\n1,2\n", "taken.csv": b"lon,lat,METHOD\n1,2,3\n", "open.csv": b'lon,lat\n1,"2\n',
        "latin.csv": b"lon,lat,n\n1,2,\xe9\n", "twice.csv": b"lon,lat,n,n\n1,2,3,4\n", "one.csv": b"lon\n",
        "points.gpkg": b"",
    }  # fmt: skip
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    parquet.write_table(pa.table({"lon": [True], "lat": [1.0]}), tmp_path / "flags.parquet")
    (tmp_path / "torn.parquet").write_bytes(b"PAR1 torn")
    cases: list[tuple[str, type[Exception], dict[str, Any]]] = [
        ("a.csv", point_errors.CoordinatesNotFound, {}),
        ("a.csv", point_errors.ColumnMissing, {"columns": CoordinateColumns("a", "c")}),
        ("taken.csv", point_errors.ColumnTaken, {}), ("open.csv", csv_errors.QuotesBroken, {}),
        ("latin.csv", csv_errors.EncodingNotUtf8, {}), ("twice.csv", point_errors.ColumnsAlike, {}),
        ("one.csv", csv_errors.HeaderMissing, {}), ("points.gpkg", point_errors.FormatUnknown, {}),
        ("a.csv", point_errors.FormatUnknown,
         {"columns": CoordinateColumns("a", "b"), "out": tmp_path / "out.parquet"}),
        ("none.csv", point_errors.PointsMissing, {}), ("flags.parquet", point_errors.NotNumbers, {}),
        ("torn.parquet", point_errors.PointsUnreadable, {}),
        ("a.csv", point_errors.OutputIsInput, {"out": tmp_path / "a.csv"}),
        ("a.csv", point_errors.FolderMissing, {"out": tmp_path / "no" / "out"}),
    ]  # fmt: skip
    for name, error, fields in cases:
        with pytest.raises(error) as refused:
            assign_with_spark(Request(**{"points": tmp_path / name, "out": tmp_path / "out", **fields}), owners)

        assert "\n" not in str(refused.value)
        assert "java" not in str(refused.value)
    assert not (tmp_path / "out").exists()


@needs_spark
@pytest.mark.prove
def test_parts_in_different_reference_systems_are_refused(spark: Any, owners: Owners, tmp_path: Path) -> None:
    (tmp_path / "points").mkdir()
    frame = geopandas.GeoDataFrame(geometry=[shapely.Point(91.752, 29.254)], crs=4326)
    frame.to_parquet(tmp_path / "points" / "a.parquet")
    frame.to_crs(3857).to_parquet(tmp_path / "points" / "b.parquet")

    with pytest.raises(point_errors.PointsUnreadable, match="do not agree"):
        assign_with_spark(Request(tmp_path / "points", tmp_path / "out"), owners)


def test_without_spark_it_is_said_what_to_install(
    owners: Owners, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)

    with pytest.raises(point_errors.SparkMissing, match=r"pip install geoservice\[spark\]"):
        assign_with_spark(Request(tmp_path / "points.csv", tmp_path / "out.csv"), owners)
