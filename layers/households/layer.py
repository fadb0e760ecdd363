"""Households as a layer: what leaves the database is their number in each building."""

from dataclasses import replace

from layers.layer import Column, Layer
from layers.style import Style
from layers.title import Title

_BUILDING = Column("building_code", "text", Title("楼栋编号", "Building", "ཐོག་ཁང་གི་ཨང་རྟགས།"), identifier=True)
#: Column and its words; a resident is in one of them.
BANDS = {
    "age_0_13": Title("0–13岁", "0 to 13 years"),
    "age_14_17": Title("14–17岁", "14 to 17 years"),
    "age_18_59": Title("18–59岁", "18 to 59 years"),
    "age_60_79": Title("60–79岁", "60 to 79 years"),
    "age_80_plus": Title("80岁以上", "80 years and more"),
}

HOUSEHOLDS = Layer(
    id="households",
    title=Title("住户数", "Households per building", "དུད་ཚང་གི་གྲངས།"),
    one=Title("住户", "Households", "དུད་ཚང་།"),
    description=Title(
        "每栋楼的住户数，不含任何个人信息。", "How many households a building has, and nothing of who lives there."
    ),
    table="household",
    source="served_household",
    geometry="Point",
    key="building_code",
    head="building_code",
    assignment="building",
    personal=True,
    tiling=None,
    columns=(
        Column("households", "integer", Title("住户", "Households", "དུད་ཚང་།"), figure=True),
        _BUILDING,
        Column("grid_code", "text", Title("所属网格", "Grid", "དྲ་མིག"), nullable=True),
    ),
    stored=(
        Column("code", "text", Title("编号", "Code", "ཨང་རྟགས།"), identifier=True),
        replace(_BUILDING, nullable=True),
        Column("unit", "text", Title("单元", "Unit"), identifier=True, nullable=True),
        Column("households", "integer", Title("户数", "Households", "དུད་ཚང་གི་གྲངས།")),
        *(Column(name, "integer", title) for name, title in BANDS.items()),
        Column("floating", "integer", Title("流动人口", "Floating population")),
    ),
    styles=(
        Style(
            id="households",
            group="community",
            order=40,
            symbol="circle",
            paint={"color": "#8a4f7d", "weight": 1, "opacity": 0.8, "fillColor": "#a5648f", "fillOpacity": 0.3},
            shown=False,
            scale_by="households",
        ),
    ),
)
