"""Accounts of people: who has one, make, disable, give a new password, take off the second factor."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response

from geoservice.errors import StaffUnknown
from geoservice.pages.admin.areas import Here
from geoservice.pages.admin.forms import sent, sent_as
from geoservice.pages.admin.giving import (
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
from geoservice.pages.admin.granted import (
    add_grants,
    grant_undo,
    grant_ways,
    granted_cells,
    grants_table,
)
from geoservice.pages.admin.model import Action, Cell, Field, Form, Refused, Table
from geoservice.pages.admin.rendering import form_page, secret_page, table_page, thing_page
from geoservice.pages.shell.choice import led_on
from geoservice.records.accounts.queries import StoredAccount
from geoservice.services.accounts.account_errors import AccountDisabled, AccountTaken
from geoservice.services.administration.accounts import OwnAccount
from geoservice.services.administration.service import Administration
from geoservice.web.forms import FORM_TYPE
from geoservice.web.guard import Guard
from geoservice.web.sessions import token_in_form
from geoservice.web.streaming import streams
from layers.errors import LastAdministrator, OutlastsOwn, RefusedByDatabase

#: In words of the columns.
COLUMNS = ("login", "role", "where", "staff", "state", "signed_in", "factor", "ends")
#: What can be done with an account. Enabling costs nothing: it is done at once, and is how disabling is undone.
ACTIONS = ("disable", "enable", "reset", "factor_off")


def add_accounts(blueprint: Blueprint, administration: Administration, guard: Guard) -> None:
    """Add the area."""

    @blueprint.get("/admin/<jurisdiction>/accounts")
    @guard("manage_accounts")
    def accounts(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "accounts")
        return table_page(here, [_table(here, administration)], ways=[Action("new.account", here.url("new-account"))])

    @blueprint.get("/admin/<jurisdiction>/new-account")
    @guard("manage_accounts")
    def new_account(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "accounts")
        return form_page(here, _new_form(here, giving_in(here, administration), administration))

    @blueprint.post("/admin/<jurisdiction>/new-account")
    @guard("manage_accounts")
    @token_in_form
    @streams(FORM_TYPE)
    def make_account(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "accounts")
        return sent_as(here, lambda fields: _making(here, administration, fields))

    @blueprint.get("/admin/<jurisdiction>/accounts/<login>")
    @guard("manage_accounts")
    def account(jurisdiction: str, login: str) -> Response:
        here = Here.of(administration, jurisdiction, "accounts")
        return _account_page(here, administration, login)

    add_grants(blueprint, administration, guard, "accounts", administration.accounts.held)

    @blueprint.get("/admin/<jurisdiction>/accounts/<login>/<action>")
    @guard("manage_accounts")
    def ask(jurisdiction: str, login: str, action: str) -> Response:
        here = Here.of(administration, jurisdiction, "accounts")
        found = administration.accounts.account(jurisdiction, login, here.identity)
        return form_page(here, _action_form(here, administration, found, action))

    @blueprint.post("/admin/<jurisdiction>/accounts/<login>/<action>")
    @guard("manage_accounts")
    @token_in_form
    @streams(FORM_TYPE)
    def act(jurisdiction: str, login: str, action: str) -> Response:
        here = Here.of(administration, jurisdiction, "accounts")
        found = administration.accounts.account(jurisdiction, login, here.identity)
        form = _action_form(here, administration, found, action)
        return sent(here, form, lambda values: _done(here, administration, found, action))


def _table(here: Here, administration: Administration) -> Table:
    rows = [_row(here, one) for one in administration.accounts.accounts(here.place.code, here.identity)]
    columns = [here.words[f"column.{name}"] for name in COLUMNS]
    return Table(here.words["area.accounts"], columns, rows, here.words["empty.accounts"])


def _row(here: Here, one: StoredAccount) -> list[Cell]:
    cells = _cells(here, one)
    return [Cell(one.login, here.url("accounts", one.login)), *(cells[name] for name in COLUMNS[1:])]


def _cells(here: Here, one: StoredAccount) -> dict[str, Cell]:
    said = here.words
    return granted_cells(here, one.grants) | {
        "state": _state(here, one),
        "signed_in": Cell(here.when(one.signed_in_at, said["never"])),
        "factor": Cell(said["yes" if one.has_second_factor else "no"]),
        "ends": Cell(here.last_day(one.expires_at, said["no_end"])),
    }


def _state(here: Here, one: StoredAccount) -> Cell:
    said = here.words
    if one.disabled_at is not None:
        return Cell(said["state.disabled"].format(at=here.when(one.disabled_at, "")), state="bad")
    if not one.is_open:
        return Cell(said["state.ended"], state="bad")
    return Cell(said["state.unused"], state="soon") if one.must_change else Cell(said["state.in_use"], state="good")


def _account_page(here: Here, administration: Administration, login: str) -> Response:
    accounts = administration.accounts
    one, held = (
        accounts.account(here.place.code, login, here.identity),
        accounts.held(here.place.code, login, here.identity),
    )
    made = Cell(here.words["made"].format(at=here.when(one.created_at, ""), by=one.created_by))
    ways = [
        Action(f"do.{name}", here.url("accounts", one.login, name), name == "enable")
        for name in _open(here, one, is_own=accounts.is_own_whole(one, here.identity))
    ]
    undo = ways[0] if request.args.get("done") == "disable" and one.disabled_at is not None and ways else None
    return thing_page(
        here, one.login, _cells(here, one) | {"made": made}, ways=[*ways, *grant_ways(here, "accounts", held)],
        undo=undo or grant_undo(here, "accounts", held), tables=[grants_table(here, "accounts", held)],
    )  # fmt: skip


def _open(here: Here, one: StoredAccount, *, is_own: bool) -> list[str]:
    """Return what whoever asks can do with an account: with his own nothing, for that he would shut himself out."""
    if here.identity.login == one.login or not is_own:
        return []
    if one.disabled_at is not None:
        return ["enable"]
    return ["reset", *(["factor_off"] if one.has_second_factor else []), "disable"]


def _action_form(here: Here, administration: Administration, one: StoredAccount, action: str) -> Form:
    if action not in ACTIONS:
        abort(404)
    said, back = here.words, here.url("accounts", one.login)
    costs = [said[f"costs.{action}"]]
    if action == "disable" and outlasts_own(here, administration, one.grants, one.expires_at):
        costs.append(said["costs.not_given_again"])
    title = said[f"ask.{action}"].format(name=one.login)
    return Form(title, here.url("accounts", one.login, action), said[f"do.{action}"], back, costs=costs)


def _done(here: Here, administration: Administration, one: StoredAccount, action: str) -> Response:
    accounts, asked = administration.accounts, (here.place.code, one.login, here.identity)
    try:
        if action == "reset":
            return _password_page(here, one.login, accounts.reset(*asked))
        {"disable": accounts.disable, "enable": accounts.enable, "factor_off": accounts.take_off_factor}[action](*asked)
    except OwnAccount:
        raise Refused(**{"": "error.own_account"}) from None
    except AccountDisabled:
        raise Refused(**{"": "error.disabled"}) from None
    except LastAdministrator:
        raise Refused(**{"": "error.last_administrator"}) from None
    except OutlastsOwn:
        raise of_longer_right(here, accounts.grants.gives_until(here.identity, here.place.code)) from None
    return led_on(here.url("accounts", one.login, done=action))


def _password_page(here: Here, login: str, password: str) -> Response:
    sentences = (here.words["once.password"], here.words["once.password.next"])
    title = here.words["once.password.title"].format(name=login)
    return secret_page(here, title, password, sentences, here.url("accounts", login))


def _new_form(here: Here, giving: Giving, administration: Administration) -> Form:
    said, fields = here.words, (Field("login", required=True), *grant_fields(here, giving, administration))
    values = {"ends": giving.last_day()}
    url, back = here.url("new-account"), here.url("accounts")
    return Form(said["new.account"], url, said["send.account"], back, fields, values=values)


def _making(
    here: Here, administration: Administration, fields: Mapping[str, str]
) -> tuple[Form, Callable[[Mapping[str, str]], Response]]:  # fmt: skip
    giving = giving_in(here, administration, fields)
    form = _new_form(here, giving, administration)
    return form, lambda values: _made(here, giving, administration, form, values)


def _made(
    here: Here, giving: Giving, administration: Administration, form: Form, values: Mapping[str, str]
) -> Response:  # fmt: skip
    if not values["login"]:
        raise Refused(login="error.login")
    role, place, holder = holder_in(values, form)
    expires_at = end_given(giving, values)
    try:
        password = administration.accounts.create(
            values["login"], role, jurisdiction=place, staff=holder, expires_at=expires_at,
            identity=giving.there.identity,
        )  # fmt: skip
    except AccountTaken:
        raise Refused(login="error.login_taken") from None
    except StaffUnknown:
        raise Refused(staff="error.choose") from None
    except OutlastsOwn:
        raise too_long(giving) from None
    except RefusedByDatabase:  # what else it refuses is looked at above
        raise Refused(login="error.login") from None
    return _password_page(here if is_told_here(here, giving) else giving.there, values["login"], password)
