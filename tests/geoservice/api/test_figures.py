"""The figures of the demo community, as the interface tells them and as a recount finds them."""

from __future__ import annotations

import psycopg
from flask.testing import FlaskClient

STATISTICS = "/v1/statistics?jurisdiction=sare"


def test_the_demo_shows_the_figures_of_the_community(client: FlaskClient) -> None:
    figures = client.get(STATISTICS).json

    assert figures["grids"] == 8
    assert (figures["residents"], figures["floating"]) == (8_987, 6_001)
    assert (figures["received"], figures["closed"], figures["in_hand"]) == (286, 153, 133)
    assert figures["triage"] == 0


def test_every_grid_has_300_to_500_households(client: FlaskClient) -> None:
    per_grid = client.get(STATISTICS).json["per_grid"]

    assert len(per_grid) == 8
    assert all(300 <= grid["households"] <= 500 for grid in per_grid)


def test_the_grids_add_up_to_the_whole(client: FlaskClient) -> None:
    figures = client.get(STATISTICS).json

    for name in ("households", "residents", "floating", "received", "closed", "in_hand"):
        assert sum(grid[name] for grid in figures["per_grid"]) == figures[name], name


def test_the_figures_equal_a_recount(client: FlaskClient, community_url: str) -> None:
    figures = client.get(STATISTICS).json

    with psycopg.connect(community_url) as connection:
        recount = connection.execute("""
            SELECT g.code, count(DISTINCT h.id), count(DISTINCT i.id)
              FROM geoservice.grid AS g
              LEFT JOIN geoservice.household AS h ON st_covers(g.geom, h.geom)
              LEFT JOIN geoservice.incident AS i ON i.grid_code = g.code
             GROUP BY g.code ORDER BY g.code
        """).fetchall()
    assert [(g["code"], g["households"], g["received"]) for g in figures["per_grid"]] == recount


def test_the_officers_of_the_demo_are_posted(community_url: str) -> None:
    with psycopg.connect(community_url) as connection:
        posted = connection.execute(
            "SELECT role, count(*) FROM geoservice.posting GROUP BY role ORDER BY role"
        ).fetchall()
        unserved = connection.execute("SELECT count(*) FROM geoservice.incident WHERE officer_code IS NULL").fetchone()

    assert posted == [("grid_officer", 8), ("police_officer", 20)]
    assert unserved == (0,)


def test_a_report_is_counted_at_once(client: FlaskClient, key: str) -> None:
    body = {"service_code": "light", "lon": 91.77, "lat": 29.24, "source": "resident"}

    assert client.post("/v1/incidents", json=body, headers={"Authorization": f"Bearer {key}"}).status_code == 201

    figures = client.get(STATISTICS).json
    assert (figures["received"], figures["in_hand"]) == (287, 134)
