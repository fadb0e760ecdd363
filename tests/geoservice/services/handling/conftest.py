"""What tests of handling share."""

from __future__ import annotations

import pytest

from layers.db.session import Database
from tests.geoservice.services.handling.desk import Desk


@pytest.fixture
def desk(database: Database, database_url: str) -> Desk:
    """Return a town where incidents are handled."""
    return Desk(database, database_url)
