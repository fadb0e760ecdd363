"""Good calls of the verbs on a draft, each on a draft that is ready for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import shapely

from geoservice.domain.proposing.reckoning import Wish
from layers.crs import Position
from layers.geometry import as_multipolygon
from layers.grids.model import GridShape
from tests.geoservice.web.door import Door


@dataclass(frozen=True)
class Ready:
    """A draft that waits for a verb."""

    door: Door
    id: int
    #: By code.
    grids: dict[str, GridShape]

    @property
    def etag(self) -> str:
        return f'"{self.id}-{self.door.services.editions.edition(self.id).revision}"'

    @property
    def pair(self) -> tuple[str, str, shapely.LineString]:
        """Return two neighbours and the longest straight stretch of their border."""
        found = []
        shapes = {code: grid.geom for code, grid in self.grids.items()}
        for one, first in shapes.items():
            for other, second in shapes.items():
                if one < other and (shared := first.intersection(second)).length > 0:
                    lines = [line for line in shapely.get_parts(shared) if line.geom_type == "LineString"]
                    found += [(line.length, one, other, line) for line in lines]
        _, one, other, line = max(found, key=lambda each: each[0])
        return one, other, line


def ready(door: Door) -> Ready:
    """Return a fresh draft of the grids in force."""
    draft = door.services.drafts.create(door.existing["jurisdiction"], title="ready").id
    return Ready(door, draft, {grid.code: grid for grid in door.services.drafts.grids(draft)[1]})


def is_verb(method: str, path: str) -> bool:
    """Return whether an operation changes or looks at a draft."""
    return path.startswith("/v1/editions/{id}/") and (method != "GET" or path.endswith(("/steps", "/impact")))


def body(draft: Ready, path: str) -> dict[str, Any]:
    """Return the body of a good call; the draft is made ready for it first."""
    make = _BODIES.get(path.rpartition("/")[2])
    return {} if make is None else make(draft)


def _split(draft: Ready) -> dict[str, Any]:
    code, grid = next(iter(draft.grids.items()))
    west, south, east, north = grid.geom.bounds
    middle = (west + east) / 2
    return {"code": code, "line": [[middle, south - 0.001], [middle, north + 0.001]], "codes": [code, "new"],
            "names": ["one", "two"]}  # fmt: skip


def _merge(draft: Ready) -> dict[str, Any]:
    one, other, _ = draft.pair
    return {"codes": [one, other], "into": one, "name": "both"}


def _move_vertex(draft: Ready) -> dict[str, Any]:
    _, _, border = draft.pair
    place = border.interpolate(0.5, normalized=True)
    return {"at": [place.x, place.y], "to": [place.x + 1e-6, place.y + 1e-6], "tolerance_m": 2.0}


def _remove_vertex(draft: Ready) -> dict[str, Any]:
    """Bend a border, and take the bend away."""
    bend = _move_vertex(draft)
    draft.door.services.drafts.move_vertex(
        draft.id, Position(*bend["at"]), Position(*bend["to"]), tolerance_m=0.001, revision=None
    )
    return {"at": bend["to"], "tolerance_m": 0.001}


def _redraw(draft: Ready) -> dict[str, Any]:
    one, other, border = draft.pair
    start, end = border.coords[0], border.coords[-1]
    middle = [(start[0] + end[0]) / 2 + 1e-5, (start[1] + end[1]) / 2 + 1e-5]
    return {"codes": [one, other], "line": [list(start), middle, list(end)]}


def _recode(draft: Ready) -> dict[str, Any]:
    return {"code": next(iter(draft.grids)), "new_code": "other", "name": "other"}


def _undo(draft: Ready) -> dict[str, Any]:
    draft.door.services.drafts.recode(draft.id, next(iter(draft.grids)), "step", revision=None)
    return {}


def _redo(draft: Ready) -> dict[str, Any]:
    _undo(draft)
    draft.door.services.drafts.undo(draft.id, revision=None)
    return {}


def _merge_draft(draft: Ready) -> dict[str, Any]:
    return {"other": ready(draft.door).id, "settle": {}}


def _publish(draft: Ready) -> dict[str, Any]:
    draft.door.services.editions.validate(draft.id)
    return {"preview": str(draft.door.services.editions.preview(draft.id).preview.id)}


def _reassign(draft: Ready) -> dict[str, Any]:
    one, other, *rest = draft.grids.values()
    turned = [replace(one, geom=other.geom), replace(other, geom=one.geom), *rest]
    draft.door.services.drafts.take_state(draft.id, turned, revision=None)
    return {"codes": [one.code, other.code], "reason": "turned round"}


def _put(draft: Ready) -> dict[str, Any]:
    grid = next(iter(draft.grids.values()))
    return {"name": "put", "geometry": dict(shapely.geometry.mapping(grid.geom))}


def _decide(draft: Ready) -> dict[str, Any]:
    """Take a grid away, so that there is a gap, and give that to one beside it."""
    one, other, _ = draft.pair
    draft.door.services.drafts.retire(draft.id, one, revision=None)
    place = draft.grids[one].geom.representative_point()
    return {"at": [place.x, place.y], "to": other, "reason": "as the fence stands"}


def _propose(draft: Ready) -> dict[str, Any]:
    return {"minimum": 200, "maximum": 600, "grids": len(draft.grids), "by": "households", "seed": 1}


def _take_proposal(draft: Ready) -> dict[str, Any]:
    wish = _propose(draft)
    found = draft.door.services.proposals.propose(draft.id, Wish(None, 200, 600, len(draft.grids), 1))
    return wish | {"proposal": found.reckoned.name, "codes": list(draft.grids)}


def _disown(draft: Ready) -> dict[str, Any]:
    return {"code": next(iter(draft.grids)), "reason": "a park"}


def _own(draft: Ready) -> dict[str, Any]:
    code = next(iter(draft.grids))
    draft.door.services.deciding.disown(draft.id, code, reason="a park", revision=None)
    return {"code": code}


def _outline(draft: Ready) -> dict[str, Any]:
    """Return the outline less a corner."""
    now = draft.door.services.outlines.look(draft.id).outline.outline
    west, south, _, _ = now.bounds
    less = now.difference(shapely.box(west, south, west + 1e-4, south + 0.1))
    return {"geometry": dict(shapely.geometry.mapping(less)), "reason": "ceded"}


def _confirm_outline(draft: Ready) -> dict[str, Any]:
    other = shapely.geometry.shape(_outline(draft)["geometry"])
    draft.door.services.outlines.put(draft.id, as_multipolygon(other), revision=None)
    return {"reason": "ceded"}


_BODIES: dict[str, Callable[[Ready], dict[str, Any]]] = {
    "split": _split, "merge": _merge, "move-vertex": _move_vertex, "remove-vertex": _remove_vertex,
    "redraw-border": _redraw, "recode": _recode,
    "undo": _undo, "redo": _redo, "merge-draft": _merge_draft, "publish": _publish, "{code}": _put,
    "decide": _decide, "disown": _disown, "own": _own, "outline": _outline, "confirm-outline": _confirm_outline,
    "propose": _propose, "take-proposal": _take_proposal, "reassign-codes": _reassign,
    "rebase": lambda draft: {"settle": {}},
    "heal": lambda draft: {"tolerance_m": 0.1}, "ask": lambda draft: {"note": "the new bridge"},
}  # fmt: skip
