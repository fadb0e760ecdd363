"""Where an export goes: a place that can be written to, and a file that is there whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geoservice.writing.atomic_files import atomic_write
from geoservice.writing.export_errors import ExportExists, ExportFolderClosed, ExportFolderMissing, ExportOntoFolder


def require_place(out: Path, *, force: bool) -> None:
    """Raise ExportFolderMissing, ExportOntoFolder, ExportExists: before the work is done."""
    if not out.absolute().parent.is_dir():
        raise ExportFolderMissing(folder=str(out.absolute().parent))
    if out.exists() and not out.is_file():  # nor is a device or a pipe replaced
        raise ExportOntoFolder(file=str(out))
    if out.exists() and not force:
        raise ExportExists(file=str(out))


@contextmanager
def exported_file(out: Path, *, force: bool) -> Iterator[Path]:
    """Yield a place to write to; put what was written in its place at the end, when all went well.

    Raises
    ------
    ExportExists, ExportFolderClosed
        Something appeared meanwhile; no file can be made there.
    OSError
        The disk is full, and what else machines say; it names the file.
    """
    try:
        with atomic_write(out, overwrite=force) as unfinished:
            yield unfinished
    except FileExistsError as exc:
        raise ExportExists(file=str(out)) from exc
    except FileNotFoundError as exc:  # the folder was there a moment ago: one of a kind such as /proc
        raise ExportFolderClosed(folder=str(out.absolute().parent)) from exc
    except OSError as exc:
        if exc.errno is not None:
            exc.filename = str(out)  # for who waits for it, not the unfinished one
        raise
