"""Pages lose nothing and double nothing while features come, go, change and are renamed between them."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import psycopg
import pytest
from flask.testing import FlaskClient

from tests.depth import depths

ITEMS = "/ogc/sare/collections/cameras/items"
WRITERS = 2
#: In a grid, beside each other, half of them to be there from the first page to the last.
_FILLED = """
    INSERT INTO geoservice.camera (jurisdiction_id, code, geom)
    SELECT j.id, 'S' || lpad(n::text, 7, '0'), st_setsrid(st_point(91.7712 + n %% 1000 * 1e-9, 29.2391), 4326)
      FROM geoservice.jurisdiction AS j, generate_series(1, %s) AS n WHERE j.code = 'sare'
"""
_ADDED = """
    INSERT INTO geoservice.camera (jurisdiction_id, code, geom)
    SELECT j.id, %s, st_setsrid(st_point(91.7712, 29.2391), 4326)
      FROM geoservice.jurisdiction AS j WHERE j.code = 'sare'
"""
_CHANGED = (
    "UPDATE geoservice.camera SET status = CASE status WHEN 'online' THEN 'offline' ELSE 'online' END WHERE code = %s"
)
_RENAMED = "UPDATE geoservice.camera SET code = %s WHERE code = %s"
_REMOVED = "DELETE FROM geoservice.camera WHERE code = %s"


@dataclass
class Writer(threading.Thread):
    """Adds, renames and removes features of its own among the others, and changes the others, one after the other."""

    url: str
    number: int
    count: int
    stop: threading.Event
    done: int = 0
    own: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        chance = random.Random(self.number)
        with psycopg.connect(self.url, autocommit=True) as connection:
            while not self.stop.is_set():
                beside = f"S{chance.randint(1, self.count):07d}"
                name = f"{beside}w{self.number}.{self.done}"
                kind = chance.randrange(4)
                if kind == 0 or not self.own:
                    connection.execute(_ADDED, [name])
                    self.own.append(name)
                elif kind == 1:
                    connection.execute(_CHANGED, [beside])
                elif kind == 2:
                    at = chance.randrange(len(self.own))
                    connection.execute(_RENAMED, [name, self.own[at]])
                    self.own[at] = name
                else:
                    connection.execute(_REMOVED, [self.own.pop(chance.randrange(len(self.own)))])
                self.done += 1


@contextmanager
def writing(url: str, count: int) -> Iterator[list[Writer]]:
    stop = threading.Event()
    writers = [Writer(url, number, count, stop) for number in range(WRITERS)]
    for one in writers:
        one.start()
    try:
        yield writers
    finally:
        stop.set()
        for one in writers:
            one.join()


def walk(client: FlaskClient, query: str) -> Iterator[tuple[list[str], int]]:
    """Yield the ids of each page, and how many are meant in all."""
    path = f"{ITEMS}?properties=&{query}"
    while path:
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        yield [one["id"] for one in answer.json["features"]], answer.json["numberMatched"]
        following = (one["href"] for one in answer.json["links"] if one["rel"] == "next")
        path = next(following, "").removeprefix("http://localhost")


@depths(600, 100_000)
@pytest.mark.parametrize("then", [False, True])
def test_each_feature_that_stood_is_told_once(community_url: str, client: FlaskClient, depth: int, then: bool) -> None:
    """As they are now, and as they were at an instant before anybody wrote: then nothing else is told either."""
    with psycopg.connect(community_url) as connection:
        connection.execute(_FILLED, [depth])
        stood = {row[0] for row in connection.execute("SELECT code FROM geoservice.camera")}
        connection.commit()
        connection.execute("ANALYZE geoservice.camera")
        at: datetime = connection.execute("SELECT now()").fetchone()[0]  # type: ignore[index]
    query = f"limit={max(20, depth // 50)}" + (f"&datetime={at.isoformat().replace('+', '%2B')}" if then else "")

    with writing(community_url, depth) as writers:
        pages = list(walk(client, query))
    told = [id_ for page, _ in pages for id_ in page]

    print(f"{len(told)} features on {len(pages)} pages, {sum(one.done for one in writers)} writes meanwhile")
    assert all(one.done > len(pages) / 10 for one in writers)
    assert len(pages) > 25
    assert len({*told}) == len(told)
    assert stood <= {*told}
    if then:
        assert {*told} == stood
        assert {matched for _, matched in pages} == {len(stood)}
