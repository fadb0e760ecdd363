"""By which words the columns of files are known: Chinese, English and German, by layer or ledger and field.

A field is a column of it, or says where a feature is: lon, lat, wkt, place, building, crs. What it calls
its columns itself is known without being named here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

from geoservice.domain.importing.ledgers import Importable

#: What is longer is no word; patterns that are quick on words take hours on megabytes.
LONGEST = 200
#: The column that names a feature, in every layer's table.
KEY = "code"
#: Bytes of a name in a shapefile, whose own names are cut there.
DBF_NAME = 10
#: Names of coordinates that say which is which whatever the CRS, in lower case.
LON_NAMES = ("lon", "lng", "longitude", "x", "经度")
LAT_NAMES = ("lat", "latitude", "y", "纬度")
#: Of people from 60 years on, who are of two bands: one of them has to be told, too.
FROM_60 = "age_60_plus"

_BUILDING = (
    "楼栋编码 楼栋编号 楼栋号 楼号 栋号 幢号 楼栋 楼幢 建筑编码 标准地址编码 地址编码 房屋编码 building building_code"
    " building_id bldg house_no gebäude gebäudenummer"
)
#: Where a feature is.
PLACE: Mapping[str, str] = {
    "lon": " ".join(LON_NAMES) + " 东经 横坐标 东坐标 long east easting rechtswert",
    "lat": " ".join(LAT_NAMES) + " 北纬 纵坐标 北坐标 north northing hochwert",
    "wkt": "wkt geometry geom",
    "place": "坐标 经纬度 地理坐标 位置坐标 coordinates coordinate lonlat latlon koordinaten",
    "building": _BUILDING + " 所在楼栋 所属楼栋",
    "crs": "坐标系 坐标系统 坐标系类型 坐标类型 crs srs bezugssystem",
}
#: What the coordinates are, of what such a column says.
CRS_BY_WORD: Mapping[str, str] = {
    **dict.fromkeys("wgs84 gps84 gps".split(), "wgs84"),
    **dict.fromkeys("cgcs2000 国家2000 2000国家大地坐标系 大地2000".split(), "cgcs2000"),
    **dict.fromkeys("gcj02 火星坐标 火星坐标系 高德 高德坐标 腾讯 腾讯坐标".split(), "gcj02"),
    **dict.fromkeys("bd09 bd09ll 百度 百度坐标 百度坐标系".split(), "bd09"),
}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "buildings": {
        "code": _BUILDING + " code block id objectcode kennung",
        "name": "楼栋名称 建筑名称 小区 小区名称 楼名 name building_name estate gebäudename",
        "address": "地址 详细地址 门牌地址 门牌号 坐落 address street_address adresse anschrift",
        "floors": "层数 楼层 楼层数 地上层数 总层数 floors levels storeys stories building:levels geschosse stockwerke",
        "kind": "类型 房屋性质 建筑类型 用途 房屋用途 建筑用途 type use building_type nutzung gebäudeart",
    },
    "households": {
        "code": "住户编号 家庭编号 household_code",
        "building_code": _BUILDING + " 所在楼栋 所属楼栋",
        "unit": "单元 单元号 梯 unit entrance stair eingang",
        "households": "户数 住户数 家庭户数 households number_of_households haushalte",
        "age_0_13": "0-13岁 0-13 13岁以下 age_0_13 0_13",
        "age_14_17": "14-17岁 14-17 age_14_17",
        "age_18_59": "18-59岁 18-59 age_18_59",
        "age_60_79": "60-79岁 60-79 age_60_79",
        "age_80_plus": "80岁以上 80岁及以上 80+ age_80_plus",
        FROM_60: "60岁以上 60岁及以上 60+ age_60_plus",
        "floating": "流动人口 流动人口数 外来人口 外来人口数 floating floating_population migrants"
        " registered_elsewhere",
    },
    "cameras": {
        "code": "点位编号 设备编码 设备编号 国标编码 摄像机编号 camera_id device_id id kamera",
        "kind": "摄像机类型 设备类型 监控类型 类型 camera_type type kameratyp",
        "status": "状态 设备状态 在线状态 运行状态 status state zustand",
        "bearing_deg": "朝向 方位 方位角 监视方位 监控方位 角度 bearing azimuth direction heading richtung",
        "fov_deg": "视场角 视角 水平视场角 fov field_of_view blickwinkel",
        "range_m": "监控距离 可视距离 监视距离 range distance reichweite",
    },
    "organisations": {
        "code": "统一社会信用代码 社会信用代码 机构编码 单位编码 组织编码 credit_code id kennung",
        "name": "单位名称 机构名称 组织名称 企业名称 党支部 党组织名称 name organisation_name organization bezeichnung",
        "name_en": "英文名称 英文名 english_name name_en",
        "kind": "类别 行业 类型 机构类型 单位类型 kind type category art",
    },
    "basemap": {
        "code": "编号 要素编号 osm_id id kennung",
        "name": "名称 道路名称 路名 街道名称 水系名称 name street_name strassenname straßenname",
        "name_en": "英文名称 英文名 name_en english_name",
        "kind": "类别 类型 要素类型 kind class type art",
    },
    "staff": {
        "code": "工号 编号 警号 员工号 人员编号 人员编码 staff_code staff_no staff_id number id"
        " dienstnummer personalnummer",
        "call_sign": "呼号 代号 call_sign callsign rufzeichen",
        "role": "岗位 职务 角色 专职/兼职 专职兼职 专兼职 人员类别 岗位类别 role position duty funktion rolle",
        "grid": "网格 网格编码 网格编号 网格号 网格代码 所属网格 责任网格 所在网格 grid_code gitter",
        "grid_name": "网格名称 责任网格名称 grid_name gittername",
        "from": "开始日期 任职日期 任职时间 上岗 上岗日期 上岗时间 起始日期 起 自 valid_from start since start_date von"
        " beginn",
        "to": "结束日期 离岗 离岗日期 离岗时间 卸任日期 截止日期 止 至 valid_to end until end_date bis ende",
    },
    "services": {
        "code": "事项编码 事项编号 事项代码 小类代码 小类编码 服务编码 service_code id kennung",
        "name": "事项名称 事项 服务名称 service service_name bezeichnung",
        "name_en": "英文名称 英文名 english_name",
        "description": "说明 描述 事项说明 立案条件 beschreibung",
        "group": "类别 分类 category kategorie",
        "group_1": "大类 大类名称",
        "group_2": "中类 中类名称",
        "group_3": "小类 小类名称",
        "limit": "办理时限 处置时限 处理时限 办结时限 时限 limit_working_hours time_limit deadline frist",
        "keywords": "关键词 关键字 标签 tags schlagworte",
        "attributes": "附加信息 填报项 fields",
        "sensitive": "是否敏感 敏感 confidential vertraulich",
        "retired": "是否停用 停用 retired eingestellt",
    },
    "reports": {
        "code": "工单号 工单编号 案件编号 案卷编号 受理编号 事件编号 编号 reference ref case_number case_no ticket"
        " ticket_no service_request_id id aktenzeichen kennung",
        "service_code": "事项编码 事项编号 事项代码 事项 事项名称 问题类型 案件类别 类别 service service_code"
        " service_name category type primary_type kategorie",
        "reported_at": "上报时间 受理时间 发生时间 时间 reported reported_at requested_datetime created created_at"
        " occurred_at date datetime timestamp gemeldet datum",
        "source": "来源 上报来源 问题来源 渠道 source channel quelle",
        "description": "描述 问题描述 诉求内容 内容 反映内容 description details text beschreibung",
        "accuracy_m": "精度 定位精度 accuracy accuracy_m genauigkeit",
    },
}
_BRACKETED = re.compile(r"[(\[{【〔〈《「][^)\]}】〕〉》」]*[)\]}】〕〉》」]")
#: What stands in brackets says which language, not which unit: Name (en), 名称（英文）.
_ENGLISH = re.compile(r"[(\[{【〔]\s*(?:en|eng|english|englisch|英|英文|英语)\s*[)\]}】〕]", re.IGNORECASE)
_UNSAID = re.compile(r"[\s*※:_.\-·'\"()\[\]{}【】〔〕〈〉《》「」,，。、]+")
#: Between two numbers: from one to the other, also after NFKC and however long the dash is.
_TO = re.compile(r"(?<=[0-9])\s*(?:至|到|~|to|bis|[-_‐-―−])\s*(?=[0-9])")


def plain(text: str) -> str:
    """Return a word without what people write differently: width, case, blanks, dashes, brackets, signs."""
    said = _TO.sub("", unicodedata.normalize("NFKC", text[:LONGEST]).casefold())
    return _UNSAID.sub("", said.replace("—", "").replace("–", ""))


def forms(header: str) -> tuple[str, ...]:
    """Return how a header may be meant: all of it, without what stands in brackets, its last part below a group."""
    said = _ENGLISH.sub("_en", unicodedata.normalize("NFKC", header[:LONGEST]))
    whole = [said, said.rpartition("/")[2]]
    found = (plain(one) for text in whole for one in (text, _BRACKETED.sub("", text)))
    return tuple(dict.fromkeys(one for one in found if one))


def own_words(table: Importable) -> dict[str, frozenset[str]]:
    """Return what a layer or a ledger itself calls each of its fields."""
    known = {
        column.name: frozenset(
            plain(one) for one in (column.name, column.name[:DBF_NAME], column.title.zh, column.title.en)
        )
        for column in table.written
    }
    return {KEY: frozenset((plain(KEY),)), **known}


def dictionary(table: Importable, *, placed: bool) -> dict[str, frozenset[str]]:
    """Return the words by which the fields of a layer or a ledger are known.

    Parameters
    ----------
    placed
        Whether the file has geometries, so that no column says where its features are.
    """
    listed = {field: frozenset(_words(text)) for field, text in _WORDS.get(table.id, {}).items()}
    own = own_words(table)
    for field in listed.keys() & {f"{name}_en" for name in listed}:
        name = field.removesuffix("_en")
        listed[field] |= {f"{word}en" for word in listed[name] | own.get(name, frozenset())}
    if not placed:
        listed |= {field: frozenset(_words(text)) for field, text in PLACE.items() if _takes(table, field)}
    return listed


def _takes(table: Importable, field: str) -> bool:
    """Return whether features may be placed so: only points stand in a building, or are a pair of numbers."""
    if field == "building":
        return table.geometry == "Point" and all(column.name != "building_code" for column in table.written)
    return table.geometry == "Point" or (field in ("wkt", "crs") and table.geometry is not None)


def _words(text: str) -> Iterator[str]:
    yield from (plain(word) for word in text.split())
