"""The words of the pages that show documents, in Chinese and English; those of layers are in the catalogue."""

from __future__ import annotations

from typing import Literal

Language = Literal["zh", "en"]

HTML_LANG: dict[Language, str] = {"zh": "zh-CN", "en": "en"}
_WORDS: dict[str, tuple[str, str]] = {
    "service": ("空间数据接口（OGC API Features、Tiles）", "Spatial data, OGC API Features and Tiles"),
    "conformance": ("符合的标准", "Standards that are kept"),
    "collections": ("数据集", "Collections"),
    "drafts_listed": (
        "只列出最新的 {listed} 个草案，共 {drafts} 个；其余的按地址 collections/draft-<版本号> 读取。",
        "The newest {listed} of {drafts} drafts are listed; the others are read at collections/draft-<edition>.",
    ),
    "queryables": ("可查询的属性", "Properties to ask about"),
    "schema": ("属性说明", "Properties"),
    "interface": ("接口说明", "Description of the interface"),
    "items": ("要素", "Features"),
    "datetime_in_force": ("datetime：当时生效的。", "datetime: those in force then."),
    "datetime_reported": ("datetime：当时报告的。", "datetime: those reported then."),
    "datetime_as_it_was": (
        "datetime：当时的状态，不含按现在统计的数字。",
        "datetime: as they were then, without figures, which are counted now.",
    ),
    "datetime_now": (
        "不保存历史，datetime 不作筛选：始终是现在的状态。",
        "No history is told: datetime chooses nothing, they are always as they are now.",
    ),
    "tilesets": ("矢量瓦片集", "Tile sets"),
    "tileset": ("矢量瓦片集（WebMercatorQuad）", "Tile set of WebMercatorQuad"),
    "tile": ("一张瓦片", "A tile"),
    "tile_matrix_sets": ("瓦片矩阵集", "Tile matrix sets"),
    "styles": ("样式", "Styles"),
    "style_maplibre": ("MapLibre 样式", "Style for MapLibre"),
    "style_qml": ("QGIS 样式（.qml）", "Style for QGIS (.qml)"),
    "style_qml-lines": ("QGIS 线样式（.qml）", "Style for lines in QGIS (.qml)"),
    "self": ("本文档", "This document"),
    "page": ("网页形式", "As a page"),
    "next": ("下一页", "The next page"),
    "links": ("链接", "Links"),
    "other_language": ("English", "中文"),
    "as_json": ("JSON", "JSON"),
    "matched": ("共", "In all"),
    "returned": ("本页", "On this page"),
}


def word(key: str, language: Language) -> str:
    """Return one word; raise KeyError for a key that is not in the list."""
    chinese, english = _WORDS[key]
    return english if language == "en" else chinese
