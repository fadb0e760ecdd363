"""One application for all tests that only knock at its door: building one for each would take longer than the tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.geoservice.web.door import Door, open_door


@pytest.fixture(scope="session")
def door(live: Any) -> Iterator[Door]:
    """Return an application that shares its database with the live server."""
    with open_door(live.database_url) as door:
        yield door
