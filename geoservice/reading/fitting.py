"""Geometries as a layer takes them: points, several lines or areas as one feature, or both. Nothing is repaired."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import GeometryType

from layers.antimeridian import cut, lies_across, whole
from layers.crs import KEPT_DECIMALS
from layers.layer import Layer

_WORDS = {
    GeometryType.POINT: "a point", GeometryType.LINESTRING: "a line", GeometryType.LINEARRING: "a line",
    GeometryType.POLYGON: "an area", GeometryType.MULTIPOINT: "several points",
    GeometryType.MULTILINESTRING: "several lines", GeometryType.MULTIPOLYGON: "several areas",
    GeometryType.GEOMETRYCOLLECTION: "a collection",
}  # fmt: skip
_TAKEN = {
    "Point": (GeometryType.POINT,),
    "MultiLineString": (GeometryType.MULTILINESTRING,),
    "Polygon": (GeometryType.POLYGON,),
    "MultiPolygon": (GeometryType.MULTIPOLYGON,),
    "Geometry": (
        GeometryType.LINESTRING, GeometryType.MULTILINESTRING, GeometryType.POLYGON, GeometryType.MULTIPOLYGON,
    ),
}  # fmt: skip
_TAKES = {"Point": "points", "MultiLineString": "lines", "Polygon": "areas", "MultiPolygon": "areas",
          "Geometry": "lines and areas"}  # fmt: skip


@dataclass
class Fitted:
    """Geometries in EPSG:4326, one entry a feature."""

    #: None where there is none, or one that is refused.
    geoms: NDArray[np.object_]
    refused: dict[int, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def fitted(geoms: NDArray[np.object_], layer: Layer) -> Fitted:
    """Return geometries as a layer takes them, with reasons for those that it does not.

    Parameters
    ----------
    geoms
        2D, EPSG:4326, None where there is none; infinite where a vertex is not on the earth.
    """
    done = Fitted(np.array([*geoms, None], dtype=object)[:-1])
    _drop_empty(done)
    _cut(done)
    _round(done)
    _unite(done, layer)
    _refuse(done, ~_is_kind(done.geoms, layer), lambda geom: _not_taken(geom, layer))
    _refuse(done, ~shapely.is_valid(done.geoms), lambda geom: f"its shape is not valid: {_why(geom)}")
    return done


def _drop_empty(done: Fitted) -> None:
    done.geoms[shapely.is_empty(done.geoms)] = None


def _cut(done: Fitted) -> None:
    """Cut at 180 degrees what lies across, however it is written."""
    west, _, east, _ = shapely.bounds(done.geoms).T
    for at in np.flatnonzero((east - west > 180) | (east > 180) | (west < -180)).tolist():
        if lies_across(done.geoms[at : at + 1]):
            done.geoms[at] = cut(whole(done.geoms[at : at + 1])[0])


def _round(done: Fitted) -> None:
    """Refuse what is not on the earth, and keep so many decimals of the rest."""
    coords, place = shapely.get_coordinates(done.geoms, return_index=True)
    on_earth = (np.abs(coords) <= (180, 90)).all(axis=1)
    for at in np.unique(place[~on_earth]).tolist():
        done.refused[at] = "it does not lie on the earth, in this CRS"
        done.geoms[at] = None
    there = shapely.is_geometry(done.geoms)
    done.geoms[there] = shapely.transform(done.geoms[there], lambda one: np.round(one, KEPT_DECIMALS))


def _unite(done: Fitted, layer: Layer) -> None:
    """Make of several points that are one a point, and of an area or line several, where the layer has those."""
    kinds = shapely.get_type_id(done.geoms)
    if layer.geometry == "MultiLineString":
        lines = kinds == GeometryType.LINESTRING
        done.geoms[lines] = [shapely.multilinestrings([geom]) for geom in done.geoms[lines]]
        return
    if layer.geometry == "MultiPolygon":
        areas = kinds == GeometryType.POLYGON
        done.geoms[areas] = [shapely.multipolygons([geom]) for geom in done.geoms[areas]]
        return
    several = {"Point": GeometryType.MULTIPOINT, "Polygon": GeometryType.MULTIPOLYGON}.get(layer.geometry)
    if several is not None:
        for place in np.flatnonzero((kinds == several) & (shapely.get_num_geometries(done.geoms) == 1)).tolist():
            done.geoms[place] = shapely.get_geometry(done.geoms[place], 0)


def _is_kind(geoms: NDArray[np.object_], layer: Layer) -> NDArray[np.bool_]:
    taken: NDArray[np.bool_] = np.isin(shapely.get_type_id(geoms), [int(kind) for kind in _TAKEN[layer.geometry]])
    return taken


def _not_taken(geom: Any, layer: Layer) -> str:
    found = _WORDS[GeometryType(shapely.get_type_id(geom))]
    return f"it is {found}, and {layer.title.en.lower()} are {_TAKES[layer.geometry]}"


def _why(geom: Any) -> str:
    return str(shapely.is_valid_reason(geom))


def _refuse(done: Fitted, wrong: NDArray[np.bool_], why: Callable[[Any], str]) -> None:
    for place in np.flatnonzero(wrong & shapely.is_geometry(done.geoms)).tolist():
        done.refused[place] = why(done.geoms[place])
        done.geoms[place] = None
