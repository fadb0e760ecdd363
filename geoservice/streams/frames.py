"""How an event is written into a stream: the event-stream format of the HTML standard."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from geoservice.records.outbox.model import Event

#: Said when nothing else is, so that both ends notice when the other is gone.
HEARTBEAT = b": still here\n\n"
#: After a break a browser comes back so soon.
RETRY_MS = 2000


def message_of(event: Event) -> bytes:
    """Return an event as one message; its number is its id."""
    fields = {
        "number": event.number, "type": event.type, "at": event.at.isoformat(), "jurisdiction": event.jurisdiction_code,
        **event.data,
    }  # fmt: skip
    return b"id: %d\ndata: %s\n\n" % (event.number, _line(fields))


def opening(number: int, *, hears_incidents: bool) -> bytes:
    """Return what a stream begins with: from which number on it tells, to be repeated on coming back, and what of."""
    told = _line({"after": number, "incidents": hears_incidents})
    return b"retry: %d\nid: %d\nevent: open\ndata: %s\n\n" % (RETRY_MS, number, told)


def gap(asked: int, number: int) -> bytes:
    """Return what is said when what was asked for is no longer kept, or never was: it goes on after `number`."""
    return b"id: %d\nevent: gap\ndata: %s\n\n" % (number, _line({"asked": asked, "after": number}))


def _line(fields: Mapping[str, Any]) -> bytes:
    # JSON escapes line breaks, so a value can not end the message.
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
