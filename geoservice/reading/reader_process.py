"""The process that opens a stranger's file, run as a script and never imported by the service.

It knows nothing of the service and imports nothing of it: `python -I reader_process.py REQUEST`, with a
verdict on standard output, the features as an Arrow file. GDAL and its drivers run only here, where a crash costs
nothing. The drivers that are not needed must be named in the environment before GDAL is loaded: one that reads
virtual files would open any path that such a file names.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

#: The one driver that may open a file of each format.
DRIVERS = {"geojson": "GeoJSON", "geopackage": "GPKG", "shapefile": "ESRI Shapefile", "flatgeobuf": "FlatGeobuf"}
#: linux/sched.h: CLONE_NEWUSER | CLONE_NEWNET
NO_NETWORK = 0x10000000 | 0x40000000
#: Encodings of GeoParquet 1.1 for areas, and how many lists deep their coordinates are.
NESTED = {"polygon": 2, "multipolygon": 3}
#: Fields nested deeper than this are refused: the service walks through them.
_NESTING_MAX = 8


class Refused(Exception):
    """The file is refused: the class of error that the service raises, and its fields."""

    def __init__(self, error: str, **fields: object) -> None:
        super().__init__(error)
        self.verdict = {"error": error, "fields": fields}


def confine(memory_bytes: int, cpu_s: int, file_bytes: int) -> None:
    """Give up memory, time and, where the kernel lets us, the network."""
    bound(memory_bytes, cpu_s, file_bytes)
    leave_network(NO_NETWORK)


def bound(memory_bytes: int, cpu_s: int, file_bytes: int) -> None:
    """Give up memory, time, and files that are larger."""
    for kind, wanted in ((resource.RLIMIT_AS, memory_bytes), (resource.RLIMIT_CPU, cpu_s),
                         (resource.RLIMIT_FSIZE, file_bytes), (resource.RLIMIT_CORE, 0)):  # fmt: skip
        _, most = resource.getrlimit(kind)  # whoever is bounded already keeps to that
        least = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(kind, (least, least))


def leave_network(namespaces: int) -> bool:
    """Go to new namespaces, one of them without a network; return whether the kernel lets us."""
    with contextlib.suppress(OSError, AttributeError):
        return bool(ctypes.CDLL(None).unshare(namespaces) == 0)
    return False


def require_one_driver(known: list[str], wanted: str) -> None:
    """Start again without the drivers that the environment did not name yet: a newer GDAL may know more."""
    surplus = sorted(set(known) - {wanted})
    if not surplus:
        return
    if os.environ.get("GEOSERVICE_READER_AGAIN"):
        raise Refused("FileUnreadable", reason=f"drivers can not be switched off: {' '.join(surplus)}")
    named = [*filter(None, os.environ.get("OGR_SKIP", "").split(",")), *surplus]
    again = os.environ | {"OGR_SKIP": ",".join(named), "GDAL_SKIP": ",".join(named), "GEOSERVICE_READER_AGAIN": "1"}
    os.execve(sys.executable, [sys.executable, "-I", *sys.argv], again)  # noqa: S606  our own interpreter, no shell


def read_with_gdal(request: dict[str, Any]) -> tuple[Any, str, str | None]:
    """Return the table, its geometry column and the CRS that the file states."""
    # It would load these where they are installed, which takes longer than reading the file.
    for name in ("geopandas", "pandas", "pyproj"):
        sys.modules[name] = None  # type: ignore[assignment]
    import pyogrio  # noqa: PLC0415  its import loads GDAL, which must come after `confine`

    path, kind = request["path"], request["format"]
    require_one_driver(list(pyogrio.list_drivers()), DRIVERS[kind])
    try:
        layer = layer_of(pyogrio.list_layers(path), request["layer"])
        options = {"DATE_AS_STRING": "YES"} if kind == "geojson" else {}
        meta, table = pyogrio.read_arrow(
            path, layer=layer, encoding=request["encoding"], max_features=request["features"] + 1, **options
        )
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError) as exc:
        raise Refused("FileUnreadable", reason=str(exc).replace(path, "the file")[:300]) from exc
    return table, meta["geometry_name"] or "wkb_geometry", meta["crs"]


def layer_of(layers: Any, asked: str | None) -> str:
    """Return the layer to read: the one asked for, else the only one with geometry."""
    spatial = [str(name) for name, kind in layers if kind is not None]
    if asked is not None:
        if asked not in spatial:
            raise Refused("LayerMissing", layer=asked, layers=", ".join(spatial))
        return asked
    if not spatial:
        raise Refused("FileUnreadable", reason="it holds no layer with geometry")
    if len(spatial) > 1:
        raise Refused("LayerNotStated", layers=", ".join(spatial))
    return spatial[0]


def read_with_arrow(request: dict[str, Any]) -> tuple[Any, str, str | None]:
    """Return the same of a GeoParquet file; the bundled GDAL has no driver for it."""
    import pyarrow as pa  # noqa: PLC0415  after `confine`
    from pyarrow import parquet  # noqa: PLC0415

    try:
        file = parquet.ParquetFile(request["path"])
        if file.metadata.num_rows > request["features"]:
            raise Refused("TooManyFeatures", features=file.metadata.num_rows, most=request["features"])
        geo = json.loads((file.schema_arrow.metadata or {}).get(b"geo", b"null"))
        column, about = geometry_column(geo)
        require_plain(file.schema_arrow, column)
        table = file.read()
        if about["encoding"] in NESTED:
            table = with_wkb(table, column, about["encoding"])
    except (pa.ArrowException, OSError, ValueError) as exc:
        raise Refused("FileUnreadable", reason=str(exc)[:300]) from exc
    # GeoParquet 1.1: no crs means OGC:CRS84, null means that nobody knows.
    crs = about.get("crs", "OGC:CRS84")
    if crs is not None and not isinstance(crs, dict | str):
        raise Refused("FileUnreadable", reason="its CRS is not written as GeoParquet has it")
    return table, column, json.dumps(crs) if isinstance(crs, dict) else crs


def geometry_column(geo: Any) -> tuple[str, dict[str, Any]]:
    """Return the name and description of the primary geometry column."""
    try:
        column = geo["primary_column"]
        about = geo["columns"][column]
        encoding = about["encoding"]
    except (KeyError, TypeError) as exc:
        raise Refused("FileUnreadable", reason="it is Parquet without the geo metadata of GeoParquet") from exc
    if encoding not in ("WKB", *NESTED):
        raise Refused("FileUnreadable", reason=f"its geometry is encoded as {encoding}; WKB and areas are read")
    return str(column), dict(about)


def with_wkb(table: Any, column: str, encoding: str) -> Any:
    """Return the table with areas that are nested lists of coordinates as WKB. Source: GeoParquet 1.1, encodings."""
    import numpy as np  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415
    import shapely  # noqa: PLC0415

    nested = table.column(column).combine_chunks()
    there = np.asarray(nested.is_valid())
    offsets, places = _coordinates_in(nested.filter(pa.array(there)), encoding)
    sound = _with_closed_rings(offsets, places)
    kind = shapely.GeometryType.POLYGON if NESTED[encoding] == 2 else shapely.GeometryType.MULTIPOLYGON
    wkbs = np.full(len(nested), None, dtype=object)
    # Of one that can not be built, what `rebuilt` leaves of such: byte order and type.
    wkbs[there] = bytes([1, *int(kind).to_bytes(4, "little")])
    there[there] = sound
    offsets, places = _coordinates_in(nested.filter(pa.array(there)), encoding)
    wkbs[there] = shapely.to_wkb(shapely.from_ragged_array(kind, places, tuple(reversed(offsets))))
    return table.set_column(table.schema.get_field_index(column), column, pa.array(wkbs, pa.binary()))


def _coordinates_in(level: Any, encoding: str) -> tuple[list[Any], Any]:
    """Return the offsets of nested lists, the outermost first, and the coordinates in the innermost."""
    import numpy as np  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415

    offsets = []
    for _ in range(NESTED[encoding]):
        if not (pa.types.is_list(level.type) or pa.types.is_large_list(level.type)):
            raise Refused("FileUnreadable", reason=f"its geometry is not encoded as {encoding}")
        offsets.append(np.asarray(level.offsets) - level.offsets[0].as_py())
        level = level.flatten()
    plain = pa.types.is_struct(level.type) and all(pa.types.is_floating(field.type) for field in level.type)
    if not plain or not {"x", "y"} <= {field.name for field in level.type}:
        raise Refused("FileUnreadable", reason=f"its geometry is not encoded as {encoding}")
    axes = [axis for axis in ("x", "y", "z") if level.type.get_field_index(axis) >= 0]
    return offsets, np.column_stack([level.field(axis).to_numpy(zero_copy_only=False) for axis in axes])


def _with_closed_rings(offsets: list[Any], places: Any) -> Any:
    """Return of each area whether all of its rings have four places or more, and end where they begin."""
    import numpy as np  # noqa: PLC0415

    starts, ends = offsets[-1][:-1], offsets[-1][1:] - 1
    bad = ends - starts < 3
    bad[~bad] = ~(places[starts[~bad]] == places[ends[~bad]]).all(axis=1)
    for level in reversed(offsets[:-1]):
        counted = np.concatenate([[0], np.cumsum(bad)])
        bad = counted[level[1:]] > counted[level[:-1]]
    return ~bad


def require_plain(schema: Any, column: str) -> None:
    """Refuse what no table from a GIS has: a missing geometry, one name for two fields, values nested deeply."""
    names = schema.names
    if column not in names or len(set(names)) != len(names):
        raise Refused("FileUnreadable", reason="its geometry column is missing, or two fields have one name")
    if any(str(kind).count("<") > _NESTING_MAX for kind in schema.types):
        raise Refused("FileUnreadable", reason="a field is nested too deeply")


def rebuilt(table: Any, column: str, curves: Any) -> Any:
    """Return the table with every geometry read and written anew; of one that can not be read, the first five bytes.

    GEOS overflows its stack on WKB of 100,000 collections within collections (3.14.1, measured): if it must, then here.
    """
    import numpy as np  # noqa: PLC0415
    import shapely  # noqa: PLC0415

    wkbs = table.column(column).to_pylist()
    if not all(wkb is None or isinstance(wkb, bytes) for wkb in wkbs):
        raise Refused("FileUnreadable", reason="its geometry column does not hold WKB")
    # Shapely knows no curves: it would stop at the first.
    known = [None if wkb is None or curves.is_curved(wkb) else wkb for wkb in wkbs]
    with np.errstate(invalid="ignore"):
        geoms = shapely.from_wkb(np.array(known, dtype=object), on_invalid="ignore")
    again = [
        wkb and (wkb[:5] if geom is None else new)
        for wkb, geom, new in zip(wkbs, geoms, shapely.to_wkb(geoms), strict=True)
    ]
    return with_geometry(table, column, again)


def with_geometry(table: Any, column: str, wkbs: list[bytes | None]) -> Any:
    """Return the table with other geometries."""
    import numpy as np  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415

    # Of its buffers: `pa.array` would look for pandas, which is not to be found here.
    ends = np.cumsum([0, *(len(wkb or b"") for wkb in wkbs)], dtype=np.int64)
    there = np.packbits(np.array([wkb is not None for wkb in wkbs], np.bool_), bitorder="little")
    content = b"".join(wkb or b"" for wkb in wkbs)
    buffers = [pa.py_buffer(there), pa.py_buffer(ends), pa.py_buffer(content)]
    geoms = pa.Array.from_buffers(pa.large_binary(), len(wkbs), buffers)
    return table.set_column(table.schema.get_field_index(column), column, geoms)


def beside(name: str) -> Any:
    """Return a module that lies beside this script.

    By its path: in isolated mode nothing beside a script can be imported, so that nothing strange can be either.
    """
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    if spec is None or spec.loader is None:
        raise AssertionError("a file beside this one can be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def answer_workbook(request: dict[str, Any]) -> dict[str, Any]:
    """Read a sheet, or all of them, write their rows, return what is to be told of them."""
    cells = beside("workbook_cells")
    try:
        if request["format"] == "sheets":
            table, verdict = beside("workbook_sheets").read_sheets(request, cells)
        else:
            table, verdict = cells.read_sheet(request)
    except cells.WorkbookRefused as exc:
        raise Refused(exc.error, **exc.fields) from exc
    _write(table, request["result"])
    return dict(verdict)


def answer_osm(request: dict[str, Any]) -> dict[str, Any]:
    """Read the objects of an OpenStreetMap file, write them, return what is to be told of them."""
    objects = beside("osm_objects")
    try:
        table, verdict = objects.read_objects(request)
    except objects.OsmRefused as exc:
        raise Refused(exc.error, **exc.fields) from exc
    _write(table, request["result"])
    return dict(verdict)


def _write(table: Any, path: str) -> None:
    import pyarrow as pa  # noqa: PLC0415

    with pa.OSFile(path, "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Read the file, write the features, return the verdict."""
    if request["format"] in ("workbook", "sheets"):
        return answer_workbook(request)
    if request["format"] == "osm":
        return answer_osm(request)
    read = read_with_arrow if request["format"] == "geoparquet" else read_with_gdal
    table, column, crs = read(request)
    if table.num_rows > request["features"]:
        raise Refused("TooManyFeatures", most=request["features"])
    curves = beside("curves")
    straightened = 0
    if request.get("straighten"):
        wkbs, straightened = curves.straightened(table.column(column).to_pylist())
        table = with_geometry(table, column, wkbs)
    _write(rebuilt(table, column, curves), request["result"])
    return {"geometry": column, "crs": crs, "straightened": straightened}


def main() -> None:
    """Answer one request."""
    # A second start, without surplus drivers, finds its request where the first left it.
    request = json.loads(sys.argv[1])
    confine(request["memory_bytes"], request["cpu_s"], request["file_bytes"])
    try:
        verdict = answer(request)
    except Refused as refused:
        verdict = refused.verdict
    sys.stdout.write(json.dumps(verdict))


if __name__ == "__main__":
    main()
