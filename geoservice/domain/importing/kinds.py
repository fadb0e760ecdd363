"""What words for kinds, states and roles mean, as codes of layers and ledgers."""

from __future__ import annotations

from collections.abc import Mapping

from geoservice.domain.importing.ledgers import Importable
from geoservice.domain.importing.words import plain
from layers.layer import Column

#: Words by code, by column, by layer or ledger; what that calls its codes itself is known without being named here.
_WORDS: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("buildings", "kind"): {
        "residential": "住宅 住宅楼 居民楼 居住 民居 民房 自建房 公寓 宿舍 apartments house detached terrace dormitory"
        " wohngebäude wohnhaus",
        "shop": "商业 商业楼 商铺 商店 商场 超市 门面 retail shop commercial supermarket geschäft handel",
        "office": "办公 办公楼 写字楼 office offices büro bürogebäude",
        "school": "学校 幼儿园 教学楼 小学 中学 kindergarten university schule",
        "hospital": "卫生院 诊所 clinic krankenhaus",
        "industrial": "工业 厂房 仓库 warehouse factory industrie lager",
        "public": "公共建筑 公建 公共服务 政府 寺庙 寺院 government civic church temple mosque townhall öffentlich",
        "other": "其它 yes sonstige",
        "ancillary": "车库 车棚 附属用房 garage garages shed carport roof hut nebengebäude",
    },
    ("cameras", "kind"): {
        "fixed": "固定 固定摄像机",
        "bullet": "枪机 固定枪机 枪式 枪型 bullet",
        "dome": "球机 半球 半球机 球型 dome",
        "ptz": "云台 云台摄像机 遥控枪机 快球 高速球 ptz",
    },
    ("cameras", "status"): {
        "online": "正常 启用 在用 运行 ok on active",
        "offline": "离线 断线 掉线 故障 停用 禁用 off inactive fault",
        "maintenance": "维护 维修 维修中 检修 检修中 repair",
    },
    ("organisations", "kind"): {
        "party_branch": "党组织 党总支 党委 基层党组织",
        "partner": "共建 共建单位 成员单位",
        "service_point": "便民服务点 便民服务站 服务站 便民服务中心",
        "other": "其它 sonstige",
    },
    ("basemap", "kind"): {
        "street": "道路 路 公路 road highway strasse straße",
        "water": "河流 湖泊 水域 水体 river lake basin reservoir gewässer wasser",
        "green": "公园 绿化 草地 park grass wood garden meadow forest cemetery allotments recreation_ground scrub"
        " village_green heath orchard vineyard grünfläche wiese wald",
        "block": "地块 blocks",
    },
    ("staff", "role"): {
        "grid_officer": "专职 专职网格员 网格员 网格长 专职网格长 officer full_time hauptamtlich",
        "deputy": "兼职 兼职网格员 副 副网格长 副网格员 副职 代班 顶岗 part_time stellvertreter vertretung",
        "police_officer": "民警 警员 社区民警 包片民警 辅警 police polizei polizist",
        "dispatcher": "调度 调度员 值班员 指挥员 disponent",
    },
}
#: What a word means that is the title of several codes: none of them is guessed.
SEVERAL = ""
#: Numbers that GB/T 28181 gives to kinds of cameras: dome, half dome, fixed, remotely turned.
GBT28181: Mapping[str, str] = {"1": "dome", "2": "dome", "3": "bullet", "4": "ptz"}


def codes_by_word(table: Importable, column: Column, given: Mapping[str, str], *, gbt28181: bool) -> dict[str, str]:
    """Return the code that each word means, words made plain; SEVERAL where several codes are called so.

    Parameters
    ----------
    given
        What whoever imports says that words mean; wins.
    """
    known: dict[str, str] = {}
    called: dict[str, list[str]] = {}
    for code, words in _WORDS.get((table.id, column.name), {}).items():
        if code in column.codes:
            known |= {plain(word): code for word in words.split()}
    for code, title in column.codes.items():
        for word in {plain(title.zh), plain(title.en)}:
            called.setdefault(word, []).append(code)
    known |= {word: codes[0] if len(codes) == 1 else SEVERAL for word, codes in called.items()}
    known |= {plain(code): code for code in column.codes}
    if gbt28181 and (table.id, column.name) == ("cameras", "kind"):
        known |= {number: code for number, code in GBT28181.items() if code in column.codes}
    return known | {plain(word): code for word, code in given.items() if code in column.codes}
