"""An edition may have another outline, and leave ground to nobody: confirmed, previewed, published, told by day."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
import shapely
from click.testing import Result
from flask.testing import FlaskClient

from geoservice.app import create_app
from geoservice.settings import Settings
from geoservice.wiring import build_services
from tests.conftest import DatabaseLike
from tests.factories import make_building, make_incident, make_service
from tests.geoservice.cli.made_town import Command, make_town, run
from tests.geoservice.reading.made_files import geojson
from tests.loading import stop, wait_until_loaded
from tests.places import Place

WEST, EAST = shapely.box(91, 29, 91.01, 29.01), shapely.box(91.01, 29, 91.02, 29.01)
#: About 10 m wide.
ANNEXED = shapely.box(91.02, 29, 91.0201, 29.01)
PARK = shapely.box(91.004, 29.004, 91.006, 29.006)
SECOND = "2025-01-01T00:00:00Z"


@pytest.fixture
def database_url(database_like: DatabaseLike, tmp_path: Path) -> str:
    """Return the database of a town where a lies west of b since 2024."""

    return database_like("another_outline", lambda url: make_town(url, {"a": WEST, "b": EAST}, tmp_path))


@pytest.fixture
def command(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return how to call the command line of that town."""
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", database_url)
    return run


def import_(command: Command, path: str, *more: str) -> Result:
    return command("edition", "import", path, "--jurisdiction", "town", "--code", "code", "--crs", "wgs84", *more)


def asked(url: str, place: Place, at: str) -> dict[str, Any]:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT grid_code, method, unowned_reason FROM geoservice.owner_of(%s::geometry, %s)", [place.wkt, at]
        ).fetchone()
    assert row is not None
    return dict(zip(("grid", "method", "unowned_reason"), row, strict=True))


IN_ANNEXED = Place("8 m east of the old rim", 91.02008, 29.005, None)
OFF_OLD_RIM = Place("30 m east of the old rim, 20 m of the new", 91.02031, 29.005, None)
IN_PARK = Place("middle of the park", 91.005, 29.005, None)
AT_PARK_RIM = Place("10 m inside the park", 91.0041, 29.005, None)


def test_an_annexation_is_confirmed_previewed_and_answered_by_day(
    command: Command, database_url: str, tmp_path: Path
) -> None:
    with psycopg.connect(database_url) as connection:
        make_service(connection, 1)
        inside = shapely.box(91.02003, 29.005, 91.02005, 29.0051)  # nearer to b than its tolerance already
        make_building(connection, 1, code="near", geom=inside)
        make_incident(connection, OFF_OLD_RIM, jurisdiction_id=1)
    path = geojson(tmp_path / "wider.geojson", [WEST, EAST.union(ANNEXED)], codes=["a", "b"])

    plain = import_(command, path)
    assert plain.exit_code == 1
    assert "spill" in plain.output
    imported = import_(command, path, "--own-outline")
    assert imported.exit_code == 1
    assert "To accept the other outline: geoservice edition outline 3 --confirm --reason TEXT" in imported.output
    refused = command("edition", "publish", "3", "--yes")
    assert refused.exit_code == 1
    shown = command("edition", "outline", "3")
    confirmed = command("edition", "outline", "3", "--confirm", "--reason", "第12号决定")
    validated = command("edition", "validate", "3")
    previewed = command("edition", "preview", "3")
    published = command("edition", "publish", "3", "--valid-from", SECOND, "--yes")

    assert "not confirmed yet. 1" in shown.output
    assert "confirm-outline" in command("edition", "steps", "3").output
    assert confirmed.exit_code == 0, confirmed.output
    assert validated.exit_code == 0, validated.output
    assert "第12号决定" in validated.output
    assert "第12号决定" in previewed.output
    assert "m2 fall in, 0 m2 fall out" in previewed.output
    assert not [one for one in (imported, shown, validated, previewed) if "e+" in one.output]
    assert "incident" in previewed.output  # nobody's so far, 20 m from b from then on
    assert published.exit_code == 0, published.output
    assert asked(database_url, IN_ANNEXED, "2024-06-01")["method"] == "nearest"
    assert asked(database_url, IN_ANNEXED, "2025-06-01") == {"grid": "b", "method": "covers", "unowned_reason": None}
    assert asked(database_url, OFF_OLD_RIM, "2024-06-01")["grid"] is None
    assert asked(database_url, OFF_OLD_RIM, "2025-06-01")["grid"] == "b"
    assert "第12号决定" in command("edition", "show", "3").output


def test_ground_that_falls_out_is_previewed_and_owned_no_more(
    command: Command, database_url: str, tmp_path: Path
) -> None:
    with psycopg.connect(database_url) as connection:
        make_building(connection, 1, code="lost", geom=shapely.box(91.018, 29.004, 91.0181, 29.0041))
    path = geojson(tmp_path / "less.geojson", [WEST, shapely.box(91.01, 29, 91.015, 29.01)], codes=["a", "b"])

    imported = import_(command, path, "--own-outline", "--reason", "ceded")
    previewed = json.loads(command("edition", "preview", "2", "--json").output)
    assert command("edition", "publish", "2", "--yes").exit_code == 0

    assert imported.exit_code == 0, imported.output
    assert {"from_grid": "b", "to_grid": None, "kind": "building", "count": 1, "residents": 0, "floating": 0} in (
        previewed["flows"]
    )


def test_a_park_is_left_to_nobody_and_look_ups_say_why(command: Command, database_url: str, tmp_path: Path) -> None:
    with psycopg.connect(database_url) as connection:
        make_service(connection, 1)
        make_building(connection, 1, code="kiosk", geom=shapely.box(91.005, 29.005, 91.00505, 29.00505))
    path = geojson(tmp_path / "park.geojson", [WEST.difference(PARK), EAST], codes=["a", "b"])

    imported = import_(command, path)
    decided = command(
        "edition", "decide", "2", "--near", "91.005,29.005", "--nobody", "park", "--reason", "市公园",
    )  # fmt: skip
    validated = command("edition", "validate", "2")
    previewed = command("edition", "preview", "2")
    published = command("edition", "publish", "2", "--valid-from", SECOND, "--yes")

    assert imported.exit_code == 1
    assert decided.exit_code == 0, decided.output
    assert validated.exit_code == 0, validated.output
    assert "belongs to nobody: 市公园" in validated.output
    assert not [one for one in (decided, validated, previewed) if "e+" in one.output]
    assert "was given to park by" in validated.output
    assert "building" in previewed.output
    assert published.exit_code == 0, published.output
    for place in (IN_PARK, AT_PARK_RIM):
        assert asked(database_url, place, "2024-06-01")["grid"] == "a"
        told = asked(database_url, place, "2025-06-01")
        assert told == {"grid": None, "method": "none", "unowned_reason": "市公园"}, place.name
    rim = Place("on the rim of the park", 91.004, 29.005, None)
    assert asked(database_url, rim, "2025-06-01")["grid"] == "a"
    points, owned = tmp_path / "points.csv", tmp_path / "owned.csv"
    lines = [f"{place.lon},{place.lat}" for place in (IN_PARK, AT_PARK_RIM, rim)]
    points.write_text("\n".join(["lon,lat", *lines]))
    assert command("assign", str(points), str(owned), "--jurisdiction", "town").exit_code == 0
    assert [line.rpartition(",")[2] for line in owned.read_text().split()[1:]] == ["none", "none", "covers"]
    with psycopg.connect(database_url) as connection:
        report = make_incident(connection, AT_PARK_RIM, jurisdiction_id=1)
        (kiosk,) = connection.execute("SELECT grid_code FROM geoservice.building WHERE code = 'kiosk'").fetchone() or ()
    assert (report["grid_code"], report["method"], report["jurisdiction_id"]) == (None, "none", 1)
    assert kiosk is None
    # It goes on in the next draft, comes back as a grid, and the file of an export says it.
    out = tmp_path / "out.geojson"
    assert command("edition", "export", "2", str(out)).exit_code == 0
    again = import_(command, str(out))
    assert again.exit_code == 0, again.output
    assert "belongs to nobody: 市公园" in again.output
    owned = command("edition", "own", "3", "park")
    assert owned.exit_code == 0, owned.output
    assert "belongs to nobody" not in command("edition", "validate", "3").output
    assert command("edition", "publish", "3", "--yes").exit_code == 0
    assert asked(database_url, IN_PARK, "2035-01-01")["grid"] == "park"


@pytest.fixture
def client(command: Command, database_url: str) -> Any:
    services = build_services(Settings(database_url=database_url, pool_size=4))  # type: ignore[arg-type]
    yield create_app(Settings(database_url=database_url), services=services).test_client()  # type: ignore[arg-type]
    stop(services)


def test_the_api_tells_the_outline_of_the_day_and_why_nobody_owns(
    command: Command, client: FlaskClient, tmp_path: Path
) -> None:
    path = geojson(tmp_path / "next.geojson", [WEST.difference(PARK), EAST.union(ANNEXED)], codes=["a", "b"])
    assert import_(command, path, "--own-outline", "--reason", "annexed").exit_code == 0  # with a hole in the outline
    filled = geojson(tmp_path / "filled.geojson", [WEST, EAST.union(ANNEXED)], codes=["a", "b"])
    assert (
        command("edition", "outline", "2", filled, "--crs", "wgs84", "--commit", "--reason", "annexed").exit_code == 0
    )
    assert command(
        "edition", "decide", "2", "--near", "91.005,29.005", "--nobody", "park", "--reason", "city park"
    ).exit_code == 0  # fmt: skip
    validated = command("edition", "validate", "2")
    assert validated.exit_code == 0, validated.output
    assert command("edition", "publish", "2", "--valid-from", SECOND, "--yes").exit_code == 0

    outlines = [
        shapely.geometry.shape(client.get(f"/v1/jurisdictions/town/outline?at={at}").json["geometry"])
        for at in ("2023-01-01T00:00:00Z", "2024-06-01T00:00:00Z", "2025-06-01T00:00:00Z")
    ]
    owner = client.get("/v1/owner?lon=91.0041&lat=29.005").json
    edition = client.get("/v1/editions/2/outline").json["properties"]

    assert [round(one.bounds[2], 4) for one in outlines] == [91.02, 91.02, 91.0201]
    assert (owner["grid"], owner["method"], owner["unowned_reason"]) == (None, "none", "city park")
    assert (edition["reason"], edition["as_before"], edition["lost_m2"]) == ("annexed", False, 0.0)
    assert edition["gained_m2"] > 10_000


def test_ground_of_nobody_beside_a_grid_takes_what_was_nearest(
    command: Command, database_url: str, tmp_path: Path
) -> None:
    with psycopg.connect(database_url) as connection:
        make_building(connection, 1, code="hut", geom=shapely.box(91.02008, 29.005, 91.0201, 29.00502))
    path = geojson(tmp_path / "strip.geojson", [WEST, EAST, ANNEXED], codes=["a", "b", "strip"])

    assert import_(command, path, "--own-outline", "--reason", "a river").exit_code == 0
    assert command("edition", "disown", "2", "strip", "--reason", "a river").exit_code == 0
    assert command("edition", "validate", "2").exit_code == 0
    previewed = json.loads(command("edition", "preview", "2", "--json").output)
    assert command("edition", "publish", "2", "--yes").exit_code == 0

    assert [(flow["from_grid"], flow["to_grid"], flow["kind"]) for flow in previewed["flows"]] == [
        ("b", None, "building")
    ]
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT grid_code FROM geoservice.building").fetchall() == [(None,)]
    back = geojson(tmp_path / "back.geojson", [WEST, EAST], codes=["a", "b"])
    assert import_(command, back, "--own-outline", "--reason", "given back").exit_code == 0
    assert command("edition", "publish", "3", "--yes").exit_code == 0
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT grid_code FROM geoservice.building").fetchall() == [("b",)]


def test_a_draft_of_a_draft_confirms_nothing(command: Command, tmp_path: Path) -> None:
    path = geojson(tmp_path / "wider.geojson", [WEST, EAST.union(ANNEXED)], codes=["a", "b"])
    assert import_(command, path, "--own-outline").exit_code == 1

    drawn = command("edition", "draft", "--jurisdiction", "town", "--title", "again", "--from-edition", "2")
    validated = command("edition", "validate", "3")

    assert drawn.exit_code == 0, drawn.output
    assert "outline-changed" in validated.output
    assert validated.exit_code == 1


@pytest.mark.parametrize("value", [False, 0, "", "  ", None])
def test_a_field_that_gives_no_reason_disowns_nothing(command: Command, tmp_path: Path, value: object) -> None:
    path = Path(geojson(tmp_path / "marked.geojson", [WEST, EAST], codes=["a", "b"]))
    told = json.loads(path.read_text())
    for feature in told["features"]:
        feature["properties"]["unowned"] = value
    path.write_text(json.dumps(told))

    imported = import_(command, str(path))

    assert imported.exit_code == 0, imported.output
    assert "belongs to nobody" not in imported.output


def test_undo_gives_the_outline_back(command: Command, tmp_path: Path) -> None:
    wider = geojson(tmp_path / "wider.geojson", [WEST, EAST.union(ANNEXED)], codes=["a", "b"])
    assert command("edition", "draft", "--jurisdiction", "town", "--title", "next").exit_code == 0

    dry = command("edition", "outline", "2", wider, "--crs", "wgs84")
    put = command("edition", "outline", "2", wider, "--crs", "wgs84", "--commit", "--reason", "annexed")
    gap = command("edition", "validate", "2")
    undone = command("edition", "undo", "2")
    back = command("edition", "outline", "2")
    redone = command("edition", "redo", "2")
    forth = command("edition", "outline", "2")

    assert "Nothing is changed yet" in dry.output
    assert put.exit_code == 0, put.output
    assert "gap" in gap.output
    assert undone.exit_code == 0, undone.output
    assert "The outline is the one before." in back.output
    assert redone.exit_code == 0, redone.output
    assert "not confirmed yet" in forth.output  # what was confirmed is confirmed anew


def test_wrong_words_are_told_before_anything_is_done(command: Command) -> None:
    for words, told in (
        (["outline", "1", "--confirm"], "--reason"),
        (["outline", "1", "--own", "x.geojson"], "one of FILE"),
        (["outline", "1", "--commit"], "goes with FILE or --own"),
        (["outline", "1", "--reason", "why"], "--confirm"),
        (["outline", "1", "--confirm", "--reason", "why"], "Only a draft"),
        (["decide", "1", "--near", "91,29", "--reason", "why"], "--to CODE, or --nobody CODE"),
        (["decide", "1", "--near", "29", "--to", "a", "--reason", "why"], "longitude,latitude"),
        (["decide", "1", "--near", "29,291", "--to", "a", "--reason", "why"], "longitude, then latitude"),
        (["decide", "1", "--near", "91,29", "--to", "a", "--reason", "why"], "Only a draft"),
        (["disown", "1", "a", "--reason", " "], "blanks are no reason"),
        (["own", "9", "a"], "edition"),
    ):
        result = command("edition", *words)
        assert result.exit_code != 0, words
        assert told in result.output + str(result.exception), (words, result.output, result.exception)


def test_memory_says_the_same_while_editions_follow_each_other(
    command: Command, database_url: str, tmp_path: Path
) -> None:
    path = geojson(tmp_path / "park.geojson", [WEST.difference(PARK), EAST], codes=["a", "b"])
    import_(command, path)
    command("edition", "decide", "2", "--near", "91.005,29.005", "--nobody", "park", "--reason", "city park")
    command("edition", "validate", "2")
    assert command("edition", "publish", "2", "--valid-from", SECOND, "--yes").exit_code == 0
    services = build_services(Settings(database_url=database_url, pool_size=2))  # type: ignore[arg-type]
    try:
        wait_until_loaded(services)
        bulk = services.ownership.bulk_lookup()
        columns = bulk.owners(np.array([91.005, 91.0041, 91.003]), np.array([29.005, 29.005, 29.005]))
    finally:
        stop(services)

    assert [columns.codes[one] if one >= 0 else None for one in columns.code.tolist()] == [None, None, "a"]
