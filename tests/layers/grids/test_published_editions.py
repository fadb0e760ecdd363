"""What is read to answer from memory is what is in force, hash and all."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from geoservice.wiring import Services
from layers.errors import NoRow
from layers.grids.published_editions import published_edition_at, published_editions, shapes_of


def test_the_edition_in_force_is_held_with_the_hash_of_what_was_read(services: Services) -> None:
    with services.database.transaction() as connection:
        held = published_editions(connection, over=2)
        assert [one.jurisdiction_code for one in held] == ["sare"]
        shapes = shapes_of(connection, held[0].edition_id)
        assert published_edition_at(connection, jurisdiction_id=held[0].jurisdiction_id) is not None
        before = datetime(1990, 1, 1, tzinfo=UTC)
        assert published_edition_at(connection, jurisdiction_id=held[0].jurisdiction_id, at=before) is None
    assert held[0].is_first
    assert held[0].valid_to is None
    assert shapes.content_hash == held[0].content_hash
    assert list(shapes.codes) == sorted(shapes.codes, key=str.encode)
    assert len(shapes.codes) == len(shapes.names) == len(shapes.geoms) == 8


def test_an_edition_that_is_not_there_has_no_shapes(services: Services) -> None:
    with services.database.transaction() as connection, pytest.raises(NoRow):
        shapes_of(connection, 999_999)
