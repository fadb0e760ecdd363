"""What a preview shows is what publishing moves: compared with the tables themselves and with shapely."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psycopg
import pytest
import shapely
from psycopg import Connection
from shapely import MultiPolygon

from geoservice.errors import PreviewOutdated
from geoservice.services.drafting.service import DraftService
from geoservice.services.editions import EditionService
from layers.db.session import Database
from layers.errors import RefusedByDatabase
from layers.grids.model import has_errors
from layers.summaries.previews import Move, Preview
from tests.oracles import Lonlats, distances_m, owners_by_covers, random_lonlats
from tests.proofs.scribbles import draw

#: Kind and id of a feature, and its grid before and after.
Key = tuple[str, str]
Moved = dict[Key, tuple[str | None, str | None]]
SNAP_TOLERANCE_M = 25.0
#: More than the tolerance on any parallel up to 77 degrees, north or south.
REACH_DEG = 0.001

_CODES = """
    SELECT 'building', id::text, grid_code FROM geoservice.building UNION ALL
    SELECT 'household', id::text, grid_code FROM geoservice.household UNION ALL
    SELECT 'camera', id::text, grid_code FROM geoservice.camera UNION ALL
    SELECT 'organisation', id::text, grid_code FROM geoservice.organisation UNION ALL
    SELECT 'incident', id::text, grid_code FROM geoservice.incident
"""
#: Where each feature counts as being: a building at a point on its surface, its households and the reports that name it
#: there too. What a person decided, and what is closed, stays.
_PLACES = """
    WITH place AS (
        SELECT 'building' AS kind, id::text, st_pointonsurface(geom) AS at FROM geoservice.building UNION ALL
        SELECT 'household', h.id::text, coalesce(st_pointonsurface(b.geom), h.geom)
          FROM geoservice.household AS h
          LEFT JOIN geoservice.building AS b ON b.code = h.building_code AND b.jurisdiction_id = h.jurisdiction_id
        UNION ALL
        SELECT 'camera', id::text, geom FROM geoservice.camera UNION ALL
        SELECT 'organisation', id::text, geom FROM geoservice.organisation UNION ALL
        SELECT 'incident', i.id::text, coalesce(st_pointonsurface(b.geom), i.geom)
          FROM geoservice.incident AS i
          LEFT JOIN geoservice.building AS b
            ON b.code = i.building_code AND b.jurisdiction_id = i.jurisdiction_id AND i.method = 'building'
         WHERE i.status NOT IN ('closed', 'duplicate', 'cancelled') AND i.overrule_grid_code IS NULL
    )
    SELECT kind, id, st_x(at), st_y(at) FROM place
"""
_INSERT_HOUSEHOLD = """
    INSERT INTO geoservice.household (jurisdiction_id, geom, age_18_59)
    SELECT id, st_setsrid(st_makepoint(%s, %s), 4326), 2 FROM geoservice.jurisdiction WHERE code = %s
"""
_MOVE_CAMERA = """
    UPDATE geoservice.camera SET geom = st_setsrid(st_makepoint(%s, %s), 4326)
     WHERE id = (SELECT c.id FROM geoservice.camera AS c JOIN geoservice.jurisdiction AS j ON j.id = c.jurisdiction_id
                  WHERE j.code = %s ORDER BY md5(c.id::text || now()::text) LIMIT 1)
"""
_REMOVE = "DELETE FROM geoservice.{} WHERE id = %s"
_INSERT_INCIDENT = """
    INSERT INTO geoservice.incident (service_code, jurisdiction_id, geom)
    SELECT s.code, s.jurisdiction_id, st_setsrid(st_makepoint(%s, %s), 4326)
      FROM geoservice.service AS s JOIN geoservice.jurisdiction AS j ON j.id = s.jurisdiction_id
     WHERE j.code = %s ORDER BY s.code LIMIT 1
"""
#: What somebody does between the preview and the publication; removal takes one of the features that would move.
WRITES = {"household": _INSERT_HOUSEHOLD, "camera": _MOVE_CAMERA, "incident": _INSERT_INCIDENT}


@dataclass
class Rounds:
    """How the rounds went."""

    published: int = 0
    moved: int = 0
    #: Times that the data moved after the preview so that it was outdated, and times that they moved elsewhere.
    outdated: int = 0
    unharmed: int = 0
    #: Drafts in which a code came to name another place.
    wandering: int = 0
    kinds: set[str] = field(default_factory=set)


class Looker:
    """Somebody who publishes drafts of one jurisdiction and looks at the tables before and after."""

    def __init__(self, url: str, code: str) -> None:
        self.code = code
        self.database = Database.connect(url, pool_size=2)
        self.drafts, self.editions = DraftService(self.database), EditionService(self.database)
        self.connection: Connection[Any] = psycopg.connect(url, autocommit=True)
        row = self.connection.execute(
            "SELECT st_asbinary(outline) FROM geoservice.jurisdiction WHERE code = %s", [code]
        ).fetchone()
        assert row is not None
        self.outline = shapely.from_wkb(bytes(row[0]))
        self.rounds = Rounds()

    def close(self) -> None:
        """End every session."""
        self.database.close()
        self.connection.close()

    def codes(self) -> dict[Key, str | None]:
        """Return the grid that is stored with every feature."""
        return {(kind, number): code for kind, number, code in self.connection.execute(_CODES)}

    def round(self, rng: np.random.Generator, *, edits: int, writer: str | None) -> None:
        """Edit, preview, let somebody write, publish, compare."""
        draft, grids = draw(self.drafts, self.code, self.outline, rng, edits=edits)
        shapes = {grid.code: grid.geom for grid in grids if grid.geom is not None}
        assert not has_errors(self.editions.validate(draft)) or self._wanders(draft)
        before = self.codes()
        preview = self.editions.preview(draft).preview
        assert self.codes() == before, "the rehearsal left something behind"
        assert told(preview) == self.to_move(before, shapes)
        if writer is not None:
            self._write(writer, rng, preview)
            before = self.codes()
            due = self.to_move(before, shapes)
            if due != told(preview):
                again = self._outdated(draft, preview, due)
                assert self.codes() == before
                if again is None:
                    return
                preview = again
            else:
                self.rounds.unharmed += 1
        self._publish(draft, preview, before, shapes)

    def to_move(self, codes: Mapping[Key, str | None], shapes: Mapping[str, MultiPolygon]) -> Moved:
        """Return what has another grid than the one that owns its place, found without the database's rule."""
        rows = self.connection.execute(_PLACES).fetchall()
        lonlats = np.array([row[2:] for row in rows])
        owners = owners_by_covers(shapes, lonlats)
        beside = nearest(shapes, lonlats[[owner is None for owner in owners]])
        found = {}
        for (kind, number, *_), owner in zip(rows, owners, strict=True):
            code = next(beside) if owner is None else owner
            if code != codes[kind, number]:
                found[kind, number] = (codes[kind, number], code)
        return found

    def _publish(
        self, draft: int, preview: Preview, before: Mapping[Key, str | None], shapes: Mapping[str, MultiPolygon]
    ) -> None:
        try:
            count = self.editions.publish(draft, preview_id=preview.id).moved_features
        except RefusedByDatabase:
            assert self._wanders(draft)
            assert self.codes() == before
            self.rounds.wandering += 1
            return
        after = self.codes()
        assert before.keys() == after.keys()
        changed = {key: (before[key], after[key]) for key in before if before[key] != after[key]}
        assert changed == told(preview)
        assert count == sum(kind != "incident" for kind, _ in changed)
        assert self.to_move(after, shapes) == {}
        self.rounds.published += 1
        self.rounds.moved += len(changed)
        self.rounds.kinds |= {kind for kind, _ in changed}

    def _wanders(self, draft: int) -> bool:
        """Tell whether nothing but codes that named another place before keeps a draft from being published."""
        return {one.rule for one in self.editions.findings(draft) if one.severity == "error"} == {"reused-code"}

    def _write(self, writer: str, rng: np.random.Generator, preview: Preview) -> None:
        [[lon, lat]] = random_lonlats(self.outline.bounds, 1, seed=int(rng.integers(2**31))).tolist()
        goers = [move for move in preview.moves if move.kind in ("household", "camera", "organisation")]
        if writer == "removal" and goers:
            goer = goers[int(rng.integers(len(goers)))]
            self.connection.execute(_REMOVE.format(goer.kind).encode(), [goer.id])
        else:
            self.connection.execute(WRITES.get(writer, _INSERT_HOUSEHOLD).encode(), [lon, lat, self.code])

    def _outdated(self, draft: int, preview: Preview, due: Moved) -> Preview | None:
        """Try to publish what was shown; return a new preview, or None when a code wanders."""
        with pytest.raises((PreviewOutdated, RefusedByDatabase)) as refusal:
            self.editions.publish(draft, preview_id=preview.id)
        if not isinstance(refusal.value, PreviewOutdated):
            assert self._wanders(draft)
            self.rounds.wandering += 1
            return None
        shown = told(preview)
        assert as_told(refusal.value.appeared) == {key: due[key] for key in due if shown.get(key) != due[key]}
        assert as_told(refusal.value.gone) == {key: shown[key] for key in shown if due.get(key) != shown[key]}
        self.rounds.outdated += 1
        again = self.editions.preview(draft).preview
        assert told(again) == due
        return again


def told(preview: Preview) -> Moved:
    """Return what a preview says."""
    found = as_told(preview.moves)
    assert len(found) == len(preview.moves), "told twice"
    return found


def as_told(moves: tuple[Move, ...]) -> Moved:
    """Return moves by kind and id."""
    return {(move.kind, move.id): (move.from_grid, move.to_grid) for move in moves}


def nearest(shapes: Mapping[str, MultiPolygon], lonlats: Lonlats) -> Iterator[str | None]:
    """Yield the nearest grid of each position within the tolerance, the smallest code of equally near ones."""
    codes, geoms = list(shapes), np.array(list(shapes.values()), dtype=object)
    place, grid = shapely.STRtree(geoms).query(shapely.points(lonlats), predicate="dwithin", distance=REACH_DEG)
    for number, (lon, lat) in enumerate(lonlats.tolist()):
        here = (lon - 2 * REACH_DEG, lat - 2 * REACH_DEG, lon + 2 * REACH_DEG, lat + 2 * REACH_DEG)
        # A city's whole border costs seconds to measure, and only what is near can be nearest.
        near = {codes[at]: shapely.clip_by_rect(geoms[at].boundary, *here) for at in grid[place == number]}
        found = distances_m(near, lon, lat)
        code = min(found, key=lambda one: (round(found[one], 6), one.encode()), default=None)
        yield None if code is None or found[code] > SNAP_TOLERANCE_M else code
