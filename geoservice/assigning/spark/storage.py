"""Files wherever Spark reaches them (local, hdfs://, s3a:// ...): Hadoop's file systems, asked through the driver."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from geoservice.assigning.point_errors import FolderMissing, OutputExists, OutputIsInput, PointsMissing

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: Beside finished part files, as Spark and Hadoop have it.
MARKER = "_SUCCESS"
#: Footers read at a time; a store far away takes its time for each.
_AT_A_TIME = 8
_URL = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+):/(?=[^/])")


def url_of(name: str | PurePath) -> str:
    """Return a place as Spark takes it.

    A Path has lost the second slash of a URL, which is given back. So a URL without a host must come as text, as in
    hdfs:///points.
    """
    return _URL.sub(r"\1://", str(name)) if isinstance(name, PurePath) else name


class Storage:
    """The file systems that a session reaches."""

    def __init__(self, spark: SparkSession) -> None:
        context: Any = spark.sparkContext
        self._jvm, self._settings = context._jvm, context._jsc.hadoopConfiguration()

    def files(self, url: str) -> list[str]:
        """Return the URL of a file, or those of the files in a folder in the order of their names.

        Names that begin with a dot or an underline are left out, as Spark does. Raise PointsMissing.
        """
        path = self._path(url)
        system = self._system(path)
        if not system.exists(path):
            raise PointsMissing(file=url)
        status = system.getFileStatus(path)
        if status.isFile():
            return [_text(status.getPath())]
        root, found = _text(status.getPath()), []
        listing = system.listFiles(path, True)
        while listing.hasNext():
            name = _text(listing.next().getPath())
            inside = name.removeprefix(root).strip("/").split("/")
            if not any(part.startswith(".") or (part.startswith("_") and "=" not in part) for part in inside):
                found.append(name)
        return sorted(found)

    def footers(self, urls: list[str], key: str) -> list[str | None]:
        """Return what each Parquet file says of itself under a key, None where nothing."""
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            return list(pool.map(lambda url: self._footer(url, key), urls))

    def _footer(self, url: str, key: str) -> str | None:
        hadoop = self._jvm.org.apache.parquet.hadoop
        file = hadoop.util.HadoopInputFile.fromPath(self._path(url), self._settings)
        reader = hadoop.ParquetFileReader.open(file)
        try:
            said: str | None = reader.getFileMetaData().getKeyValueMetaData().get(key)
        finally:
            reader.close()
        return said

    def require_output(self, out: str, points: str, *, overwrite: bool) -> None:
        """Raise OutputIsInput, OutputExists or FolderMissing when a result must not be written there."""
        there, here = (self._qualified(one) for one in (out, points))
        if f"{there}/".startswith(f"{here}/") or f"{here}/".startswith(f"{there}/"):
            raise OutputIsInput(file=out)
        path = self._path(out)
        if self._system(path).exists(path) and not overwrite:
            raise OutputExists(file=out)
        folder = self._path(there).getParent()
        # A store of objects has no folders until something lies in them.
        if there.startswith("file:") and not self._system(folder).exists(folder):
            raise FolderMissing(folder=_text(folder))

    @contextmanager
    def unfinished(self, out: str, *, overwrite: bool, renamed: tuple[str, str] = ("", "")) -> Iterator[str]:
        """Yield the URL of a folder to write; it becomes `out` when all went well and goes when not.

        Parameters
        ----------
        renamed
            How names of parts end, and shall end.
        """
        there = self._path(self._qualified(out))
        system = self._system(there)
        folder = self._path(f"{_text(there.getParent()).rstrip('/')}/.{there.getName()}.{secrets.token_hex(4)}")
        try:
            yield _text(folder)
            for status in system.listStatus(folder):
                name = status.getPath().getName()
                if renamed[0] and name.endswith(renamed[0]):
                    whole = name.removesuffix(renamed[0]) + renamed[1]
                    system.rename(status.getPath(), self._path(f"{_text(folder)}/{whole}"))
            # Where renaming is copying, as in a store of objects, the marker must come last.
            system.delete(self._path(f"{_text(folder)}/{MARKER}"), False)
            self._put_in_place(folder, there, overwrite=overwrite)
        finally:
            system.delete(folder, True)

    def _put_in_place(self, folder: Any, there: Any, *, overwrite: bool) -> None:
        system = self._system(there)
        if system.exists(there):
            if not overwrite:  # it appeared meanwhile
                raise OutputExists(file=_text(there))
            system.delete(there, True)
        system.rename(folder, there)
        system.create(self._path(f"{_text(there)}/{MARKER}"), True).close()

    def _path(self, url: str) -> Any:
        return self._jvm.org.apache.hadoop.fs.Path(url)

    def _system(self, path: Any) -> Any:
        return path.getFileSystem(self._settings)

    def _qualified(self, url: str) -> str:
        path = self._path(url)
        return _text(self._system(path).makeQualified(path)).rstrip("/")


def _text(path: Any) -> str:
    return str(path.toString())
