"""Which steps are open to somebody at this moment: the table, and what an incident's own state adds to it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from geoservice.domain.lifecycle.table import REOPEN_DAYS, Party, Status, Step, legal_steps
from layers.incidents.model import Incident


def offered_steps(
    incident: Incident, parties: Iterable[Party], now: datetime, *, original: Incident | None = None
) -> tuple[Step, ...]:
    """Return the steps that somebody may take with an incident now, in the order of the table.

    Parameters
    ----------
    original
        Of a duplicate: the incident that it ends at.
    """
    legal = legal_steps(incident.status, parties)
    return tuple(step for step in legal if _is_open(step.action, incident, original, now))


def _has_ended(incident: Incident, now: datetime) -> bool:
    return incident.closed_at is not None and incident.closed_at + timedelta(days=REOPEN_DAYS) < now


def _is_open(action: str, incident: Incident, original: Incident | None, now: datetime) -> bool:
    ended = _has_ended(incident, now)
    match action:
        case "rate":
            handled = original or incident
            done = handled.status in (Status.RESOLVED, Status.CLOSED)
            return incident.rating is None and done and not _has_ended(handled, now)
        case "reopen":
            return not ended
        case "set-out":
            return incident.set_out_at is None
        case "ask":
            return incident.waiting_since is None
        case "answer":
            return incident.waiting_since is not None
        case "choose-side":
            return asks_for_side(incident)
        case _:
            return True


def asks_for_side(incident: Incident) -> bool:
    """Return whether the reporter is asked on which side of a border it was: once, when there is a choice."""
    return incident.near_border and incident.method in ("covers", "nearest", "none") and len(incident.candidates) > 1
