"""Edits at random, as people make them: what is refused is counted, what is done leaves the gate green."""

from __future__ import annotations

from collections import Counter

import numpy as np
import shapely
from shapely import LineString, MultiPolygon

from geoservice.domain.editing import verbs
from geoservice.domain.editing.change import Change, applied
from geoservice.domain.editing.edit_refused import EditRefused
from geoservice.domain.validating.topology import findings_of
from layers.crs import Position
from layers.grids.model import GridShape, has_errors

#: Degrees that a vertex is moved, on average: some twenty metres.
STEP_DEG = 2e-4


def one_edit(grids: list[GridShape], outline: MultiPolygon, verb: str, rng: np.random.Generator) -> Change:
    """Return an edit at a random place; raise EditRefused when it is not legal."""
    grid = grids[int(rng.integers(len(grids)))]
    if verb == "split":
        middle = shapely.point_on_surface(grid.geom)
        turn = rng.uniform(0, np.pi)
        reach = np.array([np.cos(turn), np.sin(turn)]) * 0.5
        line = LineString([(middle.x - reach[0], middle.y - reach[1]), (middle.x + reach[0], middle.y + reach[1])])
        return verbs.split(grids, grid.code, line)
    if verb == "merge":
        beside = [other.code for other in grids if other.code != grid.code and other.geom.intersects(grid.geom)]
        return verbs.merge(grids, [grid.code, beside[int(rng.integers(len(beside)))]], grid.code)
    ring = shapely.get_coordinates(grid.geom)
    number = int(rng.integers(len(ring) - 1))
    at = ring[number] if rng.random() < 0.5 else (ring[number] + ring[number + 1]) / 2
    return verbs.move_vertex(grids, Position(*at), Position(*(at + rng.normal(0, STEP_DEG, 2))), outline=outline)


def walk(grids: list[GridShape], outline: MultiPolygon, *, steps: int, seed: int, look_every: int) -> Counter[str]:
    """Make legal edits one after the other, with the gate looking now and then; return how many of each verb."""
    rng = np.random.default_rng(seed)
    done: Counter[str] = Counter()
    while done.total() < steps:
        verb = ("move_vertex", "split", "merge")[int(rng.integers(3))]
        try:
            grids = applied(grids, one_edit(grids, outline, verb, rng))
        except EditRefused as refused:
            assert refused.message.endswith(".")
            assert refused.hint.endswith(".")
            continue
        done[verb] += 1
        if done.total() % look_every == 0 or done.total() == steps:
            findings = findings_of(grids, outline)
            assert not has_errors(findings), [finding.message for finding in findings if finding.severity == "error"]
    return done
