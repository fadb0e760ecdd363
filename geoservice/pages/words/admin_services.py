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
    "error.name": (
        "请填写名称，最多 200 个字符，不含号码。",
        "Say a name of at most 200 characters, without numbers of persons.",
    ),
    "error.words": ("不能用：太长，或者含有人的号码。", "That can not be: it is too long, or holds a person's number."),
    "error.keywords": ("最多 50 个关键词，不含号码。", "At most 50 keywords, without numbers of persons."),
    "error.limit": ("请填大于 0、不超过 100000 的数。", "Write a number above 0, at most 100000."),
    "done.service": ("事项已保存。", "The service is saved."),
}
