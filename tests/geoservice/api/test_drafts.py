"""An analyst's way by HTTP: draft, edit, undo, validate, preview, publish, look back; and each way it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
import shapely
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from geoservice.auth.model import Role
from geoservice.wiring import Services
from tests.keys import holder

FIRST, NEXT = "540502001001001", "540502001001002"


@dataclass
class Analyst:
    """Somebody who edits one draft and keeps its ETag as a browser would."""

    client: FlaskClient
    key: str
    edition: int = 0
    etag: str = ""

    def post(self, verb: str, body: dict[str, Any] | None = None, *, etag: str | None = None) -> TestResponse:
        return self._call(
            "POST", f"/v1/editions/{self.edition}/{verb}", body or {}, self.etag if etag is None else etag
        )

    def get(self, path: str) -> Any:
        response = self.client.get(path, headers={"Authorization": f"Bearer {self.key}"})
        assert response.status_code == 200, response.text
        return response.json

    def draft(self, **body: object) -> None:
        asked = {"jurisdiction": "sare", "title": "autumn"} | body
        response = self._call("POST", "/v1/editions", asked, "")
        assert response.status_code == 201, response.text
        self.edition, self.etag = response.json["id"], response.headers["ETag"]

    def done(self, verb: str, body: dict[str, Any] | None = None) -> Any:
        response = self.post(verb, body)
        assert response.status_code == 200, response.text
        self.etag = response.headers.get("ETag", self.etag)
        return response.json

    def _call(self, method: str, path: str, body: dict[str, Any] | None, etag: str) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.key}"} | ({"If-Match": etag} if etag else {})
        return self.client.open(path, method=method, json=body, headers=headers)

    def shapes(self) -> dict[str, shapely.MultiPolygon]:
        found = self.get(f"/v1/editions/{self.edition}/grids")["features"]
        return {one["id"]: shapely.geometry.shape(one["geometry"]) for one in found}


@pytest.fixture
def analyst(client: FlaskClient, services: Services) -> Analyst:
    made = Analyst(client, services.keys.create(Role.ANALYST, "test"))
    made.draft()
    return made


def halving(shape: shapely.MultiPolygon) -> list[list[float]]:
    """Return a line from south to north through the middle of a shape's box."""
    west, south, east, north = shape.bounds
    return [[(west + east) / 2, south - 0.001], [(west + east) / 2, north + 0.001]]


def assert_problem(response: TestResponse, status: int, slug: str, words: str = "") -> Any:
    assert (response.status_code, response.json["type"]) == (status, f"/docs#problem-{slug}"), response.text
    assert words in response.json["detail"]
    return response.json


def test_from_draft_to_force_and_back(analyst: Analyst) -> None:
    whole = analyst.shapes()[FIRST]
    split = analyst.done("split", {"code": FIRST, "line": halving(whole), "codes": [FIRST, "east"]})
    assert {"east", FIRST} <= {one["id"] for one in split["changed"]}
    found = [one["properties"] for one in analyst.done("validate")["features"]]
    assert {(one["severity"], one["rule"], *one["grid_codes"]) for one in found} == {
        ("warning", "few-households", FIRST),
        ("warning", "few-households", "east"),
    }
    assert sum(one["size"] for one in found) == 347
    preview = analyst.done("preview")

    published = analyst.post("publish", {"preview": preview["id"]})

    assert published.status_code == 200, published.text
    told = sum(flow["count"] for flow in preview["flows"] if flow["kind"] not in ("incident", "household"))
    assert published.json["moved_features"] == told > 0
    households = {grid["code"]: grid["after"]["households"] for grid in preview["grids"]}
    figures = {one["code"]: one["households"] for one in analyst.get("/v1/statistics?jurisdiction=sare")["per_grid"]}
    assert sum(households.values()) == sum(figures[code] for code in households)
    # An analyst is told by neighbourhoods, of which a border may cut some.
    assert all(abs(count - figures[code]) <= 20 for code, count in households.items())
    assert analyst.get(f"/v1/editions/1/diff?to={analyst.edition}")["added"] == ["east"]
    lineage = analyst.get("/v1/grids/east/history?jurisdiction=sare")["lineage"]
    assert [(kin["predecessor"], kin["successor"], kin["kind"]) for kin in lineage] == [(FIRST, "east", "split")]

    analyst.draft(from_edition=1, title="as before")
    analyst.done("validate")
    back = analyst.done("preview")
    assert analyst.post("publish", {"preview": back["id"]}).status_code == 200
    assert analyst.get(f"/v1/editions/1/diff?to={analyst.edition}")["redrawn"] == []


def test_every_edit_states_what_it_saw(analyst: Analyst) -> None:
    line = halving(analyst.shapes()[FIRST])
    body = {"code": FIRST, "line": line}

    assert_problem(analyst.post("split", body, etag=""), 428, "precondition-missing", "If-Match")
    assert_problem(analyst.post("split", body, etag='"1-0"'), 412, "edited-meanwhile")
    assert_problem(analyst.post("split", body, etag="*"), 412, "edited-meanwhile")
    before = analyst.etag
    analyst.done("split", body)
    assert_problem(analyst.post("undo", etag=before), 412, "edited-meanwhile", "at revision 1, not 0")
    assert f"{FIRST}-2" in analyst.shapes()
    for stated in (f'{before}, "other"', f"W/{analyst.etag}", f"x, {analyst.etag}", f"{analyst.etag} x"):
        assert_problem(analyst.post("undo", etag=stated), 412, "edited-meanwhile")
    several = analyst.post("undo", etag=f'{before}, "other",, {analyst.etag}')
    assert several.status_code == 200, several.text
    assert f"{FIRST}-2" not in analyst.shapes()


def test_undo_and_redo_bring_back_every_coordinate(analyst: Analyst) -> None:
    before = analyst.shapes()
    analyst.done("split", {"code": FIRST, "line": halving(before[FIRST])})
    split = analyst.shapes()
    analyst.done("recode", {"code": NEXT, "new_code": "renamed", "name": "改"})
    recoded = analyst.shapes()

    states = []
    for verb in ("undo", "undo", "redo", "redo"):
        analyst.done(verb)
        states.append(analyst.shapes())

    assert states == [split, before, split, recoded]
    assert_problem(analyst.post("redo"), 409, "nothing-to-redo")
    steps = analyst.get(f"/v1/editions/{analyst.edition}/steps")["steps"]
    assert [(step["verb"], step["state"]) for step in steps] == [
        ("split", "done"), ("recode", "done"), ("undo", "turning"), ("undo", "turning"), ("redo", "turning"),
        ("redo", "turning"),
    ]  # fmt: skip
    assert {step["actor"].partition(":")[0] for step in steps} == {"analyst"}


def test_what_is_done_after_an_undo_ends_what_could_be_redone(analyst: Analyst) -> None:
    analyst.done("recode", {"code": FIRST, "new_code": "one"})
    analyst.done("undo")
    analyst.done("recode", {"code": FIRST, "new_code": "two"})

    assert_problem(analyst.post("redo"), 409, "nothing-to-redo")
    analyst.done("undo")
    assert FIRST in analyst.shapes()
    assert_problem(analyst.post("undo"), 409, "nothing-to-undo")


def test_a_border_is_moved_on_both_sides_and_the_outline_is_not(analyst: Analyst) -> None:
    shapes = analyst.shapes()
    shared = shapely.get_coordinates(shapes[FIRST].intersection(shapes[NEXT]))
    x, y = ((shared[0] + shared[1]) / 2).tolist()
    moved = analyst.done("move-vertex", {"at": [x, y], "to": [x + 1e-5, y + 1e-5]})
    assert {one["id"] for one in moved["changed"]} >= {FIRST, NEXT}
    assert analyst.done("validate")["features"] == []

    outline = shapely.unary_union(list(shapes.values()))
    corner = list(outline.exterior.coords[0])
    told = assert_problem(analyst.post("move-vertex", {"at": corner, "to": [x, y]}), 422, "edit-refused", "outline")
    assert told["position"] is not None


def test_the_impact_is_that_of_the_preview_for_every_grid_and_keeps_nothing(
    analyst: Analyst, database_url: str
) -> None:
    west, south, east, north = analyst.shapes()[FIRST].bounds
    middle = (west + east) / 2
    analyst.done("split", {"code": FIRST, "line": [[middle, south - 0.001], [middle, north + 0.001]]})
    analyst.done("merge", {"codes": [NEXT, "540502001001003"], "into": NEXT})

    found = analyst.get(f"/v1/editions/{analyst.edition}/impact")

    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM geoservice.preview").fetchone() == (0,)
    preview = analyst.done("preview")
    grids = {one["code"]: one for one in found["grids"]}
    assert len(grids) == 9 and found["revision"] == 2 and found["flows"] == preview["flows"]
    for one in preview["grids"]:
        told = grids[one["code"]]
        assert told["after"] in (one["after"], None) and told["before"] in (one["before"], None)
    assert grids[f"{FIRST}-2"]["before"] is None and grids["540502001001003"]["after"] is None
    assert {code: one["balance"] for code, one in grids.items() if one["balance"] != "within"} == {
        FIRST: "few", f"{FIRST}-2": "few", NEXT: "many", "540502001001003": None,
    }  # fmt: skip
    assert grids[NEXT]["officers"] and not grids[f"{FIRST}-2"]["officers"]
    assert not found["is_exact"] and not found["is_own"]


def test_who_asks_for_publishing_is_told_until_somebody_edits(analyst: Analyst) -> None:
    analyst.done("recode", {"code": FIRST, "new_code": "two"})
    asked = analyst.done("ask", {"note": "the new bridge"})
    assert asked["asked_by"].startswith("analyst:") and asked["note"] == "the new bridge"

    analyst.done("undo")

    now = analyst.get(f"/v1/editions/{analyst.edition}")
    assert (now["asked_by"], now["note"]) == (None, "the new bridge")
    assert_problem(analyst.post("ask", {"note": "call 13812345678"}), 422, "refused", "")
    published = analyst.get("/v1/editions?jurisdiction=sare")["editions"][0]
    assert (published["status"], published["note"], published["asked_by"]) == ("published", None, None)


def test_a_grid_is_put_and_retired_and_the_gate_names_what_is_left(analyst: Analyst) -> None:
    shape = analyst.shapes()[FIRST]
    small = shapely.geometry.mapping(shape.buffer(-1e-5))
    path = f"/v1/editions/{analyst.edition}/grids/{FIRST}"

    put = analyst._call("PUT", path, {"name": "one", "geometry": small}, analyst.etag)
    assert put.status_code == 200, put.text
    analyst.etag = put.headers["ETag"]
    rules = {one["properties"]["rule"] for one in analyst.done("validate")["features"]}
    assert "gap" in rules
    retired = analyst._call("DELETE", path, None, analyst.etag)
    assert retired.json["removed"] == [FIRST]
    analyst.etag = retired.headers["ETag"]
    preview = analyst.done("preview")
    refused = analyst.post("publish", {"preview": preview["id"]})
    assert_problem(refused, 422, "refused", "not validated as it stands")


@pytest.mark.parametrize(
    ("verb", "body", "words"),
    [
        ("split", {"code": "nowhere", "line": [[91.7, 29.2], [91.8, 29.3]]}, "no grid nowhere"),
        ("split", {"code": FIRST, "line": [[91.0, 29.0], [91.1, 29.0]]}, FIRST),
        ("merge", {"codes": [FIRST, FIRST], "into": FIRST}, "two or more"),
        ("merge", {"codes": [FIRST, "nowhere"], "into": FIRST}, "nowhere"),
        ("redraw-border", {"codes": [FIRST, FIRST], "line": [[91.7, 29.2], [91.8, 29.3]]}, "border"),
        ("recode", {"code": FIRST, "new_code": NEXT}, NEXT),
        ("recode", {"code": FIRST, "new_code": " x"}, "space"),
        ("move-vertex", {"at": [10.0, 10.0], "to": [10.0, 11.0]}, ""),
    ],
)
def test_what_the_grids_do_not_allow_is_refused_with_a_sentence(
    analyst: Analyst, verb: str, body: dict[str, Any], words: str
) -> None:
    assert_problem(analyst.post(verb, body), 422, "edit-refused", words)


def test_a_name_takes_no_personal_number(analyst: Analyst) -> None:
    body = {"code": FIRST, "new_code": "other", "name": "张 13912345678"}

    assert_problem(analyst.post("recode", body), 422, "personal-number")
    assert FIRST in analyst.shapes()


def test_what_changes_nothing_is_no_step(analyst: Analyst, client: FlaskClient) -> None:
    other = Analyst(client, analyst.key)
    other.draft(title="the same")

    analyst.done("merge-draft", {"other": other.edition})
    analyst.done("rebase")

    assert_problem(analyst.post("undo"), 409, "nothing-to-undo")


def test_what_is_not_a_line_or_an_area_is_named(analyst: Analyst) -> None:
    assert_problem(analyst.post("split", {"code": FIRST, "line": [[91.7, 29.2]]}), 422, "invalid-input")
    assert_problem(analyst.post("split", {"code": FIRST, "line": [[200.0, 0.0], [0.0, 0.0]]}), 422, "invalid-input")
    path = f"/v1/editions/{analyst.edition}/grids/x"
    open_ring = [[[0, 0], [1, 0], [1, 1]]]
    polygons = [{"type": "Polygon", "coordinates": value} for value in (None, 5, open_ring)]
    for geometry in ({"type": "Point", "coordinates": [0, 0]}, {"type": "Polygon"}, *polygons):
        put = analyst._call("PUT", path, {"name": "x", "geometry": geometry}, analyst.etag)
        assert_problem(put, 422, "invalid-input")


def test_data_that_moved_after_the_preview_stop_the_publication_and_are_named(
    analyst: Analyst, community_url: str
) -> None:
    analyst.done("split", {"code": FIRST, "line": halving(analyst.shapes()[FIRST]), "codes": [FIRST, "east"]})
    analyst.done("validate")
    preview = analyst.done("preview")
    [camera] = [one for one in preview["moves"]["features"] if one["properties"]["kind"] == "camera"][:1]
    with psycopg.connect(community_url) as connection:
        connection.execute("DELETE FROM geoservice.camera WHERE code = %s", [camera["properties"]["code"]])

    told = assert_problem(analyst.post("publish", {"preview": preview["id"]}), 409, "preview-outdated")

    assert [one["code"] for one in told["gone"]["features"]] == [camera["properties"]["code"]]
    assert told["appeared"] == {"households": None, "features": []}  # an analyst is not told how many
    again = analyst.done("preview")
    assert analyst.post("publish", {"preview": again["id"]}).status_code == 200


def test_a_draft_of_what_is_no_longer_in_force_is_rebased_and_then_published(
    analyst: Analyst, client: FlaskClient
) -> None:
    other = Analyst(client, analyst.key)
    other.draft(title="other")
    other.done("recode", {"code": NEXT, "new_code": "theirs"})
    other.done("validate")
    assert other.post("publish", {"preview": other.done("preview")["id"]}).status_code == 200
    analyst.done("split", {"code": FIRST, "line": halving(analyst.shapes()[FIRST]), "codes": [FIRST, "east"]})
    analyst.done("validate")
    preview = analyst.done("preview")
    assert_problem(analyst.post("publish", {"preview": preview["id"]}), 409, "published-meanwhile", "Rebase the draft")

    analyst.done("rebase")

    assert {"east", "theirs"} <= set(analyst.shapes())
    assert NEXT not in analyst.shapes()
    analyst.done("validate")
    assert analyst.post("publish", {"preview": analyst.done("preview")["id"]}).status_code == 200


def test_two_drafts_that_changed_the_same_are_told_apart_and_settled(analyst: Analyst, client: FlaskClient) -> None:
    other = Analyst(client, analyst.key)
    other.draft(title="other")
    other.done("recode", {"code": FIRST, "new_code": "theirs"})
    analyst.done("recode", {"code": FIRST, "new_code": "ours"})

    told = assert_problem(analyst.post("merge-draft", {"other": other.edition}), 409, "merge-conflict")
    assert FIRST in told["conflicts"][0]["grid_codes"]
    analyst.done("merge-draft", {"other": other.edition, "settle": {FIRST: "theirs"}})

    assert "theirs" in analyst.shapes()
    assert "ours" not in analyst.shapes()


def test_a_correction_does_not_change_what_was_answered_before(analyst: Analyst) -> None:
    point = analyst.shapes()[FIRST].representative_point()
    asked = f"/v1/owner?lon={point.x}&lat={point.y}"
    before = analyst.get(asked)
    learnt = before["known_at"]
    began = analyst.get("/v1/editions/1")["valid_from"]
    analyst.done("recode", {"code": FIRST, "new_code": "true"})
    analyst.done("validate")
    preview = analyst.done("preview", {"valid_from": began})
    published = analyst.post("publish", {"preview": preview["id"], "valid_from": began})
    assert published.status_code == 200, published.text

    instant = began.replace("+", "%2B")
    assert analyst.get(f"{asked}&at={instant}")["grid"]["code"] == "true"
    then = analyst.get(f"{asked}&at={instant}&known_at={learnt.replace('+', '%2B')}")
    assert then["grid"]["code"] == FIRST
    grids = analyst.get(f"/v1/grids?jurisdiction=sare&at={instant}&known_at={learnt.replace('+', '%2B')}")["grids"]
    assert FIRST in {grid["code"] for grid in grids}
    again = analyst.get(f"{asked}&at={before['at'].replace('+', '%2B')}&known_at={learnt.replace('+', '%2B')}")
    assert again | {"as_of": None} == before | {"as_of": None}


def test_what_will_be_known_is_not_told(analyst: Analyst) -> None:
    for path in ("owner?lon=91.77&lat=29.24", "grids?jurisdiction=sare", f"grids/{FIRST}?jurisdiction=sare"):
        response = analyst.client.get(f"/v1/{path}&known_at=2099-01-01T00:00:00Z")
        assert_problem(response, 422, "refused", "is not known here yet")


def test_a_published_edition_takes_no_edits(analyst: Analyst) -> None:
    analyst.edition = 1

    assert_problem(analyst.post("undo", etag='"1-0"'), 409, "not-a-draft")
    assert_problem(analyst.post("validate"), 409, "not-a-draft")
    analyst.edition = 4711
    assert_problem(analyst.post("undo", etag='"4711-0"'), 404, "edition-unknown")


def test_a_withdrawn_draft_is_gone_for_good(analyst: Analyst) -> None:
    assert analyst.done("withdraw")["status"] == "withdrawn"

    assert_problem(analyst.post("undo"), 409, "not-a-draft")


def test_nobody_heals_what_he_has_not_seen(analyst: Analyst, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused before anything is healed, which takes seconds."""
    analyst.draft()
    monkeypatch.setattr("geoservice.services.drafting.service.heal_in_process", None)

    assert_problem(analyst.post("heal", {}, etag=f'"{analyst.edition}-7"'), 412, "edited-meanwhile")


@pytest.mark.parametrize("role", [Role.READER, Role.REPORTER, Role.OFFICER, Role.DISPATCHER, Role.AUDITOR])
def test_only_analysts_edit(analyst: Analyst, services: Services, role: Role) -> None:
    analyst.key = services.keys.create(role, "other", staff=holder(role))

    assert_problem(analyst.post("undo"), 403, "forbidden")
