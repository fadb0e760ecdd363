"""Files of every format, made for the tests that read them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyogrio
import pyproj
import shapely
from pyarrow import parquet
from shapely import MultiPolygon, Polygon, box

from geoservice.reading.reader import Features
from geoservice.reading.shapes import GridFields, grids_of

WEST, EAST = box(91.000, 29.000, 91.001, 29.001), box(91.001, 29.000, 91.002, 29.001)
CODES, NAMES = ["0111", "0112"], ["扎塘路网格", "格桑路网格"]
#: Illinois East in US survey feet: what a well-known precinct file holds without saying so.
FEET = 3435


def geojson(path: Path, geoms: list[Any], *, codes: list[Any] | None = None, **members: Any) -> str:
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "name": "网格"},
            "geometry": geom and shapely.geometry.mapping(geom),
        }
        for geom, code in zip(geoms, codes or CODES, strict=False)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", **members, "features": features}), encoding="utf-8")
    return str(path)


def in_feet(*geoms: Polygon) -> list[Any]:
    to_feet = pyproj.Transformer.from_crs(4326, FEET, always_xy=True)
    return [shapely.transform(geom, lambda c: np.column_stack(to_feet.transform(c[:, 0], c[:, 1]))) for geom in geoms]


def written(path: Path, *, driver: str, crs: str | None = "EPSG:4326", encoding: str | None = None) -> str:
    with np.errstate(all="ignore"):
        pyogrio.raw.write(
            path, shapely.to_wkb([WEST, EAST]), [np.array(CODES, dtype=object), np.array(NAMES, dtype=object)],
            ["code", "name"], geometry_type="Polygon", driver=driver, crs=crs, encoding=encoding,
        )  # fmt: skip
    return str(path)


def geoparquet(path: Path, *, wkbs: list[bytes] | None = None, **crs: Any) -> str:
    column = {"encoding": "WKB", "geometry_types": ["Polygon"], **crs}
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    table = pa.table({"code": CODES, "name": NAMES, "geometry": wkbs or list(shapely.to_wkb([WEST, EAST]))})
    parquet.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)
    return str(path)


def shapefile(path: Path, *, crs: str | None = "EPSG:4326", encoding: str | None = "UTF-8") -> Path:
    return Path(written(path, driver="ESRI Shapefile", crs=crs, encoding=encoding))


def zipped(path: Path, entries: dict[str, bytes]) -> str:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return str(path)


def parts_of(shp: Path) -> dict[str, bytes]:
    return {
        f"folder/{part.name}": part.read_bytes() for part in shp.parent.glob(f"{shp.stem}.*") if part.suffix != ".zip"
    }


def is_as_written(features: Features) -> bool:
    grids, _ = grids_of(features, GridFields("code", "name"))
    shapes = [grid.geom is not None and grid.geom.normalize() == MultiPolygon([one]).normalize()
              for grid, one in zip(grids, (WEST, EAST), strict=True)]  # fmt: skip
    return [grid.code for grid in grids] == CODES and [grid.name for grid in grids] == NAMES and all(shapes)
