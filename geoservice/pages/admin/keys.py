"""Keys of programs: which there are, make, give another secret, revoke."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network

from flask import Blueprint
from werkzeug.wrappers import Response

from geoservice.errors import PersonalNumberRefused, StaffUnknown
from geoservice.pages.admin.areas import Here
from geoservice.pages.admin.forms import chosen_in, sent, sent_as
from geoservice.pages.admin.giving import (
    Giving,
    end_given,
    giving_in,
    grant_fields,
    holder_in,
    is_told_here,
    of_longer_right,
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
from geoservice.records.keys.queries import StoredKey
from geoservice.services.administration.service import Administration
from geoservice.services.keys import LASTS, KeyUnknown, put_off
from geoservice.web.forms import FORM_TYPE
from geoservice.web.guard import Guard
from geoservice.web.sessions import token_in_form
from geoservice.web.streaming import streams
from layers.errors import OutlastsOwn, RefusedByDatabase

#: In words of the columns.
COLUMNS = ("label", "key", "role", "where", "staff", "state", "networks", "used", "ends", "made")
#: For how long the secret before may be good, too, in hours; 0: it ends at once.
OVERLAPS_H = (0, 1, 24, 7 * 24, 30 * 24)
_OVERLAP_FIRST_H = 7 * 24
_ENDS_SOON = timedelta(days=30)
_NETWORKS_MOST = 20


def add_keys(blueprint: Blueprint, administration: Administration, guard: Guard) -> None:
    """Add the area."""

    @blueprint.get("/admin/<jurisdiction>/keys")
    @guard("manage_keys")
    def keys(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "keys")
        rows = [_row(here, one) for one in administration.keys.keys(jurisdiction, here.identity)]
        columns = [here.words[f"column.{name}"] for name in COLUMNS]
        table = Table(here.words["area.keys"], columns, rows, here.words["empty.keys"])
        return table_page(here, [table], ways=[Action("new.key", here.url("new-key"))])

    @blueprint.get("/admin/<jurisdiction>/new-key")
    @guard("manage_keys")
    def new_key(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "keys")
        return form_page(here, _new_form(here, giving_in(here, administration), administration))

    @blueprint.post("/admin/<jurisdiction>/new-key")
    @guard("manage_keys")
    @token_in_form
    @streams(FORM_TYPE)
    def make_key(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "keys")
        return sent_as(here, lambda fields: _making(here, administration, fields))

    @blueprint.get("/admin/<jurisdiction>/keys/<id>")
    @guard("manage_keys")
    def key(jurisdiction: str, id: str) -> Response:
        here = Here.of(administration, jurisdiction, "keys")
        return _key_page(here, administration, id)

    add_grants(blueprint, administration, guard, "keys", administration.keys.held)
    _add_changes(blueprint, administration, guard)


def _add_changes(blueprint: Blueprint, administration: Administration, guard: Guard) -> None:
    @blueprint.get("/admin/<jurisdiction>/keys/<id>/rotate", defaults={"action": "rotate"})
    @blueprint.get("/admin/<jurisdiction>/keys/<id>/revoke", defaults={"action": "revoke"})
    @guard("manage_keys")
    def ask_key(jurisdiction: str, id: str, action: str) -> Response:
        here = Here.of(administration, jurisdiction, "keys")
        one = administration.keys.key(jurisdiction, id, here.identity)
        return form_page(
            here, _revoke_form(here, one) if action == "revoke" else _rotate_form(here, administration, one)
        )

    @blueprint.post("/admin/<jurisdiction>/keys/<id>/rotate")
    @guard("manage_keys")
    @token_in_form
    @streams(FORM_TYPE)
    def rotate_key(jurisdiction: str, id: str) -> Response:
        here = Here.of(administration, jurisdiction, "keys")
        form = _rotate_form(here, administration, administration.keys.key(jurisdiction, id, here.identity))
        return sent(here, form, lambda values: _rotated(here, administration, id, form, values))

    @blueprint.post("/admin/<jurisdiction>/keys/<id>/revoke")
    @guard("manage_keys")
    @token_in_form
    @streams(FORM_TYPE)
    def revoke_key(jurisdiction: str, id: str) -> Response:
        here = Here.of(administration, jurisdiction, "keys")
        form = _revoke_form(here, administration.keys.key(jurisdiction, id, here.identity))
        return sent(here, form, lambda values: _revoked(here, administration, id))


def _row(here: Here, one: StoredKey) -> list[Cell]:
    cells = _cells(here, one)
    return [Cell(one.label, here.url("keys", one.id)), *(cells[name] for name in COLUMNS[1:])]


def _cells(here: Here, one: StoredKey) -> dict[str, Cell]:
    said = here.words
    networks = ", ".join(map(str, one.networks))
    return {
        "key": Cell(one.id),
        **granted_cells(here, one.grants),
        "state": _state(here, one),
        "networks": Cell(networks or said["networks.any"]),
        "used": Cell(here.when(one.used_at, said["never"])),
        "ends": Cell(here.last_day(one.expires_at, said["no_end"])),
        "made": Cell(said["made"].format(at=here.when(one.created_at, ""), by=one.created_by)),
    }


def _is_in_use(one: StoredKey) -> bool:
    return one.revoked_at is None and (one.expires_at is None or one.expires_at > datetime.now(UTC))


def _state(here: Here, one: StoredKey) -> Cell:
    said, now = here.words, datetime.now(UTC)
    if one.revoked_at is not None:
        return Cell(said["state.revoked"].format(at=here.when(one.revoked_at, "")), state="bad")
    if not _is_in_use(one):
        return Cell(said["state.ended"], state="bad")
    if one.previous_until is not None and one.previous_until > now:
        return Cell(said["state.two_secrets"].format(at=here.when(one.previous_until, "")), state="soon")
    if one.expires_at is not None and one.expires_at < now + _ENDS_SOON:
        return Cell(said["state.ends_soon"], state="soon")
    return Cell(said["state.in_use"], state="good")


def _key_page(here: Here, administration: Administration, id: str) -> Response:
    keys = administration.keys
    one, held = keys.key(here.place.code, id, here.identity), keys.held(here.place.code, id, here.identity)
    is_open = _is_in_use(one) and keys.is_own_whole(one, here.identity)
    ways = [Action(f"do.{name}", here.url("keys", one.id, name)) for name in ("rotate", "revoke")] if is_open else []
    return thing_page(
        here, one.label, _cells(here, one), ways=[*ways, *grant_ways(here, "keys", held)],
        undo=grant_undo(here, "keys", held), tables=[grants_table(here, "keys", held)],
    )  # fmt: skip


def _new_form(here: Here, giving: Giving, administration: Administration) -> Form:
    said, lasts = here.words, (here.today + LASTS).isoformat()
    fields = (
        Field("label", required=True), *grant_fields(here, giving, administration), Field("networks", "area"),
    )  # fmt: skip
    values = {"ends": min(lasts, giving.last_day() or lasts)}
    made = [(one.created_at, one.id) for one in administration.keys.keys(here.place.code, here.identity)]
    return Form(
        said["new.key"], here.url("new-key"), said["send.key"], here.url("keys"), fields, values=values,
        # Sent twice by mistake it would make a second key.
        stored={"newest": str(max(made, default=None))}, changed="error.key_made",
    )  # fmt: skip


def _rotate_form(here: Here, administration: Administration, one: StoredKey) -> Form:
    said = here.words
    overlaps = [(str(hours), said[f"overlap.{hours}"]) for hours in OVERLAPS_H]
    fields = (Field("overlap", "select", overlaps, required=True),)
    costs = [said["costs.rotate"], *_end_told(here, administration, one)]
    return Form(
        said["ask.rotate"].format(name=one.label), here.url("keys", one.id, "rotate"), said["do.rotate"],
        here.url("keys", one.id), fields, costs, {"overlap": str(_OVERLAP_FIRST_H)},
        stored={"until": str(one.previous_until)},  # sent twice by mistake it would end the secret that is in use
    )  # fmt: skip


def _end_told(here: Here, administration: Administration, one: StoredKey) -> list[str]:
    """Return until when a key with an end is good when it is rotated, in a sentence."""
    own_end, until = administration.keys.gives_until(one, here.identity), datetime.now(UTC) + LASTS
    ends = put_off(one.expires_at, until, own_end)
    if ends is None:
        return []
    word = "costs.rotate.end" if ends == until else "costs.rotate.own_end"
    return [here.words[word].format(day=here.last_day(ends, ""))]


def _revoke_form(here: Here, one: StoredKey) -> Form:
    said = here.words
    used = said["costs.revoke.used"].format(at=here.when(one.used_at, said["never"]))
    return Form(
        said["ask.revoke"].format(name=one.label), here.url("keys", one.id, "revoke"), said["do.revoke"],
        here.url("keys", one.id), costs=[said["costs.revoke"], used],
    )  # fmt: skip


def _making(
    here: Here, administration: Administration, fields: Mapping[str, str]
) -> tuple[Form, Callable[[Mapping[str, str]], Response]]:  # fmt: skip
    giving = giving_in(here, administration, fields)
    form = _new_form(here, giving, administration)
    return form, lambda values: _made(here, giving, administration, form, values)


def _made(
    here: Here, giving: Giving, administration: Administration, form: Form, values: Mapping[str, str]
) -> Response:  # fmt: skip
    if not values["label"]:
        raise Refused(label="error.label")
    role, place, holder = holder_in(values, form)
    networks, expires_at = _networks_in(values), end_given(giving, values)
    try:
        text = administration.keys.create(
            role, values["label"], jurisdiction=place, staff=holder, networks=networks, expires_at=expires_at,
            identity=giving.there.identity,
        )  # fmt: skip
    except StaffUnknown:
        raise Refused(staff="error.choose") from None
    except OutlastsOwn:
        raise too_long(giving) from None
    except (PersonalNumberRefused, RefusedByDatabase):  # what else it refuses is looked at above
        raise Refused(label="error.label") from None
    title = here.words["once.key.title"].format(name=values["label"])
    back = (here if is_told_here(here, giving) else giving.there).url("keys")
    return secret_page(here, title, text, [here.words["once.key"]], back)


def _networks_in(values: Mapping[str, str]) -> list[IPv4Network | IPv6Network]:
    """Return the networks that a form names, with spaces, commas or lines between them. Raise Refused."""
    written = values["networks"].replace(",", " ").split()
    if len(written) > _NETWORKS_MOST:
        raise Refused(networks="error.networks")
    try:
        return [ip_network(one) for one in written]
    except ValueError:
        raise Refused(networks="error.networks") from None


def _rotated(here: Here, administration: Administration, id: str, form: Form, values: Mapping[str, str]) -> Response:
    overlap = timedelta(hours=int(chosen_in(values, form, "overlap")))
    try:
        text, until = administration.keys.rotate(
            here.place.code, id, here.identity, overlap=overlap, lasts=LASTS
        )  # fmt: skip
    except KeyUnknown:
        raise Refused(**{"": "error.key_over"}) from None
    except OutlastsOwn:
        raise of_longer_right(
            here, administration.accounts.grants.gives_until(here.identity, here.place.code)
        ) from None
    label = administration.keys.key(here.place.code, id, here.identity).label
    sentences = (here.words["once.key"], here.words["once.rotated"].format(at=here.when(until, "")))
    title = here.words["once.key.title"].format(name=label)
    return secret_page(here, title, text, sentences, here.url("keys", id))


def _revoked(here: Here, administration: Administration, id: str) -> Response:
    try:
        administration.keys.revoke(here.place.code, id, here.identity)
    except KeyUnknown:
        raise Refused(**{"": "error.key_over"}) from None
    return led_on(here.url("keys", id, done="revoke"))
