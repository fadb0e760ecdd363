"""A town of nine squares with the services on it, and what it answered so far, told without the product's code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import numpy as np
import psycopg
import shapely
from psycopg import Connection

from geoservice.services.drafting.service import DraftService
from geoservice.services.editions import EditionService
from layers.db.session import Database
from tests.factories import LONG_AGO, make_edition, make_jurisdiction
from tests.oracles import Lonlats, owners_by_covers, probes, random_lonlats
from tests.places import area, multi

TICK = timedelta(microseconds=1)
SQUARES = {f"{row}{column}": multi(area(8 * column, 8 * row, 8 * column + 8, 8 * row + 8))
           for row in range(3) for column in range(3)}  # fmt: skip
OUTLINE = multi(shapely.coverage_union_all(list(SQUARES.values())))
#: Corners and middles of edges, rim included, and places inside.
PLACES: Lonlats = np.concatenate((probes(SQUARES), random_lonlats(OUTLINE.bounds, 30, seed=3)))

#: Grids by code: name and shape, as the database writes it.
State = dict[str, tuple[str, str]]

_STATE = "SELECT code, name, geom::text FROM geoservice.grid WHERE edition_id = %s"
_ANSWERS = """
    SELECT asked.answer::text, (asked.answer).grid_code, (asked.answer).method, (asked.answer).edition_id
      FROM (SELECT i.number AS i, p.number AS p, geoservice.owner_of(
                st_setsrid(st_makepoint(p.lon, p.lat), 4326), i.at, NULL, %(town)s, %(known_at)s) AS answer
              FROM unnest(%(instants)s::timestamptz[]) WITH ORDINALITY AS i (at, number),
                   unnest(%(lons)s::float8[], %(lats)s::float8[]) WITH ORDINALITY AS p (lon, lat, number)
            OFFSET 0) AS asked
     ORDER BY asked.i, asked.p
"""
_COVERING = """
    SELECT count(*) FROM unnest(%(instants)s::timestamptz[]) AS i (at),
           unnest(%(lons)s::float8[], %(lats)s::float8[]) AS p (lon, lat)
     WHERE (SELECT count(*) FROM geoservice.territory AS t
             WHERE t.jurisdiction_id = %(town)s AND t.valid @> i.at AND upper_inf(t.known)
               AND st_contains(t.geom, st_setsrid(st_makepoint(p.lon, p.lat), 4326))) > 1
"""


@dataclass(frozen=True)
class Answer:
    """What owner_of says of a place at an instant."""

    #: All of it, as the database writes it.
    text: str
    grid_code: str | None
    method: str
    edition_id: int | None


@dataclass(frozen=True)
class Publication:
    """An edition that was put in force."""

    edition_id: int
    starts: datetime
    shapes: Mapping[str, shapely.MultiPolygon]


@dataclass(frozen=True)
class Memory:
    """What was answered at a time, to be asked for again."""

    known_at: datetime
    instants: Sequence[datetime]
    texts: Sequence[str]


def asked(town: int, instants: Sequence[datetime], places: Lonlats, known_at: datetime | str = "infinity") -> Any:
    """Return the parameters of the questions."""
    lons, lats = places.T.tolist()
    return {"town": town, "instants": list(instants), "lons": lons, "lats": lats, "known_at": known_at}


def answers(
    connection: Connection[Any],
    town: int,
    instants: Sequence[datetime],
    places: Lonlats,
    known_at: datetime | str = "infinity",
) -> list[Answer]:
    """Return the answers for all places at the first instant, then at the second, and so on."""
    rows = connection.execute(_ANSWERS, asked(town, instants, places, known_at)).fetchall()
    return [Answer(*row) for row in rows]


def shapes_of(state: State) -> dict[str, shapely.MultiPolygon]:
    """Return the shapes of grids by code."""
    return {code: cast(shapely.MultiPolygon, shapely.from_wkb(shape)) for code, (_, shape) in state.items()}


@dataclass
class World:
    """A database with the services on it, a superuser who looks, and an analyst with a login of his own."""

    url: str
    analyst: Connection[Any]
    database: Database = field(init=False)
    looker: Connection[Any] = field(init=False)
    towns: int = 0

    def __post_init__(self) -> None:
        self.database = Database.connect(self.url, pool_size=2)
        self.drafts, self.editions = DraftService(self.database), EditionService(self.database)
        self.looker = psycopg.connect(self.url, autocommit=True)

    def close(self) -> None:
        """End every session."""
        self.database.close()
        self.looker.close()

    def new_town(self) -> Town:
        """Return a town that nobody has touched, among the others."""
        self.towns += 1
        with psycopg.connect(self.url) as connection:
            number = make_jurisdiction(connection, code=f"town-{self.towns}", outline=OUTLINE)
            edition = make_edition(connection, number, SQUARES, starts=LONG_AGO)
        return Town(self, number, f"town-{self.towns}", [Publication(edition, LONG_AGO, SQUARES)])

    def state(self, edition_id: int) -> State:
        """Return the grids of an edition, as they are."""
        return {code: (name, shape) for code, name, shape in self.looker.execute(_STATE, [edition_id])}

    def clock(self) -> datetime:
        """Return the time of the database."""
        row = self.looker.execute("SELECT clock_timestamp()").fetchone()
        assert row is not None
        return cast(datetime, row[0])


@dataclass
class Town:
    """One partition and its publications, in the order in which they were made."""

    world: World
    id: int
    code: str
    publications: list[Publication]
    memories: list[Memory] = field(default_factory=list)

    @property
    def latest(self) -> int:
        """Return what a new draft begins from."""
        return self.publications[-1].edition_id

    def instants(self) -> list[datetime]:
        """Return every beginning there ever was and the moment before it, now, and a day far away."""
        starts = sorted({one.starts for one in self.publications})
        return [at + step for at in starts for step in (-TICK, timedelta(0))] + [
            self.world.clock(),
            datetime(2200, 1, 1, tzinfo=UTC),
        ]

    def in_force(self, at: datetime) -> Publication | None:
        """Return what holds at an instant: the last publication that begins no later."""
        return next((one for one in reversed(self.publications) if one.starts <= at), None)

    def look(self) -> None:
        """Compare every answer with brute force, and keep them."""
        instants = self.instants()
        found = answers(self.world.looker, self.id, instants, PLACES)
        for number, at in enumerate(instants):
            own = found[number * len(PLACES) : (number + 1) * len(PLACES)]
            self._compare(at, own)
        row = self.world.looker.execute(_COVERING, asked(self.id, instants, PLACES)).fetchone()
        assert row == (0,), "a place lies inside two grids"
        known_at = self.world.clock()
        again = answers(self.world.looker, self.id, instants, PLACES, known_at)
        assert again == found
        self.memories.append(Memory(known_at, instants, [one.text for one in found]))

    def remember(self) -> None:
        """Ask everything again as it was known then; not a byte may be different."""
        for memory in self.memories:
            now = answers(self.world.looker, self.id, memory.instants, PLACES, memory.known_at)
            assert [one.text for one in now] == memory.texts

    def _compare(self, at: datetime, found: Sequence[Answer]) -> None:
        publication = self.in_force(at)
        if publication is None:
            assert {(one.method, one.edition_id) for one in found} == {("none", None)}
            return
        expected = owners_by_covers(publication.shapes, PLACES)
        assert None not in expected
        assert [one.grid_code for one in found] == expected
        assert {(one.method, one.edition_id) for one in found} == {("covers", publication.edition_id)}
