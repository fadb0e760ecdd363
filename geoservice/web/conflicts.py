"""What a problem carries beside its sentence when two people's work met: RFC 9457 extension members."""

from __future__ import annotations

from typing import Any

import orjson
import shapely

from geoservice.domain.editing.edit_refused import EditRefused
from geoservice.domain.proposing.proposal import ProposalImpossible
from geoservice.errors import IncidentChanged, MergeConflict, PreviewOutdated, StepNotAllowed
from layers.errors import RefusedByDatabase
from layers.summaries.previews import Move

#: Listed of each; their number is told.
LISTED_MAX = 500


def members_of(error: Exception) -> dict[str, Any]:
    """Return the extension members for an error; none for most."""
    if isinstance(error, PreviewOutdated):
        return {"appeared": _moves(error.appeared, error), "gone": _moves(error.gone, error)}
    if isinstance(error, MergeConflict):
        return {"conflicts": [_conflict(one) for one in error.conflicts[:LISTED_MAX]]}
    if isinstance(error, StepNotAllowed):
        return {"incident_status": error.status, "legal_actions": list(error.legal)}
    if isinstance(error, IncidentChanged):
        changes = [_line(one) for one in error.changes[-LISTED_MAX:]]
        return {"incident_status": error.status, "legal_actions": list(error.legal), "version": error.version,
                "changes": changes}  # fmt: skip
    if isinstance(error, EditRefused):
        place = None if error.place is None else list(error.place)
        return {"grid_codes": list(error.codes), "position": place, "code": error.code, "values": error.values}
    if isinstance(error, RefusedByDatabase) and error.rule is not None:
        return {"code": error.rule}
    if isinstance(error, ProposalImpossible):
        return {"values": error.fields}
    return {}


def _line(line: Any) -> dict[str, Any]:
    """Return a line of a history, as far as it says what changed; its words are read in the history."""
    told = (
        "at", "actor", "rule", "from_status", "to_status", "from_grid_code", "to_grid_code", "officer_code", "version"
    )  # fmt: skip
    return {name: getattr(line, name) for name in told}


def _moves(moves: tuple[Move, ...], error: PreviewOutdated) -> dict[str, Any]:
    """Return moves as far as they may be told: a household is a count."""
    told = [move for move in moves if move.kind != "household"][:LISTED_MAX]
    return {
        "households": sum(move.households or 0 for move in moves) if error.counted else None,
        "features": [
            {"kind": one.kind, "code": one.code or one.id or None, "from": one.from_grid, "to": one.to_grid}
            for one in told
        ],
    }


def _conflict(conflict: Any) -> dict[str, Any]:
    shapes = {side: orjson.loads(shapely.to_geojson(getattr(conflict, side))) for side in ("ours", "theirs", "base")}
    return {"kind": conflict.kind, "grid_codes": list(conflict.codes), "detail": conflict.message, **shapes}
