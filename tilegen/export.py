"""A tile set as one file: PMTiles (version 3) and MBTiles (1.3), of the tiles that are kept."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from tilegen.matrix import Tile

#: Returns a tile, gzip, empty when nothing is there. They are read one by one: those of a country are many.
Read = Callable[[Tile], bytes]
#: Millionths of ten degrees, as PMTiles has them.
_E7 = 10_000_000
#: What both formats say of a tile set in the words of its TileJSON.
_TOLD = ("name", "description", "attribution")


def write_pmtiles(file: Path, tiles: Iterable[Tile], read: Read, document: dict[str, Any]) -> int:
    """Write tiles and their TileJSON; return how many. Without any the file is not whole: the format knows no such."""
    count = 0
    with file.open("wb") as opened, ExitStack() as at_last:
        writer = Writer(opened)
        at_last.callback(writer.tile_f.close)  # its own, which it closes only when all goes well
        for tile in sorted(tiles, key=lambda tile: zxy_to_tileid(*tile)):
            if data := read(tile):
                writer.write_tile(zxy_to_tileid(*tile), data)
                count += 1
        if count == 0:
            return 0
        west, south, east, north = document["bounds"]
        lon, lat, zoom = document["center"]
        header = {
            "version": 3, "tile_type": TileType.MVT, "tile_compression": Compression.GZIP,
            "min_zoom": document["minzoom"], "max_zoom": document["maxzoom"],
            "min_lon_e7": round(west * _E7), "min_lat_e7": round(south * _E7),
            "max_lon_e7": round(east * _E7), "max_lat_e7": round(north * _E7),
            "center_lon_e7": round(lon * _E7), "center_lat_e7": round(lat * _E7), "center_zoom": zoom,
        }  # fmt: skip
        told = {name: document[name] for name in (*_TOLD, "vector_layers") if name in document}
        writer.finalize(header, told)
    return count


def write_mbtiles(file: Path, tiles: Iterable[Tile], read: Read, document: dict[str, Any]) -> int:
    """Write tiles and their TileJSON; return how many. Rows count from the south there."""

    def rows() -> Iterator[tuple[int, int, int, bytes]]:
        for tile in tiles:
            if data := read(tile):
                yield tile.z, tile.x, (1 << tile.z) - 1 - tile.y, data

    with _sqlite_as_files_are(file), closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE metadata (name TEXT, value TEXT)")
        connection.execute(
            "CREATE TABLE tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_data BLOB)"
        )
        connection.executemany("INSERT INTO metadata VALUES (?, ?)", _metadata(document))
        connection.executemany("INSERT INTO tiles VALUES (?, ?, ?, ?)", rows())
        connection.execute("CREATE UNIQUE INDEX tile_index ON tiles (zoom_level, tile_column, tile_row)")
        count: int = connection.execute("SELECT count(*) FROM tiles").fetchone()[0]
    return count


@contextmanager
def _sqlite_as_files_are(file: Path) -> Iterator[None]:
    """Raise OSError when the disk is full: SQLite has a kind of error of its own for it."""
    try:
        yield
    except sqlite3.OperationalError as exc:
        if exc.sqlite_errorcode == sqlite3.SQLITE_FULL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file)) from exc
        raise


def _metadata(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield from ((name, document[name]) for name in _TOLD if name in document)
    yield from (("format", "pbf"), ("type", "overlay"), ("version", "1"))
    yield from (("minzoom", str(document["minzoom"])), ("maxzoom", str(document["maxzoom"])))
    yield from (("bounds", ",".join(map(str, document["bounds"]))), ("center", ",".join(map(str, document["center"]))))
    yield "json", json.dumps({"vector_layers": document["vector_layers"]}, ensure_ascii=False)
