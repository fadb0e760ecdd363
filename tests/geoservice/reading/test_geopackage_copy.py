"""What an editor saved is read, whether or not it closed the file; what can not be read whole is refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyogrio
import pytest
import shapely
from click.testing import CliRunner

from geoservice.cli.main import geoservice
from geoservice.reading.file_errors import FileInUse
from geoservice.reading.geopackage_copy import copy_geopackage, is_open_elsewhere
from geoservice.reading.reader import read_features
from tests.geoservice.reading.made_files import CODES, written

CHANGE = "UPDATE grids SET code = '0999' WHERE code = '0112'"


@pytest.fixture
def geopackage(tmp_path: Path) -> Path:
    return Path(written(tmp_path / "grids.gpkg", driver="GPKG"))


def opened(path: Path) -> sqlite3.Connection:
    """Return a connection as an editor holds it; the layer's triggers ask for functions that only GDAL has."""
    connection = sqlite3.connect(path)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f'DROP TRIGGER "{name}"')
    connection.commit()
    return connection


@pytest.fixture
def edited(geopackage: Path) -> Iterator[Path]:
    """Yield a file with an edit that was committed and lies beside it, in the -wal, while the editor is still open."""
    with closing(opened(geopackage)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(CHANGE)
        connection.commit()
        assert geopackage.with_name("grids.gpkg-wal").stat().st_size
        yield geopackage


def test_an_edit_that_is_saved_but_not_closed_is_read(edited: Path) -> None:
    assert [one["code"] for one in read_features(str(edited)).properties] == ["0111", "0999"]


def test_a_link_leads_to_what_was_saved(edited: Path, tmp_path: Path) -> None:
    (tmp_path / "link.gpkg").symlink_to(edited)

    assert [one["code"] for one in read_features(str(tmp_path / "link.gpkg")).properties] == ["0111", "0999"]


def test_what_a_dead_editor_had_begun_is_taken_back(geopackage: Path, tmp_path: Path) -> None:
    dead = tmp_path / "dead"
    dead.mkdir()
    with closing(opened(geopackage)) as connection:
        connection.execute("PRAGMA cache_size=1")
        connection.execute("CREATE TABLE many AS SELECT randomblob(5000) FROM grids, grids AS b, grids AS c")
        connection.commit()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(CHANGE)
        connection.execute("UPDATE many SET rowid = rowid + 100")
        for file in geopackage.parent.glob("grids.gpkg*"):
            (dead / file.name).write_bytes(file.read_bytes())
    assert is_open_elsewhere(dead / "grids.gpkg")

    assert [one["code"] for one in read_features(str(dead / "grids.gpkg"), layer="grids").properties] == CODES


def test_an_edit_that_is_not_committed_is_not_read(edited: Path) -> None:
    with closing(sqlite3.connect(edited)) as other:
        other.execute("UPDATE grids SET code = '0888' WHERE code = '0111'")

        assert [one["code"] for one in read_features(str(edited)).properties] == ["0111", "0999"]


def test_the_file_and_what_lies_beside_it_are_left_as_they_are(edited: Path) -> None:
    files = sorted(edited.parent.glob("grids.gpkg*"))
    before = {file: file.read_bytes() for file in files if not file.name.endswith("-shm")}

    read_features(str(edited))

    assert sorted(edited.parent.glob("grids.gpkg*")) == files
    assert {file: file.read_bytes() for file in before} == before


def test_a_copy_is_one_file_that_gdal_reads(edited: Path, tmp_path: Path) -> None:
    copy_geopackage(edited, tmp_path / "copy.gpkg")

    assert not is_open_elsewhere(tmp_path / "copy.gpkg")
    assert pyogrio.read_arrow(tmp_path / "copy.gpkg")[1]["code"].to_pylist() == ["0111", "0999"]


def test_a_file_left_in_the_middle_of_a_transaction_is_refused(geopackage: Path) -> None:
    with closing(opened(geopackage)) as connection:
        connection.execute("PRAGMA cache_size=1")
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute(CHANGE)
        connection.execute("PRAGMA cache_spill=1")
        assert is_open_elsewhere(geopackage)

        with pytest.raises(FileInUse, match="close it in the other program"):
            read_features(str(geopackage))


def test_points_and_grids_of_an_assignment_are_those_saved_last(edited: Path, tmp_path: Path) -> None:
    points = tmp_path / "points.csv"
    points.write_text("id,lon,lat\n1,91.0015,29.0005\n")
    out = tmp_path / "out.csv"

    done = CliRunner().invoke(geoservice, ["assign", str(points), str(out), "--grids", str(edited)])

    assert done.exit_code == 0, done.output
    assert out.read_text().splitlines()[1].split(",")[3] == "0999"


def test_points_of_an_open_file_are_those_saved_last(geopackage: Path, tmp_path: Path) -> None:
    points = tmp_path / "points.gpkg"
    pyogrio.write_arrow(_points(), points, driver="GPKG", geometry_name="geom", geometry_type="Point", crs="EPSG:4326")
    with closing(opened(points)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("UPDATE points SET id = 7")
        connection.commit()

        done = CliRunner().invoke(
            geoservice, ["assign", str(points), str(tmp_path / "out.csv"), "--grids", str(geopackage)]
        )

    assert done.exit_code == 0, done.output
    assert (tmp_path / "out.csv").read_text().splitlines()[1].startswith("7,")


def _points():  # type: ignore[no-untyped-def]
    import pyarrow as pa  # noqa: PLC0415
    import shapely  # noqa: PLC0415

    return pa.table({"id": [1], "geom": pa.array([shapely.to_wkb(shapely.Point(91.0015, 29.0005))], pa.binary())})


@pytest.mark.parametrize("case", ["read", "copied", "assigned", "a change", "nothing left"])
def test_what_a_dead_editor_left_is_read_and_the_folder_stays_as_it_was(
    geopackage: Path, tmp_path: Path, case: str
) -> None:
    """A -wal without the index that a living editor keeps in memory: SQLite would make one beside it."""
    dead = tmp_path / "dead"
    dead.mkdir()
    with closing(opened(geopackage)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(CHANGE)
        connection.commit()
        for name in ("grids.gpkg", "grids.gpkg-wal"):
            (dead / name).write_bytes((tmp_path / name).read_bytes())
    if case == "nothing left":
        (dead / "grids.gpkg-wal").write_bytes(b"")
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in dead.iterdir()}

    if case == "assigned":
        points = tmp_path / "points.csv"
        points.write_text("lon,lat\n91.0015,29.0005\n")
        words = ["assign", str(points), str(tmp_path / "out.csv"), "--grids", str(dead / "grids.gpkg")]
        assert CliRunner().invoke(geoservice, words).exit_code == 0
        assert "0999" in (tmp_path / "out.csv").read_text()
    elif case == "copied":
        copy_geopackage(dead / "grids.gpkg", tmp_path / "copy.gpkg")
        with closing(sqlite3.connect(tmp_path / "copy.gpkg")) as copied:
            assert ("0999",) in copied.execute("SELECT code FROM grids").fetchall()
    else:
        codes = [one["code"] for one in read_features(str(dead / "grids.gpkg")).properties]
        assert codes == (CODES if case == "nothing left" else ["0111", "0999"])

    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in dead.iterdir()} == before


def test_points_of_a_geopackage_that_was_closed_in_that_mode_leave_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "points"
    folder.mkdir()
    wkb = pa.array(shapely.to_wkb(shapely.points([91.0015], [29.0005])).tolist(), pa.binary())
    pyogrio.write_arrow(
        pa.table({"n": [1], "g": wkb}), folder / "p.gpkg", driver="GPKG", geometry_name="g", geometry_type="Point",
        crs="EPSG:4326",
    )  # fmt: skip
    with closing(sqlite3.connect(folder / "p.gpkg")) as connection:
        connection.execute("PRAGMA journal_mode=WAL").fetchone()
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    grids = written(tmp_path / "grids.gpkg", driver="GPKG")

    done = CliRunner().invoke(geoservice, ["assign", str(folder / "p.gpkg"), str(tmp_path / "o.csv"), "--grids", grids])

    assert done.exit_code == 0
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()} == before
