"""GeoPackage and GeoJSON in and out, read and written by GDAL some rows at a time."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyogrio

from geoservice.assigning.added_columns import Shaping
from geoservice.assigning.coordinates import coordinate_columns
from geoservice.assigning.model import (
    PIECE_ROWS,
    Answers,
    Geometry,
    Piece,
    Request,
    TablePiece,
    Where,
    remark_on,
)
from geoservice.assigning.point_errors import LayersSeveral, OutputNotWritable, PointsUnreadable
from geoservice.reading.geojson_crs import DEFAULT, stated_crs

#: GDAL makes a batch as large as it is told, however wide its rows are.
_BATCH_ROWS = PIECE_ROWS // 8
_GDAL_ERRORS = (
    pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError,
    pyogrio.errors.FieldError, pyogrio.errors.GeometryError, pa.ArrowException, OSError,
)  # fmt: skip
#: Seven decimals are a centimetre; whoever sent more gets them back.
_GEOJSON_OPTIONS = {"RFC7946": "YES", "COORDINATE_PRECISION": "15"}
_DRIVERS = {".gpkg": "GPKG", ".geojson": "GeoJSON", ".json": "GeoJSON"}


class GdalSource:
    """A GeoPackage or GeoJSON file of points."""

    def __init__(self, request: Request) -> None:
        self._path = request.points
        self._layer = _layer(self._path)
        try:
            with self._opened() as (meta, reader):
                self.schema: pa.Schema = reader.schema.remove_metadata()
            self._count = _count(self._path, self._layer)
        except _GDAL_ERRORS as exc:
            raise _unreadable(exc, self._path) from exc
        self.where: Where = Geometry(meta["geometry_name"] or "wkb_geometry", _crs(request, meta["crs"]))
        if request.columns is not None:
            self.where = coordinate_columns(self.schema.names, request.columns)
        self.remarks = [remark_on(self.where)]

    def _opened(self) -> Any:
        return pyogrio.open_arrow(self._path, layer=self._layer, batch_size=_BATCH_ROWS, use_pyarrow=True)

    def pieces(self) -> Iterator[Piece]:
        """Yield the features in batches."""
        first_row = 1
        try:
            with self._opened() as (_, reader):
                for batch in reader:
                    share = None if self._count is None else (first_row - 1 + len(batch)) / max(self._count, 1)
                    table = pa.Table.from_batches([batch]).replace_schema_metadata(None)
                    yield TablePiece(first_row, share, table, self.where)
                    first_row += len(batch)
        except _GDAL_ERRORS as exc:
            raise _unreadable(exc, self._path) from exc


def _crs(request: Request, known_to_gdal: str | None) -> str | None:
    """Return the CRS that the points state; for GeoJSON, GDAL's word is taken only where the file says nothing."""
    if _DRIVERS[request.points.suffix.lower()] != "GeoJSON" or request.crs is not None:
        return known_to_gdal
    stated = stated_crs(request.points)
    return known_to_gdal if stated == DEFAULT else stated


def _layer(path: Path) -> str | None:
    try:
        layers = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
    except _GDAL_ERRORS as exc:
        raise _unreadable(exc, path) from exc
    if len(layers) > 1:
        raise LayersSeveral(layers=", ".join(layers))
    if not layers:
        raise PointsUnreadable(file=path.name, reason="it holds no layer with geometry")
    return layers[0]


def _count(path: Path, layer: str | None) -> int | None:
    """Return how many features there are, where the file knows that without being read."""
    if path.suffix.lower() != ".gpkg":
        return None
    count = pyogrio.read_info(path, layer=layer, force_feature_count=False)["features"]
    return count if count >= 0 else None


def _unreadable(error: BaseException, path: Path) -> PointsUnreadable:
    said = (str(error).splitlines() or [type(error).__name__])[0]
    return PointsUnreadable(file=path.name, reason=said.replace(str(path), path.name)[:200])


@dataclass(frozen=True)
class GdalForm:
    """A GeoPackage or GeoJSON file."""

    shaping: Shaping
    #: The geometry of its tables.
    geometry: Geometry
    out: Path

    def shaped(self, piece: Piece, answers: Answers) -> pa.RecordBatch:
        """Return a batch of features."""
        table = self.shaping(piece, answers)
        [batch] = _plain(table).combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], _plain(table).schema)]
        return batch

    def write(self, path: Path, shaped: Iterator[pa.RecordBatch]) -> None:
        """Write the features as they come."""
        geometry = self.geometry
        schema = _plain(self.shaping.schema.empty_table()).schema
        raised: list[BaseException] = []
        stream = pa.RecordBatchReader.from_batches(schema, _noting(shaped, raised))
        driver = _DRIVERS[self.out.suffix.lower()]
        options = _GEOJSON_OPTIONS if driver == "GeoJSON" else {}
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="'crs' was not provided")
                pyogrio.write_arrow(
                    stream, path, layer=self.out.stem, driver=driver, geometry_name=geometry.column,
                    geometry_type="Point", crs=geometry.crs, layer_options=options,
                )  # fmt: skip
        except (*_GDAL_ERRORS, RuntimeError) as exc:  # the last one for whatever a piece raised
            if raised:
                raise raised[0] from None
            raise OutputNotWritable(file=self.out.name, reason=str(exc).splitlines()[0][:200]) from exc
        if raised:
            raise raised[0]


def _noting(batches: Iterator[pa.RecordBatch], raised: list[BaseException]) -> Iterator[pa.RecordBatch]:
    """Pass batches on to GDAL, which would say of an error only that there was one."""
    try:
        yield from batches
    except BaseException as exc:  # an interruption too: GDAL would swallow it
        raised.append(exc)
        raise


def _plain(table: pa.Table) -> pa.Table:
    """Return a table without dictionaries: GDAL takes them for numbers."""
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            plain = table.column(place).cast(field.type.value_type)
            table = table.set_column(place, pa.field(field.name, field.type.value_type), plain)
    return table
