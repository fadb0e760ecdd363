"""Base maps of pictures that an operator brought, each a file of ours on the disk: MBTiles with what is said of it."""

from __future__ import annotations

import json
import math
import re
import sqlite3
import uuid
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from layers.crs import Bbox
from tilegen.raster_files import ZOOM_MOST, RasterRefused, RasterTile

#: WGS 84 in the projection of slippy maps; or shifted, as Chinese web maps are.
CRS = ("epsg:3857", "gcj02")
_NAME = re.compile(r"([1-9][0-9]{0,8})\.mbtiles")
_SCHEMA = """
    CREATE TABLE metadata (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_data BLOB NOT NULL,
                        PRIMARY KEY (zoom_level, tile_column, tile_row)) WITHOUT ROWID;
"""
_TILE = "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?"
_RANGE = """
    SELECT count(*), min(zoom_level), max(zoom_level), sum(length(tile_data)) FROM tiles
"""
_EXTENT = "SELECT min(tile_column), max(tile_column), min(tile_row), max(tile_row) FROM tiles WHERE zoom_level = ?"


@dataclass(frozen=True)
class RasterMap:
    """A base map of pictures."""

    id: int
    #: Code of the jurisdiction that it is for.
    jurisdiction: str
    title: str
    #: Whom maps with it name, plain text.
    attribution: str
    #: One of CRS.
    crs: str
    tiles: int = 0
    bytes: int = 0
    min_zoom: int = 0
    max_zoom: int = 0
    #: West, south, east, north of its deepest tiles, EPSG:4326.
    bbox: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


class RasterStore:
    """A directory of such files."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def add(
        self, raster: RasterMap, tiles: Iterable[RasterTile], *, seen: Bbox | None = None
    ) -> tuple[RasterMap, Path]:  # fmt: skip
        """Keep tiles, whole or not at all; return them with their number, and the file. Raise RasterRefused.

        seen: what the map shows, its east beyond 180 where it lies across; of tiles that all lie elsewhere nobody would
        see anything.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        part = self.directory / f"{uuid.uuid4().hex}.part"
        try:
            made = _written(part, raster, tiles, seen)
            part.chmod(0o644)
            return self._numbered(made, part)
        except sqlite3.Error as exc:
            raise RasterRefused(file=raster.title, why=f"it can not be kept: {exc}.") from exc
        finally:
            part.unlink(missing_ok=True)

    def _numbered(self, raster: RasterMap, part: Path) -> tuple[RasterMap, Path]:
        """Give a file the next number; whoever adds at the same time gets another one."""
        number = max([one.id for one in self.every()], default=0) + 1
        while True:
            path = self._path(number)
            with suppress(FileExistsError):
                path.hardlink_to(part)
                return replace(raster, id=number), path
            number += 1

    def every(self, jurisdiction: str | None = None) -> list[RasterMap]:
        """Return what there is, by number, of a jurisdiction or of all; a file that can not be read is left out."""
        found = []
        for path in self.directory.glob("*.mbtiles") if self.directory.is_dir() else ():
            named = _NAME.fullmatch(path.name)
            one = None if named is None else _read(path, int(named[1]))
            if one is not None and jurisdiction in (None, one.jurisdiction):
                found.append(one)
        return sorted(found, key=lambda one: one.id)

    def find(self, jurisdiction: str, number: int) -> RasterMap | None:
        """Return the base map of a number, where it is a jurisdiction's."""
        one = _read(self._path(number), number)
        return one if one is not None and one.jurisdiction == jurisdiction else None

    def tile(self, jurisdiction: str, number: int, z: int, x: int, y: int) -> bytes | None:
        """Return the picture at a place; None: there is none, or no such base map of the jurisdiction."""
        if self.find(jurisdiction, number) is None or not 0 <= z <= ZOOM_MOST or not (0 <= x < 2**z and 0 <= y < 2**z):
            return None
        with closing(_opened(self._path(number))) as connection:
            row = connection.execute(_TILE, (z, x, 2**z - 1 - y)).fetchone()
        return None if row is None else bytes(row[0])

    def remove(self, number: int) -> None:
        """Remove a base map; raise FileNotFoundError."""
        self._path(number).unlink()

    def _path(self, number: int) -> Path:
        return self.directory / f"{number}.mbtiles"


def _written(
    path: Path, raster: RasterMap, tiles: Iterable[RasterTile], seen: Bbox | None
) -> RasterMap:  # fmt: skip
    """Write a file of tiles and of what is said of it; return that. Raise RasterRefused."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode = OFF")  # a file that is not whole is removed, with nothing beside it
        connection.executescript(_SCHEMA)
        connection.executemany(
            "INSERT OR REPLACE INTO tiles VALUES (?, ?, ?, ?)",
            ((tile.z, tile.x, 2**tile.z - 1 - tile.y, tile.data) for tile in tiles),
        )
        made = _measured(connection, raster)
        if seen is not None and not _touches(made.bbox, seen):
            raise RasterRefused(file=raster.title, why=_elsewhere(made))
        said = {"name": raster.title, "attribution": raster.attribution, "about": json.dumps(asdict(made))}
        connection.executemany("INSERT INTO metadata VALUES (?, ?)", said.items())
    return made


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


def _read(path: Path, number: int) -> RasterMap | None:
    try:
        with closing(_opened(path)) as connection:
            (about,) = connection.execute("SELECT value FROM metadata WHERE name = 'about'").fetchone()
        said = json.loads(about)
        return replace(RasterMap(**said), id=number, bbox=tuple(said["bbox"]))
    except (sqlite3.Error, ValueError, TypeError, KeyError):
        return None


def _measured(connection: sqlite3.Connection, raster: RasterMap) -> RasterMap:
    """Return a base map with how many tiles it has, and where; raise RasterRefused where it has none."""
    count, low, high, size = connection.execute(_RANGE).fetchone()
    if not count:
        raise RasterRefused(file=raster.title, why="there is no tile in it.")
    west, east, south, north = connection.execute(_EXTENT, (high,)).fetchone()
    side = 2**high
    box = (west / side * 360 - 180, _lat(side - south, side), (east + 1) / side * 360 - 180,
           _lat(side - north - 1, side))  # fmt: skip
    return replace(raster, tiles=count, bytes=size, min_zoom=low, max_zoom=high, bbox=box)


def _lat(y: int, side: int) -> float:
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y / side))))


def _touches(tiles: tuple[float, float, float, float], seen: Bbox) -> bool:
    west, south, east, north = tiles
    beside = any(west <= seen.east + turn and seen.west + turn <= east for turn in (-360, 0))
    return beside and south <= seen.north and seen.south <= north


def _elsewhere(raster: RasterMap) -> str:
    west, south, east, north = raster.bbox
    return (
        f"nothing of {raster.jurisdiction} is on it: it shows lon {west:.4f} to {east:.4f}, lat {south:.4f} to"
        f" {north:.4f}. Where the latitude has the wrong sign, rows are counted from the south: make the tiles with"
        " gdal2tiles.py --xyz."
    )
