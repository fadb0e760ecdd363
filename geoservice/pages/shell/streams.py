"""Where a page listens to events: at the port of the events' server on the same host, or behind a proxy at its own."""

from __future__ import annotations

import re

from flask import request

from geoservice.settings import Settings

_HOST = re.compile(r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])", re.ASCII)
PATH = "/v1/events"


def stream_url(settings: Settings) -> str:
    """Return the address of the events for the page that is asked for; empty when nobody streams any."""
    if settings.events_at is None:
        return ""
    host, _, port = request.host.rpartition(":")
    direct = port == str(settings.port) and _HOST.fullmatch(host) is not None
    return f"{request.scheme}://{host}:{settings.events_at}{PATH}" if direct else PATH
