"""The words of the administrators' pages about working hours and holidays."""

from __future__ import annotations

CALENDAR: dict[str, tuple[str, ...]] = {
    "weekday.1": ("周一", "Mon"),
    "weekday.2": ("周二", "Tue"),
    "weekday.3": ("周三", "Wed"),
    "weekday.4": ("周四", "Thu"),
    "weekday.5": ("周五", "Fri"),
    "weekday.6": ("周六", "Sat"),
    "weekday.7": ("周日", "Sun"),
    "table.hours": ("每周工作时间", "Hours of work in a week"),
    "empty.hours": ("没有工作时间：谁也不知道期限。", "Nobody works: no limit can be reckoned."),
    "table.weeks": ("从 {day} 起的 13 周", "Thirteen weeks from {day}"),
    "table.days": ("今天起的节假日与调休", "Holidays and make-up days from today on"),
    "table.days_past": ("最近一年过去的", "Those of the year before"),
    "days.cut": (
        "（共 {total} 天，显示前 {n} 天，到 {day} 为止；以后的见上面的周表）",
        "({n} of {total}, up to {day}; of later ones see the weeks above)",
    ),
    "empty.days": ("没有节假日与调休。", "There are none."),
    "column.week": ("周", "Week of"),
    "column.weekday": ("星期", "Day"),
    "column.hours": ("工作时间", "Hours of work"),
    "column.sum": ("小时", "Hours"),
    "column.day": ("日期", "Day"),
    "column.like": ("安排", "Is"),
    "hours.none": ("不上班", "nobody works"),
    "hours.of": ("{n} 小时", "{n} h"),
    "hours.rest": ("休", "—"),
    "like.holiday": ("放假", "a holiday"),
    "like.weekday": ("按{day}上班", "worked like {day}"),
    "calendar.last": ("已填到 {day}。", "Holidays are entered up to {day}."),
    "calendar.ends": (
        "今天以后没有填节假日：期限会把节假日也算作工作日。",
        "No holiday after today is entered: limits count holidays as days of work.",
    ),
    "edit.hours": ("修改每周工作时间", "Change the hours of work"),
    "new.day": ("填节假日或调休", "Enter a holiday or make-up day"),
    "remove.day": ("删除", "Take it out"),
    "remove.day_title": ("删除 {day} {label}？", "Take {day} {label} out?"),
    "restore.day": ("重新填写", "Enter it again"),
    "field.hours_1": ("周一", "Monday"),
    "field.hours_2": ("周二", "Tuesday"),
    "field.hours_3": ("周三", "Wednesday"),
    "field.hours_4": ("周四", "Thursday"),
    "field.hours_5": ("周五", "Friday"),
    "field.hours_6": ("周六", "Saturday"),
    "field.hours_7": ("周日", "Sunday"),
    "hint.hours_1": (
        "例如 08:30-12:30 14:00-18:00，中间用空格；到半夜写 24:00；不上班就不填。",
        "Such as 08:30-12:30 14:00-18:00, a blank between; midnight is 24:00; left empty nobody works.",
    ),
    "field.day_first": ("日期", "Day"),
    "field.day_last": ("到哪天", "Up to"),
    "hint.day_last": ("不填就是一天。", "Left empty it is one day."),
    "field.like": ("安排", "It is"),
    "field.day_label": ("名称", "What it is called"),
    "error.hours": (
        "请写成 08:30-12:30 14:00-18:00：先开始后结束，几段不能重叠。",
        "Write it as 08:30-12:30 14:00-18:00: each ends after it begins, and none overlaps another.",
    ),
    "error.hours_none": ("至少一天要有工作时间。", "Somebody has to work on one day at least."),
    "error.day_calendar": ("请填 2000 年到 2200 年之间的日期。", "It has to be a day from 2000 to 2200."),
    "error.day_span": (
        "请填不早于第一天的日期，一次最多 62 天。",
        "It has to be the first day or later; 62 days at most at once.",
    ),
    "error.day_label": (
        "请填写名称，最多 200 个字符，不含人的号码。",
        "Say what it is called, at most 200 characters, and nobody's number.",
    ),
    "costs.calendar": (
        "在办事件中 {due} 件已有期限，期限不变，只是剩余时间按新的日历显示；"
        "{standing} 件正停表，恢复计时后按新的日历算。今后上报的都按新的日历算。",
        "{due} incidents in hand have a date by which they are due, and keep it; what is told as left is reckoned anew."
        " {standing} whose clock stands are reckoned by the new calendar when they go on, as is all that is reported"
        " from now on.",
    ),
    "costs.calendar_since": (
        "其中 {n} 件的期限在 {day} 或以后：当时没有算进这一改动，期限照旧。",
        "{n} of them are due on {day} or later: that was reckoned without this, and stays.",
    ),
    "costs.hours": ("一周工作 {new} 小时，原来 {old} 小时。", "A week has {new} hours of work in place of {old}."),
    "costs.days_replaced": (
        "这 {n} 天已经填过，将被替换：{days}。",
        "{n} of these days are entered, and replaced: {days}.",
    ),
    "done.hours": ("工作时间已保存。", "The hours of work are saved."),
    "done.days": ("日历已保存。", "The calendar is saved."),
    "done.day_removed": ("已从日历删除。", "It is taken out of the calendar."),
}
