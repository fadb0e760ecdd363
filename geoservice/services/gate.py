"""The gate: what keeps the grids of a draft from being published, and what their jurisdiction would rather have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from shapely import MultiPolygon
from sqlalchemy import Connection

from geoservice.domain.editing.deciding import decision_findings, unowned_findings
from geoservice.domain.editing.outlining import outline_findings
from geoservice.domain.small_counts import neighbourhoods_of
from geoservice.domain.validating.norms import household_findings, pattern_findings
from geoservice.domain.validating.soundness import STORABLE_RULES
from geoservice.domain.validating.topology import findings_of
from layers.antimeridian import lies_across, whole
from layers.grids.drafts import decisions_of
from layers.grids.model import Finding, GridShape, ReassignedCode
from layers.grids.queries import (
    ballpark_of_edition,
    codes_unlike,
    outline_beside,
    outline_of_edition,
    reassigned_codes,
    reused_codes,
)
from layers.households.queries import housed_places
from layers.jurisdictions.model import Jurisdiction


def validate_grids(
    connection: Connection, edition_id: int, jurisdiction: Jurisdiction, grids: Sequence[GridShape],
    remarks: Sequence[Finding] = (),
) -> tuple[tuple[Finding, ...], list[GridShape]]:  # fmt: skip
    """Return every finding about grids, errors first, and the grids that can be stored.

    Parameters
    ----------
    edition_id
        Of the draft, whose outline they are to partition.
    grids
        EPSG:4326; may be anything a stranger sends.
    remarks
        What reading them found already. A grid whose ring could not even be built is not told as empty again.
    """
    unbuilt = {code for one in remarks if one.rule == "invalid-ring" for code in one.grid_codes}
    found = findings_of(grids, outline_of_edition(connection, edition_id))
    found = [*remarks, *(one for one in found if not (one.rule == "empty" and set(one.grid_codes) <= unbuilt))]
    faulty = {code for one in found if one.rule in STORABLE_RULES for code in one.grid_codes}
    storable = [grid for grid in grids if grid.code not in faulty]
    found += _beside_norms(connection, jurisdiction, storable)
    return tuple(sorted(found, key=lambda one: one.severity)), storable


def with_confirmations(
    connection: Connection, edition_id: int, grids: Sequence[GridShape], found: Sequence[Finding]
) -> tuple[Finding, ...]:
    """Return findings, errors first, with those about what a person decides.

    Codes reused, another outline than before, an old datum, gaps and overlaps that were given away, ground that belongs
    to nobody. Each is a remark once it was decided, with the reason.

    Parameters
    ----------
    grids
        Those of the draft, as they are stored.
    """
    shapes = {grid.code: grid.geom for grid in grids}
    accepted = {one.code: one for one in reassigned_codes(connection, edition_id)}
    reused = [
        _reused(code, accepted.get(code), shapes.get(code)) for code in reused_codes(connection, edition_id)
    ]  # fmt: skip
    outline = outline_findings(outline_beside(connection, edition_id))
    decided = decision_findings(decisions_of(connection, edition_id), grids)
    unowned = unowned_findings(grids)
    ballpark = ballpark_of_edition(connection, edition_id)
    unsure = [] if ballpark is None else [Finding("datum-not-sure", "warning", (), ballpark)]
    return tuple(sorted([*found, *reused, *outline, *unsure, *decided, *unowned], key=lambda one: one.severity))


def _reused(code: str, accepted: ReassignedCode | None, shape: MultiPolygon | None) -> Finding:
    told = f"Grid {code} lies elsewhere than the last grid of that code"
    if accepted is None:
        advice = "give it a new code, or accept by name that this one means another place from here on."
        return Finding("reused-code", "error", (code,), f"{told}: {advice}", geom=shape)
    reason = f"accepted by {accepted.accepted_by}: {accepted.reason}"
    return Finding("reused-code", "warning", (code,), f"{told}, {reason}", geom=shape)


def _beside_norms(connection: Connection, jurisdiction: Jurisdiction, grids: Sequence[GridShape]) -> list[Finding]:
    grids = [grid for grid in grids if grid.unowned_reason is None]
    # Findings are read by whoever draws: by neighbourhoods, that no border tells how many live behind it.
    neighbourhoods = [one for one in neighbourhoods_of(housed_places(connection, jurisdiction.id)) if one.is_told]
    points = shapely.points(np.array([(one.head.lon, one.head.lat) for one in neighbourhoods], float).reshape(-1, 2))
    if lies_across([grid.geom for grid in grids]):
        points = whole(points)
    counts = np.array([one.households for one in neighbourhoods], dtype=np.int64)
    found = household_findings(
        grids, points, counts, minimum=jurisdiction.households_min, maximum=jurisdiction.households_max
    )
    pattern = jurisdiction.grid_code_pattern
    if pattern is not None:
        unlike = set(codes_unlike(connection, [grid.code for grid in grids], pattern))
        found += pattern_findings(grids, unlike, pattern=pattern)
    return found
