"""Health: what needs a hand in the jurisdiction, and what this process can know of whether everything runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta

from flask import Blueprint
from werkzeug.wrappers import Response

from geoservice.auth.permissions import Permission
from geoservice.pages.admin.areas import Here
from geoservice.pages.admin.model import Cell, State, Table
from geoservice.pages.admin.rendering import table_page
from geoservice.pages.admin.staff import cover_of
from geoservice.records.grants.model import StoredGrant, in_force
from geoservice.services.administration.own import is_own
from geoservice.services.administration.service import Administration
from geoservice.web.guard import Guard

#: What ends within so long is told.
ENDS_SOON = timedelta(days=30)
_NAMED = 6
_STATES: dict[str, State] = {"ok": "good", "look": "soon", "bad": "bad"}


def add_health(blueprint: Blueprint, administration: Administration, guard: Guard) -> None:
    """Add the area."""

    @blueprint.get("/admin/<jurisdiction>/health")
    @guard("manage_accounts")
    def health(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "health")
        said = here.words
        columns = [said[f"column.{name}"] for name in ("what", "state", "told")]
        hand = [*_running(here, administration), *_town(here, administration), *_ending(here, administration)]
        tables = [
            Table(said["table.hand"], columns, hand, said["health.nothing"]),
            Table(said["table.jobs"], columns, list(_jobs(here, administration)), said["health.nothing"]),
        ]
        return table_page(here, tables, remark=Cell(said["health.more"]))


def _line(here: Here, what: str, level: str, told: str, url: str = "") -> list[Cell]:
    return [Cell(here.words[what], url), Cell(here.words[f"health.{level}"], state=_STATES[level]), Cell(told)]


def _running(here: Here, administration: Administration) -> Iterator[list[Cell]]:
    said, state = here.words, administration.health.health()
    word = "health.schema.is" if state.ready else "health.schema.not"
    told = said[word].format(found=state.schema_found, needed=state.schema_needed)
    yield _line(here, "health.schema", "ok" if state.ready else "bad", told)
    held = administration.health.snapshot_state()
    if held is None:
        yield _line(here, "health.memory", "ok", said["health.memory.none"])
        return
    told = said["health.memory.age"].format(seconds=f"{held.age_s:,.0f}")
    if held.failure is not None:
        told = f"{told}; {said['health.memory.failure']}"
    yield _line(here, "health.memory", "ok" if held.failure is None else "bad", told)


def _town(here: Here, administration: Administration) -> Iterator[list[Cell]]:
    said, calendar = here.words, administration.staff.calendar(here.place.code)
    grids = len(calendar.grids)
    told = said["health.grids.count"].format(n=f"{grids:,}") if grids else said["health.grids.none"]
    yield _line(here, "health.grids", "ok" if grids else "look", told)
    cover = cover_of(here, calendar)
    yield _line(here, "health.cover", "ok" if cover.state == "good" else "look", cover.text, here.url("staff"))
    to_come = administration.calendars.days_between(here.place.code, here.today, date.max)
    told = said["calendar.last"].format(day=to_come[-1].day) if to_come else said["calendar.ends"]
    yield _line(here, "health.calendar", "ok" if to_come else "look", told, here.url("calendar"))
    every = administration.webhooks.webhooks()
    own = [
        one
        for one in every
        if is_own(one.jurisdiction_code, here.place.code, here.identity, Permission.MANAGE_WEBHOOKS)
    ]
    dead, off = sum(one.dead for one in own), sum(one.disabled_at is not None for one in own)
    waiting = sum(one.waiting for one in own)
    told = said["health.webhooks.told"].format(waiting=f"{waiting:,}", dead=f"{dead:,}", off=off)
    yield _line(here, "health.webhooks", "look" if dead or off else "ok", told, here.url("webhooks"))


def _ending(here: Here, administration: Administration) -> Iterator[list[Cell]]:
    keys = administration.keys.keys(here.place.code, here.identity)
    labels = [one.label for one in keys if one.revoked_at is None and _ends_soon(one.expires_at, one.grants)]
    yield _named(here, "keys", labels)
    accounts = administration.accounts.accounts(here.place.code, here.identity)
    yield _named(
        here, "accounts", [one.login for one in accounts if one.is_open and _ends_soon(one.expires_at, one.grants)]
    )


def _ends_soon(expires_at: datetime | None, grants: Iterable[StoredGrant]) -> bool:
    """Return whether an account or a key ends soon, or something that it may."""
    now = datetime.now(UTC)
    ends = (expires_at, *(one.valid_to for one in in_force(grants, now)))
    return any(one is not None and now < one < now + ENDS_SOON for one in ends)


def _named(here: Here, area: str, names: Iterable[str]) -> list[Cell]:
    every = list(names)
    more = f" … {len(every):,}" if len(every) > _NAMED else ""
    told = ", ".join(every[:_NAMED]) + more or here.words["health.nothing"]
    return _line(here, f"health.{area}", "look" if every else "ok", told, here.url(area))


def _jobs(here: Here, administration: Administration) -> Iterator[list[Cell]]:
    said = here.words
    for one in administration.health.jobs():
        ago = said["job.never"] if one.age_s is None else said["job.ago"].format(minutes=f"{one.age_s / 60:,.0f}")
        told = f"{ago}. {said['job.late']}" if one.is_late else ago
        yield _line(here, f"job.{one.name}", "look" if one.is_late else "ok", told)
