"""Single features: written by those who may, looked at as they were, removed with their history kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
import psycopg
import pytest

from geoservice.auth.model import Identity, Role
from geoservice.services.layers import features, staging
from geoservice.services.layers.errors import (
    FeatureEditedMeanwhile,
    FeatureNotStored,
    FeatureUnknown,
    LayerNotWritten,
    NotYourGrid,
)
from geoservice.services.layers.features import FeatureEdit, Precondition
from geoservice.wiring import Services
from layers.catalogue import catalogue
from layers.changes import queries
from layers.changes.model import Change
from layers.errors import TryAgain
from tests.geoservice.services.layers.reading import stored
from tests.publishing import publish_turned, turned

ANALYST = Identity(Role.ANALYST, "key")


def put(
    services: Services, key: str, edit: FeatureEdit, *, layer: str = "cameras", identity: Identity = ANALYST
) -> Change | None:
    return services.features.put("sare", layer, key, edit, identity=identity, door="api").change


def test_one_feature_is_written_looked_at_as_it_was_and_removed(services: Services) -> None:
    one_by_one = services.features
    place = stored(services, "cameras").geoms[0]
    made = put(services, "new", FeatureEdit(place=place))
    off = put(services, "new", FeatureEdit({"status": "offline"}))
    assert made is not None
    assert off is not None
    assert put(services, "new", FeatureEdit({"status": "offline"})) is None
    gone = one_by_one.remove("sare", "cameras", "new", identity=Identity(Role.ADMIN, "boss"), door="api")

    history = one_by_one.history("sare", "cameras", "new")

    assert [(one.values["status"], one.made_by.actor, one.ended_by.actor) for one in history] == [
        ("offline", "analyst:key", "admin:boss"), ("online", "analyst:key", "analyst:key"),
    ]  # fmt: skip
    seen = [
        one_by_one.features("sare", "cameras", at=change.at, key="new", limit=1, identity=ANALYST)
        for change in (made, off, gone)
    ]
    assert [[one["status"] for one in found] for found in seen] == [["online"], ["offline"], []]


def test_what_is_no_feature_to_be_written_is_refused(services: Services) -> None:
    place = stored(services, "cameras").geoms[0]
    with pytest.raises(LayerNotWritten):
        services.features.history("sare", "grids", "x")
    with pytest.raises(FeatureUnknown):
        services.features.remove("sare", "cameras", "nowhere", identity=ANALYST, door="api")
    for edit, reason in (
        (FeatureEdit(), "It has no place."),
        (FeatureEdit({"statsu": "online"}, place), "Did you mean status?"),
        (FeatureEdit({"status": "broken"}, place), "The property status is one of online, offline, maintenance."),
        (FeatureEdit({"range_m": float("nan")}, place), "The property range_m is a number, or null."),
        (FeatureEdit({"range_m": True}, place), "The property range_m is a number, or null."),
        (FeatureEdit({"range_m": 3000}, place), "A camera sees more than 0 and at most 2,000 metres."),
    ):
        with pytest.raises(FeatureNotStored) as refused:
            put(services, "new", edit)
        assert reason in str(refused.value)


def test_an_edit_of_what_was_edited_since_is_refused(services: Services) -> None:
    key = stored(services, "cameras").keys[0]
    first = put(services, key, FeatureEdit({"status": "offline"}))
    assert first is not None
    second = put(services, key, FeatureEdit({"status": "maintenance"}, seen=Precondition({first.id})))
    assert second is not None

    with pytest.raises(FeatureEditedMeanwhile):
        put(services, key, FeatureEdit({"status": "online"}, seen=Precondition({first.id})))
    with pytest.raises(FeatureEditedMeanwhile):
        services.features.remove("sare", "cameras", key, seen=Precondition({first.id}), identity=ANALYST, door="api")


@pytest.mark.parametrize("stored_is_meant", [False, None])
def test_what_was_made_at_the_same_moment_is_not_written_over(
    services: Services, monkeypatch: pytest.MonkeyPatch, stored_is_meant: bool | None
) -> None:
    place = stored(services, "cameras").geoms[0]

    def stage_late(*given: Any) -> Any:
        """Stage after somebody else made the feature that was not there."""
        monkeypatch.undo()
        put(services, "raced", FeatureEdit({"status": "offline"}, place))
        return staging.stage(*given)

    monkeypatch.setattr(features, "stage", stage_late)
    with pytest.raises(TryAgain):
        put(services, "raced", FeatureEdit({"status": "maintenance"}, place, stored=stored_is_meant))
    history = services.features.history("sare", "cameras", "raced")
    assert [one.values["status"] for one in history] == ["offline"]


def test_an_edit_tells_the_state_that_it_left(services: Services) -> None:
    key, put_it = stored(services, "cameras").keys[0], services.features.put
    first = put_it("sare", "cameras", key, FeatureEdit({"status": "offline"}), identity=ANALYST, door="ogc")
    assert first.change is not None
    assert first.state == first.change.id
    same = put_it("sare", "cameras", key, FeatureEdit({"status": "offline"}), identity=ANALYST, door="ogc")
    assert (same.change, same.state) == (None, first.state)


@pytest.fixture
def officer(community_url: str) -> tuple[Identity, str]:
    """Return a grid officer, and his grid."""
    with psycopg.connect(community_url) as connection:
        row = connection.execute(
            "SELECT jurisdiction_id, staff_code, grid_code FROM geoservice.posting"
            " WHERE role = 'grid_officer' AND valid_to IS NULL ORDER BY grid_code LIMIT 1"
        ).fetchone()
    assert row is not None
    return Identity(Role.OFFICER, "key", (row[0], row[1])), row[2]


def test_an_officer_keeps_what_stands_in_his_grids(services: Services, officer: tuple[Identity, str]) -> None:
    identity, grid = officer
    every = services.features.features("sare", "households", limit=9999, identity=ANALYST)
    own = services.features.features("sare", "households", limit=9999, identity=identity)
    others = next(one for one in every if one["grid_code"] != grid)

    assert {one["grid_code"] for one in own} == {grid}
    assert len(own) == sum(one["grid_code"] == grid for one in every)
    done = put(services, own[0]["code"], FeatureEdit({"age_0_13": 9}), layer="households", identity=identity)
    assert done is not None
    with pytest.raises(NotYourGrid):
        put(services, others["code"], FeatureEdit({"age_0_13": 9}), layer="households", identity=identity)


def test_an_officer_reads_no_history_of_households_that_are_gone(
    services: Services, officer: tuple[Identity, str]
) -> None:
    identity, grid = officer
    every = services.features.features("sare", "households", limit=9999, identity=ANALYST)
    key = next(str(one["code"]) for one in every if one["grid_code"] != grid)
    services.features.remove("sare", "households", key, identity=ANALYST, door="api")

    assert services.features.history("sare", "households", key, identity=ANALYST)
    with pytest.raises(FeatureUnknown):
        services.features.history("sare", "households", key, identity=identity)


def test_an_officer_reads_of_a_household_what_it_was_in_his_grids(
    services: Services, officer: tuple[Identity, str]
) -> None:
    identity, grid = officer
    every = services.features.features("sare", "households", limit=9999, identity=ANALYST)
    theirs, own = (next(one for one in every if (one["grid_code"] == grid) is mine) for mine in (False, True))
    buildings = services.features.features("sare", "buildings", limit=9999, identity=ANALYST)
    elsewhere = next(str(one["code"]) for one in buildings if one["grid_code"] == theirs["grid_code"])
    key = str(own["code"])
    put(services, key, FeatureEdit({"age_0_13": 8}), layer="households")
    put(services, key, FeatureEdit({"building_code": elsewhere}, building=elsewhere), layer="households")
    put(services, key, FeatureEdit({"age_0_13": 9}), layer="households")

    def told(who: Identity) -> list[tuple[object, object]]:
        found = services.features.history("sare", "households", key, identity=who)
        return [(one.values["age_0_13"], one.values["building_code"]) for one in found]

    was = (own["age_0_13"], own["building_code"])
    assert told(ANALYST) == [(9, elsewhere), (8, elsewhere), (8, was[1]), was]
    assert told(identity) == [(8, was[1]), was]
    services.features.remove("sare", "households", key, identity=ANALYST, door="api")
    assert told(identity) == [(8, was[1]), was]
    for unseen in (str(theirs["code"]), "nowhere"):
        with pytest.raises(FeatureUnknown):
            services.features.history("sare", "households", unseen, identity=identity)


def test_whose_household_came_by_an_edition_is_told_to_its_officers_of_both_times(
    services: Services, officer: tuple[Identity, str], community_url: str
) -> None:
    identity, grid = officer
    own = services.features.features("sare", "households", limit=9999, identity=identity)
    key = str(own[0]["code"])
    with psycopg.connect(community_url) as connection:
        assert identity.staff is not None
        edition = publish_turned(connection, identity.staff[0])

    with services.database.transaction() as connection:
        for grids, count in (([grid], 1), ([turned(grid, edition)], 1), (["nowhere"], 0), ([], 0)):
            found = queries.versions(
                connection, catalogue()["households"], jurisdiction_id=identity.staff[0], key=key, grids=grids
            )
            assert len(found) == count


def test_an_officer_can_not_carry_things_out_of_his_grids(services: Services, officer: tuple[Identity, str]) -> None:
    identity, grid = officer
    cameras = services.features.features("sare", "cameras", limit=999, identity=ANALYST)
    outside = stored(services, "cameras").geoms[[one["grid_code"] != grid for one in cameras].index(True)]
    own = next(one["code"] for one in cameras if one["grid_code"] == grid)

    for key in (own, "new"):
        with pytest.raises(NotYourGrid):
            put(services, key, FeatureEdit(place=outside), identity=identity)
    unchanged = services.features.features("sare", "cameras", key=own, limit=1, identity=ANALYST)
    assert unchanged[0]["grid_code"] == grid


def test_an_officer_whose_key_names_nobody_changes_nothing(services: Services) -> None:
    key = stored(services, "cameras").keys[0]

    with pytest.raises(NotYourGrid):
        put(services, key, FeatureEdit({"status": "offline"}), identity=Identity(Role.OFFICER, "key"))


def test_a_feature_is_found_at_an_instant_under_the_key_that_it_had_then(
    services: Services, community_url: str
) -> None:
    first, second = stored(services, "cameras").keys[:2]
    made = put(services, first, FeatureEdit({"status": "offline"}))
    assert made is not None
    with psycopg.connect(community_url) as connection:
        connection.execute("UPDATE geoservice.camera SET code = 'renamed' WHERE code = %s", [first])
        connection.execute("DELETE FROM geoservice.camera WHERE code = %s", [second])
    renamed = services.features.changes("sare", limit=1)[0]

    def keys(at: datetime, **where: str) -> list[str]:
        found = services.features.features("sare", "cameras", at=at, limit=9999, identity=ANALYST, **where)
        return [one["code"] for one in found]

    then, now = keys(made.at), keys(renamed.at)
    assert sorted({*then} - {*now}) == sorted([first, second])
    assert {*now} - {*then} == {"renamed"}
    assert len(then) == len({*then}) == len(now) + 1
    assert then == sorted(then)
    assert (keys(made.at, key=first), keys(renamed.at, key=first)) == ([first], [])
    assert (keys(made.at, key="renamed"), keys(renamed.at, key="renamed")) == ([], ["renamed"])
    walked, after = [], ""
    while page := services.features.features("sare", "cameras", at=made.at, after=after, limit=7, identity=ANALYST):
        walked += [one["code"] for one in page]
        after = page[-1]["code"]
    assert walked == then


def test_what_a_camera_sees_is_told_where_it_is_known(services: Services) -> None:
    key = stored(services, "cameras").keys[0]
    before = orjson.loads(services.viewing.layer_geojson("sare", "camera_sectors"))["numberMatched"]
    put(services, key, FeatureEdit({"bearing_deg": None, "fov_deg": None}))

    told = orjson.loads(services.viewing.layer_geojson("sare", "camera_sectors"))

    assert told["numberMatched"] == len(told["features"]) == before - 1
    assert all(one["geometry"]["type"] == "Polygon" for one in told["features"])
