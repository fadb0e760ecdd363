"""What every answer says to browsers, and which hosts and sizes are taken."""

from __future__ import annotations

from flask import Flask, Response

from geoservice.settings import Settings

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
}


def harden(app: Flask, settings: Settings) -> None:
    """Set limits and headers."""
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    hosts = [host.strip() for host in settings.trusted_hosts.split(",") if host.strip()]
    app.config["TRUSTED_HOSTS"] = hosts or None
    app.url_map.merge_slashes = False  # an address has one spelling: no redirect that repeats the caller's Host
    app.after_request(_add_headers)


def _add_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)  # a page has a policy of its own
    return response
