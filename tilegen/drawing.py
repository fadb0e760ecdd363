"""Draw the grids of a published edition for every zoom: a border of two stays one line, however coarse it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, text

from layers.crs import WEB_MERCATOR_SRID
from layers.db.bulk import copy_rows
from tilegen.matrix import DEEPEST_ZOOM, EXTENT, tile_matrix_set

#: From this zoom on grids have every vertex that can be told from the next.
_WHOLE_FROM = 14
#: What is left out is smaller than so many coordinates of a tile, of which a screen shows 8 to 16 as one pixel.
_TOLERANCE = 4


@dataclass(frozen=True)
class DrawnEdition:
    """A published edition whose grids were drawn, and the version of its tiles."""

    id: int
    version: int


@dataclass(frozen=True)
class Drawn:
    """Grids as they are drawn at one zoom, EPSG:3857; of one that is too small to be seen, where its name stands."""

    names: dict[str, tuple[str | None, str | None]]
    geoms: dict[str, BaseGeometry]
    labels: dict[str, BaseGeometry]


_ALONE = text("SELECT geoservice.lock_drawing(:jurisdiction_id)")
_DRAWN_VERSION = text("SELECT d.version FROM geoservice.tile_edition AS d WHERE d.edition_id = :edition_id")
_OF_VERSION = text("""
    SELECT d.edition_id FROM geoservice.tile_edition AS d JOIN geoservice.edition AS e ON e.id = d.edition_id
     WHERE d.version = :version AND e.jurisdiction_id = :jurisdiction_id
""")
_BEFORE = text("""
    SELECT e.id FROM geoservice.edition AS e JOIN geoservice.tile_edition AS d ON d.edition_id = e.id
      JOIN geoservice.edition AS this ON this.id = :edition_id AND this.jurisdiction_id = e.jurisdiction_id
     WHERE e.id <> this.id AND e.valid_from <= this.valid_from
     ORDER BY e.valid_from DESC, e.id DESC LIMIT 1
""")
_GRIDS = text("""
    SELECT g.code, g.name, g.name_en, st_asbinary(geoservice.web_mercator(g.geom)) AS geom FROM geoservice.grid AS g
     WHERE g.edition_id = :edition_id AND g.unowned_reason IS NULL AND NOT st_isempty(geoservice.web_mercator(g.geom))
     ORDER BY g.code
""")
_GRIDS_DRAWN = text("""
    SELECT g.zoom, g.code, g.name, g.name_en, st_asbinary(g.geom) AS geom, st_asbinary(g.label) AS label
      FROM geoservice.tile_grid AS g
     WHERE g.edition_id = :edition_id AND g.geom IS NOT NULL
""")
_NOTE = text("""
    INSERT INTO geoservice.tile_edition (edition_id, version, previous_id)
    SELECT :edition_id, greatest((extract(epoch FROM clock_timestamp()) * 1000)::bigint, max(d.version) + 1),
           :previous_id
      FROM geoservice.tile_edition AS d
    RETURNING version
""")
_COLUMNS = ("edition_id", "zoom", "code", "name", "name_en", "geom", "label", "redrawn")


def drawn_edition(connection: Connection, jurisdiction_id: int, version: int) -> DrawnEdition | None:
    """Return the edition of a jurisdiction whose tiles have a version; None when none has."""
    asked = {"version": version, "jurisdiction_id": jurisdiction_id}
    edition_id = connection.execute(_OF_VERSION, asked).scalar_one_or_none()
    return None if edition_id is None else DrawnEdition(edition_id, version)


def already_drawn(connection: Connection, edition_id: int) -> DrawnEdition | None:
    """Return a published edition whose grids were drawn; None when they were not yet."""
    version = connection.execute(_DRAWN_VERSION, {"edition_id": edition_id}).scalar_one_or_none()
    return None if version is None else DrawnEdition(edition_id, version)


def draw_edition(connection: Connection, jurisdiction_id: int, edition_id: int) -> DrawnEdition:
    """Draw the grids of a published edition unless that was done; of several who ask, one does it."""
    drawn = already_drawn(connection, edition_id)
    if drawn is None:
        connection.execute(_ALONE, {"jurisdiction_id": jurisdiction_id})
        drawn = already_drawn(connection, edition_id)
    return drawn or DrawnEdition(edition_id, _draw(connection, edition_id))


def _draw(connection: Connection, edition_id: int) -> int:
    asked = {"edition_id": edition_id}
    before_id = connection.execute(_BEFORE, asked).scalar_one_or_none()
    before = {} if before_id is None else _read(connection, before_id)
    rows = connection.execute(_GRIDS, asked).all()
    names = {row.code: (row.name, row.name_en) for row in rows}
    exact = shapely.from_wkb([bytes(row.geom) for row in rows])
    version: int = connection.execute(_NOTE, asked | {"previous_id": before_id}).scalar_one()
    # Of shapes with few vertices: it takes a tenth of the time, and stays where it is when a border moves a little.
    labels = dict(zip(names, map(_label, _simplified(exact, _WHOLE_FROM - 1)), strict=True))
    for zoom in range(DEEPEST_ZOOM + 1):
        shapes = on_coordinates(_simplified(exact, zoom), zoom)
        geoms = {code: labels[code] if geom.is_empty else geom for code, geom in zip(names, shapes, strict=True)}
        copy_rows(
            connection, "tile_grid", _COLUMNS, _rows(edition_id, zoom, Drawn(names, geoms, labels), before.get(zoom))
        )
    return version


def _read(connection: Connection, edition_id: int) -> dict[int, Drawn]:
    found = {zoom: Drawn({}, {}, {}) for zoom in range(DEEPEST_ZOOM + 1)}
    for row in connection.execute(_GRIDS_DRAWN, {"edition_id": edition_id}):
        of = found[row.zoom]
        of.names[row.code] = (row.name, row.name_en)
        of.geoms[row.code], of.labels[row.code] = shapely.from_wkb([bytes(row.geom), bytes(row.label)])
    return found


def _coordinate(zoom: int) -> float:
    """Return how wide a coordinate of a tile is, metres of EPSG:3857."""
    west, _, east, _ = tile_matrix_set().xy_bbox
    return (east - west) / (1 << zoom) / EXTENT


def _simplified(geoms: Sequence[BaseGeometry], zoom: int) -> Sequence[BaseGeometry]:
    """Return grids, EPSG:3857, with the vertices that a zoom needs; what was one border stays one."""
    if zoom >= _WHOLE_FROM or not len(geoms):
        return geoms
    simplified: Sequence[BaseGeometry] = shapely.coverage_simplify(np.asarray(geoms), _TOLERANCE * _coordinate(zoom))
    return simplified


def on_coordinates(geoms: Sequence[BaseGeometry], zoom: int) -> list[BaseGeometry]:
    """Return grids, EPSG:3857, with their vertices on whole coordinates of tiles; empty where nothing is left.

    Rounded each by itself, two would cross where a corner of a third is nearer to their border than a rounding: the
    corner comes to lie beyond it. So all borders are rounded together (snap rounding: borders bend to the corners that
    come near it), and each face between them is the grid's whose ground it was.
    """
    if not len(geoms):
        return []
    borders = shapely.union_all(shapely.boundary(geoms), grid_size=_coordinate(zoom))
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(borders)))
    of_face, owners = shapely.STRtree(geoms).query(shapely.point_on_surface(faces), predicate="intersects")
    _, first = np.unique(of_face, return_index=True)  # the middle of a small face may lie on a border
    of_face, owners = of_face[first], owners[first]
    # Each from the same vertex on, however it was put together: so it is seen to be the same in the next edition.
    return [shapely.normalize(shapely.coverage_union_all(faces[of_face[owners == one]])) for one in range(len(geoms))]


def _label(geom: BaseGeometry) -> BaseGeometry:
    """Return the place in a grid that is farthest from its borders, to a hundredth of its size."""
    largest = max(shapely.get_parts(geom), key=lambda part: part.area)
    west, south, east, north = largest.bounds
    circle = shapely.maximum_inscribed_circle(largest, tolerance=max(east - west, north - south) / 100)
    return shapely.get_point(circle, 0)


def _rows(edition_id: int, zoom: int, drawn: Drawn, before: Drawn | None) -> Iterator[tuple[object, ...]]:
    """Yield a row for each grid, with the ground where it looks otherwise than before; for those that are gone, too."""
    for code, geom in drawn.geoms.items():
        shapes = map(_ewkb, (geom, drawn.labels[code], _redrawn(code, drawn, before)))
        yield (edition_id, zoom, code, *drawn.names[code], *shapes)
    if before is not None:
        for code in before.geoms.keys() - drawn.geoms.keys():
            yield (edition_id, zoom, code, None, None, None, None, _ewkb(before.geoms[code]))


def _redrawn(code: str, drawn: Drawn, before: Drawn | None) -> BaseGeometry | None:
    geom, old = drawn.geoms[code], None if before is None else before.geoms.get(code)
    if before is None or old is None:
        return geom
    if drawn.names[code] != before.names[code]:
        return shapely.union(geom, old)
    changed = []
    if not shapely.equals_identical(geom, old):  # a difference too thin to be an area is one of the borders
        borders = shapely.symmetric_difference(geom.boundary, old.boundary)
        changed += [shapely.symmetric_difference(geom, old), borders]
    if not shapely.equals_identical(drawn.labels[code], before.labels[code]):
        changed += [drawn.labels[code], before.labels[code]]
    parts = [part for part in shapely.get_parts(changed) if not part.is_empty]
    return shapely.geometrycollections(parts) if parts else None


def _ewkb(geom: BaseGeometry | None) -> str | None:
    if geom is None:
        return None
    return shapely.to_wkb(shapely.set_srid(geom, WEB_MERCATOR_SRID), hex=True, include_srid=True)
