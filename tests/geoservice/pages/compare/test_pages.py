"""Then and now over HTTP: which editions can be chosen, and what became of whom between any two of them."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient

from geoservice.pages.words.catalogue import words
from tests.geoservice.web.attacks import TEXTS
from tests.publishing import publish_turned, turned

PAGE = "/maps/sare/compare"
LINEAGE = f"{PAGE}/lineage.json"
DRAFT = "INSERT INTO geoservice.edition (jurisdiction_id, title) VALUES (%s, %s) RETURNING id"
#: The two grids of the smallest codes as one, the last one cut in two from north to south, the rest as they are.
CHANGED = """
    WITH g AS (SELECT code, name, geom, row_number() OVER (ORDER BY code) AS n, count(*) OVER () AS many
                 FROM geoservice.grid WHERE edition_id = %(base)s),
         last AS (SELECT geom, (st_xmin(geom) + st_xmax(geom)) / 2 AS middle FROM g WHERE n = many),
         halves AS (SELECT h.half, st_intersection(geom, st_makeenvelope(
                           middle + h.west, st_ymin(geom) - 1, middle + h.east, st_ymax(geom) + 1, 4326)) AS geom
                      FROM last, (VALUES ('w', -1, 0), ('e', 0, 1)) AS h (half, west, east))
    INSERT INTO geoservice.grid (edition_id, code, name, geom)
    SELECT %(draft)s, code, name, geom FROM g WHERE n BETWEEN 3 AND many - 1
    UNION ALL SELECT %(draft)s, 'both', 'both', st_multi(st_union(geom)) FROM g WHERE n < 3
    UNION ALL SELECT %(draft)s, half, half, st_multi(geom) FROM halves
"""


@pytest.fixture
def connection(community_url: str) -> Any:
    with psycopg.connect(community_url, autocommit=True) as connection:
        yield connection


def home(connection: psycopg.Connection[Any]) -> int:
    ((found,),) = connection.execute("SELECT id FROM geoservice.jurisdiction WHERE code = 'sare'").fetchall()
    return int(found)


def change(connection: psycopg.Connection[Any], base: int, title: str = "changed") -> int:
    ((draft,),) = connection.execute(DRAFT, [home(connection), title]).fetchall()
    connection.execute(CHANGED, {"base": base, "draft": draft})
    connection.execute(
        "UPDATE geoservice.edition SET validated_hash = geoservice.edition_hash(id) WHERE id = %s", [draft]
    )
    connection.execute("SELECT geoservice.publish_edition(%s, now())", [draft])
    return int(draft)


def codes(connection: psycopg.Connection[Any], edition: int) -> list[str]:
    rows = connection.execute("SELECT code FROM geoservice.grid WHERE edition_id = %s ORDER BY code", [edition])
    return [code for (code,) in rows]


def became(client: FlaskClient, then: int, now: int) -> set[tuple[str | None, str | None, str | None]]:
    answer = client.get(f"{LINEAGE}?then={then}&now={now}")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    return {(one["then"], one["now"], one["kind"]) for one in answer.json}


def test_what_became_of_whom_between_any_two_whichever_lie_between(client: FlaskClient, connection: Any) -> None:
    ((first,),) = connection.execute("SELECT min(id) FROM geoservice.edition").fetchall()
    old = codes(connection, first)
    second = publish_turned(connection, home(connection))
    third = change(connection, second)

    new = [turned(code, second) for code in old]
    assert became(client, first, first) == set()
    assert became(client, first, second) == {(a, b, "recode") for a, b in zip(old, new, strict=True)}
    merged_and_split = {
        (new[0], "both", "merge"),
        (new[1], "both", "merge"),
        (new[-1], "w", "split"),
        (new[-1], "e", "split"),
    }
    assert became(client, second, third) == merged_and_split
    # Through the one between: who was called anew there, and is the same since, was called anew.
    assert became(client, first, third) == {
        (old[0], "both", "merge"), (old[1], "both", "merge"), (old[-1], "w", "split"), (old[-1], "e", "split"),
        *((a, b, "recode") for a, b in zip(old[2:-1], new[2:-1], strict=True)),
    }  # fmt: skip
    assert {(b, a) for a, b, _ in became(client, third, first)} == {(a, b) for a, b, _ in became(client, first, third)}
    kept = connection.execute(
        "SELECT predecessor_code, successor_code, kind FROM geoservice.grid_lineage WHERE edition_id = %s", [third]
    )
    assert set(kept.fetchall()) == merged_and_split


def test_editions_that_were_in_force_can_be_chosen_and_drafts_are_not_there(
    client: FlaskClient, connection: Any
) -> None:
    second = publish_turned(connection, home(connection))
    hostile = "<img src=x onerror=alert(1)>"
    ((draft,),) = connection.execute(DRAFT, [home(connection), hostile]).fetchall()
    page = client.get(f"{PAGE}?lang=en")

    options = re.findall(r'<option value="(\d+)">', page.text)
    assert options == [str(second), str(second - 1)] * 2
    assert hostile not in page.text
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert words("compare", "en")["title"] in page.text
    assert f'href="{PAGE}?lang=en"' in client.get("/maps/sare?lang=en").text
    for pair in ((second, draft), (draft, second), (second, 10**9)):
        assert client.get(f"{LINEAGE}?then={pair[0]}&now={pair[1]}").json["type"].endswith("edition-unknown")


def test_what_is_no_edition_is_refused(client: FlaskClient) -> None:
    for query in ("", "then=1", "now=1", "then=&now=1", "then=1&now=-1", "then=1&now=1.5", f"then=1&now={10**30}"):
        assert client.get(f"{LINEAGE}?{query}").status_code == 422, query
    for text in TEXTS[::7]:
        assert client.get(LINEAGE, query_string={"then": text, "now": 1}).status_code in (200, 400, 404, 422), text
        assert client.get(PAGE, query_string={"then": text}).status_code in (200, 400, 422), text
    assert client.get("/maps/nowhere/compare").status_code == 404
    assert client.get("/maps/nowhere/compare/lineage.json?then=1&now=1").status_code == 404
