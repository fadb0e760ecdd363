"""What formats are called, which a command line and an interface must know before they write anything."""

from __future__ import annotations

from typing import Literal, get_args

FormatName = Literal["geopackage", "geojson", "shapefile", "geoparquet", "flatgeobuf", "csv", "xlsx"]
FORMAT_NAMES: tuple[FormatName, ...] = get_args(FormatName)
