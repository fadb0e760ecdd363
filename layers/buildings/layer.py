"""Buildings as a layer."""

from layers.layer import Column, Layer, Tiling
from layers.style import Style
from layers.title import Title

KINDS = {
    "residential": Title("住宅", "Residential"),
    "shop": Title("商业", "Shops"),
    "office": Title("办公", "Offices"),
    "school": Title("学校", "School"),
    "hospital": Title("医院", "Hospital"),
    "industrial": Title("厂房、仓库", "Industry"),
    "public": Title("公共建筑", "Public"),
    "ancillary": Title("附属建筑", "Sheds and garages"),
    "other": Title("其他", "Other"),
}

BUILDINGS = Layer(
    id="buildings",
    title=Title("楼栋", "Buildings"),
    one=Title("楼栋", "Building"),
    description=Title("楼栋的轮廓。", "Footprints of buildings."),
    table="building",
    source="served_building",
    geometry="MultiPolygon",
    columns=(
        Column("name", "text", Title("名称", "Name"), nullable=True, told=False),
        Column("code", "text", Title("编号", "Code"), identifier=True),
        Column("kind", "text", Title("类别", "Kind"), codes=KINDS),
        Column("floors", "integer", Title("层数", "Floors"), nullable=True),
        Column("households", "integer", Title("住户", "Households"), figure=True, nullable=True),
        Column("address", "text", Title("地址", "Address"), nullable=True),
        Column("in_use", "boolean", Title("在用", "In use")),
        Column("grid_code", "text", Title("所属网格", "Grid"), nullable=True),
    ),
    tiling=Tiling(("code", "kind", "floors"), cells=32, counted=("kind",)),
    styles=(
        Style(
            id="buildings",
            group="community",
            order=30,
            bulk=True,
            symbol="area",
            paint={"color": "#b3a994", "weight": 0.7, "opacity": 1, "fillColor": "#d8d0c0", "fillOpacity": 1},
        ),
    ),
)
