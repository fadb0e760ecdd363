"""Which database an instance has: its own, or the one that it was told."""

from __future__ import annotations

from geoservice.embedded.cluster import Cluster
from geoservice.settings import DatabaseUrls, Settings


def embedded_cluster(settings: Settings) -> Cluster | None:
    """Return the database that the service runs for itself; None when it was told another."""
    if not settings.embedded:
        return None
    return Cluster(settings.data_dir, settings.database_port, settings.service_account)


def database_urls(settings: Settings) -> DatabaseUrls:
    """Return the addresses of the database, whether it runs or not."""
    named = settings.database_urls
    if named is not None:
        return named
    cluster = Cluster(settings.data_dir, settings.database_port, settings.service_account)
    return DatabaseUrls(cluster.service_url, cluster.url)
