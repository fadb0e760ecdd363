"""A trap for each test that asks, and how receivers are known."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from geoservice.webhooks.sending import tls_context
from tests.geoservice.webhooks.receivers import Trap, make_certificate


@pytest.fixture
def trap() -> Iterator[Trap]:
    """Return a socket that must see no connection."""
    trap = Trap()
    yield trap
    trap.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """Return the certificate of receiver.test and 127.0.0.1, and what a server shows it with."""
    return make_certificate(tmp_path_factory.mktemp("tls"), "DNS:receiver.test", "IP:127.0.0.1")


@pytest.fixture(scope="session")
def tls(certificate: tuple[Path, ssl.SSLContext]) -> ssl.SSLContext:
    """Return what a sender knows receivers by: the system's authorities and that certificate."""
    return tls_context(certificate[0])
