"""Points of a GeoJSON file are taken for degrees only where it says so, or says nothing: as grids are."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import shapely

from geoservice.assigning.assign import assign
from geoservice.assigning.model import Request
from geoservice.assigning.owners import Owners
from geoservice.reading.file_errors import CrsNotStated, CrsUnknown
from geoservice.reading.geojson_crs import stated_crs
from geoservice.reading.reader import read_features
from tests.depth import depths
from tests.oracles import Lonlats


def named(name: object) -> dict[str, Any]:
    return {"type": "name", "properties": {"name": name}}


UNREADABLE = (
    "foo",
    4326,
    named("foo"),
    named("EPSG:4326;rm"),
    named("+proj=longlat"),
    named(None),
    {"type": "name"},
    {},
)
NOBODY_KNOWS = named("EPSG:99999")


def write(path: Path, geoms: list[Any], crs: object, *, at_the_end: bool) -> Path:
    features = [
        {"type": "Feature", "properties": {"crs": None, "code": str(n)}, "geometry": shapely.geometry.mapping(one)}
        for n, one in enumerate(geoms)
    ]
    parts: dict[str, Any] = {"type": "FeatureCollection", "crs": crs, "features": features}
    if at_the_end:
        parts["crs"] = parts.pop("crs")
    path.write_text(json.dumps(parts))
    return path


@depths(1, 2)
def test_a_member_that_says_nothing_or_what_nobody_knows_is_refused(
    tmp_path: Path, lonlats: Lonlats, owners: Owners, depth: int
) -> None:
    """In one place of the file, each member in another, or in both."""
    points = [shapely.Point(*pair) for pair in lonlats[:3]]
    expected = [(None, CrsNotStated), *((one, CrsUnknown) for one in (*UNREADABLE, NOBODY_KNOWS))]
    for number, ((crs, error), last) in enumerate(itertools.product(expected, (False, True))):
        if depth == 1 and (number // 2) % 2 != last:
            continue
        file = write(tmp_path / f"{number}.geojson", points, crs, at_the_end=last)
        areas = write(tmp_path / f"areas{number}.geojson", [shapely.box(91, 29, 92, 30)], crs, at_the_end=last)

        with pytest.raises(error):
            assign(Request(file, tmp_path / "out.csv"), owners)
        with pytest.raises(error):
            read_features(str(areas))
        assert not (tmp_path / "out.csv").exists()
        # As the advice says.
        assign(Request(file, tmp_path / "out.csv", crs="wgs84", overwrite=True), owners)
        assert read_features(str(areas), crs="wgs84").crs == "EPSG:4326"
        (tmp_path / "out.csv").unlink()


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4326"])
def test_a_member_that_names_degrees_is_taken(tmp_path: Path, lonlats: Lonlats, owners: Owners, name: str) -> None:
    file = write(
        tmp_path / "points.geojson", [shapely.Point(*pair) for pair in lonlats[:3]], named(name), at_the_end=True
    )

    assign(Request(file, tmp_path / "out.csv"), owners)

    assert (tmp_path / "out.csv").read_text().count("\n") == 4


def test_a_property_called_crs_is_none_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "points.geojson"
    point = {"type": "Feature", "geometry": None, "properties": {"a": {"crs": None}, "crs": "foo"}}
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [point]}))

    assert stated_crs(file) == "OGC:CRS84"
