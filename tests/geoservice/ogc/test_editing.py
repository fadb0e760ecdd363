"""Part 4: who may write what, as QGIS asks it; what is sent is stored, what can not be is refused in a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import psycopg
import pyproj
import pytest

from geoservice.auth.model import Role
from layers.catalogue import catalogue
from tests.geoservice.ogc.test_standard import EPSG, ROOT, get
from tests.geoservice.web.attacks import Answer, ask
from tests.geoservice.web.door import Door

CAMERAS = f"{ROOT}/collections/cameras/items"
BUILDINGS = f"{ROOT}/collections/buildings/items"
OF_OLD = "/v1/layers/cameras/features/of-old?jurisdiction=sare"
POINT = {"type": "Point", "coordinates": [91.7712, 29.2391]}
GEOJSON, MERGE_PATCH = "application/geo+json", "application/merge-patch+json"
WRITERS = {Role.OFFICER, Role.ANALYST, Role.ADMIN}


def send(
    door: Door, method: str, path: str, body: dict[str, Any] | None = None, *, role: Role = Role.ANALYST,
    type_: str | None = GEOJSON, **headers: str,
) -> Answer:  # fmt: skip
    said = door.headers(role) | {name.replace("_", "-"): value for name, value in headers.items()}
    more: dict[str, Any] = {} if body is None else {"data": door.app.json.dumps(body)}
    if body is not None and type_ is not None:
        said["Content-Type"] = type_
    return ask(door.client, path, method=method, headers=said, **more)


def feature(properties: dict[str, Any] | None = None, place: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "Feature", "geometry": place or POINT, "properties": properties or {}}


def made(door: Door, properties: dict[str, Any] | None = None, **more: Any) -> str:
    """Make a camera and return its address."""
    answer = send(door, "POST", CAMERAS, feature(properties), **more)
    assert answer.status == 201, answer.response.get_data(as_text=True)
    return str(answer.response.headers["Location"].removeprefix("http://localhost"))


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("collection", catalogue())
def test_options_tell_each_user_what_he_may_do(door: Door, role: Role, collection: str) -> None:
    layer, path = catalogue()[collection], f"{ROOT}/collections/{collection}/items"
    writes = role in WRITERS and layer.is_written and not layer.personal
    for address, more in ((path, {"POST"}), (f"{path}/unknown_id", {"PUT", "PATCH", "DELETE"})):
        answer = send(door, "OPTIONS", address, role=role)
        assert answer.status == 200
        allowed = set(answer.response.headers["Allow"].split(", "))
        assert allowed == {"GET", "HEAD", "OPTIONS"} | (more if writes else set())


@pytest.mark.parametrize("collection", ["grids", "households", "incidents", "camera_sectors"])
def test_what_is_not_written_one_by_one_is_not_written_here(door: Door, collection: str) -> None:
    path = f"{ROOT}/collections/{collection}/items"
    for method, address in (("POST", path), ("PUT", f"{path}/x"), ("PATCH", f"{path}/x"), ("DELETE", f"{path}/x")):
        answer = send(door, method, address, feature() if method != "DELETE" else None)
        answer.assert_tame(statuses={405})
        assert "PUT" not in answer.response.headers["Allow"]


def test_the_whole_of_an_edit_in_qgis(door: Door) -> None:
    """The requests of QGIS 3.32 and later, in their order: no If-Match, CRS without brackets, everything sent back."""
    assert "POST" in send(door, "OPTIONS", CAMERAS).response.headers["Allow"]
    sent = feature({"code": None, "kind": "dome", "status": None, "grid_code": None, "bearing_deg": None})
    posted = send(door, "POST", CAMERAS, sent, Content_Crs="http://www.opengis.net/def/crs/OGC/1.3/CRS84")
    assert posted.status == 201
    location = posted.response.headers["Location"]
    assert location.startswith("http://localhost" + CAMERAS)
    assert "?" not in location
    address = location.removeprefix("http://localhost")
    read = get(door, address).json
    assert (read["geometry"], read["properties"]["kind"], read["properties"]["status"]) == (POINT, "dome", "online")

    back = {"type": "Feature", "id": str(read["id"]), "geometry": POINT,
            "properties": read["properties"] | {"fov_deg": 90.0}}  # fmt: skip
    assert send(door, "PUT", address, back, Content_Crs="http://www.opengis.net/def/crs/OGC/1.3/CRS84").status == 204
    assert get(door, address).json["properties"]["fov_deg"] == 90
    assert send(door, "PATCH", address, {"properties": {"status": "offline"}}, type_=MERGE_PATCH).status == 204
    moved = {"type": "Point", "coordinates": [91.77123456789, 29.23912345678]}
    assert send(door, "PATCH", address, {"geometry": moved}, type_=MERGE_PATCH).status == 204
    read = get(door, address).json
    assert read["properties"] | {"status": "offline", "fov_deg": 90} == read["properties"]
    assert read["geometry"]["coordinates"] == pytest.approx(moved["coordinates"], rel=0, abs=1e-9)
    assert send(door, "DELETE", address).status == 204
    assert door.client.get(address).status_code == 404


@pytest.mark.parametrize("brackets", [True, False])
@pytest.mark.parametrize("srid", [4326, 4490, 3857, 4540])
def test_places_are_taken_in_every_reference_system(door: Door, srid: int, brackets: bool) -> None:
    lon, lat = POINT["coordinates"]
    there = pyproj.Transformer.from_crs(4326, srid).transform(lat, lon)
    said = f"<{EPSG}{srid}>" if brackets else f"{EPSG}{srid}"
    answer = send(door, "POST", CAMERAS, feature(place={"type": "Point", "coordinates": list(there)}), Content_Crs=said)
    address = answer.response.headers["Location"].removeprefix("http://localhost")

    assert get(door, address).json["geometry"]["coordinates"] == pytest.approx([lon, lat], rel=0, abs=2e-9)
    turned = get(door, f"{address}?crs={EPSG}{srid}").json["geometry"]["coordinates"]
    assert turned == pytest.approx(list(there), rel=0, abs=4e-9 if srid in (4326, 4490) else 4e-4)
    wrong = {"type": "Point", "coordinates": [1e12, 1e12]}
    send(door, "PATCH", address, {"geometry": wrong}, Content_Crs=said).assert_tame(statuses={400})
    send(door, "PATCH", address, {}, Content_Crs=f"{EPSG}2154").assert_tame(statuses={400})


def test_a_polygon_is_taken_where_multipolygons_are_kept(door: Door) -> None:
    x, y = 91.7712, 29.2391
    ring = [[x, y], [x + 1e-4, y], [x + 1e-4, y + 1e-4], [x, y + 1e-4], [x, y]]
    body = feature({"code": "polygon-1", "kind": "other", "in_use": True}, {"type": "Polygon", "coordinates": [ring]})
    assert send(door, "POST", BUILDINGS, body).status == 201

    read = get(door, f"{BUILDINGS}/polygon-1").json
    assert read["geometry"]["type"] == "MultiPolygon"
    # Which vertex comes first is nobody's business; each is where it was sent.
    assert sorted(read["geometry"]["coordinates"][0][0][:-1]) == pytest.approx(
        np.array(sorted(ring[:-1])), rel=0, abs=1e-9
    )
    assert send(door, "POST", BUILDINGS, body).status == 409
    # Sent back as it was read, it is as it was: no change, no version.
    history = "/v1/layers/buildings/features/polygon-1/history?jurisdiction=sare"
    assert send(door, "PUT", f"{BUILDINGS}/polygon-1", read).status == 204
    assert len(door.client.get(history, headers=door.headers()).json["versions"]) == 1
    assert send(door, "DELETE", f"{BUILDINGS}/polygon-1").status == 204


def test_put_takes_away_what_it_does_not_tell_and_patch_only_what_is_null(door: Door) -> None:
    address = made(door, {"kind": "dome", "bearing_deg": 10, "fov_deg": 90, "range_m": 30})
    patch = {"properties": {"bearing_deg": None}}
    assert send(door, "PATCH", address, patch, type_=MERGE_PATCH).status == 204
    told = get(door, address).json["properties"]
    assert (told["bearing_deg"], told["fov_deg"], told["range_m"]) == (None, 90, 30)

    assert send(door, "PUT", address, feature({"kind": "ptz"})).status == 204
    told = get(door, address).json["properties"]
    assert (told["kind"], told["fov_deg"], told["range_m"]) == ("ptz", None, None)


def test_an_edit_of_what_was_edited_meanwhile_is_refused(door: Door) -> None:
    address = made(door)
    seen = get(door, address).headers["ETag"]
    changed = send(door, "PATCH", address, {"properties": {"status": "offline"}}, If_Match=seen)
    assert (changed.status, changed.response.headers["ETag"]) == (204, get(door, address).headers["ETag"])
    for method, body in (("PUT", feature()), ("PATCH", {"properties": {}}), ("DELETE", None)):
        send(door, method, address, body, If_Match=seen).assert_tame(statuses={412})
        send(door, method, address, body, If_Match="x").assert_tame(statuses={412})
    # A compressed answer has a weak tag.
    weak = "W/" + changed.response.headers["ETag"]
    assert send(door, "DELETE", address, If_Match=weak).status == 204


def test_if_match_is_read_as_http_has_it(door: Door) -> None:
    address = made(door)
    seen = get(door, address).headers["ETag"]
    patch = {"properties": {"status": "offline"}}
    for said in ("x", seen.strip('"'), f"{seen} {seen}", f"W/ {seen}", '"', "", ",", f"{seen}, x", f"*, {seen}"):
        answer = send(door, "PATCH", address, patch, If_Match=said)
        answer.assert_tame(statuses={412})
        assert "feature" in answer.response.json["detail"]
        assert "draft" not in answer.response.get_data(as_text=True)
    for said in ('"0"', '"other"', '"a,b"', f'"{"9" * 30}"', '"-1"'):
        send(door, "PATCH", address, patch, If_Match=said).assert_tame(statuses={412})
    for n, said in enumerate(("*", '"x", {}', '{},"x"', ', {} ,, "5" ,', "W/{}", '"a,b" , W/{}')):
        now = get(door, address).headers["ETag"]
        patch = {"properties": {"range_m": 30 + n}}
        assert send(door, "PATCH", address, patch, If_Match=said.replace("{}", now)).status == 204, said
    assert get(door, address).json["properties"]["status"] == "online"


def test_what_is_made_is_in_no_state_before(door: Door) -> None:
    for stated in ("x", '"1"', '"1", "2"'):
        send(door, "POST", CAMERAS, feature(), If_Match=stated).assert_tame(statuses={412})
    assert send(door, "POST", CAMERAS, feature(), If_Match="*").status == 201


def test_a_feature_older_than_its_history_has_a_state_too(door: Door, live: Any) -> None:
    address = made(door, {"code": "of-old"})
    with psycopg.connect(live.database_url) as superuser:
        superuser.execute("SET LOCAL session_replication_role = replica")
        superuser.execute("UPDATE geoservice.camera SET change_id = NULL WHERE code = 'of-old'")
    told = {answer.headers["ETag"] for answer in (get(door, address), get(door, OF_OLD))}

    assert told == {'"0"'}
    unchanged = send(door, "PATCH", address, {"properties": {}}, If_Match='"0"')
    assert (unchanged.status, unchanged.response.headers["ETag"]) == (204, '"0"')
    changed = send(door, "PATCH", address, {"properties": {"range_m": 31}}, If_Match='"0"')
    assert (changed.status, changed.response.headers["ETag"]) == (204, get(door, address).headers["ETag"])
    assert send(door, "DELETE", address, If_Match='"0"').status == 412


def test_what_is_not_there_is_neither_made_nor_removed(door: Door) -> None:
    address = f"{CAMERAS}/never-there"
    for method, body in (("PUT", feature()), ("PATCH", {"properties": {}}), ("DELETE", None)):
        send(door, method, address, body).assert_tame(statuses={404})
        send(door, method, address, body, If_Match='"1"').assert_tame(statuses={404, 412})
    assert send(door, "PUT", address, feature(), If_Match='"1"').status == 412


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (feature({"colour": "red"}), "has no property of the name colour"),
        (feature({"kind": "spy"}), "one of fixed"),
        (feature({"code": 5}), "write it as text"),
        (feature(place={"type": "Point", "coordinates": [1000, 2000]}), "axes are in the other order"),
        (feature(place={"type": "LineString", "coordinates": [[91, 29], [92, 29]]}), "Its shape is no Point."),
        (feature(place={"type": "Point", "coordinates": [91, 29, 4]}), "two dimensions"),
        ({"type": "Feature", "geometry": None, "properties": {}}, "two dimensions"),
        ({"type": "Feature", "properties": [1]}, "with an object as its properties"),
        ({"type": "Feature", "geometry": {"type": "Point", "coordinates": []}, "properties": {}}, "two dimensions"),
        ({"type": "Feature", "geometry": feature(), "properties": {}}, "two dimensions"),
        ({"type": "FeatureCollection", "features": []}, "send one GeoJSON Feature"),
    ],
)
def test_what_can_not_be_stored_is_refused_in_a_sentence(door: Door, body: dict[str, Any], words: str) -> None:
    answer = send(door, "POST", CAMERAS, body)
    answer.assert_tame(statuses={400})
    assert words in answer.response.get_data(as_text=True)


NO_FEATURES: tuple[dict[str, Any], ...] = (
    {}, POINT, {"type": "FeatureCollection", "features": [feature()]}, {"kind": "ptz"}, {"properties": []},
    {"properties": 0}, {"properties": "", "type": "Feature"}, feature() | {"type": "feature"},
    feature() | {"type": None}, {"features": [feature()]}, feature() | {"properties": False},
)  # fmt: skip


@pytest.mark.parametrize("body", NO_FEATURES)
def test_what_is_no_feature_is_neither_stored_nor_taken_for_a_change(door: Door, body: dict[str, Any]) -> None:
    address = made(door, {"kind": "dome", "range_m": 30})
    before = get(door, address)
    for method, path in (("POST", CAMERAS), ("PUT", address), ("PATCH", address)):
        answer = send(door, method, path, body)
        answer.assert_tame(statuses={400})
        assert answer.response.json["errors"][0]["detail"]

    assert (get(door, address).json, get(door, address).headers["ETag"]) == (before.json, before.headers["ETag"])


def test_a_whole_feature_has_properties_and_a_change_of_one_names_something(door: Door) -> None:
    address = made(door, {"kind": "dome"})
    whole = {"type": "Feature", "geometry": POINT}
    for method, path in (("POST", CAMERAS), ("PUT", address)):
        send(door, method, path, whole).assert_tame(statuses={400})
    for body, words in (
        ({"properties": None}, "an object as its properties"),
        ({"type": "Feature"}, "name properties that are to change"),
        ({"properties": {"kind": "ptz"}, "status": "offline"}, "properties go into properties"),
        ({"properties": {"grid_code": "x"}}, "the service derives grid_code"),
    ):
        answer = send(door, "PATCH", address, body)
        answer.assert_tame(statuses={400})
        assert words in answer.response.get_data(as_text=True)
    assert get(door, address).json["properties"]["kind"] == "dome"
    # Sent back as it was read, with what is derived and the links, it is a change of what it changes.
    read = get(door, address).json
    read["properties"]["kind"] = "ptz"
    assert send(door, "PATCH", address, read).status == 204
    assert get(door, address).json["properties"]["kind"] == "ptz"


def test_bodies_are_read_with_the_types_that_clients_send(door: Door) -> None:
    address = made(door)
    for type_ in (GEOJSON, "application/json", None):  # OWSLib names none with PUT
        assert send(door, "PUT", address, feature({"kind": "dome"}), type_=type_).status == 204
    send(door, "PUT", address, feature({"kind": "dome"}), type_="text/csv").assert_tame(statuses={415})
    for body in (b"", b"{", b"[]", b"[" * 5000, b'{"a": NaN}', b"\xff"):
        headers = door.headers(Role.ANALYST) | {"Content-Type": GEOJSON}
        for method, path in (("POST", CAMERAS), ("PUT", address), ("PATCH", address)):
            ask(door.client, path, method=method, data=body, headers=headers).assert_tame(statuses={400})


def test_strangers_and_those_who_only_read_change_nothing(door: Door) -> None:
    address = made(door)
    for role in set(Role) - WRITERS:
        status = 401 if role is Role.PUBLIC else 403
        send(door, "POST", CAMERAS, feature(), role=role).assert_tame(statuses={status})
        send(door, "PATCH", address, {"properties": {}}, role=role).assert_tame(statuses={status})
        send(door, "DELETE", address, role=role).assert_tame(statuses={status})
    # An officer whose key names nobody is posted nowhere.
    send(door, "PATCH", address, {"properties": {"status": "offline"}}, role=Role.OFFICER).assert_tame(statuses={403})


def test_a_key_with_a_stroke_in_it_has_an_address(door: Door) -> None:
    address = made(door, {"code": "a/b c"})

    assert get(door, address).json["id"] == "a/b c"
    assert send(door, "DELETE", address).status == 204


def test_open_drafts_are_read_by_those_who_draw(door: Door) -> None:
    draft = door.services.drafts.create("sare", title="seen at /ogc").id
    path = f"{ROOT}/collections/draft-{draft}"

    for role in Role:
        headers = door.headers(role)
        status = 200 if role in {Role.ANALYST, Role.PUBLISHER, Role.ADMIN} else 404
        assert [door.client.get(path + part, headers=headers).status_code for part in ("", "/items")] == [status] * 2
    told = get(door, f"{path}/items?filter=code%3C%3E%27x%27&sortby=-name", role=Role.ANALYST).json
    assert told["numberMatched"] == len(door.services.drafts.grids(draft)[1])
    assert get(door, f"{path}/items?datetime=2020-01-01T00:00:00Z", role=Role.ANALYST).json["numberMatched"] > 0
    one = f"{path}/items/{told['features'][0]['id']}"
    assert send(door, "PUT", one, told["features"][0]).status == 405
    assert send(door, "OPTIONS", one).response.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert f"/collections/draft-{draft}/items" in get(door, f"{ROOT}/api", role=Role.ANALYST).json["paths"]


def test_a_layer_is_told_as_it_was_at_an_instant(door: Door) -> None:
    address = made(door, {"code": "then-1", "kind": "dome"})
    first = _since(door, "then-1")[0]
    assert send(door, "PATCH", address, {"properties": {"kind": "ptz"}}).status == 204
    second = _since(door, "then-1")[0]

    def told(at: str, more: str = "") -> list[dict[str, Any]]:
        query = f"filter=code%3D%27then-1%27{more}&datetime={at.replace('+', '%2B')}"
        return list(get(door, f"{CAMERAS}?{query}").json["features"])

    assert told("2020-01-01T00:00:00Z") == []
    (then,) = told(first)
    assert (then["properties"]["kind"], then["geometry"]) == ("dome", POINT)
    assert then["properties"]["grid_code"] == get(door, address).json["properties"]["grid_code"]
    assert told(first, f"%20AND%20grid_code%3D%27{then['properties']['grid_code']}%27") == [then]
    assert told(second)[0]["properties"]["kind"] == "ptz"
    assert told("2020-01-01T00:00:00Z/..")[0]["properties"]["kind"] == "ptz"
    every = get(door, f"{CAMERAS}?datetime={second.replace('+', '%2B')}&limit=10000").json
    assert every["numberMatched"] == len(every["features"]) == get(door, CAMERAS).json["numberMatched"]


def _since(door: Door, key: str) -> list[str]:
    path = f"/v1/layers/cameras/features/{key}/history?jurisdiction=sare"
    return [one["since"] for one in door.client.get(path, headers=door.headers()).json["versions"]]
