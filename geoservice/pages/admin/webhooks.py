"""Webhooks and their ledger: which there are, make, disable, send again, give another secret, remove."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response

from geoservice.auth.permissions import Permission, homes_with
from geoservice.domain.privacy import holds_personal_number
from geoservice.errors import PersonalNumberRefused, WebhookUnknown
from geoservice.pages.admin.areas import Here
from geoservice.pages.admin.forms import FormErrors, chosen_in, sent
from geoservice.pages.admin.model import Action, Cell, Field, Form, Refused, State, Table
from geoservice.pages.admin.rendering import form_page, secret_page, table_page, thing_page
from geoservice.pages.shell.choice import led_on
from geoservice.records.webhooks.model import Delivery, Webhook
from geoservice.services.administration.own import is_own
from geoservice.services.administration.service import Administration
from geoservice.web.forms import FORM_TYPE
from geoservice.web.guard import Guard
from geoservice.web.sessions import token_in_form
from geoservice.web.streaming import streams
from geoservice.webhooks.addresses import read_url
from geoservice.webhooks.webhook_errors import AddressRefused, HostNotFound, UrlRefused, WebhookRefused
from layers.errors import RefusedByDatabase

#: In words of the columns.
COLUMNS = ("webhook", "label", "host", "where", "events", "state", "waiting", "dead", "made")
LEDGER = ("event", "type", "at", "state", "attempts", "answer")
#: What can be done with a webhook; switching it on again is done at once, and is how switching off is undone.
ACTIONS = ("off", "on", "resend", "secret", "remove")
#: What may be sent: everything, or events of one kind.
_EVENTS = ("all", "incident", "edition")
#: Which of the three reasons there are against an address it was.
_ADDRESS_ERRORS: tuple[tuple[type[WebhookRefused], str], ...] = (
    (UrlRefused, "error.url_form"), (HostNotFound, "error.url_host"), (AddressRefused, "error.url_place"),
)  # fmt: skip
_LABEL_LENGTH = 200
_DELIVERIES = 50
_NUMBER_LENGTH = 9
_STATES: dict[str, State] = {"waiting": "soon", "delivered": "good", "dead": "bad"}


def add_webhooks(blueprint: Blueprint, administration: Administration, guard: Guard) -> None:
    """Add the area."""

    @blueprint.get("/admin/<jurisdiction>/webhooks")
    @guard("manage_webhooks")
    def webhooks(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "webhooks")
        rows = [_row(here, one) for one in _own(here, administration)]
        columns = [here.words[f"column.{name}"] for name in COLUMNS]
        table = Table(here.words["area.webhooks"], columns, rows, here.words["empty.webhooks"])
        return table_page(here, [table], ways=[Action("new.webhook", here.url("new-webhook"))])

    @blueprint.get("/admin/<jurisdiction>/new-webhook")
    @guard("manage_webhooks")
    def new_webhook(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "webhooks")
        return form_page(here, _new_form(here))

    @blueprint.post("/admin/<jurisdiction>/new-webhook")
    @guard("manage_webhooks")
    @token_in_form
    @streams(FORM_TYPE)
    def make_webhook(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "webhooks")
        form = _new_form(here)
        return sent(here, form, lambda values: _made(here, administration, form, values))

    @blueprint.get("/admin/<jurisdiction>/webhooks/<id>")
    @guard("manage_webhooks")
    def webhook(jurisdiction: str, id: str) -> Response:
        here = Here.of(administration, jurisdiction, "webhooks")
        return _webhook_page(here, administration, _found(here, administration, id))

    @blueprint.get("/admin/<jurisdiction>/webhooks/<id>/<action>")
    @guard("manage_webhooks")
    def ask_webhook(jurisdiction: str, id: str, action: str) -> Response:
        here = Here.of(administration, jurisdiction, "webhooks")
        return form_page(here, _action_form(here, _found(here, administration, id), action))

    @blueprint.post("/admin/<jurisdiction>/webhooks/<id>/<action>")
    @guard("manage_webhooks")
    @token_in_form
    @streams(FORM_TYPE)
    def act_webhook(jurisdiction: str, id: str, action: str) -> Response:
        here = Here.of(administration, jurisdiction, "webhooks")
        found = _found(here, administration, id)
        form = _action_form(here, found, action)
        return sent(here, form, lambda values: _done(here, administration, found, action, values))


def _own(here: Here, administration: Administration) -> list[Webhook]:
    every = administration.webhooks.webhooks()
    return [
        one
        for one in every
        if is_own(one.jurisdiction_code, here.place.code, here.identity, Permission.MANAGE_WEBHOOKS)
    ]


def _found(here: Here, administration: Administration, id: str) -> Webhook:
    found = next((one for one in _own(here, administration) if str(one.id) == id), None)
    if found is None:
        raise WebhookUnknown(webhook=id[:_NUMBER_LENGTH])
    return found


def _row(here: Here, one: Webhook) -> list[Cell]:
    cells = _cells(here, one)
    return [Cell(str(one.id), here.url("webhooks", str(one.id))), *(cells[name] for name in COLUMNS[1:])]


def _cells(here: Here, one: Webhook) -> dict[str, Cell]:
    said = here.words
    kinds = sorted(one.topics.get("type", ()))
    off = one.disabled_at is not None
    state = Cell(said["state.off"].format(reason=one.disabled_reason), state="bad") if off else (
        Cell(said["state.in_use"], state="good")
    )  # fmt: skip
    return {
        "label": Cell(one.label or "—"),
        "host": Cell(urlsplit(one.url).netloc.rpartition("@")[2]),
        "where": Cell(one.jurisdiction_code or said["everywhere"]),
        "events": Cell(", ".join(said.get(f"events.{kind}", kind) for kind in kinds) or said["events.all"]),
        "state": state,
        "waiting": Cell(f"{one.waiting:,}"),
        "dead": Cell(f"{one.dead:,}", state="bad" if one.dead else ""),
        "made": Cell(said["made"].format(at=here.when(one.created_at, ""), by=one.created_by)),
    }


def _webhook_page(here: Here, administration: Administration, one: Webhook) -> Response:
    before = request.args.get("before", "")
    number = int(before) if before.isascii() and before.isdecimal() and len(before) <= _NUMBER_LENGTH else None
    sent_before = administration.webhooks.deliveries(one.id, before=number, limit=_DELIVERIES)
    columns = [here.words[f"column.{name}"] for name in LEDGER]
    rows = [_delivery(here, each) for each in sent_before]
    ledger = Table(here.words["table.deliveries"], columns, rows, here.words["empty.deliveries"])
    off = one.disabled_at is not None
    names = [*(["resend"] if one.dead else []), "secret", "remove", "on" if off else "off"]
    ways = [Action(f"do.{name}", here.url("webhooks", str(one.id), name), name == "on") for name in names]
    undo = ways[-1] if off and request.args.get("done") == "off" else None
    older = here.url("webhooks", str(one.id), before=str(sent_before[-1].number)) if len(rows) == _DELIVERIES else ""
    more = Action("older", older) if older else None
    return thing_page(
        here, one.label or str(one.id), _cells(here, one), ways=ways, undo=undo, tables=[ledger], more=more
    )


def _delivery(here: Here, one: Delivery) -> list[Cell]:
    answer = " ".join(str(part) for part in (one.last_status, one.last_reason) if part is not None)
    state = Cell(here.words[f"delivery.{one.status}"], state=_STATES[one.status])
    return [
        Cell(f"{one.number:,}"), Cell(one.type), Cell(here.when(one.at, "")), state, Cell(str(one.attempts)),
        Cell(answer or "—"),
    ]  # fmt: skip


def _new_form(here: Here) -> Form:
    said = here.words
    places = [(here.place.code, here.place.name)]
    if None in homes_with(here.identity, Permission.MANAGE_WEBHOOKS):
        places.append(("", said["everywhere"]))
    events = [(kind, said[f"events.{kind}"]) for kind in _EVENTS]
    fields = (
        Field("url", required=True), Field("label"), Field("place", "select", places),
        Field("events", "select", events),
    )  # fmt: skip
    return Form(said["new.webhook"], here.url("new-webhook"), said["send.webhook"], here.url("webhooks"), fields)


def _made(here: Here, administration: Administration, form: Form, values: Mapping[str, str]) -> Response:
    _gather(values, form)
    place, events = values["place"], values["events"]
    topics = {} if events == "all" else {"type": frozenset({events})}
    same = (read_url(values["url"]).text, topics, place or None)
    # A form that was sent twice would have everything told twice.
    if any((one.url, one.topics, one.jurisdiction_code) == same for one in _own(here, administration)):
        raise Refused(url="error.url_there")
    try:
        made, secret = administration.webhooks.add(
            values["url"], topics=topics, label=values["label"], jurisdiction_code=place or None,
            actor=here.identity.actor,
        )  # fmt: skip
    except WebhookRefused as exc:
        raise Refused(url=_address_error(exc)) from None
    except (PersonalNumberRefused, RefusedByDatabase):
        raise Refused(label="error.label") from None
    return _secret_page(here, made, secret, "once.webhook")


def _gather(values: Mapping[str, str], form: Form) -> None:
    """Raise Refused with all that is wrong; where an address leads is looked up when all else is right."""
    wrong = FormErrors()
    for name in ("place", "events"):
        with wrong.reading():
            chosen_in(values, form, name)
    if len(values["label"]) > _LABEL_LENGTH or holds_personal_number(values["label"]):
        wrong.refuse("label", "error.label")
    try:
        read_url(values["url"])
    except WebhookRefused as exc:
        wrong.refuse("url", _address_error(exc))
    wrong.end()


def _address_error(refused: WebhookRefused) -> str:
    return next((error for kind, error in _ADDRESS_ERRORS if isinstance(refused, kind)), "error.url_form")


def _secret_page(here: Here, one: Webhook, secret: str, *sentences: str) -> Response:
    title, said = here.words["once.webhook.title"].format(name=one.label or one.id), here.words
    return secret_page(here, title, secret, [said[each] for each in sentences], here.url("webhooks", str(one.id)))


def _action_form(here: Here, one: Webhook, action: str) -> Form:
    if action not in ACTIONS:
        abort(404)
    said, until = here.words, one.previous_secret_until
    fields = (Field("reason"),) if action == "off" else ()
    costs = [said[f"costs.{action}"].format(n=f"{one.dead:,}", waiting=f"{one.waiting:,}")]
    if action == "secret" and until is not None and until > datetime.now(UTC):
        costs.append(said["costs.secret_again"].format(at=here.when(until, "")))
    return Form(
        said[f"ask.{action}"].format(name=one.label or one.id), here.url("webhooks", str(one.id), action),
        said[f"do.{action}"], here.url("webhooks", str(one.id)), fields, costs,
        # Sent twice by mistake it would end the secret that the receiver has.
        stored={"until": str(until)} if action == "secret" else None,
    )  # fmt: skip


def _done(
    here: Here, administration: Administration, one: Webhook, action: str, values: Mapping[str, str]
) -> Response:  # fmt: skip
    webhooks, actor = administration.webhooks, here.identity.actor
    try:
        if action == "off":
            webhooks.disable(one.id, values["reason"] or "by hand", actor=actor)
        elif action == "on":
            webhooks.enable(one.id, actor=actor)
        elif action == "secret":
            return _secret_page(here, one, webhooks.rotate(one.id, actor=actor), "once.webhook", "once.secret_before")
        elif action == "remove":
            webhooks.remove(one.id, actor=actor)
            return led_on(here.url("webhooks", done="webhook_removed"))
        else:
            webhooks.replay(one.id, actor=actor)
    except (PersonalNumberRefused, RefusedByDatabase):
        raise Refused(reason="error.reason") from None
    return led_on(here.url("webhooks", str(one.id), done=action))
