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
    # The second factor
    "code_title": ("输入验证码", "Show a code"),
    "code": ("验证码", "Code"),
    "code_hint": (
        "验证器上的六位数字，每个只能用一次。手机不在身边？输入一个恢复码。",
        "The six digits that your authenticator shows; each is good once. The phone is gone? Type a recovery code.",
    ),
    "other_login": ("用其他账号登录", "Sign in as somebody else"),
    "second_factor": ("登录验证码", "Codes for signing in"),
    "recovery_codes": ("恢复码", "Recovery codes"),
    "must_enrol": (
        "您的岗位登录时需要验证码。请先设置，然后才能使用。",
        "Your role signs in with a code. Set it up before anything else.",
    ),
    "factor_why": (
        "设置后，登录时除密码外还要输入手机上验证器显示的六位数字。别人知道密码也进不来。",
        "Once it is set up, signing in asks for six digits that an authenticator on your phone shows, beside the"
        " password: who finds out the password can not get in.",
    ),
    "factor_since": (
        "自 {since} 起已启用，还剩 {count} 个恢复码。",
        "In use since {since}, with {count} recovery codes left.",
    ),
    "set_up": ("开始设置", "Set it up"),
    "take_off": ("停用", "Take it off"),
    "take_off_hint": (
        "换手机时先停用，再重新设置。需要一个验证码或恢复码。",
        "For another phone: take it off, and set it up anew. It takes a code, or a recovery code.",
    ),
    "scan": ("用手机上的验证器扫描", "Scan this with the authenticator of your phone"),
    "qr_code": ("含密钥的二维码", "QR code of the secret"),
    "secret": ("密钥", "Secret"),
    "secret_hint": (
        "扫不了？在验证器里选择“手动输入密钥”（按时间），抄入这些字母和数字。",
        "No camera? In the authenticator choose to type a secret (by time), and copy these letters and digits.",
    ),
    "open_authenticator": ("在本机验证器中打开", "Open the authenticator of this phone"),
    "or_address": ("或者复制地址：", "Or copy the address:"),
    "confirm": ("确认", "Confirm"),
    "confirm_hint": ("输入验证器现在显示的六位数字。", "The six digits that the authenticator shows now."),
    "back": ("返回", "Back"),
    "cancel": ("取消", "Leave it"),
    "recovery_once": (
        "只显示这一次。请抄下来，放在手机以外的地方。每个可以代替一次验证码。",
        "Shown this once. Write them down, and keep them elsewhere than the phone. Each stands in for a code once.",
    ),
    "recovery_done": ("已抄好，继续", "I have them: go on"),
    # An identity provider
    "by_provider": ("用{name}登录", "Sign in by {name}"),
    "some_provider": ("统一身份", "the identity provider"),
    # What went wrong
    "refused": (
        "登录名或密码不对，或者账号不能使用。",
        "The login name or the password is not right, or the account can not be used.",
    ),
    "code_refused": (
        "验证码不对，或者已经用过。请等下一个。",
        "That code is not right, or was used before. Wait for the next one.",
    ),
    "pending_over": ("输入密码后等得太久，请重新登录。", "It is too long since the password: sign in anew."),
    "factor_there": ("已经设置过了。", "It is set up already."),
    "factor_missing": ("还没有设置，或者等得太久。请重新开始。", "It is not set up, or took too long: begin anew."),
    "answer_refused": (
        "没有通过身份提供方登录：被取消、过期，或不是从此浏览器开始的。请再试一次。",
        "The identity provider did not sign you in: it was cancelled, took too long, or began in another browser."
        " Try once more.",
    ),
    "not_linked": (
        "身份提供方认识您，但这里没有账号与之关联。请把这个编号告诉管理员：{subject}",
        "The identity provider knows you, but no account here is linked to that. Tell an administrator: {subject}",
    ),
    "provider_away": ("身份提供方没有应答，请稍后再试。", "The identity provider does not answer; try again later."),
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
