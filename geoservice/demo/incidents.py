"""Incidents of the last thirty days: what was reported when, and how far it has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from geoservice.demo.chance import Chance
from geoservice.demo.incident_places import Place, PlaceFinder
from geoservice.demo.model import IncidentSeed, IncidentStatus
from geoservice.demo.services import PROFILES, ServiceProfile

#: Figures of the community's command centre: orders received and closed; the rest are in hand.
RECEIVED = 286
CLOSED = 153
#: Incidents on a border: one in six. In Chicago 16.8 % of reports lie within 0.5 m of a police beat's border.
ON_BORDER = 48

_DAYS = 30
#: Hours of the local day at which people report, with weights: the working day, a lunch dip, a few at night.
_HOURS: tuple[tuple[int, float], ...] = (
    *((hour, 0.15) for hour in range(7)),
    (7, 1), (8, 3), (9, 6), (10, 8), (11, 7), (12, 4), (13, 3), (14, 4), (15, 7), (16, 8), (17, 7), (18, 5),
    (19, 4), (20, 3), (21, 2), (22, 1), (23, 0.3),
)  # fmt: skip
#: In hand, from the youngest to the oldest: how many have come how far; 133 together.
_IN_HAND: tuple[tuple[IncidentStatus, int], ...] = (
    ("dispatched", 44),
    ("accepted", 49),
    ("resolved", 31),
    ("returned", 9),
)
_RATINGS = ((5, 0.62), (4, 0.25), (3, 0.09), (2, 0.03), (1, 0.01))


@dataclass(frozen=True)
class _Progress:
    status: IncidentStatus
    closed_at: datetime | None = None
    rating: int | None = None


def happen(finder: PlaceFinder, *, now: datetime, zone: ZoneInfo, seed: int) -> tuple[IncidentSeed, ...]:
    """Return RECEIVED incidents in the order of their reports, the last of them before `now`."""
    chance = Chance(seed, "incidents")
    places = chance.shuffled(_places(finder, chance))
    local_now = now.astimezone(zone).replace(microsecond=0)
    times = sorted(_report_time(local_now, chance) for _ in places)
    profiles = [_profile_at(place, chance) for place in places]
    progress = _progress(times, profiles, local_now, chance)
    return tuple(_incident(*parts, chance=chance) for parts in zip(places, profiles, times, progress, strict=True))


def _places(finder: PlaceFinder, chance: Chance) -> list[Place]:
    places = [finder.corner(), *(finder.on_border() for _ in range(ON_BORDER - 1))]
    while len(places) < RECEIVED:
        places.append(finder.at_building() if chance.happens(0.6) else finder.in_street())
    return places


def _profile_at(place: Place, chance: Chance) -> ServiceProfile:
    fitting = [(profile, profile.weight) for profile in PROFILES if profile.setting in (place.setting, "either")]
    return chance.pick_weighted(fitting)


def _incident(
    place: Place, profile: ServiceProfile, reported_at: datetime, progress: _Progress, *, chance: Chance
) -> IncidentSeed:
    source = chance.pick(profile.sources)
    accuracy = {"camera": (2, 6), "system": (2, 6), "hotline": (15, 60)}.get(source, (4, 25))
    return IncidentSeed(
        service_code=profile.service.code,
        source=source,
        description=chance.pick(profile.reports).format(place=place.name),
        position=place.position,
        accuracy_m=float(chance.whole(*accuracy)),
        reported_at=reported_at,
        status=progress.status,
        closed_at=progress.closed_at,
        rating=progress.rating,
    )


def _report_time(now: datetime, chance: Chance) -> datetime:
    """Return a time of the last thirty days, at least a few minutes before `now`."""
    while True:
        day = now - timedelta(days=chance.whole(0, _DAYS))
        hour = chance.pick_weighted(_HOURS)
        at = day.replace(hour=hour, minute=chance.whole(0, 59), second=chance.whole(0, 59))
        if timedelta(minutes=5) <= now - at <= timedelta(days=_DAYS):
            return at


def _progress(
    times: Sequence[datetime], profiles: Sequence[ServiceProfile], now: datetime, chance: Chance
) -> list[_Progress]:
    """Return how far each incident has come: the older, the more likely it is closed."""
    ages_h = [(now - at) / timedelta(hours=1) for at in times]
    scores = [chance.between(0, 1) * (age_h + 48) if age_h > 6 else 0.0 for age_h in ages_h]
    by_score = sorted(range(len(times)), key=lambda index: (-scores[index], index))
    progress: dict[int, _Progress] = {}
    for index in by_score[:CLOSED]:
        progress[index] = _closed(times[index], profiles[index], now, chance)
    in_hand = sorted(by_score[CLOSED:], key=lambda index: (ages_h[index] * chance.between(0.6, 1.4), index))
    for status, count in _IN_HAND:
        for index in in_hand[:count]:
            progress[index] = _Progress(status)
        in_hand = in_hand[count:]
    return [progress[index] for index in range(len(times))]


def _closed(reported_at: datetime, profile: ServiceProfile, now: datetime, chance: Chance) -> _Progress:
    """Return a closing after a part of the working-time limit, seldom beyond it, by day and before `now`."""
    # Eight working hours fill a calendar day, hence the factor of three.
    took = timedelta(hours=3 * profile.service.hours * chance.between(0.1, 1.15))
    closed_at = reported_at + min(took, 0.9 * (now - reported_at))
    by_day = closed_at if closed_at.hour < 20 else closed_at + timedelta(days=1)
    if not 8 <= closed_at.hour < 20:
        by_day = by_day.replace(hour=chance.whole(9, 11))
    closed_at = by_day if reported_at < by_day < now else closed_at
    rating = chance.pick_weighted(_RATINGS) if chance.happens(0.7) else None
    return _Progress("closed", closed_at.replace(microsecond=0), rating)
