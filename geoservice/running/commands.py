"""The children's commands and environment: what the supervisor, or `geoservice serve`, has started. Starts nothing."""

from __future__ import annotations

import os
import sys

from geoservice.settings import Settings

APPLICATION = "geoservice.wsgi:app"
EVENTS_APPLICATION = "geoservice.asgi:app"

#: A stopping worker may finish the requests it has begun for this long. Longer than any statement may run.
FINISH_REQUESTS_S = 8
#: A stream has no end of its own: whoever listens comes back and says where it was.
CUT_STREAMS_S = 1
#: The worker lets the attempts that are under way end, for two seconds, and notes what became of them.
FINISH_ATTEMPTS_S = 5


def web_arguments(settings: Settings, *, application: str = APPLICATION) -> tuple[str, ...]:
    """Return the arguments of the web server."""
    return (
        *("--interface", "wsgi", "--host", settings.host, "--port", str(settings.port)),
        *("--workers", str(settings.workers), "--threads", str(settings.threads)),
        *("--finish-s", str(FINISH_REQUESTS_S), "--log-level", settings.log_level.lower()),
        application,
    )


def events_arguments(settings: Settings) -> tuple[str, ...]:
    """Return the arguments of the server that streams events; the settings name a port for it."""
    return (
        *("--interface", "asgi", "--host", settings.host, "--port", str(settings.events_at)),
        *("--workers", "1", "--threads", "1"),
        *("--finish-s", str(CUT_STREAMS_S), "--log-level", settings.log_level.lower()),
        EVENTS_APPLICATION,
    )


def web_command(settings: Settings, *, application: str = APPLICATION) -> list[str]:
    """Return the command of the web server."""
    return [sys.executable, "-m", "geoservice.running.webserver", *web_arguments(settings, application=application)]


def events_command(settings: Settings) -> list[str]:
    """Return the command of the server that streams events; the settings name a port for it."""
    return [sys.executable, "-m", "geoservice.running.webserver", *events_arguments(settings)]


def worker_command() -> list[str]:
    """Return the command of the worker."""
    return [sys.executable, "-m", "geoservice.worker"]


def web_environment(database_url: str) -> dict[str, str]:
    """Return the environment of the web server: ours, with the address of the login that serves, and no other."""
    ours = {name: text for name, text in os.environ.items() if name.upper() != "GEOSERVICE_DATABASE_OWNER_URL"}
    return ours | {"GEOSERVICE_DATABASE_URL": database_url}
