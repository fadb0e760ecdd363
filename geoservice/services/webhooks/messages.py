"""What a webhook's message says of an event: type, timestamp and data, as Standard Webhooks has them."""

from __future__ import annotations

import json
from uuid import UUID

from geoservice.records.outbox.model import Event
from geoservice.records.webhooks.model import Message


def message_of(event: Event) -> Message:
    """Return the message of an event. It says what a stream says, and as little of anybody."""
    body = {
        "type": event.type,
        "timestamp": event.at.isoformat(),
        "data": {"number": event.number, "jurisdiction": event.jurisdiction_code, **event.data},
    }
    incident = event.data.get("incident")
    return Message(
        event.number, event.type, None if incident is None else UUID(incident),
        json.dumps(body, ensure_ascii=False, separators=(",", ":")),
    )  # fmt: skip
