"""The words of the map pages in Chinese and English, but for those of layers: the catalogue has these."""

from __future__ import annotations

from geoservice.domain.languages import Language

#: What stands in the corner where people sign in and out.
ACCOUNT_WORDS = ("sign_in", "sign_out", "change_password")

_WORDS: dict[str, tuple[str, str]] = {
    "service": ("空间数据服务", "Spatial data service"),
    "pages": ("页面", "Pages"),
    "sign_in": ("登录", "Sign in"),
    "sign_out": ("退出登录", "Sign out"),
    "change_password": ("修改密码", "Change the password"),
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
    "no_owner": ("无归属", "No owner"),
    "here": ("此处", "At this place"),
    "drawing": ("正在绘制", "Drawing"),
    "failed": ("加载失败，点击重试", "Could not be loaded; click to retry"),
    "x_of_y": ("{x} / 共 {y}", "{x} of {y}"),
    "cut": ("数量太多，只画出最紧急、最近的", "Too many: only the most urgent and the newest are drawn"),
    "updated": ("更新于", "As of"),
    "stale": ("连接中断，显示的是旧数据", "Connection lost: this is old data"),
    "no_script": ("此页面需要启用 JavaScript。", "This page needs JavaScript."),
    "zoom_in": ("放大", "Zoom in"),
    "zoom_out": ("缩小", "Zoom out"),
    "home": ("全辖区", "Whole jurisdiction"),
    "fullscreen": ("全屏显示", "Full screen"),
    "fullscreen_exit": ("退出全屏", "Leave full screen"),
    "assets_missing": ("地图资源尚未构建", "The map assets are not built"),
    # groups of layers
    "group_incidents": ("事件", "Incidents"),
    "group_community": ("社区", "Community"),
    "group_facilities": ("设施", "Facilities"),
    "group_background": ("底图", "Background"),
    "yes": ("是", "Yes"),
    "no": ("否", "No"),
}


def word(key: str, language: Language) -> str:
    """Return one word; raise KeyError for a key that is not in the list."""
    chinese, english = _WORDS[key]
    return english if language == "en" else chinese


def words(keys: tuple[str, ...], language: Language) -> dict[str, str]:
    """Return several words by their key."""
    return {key: word(key, language) for key in keys}
