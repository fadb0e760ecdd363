"""The words of the pages where people sign in, and change their password."""

from __future__ import annotations

ACCOUNTS: dict[str, tuple[str, ...]] = {
    "login": ("登录名", "Login name"),
    "login_hint": ("岗位的名称，不是人名。由管理员发给。", "Of your post, not of a person; from an administrator."),
    "password": ("密码", "Password"),
    "signed_in_as": ("已登录：", "Signed in: "),
    "must_change": (
        "这是一次性密码。请先设置自己的密码，然后才能使用。",
        "This password was for one use. Choose your own before anything else.",
    ),
    "current_password": ("现在的密码", "Password now"),
    "new_password": ("新密码", "New password"),
    "new_password_again": ("再输一次新密码", "New password once more"),
    "new_password_hint": (
        "10 至 200 个字符，至少五种不同的，不含登录名。一句话最好记。",
        "10 to 200 characters, five different ones at least, without the login name. A sentence is easy to remember.",
    ),
    "changes_others": ("其他设备上的登录会一并结束。", "You will be signed out everywhere else."),
    "forgotten": ("忘了密码？请管理员重置。", "Forgotten? An administrator gives you a new one."),
    # What went wrong
    "refused": (
        "登录名或密码不对，或者账号不能使用。",
        "The login name or the password is not right, or the account can not be used.",
    ),
    "wrong_password": ("现在的密码不对。", "That is not the password now."),
    "must_wait": (
        "失败次数太多。请在 {wait} 后再试。",
        "That failed too often. Try again in {wait}.",
    ),
    "wait.seconds": ("{count} 秒", "{count} s"),
    "wait.minutes": ("{count} 分钟", "{count} min"),
    "busy": ("服务繁忙，请稍后再试。", "The service is busy; try again later."),
    "stale": ("此页面已过期，请再试一次。", "This page was out of date: try once more."),
    "foreign": ("请求不是从本服务的页面发出的，没有执行。", "No page of this service sent that; nothing was done."),
    "signed_out": ("登录已结束，请重新登录。", "The session is over: sign in again."),
    "differ": ("两次输入的新密码不一样。", "The two new passwords are not the same."),
    "too_short": ("新密码太短：至少 10 个字符。", "The new password is too short: 10 characters at least."),
    "too_long": ("新密码太长：最多 200 个字符。", "The new password is too long: 200 characters at most."),
    "too_plain": ("新密码太简单：至少五种不同的字符。", "The new password is too plain: five different signs or more."),
    "holds_login": ("新密码里有登录名，请换一个。", "The new password holds the login name: choose another."),
    "as_before": ("新密码与现在的相同，请换一个。", "The new password is the one you have: choose another."),
}  # fmt: skip
