"""Retention: how long what people wrote is kept, what is past its time now, and what went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from flask import Blueprint
from werkzeug.wrappers import Response

from geoservice.pages.admin.areas import Here
from geoservice.pages.admin.forms import FormErrors, require_agreed, sent, whole_in
from geoservice.pages.admin.model import Action, Cell, Field, Form, Table
from geoservice.pages.admin.rendering import form_page, table_page
from geoservice.pages.shell.choice import led_on
from geoservice.services.administration.service import Administration
from geoservice.web.forms import FORM_TYPE
from geoservice.web.guard import Guard
from geoservice.web.sessions import token_in_form
from geoservice.web.streaming import streams

#: The fewest days that each kind may be kept.
LEAST = {"words": 8, "deliveries": 1, "report_keys": 1, "sessions": 1}
_MOST = 36_500
_RUNS = 50


def add_retention(blueprint: Blueprint, administration: Administration, guard: Guard) -> None:
    """Add the area."""

    @blueprint.get("/admin/<jurisdiction>/retention")
    @guard("manage_retention")
    def retention(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "retention")
        ways = [Action("edit.terms", here.url("retention", "terms"))]
        tables = [_terms(here, administration), _runs(here, administration)]
        return table_page(here, tables, ways=ways, remark=Cell(here.words["retention.daily"]))

    @blueprint.get("/admin/<jurisdiction>/retention/terms")
    @guard("manage_retention")
    def terms(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "retention")
        return form_page(here, _form(here, administration))

    @blueprint.post("/admin/<jurisdiction>/retention/terms")
    @guard("manage_retention")
    @token_in_form
    @streams(FORM_TYPE)
    def write_terms(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "retention")
        return sent(here, _form(here, administration), lambda values: _written(here, administration, values))


def _kept(here: Here, administration: Administration) -> dict[str, int | None]:
    """Return for how many days each kind is kept; None: for good."""
    return asdict(administration.place(here.place.code)[0].retention)


def _term(here: Here, days: int | None) -> str:
    return here.words["term.kept"] if days is None else here.words["term.days"].format(n=f"{days:,}")


def _day(here: Here, at: datetime | None) -> str:
    return here.when(at, "—")[: len("2026-12-01")]


def _terms(here: Here, administration: Administration) -> Table:
    said, kept = here.words, _kept(here, administration)
    due = {one.kind: one for one in administration.retention.due() if one.jurisdiction == here.place.code}
    rows = [
        [Cell(said[f"kind.{kind}"]), Cell(_term(here, days)), Cell(said[f"since.{kind}"]),
         Cell(said["due.of"].format(due=f"{due[kind].due:,}", kept=f"{due[kind].kept:,}")),
         Cell(_day(here, due[kind].oldest))]
        for kind, days in kept.items()
    ]  # fmt: skip
    columns = [said[f"column.{name}"] for name in ("kind", "term", "since", "due", "oldest")]
    return Table(said["table.terms"], columns, rows, said["empty.terms"])


def _runs(here: Here, administration: Administration) -> Table:
    said = here.words
    rows = [
        [Cell(one.day.isoformat()), Cell(said[f"kind.{one.kind}"]), Cell(f"{one.removed:,}"),
         Cell(_day(here, one.oldest)), Cell(one.actor or "—")]
        for one in administration.retention.runs(here.place.code, limit=_RUNS)
    ]  # fmt: skip
    columns = [said[f"column.{name}"] for name in ("day", "kind", "removed", "oldest", "by")]
    return Table(said["table.runs"], columns, rows, said["empty.runs"])


def _form(here: Here, administration: Administration) -> Form:
    said, kept = here.words, _kept(here, administration)
    values = {kind: "" if days is None else str(days) for kind, days in kept.items()}
    return Form(
        said["edit.terms"], here.url("retention", "terms"), said["send.save"], here.url("retention"),
        [Field(kind, "number") for kind in kept], [said["retention.daily"]], values, stored=values,
    )  # fmt: skip


def _written(here: Here, administration: Administration, values: Mapping[str, str]) -> Response:
    wrong, new = FormErrors(), dict[str, int | None]()
    for kind, least in LEAST.items():
        with wrong.reading():
            error = "error.days_words" if kind == "words" else "error.days"
            new[kind] = whole_in(values, kind, least=least, most=_MOST, error=error)
    wrong.end()
    old = _kept(here, administration)
    changed = {kind: days for kind, days in new.items() if days != old[kind]}
    if changed:
        costs = [_cost(here, administration, kind, old[kind], days) for kind, days in changed.items()]
        require_agreed(values, costs)
        administration.jurisdictions.keep(here.place.code, changed, actor=here.identity.actor)
    return led_on(here.url("retention", done="terms"))


def _cost(here: Here, administration: Administration, kind: str, old: int | None, new: int | None) -> str:
    """Return in words what it means to keep a kind for another time."""
    said = here.words
    told = said["costs.term"].format(kind=said[f"kind.{kind}"], new=_term(here, new), old=_term(here, old))
    if new is None:
        return f"{told} {said['costs.term_kept']}"
    due = administration.retention.due_after(here.place.code, kind, new)
    if not due.due:
        return f"{told} {said['costs.term_none']}"
    more = {"due": f"{due.due:,}", "kept": f"{due.kept:,}", "oldest": _day(here, due.oldest)}
    return f"{told} {said['costs.term_due'].format(**more)}"
