"""Pictures in tiles of others: the three forms tell the same, and a hostile file ends in one sentence."""

from __future__ import annotations

import gzip
import io
import random
import resource
import sqlite3
import struct
import zlib
from contextlib import closing
from pathlib import Path

import morecantile
import pytest
from PIL import Image
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from layers.crs import Bbox
from tilegen.raster_files import RasterRefused, RasterTile, raster_tiles
from tilegen.raster_pictures import fault_of, media_type
from tilegen.raster_store import RasterMap, RasterStore


def png(red: int, green: int, blue: int, side: int = 256) -> bytes:
    """Return a picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes((red, green, blue)) * side) * side
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


WEB_MERCATOR = morecantile.tms.get("WebMercatorQuad")
#: Around the demo community, at zooms 14 and 15.
PLACES = ((14, 12368, 6799), (15, 24736, 13598), (15, 24737, 13599))
TILES = [RasterTile(z, x, y, png(z, x % 256, y % 256)) for z, x, y in PLACES]


def write_mbtiles(path: Path, rows: list[tuple[object, ...]] | None = None, schema: str = "") -> Path:
    rows = [(z, x, 2**z - 1 - y, data) for z, x, y, data in TILES] if rows is None else rows
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(schema or "CREATE TABLE tiles (zoom_level, tile_column, tile_row, tile_data);"
                                 "CREATE TABLE metadata (name, value)")  # fmt: skip
        if not schema:
            connection.executemany("INSERT INTO tiles VALUES (?, ?, ?, ?)", rows)
    return path


def write_pmtiles(path: Path) -> Path:
    with path.open("wb") as file:
        writer = Writer(file)
        for z, x, y, data in sorted(TILES, key=lambda one: zxy_to_tileid(*one[:3])):
            writer.write_tile(zxy_to_tileid(z, x, y), data)
        degrees = {f"{which}_{axis}_e7": 0 for which in ("min", "max", "center") for axis in ("lon", "lat")}
        header = {"tile_type": TileType.PNG, "tile_compression": Compression.NONE, "center_zoom": 0}
        writer.finalize(header | degrees, {"name": "x"})
    return path


def write_folder(path: Path) -> Path:
    for z, x, y, data in TILES:
        (path / str(z) / str(x)).mkdir(parents=True, exist_ok=True)
        (path / str(z) / str(x) / f"{y}.png").write_bytes(data)
    (path / "14" / "readme.txt").write_text("not a tile")
    return path


@pytest.mark.parametrize("form", ["mbtiles", "pmtiles", "folder"])
def test_the_three_forms_tell_the_same(tmp_path: Path, form: str) -> None:
    made = {"mbtiles": write_mbtiles, "pmtiles": write_pmtiles, "folder": write_folder}[form]
    path = made(tmp_path / ("folder" if form == "folder" else f"a.{form}"))
    assert sorted(raster_tiles(path)) == sorted(TILES)

    store = RasterStore(tmp_path / "store")
    kept, file = store.add(RasterMap(0, "sare", "Ortho", "Survey", "epsg:3857"), raster_tiles(path))
    assert (kept.id, kept.tiles, kept.min_zoom, kept.max_zoom) == (1, 3, 14, 15)
    low, high = (WEB_MERCATOR.bounds(x, y, z) for z, x, y in (PLACES[1], PLACES[2]))
    assert kept.bbox == pytest.approx((low.left, high.bottom, high.right, low.top), abs=1e-9)
    for z, x, y, data in TILES:
        assert store.tile("sare", 1, z, x, y) == data
        assert store.tile("other", 1, z, x, y) is None
    assert store.tile("sare", 1, 14, 0, 0) is None
    assert store.every() == [kept]
    assert list(file.parent.iterdir()) == [file]
    store.remove(1)
    assert store.every() == []


ENDLESS = """
    CREATE VIEW tiles (zoom_level, tile_column, tile_row, tile_data) AS
        WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n) SELECT 14, 1, 1, x'00' FROM n WHERE i < 0
"""


@pytest.mark.parametrize(("rows", "schema", "said"), [
    ([(14, 1, 1, b"<svg onload=alert(1)>")], "", "is no picture"), ([(14, 1, 1, b"\x1f\x8bpbf")], "", "is no picture"),
    ([(14, 1 << 20, 1, png(1, 1, 1, 1))], "", "nowhere"), ([(99, 0, 0, png(1, 1, 1, 1))], "", "nowhere"),
    ([(14, "x", 1, png(1, 1, 1, 1))], "", "can not be read"), ([(14, 1, 1, None)], "", "can not be read"),
    ([(14, 1, 1, png(1, 1, 1, 1) + bytes(2_000_000))], "", "larger|can not be read"),
    ([], "CREATE TABLE other (a)", "can not be read"), ([], ENDLESS, "can not be read"),
])  # fmt: skip
def test_what_is_wrong_with_mbtiles_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[tuple[object, ...]], schema: str, said: str
) -> None:
    monkeypatch.setattr("tilegen.raster_files._STEPS_MOST", 5_000_000)
    path = write_mbtiles(tmp_path / "a.mbtiles", rows, schema)
    store = RasterStore(tmp_path / "store")
    with pytest.raises(RasterRefused, match=said) as refused:
        store.add(RasterMap(0, "sare", "x", "x", "epsg:3857"), raster_tiles(path))
    assert "\n" not in str(refused.value)
    assert list((tmp_path / "store").iterdir()) == []


def test_broken_files_of_either_form_end_in_a_sentence(tmp_path: Path) -> None:
    chance = random.Random(46)
    for name, write in (("a.mbtiles", write_mbtiles), ("a.pmtiles", write_pmtiles)):
        whole = write(tmp_path / name).read_bytes()
        for number in range(150):
            broken = bytearray(whole[: chance.randrange(1, len(whole))] if number % 3 == 0 else whole)
            for _ in range(chance.randrange(1, 30)):
                broken[chance.randrange(min(len(broken), 600))] = chance.randrange(256)
            path = tmp_path / f"{number}-{name}"
            path.write_bytes(broken)
            try:
                for tile in raster_tiles(path):
                    assert media_type(tile.data)
            except RasterRefused as refused:
                assert "\n" not in str(refused)
            path.unlink()


def test_a_directory_that_unpacks_without_an_end_is_refused(tmp_path: Path) -> None:
    path = write_pmtiles(tmp_path / "a.pmtiles")
    head = bytearray(path.read_bytes()[:127])
    bomb = gzip.compress(bytes(64_000_000))
    head[8:24] = struct.pack("<QQ", 127, len(bomb))
    path.write_bytes(bytes(head) + bomb)
    with pytest.raises(RasterRefused, match="can not be read"):
        list(raster_tiles(path))


def test_a_folder_whose_rows_are_counted_from_the_south_tells_the_same(tmp_path: Path) -> None:
    south = tmp_path / "south"
    for z, x, y, data in TILES:
        (south / str(z) / str(x)).mkdir(parents=True, exist_ok=True)
        (south / str(z) / str(x) / f"{2**z - 1 - y}.png").write_bytes(data)
    about = south / "tilemapresource.xml"
    about.write_text(
        '<TileMap version="1.0.0"><TileSets profile="mercator"></TileSets></TileMap>'
    )  # as of gdal2tiles.py
    assert sorted(raster_tiles(south)) == sorted(TILES)
    for said in ('<TileSets profile="geodetic">', "<TileSets>", "", "profile='mercator'", "\0" * 200_000):
        about.write_text(said)
        with pytest.raises(RasterRefused, match="EPSG:3857"):
            list(raster_tiles(south))


def test_tiles_that_lie_elsewhere_are_refused(tmp_path: Path) -> None:
    store, there = RasterStore(tmp_path / "store"), Bbox(91.76, 29.23, 91.78, 29.25)
    upside_down = [RasterTile(z, x, 2**z - 1 - y, data) for z, x, y, data in TILES]
    with pytest.raises(RasterRefused, match=r"nothing of sare is on it.* lat -29.*counted from the south"):
        store.add(RasterMap(0, "sare", "x", "x", "epsg:3857"), upside_down, seen=there)
    assert list((tmp_path / "store").iterdir()) == []
    store.add(RasterMap(0, "sare", "x", "x", "epsg:3857"), TILES, seen=there)
    # One beyond 180 degrees of a town that lies across.
    store.add(RasterMap(0, "x", "x", "x", "epsg:3857"), [RasterTile(4, 0, 7, png(1, 1, 1))], seen=Bbox(179, 9, 181, 11))
    assert [one.id for one in store.every()] == [1, 2]


def test_two_that_come_at_once_get_a_number_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = RasterStore(tmp_path / "store")
    with monkeypatch.context() as before:
        before.setattr(store, "every", list)  # as if neither saw the other
        made = [store.add(RasterMap(0, "sare", title, "", "epsg:3857"), TILES)[0] for title in ("one", "other")]
    assert [(one.id, one.title) for one in made] == [(1, "one"), (2, "other")]
    assert store.every() == made


def test_a_disk_that_is_full_is_one_sentence(tmp_path: Path) -> None:
    store, limits = RasterStore(tmp_path / "store"), resource.getrlimit(resource.RLIMIT_FSIZE)
    many = (RasterTile(14, x, 1, bytes(100_000)) for x in range(100))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        with pytest.raises(RasterRefused, match="can not be kept"):
            store.add(RasterMap(0, "sare", "x", "x", "epsg:3857"), many)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list((tmp_path / "store").iterdir()) == []


def picture(form: str, width: int, height: int, **options: object) -> bytes:
    found = io.BytesIO()
    Image.effect_noise((width, height), 20).convert("RGB").save(found, form, **options)
    return found.getvalue()


@pytest.mark.parametrize(("form", "options"), [
    ("PNG", {}), ("JPEG", {}), ("JPEG", {"progressive": True, "comment": b"a" * 999}), ("WEBP", {}),
    ("WEBP", {"lossless": True}), ("WEBP", {"exif": b"Exif\0\0"}),
])  # fmt: skip
def test_a_picture_is_whole_and_of_a_size_that_browsers_bear(form: str, options: dict[str, object]) -> None:
    whole = picture(form, 60, 40, **options)
    assert fault_of(whole) is None
    for length in (13, 30, len(whole) // 2, len(whole) - 5):
        assert fault_of(whole[:length]) == "is a picture that is damaged or cut off"
    assert "2,049 by 3 pixels" in str(fault_of(picture(form, 2_049, 3, **options)))
    assert "3 by 2,049 pixels" in str(fault_of(picture(form, 3, 2_049, **options)))
    assert fault_of(picture(form, 2_048, 3, **options)) is None


@pytest.mark.parametrize("data", [
    b"\xff\xd8\xff<html><script>alert(1)</script>\xff\xd9", b"\xff\xd8\xff" + b"\xff" * 5_000 + b"\xff\xd9",
    b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBPVP8 ", b"RIFF\xff\xff\xff\xffWEBPVP8X" + bytes(40), b"\xff\xd8\xff\xd9",
    b"\xff\xd8" + b"\xff\xe0\0\0" * 500 + b"\xff\xd9",
])  # fmt: skip
def test_what_only_begins_like_a_picture_is_none(data: bytes) -> None:
    assert fault_of(data) == "is a picture that is damaged or cut off"


def test_nothing_and_other_things_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    store = RasterStore(tmp_path / "store")
    with pytest.raises(RasterRefused, match="no tile"):
        store.add(RasterMap(0, "sare", "x", "x", "epsg:3857"), raster_tiles(tmp_path / "empty"))
    for name, remedy in (("a.tif", "name an .*gdal2tiles.py --xyz"), ("missing.mbtiles", "name an")):
        with pytest.raises(RasterRefused, match=remedy):
            list(raster_tiles(tmp_path / name))
