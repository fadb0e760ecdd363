"""The rule of ownership on a partition made by hand: who owns a place, and what the answer says about its border."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import psycopg
import pytest
import shapely
from psycopg import Connection, sql
from psycopg.rows import dict_row
from shapely import affinity
from sqlalchemy import make_url

from geoservice.services import schema
from tests import places
from tests.depth import depths
from tests.factories import Town, ewkb, make_edition, make_jurisdiction, make_town
from tests.oracles import border_distance_m, distances_m, owners_by_covers, probes, random_lonlats
from tests.places import PLACES, Place

Answer = dict[str, Any]


def owner_of(
    connection: Connection[Any], place: Place, *, accuracy_m: float | None = None, jurisdiction_id: int | None = None
) -> Answer:
    asked = [place.wkt, accuracy_m, jurisdiction_id]
    query = "SELECT * FROM geoservice.owner_of(%s::geometry, now(), %s, %s)"
    row = connection.cursor(row_factory=dict_row).execute(query, asked).fetchone()
    assert row is not None
    return row


def owners_of(
    connection: Connection[Any], lonlats: Sequence[Sequence[float]], accuracy_m: float | None = None
) -> list[Answer]:
    query = """
        SELECT o.* FROM unnest(%s::float8[], %s::float8[]) WITH ORDINALITY AS p (lon, lat, number),
               geoservice.owner_of(st_setsrid(st_makepoint(lon, lat), 4326), now(), %s) AS o ORDER BY number
    """
    asked = [[p[0] for p in lonlats], [p[1] for p in lonlats], accuracy_m]
    return connection.cursor(row_factory=dict_row).execute(query, asked).fetchall()


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_every_named_place_has_the_owner_and_method_that_the_rule_says(
    connection: Connection[Any], town: Town, place: Place
) -> None:
    answer = owner_of(connection, place)

    assert (answer["grid_code"], answer["method"]) == (place.owner, place.method)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_asking_one_jurisdiction_gives_the_same_owner_as_asking_all(
    connection: Connection[Any], town: Town, place: Place
) -> None:
    answer = owner_of(connection, place, jurisdiction_id=town.jurisdiction_id)

    assert (answer["grid_code"], answer["method"]) == (place.owner, place.method)


@pytest.fixture
def chinese_collation_url(cluster_url: str) -> Iterator[str]:
    """Return the URL of a migrated database that sorts text as Chinese readers expect: a before B, 9 after 10."""
    database = f"geoservice_zh_{os.getpid()}"
    name = sql.Identifier(database)
    url = make_url(cluster_url).set(database=database).render_as_string(hide_password=False)
    with psycopg.connect(cluster_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        connection.execute(
            sql.SQL(
                "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'"
                " LOCALE_PROVIDER icu ICU_LOCALE 'zh-u-kn'"
            ).format(name)
        )
        schema.upgrade(url)
        yield url
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def test_ties_are_broken_by_bytes_where_the_database_sorts_otherwise(chinese_collation_url: str) -> None:
    with psycopg.connect(chinese_collation_url) as connection:
        make_town(connection)
        sorts_otherwise = connection.execute("SELECT 'a' < 'B', '9' < '10'").fetchone()

        owners = {place: owner_of(connection, place)["grid_code"] for place in PLACES}

    assert sorts_otherwise == (True, True)
    assert owners == {place: place.owner for place in PLACES}


def test_random_places_vertices_and_edge_middles_agree_with_brute_force(
    connection: Connection[Any], town: Town
) -> None:
    west, south, east, north = places.OUTLINE.bounds
    scattered = random_lonlats((west - 0.001, south - 0.001, east + 0.001, north + 0.001), 5000, seed=1)
    lonlats = np.concatenate([scattered, probes(places.GRIDS)])

    answers = owners_of(connection, lonlats.tolist())

    owners = [a["grid_code"] if a["method"] == "covers" else None for a in answers]
    assert owners == owners_by_covers(places.GRIDS, lonlats)


@depths(1_500, 4_000)
def test_outside_the_nearest_grid_within_tolerance_owns_and_no_other(
    connection: Connection[Any], town: Town, depth: int
) -> None:
    rim = shapely.buffer(places.OUTLINE, 0.0004).difference(places.OUTLINE)
    lonlats = [p for p in random_lonlats(rim.bounds, depth, seed=2).tolist() if shapely.intersects_xy(rim, *p)][:300]

    for (lon, lat), answer in zip(lonlats, owners_of(connection, lonlats), strict=True):
        distances = distances_m(places.GRIDS, lon, lat)
        nearest_m = min(distances.values())
        if abs(nearest_m - 25) < 0.025:  # 0.1 %: what the plane may differ from the geodesic
            continue
        assert answer["method"] == ("nearest" if nearest_m <= 25 else "none")
        if answer["method"] == "nearest":
            assert distances[answer["grid_code"]] == pytest.approx(nearest_m, rel=1e-3, abs=1e-3)
            assert answer["distance_to_border_m"] == pytest.approx(nearest_m, rel=1e-3, abs=1e-3)


@depths(150, 400)
def test_candidates_and_distances_are_geodesic_within_a_thousandth(
    connection: Connection[Any], town: Town, depth: int
) -> None:
    lonlats = random_lonlats(places.OUTLINE.bounds, depth, seed=3).tolist()

    for (lon, lat), answer in zip(lonlats, owners_of(connection, lonlats, 60), strict=True):
        if answer["method"] != "covers":
            continue
        border_m = border_distance_m(places.GRIDS[answer["grid_code"]], lon, lat)
        assert answer["distance_to_border_m"] == pytest.approx(border_m, rel=1e-3, abs=1e-3)
        if abs(border_m - 60) > 0.06:
            assert answer["near_border"] == (border_m < 60)
        near = {c: m for c, m in distances_m(places.GRIDS, lon, lat).items() if m < 60 - 0.06}
        told = {c["grid_code"]: c["distance_m"] for c in answer["candidates"] or ()}
        if answer["near_border"]:
            assert near.items() <= {c: pytest.approx(m, rel=1e-3, abs=1e-3) for c, m in told.items()}.items()
            assert max(told.values()) <= 60 * 1.001


def test_candidates_come_nearest_first_and_begin_with_the_owner(connection: Connection[Any], town: Town) -> None:
    place = Place("near the corner of B, a and 10", *places.lonlat(3.9, 5.02), "B")

    answer = owner_of(connection, place, accuracy_m=30)

    assert [c["grid_code"] for c in answer["candidates"]] == ["B", "a", "10"]
    assert answer["candidates"][0]["distance_m"] == 0


@pytest.mark.parametrize("place", [places.ON_BORDER, places.AT_TRIPOINT, places.ON_HOLE_EDGE], ids=lambda p: p.name)
def test_on_a_border_every_neighbour_is_a_candidate_at_no_distance(
    connection: Connection[Any], town: Town, place: Place
) -> None:
    answer = owner_of(connection, place, accuracy_m=1)

    touching = sorted((c for c, g in places.GRIDS.items() if shapely.intersects_xy(g, place.lon, place.lat)),
                      key=str.encode)  # fmt: skip
    assert answer["near_border"]
    assert answer["candidates"] == [{"grid_code": code, "distance_m": 0} for code in touching]


def test_near_border_compares_with_the_senders_accuracy_and_else_the_jurisdictions(
    connection: Connection[Any], town: Town
) -> None:
    place = Place("20 m east of the border of B", *places.beside(4, 7, azimuth_deg=90, distance_m=20), "a")

    near_border = [owner_of(connection, place, accuracy_m=m)["near_border"] for m in (None, 0, 19.9, 20.1, 1000)]

    assert near_border == [False, False, False, True, True]


def test_far_from_every_grid_nothing_is_said_about_borders(connection: Connection[Any], town: Town) -> None:
    answer = owner_of(connection, places.FAR)

    assert answer["distance_to_border_m"] is None
    assert (answer["near_border"], answer["candidates"]) == (False, None)


def test_equally_near_grids_outside_a_slanted_rim_go_to_the_smallest_code(connection: Connection[Any]) -> None:
    degrees = 33
    turned = {code: affinity.rotate(geom, degrees, origin=places.lonlat(5, 5)) for code, geom in places.GRIDS.items()}
    town = make_jurisdiction(connection, outline=shapely.coverage_union_all(list(turned.values())), code="turned")
    make_edition(connection, town, turned)
    middle = affinity.rotate(shapely.Point(places.lonlat(7, 0)), degrees, origin=places.lonlat(5, 5))
    # Where rim and border meet, a place straight outwards is as near to 10 as to 9.
    away = [_outward(middle, degrees, metres) for metres in np.linspace(0.5, 20, 40)]

    owners = {answer["grid_code"] for answer in owners_of(connection, away)}

    assert owners == {"10"}


def _outward(middle: shapely.Point, degrees: float, metres: float) -> tuple[float, float]:
    """Return the place at right angles to the slanted rim, in the plane that SQL measures in."""
    lat = np.radians(middle.y)
    lon_m = 6378137 * np.cos(lat) / np.sqrt(1 - 0.00669437999014 * np.sin(lat) ** 2) * np.pi / 180
    lat_m = 6378137 * (1 - 0.00669437999014) / (1 - 0.00669437999014 * np.sin(lat) ** 2) ** 1.5 * np.pi / 180
    along = np.array([np.cos(np.radians(degrees)) * lon_m, np.sin(np.radians(degrees)) * lat_m])
    out = np.array([along[1], -along[0]]) / np.hypot(*along) * metres
    return middle.x + out[0] / lon_m, middle.y + out[1] / lat_m


@pytest.mark.parametrize("lonlat", [(np.nan, 29), (91, np.nan), (91, np.inf), (-np.inf, 29), (29, 91), (181, 0)])
def test_a_place_off_the_earth_is_refused_with_a_sentence(
    connection: Connection[Any], town: Town, lonlat: tuple[float, ...]
) -> None:
    sentence = "The place has a position that is not on the earth: POINT"

    with pytest.raises(psycopg.Error, match=sentence):
        connection.execute("SELECT geoservice.owner_of(%s::geometry)", [ewkb(shapely.Point(lonlat))])


def test_a_place_that_is_empty_or_missing_is_refused_with_a_sentence(connection: Connection[Any], town: Town) -> None:
    with pytest.raises(psycopg.Error, match="not on the earth: POINT EMPTY"), connection.transaction():
        connection.execute("SELECT geoservice.owner_of(st_geomfromtext('POINT EMPTY', 4326))")

    with pytest.raises(psycopg.Error, match="The place has no position"):
        connection.execute("SELECT geoservice.owner_of(NULL)")


@pytest.mark.parametrize("accuracy_m", ["NaN", "Infinity", -1, 1001])
def test_an_accuracy_that_is_none_is_refused(connection: Connection[Any], town: Town, accuracy_m: object) -> None:
    with pytest.raises(psycopg.Error, match="accuracy"):
        connection.execute("SELECT geoservice.owner_of(%s::geometry, now(), %s)", [places.CENTRE.wkt, accuracy_m])


def test_plus_and_minus_180_degrees_are_the_same_place(connection: Connection[Any]) -> None:
    east = places.multi(shapely.box(179.99, 10, 180, 10.01))
    make_edition(connection, make_jurisdiction(connection, code="east", outline=east, metric_srid=32660), {"e": east})

    owners = [answer["grid_code"] for answer in owners_of(connection, [(180, 10.005), (-180, 10.005)])]

    assert owners == ["e", "e"]
