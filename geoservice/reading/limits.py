"""How much a file may ask of the machine."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024
#: Features and bytes that the other bounds are made for; where more are allowed, those grow along.
FEATURES, FILE_BYTES = 100_000, 200 * MIB


@dataclass(frozen=True)
class Limits:
    """Bounds of one import; the defaults suit a city of some ten thousand grids."""

    #: Of the file, or of a shapefile's files together.
    file_bytes: int = FILE_BYTES
    features: int = FEATURES
    #: Address space of the reading process.
    memory_bytes: int = 1536 * MIB
    #: From its start to its end.
    wall_s: float = 30.0
    #: Of a .zip: entries, inflated size, and inflated size by packed size.
    archive_entries: int = 50
    archive_bytes: int = FILE_BYTES
    archive_ratio: int = 100

    @classmethod
    def of(cls, *, features: int, file_bytes: int) -> Limits:
        """Return bounds for so many features in so many bytes; memory and time grow with the larger of them."""
        more = max(1.0, features / FEATURES, file_bytes / FILE_BYTES)
        return cls(
            file_bytes=file_bytes, features=features, archive_bytes=file_bytes,
            memory_bytes=int(more * cls.memory_bytes), wall_s=more * cls.wall_s,
        )  # fmt: skip
