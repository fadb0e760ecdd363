"""What a caller sends, read leniently where clients differ and refused in words where it can not be meant."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from geoservice.domain.answering import REQUIRED, Answers, judged
from geoservice.open311.forms import Form
from geoservice.open311.records import CLOSED, OPEN
from geoservice.open311.refusing import Refused
from geoservice.web.parsing import InvalidCursor, decode_cursor
from layers.incidents.model import Search, Service

#: The standard's limits: 90 days, or the first 1,000.
SPAN = timedelta(days=90)
ROWS_MAX = 1_000
#: Changes of status in a window that is asked for without pages: whoever asks so does not come back for more.
UPDATES_MAX = 20_000
PAGES_MAX = 1_000
_AFTER = "after is not one that was given out: take it from the header Link of the page before"
#: FixMyStreet's word for a place without an address.
_NOT_PINPOINTED = "#NOTPINPOINTED#"


def number(text: str | None, name: str) -> float | None:
    """Return a number, None when there is none."""
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        raise Refused(400, f"{name} must be a number, such as 29.24") from None


def check_answers(service: Service, answers: Answers) -> Answers:
    """Return the answers to a service's attributes; others are left out. Raise Refused with each fault."""
    kept, faults = judged(service.attributes, answers)
    if faults:
        asked = {str(one["code"]): one.get("description", "") for one in service.attributes}
        told = (f"{fault}: {asked[code]}" if fault == REQUIRED else fault for code, fault in faults.items())
        raise Refused(400, *(f"attribute[{code}] {said}" for code, said in zip(faults, told, strict=True)))
    return kept


def place_fields(form: Form) -> tuple[float | None, float | None, str | None, str | None]:
    """Return lat, long, address_id and address_string; at least one way of telling the place is there."""
    lat, lon = number(form.get("lat"), "lat"), number(form.get("long", "lon", "lng"), "long")
    address_id = form.get("address_id")
    if address_id == _NOT_PINPOINTED:
        address_id = None
    if (lat is None) != (lon is None):
        raise Refused(400, "lat and long belong together")
    if lat is None and address_id is None and form.get("address_string") is None:
        raise Refused(400, "Tell the place: lat and long (WGS 84), address_id (a building's code) or address_string")
    return lat, lon, address_id, form.get("address_string")


def search_of(query: Mapping[str, str], now: datetime) -> Search:
    """Return which incidents a query of GET requests means; service_request_id overrides everything else."""
    ids = _listed(query.get("service_request_id"))
    if ids is not None:
        return Search(ids=tuple(found for one in ids if (found := _uuid(one)) is not None))
    updated = (_instant(query, "updated_after", "updated_datetime"), _instant(query, "updated_before"))
    statuses = _listed(query.get("status"))
    if statuses is not None and not set(statuses) <= {"open", "closed"}:
        raise Refused(400, "status is open or closed, or both with a comma")
    meant = [*(OPEN if "open" in (statuses or ()) else ()), *(CLOSED if "closed" in (statuses or ()) else ())]
    by_date = updated == (None, None) or query.get("start_date") or query.get("end_date")
    reported = span_of(query, now) if by_date else (None, None)
    return Search(
        statuses=None if statuses is None else tuple(meant), service_codes=_listed(query.get("service_code")),
        reported=reported, updated=updated,
    )  # fmt: skip


def span_of(query: Mapping[str, str], now: datetime) -> tuple[datetime, datetime]:
    """Return start_date and end_date, by default the last 90 days; raise Refused beyond them."""
    start, end = _instant(query, "start_date"), _instant(query, "end_date")
    if start is None and end is None:
        return now - SPAN, now + timedelta(minutes=1)
    start = start or (end or now) - SPAN
    end = end or min(start + SPAN, now + timedelta(minutes=1))
    if end - start > SPAN:
        raise Refused(400, "start_date and end_date are at most 90 days apart; ask for the rest in further calls")
    return start, end


def page_of(query: Mapping[str, str], *, further: bool = False) -> tuple[int, int]:
    """Return which page is wanted, and of how many rows; of a list of ids, all of it unless a size is stated.

    Parameters
    ----------
    further
        Whether it says behind what the page begins: then its number counts for nothing.
    """
    asked = _listed(query.get("service_request_id")) or ()
    size = whole(query, "page_size", max(len(asked), ROWS_MAX), ROWS_MAX)
    return whole(query, "page", 1, 999_999 if further else PAGES_MAX), size


def cursor(text: str) -> tuple[datetime, UUID]:
    """Return after which request a page begins; raise Refused."""
    try:
        instant, key = decode_cursor(text)
    except InvalidCursor as exc:
        raise Refused(400, _AFTER) from exc
    if not isinstance(instant, datetime):  # it was given out with a list in another order
        raise Refused(400, _AFTER)
    return instant, key


def update_number(text: str) -> int:
    """Return after which change of status a page begins; raise Refused."""
    if not re.fullmatch(r"[0-9]{1,18}", text, re.ASCII):
        raise Refused(400, _AFTER)
    return int(text)


def whole(query: Mapping[str, str], name: str, absent: int, most: int) -> int:
    """Return a number from 1 on; raise Refused when it is none."""
    text = query.get(name)
    if text is None:
        return absent
    if not re.fullmatch(r"[0-9]{1,6}", text, re.ASCII) or not 1 <= int(text) <= most:
        raise Refused(400, f"{name} is a number from 1 to {most}")
    return int(text)


def _listed(text: str | None) -> tuple[str, ...] | None:
    parts = tuple(part.strip() for part in (text or "").split(",") if part.strip())
    return parts or None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _instant(query: Mapping[str, str], *names: str) -> datetime | None:
    name, text = next(((name, query[name]) for name in names if query.get(name)), (names[0], None))
    if text is None:
        return None
    try:
        # A plus sign that was not encoded arrives as a space.
        found = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not 1900 <= found.year <= 9000:
        raise Refused(400, f"{name} is a time with its zone, such as 2026-03-01T08:00:00+08:00 or …Z")
    return found


def only(form: str, known: Sequence[str] = ("xml", "json")) -> str:
    """Return the format that an address ends in; raise Refused when it is none."""
    if form not in known:
        raise Refused(404, "The address ends in .xml or .json")
    return form
