"""Features over HTTP: read as of an instant, written by those who may, undone as a whole."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest

from geoservice.auth.model import Role
from tests.geoservice.web.attacks import Answer, ask
from tests.geoservice.web.door import Door

CAMERAS = "/v1/layers/cameras/features"
POINT = {"type": "Point", "coordinates": [91.7712, 29.2391]}


def call(
    door: Door, method: str, path: str, body: dict[str, Any] | None = None, *, role: Role = Role.ANALYST, **more: Any
) -> Answer:
    headers = door.headers(role) | more.pop("headers", {})
    if body is not None:
        more["json"] = body
    return ask(door.client, path, method=method, headers=headers, **more)


def test_pages_of_features_tell_every_one_once(door: Door) -> None:
    found: list[str] = []
    after = ""
    while True:
        page = call(door, "GET", f"{CAMERAS}?jurisdiction=sare&limit=7{after}").response.json
        found += [one["id"] for one in page["features"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"

    shown = call(door, "GET", "/maps/sare/layers/cameras.geojson").response.json
    assert found == sorted({one["properties"]["code"] for one in shown["features"]})
    assert len(found) > 7


def test_a_feature_is_written_read_told_and_undone(door: Door) -> None:
    address = f"{CAMERAS}/new-camera?jurisdiction=sare"
    made = call(door, "PUT", address, {"geometry": POINT, "properties": {"kind": "dome", "fov_deg": 360}})
    assert made.status == 200
    change = made.response.json["change"]
    assert change["counts"] == [{"layer": "cameras", "jurisdiction": "sare", "added": 1, "changed": 0, "removed": 0}]
    again = call(door, "PUT", address, {"properties": {"kind": "dome"}})
    assert again.response.json == {"change": None}

    told = call(door, "GET", address, role=Role.PUBLIC)
    assert told.response.headers["ETag"] == f'"{change["id"]}"'
    assert told.response.json["geometry"] == POINT
    assert told.response.json["properties"]["grid_code"] is not None
    history = call(door, "GET", f"{CAMERAS}/new-camera/history?jurisdiction=sare").response.json["versions"]
    assert [(one["made_by"]["id"], one["until"]) for one in history] == [(change["id"], None)]
    assert call(door, "GET", "/v1/changes?jurisdiction=sare&layer=cameras&limit=1").response.json["next"] is not None

    undone = call(door, "POST", f"/v1/changes/{change['id']}/undo", {})
    assert undone.response.json["undoes"] == change["id"]
    assert call(door, "GET", address).status == 404


def test_what_was_edited_meanwhile_is_not_overwritten(door: Door) -> None:
    address = f"{CAMERAS}/other-camera?jurisdiction=sare"
    call(door, "PUT", address, {"geometry": POINT})
    seen = {"If-Match": call(door, "GET", address).response.headers["ETag"]}
    assert call(door, "PUT", address, {"properties": {"status": "offline"}}, headers=seen).status == 200

    for method in ("PUT", "DELETE"):
        answer = call(door, method, address, {"properties": {}} if method == "PUT" else None, headers=seen)
        answer.assert_tame(statuses={412})
    call(door, "PUT", address, {"properties": {}}, headers={"If-Match": "x"}).assert_tame(statuses={412})
    assert call(door, "DELETE", address, headers={"If-Match": "*"}).status == 200
    for stated in ("*", '"0"', '"1", "2"'):
        call(door, "PUT", address, {"geometry": POINT}, headers={"If-Match": stated}).assert_tame(statuses={412})
    assert call(door, "GET", address).status == 404


def test_the_etag_of_an_edit_is_that_of_what_it_left(door: Door) -> None:
    address = f"{CAMERAS}/etag-camera?jurisdiction=sare"
    for body in ({"geometry": POINT}, {"properties": {"status": "offline"}}, {"properties": {"status": "offline"}}):
        etag = call(door, "PUT", address, body).response.headers["ETag"]
        assert etag == call(door, "GET", address).response.headers["ETag"]
    assert call(door, "DELETE", address, headers={"If-Match": f'"x", {etag}'}).status == 200


def test_single_households_are_for_those_who_keep_them(door: Door) -> None:
    address = "/v1/layers/households/features?jurisdiction=sare"

    assert call(door, "GET", address, role=Role.PUBLIC).status == 401
    for role in (Role.READER, Role.REPORTER, Role.DISPATCHER, Role.ANALYST, Role.STEWARD, Role.AUDITOR):
        assert call(door, "GET", address, role=role).status == 403
    assert call(door, "GET", address, role=Role.ADMIN).status == 200


def test_what_a_change_did_is_told_field_by_field(door: Door) -> None:
    address = f"{CAMERAS}/told-camera?jurisdiction=sare"
    call(door, "PUT", address, {"geometry": POINT})
    change = call(door, "PUT", address, {"properties": {"status": "offline"}}).response.json["change"]["id"]
    asked = f"/v1/changes/{change}/features?jurisdiction=sare&layer=cameras"

    told = call(door, "GET", asked).response.json

    assert (told["changed"], told["fields"], told["next"]) == (1, {"status": 1}, None)
    assert told["features"] == [
        {"key": "told-camera", "what": "changed", "fields": [{"field": "status", "old": "online", "new": "offline"}]}
    ]
    assert call(door, "GET", f"{asked}&what=added").response.json["features"] == []
    assert call(door, "GET", asked.replace(str(change), "999999999")).status == 404
    assert call(door, "GET", asked.replace("cameras", "hydrants")).status == 404


def test_what_was_done_to_single_households_is_for_those_who_keep_them(door: Door) -> None:
    households = "/v1/layers/households/features"
    page = call(door, "GET", f"{households}?jurisdiction=sare&limit=1", role=Role.ADMIN).response.json["features"][0]
    more = {"properties": {"age_18_59": page["properties"]["age_18_59"] + 1}}
    edit = call(door, "PUT", f"{households}/{page['id']}?jurisdiction=sare", more, role=Role.ADMIN)
    asked = f"/v1/changes/{edit.response.json['change']['id']}/features?jurisdiction=sare&layer=households"

    assert call(door, "GET", asked, role=Role.ADMIN).response.json["features"][0]["key"] == page["id"]
    for role in (Role.DISPATCHER, Role.ANALYST, Role.AUDITOR, Role.READER):
        assert call(door, "GET", asked, role=role).status == 403
    officer = call(door, "GET", asked, role=Role.OFFICER)  # of other grids than this household's, or of this one
    assert officer.status == 200


def test_what_is_wrong_with_a_feature_is_said(door: Door) -> None:
    address = f"{CAMERAS}/bad?jurisdiction=sare"
    for body, words in (
        ({"geometry": POINT, "properties": {"colour": "red"}}, "has no property of the name colour"),
        ({"geometry": {"type": "Point", "coordinates": [91, 29, 4]}}, "two dimensions"),
        ({"geometry": {"type": "Point"}}, "two dimensions"),
        ({"geometry": {"type": "LineString", "coordinates": [[91, 29], [92, 29]]}}, "Its shape is no Point."),
        ({}, "It has no place."),
        ({"building": "nowhere"}, "It names no building"),
    ):
        answer = call(door, "PUT", address, body)
        answer.assert_tame(statuses={422})
        assert words in answer.response.get_data(as_text=True)
    assert call(door, "PUT", "/v1/layers/grids/features/x?jurisdiction=sare", {"geometry": POINT}).status == 409


def test_what_single_households_were_is_told_to_nobody_who_does_not_keep_them(door: Door) -> None:
    households = "/v1/layers/households/features"
    page = call(door, "GET", f"{households}?jurisdiction=sare&limit=1", role=Role.ADMIN).response.json
    address = f"{households}/{page['features'][0]['id']}/history?jurisdiction=sare"

    assert call(door, "GET", address, role=Role.ADMIN).status == 200
    for role in (Role.DISPATCHER, Role.ANALYST, Role.AUDITOR):
        assert call(door, "GET", address, role=role).status == 403


@pytest.mark.parametrize("key", ["3/2", "B-1/-/1", "3//2", "3%2F2"])
def test_keys_that_hold_a_slash_are_reached_as_others(door: Door, key: str) -> None:
    address = f"{CAMERAS}/{key}"
    assert call(door, "PUT", f"{address}?jurisdiction=sare", {"geometry": POINT}).status == 200

    told = call(door, "GET", f"{address}?jurisdiction=sare")
    assert told.response.json["id"] == unquote(key)
    assert call(door, "GET", f"{address}/history?jurisdiction=sare").response.json["versions"]
    assert call(door, "DELETE", f"{address}?jurisdiction=sare").status == 200
