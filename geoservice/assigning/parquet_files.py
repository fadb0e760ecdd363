"""Parquet and GeoParquet in and out, some rows at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyproj
from pyarrow import parquet

from geoservice.assigning.added_columns import Shaping
from geoservice.assigning.coordinates import coordinate_columns
from geoservice.assigning.model import (
    PIECE_BYTES,
    PIECE_ROWS,
    Answers,
    Geometry,
    Piece,
    Request,
    TablePiece,
    Where,
    remark_on,
)
from geoservice.assigning.point_errors import PointsUnreadable

#: GeoParquet 1.1: a column that names no CRS is in this one.
_DEFAULT_CRS = "OGC:CRS84"
#: What a file is written with that was no Parquet before: small, and quick to read.
_COMPRESSION = "zstd"


class ParquetSource:
    """A Parquet file of points; GeoParquet where it says so and no columns are stated."""

    def __init__(self, request: Request) -> None:
        self._path = request.points
        with _opened(self._path) as file:
            self.schema: pa.Schema = _without_views(file.schema_arrow)
            self._rows = file.metadata.num_rows
            self._piece_rows = _piece_rows(file.metadata)
            self.compression = _compression(file.metadata)
        geometry = None if request.columns else geometry_in(self.schema)
        self.where: Where = geometry or coordinate_columns(self.schema.names, request.columns)
        self.remarks = [remark_on(self.where)]

    def pieces(self) -> Iterator[Piece]:
        """Yield the rows in batches."""
        first_row = 1
        with _opened(self._path) as file:
            for batch in _read(file.iter_batches(self._piece_rows), self._path):
                share = (first_row - 1 + len(batch)) / max(self._rows, 1)
                yield TablePiece(first_row, share, pa.Table.from_batches([batch]).cast(self.schema), self.where)
                first_row += len(batch)


def _without_views(schema: pa.Schema) -> pa.Schema:
    """Return a schema with plain texts and bytes: not every format, nor Arrow everywhere, takes views of them."""
    plain = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}
    return pa.schema([field.with_type(plain.get(field.type, field.type)) for field in schema], schema.metadata)


def _opened(path: Path) -> parquet.ParquetFile:
    try:
        # Without buffering ahead: a row group may be larger than memory has room for.
        return parquet.ParquetFile(path, pre_buffer=False)
    except (pa.ArrowException, OSError) as exc:
        raise PointsUnreadable(file=path.name, reason=_first_line(exc)) from exc


def _read(batches: Iterator[pa.RecordBatch], path: Path) -> Iterator[pa.RecordBatch]:
    try:
        yield from batches
    except (pa.ArrowException, OSError) as exc:
        raise PointsUnreadable(file=path.name, reason=_first_line(exc)) from exc


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _piece_rows(metadata: parquet.FileMetaData) -> int:
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    row_bytes = sum(group.total_byte_size for group in groups) / max(metadata.num_rows, 1)
    return max(1, min(PIECE_ROWS, int(PIECE_BYTES / max(row_bytes, 1))))


def _compression(metadata: parquet.FileMetaData) -> str:
    if not metadata.num_row_groups or not metadata.num_columns:
        return _COMPRESSION
    return str(metadata.row_group(0).column(0).compression).lower().replace("uncompressed", "none")


def geometry_in(schema: pa.Schema) -> Geometry | None:
    """Return the primary column of a GeoParquet file, None when it is none.

    Raises
    ------
    PointsUnreadable
        What the file says of its geometry makes no sense.
    """
    said = (schema.metadata or {}).get(b"geo")
    if said is None:
        return None
    try:
        about = json.loads(said)
        name = about["primary_column"]
        column = about["columns"][name]
        encoding = str(column["encoding"]).lower()
    except (ValueError, KeyError, TypeError) as exc:
        raise PointsUnreadable(reason="its GeoParquet metadata can not be read") from exc
    if encoding not in ("wkb", "point") or name not in schema.names:
        raise PointsUnreadable(reason=f"its geometry {name} is encoded as {encoding}; WKB and point are read")
    crs = column.get("crs", _DEFAULT_CRS)
    return Geometry(name, json.dumps(crs) if isinstance(crs, dict) else crs, is_wkb=encoding == "wkb")


@dataclass(frozen=True)
class ParquetForm:
    """A Parquet file; GeoParquet where its tables have a geometry."""

    shaping: Shaping
    compression: str = _COMPRESSION

    def shaped(self, piece: Piece, answers: Answers) -> pa.Table:
        """Return the table of one row group."""
        return self.shaping(piece, answers)

    def write(self, path: Path, shaped: Iterator[pa.Table]) -> None:
        """Write a row group a piece."""
        schema = self.shaping.schema.with_metadata(self._metadata())
        with parquet.ParquetWriter(
            path, schema, compression=self.compression, use_dictionary=_repeating(schema)
        ) as writer:
            for table in shaped:
                writer.write_table(table.replace_schema_metadata(schema.metadata))

    def _metadata(self) -> dict[bytes, bytes] | None:
        metadata: dict[bytes, bytes] = dict(self.shaping.schema.metadata or {})
        geometry = self.shaping.geometry
        if geometry is not None and b"geo" not in metadata:
            metadata[b"geo"] = json.dumps(_about(geometry)).encode()
        return metadata or None


def _about(geometry: Geometry) -> dict[str, Any]:
    """Return GeoParquet's description of a file of points."""
    column: dict[str, Any] = {"encoding": "WKB", "geometry_types": ["Point"]}
    crs = None if geometry.crs is None else pyproj.CRS.from_user_input(geometry.crs)
    if crs is None:
        column["crs"] = None
    elif not crs.equals(pyproj.CRS.from_user_input(_DEFAULT_CRS), ignore_axis_order=True):
        column["crs"] = crs.to_json_dict()
    return {"version": "1.1.0", "primary_column": geometry.column, "columns": {geometry.column: column}}


def _repeating(schema: pa.Schema) -> list[str]:
    """Return the columns that are worth a dictionary; floats hardly ever repeat, and finding that out takes time."""
    return [
        field.name
        for field in schema
        if not (pa.types.is_floating(field.type) or pa.types.is_nested(field.type) or pa.types.is_binary(field.type))
    ]
