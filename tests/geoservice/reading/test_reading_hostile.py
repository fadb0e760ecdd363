"""Files that lie, swell, hang or kill are refused with a reason."""

from __future__ import annotations

import signal
import sqlite3
import stat
import struct
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from shapely import MultiPolygon, Polygon

from geoservice.domain.validating.topology import findings_of
from geoservice.reading import file_errors, reader
from geoservice.reading.limits import Limits
from geoservice.reading.reader import read_features
from geoservice.reading.shapes import GridFields, grids_of, outline_of
from tests.geoservice.reading.made_files import (
    EAST,
    WEST,
    geojson,
    geoparquet,
    parts_of,
    shapefile,
    written,
    zipped,
)
from tests.overlays import Overlays
from tests.waiting import ends

pytestmark = pytest.mark.usefixtures("cold_readers")


def test_virtual_file_that_poses_as_geojson_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("code,x,y\nsecret,91,29\n")
    path = tmp_path / "grids.geojson"
    path.write_text(f'<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{secret}</SrcDataSource>'
                    "</OGRVRTLayer></OGRVRTDataSource>")  # fmt: skip

    with pytest.raises(file_errors.FileNotWhatItSays):
        read_features(str(path))


@pytest.mark.parametrize("name", [
    "/vsicurl/http://127.0.0.1:9/grids.geojson", "/vsizip/grids.zip/grids.shp", "http://127.0.0.1:9/grids.geojson",
    "PG:host=127.0.0.1 dbname=postgres", "GeoJSON:/etc/hostname", '{"type":"FeatureCollection","features":[]}',
    "x" * 5000 + ".geojson", "grids\0.geojson", "", "/dev/zero", ".",
])  # fmt: skip
def test_name_that_is_no_file_of_this_machine_is_refused(name: str) -> None:
    with pytest.raises(file_errors.FileMissing):
        read_features(name)


@pytest.mark.parametrize(("name", "content"), [
    ("a.gpkg", b"SQLite format 3\0" + b"\0" * 200), ("a.gpkg", b"{}"), ("a.shp", b"PK\x03\x04"),
    ("a.parquet", b"PAR1 no end"), ("a.zip", b"no zip"), ("a.geojson", b""), ("a.geojson", b"\xff\xfe{\0}\0"),
])  # fmt: skip
def test_bytes_that_do_not_fit_the_name_are_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    for part in (".shx", ".dbf"):
        (tmp_path / f"a{part}").write_bytes(b"")

    with pytest.raises(file_errors.FileNotWhatItSays):
        read_features(str(tmp_path / name))


@pytest.mark.parametrize("content", [
    b'{"type":"FeatureCollection","features":[{"type":"Fea', b'{"a":' * 100_000, b'{"type":"Topology"}',
    b"{" + b" " * 100_000,
])  # fmt: skip
def test_damaged_geojson_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.geojson").write_bytes(content)

    with pytest.raises(file_errors.FileUnreadable):
        read_features(str(tmp_path / "a.geojson"))


def test_other_suffix_is_refused(tmp_path: Path) -> None:
    (tmp_path / "grids.kml").write_text("<kml/>")

    with pytest.raises(file_errors.FileTypeUnknown):
        read_features(str(tmp_path / "grids.kml"))


def test_shapefile_without_its_index_is_refused(tmp_path: Path) -> None:
    path = shapefile(tmp_path / "grids.shp")
    path.with_suffix(".shx").unlink()

    with pytest.raises(file_errors.ShapefileIncomplete, match="shx"):
        read_features(str(path))


@pytest.mark.parametrize(
    "name", ["../grids.shp", "/etc/grids.shp", "C:\\grids.shp", "a/../../grids.shp", "x" * 300 + ".shp"]
)
def test_archive_entry_that_would_leave_is_refused(tmp_path: Path, name: str) -> None:
    content = parts_of(shapefile(tmp_path / "grids.shp"))["folder/grids.shp"]

    with pytest.raises(file_errors.ArchiveRefused):
        read_features(zipped(tmp_path / "grids.zip", {name: content}))


def test_archive_that_swells_is_refused_unread(tmp_path: Path) -> None:
    bomb = parts_of(shapefile(tmp_path / "grids.shp")) | {"folder/grids.dbf": bytes(50_000_000)}

    with pytest.raises(file_errors.ArchiveRefused, match="inflates more than 100 times"):
        read_features(zipped(tmp_path / "bomb.zip", bomb))


def test_archive_whose_directory_lies_about_sizes_is_refused(tmp_path: Path) -> None:
    path = Path(
        zipped(
            tmp_path / "liar.zip", parts_of(shapefile(tmp_path / "grids.shp")) | {"folder/grids.cpg": b"U" * 900_000}
        )
    )
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack("<I", 900_000), struct.pack("<I", 9)))

    with pytest.raises(file_errors.ArchiveRefused):
        read_features(str(path))


@pytest.mark.parametrize("entries", [
    {f"{number}.txt": b"" for number in range(51)},
    {"inner.zip": b"PK\x03\x04"},
    {"readme.txt": b"nothing"},
    {"a.shp": b"", "b.shp": b""},
])  # fmt: skip
def test_archive_of_anything_but_one_shapefile_is_refused(tmp_path: Path, entries: dict[str, bytes]) -> None:
    with pytest.raises(file_errors.ArchiveRefused):
        read_features(zipped(tmp_path / "a.zip", entries))


def test_archive_with_a_link_is_refused(tmp_path: Path) -> None:
    entry = zipfile.ZipInfo("grids.shp")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")

    with pytest.raises(file_errors.ArchiveRefused, match="link"):
        read_features(str(tmp_path / "link.zip"))


def test_file_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    with pytest.raises(file_errors.FileTooLarge):
        read_features(geojson(tmp_path / "a.geojson", [WEST]), limits=Limits(file_bytes=100))


def test_more_features_than_allowed_are_refused(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", [WEST, EAST])

    with pytest.raises(file_errors.TooManyFeatures):
        read_features(path, limits=Limits(features=1))
    with pytest.raises(file_errors.TooManyFeatures):
        read_features(geoparquet(tmp_path / "a.parquet"), limits=Limits(features=1))


def test_geopackage_whose_view_never_ends_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "grids.gpkg", driver="GPKG")
    with sqlite3.connect(path) as connection:
        connection.executescript("""
            ALTER TABLE grids RENAME TO hidden;
            CREATE VIEW grids AS WITH RECURSIVE r (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r)
                SELECT h.fid, h.geom, h.code, h.name FROM hidden AS h WHERE (SELECT max(i) FROM r) > 0;
        """)
    connection.close()
    readers: list[subprocess.Popen[bytes]] = []

    class Reader(subprocess.Popen[bytes]):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            readers.append(self)

    monkeypatch.setattr(reader.subprocess, "Popen", Reader)

    with pytest.raises(file_errors.ReadingTookTooLong):
        ends(lambda: read_features(path, limits=Limits(wall_s=2.0)), "the reading")

    assert [one.returncode for one in readers] in ([-signal.SIGKILL], [-signal.SIGXCPU])


def test_process_without_enough_memory_dies_alone(tmp_path: Path) -> None:
    with pytest.raises(file_errors.ReaderDied):
        read_features(geojson(tmp_path / "a.geojson", [WEST]), limits=Limits(memory_bytes=60_000_000))


def test_process_that_is_killed_is_an_error_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killed = tmp_path / "killed.py"
    killed.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    monkeypatch.setattr(reader, "CHILD", killed)
    monkeypatch.setattr(reader.tempfile, "tempdir", str(tmp_path / "own"))
    (tmp_path / "own").mkdir()

    with pytest.raises(file_errors.ReaderDied, match="exit: -11"):
        read_features(geojson(tmp_path / "a.geojson", [WEST]))

    assert list((tmp_path / "own").iterdir()) == []


def test_star_of_four_thousand_vertices_is_told_and_never_overlaid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = np.arange(4000) * 2 * np.pi * 1999 / 4000
    star = Polygon(np.column_stack([91.0005 + 0.0005 * np.cos(turns), 29.0005 + 0.0005 * np.sin(turns)]))
    features = read_features(geojson(tmp_path / "star.geojson", [star]))
    overlays = Overlays(monkeypatch)

    grids, _ = grids_of(features, GridFields("code"))
    findings = findings_of(grids, MultiPolygon([WEST]))

    assert [finding.rule for finding in findings] == ["invalid-ring"]
    assert not overlays.calls


@pytest.mark.parametrize("depth", [1_000, 3_000_000])
def test_geometry_nested_a_million_times_harms_at_most_the_reading_process(tmp_path: Path, depth: int) -> None:
    nested = struct.pack("<BII", 1, 6, 1) + struct.pack("<BII", 1, 7, 1) * depth + struct.pack("<BII", 1, 3, 0)
    path = geoparquet(tmp_path / "deep.parquet", wkbs=[nested, shapely.to_wkb(WEST)])

    try:
        features = read_features(path)
    except file_errors.ReaderDied:
        return

    assert features.unbuildable == {0}


def test_crs_that_names_files_is_not_even_tried(tmp_path: Path) -> None:
    member = {"type": "name", "properties": {"name": "+proj=longlat +nadgrids=/etc/hostname"}}

    with pytest.raises(file_errors.CrsUnknown):
        read_features(geojson(tmp_path / "a.geojson", [WEST], crs=member))


def comb(teeth: int, *, upright: bool) -> Polygon:
    corners = [xy for i in range(0, 2 * teeth, 2) for xy in ((i, 0), (i, 2 * teeth), (i + 1, 2 * teeth), (i + 1, 0))]
    corners += [(2 * teeth, -1), (0, -1)]
    return Polygon([(x * 1e-6, y * 1e-6) if upright else (y * 1e-6, x * 1e-6) for x, y in corners])


def test_parts_that_cross_a_million_times_are_not_united(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    combs = [comb(500, upright=True), comb(500, upright=False)]
    features = read_features(geojson(tmp_path / "combs.geojson", combs, codes=["A", "A"]))
    overlays = Overlays(monkeypatch)

    [grid], _ = grids_of(features, GridFields("code"))
    with pytest.raises(file_errors.OutlineNotValid, match="cross each other too often"):
        outline_of(features)

    assert "invalid-ring" in {finding.rule for finding in findings_of([grid], MultiPolygon([WEST]))}
    assert set(overlays.calls) == {"crosses"}
    assert overlays.compared["crosses"] < 2 * 100_000
