"""What can be imported: layers, and tables without places, each known by its id and the columns that people write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from geoservice.domain.importing.model import RefusedRow
from layers.layer import Column, GeometryType
from layers.title import Title


class Importable(Protocol):
    """What the columns of a file are matched with: a layer or a ledger."""

    @property
    def id(self) -> str:
        """Return the name under which its words are known."""

    @property
    def written(self) -> tuple[Column, ...]:
        """Return the columns that people write."""

    @property
    def own(self) -> bool:
        """Return whether people made it: its columns mean nothing beyond their types."""

    @property
    def geometry(self) -> GeometryType | None:
        """Return what its places are; None: it has none."""


@dataclass(frozen=True, eq=False)  # each is one thing, not the sum of its parts
class Ledger:
    """A table without places, such as a roster of staff."""

    id: str
    written: tuple[Column, ...]
    geometry: None = None
    own: bool = False


class LedgerRow(NamedTuple):
    """A row of a ledger."""

    #: As the file numbers its rows.
    row: int
    #: By column; what the file has no column for is not here.
    values: Mapping[str, object]
    #: Where there are several.
    sheet: str | None = None

    def __str__(self) -> str:
        """Return which row it is, in words."""
        return f"row {self.row}" if self.sheet is None else f"row {self.row} of sheet {self.sheet}"

    def refused(self, reason: str) -> RefusedRow:
        """Return it as refused."""
        return RefusedRow(self.row, reason if self.sheet is None else f"sheet {self.sheet}: {reason}")


STAFF = Ledger(
    "staff",
    (
        Column("code", "text", Title("工号", "Staff code"), identifier=True),
        Column("call_sign", "text", Title("呼号", "Call sign"), nullable=True),
        Column(
            "role", "text", Title("岗位", "Role"),
            codes={
                "grid_officer": Title("网格员", "Grid officer"), "deputy": Title("兼职网格员", "Deputy"),
                "police_officer": Title("民警", "Police officer"), "dispatcher": Title("调度员", "Dispatcher"),
            },
        ),
        Column("grid", "text", Title("网格编码", "Grid"), identifier=True, nullable=True),
        Column("grid_name", "text", Title("网格名称", "Name of the grid"), identifier=True, nullable=True),
        Column("from", "day", Title("开始日期", "From"), nullable=True),
        Column("to", "day", Title("结束日期", "To"), nullable=True),
    ),
)  # fmt: skip
SERVICES = Ledger(
    "services",
    (
        Column("code", "text", Title("事项编码", "Service code"), identifier=True),
        Column("name", "text", Title("事项名称", "Name"), nullable=True),
        Column("name_en", "text", Title("英文名称", "English name"), nullable=True),
        Column("description", "text", Title("说明", "Description"), nullable=True),
        Column("group", "text", Title("类别", "Group"), nullable=True),
        Column("group_1", "text", Title("大类", "First group"), nullable=True),
        Column("group_2", "text", Title("中类", "Second group"), nullable=True),
        Column("group_3", "text", Title("小类", "Third group"), nullable=True),
        Column("limit", "text", Title("办理时限", "Limit"), nullable=True),
        Column("keywords", "text", Title("关键词", "Keywords"), nullable=True),
        Column("attributes", "text", Title("附加信息", "Attributes"), nullable=True),
        Column("sensitive", "boolean", Title("是否敏感", "Sensitive"), nullable=True),
        Column("retired", "boolean", Title("是否停用", "Retired"), nullable=True),
    ),
)  # fmt: skip
