"""Visits over HTTP: noted by officers in their grids, by code, to the minute; nothing else is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from geoservice.auth.model import Role
from tests.geoservice.web.attacks import Answer, ask
from tests.geoservice.web.door import Door

VISITS = "/v1/visits?jurisdiction=sare"
#: Yesterday, when the demo's grids were in force.
MINUTE = (datetime.now(UTC) - timedelta(days=1)).replace(second=0, microsecond=0)
AT = MINUTE.replace(second=59).isoformat().replace("+00:00", "Z")


def call(door: Door, method: str, path: str, body: dict[str, Any] | None = None, *, key: str | None = None) -> Answer:
    headers = door.headers(Role.ADMIN) if key is None else {"Authorization": f"Bearer {key}"}
    more = {} if body is None else {"json": body}
    return ask(door.client, path, method=method, headers=headers, **more)


def building_of(door: Door, officer: str) -> tuple[str, str]:
    """Return a building in a grid of an officer, and the grid."""
    with door.services.database.transaction() as connection:
        row = connection.exec_driver_sql(
            "SELECT b.code, b.grid_code FROM geoservice.building AS b JOIN geoservice.posting AS p"
            " ON p.jurisdiction_id = b.jurisdiction_id AND p.grid_code = b.grid_code WHERE p.staff_code = %s"
            " ORDER BY b.code LIMIT 1", (officer,),
        ).one()  # fmt: skip
    return str(row[0]), str(row[1])


def officers_key(door: Door, officer: str) -> str:
    return door.services.keys.create(Role.OFFICER, "test", staff=("sare", officer))


def test_a_visit_is_kept_to_the_minute_with_the_grid_of_its_building(door: Door) -> None:
    building, grid = building_of(door, "G03")
    body = {"kind": "patrol", "outcome": "done", "at": AT, "building": building}

    noted = call(door, "POST", VISITS, body, key=officers_key(door, "G03"))

    assert noted.status == 201
    told = noted.response.json
    assert (told["grid_code"], told["officer_code"], told["building"]) == (grid, "G03", building)
    assert datetime.fromisoformat(told["at"]) == MINUTE
    assert told in call(door, "GET", f"{VISITS}&grid={grid}").response.json["visits"]
    assert told not in call(door, "GET", f"{VISITS}&until={told['at']}").response.json["visits"]


def test_an_officer_notes_and_sees_visits_of_his_grids_alone(door: Door) -> None:
    building, _ = building_of(door, "G04")
    body = {"kind": "dispute", "outcome": "follow_up", "at": AT, "building": building}
    others = officers_key(door, "G05")

    assert call(door, "POST", VISITS, body, key=others).status == 403
    own = call(door, "POST", VISITS, body, key=officers_key(door, "G04")).response.json
    assert own["id"] not in [one["id"] for one in call(door, "GET", VISITS, key=others).response.json["visits"]]
    assert call(door, "POST", VISITS, body | {"officer_code": "G04"}, key=others).status == 403


def test_pages_of_visits_tell_every_one_once(door: Door) -> None:
    building, grid = building_of(door, "G06")
    body = {"kind": "service", "outcome": "done", "at": AT, "building": building, "officer_code": "G06"}
    made = {call(door, "POST", VISITS, body).response.json["id"] for _ in range(3)}

    found, before = [], ""
    while True:
        page = call(door, "GET", f"{VISITS}&grid={grid}&limit=1{before}").response.json
        found += [one["id"] for one in page["visits"]]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"

    assert made <= set(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"at": "2190-01-01T00:00:00Z"}, "still to come"),
        ({"building": "no such"}, "no such building"),
        ({"building": None, "lon": 0.0, "lat": 0.0}, "No grid owned the place"),
        ({"building": None}, "name a building, or give lon and lat"),
        ({"lon": 91.77, "lat": 29.24}, "not both"),
        ({"kind": "gossip"}, "kind"),
        ({"words": "he was at home"}, "words"),
        ({"officer_code": None}, "Whose visit"),
        ({"officer_code": "nobody"}, "no such member of staff"),
    ],
)
def test_what_is_no_visit_is_refused(door: Door, change: dict[str, Any], said: str) -> None:
    building, _ = building_of(door, "G03")
    body = {"kind": "patrol", "outcome": "done", "at": AT, "building": building, "officer_code": "G03"} | change

    refused = call(door, "POST", VISITS, body)

    assert refused.status == 422
    assert said in refused.response.get_data(as_text=True)


def test_what_was_noted_is_not_written_anew(community_url: str) -> None:
    with psycopg.connect(community_url) as connection:
        connection.execute(
            "INSERT INTO geoservice.visit (jurisdiction_id, building_code, staff_code, kind, outcome, at)"
            " SELECT b.jurisdiction_id, b.code, 'G01', 'patrol', 'done', now() FROM geoservice.building AS b LIMIT 1"
        )
        with pytest.raises(psycopg.Error):
            connection.execute("UPDATE geoservice.visit SET outcome = 'follow_up'")
