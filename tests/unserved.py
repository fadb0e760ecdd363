"""The application with nobody behind it, made once: for its routes and its document."""

from __future__ import annotations

from pydantic import SecretStr

from geoservice.app import create_app
from geoservice.settings import Settings

APP = create_app(Settings(database_url=SecretStr("postgresql://unused")))
