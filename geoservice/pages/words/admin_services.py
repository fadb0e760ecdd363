"""The words of the administrators' pages about services: what can be reported."""

from __future__ import annotations

SERVICES: dict[str, tuple[str, ...]] = {
    "empty.services": ("还没有事项。", "There are no services yet."),
    "column.name": ("名称", "Name"),
    "column.name_en": ("英文名称", "English name"),
    "column.category": ("分类", "Group"),
    "column.limit": ("时限（工作小时）", "Limit (working hours)"),
    "column.sensitive": ("敏感", "Sensitive"),
    "no_limit": ("无时限", "no limit"),
    "state.offered": ("可上报", "offered"),
    "state.retired": ("已停用", "retired"),
    "new.service": ("新建事项", "New service"),
    "field.service_code": ("代码", "Code"),
    "hint.service_code": ("如 streetlight，以后不能改。", "Such as streetlight; it stays as it is."),
    "field.attributes": ("附加信息", "What a report is asked for"),
    "hint.attributes": (
        "GeoReport v2 的 JSON 列表，例如"
        ' [{"code": "lamp", "description": "灯杆号", "datatype": "string"}]；不填就是没有。',
        "A JSON list as GeoReport v2 defines it, such as"
        ' [{"code": "lamp", "description": "Number of the lamp", "datatype": "string"}].'
        " Left empty: nothing.",
    ),
    "retire.service": ("停用", "Retire"),
    "restore.service": ("重新启用", "Bring back"),
    "retire.title": ("停用事项 {name}？", "Retire the service {name}?"),
    "costs.retire": (
        "居民页面、Open311、摄像头告警和接口都不能再上报它，手机上断网时存下的也会被拒绝。"
        "正在办理的 {n} 件照常办完，名称和统计保留。随时可以重新启用。",
        "It can no longer be reported: on the residents' page, by Open311, by alerts of cameras, by programs, nor what"
        " a phone kept without a network. The {n} that are in hand are handled to their end; names and figures stay. It"
        " can be brought back at any time.",
    ),
    "edit.service": ("修改事项 {name}", "Edit the service {name}"),
    "field.name": ("名称", "Name"),
    "field.name_en": ("英文名称", "English name"),
    "field.category": ("分类", "Group"),
    "field.description": ("说明", "Description"),
    "field.keywords": ("关键词", "Keywords"),
    "hint.keywords": ("用空格分开，最多 50 个。", "With spaces between them, at most 50."),
    "field.limit": ("时限（工作小时）", "Limit (working hours)"),
    "hint.limit": (
        "只用于今后的上报，已有的保持原来的期限；不填就是无时限。",
        "For what is reported from now on: what is there keeps its promise. Left empty there is no limit.",
    ),
    "field.sensitive": (
        "敏感：只有能查看事件的岗位看得到，以前上报的也是",
        "Sensitive: told to those alone who may read incidents, also what was reported before",
    ),
    "error.service_code": (
        "请填写代码：最多 64 个字符，不含斜杠、看不见的字符和人的号码。",
        "Say a code of at most 64 characters: no slash, nothing that nobody sees, nobody's number.",
    ),
    "error.service_taken": ("这个代码已经有了。", "There is a service of this code already."),
    "error.attributes": (
        "不是这样的列表。最多 50 项，每项有 code，不能重复；datatype 是 string、number、datetime、text、"
        "singlevaluelist、multivaluelist 之一；两种 list 要有 values，每个值有 key 和 name。",
        "That is no such list: at most 50, each with a code of its own; datatype is string, number, datetime, text,"
        " singlevaluelist or multivaluelist; the two lists have values, each with a key and a name.",
    ),
    "error.name": (
        "请填写名称，最多 200 个字符，不含号码。",
        "Say a name of at most 200 characters, without numbers of persons.",
    ),
    "error.words": ("不能用：太长，或者含有人的号码。", "That can not be: it is too long, or holds a person's number."),
    "error.keywords": ("最多 50 个关键词，不含号码。", "At most 50 keywords, without numbers of persons."),
    "error.limit": (
        "请填大于 0、不超过 100000 的数，小数最多四位。",
        "Write a number above 0, at most 100000, with four decimals at most.",
    ),
    "done.service": ("事项已保存。", "The service is saved."),
    "done.retired": ("事项已停用，不能再上报。", "The service is retired: nobody can report it any more."),
    "done.restored": ("事项已重新启用。", "The service is brought back."),
}
