"""Cameras, and what they see, as layers."""

from layers.layer import Column, Layer, Tiling
from layers.style import Style
from layers.title import Title

KINDS = {
    "fixed": Title("固定", "Fixed"),
    "bullet": Title("枪机", "Bullet"),
    "dome": Title("球机", "Dome"),
    "ptz": Title("云台", "Pan, tilt and zoom"),
}
STATUSES = {
    "online": Title("在线", "Online"),
    "offline": Title("离线", "Offline"),
    "maintenance": Title("维护中", "Under maintenance"),
}
#: Those that see nothing at present are drawn grey.
_NOT_WORKING = ("offline", "maintenance")
_CODE = Column("code", "text", Title("编号", "Code", "ཨང་རྟགས།"), identifier=True)
_STATUS = Column("status", "text", Title("状态", "Status", "རྣམ་པ།"), codes=STATUSES)

CAMERAS = Layer(
    id="cameras",
    title=Title("摄像机", "Cameras"),
    one=Title("摄像机", "Camera"),
    description=Title("摄像机的位置与朝向，不含画面。", "Where cameras stand and look; never what they see."),
    table="camera",
    geometry="Point",
    head="code",
    columns=(
        _CODE,
        Column("kind", "text", Title("类别", "Kind", "རིགས།"), codes=KINDS),
        _STATUS,
        Column("bearing_deg", "number", Title("朝向", "Bearing"), unit="deg", nullable=True),
        Column("fov_deg", "number", Title("视角", "Field of view"), unit="deg", nullable=True),
        Column("range_m", "number", Title("可视距离", "Range"), unit="m", nullable=True),
        Column("grid_code", "text", Title("所属网格", "Grid", "དྲ་མིག"), nullable=True),
    ),
    tiling=Tiling(("code", "kind", "status", "bearing_deg"), cells=16, counted=("status",)),
    styles=(
        Style(
            id="cameras",
            group="facilities",
            order=60,
            symbol="circle",
            paint={
                "color": "#ffffff", "weight": 1.2, "opacity": 1, "fillColor": "#00735c", "fillOpacity": 1, "radius": 4,
            },
            by="status",
            paints={status: {"fillColor": "#8d8678"} for status in _NOT_WORKING},
        ),
    ),
)  # fmt: skip

CAMERA_SECTORS = Layer(
    id="camera_sectors",
    title=Title("摄像机视域", "View sectors"),
    one=Title("视域", "View sector"),
    description=Title("摄像机能看到的扇形区域。", "The part of a circle that a camera sees."),
    table="camera",
    geometry="Polygon",
    geom="sector",
    may_lack_place=True,
    assignment=None,
    head="code",
    columns=(_CODE, _STATUS),
    tiling=Tiling(("code", "status")),
    styles=(
        Style(
            id="camera_sectors",
            group="facilities",
            order=50,
            shown=False,
            symbol="area",
            paint={"color": "#00735c", "weight": 0.6, "opacity": 0.4, "fillColor": "#009e73", "fillOpacity": 0.11},
            by="status",
            paints={status: {"color": "#8d8678", "fillColor": "#8d8678"} for status in _NOT_WORKING},
            interactive=False,
        ),
    ),
)
