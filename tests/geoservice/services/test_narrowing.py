"""Late and due soon are two filters of a map; with both, either will do."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from geoservice.services.narrowing import Due, Narrowing
from layers.incidents.in_hand import InHand

NOW = datetime(2026, 12, 1, tzinfo=UTC)
ONE = InHand(UUID(int=1), 91.77, 29.24, "accepted", "dogs", "patrol", "G1", NOW, False, None, None, False, False)


@pytest.mark.parametrize(("narrowing", "let"), [
    (Narrowing(), {"late", "soon", "open"}), (Narrowing(late=True), {"late"}), (Narrowing(soon=True), {"soon"}),
    (Narrowing(late=True, soon=True), {"late", "soon"}),
])  # fmt: skip
def test_what_is_let_through(narrowing: Narrowing, let: set[Due]) -> None:
    dues: tuple[Due, ...] = ("late", "soon", "open")
    assert {due for due in dues if narrowing.lets(ONE, due, NOW)} == let
