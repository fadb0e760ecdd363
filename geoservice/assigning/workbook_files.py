"""Points in a sheet of an Excel workbook: read as a whole by the guarded process, answered some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from geoservice.assigning.coordinates import coordinate_columns, require_different
from geoservice.assigning.model import PIECE_ROWS, Piece, Request, TablePiece, Where, remark_on
from geoservice.assigning.positions import with_points
from geoservice.domain.importing.words import LAT_NAMES, LON_NAMES
from geoservice.reading.workbooks import read_sheet

#: More stretches of rows than this, with empty ones between, are numbered as they come, and not as the sheet does.
_STRETCHES_MAX = 1000


class WorkbookSource:
    """A sheet of points, all columns as text."""

    def __init__(self, request: Request) -> None:
        stated = request.columns
        header = (LON_NAMES, LAT_NAMES) if stated is None else tuple((name.strip().lower(),) for name in stated)
        self._sheet = read_sheet(request.points, sheet=request.layer, header=header)
        self._in_degrees = request.crs is None or not request.crs.startswith("epsg")
        self.schema: pa.Schema = self._sheet.table.schema
        require_different(self.schema.names)
        self.where: Where = coordinate_columns(self.schema.names, stated)
        self.remarks = [*self._sheet.remarks, remark_on(self.where)]

    def pieces(self) -> Iterator[Piece]:
        """Yield the rows, some at a time, by the numbers that the sheet shows beside them."""
        table, rows = self._sheet.table, np.array(self._sheet.rows, np.int64)
        ends = [*(np.flatnonzero(np.diff(rows) != 1) + 1).tolist(), len(rows)]
        if len(ends) > _STRETCHES_MAX:
            ends, rows = [len(rows)], np.arange(1, len(rows) + 1)
        begin = 0
        for end in ends:
            for at in range(begin, end, PIECE_ROWS):
                some = table.slice(at, min(PIECE_ROWS, end - at))
                yield _SheetPiece(int(rows[at]), (at + len(some)) / len(rows), some, self.where, self._in_degrees)
            begin = end


@dataclass(frozen=True)
class _SheetPiece(TablePiece):
    in_degrees: bool = True

    def coordinates(self) -> tuple[pa.Array, pa.Array] | pa.Array:
        """Return two columns of text, decimal commas as points."""
        x, y = super().coordinates()
        return with_points(x, in_degrees=self.in_degrees), with_points(y, in_degrees=self.in_degrees)
