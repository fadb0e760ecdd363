"""Features as a table: a row a feature, its fields as columns, its shape in the CRS asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import Any

import numpy as np
import pyarrow as pa
import pyproj
import shapely
from pyproj.exceptions import CRSError, ProjError

from geoservice.domain.spreadsheets import MARK, QUOTED_MARK
from geoservice.writing.export_errors import (
    ExportCrsDoesNotFit,
    ExportCrsRefused,
    ExportCrsUnknown,
    ExportDatumNotSure,
)
from layers.crs import GEOGRAPHIC_NAMES, SHIFTED_NAMES, STORAGE_SRID, UnknownCrs, ballpark_between, epsg_of
from layers.grids.model import UNOWNED_FIELD, GridShape
from layers.layer import Column, ColumnType, GeometryType, Layer

#: What every export has, in this order; properties follow.
FIELDS = ("code", "name", "name_en", "parent_code")
GEOMETRY = "geometry"
#: Names that formats keep for themselves, whatever their case.
_TAKEN = (GEOMETRY, "geom", "wkt", "fid", "ogc_fid", "id", MARK, QUOTED_MARK)
_TYPES: dict[ColumnType, pa.DataType] = {
    "text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(),
    "day": pa.date32(),
}  # fmt: skip
#: How far the way back from the CRS may miss, degrees: 0.1 mm.
_BACK_DEG = 1e-9


@dataclass(frozen=True)
class FeatureTable:
    """Features ready to be written."""

    #: Text, whole numbers, numbers, truth values or instants. Of grids: texts FIELDS, then a column for each property.
    columns: pa.Table
    #: (n,) of `geometry_type`, in `epsg`, longitude or easting first.
    geoms: Any
    geometry_type: GeometryType
    epsg: int
    #: For each row what stands in the columns, as it was: values nested in properties are kept here.
    records: tuple[dict[str, object], ...]
    #: Whom whoever shows them names, plain text; None: nobody.
    attribution: str | None = None


def grid_table(grids: Sequence[GridShape], *, epsg: int, attribution: str | None = None) -> FeatureTable:
    """Return grids as a table in a CRS.

    Vertices are transformed one by one and nothing is rounded, so neighbours still share theirs.

    Raises
    ------
    ExportCrsUnknown, ExportCrsDoesNotFit
        PROJ does not know the CRS, or the grids lie where it can not be used.
    """
    keys = {key: None for grid in grids for key in grid.properties}
    # Only where there is such ground: most editions have none, and their tables stay as people know them.
    fields = FIELDS if all(grid.unowned_reason is None for grid in grids) else (*FIELDS, UNOWNED_FIELD)
    names = _free_names(list(keys))
    records = tuple(
        {field: grid.unowned_reason if field == UNOWNED_FIELD else getattr(grid, field) for field in fields}
        | {names[key]: grid.properties.get(key) for key in keys}
        for grid in grids
    )
    columns = {name: pa.array([one[name] for one in records], pa.string()) for name in fields}
    columns |= {name: _column([one[name] for one in records]) for name in names.values()}
    geoms = _transformed(np.array([grid.geom for grid in grids], dtype=object), epsg)
    return FeatureTable(pa.table(columns), geoms, "MultiPolygon", epsg, records, attribution)


def layer_table(
    layer: Layer, rows: Sequence[Sequence[object]], geoms: Any, *, epsg: int, columns: Sequence[Column] | None = None,
    time_zone: str = "UTC", attribution: str | None = None,
) -> FeatureTable:  # fmt: skip
    """Return the features of a layer as a table in a CRS; errors as of `grid_table`.

    Parameters
    ----------
    rows
        Values in the order of the columns.
    geoms
        (n,) of the layer's geometry type, EPSG:4326.
    columns
        What is told of them; None: the layer's columns.
    time_zone
        IANA name: where instants are told.
    """
    told = layer.columns if columns is None else columns
    names = [column.name for column in told]
    values = list(zip(*rows, strict=True)) if rows else [() for _ in names]
    types = _TYPES | {"instant": pa.timestamp("us", time_zone)}
    arrays = {
        column.name: pa.array(_plain(column, some), types[column.type])
        for column, some in zip(told, values, strict=True)
    }
    records = tuple(
        dict(zip(names, some, strict=True))
        for some in zip(*(array.to_pylist() for array in arrays.values()), strict=True)
    )
    return FeatureTable(pa.table(arrays), _transformed(geoms, epsg), layer.geometry, epsg, records, attribution)


def _plain(column: Column, values: Sequence[object]) -> list[object]:
    """Return values as Arrow takes them: an identifier is a text."""
    return [None if value is None else str(value) for value in values] if column.type == "text" else list(values)


def export_epsg(crs: str) -> int:
    """Return the EPSG code of a CRS to export in; raise ExportCrsUnknown, and ExportCrsRefused for what has none."""
    if crs in SHIFTED_NAMES:
        raise ExportCrsRefused(crs=crs)
    try:
        return epsg_of(crs)
    except UnknownCrs as exc:
        raise ExportCrsUnknown(crs=crs) from exc


def _free_names(keys: list[str]) -> dict[str, str]:
    """Return the column of each property; one that is taken, in whatever case, gets a number."""
    taken = {*FIELDS, UNOWNED_FIELD, *_TAKEN}
    names = {}
    for key in keys:
        name, number = key, 2
        while name.lower() in taken:
            name, number = f"{key}_{number}", number + 1
        taken.add(name.lower())
        names[key] = name
    return names


def _column(values: list[object]) -> pa.Array:
    """Return values of one kind as a column of it, all else as text: JSON where it is nested."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int} and all(value is None or -(2**63) <= value < 2**63 for value in values):  # type: ignore[operator]
        return pa.array(values, pa.int64())
    for kind, column in ({bool}, pa.bool_()), ({float}, pa.float64()), ({int, float}, pa.float64()):
        if kinds <= kind and not any(isinstance(value, int) and abs(value) > 2**53 for value in values):
            return pa.array(values, column)
    return pa.array([value if value is None or isinstance(value, str) else _json(value) for value in values])


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _transformed(geoms: Any, epsg: int) -> Any:
    if epsg in GEOGRAPHIC_NAMES.values():
        return geoms  # CGCS2000 is WGS 84 to a few centimetres, here as where positions come in
    try:
        ballpark_between(epsg)
        crs = pyproj.CRS.from_epsg(epsg)
        there = pyproj.Transformer.from_crs(STORAGE_SRID, crs, always_xy=True)
    except (UnknownCrs, CRSError, ProjError) as exc:
        raise ExportCrsUnknown(crs=f"epsg:{epsg}") from exc
    coords = shapely.get_coordinates(geoms)
    x, y = there.transform(coords[:, 0], coords[:, 1])
    back = np.column_stack(there.transform(x, y, direction="INVERSE"))
    if not (np.abs(back - coords) <= _BACK_DEG).all():  # not so for infinity either
        raise ExportCrsDoesNotFit(crs=f"epsg:{epsg}", covers=_area(crs))
    return shapely.set_coordinates(geoms.copy(), np.column_stack([x, y]))


def area_remark(geoms: Any, epsg: int) -> list[str]:
    """Return a sentence when a CRS is made for an area where features, EPSG:4326, do not lie: lengths are wrong."""
    area = pyproj.CRS.from_epsg(epsg).area_of_use
    if area is None or len(geoms) == 0:
        return []
    west, south, east, north = shapely.total_bounds(geoms).tolist()
    # East may be less than west, for areas across the antimeridian.
    inside = (area.west <= west and east <= area.east) if area.west <= area.east else True
    if inside and area.south <= south and north <= area.north:
        return []
    where = shorten(area.name, 150, placeholder=" …")
    return [f"EPSG:{epsg} is made for another area: {where} Lengths and areas measured in it are wrong here."]


def datum_remark(geoms: Any, epsg: int, *, allow_ballpark: bool) -> list[str]:
    """Return a sentence when places of features, EPSG:4326, may be off in a CRS, as its datum is not sure there.

    Raises
    ------
    ExportDatumNotSure
        They may, and nobody allowed it.
    """
    ballpark = None if epsg in GEOGRAPHIC_NAMES.values() else ballpark_between(epsg)
    if ballpark is None or not ballpark.meets(*shapely.get_coordinates(geoms).T):
        return []
    if not allow_ballpark:
        raise ExportDatumNotSure(datum=ballpark.datum, crs=f"epsg:{epsg}", off_by=ballpark.off_by)
    return [ballpark.doubt]


def _area(crs: pyproj.CRS) -> str | None:
    return None if crs.area_of_use is None else crs.area_of_use.name[:120]
