"""What every answer says to browsers, and which hosts and sizes are taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

from geoservice.settings import Settings

#: What every answer says to browsers.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    # What pages of this service never ask a browser for; the phone page asks where the phone is.
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=(), payment=(), usb=(), serial=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
}

#: Stands for every name, where that is meant.
ANY_HOST = "*"
LOOPBACK_HOSTS = ("localhost", "127.0.0.1")


def add_security_headers(app: Flask, settings: Settings) -> None:
    """Set limits and headers."""
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.config["MAX_STREAM_LENGTH"] = settings.max_stream_bytes
    app.config["TRUSTED_HOSTS"] = list(trusted_hosts(settings)) or None
    app.url_map.merge_slashes = False  # an address has one spelling: no redirect that repeats the caller's Host
    app.wsgi_app = SecurityHeaders(app.wsgi_app)  # type: ignore[method-assign]


class SecurityHeaders:
    """A WSGI application whose answers say what HEADERS says, unless they say it themselves: a page has its own policy.

    Outside Flask, because werkzeug's headers cost ten times as much as the lists that the server wants.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer."""

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            said = {name.lower() for name, _ in headers}
            headers = headers + [pair for name, pair in _PAIRS.items() if name not in said]
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        return self._app(environ, start)


_PAIRS = {name.lower(): (name, value) for name, value in HEADERS.items()}


def trusted_hosts(settings: Settings) -> tuple[str, ...]:
    """Return the host names that requests may carry, those of this machine for probes among them; none: any."""
    named = tuple(host.strip() for host in settings.trusted_hosts.split(",") if host.strip())
    return () if not named or ANY_HOST in named else (*named, *LOOPBACK_HOSTS)
