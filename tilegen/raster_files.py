"""Pictures in tiles of others: MBTiles, PMTiles and folders of z/x/y, read as files that anybody may have made.

Whatever is wrong with one ends in RasterRefused, one sentence; nothing of it is run, nothing read without a bound.
"""

from __future__ import annotations

import re
import sqlite3
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from pmtiles.reader import MmapSource, Reader, all_tiles
from pmtiles.tile import MagicNumberNotFound, SpecVersionUnsupported

from layers.errors import LayerError
from tilegen.raster_pictures import fault_of

#: A picture of 512 by 512 without loss has some 600 kB.
TILE_BYTES_MOST = 2_000_000
TILES_MOST = 2_000_000
ZOOM_MOST = 24
#: One picture, as GDAL reads it: tiles have to be made of it.
_WHOLE_PICTURES = {".tif", ".tiff", ".vrt", ".jp2", ".ecw", ".img", ".png", ".jpg", ".jpeg"}
_DIRECTORY_BYTES_MOST = 16_000_000
#: A view over millions of tiles takes so many steps of SQLite; one that never ends takes more.
_STEPS_MOST = 2_000_000_000
_STEPS_LOOKED_AT = 1_000_000
_NOT_READABLE = (
    struct.error, ValueError, KeyError, IndexError, TypeError, EOFError, OSError, zlib.error, RecursionError,
    OverflowError, MemoryError, sqlite3.Error, MagicNumberNotFound, SpecVersionUnsupported,
)  # fmt: skip
#: Beside a folder of a Tile Map Service: its rows are counted from the south.
_TMS = "tilemapresource.xml"
_TMS_BYTES_MOST = 100_000


class RasterRefused(LayerError):
    """The file has no pictures in tiles that can be served."""

    def __str__(self) -> str:
        return f"{self.fields['file']}: {self.fields['why']}"


class RasterTile(NamedTuple):
    """A picture at its place: z, x and y as of slippy maps, y from the north."""

    z: int
    x: int
    y: int
    data: bytes


def raster_tiles(path: Path) -> Iterator[RasterTile]:
    """Yield the tiles of a file or folder, each looked at; raise RasterRefused."""
    read = _reader_of(path)
    try:
        for number, tile in enumerate(read(path), 1):
            if number > TILES_MOST:
                raise RasterRefused(file=path.name, why=f"it has more than {TILES_MOST:,} tiles.")
            yield _looked_at(path, tile)
    except _NOT_READABLE as exc:
        raise RasterRefused(file=path.name, why=f"it can not be read ({type(exc).__name__}).") from exc


def words_of(path: Path) -> str:
    """Return what a file says of itself, as one text; empty where it says nothing that can be read."""
    try:
        if path.is_dir():
            return ""
        if path.suffix == ".pmtiles":
            return _words_of_pmtiles(path)
        with closing(_opened(path)) as connection:
            rows = connection.execute("SELECT value FROM metadata LIMIT 100").fetchall()
        return " ".join(str(value)[:10_000] for (value,) in rows)
    except _NOT_READABLE:
        return ""


def _reader_of(path: Path) -> Callable[[Path], Iterator[RasterTile]]:
    if path.is_dir():
        return _of_folder
    readers = {".mbtiles": _of_mbtiles, ".pmtiles": _of_pmtiles}
    if not path.is_file() or path.suffix not in readers:
        why = "name an .mbtiles or .pmtiles file, or a folder of z/x/y.png, .jpg or .webp."
        if path.suffix.lower() in _WHOLE_PICTURES:
            why += " Of one picture that knows its place, `gdal2tiles.py --xyz FILE FOLDER` makes such a folder."
        raise RasterRefused(file=path.name, why=why)
    return readers[path.suffix]


def _looked_at(path: Path, tile: RasterTile) -> RasterTile:
    z, x, y, data = tile
    place = f"tile {z}/{x}/{y}"
    if not 0 <= z <= ZOOM_MOST or not 0 <= x < 2**z or not 0 <= y < 2**z:
        raise RasterRefused(file=path.name, why=f"{place} is nowhere on the map.")
    if len(data) > TILE_BYTES_MOST:
        raise RasterRefused(file=path.name, why=f"{place} is larger than {TILE_BYTES_MOST:,} bytes.")
    fault = fault_of(data)
    if fault is not None:
        raise RasterRefused(file=path.name, why=f"{place} {fault}.")
    return tile


def _opened(path: Path) -> sqlite3.Connection:
    """Return a connection that reads, and trusts nothing that the file brings."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, TILE_BYTES_MOST + 1_000)
    connection.execute("PRAGMA trusted_schema = OFF")
    steps = 0

    def look() -> bool:
        nonlocal steps
        steps += _STEPS_LOOKED_AT
        return steps > _STEPS_MOST

    connection.set_progress_handler(look, _STEPS_LOOKED_AT)
    return connection


def _of_mbtiles(path: Path) -> Iterator[RasterTile]:
    """MBTiles 1.3: rows are counted from the south (TMS)."""
    with closing(_opened(path)) as connection:
        for z, x, row, data in connection.execute("SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles"):
            if not all(isinstance(one, int) for one in (z, x, row)) or not isinstance(data, bytes):
                raise ValueError("columns of tiles")
            if not 0 <= z <= ZOOM_MOST:
                raise RasterRefused(file=path.name, why=f"tile {z}/{x}/{row} is nowhere on the map.")
            yield RasterTile(z, x, 2**z - 1 - row, data)


def _of_pmtiles(path: Path) -> Iterator[RasterTile]:
    with path.open("rb") as file:
        for (z, x, y), data in all_tiles(_bounded(MmapSource(file))):
            yield RasterTile(z, x, y, bytes(data))


def _words_of_pmtiles(path: Path) -> str:
    with path.open("rb") as file:
        return str(Reader(_bounded(MmapSource(file))).metadata())[:100_000]


def _bounded(get_bytes: Callable[[int, int], bytes]) -> Callable[[int, int], bytes]:
    """Return the same, without parts that are larger than any, packed or unpacked."""

    def get(offset: int, length: int) -> bytes:
        if length > _DIRECTORY_BYTES_MOST:
            raise ValueError("too long a part")
        found = get_bytes(offset, length)
        if found[:2] == b"\x1f\x8b":  # a directory that is packed
            unpacking = zlib.decompressobj(31)
            unpacking.decompress(found, _DIRECTORY_BYTES_MOST)
            if unpacking.unconsumed_tail:
                raise ValueError("too long a directory")
        return found

    return get


def _of_folder(path: Path) -> Iterator[RasterTile]:
    from_south = _counts_from_south(path)
    for file in sorted(path.glob("[0-9]*/[0-9]*/[0-9]*.*")):
        z, x, y = file.parent.parent.name, file.parent.name, file.stem
        if not (z.isdecimal() and x.isdecimal() and y.isdecimal()) or file.is_symlink() or not file.is_file():
            continue
        with file.open("rb") as opened:
            data = opened.read(TILE_BYTES_MOST + 1)
        row = 2 ** int(z) - 1 - int(y) if from_south and int(z) <= ZOOM_MOST else int(y)
        yield RasterTile(int(z), int(x), row, data)


def _counts_from_south(path: Path) -> bool:
    """Return whether a folder is that of a Tile Map Service, as gdal2tiles.py writes one unless it is asked not to."""
    about = path / _TMS
    if about.is_symlink() or not about.is_file():
        return False
    with about.open("rb") as file:
        profile = re.search(rb"<TileSets[^>]*\sprofile=[\"']([\w-]{1,40})[\"']", file.read(_TMS_BYTES_MOST))
    if profile is None or profile[1] not in (b"mercator", b"global-mercator"):
        why = f"{_TMS} says that its tiles are not those of slippy maps, EPSG:3857; make such ones, with gdal2tiles.py."
        raise RasterRefused(file=path.name, why=why)
    return True
