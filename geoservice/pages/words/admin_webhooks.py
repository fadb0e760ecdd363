"""The words of the administrators' pages about webhooks and what was sent."""

from __future__ import annotations

WEBHOOKS: dict[str, tuple[str, ...]] = {
    "empty.webhooks": ("还没有推送。", "There are no webhooks yet."),
    "table.deliveries": ("发送记录，最近的在前", "What was sent, the latest first"),
    "empty.deliveries": ("还没有发送过。", "Nothing was sent yet."),
    "column.webhook": ("编号", "Number"),
    "column.host": ("接收方", "Receiver"),
    "column.events": ("内容", "Events"),
    "column.waiting": ("等待发送", "Waiting"),
    "column.dead": ("已放弃", "Given up"),
    "column.event": ("事件号", "Event"),
    "column.type": ("类型", "Kind"),
    "column.at": ("发生", "Happened"),
    "column.attempts": ("次数", "Tries"),
    "column.answer": ("最近回答", "Last answer"),
    "events.all": ("全部", "all"),
    "events.incident": ("事件", "incidents"),
    "events.edition": ("版本", "editions"),
    "state.off": ("已停用：{reason}", "disabled: {reason}"),
    "delivery.waiting": ("等待", "waiting"),
    "delivery.delivered": ("已送达", "delivered"),
    "delivery.dead": ("已放弃", "given up"),
    "older": ("更早的", "Earlier ones"),
    "new.webhook": ("新建推送", "New webhook"),
    "send.webhook": ("建立，并显示签名密钥", "Make it and show its secret"),
    "field.url": ("接收地址", "Address of the receiver"),
    "hint.url": (
        "https，公网地址。以后只显示主机名，因为地址里常有接收方的秘密。",
        "https, a public address. Later only its host is shown, for addresses often hold a secret of the receiver's.",
    ),
    "field.events": ("内容", "Events"),
    "error.url_form": (
        "地址写法不对：要完整的 https 地址，不能有用户名、密码、空格和 # 以后的部分。",
        "It is not written as it must be: a whole address with https, without a name, a password, blanks or anything"
        " after #.",
    ),
    "error.url_host": (
        "现在找不到这个主机：请核对主机名；本机要能查到它。",
        "Its host is not found now: look at how it is written; this machine has to find it.",
    ),
    "error.url_place": (
        "不允许推送到那里：它不是公网地址，也不在 GEOSERVICE_WEBHOOK_NETWORKS 之内，或者不是 https。",
        "Webhooks may not go there: it is neither public nor in GEOSERVICE_WEBHOOK_NETWORKS, or not by https.",
    ),
    "error.url_there": (
        "同样的事件已经推送到这个地址。要换密钥，请在那一条推送上更换。",
        "The same events are sent to that address already. Its secret is changed on its own page.",
    ),
    "field.reason": ("原因", "Why"),
    "error.reason": ("最多 200 个字符，不含人的号码。", "At most 200 characters, and nobody's number."),
    "do.off": ("停用", "Disable"),
    "do.on": ("重新启用", "Enable it again"),
    "do.secret": ("换签名密钥", "Give another secret"),
    "do.remove": ("删除", "Remove"),
    "do.resend": ("重发已放弃的", "Send again what was given up"),
    "ask.off": ("停用推送 {name}？", "Disable the webhook {name}?"),
    "ask.on": ("重新启用推送 {name}？", "Enable the webhook {name} again?"),
    "ask.secret": ("换推送 {name} 的签名密钥？", "Give the webhook {name} another secret?"),
    "ask.remove": ("删除推送 {name}？", "Remove the webhook {name}?"),
    "ask.resend": ("重发推送 {name} 已放弃的消息？", "Send again what {name} was given up on?"),
    "costs.off": (
        "接收方从现在起收不到消息；等待的留着，重新启用后一起发出。",
        "The receiver gets nothing from now on. What waits is kept, and is sent when it is enabled again.",
    ),
    "costs.on": ("等待的消息会立即一起发出。", "All that waits is sent at once."),
    "costs.secret": (
        "一天之内新旧密钥都签名，接收方要在此期间换上新的。旧密钥不能恢复。",
        "For a day both secrets sign, in which the receiver takes the new one. The one before does not come back.",
    ),
    "costs.secret_again": (
        "不久前已经换过一次：换下的那个到 {at} 为止仍然签名，再换一次它立即作废。",
        "Another one was given a short while ago: that from before signs until {at}, and no more once this is done.",
    ),
    "costs.remove": (
        "等待发送的 {waiting} 条永远不会发出；已放弃的 {n} 条、全部发送记录和签名密钥一起删除，不能恢复。"
        "只想暂停，请停用。",
        "The {waiting} messages that wait are never sent; they go with the {n} that were given up, with all of the"
        " ledger and the secret, and do not come back. To pause it, disable it.",
    ),
    "costs.resend": (
        "{n} 条消息会再次发给接收方，编号不变。发出后不能收回。",
        "{n} messages go to the receiver again, by the same ids. What is sent can not be taken back.",
    ),
    "done.off": ("推送已停用。", "The webhook is disabled."),
    "done.on": ("推送已启用。", "The webhook is enabled."),
    "done.webhook_removed": ("推送已删除。", "The webhook is removed."),
    "once.secret_before": (
        "一天之内旧密钥也有效。",
        "The secret before signs, too, for a day.",
    ),
    "done.resend": ("已放弃的消息重新排队。", "What was given up waits to be sent again."),
    "once.webhook.title": ("推送 {name} 的签名密钥", "Secret of the webhook {name}"),
    "once.webhook": (
        "现在就交给接收方，用来核对签名：离开此页后谁也看不到它。",
        "Hand it to the receiver now, who checks signatures by it: nobody can see it again after this page.",
    ),
}
