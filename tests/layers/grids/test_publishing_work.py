"""What publishing looks at, by count: a plan that goes through everything for each thing is found on few grids too."""

from __future__ import annotations

from typing import Any

import shapely
from psycopg import Connection

from tests.factories import Town, insert, make_edition, make_jurisdiction, select_one
from tests.geoservice.engine.partitions import squares
from tests.places import multi
from tests.publishing import publish_turned

SIDE, STEP = 15, 2.0**-9
BY_CODE = "EXPLAIN SELECT FROM geoservice.territory WHERE jurisdiction_id = 1 AND code = 'A'"
MEASURED = "SELECT coalesce(sum(calls), 0) FROM pg_stat_xact_user_functions WHERE funcname = 'st_dwithin'"


def test_spells_are_found_by_code_without_a_walk_through_the_key(connection: Connection[Any], town: Town) -> None:
    connection.execute("SET LOCAL enable_seqscan = off")
    connection.execute("SET LOCAL enable_bitmapscan = off")

    plan = connection.execute(BY_CODE).fetchall()

    assert "ix_territory_jurisdiction_id_code" in str(plan)


def test_households_that_nothing_is_known_of_are_still_found_from_the_ground(connection: Connection[Any]) -> None:
    shapes = [multi(one) for one in squares(91.0, 29.0, STEP, SIDE)]
    city = make_jurisdiction(connection, code="city", outline=multi(shapely.union_all(shapes)))
    make_edition(connection, city, {f"{number:03d}": one for number, one in enumerate(shapes)})
    for shape in shapes:
        insert(connection, "household", {"jurisdiction_id": city, "age_18_59": 2, "geom": shape.centroid})
    connection.execute("SET LOCAL track_functions = 'all'")
    before = select_one(connection, MEASURED)

    publish_turned(connection, city)

    assert select_one(connection, MEASURED) - before <= 10 * len(shapes), "each was measured from all of the ground"
