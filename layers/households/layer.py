"""Households as a layer: what leaves the database is their number in each building."""

from layers.layer import Column, Layer
from layers.style import Style
from layers.title import Title

HOUSEHOLDS = Layer(
    id="households",
    title=Title("住户数", "Households per building"),
    one=Title("住户", "Households"),
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
        Column("households", "integer", Title("住户", "Households"), figure=True),
        Column("building_code", "text", Title("楼栋编号", "Building")),
        Column("grid_code", "text", Title("所属网格", "Grid"), nullable=True),
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
