"""Incidents as a layer: what a map needs, no words and nothing of the reporter."""

from layers.layer import Column, Layer, Tiling
from layers.style import Style
from layers.title import Title

STATUSES = {
    "reported": Title("待分派", "Reported"),
    "dispatched": Title("已派单", "Dispatched"),
    "accepted": Title("处置中", "Accepted", "ཐག་གཅོད་བཞིན་པ།"),
    "resolved": Title("待核验", "Resolved"),
    "returned": Title("已退回", "Returned", "ཕྱིར་སློག་བྱས་ཟིན།"),
    "closed": Title("已结案", "Closed", "མཇུག་བསྒྲིལ་ཟིན།"),
    "duplicate": Title("重复件", "Duplicate", "བསྐྱར་ཟློས།"),
    "cancelled": Title("已取消", "Cancelled", "མེད་པར་བཟོས་ཟིན།"),
}
METHODS = {
    "covers": Title("位于网格内", "Covered by the grid", "དྲ་མིག་ནང་ཡོད།"),
    "nearest": Title("最近网格", "Nearest grid", "ཆེས་ཉེ་བའི་དྲ་མིག"),
    "building": Title("依楼栋", "By its building"),
    "manual": Title("人工指定", "Set by hand"),
    "none": Title("无归属", "No owner"),
}
SOURCES = {
    "resident": Title("居民上报", "Resident", "སྡོད་དམངས་ཀྱི་སྙན་ཞུ།"),
    "patrol": Title("网格员巡查", "Patrol"),
    "camera": Title("摄像机预警", "Camera alert"),
    "hotline": Title("热线", "Hotline"),
    "system": Title("系统", "System", "རྒྱུད་ཁོངས།"),
}
#: Of what is in hand.
STATUS_COLOURS = {
    "reported": "#d55e00",
    "dispatched": "#e69f00",
    "accepted": "#0072b2",
    "resolved": "#56b4e9",
    "returned": "#cc79a7",
}
_CLOSED_COLOUR = "#7b8794"
#: The shape of each status (layers/style.py).
STATUS_MARKS = {
    "reported": "triangle",
    "dispatched": "diamond",
    "accepted": "circle",
    "resolved": "square",
    "returned": "pennant",
    "closed": "ring",
    "duplicate": "rings",
    "cancelled": "cross",
}

INCIDENTS = Layer(
    id="incidents",
    title=Title("事件", "Incidents", "དོན་རྐྱེན།"),
    one=Title("事件", "Incident", "དོན་རྐྱེན།"),
    description=Title("上报事件的位置与办理状态，不含文字。", "Where matters were reported, and how they stand."),
    table="incident",
    source="served_incident",
    geometry="Point",
    key="id",
    assignment="routing",
    urgent_by="urgency",
    newest_by="reported_at",
    counted_by="status",
    head="service_name",
    columns=(
        Column("service_code", "text", Title("事项编号", "Service code", "དོན་ཚན་གྱི་ཨང་རྟགས།"), told=False),
        Column("service_name", "text", Title("事项", "Service", "དོན་ཚན།"), told=False),
        Column("service_name_en", "text", Title("事项英文名称", "Service in English"), nullable=True, told=False),
        Column("status", "text", Title("状态", "Status", "རྣམ་པ།"), codes=STATUSES),
        Column("grid_code", "text", Title("所属网格", "Grid", "དྲ་མིག"), nullable=True),
        Column("reported_at", "instant", Title("上报时间", "Reported", "སྙན་ཞུའི་དུས་ཚོད།")),
        Column("source", "text", Title("来源", "Source", "ཡོང་ཁུངས།"), codes=SOURCES),
        Column("method", "text", Title("判定方式", "Method"), codes=METHODS),
        Column("near_border", "boolean", Title("临近边界", "Near a border", "ས་མཚམས་དང་ཉེ།")),
        Column("late", "boolean", Title("超期", "Late", "དུས་ཡོལ།")),
        Column("id", "text", Title("事件编号", "Incident", "དོན་རྐྱེན་གྱི་ཨང་རྟགས།")),
    ),
    tiling=Tiling(("status", "service_code", "source", "late"), cells=16, counted=("status", "late")),
    styles=(
        Style(
            id="incidents_in_hand",
            title=Title("在办事件", "Incidents in hand", "ཐག་གཅོད་བཞིན་པའི་དོན་རྐྱེན།"),
            group="incidents",
            order=90,
            symbol="circle",
            paint={"color": "#ffffff", "weight": 1.5, "opacity": 1, "fillOpacity": 0.95, "radius": 6.5},
            by="status",
            paints={
                status: {"fillColor": colour, "mark": STATUS_MARKS[status]} for status, colour in STATUS_COLOURS.items()
            },
            only=tuple(STATUS_COLOURS),
            legend=tuple(STATUS_COLOURS),
        ),
        Style(
            id="incidents_closed",
            title=Title("结案事件", "Closed incidents", "མཇུག་བསྒྲིལ་ཟིན་པའི་དོན་རྐྱེན།"),
            group="incidents",
            order=80,
            bulk=True,
            symbol="circle",
            paint={
                "color": _CLOSED_COLOUR, "weight": 1.5, "opacity": 1, "fillColor": "#ffffff", "fillOpacity": 0.9,
                "radius": 4, "mark": STATUS_MARKS["closed"],
            },
            shown=False,
            by="status",
            only=("closed",),
        ),
    ),
)  # fmt: skip
