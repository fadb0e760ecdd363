"""Points as Spark reads them, and what must be known of them before a job starts."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from geoservice.assigning.coordinates import coordinate_columns, require_free
from geoservice.assigning.formats import TABLES, TEXT
from geoservice.assigning.model import CoordinateColumns, Request, Where, remark_on
from geoservice.assigning.parquet_files import geometry_in
from geoservice.assigning.point_errors import ColumnsAlike, FormatUnknown, NotNumbers, PointsUnreadable
from geoservice.assigning.spark.storage import Storage, url_of
from geoservice.reading.csv_errors import EncodingNotUtf8, HeaderMissing, QuotesBroken
from geoservice.reading.csv_records import DELIMITERS, Header, header_of, reading

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

#: Spark reads the files of a folder by size. Up to so many are read one after the other, so that rows keep their order;
#: each costs the driver some milliseconds.
FILES_IN_ORDER = 256
_PACKED = (".gz", ".bz2", ".zst", ".lz4", ".deflate")
#: Names for columns that are needed on the way and are not part of the points.
_ROW_NUMBER, _MISFIT = "geoservice row number", "geoservice misfit"
#: As others write and read CSV (RFC 4180); Spark's own way with a backslash and with blanks is another.
QUOTING = {"quote": '"', "escape": '"', "ignoreLeadingWhiteSpace": "false", "ignoreTrailingWhiteSpace": "false"}


@dataclass(frozen=True)
class Points:
    """Points that were looked at, not read yet."""

    frame: DataFrame
    where: Where
    remarks: list[str]
    #: See Answering.
    row_number: str | None = None
    misfit: str | None = None
    #: None: Parquet.
    delimiter: str | None = None
    #: What GeoParquet says of itself; None: it is none.
    geo: str | None = None


def points_of(spark: SparkSession, storage: Storage, request: Request) -> Points:
    """Return the points of a file, or of a folder of part files.

    Raises
    ------
    GeoserviceError
        As for a single file: the points can not be used, as far as their beginning shows it.
    """
    url = url_of(request.points)
    kind = _kind(url)
    files = storage.files(url)
    if kind is None:
        kinds = {_kind(file) for file in files}
        kind = kinds.pop() if len(kinds) == 1 else None
    if kind is None or not files:
        raise FormatUnknown(file=url, on_spark=", ".join((*TEXT, *TABLES)))
    looked_at = (_csv if kind in TEXT else _parquet)(spark, storage, request, files)
    if _kind(url_of(request.out)) not in (None, *(TEXT if kind in TEXT else TABLES)):
        raise FormatUnknown(file=url_of(request.out), on_spark=f"a folder of the same format as the points, {kind}")
    return looked_at


def _kind(url: str) -> str | None:
    name = PurePosixPath(url.lower())
    if name.suffix in _PACKED:
        name = name.with_suffix("")
    return name.suffix if name.suffix in (*TEXT, *TABLES) else None


def _in_order(files: Sequence[str], read: Callable[[list[str]], DataFrame], remarks: list[str]) -> DataFrame:
    """Return all files, one after the other."""
    if len(files) > FILES_IN_ORDER:
        remarks.append(f"{len(files)} files: rows keep their order within a file, files do not.")
        return read(list(files))
    frames = [read([file]) for file in files]
    while len(frames) > 1:  # pairs of pairs: a chain would be too deep
        frames = [frames[at].union(frames[at + 1]) if at + 1 < len(frames) else frames[at]
                  for at in range(0, len(frames), 2)]  # fmt: skip
    return frames[0]


# --- CSV --------------------------------------------------------------------------------------------------------------


def _csv(spark: SparkSession, storage: Storage, request: Request, files: list[str]) -> Points:
    header = _header(spark, request, files)
    names = header.names
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ColumnsAlike(columns=", ".join(sorted(twice)))
    where = coordinate_columns(names, request.columns)
    require_free([*names, _MISFIT], [request.code_column, request.method_column])
    options = {
        **QUOTING,
        "header": "true",
        "sep": header.delimiter,
        "encoding": request.encoding or "UTF-8",
        "multiLine": str(_lines_in_values(spark, request, files)).lower(),
        "columnNameOfCorruptRecord": _MISFIT,
        "enforceSchema": "false",
    }
    remarks = [f"Columns separated by {DELIMITERS[header.delimiter]}; coordinates from {where.x} and {where.y}."]
    reader = spark.read.schema(_all_text([*names, _MISFIT])).options(**options)
    frame = _in_order(files, reader.csv, remarks)
    return Points(frame, where, remarks, misfit=_MISFIT, delimiter=header.delimiter)


def _all_text(names: Sequence[str]) -> Any:
    from pyspark.sql.types import StringType, StructField, StructType  # noqa: PLC0415  an extra

    return StructType([StructField(name, StringType()) for name in names])


def _header(spark: SparkSession, request: Request, files: list[str]) -> Header:
    from pyspark.sql import functions  # noqa: PLC0415  an extra

    first = spark.read.text(files[0]).select(functions.col("value").cast("binary")).first()
    line = b"" if first is None else bytes(first[0])
    if line.count(b'"') % 2:
        raise HeaderMissing(line=line.decode(errors="replace")[:100])
    read = reading(io.BufferedReader(io.BytesIO(line)), request.encoding)
    return header_of(read, delimiter="\t" if _kind(files[0]) == ".tsv" else None)


def _lines_in_values(spark: SparkSession, request: Request, files: list[str]) -> bool:
    """Return whether values hold line ends; files that have none can be read in pieces, so finding out pays.

    Raises
    ------
    EncodingNotUtf8, QuotesBroken
        Text says another encoding than it has; a quotation mark is left open.
    """
    from pyspark.sql import functions as f  # noqa: PLC0415  an extra

    value = f.col("value")
    quotes = f.octet_length(value) - f.octet_length(f.replace(value, f.lit('"')))
    lines = spark.read.text(files).select(
        f.col("_metadata.file_path").alias("file"),
        quotes.alias("quotes"),
        f.is_valid_utf8(value).alias("valid"),
    )
    told = lines.groupBy("file").agg(
        f.sum("quotes").alias("quotes"),
        f.max(f.col("quotes") % 2).alias("odd"),
        f.min("valid").alias("valid"),
    )
    files_told = told.where((f.col("odd") == 1) | ~f.col("valid")).collect()
    for one in files_told:
        if not one["valid"] and request.encoding is None:
            raise EncodingNotUtf8(file=one["file"])
        if one["quotes"] % 2:
            raise QuotesBroken(file=one["file"])
    return any(one["odd"] for one in files_told)


# --- Parquet ----------------------------------------------------------------------------------------------------------


def _parquet(spark: SparkSession, storage: Storage, request: Request, files: list[str]) -> Points:
    from pyspark.sql import functions  # noqa: PLC0415  an extra

    schema = spark.read.parquet(files[0]).schema
    names = schema.names
    said = storage.footers(files[:1], "geo")[0]
    geo = None if said is None else _common(storage.footers(files, "geo"))
    bare = pa.schema([(name, pa.null()) for name in names], metadata=None if geo is None else {"geo": geo})
    geometry = None if request.columns else geometry_in(bare)
    where: Where = geometry or coordinate_columns(names, request.columns)
    require_free(names, [request.code_column, request.method_column])
    if isinstance(where, CoordinateColumns):
        _require_numbers(schema, where)
    remarks = [remark_on(where)]
    frame = _in_order(files, lambda some: spark.read.schema(schema).parquet(*some), remarks)
    if geometry is None:
        return Points(frame, where, remarks, geo=geo)
    number = frame.metadataColumn("_metadata").getField("row_index").alias(_ROW_NUMBER)
    return Points(frame.select(functions.col("*"), number), where, remarks, row_number=_ROW_NUMBER, geo=geo)


def _require_numbers(schema: Any, where: CoordinateColumns) -> None:
    from pyspark.sql.types import CharType, NullType, NumericType, StringType, VarcharType  # noqa: PLC0415  an extra

    for name in where:
        kind = schema[name].dataType
        if not isinstance(kind, NumericType | StringType | CharType | VarcharType | NullType):
            raise NotNumbers(column=name, type=kind.simpleString())


def _common(said: list[str | None]) -> str:
    """Return what the parts of a folder say of themselves, without what each says for itself alone."""
    try:
        about = [json.loads(one or "{}") for one in said]
        for one in about:
            for column in one["columns"].values():
                column.pop("bbox", None)
                if len(about) > 1:
                    column["geometry_types"] = []
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise PointsUnreadable(reason="its GeoParquet metadata can not be read, or a part has none") from exc
    if any(one["columns"] != about[0]["columns"] for one in about):
        raise PointsUnreadable(reason="its parts do not agree in their geometry or its reference system")
    return json.dumps(about[0])
