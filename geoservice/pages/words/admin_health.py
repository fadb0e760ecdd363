"""The words of the administrators' page about whether everything runs."""

from __future__ import annotations

HEALTH: dict[str, tuple[str, ...]] = {
    "table.hand": ("需要处理的", "What needs a hand"),
    "table.jobs": ("定时任务", "What is done now and then"),
    "column.what": ("内容", "What"),
    "column.told": ("情况", "How it stands"),
    "health.ok": ("正常", "well"),
    "health.look": ("留意", "to look at"),
    "health.bad": ("有问题", "not well"),
    "health.more": (
        "磁盘、备份、文件权限和时钟只有服务器自己知道，请在服务器上运行 geoservice doctor。",
        "Disks, backups, rights of files and clocks only the machine knows: run geoservice doctor there.",
    ),
    "health.schema": ("数据库结构", "Schema of the database"),
    "health.schema.is": ("版本 {found}", "revision {found}"),
    "health.schema.not": ("版本 {found}，需要 {needed}", "revision {found}, and {needed} is needed"),
    "health.memory": ("内存中的网格", "Grids held in memory"),
    "health.memory.age": ("{seconds} 秒前核对", "confirmed {seconds} s ago"),
    "health.memory.none": ("不放在内存，每次查数据库", "none: the database is asked each time"),
    "health.memory.failure": ("最近一次更新没有成功", "the last renewal did not succeed"),
    "health.grids": ("生效的网格", "Grids in force"),
    "health.grids.count": ("{n} 个", "{n}"),
    "health.grids.none": (
        "没有：上报会停在待分拣队列，请发布一个版本",
        "none: what is reported waits in the queue until an edition is published",
    ),
    "health.cover": ("派驻", "Postings"),
    "health.keys": ("30 天内到期的密钥", "Keys that end within 30 days"),
    "health.accounts": ("30 天内到期的账号", "Accounts that end within 30 days"),
    "health.nothing": ("没有", "none"),
    "health.webhooks": ("推送", "Webhooks"),
    "health.webhooks.told": (
        "等待 {waiting}，已放弃 {dead}，停用 {off}",
        "{waiting} waiting, {dead} given up, {off} disabled",
    ),
    "job.never": ("从未", "never"),
    "job.ago": ("{minutes} 分钟前", "{minutes} min ago"),
    "job.late": (
        "请确认 worker 在运行：geoservice up 或 geoservice serve --worker",
        "See that a worker runs: geoservice up, or geoservice serve --worker",
    ),
    "job.editions": ("版本按时生效", "editions come into force"),
    "job.overdue": ("标记超时", "what is late is marked"),
    "job.lapses": ("到期自动结案", "what was resolved long ago is closed"),
    "job.working_time": ("更新工作时间", "working time is renewed"),
    "job.tiles": ("更新瓦片", "changes reach the tiles"),
    "job.event_numbers": ("事件编号", "events get their numbers"),
    "job.old_events": ("清理旧的通知", "old events are forgotten"),
    "job.audit_seals": ("封存审计", "the audit is sealed"),
    "job.retention": ("到期清理文字", "words go by their time"),
}
