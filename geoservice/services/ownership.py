"""Which grid owns a place: one at a time, or many. From memory where that is known there, else from the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

import numpy as np

from geoservice.engine.answers import Method
from geoservice.engine.edges import Bools, Floats
from geoservice.engine.loaded_editions import METHODS, ManyOwners, owner_among, owners_among
from geoservice.services import lookups
from geoservice.services.snapshot_cache import SnapshotCache
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
MAX_WAIT_S = 1.0
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


class OwnerQuery(NamedTuple):
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
class BulkLookup:
    """A look-up of many positions, in one go or several.

    All are answered by one state, but for those that the database is asked about: as it is then, of one instant.
    """

    #: (n,) lon and (n,) lat in degrees; anything may stand in them. What is not on the earth has no owner.
    owners: Callable[[Floats, Floats], ManyOwners]
    as_of: datetime
    age_s: float


class OwnershipService:
    """Answers by the rule of ownership that the database keeps.

    Parameters
    ----------
    cache
        Holds the editions in memory; None asks the database each time.
    """

    def __init__(self, database: Database, cache: SnapshotCache | None = None) -> None:
        self._database = database
        self._cache = cache

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
        query = OwnerQuery(place.position, at, accuracy_m, jurisdiction_code, known_at)
        found = self.owner_from_memory(query)
        if found is not None:
            return found
        try:
            return self._stored_owner_of(query)
        except LayerError:
            # What is being replaced is old by a moment, but an answer.
            found = self._owner_from_snapshot(query)
            if found is None:
                raise
            return found

    def owner_from_memory(self, query: OwnerQuery) -> OwnerAnswer | None:
        """Return the answer from memory; None when memory does not know, or is being renewed at this moment."""
        if self._cache is None or self._cache.renewing:
            return None
        return self._owner_from_snapshot(query)

    def _owner_from_snapshot(self, query: OwnerQuery) -> OwnerAnswer | None:
        confirmed = None if self._cache is None else self._cache.confirmed
        if confirmed is None or query.known_at is not None:
            return None
        snapshot = confirmed.snapshot
        instant = query.at or snapshot.now()
        editions = snapshot.editions.in_force(instant, query.jurisdiction_code)
        if editions is None:
            return None
        lon, lat = query.position
        if snapshot.editions.is_pending(lon, lat, query.jurisdiction_code):
            return None
        ownership = owner_among(editions, lon, lat, accuracy_m=query.accuracy_m)
        if ownership.jurisdiction_id is None:
            jurisdiction_id = snapshot.editions.jurisdiction_of(lon, lat, instant, query.jurisdiction_code)
            ownership = ownership._replace(jurisdiction_id=jurisdiction_id)
        known_at = None if ownership.jurisdiction_id is None else snapshot.known_at.get(ownership.jurisdiction_id)
        officers: tuple[Officer, ...] | None = ()
        if ownership.grid_code is not None and ownership.jurisdiction_id is not None:
            officers = snapshot.duties.officers(ownership.jurisdiction_id, ownership.grid_code, instant)
        if officers is None:
            return None
        return OwnerAnswer(query.position, ownership, officers, instant, known_at, confirmed.at, confirmed.age_s)

    def bulk_lookup(
        self, *, at: datetime | None = None, accuracy_m: float | None = None, jurisdiction_code: str | None = None
    ) -> BulkLookup:
        """Return a question for the owners of many positions; answers come from memory when it knows.

        Raises
        ------
        JurisdictionUnknown
            There is no jurisdiction of that code.
        LayerError
            It is not known in memory, and the database does not answer. Asking it raises this too.
        """
        confirmed = None
        if self._cache is not None:
            self._cache.wait_until_settled(MAX_WAIT_S)
            confirmed = self._cache.confirmed
        if confirmed is not None:
            editions = confirmed.snapshot.editions.in_force(at or confirmed.snapshot.now(), jurisdiction_code)
            if editions is not None:
                from_memory = partial(owners_among, editions, accuracy_m=accuracy_m)
                if not confirmed.snapshot.editions.pending:
                    return BulkLookup(from_memory, confirmed.at, confirmed.age_s)
                from_database = self._from_database(at or confirmed.snapshot.now(), accuracy_m, jurisdiction_code)
                pending = partial(confirmed.snapshot.editions.are_pending, jurisdiction_code=jurisdiction_code)
                beside = partial(_owners_from_both, from_memory, from_database, pending)
                return BulkLookup(beside, confirmed.at, confirmed.age_s)
        as_of = datetime.now(UTC)
        with self._database.transaction() as connection:  # an unknown one is told before anything is answered
            lookups.jurisdiction_id(connection, jurisdiction_code)
        return BulkLookup(self._from_database(at or as_of, accuracy_m, jurisdiction_code), as_of, 0.0)

    def _from_database(
        self, at: datetime, accuracy_m: float | None, jurisdiction_code: str | None
    ) -> Callable[[Floats, Floats], ManyOwners]:
        def ask(lon: Floats, lat: Floats) -> ManyOwners:
            with self._database.transaction() as connection:
                jurisdiction_id = lookups.jurisdiction_id(connection, jurisdiction_code)
            return self._stored_owners_of(lon, lat, at=at, accuracy_m=accuracy_m, jurisdiction_id=jurisdiction_id)

        return ask

    def _stored_owners_of(
        self, lon: Floats, lat: Floats, *, at: datetime, accuracy_m: float | None, jurisdiction_id: int | None
    ) -> ManyOwners:
        there = [place for place, (x, y) in enumerate(zip(lon, lat, strict=True)) if is_on_earth(x, y)]
        positions = [Position(float(lon[place]), float(lat[place])) for place in there]
        with self._database.transaction() as connection:
            stored = owners_of(connection, positions, at=at, accuracy_m=accuracy_m, jurisdiction_id=jurisdiction_id)
        return _columns(stored, there, len(lon))

    def _stored_owner_of(self, query: OwnerQuery) -> OwnerAnswer:
        as_of = datetime.now(UTC)
        # In one view the answer belongs to its known_at; what was known is waited for first, and needs a later view.
        with self._database.transaction(one_view=query.known_at is None) as connection:
            at = query.at or now_in(connection)
            ownership = owner_of(
                connection, query.position, at=at, accuracy_m=query.accuracy_m, known_at=query.known_at,
                jurisdiction_id=lookups.jurisdiction_id(connection, query.jurisdiction_code),
            )  # fmt: skip
            known_at = query.known_at
            officers: tuple[Officer, ...] = ()
            if ownership.jurisdiction_id is not None:
                known_at = known_at or known_since(connection, ownership.jurisdiction_id)
                if ownership.grid_code is not None:
                    officers = officers_on_duty(
                        connection,
                        jurisdiction_id=ownership.jurisdiction_id,
                        grid_code=ownership.grid_code,
                        at=query.at,
                    )
        return OwnerAnswer(query.position, ownership, officers, at, known_at, as_of, 0.0)


def _owners_from_both(
    from_memory: Callable[[Floats, Floats], ManyOwners], from_database: Callable[[Floats, Floats], ManyOwners],
    are_pending: Callable[[Floats, Floats], Bools], lon: Floats, lat: Floats,
) -> ManyOwners:  # fmt: skip
    """Return owners from memory, but for places that an edition speaks of which is not in memory yet."""
    where = np.flatnonzero(are_pending(lon, lat))
    found = from_memory(lon, lat)
    return found.put(where, from_database(lon[where], lat[where])) if len(where) else found


def _columns(stored: Sequence[Ownership], places: Sequence[int], count: int) -> ManyOwners:
    """Return the database's answers for some of n places as columns."""
    codes = tuple(sorted({one.grid_code for one in stored if one.grid_code is not None}))
    number = {code: index for index, code in enumerate(codes)}
    reasons = tuple(sorted({one.unowned_reason for one in stored if one.unowned_reason is not None}))
    found = ManyOwners.nobody(codes, reasons, count)
    where = np.array(places, dtype=np.int64)
    found.code[where] = [-1 if one.grid_code is None else number[one.grid_code] for one in stored]
    found.edition[where] = [one.edition_id or 0 for one in stored]
    found.method[where] = [_METHOD_NUMBERS.get(one.method, Method.NONE) for one in stored]
    found.near_border[where] = [one.near_border for one in stored]
    reason = {text: index for index, text in enumerate(reasons)}
    found.reason[where] = [-1 if one.unowned_reason is None else reason[one.unowned_reason] for one in stored]
    return found
