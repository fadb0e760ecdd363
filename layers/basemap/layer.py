"""The base map as a layer."""

from layers.layer import Column, Layer, Tiling
from layers.style import Style
from layers.title import Title

KINDS = {
    "street": Title("街道", "Street"),
    "water": Title("水系", "Water"),
    "green": Title("绿地", "Green"),
    "block": Title("街区", "Block"),
}

BASEMAP = Layer(
    id="basemap",
    title=Title("街道、水系、绿地", "Streets, water, greens"),
    one=Title("底图要素", "Feature of the base map"),
    description=Title(
        "其他图层之下的街道、水系、绿地和街区。", "Streets, water, greens and blocks below the other layers."
    ),
    table="basemap_feature",
    geometry="Geometry",
    assignment=None,
    read="view_map",
    columns=(
        Column("code", "text", Title("编号", "Code", "ཨང་རྟགས།"), identifier=True, told=False),
        Column("kind", "text", Title("类别", "Kind", "རིགས།"), codes=KINDS),
        Column("name", "text", Title("名称", "Name", "མིང་།"), nullable=True, told=False),
        Column("name_en", "text", Title("英文名称", "English name", "དབྱིན་ཡིག་གི་མིང་།"), nullable=True, told=False),
    ),
    tiling=Tiling(("kind", "name", "name_en"), min_zoom=11),
    styles=(
        Style(
            id="basemap",
            group="background",
            order=10,
            bulk=True,
            symbol="area",
            paint={"stroke": False, "fillColor": "#e9e6dd", "fillOpacity": 1},
            by="kind",
            paints={
                # width_m is in metres on the ground, so that a street keeps its width between its blocks.
                "street": {"color": "#ffffff", "opacity": 1, "width_m": 9, "fill": False, "stroke": True},
                "water": {
                    "fillColor": "#b9d6e4", "fillOpacity": 1, "color": "#b9d6e4", "opacity": 1, "width_m": 5,
                    "stroke": True,
                },
                "green": {"fillColor": "#d3e2c8", "stroke": False, "fillOpacity": 1},
                "block": {"fillColor": "#eae7de", "stroke": False, "fillOpacity": 1},
            },
            interactive=False,
        ),
    ),
)  # fmt: skip
