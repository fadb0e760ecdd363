"""Words of projects that no layer brings."""

from __future__ import annotations

from collections.abc import Mapping

from layers.title import Title

ATTRIBUTES = Title("属性", "Attributes")
LINES = Title("线", "lines")
AREAS = Title("面", "areas")
PART = Title("{title}（{part}）", "{title} ({part})")
TABLES = Title("表", "Tables")
DRAFT = Title("草案 {id}（在此编辑）", "Draft {id} (edit this)")
DRAFT_PROJECT = Title("{jurisdiction}：草案 {id}，{title}", "{jurisdiction}: draft {id}, {title}")
REQUIRED = Title("必填", "To be filled in")
TRUTH: Mapping[str, Title] = {"true": Title("是", "yes"), "false": Title("否", "no")}
#: By the sign of a bound.
BOUNDS: Mapping[str, Title] = {
    ">=": Title("不小于 {limit}", "at least {limit}"),
    ">": Title("大于 {limit}", "more than {limit}"),
    "<=": Title("不大于 {limit}", "at most {limit}"),
    "<": Title("小于 {limit}", "less than {limit}"),
}
