"""Events: what happened, in one order for everybody, and who may hear of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from geoservice.auth.model import Identity, Role
from geoservice.auth.permissions import Permission, may
from geoservice.records.outbox.model import Event, Kept
from geoservice.records.outbox.queries import events_after, kept_events, number_all, number_outbox
from layers.db.session import Database
from layers.staff.queries import postings_of

#: Read at once.
PIECE = 1000
#: To give numbers to all that was committed while nobody looked may take longer than other statements.
NUMBER_ALL_S = 60.0


@dataclass(frozen=True)
class Audience:
    """What somebody may hear of: the public what is published; who is known changes of layers; staff incidents.

    Of incidents an officer hears of his own.

    What is published where visitors are shown nothing is for those who are known there.
    """

    hears_incidents: bool
    #: An officer's jurisdiction, staff code and the grids served today; None: every incident.
    officer: tuple[int, str, frozenset[str]] | None = None
    #: Where alone somebody hears what is not the public's, by id; None: everywhere.
    jurisdiction_id: int | None = None
    #: Whether it is nobody known.
    is_stranger: bool = False

    def may_hear(self, event: Event) -> bool:
        """Return whether an event is for these ears."""
        at_home = not self.is_stranger and self.jurisdiction_id in (None, event.jurisdiction_id)
        if event.type.startswith("layer."):
            return at_home
        if not event.type.startswith("incident."):
            return at_home or not event.closed
        if not self.hears_incidents or not at_home:
            return False
        if self.officer is None:
            return True
        jurisdiction_id, code, grids = self.officer
        if event.jurisdiction_id != jurisdiction_id:
            return False
        data = event.data
        # Where it came from hears too that it went.
        return data["officer"] == code or data["grid"] in grids or data["from_grid"] in grids


@dataclass(frozen=True)
class Audiences:
    """What somebody may hear of who holds several grants: what any of them lets him hear."""

    every: tuple[Audience | Audiences, ...]

    @property
    def hears_incidents(self) -> bool:
        """Return whether any is told of incidents."""
        return any(one.hears_incidents for one in self.every)

    def may_hear(self, event: Event) -> bool:
        """Return whether an event is for these ears."""
        return any(one.may_hear(event) for one in self.every)


class EventService:
    """The events of one database."""

    def __init__(
        self, database: Database, identify: Callable[[str, str | None], Identity | None],
        listener: Callable[[str], Identity | None] = lambda secret: None,
    ) -> None:  # fmt: skip
        self._database = database
        self._identify = identify
        self._listener = listener

    def kept(self) -> Kept:
        """Return which events can be had."""
        with self._database.transaction() as connection:
            return kept_events(connection)

    def newest(self) -> int:
        """Return the number of the last event that was committed up to now; 0 when there was none yet."""
        with self._database.transaction(actor="service", timeout_s=NUMBER_ALL_S) as connection:
            number_all(connection)
            return kept_events(connection).last

    def after(self, number: int) -> tuple[Event, ...]:
        """Return the events that follow the one of a number, in their order, at most PIECE."""
        with self._database.transaction() as connection:
            return events_after(connection, number, limit=PIECE)

    def new_after(self, number: int) -> tuple[Event, ...]:
        """Return the same when what was committed up to now has been given its numbers.

        Whoever asks first gives them; it does not matter who.
        """
        with self._database.transaction(actor="service") as connection:
            number_outbox(connection)
        return self.after(number)

    def identify(self, key: str, address: str | None = None) -> Identity | None:
        """Return who shows a key at an address; None when it is not one that is in use. Raise KeyElsewhere."""
        return self._identify(key, address)

    def listener(self, secret: str) -> Identity | None:
        """Return who listens with the secret of a session; None when nobody is signed in with it."""
        return self._listener(secret)

    def audience(self, identity: Identity) -> Audience | Audiences:
        """Return what somebody may hear of, today: by each of his grants, where it is good."""
        if identity.grants:
            return Audiences(tuple(self.audience(identity.holding([one])) for one in identity.grants))
        hears, home = may(identity.role, Permission.READ_INCIDENTS), identity.home and identity.home.id
        if identity.role is not Role.OFFICER or not hears:
            return Audience(hears, jurisdiction_id=home, is_stranger=identity.role is Role.PUBLIC)
        if identity.staff is None:
            return Audience(hears_incidents=False, jurisdiction_id=home)
        jurisdiction_id, code = identity.staff
        with self._database.transaction() as connection:
            postings = postings_of(connection, jurisdiction_id=jurisdiction_id, staff_code=code)
        grids = frozenset(posting.grid_code for posting in postings)
        return Audience(hears, (jurisdiction_id, code, grids), jurisdiction_id)
