"""A door on a community that the tests of a file share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from geoservice.settings import Settings
from geoservice.wiring import build_services
from tests.conftest import DatabaseMaker, as_service
from tests.geoservice.pages.accounts.people import People
from tests.loading import stop


@pytest.fixture(scope="module")
def hall(cluster_url: str, community_template: str) -> Iterator[People]:
    """Return a door on a community that the tests of this file share."""
    maker = DatabaseMaker(cluster_url)
    url = maker.clone(community_template)
    services = build_services(Settings(database_url=SecretStr(as_service(url)), pool_size=4))
    yield People(services, url)
    stop(services)
    maker.drop_all()


@pytest.fixture
def people(hall: People) -> People:
    """Return it without accounts, sessions and failures."""
    for table in ("session", "pending_sign_in", "second_factor", "account_link", "account", "sign_in_attempt"):
        hall.sql(f"DELETE FROM geoservice.{table}")  # noqa: S608
    return hall
