"""Features are imported by key: what differs is shown first, and written as one change that can be undone."""

from __future__ import annotations

import secrets
from pathlib import Path

import psycopg
import pytest
from shapely import Point

from geoservice.auth.model import Identity, Role
from geoservice.domain.importing.model import ReadFeatures, RefusedRow
from geoservice.services.layers.errors import DifferenceOutdated, MissingNotKnown, RemovalNotConfirmed
from geoservice.services.layers.importing import note_of
from geoservice.wiring import Services
from layers.changes.model import ChangeCount, FieldChange
from tests.geoservice.services.layers.reading import stored


def apply(services: Services, layer: str, features: ReadFeatures, **how: object):
    return services.layer_imports.apply("sare", layer, features, actor="test", door="command", **how)


def look(services: Services, layer: str, key: str):
    return services.features.features("sare", layer, key=key, limit=1, identity=Identity(Role.ADMIN))


def test_what_is_stored_is_no_difference(services: Services) -> None:
    for layer in ("buildings", "cameras", "organisations", "households", "basemap"):
        features = stored(services, layer)

        assert len(features.keys) > 5
        difference = services.layer_imports.compare("sare", layer, features)

        assert (difference.added, difference.changed, difference.missing) == (0, 0, 0), difference
        assert difference.same == difference.stored == len(features.keys)
        assert difference.refused == ()
        assert apply(services, layer, features, removed="delete").change is None


def test_what_differs_is_told_field_by_field_and_written(services: Services) -> None:
    cameras = stored(services, "cameras")
    first = cameras.keys[0]
    moved = Point(cameras.geoms[0].x + 0.0001, cameras.geoms[0].y)
    new = ReadFeatures(keys=(first, "new"), values={"status": ("offline", "online")}, geoms=[moved, moved], rows=(7, 8))

    difference = services.layer_imports.compare("sare", "cameras", new)

    assert (difference.added, difference.changed, difference.missing) == (1, 1, len(cameras.keys) - 1)
    assert difference.fields == {"geom": 1, "status": 1}
    (change,) = difference.first_changed
    assert change.key == first
    assert change.fields == (FieldChange("status", "online", "offline"), FieldChange("geom", None, "moved 9.7 m"))
    assert difference.first_added == ("new",)

    done = apply(services, "cameras", new, token=difference.tokens["keep"], note="cameras.csv").change
    assert done is not None
    assert done.counts == (ChangeCount("cameras", "sare", 1, 1, 0),)
    assert (done.kind, done.door, done.actor, done.note) == ("import", "command", "test", "cameras.csv")
    assert services.layer_imports.compare("sare", "cameras", new).is_empty


def test_the_planner_knows_at_once_how_much_was_imported(services: Services, community_url: str) -> None:
    buildings = stored(services, "buildings")
    with psycopg.connect(community_url) as owner:
        owner.execute("DELETE FROM geoservice.household")
        owner.execute("DELETE FROM geoservice.building")
        owner.execute("DELETE FROM pg_statistic WHERE starelid = 'geoservice.building'::regclass")

    assert apply(services, "buildings", buildings).difference.added == len(buildings.keys)

    with psycopg.connect(community_url) as owner:
        told = owner.execute(
            "SELECT reltuples, (SELECT count(*) FROM pg_statistic WHERE starelid = c.oid) > 0"
            "  FROM pg_class AS c WHERE oid = 'geoservice.building'::regclass"
        ).fetchone()
    assert told == (len(buildings.keys), True)


def test_a_camera_that_is_new_gets_what_is_not_told_of_it(services: Services) -> None:
    place = stored(services, "cameras").geoms[0]

    apply(services, "cameras", ReadFeatures(keys=("new",), values={}, geoms=[place]))

    (camera,) = look(services, "cameras", "new")
    assert (camera["kind"], camera["status"], camera["bearing_deg"]) == ("fixed", "online", None)


def test_an_import_that_is_undone_leaves_what_was(services: Services, community_url: str) -> None:
    before = rows(community_url, "building")
    buildings = stored(services, "buildings")
    features = ReadFeatures(
        keys=[*buildings.keys, "new"],
        values={"name": [f"楼 {n}" for n in range(len(buildings.keys) + 1)]},
        geoms=[*buildings.geoms, buildings.geoms[0]],
    )
    done = apply(services, "buildings", features).change
    assert done is not None
    assert done.counts[0][2:] == (1, len(buildings.keys), 0)

    undone = services.features.undo(done.id, actor="test", door="command")

    assert rows(community_url, "building") == before
    assert undone.undoes == done.id
    assert services.features.changes("sare", limit=9)[1].undone_by == undone.id


def rows(url: str, table: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        query = f"SELECT (to_jsonb(f) - 'change_id')::text, st_asbinary(geom) FROM geoservice.{table} AS f ORDER BY id"  # noqa: S608
        return connection.execute(query.encode()).fetchall()


def test_each_row_that_can_not_be_stored_says_why_and_the_others_are(services: Services) -> None:
    building = stored(services, "buildings").geoms[0]
    features = ReadFeatures(
        keys=("good", "x" * 65, "high", "point"),
        values={"floors": (3, 3, 900, 3)},
        geoms=[building, building, building, Point(91.0, 29.0)],
        rows=(2, 3, 4, 5),
        refused=(RefusedRow(9, "It has no code."),),
    )

    difference = apply(services, "buildings", features).difference

    assert [(one.row, one.reason.split(":")[0]) for one in difference.refused] == [
        (3, "The code of a building is 1 to 64 characters, none invisible, without a blank at an end."),
        (4, "A building has 1 to 200 floors."),
        (5, "Its shape is no MultiPolygon."),
        (9, "It has no code."),
    ]
    assert difference.added == 1


def test_a_name_with_a_number_of_a_person_is_refused(services: Services) -> None:
    place = stored(services, "organisations").geoms[0]
    features = ReadFeatures(keys=("new",), values={"name": ("水站 13812345678",), "kind": ("partner",)}, geoms=[place])

    (refused,) = services.layer_imports.compare("sare", "organisations", features).refused

    assert refused.reason == "It holds what looks like a number or an address of a person."


def test_households_stand_where_their_building_is(services: Services) -> None:
    code = stored(services, "buildings").keys[0]
    features = ReadFeatures(
        keys=("1", "2"), values={"building_code": (code, "nowhere"), "households": (120, 1), "age_18_59": (300, 2)},
        geoms=None, buildings=(code, "nowhere"),
    )  # fmt: skip

    difference = apply(services, "households", features).difference

    assert difference.added == 1
    assert [one.reason for one in difference.refused] == ["It names no building of the jurisdiction."]
    (stood,) = look(services, "households", "1")
    (building,) = look(services, "buildings", code)
    assert stood["grid_code"] == building["grid_code"]


def test_what_is_missing_is_removed_only_when_that_is_meant(services: Services) -> None:
    organisations = stored(services, "organisations")
    gone = len(organisations.keys) // 2
    some = ReadFeatures(keys=organisations.keys[gone:], values={}, geoms=organisations.geoms[gone:])

    assert apply(services, "organisations", some).change is None
    with pytest.raises(RemovalNotConfirmed):
        apply(services, "organisations", some, removed="delete")
    refused = ReadFeatures(keys=some.keys, values={}, geoms=some.geoms, refused=(RefusedRow(1, "It has no code."),))
    with pytest.raises(MissingNotKnown):
        apply(services, "organisations", refused, removed="delete", confirmed=True)

    done = apply(services, "organisations", some, removed="delete", confirmed=True).change
    assert done is not None
    assert done.counts[0][2:] == (0, 0, gone)


def test_what_came_since_the_look_is_not_removed_unseen(services: Services) -> None:
    organisations = stored(services, "organisations")
    some = ReadFeatures(keys=organisations.keys[1:], values={}, geoms=organisations.geoms[1:])
    looked = services.layer_imports.compare("sare", "organisations", some)
    new = ReadFeatures(keys=("new",), values={"name": ("水站",), "kind": ("other",)}, geoms=[organisations.geoms[0]])
    apply(services, "organisations", new)

    with pytest.raises(DifferenceOutdated):
        apply(services, "organisations", some, removed="delete", token=looked.tokens["delete"])
    assert apply(services, "organisations", some, token=looked.tokens["keep"]).change is None
    assert look(services, "organisations", "new")


def test_differences_that_differ_in_which_field_is_empty_are_two(services: Services) -> None:
    place = stored(services, "buildings").geoms[0]
    one, other = (
        ReadFeatures(keys=("new",), values={"name": (name,), "address": (address,)}, geoms=[place])
        for name, address in (("x", None), (None, "x"))
    )

    compare = services.layer_imports.compare
    assert compare("sare", "buildings", one).tokens["keep"] != compare("sare", "buildings", other).tokens["keep"]


def test_a_difference_that_nobody_looked_at_is_not_written(services: Services) -> None:
    place = stored(services, "cameras").geoms[0]
    features = ReadFeatures(keys=("new",), values={"status": ("online",)}, geoms=[place])
    token = services.layer_imports.compare("sare", "cameras", features).tokens["keep"]
    other = ReadFeatures(keys=("new",), values={"status": ("offline",)}, geoms=[place])

    with pytest.raises(DifferenceOutdated):
        apply(services, "cameras", other, token=token)


@pytest.mark.parametrize(
    ("name", "told"),
    [("13800138000.xlsx", "*.xlsx"), ("a\nb.csv", "*.csv"), ("\u202ecsv", "*"), ("点位.xlsx", "点位.xlsx")],
)
def test_a_name_of_a_file_tells_no_number_of_a_person(tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / name).write_bytes(b"")

    assert note_of(tmp_path / name) == f"{told} e3b0c44298fc1c14"


@pytest.mark.parametrize(("key", "unit"), [("110101199003070038", "1"), ("one", "13800138000")])
def test_households_are_not_known_by_the_number_of_a_person(services: Services, key: str, unit: str) -> None:
    features = ReadFeatures(keys=(key,), values={"unit": (unit,)}, geoms=[Point(91.7712, 29.2391)])

    (refused,) = services.layer_imports.compare("sare", "households", features).refused

    assert "number of a person" in refused.reason
    assert key not in refused.reason
    assert unit not in refused.reason.split()


def test_a_key_of_any_length_is_told_of(services: Services) -> None:
    long = "".join(secrets.token_hex(10) for _ in range(1000))

    features = ReadFeatures(keys=(long,), values={}, geoms=[Point(91.7712, 29.2391)])
    (refused,) = apply(services, "cameras", features).difference.refused

    assert refused.reason.startswith("A code is 1 to 64 characters")
