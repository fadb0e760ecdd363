"""A report that enters through any door is routed: psql, COPY, ogr2ogr, an edited pin, a hand on grid_code."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyogrio
import pytest
import shapely
from psycopg import Connection
from psycopg.rows import dict_row

from tests import places
from tests.factories import (
    LONG_AGO,
    Town,
    insert,
    make_building,
    make_edition,
    make_incident,
    make_jurisdiction,
    make_service,
    make_town,
    select_one,
)
from tests.places import PLACES, Place

ROUTED = [(place.owner, place.method) for place in PLACES]
FOUND = "SELECT grid_code, method FROM geoservice.incident ORDER BY description::integer"


def change(connection: Connection[Any], incident: dict[str, Any], assignments: str, *values: object) -> dict[str, Any]:
    """Update an incident and return it as it is then."""
    statement = f"UPDATE geoservice.incident SET {assignments} WHERE id = %s RETURNING *"  # noqa: S608 - our own text
    row = connection.cursor(row_factory=dict_row).execute(statement.encode(), [*values, incident["id"]]).fetchone()
    assert row is not None
    return row


def history(connection: Connection[Any], incident: dict[str, Any]) -> list[tuple[Any, ...]]:
    return connection.execute(
        "SELECT rule, from_grid_code, to_grid_code, method, reason FROM geoservice.incident_event"
        " WHERE incident_id = %s ORDER BY id", [incident["id"]],
    ).fetchall()  # fmt: skip


def test_psql_routes_every_place(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        make_town(connection)
    inserts = "".join(
        "INSERT INTO geoservice.incident (service_code, description, geom, grid_code, method)"  # noqa: S608 - our own
        f" VALUES ('light', '{number}', '{place.wkt}', 'forged', 'manual');\n"
        for number, place in enumerate(PLACES)
    )

    subprocess.run(["psql", "--quiet", "--set=ON_ERROR_STOP=1", database_url], input=inserts, text=True, check=True)

    with psycopg.connect(database_url) as connection:
        assert connection.execute(FOUND).fetchall() == ROUTED


def test_copy_routes_every_place_and_writes_one_line_of_history_each(connection: Connection[Any], town: Town) -> None:
    copy = "COPY geoservice.incident (service_code, description, geom, grid_code, candidates, officer_code) FROM STDIN"

    with connection.cursor().copy(copy) as rows:
        for number, place in enumerate(PLACES):
            rows.write_row(("light", str(number), place.wkt, "forged", "[]", "forged"))

    assert connection.execute(FOUND).fetchall() == ROUTED
    told = connection.execute(
        "SELECT to_grid_code, e.method FROM geoservice.incident_event AS e"
        " JOIN geoservice.incident AS i ON i.id = incident_id WHERE rule = 'reported' ORDER BY description::integer"
    ).fetchall()
    assert told == ROUTED


def ogr2ogr(database_url: str, file: Path, *options: str) -> None:
    command = ["ogr2ogr", "-f", "PostgreSQL", f"PG:{database_url}", str(file), "-append", *options]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def geopackage(file: Path, geometry_type: str, shapes: Sequence[shapely.Geometry], **columns: Sequence[object]) -> None:
    pyogrio.raw.write(
        file, shapely.to_wkb(list(shapes)), [column(values) for values in columns.values()], list(columns),
        driver="GPKG", geometry_type=geometry_type, crs="EPSG:4326", layer="rows",
    )  # fmt: skip


def column(values: Sequence[object]) -> Any:
    return np.array(values, dtype=object if isinstance(values[0], str) else None)


@pytest.mark.parametrize("copies", ["YES", "NO"])
def test_ogr2ogr_appends_incidents_and_each_is_routed(database_url: str, tmp_path: Path, copies: str) -> None:
    with psycopg.connect(database_url) as connection:
        make_town(connection)
    geopackage(
        tmp_path / "reports.gpkg", "Point", [shapely.Point(place.lon, place.lat) for place in PLACES],
        service_code=["light"] * len(PLACES), description=[str(n) for n in range(len(PLACES))],
        grid_code=["forged"] * len(PLACES),
    )  # fmt: skip

    ogr2ogr(database_url, tmp_path / "reports.gpkg", "-nln", "geoservice.incident", "--config", "PG_USE_COPY", copies)

    with psycopg.connect(database_url) as connection:
        assert connection.execute(FOUND).fetchall() == ROUTED


def test_ogr2ogr_appends_buildings_and_each_is_assigned(database_url: str, tmp_path: Path) -> None:
    with psycopg.connect(database_url) as connection:
        town = make_town(connection)
    shapes = [places.area(1, 1, 2, 2), places.area(6.9, 7.9, 7.1, 8.1), places.area(20, 1, 21, 2)]
    geopackage(tmp_path / "b.gpkg", "Polygon", shapes, code=["b1", "b2", "b3"], grid_code=["forged"] * 3,
               jurisdiction_id=[town.jurisdiction_id] * 3)  # fmt: skip

    ogr2ogr(database_url, tmp_path / "b.gpkg", "-nln", "geoservice.building", "-nlt", "PROMOTE_TO_MULTI")

    with psycopg.connect(database_url) as connection:
        found = connection.execute("SELECT code, grid_code FROM geoservice.building ORDER BY code").fetchall()
    assert found == [("b1", "B"), ("b2", "网"), ("b3", None)]


def test_ogr2ogr_is_told_by_name_which_building_is_wrong(database_url: str, tmp_path: Path) -> None:
    with psycopg.connect(database_url) as connection:
        town = make_town(connection)
    bowtie = shapely.Polygon([places.lonlat(*xy) for xy in ((1, 1), (2, 2), (2, 1), (1, 2))])
    geopackage(tmp_path / "b.gpkg", "Polygon", [bowtie], code=["b1"], jurisdiction_id=[town.jurisdiction_id])

    with pytest.raises(AssertionError, match="Building b1 is not a valid geometry: Self-intersection"):
        ogr2ogr(database_url, tmp_path / "b.gpkg", "-nln", "geoservice.building", "-nlt", "PROMOTE_TO_MULTI")


# The pin is moved, or somebody writes what is the rule's to say.


def test_moving_the_pin_routes_again_and_history_tells_it(connection: Connection[Any], town: Town) -> None:
    incident = make_incident(connection, places.CENTRE)

    moved = change(connection, incident, "geom = %s::geometry", places.IN_HOLE.wkt)

    assert (moved["grid_code"], moved["method"], moved["version"]) == ("网", "covers", 2)
    assert history(connection, incident) == [
        ("reported", None, "B", "covers", None),
        ("moved", "B", "网", "covers", None),
    ]


DECISION = ("jurisdiction_id", "edition_id", "grid_code", "method", "distance_to_border_m", "near_border", "candidates",
            "officer_code", "recorded_at", "reported_at", "id")  # fmt: skip


@pytest.mark.parametrize(
    "assignment",
    ["grid_code = 'a'", "grid_code = NULL, method = 'none'", "method = 'manual'", "edition_id = 404",
     "near_border = true", "candidates = '[]'", "officer_code = 'me'", "jurisdiction_id = NULL",
     "distance_to_border_m = 0",
     "recorded_at = '2000-01-01'", "reported_at = '2000-01-01'", "id = gen_random_uuid()", "version = 99"],
)  # fmt: skip
def test_a_decision_written_by_hand_is_put_right(connection: Connection[Any], town: Town, assignment: str) -> None:
    incident = make_incident(connection, places.CENTRE)

    changed = change(connection, incident, assignment)

    assert {name: changed[name] for name in DECISION} == {name: incident[name] for name in DECISION}
    assert changed["version"] == 2
    assert len(history(connection, incident)) == 1


def test_a_pin_moved_with_a_grid_written_beside_it_still_follows_the_rule(
    connection: Connection[Any], town: Town
) -> None:
    incident = make_incident(connection, places.CENTRE)

    moved = change(
        connection, incident, "geom = %s::geometry, grid_code = '9', method = 'manual'", places.ON_BORDER.wkt
    )

    assert (moved["grid_code"], moved["method"]) == ("B", "covers")


def test_an_accuracy_put_right_changes_the_candidates(connection: Connection[Any], town: Town) -> None:
    near = Place("10 m east of the border of B", *places.beside(4, 7, azimuth_deg=90, distance_m=10), "a")
    incident = make_incident(connection, near, accuracy_m=5)

    changed = change(connection, incident, "accuracy_m = 20")

    assert (incident["near_border"], changed["near_border"]) == (False, True)
    assert [candidate["grid_code"] for candidate in changed["candidates"]] == ["a", "B"]


# A report that names a building.


def test_a_report_that_names_its_building_belongs_to_the_buildings_grid(
    connection: Connection[Any], town: Town
) -> None:
    make_building(connection, town.jurisdiction_id, geom=places.area(3.7, 6.9, 3.99, 7.1))
    across = Place("in a, 5 m from the building in B", *places.beside(4, 7, azimuth_deg=90, distance_m=4), "a")

    assert make_incident(connection, across)["grid_code"] == "a"
    named = make_incident(connection, across, building_code="b1")
    assert (named["grid_code"], named["method"]) == ("B", "building")


def test_a_report_too_far_from_the_building_it_names_belongs_where_it_is(
    connection: Connection[Any], town: Town
) -> None:
    make_building(connection, town.jurisdiction_id)

    incident = make_incident(connection, places.IN_HOLE, building_code="b1")

    assert (incident["grid_code"], incident["method"]) == ("网", "covers")


def test_a_report_that_names_an_unknown_building_is_refused_with_a_sentence(
    connection: Connection[Any], town: Town
) -> None:
    with pytest.raises(psycopg.Error, match="The incident names the unknown building b404"):
        make_incident(connection, building_code="b404")


def test_naming_the_building_later_routes_again(connection: Connection[Any], town: Town) -> None:
    make_building(connection, town.jurisdiction_id, geom=places.area(3.7, 6.9, 3.99, 7.1))
    across = Place("in a, 5 m from the building in B", *places.beside(4, 7, azimuth_deg=90, distance_m=4), "a")
    incident = make_incident(connection, across)

    named = change(connection, incident, "building_code = 'b1'")

    assert (named["grid_code"], named["method"]) == ("B", "building")


def test_a_report_can_be_put_right_after_its_building_was_torn_down(connection: Connection[Any], town: Town) -> None:
    make_building(connection, town.jurisdiction_id)
    incident = make_incident(connection, places.CENTRE, building_code="b1")
    connection.execute("DELETE FROM geoservice.building")

    assert change(connection, incident, "accuracy_m = 3")["grid_code"] == "B"


def test_a_report_inside_a_grid_keeps_it_though_its_building_stands_outside_all(
    connection: Connection[Any], town: Town
) -> None:
    building = make_building(connection, town.jurisdiction_id, geom=places.area(-2, 2, -0.02, 3))
    inside = Place("4 m east of the rim", *places.beside(0, 2.5, azimuth_deg=90, distance_m=4), "B")

    incident = make_incident(connection, inside, building_code="b1")

    assert building["grid_code"] is None
    assert (incident["grid_code"], incident["method"]) == ("B", "covers")


def test_a_report_that_names_a_building_belongs_to_the_buildings_jurisdiction(
    connection: Connection[Any], town: Town
) -> None:
    valley = make_jurisdiction(connection, code="valley", outline=places.multi(places.area(5, 0, 20, 10)))
    make_edition(connection, valley, {"0": places.area(5, 0, 20, 10)})
    make_service(connection, valley)
    make_building(connection, valley, geom=places.area(6.9, 7.9, 7.1, 8.1))

    incident = make_incident(connection, places.IN_HOLE, building_code="b1")

    assert (incident["jurisdiction_id"], incident["grid_code"], incident["method"]) == (valley, "0", "building")


# A person overrules.


def test_a_person_overrules_with_a_reason_and_history_keeps_it(connection: Connection[Any], town: Town) -> None:
    incident = make_incident(connection, places.CENTRE)

    overruled = change(connection, incident, "overrule_grid_code = '9', overrule_reason = 'entrance is there'")

    assert (overruled["grid_code"], overruled["method"]) == ("9", "manual")
    assert history(connection, incident)[-1] == ("overruled", "B", "9", "manual", "entrance is there")


@pytest.mark.parametrize(
    "assignments",
    ["overrule_grid_code = '9'", "overrule_grid_code = '9', overrule_reason = ''", "overrule_reason = 'only a reason'"],
)
def test_nobody_overrules_without_a_reason(connection: Connection[Any], town: Town, assignments: str) -> None:
    incident = make_incident(connection, places.CENTRE)

    with pytest.raises(psycopg.Error, match=r"incident_overruled_with_a_reason|incident_overrule_reason_check"):
        change(connection, incident, assignments)


def test_an_overrule_taken_back_gives_the_rule_its_say_again(connection: Connection[Any], town: Town) -> None:
    incident = make_incident(connection, places.CENTRE, overrule_grid_code="9", overrule_reason="seen there")

    again = change(connection, incident, "overrule_grid_code = NULL, overrule_reason = NULL")

    assert (incident["method"], again["grid_code"], again["method"]) == ("manual", "B", "covers")


def test_overruling_with_a_grid_that_is_none_is_refused_with_a_sentence(
    connection: Connection[Any], town: Town
) -> None:
    with pytest.raises(psycopg.Error, match="There is no grid b in the edition that was in force"):
        make_incident(connection, overrule_grid_code="b", overrule_reason="a slip of the hand")


@pytest.mark.parametrize("place", [places.OUTSIDE_BEYOND, places.BETWEEN_PARTS, places.FAR], ids=lambda p: p.name)
def test_a_person_can_give_a_grid_to_what_waits_in_the_triage_queue(
    connection: Connection[Any], town: Town, place: Place
) -> None:
    incident = make_incident(connection, place, jurisdiction_id=town.jurisdiction_id, accuracy_m=0)

    given = change(connection, incident, "overrule_grid_code = 'B', overrule_reason = 'asked the sender'")

    assert (incident["method"], given["grid_code"], given["method"]) == ("none", "B", "manual")


def test_a_reason_put_in_other_words_leaves_the_first_in_history(connection: Connection[Any], town: Town) -> None:
    incident = make_incident(connection, places.CENTRE, overrule_grid_code="9", overrule_reason="first words")

    change(connection, incident, "overrule_reason = 'other words'")

    assert [line[-1] for line in history(connection, incident)] == ["first words", "other words"]


# Nothing is lost.


@pytest.mark.parametrize("place", [places.OUTSIDE_BEYOND, places.FAR], ids=lambda p: p.name)
def test_a_report_from_nowhere_waits_in_its_jurisdictions_triage_queue(
    connection: Connection[Any], town: Town, place: Place
) -> None:
    incident = make_incident(connection, place, jurisdiction_id=town.jurisdiction_id)

    assert (incident["grid_code"], incident["method"]) == (None, "none")
    assert incident["jurisdiction_id"] == town.jurisdiction_id


@pytest.mark.parametrize("reported_at", [LONG_AGO - timedelta(microseconds=1), datetime(1999, 1, 1, tzinfo=UTC)])
def test_a_report_from_before_the_first_edition_is_kept(
    connection: Connection[Any], town: Town, reported_at: datetime
) -> None:
    incident = make_incident(connection, jurisdiction_id=town.jurisdiction_id, reported_at=reported_at)

    assert (incident["grid_code"], incident["edition_id"], incident["method"]) == (None, None, "none")
    assert history(connection, incident) == [("reported", None, None, "none", None)]


def test_a_report_before_anything_was_published_is_kept(connection: Connection[Any]) -> None:
    town = make_jurisdiction(connection)
    make_service(connection, town)

    incident = make_incident(connection, places.CENTRE, jurisdiction_id=town)

    assert (incident["method"], incident["jurisdiction_id"]) == ("none", town)


def test_a_report_inside_an_outline_is_its_jurisdictions_also_before_the_first_edition(
    connection: Connection[Any], town: Town
) -> None:
    incident = make_incident(connection, places.CENTRE, reported_at=LONG_AGO - timedelta(days=1))

    assert incident["jurisdiction_id"] == town.jurisdiction_id


def test_a_report_that_no_jurisdiction_takes_still_names_a_service_that_exists(
    connection: Connection[Any], town: Town
) -> None:
    with pytest.raises(psycopg.Error, match="service"):
        make_incident(connection, places.FAR, service_code="no such service")


# History and what the database keeps of a report.


@pytest.mark.parametrize(
    "statement", ["UPDATE geoservice.incident_event SET actor = 'x'", "DELETE FROM geoservice.incident_event",
                  "TRUNCATE geoservice.incident_event"],
)  # fmt: skip
def test_history_is_append_only_even_for_the_owner(connection: Connection[Any], town: Town, statement: str) -> None:
    make_incident(connection)

    with pytest.raises(psycopg.Error, match="Rows of incident_event are only ever added, never changed or removed"):
        connection.execute(statement.encode())


def test_history_says_who_acted(connection: Connection[Any], town: Town) -> None:
    connection.execute("SET LOCAL geoservice.actor = 'key 12345678'")

    incident = make_incident(connection)

    assert select_one(connection, "SELECT actor FROM geoservice.incident_event WHERE incident_id = %s",
                      incident["id"]) == "key 12345678"  # fmt: skip


def test_a_change_of_status_is_one_line_of_history(connection: Connection[Any], town: Town) -> None:
    incident = make_incident(connection)

    change(connection, incident, "status = 'cancelled', step_reason = 'a mistake'")
    change(connection, incident, "status = 'cancelled'")

    told = connection.execute(
        "SELECT rule, from_status, to_status FROM geoservice.incident_event ORDER BY id"
    ).fetchall()
    assert told == [("reported", None, "reported"), ("cancelled", "reported", "cancelled")]


@pytest.mark.parametrize("number", ["13800138000", "call 13800138000 now", "54050219900101123X", "号码13912345678。"])
def test_a_text_with_a_personal_number_is_refused(connection: Connection[Any], town: Town, number: str) -> None:
    with pytest.raises(psycopg.Error, match="incident_without_personal_numbers"):
        make_incident(connection, description=number)


@pytest.mark.parametrize("number", ["+8613800138000", "138 0013 8000", "138-0013-8000", "１３８００１３８０００"])
def test_a_text_with_a_personal_number_in_another_spelling_is_refused(
    connection: Connection[Any], town: Town, number: str
) -> None:
    with pytest.raises(psycopg.Error, match="incident_without_personal_numbers"):
        make_incident(connection, description=f"call {number}")


def test_a_reason_with_a_personal_number_is_refused(connection: Connection[Any], town: Town) -> None:
    with pytest.raises(psycopg.Error, match="personal"):
        make_incident(connection, overrule_grid_code="9", overrule_reason="13800138000 says so")


@pytest.mark.parametrize(
    "columns",
    [{"status": "done"}, {"status": "closed"}, {"closed_at": LONG_AGO}, {"rating": 6}, {"rating": 5},
     {"source": "spy"}, {"declared_crs": "epsg:0"}, {"description": "x" * 4001}],
    ids=str,
)  # fmt: skip
def test_a_report_that_contradicts_itself_is_refused(
    connection: Connection[Any], town: Town, columns: dict[str, object]
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        make_incident(connection, **columns)


def test_an_officer_on_duty_is_the_one_of_the_day_it_was_reported(connection: Connection[Any], town: Town) -> None:
    for code, role in (("o1", "grid_officer"), ("o2", "grid_officer"), ("d1", "grid_officer")):
        insert(connection, "staff",
               {"jurisdiction_id": town.jurisdiction_id, "code": code, "call_sign": code, "role": role})  # fmt: skip
    for code, role, start, end in (("o1", "grid_officer", "2021-01-01", "2022-01-01"),
                                   ("o2", "grid_officer", "2022-01-01", None),
                                   ("d1", "deputy", "2020-06-01", None)):  # fmt: skip
        insert(connection, "posting", {"jurisdiction_id": town.jurisdiction_id, "staff_code": code, "grid_code": "B",
                                       "role": role, "valid_from": start, "valid_to": end})  # fmt: skip

    days = ("2020-05-31T12:00+08", "2020-12-31T23:59+08", "2021-01-01T00:00+08", "2021-12-31T23:59:59+08",
            "2022-01-01T00:00+08")  # fmt: skip
    assert [make_incident(connection, reported_at=day)["officer_code"] for day in days] == [
        None, "d1", "o1", "o1", "o2"]  # fmt: skip
