"""Which source reads a file and which form writes one, by the ending of its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from geoservice.assigning.added_columns import Added, Places, Shaping
from geoservice.assigning.coordinates import require_free
from geoservice.assigning.csv_files import CsvKept, CsvMade, CsvSource
from geoservice.assigning.model import Form, Geometry, Request, Source
from geoservice.assigning.parquet_files import ParquetForm, ParquetSource
from geoservice.assigning.point_errors import FormatUnknown, PointsMissing, WorkbookNotWritten
from geoservice.assigning.workbook_files import WorkbookSource
from geoservice.reading.crs import Placing

TEXT = (".csv", ".tsv")
TABLES = (".parquet", ".geoparquet")
GEOJSON = (".geojson", ".json")
FEATURES = (*GEOJSON, ".gpkg")
#: Read, not written.
WORKBOOKS = (".xlsx",)


def require_format(path: Path) -> None:
    """Raise FormatUnknown, or WorkbookNotWritten, for a file to be written."""
    if path.suffix.lower() in WORKBOOKS:
        raise WorkbookNotWritten(file=path.name)
    if path.suffix.lower() not in (*TEXT, *TABLES, *FEATURES):
        raise FormatUnknown(file=path.name)


def source_of(request: Request) -> Source:
    """Open the points.

    Raises
    ------
    FormatUnknown, PointsMissing, PointsUnreadable, HeaderMissing, ColumnMissing, CoordinatesNotFound
        What is wrong with the file, as far as its beginning shows it.
    """
    kind = request.points.suffix.lower()
    if kind not in WORKBOOKS:
        require_format(request.points)
    if not request.points.is_file():
        raise PointsMissing(file=str(request.points))
    source = _opener(kind)(request)
    require_free(source.schema.names, [request.code_column, request.method_column])
    return source


def _opener(kind: str) -> Callable[[Request], Source]:
    if kind in TEXT:
        return CsvSource
    if kind in TABLES:
        return ParquetSource
    if kind in WORKBOOKS:
        return WorkbookSource
    opener: Callable[[Request], Source] = _gdal().GdalSource
    return opener


def form_of(request: Request, source: Source, placing: Placing, codes: Sequence[str]) -> Form:
    """Return how the result is written.

    Raises
    ------
    FormatUnknown, ColumnTaken, OutputNotWritable
        The ending of its name says nothing; what has to be added has the name of a column; a column has no place there.
    """
    require_format(request.out)
    kind, added = request.out.suffix.lower(), Added.by(request, codes)
    geometry = source.where if isinstance(source.where, Geometry) else None
    if kind in TEXT:
        if isinstance(source, CsvSource) and kind == request.points.suffix.lower():
            return CsvKept(source, added)
        places = Places.COLUMNS if geometry else Places.KEPT
        return CsvMade(Shaping(source, added, places), "\t" if kind == ".tsv" else ",")
    if kind in TABLES:
        places = Places.POINTS if kind == ".geoparquet" and not geometry else Places.KEPT
        shaping = Shaping(source, added, places)
        return ParquetForm(shaping, source.compression) if isinstance(source, ParquetSource) else ParquetForm(shaping)
    if geometry and geometry.is_wkb and (placing.in_degrees or kind not in GEOJSON):
        return _gdal().GdalForm(Shaping(source, added, Places.KEPT), request.out, getattr(source, "fid", None))
    return _gdal().GdalForm(Shaping(source, added, Places.POINTS), request.out)


def _gdal() -> Any:
    from geoservice.assigning import gdal_files  # noqa: PLC0415  loading GDAL takes longer than small files do

    return gdal_files
