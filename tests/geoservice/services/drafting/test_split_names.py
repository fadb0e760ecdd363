"""What a part of a split grid is called when nobody says it."""

from __future__ import annotations

import psycopg
from shapely import LineString

from geoservice.services.drafting.service import DraftService
from geoservice.services.editions import EditionService
from layers.db.session import Database
from tests.factories import make_edition, make_jurisdiction
from tests.geoservice.services.drafting.world import OUTLINE, SQUARES
from tests.places import lonlat


def test_a_part_is_not_named_after_a_grid_that_was_in_force_elsewhere(database: Database, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        make_edition(connection, make_jurisdiction(connection, outline=OUTLINE), SQUARES)
    drafts, editions = DraftService(database), EditionService(database)
    first = drafts.create("town", title="first").id
    drafts.split(first, "00", LineString([lonlat(3, -1), lonlat(3, 9)]), revision=None)
    editions.validate(first)
    editions.publish(first)
    second = drafts.create("town", title="second").id
    drafts.merge(second, ["00", "00-2"], "00", revision=None)

    edited = drafts.split(second, "00", LineString([lonlat(5, -1), lonlat(5, 9)]), revision=None)

    assert {grid.code for grid in edited.put} >= {"00", "00-3"}
