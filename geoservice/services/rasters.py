"""Base maps of pictures: brought by an operator, looked at, kept, and told to whoever sees the map."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from geoservice.errors import BasemapUnknown
from geoservice.services.lookups import get_jurisdiction, whole_bbox
from layers.db.session import Database
from layers.grids.model import name_fault
from tilegen.raster_files import RasterRefused, raster_tiles, words_of
from tilegen.raster_store import CRS, RasterMap, RasterStore

#: What maps say of themselves whose coordinates are shifted (GCJ-02, BD-09).
_SHIFTED = ("gcj", "高德", "amap", "autonavi", "腾讯", "tencent", "百度", "baidu", "bd-09", "bd09", "火星")


class RasterService:
    """What there is of them in the directory of one machine."""

    def __init__(self, connect: Callable[[], Database], store: RasterStore) -> None:
        self._connect = connect
        self._store = store

    def add(
        self, path: Path, *, jurisdiction: str, title: str, attribution: str, crs: str
    ) -> tuple[RasterMap, Path, bool]:  # fmt: skip
        """Take a file or folder over; return what it is, our file, and whether it looks shifted undeclared.

        Raises: JurisdictionUnknown, RasterRefused.
        """
        if crs not in CRS:
            why = f"tiles are served in {CRS[0]}; make such ones, with gdal2tiles.py or the like, or say {CRS[1]}."
            raise RasterRefused(file=path.name, why=why)
        for what, text in (("title", title), ("attribution", attribution)):
            fault = name_fault(text) if text or what == "title" else None
            if fault is not None:
                raise RasterRefused(file=path.name, why=f"its {what} {fault}.")
        database = self._connect()
        try:
            with database.transaction() as connection:
                seen = whole_bbox(connection, get_jurisdiction(connection, jurisdiction))
        finally:
            database.close()
        said = f"{path.name} {title} {attribution} {words_of(path)}".lower()
        looks_shifted = crs != "gcj02" and any(word in said for word in _SHIFTED)
        about = RasterMap(0, jurisdiction, title, attribution, crs)
        raster, file = self._store.add(about, raster_tiles(path), seen=seen)
        return raster, file, looks_shifted

    def every(self, jurisdiction: str | None = None) -> list[RasterMap]:
        """Return those of a jurisdiction, or all."""
        return self._store.every(jurisdiction)

    def tile(self, jurisdiction: str, number: int, z: int, x: int, y: int) -> bytes:
        """Return a picture, empty where the base map has none; raise BasemapUnknown where there is no such base map."""
        if self._store.find(jurisdiction, number) is None:
            raise BasemapUnknown(basemap=number)
        return self._store.tile(jurisdiction, number, z, x, y) or b""

    def remove(self, number: int) -> None:
        """Remove one; raise BasemapUnknown."""
        try:
            self._store.remove(number)
        except FileNotFoundError as exc:
            raise BasemapUnknown(basemap=number) from exc
