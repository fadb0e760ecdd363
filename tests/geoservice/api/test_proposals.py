"""A draft cut anew as it is proposed: looked at, taken over as one step, undone; and each way it is refused."""

from __future__ import annotations

import pytest
import shapely
from flask.testing import FlaskClient

from geoservice.auth.model import Role
from geoservice.services.drafting import proposals
from geoservice.wiring import Services
from tests.geoservice.api.test_drafts import FIRST, NEXT, Analyst, assert_problem


@pytest.fixture
def analyst(client: FlaskClient, services: Services) -> Analyst:
    made = Analyst(client, services.keys.create(Role.ANALYST, "test"))
    made.draft()
    return made


def is_same(one: shapely.MultiPolygon, other: shapely.MultiPolygon) -> bool:
    """Return whether two areas differ by no more than the last digit of vertices put into an edge."""
    return one.symmetric_difference(other).area < 1e-14


def test_a_draft_is_cut_anew_as_one_step_that_can_be_undone(analyst: Analyst, monkeypatch: pytest.MonkeyPatch) -> None:
    before = analyst.shapes()

    monkeypatch.setattr(proposals, "KEPT_MOST", 0)  # as of another process, which reckons the same
    told = analyst.done("propose")
    monkeypatch.undo()

    assert analyst.shapes() == before
    assert analyst.get(f"/v1/editions/{analyst.edition}/steps")["steps"] == []
    grids = {one["code"]: one for one in told["impact"]["grids"]}
    assert set(grids) == set(before)  # people keep the code that they know
    assert {one["balance"] for one in grids.values()} == {"within"}
    assert told["impact"]["flows"]
    assert analyst.done("propose")["proposal"] == told["proposal"]
    assert analyst.done("propose", {"seed": 1})["proposal"] != told["proposal"]

    taken = analyst.done("take-proposal", {"proposal": told["proposal"]})

    assert {one["id"]: one["geometry"] for one in taken["changed"]} == {
        one["id"]: one["geometry"] for one in told["changed"]
    }
    assert analyst.done("validate")["features"] == []
    assert analyst.get(f"/v1/editions/{analyst.edition}/impact")["grids"] == told["impact"]["grids"]
    assert [one["verb"] for one in analyst.get(f"/v1/editions/{analyst.edition}/steps")["steps"]] == ["take-proposal"]
    analyst.done("undo")
    assert analyst.shapes() == before


def test_one_grid_of_a_proposal_is_taken_where_that_leaves_a_partition(analyst: Analyst) -> None:
    told = analyst.done("propose", {"grids": 9, "minimum": 250})
    new = next(one["code"] for one in told["impact"]["grids"] if one["before"] is None)
    proposed = {one["id"]: shapely.geometry.shape(one["geometry"]) for one in told["changed"]}
    wish = {"grids": 9, "minimum": 250, "proposal": told["proposal"]}

    analyst.done("take-proposal", wish | {"codes": [new]})

    assert is_same(analyst.shapes()[new], proposed[new])
    assert not any(one["properties"]["severity"] == "error" for one in analyst.done("validate")["features"])
    analyst.done("undo")
    # Whoever loses ground to a grid that is new, and not taken, is told which.
    beside = new.rpartition("-")[0]
    refused = analyst.post("take-proposal", wish | {"codes": [beside]})
    problem = assert_problem(refused, 422, "edit-refused", f"Take {new} over as well.")
    assert (problem["code"], problem["values"]) == ("proposal-takes-more", {"grid": beside, "other": new})


def test_a_grid_that_has_grown_too_large_is_split(analyst: Analyst) -> None:
    assert_problem(analyst.post("propose", {"grid": FIRST}), 422, "proposal-impossible", "grids: 2")
    analyst.done("merge", {"codes": [FIRST, NEXT], "into": FIRST})

    told = analyst.done("propose", {"grid": FIRST})

    parts = [one for one in told["impact"]["grids"] if one["code"] in (FIRST, f"{FIRST}-2")]
    assert [one["balance"] for one in parts] == ["within", "within"]
    analyst.done("take-proposal", {"grid": FIRST, "proposal": told["proposal"]})
    assert not any(one["properties"]["severity"] == "error" for one in analyst.done("validate")["features"])


def test_what_was_not_looked_at_is_not_taken(analyst: Analyst, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, etag = analyst.done("propose")["proposal"], analyst.etag
    assert_problem(analyst.post("take-proposal", {"proposal": "0" * 32}), 409, "proposal-outdated")
    assert_problem(analyst.post("take-proposal", {"proposal": seen, "codes": ["nowhere"]}), 422, "edit-refused")
    assert_problem(analyst.post("propose", {"grid": "nowhere"}), 404, "grid-unknown")
    assert_problem(analyst.post("propose", {"grids": 900}), 422, "proposal-impossible")
    analyst.done("recode", {"code": FIRST, "new_code": "other"})
    assert_problem(analyst.post("take-proposal", {"proposal": seen}, etag=etag), 412, "edited-meanwhile")
    monkeypatch.setattr(proposals, "PLACES_MAX", 10)
    assert_problem(analyst.post("propose"), 422, "proposal-too-large", "the command line")
    monkeypatch.undo()
    monkeypatch.setattr(proposals, "LONGEST_S", 0.0)
    assert_problem(analyst.post("propose"), 422, "proposal-too-large")


def test_ground_that_belongs_to_nobody_stays_so(analyst: Analyst) -> None:
    analyst.done("disown", {"code": FIRST, "reason": "a lake"})
    before = analyst.shapes()

    told = analyst.done("propose")
    analyst.done("take-proposal", {"proposal": told["proposal"]})

    assert is_same(analyst.shapes()[FIRST], before[FIRST])
    assert {one["properties"]["rule"] for one in analyst.done("validate")["features"]} == {"unowned"}
