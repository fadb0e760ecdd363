"""The clock: what is due is done when it is, each job in a transaction of its own, by one of all on a database."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from geoservice.records.audit.queries import note_ended_rights, seal_some
from geoservice.records.calendars.queries import renew_working_time
from geoservice.records.outbox.queries import forget_told, number_some
from geoservice.records.retention.queries import PIECE, run_retention
from geoservice.records.schedule.queries import NextDue, add_jobs, claim_job, job_ages, next_due, note_done
from layers.db.listening import CHANGES, DUE, Listener, Wakeup, listening
from layers.db.session import Database
from layers.grids.edits import apply_due_editions
from layers.incidents.edits import lapse_due, mark_overdue
from tilegen.versions import take_up_changes

log = structlog.get_logger()

#: Looked at this often whatever was foreseen and announced. Reports that are due sooner are announced.
LOOK_EVERY_S = 30.0
#: A job that was done or could not be rests for so long.
REST_S = 1.0
#: After the database went away it is asked again so often.
RETRY_S = 0.5


@dataclass(frozen=True)
class Job:
    """One thing that is done when it is due, and in any case now and then.

    Parameters
    ----------
    do
        Does at most a piece of it; returns how much was done.
    piece
        Having done so much, there may be more to do.
    foreseen_s
        In how many seconds there is something to do; None: not known.
    """

    name: str
    do: Callable[[Connection], int]
    #: At the latest so long after it was done last, though nothing was foreseen.
    period_s: float = 300.0
    piece: int | None = None
    #: Longest time of one statement.
    timeout_s: float = 10.0
    foreseen_s: Callable[[NextDue], float | None] = lambda due: None

    def due_s(self, due: NextDue, age_s: float | None) -> float:
        """Return in how many seconds it is to be done, given how long ago it was: 0 or less is now."""
        foreseen_s = self.foreseen_s(due)
        again_s = 0.0 if age_s is None else self.period_s - age_s
        return again_s if foreseen_s is None else min(again_s, foreseen_s)


JOBS = (
    # Re-assigning the features of a city takes seconds.
    Job("editions", apply_due_editions, timeout_s=60.0, foreseen_s=lambda due: due.editions_s),
    Job("overdue", mark_overdue, piece=100, foreseen_s=lambda due: due.overdue_s),
    Job("lapses", lapse_due, piece=100, foreseen_s=lambda due: due.lapses_s),
    Job("ended_rights", note_ended_rights, piece=100, foreseen_s=lambda due: due.ends_s),
    Job("working_time", renew_working_time, period_s=3600.0, timeout_s=60.0),
    # Whoever asks for tiles takes changes up himself; while nobody does they are not to pile up.
    Job("tiles", take_up_changes, period_s=30.0, timeout_s=60.0),
    # Those who listen and the webhooks number what they wait for; without any of them it would never be forgotten.
    Job("event_numbers", number_some, piece=5000),
    Job("old_events", forget_told, piece=5000),
    # At 500 entries a second three pieces, which take half a second.
    Job("audit_seals", seal_some, period_s=30.0, piece=5000),
    Job("retention", run_retention, period_s=86_400.0, piece=PIECE, timeout_s=60.0),
)


class Scheduler:
    """Does jobs when they are due; `run` returns after `stop`.

    Parameters
    ----------
    database
        Two connections: one listens, one works.
    look_every_s
        Looked at this often, whatever was foreseen and announced.
    """

    def __init__(self, database: Database, jobs: Sequence[Job] = JOBS, *, look_every_s: float = LOOK_EVERY_S) -> None:
        self._database = database
        self._jobs = jobs
        self._look_every_s = look_every_s
        self._stopping = threading.Event()
        self._wakeup = Wakeup()
        #: time.monotonic() until which a job rests.
        self._rests_until_s = dict.fromkeys((job.name for job in jobs), 0.0)
        #: Jobs of which a full piece was done: there may be more.
        self._unfinished: set[str] = set()
        self._failure: str | None = None
        #: Called whenever it looks: something was announced, or a while has passed.
        self.on_look: Callable[[], None] = lambda: None

    def stop(self) -> None:
        """Have `run` return soon; may be called from a signal's handler."""
        self._stopping.set()
        self._wakeup.set()

    def run(self) -> None:
        """Do what is due until told to stop; errors are waited out."""
        while not self._stopping.is_set():
            try:
                with listening(self._database, self._wakeup, CHANGES, DUE) as listener:
                    self._follow(listener)
            except Exception as exc:  # noqa: BLE001  whatever it is: nobody else would do what is due
                self._note_failure(exc)
                self._stopping.wait(RETRY_S)

    def _follow(self, listener: Listener) -> None:
        """Do what is due, then wait for what is next or announced, until stopped or cut off."""
        if listener.on_standby:  # its primary does it
            listener.wait(self._look_every_s)
            return
        with self._database.transaction(actor="service") as connection:
            add_jobs(connection, [job.name for job in self._jobs])
        self._failure = None
        while not self._stopping.is_set():
            self.on_look()
            listener.wait(self.look(listener.connection))

    def look(self, connection: Connection) -> float:
        """Do what is due; return in how many seconds there may be more. Raise LayerError."""
        due, ages = next_due(connection), job_ages(connection)
        return min((self._look_every_s, *(self._see_to(job, due, ages) for job in self._jobs)))

    def _see_to(self, job: Job, due: NextDue, ages: Mapping[str, float | None]) -> float:
        rest_s = self._rests_until_s[job.name] - time.monotonic()
        wait_s = 0.0 if job.name in self._unfinished else max(job.due_s(due, ages[job.name]), rest_s)
        if wait_s > 0:
            return wait_s
        if self._do(job):  # the next piece after one of each other job
            self._unfinished.add(job.name)
            return 0.0
        self._unfinished.discard(job.name)
        self._rests_until_s[job.name] = time.monotonic() + REST_S
        return REST_S

    def _do(self, job: Job) -> bool:
        """Do a piece of a job unless somebody else does it at this moment; return whether there may be more."""
        try:
            with self._database.transaction(actor="service", timeout_s=job.timeout_s) as connection:
                if not claim_job(connection, job.name):
                    return False
                done = job.do(connection)
                note_done(connection, job.name)
        except Exception as exc:  # noqa: BLE001  the other jobs do not depend on it; it is tried again
            log.warning("a scheduled job failed", job=job.name, reason=f"{type(exc).__name__}: {exc}")
            return False
        return job.piece is not None and done >= job.piece

    def _note_failure(self, error: Exception) -> None:
        said = f"{type(error).__name__}: {error}"
        if said != self._failure:  # once for each outage
            log.warning("what is due waits for the database", reason=said)
        self._failure = said
