"""How much a file may ask of the machine."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """Bounds of one import; the defaults suit a city of some ten thousand grids."""

    #: Of the file, or of a shapefile's files together.
    file_bytes: int = 200 * MIB
    features: int = 100_000
    #: Address space of the reading process.
    memory_bytes: int = 1536 * MIB
    #: From its start to its end.
    wall_s: float = 30.0
    #: Of a .zip: entries, inflated size, and inflated size by packed size.
    archive_entries: int = 50
    archive_bytes: int = 200 * MIB
    archive_ratio: int = 100
