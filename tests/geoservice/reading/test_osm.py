"""OpenStreetMap files become a base map and buildings; what can not be built is counted and named."""

from __future__ import annotations

import bz2
import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import osmium
import pyogrio
import pytest
import shapely

from geoservice.reading.file_errors import (
    FileMissing,
    FileTooLarge,
    FileUnreadable,
    NoFeatures,
    NotOpenStreetMap,
    TooManyFeatures,
)
from geoservice.reading.limits import Limits
from geoservice.reading.osm import OpenStreetMap, read_openstreetmap
from layers.crs import Position
from layers.geometry import Plane
from tests.geoservice.reading.made_osm import Drawing, Place

#: A hundredth of a degree is about a kilometre here.
WEST, SOUTH = 91.77, 29.24
OUTLINE = shapely.box(WEST, SOUTH, WEST + 0.004, SOUTH + 0.004)
HOUSE = 0.0002


def at(east: float, north: float) -> Place:
    return (round(WEST + east, 7), round(SOUTH + north, 7))


def read(drawing: Drawing, folder: Path, outline: shapely.Geometry | None = OUTLINE) -> OpenStreetMap:
    path = folder / "town.osm"
    path.write_text(drawing.text(), encoding="utf-8")
    return read_openstreetmap(path, outline=outline)


def of_kind(town: OpenStreetMap, kind: str) -> dict[str, shapely.Geometry]:
    assert town.basemap.geoms is not None
    told = zip(town.basemap.keys, town.basemap.values["kind"], town.basemap.geoms, strict=True)
    return {key: geom for key, one, geom in told if one == kind}


def town() -> Drawing:
    drawing = Drawing()
    drawing.square(1, *at(0.001, 0.001), HOUSE, building="apartments", building__levels="6", name="三号楼",
                   addr__street="乃东路", addr__housenumber="12号", phone="QZPHONE",
                   contact__email="QZMAIL")  # fmt: skip
    drawing.square(2, *at(0.002, 0.001), HOUSE, building="yes")
    drawing.point(at(0.0021, 0.0011), shop="bakery", phone="QZPHONE")
    drawing.square(3, *at(0.0039, 0.001), HOUSE, building="yes")  # its middle lies on the outline's edge
    drawing.square(4, *at(0.00395, 0.002), HOUSE, building="yes")  # its middle lies outside
    drawing.way(10, [at(-0.02, 0.002), at(0.02, 0.002)], highway="primary", name="Ring", name__en="Ring Road")
    drawing.square(20, *at(0.0005, 0.003), 0.02, leisure="park", name="Park")
    return drawing


def test_buildings_belong_by_a_point_on_their_surface_and_are_never_cut(tmp_path: Path) -> None:
    buildings = read(town(), tmp_path).buildings

    assert buildings.keys == ["w1", "w2", "w3"]
    assert buildings.values["code"] == buildings.keys
    assert buildings.values["kind"] == ["residential", "shop", "other"]
    assert buildings.values["floors"] == [6, None, None]
    assert buildings.values["name"] == ["三号楼", None, None]
    assert buildings.values["address"] == ["乃东路12号", None, None]
    assert buildings.geoms is not None
    assert {geom.geom_type for geom in buildings.geoms} == {"MultiPolygon"}
    assert not OUTLINE.covers(buildings.geoms[2])
    assert shapely.area(buildings.geoms) == pytest.approx([HOUSE**2] * 3)


def test_the_base_map_reaches_300_metres_beyond_and_keeps_streets_whole(tmp_path: Path) -> None:
    read_town = read(town(), tmp_path)
    streets, greens = of_kind(read_town, "street"), of_kind(read_town, "green")

    assert list(read_town.basemap.keys) == ["w20", "w10"]
    assert streets["w10"].length == pytest.approx(0.04)
    assert read_town.basemap.values["name_en"] == [None, "Ring Road"]
    plane = Plane(Position(WEST, SOUTH))
    beyond = shapely.distance(plane.project(OUTLINE), plane.project(shapely.points(greens["w20"].exterior.coords)))
    assert 299 < beyond.max() < 301


def test_nothing_of_mappers_and_telephones_is_handed_on(tmp_path: Path) -> None:
    assert "QZ" not in repr(read(town(), tmp_path))


def test_who_made_the_data_goes_with_them(tmp_path: Path) -> None:
    made = read(town(), tmp_path)

    assert made.attribution == "© OpenStreetMap contributors"
    assert made.attribution_url == "https://www.openstreetmap.org/copyright"


def test_what_can_not_be_built_is_counted_and_named(tmp_path: Path) -> None:
    drawing = town()
    drawing.way(30, [at(0.001, 0.0), at(0.002, 0.0), at(0.002, 0.001)], building="yes")  # open
    drawing.way(31, [at(0.001, 0.0), 999_999, at(0.002, 0.001), at(0.001, 0.0)], building="yes")  # cut
    drawing.relation(40, [(888_888, "outer")], type="multipolygon", building="yes")
    drawing.way(32, [at(0.5, 0.0), at(0.51, 0.0)], building="yes")  # elsewhere
    read_town = read(drawing, tmp_path)

    assert (read_town.areas_built, read_town.areas_not_built) == (5, 3)
    assert read_town.not_built == ("w30", "w31", "r40")
    assert any("w30, w31, r40" in remark for remark in read_town.buildings.remarks)


def test_relations_become_areas_with_holes(tmp_path: Path) -> None:
    drawing = Drawing()
    drawing.square(1, *at(0.001, 0.001), 0.001)
    drawing.square(2, *at(0.0012, 0.0012), HOUSE)
    drawing.relation(5, [(1, "outer"), (2, "inner")], type="multipolygon", building="yes")
    buildings = read(drawing, tmp_path).buildings

    assert buildings.keys == ["r5"]
    assert buildings.geoms is not None
    assert buildings.geoms[0].area == pytest.approx(0.001**2 - HOUSE**2)


def test_parts_count_only_where_no_building_is_around_them(tmp_path: Path) -> None:
    drawing = Drawing()
    drawing.square(1, *at(0.001, 0.001), 0.001, building="yes")
    drawing.square(2, *at(0.0012, 0.0012), HOUSE, building__part="yes")
    drawing.square(3, *at(0.003, 0.0012), HOUSE, building__part="yes")
    drawing.square(4, *at(0.003, 0.002), HOUSE, building="yes", location="underground")
    buildings = read(drawing, tmp_path).buildings

    assert buildings.keys == ["w1", "w3"]
    assert any("1 parts of buildings" in remark for remark in buildings.remarks)


def test_faces_between_streets_are_blocks_when_they_are_as_large_as_one(tmp_path: Path) -> None:
    drawing = Drawing()
    lines = (0.0, 0.001, 0.002, 0.0021)  # the last two are 10 m apart
    for number, east in enumerate(lines):
        drawing.way(100 + number, [at(east, -0.0005), at(east, 0.0025)], highway="residential")
    for number, north in enumerate((0.0, 0.001, 0.002, 0.0021)):
        drawing.way(200 + number, [at(-0.0005, north), at(0.0025, north)], highway="residential")
    drawing.way(300, [at(0.0, 0.0005), at(0.001, 0.0005)], highway="footway")
    blocks = of_kind(read(drawing, tmp_path), "block")

    # Four blocks, four strips of 1,000 m2 beside them; the crossing of 100 m2 is none, and a footway divides nothing.
    assert len(blocks) == 8
    assert all(key.startswith("block-91.77") for key in blocks)
    assert read(drawing, tmp_path).basemap.keys == read(drawing, tmp_path).basemap.keys


def test_a_river_is_a_line_only_where_it_is_no_area(tmp_path: Path) -> None:
    drawing = Drawing()
    drawing.square(1, *at(0.0, 0.001), 0.002, natural="water")
    drawing.way(2, [at(0.0002, 0.002), at(0.0018, 0.002)], waterway="river")
    drawing.way(3, [at(0.0, 0.0035), at(0.003, 0.0035)], waterway="stream")

    assert of_kind(read(drawing, tmp_path), "water").keys() == {"w1", "w3"}


def test_an_object_that_is_two_things_has_one_key(tmp_path: Path) -> None:
    drawing = Drawing()
    drawing.square(1, *at(0.001, 0.001), 0.001, highway="residential", landuse="grass")
    drawing.square(2, *at(0.002, 0.001), 0.0005, waterway="canal", natural="water")
    keys = read(drawing, tmp_path).basemap.keys

    assert len(set(keys)) == len(keys)
    assert {"w1", "w2"} <= set(keys)


def test_names_that_hold_a_number_of_a_person_are_left_out_and_that_is_said(tmp_path: Path) -> None:
    drawing = Drawing()
    drawing.square(1, *at(0.001, 0.001), HOUSE, building="yes", name="茶馆 13912345678")
    buildings = read(drawing, tmp_path).buildings

    assert buildings.values["name"] == [None]
    assert any(remark.startswith("1 names") for remark in buildings.remarks)


def test_without_an_outline_all_of_the_file_is_taken(tmp_path: Path) -> None:
    assert read(town(), tmp_path, outline=None).buildings.keys == ["w1", "w2", "w3", "w4"]


@pytest.mark.parametrize("name", ["town.osm.gz", "town.osm.bz2", "no-such-ending"])
def test_the_first_bytes_tell_how_a_file_is_packed(name: str, tmp_path: Path) -> None:
    content = town().text().encode()
    packed = {"town.osm.gz": gzip.compress, "town.osm.bz2": bz2.compress}.get(name, bytes)(content)
    (tmp_path / name).write_bytes(packed)

    assert len(read_openstreetmap(tmp_path / name, outline=OUTLINE).buildings.keys) == 3


def test_the_binary_form_is_read(tmp_path: Path) -> None:
    (tmp_path / "town.osm").write_text(town().text(), encoding="utf-8")
    with osmium.SimpleWriter(str(tmp_path / "town.osm.pbf")) as writer:
        for one in osmium.FileProcessor(str(tmp_path / "town.osm")):
            writer.add(one)

    from_text, from_binary = (
        read_openstreetmap(tmp_path / name, outline=OUTLINE) for name in ("town.osm", "town.osm.pbf")
    )
    assert from_binary.buildings.values == from_text.buildings.values
    assert from_binary.basemap.keys == from_text.basemap.keys


_UNSORTED = """<osm version="0.6">
<relation id="4"><member type="way" ref="5" role="outer"/><tag k="type" v="multipolygon"/><tag k="leisure" v="park"/>
</relation>
<way id="7"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="1"/><tag k="building" v="yes"/></way>
<way id="5"><nd ref="1"/><nd ref="4"/><nd ref="3"/><nd ref="1"/></way>
<node id="3" lat="29.241" lon="91.771"/><node id="1" lat="29.2401" lon="91.7701"/>
<node id="2" lat="29.241" lon="91.7701"/>
<node id="4" lat="29.2401" lon="91.771"/><node id="3" lat="29.241" lon="91.771"/></osm>"""


@pytest.mark.parametrize("text", [_UNSORTED, _UNSORTED.replace('<way id="5"', '<way id="8"').replace('"5"', '"8"')])
def test_what_is_not_sorted_is_sorted_first(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.osm").write_text(text)
    made = read_openstreetmap(tmp_path / "a.osm", outline=OUTLINE)

    assert (made.buildings.keys, made.basemap.keys) == (["w7"], ["r4"])


_ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE osm [<!ENTITY a "b">]><osm version="0.6"><node id="1" lat="1" lon="1"/></osm>'
)
_FAR = '<osm version="0.6"><node id="1" lat="999" lon="1"/></osm>'


@pytest.mark.parametrize(
    "content", ["<html></html>", '<osm version="0.6"><node id="1"', _ENTITIES, '<osm version="0.6"><way id="x"/></osm>']
)
def test_what_is_damaged_is_refused_in_a_sentence(content: str, tmp_path: Path) -> None:
    (tmp_path / "a.osm").write_text(content)

    with pytest.raises(FileUnreadable) as refused:
        read_openstreetmap(tmp_path / "a.osm", outline=OUTLINE)
    assert str(tmp_path) not in str(refused.value)


def test_what_is_no_openstreetmap_is_not_given_to_the_reader(tmp_path: Path) -> None:
    (tmp_path / "a.osm").write_bytes(b"PK\x03\x04")
    (tmp_path / "far.osm").write_text(_FAR)

    with pytest.raises(NotOpenStreetMap):
        read_openstreetmap(tmp_path / "a.osm", outline=OUTLINE)
    with pytest.raises(FileMissing):
        read_openstreetmap(Path("http://127.0.0.1/a.osm"), outline=OUTLINE)
    with pytest.raises((NoFeatures, FileUnreadable)):
        read_openstreetmap(tmp_path / "far.osm", outline=OUTLINE)


def test_limits_hold(tmp_path: Path) -> None:
    (tmp_path / "a.osm").write_text(town().text(), encoding="utf-8")

    with pytest.raises(FileTooLarge):
        read_openstreetmap(tmp_path / "a.osm", outline=OUTLINE, limits=replace(Limits(), file_bytes=100))
    with pytest.raises(TooManyFeatures):
        read_openstreetmap(tmp_path / "a.osm", outline=OUTLINE, limits=replace(Limits(), features=3))


@pytest.mark.data
@pytest.mark.parametrize("name", ["krems", "kouvola_test"])
def test_buildings_of_a_real_town_come_back_as_they_are(name: str, test_data: Path, tmp_path: Path) -> None:
    """Its footprints, drawn once more: the files themselves are not at hand, their shapes are."""
    path = test_data / "towns" / f"{name}.gpkg"
    _, _, wkbs, (kinds,) = pyogrio.raw.read(path, layer="buildings", columns=["kind"])
    rings = [
        (geom.exterior, kind)
        for whole, kind in zip(shapely.from_wkb(wkbs), kinds, strict=True)
        for geom in shapely.get_parts(whole)
        if shapely.Polygon(geom.exterior).is_valid
    ]
    _, _, lines, _ = pyogrio.raw.read(path, layer="streets", columns=[])
    drawing = Drawing()
    for number, (ring, kind) in enumerate(rings, start=1):
        coords = np.round(shapely.get_coordinates(ring), 7).tolist()
        drawing.way(number, [(x, y) for x, y in coords], building=kind)
    for number, line in enumerate(shapely.from_wkb(lines), start=100_000):
        drawing.way(number, [(x, y) for x, y in shapely.get_coordinates(line).tolist()], highway="residential")
    made = read(drawing, tmp_path, outline=None)

    assert len(made.buildings.keys) + made.areas_not_built == len(rings)
    assert made.areas_not_built <= 5
    assert made.buildings.geoms is not None
    assert bool(shapely.is_valid(made.buildings.geoms).all())
    built = {int(key[1:]): geom for key, geom in zip(made.buildings.keys, made.buildings.geoms, strict=True)}
    drawn = [shapely.Polygon(rings[number - 1][0]).area for number in built]
    assert shapely.area(list(built.values())) == pytest.approx(drawn, rel=1e-2)
    assert len(of_kind(made, "street")) == len(lines)
    assert len(of_kind(made, "block")) > 20
