"""What formats are called, which a command line and an interface must know before they write anything."""

from __future__ import annotations

from typing import Literal, get_args

#: Those that hold shapes as maps do, however many vertices they have.
MapFormat = Literal["geopackage", "geojson", "shapefile", "geoparquet", "flatgeobuf"]
FormatName = Literal[MapFormat, "csv", "xlsx"]
FORMAT_NAMES: tuple[FormatName, ...] = get_args(FormatName)
MAP_FORMATS: tuple[MapFormat, ...] = get_args(MapFormat)
