"""What accounts and keys have in common on pages: grants, each a role, where it is good, whose it is, until when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Literal

from flask import Blueprint, request
from werkzeug.wrappers import Response

from geoservice.auth.model import Identity, Role
from geoservice.auth.permissions import homes_with, may_give
from geoservice.errors import StaffUnknown
from geoservice.pages.admin.areas import Here
from geoservice.pages.admin.forms import day_in, sent, sent_as
from geoservice.pages.admin.giving import (
    NEEDED,
    Giving,
    end_given,
    giving_in,
    grant_fields,
    holder_in,
    is_told_here,
    of_longer_right,
    outlasts_own,
    too_long,
)
from geoservice.pages.admin.model import Action, Cell, Field, Form, Refused, Table
from geoservice.pages.admin.rendering import form_page
from geoservice.pages.shell.choice import led_on
from geoservice.records.grants.model import StoredGrant, alive
from geoservice.services.administration.grants import Held
from geoservice.services.administration.own import OwnGrants
from geoservice.services.administration.service import Administration
from geoservice.services.grants import GrantHeldAlready, GrantUnknown, OfficerElsewhere
from geoservice.web.forms import FORM_TYPE
from geoservice.web.guard import Guard
from geoservice.web.sessions import token_in_form
from geoservice.web.streaming import streams
from layers.errors import LastAdministrator, OutlastsOwn, RefusedByDatabase

Area = Literal["accounts", "keys"]
HeldBy = Callable[[str, str, Identity], Held]
#: In words of the columns.
_COLUMNS = ("role", "where", "staff", "begins", "ends", "given", "state", "grant_change")
_STATES: dict[str, Literal["good", "soon", "bad"]] = {
    "in force": "good", "to come": "soon", "over": "bad", "revoked": "bad"
}  # fmt: skip
#: Raised while a grant is given or taken, the field that it is about, and its words.
_REFUSALS: dict[type[Exception], tuple[str, str]] = {
    OwnGrants: ("", "error.own_grants"), GrantHeldAlready: ("role", "error.grant_held"),
    OfficerElsewhere: ("role", "error.officer_elsewhere"), GrantUnknown: ("", "error.grant_gone"),
    LastAdministrator: ("", "error.last_administrator"), StaffUnknown: ("staff", "error.choose"),
    RefusedByDatabase: ("ends", "error.grant_ends"),
}  # fmt: skip


def granted_cells(here: Here, grants: Iterable[StoredGrant]) -> dict[str, Cell]:
    """Return what is held now or later, or was last, in a line: the roles, the places, the members of staff."""
    every = tuple(grants)
    live = alive(every, datetime.now(UTC)) or every[-1:]
    said = here.words
    return {
        "role": Cell(_together(said[f"role.{one.role}"] for one in live)),
        "where": Cell(_together(one.jurisdiction_code or said["everywhere"] for one in live)),
        "staff": Cell(_together(one.staff_code or "—" for one in live)),
    }  # fmt: skip


def _together(texts: Iterable[str]) -> str:
    return " · ".join(dict.fromkeys(texts))


def grants_table(here: Here, area: Area, held: Held) -> Table:
    """Return the grants of an account or a key: what is in force, was and will be."""
    said, now = here.words, datetime.now(UTC)
    rows = [
        [
            Cell(said[f"role.{one.role}"]), Cell(one.jurisdiction_code or said["everywhere"]),
            Cell(one.staff_code or "—"), Cell(here.when(one.valid_from, "", one.time_zone)),
            Cell(here.last_day(one.valid_to, said["no_end"], one.time_zone)), Cell(one.granted_by),
            Cell(said[f"grant.{one.state(now)}"], state=_STATES[one.state(now)]), _way(here, area, held, one, now),
        ]
        for one in held.grants
    ]  # fmt: skip
    return Table(said["grants"], [said[f"column.{name}"] for name in _COLUMNS], rows, said["grants"])


def _way(here: Here, area: Area, held: Held, one: StoredGrant, now: datetime) -> Cell:
    if one not in alive([one], now) or not _is_to_give(here, area, held, one):
        return Cell("—")
    return Cell(here.words["do.revoke_grant"], here.url(area, held.name, "grants", str(one.id), "revoke"))


def _is_to_give(here: Here, area: Area, held: Held, one: StoredGrant) -> bool:
    homes = homes_with(here.identity, NEEDED[area])
    return (
        not is_own_name(here.identity, held) and not homes.isdisjoint({None, one.jurisdiction_code})
        and may_give(here.identity, Role(one.role), one.jurisdiction_code)
    )  # fmt: skip


def is_own_name(identity: Identity, held: Held) -> bool:
    """Return whether something is held by whoever asks: what he may, another administrator says."""
    return held.name == (identity.login if held.kind == "login" else identity.key_id)


def grant_ways(here: Here, area: Area, held: Held) -> list[Action]:
    """Return the way to give another grant."""
    if is_own_name(here.identity, held):
        return []
    return [Action("new.grant", here.url(area, held.name, "grants", "new"))]


def grant_undo(here: Here, area: Area, held: Held) -> Action | None:
    """Return what gives a grant again that was taken back just now."""
    now, number = datetime.now(UTC), request.args.get("grant", "")
    for one in held.grants:
        if request.args.get("done") == "revoke_grant" and str(one.id) == number and one.state(now) == "revoked":
            return Action("do.restore_grant", here.url(area, held.name, "grants", number, "restore"), at_once=True)
    return None


def add_grants(blueprint: Blueprint, administration: Administration, guard: Guard, area: Area, held_by: HeldBy) -> None:
    """Add the pages that give a grant of an account or a key, and take it back.

    Parameters
    ----------
    held_by
        Returns what a jurisdiction's account or key of a name holds, as far as somebody is told.
    """
    _add_giving(blueprint, administration, guard, area, held_by)
    _add_taking_back(blueprint, administration, guard, area, held_by)


def _add_giving(
    blueprint: Blueprint, administration: Administration, guard: Guard, area: Area, held_by: HeldBy
) -> None:
    needed, at = NEEDED[area].value, f"/admin/<jurisdiction>/{area}/<name>/grants"
    grants = administration.accounts.grants

    @blueprint.get(f"{at}/new", endpoint=f"new_grant_{area}")
    @guard(needed)
    def ask_new(jurisdiction: str, name: str) -> Response:
        here = Here.of(administration, jurisdiction, area)
        held = held_by(jurisdiction, name, here.identity)
        giving = giving_in(here, administration)
        return form_page(here, _new_form(here, held, giving, administration))

    @blueprint.post(f"{at}/new", endpoint=f"give_grant_{area}")
    @guard(needed)
    @token_in_form
    @streams(FORM_TYPE)
    def give(jurisdiction: str, name: str) -> Response:
        here = Here.of(administration, jurisdiction, area)
        held = held_by(jurisdiction, name, here.identity)

        def made(fields: Mapping[str, str]) -> tuple[Form, Callable[[Mapping[str, str]], Response]]:
            giving = giving_in(here, administration, fields)
            form = _new_form(here, held, giving, administration)
            return form, lambda values: give_it(values, form, giving)

        def give_it(values: Mapping[str, str], form: Form, giving: Giving) -> Response:
            role, place, holder = holder_in(values, form)
            begins, ends, there = day_in(values, "begins"), end_given(giving, values), giving.there
            if begins is not None and begins < there.today:
                raise Refused(begins="error.begins")
            try:
                _refusing(lambda: grants.give(
                    held, role, jurisdiction=place, staff=holder, valid_to=ends, identity=there.identity,
                    valid_from=None if begins in (None, there.today) else there.start_of(begins),
                ))  # fmt: skip
            except OutlastsOwn:
                raise too_long(giving) from None
            return led_on((here if is_told_here(here, giving) else there).url(area, name, done="give_grant"))

        return sent_as(here, made)


def _add_taking_back(
    blueprint: Blueprint, administration: Administration, guard: Guard, area: Area, held_by: HeldBy
) -> None:
    needed, at = NEEDED[area].value, f"/admin/<jurisdiction>/{area}/<name>/grants"
    grants = administration.accounts.grants

    @blueprint.get(f"{at}/<int:number>/revoke", endpoint=f"ask_grant_{area}")
    @guard(needed)
    def ask_revoke(jurisdiction: str, name: str, number: int) -> Response:
        here = Here.of(administration, jurisdiction, area)
        held = held_by(jurisdiction, name, here.identity)
        return form_page(here, _revoke_form(here, administration, held, number))

    @blueprint.post(f"{at}/<int:number>/revoke", endpoint=f"revoke_grant_{area}")
    @guard(needed)
    @token_in_form
    @streams(FORM_TYPE)
    def revoke(jurisdiction: str, name: str, number: int) -> Response:
        here = Here.of(administration, jurisdiction, area)
        held = held_by(jurisdiction, name, here.identity)

        def take_back(_: Mapping[str, str]) -> Response:
            _refusing(lambda: grants.take_back(held, number, here.identity))
            return led_on(here.url(area, name, done="revoke_grant", grant=str(number)))

        return sent(here, _revoke_form(here, administration, held, number), take_back)

    @blueprint.post(f"{at}/<int:number>/restore", endpoint=f"restore_grant_{area}")
    @guard(needed)
    @token_in_form
    @streams(FORM_TYPE)
    def restore(jurisdiction: str, name: str, number: int) -> Response:
        here = Here.of(administration, jurisdiction, area)
        held = held_by(jurisdiction, name, here.identity)

        def give_again(_: Mapping[str, str]) -> Response:
            try:
                _refusing(lambda: grants.give_again(held, number, here.identity))
            except OutlastsOwn:
                place = next(one.jurisdiction_code for one in held.grants if one.id == number)
                raise of_longer_right(here, grants.gives_until(here.identity, place)) from None
            return led_on(here.url(area, name, done="restore_grant"))

        return sent(here, _revoke_form(here, administration, held, number), give_again)


def _refusing(act: Callable[[], object]) -> None:
    """Do it; raise Refused with the words of what stands against it, and OutlastsOwn."""
    try:
        act()
    except OutlastsOwn:  # until when it may be given follows from the place
        raise
    except tuple(_REFUSALS) as exc:
        field, words = next(told for kind, told in _REFUSALS.items() if isinstance(exc, kind))
        raise Refused(**{field: words}) from None


def _new_form(here: Here, held: Held, giving: Giving, administration: Administration) -> Form:
    said, area = here.words, here.area
    *fields, ends = grant_fields(here, giving, administration)
    url, back = here.url(area, held.name, "grants", "new"), here.url(area, held.name)
    costs = [said["costs.new_grant"]] if area == "accounts" else []
    title = said["ask.new_grant"].format(name=held.name)
    return Form(
        title,
        url,
        said["send.grant"],
        back,
        (*fields, Field("begins", "date"), ends),
        costs,
        {"ends": giving.last_day()},
    )


def _revoke_form(here: Here, administration: Administration, held: Held, number: int) -> Form:
    said, area = here.words, here.area
    one = next((one for one in held.grants if one.id == number), None)
    if one is None:
        raise GrantUnknown(grant=number)
    where = one.jurisdiction_code or said["everywhere"]
    title = said["ask.revoke_grant"].format(name=held.name, role=said[f"role.{one.role}"], where=where)
    url, back = here.url(area, held.name, "grants", str(number), "revoke"), here.url(area, held.name)
    costs = [said[f"costs.revoke_grant.{area}"]]
    if outlasts_own(here, administration, [one], held.ends):
        costs.append(said["costs.not_given_again"])
    return Form(title, url, said["do.revoke_grant"], back, costs=costs)
