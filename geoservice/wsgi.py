"""The application object that a WSGI server imports: `geoservice.wsgi:app`.

Importing this makes the application ready, without a connection or a thread, so that it can be done before a process
forks. Whoever takes `app` serves it: from then on what look-ups need is held in memory, where that is wanted.
"""

from __future__ import annotations

from flask_openapi3 import OpenAPI

from geoservice.app import create_app
from geoservice.running.logging import configure_logging
from geoservice.settings import Settings
from geoservice.wiring import build_services

_settings = Settings()
configure_logging(_settings.log_level)
_services = build_services(_settings)
_app = create_app(_settings, services=_services)


def __getattr__(name: str) -> OpenAPI:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if _services.cache is not None:
        _services.cache.start()
    return _app
