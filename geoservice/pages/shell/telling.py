"""How instants and spans are told to people: by the clocks of the jurisdiction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo


def moment(instant: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Return an instant as clocks show it there: with its day, and with its year where that is another than now's."""
    there, now_there = instant.astimezone(zone), now.astimezone(zone)
    return there.strftime("%m-%d %H:%M" if there.year == now_there.year else "%Y-%m-%d %H:%M")


def clock(instant: datetime, zone: ZoneInfo) -> str:
    """Return the time of day."""
    return instant.astimezone(zone).strftime("%H:%M")


def span(seconds: float, words: Mapping[str, str]) -> str:
    """Return how long something takes, in hours and minutes; the sign does not count."""
    minutes = int(abs(seconds) // 60)
    if minutes < 60:
        return words["minutes"].format(m=minutes)
    return words["hours"].format(h=minutes // 60, m=minutes % 60)


def waiting_time(wait_s: int, words: Mapping[str, str]) -> str:
    """Return how long somebody waits: in seconds below a minute and a half, then in minutes, rounded up."""
    if wait_s < 90:
        return words["wait.seconds"].format(count=wait_s)
    return words["wait.minutes"].format(count=-(-wait_s // 60))
