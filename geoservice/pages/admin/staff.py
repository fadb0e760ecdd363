"""Staff and postings: who is there by call sign, who serves which grid on which day, post and relieve."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import groupby

from flask import Blueprint, request
from werkzeug.wrappers import Response

from geoservice.domain.staff.rosters import DISPATCHER, GRID_OFFICER
from geoservice.errors import PostedToNoGrid, PostingBegun, PostingUnknown, StaffNotStored, StaffUnknown
from geoservice.pages.admin.areas import Here
from geoservice.pages.admin.forms import FormErrors, chosen_in, day_in, leads_nowhere, plain, sent
from geoservice.pages.admin.model import Action, Cell, Field, Form, Refused, Table
from geoservice.pages.admin.rendering import form_page, table_page
from geoservice.pages.shell.choice import led_on
from geoservice.services.administration.service import Administration
from geoservice.services.staff.members import StaffCalendar, StaffService
from geoservice.web.forms import FORM_TYPE
from geoservice.web.guard import Guard
from geoservice.web.parsing import Day, StrictModel
from geoservice.web.sessions import token_in_form
from geoservice.web.streaming import streams
from geoservice.web.validation import validated
from layers.errors import RefusedByDatabase
from layers.staff.model import Member, NumberedPosting, PostingSpan

#: Days of the calendar, today among them.
DAYS = 14
_ROLES = (GRID_OFFICER, "police_officer", DISPATCHER)
_DUTIES = (GRID_OFFICER, "deputy", "police_officer")
_DAYS_MOST = 3653
_NUMBER_LENGTH = 18


class CalendarWords(StrictModel):
    """What an address says of the calendar."""

    first: Day | None = None


def add_staff(blueprint: Blueprint, administration: Administration, guard: Guard) -> None:
    """Add the area."""
    staff = administration.staff

    @blueprint.get("/admin/<jurisdiction>/staff")
    @guard("manage_staff")
    def staff_area(jurisdiction: str) -> Response:
        here, told = Here.of(administration, jurisdiction, "staff"), staff.calendar(jurisdiction)
        ways = [Action("new.posting", here.url("new-posting")), Action("new.member", here.url("new-member"))]
        tables = [_calendar(here, told, _first_day(told.today)), _postings(here, told), _members(here, told)]
        return table_page(here, tables, ways=ways, remark=cover_of(here, told))

    _add_members(blueprint, administration, guard)
    _add_postings(blueprint, administration, guard)


def _add_members(blueprint: Blueprint, administration: Administration, guard: Guard) -> None:
    staff = administration.staff

    @blueprint.get("/admin/<jurisdiction>/new-member")
    @guard("manage_staff")
    def new_member(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "staff")
        return form_page(here, _member_form(here, None))

    @blueprint.post("/admin/<jurisdiction>/new-member")
    @guard("manage_staff")
    @token_in_form
    @streams(FORM_TYPE)
    def make_member(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "staff")
        form = _member_form(here, None)
        return sent(here, form, lambda values: _written(here, staff, form, values["code"], values, new=True))

    @blueprint.get("/admin/<jurisdiction>/staff/<code>")
    @guard("manage_staff")
    def member(jurisdiction: str, code: str) -> Response:
        here = Here.of(administration, jurisdiction, "staff")
        return form_page(here, _member_form(here, staff.member(jurisdiction, code)))

    @blueprint.post("/admin/<jurisdiction>/staff/<code>")
    @guard("manage_staff")
    @token_in_form
    @streams(FORM_TYPE)
    def write_member(jurisdiction: str, code: str) -> Response:
        here = Here.of(administration, jurisdiction, "staff")
        form = _member_form(here, staff.member(jurisdiction, code))
        return sent(here, form, lambda values: _written(here, staff, form, code, values, new=False))


def _add_postings(blueprint: Blueprint, administration: Administration, guard: Guard) -> None:
    staff = administration.staff

    @blueprint.get("/admin/<jurisdiction>/new-posting")
    @guard("manage_staff")
    def new_posting(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "staff")
        return form_page(here, _posting_form(here, staff.calendar(jurisdiction)))

    @blueprint.post("/admin/<jurisdiction>/new-posting")
    @guard("manage_staff")
    @token_in_form
    @streams(FORM_TYPE)
    def post(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "staff")
        form = _posting_form(here, staff.calendar(jurisdiction))
        return sent(here, form, lambda values: _posted(here, staff, form, values))

    @blueprint.get("/admin/<jurisdiction>/postings/<id>")
    @guard("manage_staff")
    def posting(jurisdiction: str, id: str) -> Response:
        here = Here.of(administration, jurisdiction, "staff")
        return form_page(here, _end_form(here, _found(staff, jurisdiction, id)))

    @blueprint.post("/admin/<jurisdiction>/postings/<id>")
    @guard("manage_staff")
    @token_in_form
    @streams(FORM_TYPE)
    def end_posting(jurisdiction: str, id: str) -> Response:
        here = Here.of(administration, jurisdiction, "staff")
        found = _found(staff, jurisdiction, id)
        return sent(here, _end_form(here, found), lambda values: _ended(here, staff, found, values))

    @blueprint.get("/admin/<jurisdiction>/postings/<id>/withdrawal")
    @guard("manage_staff")
    def withdrawal(jurisdiction: str, id: str) -> Response:
        here = Here.of(administration, jurisdiction, "staff")
        return form_page(here, _withdrawal_form(here, _found(staff, jurisdiction, id)))

    @blueprint.post("/admin/<jurisdiction>/postings/<id>/withdrawal")
    @guard("manage_staff")
    @token_in_form
    @streams(FORM_TYPE)
    def withdraw(jurisdiction: str, id: str) -> Response:
        here = Here.of(administration, jurisdiction, "staff")
        found = _found(staff, jurisdiction, id)
        return sent(here, _withdrawal_form(here, found), lambda values: _withdrawn(here, staff, found))


def _found(staff: StaffService, jurisdiction: str, id: str) -> NumberedPosting:
    number = int(id) if id.isascii() and id.isdecimal() and len(id) <= _NUMBER_LENGTH else 0
    found = next((one for one in staff.calendar(jurisdiction).postings if one.id == number), None)
    if found is None:
        raise PostingUnknown(posting=number)
    return found


def _calendar(here: Here, told: StaffCalendar, first: date) -> Table:
    days = [first + timedelta(days=n) for n in range(DAYS)]
    signs = {one.code: one.call_sign for one in told.members}
    rows = []
    for code in told.grids:
        runs = groupby(days, lambda day, code=code: told.serving(code, day))  # type: ignore[misc]
        cells = [_served(here, serving, signs, len(list(run))) for serving, run in runs]
        rows.append([Cell(_grid(here, told, code)), *cells])
    columns = [here.words["column.grid"], *(f"{day:%m-%d}" for day in days)]
    caption = here.words["table.calendar" if first == told.today else "table.calendar_from"].format(day=first)
    return Table(caption, columns, rows, here.words["empty.calendar"], first_day=first.isoformat())


def _grid(here: Here, told: StaffCalendar, code: str) -> str:
    """Return a grid by code and name, as the page's language calls it."""
    name, name_en = told.grids.get(code, ("", None))
    return f"{code} {(name_en if here.language == 'en' else None) or name}".strip()


def _first_day(today: date) -> date:
    """Return the day that the calendar begins with: today, or a later one that the address asks for."""
    asked = validated(CalendarWords, {"first": plain(request.args.get("first", "")) or None}).first or today
    return min(max(asked, today), today + timedelta(days=_DAYS_MOST))


def _served(here: Here, serving: tuple[PostingSpan, ...], signs: Mapping[str, str], days: int) -> Cell:
    if not serving:
        return Cell(here.words["cover.none"], state="bad", span=days)
    told = [
        signs[one.staff_code] if one.role == GRID_OFFICER
        else f"{signs[one.staff_code]} ({here.words[f'duty.{one.role}']})" for one in serving
    ]  # fmt: skip
    return Cell(", ".join(told), span=days)


def cover_of(here: Here, told: StaffCalendar) -> Cell:
    """Return whether each grid has somebody on each day of the calendar, in words."""
    days = [told.today + timedelta(days=n) for n in range(DAYS)]
    gaps = sum(any(not told.serving(code, day) for day in days) for code in told.grids)
    if gaps:
        return Cell(here.words["cover.gaps"].format(n=gaps), state="bad")
    return Cell(here.words["cover.whole"], state="good")


def _postings(here: Here, told: StaffCalendar) -> Table:
    said, signs = here.words, {one.code: one.call_sign for one in told.members}
    rows = [
        [
            Cell(f"{one.staff_code} · {signs[one.staff_code]}", here.url("postings", str(number))),
            Cell(_grid(here, told, one.grid_code)), Cell(said[f"duty.{one.role}"]), Cell(one.valid_from.isoformat()),
            Cell(said["until_further"] if one.valid_to is None else _last(one).isoformat()),
        ]
        for number, one in told.postings
    ]  # fmt: skip
    columns = [said[f"column.{name}"] for name in ("call_sign", "grid", "role", "first", "last")]
    return Table(said["table.postings"], columns, rows, said["empty.postings"])


def _members(here: Here, told: StaffCalendar) -> Table:
    serves: dict[str, list[str]] = {one.code: [] for one in told.members}
    for _, one in told.postings:
        if one.valid_from <= told.today:
            serves[one.staff_code].append(_grid(here, told, one.grid_code))
    rows = [
        [Cell(one.code, here.url("staff", one.code)), Cell(one.call_sign), Cell(here.words[f"duty.{one.role}"]),
         Cell(", ".join(serves[one.code]) or "—")]
        for one in told.members
    ]  # fmt: skip
    columns = [here.words[f"column.{name}"] for name in ("code", "call_sign", "role", "today")]
    return Table(here.words["table.members"], columns, rows, here.words["empty.members"])


def _last(one: PostingSpan) -> date:
    return one.ends - timedelta(days=1)


def _member_form(here: Here, one: Member | None) -> Form:
    said = here.words
    roles = [(role, said[f"duty.{role}"]) for role in _ROLES]
    fields = [Field("duty", "select", roles, required=True), Field("call_sign")]
    if one is None:
        fields.insert(0, Field("code", required=True))
        return Form(said["new.member"], here.url("new-member"), said["send.save"], here.url("staff"), fields)
    values = {"duty": one.role, "call_sign": one.call_sign}
    title = said["edit.member"].format(name=one.code)
    return Form(
        title, here.url("staff", one.code), said["send.save"], here.url("staff"), fields, values=values, stored=values
    )


def _written(
    here: Here, staff: StaffService, form: Form, code: str, values: Mapping[str, str], *, new: bool
) -> Response:  # fmt: skip
    wrong, role, sign = FormErrors(), "", values["call_sign"] or None
    if new and (not code or leads_nowhere(code)):
        wrong.refuse("code", "error.code")
    if new and code in {one.code for one in staff.members(here.place.code)}:
        wrong.refuse("code", "error.code_taken")
    with wrong.reading():
        role = chosen_in(values, form, "duty")
    wrong.end()
    try:
        staff.put(here.place.code, code, role=role, call_sign=sign, actor=here.identity.actor)
    except (StaffNotStored, RefusedByDatabase):
        raise (Refused(code="error.code") if new and sign is None else Refused(call_sign="error.call_sign")) from None
    return led_on(here.url("staff", done="member"))


def _posting_form(here: Here, told: StaffCalendar) -> Form:
    said = here.words
    members = [("", "—"), *((one.code, f"{one.code} · {one.call_sign}") for one in told.members)]
    grids = [("", "—"), *((code, _grid(here, told, code)) for code in told.grids)]
    duties = [(role, said[f"duty.{role}"]) for role in _DUTIES]
    fields = (
        Field("member", "select", members, required=True), Field("grid", "select", grids, required=True),
        Field("duty", "select", duties, required=True), Field("first", "date", required=True), Field("last", "date"),
    )  # fmt: skip
    values = {"first": here.today.isoformat()}
    return Form(
        said["new.posting"], here.url("new-posting"), said["send.save"], here.url("staff"), fields,
        [said["costs.new_posting"]], values,
    )  # fmt: skip


def _posted(here: Here, staff: StaffService, form: Form, values: Mapping[str, str]) -> Response:
    span = _span_in(here, form, values)
    try:
        staff.post(here.place.code, span, actor=here.identity.actor)
    except StaffUnknown:
        raise Refused(member="error.choose") from None
    except StaffNotStored:
        raise Refused(member="error.dispatcher") from None
    except PostedToNoGrid:
        raise Refused(grid="error.no_grid") from None
    except RefusedByDatabase:
        raise Refused(grid="error.two_officers") from None
    return led_on(here.url("staff", done="posting"))


def _span_in(here: Here, form: Form, values: Mapping[str, str]) -> PostingSpan:
    """Return the posting that a form says; raise Refused with all that is wrong."""
    wrong, first, ends = FormErrors(), here.today, None
    for name in ("member", "grid", "duty"):
        with wrong.reading():
            if not chosen_in(values, form, name):
                raise Refused(**{name: "error.choose"})
    with wrong.reading():
        said = day_in(values, "first")
        if said is None or abs((said - here.today).days) > _DAYS_MOST:
            raise Refused(first="error.day_first")
        first = said
    with wrong.reading():
        ends = _over(here, values, first)
    wrong.end()
    return PostingSpan(values["member"], values["grid"], values["duty"], first, ends)


def _over(here: Here, values: Mapping[str, str], first: date) -> date | None:
    """Return the first day after the last one that a form says; None: nobody knows. Raise Refused."""
    last = day_in(values, "last")
    if last is None:
        return None
    if last < first or abs((last - here.today).days) > _DAYS_MOST:
        raise Refused(last="error.day_last")
    return last + timedelta(days=1)


def _end_form(here: Here, found: NumberedPosting) -> Form:
    said, one = here.words, found.posting
    title = said["edit.posting"].format(name=one.staff_code, grid=one.grid_code)
    values = {"last": "" if one.valid_to is None else _last(one).isoformat()}
    return Form(
        title, here.url("postings", str(found.id)), said["send.save"], here.url("staff"), (Field("last", "date"),),
        [said["costs.posting"]], values, stored=values,
        ways=_ways_back(here, found),
    )  # fmt: skip


def _ways_back(here: Here, found: NumberedPosting) -> tuple[Action, ...]:
    """Return the way to take a posting back, while it has not begun."""
    if found.posting.valid_from <= here.today:
        return ()
    return (Action("withdraw.posting", here.url("postings", str(found.id), "withdrawal")),)


def _withdrawal_form(here: Here, found: NumberedPosting) -> Form:
    said, one = here.words, found.posting
    title = said["withdraw.title"].format(name=one.staff_code, grid=one.grid_code, day=one.valid_from)
    url, back = here.url("postings", str(found.id), "withdrawal"), here.url("postings", str(found.id))
    return Form(title, url, said["withdraw.posting"], back, costs=[said["costs.withdraw"]])


def _withdrawn(here: Here, staff: StaffService, found: NumberedPosting) -> Response:
    try:
        staff.withdraw(here.place.code, found.id, actor=here.identity.actor)
    except PostingBegun:
        raise Refused(**{"": "error.begun"}) from None
    return led_on(here.url("staff", done="withdrawn"))


def _ended(here: Here, staff: StaffService, found: NumberedPosting, values: Mapping[str, str]) -> Response:
    over = _over(here, values, found.posting.valid_from)
    try:
        staff.end(here.place.code, found.id, over, actor=here.identity.actor)
    except RefusedByDatabase:
        raise Refused(last="error.two_officers") from None
    return led_on(here.url("staff", done="posting"))
