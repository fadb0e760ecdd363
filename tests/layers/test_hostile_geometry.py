"""No geometry column takes what is no geometry of a place: refused with a sentence that people can read.

Whether a shape is valid is the one question that costs much: it is asked once, and of too many vertices never.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from shapely import MultiPolygon

from tests import places
from tests.factories import (
    Town,
    ewkb,
    insert,
    make_building,
    make_camera,
    make_draft,
    make_incident,
    make_jurisdiction,
    select_one,
)
from tests.layers.hostile import AREAS, INVALID, POINTS, circle

#: How often this session asked whether a shape is valid, and why it is not.
VALIDITY_ASKED = """
    SELECT coalesce(sum(calls), 0) FROM pg_stat_xact_user_functions WHERE funcname IN ('st_isvalid', 'st_isvalidreason')
"""
#: Of one refused row: whether it is valid, and why it is not.
ASKED_MOST = 2


GRID = {"code": "x", "name": "x"}
BUILDING = {"code": "x"}
JURISDICTION = {"code": "x", "name": "x", "metric_srid": 4540}
AREA_COLUMNS = [
    ("grid", "geom", GRID, "Grid x"),
    ("building", "geom", BUILDING, "Building x"),
    ("jurisdiction", "outline", JURISDICTION, "The outline of jurisdiction x"),
]
POINT_COLUMNS = [
    ("household", "geom", {"age_18_59": 1}, "Household "),
    ("camera", "geom", {"code": "x", "bearing_deg": 0, "fov_deg": 60, "range_m": 50}, "Camera x"),
    ("organisation", "geom", {"code": "x", "name": "x", "kind": "partner"}, "Organisation x"),
    ("incident", "geom", {"service_code": "light"}, "The place"),
]


@pytest.fixture
def connection(layers_url: str) -> Iterator[Connection[Any]]:
    """Return a superuser's connection that counts what functions are called, in a transaction that is rolled back."""
    # From its beginning: what is planned before counts nothing.
    with psycopg.connect(layers_url, options="-c track_functions=all") as connection:
        yield connection
        connection.rollback()


def belonging(connection: Connection[Any], town: Town, table: str) -> dict[str, object]:
    """Return the columns that say where a row of a table belongs."""
    if table == "grid":
        return {"edition_id": make_draft(connection, town.jurisdiction_id, {})}
    return {} if table == "jurisdiction" else {"jurisdiction_id": town.jurisdiction_id}


def assert_refused(
    connection: Connection[Any], table: str, columns: dict[str, object], sentence: str, *, asked_most: int = ASKED_MOST
) -> None:
    before = select_one(connection, VALIDITY_ASKED)
    with pytest.raises(psycopg.Error, match=sentence), connection.transaction():
        insert(connection, table, columns)
    assert select_one(connection, VALIDITY_ASKED) - before <= asked_most


def asked_most_of(refusal: str) -> int:
    """Return how often the refusal of an area may have asked whether it is valid."""
    return ASKED_MOST if refusal.startswith(INVALID) else 0


def test_what_asks_whether_a_shape_is_valid_is_counted(connection: Connection[Any]) -> None:
    connection.execute(
        "SELECT st_isvalid(geom), st_isvalidreason(geom) FROM (VALUES ('POINT(0 0)'::geometry)) AS v (geom)"
    )

    assert select_one(connection, VALIDITY_ASKED) == 2


@pytest.mark.parametrize(("vertices", "asked"), [(100_000, 1), (100_001, 0)])
def test_a_check_asks_whether_so_many_vertices_are_valid(
    connection: Connection[Any], vertices: int, asked: int
) -> None:
    shape = ewkb(MultiPolygon([circle(vertices)]))

    assert select_one(connection, "SELECT geoservice.is_sound(%s::geometry)", shape) is bool(asked)
    assert select_one(connection, VALIDITY_ASKED) == asked


def sentence_about(what: str, refusal: str) -> str:
    """Return what the refusal begins with: the row by its name, unless the column's type already said no."""
    own = refusal.startswith(("has ", "is not"))
    return "|".join(f"^{what}.*{part}" for part in refusal.split("|")) if own else refusal


@pytest.mark.parametrize(("table", "column", "columns", "what"), AREA_COLUMNS, ids=[c[0] for c in AREA_COLUMNS])
def test_an_area_that_is_none_is_refused(
    connection: Connection[Any], town: Town, table: str, column: str, columns: dict[str, object], what: str
) -> None:
    columns = belonging(connection, town, table) | columns
    for geom, refusal in AREAS.values():
        row = columns | {column: geom}

        assert_refused(connection, table, row, sentence_about(what, refusal), asked_most=asked_most_of(refusal))


@pytest.mark.parametrize(("table", "column", "columns", "what"), POINT_COLUMNS, ids=[c[0] for c in POINT_COLUMNS])
def test_a_position_that_is_none_is_refused(
    connection: Connection[Any], town: Town, table: str, column: str, columns: dict[str, object], what: str
) -> None:
    columns = belonging(connection, town, table) | columns
    for geom, refusal in POINTS.values():
        assert_refused(connection, table, columns | {column: geom}, sentence_about(what, refusal), asked_most=0)


@pytest.mark.parametrize("shape", ["bow-tie", "not a number", "empty", "star of 4,000 vertices", "1,000,000 vertices"])
def test_an_area_can_not_become_none_by_an_update_either(connection: Connection[Any], town: Town, shape: str) -> None:
    make_building(connection, town.jurisdiction_id)
    geom, refusal = AREAS[shape]

    with pytest.raises(psycopg.Error, match=sentence_about("Building b1", refusal)):
        connection.execute("UPDATE geoservice.building SET geom = %s::geometry", [geom])


def test_a_position_can_not_become_none_by_an_update_either(connection: Connection[Any], town: Town) -> None:
    make_incident(connection)
    for geom, refusal in POINTS.values():
        with pytest.raises(psycopg.Error, match=sentence_about("The place", refusal)), connection.transaction():
            connection.execute("UPDATE geoservice.incident SET geom = %s::geometry", [geom])


def test_copy_refuses_a_position_that_is_none_too(connection: Connection[Any], town: Town) -> None:
    copy = "COPY geoservice.incident (service_code, geom) FROM STDIN"
    for place, (geom, refusal) in POINTS.items():
        if place == "metres without a reference system":
            continue  # which are taken for degrees
        with (
            pytest.raises(psycopg.Error, match=refusal),
            connection.transaction(),
            connection.cursor().copy(copy) as rows,
        ):
            rows.write_row(("light", places.CENTRE.wkt))
            rows.write_row(("light", geom))


def test_the_largest_shape_allowed_is_stored(connection: Connection[Any], town: Town) -> None:
    building = make_building(connection, town.jurisdiction_id, geom=circle(100_000))

    assert select_one(connection, "SELECT st_npoints(%s::geometry)", building["geom"]) == 100_000


def test_degrees_without_a_reference_system_are_taken_for_wgs_84(connection: Connection[Any], town: Town) -> None:
    """The column's type labels them before any check can see it; PostGIS offers no way to refuse."""
    bare = places.CENTRE.wkt.removeprefix("SRID=4326;")

    incident = insert(connection, "incident", {"service_code": "light", "geom": bare})

    assert (incident["grid_code"], select_one(connection, "SELECT st_srid(%s::geometry)", incident["geom"])) == (
        "B",
        4326,
    )


# The base map takes lines and areas of any type, and no trigger speaks for it.

BASEMAP_AREAS = [name for name, (geom, refusal) in AREAS.items()
                 if geom is not None and "does not match column type" not in refusal]  # fmt: skip


def test_the_base_map_refuses_areas_that_are_none(connection: Connection[Any], town: Town) -> None:
    for geom, refusal in (AREAS[shape] for shape in BASEMAP_AREAS):
        row = {"jurisdiction_id": town.jurisdiction_id, "kind": "green", "geom": geom}

        assert_refused(connection, "basemap_feature", row, ".", asked_most=asked_most_of(refusal))


@pytest.mark.parametrize("shape", ["bow-tie", "empty", "out of range", "100,001 vertices"])
def test_the_base_map_says_what_is_wrong_with_an_area(connection: Connection[Any], town: Town, shape: str) -> None:
    row = {"jurisdiction_id": town.jurisdiction_id, "kind": "green", "geom": AREAS[shape][0]}
    sentence = AREAS[shape][1]

    assert_refused(connection, "basemap_feature", row, sentence)


@pytest.mark.parametrize(
    "geom",
    ["CIRCULARSTRING(0 0,1 1,2 0)", "COMPOUNDCURVE((0 0,1 1))", "CURVEPOLYGON(CIRCULARSTRING(0 0,4 0,4 4,0 4,0 0))",
     "MULTICURVE((0 0,1 1))", "TIN(((0 0,1 0,1 1,0 0)))", "TRIANGLE((0 0,1 0,1 1,0 0))"],
)  # fmt: skip
def test_the_base_map_refuses_what_no_map_can_draw(connection: Connection[Any], town: Town, geom: str) -> None:
    row = {"jurisdiction_id": town.jurisdiction_id, "kind": "street", "geom": f"SRID=4326;{geom}"}

    assert_refused(connection, "basemap_feature", row, "is a line or an area, not a", asked_most=0)


def test_what_a_finding_points_at_does_not_have_to_be_sound(connection: Connection[Any], town: Town) -> None:
    """A finding shows the defect as it is; only the service writes findings."""
    row = {"edition_id": town.edition_id, "rule": "invalid", "severity": "error", "grid_codes": ["x"],
           "message": "Crosses itself.", "geom": AREAS["bow-tie"][0]}  # fmt: skip

    assert insert(connection, "finding", row)["geom"] is not None


# What is not the geometry itself but makes one.


@pytest.mark.parametrize(
    ("column", "value"),
    [("bearing_deg", "NaN"), ("bearing_deg", 360), ("bearing_deg", -1),
     pytest.param("fov_deg", "NaN"),
     ("fov_deg", 0), ("fov_deg", 361), ("range_m", "NaN"), ("range_m", "Infinity"), ("range_m", 0),
     ("range_m", 2001)],
)  # fmt: skip
def test_a_camera_with_a_view_that_is_none_is_refused(
    connection: Connection[Any], town: Town, column: str, value: object
) -> None:
    with pytest.raises(psycopg.Error, match=r"degrees from north|null value in column"):
        make_camera(connection, town.jurisdiction_id, **{column: value})


@pytest.mark.parametrize("column", ["bearing_deg", "fov_deg", "range_m"])
def test_a_camera_whose_view_is_not_known_is_a_point_alone(
    connection: Connection[Any], town: Town, column: str
) -> None:
    assert make_camera(connection, town.jurisdiction_id, **{column: None})["sector"] is None


def test_what_sees_all_around_needs_no_bearing(connection: Connection[Any], town: Town) -> None:
    camera = make_camera(connection, town.jurisdiction_id, bearing_deg=None, fov_deg=360)

    assert select_one(connection, "SELECT st_covers(%s::geometry, %s::geometry)", camera["sector"], camera["geom"])


def test_a_view_sector_is_the_triggers_whatever_is_written(connection: Connection[Any], town: Town) -> None:
    camera = make_camera(connection, town.jurisdiction_id, sector="SRID=4326;POLYGON((0 0,1 0,1 1,0 0))")

    drawn = "SELECT %s::geometry = geoservice.view_sector(%s::geometry, 0, 60, 50)"
    assert select_one(connection, drawn, camera["sector"], places.CENTRE.wkt)


def test_every_view_that_is_allowed_has_a_sound_sector(connection: Connection[Any], town: Town) -> None:
    for fov_deg, bearing_deg in itertools.product((0.001, 1, 90, 180, 270, 359.999, 360), (0, 45, 359.999)):
        view = {"code": f"{fov_deg} {bearing_deg}", "fov_deg": fov_deg, "bearing_deg": bearing_deg, "range_m": 2000}
        camera = make_camera(connection, town.jurisdiction_id, **view)

        assert select_one(connection, "SELECT geoservice.is_sound(%s::geometry)", camera["sector"]), view


@pytest.mark.parametrize("column", ["received_x", "received_y"])
@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_coordinates_as_received_are_numbers(connection: Connection[Any], town: Town, column: str, value: str) -> None:
    with pytest.raises(psycopg.Error, match=column):
        make_incident(connection, **{column: value})


@pytest.mark.parametrize("accuracy_m", ["NaN", "Infinity", -1, 1000.1])
def test_an_accuracy_that_is_none_is_refused(connection: Connection[Any], town: Town, accuracy_m: object) -> None:
    with pytest.raises(psycopg.Error, match="The accuracy is 0 to 1000 metres"):
        make_incident(connection, accuracy_m=accuracy_m)


@pytest.mark.parametrize(
    ("reported_at", "told"),
    [
        ("infinity", "made at infinity, which is still to come"),
        ("-infinity", "incident_reported_at_check"),
        ("0044-03-15 BC", "incident_reported_at_check"),
        ("1899-12-31 23:59Z", "incident_reported_at_check"),
    ],
)
def test_an_instant_that_is_none_is_refused(
    connection: Connection[Any], town: Town, reported_at: str, told: str
) -> None:
    with pytest.raises(psycopg.Error, match=told):
        make_incident(connection, reported_at=reported_at)


@pytest.mark.parametrize("tolerance", ["snap_tolerance_m", "accuracy_m"])
@pytest.mark.parametrize("metres", ["NaN", "Infinity", -1, 1000.1])
def test_a_tolerance_that_is_none_is_refused(
    connection: Connection[Any], town: Town, tolerance: str, metres: object
) -> None:
    with pytest.raises(psycopg.Error, match=f"jurisdiction_{tolerance}_check"):
        make_jurisdiction(connection, code="x", **{tolerance: metres})
