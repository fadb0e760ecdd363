"""Draw the grids of a published edition for every zoom: a border of two stays one line, however coarse it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, text

from layers.db.bulk import copy_rows
from tilegen.matrix import DEEPEST_ZOOM, EXTENT, tile_matrix_set

#: Up to which zooms grids are drawn alike. At the deepest they have every vertex.
LEVELS = (4, 6, 8, 9, 10, 11, 12, 13, DEEPEST_ZOOM)
#: What is left out is smaller than so many coordinates of a tile, of which a screen shows 8 to 16 as one pixel.
_TOLERANCE = 4
_MERCATOR = 3857


@dataclass(frozen=True)
class Drawn:
    """Grids as they are drawn at one level, EPSG:3857."""

    names: Mapping[str, tuple[str | None, str | None]]
    geoms: Mapping[str, BaseGeometry]


_ALONE = text("SELECT pg_advisory_xact_lock(geoservice.tile_lock(), :jurisdiction_id)")
_IS_DRAWN = text("SELECT EXISTS (SELECT FROM geoservice.tile_edition AS e WHERE e.edition_id = :edition_id)")
_BEFORE = text("""
    SELECT e.id FROM geoservice.edition AS e JOIN geoservice.tile_edition AS d ON d.edition_id = e.id
      JOIN geoservice.edition AS this ON this.id = :edition_id AND this.jurisdiction_id = e.jurisdiction_id
     WHERE e.id <> this.id AND e.valid_from <= this.valid_from
     ORDER BY e.valid_from DESC, e.id DESC LIMIT 1
""")
_GRIDS = text("""
    SELECT g.code, g.name, g.name_en, st_asbinary(geoservice.web_mercator(g.geom)) AS geom FROM geoservice.grid AS g
     WHERE g.edition_id = :edition_id AND g.unowned_reason IS NULL ORDER BY g.code
""")
_DRAWN = text("""
    SELECT g.level, g.code, g.name, g.name_en, st_asbinary(g.geom) AS geom FROM geoservice.tile_grid AS g
     WHERE g.edition_id = :edition_id AND g.geom IS NOT NULL
""")
_NOTE = text("INSERT INTO geoservice.tile_edition (edition_id, previous_id) VALUES (:edition_id, :previous_id)")
_COLUMNS = ("edition_id", "level", "code", "name", "name_en", "geom", "label", "redrawn")


def level_of(zoom: int) -> int:
    """Return the level that tiles of a zoom are drawn from."""
    return next(level for level in LEVELS if zoom <= level)


def draw_edition(connection: Connection, jurisdiction_id: int, edition_id: int) -> None:
    """Draw the grids of a published edition unless that was done; of several who ask, one does it."""
    asked = {"edition_id": edition_id}
    if connection.execute(_IS_DRAWN, asked).scalar_one():
        return
    connection.execute(_ALONE, {"jurisdiction_id": jurisdiction_id})
    if connection.execute(_IS_DRAWN, asked).scalar_one():
        return
    before_id = connection.execute(_BEFORE, asked).scalar_one_or_none()
    before = {} if before_id is None else _read(connection, before_id)
    rows = connection.execute(_GRIDS, asked).all()
    names = {row.code: (row.name, row.name_en) for row in rows}
    exact = shapely.from_wkb([bytes(row.geom) for row in rows])
    connection.execute(_NOTE, asked | {"previous_id": before_id})
    labels = dict(zip(names, map(_label, exact), strict=True))
    for level in LEVELS:
        drawn = Drawn(names, dict(zip(names, _simplified(exact, level), strict=True)))
        copy_rows(
            connection, "tile_grid", _COLUMNS,
            (_row(edition_id, level, *one, labels) for one in _compared(drawn, before.get(level))),
        )  # fmt: skip


def _read(connection: Connection, edition_id: int) -> dict[int, Drawn]:
    names: dict[int, dict[str, tuple[str | None, str | None]]] = {level: {} for level in LEVELS}
    geoms: dict[int, dict[str, BaseGeometry]] = {level: {} for level in LEVELS}
    for row in connection.execute(_DRAWN, {"edition_id": edition_id}):
        names[row.level][row.code] = (row.name, row.name_en)
        geoms[row.level][row.code] = shapely.from_wkb(bytes(row.geom))
    return {level: Drawn(names[level], geoms[level]) for level in LEVELS}


def _simplified(geoms: Sequence[BaseGeometry], level: int) -> Sequence[BaseGeometry]:
    """Return grids, EPSG:3857, as a level draws them; what was one border stays one."""
    if level == DEEPEST_ZOOM or not len(geoms):
        return geoms
    west, _, east, _ = tile_matrix_set().xy_bbox
    coordinate = (east - west) / (1 << level) / EXTENT
    simplified: Sequence[BaseGeometry] = shapely.coverage_simplify(np.asarray(geoms), _TOLERANCE * coordinate)
    return simplified


def _label(geom: BaseGeometry) -> BaseGeometry:
    """Return the place in a grid that is farthest from its borders, to a hundredth of its size."""
    largest = max(shapely.get_parts(geom), key=lambda part: part.area)
    west, south, east, north = largest.bounds
    circle = shapely.maximum_inscribed_circle(largest, tolerance=max(east - west, north - south) / 100)
    return shapely.get_point(circle, 0)


def _compared(
    drawn: Drawn, before: Drawn | None
) -> Iterator[tuple[str, tuple[str | None, str | None], BaseGeometry | None, BaseGeometry | None]]:
    """Yield each grid: code, names, shape, and the ground on which it looks otherwise than before; those gone, too."""
    for code, geom in drawn.geoms.items():
        yield code, drawn.names[code], geom, _redrawn(code, drawn, before)
    for code in () if before is None else sorted(before.geoms.keys() - drawn.geoms.keys()):
        yield code, (None, None), None, before.geoms[code]  # type: ignore[union-attr]


def _redrawn(code: str, drawn: Drawn, before: Drawn | None) -> BaseGeometry | None:
    geom, old = drawn.geoms[code], None if before is None else before.geoms.get(code)
    if before is None or old is None:
        return geom
    if drawn.names[code] != before.names[code]:
        return shapely.union(geom, old)
    if shapely.equals_identical(geom, old):
        return None
    # A difference too thin to be an area is one of the borders.
    areas, borders = shapely.symmetric_difference(geom, old), shapely.symmetric_difference(geom.boundary, old.boundary)
    parts = [part for part in shapely.get_parts([areas, borders]) if not part.is_empty]
    return shapely.geometrycollections(parts) if parts else None


def _row(
    edition_id: int, level: int, code: str, names: tuple[str | None, str | None], geom: BaseGeometry | None,
    redrawn: BaseGeometry | None, labels: Mapping[str, BaseGeometry],
) -> tuple[object, ...]:  # fmt: skip
    label = None if geom is None else labels[code]
    return (edition_id, level, code, *names, *map(_mercator, (geom, label, redrawn)))


def _mercator(geom: BaseGeometry | None) -> str | None:
    if geom is None:
        return None
    return shapely.to_wkb(shapely.set_srid(geom, _MERCATOR), hex=True, include_srid=True)
