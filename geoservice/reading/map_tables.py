"""Files of a GIS as tables: GeoJSON, GeoPackage, shapefile, FlatGeobuf, GeoParquet, read by the guarded process."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa

from geoservice.domain.importing.choices import Choices
from geoservice.domain.importing.values import Inexact
from geoservice.reading.file_errors import EncodingWrong, FileUnreadable, NoFeatures
from geoservice.reading.file_tables import FileTable, headers_of
from geoservice.reading.geojson_crs import stated_crs
from geoservice.reading.limits import Limits
from geoservice.reading.reader import run_child
from geoservice.reading.staging import stage
from layers.grids.codes import EXACT_BELOW, EXACT_BELOW_SINGLE


def read_map(name: str, choices: Choices, limits: Limits) -> FileTable:
    """Return the features of a file that a GIS wrote; raise FileRefused, one of its kin.

    Tables come as Arrow, in which a whole number beside empty cells stays what it is; in a frame it would be a double.
    """
    with tempfile.TemporaryDirectory(prefix="geoservice-import-") as directory:
        staged = stage(name, Path(directory), encoding=choices.encoding, limits=limits)
        result = Path(directory) / "features.arrow"
        request = {
            "path": str(staged.path), "format": staged.format, "encoding": staged.encoding, "layer": choices.layer,
            "result": str(result), "features": limits.features, "straighten": True,
        }  # fmt: skip
        verdict = run_child(request, staged.path.parent, limits)
        with pa.memory_map(str(result)) as source:
            table = pa.ipc.open_file(source).read_all()
            if table.num_rows == 0:
                raise NoFeatures
            said = stated_crs(staged.path) if staged.format == "geojson" and choices.crs is None else verdict["crs"]
            remarks = [f"Curves of {verdict['straightened']} features became lines."] if verdict["straightened"] else []
            return _table(table, str(verdict["geometry"]), said, remarks)


def _table(table: pa.Table, geometry: str, crs: str | None, remarks: list[str]) -> FileTable:
    others = table.drop_columns([geometry])
    try:
        columns = tuple(_cells(others.column(place)) for place in range(others.num_columns))
    except UnicodeDecodeError as exc:
        raise EncodingWrong from exc
    except (OverflowError, ValueError, pa.ArrowException) as exc:
        raise FileUnreadable(reason="a field holds what is no date or number") from exc
    wkb = table.column(geometry).to_pylist()
    rows = range(1, table.num_rows + 1)
    return FileTable(headers_of(others.column_names), columns, rows, wkb, crs, tuple(remarks))


def _cells(column: pa.ChunkedArray) -> list[object]:
    """Return a column's cells; numbers that may have been their neighbours are marked."""
    cells = column.to_pylist()
    if pa.types.is_float32(column.type):
        # The shortest digits that read back as the same: 0.1, and not 0.10000000149011612.
        short = (None if cell is None else float(str(np.float32(cell))) for cell in cells)
        return [None if cell is None else _lossy(cell, EXACT_BELOW_SINGLE) for cell in short]
    if pa.types.is_float64(column.type):
        return [None if cell is None else _lossy(cell, EXACT_BELOW) for cell in cells]
    return list(cells)


def _lossy(cell: float, exact_below: float) -> object:
    return Inexact(format(cell, ".0f")) if exact_below <= abs(cell) < np.inf else cell
