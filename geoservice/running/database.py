"""Which database an instance has: its own, or the one that it was told."""

from __future__ import annotations

from geoservice.embedded.cluster import Cluster
from geoservice.settings import Settings


def embedded_cluster(settings: Settings) -> Cluster | None:
    """Return the database that the service runs for itself; None when it was told another."""
    if not settings.embedded:
        return None
    return Cluster(settings.data_dir, settings.database_port, settings.service_account)


def own_database_url(settings: Settings) -> str:
    """Return the address of the database that the service was told; empty when none."""
    return settings.database_url.get_secret_value() if settings.database_url is not None else ""
