"""The words of the administrators' pages about what accounts and keys may."""

from __future__ import annotations

GRANTS: dict[str, tuple[str, ...]] = {
    "grants": ("授权", "Grants"),
    "grant.in force": ("生效", "in force"),
    "grant.to come": ("未开始", "to come"),
    "grant.over": ("已到期", "over"),
    "grant.revoked": ("已收回", "taken back"),
    "column.begins": ("开始", "From"),
    "column.given": ("授予人", "Given by"),
    "column.grant_change": ("操作", "Change"),
    "field.begins": ("第一天", "First day"),
    "hint.begins": ("不填就是立即生效。", "Left empty it is good at once."),
    "new.grant": ("增加授权", "Give another grant"),
    "send.grant": ("授予", "Give it"),
    "ask.new_grant": ("给 {name} 增加授权", "Another grant for {name}"),
    "ask.revoke_grant": ("收回 {name} 在 {where} 的{role}授权？", "Take back from {name}: {role}, {where}?"),
    "do.revoke_grant": ("收回", "Take it back"),
    "do.restore_grant": ("撤销，重新授予", "Give it again"),
    "costs.new_grant": (
        "正在进行的登录立即结束，没有保存的内容会丢失；再次登录后新的授权生效。",
        "Whoever is signed in with it is out at once, and what he has not sent is lost: what he may, he may when he has"
        " signed in again.",
    ),
    "costs.revoke_grant.accounts": (
        "立即失效，正在进行的登录立即结束，没有保存的内容会丢失。可以撤销。",
        "It is void at once: whoever is signed in is out, and what he has not sent is lost. It can be given again.",
    ),
    "costs.revoke_grant.keys": (
        "立即失效；使用这个密钥的程序会被拒绝。可以撤销。",
        "It is void at once: programs that use the key are refused. It can be given again.",
    ),
    "done.give_grant": ("已授予。", "It is given."),
    "done.revoke_grant": ("已收回。", "It is taken back."),
    "done.restore_grant": ("已重新授予。", "It is given again."),
    "error.own_grants": (
        "这是你自己的授权，请另一位管理员来做。",
        "Nobody gives himself something, or takes it: another administrator does that.",
    ),
    "error.grant_held": (
        "在这个辖区、这段时间里已经有这个岗位，请先收回。",
        "This role is granted there already, for some of that time: take that back first.",
    ),
    "error.officer_elsewhere": (
        "一个账号或密钥只能是一个辖区的网格员；其他辖区请另建账号。",
        "An account or a key is an officer of one jurisdiction: in another it takes another account.",
    ),
    "error.grant_gone": ("这项授权已收回或已到期。", "It was taken back before, or is over."),
    "error.last_administrator": (
        "这是最后一个不限期管理所有辖区的账号，请先授予另一个账号。",
        "It is the last account that administers every jurisdiction, without an end: give that to another one first.",
    ),
    "error.outlasts": (
        "最晚到 {day}：你自己在那里的权限到那一天为止，给别人的不能更长。",
        "No later than {day}: your own right there ends then, and nobody gives what outlasts what he has.",
    ),
    "error.outlasts_own": (
        "它的权限比你自己的更长（你的最后一天是 {day}），请由权限更长的管理员来做。",
        "What it may outlasts your own right, of which the last day is {day}: an administrator who has that longer"
        " does this.",
    ),
    "error.own_over": ("你自己在那里的权限已经到期。", "Your own right there is over."),
    "costs.not_given_again": (
        "你自己不能恢复：它比你自己的权限更长，要由权限更长的管理员恢复。",
        "You can not give it back yourself: it outlasts your own right, so an administrator who has that longer does.",
    ),
    "hint.ends.own": (
        "最晚 {day}，即你自己权限的最后一天；日期按所选辖区的时间。",
        "{day} at the latest, the last day of your own right; by the clocks of the jurisdiction that is chosen.",
    ),
    "hint.places": (
        "选别的辖区时，人员要从那里的名单中选：先提交一次，就会列出。",
        "Of another jurisdiction the staff is listed once the form was sent; days are by its clocks.",
    ),
    "error.begins": ("请填今天或以后。", "It has to be today or later."),
    "error.grant_ends": ("最后一天要在第一天之后。", "It has to end after it begins."),
}
