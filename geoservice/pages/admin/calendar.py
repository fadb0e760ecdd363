"""The calendar: when is worked in a week, holidays and make-up days; limits are reckoned in these hours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response

from geoservice.domain.privacy import holds_personal_number
from geoservice.errors import CalendarRefused
from geoservice.pages.admin.areas import Here
from geoservice.pages.admin.forms import FormErrors, chosen_in, day_in, plain, require_agreed, sent
from geoservice.pages.admin.model import Action, Cell, Field, Form, Refused, Table
from geoservice.pages.admin.rendering import form_page, table_page
from geoservice.pages.shell.choice import led_on
from geoservice.records.calendars.model import CalendarDay, WorkingHours
from geoservice.services.administration.service import Administration
from geoservice.services.calendars import WEEKDAYS, CalendarDayUnknown, CalendarService, parse_hours
from geoservice.web.forms import FORM_TYPE
from geoservice.web.guard import Guard
from geoservice.web.parsing import Day, StrictModel
from geoservice.web.sessions import token_in_form
from geoservice.web.streaming import streams
from geoservice.web.validation import validated
from layers.errors import RefusedByDatabase

#: Weeks that are shown: a quarter.
WEEKS = 13
#: Holidays and make-up days of a table: those of a year.
_DAYS_SHOWN = 366
_YEARS = (2000, 2200)
_SPAN_MOST, _NAMED, _NAME_LENGTH = 62, 6, 200
_HOLIDAY = "holiday"
#: Between the two times of a stretch, however somebody writes it.
_DASHES = str.maketrans(dict.fromkeys("–—~～至到", "-"))


class CalendarQuery(StrictModel):
    """What an address says of the calendar."""

    first: Day | None = None


def add_calendar(blueprint: Blueprint, administration: Administration, guard: Guard) -> None:
    """Add the area."""
    calendars = administration.calendars

    @blueprint.get("/admin/<jurisdiction>/calendar")
    @guard("manage_calendars")
    def calendar(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "calendar")
        asked = validated(CalendarQuery, {"first": plain(request.args.get("first", "")) or None}).first or here.today
        first = min(max(asked, date(_YEARS[0], 1, 8)), date(_YEARS[1] - 1, 1, 1))
        hours = calendars.hours(jurisdiction)
        to_come = calendars.days_between(jurisdiction, here.today, date(_YEARS[1], 1, 1))
        past = calendars.days_between(jurisdiction, here.today - timedelta(days=366), here.today)
        tables = [
            _hours_table(here, hours), _weeks(here, calendars, hours, first),
            _days_table(here, "table.days", to_come), _days_table(here, "table.days_past", past),
        ]  # fmt: skip
        ways = [Action("new.day", here.url("new-day")), Action("edit.hours", here.url("calendar", "hours"))]
        return table_page(here, tables, ways=ways, remark=_reach(here, to_come), undo=_undo(here))

    _add_hours(blueprint, administration, guard)
    _add_days(blueprint, administration, guard)


def _add_hours(blueprint: Blueprint, administration: Administration, guard: Guard) -> None:
    calendars = administration.calendars

    @blueprint.get("/admin/<jurisdiction>/calendar/hours")
    @guard("manage_calendars")
    def hours(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "calendar")
        return form_page(here, _hours_form(here, calendars))

    @blueprint.post("/admin/<jurisdiction>/calendar/hours")
    @guard("manage_calendars")
    @token_in_form
    @streams(FORM_TYPE)
    def write_hours(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "calendar")
        return sent(here, _hours_form(here, calendars), lambda values: _hours_written(here, calendars, values))


def _add_days(blueprint: Blueprint, administration: Administration, guard: Guard) -> None:
    calendars = administration.calendars

    @blueprint.get("/admin/<jurisdiction>/new-day")
    @guard("manage_calendars")
    def new_day(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "calendar")
        return form_page(here, _day_form(here, calendars))

    @blueprint.post("/admin/<jurisdiction>/new-day")
    @guard("manage_calendars")
    @token_in_form
    @streams(FORM_TYPE)
    def write_days(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "calendar")
        form = _day_form(here, calendars)
        return sent(here, form, lambda values: _days_written(here, calendars, form, values))

    @blueprint.get("/admin/<jurisdiction>/calendar/<day>/removal")
    @guard("manage_calendars")
    def removal(jurisdiction: str, day: str) -> Response:
        here = Here.of(administration, jurisdiction, "calendar")
        return form_page(here, _removal_form(here, calendars, _found(here, calendars, day)))

    @blueprint.post("/admin/<jurisdiction>/calendar/<day>/removal")
    @guard("manage_calendars")
    @token_in_form
    @streams(FORM_TYPE)
    def remove_day(jurisdiction: str, day: str) -> Response:
        here = Here.of(administration, jurisdiction, "calendar")
        found = _found(here, calendars, day)
        return sent(here, _removal_form(here, calendars, found), lambda values: _removed(here, calendars, found))


def _found(here: Here, calendars: CalendarService, text: str) -> CalendarDay:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        abort(404)
    end = day + timedelta(days=1) if day < date.max else day
    found = calendars.days_between(here.place.code, day, end)
    if not found:
        abort(404)
    return found[0]


# --- Tables -----------------------------------------------------------------------------------------------------------


def _until(closes: time | None) -> str:
    return "24:00" if closes is None else f"{closes:%H:%M}"


def _text_of(hours: Sequence[WorkingHours], weekday: int) -> str:
    return " ".join(f"{one.opens:%H:%M}-{_until(one.closes)}" for one in hours if one.weekday == weekday)


def _sum_h(hours: Sequence[WorkingHours], weekday: int | None = None) -> float:
    """Return how many hours are worked on a day of the week; None: in a week."""
    return sum(
        (24.0 if one.closes is None else _of_day(one.closes)) - _of_day(one.opens)
        for one in hours if weekday in (None, one.weekday)
    )  # fmt: skip


def _of_day(at: time) -> float:
    return at.hour + at.minute / 60 + at.second / 3600


def _told_h(hours: float) -> str:
    return f"{round(hours, 2):g}"


def _hours_table(here: Here, hours: Sequence[WorkingHours]) -> Table:
    said = here.words
    rows = [
        [Cell(said[f"weekday.{day}"]), Cell(_text_of(hours, day) or said["hours.none"]),
         Cell(_told_h(_sum_h(hours, day)))]
        for day in range(1, 8)
    ]  # fmt: skip
    columns = [said[f"column.{name}"] for name in ("weekday", "hours", "sum")]
    return Table(said["table.hours"], columns, rows if hours else [], said["empty.hours"])


def _weeks(here: Here, calendars: CalendarService, hours: Sequence[WorkingHours], first: date) -> Table:
    said, monday = here.words, first - timedelta(days=first.weekday())
    days = [monday + timedelta(days=n) for n in range(7 * WEEKS)]
    others = {one.day: one for one in calendars.days_between(here.place.code, monday, days[-1] + timedelta(days=1))}
    cells = [_day_cell(here, hours, day, others.get(day)) for day in days]
    rows = [[Cell(f"{days[n]:%Y-%m-%d}"), *cells[n : n + 7]] for n in range(0, len(days), 7)]
    columns = [said["column.week"], *(said[f"weekday.{day}"] for day in range(1, 8))]
    return Table(said["table.weeks"].format(day=monday), columns, rows, "", first_day=first.isoformat())


def _day_cell(here: Here, hours: Sequence[WorkingHours], day: date, other: CalendarDay | None) -> Cell:
    works_like = day.isoweekday() if other is None else other.works_like
    worked = 0.0 if works_like is None else _sum_h(hours, works_like)
    told = here.words["hours.of"].format(n=_told_h(worked)) if worked else here.words["hours.rest"]
    if other is None:
        return Cell(f"{day.day} · {told}")
    return Cell(f"{day.day} · {told} {other.label}", state="soon" if worked else "bad")


def _days_table(here: Here, caption: str, days: Sequence[CalendarDay]) -> Table:
    said, shown = here.words, days[:_DAYS_SHOWN]
    told = said[caption]
    if len(shown) < len(days):
        told += " " + said["days.cut"].format(n=f"{len(shown):,}", total=f"{len(days):,}", day=shown[-1].day)
    rows = [
        [Cell(one.day.isoformat(), here.url("calendar", one.day.isoformat(), "removal")),
         Cell(said[f"weekday.{one.day.isoweekday()}"]), Cell(_like(here, one)), Cell(one.label)]
        for one in shown
    ]  # fmt: skip
    columns = [said[f"column.{name}"] for name in ("day", "weekday", "like", "name")]
    return Table(told, columns, rows, said["empty.days"])


def _like(here: Here, one: CalendarDay) -> str:
    if one.works_like is None:
        return here.words["like.holiday"]
    return here.words["like.weekday"].format(day=here.words[f"weekday.{one.works_like}"])


def _reach(here: Here, to_come: Sequence[CalendarDay]) -> Cell:
    """Return how far holidays are entered, in words."""
    if not to_come:
        return Cell(here.words["calendar.ends"], state="bad")
    return Cell(here.words["calendar.last"].format(day=to_come[-1].day), state="good")


def _undo(here: Here) -> Action | None:
    """Return the form with what was just taken out, filled in again."""
    if request.args.get("done") != "day_removed":
        return None
    return Action("restore.day", here.url("new-day", **_filled_in()))


def _filled_in() -> dict[str, str]:
    """Return what an address says of the form of a day."""
    names = ("day_first", "day_last", "like", "day_label")
    return {name: request.args[name][:_NAME_LENGTH] for name in names if name in request.args}


# --- Hours ------------------------------------------------------------------------------------------------------------


def _kept(here: Here, calendars: CalendarService, since: date) -> tuple[str, str | None]:
    """Return in words what becomes of incidents in hand, and of how many the limit ends on a day or later."""
    begins = datetime.combine(since, time(), here.place.zone).astimezone(UTC)
    found = calendars.open_limits(here.place.code, since=begins)
    told = here.words["costs.calendar"].format(due=f"{found.due:,}", standing=f"{found.standing:,}")
    if not found.due_since:
        return told, None
    return told, here.words["costs.calendar_since"].format(n=f"{found.due_since:,}", day=since)


def _hours_form(here: Here, calendars: CalendarService) -> Form:
    said, hours = here.words, calendars.hours(here.place.code)
    fields = [Field(f"hours_{day}") for day in range(1, 8)]
    values = {f"hours_{day}": _text_of(hours, day) for day in range(1, 8)}
    return Form(
        said["edit.hours"], here.url("calendar", "hours"), said["send.save"], here.url("calendar"), fields,
        [_kept(here, calendars, here.today)[0]], values, stored=values,
    )  # fmt: skip


def _hours_written(here: Here, calendars: CalendarService, values: Mapping[str, str]) -> Response:
    wrong, new = FormErrors(), list[WorkingHours]()
    for day in range(1, 8):
        with wrong.reading():
            new += _hours_in(values, day)
    wrong.end()
    if not new:
        raise Refused(hours_1="error.hours_none")
    old = calendars.hours(here.place.code)
    if tuple(new) != old:
        told = here.words["costs.hours"].format(new=_told_h(_sum_h(new)), old=_told_h(_sum_h(old)))
        require_agreed(values, [told, _kept(here, calendars, here.today)[0]])
        calendars.set_hours(here.place.code, new, actor=here.identity.actor)
    return led_on(here.url("calendar", done="hours"))


def _hours_in(values: Mapping[str, str], day: int) -> list[WorkingHours]:
    """Return the hours that a form says of a day of the week, in their order. Raise Refused."""
    name = f"hours_{day}"
    text = plain(values[name]).translate(_DASHES).replace(",", " ").replace("、", " ")
    if not text:
        return []
    try:
        found = sorted(parse_hours(f"{WEEKDAYS[day - 1]} {text}"), key=lambda one: one.opens)
    except CalendarRefused:
        raise Refused(**{name: "error.hours"}) from None
    for before, after in pairwise(found):
        if before.closes is None or after.opens < before.closes:
            raise Refused(**{name: "error.hours"})
    return found


# --- Days -------------------------------------------------------------------------------------------------------------


def _day_form(here: Here, calendars: CalendarService) -> Form:
    said = here.words
    like = said["like.weekday"]
    options = [(_HOLIDAY, said["like.holiday"])]
    options += [(str(day), like.format(day=said[f"weekday.{day}"])) for day in range(1, 8)]
    fields = (
        Field("day_first", "date", required=True), Field("day_last", "date"),
        Field("like", "select", options, required=True), Field("day_label", required=True),
    )  # fmt: skip
    return Form(
        said["new.day"], here.url("new-day"), said["send.save"], here.url("calendar"), fields,
        [_kept(here, calendars, here.today)[0]], _filled_in(),
    )  # fmt: skip


def _days_written(here: Here, calendars: CalendarService, form: Form, values: Mapping[str, str]) -> Response:
    days = tuple(_days_in(form, values))
    there = calendars.days_between(here.place.code, days[0].day, days[-1].day + timedelta(days=1))
    kept, later = _kept(here, calendars, days[0].day)
    replaced = [one for one in there if one not in days]
    costs = [kept, later] if later else []
    if replaced:
        named = ", ".join(f"{one.day} {one.label}" for one in replaced[:_NAMED])
        more = f" … {_NAMED:,} / {len(replaced):,}" if len(replaced) > _NAMED else ""
        costs.append(here.words["costs.days_replaced"].format(n=len(replaced), days=named + more))
    require_agreed(values, costs)
    try:
        calendars.add_days(here.place.code, days, actor=here.identity.actor)
    except RefusedByDatabase:
        raise Refused(day_label="error.day_label") from None
    return led_on(here.url("calendar", done="days"))


def _days_in(form: Form, values: Mapping[str, str]) -> Iterator[CalendarDay]:
    """Yield the days that a form says; raise Refused with all that is wrong."""
    wrong, first, last, like = FormErrors(), None, None, ""
    with wrong.reading():
        first = day_in(values, "day_first")
        if first is None or not _YEARS[0] <= first.year < _YEARS[1]:
            raise Refused(day_first="error.day_calendar")
    with wrong.reading():
        last = day_in(values, "day_last") or first
        if first is not None and last is not None and not 0 <= (last - first).days < _SPAN_MOST:
            raise Refused(day_last="error.day_span")
    with wrong.reading():
        like = chosen_in(values, form, "like")
    label = values["day_label"]
    if not 0 < len(label) <= _NAME_LENGTH or not label.isprintable() or holds_personal_number(label):
        wrong.refuse("day_label", "error.day_label")
    wrong.end()
    if first is None or last is None:
        return
    for n in range((last - first).days + 1):
        yield CalendarDay(first + timedelta(days=n), None if like == _HOLIDAY else int(like), label)


def _removal_form(here: Here, calendars: CalendarService, one: CalendarDay) -> Form:
    said = here.words
    costs = [told for told in _kept(here, calendars, one.day) if told]
    return Form(
        said["remove.day_title"].format(day=one.day, label=one.label),
        here.url("calendar", one.day.isoformat(), "removal"), said["remove.day"], here.url("calendar"), costs=costs,
        stored={"like": str(one.works_like), "label": one.label},
    )  # fmt: skip


def _removed(here: Here, calendars: CalendarService, one: CalendarDay) -> Response:
    try:
        calendars.remove_day(here.place.code, one.day, actor=here.identity.actor)
    except CalendarDayUnknown:  # somebody else was faster
        abort(404)
    like = _HOLIDAY if one.works_like is None else str(one.works_like)
    again = {"day_first": one.day.isoformat(), "like": like, "day_label": one.label}
    return led_on(here.url("calendar", done="day_removed", **again))
