"""Drafts with edits at random places, as legal as people's."""

from __future__ import annotations

import numpy as np
from shapely import MultiPolygon

from geoservice.domain.editing.change import applied
from geoservice.domain.editing.edit_refused import EditRefused
from geoservice.services.drafting.service import DraftService
from layers.grids.model import GridShape
from tests.geoservice.domain.editing.walks import one_edit

VERBS = ("move_vertex", "split", "merge")


def scribbled(grids: list[GridShape], outline: MultiPolygon, rng: np.random.Generator, edits: int) -> list[GridShape]:
    """Return grids after some legal edits."""
    done = 0
    while done < edits:
        # As many cuts as merges, so that after many editions there are as many grids as before.
        verb = VERBS[int(rng.integers(3))] if len(grids) > 4 else "split"
        try:
            grids = applied(grids, one_edit(grids, outline, verb, rng))
        except EditRefused:
            continue
        done += 1
    return grids


def draw(
    drafts: DraftService, code: str, outline: MultiPolygon, rng: np.random.Generator, *, edits: int
) -> tuple[int, list[GridShape]]:
    """Make a draft of what is in force with some legal edits; return it and its grids."""
    draft = drafts.create(code, title="scribbled")
    _, there = drafts.grids(draft.id)
    grids = scribbled(list(there), outline, rng, edits)
    drafts.take_state(draft.id, grids, revision=None)
    return draft.id, grids
