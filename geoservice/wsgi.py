"""The application object that a WSGI server imports: `geoservice.wsgi:app`."""

from geoservice.app import create_app
from geoservice.settings import Settings
from geoservice.web.logging import configure_logging

_settings = Settings()
configure_logging(_settings.log_level)
app = create_app(_settings)
