"""Which grid owns a place: one at a time, or many. From memory where that is known there, else from the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

import numpy as np

from geoservice.engine.answers import Method
from geoservice.engine.edges import Floats
from geoservice.engine.snapshot import METHODS, ManyOwners, owner_among, owners_among
from geoservice.services import lookups
from geoservice.services.snapshot_cache import Keeper
from layers.crs import DeclaredPosition, Position, is_on_earth
from layers.db.clock import now_in
from layers.db.session import Database
from layers.errors import LayerError
from layers.grids.knowledge import known_since
from layers.grids.model import Ownership
from layers.grids.ownership import owner_of, owners_of
from layers.staff.model import Officer
from layers.staff.queries import officers_on_duty

#: A batch waits so long for an edition that is being made ready; a single place asks the database meanwhile.
LONGEST_WAIT_S = 1.0
_METHOD_NUMBERS = {name: number for number, name in METHODS.items()}


class OwnerAnswer(NamedTuple):
    """Who owns a place, and who serves there."""

    position: Position
    ownership: Ownership
    officers: tuple[Officer, ...]
    #: The instant that was asked about.
    at: datetime
    #: Since when the answer is known: whoever asks again with both is told the same. None where no edition answered.
    known_at: datetime | None
    #: When the database last said that this is so; while it does not answer, this grows old.
    as_of: datetime
    #: How long ago that was, seconds.
    age_s: float


class Question(NamedTuple):
    """What is asked about one place: who owns it at an instant (now when None), and is a border near."""

    position: Position
    at: datetime | None = None
    #: The sender's error in metres, 0 to 1000; None takes the jurisdiction's default.
    accuracy_m: float | None = None
    #: Ask this jurisdiction only; None asks all.
    jurisdiction_code: str | None = None
    #: As it was known then; None: as we know it now.
    known_at: datetime | None = None


@dataclass(frozen=True)
class Asked:
    """A question to be put for many positions, in one go or several: all are answered by one state."""

    #: (n,) lon and (n,) lat in degrees; anything may stand in them. What is not on the earth has no owner.
    owners: Callable[[Floats, Floats], ManyOwners]
    as_of: datetime
    age_s: float


class OwnershipService:
    """Answers by the rule of ownership that the database keeps.

    Parameters
    ----------
    keeper
        Holds the editions in memory; None asks the database each time.
    """

    def __init__(self, database: Database, keeper: Keeper | None = None) -> None:
        self._database = database
        self._keeper = keeper

    def owner_of(
        self,
        place: DeclaredPosition,
        *,
        at: datetime | None = None,
        accuracy_m: float | None = None,
        jurisdiction_code: str | None = None,
        known_at: datetime | None = None,
    ) -> OwnerAnswer:
        """Return the owner of a place at an instant (now when None), with the officers of that day.

        known_at: as it was known then, before corrections that were entered later; None: as we know it now.

        Raises
        ------
        RefusedByDatabase
            `known_at` is an instant to come.
        JurisdictionUnknown
            There is no jurisdiction of that code.
        LayerError
            It is not known in memory, and the database does not answer.
        """
        asked = Question(place.position, at, accuracy_m, jurisdiction_code, known_at)
        found = self.held_owner_of(asked)
        if found is not None:
            return found
        try:
            return self._stored_owner_of(asked)
        except LayerError:
            # What is being replaced is old by a moment, but an answer.
            found = self._remembered_owner_of(asked)
            if found is None:
                raise
            return found

    def held_owner_of(self, asked: Question) -> OwnerAnswer | None:
        """Return the answer from memory; None when memory does not know, or is being renewed at this moment."""
        if self._keeper is None or self._keeper.renewing:
            return None
        return self._remembered_owner_of(asked)

    def _remembered_owner_of(self, asked: Question) -> OwnerAnswer | None:
        confirmed = None if self._keeper is None else self._keeper.confirmed
        if confirmed is None or asked.known_at is not None:
            return None
        held = confirmed.held
        instant = asked.at or held.now()
        editions = held.snapshot.in_force(instant, asked.jurisdiction_code)
        if editions is None:
            return None
        lon, lat = asked.position
        ownership = owner_among(editions, lon, lat, accuracy_m=asked.accuracy_m)
        known_at = None if ownership.jurisdiction_id is None else held.known_at[ownership.jurisdiction_id]
        officers: tuple[Officer, ...] | None = ()
        if ownership.grid_code is not None and ownership.jurisdiction_id is not None:
            officers = held.duties.officers(ownership.jurisdiction_id, ownership.grid_code, instant)
        if officers is None:
            return None
        return OwnerAnswer(asked.position, ownership, officers, instant, known_at, confirmed.at, confirmed.age_s)

    def ask_many(
        self, *, at: datetime | None = None, accuracy_m: float | None = None, jurisdiction_code: str | None = None
    ) -> Asked:
        """Return a question for the owners of many positions; answers come from memory when it knows.

        Raises
        ------
        JurisdictionUnknown
            There is no jurisdiction of that code.
        LayerError
            It is not known in memory, and the database does not answer. Asking it raises this too.
        """
        confirmed = None
        if self._keeper is not None:
            self._keeper.wait_until_settled(LONGEST_WAIT_S)
            confirmed = self._keeper.confirmed
        if confirmed is not None:
            editions = confirmed.held.snapshot.in_force(at or confirmed.held.now(), jurisdiction_code)
            if editions is not None:
                held = partial(owners_among, editions, accuracy_m=accuracy_m)
                return Asked(held, confirmed.at, confirmed.age_s)
        as_of = datetime.now(UTC)
        with self._database.transaction() as connection:
            jurisdiction_id = lookups.jurisdiction_id(connection, jurisdiction_code)
        stored = partial(
            self._stored_owners_of, at=at or as_of, accuracy_m=accuracy_m, jurisdiction_id=jurisdiction_id
        )  # fmt: skip
        return Asked(stored, as_of, 0.0)

    def _stored_owners_of(
        self, lon: Floats, lat: Floats, *, at: datetime, accuracy_m: float | None, jurisdiction_id: int | None
    ) -> ManyOwners:
        there = [place for place, (x, y) in enumerate(zip(lon, lat, strict=True)) if is_on_earth(x, y)]
        positions = [Position(float(lon[place]), float(lat[place])) for place in there]
        with self._database.transaction() as connection:
            stored = owners_of(connection, positions, at=at, accuracy_m=accuracy_m, jurisdiction_id=jurisdiction_id)
        return _columns(stored, there, len(lon))

    def _stored_owner_of(self, asked: Question) -> OwnerAnswer:
        as_of = datetime.now(UTC)
        # In one view the answer belongs to its known_at; what was known is waited for first, and needs a later view.
        with self._database.transaction(one_view=asked.known_at is None) as connection:
            at = asked.at or now_in(connection)
            ownership = owner_of(
                connection, asked.position, at=at, accuracy_m=asked.accuracy_m, known_at=asked.known_at,
                jurisdiction_id=lookups.jurisdiction_id(connection, asked.jurisdiction_code),
            )  # fmt: skip
            known_at = asked.known_at
            officers: tuple[Officer, ...] = ()
            if ownership.jurisdiction_id is not None:
                known_at = known_at or known_since(connection, ownership.jurisdiction_id)
                if ownership.grid_code is not None:
                    officers = officers_on_duty(
                        connection,
                        jurisdiction_id=ownership.jurisdiction_id,
                        grid_code=ownership.grid_code,
                        at=asked.at,
                    )
        return OwnerAnswer(asked.position, ownership, officers, at, known_at, as_of, 0.0)


def _columns(stored: Sequence[Ownership], places: Sequence[int], count: int) -> ManyOwners:
    """Return the database's answers for some of n places as columns."""
    codes = tuple(sorted({one.grid_code for one in stored if one.grid_code is not None}))
    number = {code: index for index, code in enumerate(codes)}
    found = ManyOwners.nobody(codes, count)
    where = np.array(places, dtype=np.int64)
    found.code[where] = [-1 if one.grid_code is None else number[one.grid_code] for one in stored]
    found.edition[where] = [one.edition_id or 0 for one in stored]
    found.method[where] = [_METHOD_NUMBERS.get(one.method, Method.NONE) for one in stored]
    found.near_border[where] = [one.near_border for one in stored]
    return found
