"""Any file of features as one table: what its columns are called, their cells, where the features are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import count

from geoservice.domain.importing.mapping import FileColumn, shown
from geoservice.domain.importing.values import Inexact, is_empty

#: How many cells say what a column holds.
_LOOKED_AT = 1000


@dataclass(frozen=True)
class FileTable:
    """The features of a file as they stand there; every sequence has one entry a feature."""

    #: No two alike; what has none is called by its place.
    headers: tuple[str, ...]
    #: By header; None, or text of blanks, where a cell is empty.
    columns: tuple[Sequence[object], ...]
    #: As the file numbers them.
    rows: Sequence[int]
    #: Geometries; None: columns say where the features are.
    wkb: Sequence[bytes | None] | None = None
    #: What the file says of its CRS.
    crs: str | None = None
    remarks: tuple[str, ...] = ()
    #: Sheet of each row, where there are several.
    sheets: Sequence[str] | None = None

    def column(self, header: str) -> Sequence[object]:
        """Return the cells below a header."""
        return self.columns[self.headers.index(header)]

    def judged(self) -> list[FileColumn]:
        """Return the columns as a mapping is proposed of them."""
        return [_judged(header, cells) for header, cells in zip(self.headers, self.columns, strict=True)]


def headers_of(names: Sequence[str], *, known: bool = True) -> tuple[str, ...]:
    """Return what the columns of a file are called: each differently, and none by what could be of a person.

    Parameters
    ----------
    known
        Whether some of them are known to be names of columns.
    """
    headers: list[str] = []
    for number, name in enumerate(names, start=1):
        wanted = shown(name.strip(), number, known=known) if name.strip() else f"column {number}"
        header = next(one for one in (wanted, *(f"{wanted} ({n})" for n in range(2, len(names) + 2)))
                      if one not in headers)  # fmt: skip
        headers.append(header)
    return tuple(headers)


def _judged(header: str, cells: Sequence[object]) -> FileColumn:
    texts = [text_of(cell) for cell in cells if not is_empty(cell)]
    return FileColumn(header, texts, _kind(cells), bool(texts) and len(set(texts)) == len(texts) == len(cells))


def text_of(cell: object) -> str:
    """Return a cell as text, to look at and not to keep."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return cell if isinstance(cell, str) else str(cell)


def _kind(cells: Sequence[object]) -> str:
    found = set()
    looked_at = count()
    for cell in cells:
        if not is_empty(cell):
            found.add(_kind_of(cell))
            if next(looked_at) > _LOOKED_AT:
                break
    if not found:
        return "nothing"
    if found == {"whole numbers", "numbers"}:
        return "numbers"
    return found.pop() if len(found) == 1 else "text"


def _kind_of(cell: object) -> str:
    if isinstance(cell, bool):
        return "yes and no"
    if isinstance(cell, int) or (isinstance(cell, str) and not isinstance(cell, Inexact) and _is_whole(cell)):
        return "whole numbers"
    if isinstance(cell, float | Decimal) or (isinstance(cell, str) and _is_number(cell)):
        return "numbers"
    return "dates" if isinstance(cell, date | datetime) else "text"


def _is_whole(text: str) -> bool:
    # 0301 is a code.
    digits = text.strip().removeprefix("-")
    return digits.isascii() and digits.isdigit() and (digits[0] != "0" or len(digits) == 1)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return not text.strip().isdigit()
