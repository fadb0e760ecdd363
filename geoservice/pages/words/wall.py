"""The words of the wall. What is on its map and in its charts is called as there."""

from __future__ import annotations

WALL: dict[str, tuple[str, ...]] = {
    "title": ("大屏", "Wall"),
    "map": ("地图", "Map"),
    "no_script": ("此页面需要启用 JavaScript。", "This page needs JavaScript."),
    # Numbers
    "late": ("超期", "Overdue"),
    "soon": ("快到期", "Due soon"),
    "in_hand": ("在办", "In hand"),
    "queue": ("待分派", "Undispatched"),
    "grid": ("网格", "Grid"),
    "by_grid": ("各网格", "By grid"),
    "on_duty": ("在岗", "On duty"),
    "nobody": ("无人", "nobody"),
    "no_grid": ("无网格", "No grid"),
    "x_of_y": ("{x} / 共 {y}", "{x} of {y}"),
    "rest": ("显示 {x} / 共 {y} 个网格；其余超期 {late}，在办 {hand}",
             "{x} of {y} grids; the others: {late} overdue, {hand} in hand"),
    # The signs of the map
    "legend": ("图例", "What the signs mean"),
    "legend.new": ("新到", "Just came"),
    "legend.disc": ("几件在一起", "Several, counted"),
    # Views
    "all": ("全辖区", "Whole jurisdiction"),
    "late_in": ("{name}：超期 {n}", "{name}: {n} overdue"),
    "week": ("近 7 天", "7 days"),
    "week_grids": ("近 7 天，各网格", "7 days, by grid"),
    # What came
    "newest": ("最新", "Newest"),
    "nothing": ("没有在办事件", "Nothing is in hand"),
    "came": ("新到：{service}，{grid}，{time}", "New: {service}, {grid}, {time}"),
    "more": ("另有 {n} 件新到", "and {n} more came"),
    "kept_back": ("不公开的事项", "A confidential matter"),
    # How old it is
    "as_of": ("截至 {time}", "As of {time}"),
    "cut_off": ("，已断开 {span}", ", no connection for {span}"),
    "behind": ("，之后的数据已 {span} 没有读到", ", what came since could not be read for {span}"),
    "signed_out": ("登录已结束", "The session is over"),
    "hours": ("{h} 小时 {m} 分", "{h} h {m} min"),
    "minutes": ("{m} 分钟", "{m} min"),
    "until": ("登录到 {time} 为止，请提前重新登录", "Signed in until {time}: sign in anew before"),
    # For whoever comes to the screen
    "tools": ("画面控制", "What is shown"),
    "pause": ("暂停轮换", "Pause"),
    "next": ("下一幅", "Next"),
    "period": ("每幅", "Each"),
    "seconds": ("{n} 秒", "{n} s"),
}  # fmt: skip
