"""Days, and times of them, as people, spreadsheets and systems write them; what could be two instants is none."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

#: By year, month and day, or by day, month and year with points; 11/3/2026 is November here and March there.
_DAYS = (
    r"(?P<year>[0-9]{4})\s*(?P<sign>[-./])\s*(?P<month>[0-9]{1,2})\s*(?P=sign)\s*(?P<day>[0-9]{1,2})",
    r"(?P<year>[0-9]{4})\s*年\s*(?P<month>[0-9]{1,2})\s*月\s*(?P<day>[0-9]{1,2})\s*(?P<marked>[日号])?",
    r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})",
    r"(?P<day>[0-9]{1,2})\s*\.\s*(?P<month>[0-9]{1,2})\s*\.\s*(?P<year>[0-9]{4})",
)
#: Between a day and its time; nothing where the day ends by a sign of its own, and among digits alone.
_BETWEEN = r"(?:\s*T\s*|\s+|(?<=[日号]))"
_ZONE = r"(?:\s*(?P<zone>Z|UTC|[+-][0-9]{2}:?[0-9]{2}))?"
_TIMES = (
    _BETWEEN + r"(?P<half>上午|下午|AM|PM)?\s*(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<part>[0-9]{1,9}))?)?(?:\s*(?P<after>AM|PM))?" + _ZONE,
    _BETWEEN + r"(?P<half>上午|下午)?\s*(?P<hour>[0-9]{1,2})\s*[时点]"
    r"(?:\s*(?P<minute>[0-9]{1,2})\s*分(?:\s*(?P<second>[0-9]{1,2})\s*秒)?)?",
)
_OF_DIGITS = r"(?:" + _BETWEEN + r")?(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})?" + _ZONE
_WRITTEN = tuple(
    re.compile(day + moment)
    for day in _DAYS
    for moment in ("", *_TIMES, *([_OF_DIGITS] if day is _DAYS[2] else []))
)  # fmt: skip
_LONGEST = 60


def written_instant(text: str) -> datetime:
    """Return the instant that a text says, without a zone where it says none; a day begins at midnight.

    Raises
    ------
    ValueError
        It is none, or could be several.
    """
    said = unicodedata.normalize("NFKC", text[:_LONGEST]).strip().upper()
    if len(text.strip()) > _LONGEST:
        raise ValueError("too long")
    for one in _WRITTEN:
        found = one.fullmatch(said)
        if found is not None:
            return _instant({name: value for name, value in found.groupdict().items() if value is not None})
    if "T" in said or " " in said:  # without a sign between the two, Python takes any digit for it
        return datetime.fromisoformat(said)
    return datetime.combine(date.fromisoformat(said), time())


def _instant(said: dict[str, str]) -> datetime:
    hour = _hour(int(said.get("hour", 0)), said.get("half") or said.get("after"))
    microsecond = int(said.get("part", "").ljust(6, "0")[:6])
    return datetime(
        int(said["year"]), int(said["month"]), int(said["day"]), hour, int(said.get("minute", 0)),
        int(said.get("second", 0)), microsecond, _zone(said.get("zone")),
    )  # fmt: skip


def _hour(hour: int, half: str | None) -> int:
    """Return an hour of the day; of its first and second half there are twelve each, and 12 is the first of them."""
    if half is None:
        return hour
    if half in ("上午", "下午") and hour > 12:  # 下午 14:30 is said, and can only be one
        if half == "上午":
            raise ValueError("no hour of the morning")
        return hour
    if not 1 <= hour <= 12:
        raise ValueError("no hour of half a day")
    return hour % 12 + (12 if half in ("下午", "PM") else 0)


def _zone(said: str | None) -> tzinfo | None:
    if said is None:
        return None
    if said in ("Z", "UTC"):
        return UTC
    digits = said[1:].replace(":", "")
    away = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-away if said[0] == "-" else away)
