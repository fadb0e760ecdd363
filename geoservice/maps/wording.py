"""The words of the map pages in Chinese and English. No logic beyond choosing one."""

from __future__ import annotations

from typing import Literal

Language = Literal["zh", "en"]

#: What goes into <html lang>.
HTML_LANG: dict[Language, str] = {"zh": "zh-CN", "en": "en"}

_WORDS: dict[str, tuple[str, str]] = {
    "service": ("空间数据服务", "Spatial data service"),
    "choose_jurisdiction": ("选择辖区", "Choose a jurisdiction"),
    "no_jurisdiction": ("尚无辖区", "There is no jurisdiction yet"),
    "other_language": ("English", "中文"),
    # statistics
    "grids": ("网格", "Grids"),
    "households": ("住户", "Households"),
    "residents": ("居民", "Residents"),
    "floating": ("流动人口", "Floating population"),
    "received": ("收到事件", "Received"),
    "closed": ("已办结", "Closed"),
    "in_hand": ("在办", "In hand"),
    # panels
    "layers": ("图层", "Layers"),
    "overview": ("网格一览", "Grids"),
    "details": ("详情", "Details"),
    "back": ("返回网格一览", "Back to the grids"),
    "close": ("关闭", "Close"),
    "here": ("此处", "At this place"),
    "drawing": ("正在绘制", "Drawing"),
    "failed": ("加载失败，点击重试", "Could not be loaded; click to retry"),
    "updated": ("更新于", "As of"),
    "stale": ("连接中断，显示的是旧数据", "Connection lost: this is old data"),
    "no_script": ("此页面需要启用 JavaScript。", "This page needs JavaScript."),
    "zoom_in": ("放大", "Zoom in"),
    "zoom_out": ("缩小", "Zoom out"),
    "home": ("全辖区", "Whole jurisdiction"),
    "fullscreen": ("全屏显示", "Full screen"),
    "fullscreen_exit": ("退出全屏", "Leave full screen"),
    "assets_missing": ("地图资源尚未构建", "The map assets are not built"),
    # groups and layers
    "group_incidents": ("事件", "Incidents"),
    "group_community": ("社区", "Community"),
    "group_facilities": ("设施", "Facilities"),
    "group_background": ("底图", "Background"),
    "incidents_in_hand": ("在办事件", "Incidents in hand"),
    "incidents_closed": ("办结事件", "Closed incidents"),
    "buildings": ("楼栋", "Buildings"),
    "household_counts": ("住户数", "Households per building"),
    "cameras": ("摄像机", "Cameras"),
    "camera_sectors": ("摄像机视域", "View sectors"),
    "organisations": ("组织机构", "Organisations"),
    "basemap": ("街道、水系、绿地", "Streets, water, greens"),
    # singular, as the head of a details panel
    "one_grid": ("网格", "Grid"),
    "one_building": ("楼栋", "Building"),
    "one_household_count": ("住户", "Households"),
    "one_camera": ("摄像机", "Camera"),
    "one_organisation": ("组织机构", "Organisation"),
    "one_incident": ("事件", "Incident"),
    # fields
    "code": ("编号", "Code"),
    "kind": ("类别", "Kind"),
    "name": ("名称", "Name"),
    "floors": ("层数", "Floors"),
    "address": ("地址", "Address"),
    "grid_code": ("所属网格", "Grid"),
    "building_code": ("楼栋编号", "Building"),
    "officer": ("网格员", "Grid officer"),
    "police_officers": ("民警", "Police officers"),
    "bearing_deg": ("朝向", "Bearing"),
    "fov_deg": ("视角", "Field of view"),
    "range_m": ("可视距离", "Range"),
    "status": ("状态", "Status"),
    "service_name": ("事项", "Service"),
    "source": ("来源", "Source"),
    "method": ("判定方式", "Method"),
    "near_border": ("临近边界", "Near a border"),
    "reported_at": ("上报时间", "Reported"),
    "id": ("事件编号", "Incident"),
    "yes": ("是", "Yes"),
    "no": ("否", "No"),
    # values: status of an incident
    "status.reported": ("待分派", "Reported"),
    "status.dispatched": ("已派单", "Dispatched"),
    "status.accepted": ("处置中", "Accepted"),
    "status.resolved": ("待核验", "Resolved"),
    "status.returned": ("已退回", "Returned"),
    "status.closed": ("已办结", "Closed"),
    # values: status of a camera
    "status.online": ("在线", "Online"),
    "status.offline": ("离线", "Offline"),
    "status.maintenance": ("维护中", "Under maintenance"),
    # values: method
    "method.covers": ("位于网格内", "Covered by the grid"),
    "method.nearest": ("最近网格", "Nearest grid"),
    "method.building": ("依楼栋", "By its building"),
    "method.manual": ("人工指定", "Set by hand"),
    "method.none": ("无归属", "No owner"),
    # values: source
    "source.resident": ("居民上报", "Resident"),
    "source.patrol": ("网格员巡查", "Patrol"),
    "source.camera": ("摄像机预警", "Camera alert"),
    "source.hotline": ("热线", "Hotline"),
    "source.system": ("系统", "System"),
    # values: kinds
    "kind.party_branch": ("党支部", "Party branch"),
    "kind.partner": ("共建单位", "Partner organisation"),
    "kind.service_point": ("服务点", "Service point"),
    "kind.other": ("其他", "Other"),
    "kind.residential": ("住宅", "Residential"),
    "kind.shop": ("商业", "Shops"),
    "kind.office": ("办公", "Offices"),
    "kind.school": ("学校", "School"),
    "kind.public": ("公共建筑", "Public"),
    "kind.bullet": ("枪机", "Bullet"),
    "kind.dome": ("球机", "Dome"),
    "kind.ptz": ("云台", "Pan, tilt and zoom"),
}


def word(key: str, language: Language) -> str:
    """Return one word; raise KeyError for a key that is not in the list."""
    chinese, english = _WORDS[key]
    return english if language == "en" else chinese


def words(keys: tuple[str, ...], language: Language) -> dict[str, str]:
    """Return several words by their key."""
    return {key: word(key, language) for key in keys}


def value_words(field: str, language: Language) -> dict[str, str]:
    """Return the words for a field's coded values, by value; empty when it has none."""
    prefix = field + "."
    return {key.removeprefix(prefix): word(key, language) for key in _WORDS if key.startswith(prefix)}
