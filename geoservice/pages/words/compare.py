"""The words of then and now: two editions side by side."""

from __future__ import annotations

COMPARE: dict[str, tuple[str, ...]] = {
    "title": ("今昔对照", "Then and now"),
    "then": ("当时", "Then"),
    "now": ("现在", "Now"),
    "map.then": ("当时的地图", "Map of then"),
    "map.now": ("现在的地图", "Map of now"),
    "edition": ("{title}，{day} 起（{id}）", "{title}, from {day} (no. {id})"),
    "no_script": ("此页面需要启用 JavaScript。", "This page needs JavaScript."),
    "to_map": ("返回地图", "Back to the map"),
    "became": ("谁变成了谁", "What became of whom"),
    "changed": ("有变动的网格", "Grids that differ"),
    "summary": ("{x} 个网格有变动，{y} 个不变", "{x} grids differ, {y} are as before"),
    "summary.none": ("两个版本的网格相同（{y} 个）。", "The grids of both are the same ({y})."),
    "only_one": ("只有一个版本，没有可以对照的。", "There is one edition alone, and nothing to compare it with."),
    "kind.split": ("拆分为", "was split into"),
    "kind.merge": ("并入", "was merged into"),
    "kind.redraw": ("重划为", "was redrawn as"),
    "kind.recode": ("改编号为", "was called anew"),
    "kind.gone": ("不再属于任何网格", "is nobody's now"),
    "kind.new": ("原先不属于任何网格", "was nobody's"),
    "households": ("住户", "Households"),
    "in_hand": ("在办", "In hand"),
    "counts": ("{before} → {after}", "{before} → {after}"),
    "counted": (
        "住户为各版本最后时刻的，在办为其最后一个整天结束时的；仍在用的版本为现在的。“–”表示太少不显示，或无从得知。",
        "Households are those of the last moment of an edition, what is in hand that of the end of its last whole"
        " day; of the one in force both are of now. – is too few to be told, or not known.",
    ),
    "failed": ("没有加载出来", "Could not be loaded"),
    "again": ("再试一次", "Try again"),
}  # fmt: skip
