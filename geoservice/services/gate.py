"""The gate: what keeps the grids of a draft from being published, and what their jurisdiction would rather have."""

from __future__ import annotations

from collections.abc import Sequence

from shapely import MultiPolygon
from sqlalchemy import Connection

from geoservice.domain.validating.norms import household_findings, pattern_findings
from geoservice.domain.validating.soundness import STORABLE_RULES
from geoservice.domain.validating.topology import findings_of
from layers.grids.model import Finding, GridShape, ReassignedCode
from layers.grids.queries import codes_unlike, reassigned_codes, reused_codes
from layers.households.queries import household_counts
from layers.jurisdictions.model import Jurisdiction
from layers.jurisdictions.queries import outline_of


def validate_grids(
    connection: Connection, jurisdiction: Jurisdiction, grids: Sequence[GridShape], remarks: Sequence[Finding] = ()
) -> tuple[tuple[Finding, ...], list[GridShape]]:
    """Return every finding about grids, errors first, and the grids that can be stored.

    Parameters
    ----------
    grids
        EPSG:4326; may be anything a stranger sends.
    remarks
        What reading them found already. A grid whose ring could not even be built is not told as empty again.
    """
    unbuilt = {code for one in remarks if one.rule == "invalid-ring" for code in one.grid_codes}
    found = findings_of(grids, outline_of(connection, jurisdiction.id))
    found = [*remarks, *(one for one in found if not (one.rule == "empty" and set(one.grid_codes) <= unbuilt))]
    faulty = {code for one in found if one.rule in STORABLE_RULES for code in one.grid_codes}
    storable = [grid for grid in grids if grid.code not in faulty]
    found += _beside_norms(connection, jurisdiction, storable)
    return tuple(sorted(found, key=lambda one: one.severity)), storable


def with_reused_codes(
    connection: Connection, edition_id: int, grids: Sequence[GridShape], found: Sequence[Finding]
) -> tuple[Finding, ...]:
    """Return findings, errors first, with one for each code of a stored draft that named another place before.

    It is a remark when that was accepted, with the reason.

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
    return tuple(sorted([*found, *reused], key=lambda one: one.severity))


def _reused(code: str, accepted: ReassignedCode | None, shape: MultiPolygon | None) -> Finding:
    told = f"Grid {code} lies elsewhere than the last grid of that code"
    if accepted is None:
        advice = "give it a new code, or accept by name that this one means another place from here on."
        return Finding("reused-code", "error", (code,), f"{told}: {advice}", geom=shape)
    reason = f"accepted by {accepted.accepted_by}: {accepted.reason}"
    return Finding("reused-code", "warning", (code,), f"{told}, {reason}", geom=shape)


def _beside_norms(connection: Connection, jurisdiction: Jurisdiction, grids: Sequence[GridShape]) -> list[Finding]:
    points, counts = household_counts(connection, jurisdiction.id)
    found = household_findings(
        grids, points, counts, minimum=jurisdiction.households_min, maximum=jurisdiction.households_max
    )
    pattern = jurisdiction.grid_code_pattern
    if pattern is not None:
        unlike = set(codes_unlike(connection, [grid.code for grid in grids], pattern))
        found += pattern_findings(grids, unlike, pattern=pattern)
    return found
