"""A ledger as a CSV that spreadsheets show as it is and that is read back without a loss."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from geoservice.domain.spreadsheets import LEDGER_MARK, quoted
from geoservice.writing.exported_file import exported_file


def write_ledger(out: Path, header: Sequence[str], rows: Iterable[Sequence[object]], *, force: bool) -> None:
    """Write a ledger, whole or not at all, with the mark by which its quoted texts are known again.

    Raises
    ------
    ExportExists, ExportFolderClosed
        Something is there; no file can be made there.
    """
    with exported_file(out, force=force) as unfinished, unfinished.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*header, LEDGER_MARK])
        writer.writerows([*(quoted(cell) if isinstance(cell, str) else cell for cell in row), None] for row in rows)
