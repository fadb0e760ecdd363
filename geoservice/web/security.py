"""What every answer says to browsers, and which hosts and sizes are taken."""

from __future__ import annotations

from flask import Flask, Response

from geoservice.settings import Settings

#: What every answer says to browsers.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
}


def harden(app: Flask, settings: Settings) -> None:
    """Set limits and headers."""
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.config["MAX_STREAM_LENGTH"] = settings.max_stream_bytes
    app.config["TRUSTED_HOSTS"] = list(trusted_hosts(settings)) or None
    app.url_map.merge_slashes = False  # an address has one spelling: no redirect that repeats the caller's Host
    app.after_request(_add_headers)


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)  # a page has a policy of its own
    return response


def trusted_hosts(settings: Settings) -> tuple[str, ...]:
    """Return the host names that requests may carry; none: any."""
    return tuple(host.strip() for host in settings.trusted_hosts.split(",") if host.strip())
