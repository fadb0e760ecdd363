"""Propose a partition, or the split of one grid, from households and streets: a draft like any other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from geoservice.domain.editing.change import applied
from geoservice.domain.proposing.proposal import propose
from geoservice.domain.proposing.splitting import propose_split
from geoservice.domain.validating.norms import households_in
from geoservice.errors import GridUnknown
from geoservice.services.drafting.open_draft import OpenDraft
from geoservice.services.gate import validate_grids
from geoservice.services.lookups import get_edition, get_jurisdiction
from layers.antimeridian import lies_across, whole
from layers.basemap.queries import streets_of
from layers.buildings.queries import building_places
from layers.db.session import Database
from layers.grids import drafts, edits, queries
from layers.grids.model import Edition, Finding, GridShape
from layers.households.queries import household_counts
from layers.jurisdictions.model import Jurisdiction

TIMEOUT_S = 60.0
#: What grids are to have alike.
Alike = Literal["households", "buildings"]


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
        minimum: int | None = None,
        maximum: int | None = None,
        grids: int | None = None,
        seed: int = 0,
        by: Alike = "households",
        actor: str = "",
    ) -> Proposed:
        """Make a draft that cuts a jurisdiction into grids; see `geoservice.domain.proposing.proposal.propose`.

        Codes are those of the jurisdiction with a number of two digits or more behind, after those that are in use.

        Parameters
        ----------
        minimum, maximum
            Households of a grid; None: what the jurisdiction wants; of buildings a third fewer or more than on average.
        by
            What grids are to have alike: where no households are known, buildings, and then `grids` says how many.

        Raises
        ------
        JurisdictionUnknown, ProposalImpossible
            There is none; it can not be cut so.
        """
        with self._database.transaction(timeout_s=TIMEOUT_S, one_view=True) as connection:
            jurisdiction = get_jurisdiction(connection, jurisdiction_code)
            outline = queries.outline_to_begin_with(connection, jurisdiction.id)
            points, counts = places_of(connection, jurisdiction.id, by)
            streets = streets_of(connection, jurisdiction.id)
        if lies_across([outline]):
            points, streets = whole(points), list(whole(streets))
        if by == "buildings":
            minimum, maximum = about_average(len(points), grids or 1, minimum, maximum)
        minimum, maximum = range_of(jurisdiction, minimum, maximum)
        # Cutting takes seconds and needs no database.
        proposal = propose(
            outline, list(points), counts.tolist(), streets, minimum=minimum, maximum=maximum, grids=grids, seed=seed
        )
        with self._database.transaction(actor=actor, timeout_s=TIMEOUT_S) as connection:
            title = f"proposal of {len(proposal)} grids, {minimum} to {maximum} {by}"
            draft = edits.insert_edition(connection, jurisdiction_id=jurisdiction.id, title=title, source="proposal")
            named = edits.with_new_codes(connection, proposal, jurisdiction_id=jurisdiction.id, stem=jurisdiction_code)
            edits.insert_grids(connection, draft, named)
            return _proposed(connection, jurisdiction, draft, named, points, counts)

    def propose_split(
        self,
        jurisdiction_code: str,
        grid_code: str,
        *,
        minimum: int | None = None,
        maximum: int | None = None,
        parts: int | None = None,
        seed: int = 0,
        actor: str = "",
    ) -> Proposed:
        """Make a draft of the grids published last in which one is cut up; see `splitting.propose_split`.

        Parameters
        ----------
        minimum, maximum
            Households of a part; None: what the jurisdiction wants.

        Raises
        ------
        JurisdictionUnknown, GridUnknown, ProposalImpossible
            There is none; nothing is published with such a grid; it can not be cut so.
        """
        with self._database.transaction(timeout_s=TIMEOUT_S, one_view=True) as connection:
            jurisdiction = get_jurisdiction(connection, jurisdiction_code)
            base = drafts.latest_edition(connection, jurisdiction.id)
            there = () if base is None else queries.grids_of(connection, base)
            points, counts = household_counts(connection, jurisdiction.id)
            streets = streets_of(connection, jurisdiction.id)
            taken = frozenset() if base is None else queries.codes_ever(connection, base)
        if lies_across([grid.geom for grid in there]):
            points, streets = whole(points), list(whole(streets))
        if base is None or grid_code not in {grid.code for grid in there}:
            raise GridUnknown(grid=grid_code, jurisdiction=jurisdiction_code, edition=base)
        minimum, maximum = range_of(jurisdiction, minimum, maximum)
        change = propose_split(
            there, grid_code, points, counts, streets, minimum=minimum, maximum=maximum, parts=parts, seed=seed,
            taken=taken,
        )  # fmt: skip
        with self._database.transaction(actor=actor, timeout_s=TIMEOUT_S) as connection:
            title = f"proposal to split grid {grid_code}"
            draft = edits.insert_edition(
                connection, jurisdiction_id=jurisdiction.id, title=title, source=f"edition {base}"
            )
            drafts.copy_grids(connection, edition_id=base, draft_id=draft)
            OpenDraft(connection, get_edition(connection, draft)).make("split", there, change)
            return _proposed(connection, jurisdiction, draft, applied(there, change), points, counts)


def places_of(connection: Connection, jurisdiction_id: int, by: Alike) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return (n,) points, EPSG:4326, and (n,) how many stand at each of what grids are to have alike."""
    if by == "households":
        return household_counts(connection, jurisdiction_id)
    points = building_places(connection, jurisdiction_id)
    return points, np.ones(len(points), dtype=np.int64)


def about_average(count: int, grids: int, minimum: int | None, maximum: int | None) -> tuple[int, int]:
    """Return the fewest and the most of a grid: where they are not said, a third around the average."""
    average = count / grids
    return (
        math.floor(average * 2 / 3) if minimum is None else minimum,
        math.ceil(average * 4 / 3) if maximum is None else maximum,
    )


def range_of(jurisdiction: Jurisdiction, minimum: int | None, maximum: int | None) -> tuple[int, int]:
    """Return the fewest and the most households of a grid: where they are not said, what its jurisdiction wants."""
    return (
        jurisdiction.households_min if minimum is None else minimum,
        jurisdiction.households_max if maximum is None else maximum,
    )


def _proposed(
    connection: Connection,
    jurisdiction: Jurisdiction,
    draft: int,
    grids: Sequence[GridShape],
    points: NDArray[Any],
    counts: NDArray[np.int64],
) -> Proposed:
    """Let a draft through the gate, and tell what is in it."""
    findings, _ = validate_grids(connection, draft, jurisdiction, grids)
    edits.replace_findings(connection, draft, findings)
    edits.mark_validated(connection, draft)
    households = households_in(grids, points, counts).tolist()
    told = sorted(zip((grid.code for grid in grids), households, strict=True))
    return Proposed(get_edition(connection, draft), dict(told), findings)
