"""Publishing: ten thousand grids with the gate, and what an edit costs that moves a share of all people and reports."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import psycopg
import shapely
from psycopg import Connection

from geoservice.services.drafting.service import DraftService
from geoservice.services.editions import EditionService
from layers.db.session import Database
from layers.grids.model import GridShape, has_errors
from tests.benchmarks import databases
from tests.benchmarks.goals import Goal, below, number
from tests.benchmarks.measuring import Figures, Say, WrongAnswers, load
from tests.benchmarks.scale import Scale
from tests.factories import make_draft, make_jurisdiction, make_service
from tests.geoservice.engine.partitions import squares
from tests.places import multi

TITLE = "Publishing"
GOAL_S = 2.0
#: Of the grids that get another code: with them, this share of everybody and everything moves.
SHARES = (0.001, 0.003, 0.01, 0.03, 0.1)
ONE_PERCENT = 0.01
#: One report in so many is open; only those move.
ONE_OPEN_IN = 10
WEST, SOUTH, STEP = 91.0, 29.0, 0.0025

_HOUSEHOLDS = "COPY geoservice.household (jurisdiction_id, geom, age_18_59, grid_code) FROM STDIN"
_INCIDENTS = """
    COPY geoservice.incident (service_code, geom, received_x, received_y, jurisdiction_id, edition_id, grid_code,
                              method, near_border, reported_at, routed_at, status, closed_at) FROM STDIN
"""
_CLOSED_AT, _REPORTED_AT = "2026-01-02T00:00Z", "2026-01-01T00:00Z"
_LEFT_BEHIND = """
    SELECT (SELECT count(*) FROM geoservice.household AS h
             WHERE h.grid_code NOT IN (SELECT g.code FROM geoservice.grid AS g WHERE g.edition_id = %(edition)s))
         + (SELECT count(*) FROM geoservice.incident AS i
             WHERE i.status <> 'closed'
               AND i.grid_code NOT IN (SELECT g.code FROM geoservice.grid AS g WHERE g.edition_id = %(edition)s))
"""


class City:
    """Squares in a database of their own, with the services on it."""

    def __init__(self, url: str, side: int) -> None:
        self.url, self.side = url, side
        self.database = Database.connect(url, pool_size=2, statement_timeout_s=300)
        self.drafts, self.editions = DraftService(self.database), EditionService(self.database)
        shapes = squares(WEST, SOUTH, STEP, side)
        with psycopg.connect(url) as connection:
            self.id = make_jurisdiction(connection, code="city", outline=multi(shapely.union_all(shapes)))
            make_service(connection, self.id)
            self.edition = make_draft(connection, self.id, {f"{n:05d}": one for n, one in enumerate(shapes)})

    def fill(self, households: int, incidents: int) -> None:
        """Put people and reports in, each with the grid that owns its place; triggers would take minutes."""
        rng = np.random.default_rng(1)
        with psycopg.connect(self.url, autocommit=True) as connection:
            for table, write, count in (
                ("household", self._write_households, households), ("incident", self._write_incidents, incidents),
            ):  # fmt: skip
                connection.execute(f"ALTER TABLE geoservice.{table} DISABLE TRIGGER USER".encode())
                write(connection, rng.uniform(0, self.side, (count, 2)))
                connection.execute(f"ALTER TABLE geoservice.{table} ENABLE TRIGGER USER".encode())
            connection.execute("VACUUM ANALYZE")

    def _write_households(self, connection: Connection[Any], cells: np.ndarray) -> None:
        with connection.cursor().copy(_HOUSEHOLDS) as copy:
            for lon, lat, code in self._placed(cells):
                copy.write_row((self.id, f"SRID=4326;POINT({lon!r} {lat!r})", 2, code))

    def _write_incidents(self, connection: Connection[Any], cells: np.ndarray) -> None:
        with connection.cursor().copy(_INCIDENTS) as copy:
            for turn, (lon, lat, code) in enumerate(self._placed(cells)):
                status, closed_at = ("closed", _CLOSED_AT) if turn % ONE_OPEN_IN else ("reported", None)
                copy.write_row(("light", f"SRID=4326;POINT({lon!r} {lat!r})", lon, lat, self.id, self.edition, code,
                                "covers", False, _REPORTED_AT, _REPORTED_AT, status, closed_at))  # fmt: skip

    def _placed(self, cells: np.ndarray) -> list[tuple[float, float, str]]:
        lonlats = np.array((WEST, SOUTH)) + cells * STEP
        columns, rows = np.floor(cells).astype(int).T
        codes = columns * self.side + rows
        return [(lon, lat, f"{code:05d}") for (lon, lat), code in zip(lonlats.tolist(), codes.tolist(), strict=True)]

    def publish_all(self) -> Figures:
        """Publish the first edition: validate and publish; return the seconds."""
        validate_s = timed(lambda: self._validated(self.edition))
        return {"validate_s": validate_s, "publish_s": timed(lambda: self.editions.publish(self.edition))}

    def publish_share(self, share: float, turn: int) -> Figures:
        """Give a share of the grids, those of some whole columns, new codes; return the seconds of each step."""
        draft = self.drafts.create("city", title="share")
        _, grids = self.drafts.grids(draft.id)
        first, count = turn * 997 % len(grids), max(1, round(share * len(grids)))
        chosen = {(first + step) % len(grids) for step in range(count)}
        changed = [_recoded(grid, draft.id) if n in chosen else grid for n, grid in enumerate(grids)]
        self.drafts.take_state(draft.id, changed, revision=None)
        found: Figures = {"validate_s": timed(lambda: self._validated(draft.id))}
        previews: list[Any] = []
        found["preview_s"] = timed(lambda: previews.append(self.editions.preview(draft.id).preview))
        found["publish_s"] = timed(lambda: self.editions.publish(draft.id, preview_id=previews[0].id))
        self._check(draft.id)
        return found | {"moved": len(previews[0].moves)}

    def _validated(self, draft: int) -> None:
        if has_errors(self.editions.validate(draft)):
            raise WrongAnswers("publishing: the gate finds errors in squares")

    def _check(self, edition: int) -> None:
        with psycopg.connect(self.url) as connection:
            row = connection.execute(_LEFT_BEHIND, {"edition": edition}).fetchone()
        if row != (0,):
            raise WrongAnswers(f"publishing: {row} features carry a grid that is no longer in force")


def _recoded(grid: GridShape, edition: int) -> GridShape:
    return replace(grid, code=f"{grid.code.partition('~')[0]}~{edition}")


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measured(scale: Scale, say: Say) -> Figures:
    """Return seconds of publishing everything and of publishing shares; raise LeftOut, WrongAnswers."""
    side = scale.publishing_side
    with databases.some_cluster() as cluster_url:
        whole = []
        for turn in range(scale.publishing_rounds):
            say(f"publishing: {side * side:,} grids, round {turn + 1} of {scale.publishing_rounds}")
            with databases.some_database(cluster_url) as url:
                city = City(url, side)
                whole.append(city.publish_all() | {"load": load()})
                city.database.close()
        with databases.some_database(cluster_url) as url:
            city = City(url, side)
            city.publish_all()
            say("publishing: households and reports put in")
            city.fill(scale.publishing_households, scale.publishing_incidents)
            shares: dict[str, list[Figures]] = {str(share): [] for share in SHARES}
            for turn in range(scale.publishing_rounds):
                for share in SHARES:
                    say(f"publishing: {share:.1%}, round {turn + 1} of {scale.publishing_rounds}")
                    shares[str(share)].append(city.publish_share(share, turn * len(SHARES) + SHARES.index(share)))
            city.database.close()
            found = {"database versions": databases.versions(url)}
    return found | {
        "grids": side * side, "households": scale.publishing_households, "incidents": scale.publishing_incidents,
        "rounds": scale.publishing_rounds, "whole": _middles(whole),
        "shares": {share: _middles(rounds) for share, rounds in shares.items()},
    }  # fmt: skip


def _middles(rounds: list[Figures]) -> Figures:
    return {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}


def goals(found: Figures) -> list[Goal]:
    """Return what was to be reached."""
    whole, some = found["whole"], found["shares"][str(ONE_PERCENT)]
    both_s = whole["validate_s"] + whole["publish_s"]
    moved = f"1 % of {found['households']:,} households and of {found['incidents'] // ONE_OPEN_IN:,} open reports moved"
    return [
        below(f"publishing: {found['grids']:,} grids, gate and all", both_s, GOAL_S, " s"),
        below(f"publishing: {moved}, preview", some["preview_s"], GOAL_S, " s"),
        below(f"publishing: {moved}, publish", some["publish_s"], GOAL_S, " s"),
    ]  # fmt: skip


def table(found: Figures) -> list[str]:
    """Return the figures as markdown."""
    whole = found["whole"]
    return [
        f"A city of {found['grids']:,} squares with {found['households']:,} households and {found['incidents']:,}"
        " reports,",
        f"one in {ONE_OPEN_IN} open; some of its grids get new codes, and what lies in them moves. Medians of"
        f" {found['rounds']} rounds. After",
        "each, nothing may carry a grid that is no longer in force.",
        "",
        f"The first edition, nothing in it yet: gate {number(whole['validate_s'])} s, publishing"
        f" {number(whole['publish_s'])} s.",
        "",
        "| grids changed | moved | gate s | preview s | publish s |",
        "|--:|--:|--:|--:|--:|",
        *(_row(float(share), one) for share, one in found["shares"].items()),
        "",
        "![Seconds against the share that changed](publishing.svg)",
    ]


def _row(share: float, one: Figures) -> str:
    seconds = " | ".join(number(one[name]) for name in ("validate_s", "preview_s", "publish_s"))
    return f"| {number(share * 100)} % | {one['moved']:,.0f} | {seconds} |"
