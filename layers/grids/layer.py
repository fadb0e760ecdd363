"""The grids of published editions as a layer."""

from layers.layer import Column, Layer, Tiling
from layers.style import Style
from layers.title import Title

GRIDS = Layer(
    id="grids",
    title=Title("网格", "Grids", "དྲ་མིག"),
    one=Title("网格", "Grid", "དྲ་མིག"),
    description=Title("现行版本的网格及其数字。", "The grids in force, with their figures."),
    table="territory",
    source="served_grid",
    geometry="MultiPolygon",
    assignment=None,
    bitemporal=True,
    tiling=Tiling(("code", "name", "name_en"), min_zoom=0),
    read="read_grids",
    columns=(
        Column("name", "text", Title("名称", "Name", "མིང་།"), told=False),
        Column("name_en", "text", Title("英文名称", "English name", "དབྱིན་ཡིག་གི་མིང་།"), nullable=True, told=False),
        Column("code", "text", Title("编号", "Code", "ཨང་རྟགས།")),
        Column("edition", "integer", Title("版本", "Edition", "པར་གཞི།"), told=False),
        Column("valid_from", "instant", Title("生效时间", "In force from"), told=False),
        Column("valid_to", "instant", Title("失效时间", "In force until"), nullable=True, told=False),
        Column("area_m2", "number", Title("面积", "Area", "རྒྱ་ཁྱོན།"), unit="m2", told=False),
        Column("officer", "text", Title("网格员", "Grid officer"), nullable=True, figure=True),
        Column("police_officers", "integer", Title("民警", "Police officers", "ཉེན་རྟོག་པ།"), figure=True),
        Column("households", "integer", Title("住户", "Households", "དུད་ཚང་།"), figure=True, nullable=True),
        Column("residents", "integer", Title("居民", "Residents", "སྡོད་དམངས།"), figure=True, nullable=True),
        Column("floating", "integer", Title("流动人口", "Floating population"), figure=True, nullable=True),
        Column("received", "integer", Title("收到事件", "Received", "འབྱོར་བའི་དོན་རྐྱེན།"), told=False, figure=True),
        Column("in_hand", "integer", Title("在办", "In hand", "ཐག་གཅོད་བཞིན་པ།"), figure=True),
        Column("closed", "integer", Title("已结案", "Closed", "མཇུག་བསྒྲིལ་ཟིན།"), figure=True),
    ),
    styles=(
        Style(
            id="grids",
            group="community",
            order=20,  # below the buildings, so that these get the click
            symbol="area",
            paint={"color": "#2f4b7c", "weight": 2.2, "opacity": 0.9, "fillColor": "#2f4b7c", "fillOpacity": 0.04},
        ),
    ),
)
