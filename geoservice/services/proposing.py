"""Propose a partition of a jurisdiction from its households and streets: a draft like any other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import shapely

from geoservice.domain.proposing.proposal import propose
from geoservice.services.known import known_edition, known_jurisdiction
from layers.basemap.queries import streets_of
from layers.db.session import Database
from layers.grids import edits
from layers.grids.model import Edition, Finding
from layers.grids.topology import findings_of
from layers.households.queries import household_counts
from layers.jurisdictions.queries import outline_of

TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Proposed:
    """A draft that was proposed."""

    edition: Edition
    #: By grid code.
    households: Mapping[str, int]
    findings: tuple[Finding, ...]


class ProposingService:
    """Proposals for one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def propose(
        self,
        jurisdiction_code: str,
        *,
        minimum: int = 300,
        maximum: int = 500,
        grids: int | None = None,
        seed: int = 0,
        actor: str = "",
    ) -> Proposed:
        """Make a draft that cuts a jurisdiction into grids; see `geoservice.domain.proposing.proposal.propose`.

        Codes are those of the jurisdiction with a number of two digits or more behind, after those that are in use.

        Raises
        ------
        JurisdictionUnknown, ProposalImpossible
            There is none; it can not be cut so.
        """
        with self._database.transaction(timeout_s=TIMEOUT_S, one_view=True) as connection:
            jurisdiction = known_jurisdiction(connection, jurisdiction_code)
            outline = outline_of(connection, jurisdiction.id)
            points, counts = household_counts(connection, jurisdiction.id)
            streets = streets_of(connection, jurisdiction.id)
        # Cutting takes seconds and needs no database.
        proposal = propose(
            outline, list(points), counts.tolist(), streets, minimum=minimum, maximum=maximum, grids=grids, seed=seed
        )
        with self._database.transaction(actor=actor, timeout_s=TIMEOUT_S) as connection:
            title = f"proposal of {len(proposal)} grids, {minimum} to {maximum} households"
            draft = edits.insert_edition(connection, jurisdiction_id=jurisdiction.id, title=title, source="proposal")
            named = edits.with_new_codes(connection, proposal, jurisdiction_id=jurisdiction.id, stem=jurisdiction_code)
            findings = tuple(findings_of(named, outline))
            edits.insert_grids(connection, draft, named)
            edits.replace_findings(connection, draft, findings)
            edits.mark_validated(connection, draft)
            edition = known_edition(connection, draft)
        tree = shapely.STRtree(points)
        households = {grid.code: int(counts[tree.query(grid.geom, predicate="intersects")].sum()) for grid in named}
        return Proposed(edition, households, findings)
