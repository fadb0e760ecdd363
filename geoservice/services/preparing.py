"""What a database needs before the service can work in it: the schema, and the login that serves."""

from __future__ import annotations

from geoservice.services import schema
from geoservice.services.service_login import prepare_service_login
from geoservice.settings import DatabaseUrls


def prepare_database(urls: DatabaseUrls) -> str:
    """Bring the schema up to date and make the login that serves; return the revision. Safe to repeat.

    Raises: LayerNotAsDescribed, LayerError.
    """
    revision = schema.upgrade(urls.owner)
    prepare_service_login(urls.owner, urls.service)
    return revision
