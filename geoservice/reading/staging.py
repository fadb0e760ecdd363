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
from geoservice.reading.dbf import Dbf, encoding_of
from geoservice.reading.encodings import require_encoding
from geoservice.reading.file_errors import (
    FileMissing,
    FileNotWhatItSays,
    FileTooLarge,
    FileTypeUnknown,
    ShapefileIncomplete,
    TableWithoutShapes,
)
from geoservice.reading.geopackage_copy import copy_geopackage, files_of
from geoservice.reading.limits import Limits

Format = Literal["geojson", "geopackage", "shapefile", "flatgeobuf", "geoparquet"]

SUFFIXES: dict[str, Format] = {
    ".geojson": "geojson",
    ".json": "geojson",
    ".gpkg": "geopackage",
    ".shp": "shapefile",
    ".zip": "shapefile",
    ".fgb": "flatgeobuf",
    ".parquet": "geoparquet",
    ".geoparquet": "geoparquet",
}
WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods", ".et")
TEXTS = (".csv", ".tsv", ".txt")
#: A cell of a workbook holds 32,767 characters at most, and what is longer is cut, so WKT in one is no shape
#: to rely on.
TABLES = (*WORKBOOKS, *TEXTS)
#: What a shapefile consists of as far as it is read; the first three must be there.
SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
SHAPEFILE_NEEDS = SHAPEFILE_PARTS[:3]


@dataclass(frozen=True)
class Staged:
    """A copy of the file to read."""

    path: Path
    format: Format
    #: To decode the text of a shapefile with; None of others, which have but one.
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
        Of a shapefile's text; None when the file should say, and its bytes agree.

    Raises
    ------
    FileRefused
        One of its kin, by what is wrong.
    """
    source = Path(name)
    if not is_file(source):
        raise FileMissing(file=name[:200])
    if source.suffix.lower() in TABLES:
        raise TableWithoutShapes(file=source.name)
    kind = SUFFIXES.get(source.suffix.lower())
    if kind is None:
        raise FileTypeUnknown(file=source.name)
    if kind == "geopackage":
        source = source.resolve()  # what lies beside it lies beside the file itself, not beside a link to it
    files = files_of(source) if kind == "geopackage" else [source]
    _require_size(source, sum(file.stat().st_size for file in files), limits)
    if encoding is not None:
        require_encoding(encoding)
    stem = secrets.token_hex(8)
    if source.suffix.lower() == ".zip":
        _require_bytes(source, "zip")
        unpack_shapefile(source, directory / stem, parts=SHAPEFILE_PARTS, limits=limits)
    elif kind == "shapefile":
        _copy_shapefile(source, directory / stem, limits)
    else:
        _require_bytes(source, kind)
        copy = copy_geopackage if kind == "geopackage" else shutil.copyfile
        copy(source, directory / f"{stem}{source.suffix.lower()}")
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
    return Staged(base.with_suffix(".shp"), kind, _settled_encoding(base, encoding))


def _settled_encoding(base: Path, declared: str | None) -> str:
    """Return the encoding of a copied shapefile's text, once its field names are whole in it."""
    table, page = base.with_suffix(".dbf"), base.with_suffix(".cpg")
    code_page = page.read_bytes()[:100].decode("ascii", errors="ignore").strip() if page.exists() else None
    dbf = Dbf(table.read_bytes())
    encoding = encoding_of(dbf, declared=declared, code_page=code_page)
    table.write_bytes(dbf.with_whole_text(encoding))
    page.unlink(missing_ok=True)  # what it says is settled
    return codecs.lookup(encoding).name


def is_file(path: Path) -> bool:
    """Return whether there is such a file."""
    # What only a driver would open (an address, /vsizip/..., inline JSON) is no file; a name may even be too long.
    try:
        return path.is_file()
    except OSError:
        return False


def _require_size(source: Path, size: int, limits: Limits) -> None:
    if size > limits.file_bytes:
        raise FileTooLarge(file=source.name, bytes=size, most=limits.file_bytes)


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
        # FlatGeobuf 3: seven magic bytes, then the number of its patch.
        "flatgeobuf": head.startswith(b"fgb\x03fgb"),
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
