"""A service that keeps files of features which are brought on pages, and who brings them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from geoservice.services.layers import uploads
from geoservice.settings import Settings
from geoservice.wiring import Services, build_services
from tests.conftest import as_service
from tests.geoservice.pages.admin.people import Administrator
from tests.loading import stop


@pytest.fixture
def services(community_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """Return every service on the demo community; files are read in this process, which starts at once."""
    monkeypatch.setattr(uploads, "in_child", lambda work, given, *, longest_s: work(*given))
    services = build_services(
        Settings(
            database_url=SecretStr(as_service(community_url)), pool_size=4, data_dir=tmp_path, upload_bytes=200_000,
            upload_features=1_000,
        )
    )  # fmt: skip
    yield services
    stop(services)


@pytest.fixture
def admin(services: Services) -> Administrator:
    return Administrator(services)


@pytest.fixture
def kept(tmp_path: Path) -> Callable[[], list[str]]:
    """Return what is left of files that were brought."""
    return lambda: [str(one) for one in (tmp_path / "uploads").rglob("*") if one.is_file() and one.name != ".servers"]
