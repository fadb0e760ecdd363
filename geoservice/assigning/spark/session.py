"""The Spark that is used: the one that is there, or one started for the time."""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from geoservice.assigning.point_errors import SparkMissing, SparkNotStarted

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: Of our own session; those of others are left alone.
_SETTINGS = {
    # Names of columns that differ in case only are two.
    "spark.sql.caseSensitive": "true",
    # Only how instants look in Arrow on their way; they do not change.
    "spark.sql.session.timeZone": "UTC",
    # What all others read, and keep as they found it: INT96 is Spark's old way.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # GBK and its kin; Spark 4 reads few encodings unless told.
    "spark.sql.legacy.javaCharsets": "true",
    # Only a few lines about each file are ever brought together.
    "spark.sql.shuffle.partitions": "1",
    # Rows that Python gets at a time; as many as the index takes at once.
    "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
}
#: Where Spark runs on this machine alone, it needs no doors to others.
_ON_THIS_MACHINE = {
    "spark.ui.enabled": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
}


@contextmanager
def spark_session(master: str | None) -> Iterator[SparkSession]:
    """Yield a session with settings of its own.

    Parameters
    ----------
    master
        What to start Spark on, unless it runs in this process already; None: what spark-submit or spark-defaults.conf
        say, else this machine.

    Raises
    ------
    SparkMissing, SparkNotStarted
        pyspark or Java is not installed; Spark says why.
    """
    with warnings.catch_warnings():
        # PySpark 4.3 says so of pandas 3 at each start; nothing here goes through pandas.
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        try:
            from pyspark.sql import SparkSession  # noqa: PLC0415  an extra
        except ImportError as exc:
            raise SparkMissing from exc
        running = SparkSession.getActiveSession()
        if running is not None:
            yield _own(running)
            return
        with tempfile.TemporaryFile() as log:
            started = _started(master, log)
            try:
                yield _own(started)
            finally:
                started.stop()


def _own(session: SparkSession) -> SparkSession:
    own = session.newSession()
    for name, value in _SETTINGS.items():
        own.conf.set(name, value)
    return own


def use_settings_of(session: SparkSession) -> None:
    """Let what this thread asks of Spark go by the settings of a session; else names are looked up by others'."""
    jvm: Any = session.sparkContext._jvm
    type(session)._get_j_spark_session_class(jvm).setActiveSession(session._jsparkSession)


def _started(master: str | None, log: IO[bytes]) -> SparkSession:
    """Start Spark; what its machine says goes into the log, of which people see one line when it is about that."""
    from py4j.protocol import Py4JError  # type: ignore  # noqa: PLC0415  an extra
    from pyspark import SparkConf, SparkContext  # noqa: PLC0415  an extra
    from pyspark.errors import PySparkException  # noqa: PLC0415  an extra
    from pyspark.java_gateway import launch_gateway  # noqa: PLC0415  an extra
    from pyspark.sql import SparkSession  # noqa: PLC0415  an extra

    try:
        # A second Java machine for a process that has one would be left over.
        gateway = SparkContext._gateway or launch_gateway(popen_kwargs={"stderr": log})
    except (PySparkException, OSError) as exc:
        raise SparkMissing(reason=_reason(log)) from exc
    try:
        settings: Any = SparkConf(_jvm=gateway.jvm).setAppName("geoservice assign")
        if master is not None:
            settings.setMaster(master)
        if settings.get("spark.master", "").startswith("local"):
            for name, value in _ON_THIS_MACHINE.items():
                settings.setIfMissing(name, value)
        context = SparkContext(conf=settings, gateway=gateway)
        # A master that is not there shows here.
        session = SparkSession.builder.getOrCreate()
    except (PySparkException, Py4JError) as exc:
        raise SparkNotStarted(master=master, reason=_reason(log)) from exc
    if context.pythonExec == "python3" and not settings.contains("spark.pyspark.python"):
        # Nobody said which; the one that has what is needed is this one.
        context.pythonExec = sys.executable
    return session


def _reason(log: IO[bytes]) -> str | None:
    """Return the first error that Spark logged, else its first line: without Java, that one says so."""
    log.seek(0)
    lines = [line.strip() for line in log.read().decode(errors="replace").splitlines() if line.strip()]
    logged = [line.partition(" ERROR ")[2] for line in lines if " ERROR " in line]
    return (logged or lines)[0][:300] if lines else None
