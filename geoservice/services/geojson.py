"""Moves, differences and changes of outlines as GeoJSON features, for every door that shows them."""

from __future__ import annotations

from typing import Any

import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from geoservice.domain.editing.diff import Difference
from geoservice.domain.editing.outlining import OutlineChange
from geoservice.services.impact import Impact
from layers.antimeridian import cut


def move_features(impact: Impact) -> list[dict[str, Any]]:
    """Return what would move, with where from and where to; households, which are counts, are left out."""
    shown = [(move, impact.places.get((move.kind, move.id))) for move in impact.preview.moves]
    return [
        _feature(
            orjson.loads(place),
            {"kind": move.kind, "code": move.code or move.id, "from": move.from_grid, "to": move.to_grid},
        )
        for move, place in shown
        if place is not None
    ]


def difference_features(found: Difference) -> list[dict[str, Any]]:
    """Return ground gained and lost by each grid, and the stretches of border that are gone and that are new."""
    parts: list[tuple[str, str | None, BaseGeometry]] = []
    for one in found.redrawn:
        parts += [("gained", one.code, one.gained), ("lost", one.code, one.lost)]
    parts += [("border-gone", None, found.borders_gone), ("border-new", None, found.borders_new)]
    return [
        _feature(orjson.loads(shapely.to_geojson(cut(geom))), {"role": role, "code": code})
        for role, code, geom in parts
        if not geom.is_empty
    ]


def outline_features(change: OutlineChange) -> list[dict[str, Any]]:
    """Return the ground that falls in by another outline, and that which falls out."""
    parts = (("gained", change.gained), ("lost", change.lost))
    return [
        _feature(orjson.loads(shapely.to_geojson(cut(geom))), {"role": role})
        for role, geom in parts
        if not geom.is_empty
    ]


def collection(features: list[dict[str, Any]]) -> dict[str, Any]:
    """Return features as one GeoJSON object."""
    return {"type": "FeatureCollection", "features": features}


def _feature(geometry: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}
