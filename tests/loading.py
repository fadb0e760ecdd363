"""Services that answer look-ups from memory, and those that do not."""

from __future__ import annotations

import time

from geoservice.wiring import Services

#: Far longer than reading the demo takes, on a machine however busy.
PATIENCE_S = 20.0


def wait_until_loaded(services: Services) -> None:
    """Begin to hold editions in memory, and wait until they are there."""
    cache = services.cache
    assert cache is not None
    cache.start()
    deadline = time.monotonic() + PATIENCE_S
    while cache.confirmed is None:
        assert time.monotonic() < deadline, cache.failure
        time.sleep(0.01)


def stop(services: Services) -> None:
    """Close what services hold open."""
    if services.cache is not None:
        services.cache.stop()
    services.database.close()
