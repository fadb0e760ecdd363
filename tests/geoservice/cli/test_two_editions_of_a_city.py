"""A real city, from the files that it published to both of its editions in force, by documented commands alone."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psycopg
import pytest
import shapely
from click.testing import CliRunner, Result

from geoservice.cli.main import geoservice
from tests.depth import depths

pytestmark = [pytest.mark.data, pytest.mark.slow]

Command = Callable[..., Result]

#: The day from which the second file holds, local time.
DAY = "2012-12-19T00:00:00-06:00"


@pytest.fixture
def command(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", database_url)
    return lambda *words: CliRunner().invoke(geoservice, words)


def areas_of(path: Path) -> dict[str, shapely.Geometry]:
    found: dict[str, list[shapely.Geometry]] = {}
    for feature in json.loads(path.read_text())["features"]:
        found.setdefault(feature["properties"]["beat"], []).append(shapely.geometry.shape(feature["geometry"]))
    return {code: shapely.union_all(parts) for code, parts in found.items()}


def import_(command: Command, path: Path, *more: str) -> Result:
    return command("edition", "import", str(path), "--jurisdiction", "chicago", "--code", "beat", *more)


@depths(everyday=2_000, proof=200_000)
def test_both_editions_are_in_force_and_answer_for_their_time(
    command: Command, test_data: Path, database_url: str, depth: int
) -> None:
    before, after = (
        test_data / "chicago" / f"beats_{name}.geojson" for name in ("until_2012-12-18", "from_2012-12-19")
    )

    added = command(
        "jurisdiction", "add", "chicago", "--name", "Chicago", "--from-grids", str(before), "--code", "beat",
        "--heal", "0.5", "--time-zone", "America/Chicago",
    )  # fmt: skip
    assert added.exit_code == 0, added.output
    assert command("edition", "publish", "1", "--valid-from", "2008-01-01T00:00:00Z", "--yes").exit_code == 0
    # The second file has an outline of its own: micrometres beside the first nearly everywhere, metres at one place.
    imported = import_(command, after, "--heal", "0.5", "--own-outline")
    advised = [
        re.search(rf"geoservice (edition {verb} 2.*) --reason TEXT", imported.output)
        for verb in ("reassign", "outline")
    ]
    assert imported.exit_code == 1
    assert advised[0] is not None
    assert advised[1] is not None
    codes = shlex.split(advised[0][1])[3:]
    accepted = [command(*shlex.split(one[1]), "--reason", "renumbered") for one in advised if one is not None]
    assert [one.exit_code for one in accepted[1:]] == [0], accepted[1].output
    validated = command("edition", "validate", "2")
    assert validated.exit_code == 0, validated.output
    previewed = command("edition", "preview", "2")
    published = command("edition", "publish", "2", "--valid-from", DAY, "--yes")

    assert published.exit_code == 0, (published.output, published.exception)
    assert codes == ["1211", "1212", "1213", "1222", "1223", "1224"]
    assert all(f"{code} would name another place: renumbered" in previewed.output for code in codes)
    assert "The outline is another one than before: renumbered" in previewed.output
    rng = np.random.default_rng(7)
    old, new = areas_of(before), areas_of(after)
    west, south, east, north = shapely.total_bounds(list(new.values()))
    places = shapely.points(rng.uniform((west, south), (east, north), (depth, 2)))
    with psycopg.connect(database_url) as connection:
        for at, areas in (("2012-12-18 23:59:59-06", old), ("2012-12-19 00:00:00-06", new)):
            assert _differences(connection, places, areas, at) == []


def _differences(
    connection: psycopg.Connection[tuple[object, ...]], places: np.ndarray, areas: dict[str, shapely.Geometry], at: str
) -> list[tuple[object, ...]]:
    """Return the places whose owner is not the area that covers them; healing moves borders by less than a metre."""
    rows = connection.execute(
        """
        SELECT (geoservice.owner_of(st_setsrid(st_point(p.lon, p.lat), 4326), %s)).grid_code
          FROM unnest(%s::float8[], %s::float8[]) WITH ORDINALITY AS p (lon, lat, n) ORDER BY p.n
        """,
        [at, shapely.get_x(places).tolist(), shapely.get_y(places).tolist()],
    ).fetchall()
    tree, codes = shapely.STRtree(list(areas.values())), list(areas)
    place, area = tree.query(places, predicate="intersects")
    expected = dict(zip(place.tolist(), (codes[number] for number in area.tolist()), strict=True))
    rims = shapely.STRtree([shapely.boundary(geom) for geom in areas.values()])
    beside = set(
        rims.query(places, predicate="dwithin", distance=3e-4)[0].tolist()
    )  # 30 m: the snap tolerance and more
    return [
        (number, shapely.to_wkt(places[number]), expected.get(number), found)
        for number, (found,) in enumerate(rows)
        if found != expected.get(number) and number not in beside
    ]
