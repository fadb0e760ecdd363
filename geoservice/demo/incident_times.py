"""When the demo's incidents took the steps that they took."""

from __future__ import annotations

from datetime import datetime, timedelta

from geoservice.demo.chance import Chance
from geoservice.demo.model import IncidentSeed

#: Which steps lead to a status, after the report; each comes a share of the way to the last one.
_WAYS: dict[str, tuple[tuple[str, float], ...]] = {
    "dispatched": (), "returned": (("returned", 0.5),), "accepted": (("accepted", 0.3),),
    "resolved": (("accepted", 0.25), ("resolved", 0.85)),
    "closed": (("accepted", 0.15), ("resolved", 0.8), ("closed", 1.0)),
}  # fmt: skip
#: An officer does not sit on a matter for longer than that, if there is as much time.
_LONGEST = timedelta(days=6)


def step_times(seed: IncidentSeed, now: datetime) -> tuple[tuple[str, datetime], ...]:
    """Return when an incident came to each of its statuses, the first one with its report; all before `now`."""
    chance = Chance(int(seed.reported_at.timestamp()), "steps")
    last = seed.closed_at or min(now, seed.reported_at + _LONGEST)
    whole = (last - seed.reported_at) * (1.0 if seed.closed_at else chance.between(0.3, 0.95))
    quick = chance.between(0.3, 1.0)
    steps = tuple(
        (status, seed.reported_at + whole * (share if share == 1 else share * quick))
        for status, share in _WAYS[seed.status]
    )
    return (("dispatched", seed.reported_at), *steps)
