"""Incidents: take a report, tell what became of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection

from geoservice.auth.model import Identity
from geoservice.auth.scope import scope_of, scope_of_token
from geoservice.auth.tokens import new_token, one_spelling, seal, token_sha256, unseal
from geoservice.domain.answering import Answers, judged
from geoservice.domain.privacy import holds_personal_number
from geoservice.errors import (
    AnswersUnfit,
    IncidentUnknown,
    NotServed,
    PersonalNumberRefused,
    PlaceUnknown,
    ReportKeyUsed,
    ServiceUnknown,
)
from geoservice.services import lookups
from geoservice.services.audit.traces import note_incident_read, note_incidents_read
from layers.buildings.queries import building_place, jurisdiction_meant
from layers.crs import DeclaredPosition, Position
from layers.db.scope import COUNTED, enter
from layers.db.session import Database
from layers.grids.ownership import owner_of
from layers.incidents.edits import insert_report, note_report_key
from layers.incidents.figures import By, HandlingFigures, handling_figures
from layers.incidents.model import Incident, IncidentEvent, Report, Routing, Search, Service, StatusChange
from layers.incidents.queries import (
    Order,
    alike,
    asked_for,
    count_incidents,
    find_incident,
    find_report_key,
    histories,
    history,
    incidents,
    routings,
    services,
    status_changes,
)
from layers.jurisdictions.model import Jurisdiction
from layers.jurisdictions.queries import jurisdiction_code
from layers.staff.queries import postings_of


@dataclass(frozen=True)
class NewReport:
    """A report as a caller hands it in."""

    service_code: str
    place: DeclaredPosition
    source: str
    description: str = ""
    accuracy_m: float | None = None
    building_code: str | None = None
    reported_at: datetime | None = None
    jurisdiction_code: str | None = None
    #: Answers to what the service asks for; None: whoever reports was not asked.
    attributes: Mapping[str, str | list[str]] | None = None
    #: What the door knows of itself, such as which camera saw it; kept beside the answers, and judged by no service.
    known: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class IncidentPage:
    """Some incidents of a list, and with the first ones how many it has."""

    incidents: tuple[Incident, ...]
    #: None: it was told with the first ones.
    total: int | None
    #: Whether the total is all, or there are more than that.
    total_is_exact: bool = True


class IncidentService:
    """Takes reports and tells what became of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def report(
        self, report: NewReport, *, identity: Identity, only_where_served: bool = False, key: str | None = None
    ) -> tuple[Incident, str]:
        """Store a report, routed and dispatched in the same transaction; return the incident and its reporter's token.

        Parameters
        ----------
        only_where_served
            Refuse what no grid owns, instead of keeping it in the triage queue.
        key
            The sender's own, of this report: what came with it before is not stored again, but answered as it was then.

        Raises
        ------
        JurisdictionNotStated, JurisdictionUnknown, ServiceUnknown, PersonalNumberRefused, PlaceUnknown, NotServed,
        ReportKeyUsed, AnswersUnfit
        layers.errors.RefusedByDatabase
            The service is retired, the building is unknown, or an invariant does not hold.
        """
        said = (str(answer) for answer in (report.attributes or {}).values())
        if any(holds_personal_number(words) for words in (report.description, *said)):
            raise PersonalNumberRefused
        if report.place.is_unknown:
            raise PlaceUnknown
        with self._database.transaction(actor=identity.actor, scope=scope_of(identity)) as connection:
            incident_id, token, before = _first_or_again(connection, report, identity, key)
            if before:
                return _as_reported(connection, incident_id, token), token
            jurisdiction = self._jurisdiction_of(connection, report)
            asked = asked_for(connection, jurisdiction_id=jurisdiction.id, code=report.service_code)
            if asked is None:
                raise ServiceUnknown(service=report.service_code, jurisdiction=jurisdiction.code)
            answers = _answers(asked, report)
            insert_report(
                connection,
                Report(
                    jurisdiction.id, report.service_code, report.place, report.source, report.description,
                    report.accuracy_m, report.building_code, report.reported_at, token_sha256(token),
                    answers,
                ),
                incident_id,
            )  # fmt: skip
            incident = _as_reported(connection, incident_id, token)
            if only_where_served and incident.grid_code is None:
                raise NotServed
            return incident, token

    def _jurisdiction_of(self, connection: Connection, report: NewReport) -> Jurisdiction:
        """Return the stated jurisdiction, else the one that the rule of ownership names, else the only one there is.

        As the database routes it: a building that the report names and lies at goes first, then its place.
        """
        code = report.jurisdiction_code
        if code is None and report.building_code is not None:
            code = jurisdiction_meant(connection, report.building_code, report.place.position)
        if code is None:
            owner = owner_of(connection, report.place.position, at=report.reported_at, accuracy_m=report.accuracy_m)
            code = None if owner.jurisdiction_id is None else jurisdiction_code(connection, owner.jurisdiction_id)
        return lookups.stated_or_only_jurisdiction(connection, code)

    def incident(self, incident_id: UUID) -> Incident:
        """Return an incident with its words, which leaves a trace; raise IncidentUnknown."""
        with self._database.transaction() as connection:
            return _read(connection, incident_id, "incident")

    def history(self, incident_id: UUID) -> tuple[IncidentEvent, ...]:
        """Return what happened to an incident, first things first, with words; raise IncidentUnknown."""
        with self._database.transaction() as connection:
            _read(connection, incident_id, "history")
            return history(connection, incident_id)

    def histories(self, incident_ids: Sequence[UUID]) -> dict[UUID, tuple[IncidentEvent, ...]]:
        """Return what happened to some incidents, first things first."""
        with self._database.transaction() as connection:
            return histories(connection, incident_ids)

    def status_changes(
        self, jurisdiction_code: str, *, since: datetime, until: datetime, limit: int, skip: int = 0, after: int = 0
    ) -> tuple[StatusChange, ...]:
        """Return lines of histories that changed a status, after the one of a number; raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            jurisdiction = lookups.get_jurisdiction(connection, jurisdiction_code)
            return status_changes(
                connection, jurisdiction_id=jurisdiction.id, since=since, until=until, limit=limit, skip=skip,
                after=after,
            )  # fmt: skip

    def building_place(
        self, jurisdiction_code: str, *, code: str | None = None, address: str | None = None
    ) -> tuple[str, Position] | None:
        """Return the code of the one building meant and a place in it, or None; raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            jurisdiction = lookups.get_jurisdiction(connection, jurisdiction_code)
            return building_place(connection, jurisdiction_id=jurisdiction.id, code=code, address=address)

    def routings(self, incident_id: UUID) -> tuple[Routing, ...]:
        """Return every time an incident was routed, asked again as it was known then; raise IncidentUnknown."""
        with self._database.transaction() as connection:
            _read(connection, incident_id, "why")
            return routings(connection, incident_id)

    def incidents(
        self, search: Search | None = None, *, jurisdiction_code: str | None = None, limit: int = 100, skip: int = 0,
        words: bool = True,
    ) -> tuple[Incident, ...]:  # fmt: skip
        """Return incidents, newest first; raise JurisdictionUnknown.

        Parameters
        ----------
        words
            Whether their words are told: that leaves a trace.
        """
        with self._database.transaction() as connection:
            wanted = replace(search or Search(), jurisdiction_id=lookups.jurisdiction_id(connection, jurisdiction_code))
            found = incidents(connection, wanted, limit=limit, skip=skip)
            if words:
                note_incidents_read(connection, found, wanted)
            return found

    def page(
        self, search: Search, *, jurisdiction_code: str | None, limit: int, order: Order, own_of: Identity | None = None
    ) -> IncidentPage:
        """Return some incidents of a list, and with the first ones how many it has; it leaves a trace.

        Raise JurisdictionUnknown.

        Parameters
        ----------
        own_of
            Only what the grids have that this member of staff serves today, and what he was named for.
        """
        with self._database.transaction() as connection:
            wanted = replace(search, jurisdiction_id=lookups.jurisdiction_id(connection, jurisdiction_code))
            if own_of is not None:
                own = _own(connection, wanted, own_of)
                if own is None:
                    return IncidentPage((), 0)
                wanted = own
            return page_of(connection, wanted, limit=limit, order=order)

    def count_alike(self, incident_id: UUID) -> int:
        """Return how many others in hand may be about the same matter, at most 20; of sensitive ones none."""
        with self._database.transaction(scope=COUNTED) as connection:
            return len(alike(connection, incident_id))

    def handling_figures(
        self, jurisdiction_code: str, *, by: By, since: datetime, until: datetime
    ) -> tuple[HandlingFigures, ...]:
        """Return how incidents were handled in a period, counted from their histories; raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            jurisdiction = lookups.get_jurisdiction(connection, jurisdiction_code)
            return handling_figures(connection, jurisdiction_id=jurisdiction.id, by=by, since=since, until=until)

    def services(self, jurisdiction_code: str, *, with_retired: bool = False) -> tuple[Service, ...]:
        """Return what can be reported in a jurisdiction, or what ever could; raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            jurisdiction = lookups.get_jurisdiction(connection, jurisdiction_code)
            found = services(connection, jurisdiction_id=jurisdiction.id)
            return found if with_retired else tuple(one for one in found if not one.retired)


def page_of(connection: Connection, search: Search, *, limit: int, order: Order) -> IncidentPage:
    """Return some incidents of a list, and with the first ones how many it has; it leaves a trace."""
    found = incidents(connection, search, limit=limit, order=order)
    note_incidents_read(connection, found, search, sort=order)
    if search.after is not None:
        return IncidentPage(found, None)
    if len(found) < limit:
        return IncidentPage(found, len(found))
    return IncidentPage(found, *count_incidents(connection, search))


def _own(connection: Connection, search: Search, identity: Identity) -> Search | None:
    """Return a search narrowed to what somebody has; None where he has nothing at all."""
    if identity.staff is None:
        return None
    jurisdiction_id, code = identity.staff
    if search.jurisdiction_id not in (None, jurisdiction_id):
        return None
    postings = postings_of(connection, jurisdiction_id=jurisdiction_id, staff_code=code)
    grids = tuple(posting.grid_code for posting in postings)
    return replace(search, jurisdiction_id=jurisdiction_id, with_grids_or_officer=(grids, code))


def _as_reported(connection: Connection, incident_id: UUID, token: str) -> Incident:
    """Return an incident as whoever reported it sees it: wherever it went."""
    enter(connection, scope_of_token(token))
    return _found(find_incident(connection, incident_id), incident_id)


def _read(connection: Connection, incident_id: UUID, part: str) -> Incident:
    """Return an incident whose words, or those of a part of it, somebody is about to be told."""
    incident = _found(find_incident(connection, incident_id), incident_id)
    note_incident_read(connection, incident, part)
    return incident


def _found(incident: Incident | None, incident_id: UUID) -> Incident:
    if incident is None:
        raise IncidentUnknown(incident=str(incident_id))
    return incident


def _answers(asked: Sequence[Mapping[str, Any]], report: NewReport) -> Answers:
    """Return the answers that are kept; raise AnswersUnfit."""
    if report.attributes is None:
        return dict(report.known)
    kept, faults = judged(asked, report.attributes)
    if faults:
        raise AnswersUnfit(faults)
    return {**report.known, **kept}


def _first_or_again(
    connection: Connection, report: NewReport, identity: Identity, key: str | None
) -> tuple[UUID, str, bool]:
    """Return the incident's id and its token, and whether both are of a report that came with this key before."""
    incident_id, token = uuid4(), new_token()
    if key is None:
        return incident_id, token, False
    key = one_spelling(key)
    # The sender is part of it: nobody reads another one's report by guessing a key.
    key_sha256 = sha256(identity.actor, key)
    request_sha256 = sha256(json.dumps(asdict(report), sort_keys=True, default=str))
    if note_report_key(
        connection, key_sha256=key_sha256, request_sha256=request_sha256, incident_id=incident_id,
        sealed_token=seal(token, key),
    ):  # fmt: skip
        return incident_id, token, False
    before = find_report_key(connection, key_sha256)
    if before is None or before.sealed_token is None or before.request_sha256 != request_sha256:
        raise ReportKeyUsed
    return before.incident_id, unseal(before.sealed_token, key), True


def sha256(*words: str) -> bytes:
    """Return the hash of some words, none of which can be taken for a part of another."""
    return hashlib.sha256("\0".join(words).encode()).digest()
