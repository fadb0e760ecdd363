"""The application object that a WSGI server imports: `geoservice.wsgi:app`."""

from geoservice.app import create_app
from geoservice.settings import Settings
from geoservice.web.logging import configure_logging
from geoservice.wiring import build_services

_settings = Settings()
configure_logging(_settings.log_level)
_services = build_services(_settings)
app = create_app(_settings, services=_services)
if _services.cache is not None:
    _services.cache.start()
