"""Cut tiles: one statement for many tiles of a layer, from what the database keeps in EPSG:3857.

A statement sees the database at one instant. It tells the version that a tile has there, and cuts it only when that is
the version which is asked for and no change waits to be taken up: so what has a version is made of the rows that gave
it that version, whenever it is cut. Rows have an order, so its bytes are always the same ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, TextClause, text
from sqlalchemy.dialects import postgresql

from layers.db.base import SCHEMA
from layers.layer import Layer, Tiling
from tilegen.drawing import DrawnEdition
from tilegen.matrix import EXTENT, MARGIN, TOUCHING, Tile

#: A tile has at most so many bytes, not compressed: beyond that features are left out, and the tile says so.
MAX_BYTES = 500_000
#: Of the room that there is, so much is aimed at when features are left out.
_FILL = 0.9
_quote = postgresql.dialect().identifier_preparer.quote_identifier
#: The parts that are put together below are names of the catalogue, which are quoted, and numbers of our own.
_FRAME = """
    WITH asked AS MATERIALIZED (
        SELECT t.z, t.x, t.y, st_tileenvelope(t.z, t.x, t.y) AS box,
               st_tileenvelope(t.z, t.x, t.y, margin => {margin}) AS drawn,
               st_tileenvelope(t.z, t.x, t.y, margin => {touching}) AS near
          FROM {{tiles}} AS t (z, x, y)
    )
    SELECT a.z, a.x, a.y, s.version, s.latest, s.waits,
           CASE WHEN (:though_waiting OR NOT s.waits) AND (CAST(:version AS bigint) IS NULL OR s.version = :version)
                THEN ({{data}}) END AS data
      FROM asked AS a CROSS JOIN LATERAL {{state}} AS s
""".format(margin=f"{MARGIN} / {EXTENT}.0", touching=f"{TOUCHING} / {EXTENT}.0")  # noqa: S608
_MANY = "unnest(CAST(:zs AS integer[]), CAST(:xs AS integer[]), CAST(:ys AS integer[]))"
#: Of one tile plainly, so that the database keeps its plan.
_ONE = "(VALUES (CAST(:z AS integer), CAST(:x AS integer), CAST(:y AS integer)))"
#: What a layer of a tile is made of: rows with a column geom.
_LAYER = f"SELECT st_asmvt(r, '{{name}}', {EXTENT}, 'geom') FROM ({{rows}}) AS r"  # noqa: S608
_STATE = "geoservice.tile_state(:jurisdiction_id, :layer, a.z, a.x, a.y, a.near)"
#: Cells change only when changes are taken up, and with their versions.
_STATE_OF_CELLS = "geoservice.tile_state(:jurisdiction_id, :layer, a.z, a.x, a.y, NULL)"
_STATE_OF_EDITION = """
    (SELECT d.edition_id, d.version, CAST(:latest AS bigint) AS latest, false AS waits
       FROM geoservice.tile_drawn_by(:edition_id, :zoom, a.near) AS d)"""


@dataclass(frozen=True)
class Cut:
    """What the database says of a tile."""

    tile: Tile
    #: Its own: of the change that touched it last, or of the edition that first drew it like this.
    version: int
    #: The version of its tile set.
    latest: int
    #: A change that touches it waits to be taken up.
    waits: bool
    #: A Mapbox vector tile, empty when nothing is there; None when it was not cut.
    data: bytes | None


def cut_tiles(
    connection: Connection, layer: Layer, jurisdiction_id: int, tiles: Sequence[Tile], *, version: int | None = None,
    though_waiting: bool = False,
) -> list[Cut]:  # fmt: skip
    """Return tiles of a layer that is kept current.

    Parameters
    ----------
    tiles
        All of one zoom.
    version
        Only those that have this version are cut; None: all.
    though_waiting
        Cut as they are now, though a change waits: such a tile has no version.
    """
    said = {
        "jurisdiction_id": jurisdiction_id, "layer": layer.id, "version": version, "though_waiting": though_waiting,
    } | _asked(tiles)  # fmt: skip
    cuts = [_cut(row) for row in connection.execute(_statement(layer, tiles[0].z, len(tiles) == 1), said)]
    return [_thinned(connection, layer, said, cut) if _is_too_large(cut, layer) else cut for cut in cuts]


def _is_too_large(cut: Cut, layer: Layer) -> bool:
    single = layer.tiling is not None and cut.tile.z >= layer.tiling.min_zoom
    return single and cut.data is not None and len(cut.data) > MAX_BYTES


def cut_edition_tiles(
    connection: Connection, edition: DrawnEdition, tiles: Sequence[Tile], *, version: int | None = None
) -> list[Cut]:
    """Return tiles of the grids of a published edition, and of their labels; parameters are as in `cut_tiles`.

    A tile is drawn from the edition whose version it has: shapes that look the same may begin at another vertex.
    """
    said = {
        "edition_id": edition.id, "latest": edition.version, "zoom": tiles[0].z, "version": version,
        "though_waiting": False,
    } | _asked(tiles)  # fmt: skip
    return [_cut(row) for row in connection.execute(_OF_EDITION[len(tiles) == 1], said)]


def _asked(tiles: Sequence[Tile]) -> dict[str, object]:
    if len(tiles) == 1:
        return tiles[0]._asdict()
    zs, xs, ys = zip(*tiles, strict=True)
    return {"zs": list(zs), "xs": list(xs), "ys": list(ys)}


def _framed(data: str, state: str, *, one: bool) -> TextClause:
    return text(_FRAME.format(data=data, state=state, tiles=_ONE if one else _MANY))


def _cut(row: Row[Any]) -> Cut:
    data = None if row.data is None else bytes(row.data)
    return Cut(Tile(row.z, row.x, row.y), row.version, row.latest, row.waits, data)


@cache
def _statement(layer: Layer, zoom: int, one: bool) -> TextClause:
    tiling = layer.tiling
    assert tiling is not None  # noqa: S101  a layer without tiles is never asked for
    if zoom < tiling.min_zoom:
        cells = _LAYER.format(name=layer.cells_id, rows=_cells(layer, tiling, zoom))
        return _framed(cells, _STATE_OF_CELLS, one=one)
    return _framed(_LAYER.format(name=layer.id, rows=_features(layer)), _STATE, one=one)


def _drawn(geom: str) -> str:
    return f"st_asmvtgeom({geom}, a.box, {EXTENT}, {MARGIN}, true) AS geom"


def _features(layer: Layer, *, chosen: str = "") -> str:
    """Return the query for the features of a tile `a`. No condition on what is drawn: it would be drawn twice."""
    geom = f"f.{_quote(layer.geom + '_3857')}"
    # Ids of incidents are at random: to sort by them alone costs a quarter of the tile.
    chosen = chosen or ("ORDER BY f.id" if layer.geometry != "Point" else f"ORDER BY st_x({geom}), f.id")
    told = "".join(f", f.{_quote(name)}" for name in layer.tile_columns)
    return f"""
        SELECT {_drawn(geom)}{told}
          FROM (SELECT f.* FROM {SCHEMA}.{_quote(layer.table)} AS f
                 WHERE f.jurisdiction_id = :jurisdiction_id AND {geom} && a.drawn {chosen}) AS f
    """  # noqa: S608  names are quoted, values bound


def _cells(layer: Layer, tiling: Tiling, zoom: int) -> str:
    """Return the query for what a tile `a` shows in the place of features: how many there are in each cell."""
    assert tiling.cells is not None  # noqa: S101  nothing is asked for below the lowest zoom
    level = zoom + tiling.cells.bit_length() - 1
    where = "st_setsrid(st_makepoint(c.middle_x, c.middle_y), 3857)"
    if layer.geometry != "Point":
        where = f"st_tileenvelope({level}, c.x, c.y)"
    return f"""
        SELECT {_drawn(where)}, c.features, c.counts
          FROM geoservice.tile_cell AS c
         WHERE c.jurisdiction_id = :jurisdiction_id AND c.layer = :layer AND c.level = {level}
           AND c.x BETWEEN a.x * {tiling.cells} - 1 AND (a.x + 1) * {tiling.cells}
           AND c.y BETWEEN a.y * {tiling.cells} - 1 AND (a.y + 1) * {tiling.cells}
         ORDER BY c.x, c.y
    """  # noqa: S608  numbers of our own


def _thinned(connection: Connection, layer: Layer, said: dict[str, object], cut: Cut) -> Cut:
    """Return a tile that is too large without its smallest features, and how many of how many it shows."""
    assert layer.tiling is not None and cut.data is not None  # noqa: S101
    geom = f"f.{_quote(layer.geom + '_3857')}"
    largest_first = f"ORDER BY st_area({geom}) DESC, f.id LIMIT :shown"
    features = _LAYER.format(name=layer.id, rows=_features(layer, chosen=largest_first))
    said = said | _asked([cut.tile]) | {"version": cut.version}  # what is touched meanwhile is not cut
    there = connection.execute(text(_COUNTED.format(layer=layer.id, rows=_features(layer))), said)
    of: int = there.scalar_one()
    shown = of
    while cut.data is not None and len(cut.data) > MAX_BYTES:
        shown = int(min(shown - 1, shown * MAX_BYTES * _FILL / len(cut.data)))
        note = _LAYER.format(
            name="left_out",
            rows=f"SELECT {_drawn('st_centroid(a.box)')}, CAST(:shown AS integer) AS shown, CAST(:of AS integer) AS of",
        )
        statement = _framed(f"SELECT ({features}) || ({note})", _STATE, one=True)
        cut = _cut(connection.execute(statement, said | {"shown": shown, "of": of}).one())
    return cut


_COUNTED = f"""
    SELECT count(*) FROM (
        SELECT st_tileenvelope(z, x, y) AS box, st_tileenvelope(z, x, y, margin => {MARGIN} / {EXTENT}.0) AS drawn
          FROM (VALUES (CAST(:z AS integer), CAST(:x AS integer), CAST(:y AS integer))) AS t (z, x, y)) AS a
     CROSS JOIN LATERAL ({{rows}}) AS r
"""  # noqa: S608
_GRIDS = f"""
    SELECT {_drawn("g.geom")}, g.code, g.name, g.name_en
      FROM (SELECT g.* FROM geoservice.tile_grid AS g
             WHERE g.edition_id = s.edition_id AND g.zoom = :zoom AND g.geom && a.drawn AND st_dimension(g.geom) = 2
             ORDER BY g.code) AS g
"""  # noqa: S608  numbers of our own
_LABELS = f"""
    SELECT {_drawn("g.label")}, g.code, g.name, g.name_en
      FROM (SELECT g.* FROM geoservice.tile_grid AS g
             WHERE g.edition_id = s.edition_id AND g.zoom = :zoom AND g.geom && a.box AND g.label && a.box
             ORDER BY g.code) AS g
"""  # noqa: S608  numbers of our own
_BOTH = f"({_LAYER.format(name='grids', rows=_GRIDS)}) || ({_LAYER.format(name='grid_labels', rows=_LABELS)})"
_OF_EDITION = {one: _framed(f"SELECT {_BOTH}", _STATE_OF_EDITION, one=one) for one in (False, True)}
