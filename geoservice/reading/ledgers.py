"""Rows of a ledger from any file: read as a table, its columns mapped, its cells made values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from geoservice.domain.importing.choices import Choices
from geoservice.domain.importing.ledgers import Ledger, LedgerRow
from geoservice.domain.importing.mapping import Proposal
from geoservice.domain.importing.model import RefusedRow
from geoservice.domain.importing.values import Read, typed
from geoservice.domain.importing.words import KEY
from geoservice.reading.features import (
    proposal_of,
    read_table,
    require_clear,
    require_known,
    told_of_columns,
)
from geoservice.reading.file_errors import FieldAbsent, NotALedger
from geoservice.reading.file_tables import FileTable
from geoservice.reading.limits import Limits
from geoservice.reading.staging import TABLES

Readers = Callable[[Mapping[str, str]], Mapping[str, Read]]


@dataclass(frozen=True)
class ReadLedger:
    """A ledger as a file tells it."""

    rows: tuple[LedgerRow, ...]
    refused: tuple[RefusedRow, ...]
    #: What was taken for what, and what was left out: sentences for whoever imports.
    remarks: tuple[str, ...]
    proposal: Proposal

    def has(self, field: str) -> bool:
        """Return whether the file has a column for a field."""
        return field in self.proposal.fields


def read_ledger(
    path: str, ledger: Ledger, choices: Choices, limits: Limits, *,
    readers: Readers, required: Sequence[str] = (KEY,),
) -> ReadLedger:  # fmt: skip
    """Return the rows of a ledger.

    Parameters
    ----------
    path
        Of a CSV, .xlsx, .xls or .ods file.
    choices
        What whoever imports says of the file.
    readers
        Returns, by column, what makes values of its cells where its type does not say it; it is told the headers by
        field.
    required
        Fields that the file must have a column for.

    Raises
    ------
    GeoserviceError
        A FileRefused, or what is wrong with the text of a CSV: the file as a whole says too little, or can not be read.
    """
    if not path.lower().endswith(TABLES):
        raise NotALedger(file=path[-80:])
    require_known(ledger, choices)
    table = read_table(path, ledger, choices, limits)
    proposal = proposal_of(table, ledger, choices)
    require_clear(proposal)
    absent = [name for name in required if name not in proposal.fields]
    if absent:
        raise FieldAbsent(field=", ".join(absent), columns=", ".join(table.headers))
    return _read(table, proposal, ledger, choices, readers(proposal.fields))


def _read(
    table: FileTable, proposal: Proposal, ledger: Ledger, choices: Choices, readers: Mapping[str, Read]
) -> ReadLedger:
    values: dict[str, Sequence[object]] = {}
    reasons: dict[int, list[str]] = {}
    for column in ledger.written:
        if column.name not in proposal.fields:
            continue
        cells = list(table.column(proposal.fields[column.name]))
        done = typed(cells, column, ledger, choices, read=readers.get(column.name))
        values[column.name] = done.values
        for place, reason in done.refused.items():
            reasons.setdefault(place, []).append(reason)
    rows = [
        LedgerRow(row, {name: cells[at] for name, cells in values.items()}, table.sheets[at] if table.sheets else None)
        for at, row in enumerate(table.rows)
    ]
    taken = tuple(row for at, row in enumerate(rows) if at not in reasons)
    refused = tuple(rows[at].refused("; ".join(reasons[at])) for at in sorted(reasons))
    return ReadLedger(taken, refused, (*table.remarks, *told_of_columns(proposal)), proposal)
