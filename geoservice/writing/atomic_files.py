"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(out: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield a place beside `out` to write to; put what was written in its place at the end, when all went well.

    Parameters
    ----------
    out
        A file, or a new folder; its folder is there.
    overwrite
        Whether a file there is replaced. A folder never is.

    Raises
    ------
    FileExistsError
        Something is there, or appeared meanwhile; nothing is changed then.
    """
    out = out.absolute()
    # A folder: some formats write neighbour files while they are not finished.
    folder = out.parent / f".{out.name}.{secrets.token_hex(4)}"
    folder.mkdir()
    try:
        unfinished = folder / out.name
        yield unfinished
        for file in [unfinished] if unfinished.is_file() else sorted(unfinished.iterdir()):
            _flush(file)
        _put_in_place(unfinished, out, overwrite=overwrite)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _put_in_place(unfinished: Path, out: Path, *, overwrite: bool) -> None:
    if unfinished.is_dir():
        if out.exists():  # a rename would take the place of an empty folder
            raise FileExistsError(str(out))
        unfinished.rename(out)
        return
    if overwrite:
        unfinished.replace(out)
        return
    try:
        os.link(unfinished, out)  # fails where something appeared meanwhile, which a rename would not
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        unfinished.rename(out)
