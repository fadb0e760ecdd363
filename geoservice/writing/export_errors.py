"""What stops an export. The docstring is the sentence for people."""

from __future__ import annotations

from geoservice.errors import GeoserviceError


class ExportFormatUnknown(GeoserviceError):
    """The name ends in none of .gpkg, .geojson, .zip (a shapefile), .parquet, .geoparquet, .fgb, .csv, .xlsx."""

    advice = "name-format"


class ExportExists(GeoserviceError):
    """There is something of that name already."""

    advice = "replace-file"


class ExportOntoFolder(GeoserviceError):
    """There is a folder, or something else that is no file, of that name; it is never replaced. Name another."""


class ExportFolderMissing(GeoserviceError):
    """The folder to write to does not exist."""


class ExportFolderClosed(GeoserviceError):
    """No file can be made in the folder to write to; name another."""


class ExportCrsUnknown(GeoserviceError):
    """The CRS to write in is not known: use wgs84, cgcs2000 or epsg:N."""


class ExportCrsRefused(GeoserviceError):
    """A file can not say that it is GCJ-02 or BD-09, and would be taken for WGS 84; use wgs84, cgcs2000 or epsg:N."""


class ExportDatumNotSure(GeoserviceError):
    """No sure way is known from WGS 84 to the datum of that CRS; name wgs84, cgcs2000 or a CRS of theirs."""

    advice = "allow-ballpark"


class ExportCrsDoesNotFit(GeoserviceError):
    """The grids do not lie where that CRS can be used; name one that covers them."""


class EditionEmpty(GeoserviceError):
    """The edition has no grids."""


class ShapefileTooNarrow(GeoserviceError):
    """A shapefile holds 254 bytes of text, and a code is longer; export a GeoPackage."""


class ShapefileOfOneType(GeoserviceError):
    """A shapefile holds points, lines or areas, and the layer has lines and areas; export a GeoPackage."""


class CellTooLong(GeoserviceError):
    """A cell of that format can not hold so long a text or shape; export a GeoPackage."""


class SheetTooShort(GeoserviceError):
    """A sheet has fewer rows than there are features; export a GeoPackage."""
