"""The run on Spark: look at the points, answer them where they lie, and put the result in its place."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from typing import TYPE_CHECKING, Any

from geoservice.assigning.added_columns import METHOD_NAMES
from geoservice.assigning.model import Geometry, OnProgress, Progress, Request, Summary
from geoservice.assigning.owners import Owners
from geoservice.assigning.spark.answering import MAGIC, PARTS, Answering, PartsMaking
from geoservice.assigning.spark.points import QUOTING, Points, points_of
from geoservice.assigning.spark.refusals import arriving
from geoservice.assigning.spark.session import spark_session, use_settings_of
from geoservice.assigning.spark.storage import Storage, url_of
from geoservice.reading.crs import placing

if TYPE_CHECKING:
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

#: How often progress is told.
_TELL_EVERY_S = 0.5
_COMPRESSION = "snappy"  # as Spark's own writer does


def assign_with_spark(
    request: Request, owners: Owners, *, master: str | None = None, on_progress: OnProgress = lambda progress: None
) -> Summary:
    """Write points with the grid that owns each on Apache Spark, as a folder of part files of the same format.

    Parameters
    ----------
    request
        `points` and `out` may be URLs that Spark reaches. CSV, Parquet and GeoParquet.
    master
        See `spark_session`; where a Spark session is active it is used, and left running.
    on_progress
        Hears of the part of the tasks that are done; of rows at the end.

    Raises
    ------
    GeoserviceError
        As for a single file; there is no output then.
    SparkMissing, SparkNotStarted
        Spark can not be used.
    """
    began = time.monotonic()
    with spark_session(master) as spark, arriving():
        storage = Storage(spark)
        out = url_of(request.out)
        storage.require_output(out, url_of(request.points), overwrite=request.overwrite)
        points = points_of(spark, storage, request)
        stated = points.where.crs if isinstance(points.where, Geometry) else None
        places = placing(
            request.crs, stated, in_file=isinstance(points.where, Geometry), allow_ballpark=request.allow_ballpark
        )
        summary = Summary(remarks=[*owners.remarks, *points.remarks, *filter(None, [places.doubt])])
        broadcast = spark.sparkContext.broadcast(owners)
        try:
            answering = _answering(request, points, broadcast)
            renamed = (".txt", ".parquet") if points.geo else ("", "")
            with storage.unfinished(out, overwrite=request.overwrite, renamed=renamed) as folder:
                counts = _watched(spark, lambda: _written(points, answering, folder), on_progress)
        finally:
            broadcast.destroy()
    summary.rows, summary.covered, summary.nearest, summary.none = counts
    summary.without_position = summary.rows - summary.covered - summary.nearest - summary.none
    summary.seconds = time.monotonic() - began
    on_progress(Progress(summary.rows, 1.0))
    return summary


def _answering(request: Request, points: Points, owners: Any) -> Answering:
    return Answering(
        owners, points.where, request.crs, request.code_column, request.method_column,
        row_number=points.row_number, misfit=points.misfit, delimiter=points.delimiter or ",",
        decoded_from=request.encoding, allow_ballpark=request.allow_ballpark,
    )  # fmt: skip


def _written(points: Points, answering: Answering, folder: str) -> tuple[int, ...]:
    """Write a new folder by Spark's own protocol; return the counts of rows, and of those of each method.

    Spark observes them: of a task that is tried again they count once.
    """
    from pyspark.sql import Observation  # noqa: PLC0415  an extra
    from pyspark.sql import functions as f  # noqa: PLC0415  an extra

    observation = Observation()
    if points.geo is not None:
        parts = points.frame.mapInArrow(PartsMaking(answering, points.geo, _COMPRESSION), PARTS)
        sums = [f.sum(name).alias(name) for name in ("rows", "covered", "nearest", "none")]
        # Spark writes no bytes but as text: those of a value as they are, and a line end behind it.
        file = parts.observe(observation, *sums).select(f.col("part").cast("string").alias("value"))
        file.write.options(lineSep=MAGIC.decode(), maxRecordsPerFile=1).text(folder)
    else:
        frame = points.frame.mapInArrow(answering, _schema(points, answering))
        method = f.col(_quoted(answering.method_column))
        counts = [f.count(f.when(method == name, 1)).alias(name) for name in METHOD_NAMES]
        result = frame.observe(observation, f.count(f.lit(1)).alias("rows"), *counts)
        if points.delimiter is None:
            result.write.parquet(folder, compression=_COMPRESSION)
        else:
            result.write.options(header="true", sep=points.delimiter, **QUOTING).csv(folder)
    return tuple(count or 0 for count in observation.get.values())


def _schema(points: Points, answering: Answering) -> Any:
    from pyspark.sql.types import StringType, StructField, StructType  # noqa: PLC0415  an extra

    kept = [field for field in points.frame.schema if field.name not in (answering.row_number, answering.misfit)]
    added = [StructField(name, StringType()) for name in (answering.code_column, answering.method_column)]
    return StructType([*kept, *added])


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _watched(spark: SparkSession, work: Callable[[], tuple[int, ...]], on_progress: OnProgress) -> tuple[int, ...]:
    """Return what the work returns; meanwhile tell how far its tasks are, and end them when somebody interrupts."""
    context = spark.sparkContext
    group = f"geoservice-{secrets.token_hex(4)}"

    def grouped() -> tuple[int, ...]:
        use_settings_of(spark)
        context.setJobGroup(group, "owners of points", interruptOnCancel=True)
        return work()

    with ThreadPoolExecutor(1, thread_name_prefix="assign") as pool:
        future: Future[tuple[int, ...]] = pool.submit(grouped)
        try:
            while True:
                try:
                    return future.result(timeout=_TELL_EVERY_S)
                except NotYet:
                    on_progress(Progress(0, _share(context, group)))
        except KeyboardInterrupt:
            context.cancelJobGroup(group)
            raise


def _share(context: SparkContext, group: str) -> float | None:
    tracker = context.statusTracker()
    jobs = [tracker.getJobInfo(job) for job in tracker.getJobIdsForGroup(group)]
    stages = [tracker.getStageInfo(stage) for job in jobs if job for stage in job.stageIds]
    tasks = sum(stage.numTasks for stage in stages if stage)
    return sum(stage.numCompletedTasks for stage in stages if stage) / tasks if tasks else None
