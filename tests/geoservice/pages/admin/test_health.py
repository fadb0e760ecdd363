"""Health on a page: what needs a hand here, what runs, and words for every job."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from geoservice.auth.model import Role
from geoservice.pages.words.catalogue import words
from geoservice.records.calendars.model import CalendarDay
from geoservice.services.clock import JOBS
from geoservice.wiring import Services
from tests.geoservice.pages.admin.people import Administrator, make_town

LINE = re.compile(
    r'<tr><th scope="row">\s*(?:<a [^>]*>)?(.*?)(?:</a>)?\s*</th><td[^>]*>\s*<span[^>]*>(.*?)</span>\s*</td>'
    r"<td[^>]*>\s*(.*?)\s*</td></tr>",
    re.DOTALL,
)


def lines(admin: Administrator) -> dict[str, tuple[str, str]]:
    return {what: (state, told) for what, state, told in LINE.findall(admin.show("health").text)}


def test_what_needs_a_hand_is_told_for_this_place_alone(services: Services, community_url: str) -> None:
    admin = Administrator(services)
    told = lines(admin)
    assert told["Schema of the database"][0] == "well"
    assert told["Grids in force"] == ("well", "8")
    assert told["Postings"][0] == "well"
    assert told["Keys that end within 30 days"] == ("well", "none")
    services.administration.calendars.add_days("sare", [CalendarDay(date(2040, 1, 1), None, "元旦")])
    assert lines(admin)["Holidays"] == ("well", "Holidays are entered up to 2040-01-01.")
    soon = datetime.now(UTC) + timedelta(days=3)
    make_town(community_url)
    services.keys.create(Role.READER, "<b>soon", expires_at=soon, jurisdiction="sare")
    services.keys.create(Role.READER, "elsewhere", expires_at=soon, jurisdiction="town")
    services.accounts.create("desk-7", Role.READER, created_by="test", expires_at=soon, jurisdiction="sare")
    told = lines(admin)
    assert told["Keys that end within 30 days"] == ("to look at", "&lt;b&gt;soon")
    assert told["Accounts that end within 30 days"] == ("to look at", "desk-7")
    stranger = Administrator(services, "admin-6", "town")
    assert lines(stranger)["Grids in force"][0] == "to look at"
    assert lines(stranger)["Holidays"][0] == "to look at"
    assert lines(stranger)["Keys that end within 30 days"][1] == "elsewhere"
    assert stranger.get("/admin/sare/health").status_code == 403
    assert "geoservice doctor" in stranger.show("health").text


def test_a_job_that_was_not_done_for_long_is_told(services: Services) -> None:
    said = words("admin", "en")
    told = lines(Administrator(services))
    assert {said[f"job.{one.name}"] for one in JOBS} <= set(told)
    # Nobody works here: each was never done, or long ago.
    assert all("worker runs" in told[said[f"job.{one.name}"]][1] for one in JOBS)
