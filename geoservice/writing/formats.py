"""How each format holds a table of features, and what it can not hold."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyproj
import shapely
from pyarrow import parquet

from geoservice.writing.export_errors import ShapefileOfOneType, ShapefileTooNarrow
from geoservice.writing.format_names import FormatName
from geoservice.writing.sheets import write_csv, write_xlsx
from geoservice.writing.tables import GEOMETRY, FeatureTable

#: dBASE III: bytes of a field's name, and of its text (ESRI Shapefile Technical Description; GDAL's driver page).
_DBF_NAME_BYTES, _DBF_TEXT_BYTES = 10, 254
#: GDAL's word for a layer that holds several types.
_GDAL_TYPES = {"Geometry": "Unknown"}
#: Beyond this not every whole number is a double.
_EXACT = 2**53
_SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")


@dataclass(frozen=True)
class Format:
    """One format."""

    #: How files of it end; the first is what a download is called.
    suffixes: tuple[str, ...]
    media_type: str
    #: Writes a table to a path and returns remarks on what could not be held.
    write: Callable[[FeatureTable, Path, str], list[str]]


def _write_geopackage(table: FeatureTable, path: Path, layer: str) -> list[str]:
    # 1.2 is what a QGIS or GDAL of some years ago reads without a warning, and there is nothing newer in it.
    options = {"VERSION": "1.2"}
    told = {} if table.attribution is None else {"DESCRIPTION": table.attribution}
    _gdal(
        table.columns, table, path, driver="GPKG", layer=layer, geometry_name="geom", dataset_options=options,
        layer_options=told,
    )  # fmt: skip
    return []


def _write_geojson(table: FeatureTable, path: Path, layer: str) -> list[str]:
    """Write GeoJSON with every digit; it names its CRS, so that nobody has to ask which of China's it is."""
    name = f"urn:ogc:def:crs:EPSG::{table.epsg}"
    shapes = shapely.to_geojson(shapely.orient_polygons(table.geoms))  # RFC 7946, 3.1.6
    told = {} if table.attribution is None else {"attribution": table.attribution}
    head = orjson.dumps(
        {"type": "FeatureCollection", "name": layer, "crs": {"type": "name", "properties": {"name": name}}} | told
    )
    wide: set[str] = set()
    with path.open("wb") as file:
        file.write(head[:-1] + b',"features":[\n')
        for place, (record, shape) in enumerate(zip(table.records, shapes, strict=True)):
            properties = orjson.dumps(_exact(record, wide))
            feature = b'{"type":"Feature","properties":' + properties + b',"geometry":' + shape.encode() + b"}"
            file.write((b",\n" if place else b"") + feature)
        file.write(b"\n]}\n")
    return [f"JavaScript cuts whole numbers beyond 2^53: {', '.join(sorted(wide))} holds them as text."] if wide else []


def _exact(record: dict[str, object], wide: set[str]) -> dict[str, object]:
    """Return a record with whole numbers that readers of JSON cut as text, and note where they stood. RFC 8259, 6."""
    found = {name for name, value in record.items() if isinstance(value, int) and abs(value) > _EXACT}
    wide |= found
    return record | {name: str(record[name]) for name in found} if found else record


def _write_shapefile_folder(table: FeatureTable, path: Path, layer: str) -> list[str]:
    if table.geometry_type == "Geometry":
        raise ShapefileOfOneType
    columns, remarks = _dbf_columns(table.columns)
    path.mkdir()
    _gdal(columns, table, path / f"{layer}.shp", driver="ESRI Shapefile", layer=layer, encoding="UTF-8")
    return remarks


def _write_shapefile(table: FeatureTable, path: Path, layer: str) -> list[str]:
    if not path.suffix:
        return _write_shapefile_folder(table, path, layer)
    folder = path.with_name("parts")
    remarks = _write_shapefile_folder(table, folder, layer)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in _SHAPEFILE_PARTS:
            archive.write(folder / f"{layer}{part}", f"{layer}{part}")
    return remarks


def _write_geoparquet(table: FeatureTable, path: Path, layer: str) -> list[str]:
    """Write GeoParquet 1.1.0 (geoparquet.org/releases/v1.1.0)."""
    column = {
        "encoding": "WKB", "geometry_types": _types_of(table), "orientation": "counterclockwise",
        "crs": pyproj.CRS.from_epsg(table.epsg).to_json_dict(),
    }  # fmt: skip
    if len(table.geoms):
        column["bbox"] = shapely.total_bounds(table.geoms).tolist()
    geo = {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}
    wkb = pa.array(shapely.to_wkb(shapely.orient_polygons(table.geoms)), pa.binary())
    told = {} if table.attribution is None else {"attribution": table.attribution}
    rows = table.columns.append_column(GEOMETRY, wkb).replace_schema_metadata({"geo": json.dumps(geo)} | told)
    parquet.write_table(rows, path, compression="zstd")
    return []


def _write_flatgeobuf(table: FeatureTable, path: Path, layer: str) -> list[str]:
    _gdal(table.columns, table, path, driver="FlatGeobuf", layer=layer)
    return []


def _types_of(table: FeatureTable) -> list[str]:
    return sorted({shape.geom_type for shape in table.geoms})


FORMATS: dict[FormatName, Format] = {
    "geopackage": Format((".gpkg",), "application/geopackage+sqlite3", _write_geopackage),
    "geojson": Format((".geojson", ".json"), "application/geo+json", _write_geojson),
    "shapefile": Format((".zip", ""), "application/zip", _write_shapefile),
    "geoparquet": Format((".parquet", ".geoparquet"), "application/vnd.apache.parquet", _write_geoparquet),
    "flatgeobuf": Format((".fgb",), "application/flatgeobuf", _write_flatgeobuf),
    "csv": Format((".csv",), "text/csv", write_csv),
    "xlsx": Format((".xlsx",), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", write_xlsx),
}


def _gdal(columns: pa.Table, table: FeatureTable, path: Path, **options: Any) -> None:
    import pyogrio  # noqa: PLC0415  loading GDAL takes longer than the other formats do

    wkb = pa.array(shapely.to_wkb(table.geoms), pa.binary())
    pyogrio.write_arrow(
        _in_utc(columns).append_column(options.setdefault("geometry_name", GEOMETRY), wkb),
        path, geometry_type=_GDAL_TYPES.get(table.geometry_type, table.geometry_type), crs=f"EPSG:{table.epsg}",
        **options,
    )  # fmt: skip


def _in_utc(columns: pa.Table) -> pa.Table:
    """Return instants as GDAL takes them: a zone by its name it does not know."""
    for at, column in enumerate(columns.schema):
        if pa.types.is_timestamp(column.type):
            utc = columns.column(at).cast(pa.timestamp(column.type.unit, "UTC"))
            columns = columns.set_column(at, column.name, utc)
    return columns


def _dbf_columns(columns: pa.Table) -> tuple[pa.Table, list[str]]:
    """Return the columns as a .dbf can hold them, and what that cost."""
    names, remarks = _dbf_names(columns.column_names), []
    renamed = [f"{old} as {new}" for old, new in zip(columns.column_names, names, strict=True) if old != new]
    if renamed:
        remarks.append(f"A shapefile's field names have {_DBF_NAME_BYTES} bytes: {', '.join(renamed)}.")
    arrays = []
    for name, column in zip(columns.column_names, columns.itercolumns(), strict=True):
        values = column.to_pylist()
        if pa.types.is_string(column.type):
            short = [value and _cut(value, _DBF_TEXT_BYTES) for value in values]
            cut = [place for place, value in enumerate(values) if value != short[place]]
            if cut and name == "code":
                raise ShapefileTooNarrow(code=values[cut[0]])
            if cut:
                remarks.append(f"A shapefile's text has {_DBF_TEXT_BYTES} bytes: {name} of {len(cut)} features is cut.")
            arrays.append(pa.array(short, pa.string()))
        elif pa.types.is_boolean(column.type):
            arrays.append(pa.array(values, pa.bool_()).cast(pa.int32()))
            remarks.append(f"A shapefile has no truth values: {name} is 1 or 0.")
        elif pa.types.is_timestamp(column.type):
            arrays.append(pa.array([value and value.isoformat() for value in values], pa.string()))
            remarks.append(f"A shapefile has no instants: {name} is a text, ISO 8601.")
        else:
            arrays.append(column)
    remarks.append("A shapefile can not tell an absent text from an empty one.")
    return pa.table(arrays, names=names), remarks


def _dbf_names(names: list[str]) -> list[str]:
    """Return names of at most ten bytes, no two alike in whatever case."""
    short: list[str] = []
    for name in names:
        found, number = _cut(name, _DBF_NAME_BYTES), 1
        while found.lower() in (one.lower() for one in short):
            ending = f"_{number}"
            found, number = _cut(name, _DBF_NAME_BYTES - len(ending)) + ending, number + 1
        short.append(found)
    return short


def _cut(text: str, most_bytes: int) -> str:
    return text.encode()[:most_bytes].decode(errors="ignore")
