"""Good calls of what is done with a webhook; one that was removed by a call before is made anew."""

from __future__ import annotations

from geoservice.errors import WebhookUnknown
from tests.geoservice.web.door import Door


def is_call(path: str) -> bool:
    """Return whether an operation is about one webhook."""
    return path.startswith("/v1/webhooks/{id}")


def ready(door: Door) -> None:
    """See to it that the webhook of the door is there."""
    try:
        door.services.webhooks.webhook(int(door.existing["webhooks.id"]))
    except WebhookUnknown:
        made, _ = door.services.webhooks.add(door.existing["url"], topics={}, actor="door")
        door.existing["webhooks.id"] = str(made.id)
