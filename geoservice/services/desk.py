"""The desk: what dispatchers look at. A list with what its rows tell, and all that is known of one incident."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection

from geoservice.auth.model import Identity
from geoservice.errors import GeoserviceError, IncidentUnknown
from geoservice.records.calendars.queries import work_left_s
from geoservice.services import lookups
from geoservice.services.audit.traces import note_incident_read, note_incidents_read
from geoservice.services.handling import ActionDetails, HandlingService, Offer, offer_in
from geoservice.services.incidents import IncidentPage, page_of
from layers.buildings.queries import NearBuilding, buildings_near
from layers.cameras.model import CoveringCamera
from layers.crs import Bbox
from layers.db.session import Database
from layers.errors import LayerError
from layers.grids.territory import grids_in_force
from layers.incidents.model import Alike, Incident, IncidentEvent, Routing, Search, Service
from layers.incidents.queries import Order, alike, count_each, find_incident, history, incidents, routings, services
from layers.jurisdictions.model import Jurisdiction
from layers.staff.model import Member, Officer
from layers.staff.queries import members, officers_on_duty, posted_now
from layers.summaries.camera_views import cameras_covering

#: Buildings beside the place of an incident: so near, so many.
NEAR_M, NEAR_MOST = 50.0, 3


@dataclass(frozen=True)
class Names:
    """What codes are called in a jurisdiction."""

    services: Mapping[str, Service]
    #: Names in Chinese and, where there is one, in English, of the grids in force.
    grids: Mapping[str, tuple[str | None, str | None]]
    staff: Mapping[str, Member]
    #: Names of grids that were in force before, where such are told of.
    former: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class DeskList:
    """Some incidents and what it takes to tell of them."""

    jurisdiction: Jurisdiction
    #: Of one across 180 degrees with its east beyond.
    bbox: Bbox
    names: Names
    page: IncidentPage
    #: Of each view, by its name: how many there are.
    counts: Mapping[str, int]
    #: Seconds of work until each is due, below zero when that is past; None where nobody knows.
    left_s: Mapping[UUID, float | None]
    now: datetime
    #: Of what was asked for by id: those that the list does not mean.
    strangers: frozenset[UUID] = frozenset()


@dataclass(frozen=True)
class DeskDetail:
    """All that is known of an incident."""

    jurisdiction: Jurisdiction
    names: Names
    offer: Offer
    left_s: float | None
    history: tuple[IncidentEvent, ...]
    routings: tuple[Routing, ...]
    cameras: tuple[CoveringCamera, ...]
    alike: tuple[Alike, ...]
    #: Those that may be about the same matter, by id, with their words.
    pairs: Mapping[UUID, Incident]
    buildings: tuple[NearBuilding, ...]
    #: Who serves its grid today, the grid officer first.
    on_duty: tuple[Officer, ...]
    #: By grid that may be meant at a border: the code of who serves there today, the grid officer before a deputy.
    on_duty_near: Mapping[str, str]
    now: datetime


@dataclass(frozen=True)
class Outcome:
    """What became of one of several steps."""

    incident_id: UUID
    #: None: it was not done.
    incident: Incident | None
    #: Why not, where it was not.
    error: GeoserviceError | LayerError | None = None


@dataclass(frozen=True)
class Mark:
    """Which incident is meant, in the version in which it was seen."""

    incident_id: UUID
    version: int


@dataclass(frozen=True)
class DeskQuery:
    """A list of a jurisdiction, and the views whose sizes are told with it."""

    search: Search
    order: Order
    limit: int
    views: Mapping[str, Search] = field(default_factory=dict)


class DeskService:
    """Reads for the desk, and takes several steps at once."""

    def __init__(self, database: Database, handling: HandlingService) -> None:
        self._database = database
        self._handling = handling

    def listed(self, jurisdiction_code: str, asked: DeskQuery) -> DeskList:
        """Return a page of a list; raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            jurisdiction = lookups.get_jurisdiction(connection, jurisdiction_code)
            search = replace(asked.search, jurisdiction_id=jurisdiction.id)
            page = page_of(connection, search, limit=asked.limit, order=asked.order)
            return _told(connection, jurisdiction, page, asked)

    def rows(self, jurisdiction_code: str, ids: Collection[UUID], asked: DeskQuery) -> DeskList:
        """Return some incidents by id as they are now, whether or not a list means them; raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            jurisdiction = lookups.get_jurisdiction(connection, jurisdiction_code)
            by_id = Search(jurisdiction_id=jurisdiction.id, ids=tuple(ids))
            found = incidents(connection, by_id, limit=len(ids), order=asked.order)
            note_incidents_read(connection, found, by_id)
            meant = replace(asked.search, jurisdiction_id=jurisdiction.id, ids=tuple(ids), after=None)
            fitting = {one.id for one in incidents(connection, meant, limit=len(ids), order=asked.order)}
            told = _told(connection, jurisdiction, IncidentPage(found, None), asked)
            return replace(told, strangers=frozenset(one.id for one in found if one.id not in fitting))

    def whole(self, jurisdiction_code: str, incident_id: UUID, identity: Identity) -> DeskDetail:
        """Return all that is known of an incident; raise JurisdictionUnknown, IncidentUnknown."""
        with self._database.transaction() as connection:
            jurisdiction = lookups.get_jurisdiction(connection, jurisdiction_code)
            incident = find_incident(connection, incident_id)
            if incident is None or incident.jurisdiction_id != jurisdiction.id:
                raise IncidentUnknown(incident=str(incident_id))
            note_incident_read(connection, incident, "all")
            near = alike(connection, incident_id)
            beside = Search(ids=tuple(one.id for one in near))
            pairs = incidents(connection, beside, limit=max(1, len(near)))
            note_incidents_read(connection, pairs, beside)
            return DeskDetail(
                jurisdiction, names_of(connection, jurisdiction.id), offer_in(connection, incident, identity),
                _left_s(connection, jurisdiction.id, (incident,)).get(incident_id),
                history(connection, incident_id), routings(connection, incident_id),
                cameras_covering(connection, incident_id), near, {one.id: one for one in pairs},
                buildings_near(connection, incident.position, jurisdiction_id=jurisdiction.id, within_m=NEAR_M,
                               limit=NEAR_MOST),
                () if incident.grid_code is None else officers_on_duty(
                    connection, jurisdiction_id=jurisdiction.id, grid_code=incident.grid_code),
                _on_duty_near(connection, incident), datetime.now(UTC),
            )  # fmt: skip

    def act_each(
        self, meant: Sequence[Mark], action: str, details: ActionDetails, *, identity: Identity
    ) -> tuple[Outcome, ...]:
        """Take a step with several incidents, each for itself while it is as it was seen; tell what became of each."""
        return tuple(self._act(one, action, details, identity) for one in meant)

    def _act(self, meant: Mark, action: str, details: ActionDetails, identity: Identity) -> Outcome:
        try:
            done = self._handling.act(meant.incident_id, action, details, identity=identity, seen=(meant.version,))
        except (GeoserviceError, LayerError) as exc:
            return Outcome(meant.incident_id, None, exc)
        return Outcome(meant.incident_id, done)


def _on_duty_near(connection: Connection, incident: Incident) -> dict[str, str]:
    if not incident.near_border or incident.jurisdiction_id is None:
        return {}
    codes = [str(one["grid_code"]) for one in incident.candidates]
    found = posted_now(connection, jurisdiction_id=incident.jurisdiction_id, grid_codes=codes)
    return {one.grid_code: one.officer.code for one in reversed(found)}  # the first of a grid is kept


def _told(connection: Connection, jurisdiction: Jurisdiction, page: IncidentPage, asked: DeskQuery) -> DeskList:
    counts = count_each(connection, asked.views, jurisdiction_id=jurisdiction.id) if asked.views else {}
    left_s = _left_s(connection, jurisdiction.id, page.incidents)
    bbox, names = lookups.whole_bbox(connection, jurisdiction), names_of(connection, jurisdiction.id)
    return DeskList(jurisdiction, bbox, names, page, counts, left_s, datetime.now(UTC))


def _left_s(connection: Connection, jurisdiction_id: int, some: Sequence[Incident]) -> dict[UUID, float | None]:
    due = {one.id: one.expected_at for one in some if one.expected_at is not None}
    left = work_left_s(connection, jurisdiction_id=jurisdiction_id, instants=set(due.values())) if due else {}
    return {incident_id: left.get(instant) for incident_id, instant in due.items()}


def names_of(connection: Connection, jurisdiction_id: int) -> Names:
    """Return what codes are called in a jurisdiction now."""
    grids = grids_in_force(connection, jurisdiction_id=jurisdiction_id)
    return Names(
        {one.code: one for one in services(connection, jurisdiction_id=jurisdiction_id)},
        {str(one["code"]): (one["name"], one["name_en"]) for one in grids},
        {one.code: one for one in members(connection, jurisdiction_id=jurisdiction_id)},
    )
