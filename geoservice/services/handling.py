"""Steps with an incident: who may take which is the lifecycle's answer, whether it holds is the database's."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from geoservice.auth.model import Identity, Role
from geoservice.auth.scope import scope_of_token
from geoservice.auth.tokens import one_spelling, token_sha256
from geoservice.domain.lifecycle.offers import offered_steps
from geoservice.domain.lifecycle.table import ACTIONS, EXCHANGED, TOLD, Field, Party, Step
from geoservice.domain.privacy import holds_personal_number
from geoservice.errors import (
    ActionUnknown,
    IncidentChanged,
    IncidentUnknown,
    NobodyOnDuty,
    NotYourIncident,
    PersonalNumberRefused,
    PlaceUnknown,
    PlaceWanted,
    ReportKeyUsed,
    ReportUnknown,
    StepNotAllowed,
    StepWants,
)
from geoservice.services import lookups
from geoservice.services.incidents import sha256
from layers.crs import DeclaredPosition
from layers.db.scope import enter, within
from layers.db.session import Database, name_actor
from layers.incidents.edits import lock_incident, note_report_key, take_step
from layers.incidents.model import Incident, Said
from layers.incidents.queries import (
    find_incident,
    find_incident_of_reporter,
    find_original,
    find_report_key,
    history,
    said,
)
from layers.jurisdictions.queries import jurisdiction_code
from layers.staff.model import Posting
from layers.staff.queries import officers_on_duty, postings_of

#: To whom an incident is dispatched when nobody is named, the first of them; a police officer may accept it too.
DISPATCHED_TO = ("grid_officer", "deputy")
HANDLING = (*DISPATCHED_TO, "police_officer")
REPORTER = "reporter"
_SIDE_CHOSEN = "The reporter says which side of the border it was."


@dataclass(frozen=True)
class ActionDetails:
    """What comes along with an action."""

    reason: str | None = None
    officer: str | None = None
    grid: str | None = None
    place: DeclaredPosition | None = None
    rating: int | None = None
    duplicate_of: UUID | None = None

    @property
    def given(self) -> frozenset[Field]:
        """Return what was given."""
        return frozenset(Field(one.name) for one in fields(self) if getattr(self, one.name) is not None)


@dataclass(frozen=True)
class Duty:
    """Who holds a key, and which grids he serves today."""

    #: Codes; None when the key names nobody.
    jurisdiction_code: str | None
    staff_code: str | None
    postings: tuple[Posting, ...]


@dataclass(frozen=True)
class Offer:
    """An incident, and the steps that whoever asks may take with it now."""

    incident: Incident
    steps: tuple[Step, ...]
    #: Of a duplicate: the incident that it ends at.
    original: Incident | None = None
    #: What staff and its reporter said to each other, first things first.
    said: tuple[Said, ...] = ()


class HandlingService:
    """Takes steps with incidents, each in one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def offer(self, incident_id: UUID, identity: Identity) -> Offer:
        """Return an incident and what may be done with it by somebody; raise IncidentUnknown."""
        with self._database.transaction() as connection:
            incident = _seen(connection, incident_id)
            return _offer(connection, incident, _parties(connection, incident, identity))

    def offer_to_reporter(self, token: str) -> Offer:
        """Return the report that a token stands for, and what its reporter may do; raise ReportUnknown."""
        with self._database.transaction(scope=scope_of_token(token)) as connection:
            offer = _offer(connection, _of_reporter(connection, token), (Party.REPORTER,))
            words = said(connection, offer.incident.id, of_matter=TOLD, of_report=EXCHANGED, reporter=REPORTER)
            return replace(offer, said=words)

    def duty(self, identity: Identity) -> Duty:
        """Return who asks, as far as his key names him, and which grids he serves today, by grid."""
        if identity.staff is None:
            return Duty(None, None, ())
        jurisdiction_id, staff_code = identity.staff
        with self._database.transaction() as connection:
            postings = postings_of(connection, jurisdiction_id=jurisdiction_id, staff_code=staff_code)
            return Duty(jurisdiction_code(connection, jurisdiction_id), staff_code, postings)

    def act(
        self, incident_id: UUID, action: str, details: ActionDetails, *, identity: Identity,
        seen: Collection[int] | None = None, key: str | None = None,
    ) -> Incident:  # fmt: skip
        """Take a step with an incident and return it as it is then.

        Parameters
        ----------
        seen
            Versions in which whoever acts has seen it: in another the step is not taken. None: whatever it is like.
        key
            The sender's own, of this step: what came with it before is not done again, but answered by how it is now.

        Raises
        ------
        ActionUnknown, IncidentUnknown, NotYourIncident, StepNotAllowed, StepWants, NobodyOnDuty, StaffUnknown,
        PersonalNumberRefused, IncidentChanged, ReportKeyUsed
        layers.errors.RefusedByDatabase
            An invariant does not hold.
        """
        with self._database.transaction(actor=identity.actor) as connection:
            lock_incident(connection, incident_id)
            incident = _seen(connection, incident_id)
            parties = _parties(connection, incident, identity)
            if not parties:
                raise NotYourIncident
            identity = _acting(connection, parties, action, identity)
            if key is not None and not _is_first(connection, incident_id, action, details, identity, key):
                return incident
            return _take(connection, incident, action, details, parties=parties, identity=identity, seen=seen)

    def act_as_reporter(self, token: str, action: str, details: ActionDetails) -> Incident:
        """Take a step with the report that a token stands for; raises as `act` does, and ReportUnknown."""
        with self._database.transaction(actor=REPORTER, scope=scope_of_token(token)) as connection:
            lock_incident(connection, _of_reporter(connection, token).id)
            incident = _of_reporter(connection, token)
            return _take(connection, incident, action, details, parties=(Party.REPORTER,), identity=None)


def offer_in(connection: Connection, incident: Incident, identity: Identity) -> Offer:
    """Return what may be done with an incident that whoever asks sees."""
    if incident.jurisdiction_id is not None:
        enter(connection, within(incident.jurisdiction_id))
    return _offer(connection, incident, _parties(connection, incident, identity))


def _seen(connection: Connection, incident_id: UUID) -> Incident:
    """Return an incident that whoever asks sees, and see its whole jurisdiction from then on.

    Its next step may lead to a grid that an officer does not see, and the incident that it repeats may lie there.
    """
    incident = _known(connection, incident_id)
    if incident.jurisdiction_id is not None:
        enter(connection, within(incident.jurisdiction_id))
    return incident


def _known(connection: Connection, incident_id: UUID) -> Incident:
    incident = find_incident(connection, incident_id)
    if incident is None:
        raise IncidentUnknown(incident=str(incident_id))
    return incident


def _of_reporter(connection: Connection, token: str) -> Incident:
    sha256 = token_sha256(token)
    incident = None if sha256 is None else find_incident_of_reporter(connection, sha256)
    if incident is None:
        raise ReportUnknown
    return incident


#: As which of them somebody is a party to an incident.
_ROLES = {Party.OFFICER: {Role.OFFICER}, Party.DISPATCHER: {Role.DISPATCHER, Role.ADMIN}}


def _parties(connection: Connection, incident: Incident, identity: Identity) -> tuple[Party, ...]:
    """Return in what capacities somebody acts on an incident."""
    roles = {one.role for one in identity.held}
    dispatches = (Party.DISPATCHER,) if roles & _ROLES[Party.DISPATCHER] else ()
    if Role.OFFICER not in roles or identity.staff is None or incident.jurisdiction_id is None:
        return dispatches
    jurisdiction_id, staff_code = identity.staff
    if jurisdiction_id != incident.jurisdiction_id:
        return dispatches
    if incident.officer_code == staff_code or staff_code in _on_duty(connection, incident, HANDLING):
        return (Party.OFFICER, *dispatches)
    return dispatches


def _acting(connection: Connection, parties: tuple[Party, ...], action: str, identity: Identity) -> Identity:
    """Return as who somebody takes a step who holds several grants: as the officer, where an officer may take it.

    The history of the rest of the transaction names him so.
    """
    step = ACTIONS.get(action)
    party = next((one for one in parties if step is not None and one in step.by), None)
    if party is None or identity.role in _ROLES[party]:
        return identity
    acting = identity.acting_by(_ROLES[party])
    name_actor(connection, acting.actor, acting.role)
    return acting


def _on_duty(connection: Connection, incident: Incident, roles: tuple[str, ...]) -> tuple[str, ...]:
    """Return the codes of those posted to an incident's grid today in some roles, the grid officer first."""
    if incident.jurisdiction_id is None or incident.grid_code is None:
        return ()
    officers = officers_on_duty(connection, jurisdiction_id=incident.jurisdiction_id, grid_code=incident.grid_code)
    return tuple(officer.code for officer in officers if officer.role in roles)


def _offer(connection: Connection, incident: Incident, parties: tuple[Party, ...]) -> Offer:
    original = find_original(connection, incident)
    return Offer(incident, offered_steps(incident, parties, datetime.now(UTC), original=original), original)


def _take(
    connection: Connection,
    incident: Incident,
    action: str,
    details: ActionDetails,
    *,
    parties: tuple[Party, ...],
    identity: Identity | None,
    seen: Collection[int] | None = None,
) -> Incident:
    step = ACTIONS.get(action)
    if step is None:
        raise ActionUnknown(action=action, actions=", ".join(ACTIONS))
    offered = _offer(connection, incident, parties).steps
    if seen is not None and incident.version not in seen:
        if _done_already(connection, incident, step, details, parties=parties, identity=identity):
            return incident  # it is this very step that changed it (RFC 9110, 13.1.1)
        raise _changed(connection, incident, seen, offered)
    if step not in offered:
        if _done_already(connection, incident, step, details, parties=parties, identity=identity):
            return incident
        raise StepNotAllowed(status=incident.status, legal=[one.action for one in offered], action=action)
    _require_fields(step, details)
    changes = _CHANGES[action](connection, incident, details, identity) if action in _CHANGES else {}
    ends = step.ends_from(incident.status)
    if ends is not None:
        changes["status"] = ends.value
    reason = _SIDE_CHOSEN if action == "choose-side" else details.reason
    take_step(connection, incident.id, rule=step.rule, reason=reason, **changes)
    return _known(connection, incident.id)


def _changed(
    connection: Connection, incident: Incident, seen: Collection[int], offered: tuple[Step, ...]
) -> IncidentChanged:  # fmt: skip
    """Return the error that tells what happened since an incident was seen; all of it when it never was so."""
    known = max((version for version in seen if version < incident.version), default=0)
    lines = [line for line in history(connection, incident.id) if line.version is not None and line.version > known]
    return IncidentChanged(
        version=incident.version, status=incident.status, changes=lines, legal=[one.action for one in offered]
    )


def _is_first(
    connection: Connection, incident_id: UUID, action: str, details: ActionDetails, identity: Identity, key: str
) -> bool:  # fmt: skip
    """Return whether no step came with this key before; raise ReportKeyUsed when another did."""
    request = json.dumps([str(incident_id), action, asdict(details)], sort_keys=True, default=str)
    key_sha256, request_sha256 = sha256(identity.actor, one_spelling(key)), sha256(request)
    if note_report_key(
        connection, key_sha256=key_sha256, request_sha256=request_sha256, incident_id=incident_id, sealed_token=None
    ):  # fmt: skip
        return True
    before = find_report_key(connection, key_sha256)
    if before is None or before.sealed_token is not None or before.request_sha256 != request_sha256:
        raise ReportKeyUsed
    return False


def _done_already(
    connection: Connection, incident: Incident, step: Step, details: ActionDetails, *, parties: tuple[Party, ...],
    identity: Identity | None,
) -> bool:  # fmt: skip
    """Return whether just this was done by the same person, and the incident has stayed so: a second tap, a new try."""
    if not step.by & set(parties):
        return False
    holder = None if identity is None or identity.staff is None else identity.staff[1]
    if step.action == "accept" and (incident.status, incident.officer_code) == (step.ends, holder):
        return True  # his already, whoever gave it to him
    lines = history(connection, incident.id)
    last = next((at for at in reversed(range(len(lines))) if lines[at].rule == step.rule), None)
    if last is None or any(line.from_status != line.to_status for line in lines[last + 1 :]):
        return False
    done = lines[last]
    same = done.actor == (REPORTER if identity is None else identity.actor) and done.to_status == incident.status
    reason = _SIDE_CHOSEN if step.action == "choose-side" else details.reason
    stated = (
        (details.officer, incident.officer_code), (details.grid, incident.grid_code), (details.rating, incident.rating),
        (details.duplicate_of, incident.duplicate_of),
    )  # fmt: skip
    return same and reason == done.reason and all(asked in (None, now) for asked, now in stated)


def _require_fields(step: Step, details: ActionDetails) -> None:
    missing, useless = step.needs - details.given, details.given - step.needs - step.takes
    if Field.PLACE in missing:
        raise PlaceWanted(action=step.action)
    if missing or useless:
        raise StepWants(
            action=step.action, missing=", ".join(sorted(missing)) or None, not_used=", ".join(sorted(useless)) or None
        )
    if details.reason is not None and holds_personal_number(details.reason):
        raise PersonalNumberRefused
    if details.place is not None and details.place.is_unknown:
        raise PlaceUnknown


# What an action changes beside the status.


def _dispatch(connection: Connection, incident: Incident, details: ActionDetails, _: Identity | None) -> dict[str, Any]:
    if details.officer is not None:
        return _reassign(connection, incident, details, None)
    on_duty = _on_duty(connection, incident, DISPATCHED_TO)
    if not on_duty:
        raise NobodyOnDuty(grid=incident.grid_code)
    return {"officer_code": on_duty[0]}


def _reassign(connection: Connection, incident: Incident, details: ActionDetails, _: Identity | None) -> dict[str, Any]:
    lookups.get_staff(connection, str(incident.jurisdiction_code), str(details.officer))
    return {"officer_code": details.officer}


def _accept(_: Connection, incident: Incident, details: ActionDetails, identity: Identity | None) -> dict[str, Any]:
    """Give it to the officer who accepts, also when it was dispatched to a colleague."""
    holder = None if identity is None or identity.staff is None else identity.staff[1]
    return {} if holder in (None, incident.officer_code) else {"officer_code": holder}


def _choose_side(_: Connection, incident: Incident, details: ActionDetails, __: Identity | None) -> dict[str, Any]:
    near = [str(candidate["grid_code"]) for candidate in incident.candidates]
    if details.grid not in near:
        raise StepWants(action="choose-side", grid=details.grid, candidates=", ".join(near))
    return {"grid_code": details.grid}


_CHANGES: dict[str, Callable[[Connection, Incident, ActionDetails, Identity | None], dict[str, Any]]] = {
    "dispatch": _dispatch,
    "reassign": _reassign,
    "accept": _accept,
    "choose-side": _choose_side,
    "overrule": lambda _, __, details, ___: {"grid_code": details.grid},
    "move": lambda _, __, details, ___: {"place": details.place},
    "rate": lambda _, __, details, ___: {"rating": details.rating},
    "merge": lambda _, __, details, ___: {"duplicate_of": details.duplicate_of},
    "set-out": lambda _, __, ___, ____: {"set_out": True},
    "ask": lambda _, __, ___, ____: {"waiting": True},
    "answer": lambda _, __, ___, ____: {"waiting": False},
}
