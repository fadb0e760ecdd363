"""What the map page draws that changes while people look: what is in hand, and what its codes are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from geoservice.auth.model import Identity
from geoservice.auth.permissions import Permission, permitted
from geoservice.domain.spans import Period, Span
from geoservice.errors import DayToCome
from geoservice.services import lookups
from layers.db.session import Database
from layers.incidents.as_of import IncidentAsOf, count_as_of, incidents_as_of
from layers.incidents.in_hand import InHand, count_in_hand, in_hand, in_hand_among, soon_before
from layers.incidents.model import Service
from layers.incidents.queries import services
from layers.staff.model import Member
from layers.staff.queries import members

#: Sent at once; whoever draws a map asks on until there are no more.
PAGE = 5_000


@dataclass(frozen=True)
class Legend:
    """What a map says once: what codes are called, and how many matters there are in all."""

    total: int
    services: tuple[Service, ...]
    #: Whoever may not read incidents is told of nobody.
    staff: tuple[Member, ...]


@dataclass(frozen=True)
class InHandPage:
    """Some of what is in hand."""

    matters: tuple[InHand, ...]
    #: After which id it goes on; None: these are the last.
    next: UUID | None
    #: By service: what is due before this instant is due soon.
    soon_before: Mapping[str, datetime]
    #: On the first page alone.
    legend: Legend | None = None


@dataclass(frozen=True)
class AsOfPage:
    """Some of the incidents of a span that is past, each as it stood at its end."""

    incidents: tuple[IncidentAsOf, ...]
    #: After which id it goes on; None: these are the last.
    next: UUID | None
    #: From when, and to before when: whole days, the last one as far as it is past.
    period: Period
    #: On the first page alone.
    legend: Legend | None = None


class MapService:
    """Reads for the map page; changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def in_hand(
        self, jurisdiction_code: str, *, identity: Identity, after: UUID | None = None, limit: int = PAGE
    ) -> InHandPage:  # fmt: skip
        """Return what is in hand in a jurisdiction, by id, from one on; raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            home = lookups.get_jurisdiction(connection, jurisdiction_code).id
            found = in_hand(connection, jurisdiction_id=home, after=after, limit=limit + 1)
            further = found[limit - 1].id if len(found) > limit else None
            total = count_in_hand(connection, jurisdiction_id=home) if after is None else 0
            legend = _legend(connection, home, identity, total) if after is None else None
            return InHandPage(_told(found[:limit], identity), further, _soon(connection, home, identity), legend)

    def every_in_hand(self, jurisdiction_code: str, *, identity: Identity) -> InHandPage:
        """Return all that is in hand in a jurisdiction as one page; raise JurisdictionUnknown."""
        page = first = self.in_hand(jurisdiction_code, identity=identity)
        every = list(first.matters)
        while page.next is not None:
            page = self.in_hand(jurisdiction_code, identity=identity, after=page.next)
            every += page.matters
        return replace(first, matters=tuple(every), next=None)

    def in_hand_among(self, jurisdiction_code: str, ids: Sequence[UUID], *, identity: Identity) -> InHandPage:
        """Return which of some incidents are in hand there, none for those that are not; raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            home = lookups.get_jurisdiction(connection, jurisdiction_code).id
            found = in_hand_among(connection, ids, jurisdiction_id=home) if ids else ()
            return InHandPage(_told(found, identity), None, _soon(connection, home, identity))

    def as_of(
        self, jurisdiction_code: str, span: Span, *, identity: Identity, after: UUID | None = None, limit: int = PAGE,
        now: datetime | None = None,
    ) -> AsOfPage:  # fmt: skip
        """Return what was in hand at the end of some days, or reported or closed in them, by id, from one on.

        Parameters
        ----------
        now
            When it is told; this very instant when None.

        Raises: JurisdictionUnknown, DayToCome.
        """
        with self._database.transaction() as connection:
            jurisdiction = lookups.get_jurisdiction(connection, jurisdiction_code)
            period = past(span, ZoneInfo(jurisdiction.time_zone), now or datetime.now(UTC))
            asked = {"jurisdiction_id": jurisdiction.id, "since": period.since, "until": period.until}
            found = incidents_as_of(connection, **asked, after=after, limit=limit + 1)  # type: ignore[arg-type]
            further = found[limit - 1].id if len(found) > limit else None
            total = count_as_of(connection, **asked) if after is None and further else len(found)  # type: ignore[arg-type]
            legend = _legend(connection, jurisdiction.id, identity, total) if after is None else None
            if not permitted(identity, Permission.READ_INCIDENTS):
                found = tuple(one._replace(officer_code=None) for one in found)
            return AsOfPage(found[:limit], further, period, legend)


def past(span: Span, zone: ZoneInfo, now: datetime) -> Period:
    """Return the instants of whole days as far as they are past; raise DayToCome."""
    whole = span.period(zone)
    if span.last > now.astimezone(zone).date():
        raise DayToCome
    return Period(whole.since, min(whole.until, now))


def _legend(connection: Connection, home: int, identity: Identity, total: int) -> Legend:
    told = permitted(identity, Permission.READ_INCIDENTS)
    return Legend(
        total, services(connection, jurisdiction_id=home),
        members(connection, jurisdiction_id=home) if told else (),
    )  # fmt: skip


def _told(found: Sequence[InHand], identity: Identity) -> tuple[InHand, ...]:
    """Return matters as far as whoever asks may know of them: who has them is told to staff."""
    if permitted(identity, Permission.READ_INCIDENTS):
        return tuple(found)
    return tuple(one._replace(officer_code=None, expected_at=None, stands=False) for one in found)


def _soon(connection: Connection, home: int, identity: Identity) -> dict[str, datetime]:
    told = permitted(identity, Permission.READ_INCIDENTS)
    return soon_before(connection, jurisdiction_id=home) if told else {}
