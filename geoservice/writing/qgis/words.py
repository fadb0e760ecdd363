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
#: By the sign of a limit.
LIMITS: Mapping[str, Title] = {
    ">=": Title("不小于 {number}", "at least {number}"),
    ">": Title("大于 {number}", "more than {number}"),
    "<=": Title("不大于 {number}", "at most {number}"),
    "<": Title("小于 {number}", "less than {number}"),
}
