"""The words of the administrators' pages about keys of programs."""

from __future__ import annotations

KEYS: dict[str, tuple[str, ...]] = {
    "empty.keys": ("还没有密钥。", "There are no keys yet."),
    "column.label": ("用途", "For what"),
    "column.key": ("编号", "Id"),
    "column.networks": ("允许的网络", "Networks"),
    "column.used": ("最近使用", "Last used"),
    "networks.any": ("不限", "any"),
    "state.revoked": ("{at} 已吊销", "revoked {at}"),
    "state.two_secrets": ("旧密钥 {at} 前仍有效", "secret before good until {at}"),
    "state.ends_soon": ("30 天内到期", "ends within 30 days"),
    "new.key": ("新建密钥", "New key"),
    "send.key": ("建立，并显示密钥", "Make it and show the key"),
    "field.label": ("用途", "For what"),
    "hint.label": ("写系统名，不写人名或号码。", "The name of a system, nobody's name or number."),
    "hint.networks": (
        "如 10.1.0.0/16，用空格或换行分开，最多 20 个；不填就是不限。",
        "As 10.1.0.0/16, with spaces or lines between them, at most 20. Left empty: any.",
    ),
    "field.overlap": ("旧密钥再用多久", "How long the secret before is good, too"),
    "overlap.0": ("立即作废", "it ends at once"),
    "overlap.1": ("1 小时", "1 hour"),
    "overlap.24": ("1 天", "1 day"),
    "overlap.168": ("7 天", "7 days"),
    "overlap.720": ("30 天", "30 days"),
    "error.label": (
        "请写明用途：最多 200 个字符，不含人的号码。",
        "Say what it is for: at most 200 characters, and nobody's number.",
    ),
    "error.networks": (
        "这不是网络。请写地址，或 10.1.0.0/16 这样的网络，最多 20 个。",
        "That is no network: write addresses, or networks as 10.1.0.0/16, at most 20.",
    ),
    "error.key_over": ("这个密钥已不在用。", "The key is not in use any more."),
    "do.rotate": ("更换密钥", "Rotate"),
    "do.revoke": ("吊销", "Revoke"),
    "ask.rotate": ("更换“{name}”的密钥？", "Give “{name}” another secret?"),
    "ask.revoke": ("吊销“{name}”？", "Revoke “{name}”?"),
    "costs.rotate": (
        "使用它的系统须在旧密钥作废之前换上新的，否则停止工作。上一次更换留下的旧密钥立即作废。",
        "The system that uses it stops working unless it has the new secret before the old one ends."
        " A secret from before the last rotation is void at once.",
    ),
    "costs.rotate.end": ("有效期改为从今天起 365 天。", "It is good for 365 days from now on."),
    "costs.rotate.own_end": (
        "最后一天是 {day}：不晚于你自己的权限，除非原来就更晚。",
        "Its last day is {day}: no later than that of your own right, unless it was later already.",
    ),
    "costs.revoke": (
        "使用它的系统立即停止工作，且不能恢复；要换密钥而不停机，请用“更换密钥”。",
        "The system that uses it stops at once, and this can not be undone."
        " To change the secret without that, rotate it.",
    ),
    "costs.revoke.used": ("最近使用：{at}", "Last used: {at}"),
    "done.revoke": ("密钥已吊销。", "The key is void."),
    "once.key.title": ("“{name}”的密钥", "Key for “{name}”"),
    "once.key": (
        "现在就交给系统：离开此页后谁也看不到它。",
        "Hand it to the system now: nobody can see it again after this page.",
    ),
    "once.rotated": ("旧密钥 {at} 前仍有效。", "The secret before is good until {at}."),
}
