"""The application object of the events' process, which an ASGI server imports: `geoservice.asgi:app`."""

from geoservice.running.logging import configure_logging
from geoservice.settings import Settings
from geoservice.wiring import build_streams

_settings = Settings()
configure_logging(_settings.log_level)
app = build_streams(_settings)
