"""The demo community, built once for all its tests."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from geoservice.demo.community import build_community
from geoservice.demo.model import Community

#: An afternoon in the community: 16:30 in Asia/Shanghai.
NOW = datetime(2026, 5, 20, 8, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def community() -> Community:
    return build_community(now=NOW)
