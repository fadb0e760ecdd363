"""Who serves a grid, as what and since when: how its columns are called, for whoever shows them as they are."""

from collections.abc import Mapping

from layers.layer import Column
from layers.title import Title

POSTINGS = Title("今日在岗人员", "On duty today")

#: As what somebody serves a grid, in the order of their ranks.
DUTIES: Mapping[str, Title] = {
    "grid_officer": Title("网格员", "grid officer"),
    "deputy": Title("代班", "deputy"),
    "police_officer": Title("民警", "police officer"),
}

POSTING_COLUMNS = (
    Column("staff_code", "text", Title("人员编号", "Member of staff"), identifier=True),
    Column("role", "text", Title("职责", "Serves as"), codes=DUTIES),
    Column("grid_code", "text", Title("所属网格", "Grid"), identifier=True),
    Column("valid_from", "day", Title("从", "From")),
    Column("valid_to", "day", Title("至（不含当日）", "Until, not that day"), nullable=True),
)
