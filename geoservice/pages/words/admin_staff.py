"""The words of the administrators' pages about staff and postings."""

from __future__ import annotations

from layers.staff import posting_columns

STAFF: dict[str, tuple[str, ...]] = {
    "table.calendar": ("今后 14 天谁负责哪个网格", "Who serves which grid in the coming 14 days"),
    "table.calendar_from": ("{day} 起 14 天谁负责哪个网格", "Who serves which grid in the 14 days from {day}"),
    "calendar.first": ("从哪天看起", "From"),
    "calendar.show": ("查看", "Show"),
    "table.postings": ("派驻", "Postings"),
    "table.members": ("人员", "Staff"),
    "empty.calendar": ("还没有生效的网格。", "There are no grids in force yet."),
    "empty.postings": ("还没有派驻。", "There are no postings yet."),
    "empty.members": ("还没有人员。", "There is no staff yet."),
    "cover.none": ("无人", "nobody"),
    "cover.gaps": (
        "{n} 个网格在今后 14 天内有无人的日子。",
        "{n} grids have days without anybody in the coming 14 days.",
    ),
    "cover.whole": ("今后 14 天每个网格每天都有人。", "In the coming 14 days each grid has somebody on each day."),
    "column.grid": ("网格", "Grid"),
    "column.code": ("代码", "Code"),
    "column.call_sign": ("呼号", "Call sign"),
    "column.first": ("从", "From"),
    "column.last": ("到（含当日）", "To (that day, too)"),
    "column.today": ("今天负责", "Serves today"),
    "until_further": ("至另行通知", "until further notice"),
    **{f"duty.{duty}": (title.zh, title.en) for duty, title in posting_columns.DUTIES.items()},
    "duty.dispatcher": ("调度员", "dispatcher"),
    "new.member": ("新增人员", "New member of staff"),
    "new.posting": ("新增派驻", "New posting"),
    "edit.member": ("修改 {name}", "Edit {name}"),
    "edit.posting": ("{name} 在 {grid} 的派驻", "Posting of {name} to {grid}"),
    "send.save": ("保存", "Save"),
    "field.code": ("代码", "Code"),
    "hint.code": ("如 G07，不用人名或号码。", "Such as G07, nobody's name or number."),
    "field.call_sign": ("呼号", "Call sign"),
    "hint.call_sign": ("不用人名；不填就取下一个。", "Never a name; left empty it is the next one."),
    "field.member": ("人员", "Member of staff"),
    "field.duty": ("职责", "Duty"),
    "costs.new_posting": (
        "事件派给网格员；没有网格员的日子才派给代班。有人离开时：先结束其派驻，再派代班，并从返岗那天起为其新增派驻。",
        "Reports go to the grid officer, and to a deputy only on days without one. When somebody is away: end his"
        " posting, post the deputy, and post him anew from the day he is back.",
    ),
    "field.grid": ("网格", "Grid"),
    "field.first": ("从", "From"),
    "field.last": ("到（含当日）", "To (that day, too)"),
    "hint.last": ("不填就是至另行通知。", "Left empty: until further notice."),
    "error.code": (
        "不能用：不能有空格和斜杠，不能是人名或号码。",
        "That can not be: a code without blanks or slashes, nobody's number.",
    ),
    "error.code_taken": ("这个代码已经有了。", "There is somebody of this code already."),
    "error.call_sign": (
        "不能用：不能是人名或号码。",
        "That can not be: no person's name, nobody's number.",
    ),
    "error.dispatcher": ("调度员不派驻到单个网格。", "A dispatcher serves no single grid."),
    "error.no_grid": ("没有生效的这个网格。", "There is no such grid in force."),
    "error.day_first": ("请填日期，前后十年之内。", "Say a day within ten years."),
    "error.day_last": ("不能早于开始的日子，十年之内。", "It has to be the first day or later, within ten years."),
    "error.two_officers": (
        "这些日子里已有另一位网格员。请先结束那一派驻；之后返岗的，从那天起另增派驻。",
        "Another grid officer is there on some of these days: end that posting first. If he comes back later, post him"
        " anew from that day.",
    ),
    "costs.posting": (
        "派驻结束后，此人第二天起看不到该网格的事件和住户。改回日期即可恢复。",
        "From the day after the last one he sees nothing of the grid any more. Put the day back to undo it.",
    ),
    "withdraw.posting": ("撤回派驻", "Take the posting back"),
    "withdraw.title": ("撤回 {name} 自 {day} 在 {grid} 的派驻", "Take back the posting of {name} to {grid} from {day}"),
    "costs.withdraw": (
        "还没有开始的派驻可以撤回，日历中不再有它；审计中留有记录。要恢复就重新派驻。",
        "It has not begun, so it goes from the calendar as if it had not been planned; the audit keeps that it was."
        " To have it again, post anew.",
    ),
    "error.begun": ("已经开始，不能撤回：请填最后一天。", "It has begun and can not be taken back: say its last day."),
    "done.withdrawn": ("派驻已撤回。", "The posting is taken back."),
    "done.member": ("人员已保存。", "The member of staff is saved."),
    "done.posting": ("派驻已保存。", "The posting is saved."),
}
