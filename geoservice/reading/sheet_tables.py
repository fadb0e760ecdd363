"""Tables that people made, of a workbook or a CSV: rows of text in which the header has to be found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from geoservice.domain.importing.header import Found, HeaderNotFound, Merged, Rows, find_table
from geoservice.domain.importing.mapping import shown
from geoservice.domain.importing.persons import personal
from geoservice.domain.spreadsheets import LEDGER_MARK, MARK, mark_of, unquoted
from geoservice.reading.csv_errors import RowTooWide
from geoservice.reading.file_errors import HeaderAbsent, NoFeatures, NotCalculated, SheetNotStated, TooManyFeatures
from geoservice.reading.file_tables import FileTable, headers_of

_SHOWN = 5


@dataclass
class Sheet:
    """Rows of a sheet that are not empty, or of a CSV."""

    #: None: of a CSV, which is its only one.
    name: str | None
    cells: Rows
    #: As the file numbers them.
    numbers: Sequence[int]
    #: By place in `cells`.
    merged: Sequence[Merged] = ()
    filled: int = 0
    errors: int = 0
    hidden_rows: Sequence[int] = ()
    not_calculated: Sequence[str] = ()
    remarks: list[str] = field(default_factory=list)
    #: How many fields each row of a CSV has; rows in `cells` are all as long as the longest.
    widths: Sequence[int] = ()

    @property
    def title(self) -> str:
        """Return the sheet's name as it may be shown: some are called after a person."""
        return "" if self.name is None else shown(self.name, 1).replace("column 1", "with a person's name")


def table_of(
    sheets: Sequence[Sheet], knows: Callable[[str], bool], remarks: Sequence[str] = (), *, most: int
) -> FileTable:  # fmt: skip
    """Return sheets with one header as one table.

    Parameters
    ----------
    most
        Rows of features that there may be.
    knows
        Whether a header is a word that such files have; of several headers, that with the most of them is taken.

    Raises
    ------
    FileRefused
        HeaderAbsent, SheetNotStated, NotCalculated, NoFeatures, TooManyFeatures.
    RowTooWide
        A row of a CSV has a field behind those that the header names.
    """
    found: list[tuple[Sheet, Found]] = []
    others: list[Sheet] = []
    for sheet in sheets:
        own = _as_written(sheet)
        if own is not None:
            found.append(own)
            continue
        try:
            found.append((sheet, find_table(sheet.cells, sheet.merged, knows)))
        except HeaderNotFound:
            others.append(sheet)
    if not found:
        raise HeaderAbsent
    names, taken = _alike(found, knows)
    others += [sheet for sheet, _ in found if all(sheet is not one for one, _ in taken)]
    count = sum(len(table.rows) for _, table in taken)
    if count > most:
        raise TooManyFeatures(features=count, most=most)
    told = [*remarks, *_left_out(others)]
    for sheet, table in taken:
        if sheet.not_calculated:
            shown_cells = ", ".join(sheet.not_calculated[:_SHOWN])
            raise NotCalculated(sheet=sheet.title, cells=shown_cells, count=len(sheet.not_calculated))
        _require_in_columns(sheet, table)
        told += _told(sheet, table)
    return _joined(names, taken, told, known=any(map(knows, names)))


def _as_written(sheet: Sheet) -> tuple[Sheet, Found] | None:
    """Return a table that we wrote, with its texts as they were; None: it is of others."""
    if not sheet.cells or (mark := mark_of(sheet.cells[0])) is None:
        return None
    cells = sheet.cells
    if mark != MARK:
        cells = [[unquoted(cell) if type(cell) is str else cell for cell in row] for row in cells]
    if mark == LEDGER_MARK:  # which says nothing more
        at = cells[0].index(mark)
        cells = [[*row[:at], *row[at + 1 :]] for row in cells]
    rows = [at for at, row in enumerate(cells) if at and any(row)]
    return replace(sheet, cells=cells), Found(tuple(cell or "" for cell in cells[0]), (0,), rows)


def _alike(
    found: Sequence[tuple[Sheet, Found]], knows: Callable[[str], bool]
) -> tuple[tuple[str, ...], list[tuple[Sheet, Found]]]:
    """Return the header of which most is known, with its sheets."""
    by_header: dict[tuple[str, ...], list[tuple[Sheet, Found]]] = {}
    for sheet, table in found:
        by_header.setdefault(_without_end(table.names), []).append((sheet, table))
    hits = {names: sum(map(knows, names)) for names in by_header}
    most = max(hits.values())
    best = [names for names, count in hits.items() if count == most]
    if len(best) > 1:
        raise SheetNotStated(sheets=", ".join(sheet.title for names in best for sheet, _ in by_header[names]))
    return best[0], by_header[best[0]]


def _without_end(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return names without those that are empty at their end: sheets are of different widths."""
    kept = list(names)
    while kept and not kept[-1]:
        kept.pop()
    return tuple(kept)


def _joined(names: tuple[str, ...], taken: Sequence[tuple[Sheet, Found]], told: list[str], *, known: bool) -> FileTable:
    rows = [(sheet, row) for sheet, table in taken for row in table.rows]
    if not rows:
        raise NoFeatures
    width = max(len(names), *(_filled(sheet.cells[row]) for sheet, row in rows))
    names = (*names, *[""] * (width - len(names)))
    columns = [[_at(sheet.cells[row], place) for sheet, row in rows] for place in range(width)]
    kept = [place for place, name in enumerate(names) if name or any(columns[place])]
    headers = headers_of([names[place] for place in kept], known=known)
    unnamed = [headers[at] for at, place in enumerate(kept) if not names[place]]
    if unnamed:
        told.append(f"Columns without a name: {', '.join(unnamed)}.")
    return FileTable(
        headers,
        tuple(columns[place] for place in kept),
        [sheet.numbers[row] for sheet, row in rows],
        remarks=tuple(told),
        sheets=[sheet.title for sheet, _ in rows] if len(taken) > 1 else None,
    )


def _filled(cells: Sequence[object]) -> int:
    """Return how many cells a row has up to the last one in which something stands."""
    return max((place for place, cell in enumerate(cells, start=1) if cell), default=0)


def _at(cells: Sequence[str | None], place: int) -> str | None:
    """Return a cell; sheets of one header are of different widths."""
    return cells[place] if place < len(cells) else None


def _require_in_columns(sheet: Sheet, table: Found) -> None:
    """Raise RowTooWide: decimal commas among commas, say, shift what stands behind them into other columns."""
    if not sheet.widths:
        return
    columns = max(sheet.widths[row] for row in table.header)
    for row in table.rows:
        if _filled(sheet.cells[row]) > columns:
            raise RowTooWide(row=sheet.numbers[row], fields=sheet.widths[row], columns=columns)


def _left_out(sheets: Sequence[Sheet]) -> list[str]:
    if not sheets:
        return []
    return [f"Sheets with another header, or none, were left out: {', '.join(sheet.title for sheet in sheets)}."]


def _told(sheet: Sheet, table: Found) -> list[str]:
    """Return what people should know who do not see it in the file."""
    of = f"Sheet {sheet.title}: " if sheet.name is not None else ""
    header = _numbers(sheet, table.header)
    told = [f"{of}header in {header}, {len(table.rows)} rows of features."]
    for why, rows in table.left_out.items():
        told.append(f"{of}{_numbers(sheet, rows)} left out as {why}.")
    for row, names in table.disagreeing.items():
        said = ", ".join(name for name in names if not personal(name))
        told.append(f"{of}the total in row {sheet.numbers[row]} is not what stands above adds up to: {said}.")
    known = {sheet.numbers[row] for row in table.rows}
    hidden = [number for number in sheet.hidden_rows if number in known]
    if hidden:
        told.append(f"{of}{_said(hidden)} hidden and read like the others.")
    if sheet.filled:
        told.append(f"{of}{sheet.filled} cells that are merged with one above were given its value.")
    if sheet.errors:
        told.append(f"{of}{sheet.errors} cells hold an error, such as #N/A, and are empty here.")
    return told + sheet.remarks


def _numbers(sheet: Sheet, rows: Sequence[int]) -> str:
    return _said([sheet.numbers[row] for row in rows])


def _said(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"row {numbers[0]}"
    more = f" … {_SHOWN} of {len(numbers)}" if len(numbers) > _SHOWN else ""
    return f"{len(numbers)} rows ({', '.join(map(str, numbers[:_SHOWN]))}{more})"
