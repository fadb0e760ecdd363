"""Files of features that lie, swell or crash readers end in one sentence, never in a traceback."""

from __future__ import annotations

import json
import random
import sqlite3
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyogrio
import pytest
import shapely

from geoservice.domain.importing.choices import Choices
from geoservice.domain.importing.model import ReadFeatures
from geoservice.errors import GeoserviceError
from geoservice.reading import file_errors
from geoservice.reading.features import read_features
from geoservice.reading.limits import Limits
from layers.basemap.layer import BASEMAP
from layers.buildings.layer import BUILDINGS
from layers.cameras.layer import CAMERAS
from layers.errors import LayerError
from layers.households.layer import HOUSEHOLDS
from tests.depth import sampled
from tests.geoservice.reading.made_workbooks import packed, parts, sheet, workbook

BOX = shapely.box(91.77, 29.24, 91.7701, 29.2401)
ROWS = [["编号", "经度", "纬度", "类型"], ["A", 91.77, 29.24, "球机"], ["B", 91.78, 29.25, "枪机"]]
WGS84 = Choices(crs="wgs84")


def read(path: Path) -> ReadFeatures:
    return read_features(str(path), CAMERAS, WGS84)


@pytest.mark.parametrize("name", ["a.geojson", "a.fgb", "a.gpkg", "a.shp", "a.parquet", "a.xlsx", "a.xls", "a.ods"])
@pytest.mark.parametrize("content", [
    '<OGRVRTDataSource><OGRVRTLayer name="s"><SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>',
    '<?xml version="1.0"?><gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a file://{secret}"/>',
    "<kml><NetworkLink><href>http://127.0.0.1:9/</href></NetworkLink></kml>", "/vsicurl/http://127.0.0.1:9/a.geojson",
    "", "\0",
], ids=["vrt", "gml", "kml", "vsicurl", "empty", "nul"])  # fmt: skip
def test_what_only_poses_as_a_format_is_not_followed(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / "secret.csv").write_text("code,x,y\nsecret,91,29\n")
    path = tmp_path / name
    path.write_text(content.format(secret=tmp_path / "secret.csv"))

    with pytest.raises(file_errors.FileRefused) as refused:
        read(path)
    assert "secret" not in str(refused.value).replace(str(tmp_path), "")


@pytest.mark.parametrize(
    "link", ["http://127.0.0.1:9/a.json", "file:///etc/hostname", "/vsicurl/http://127.0.0.1:9/a.json"]
)
def test_links_in_a_geojson_are_only_text(tmp_path: Path, link: str) -> None:
    feature = {
        "type": "Feature",
        "properties": {"code": link},
        "geometry": {"type": "Point", "coordinates": [91.77, 29.24]},
    }
    (tmp_path / "a.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "links": [{"href": link}], "features": [feature]})
    )

    found = read(tmp_path / "a.geojson")
    # A key that begins with a slash has no address of its own, and is refused for that.
    assert found.keys == ([] if link.startswith("/") else [link])
    assert [row for row, _ in found.refused] == ([1] if link.startswith("/") else [])


@pytest.mark.parametrize(
    "magic", [b"fgb\x03fgb\x00", b"fgb\x03fgb\x01\xff\xff\xff\x7f", b"fgb\x03fgb\x00\x10\0\0\0" + b"\xff" * 64]
)
def test_a_flatgeobuf_that_is_none_behind_its_magic_is_refused(tmp_path: Path, magic: bytes) -> None:
    (tmp_path / "a.fgb").write_bytes(magic)

    with pytest.raises(file_errors.FileRefused):
        read(tmp_path / "a.fgb")


@pytest.mark.usefixtures("cold_readers")
def test_a_vrt_behind_the_magic_of_a_flatgeobuf_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("code,x,y\nsecret,91,29\n")
    vrt = (f'<OGRVRTDataSource><OGRVRTLayer name="s"><SrcDataSource>{tmp_path}/secret.csv</SrcDataSource></OGRVRTLayer>'
           "</OGRVRTDataSource>")  # fmt: skip
    (tmp_path / "a.fgb").write_bytes(b"fgb\x03fgb\x00" + vrt.encode())

    with pytest.raises(file_errors.FileRefused):
        read(tmp_path / "a.fgb")


@pytest.mark.slow
@pytest.mark.usefixtures("cold_readers")
@pytest.mark.parametrize("depth", [1_000, 200_000])
@pytest.mark.parametrize("kind", [6, 7, 12])
def test_geometries_within_geometries_harm_at_most_the_reading_process(tmp_path: Path, depth: int, kind: int) -> None:
    path = tmp_path / "a.gpkg"
    table = pa.table({"code": ["1"], "g": pa.array([shapely.to_wkb(BOX)])})
    pyogrio.write_arrow(table, path, driver="GPKG", geometry_name="g", geometry_type="Unknown", crs="EPSG:4326")
    nested = b"".join(struct.pack("<BII", 1, kind, 1) for _ in range(depth)) + struct.pack("<BII", 1, 3, 0)
    with sqlite3.connect(path) as database:
        for trigger in [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]:
            database.execute(f'DROP TRIGGER "{trigger}"')
        database.execute("UPDATE a SET geom = ?", (b"GP\0\x01" + struct.pack("<i", 4326) + nested,))
    database.close()

    try:
        assert read_features(str(path), BUILDINGS, WGS84).keys == []
    except file_errors.FileRefused as refused:
        assert str(refused)


@pytest.mark.parametrize("text", ["GEOMETRYCOLLECTION(" * 6_000, "(" * 100_000, "MULTIPOLYGON(" * 9_000, "POINT(1 2",
                                  "POINT(nan nan)", "SRID=4326;POINT(91 29)", "POLYGON((0 0,1 1))"])  # fmt: skip
def test_wkt_that_is_none_refuses_its_row(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv").write_text(f'code;wkt\nA;POINT (91.77 29.24)\nB;"{text}"\n', encoding="utf-8")

    done = read(tmp_path / "a.csv")
    assert done.keys == ["A"]
    assert [row.row for row in done.refused] == [3]


@pytest.mark.parametrize("character", sampled([" ", "(", "1", "-", "a", "东", "1 ", "(1", "\t\n"], 4))
def test_cells_of_a_hundred_thousand_characters_are_soon_refused(tmp_path: Path, character: str) -> None:
    cell = character * (100_000 // len(character))
    row = ";".join(f'"{first}{cell}{last}"' for first, last in ("AZ", "12", "12", "甲乙", "球机", "东北", "xy"))
    (tmp_path / "a.csv").write_text("编号;经度;坐标;名称;摄像机类型;方位;备用\n" + f"{row}\n" * 3, encoding="utf-8")

    for layer in (CAMERAS, BUILDINGS):
        try:
            assert read_features(str(tmp_path / "a.csv"), layer, WGS84).keys == []
        except GeoserviceError as refused:
            assert str(refused)


@pytest.mark.slow
def test_a_workbook_that_says_it_is_small_and_swells_is_refused(tmp_path: Path) -> None:
    contents = parts({"S": sheet(ROWS)})
    contents["xl/media/x.bin"] = b"\0" * 200_000_000
    with pytest.raises(file_errors.WorkbookTooLarge):
        read(packed(tmp_path / "a.xlsx", contents))


def test_a_cell_far_away_is_refused(tmp_path: Path) -> None:
    far = sheet(ROWS).replace("</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>')

    with pytest.raises(file_errors.FileRefused):
        read(workbook(tmp_path / "a.xlsx", far))


@pytest.mark.slow
def test_a_row_far_away_is_read_or_refused(tmp_path: Path) -> None:
    far = sheet(ROWS).replace("</sheetData>", '<row r="1048576"><c r="A1048576"><v>1</v></c></row></sheetData>')

    try:
        assert read(workbook(tmp_path / "a.xlsx", far)).keys[:2] == ["A", "B"]
    except file_errors.FileRefused as refused:
        assert str(refused)


def test_an_ods_that_repeats_a_cell_a_billion_times_is_refused(tmp_path: Path) -> None:
    names = "".join(f' xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in ("office", "table", "text"))
    cell = ('<table:table-cell table:number-columns-repeated="16384" office:value-type="string"><text:p>x</text:p>'
            "</table:table-cell>")  # fmt: skip
    content = (f"<office:document-content{names}><office:body><office:spreadsheet><table:table table:name='S'>"
               f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row></table:table>'
               "</office:spreadsheet></office:body></office:document-content>")  # fmt: skip
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)

    with pytest.raises(file_errors.FileRefused):
        read_features(str(tmp_path / "a.ods"), CAMERAS, WGS84)


def test_a_csv_of_more_rows_than_allowed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("code,lon,lat\n" + "A,91,29\n" * 2000, encoding="utf-8")

    with pytest.raises(file_errors.TooManyFeatures):
        read_features(str(tmp_path / "a.csv"), CAMERAS, WGS84, Limits(features=10))
    with pytest.raises(file_errors.FileTooLarge):
        read_features(str(tmp_path / "a.csv"), CAMERAS, WGS84, Limits(file_bytes=1000))


# --- Two hundred of chance --------------------------------------------------------------------------------------------

_CHARACTERS = list("019AZaz,;\t\"'=+-@\r\n \0\u3000\u202e\ufeff°′″編号经纬度楼栋\U0001f600")
_WORDS = [
    "编号", "经度", "纬度", "坐标", "楼栋号", "方位", "类型", "合计", "东", "球机", "姓名", "１２", "99°99′", "", "\0",
    "code", "lon", "lat", "wkt", "91.77", "29.24", "nan", "inf", "-1e999", "1" * 400, "POINT(", "0x1F", "=1+1",
    "1985.3.12", "\u202e",
]  # fmt: skip


def random_csv(chance: random.Random, path: Path) -> Path:
    if chance.random() < 0.3:
        content = "".join(chance.choices(_CHARACTERS, k=chance.randrange(400))).encode("utf-8", "surrogatepass")
    else:
        separator = chance.choice(",;\t")
        lines = [
            separator.join(chance.choices(_WORDS, k=chance.randrange(1, 6))) for _ in range(chance.randrange(1, 12))
        ]
        content = chance.choice(["\n", "\r\n", "\r"]).join(lines).encode(chance.choice(["utf-8", "gb18030", "utf-16"]))
    return written(path.with_suffix(chance.choice([".csv", ".tsv", ".txt"])), damaged(chance, content))


def random_workbook(chance: random.Random, path: Path) -> Path:
    values = [
        *_WORDS,
        None,
        1,
        91.77,
        29.24,
        True,
        1e300,
        -0.0,
        '<c r="@" t="e"><v>#N/A</v></c>',
        '<c r="@"><f>A1</f></c>',
    ]
    clean = [one.replace("\0", "").replace("\u202e", "") if isinstance(one, str) else one for one in values]
    rows = [chance.choices(clean, k=chance.randrange(1, 6)) for _ in range(chance.randrange(1, 12))]
    made = workbook(
        path.with_suffix(".xlsx"), {"S": sheet(rows, merged=chance.choice([[], ["A1:C1", "B2:B4"], ["A1:Z900"]]))}
    )
    return written(made, damaged(chance, made.read_bytes()))


def random_geojson(chance: random.Random, path: Path) -> Path:
    def number() -> object:
        return chance.choice([91.77, 29.24, 1e400, -1e9, None, "91", [], {}, 0, float("nan")])

    def geometry() -> object:
        kind = chance.choice(["Point", "Polygon", "LineString", "MultiPolygon", "GeometryCollection", "Curve", 5])
        coordinates: object = [number(), number()]
        for _ in range(chance.randrange(4)):
            coordinates = [coordinates] * chance.randrange(5)
        return chance.choice([{"type": kind, "coordinates": coordinates}, None, {}, []])

    def properties() -> dict[str, object]:
        return {name: number() for name in chance.sample(_WORDS, 3)}

    features = [
        {"type": "Feature", "geometry": geometry(), "properties": properties()} for _ in range(chance.randrange(6))
    ]
    content = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    return written(path.with_suffix(".geojson"), damaged(chance, content))


def random_map(chance: random.Random, path: Path) -> Path:
    suffix, driver = chance.choice([(".gpkg", "GPKG"), (".fgb", "FlatGeobuf"), (".shp", "ESRI Shapefile")])
    made = path.with_suffix(suffix)
    table = pa.table({"code": ["1", "2"], "kind": ["street", None], "g": pa.array([shapely.to_wkb(BOX)] * 2)})
    pyogrio.write_arrow(table, made, driver=driver, geometry_name="g", geometry_type="Polygon", crs="EPSG:4326")
    harmed = chance.choice([made, *path.parent.glob(f"{path.name}.*")])
    written(harmed, damaged(chance, harmed.read_bytes(), always=True))
    return made


def damaged(chance: random.Random, content: bytes, *, always: bool = False) -> bytes:
    if not content or (not always and chance.random() < 0.5):
        return content
    at, how = chance.randrange(len(content)), chance.randrange(4)
    if how == 0:
        return content[:at]
    if how == 1:
        return content[:at] + chance.randbytes(chance.randrange(1, 40)) + content[at:]
    harmed = bytearray(content)
    for place in chance.choices(range(len(harmed)), k=1 if how == 2 else max(1, len(harmed) // 50)):
        harmed[place] = chance.randrange(256)
    return bytes(harmed)


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(("make", "seed"), [
    *((random_csv, seed) for seed in range(100)),
    *((random_workbook, seed) for seed in range(8)), *((random_geojson, seed) for seed in range(4)),
    *((random_map, seed) for seed in range(8)),
    *(pytest.param(make, seed, marks=pytest.mark.slow) for make, first in
      ((random_workbook, 8), (random_geojson, 4), (random_map, 8)) for seed in range(first, first + 27)),
])  # fmt: skip
def test_two_hundred_files_of_chance_end_in_features_or_in_one_sentence(
    tmp_path: Path, make: Callable[[random.Random, Path], Path], seed: int
) -> None:
    chance = random.Random(f"{make.__name__} {seed}")
    path = make(chance, tmp_path / "a")
    layer = chance.choice([CAMERAS, BUILDINGS, BASEMAP, HOUSEHOLDS])
    choices = Choices(
        crs=chance.choice(["wgs84", None, "gcj02", "epsg:4546"]), gbt28181=chance.choice([None, True, False])
    )

    try:
        done = read_features(str(path), layer, choices)
    except (GeoserviceError, LayerError) as refused:
        assert str(refused)
        return
    count = len(done.keys)
    assert len(set(done.keys)) == count
    assert {len(values) for values in (*done.values.values(), done.rows)} == {count}
    assert done.geoms is None or (len(done.geoms) == count and shapely.is_valid(done.geoms[done.geoms != None]).all())  # noqa: E711
