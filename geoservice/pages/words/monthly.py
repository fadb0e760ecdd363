"""The words of the monthly report, beside those of the figures, whose tables it has."""

from __future__ import annotations

MONTHLY: dict[str, tuple[str, ...]] = {
    "title": ("月报", "Monthly report"),
    "month": ("{year}年{month}", "{month} {year}"),
    "month.1": ("1月", "January"),
    "month.2": ("2月", "February"),
    "month.3": ("3月", "March"),
    "month.4": ("4月", "April"),
    "month.5": ("5月", "May"),
    "month.6": ("6月", "June"),
    "month.7": ("7月", "July"),
    "month.8": ("8月", "August"),
    "month.9": ("9月", "September"),
    "month.10": ("10月", "October"),
    "month.11": ("11月", "November"),
    "month.12": ("12月", "December"),
    # Above the report, on a screen
    "choose": ("月份", "Month"),
    "apply": ("查看", "Show"),
    "print": ("打印", "Print"),
    "pdf": ("下载 PDF", "PDF"),
    "no_files": (
        "服务器上没有 Chromium，不能生成 PDF；请用浏览器打印。",
        "The server has no Chromium, so there is no PDF: print from your browser.",
    ),
    "to_figures": ("统计页上的这些天", "These days on the page of figures"),
    # Its head
    "as_of": ("截至 {time}（{zone}）", "As of {time} ({zone})"),
    "unfinished": (
        "{month}还没有结束：数字只到截至时间，与上月同样的天数相比。",
        "{month} is not over: its numbers go as far as the time above, and are compared with as many days of the month"
        " before.",
    ),
    "empty.ever": ("还没有任何事件，所以没有月报。", "There are no incidents yet, and so there is no report."),
    "empty.future": ("{month}还没有开始，没有月报。", "{month} has not begun: there is no report of it."),
    "empty.before": (
        "{month}没有记录：历史从{first}开始。", "Nothing is recorded of {month}: histories begin in {first}."
    ),
    # Its parts
    "numbers": ("本月数字", "The month in numbers"),
    "times": ("用时为工作小时", "times in working hours"),
    "map": ("各网格上报", "Received, by grid"),
    "map.desc": (
        "月末网格的地图，颜色越深上报越多；数字同“各网格”表。",
        "A map of the grids at the end of the month, the darker the more was received; the numbers stand in the table"
        " of grids.",
    ),
    "map.legend": ("上报件数", "Received"),
    "map.grids": ("{n} 个网格", "grids: {n}"),
    "map.x_of_y": ("按时段末的网格：图上 {x} 件，共 {y} 件",
                   "By the grids in force at the end of these days: {x} of {y}"),
    "map.none": ("当时没有网格，不画地图。", "There is no map: no grids were in force."),
    "map.across": ("辖区跨越 180° 经线，不画地图。", "There is no map: the jurisdiction lies across 180 degrees."),
    "late": ("月末超期多久", "What was late at the end, and for how long"),
    "late.for": ("从发现超期起", "Since it was found late"),
    "late.until": ("不到 {last} 天", "less than {last} day"),
    "late.between": ("{first} 至 {last} 天", "{first} to {last} days"),
    "late.over": ("{first} 天以上", "{first} days or more"),
    "sum": ("合计", "All"),
    "ratings": ("居民评价", "Ratings"),
    "ratings.number": ("评价件数", "Given"),
    "ratings.mean": ("平均（1–5）", "Mean (1 to 5)"),
    "borders": ("网格边界变动", "Changes of borders"),
    "borders.none": ("本月网格边界没有变动。", "No borders changed in the month."),
    "edition": ("第 {number} 版，{day} 起生效", "Edition {number}, in force from {day}"),
    "edition.first": ("第一版网格。", "These are the first grids."),
    "edition.same": ("网格与之前相同。", "Its grids are those before."),
    "edition.more": ("列出 {x} 项，共 {y} 项。", "{x} lines of {y}."),
    "became.split": ("{then}拆分出{now}", "{then} was split: {now}"),
    "became.merge": ("{then}并入{now}", "{then} was merged into {now}"),
    "became.redraw": ("{then}重划为{now}", "{then} was redrawn as {now}"),
    "became.recode": ("{then}改编号为{now}", "{then} got another code: {now}"),
    "became.gone": ("{then}不再属于任何网格", "{then} is nobody's now"),
    "became.new": ("{now}原先不属于任何网格", "{now} was nobody's before"),
    "people": ("各网格住户", "Households by grid"),
    "people.households": ("住户", "Households"),
    "people.residents": ("居民", "Residents"),
    "people.floating": ("流动人口", "Floating"),
    "people.range": ("应为 {first}–{last} 户", "Should be {first} to {last}"),
    "people.few": ("不到 {most}", "fewer than {most}"),
    "people.within": ("符合", "within"),
    "people.below": ("偏少", "below"),
    "people.above": ("偏多", "above"),
    "people.outside": ("{y} 个网格中有 {x} 个不符合。", "{x} of {y} grids have fewer or more than they should."),
    "people.note": (
        "时段末的数目；除可查看单户者外，取整到 5，1 至 4 不显示。",
        "As at the end of these days; to the nearest five, and 1 to 4 not told, but to whoever may see single"
        " households.",
    ),
    "people.none": ("当时没有住户记录。", "No households were recorded then."),
    # How it is counted
    "method": ("来源与算法", "Sources and method"),
    "method.counted": (
        "数字取自事件的历史记录，与统计页同一天数的数字相同；发生的事算在当时的网格和事项上，在办和超期为月末数目。",
        "The numbers are those of the page of figures for the same days, counted from the histories of incidents: what"
        " happened counts for the grid and the service of then, in hand and late are as at the end.",
    ),
    "method.time": (
        "用时为工作时间，取中位数和九成；0 是没有发生，“—”是没有可算的，“无数据”是当时没有记录；不显示人员。",
        "Times are working time, median and what nine of ten do not pass. 0: it did not happen; —: nothing to reckon"
        " with; no data: nothing was recorded. Nobody is named or ranked.",
    ),
}  # fmt: skip
