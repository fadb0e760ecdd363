"""The words of the pages of administrators."""

from __future__ import annotations

from geoservice.pages.words.admin_accounts import ACCOUNTS
from geoservice.pages.words.admin_calendar import CALENDAR
from geoservice.pages.words.admin_grants import GRANTS
from geoservice.pages.words.admin_health import HEALTH
from geoservice.pages.words.admin_import_refusals import REFUSALS
from geoservice.pages.words.admin_imports import IMPORTS
from geoservice.pages.words.admin_keys import KEYS
from geoservice.pages.words.admin_layers import LAYERS
from geoservice.pages.words.admin_retention import RETENTION
from geoservice.pages.words.admin_services import SERVICES
from geoservice.pages.words.admin_staff import STAFF
from geoservice.pages.words.admin_webhooks import WEBHOOKS

ADMIN: dict[str, tuple[str, ...]] = (
    {
        "areas": ("管理范围", "Areas"),
        "area.accounts": ("账号", "Accounts"),
        "area.keys": ("接口密钥", "Keys of programs"),
        "area.staff": ("人员与派驻", "Staff and postings"),
        "area.services": ("事项", "Services"),
        "area.calendar": ("工作日历", "Calendar"),
        "area.layers": ("图层与改动", "Layers"),
        "area.retention": ("保留期限", "Retention"),
        "area.webhooks": ("推送", "Webhooks"),
        "area.health": ("运行状况", "Health"),
        "leave": ("返回，不做改动", "Back, nothing is changed"),
        "optional": ("（选填）", "(may be left empty)"),
        "secret": ("只显示这一次", "Shown this once"),
        "once.noted": ("我已记下", "I have noted it"),
        "everywhere": ("所有辖区", "everywhere"),
        "never": ("从未", "never"),
        "no_end": ("不限期", "no end"),
        "yes": ("有", "yes"),
        "no": ("无", "no"),
        "made": ("{at}，{by}", "{at} by {by}"),
        # Columns and facts
        "column.role": ("岗位", "Role"),
        "column.where": ("适用辖区", "Good in"),
        "column.staff": ("人员代码", "Member of staff"),
        "column.state": ("状态", "State"),
        "column.ends": ("最后一天", "Last day"),
        "column.made": ("建立", "Made"),
        # Fields
        "field.role": ("岗位", "Role"),
        "field.place": ("适用辖区", "Good in"),
        "field.staff": ("人员代码", "Member of staff"),
        "hint.staff": ("网格员必须填写。", "An officer's has to say who it is."),
        "field.ends": ("最后一天", "Last day"),
        "hint.ends": ("不填就是不限期。", "Left empty it has no end."),
        "field.networks": ("允许的网络", "Networks"),
        "staff.nobody": ("不指定", "nobody in particular"),
        # What is wrong with a form
        "error": ("错误：", "Error:"),
        "error.summary": ("没有保存，请改正：", "Nothing was changed. Please mend:"),
        "agree": (
            "还没有保存。请先看影响，再保存一次：",
            "Nothing is changed yet. Read what it costs, then save it once more:",
        ),
        "agree.send": ("知道了，保存", "I know, save it"),
        "error.changed": (
            "别人刚刚改过同一项。下面是你写的；再次保存就以你写的为准，返回则看到现在的。",
            "Somebody else changed it meanwhile. Below is what you wrote: save it again to put it in the place of his,"
            " or go back to see his.",
        ),
        "error.key_made": (
            "刚刚新建了一个密钥，也许就是这张表单被提交了两次，请先看列表。再次提交会再建一个。",
            "A key was made meanwhile, perhaps by this very form, sent twice: look at the list."
            " Sent again, it makes another.",
        ),
        "error.choose": ("请选择列出的一项。", "Choose one of those that are listed."),
        "error.day": ("请写成 2026-11-30 这样的日期。", "Write a day such as 2026-11-30."),
        "error.ends": ("请填今天或以后，十年之内。", "It has to be today or later, within ten years."),
        "error.officer": ("网格员必须指定人员。", "An officer's has to say which member of staff it is."),
        "error.staff_place": (
            "指定了人员，就只能适用于其所在辖区。",
            "A member of staff is of one jurisdiction: choose it.",
        ),
    }
    | ACCOUNTS
    | GRANTS
    | KEYS
    | STAFF
    | SERVICES
    | CALENDAR
    | LAYERS
    | IMPORTS
    | REFUSALS
    | RETENTION
    | WEBHOOKS
    | HEALTH
)
