"""Bring a file into a directory of our own under a name of our own, if its bytes are what its name says.

The reader opens nothing else: no name that a driver would take for a connection, no neighbour file, no link.
"""

from __future__ import annotations

import codecs
import secrets
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from geoservice.reading.archives import unpack_shapefile
from geoservice.reading.file_errors import (
    EncodingNotStated,
    EncodingUnknown,
    FileMissing,
    FileNotWhatItSays,
    FileTooLarge,
    FileTypeUnknown,
    ShapefileIncomplete,
)
from geoservice.reading.limits import Limits

Format = Literal["geojson", "geopackage", "shapefile", "geoparquet"]

SUFFIXES: dict[str, Format] = {
    ".geojson": "geojson",
    ".json": "geojson",
    ".gpkg": "geopackage",
    ".shp": "shapefile",
    ".zip": "shapefile",
    ".parquet": "geoparquet",
    ".geoparquet": "geoparquet",
}
#: What a shapefile consists of as far as it is read; the first three must be there.
SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
SHAPEFILE_NEEDS = SHAPEFILE_PARTS[:3]


@dataclass(frozen=True)
class Staged:
    """A copy of the file to read."""

    path: Path
    format: Format
    #: To decode the text with; None when the file says it itself.
    encoding: str | None


def stage(name: str, directory: Path, *, encoding: str | None, limits: Limits) -> Staged:
    """Copy a file into a directory, after a look at its first bytes.

    Parameters
    ----------
    name
        Path of a file; with .shp, the files beside it belong to it.
    directory
        Empty, private, and removed by the caller.
    encoding
        Of a shapefile's text; None when the file should say.

    Raises
    ------
    FileRefused
        One of its kin, by what is wrong.
    """
    source = Path(name)
    if not _is_file(source):
        raise FileMissing(file=name[:200])
    kind = SUFFIXES.get(source.suffix.lower())
    if kind is None:
        raise FileTypeUnknown(file=source.name)
    _require_size(source, source.stat().st_size, limits)
    if encoding is not None:
        _require_encoding(encoding)
    stem = secrets.token_hex(8)
    if source.suffix.lower() == ".zip":
        _require_bytes(source, "zip")
        unpack_shapefile(source, directory / stem, parts=SHAPEFILE_PARTS, limits=limits)
    elif kind == "shapefile":
        _copy_shapefile(source, directory / stem, limits)
    else:
        _require_bytes(source, kind)
        shutil.copyfile(source, directory / f"{stem}{source.suffix.lower()}")
    return _staged(directory, stem, kind, encoding)


def _staged(directory: Path, stem: str, kind: Format, encoding: str | None) -> Staged:
    if kind != "shapefile":
        [path] = directory.glob(f"{stem}.*")
        return Staged(path, kind, None)
    base = directory / stem
    missing = [part for part in SHAPEFILE_NEEDS if not base.with_suffix(part).exists()]
    if missing:
        raise ShapefileIncomplete(missing=" ".join(missing))
    _require_bytes(base.with_suffix(".shp"), "shapefile")
    if encoding is None and not base.with_suffix(".cpg").exists() and not _says_encoding(base.with_suffix(".dbf")):
        raise EncodingNotStated
    return Staged(base.with_suffix(".shp"), kind, encoding)


def _is_file(path: Path) -> bool:
    # What only a driver would open (an address, /vsizip/..., inline JSON) is no file; a name may even be too long.
    try:
        return path.is_file()
    except OSError:
        return False


def _require_size(source: Path, size: int, limits: Limits) -> None:
    if size > limits.file_bytes:
        raise FileTooLarge(file=source.name, bytes=size, most=limits.file_bytes)


def _require_encoding(encoding: str) -> None:
    try:
        codecs.lookup(encoding)
    except LookupError as exc:
        raise EncodingUnknown(encoding=encoding) from exc


def _require_bytes(path: Path, kind: str) -> None:
    with path.open("rb") as file:
        head = file.read(4096)
        file.seek(-min(4, path.stat().st_size), 2)
        tail = file.read(4)
    sound = {
        "geojson": head.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"{",
        # GeoPackage 1.2, requirements 1 and 2: an SQLite file with its application id at byte 68.
        "geopackage": head.startswith(b"SQLite format 3\0") and head[68:72] in (b"GPKG", b"GP10", b"GP11"),
        # ESRI Shapefile Technical Description, 1998, p. 4: file code 9994, big-endian.
        "shapefile": head[:4] == struct.pack(">i", 9994),
        "geoparquet": head.startswith(b"PAR1") and tail == b"PAR1",
        "zip": head.startswith(b"PK\x03\x04"),
    }[kind]
    if not sound:
        raise FileNotWhatItSays(file=path.name, expected=kind)


def _copy_shapefile(source: Path, target: Path, limits: Limits) -> None:
    total = 0
    for neighbour in source.parent.iterdir():
        part = neighbour.suffix.lower()
        if neighbour.stem == source.stem and part in SHAPEFILE_PARTS and neighbour.is_file():
            total += neighbour.stat().st_size
            _require_size(source, total, limits)
            shutil.copyfile(neighbour, target.with_suffix(part))


def _says_encoding(dbf: Path) -> bool:
    """Return whether a .dbf names its encoding, or is plain ASCII and needs none.

    Source: dBASE header: byte 29 is the language driver, bytes 8-9 the header's length; each field has 32 bytes from
    byte 32 on, its name in the first 11.
    """
    content = dbf.read_bytes()
    if len(content) < 32 or content[29] != 0:
        return True
    header = int.from_bytes(content[8:10], "little")
    names = b"".join(content[at : at + 11] for at in range(32, header - 1, 32))
    return names.isascii() and content[header:].isascii()
