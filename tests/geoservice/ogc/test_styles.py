"""How collections look: styles that MapLibre and QGIS read, over the tiles and columns that there are."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from layers.catalogue import catalogue
from tests.geoservice.ogc.test_standard import ROOT, get, links
from tests.geoservice.web.door import Door

MAPLIBRE, QML = "application/vnd.mapbox.style+json", "application/vnd.qgis.qml"
#: Of the specification, version 8: what each type of layer may be painted with here.
PAINT = {
    "fill": {"fill-color", "fill-opacity"},
    "line": {"line-color", "line-opacity", "line-width"},
    "circle": {"circle-color", "circle-opacity", "circle-radius", "circle-stroke-color", "circle-stroke-opacity",
               "circle-stroke-width"},
}  # fmt: skip
OPERATORS = {"match", "get", "in", "literal", "all", "min", "max", "+", "*", "/", "sqrt", "coalesce", "interpolate",
             "exponential", "zoom", "geometry-type", "to-number", ">"}  # fmt: skip
SHAPES = {"Point": {"marker"}, "Polygon": {"fill"}, "MultiPolygon": {"fill"}, "Geometry": {"fill", "line"}}
every_styled = pytest.mark.parametrize("collection", [one.id for one in catalogue().values() if one.styles])


def expressions(value: Any) -> list[list[Any]]:
    """Return the expressions of a style that are part of a value, itself among them."""
    if not isinstance(value, list) or not value or value[0] == "literal":
        return []
    return [value, *(one for part in value[1:] for one in expressions(part))]


@every_styled
def test_a_collection_links_its_styles(door: Door, collection: str) -> None:
    told = get(door, f"{ROOT}/collections/{collection}").json
    (listing,) = links(told, "http://www.opengis.net/def/rel/ogc/1.0/styles")
    (style,) = get(door, listing["href"].removeprefix("http://localhost")).json["styles"]

    assert links(style, "stylesheet") == links(told, "stylesheet")
    assert {one["type"] for one in links(told, "stylesheet")} == {MAPLIBRE, QML}
    for one in links(told, "stylesheet"):
        assert get(door, one["href"].removeprefix("http://localhost")).content_type == one["type"]
    assert b"<html" in get(door, f"{ROOT}/collections/{collection}/styles/map?f=html").data


@every_styled
def test_a_style_for_maplibre_is_valid_and_draws_what_is_in_the_tiles(door: Door, collection: str) -> None:
    style = get(door, f"{ROOT}/collections/{collection}/styles/map?lang=en").json
    layer = catalogue()[collection]
    (source,) = style["sources"].values()

    assert (style["version"], style["name"]) == (8, layer.title.en)
    assert style["layers"]
    fields = {column.name for column in layer.columns}
    there = {collection: fields}
    if layer.tiling is None:
        assert source["type"] == "geojson"
        assert get(door, source["data"].removeprefix("http://localhost")).json["type"] == "FeatureCollection"
    else:
        document = get(door, source["url"].removeprefix("http://localhost")).json
        there = {one["id"]: set(one["fields"]) for one in document["vector_layers"]}
    ids = [one["id"] for one in style["layers"]]
    assert len(set(ids)) == len(ids)
    for one in style["layers"]:
        assert one["source"] in style["sources"]
        assert set(one["paint"]) <= PAINT[one["type"]]
        drawn = there[one.get("source-layer", collection)]
        assert ("source-layer" in one) == (source["type"] == "vector")
        for expression in [
            *expressions(one.get("filter")),
            *(e for p in one["paint"].values() for e in expressions(p)),
        ]:
            assert expression[0] in OPERATORS
            if expression[0] == "get":
                assert expression[1] in drawn, one["id"]
            if expression[0] == "match":
                assert len(expression) % 2 == 1  # input, pairs, and what else


@every_styled
def test_a_style_for_qgis_has_a_look_for_each_value(door: Door, collection: str) -> None:
    layer, sheets = catalogue()[collection], []
    told = get(door, f"{ROOT}/collections/{collection}?lang=en").json
    for one in links(told, "stylesheet"):
        if one["type"] == QML:
            answer = get(door, one["href"].removeprefix("http://localhost"))
            assert answer.headers["Content-Disposition"].endswith('.qml"')
            sheets.append(ET.fromstring(answer.data))  # noqa: S314  ours
    kinds = set()
    for sheet in sheets:
        renderer = sheet.find("renderer-v2")
        assert renderer is not None
        symbols = renderer.findall("symbols/symbol")
        kinds |= {one.attrib["type"] for one in symbols}
        offered = {
            field.attrib["name"]: {
                one.attrib["value"]: one.attrib["name"] for one in field.iter("Option") if "value" in one.attrib
            }
            for field in sheet.findall("fieldConfiguration/field")
            if field.find("editWidget[@type='ValueMap']") is not None
        }  # fmt: skip
        assert offered == {
            one.name: {code: f"{title.en} / {title.zh}" for code, title in one.codes.items()}
            for one in layer.columns
            if one.codes
        }
        assert [one.attrib["name"] for one in sheet.findall("aliases/alias")] == [
            f"{one.title.en} ({one.unit})" if one.unit else one.title.en for one in layer.columns
        ]
        categories = renderer.findall("categories/category")
        assert len(symbols) == max(1, len(categories))
        if categories:
            column = layer.column(renderer.attrib["attr"])
            words = {one.attrib["value"]: one.attrib["label"] for one in categories if one.attrib["value"]}
            shown = [value for style in layer.styles for value in style.only or column.codes]
            assert words == {value: column.codes[value].en for value in shown}
    assert kinds == SHAPES[layer.geometry]


def test_in_which_form_a_style_comes(door: Door) -> None:
    path = f"{ROOT}/collections/buildings/styles/map"

    assert get(door, path, Accept=QML).content_type == QML
    assert get(door, path, Accept="*/*").content_type == MAPLIBRE
    for form in ("qml-lines", "sld"):
        assert door.client.get(f"{path}?f={form}").status_code == 400
    for missing in ("buildings/styles/night", "none/styles", "none/styles/map"):
        assert door.client.get(f"{ROOT}/collections/{missing}").status_code == 404
