"""Retention and erasure: what is past its time, and what somebody asked to be erased."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from geoservice.auth.model import Identity
from geoservice.auth.scope import scope_of_token
from geoservice.auth.tokens import token_sha256
from geoservice.errors import IncidentUnknown, ReportUnknown
from geoservice.records.retention.queries import (
    PIECE,
    Because,
    Due,
    RetentionCount,
    erase_words,
    erased_at,
    retention_due,
    retention_due_after,
    retention_runs,
    run_retention,
)
from geoservice.services.lookups import get_jurisdiction
from geoservice.services.retention.erasures import ErasureList
from layers.db.session import Database
from layers.incidents.queries import find_incident_of_reporter

#: Whoever shows the token of a report, in histories.
REPORTER = "reporter"
TIMEOUT_S = 60.0


class RetentionService:
    """Has words go: by their time, and on request."""

    def __init__(self, database: Database, erasures: ErasureList) -> None:
        self._database, self._erasures = database, erasures

    def due(self) -> tuple[Due, ...]:
        """Return what a run would take away now, by jurisdiction and kind."""
        with self._database.transaction(timeout_s=TIMEOUT_S) as connection:
            return retention_due(connection)

    def due_after(self, jurisdiction_code: str, kind: str, days: int) -> Due:
        """Return what a run would take away of a kind if it were kept for so many days; raise JurisdictionUnknown."""
        with self._database.transaction(timeout_s=TIMEOUT_S) as connection:
            j = get_jurisdiction(connection, jurisdiction_code).id
            return retention_due_after(connection, jurisdiction_id=j, kind=kind, days=days)

    def runs(self, jurisdiction_code: str, *, limit: int) -> tuple[RetentionCount, ...]:
        """Return what runs took away in a jurisdiction, the latest first; raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            j = get_jurisdiction(connection, jurisdiction_code).id
            return retention_runs(connection, jurisdiction_id=j, limit=limit)

    def run(self, *, actor: str = "") -> Iterator[int]:
        """Take away what is past its time, piece by piece, each in a transaction of its own; yield how much went."""
        done = PIECE
        while done >= PIECE:
            with self._database.transaction(actor=actor, timeout_s=TIMEOUT_S) as connection:
                done = run_retention(connection)
            yield done

    def erase(
        self, incident_id: UUID, *, because: Because, identity: Identity | None = None, actor: str = ""
    ) -> datetime:  # fmt: skip
        """Erase the words of a report and of its history, whoever wrote them; return when.

        Raises
        ------
        IncidentUnknown
            There is none, or it is another jurisdiction's.
        ErasureListNotWritten
        """
        with self._database.transaction(actor=actor if identity is None else identity.actor) as connection:
            if not erase_words(connection, [incident_id], because=because):
                raise IncidentUnknown(incident=str(incident_id))
            at = erased_at(connection, incident_id)
            self._erasures.add(incident_id)  # before the commit: a restore erases no less than was asked for
            return at

    def erase_as_reporter(self, token: str) -> None:
        """Erase the words of the report that a token stands for; raise ReportUnknown, ErasureListNotWritten."""
        sha256 = token_sha256(token)
        with self._database.transaction(actor=REPORTER, scope=scope_of_token(token)) as connection:
            incident = None if sha256 is None else find_incident_of_reporter(connection, sha256)
            if incident is None:
                raise ReportUnknown
            erase_words(connection, [incident.id], because="reporter")
            self._erasures.add(incident.id)
