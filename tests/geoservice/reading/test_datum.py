"""Datums from which no sure way leads to WGS 84: refused at every door that reads files, unless somebody says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyproj
import pytest
import shapely
from click.testing import CliRunner, Result
from shapely import box

from geoservice.cli.main import geoservice, main
from geoservice.reading.crs import placing
from geoservice.reading.file_errors import DatumNotSure
from geoservice.reading.reader import read_features
from geoservice.writing.export_errors import ExportDatumNotSure
from geoservice.writing.tables import datum_remark
from layers.crs import declared_position
from layers.datum import DatumUnsure, ballpark_of
from layers.geometry import as_multipolygon
from tests.depth import sampled
from tests.geoservice.reading.made_files import EAST, WEST, geojson, written

XIAN, BEIJING = "Xian 1980", "Beijing 1954"
#: What a program wrote who knows the name of a datum and no code of it.
_OWN_TM = (
    'PROJCS["mine",GEOGCS["GCS",DATUM["{datum}",SPHEROID["{spheroid}",{axis},{flattening}]],PRIMEM["Greenwich",0.0],'
    'UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],'
    'PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",91.5],PARAMETER["Scale_Factor",1.0],'
    'PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)
_XIAN_TM = _OWN_TM.format(datum="D_Xian_1980", spheroid="Xian_1980", axis=6378140.0, flattening=298.257)
_CHINA_TM = _OWN_TM.format(datum="D_China_2000", spheroid="CGCS2000", axis=6378137.0, flattening=298.257222101)
_WGS_TM = _OWN_TM.format(datum="D_WGS_1984", spheroid="WGS_1984", axis=6378137.0, flattening=298.257223563)
_TOWN_TM = _OWN_TM.format(datum="D_Town_1962", spheroid="Krassowsky_1940", axis=6378245.0, flattening=298.3)
_TOWGS84 = (
    'GEOGCS["Beijing 1954",DATUM["Beijing_1954",SPHEROID["Krassowsky 1940",6378245,298.3],'
    'TOWGS84[15.8,-154.4,-82.3,0,0,0,0]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]]'
)

#: The datum, how far off it may be as people are told, and a CRS of it.
UNSURE = [
    (XIAN, "60 to 100 m", "EPSG:4610"), (XIAN, "60 to 100 m", "EPSG:2338"), (XIAN, "60 to 100 m", "EPSG:2379"),
    (XIAN, "60 to 100 m", "EPSG:2360"), (XIAN, "60 to 100 m", _XIAN_TM), (BEIJING, "60 to 100 m", "EPSG:2422"),
    (BEIJING, "60 to 100 m", "EPSG:2431"), ("New Beijing", "60 to 100 m", "EPSG:4555"),
    (BEIJING, "parameters of its own", _TOWGS84), ("Taiwan Datum 1967", "nobody states how far", "EPSG:3821"),
    ("Hong Kong 1963", "nobody states how far", "EPSG:4738"),
    ("Town_1962", "nobody states how far", _TOWN_TM),
]  # fmt: skip
SURE = [
    "EPSG:4326", "EPSG:4490", "EPSG:4540", "EPSG:4546", _CHINA_TM, "EPSG:32646", "EPSG:3857", "EPSG:3435", "EPSG:25833",
    "EPSG:3035", "EPSG:4269", "EPSG:31287", "EPSG:4313", "EPSG:21781", "OGC:CRS84", "OGC:CRS83", "EPSG:4612",
    _WGS_TM,
]  # fmt: skip


@pytest.mark.parametrize(("datum", "off_by", "crs"), sampled(UNSURE, 4))
def test_a_datum_without_a_sure_way_is_refused_by_its_name(datum: str, off_by: str, crs: str) -> None:
    with pytest.raises(DatumNotSure, match=f"{datum}.*{off_by}"):
        placing(None, crs, in_file=True)

    allowed = placing(None, crs, in_file=True, allow_ballpark=True)
    assert allowed.doubt is not None
    assert datum in allowed.doubt


@pytest.mark.parametrize("crs", sampled(SURE, 4))
def test_a_sure_way_is_taken_without_a_word(crs: str) -> None:
    assert ballpark_of(pyproj.CRS.from_user_input(crs).to_2d(), 4326) is None
    assert placing(None, crs, in_file=True).doubt is None


@pytest.mark.parametrize(("lon", "lat", "sure"), [
    (80.0, 40.0, True), (112.0, 20.0, True), (91.77, 29.24, False), (116.4, 39.9, False), (87.0, 30.0, False),
])  # fmt: skip
def test_where_a_way_is_known_in_some_places_only_the_places_decide(lon: float, lat: float, sure: bool) -> None:
    """PROJ knows Beijing 1954 in the Tarim basin and off some coasts, and nowhere else."""
    places = placing(None, "EPSG:4214", in_file=True)

    if sure:
        there = places(np.array([lon]), np.array([lat]))
        assert places.doubt is None
        assert max(abs(there[0][0] - lon), abs(there[1][0] - lat)) > 1e-4
    else:
        with pytest.raises(DatumNotSure, match=BEIJING):
            places(np.array([lon, 80.0]), np.array([lat, 40.0]))


@pytest.mark.parametrize(("crs", "x", "y"), [("EPSG:27700", 530000.0, 180000.0), ("EPSG:4277", -0.1, 51.5)])
def test_a_country_is_sure_within_itself(crs: str, x: float, y: float) -> None:
    places = placing(None, crs, in_file=True)

    lon, _ = places(np.array([x]), np.array([y]))

    assert abs(lon[0] + 0.1) < 0.1
    assert places.doubt is None


def test_places_that_are_none_raise_no_doubt() -> None:
    places = placing(None, "EPSG:4214", in_file=True)

    lon, _ = places(np.array([np.nan, 80.0]), np.array([29.0, 40.0]))

    assert np.isnan(lon[0])
    assert places.doubt is None


def test_what_was_allowed_is_told_and_the_coordinates_are_taken_as_they_are(tmp_path: Path) -> None:
    path = written(tmp_path / "xian.gpkg", driver="GPKG", crs="EPSG:4610")

    with pytest.raises(DatumNotSure, match="EPSG:4610"):
        read_features(path)
    features = read_features(path, allow_ballpark=True)

    assert features.doubt == "Places may be off, as was allowed: the datum is Xian 1980, about 60 to 100 m."
    assert np.allclose(shapely.bounds(features.geoms[0]), WEST.bounds, atol=1e-8)


Command = Callable[..., Result]


@pytest.fixture
def command(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", database_url)
    outline = geojson(tmp_path / "outline.geojson", [box(91.0, 29.0, 91.002, 29.001)])

    def run(*words: str) -> Result:
        return CliRunner().invoke(geoservice, words)

    assert run("jurisdiction", "add", "town", "--name", "镇", "--outline", outline, "--crs", "wgs84").exit_code == 0
    return run


def followed(command: Command, option: str, *words: str) -> Result:
    """Return what becomes of a command that is refused for its datum, with the option that is advised."""
    refused = command(*words)
    assert isinstance(refused.exception, DatumNotSure) or "Xian 1980" in str(refused.exception), refused.output
    done = command(*words, option)
    assert done.exit_code == 0, (done.output, done.exception)
    return done


def test_every_door_that_reads_areas_asks_and_the_advice_works(command: Command, tmp_path: Path) -> None:
    path = written(tmp_path / "xian.gpkg", driver="GPKG", crs="EPSG:4610")
    add = ("jurisdiction", "add")

    followed(command, "--allow-ballpark", *add, "b", "--name", "b", "--outline", path)
    followed(command, "--allow-ballpark", *add, "c", "--name", "c", "--from-grids", path, "--code", "code")
    imported = followed(
        command, "--allow-ballpark", "edition", "import", path, "--jurisdiction", "town", "--code", "code"
    )
    followed(command, "--allow-ballpark", "edition", "update", "2", path)
    followed(command, "--allow-ballpark", "edition", "outline", "2", path)

    assert "datum-not-sure" in imported.output
    assert "Xian 1980, about 60 to 100 m" in imported.output


@pytest.mark.parametrize("crs", ["EPSG:4610", "EPSG:2379"])
def test_points_and_grids_are_asked_about_each_with_its_option(crs: str, command: Command, tmp_path: Path) -> None:
    away = pyproj.Transformer.from_crs(4326, crs, always_xy=True)
    x, y = away.transform(91.0015, 29.0005)
    points = tmp_path / "points.csv"
    points.write_text(f"id,e,n\n1,{x!r},{y!r}\n")
    plain, out = geojson(tmp_path / "grids.geojson", [WEST, EAST]), str(tmp_path / "out.csv")
    degrees = tmp_path / "degrees.csv"
    degrees.write_text("id,lon,lat\n1,91.0015,29.0005\n")
    xian = written(tmp_path / "xian.gpkg", driver="GPKG", crs="EPSG:4610")

    of_points = followed(command, "--allow-ballpark", "assign", str(points), out, "--grids", plain, "--x", "e",
                         "--y", "n", "--crs", crs.lower(), "--overwrite")  # fmt: skip
    of_grids = followed(command, "--grids-allow-ballpark", "assign", str(degrees), out, "--grids", xian, "--overwrite")

    assert "points.csv: Places may be off" in of_points.output
    assert "xian.gpkg: Places may be off" in of_grids.output
    assert "0112,covers" in (tmp_path / "out.csv").read_text()


def test_the_command_line_says_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    xian = written(tmp_path / "xian.gpkg", driver="GPKG", crs="EPSG:4610")
    degrees = tmp_path / "degrees.csv"
    degrees.write_text("id,lon,lat\n1,91.0015,29.0005\n")
    monkeypatch.setattr("sys.argv", ["geoservice", "assign", str(degrees), str(tmp_path / "out.csv"), "--grids", xian])

    with pytest.raises(SystemExit):
        main()

    said = capsys.readouterr().err
    assert "Or say --grids-allow-ballpark" in said
    assert "about 60 to 100 m" in said


@pytest.mark.slow
def test_exports_ask_and_the_advice_works(command: Command, tmp_path: Path) -> None:
    path = geojson(tmp_path / "grids.geojson", [WEST, EAST])
    for words in (
        ("import", path, "--jurisdiction", "town", "--code", "code", "--crs", "wgs84"),
        ("publish", "1", "--yes"),
    ):
        assert command("edition", *words).exit_code == 0
    grids, layer = str(tmp_path / "grids.gpkg"), str(tmp_path / "layer.gpkg")

    of_grids = followed(command, "--allow-ballpark", "edition", "export", "1", grids, "--crs", "epsg:4610")
    of_layer = followed(
        command, "--allow-ballpark", "layer", "export", "grids", layer, "--jurisdiction", "town", "--crs", "epsg:4610"
    )
    surely = command("edition", "export", "1", str(tmp_path / "sure.gpkg"), "--crs", "epsg:4540")

    for told in (of_grids, of_layer):
        assert "Places may be off, as was allowed: the datum is Xian 1980" in told.output
    assert "may be off" not in surely.output
    assert surely.exit_code == 0
    with pytest.raises(DatumNotSure):
        read_features(grids)
    assert read_features(grids, allow_ballpark=True).geoms[0].equals_exact(as_multipolygon(WEST), 1e-7)


def test_where_a_way_is_known_positions_and_exports_take_it() -> None:
    tarim, zedang = (83.0, 40.0), (91.77, 29.24)

    assert declared_position(*tarim, crs="epsg:4214").position == pytest.approx(tarim, abs=1e-3)
    with pytest.raises(DatumUnsure):
        declared_position(*zedang, crs="epsg:4214")
    assert datum_remark([shapely.Point(tarim)], 4214, allow_ballpark=False) == []
    with pytest.raises(ExportDatumNotSure):
        datum_remark([shapely.Point(tarim), shapely.Point(zedang)], 4214, allow_ballpark=False)


@pytest.mark.parametrize(("datum", "off_by", "crs"), [one for one in UNSURE if one[2].startswith("EPSG")])
def test_positions_are_refused_as_files_are(datum: str, off_by: str, crs: str) -> None:
    away = pyproj.Transformer.from_crs(4326, crs, always_xy=True)
    area = pyproj.CRS.from_user_input(crs).area_of_use
    assert area is not None
    x, y = away.transform((area.west + area.east) / 2, (area.south + area.north) / 2)

    with pytest.raises(DatumUnsure) as refused:
        declared_position(x, y, crs=crs.lower())

    assert refused.value.fields["datum"] == datum
    assert off_by in str(refused.value.fields["off_by"])


def told(command: Command, edition: int) -> bool:
    """Return whether a look at an edition tells that its datum is not sure."""
    return "datum-not-sure" in command("edition", "validate", str(edition)).output


def test_what_was_allowed_is_told_at_once_and_by_every_later_look(command: Command, tmp_path: Path) -> None:
    xian = written(tmp_path / "xian.gpkg", driver="GPKG", crs="EPSG:4610")
    plain = geojson(tmp_path / "grids.geojson", [WEST, EAST])
    sure = ("--jurisdiction", "town", "--code", "code", "--crs", "wgs84")
    assert (
        command("edition", "import", xian, "--jurisdiction", "town", "--code", "code", "--allow-ballpark").exit_code
        == 0
    )
    assert (
        command("edition", "draft", "--jurisdiction", "town", "--title", "next", "--from-edition", "1").exit_code == 0
    )
    assert command("edition", "import", plain, *sure).exit_code == 0

    of_draft, of_sure = told(command, 2), told(command, 3)
    again = told(command, 1)
    dry = command("edition", "update", "3", xian, "--allow-ballpark")
    after_dry = told(command, 3)
    taken = command("edition", "update", "3", xian, "--allow-ballpark", "--commit")
    after_taken = told(command, 3)
    assert command("edition", "publish", "3", "--yes").exit_code == 0
    command("edition", "draft", "--jurisdiction", "town", "--title", "of the one in force")
    own = command("edition", "import", plain, *sure, "--own-outline", "--reason", "a new survey")

    assert (of_draft, of_sure, again) == (True, False, True)
    assert "Places may be off" in dry.output
    assert not after_dry
    assert "Places may be off" in taken.output
    assert after_taken
    assert "datum-not-sure" in command("edition", "show", "3").output
    assert told(command, 4)
    assert "datum-not-sure" not in own.output


def test_an_outline_of_an_old_datum_is_told_by_all_that_begins_with_it(command: Command, tmp_path: Path) -> None:
    xian = written(tmp_path / "xian.gpkg", driver="GPKG", crs="EPSG:4610")
    plain = geojson(tmp_path / "grids.geojson", [WEST, EAST])

    added = command("jurisdiction", "add", "b", "--name", "b", "--outline", xian, "--allow-ballpark")
    imported = command("edition", "import", plain, "--jurisdiction", "b", "--code", "code", "--crs", "wgs84")
    surely = command("edition", "import", plain, "--jurisdiction", "town", "--code", "code", "--crs", "wgs84")
    before = told(command, 2)
    outline = command(
        "edition", "outline", "2", xian, "--allow-ballpark", "--commit", "--reason", "the old map"
    )  # fmt: skip

    assert "Places may be off, as was allowed: the datum is Xian 1980" in added.output
    assert "datum-not-sure" in imported.output
    assert surely.exit_code == 0
    assert not before
    assert "Places may be off" in outline.output
    assert told(command, 2)


def test_what_is_merged_or_drawn_anew_brings_its_datum(command: Command, tmp_path: Path) -> None:
    xian = written(tmp_path / "xian.gpkg", driver="GPKG", crs="EPSG:4610")
    plain = geojson(tmp_path / "grids.geojson", [WEST, EAST])
    assert command(
        "edition", "import", plain, "--jurisdiction", "town", "--code", "code", "--crs", "wgs84"
    ).exit_code == 0  # fmt: skip
    assert command("edition", "publish", "1", "--yes").exit_code == 0
    for title in ("ours", "theirs", "behind"):
        assert command("edition", "draft", "--jurisdiction", "town", "--title", title).exit_code == 0
    assert command("edition", "update", "3", xian, "--allow-ballpark", "--commit").exit_code == 0

    before = told(command, 2)
    merged = command("edition", "merge", "2", "3")
    after = told(command, 2)
    assert command("edition", "publish", "2", "--yes").exit_code == 0
    rebased = command("edition", "rebase", "4")

    assert (merged.exit_code, rebased.exit_code) == (0, 0)
    assert (before, after) == (False, True)
    assert told(command, 4)
