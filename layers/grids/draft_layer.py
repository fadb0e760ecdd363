"""An open draft as a layer: its grids as they are drawn at this moment, for those who draw."""

from __future__ import annotations

from dataclasses import replace

from layers.grids.layer import GRIDS
from layers.grids.model import Edition
from layers.layer import Column, Layer
from layers.title import Title

#: Before the number of its edition: what addresses call a draft.
DRAFT_PREFIX = "draft-"


def draft_layer(edition: Edition) -> Layer:
    """Return the layer of a draft; its rows are those of table grid that have its edition's id."""
    return replace(
        GRIDS,
        id=f"{DRAFT_PREFIX}{edition.id}",
        title=Title(f"草案：{edition.title}", f"Draft: {edition.title}"),
        description=Title("尚未发布的网格，随时可能改变。", "Grids that are not published; they may change."),
        table="grid",
        source="",
        bitemporal=False,
        read="read_drafts",
        tiling=None,
        styles=(),
        columns=(
            Column("code", "text", Title("编号", "Code"), identifier=True),
            Column("name", "text", Title("名称", "Name")),
            Column("name_en", "text", Title("英文名称", "English name"), nullable=True),
            Column("parent_code", "text", Title("上级编号", "Parent"), nullable=True, identifier=True),
            Column("unowned_reason", "text", Title("无归属原因", "Why nobody owns it"), nullable=True),
        ),
    )
