"""Read a sheet of an Excel workbook (.xlsx) through the guarded process; numbers become text as CSV would hold them."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from geoservice.reading.archives import require_few_entries
from geoservice.reading.file_errors import (
    ArchiveRefused,
    FileNotWhatItSays,
    FileTooLarge,
    WorkbookLocked,
    WorkbookTooLarge,
    WorkbookUnreadable,
)
from geoservice.reading.limits import MIB, Limits
from geoservice.reading.reader import run_child

#: Of a workbook: a hundred thousand rows of twelve columns are 7 MB, 60 MB inflated, and take 5 s (measured).
LIMITS = Limits(
    file_bytes=100 * MIB, memory_bytes=3072 * MIB, wall_s=120.0, archive_entries=1000, archive_bytes=400 * MIB
)
#: What an encrypted workbook is, and one of the kind that .xls is: an OLE compound file (MS-CFB, 2.2).
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: The name of the stream that holds an encrypted one (MS-OFFCRYPTO, 2.3.4.4).
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


@dataclass(frozen=True)
class Sheet:
    """The rows below the header of a sheet."""

    #: Every column as text, null where a cell is empty.
    table: pa.Table
    #: The number that the sheet shows beside each row.
    rows: tuple[int, ...]
    #: What was taken for what, and what a reader would not see.
    remarks: tuple[str, ...]
    #: How many of its cells hold an error, such as #N/A; they are null.
    errors: int = 0


def read_sheet(path: Path, *, sheet: str | None, header: Sequence[Sequence[str]], limits: Limits = LIMITS) -> Sheet:
    """Read a sheet.

    Parameters
    ----------
    sheet
        Its name; None: there must be one that is filled and not hidden.
    header
        The header is the first row with one of each of these names, in lower case; titles above it are left out.

    Raises
    ------
    FileRefused
        One of its kin: locked, too large, several sheets, formulas that nobody calculated, numbers that are not exact.
    """
    _require_workbook(path, limits)
    with tempfile.TemporaryDirectory(prefix="geoservice-workbook-") as directory:
        staged, result = Path(directory) / "workbook.xlsx", Path(directory) / "rows.arrow"
        shutil.copyfile(path, staged)
        asked = {
            "path": str(staged), "format": "workbook", "layer": sheet, "result": str(result),
            "header": [list(names) for names in header], "bytes": limits.archive_bytes, "ratio": limits.archive_ratio,
        }  # fmt: skip
        verdict = run_child(asked, Path(directory), limits)
        with pa.OSFile(str(result)) as source:
            return Sheet(
                pa.ipc.open_file(source).read_all(),
                tuple(verdict["rows"]),
                tuple(verdict["remarks"]),
                int(verdict["errors"]),
            )


def _require_workbook(path: Path, limits: Limits) -> None:
    size = path.stat().st_size
    if size > limits.file_bytes:
        raise FileTooLarge(file=path.name, bytes=size, most=limits.file_bytes)
    with path.open("rb") as file:
        head = file.read(4 * MIB)
    if head.startswith(COMPOUND):
        raise WorkbookLocked(file=path.name, found="a password" if ENCRYPTED in head else "the old format of .xls")
    if not head.startswith(b"PK\x03\x04"):
        raise FileNotWhatItSays(file=path.name, expected="workbook")
    if not zipfile.is_zipfile(path):
        raise WorkbookUnreadable(file=path.name, reason="its end is missing")
    try:
        require_few_entries(path, limits)
    except ArchiveRefused as exc:
        raise WorkbookTooLarge(**exc.fields) from exc
