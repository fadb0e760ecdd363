"""GeoPackage and GeoJSON in and out, read and written by GDAL some rows at a time."""

from __future__ import annotations

import shutil
import tempfile
import warnings
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyogrio

from geoservice.assigning.added_columns import Shaping, free_name
from geoservice.assigning.coordinates import coordinate_columns
from geoservice.assigning.gdal_columns import with_plain_columns
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
from geoservice.assigning.point_errors import LayerAbsent, LayersSeveral, OutputNotWritable, PointsUnreadable
from geoservice.reading.geojson_crs import DEFAULT, stated_crs
from geoservice.reading.geopackage_copy import copy_geopackage, is_open_elsewhere

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
        self._path = self._whole(request.points)
        self._layer = _layer(self._path, request.layer)
        self._keeps_fids = request.points.suffix.lower() == request.out.suffix.lower() == ".gpkg"
        try:
            with self._opened() as (meta, reader):
                self.schema: pa.Schema = reader.schema.remove_metadata()
            self._count = _count(self._path, self._layer)
        except _GDAL_ERRORS as exc:
            raise _unreadable(exc, self._path) from exc
        #: The column that is the key of a GeoPackage and stays it in another; None: there is none.
        self.fid = meta["fid_column"] if self._keeps_fids and meta["fid_column"] in self.schema.names else None
        self.where: Where = Geometry(meta["geometry_name"] or "wkb_geometry", _crs(request, meta["crs"]))
        if request.columns is not None:
            self.where = coordinate_columns(self.schema.names, request.columns)
        self.remarks = [remark_on(self.where)]

    def _whole(self, points: Path) -> Path:
        """Return a file that holds all that was saved: of a GeoPackage that is open elsewhere, a copy of our own."""
        if points.suffix.lower() != ".gpkg" or not is_open_elsewhere(points):
            return points
        folder = tempfile.mkdtemp(prefix="geoservice-assign-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        copy_geopackage(points, copied := Path(folder) / points.name)
        return copied

    def _opened(self) -> Any:
        return pyogrio.open_arrow(
            self._path, layer=self._layer, batch_size=_BATCH_ROWS, use_pyarrow=True, return_fids=self._keeps_fids
        )

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


def _layer(path: Path, asked: str | None) -> str | None:
    try:
        layers = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
    except _GDAL_ERRORS as exc:
        raise _unreadable(exc, path) from exc
    if asked is not None:
        if asked not in layers:
            raise LayerAbsent(layer=asked, layers=", ".join(layers))
        return asked
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

    #: Its tables have a geometry.
    shaping: Shaping
    out: Path
    #: Of the tables, the column that is the key; None: a key is made.
    fid: str | None = None

    def shaped(self, piece: Piece, answers: Answers) -> pa.RecordBatch:
        """Return a batch of features."""
        table = self.shaping(piece, answers)
        plain = with_plain_columns(table, self.out.name)
        [batch] = plain.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], plain.schema)]
        return batch

    def write(self, path: Path, shaped: Iterator[pa.RecordBatch]) -> None:
        """Write the features as they come."""
        geometry = self.shaping.geometry
        if geometry is None:
            raise AssertionError("features were asked for of rows without a geometry")
        schema = with_plain_columns(self.shaping.schema.empty_table(), self.out.name).schema
        raised: list[BaseException] = []
        stream = pa.RecordBatchReader.from_batches(schema, _noting(shaped, raised))
        driver = _DRIVERS[self.out.suffix.lower()]
        options = _GEOJSON_OPTIONS if driver == "GeoJSON" else _geopackage_options(schema.names, self.fid)
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


def _geopackage_options(names: Sequence[str], fid: str | None) -> dict[str, str]:
    """Return what a GeoPackage calls the key and the geometry that it has beside columns of those names."""
    return {"FID": fid or free_name("fid", names), "GEOMETRY_NAME": free_name("geom", names)}
