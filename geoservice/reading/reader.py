"""Read polygons with their fields from a file, through a guarded process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from geoservice.reading import file_errors
from geoservice.reading.crs import Placing, to_lonlat
from geoservice.reading.file_errors import (
    EncodingWrong,
    FileRefused,
    FileUnreadable,
    GeometryTypeRefused,
    NoFeatures,
    ReaderDied,
    ReadingTookTooLong,
)
from geoservice.reading.geojson_crs import stated_crs
from geoservice.reading.limits import Limits
from geoservice.reading.staging import stage
from layers.antimeridian import lies_across, whole

#: A script, not a module: so it runs with nothing of the service importable, installed or not.
CHILD = Path(__file__).with_name("reader_process.py")
#: What GDAL knows to open and we do not want opened, whatever the format; of the drivers that we do use, only that of
#: the file's own format stays. Drivers missing here are found by the process itself, which then starts anew;
#: that costs 0.2 s, so the list of pyogrio 0.13 (GDAL 3.12) is written out.
UNWANTED_DRIVERS = (
    "MEM,PCIDSK,PDS4,VICAR,PDF,MBTiles,EEDA,OGCAPI,GDALG,MapInfo File,LVBAG,S57,DGN,OGR_VRT,CSV,GML,"
    "GPX,LIBKML,KML,GeoJSONSeq,ESRIJSON,TopoJSON,OGR_GMT,SQLite,WAsP,OpenFileGDB,DXF,GeoRSS,"
    "VFK,PGDUMP,OSM,GPSBabel,OGR_PDS,WFS,OAPIF,EDIGEO,Idrisi,ODS,XLSX,Elasticsearch,Carto,AmigoCloud,"
    "SXF,Selafin,JML,PLSCENES,CSW,VDV,MVT,NGW,MapML,GTFS,PMTiles,JSONFG,MiraMonVector,ADBC,AVCBin,"
    "AVCE00,AIVector,HTTP"
)
#: The driver that opens each format, as in `reader_process`.
_DRIVERS = {"geojson": "GeoJSON", "geopackage": "GPKG", "shapefile": "ESRI Shapefile", "flatgeobuf": "FlatGeobuf"}
#: WKB type codes of Polygon and MultiPolygon; thousands and high bits say Z and M.
_AREAS = {3, 6}
_WKB_NAMES = {1: "Point", 2: "LineString", 4: "MultiPoint", 5: "MultiLineString", 7: "GeometryCollection"}

#: What a 64-bit integer holds; PostgreSQL keeps larger ones in jsonb, few readers do.
_INT64 = 2**63


@dataclass(frozen=True)
class Features:
    """What a file holds, brought to EPSG:4326."""

    fields: tuple[str, ...]
    #: One mapping per feature, JSON values only.
    properties: tuple[dict[str, object], ...]
    #: Polygon or MultiPolygon, 2D; None where the file has none or where its rings can not be built.
    geoms: tuple[Any, ...]
    #: Numbers of the features whose rings can not be built: too few points, or not closed.
    unbuildable: frozenset[int]
    #: How many features had heights or measures, which are dropped.
    with_heights: int
    #: What the coordinates were taken for, as people write it.
    crs: str
    #: What is not sure about them; None: nothing.
    doubt: str | None = None
    #: Fields of numbers that are exact below 2^24 only.
    single: frozenset[str] = frozenset()


def read_features(
    name: str,
    *,
    crs: str | None = None,
    encoding: str | None = None,
    layer: str | None = None,
    allow_ballpark: bool = False,
    limits: Limits = Limits(),  # noqa: B008  frozen
) -> Features:
    """Read a file of polygons.

    Vertices are transformed to EPSG:4326 one by one. An edge that was straight in the file's CRS would be slightly
    bent in degrees; it is kept straight there, which moves its middle by up to 4 cm on the police beats of Chicago
    (edges up to 1.6 km). Neighbours that share their vertices still fit exactly.

    Parameters
    ----------
    name
        Path of a GeoJSON, GeoPackage, shapefile (.shp or .zip), FlatGeobuf or GeoParquet file.
    crs
        `wgs84`, `cgcs2000`, `gcj02`, `bd09` or `epsg:N`; wins over what the file says. None: the file must say it.
    encoding
        Of a shapefile's text; None: the file must say it, or be ASCII.
    layer
        Of a GeoPackage; None: it must hold one.
    allow_ballpark
        Whether areas may be as far off as an old datum is that no sure way leads from.

    Raises
    ------
    FileRefused
        One of its kin. A file may be refused, it can not harm: it is opened by a process without network, bounded in
        memory and time.
    """
    with tempfile.TemporaryDirectory(prefix="geoservice-import-") as directory:
        staged = stage(name, Path(directory), encoding=encoding, limits=limits)
        result = Path(directory) / "features.arrow"
        request = {
            "path": str(staged.path), "format": staged.format, "encoding": staged.encoding, "layer": layer,
            "result": str(result), "features": limits.features,
        }  # fmt: skip
        verdict = run_child(request, staged.path.parent, limits)
        with pa.memory_map(str(result)) as source:
            table = pa.ipc.open_file(source).read_all()
            if table.num_rows == 0:
                raise NoFeatures
            # What the caller says wins over a member that nobody can read.
            stated = stated_crs(staged.path) if staged.format == "geojson" and crs is None else verdict["crs"]
            places = partial(to_lonlat, declared=crs, stated=stated, allow_ballpark=allow_ballpark)
            return _features(table, str(verdict["geometry"]), places)


def run_child(request: dict[str, Any], folder: Path, limits: Limits) -> dict[str, Any]:
    """Return what the guarded process says of a request; raise FileRefused, one of its kin."""
    bounds = {
        "memory_bytes": limits.memory_bytes, "cpu_s": int(limits.wall_s) + 1, "file_bytes": 4 * limits.file_bytes,
    }  # fmt: skip
    command = [sys.executable, "-I", str(CHILD), json.dumps({**request, **bounds})]
    with subprocess.Popen(  # noqa: S603  our own interpreter and script
        command, env=_environment(folder, request["format"]), cwd=folder, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            told, _ = process.communicate(timeout=limits.wall_s)
        except subprocess.TimeoutExpired as exc:
            raise ReadingTookTooLong(seconds=limits.wall_s) from exc
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # whatever it may have started goes with it
    if process.returncode == -signal.SIGXCPU:
        raise ReadingTookTooLong(seconds=limits.wall_s)
    if process.returncode != 0:
        raise ReaderDied(exit=process.returncode)
    verdict: dict[str, Any] = json.loads(told)
    if "error" in verdict:
        raise _refusal(verdict)
    return verdict


def _refusal(verdict: dict[str, Any]) -> FileRefused:
    error: type[FileRefused] = getattr(file_errors, verdict["error"])
    return error(**verdict["fields"])


def _environment(directory: Path, kind: str) -> dict[str, str]:
    others = [driver for other, driver in _DRIVERS.items() if other != kind]
    unwanted = ",".join([UNWANTED_DRIVERS, *others])
    return {
        "OGR_SKIP": unwanted,
        "GDAL_SKIP": unwanted,
        "HOME": str(directory),
        "TMPDIR": str(directory),
        "LC_ALL": "C.UTF-8",
        # Nobody listens there: for kernels that do not let us take the network away.
        "GDAL_HTTP_PROXY": "127.0.0.1:9",
        "GDAL_HTTP_TIMEOUT": "1",
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
        # Threads would reserve more address space than the limit allows.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
    }


def _features(table: pa.Table, geometry: str, to_degrees: Callable[[Any], tuple[Any, Placing]]) -> Features:
    wkbs = table.column(geometry).to_pylist()
    for number, wkb in enumerate(wkbs):
        _require_area(number, wkb)
    with np.errstate(invalid="ignore"):  # NaN coordinates become a finding later
        geoms = shapely.from_wkb(np.array(wkbs, dtype=object), on_invalid="ignore")
    unbuildable = frozenset(n for n, wkb in enumerate(wkbs) if wkb is not None and geoms[n] is None)
    with_heights = int((shapely.has_z(geoms) | shapely.has_m(geoms)).sum())
    placed, places = to_degrees(shapely.force_2d(geoms))
    if lies_across(placed):
        placed = whole(placed)
    others = table.drop_columns([geometry])
    single = frozenset(field.name for field in others.schema if pa.types.is_float32(field.type))
    try:
        rows = others.to_pylist()
    except UnicodeDecodeError as exc:
        raise EncodingWrong from exc
    except (OverflowError, ValueError, pa.ArrowException) as exc:
        raise FileUnreadable(reason=f"a field holds what is no date or number: {str(exc)[:200]}") from exc
    properties = tuple(
        {key: _json(_shortest(value) if key in single else value) for key, value in row.items()} for row in rows
    )
    return Features(
        tuple(others.column_names),
        properties,
        tuple(placed),
        unbuildable,
        with_heights,
        places.name,
        places.doubt,
        single,
    )


def _require_area(number: int, wkb: object) -> None:
    """Raise unless a feature's WKB is a polygon or multipolygon, or absent. Source: OGC 06-103r4, 8.2.8."""
    if wkb is None:
        return
    if not isinstance(wkb, bytes) or len(wkb) < 5:
        raise FileUnreadable(reason=f"feature {number + 1} has no WKB geometry")
    code = int.from_bytes(wkb[1:5], "little" if wkb[0] == 1 else "big") & 0x0FFFFFFF
    if code % 1000 not in _AREAS:
        name = _WKB_NAMES.get(code % 1000, f"type {code % 1000} (a curve or surface)")
        raise GeometryTypeRefused(feature=number + 1, found=name)


def _shortest(value: Any) -> Any:
    """Return a number of 24 bits as the double that is written alike: 0.1, and not 0.10000000149011612."""
    return value if value is None else float(str(np.float32(value)))


def _exact(value: Decimal) -> object:
    """Return a decimal as a number of JSON that is exactly it, else as text; codes of 18 digits are decimals."""
    if not value.is_finite():
        return None
    if value == value.to_integral_value():
        whole = int(value)
        return whole if abs(whole) < _INT64 else str(whole)
    return float(value) if Decimal(repr(float(value))) == value else format(value, "f")


def _json(value: object) -> object:
    """Return a field's value as JSON can hold it; bytes and what is not a number have no place there."""
    if isinstance(value, str):
        return value.replace("\0", "")  # PostgreSQL's jsonb has no room for it
    if isinstance(value, dict):
        return {str(key): _json(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_json(one) for one in value]
    if isinstance(value, Decimal):
        return _exact(value)
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value if isinstance(value, bool | int) else None
