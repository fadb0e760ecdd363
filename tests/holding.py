"""Services that answer look-ups from memory, and those that do not."""

from __future__ import annotations

import time

from geoservice.wiring import Services

#: Far longer than reading the demo takes, on a machine however busy.
PATIENCE_S = 20.0


def wait_until_held(services: Services) -> None:
    """Begin to hold editions in memory, and wait until they are there."""
    keeper = services.keeper
    assert keeper is not None
    keeper.start()
    deadline = time.monotonic() + PATIENCE_S
    while keeper.confirmed is None:
        assert time.monotonic() < deadline, keeper.failure
        time.sleep(0.01)


def stop(services: Services) -> None:
    """Close what services hold open."""
    if services.keeper is not None:
        services.keeper.stop()
    services.database.close()
