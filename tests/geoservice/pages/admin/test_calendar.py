"""The calendar on pages: weeks are shown, hours and holidays written, and what it costs is said before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, time, timedelta

import psycopg
import pytest
from werkzeug.test import TestResponse

from geoservice.auth.model import Role
from geoservice.records.calendars.model import CalendarDay, WorkingHours
from geoservice.services.calendars import CalendarService
from geoservice.wiring import Services
from tests.geoservice.pages.admin.people import Administrator, errors, make_town, noted
from tests.geoservice.pages.desk.test_pages import Browser
from tests.geoservice.web.attacks import hostile_texts

AGREED = re.compile(r'name="agreed" value="([0-9a-f]{16})"')
SEEN = re.compile(r'name="seen" value="([0-9a-f]{16})"')
WEEK = {f"hours_{day}": "08:30-12:30 14:00-18:00" for day in range(1, 6)} | {"hours_6": "", "hours_7": ""}
HOLIDAY = {"day_first": "2031-10-01", "day_last": "2031-10-03", "like": "holiday", "day_label": "元宵灯会"}


@pytest.fixture
def calendars(services: Services) -> CalendarService:
    return services.administration.calendars


def agreed(answer: TestResponse) -> str:
    """Return what a form that tells its costs has to be sent with."""
    assert answer.status_code == 200, answer.text
    found = AGREED.search(answer.text)
    assert found is not None
    assert "Nothing is changed yet" in answer.text
    return found[1]


def test_hours_of_a_week_are_written_once_what_it_costs_was_read(
    services: Services, calendars: CalendarService, community_url: str
) -> None:
    admin, before = Administrator(services), calendars.hours("sare")
    with psycopg.connect(community_url) as connection:
        [(due, open_)] = connection.execute(
            "SELECT count(*) FILTER (WHERE expected_at IS NOT NULL), count(*) FROM geoservice.incident"
            " WHERE geoservice.is_open(status)"
        ).fetchall()
        promised = connection.execute("SELECT id, expected_at FROM geoservice.incident ORDER BY id").fetchall()
    assert 0 < due <= open_
    assert f"{due:,} incidents in hand have a date" in admin.show("calendar/hours").text
    assert admin.send("calendar/hours", **WEEK).status_code == 303
    assert calendars.hours("sare") == before
    new = WEEK | {"hours_5": "０８：３０－１２：３０", "hours_6": "9:00–12:00、18:00-24:00"}
    asked = admin.send("calendar/hours", **new)
    assert "A week has 45 hours of work in place of 40." in asked.text
    assert calendars.hours("sare") == before
    again = admin.send("calendar/hours", **new, agreed=agreed(asked))
    assert "The hours of work are saved." in admin.get(again.headers["Location"]).text
    assert calendars.hours("sare")[-3:] == (
        WorkingHours(5, time(8, 30), time(12, 30)), WorkingHours(6, time(9), time(12)), WorkingHours(6, time(18), None),
    )  # fmt: skip
    with psycopg.connect(community_url) as connection:
        assert connection.execute("SELECT id, expected_at FROM geoservice.incident ORDER BY id").fetchall() == promised
    assert noted(community_url, "working_hours_added")[0] == "admin:admin-5"


def test_what_costs_something_else_than_was_read_is_asked_again(services: Services, calendars: CalendarService) -> None:
    admin, before = Administrator(services), calendars.hours("sare")
    shorter, shortest = WEEK | {"hours_5": ""}, WEEK | {"hours_5": "", "hours_4": ""}
    read = agreed(admin.send("calendar/hours", **shorter))
    for said in (read, "0" * 16, "x"):
        assert "in place of 40" in admin.send("calendar/hours", **shortest, agreed=said).text
    assert calendars.hours("sare") == before


def test_hours_that_somebody_else_changed_are_not_overwritten_unseen(
    services: Services, calendars: CalendarService
) -> None:
    admin = Administrator(services)
    found = SEEN.search(admin.show("calendar/hours").text)
    assert found is not None
    calendars.set_hours("sare", [WorkingHours(1, time(8), time(9))])
    late = admin.send("calendar/hours", **WEEK, seen=found[1])
    assert late.status_code == 412
    assert "Somebody else changed it meanwhile" in late.text
    assert len(calendars.hours("sare")) == 1


@hostile_texts(5)
def test_hours_that_are_none_are_told_beside_their_day(
    services: Services, calendars: CalendarService, texts: Sequence[str]
) -> None:
    admin, before = Administrator(services), calendars.hours("sare")
    wrong = ("8", "12:30-08:30", "08:30-12:30 12:00-13:00", "25:00-26:00", "08:60-09:00", "mon 08:00-09:00",
             "24:00-24:00", "18:00-24:00 00:00-19:00")  # fmt: skip
    for text in wrong:
        assert errors(admin.send("calendar/hours", **WEEK | {"hours_2": text})).keys() == {"hours_2"}, text
    assert errors(admin.send("calendar/hours", **WEEK | {"hours_2": "x", "hours_7": "y"})).keys() == {
        "hours_2",
        "hours_7",
    }
    assert errors(admin.send("calendar/hours", **dict.fromkeys(WEEK, ""))).keys() == {"hours_1"}
    assert admin.post("/admin/sare/calendar/hours", **WEEK).status_code == 403
    token = admin.token()
    for text in texts:
        answer = admin.post("/admin/sare/calendar/hours?lang=en", token=token, **WEEK | {"hours_6": text})
        assert answer.status_code in (200, 303, 422), text
        assert "<script>alert" not in answer.text
    assert calendars.hours("sare") == before


def test_holidays_are_entered_shown_and_taken_out(
    services: Services, calendars: CalendarService, community_url: str
) -> None:
    admin = Administrator(services)
    done = admin.send("new-day", **HOLIDAY)
    assert "The calendar is saved." in admin.get(done.headers["Location"]).text
    first = date(2031, 10, 1)
    written = calendars.days_between("sare", first, first + timedelta(days=9))
    assert written == tuple(CalendarDay(first + timedelta(days=n), None, "元宵灯会") for n in range(3))
    shown = admin.show("calendar", "&first=2031-10-01").text
    assert shown.count("元宵灯会") == 6
    assert "4 · —" in shown
    assert "6 · 8 h" in shown
    assert "Holidays are entered up to 2031-10-03." in shown
    # The same day once more, as a day of work: what is replaced is said first.
    other = HOLIDAY | {"day_last": "", "like": "5", "day_label": "<b>调休"}
    asked = admin.send("new-day", **other)
    assert "1 of these days are entered, and replaced: 2031-10-01 元宵灯会." in asked.text
    assert admin.send("new-day", **other, agreed=agreed(asked)).status_code == 303
    assert calendars.days_between("sare", first, first + timedelta(days=1)) == (CalendarDay(first, 5, "<b>调休"),)
    assert "&lt;b&gt;调休" in admin.show("calendar", "&first=2031-10-01").text
    path = "calendar/2031-10-01/removal"
    assert "Take 2031-10-01 &lt;b&gt;调休 out?" in admin.show(path).text
    done = admin.send(path)
    told = admin.get(done.headers["Location"]).text
    assert "It is taken out of the calendar." in told
    assert "new-day?" in told
    assert calendars.days_between("sare", first, first + timedelta(days=1)) == ()
    assert noted(community_url, "calendar_day_removed") == ["admin:admin-5"]
    assert admin.send(path).status_code == 404
    assert admin.show("calendar/none/removal").status_code == 404


def test_of_a_day_that_limits_reach_it_is_said_that_they_stay(services: Services, calendars: CalendarService) -> None:
    admin = Administrator(services)
    today = services.administration.place("sare")[1]
    soon = HOLIDAY | {"day_first": today.isoformat(), "day_last": ""}
    asked = admin.send("new-day", **soon)
    assert re.search(rf"\d+ of them are due on {today} or later", asked.text)
    assert admin.send("new-day", **soon, agreed=agreed(asked)).status_code == 303
    assert "or later" in admin.show(f"calendar/{today}/removal").text


@hostile_texts(6)
def test_days_that_are_none_are_told_beside_their_fields(
    services: Services, calendars: CalendarService, texts: Sequence[str]
) -> None:
    admin = Administrator(services)
    for changed, fields in (
        ({"day_first": ""}, {"day_first"}), ({"day_first": "1.10.2031"}, {"day_first"}),
        ({"day_first": "2031-W40-3"}, {"day_first"}), ({"day_first": "2031-02-31"}, {"day_first"}),
        ({"day_first": "1999-12-31", "day_last": ""}, {"day_first"}), ({"day_last": "2031-09-30"}, {"day_last"}),
        ({"day_last": "2032-10-03"}, {"day_last"}), ({"like": "8"}, {"like"}), ({"day_label": ""}, {"day_label"}),
        ({"day_label": "ring 13800138000"}, {"day_label"}), ({"day_label": "x" * 201}, {"day_label"}),
        (dict.fromkeys(HOLIDAY, "?"), {"day_first", "day_last", "like"}),
    ):  # fmt: skip
        assert errors(admin.send("new-day", **HOLIDAY | changed)).keys() == fields, changed
    assert admin.post("/admin/sare/new-day", **HOLIDAY).status_code == 403
    far = date(2031, 1, 1), date(2033, 1, 1)
    assert calendars.days_between("sare", *far) == ()
    token = admin.token()
    for text in texts:
        answer = admin.post("/admin/sare/new-day?lang=en", token=token, **HOLIDAY | {"day_label": text})
        assert answer.status_code in (200, 303, 422), text
        answer = admin.post("/admin/sare/new-day?lang=en", token=token, **HOLIDAY | {"day_first": text})
        assert answer.status_code in (200, 303, 422), text
        assert admin.get("/admin/sare/new-day", query_string={"day_label": text}).status_code == 200
        assert "<script>alert" not in admin.show("calendar", "&first=2031-10-01").text


def test_the_calendar_is_not_for_others(services: Services, community_url: str) -> None:
    make_town(community_url)
    stranger, desk = Administrator(services, "admin-6", "town"), Browser(services, "desk-7", Role.DISPATCHER, "sare")
    token = stranger.token()
    for path in ("calendar", "calendar/hours", "new-day", "calendar/2031-10-01/removal"):
        assert stranger.get(f"/admin/sare/{path}").status_code == 403
        assert desk.get(f"/admin/sare/{path}").status_code == 403
        if path != "calendar":
            assert stranger.post(f"/admin/sare/{path}", token=token, **HOLIDAY).status_code == 403
    assert stranger.show("calendar").status_code == 200
    assert stranger.show("calendar", "&first=none").status_code == 422


def test_a_long_calendar_says_how_much_of_it_is_shown(services: Services, calendars: CalendarService) -> None:
    admin, first = Administrator(services), date(2031, 1, 1)
    calendars.add_days("sare", [CalendarDay(first + timedelta(days=n), None, "x") for n in range(1_000)])
    to_come = calendars.days_between("sare", services.administration.place("sare")[1], date(2200, 1, 1))
    told = admin.show("calendar").text
    assert f"(366 of {len(to_come):,}, up to {to_come[365].day}; of later ones see the weeks above)" in told
    assert f"calendar/{to_come[365].day}/removal" in told
    assert f"calendar/{to_come[366].day}/removal" not in told
    assert admin.show("calendar", "&first=２０３１-１０-０１").status_code == 200
