"""The words of the administrators' pages about accounts of people."""

from __future__ import annotations

ACCOUNTS: dict[str, tuple[str, ...]] = {
    "empty.accounts": ("还没有账号。", "There are no accounts yet."),
    "column.login": ("登录名", "Login name"),
    "column.signed_in": ("最近登录", "Last sign-in"),
    "column.factor": ("第二因素", "Second factor"),
    "state.in_use": ("在用", "in use"),
    "state.unused": ("一次性密码未用", "one-time password not used yet"),
    "state.ended": ("已到期", "ended"),
    "state.disabled": ("{at} 已停用", "disabled {at}"),
    "new.account": ("新建账号", "New account"),
    "send.account": ("建立，并显示一次性密码", "Make it and show its one-time password"),
    "field.login": ("登录名", "Login name"),
    "hint.login": (
        "用岗位名，如 desk-1，不用人名或号码。小写字母、数字和 . - _，最多 40 个字符。",
        "That of a post, such as desk-1, never a person's name or number. Small letters, digits and . - _, at most 40.",
    ),
    "error.login": (
        "不能用作登录名：只能用小写字母、数字和 . - _，最多 40 个，不能是任何人的号码。",
        "That is no login name: small letters, digits and . - _, at most 40, and nobody's number.",
    ),
    "error.login_taken": ("这个登录名已经有了。", "There is an account of this name already."),
    "error.own_account": (
        "这是你自己的账号，请另一位管理员来做。",
        "That is your own account: another administrator does that.",
    ),
    "error.disabled": ("账号已停用，请先启用。", "The account is disabled: enable it first."),
    # What is done, what it costs
    "do.disable": ("停用账号", "Disable the account"),
    "do.enable": ("重新启用", "Enable it again"),
    "do.reset": ("重设密码", "Reset the password"),
    "do.factor_off": ("取消第二因素", "Take off the second factor"),
    "ask.disable": ("停用 {name}？", "Disable {name}?"),
    "ask.enable": ("重新启用 {name}？", "Enable {name} again?"),
    "ask.reset": ("重设 {name} 的密码？", "Reset the password of {name}?"),
    "ask.factor_off": ("取消 {name} 的第二因素？", "Take the second factor off {name}?"),
    "costs.disable": (
        "正在进行的登录立即结束，没有保存的内容会丢失；此后无法登录。可以再启用，密码不变。",
        "Whoever is signed in with it is out at once, and what he has not sent is lost."
        " It can be enabled again, with its password.",
    ),
    "costs.enable": ("可以用原来的密码登录。", "It can be signed in with again, with the password that it had."),
    "costs.reset": (
        "现在的密码立即作废，正在进行的登录立即结束。新的一次性密码只显示一次，不能撤销。",
        "The password that it has is void at once, and whoever is signed in is out."
        " The new one-time password is shown once. This can not be undone.",
    ),
    "costs.factor_off": (
        "手机和恢复码立即作废，正在进行的登录立即结束；此后只凭密码登录，直到重新设置。不能撤销。",
        "Phone and recovery codes are void at once, and whoever is signed in is out."
        " The password alone is enough until another one is set up. This can not be undone.",
    ),
    "done.disable": ("账号已停用，登录已结束。", "The account is disabled, and its sessions have ended."),
    "done.enable": ("账号已启用。", "The account is enabled."),
    "done.factor_off": ("第二因素已取消，登录已结束。", "The second factor is off, and the sessions have ended."),
    "once.password.title": ("{name} 的一次性密码", "One-time password of {name}"),
    "once.password": (
        "现在就抄下并当面交付：离开此页后谁也看不到它。",
        "Note it now and hand it over: nobody can see it again after this page.",
    ),
    "once.password.next": (
        "首次登录时必须另设密码。",
        "Whoever signs in with it chooses another before anything else.",
    ),
}
