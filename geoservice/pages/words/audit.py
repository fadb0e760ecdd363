"""The words of the page of auditors: what can have been done, and what was touched."""

from __future__ import annotations

_ADMINISTERED = {
    "api_key": ("接口密钥", "API key"),
    "account": ("账号", "account"),
    "login_grant": ("数据库登录名", "database login"),
    "jurisdiction": ("辖区", "jurisdiction"),
    "staff": ("人员", "staff"),
    "posting": ("派驻", "posting"),
    "service": ("事项", "service"),
    "working_hours": ("工作时间", "working hours"),
    "calendar_day": ("日历", "calendar day"),
    "layer": ("图层", "layer"),
    "webhook": ("推送", "webhook"),
    "incident": ("事件（直接写库）", "incident, in the database itself,"),
    "erasure": ("文字删除", "erasure of words"),
    "retention_run": ("到期清理", "run of retention"),
}
_DONE = {"added": ("新增", "added"), "changed": ("修改", "changed"), "removed": ("删除", "removed")}

AUDIT: dict[str, tuple[str, ...]] = {
    "title": ("谁做了什么", "Who did what"),
    "shown": ("显示 {x} / 共 {y}", "{x} of {y} shown"),
    "shown.after": ("本页 {x} 条", "{x} on this page"),
    "newest": ("回到最新", "Back to the newest"),
    "more": ("更早的", "Earlier ones"),
    "empty": ("还没有记录。", "There are no entries yet."),
    "empty.filtered": ("没有符合筛选条件的记录。", "No entries fit the filters."),
    "and_more": ("{list}，另有 {n} 个", "{list} and {n} more"),
    # The chain
    "chain.sealed": ("已封存至", "Sealed up to"),
    "chain.unsealed": ("待封存", "Not sealed yet"),
    "chain.since": ("（自 {time}）", "(since {time})"),
    "chain.anchor": ("最近的锚点", "Last anchor"),
    "chain.nothing": ("无", "none"),
    "chain.unreadable": ("无法读取", "can not be read"),
    "chain.verify": (
        "此页不核验哈希链，请在服务器上运行：",
        "This page does not verify it; where the service runs:",
    ),
    # Filters and columns
    "filter.who": ("谁", "Who"),
    "filter.what": ("做了什么", "What"),
    "filter.any": ("全部", "Any"),
    "filter.since": ("从", "From"),
    "filter.until": ("到（含当日）", "To (that day, too)"),
    "filter.incident": ("事件编号", "Incident"),
    "filter.apply": ("筛选", "Filter"),
    "filter.clear": ("清除筛选", "Clear the filters"),
    "column.at": ("时间", "When"),
    "column.who": ("谁", "Who"),
    "column.role": ("岗位", "Role"),
    "column.what": ("做了什么", "What"),
    "column.touched": ("涉及", "Touched"),
    "column.request": ("请求编号", "Request"),
    # What was done
    "what.sign_in": ("登录", "signed in"),
    "what.sign_out": ("退出登录", "signed out"),
    "what.sign_in_refused": ("登录被拒", "was refused to sign in"),
    "what.refused": ("无权操作，被拒", "was refused for want of rights"),
    "what.incident_read": ("查看事件", "read an incident"),
    "what.incidents_read": ("查看事件列表", "read a list of incidents"),
    "what.counts_read": ("查看住户数", "read counts of households"),
    "what.exported": ("导出", "exported"),
    "what.audit_read": ("查看审计", "read the audit"),
    "what.draft_added": ("新建草案", "made a draft"),
    "what.draft_changed": ("修改草案", "edited a draft"),
    "what.draft_removed": ("删除草案", "threw a draft away"),
    "what.edition_published": ("发布版本", "published an edition"),
    "what.edition_withdrawn": ("撤回草案", "withdrew a draft"),
    "what.layer_written": ("写入图层", "wrote features"),
    # What was touched
    "touched.method": ("方法", "method"),
    "touched.route": ("地址", "address"),
    "touched.problem": ("原因", "reason"),
    "touched.incident": ("事件", "incident"),
    "touched.part": ("部分", "part"),
    "touched.count": ("数量", "count"),
    "touched.filter": ("筛选", "filter"),
    "touched.layer": ("图层", "layer"),
    "touched.edition": ("版本", "edition"),
    "touched.step": ("第几步", "step"),
    "touched.verb": ("操作", "verb"),
    "touched.grids": ("网格数", "grids"),
    "touched.change": ("变更", "change"),
    "touched.added": ("新增", "added"),
    "touched.changed": ("修改", "changed"),
    "touched.removed": ("删除", "removed"),
    "touched.ids": ("编号", "ids"),
    "touched.columns": ("字段", "columns"),
    "touched.format": ("格式", "format"),
    "touched.of": ("内容", "of"),
    "value.True": ("是", "yes"),
    "value.False": ("否", "no"),
}
AUDIT |= {
    f"what.{noun}_{verb}": (f"{done[0]}{named[0]}", f"{named[1]} {done[1]}")
    for noun, named in _ADMINISTERED.items()
    for verb, done in _DONE.items()
}
