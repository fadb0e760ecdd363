"""The words of the frame, and of what is told instead of a page."""

from __future__ import annotations

SHELL: dict[str, tuple[str, ...]] = {
    "service": ("空间数据服务", "Spatial data service"),
    "skip": ("跳到正文", "Skip to the content"),
    "pages": ("页面", "Pages"),
    "page.desk": ("调度台", "Desk"),
    "page.figures": ("统计", "Figures"),
    "page.map": ("地图", "Map"),
    "languages": ("语言", "Language"),
    "theme": ("明暗", "Light or dark"),
    "theme.auto": ("随系统", "As the system"),
    "theme.light": ("浅色", "Light"),
    "theme.dark": ("深色", "Dark"),
    "account": ("账号", "Account"),
    "sign_in": ("登录", "Sign in"),
    "sign_out": ("退出登录", "Sign out"),
    "change_password": ("修改密码", "Change the password"),
    "local_time": ("当地时间", "Local time"),
    "no_script": (
        "没有脚本也能查看和办理；新内容要刷新才会出现。",
        "Without scripts you can read and act; what is new shows when you load the page again.",
    ),
    # Whether what is new comes by itself
    "live.off": ("不自动更新", "Not live"),
    "live.connecting": ("正在连接…", "Connecting…"),
    "live.live": ("实时", "Live"),
    "live.waiting": ("等待中…", "Waiting…"),
    "live.stopped": ("{time} 起已停止更新", "Stopped at {time}"),
    # Roles
    "role.public": ("访客", "visitor"),
    "role.reader": ("查询系统", "system that asks"),
    "role.reporter": ("上报系统", "system that reports"),
    "role.officer": ("网格员", "officer"),
    "role.dispatcher": ("调度员", "dispatcher"),
    "role.analyst": ("分析员", "analyst"),
    "role.auditor": ("审计员", "auditor"),
    "role.admin": ("管理员", "administrator"),
    # Instead of a page
    "error.401": ("请先登录", "Sign in first"),
    "error.401.detail": ("登录已结束，或者还没有登录。", "The session is over, or nobody is signed in."),
    "error.403": ("这个账号不能打开此页", "This account may not open this page"),
    "error.403.detail": (
        "你的岗位没有这项权限。请联系管理员，或换一个账号登录。",
        "Your post does not include it. Ask an administrator, or sign in with another account.",
    ),
    "error.404": ("没有找到", "There is nothing here"),
    "error.404.detail": (
        "地址不对，或者这一件不在你能看到的范围内。",
        "The address is wrong, or you may not see what is there.",
    ),
    "error.422": ("地址里有看不懂的内容", "Something in the address can not be understood"),
    "error.503": ("服务繁忙", "The service is busy"),
    "error.503.detail": ("请稍后再试。", "Try again in a moment."),
    "error.other": ("没有成功", "That did not work"),
    "error.back": ("返回", "Back"),
    "error.again": ("再试一次", "Try again"),
    "error.number": ("编号", "Number"),
    "choose_jurisdiction": ("选择辖区", "Choose a jurisdiction"),
    "no_jurisdiction": ("尚无辖区", "There is no jurisdiction yet"),
}  # fmt: skip
