"""What executors do: rows in, rows with their owners out. Nothing here knows where rows come from or go to."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import parquet

from geoservice.assigning.added_columns import Added
from geoservice.assigning.model import Answers, CoordinateColumns, Geometry, TablePiece, Where
from geoservice.assigning.owners import Owners
from geoservice.assigning.point_errors import NotAPoint, PointsUnreadable
from geoservice.assigning.positions import numbers, points
from geoservice.assigning.spark.refusals import crossing
from geoservice.engine.answers import Method
from geoservice.reading.crs import Placing, placing
from geoservice.reading.csv_errors import RowTooWide

#: Every Parquet file ends so.
MAGIC = b"PAR1"
#: Memory of the rows of one part; as Parquet it is smaller. It is one value for Spark, which holds it twice or so.
PART_BYTES = 96 << 20
#: What a decoder puts where bytes say nothing.
_UNDECODED = "\ufffd"
#: Columns of the parts that executors make themselves.
PARTS = "part binary, rows long, covered long, nearest long, none long"


@dataclass(frozen=True)
class Answering:
    """Gives rows their owners. It travels to the executors; the index travels once, and is built once a process."""

    #: A broadcast of Owners: a process keeps its value, whatever number of tasks it works on.
    owners: Any
    where: Where
    #: See `placing`.
    crs: str | None
    code_column: str
    method_column: str
    #: Column with the number of a row in its file, from 0; not part of the result.
    row_number: str | None = None
    #: Column with what stands in the file where it does not fit the header; not part of the result.
    misfit: str | None = None
    delimiter: str = ","
    #: Whether text was decoded from something else than UTF-8.
    decoded_from: str | None = None
    #: See `placing`.
    allow_ballpark: bool = False

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the rows with their owners, batch by batch."""
        for table, _ in self.tables(batches):
            yield from table.to_batches()

    def tables(self, batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[pa.Table, NDArray[np.int8]]]:
        """Yield the rows with their owners, and how these were reached, as numbers."""
        with crossing():
            owners: Owners = self.owners.value
            stated = self.where.crs if isinstance(self.where, Geometry) else None
            in_file = isinstance(self.where, Geometry)
            places = placing(self.crs, stated, in_file=in_file, allow_ballpark=self.allow_ballpark)
            added = Added(self.code_column, self.method_column, owners.index.codes)
            for batch in batches:
                table = self._kept(batch)
                answers = self._answers(batch, owners, places)
                for field, column in zip(added.fields, added.columns(answers), strict=True):
                    table = table.append_column(field.name, column.dictionary_decode())
                yield table, answers.method

    def _kept(self, batch: pa.RecordBatch) -> pa.Table:
        table = pa.Table.from_batches([batch])
        if self.misfit:
            _require_fit(batch.column(self.misfit), batch.num_columns - 1, self.delimiter)
        if self.decoded_from:
            for column in table.itercolumns():
                if pc.any(pc.match_substring(column, _UNDECODED)).as_py():
                    raise PointsUnreadable(reason=f"it holds bytes that are not {self.decoded_from}")
        return table.drop_columns([name for name in (self.row_number, self.misfit) if name])

    def _answers(self, batch: pa.RecordBatch, owners: Owners, places: Placing) -> Answers:
        x, y = self._coordinates(batch)
        lon, lat = places(x, y)
        owner, method = owners.ask(lon, lat)
        return Answers(owner, method, lon, lat, ())

    def _coordinates(self, batch: pa.RecordBatch) -> tuple[Any, Any]:
        found = TablePiece(1, None, pa.Table.from_batches([batch]), self.where).coordinates()
        if isinstance(found, tuple):
            names = self.where if isinstance(self.where, CoordinateColumns) else CoordinateColumns("x", "y")
            return numbers(found[0], names.x), numbers(found[1], names.y)
        try:
            return points(found, 0)
        except NotAPoint as exc:
            raise self._with_its_number(exc, batch) from None

    def _with_its_number(self, error: NotAPoint, batch: pa.RecordBatch) -> NotAPoint:
        """Return the error with the feature's number in its file instead of the one in its batch."""
        fields = dict(error.fields)
        at = int(str(fields.pop("feature")))
        if self.row_number is None:
            return NotAPoint(**fields)
        return NotAPoint(feature=batch.column(self.row_number)[at].as_py() + 1, **fields)


def _require_fit(misfits: pa.Array, columns: int, delimiter: str) -> None:
    """Raise unless rows that do not fit the header are just short; what they lack is null then."""
    if misfits.null_count == len(misfits):
        return
    for record in misfits.drop_null().to_pylist():
        fields = len(next(csv.reader(io.StringIO(record, newline=""), delimiter=delimiter), []))
        if fields > columns:
            raise RowTooWide(fields=fields, columns=columns, row=record[:60])
        if fields == columns:
            raise PointsUnreadable(reason="a row can not be taken apart", row=record[:60])


@dataclass(frozen=True)
class PartsMaking:
    """Makes GeoParquet files of rows with owners: Spark's own writer has no room for what such a file says of itself.

    A part is one row for Spark: the file without its last four bytes, and how many rows are in it and how they fared.
    """

    answering: Answering
    #: The text under the key `geo`.
    geo: str
    compression: str

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield a partition as a few parts, in order."""
        waiting: list[pa.Table] = []
        methods: list[NDArray[np.int8]] = []
        size = 0
        for table, method in self.answering.tables(batches):
            waiting.append(table)
            methods.append(method)
            size += table.nbytes
            if size >= PART_BYTES:
                yield self._part(waiting, methods)
                waiting, methods, size = [], [], 0
        if waiting:
            yield self._part(waiting, methods)

    def _part(self, tables: list[pa.Table], methods: list[NDArray[np.int8]]) -> pa.RecordBatch:
        rows = pa.concat_tables(tables)
        file = io.BytesIO()
        parquet.write_table(rows.replace_schema_metadata({"geo": self.geo}), file, compression=self.compression)
        method = np.concatenate(methods)
        counts = [int((method == which).sum()) for which in (Method.COVERS, Method.NEAREST, Method.NONE)]
        columns = [pa.array([file.getvalue()[: -len(MAGIC)]], pa.binary())]
        columns += [pa.array([count], pa.int64()) for count in (rows.num_rows, *counts)]
        return pa.RecordBatch.from_arrays(columns, names=[name.split()[0] for name in PARTS.split(", ")])
