"""Figures per grid as a layer: the grids in force, each with what is counted of it."""

from layers.layer import Column, Layer, Tiling
from layers.title import Title

FIGURES = Layer(
    id="figures",
    title=Title("网格统计", "Figures per grid"),
    one=Title("网格统计", "Figures of a grid"),
    description=Title(
        "现行网格的在办、超期、用时、评分与户数；过小的数不显示。",
        "Of each grid in force what is in hand and late, times, ratings and households; what is too few is not told.",
    ),
    table="grid_figure",
    source="served_figure",
    geometry="MultiPolygon",
    assignment=None,
    gathered=True,
    read="read_grids",
    tiling=Tiling(
        (
            "code", "name", "name_en", "in_hand", "late", "received_30_days", "resolve_minutes", "rating", "households",
            "residents", "floating",
        ),
        min_zoom=0,
    ),
    columns=(
        Column("name", "text", Title("名称", "Name", "མིང་།"), told=False),
        Column("name_en", "text", Title("英文名称", "English name", "དབྱིན་ཡིག་གི་མིང་།"), nullable=True, told=False),
        Column("code", "text", Title("编号", "Code", "ཨང་རྟགས།"), identifier=True),
        Column("edition", "integer", Title("版本", "Edition", "པར་གཞི།"), told=False),
        Column("in_hand", "integer", Title("在办", "In hand", "ཐག་གཅོད་བཞིན་པ།"), figure=True),
        Column("late", "integer", Title("超期", "Late", "དུས་ཡོལ།"), figure=True),
        Column("received_30_days", "integer", Title("近 30 天收到", "Received in 30 days"), figure=True),
        Column(
            "resolve_minutes", "number", Title("办结用时中位数", "Median time to resolve"), unit="min", nullable=True,
            figure=True,
        ),
        Column("rating", "number", Title("平均评分", "Mean rating"), nullable=True, figure=True),
        Column("households", "integer", Title("住户", "Households", "དུད་ཚང་།"), nullable=True, figure=True),
        Column("residents", "integer", Title("居民", "Residents", "སྡོད་དམངས།"), nullable=True, figure=True),
        Column("floating", "integer", Title("流动人口", "Floating population"), nullable=True, figure=True),
    ),
)  # fmt: skip
