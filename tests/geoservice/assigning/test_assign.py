"""Written whole or not at all, with little memory, whatever happens on the way."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import psycopg
import pyarrow as pa
import pytest
import shapely
from pyarrow import parquet

from geoservice.assigning import model
from geoservice.assigning.assign import assign
from geoservice.assigning.grid_files import owners_of_file
from geoservice.assigning.model import Progress, Request
from geoservice.assigning.owners import Owners
from geoservice.assigning.point_errors import (
    CodeNotStated,
    FolderMissing,
    FormatUnknown,
    GridWithoutShape,
    NotAPoint,
    NothingInForce,
    NotNumbers,
    OutputExists,
    OutputIsInput,
    PointsMissing,
    PointsUnreadable,
)
from geoservice.errors import JurisdictionUnknown
from geoservice.reading import csv_records
from geoservice.reading.csv_errors import RowTooWide
from geoservice.reading.file_errors import FieldMissing, FileMissing, GridWithoutCode
from geoservice.services.assigning import owners_in_force
from layers.db.session import Database
from tests.factories import make_edition, make_jurisdiction
from tests.geoservice.assigning.conftest import GRIDS, read, write_csv, write_gdal, write_parquet
from tests.geoservice.reading.made_files import EAST, WEST, geojson
from tests.oracles import Lonlats
from tests.publishing import publish_turned


@pytest.fixture
def points(tmp_path: Path, lonlats: Lonlats) -> Path:
    write_csv(tmp_path / "points.csv", lonlats)
    return tmp_path / "points.csv"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_an_error_in_the_last_row_leaves_nothing(points: Path, owners: Owners, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_records, "BLOCK", 2000)
    with points.open("a") as file:
        file.write('1,"x",0,0,5\n')

    for kind in (".csv", ".parquet", ".gpkg", ".geojson"):
        with pytest.raises(RowTooWide):
            assign(Request(points, points.with_name(f"out{kind}")), owners)

    assert names(points.parent) == ["points.csv"]


def test_what_was_there_survives_an_error(points: Path, owners: Owners) -> None:
    out = points.with_name("out.csv")
    out.write_text("precious")
    points.write_bytes(points.read_bytes() + b"1,2,3,4,5,6\n")

    with pytest.raises(RowTooWide):
        assign(Request(points, out, overwrite=True), owners)

    assert out.read_text() == "precious"


def test_nothing_is_overwritten_unasked(points: Path, owners: Owners) -> None:
    out = points.with_name("out.csv")
    out.write_text("precious")

    with pytest.raises(OutputExists, match="there already"):
        assign(Request(points, out), owners)
    with pytest.raises(OutputIsInput):
        assign(Request(points, points, overwrite=True), owners)

    assert out.read_text() == "precious"
    assign(Request(points, out, overwrite=True), owners)
    assert out.read_text().startswith('"id"')


def test_what_appears_meanwhile_is_not_overwritten(points: Path, owners: Owners) -> None:
    out = points.with_name("out.csv")

    with pytest.raises(OutputExists):
        assign(Request(points, out), owners, lambda progress: out.touch())

    assert out.read_text() == ""
    assert names(points.parent) == ["out.csv", "points.csv"]


def test_an_interruption_leaves_nothing(points: Path, owners: Owners) -> None:
    def interrupt(progress: Progress) -> None:
        raise KeyboardInterrupt

    for kind in (".csv", ".parquet", ".gpkg"):
        with pytest.raises(KeyboardInterrupt):
            assign(Request(points, points.with_name(f"out{kind}")), owners, interrupt)

    assert names(points.parent) == ["points.csv"]


def test_progress_reaches_the_end(tmp_path: Path, owners: Owners, lonlats: Lonlats) -> None:
    write_parquet(tmp_path / "points.parquet", lonlats)
    heard: list[Progress] = []

    assign(Request(tmp_path / "points.parquet", tmp_path / "out.csv"), owners, heard.append)

    assert heard[-1] == Progress(len(lonlats), 1.0)


def test_only_a_few_pieces_are_in_memory(
    tmp_path: Path, owners: Owners, lonlats: Lonlats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geoservice.assigning.parquet_files.PIECE_ROWS", 50)
    write_parquet(tmp_path / "points.parquet", lonlats)
    read_rows = [0]
    coordinates = model.TablePiece.coordinates

    def counted(piece: model.TablePiece) -> object:
        read_rows[0] += piece.rows.num_rows
        return coordinates(piece)

    ahead: list[int] = []
    monkeypatch.setattr(model.TablePiece, "coordinates", counted)
    assign(
        Request(tmp_path / "points.parquet", tmp_path / "out.csv"), owners,
        lambda progress: ahead.append(read_rows[0] - progress.rows),
    )  # fmt: skip

    assert len(ahead) > 10
    assert max(ahead) <= 50 * ((os.cpu_count() or 1) + 3)
    assert read(tmp_path / "out.csv").num_rows == len(lonlats)


def test_what_is_no_file_of_points_is_refused_in_words(points: Path, owners: Owners, lonlats: Lonlats) -> None:
    folder = points.parent
    with pytest.raises(PointsMissing, match=r"nowhere\.csv"):
        assign(Request(folder / "nowhere.csv", folder / "out.csv"), owners)
    with pytest.raises(FormatUnknown, match=r"file: out\.xlsx"):
        assign(Request(points, folder / "out.xlsx"), owners)
    with pytest.raises(FolderMissing, match="none"):
        assign(Request(points, folder / "none" / "out.csv"), owners)
    for kind in (".parquet", ".gpkg", ".geojson"):
        (folder / f"broken{kind}").write_bytes(b"\x00nonsense" * 50)
        with pytest.raises(PointsUnreadable, match=f"broken{kind}"):
            assign(Request(folder / f"broken{kind}", folder / "out.csv"), owners)


def test_what_is_no_point_is_named(tmp_path: Path, owners: Owners, lonlats: Lonlats) -> None:
    write_gdal(tmp_path / "points.gpkg", lonlats)
    geojson(tmp_path / "areas.geojson", [WEST, EAST])
    with pytest.raises(NotAPoint, match="feature: 1, found: polygon"):
        assign(Request(tmp_path / "areas.geojson", tmp_path / "out.csv"), owners)

    parquet.write_table(pa.table({"lon": [True], "lat": [1.0]}), tmp_path / "odd.parquet")
    with pytest.raises(NotNumbers, match="column: lon"):
        assign(Request(tmp_path / "odd.parquet", tmp_path / "out.csv"), owners)


def test_missing_points_have_no_owner(tmp_path: Path, owners: Owners) -> None:
    features = [{"type": "Feature", "properties": {"n": 1}, "geometry": None}]
    (tmp_path / "points.geojson").write_text(str({"type": "FeatureCollection", "features": features})
                                             .replace("'", '"').replace("None", "null"))  # fmt: skip

    for kind in (".geojson", ".gpkg", ".parquet", ".csv"):
        summary = assign(Request(tmp_path / "points.geojson", tmp_path / f"out{kind}"), owners)
        assert summary.without_position == 1
        assert read(tmp_path / f"out{kind}")["grid_code"].to_pylist() == [None]


def test_empty_points_have_no_owner(tmp_path: Path, owners: Owners) -> None:
    geo = '{"primary_column": "geom", "columns": {"geom": {"encoding": "WKB"}}}'
    wkb = shapely.to_wkb([shapely.Point(), shapely.Point(91.751, 29.251), None]).tolist()
    parquet.write_table(pa.table({"geom": pa.array(wkb, pa.binary())}, metadata={"geo": geo}), tmp_path / "in.parquet")

    assign(Request(tmp_path / "in.parquet", tmp_path / "out.parquet"), owners)

    assert read(tmp_path / "out.parquet")["grid_code"].to_pylist() == [None, "B", None]


def test_grids_come_from_a_file(tmp_path: Path) -> None:
    found = owners_of_file(Path(geojson(tmp_path / "grids.geojson", [WEST, EAST])), code=None)

    assert found.index.codes == ("0111", "0112")
    assert found.remarks[0].startswith("2 grids from grids.geojson, code from code")
    overlapping = geojson(tmp_path / "over.geojson", [WEST, shapely.buffer(WEST, 0.0002)])
    assert any("overlap" in remark for remark in owners_of_file(Path(overlapping), code="code").remarks)
    with pytest.raises(FieldMissing, match="field: nr"):
        owners_of_file(tmp_path / "grids.geojson", code="nr")
    with pytest.raises(GridWithoutShape, match="feature: 2"):
        owners_of_file(Path(geojson(tmp_path / "hole.geojson", [WEST, None])), code="code")
    with pytest.raises(GridWithoutCode, match="feature: 1"):
        owners_of_file(Path(geojson(tmp_path / "nameless.geojson", [WEST], codes=[None])), code="code")
    with pytest.raises(FileMissing):
        owners_of_file(tmp_path / "none.geojson", code="code")


def test_a_code_that_is_not_clear_must_be_stated(tmp_path: Path) -> None:
    path = tmp_path / "grids.geojson"
    path.write_text(Path(geojson(tmp_path / "g.geojson", [WEST, EAST])).read_text().replace('"code"', '"beat"'))

    with pytest.raises(CodeNotStated, match="fields: beat, name"):
        owners_of_file(path, code=None)


def test_grids_in_force_are_those_of_the_instant(database: Database, database_url: str, lonlats: Lonlats) -> None:
    with psycopg.connect(database_url) as connection:
        town = make_jurisdiction(connection, code="town")
        make_edition(connection, town, GRIDS)
        connection.commit()
        before = datetime.now(UTC)
        publish_turned(connection, 1)
    then, now = (owners_in_force(database, "town", at=at) for at in (before, None))
    owner, method = then.ask(*np.ascontiguousarray(lonlats.T))

    with psycopg.connect(database_url) as connection:
        asked = "SELECT (geoservice.owner_of(st_setsrid(st_makepoint(%s, %s), 4326), %s)).*"
        for place in range(0, len(lonlats), 7):
            stored = connection.execute(asked, [*lonlats[place], before]).fetchone()
            assert stored is not None
            code = then.index.codes[owner[place]] if owner[place] >= 0 else None
            assert code in stored, (lonlats[place], stored, method[place])
    assert then.snap_tolerance_m == 25
    assert set(then.index.codes).isdisjoint(now.index.codes)
    with pytest.raises(JurisdictionUnknown):
        owners_in_force(database, "nowhere")
    with pytest.raises(NothingInForce, match="1999"):
        owners_in_force(database, "town", at=datetime(1999, 1, 1, tzinfo=UTC))
