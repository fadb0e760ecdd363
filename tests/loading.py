"""Services that answer look-ups from memory, and those that do not."""

from __future__ import annotations

from geoservice.wiring import Services
from tests.waiting import wait_until


def wait_until_loaded(services: Services) -> None:
    """Begin to hold editions in memory, and wait until they are there."""
    cache = services.cache
    assert cache is not None
    cache.start()
    wait_until(lambda: cache.confirmed is not None, lambda: f"editions are in memory; {cache.failure}")


def stop(services: Services) -> None:
    """Close what services hold open."""
    if services.cache is not None:
        services.cache.stop()
    services.database.close()
