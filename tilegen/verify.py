"""Look whether kept tiles are what the tables say: cut anew they are the same, and GDAL finds as many features."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pyogrio
from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql

from layers.db.base import SCHEMA
from tilegen.matrix import EXTENT, MARGIN, Tile
from tilegen.pyramid import TileSource, is_whole
from tilegen.store import TileStore

_quote = postgresql.dialect().identifier_preparer.quote_identifier


class Wrong(NamedTuple):
    """A kept tile, and a sentence on what is wrong with it."""

    tile: Tile
    version: int
    said: str


def verify(
    connection: Connection, source: TileSource, store: TileStore, kept: Sequence[tuple[Tile, int]]
) -> Iterator[Wrong]:
    """Yield what is wrong with kept tiles, all of one zoom, that have the version which they have now."""
    fresh = {cut.tile: cut for cut in source.cut(connection, [tile for tile, _ in kept])}
    there = _features_there(connection, source, [tile for tile, _ in kept])
    for tile, version in kept:
        cut, data = fresh[tile], store.get(source.name, tile, version)
        if data is None or cut.waits or cut.version != version:
            continue  # it went, or was touched, since it was asked for
        name = f"{source.name.layer} {'/'.join(map(str, tile))}"
        if not is_whole(data):
            yield Wrong(tile, version, f"{name} of version {version} can not be read")
            continue
        whole = gzip.decompress(data) if data else b""
        if whole != cut.data:
            yield Wrong(tile, version, f"{name} of version {version} is not what the tables say now")
        found = _features_in(whole, source.layer.id)
        if there is not None and found is not None and found != there[tile]:
            yield Wrong(tile, version, f"{name} holds {found} features, the table {there[tile]}")


def _features_there(connection: Connection, source: TileSource, tiles: Sequence[Tile]) -> dict[Tile, int] | None:
    """Return how many features of the table, as it is stored, are seen in tiles; None where cells are drawn."""
    tiling = source.layer.tiling
    if source.edition is not None or tiling is None or tiles[0].z < tiling.min_zoom:
        return None
    geom = f"f.{_quote(source.layer.geom)}"
    zs, xs, ys = (list(numbers) for numbers in zip(*tiles, strict=True))
    rows = connection.execute(
        text(f"""
            SELECT t.z, t.x, t.y, count(st_asmvtgeom(st_transform(f.geom, 3857), t.box, {EXTENT}, {MARGIN}, true))
              FROM (SELECT z, x, y, st_tileenvelope(z, x, y) AS box,
                           st_transform(st_tileenvelope(z, x, y, margin => {MARGIN} / {EXTENT}.0), 4326) AS ground
                      FROM unnest(CAST(:zs AS integer[]), CAST(:xs AS integer[]), CAST(:ys AS integer[]))
                           AS t (z, x, y)) AS t
              LEFT JOIN (SELECT f.jurisdiction_id, {geom} AS geom FROM {SCHEMA}.{_quote(source.layer.table)} AS f) AS f
                     ON f.jurisdiction_id = :jurisdiction_id AND f.geom && t.ground
             GROUP BY t.z, t.x, t.y
        """),  # noqa: S608  names are quoted, numbers our own, values bound
        {"zs": zs, "xs": xs, "ys": ys, "jurisdiction_id": source.jurisdiction_id},
    )
    return {Tile(z, x, y): count for z, x, y, count in rows}


def _features_in(data: bytes, layer: str) -> int | None:
    """Return how many features GDAL finds; None when some were left out, which the tile says."""
    if not data:
        return 0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tile.mvt"
        file.write_bytes(data)
        names = {str(name) for name, _ in pyogrio.list_layers(file)}
        if "left_out" in names:
            return None
        return int(pyogrio.read_info(file, layer=layer)["features"]) if layer in names else 0
