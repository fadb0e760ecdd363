"""Unpack a .zip that holds one shapefile: every promise of its directory is checked, every byte counted."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from geoservice.reading.file_errors import ArchiveRefused
from geoservice.reading.limits import Limits

NAME_LENGTH_MAX = 255
#: A packed file this small may have any ratio: a .prj of spaces is no bomb.
SMALL_BYTES = 64 * 1024
ARCHIVES = (".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".7z", ".rar", ".kmz", ".zst")
_END = struct.Struct("<4s4H2LH")  # PKWARE APPNOTE 6.3.10, 4.3.16: end of central directory record
#: Longest entry of a central directory: 46 bytes and three texts; zip64 and timestamps need less.
_ENTRY_BYTES = 46 + 3 * 1024
_CHUNK = 1024 * 1024


def unpack_shapefile(archive: Path, target: Path, *, parts: Sequence[str], limits: Limits) -> None:
    """Write the files of the one shapefile in an archive to `target` with their suffixes; names inside are not used.

    Raises
    ------
    ArchiveRefused
        For anything else: several shapefiles or none, links, paths that leave, archives, more bytes than allowed.
    """
    require_few_entries(archive, limits)
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
            for entry in entries:
                _require_plain(entry, limits)
            if sum(entry.file_size for entry in entries) > limits.archive_bytes:
                raise ArchiveRefused(reason=f"it inflates to more than {limits.archive_bytes} bytes")
            budget = limits.archive_bytes
            for entry in _shapefile_entries(entries, parts):
                budget -= _unpack(opened, entry, target.with_suffix(_suffix(entry)), budget)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as exc:
        raise ArchiveRefused(reason="it is damaged, encrypted or packed in an unusual way") from exc


def require_few_entries(archive: Path, limits: Limits) -> None:
    """Raise ArchiveRefused for a directory of very many entries before zipfile reads it: a million cost a gigabyte."""
    with archive.open("rb") as file:
        file.seek(-min(archive.stat().st_size, 65_557), 2)  # the record and its longest comment
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise ArchiveRefused(reason="it has no directory")
    _, _, _, _, count, size, _, _ = _END.unpack_from(tail, at)
    if count > limits.archive_entries or size > limits.archive_entries * _ENTRY_BYTES:
        raise ArchiveRefused(reason=f"it has more than {limits.archive_entries} entries")


def _require_plain(entry: zipfile.ZipInfo, limits: Limits) -> None:
    name = entry.orig_filename
    path = PurePosixPath(name.replace("\\", "/"))
    if not name or "\0" in name or len(name) > NAME_LENGTH_MAX:
        raise ArchiveRefused(reason="an entry has an impossible name")
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise ArchiveRefused(reason="an entry would leave the archive's directory")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise ArchiveRefused(reason="an entry is a link")
    if path.suffix.lower() in ARCHIVES:
        raise ArchiveRefused(reason="an entry is an archive itself")
    if entry.file_size > SMALL_BYTES and entry.file_size > limits.archive_ratio * max(entry.compress_size, 1):
        raise ArchiveRefused(reason=f"an entry inflates more than {limits.archive_ratio} times")


def _shapefile_entries(entries: Sequence[zipfile.ZipInfo], parts: Sequence[str]) -> list[zipfile.ZipInfo]:
    # Finder adds shadow entries such as __MACOSX/._grids.shp.
    real = [entry for entry in entries if not entry.filename.startswith("__MACOSX/")]
    shapes = [entry for entry in real if _suffix(entry) == ".shp"]
    if len(shapes) != 1:
        raise ArchiveRefused(reason=f"it holds {len(shapes)} .shp files")
    stem = shapes[0].filename[: -len(".shp")]
    return [entry for entry in real if entry.filename.lower() in {f"{stem}{part}".lower() for part in parts}]


def _suffix(entry: zipfile.ZipInfo) -> str:
    return PurePosixPath(entry.filename).suffix.lower()


def _unpack(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, budget: int) -> int:
    """Write one entry; return its size. The directory's figures may lie, so bytes are counted as they come."""
    written = 0
    with opened.open(entry) as packed, target.open("xb") as file:
        while chunk := packed.read(_CHUNK):
            written += len(chunk)
            if written > min(budget, entry.file_size):
                raise ArchiveRefused(reason="an entry inflates to more than it says")
            file.write(chunk)
    return written
