"""The one table of an incident's steps. The database keeps the same table and lets no door take another step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How far an incident has come."""

    REPORTED = "reported"  #: nobody has it in hand: the dispatcher's queue
    DISPATCHED = "dispatched"  #: an officer is named
    ACCEPTED = "accepted"  #: the officer has said yes
    RESOLVED = "resolved"  #: done, not yet checked
    CLOSED = "closed"  #: rated, verified, or lapsed
    RETURNED = "returned"  #: the officer gave it back, with a reason
    DUPLICATE = "duplicate"  #: the same matter as another incident
    CANCELLED = "cancelled"


class Party(StrEnum):
    """In what capacity somebody takes a step."""

    REPORTER = "reporter"  #: holds the token that was given out for the report
    OFFICER = "officer"  #: posted to the incident's grid, or named for it
    DISPATCHER = "dispatcher"
    SERVICE = "service"  #: the service itself


class Field(StrEnum):
    """What a step may bring along."""

    REASON = "reason"  #: words for the history
    OFFICER = "officer"  #: code of a member of staff
    GRID = "grid"  #: code of a grid
    PLACE = "place"  #: a position in a declared CRS
    RATING = "rating"  #: 1 to 5
    DUPLICATE_OF = "duplicate_of"  #: id of the incident that stays


@dataclass(frozen=True)
class Step:
    """A row of the table."""

    #: What somebody asks for.
    action: str
    #: What the history says was done: the id of the rule.
    rule: str
    starts: tuple[Status, ...]
    #: None: the status stays; where it starts in one of `stays`, too.
    ends: Status | None
    by: frozenset[Party]
    needs: frozenset[Field] = frozenset()
    takes: frozenset[Field] = frozenset()
    #: Which of the seven steps of city management it is (CJJ/T 106): collect, file, dispatch, handle, feed back, check
    #: and close, evaluate.
    stage: int = 4
    stays: frozenset[Status] = frozenset()

    def ends_from(self, status: str) -> Status | None:
        """Return the status that the step leads to from one; None: it stays."""
        return None if status in self.stays else self.ends


def _step(
    action: str, rule: str, starts: Iterable[Status], ends: Status | None, by: Iterable[Party], *, stage: int,
    needs: Iterable[Field] = (), takes: Iterable[Field] = (), stays: Iterable[Status] = (),
) -> Step:  # fmt: skip
    return Step(
        action, rule, tuple(starts), ends, frozenset(by), frozenset(needs), frozenset(takes), stage, frozenset(stays)
    )


_S, _P, _F = Status, Party, Field
_OPEN = (_S.REPORTED, _S.DISPATCHED, _S.ACCEPTED, _S.RETURNED)

#: Where a step ends in `dispatched` and nobody is posted to the grid, the incident waits in the queue: `reported`.
STEPS: tuple[Step, ...] = (
    _step("dispatch", "dispatched", (_S.REPORTED, _S.RETURNED), _S.DISPATCHED, (_P.DISPATCHER,), stage=3,
          takes=(_F.OFFICER, _F.REASON)),
    _step("accept", "accepted", (_S.DISPATCHED,), _S.ACCEPTED, (_P.OFFICER, _P.DISPATCHER), stage=4),
    _step("return", "returned", (_S.DISPATCHED, _S.ACCEPTED), _S.RETURNED, (_P.OFFICER, _P.DISPATCHER), stage=3,
          needs=(_F.REASON,)),
    _step("reassign", "reassigned", (_S.DISPATCHED, _S.ACCEPTED), _S.DISPATCHED, (_P.DISPATCHER,), stage=3,
          needs=(_F.OFFICER, _F.REASON)),
    _step("set-out", "set out", (_S.ACCEPTED,), None, (_P.OFFICER, _P.DISPATCHER), stage=4),
    _step("resolve", "resolved", (_S.ACCEPTED,), _S.RESOLVED, (_P.OFFICER, _P.DISPATCHER), stage=5, takes=(_F.REASON,)),
    _step("verify", "verified", (_S.RESOLVED,), _S.CLOSED, (_P.DISPATCHER,), stage=6, takes=(_F.REASON,)),
    # Who reported the same matter rates how it was handled where it was merged into.
    _step("rate", "rated", (_S.RESOLVED, _S.CLOSED, _S.DUPLICATE), _S.CLOSED, (_P.REPORTER,), stage=7,
          needs=(_F.RATING,), takes=(_F.REASON,), stays=(_S.DUPLICATE,)),
    _step("lapse", "lapsed", (_S.RESOLVED,), _S.CLOSED, (_P.SERVICE,), stage=6),
    _step("reopen", "reopened", (_S.RESOLVED, _S.CLOSED, _S.DUPLICATE), _S.DISPATCHED, (_P.REPORTER, _P.DISPATCHER),
          stage=3, needs=(_F.REASON,)),
    _step("merge", "merged", _OPEN, _S.DUPLICATE, (_P.OFFICER, _P.DISPATCHER), stage=2, needs=(_F.DUPLICATE_OF,),
          takes=(_F.REASON,)),
    _step("cancel", "cancelled", (_S.REPORTED, _S.DISPATCHED, _S.RETURNED), _S.CANCELLED, (_P.REPORTER, _P.DISPATCHER),
          stage=2, needs=(_F.REASON,)),
    _step("ask", "asked", (_S.DISPATCHED, _S.ACCEPTED), None, (_P.OFFICER, _P.DISPATCHER), stage=4, needs=(_F.REASON,)),
    _step("answer", "answered", (_S.DISPATCHED, _S.ACCEPTED), None, (_P.REPORTER, _P.DISPATCHER), stage=4,
          needs=(_F.REASON,)),
    _step("choose-side", "side chosen", _OPEN, None, (_P.REPORTER,), stage=2, needs=(_F.GRID,)),
    _step("overrule", "overruled", _OPEN, None, (_P.DISPATCHER,), stage=3, needs=(_F.GRID, _F.REASON)),
    _step("move", "moved", _OPEN, None, (_P.OFFICER, _P.DISPATCHER), stage=2, needs=(_F.PLACE,), takes=(_F.REASON,)),
)  # fmt: skip

ACTIONS: dict[str, Step] = {step.action: step for step in STEPS}
#: The words of staff that a reporter reads, of the report and of what it was merged into: what was done, and why not.
TOLD = ("resolved", "returned", "verified", "cancelled", "merged", "reopened")
#: What was said to and fro about his own report alone: that of others is between them and the staff.
EXCHANGED = ("asked", "answered", "rated")
#: A closed incident can be reopened, and rated, for so long.
REOPEN_DAYS = 7
#: A resolved incident that nobody rates or verifies closes by itself after so long.
LAPSE_DAYS = 7


def legal_steps(status: str, parties: Iterable[Party]) -> tuple[Step, ...]:
    """Return the steps that somebody may take from a status, in the order of the table."""
    acting = frozenset(parties)
    return tuple(step for step in STEPS if status in step.starts and step.by & acting)
