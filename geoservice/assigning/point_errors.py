"""What stops an assignment of points. The docstring is the sentence for people."""

from __future__ import annotations

from geoservice.errors import GeoserviceError


class FormatUnknown(GeoserviceError):
    """A file's name must end in .csv, .tsv, .parquet, .geoparquet, .geojson, .json or .gpkg; to be read, .xlsx too."""


class WorkbookNotWritten(FormatUnknown):
    """Workbooks are read and not written; name an output that ends in .csv, which spreadsheets open."""


class PointsMissing(GeoserviceError):
    """There is no such file."""


class OutputExists(GeoserviceError):
    """The output file is there already."""

    advice = "overwrite-output"


class OutputIsInput(GeoserviceError):
    """Input and output are the same file; name another output."""


class PointsUnreadable(GeoserviceError):
    """The points can not be read."""


class ColumnMissing(GeoserviceError):
    """There is no such column."""


class ColumnTaken(GeoserviceError):
    """The file has a column of that name already, which the result adds."""

    advice = "prefix-columns"


class CoordinatesNotFound(GeoserviceError):
    """Which columns hold the coordinates is not clear."""

    advice = "name-columns"


class CoordinatesAmbiguous(GeoserviceError):
    """Several columns could hold the coordinates."""

    advice = "name-columns"


class ColumnsAlike(GeoserviceError):
    """Two columns have the same name, which the output's format can not hold; rename one."""


class LayersSeveral(GeoserviceError):
    """The file holds several layers; one must be named."""

    advice = "name-layer"


class LayerAbsent(GeoserviceError):
    """The file holds no such layer."""


class FolderMissing(GeoserviceError):
    """The folder of the output file does not exist."""


class OutputNotWritable(GeoserviceError):
    """The output's format can not hold this."""


class NotNumbers(GeoserviceError):
    """The column of coordinates holds neither numbers nor text."""


class NotAPoint(GeoserviceError):
    """Every feature must be a point."""


class CodeNotStated(GeoserviceError):
    """Which field of the grids holds the code is not clear."""

    advice = "name-code"


class GridWithoutShape(GeoserviceError):
    """A grid has no polygon."""


class NothingInForce(GeoserviceError):
    """The jurisdiction has no edition in force at that instant."""


class SparkMissing(GeoserviceError):
    """Spark is not installed here; install it with: pip install geoservice[spark] (it needs Java as well)."""


class SparkNotStarted(GeoserviceError):
    """Spark does not start."""
