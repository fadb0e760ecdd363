"""The words that folium's own controls need; those of the page are in geoservice.pages.words."""

from __future__ import annotations

from geoservice.domain.languages import Language

_WORDS: dict[str, tuple[str, str]] = {
    "fullscreen": ("全屏显示", "Full screen"),
    "fullscreen_exit": ("退出全屏", "Leave full screen"),
    "assets_missing": ("地图资源尚未构建", "The map assets are not built"),
}


def word(key: str, language: Language) -> str:
    """Return one word; raise KeyError for a key that is not in the list."""
    chinese, english = _WORDS[key]
    return english if language == "en" else chinese
