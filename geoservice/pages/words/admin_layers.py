"""The words of the administrators' pages about layers and what was changed in them."""

from __future__ import annotations

LAYERS: dict[str, tuple[str, ...]] = {
    "table.layers": ("图层", "Layers"),
    "table.changes": ("改动，最近的在前", "Changes, the latest first"),
    "empty.layers": ("没有图层。", "There are no layers."),
    "empty.changes": ("还没有改动。", "There are no changes yet."),
    "empty.touched": ("在这里没有改动要素。", "It touched no feature here."),
    "column.layer": ("图层", "Layer"),
    "column.features": ("要素", "Features"),
    "column.last_change": ("最近的改动", "Last change"),
    "column.change": ("改动", "Change"),
    "column.door": ("途径", "By way of"),
    "column.change_kind": ("方式", "What"),
    "column.note": ("来源", "Source"),
    "column.counts": ("新增、修改、删除", "Added, changed, removed"),
    "column.undone": ("撤销", "Undone"),
    "column.feature": ("要素", "Feature"),
    "column.did": ("改动", "Was"),
    "column.fields": ("字段：原来 → 现在", "Fields: before → after"),
    "door.api": ("接口或页面", "interface or page"),
    "door.command": ("命令行", "command line"),
    "door.sql": ("数据库", "database"),
    "door.service": ("服务本身", "the service itself"),
    "change.edit": ("编辑", "edit"),
    "change.import": ("导入", "import"),
    "change.undo": ("撤销", "undo"),
    "change.title": ("改动 {id}", "Change {id}"),
    "change.counts": ("{layer}：{added}、{changed}、{removed}", "{layer}: {added}, {changed}, {removed}"),
    "change.undone_by": ("已由改动 {id} 撤销", "undone by change {id}"),
    "change.undoes": ("撤销了改动 {id}", "undoes change {id}"),
    "change.stands": ("未撤销", "no"),
    "what.added": ("新增", "added"),
    "what.changed": ("修改", "changed"),
    "what.removed": ("删除", "removed"),
    "touched.shown": (
        "{layer}：第 {first} 到 {last} 个，共 {total} 个（新增 {added}、修改 {changed}、删除 {removed}）",
        "{layer}: {first} to {last} of {total} ({added} added, {changed} changed, {removed} removed)",
    ),
    "touched.none": ("{layer}：0 个", "{layer}: none"),
    "touched.dropped": (
        "{layer}：图层已删除，看不到改了什么",
        "{layer}: the layer was dropped since, with what this did to it",
    ),
    "touched.hidden": (
        "{layer}：只有能看单户的岗位看得到",
        "{layer}: shown to those alone who may read single households",
    ),
    "touched.more": ("后面的", "Those that follow"),
    "differs.place": ("位置", "place"),
    "differs.nothing": ("无", "nothing"),
    "undo.change": ("撤销这次改动", "Undo it"),
    "undo.title": ("撤销改动 {id}？", "Undo change {id}?"),
    "costs.undo": (
        "{layer}：{added} 个新增的被删除，{changed} 个修改的恢复原样，{removed} 个删除的放回去。",
        "{layer}: {added} that it added are removed, {changed} that it changed are as they were, {removed} that it"
        " removed are put back.",
    ),
    "costs.undo_whole": (
        "作为一次改动整体撤销，留有记录，也可以再撤销。",
        "It is undone as a whole, by one change, which is kept and can be undone in its turn.",
    ),
    "costs.undo_since": (
        "现在不能撤销：它改过的要素中有 {n} 个后来又被改过（{keys}）。请先撤销后来的改动。",
        "It can not be undone now: {n} of the features that it touched were changed since ({keys}). Undo the later"
        " changes first.",
    ),
    "costs.undo_since_counted": (
        "现在不能撤销：它改过的要素中有 {n} 个后来又被改过。请先撤销后来的改动。",
        "It can not be undone now: {n} of the features that it touched were changed since. Undo the later changes"
        " first.",
    ),
    "costs.undo_elsewhere": (
        "在这里不能撤销：它也改了别的辖区，由在所有这些辖区任职的人撤销。",
        "It can not be undone here: it touched another jurisdiction, too. Whoever works in all of them undoes it.",
    ),
    "error.undo": (
        "不能撤销：它改过的要素后来又被改过，图层已删除，或者它也改了别的辖区。",
        "It can not be undone: what it touched was changed since, a layer was dropped, or it touched another"
        " jurisdiction, too.",
    ),
    "done.undone": ("已撤销。", "It is undone."),
}
