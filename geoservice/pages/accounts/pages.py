"""The sign-in pages over HTTP: forms that need no script."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from ipaddress import IPv4Network, IPv6Network

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from geoservice.auth.model import Role
from geoservice.auth.passwords import PasswordUnfit
from geoservice.auth.sessions import Session
from geoservice.maps.assets import AssetsMissing
from geoservice.pages.accounts.rendering import Refusal, address_of, password_page, refusal_of, sign_in_page
from geoservice.pages.shell.files import assets_missing
from geoservice.services.accounts.account_errors import SignInMustWait, SignInRefused
from geoservice.services.accounts.sessions import NewSession, SessionService
from geoservice.web.addresses import caller_address, own_path
from geoservice.web.forms import FORM_TYPE, read_form
from geoservice.web.guard import Guard
from geoservice.web.sessions import (
    PASSWORD,
    SIGN_IN,
    SIGN_OUT,
    TOKEN_FIELD,
    ForeignPage,
    TokenMissing,
    forget_session,
    require_own_page,
    require_token,
    set_session,
    shown_secret,
    signed_in,
)
from geoservice.web.streaming import streams
from layers.errors import TooBusy

#: Where whoever signed in begins, unless he came from somewhere.
_HOMES = {Role.OFFICER: "/officer", Role.DISPATCHER: "/desk", Role.AUDITOR: "/audit"}
Networks = Collection[IPv4Network | IPv6Network]


def accounts_blueprint(sessions: SessionService, guard: Guard, *, proxies: Networks) -> Blueprint:
    """Return the pages, each behind the guard, which lets everybody to them: they look for themselves who is who.

    Parameters
    ----------
    proxies
        Networks whose `X-Forwarded-For` is believed: failures are counted by whom they heard.
    """
    blueprint = Blueprint("accounts", __name__)
    _add_sign_in(blueprint, sessions, guard, proxies)
    _add_sign_out(blueprint, sessions, guard)
    _add_password(blueprint, sessions, guard, proxies)
    blueprint.register_error_handler(AssetsMissing, assets_missing)
    return blueprint


def _add_sign_in(blueprint: Blueprint, sessions: SessionService, guard: Guard, proxies: Networks) -> None:
    @blueprint.get(SIGN_IN)
    @guard("sign_in")
    def show_sign_in() -> Response:
        return sign_in_page(own_path(request.args.get("next")))

    @blueprint.post(SIGN_IN)
    @guard("sign_in")
    @streams(FORM_TYPE)
    def sign_in() -> WerkzeugResponse:
        form = read_form()
        login, next_path = form.get("login", ""), own_path(form.get("next"))
        try:
            require_own_page(request)
            begun = sessions.sign_in(
                login, form.get("password", ""), address=caller_address(request, proxies), before=shown_secret(request)
            )
        except (ForeignPage, SignInRefused, SignInMustWait, TooBusy) as exc:
            return sign_in_page(next_path, login=login, refusal=refusal_of(exc))
        return _entered(begun, next_path)


def _add_sign_out(blueprint: Blueprint, sessions: SessionService, guard: Guard) -> None:
    @blueprint.post(SIGN_OUT)
    @guard("sign_in")
    @streams(FORM_TYPE)
    def sign_out() -> WerkzeugResponse:
        form, session, secret = read_form(), signed_in(), shown_secret(request)
        try:
            require_own_page(request)
            if session is not None and secret is not None:
                require_token(session, form.get(TOKEN_FIELD))
                sessions.sign_out(secret)
        except (ForeignPage, TokenMissing) as exc:
            return sign_in_page(None, refusal=refusal_of(exc))
        response = _led_on(address_of(SIGN_IN))
        forget_session(response, request)
        return response


def _add_password(blueprint: Blueprint, sessions: SessionService, guard: Guard, proxies: Networks) -> None:
    @blueprint.get(PASSWORD)
    @guard("sign_in")
    def show_password() -> WerkzeugResponse:
        session, next_path = signed_in(), own_path(request.args.get("next"))
        if session is None:
            return _led_on(address_of(SIGN_IN, next=address_of(PASSWORD, next=next_path)))
        return password_page(session, next_path)

    @blueprint.post(PASSWORD)
    @guard("sign_in")
    @streams(FORM_TYPE)
    def change_password() -> WerkzeugResponse:
        form, session = read_form(), signed_in()
        next_path = own_path(form.get("next"))
        if session is None:
            return sign_in_page(next_path, refusal=Refusal(403, "signed_out"))
        try:
            require_own_page(request)
            require_token(session, form.get(TOKEN_FIELD))
            changed = _changed_password(sessions, session, form, proxies)
        except SignInRefused:
            return password_page(session, next_path, refusal=Refusal(422, "wrong_password"))
        except (ForeignPage, TokenMissing, PasswordUnfit, SignInMustWait, TooBusy) as exc:
            return password_page(session, next_path, refusal=refusal_of(exc))
        return _entered(changed, next_path)


def _changed_password(
    sessions: SessionService, session: Session, form: Mapping[str, str], proxies: Networks
) -> NewSession:  # fmt: skip
    new = form.get("new", "")
    if new != form.get("again", ""):
        raise PasswordUnfit(reason="differ")
    address = caller_address(request, proxies)
    return sessions.change_password(session.login, form.get("current", ""), new, address=address)


def _entered(begun: NewSession, next_path: str | None) -> WerkzeugResponse:
    """Lead on whoever signed in, with the secret that is his from now on."""
    home = address_of(_HOMES.get(begun.role, "/"))
    response = _led_on(address_of(PASSWORD, next=next_path) if begun.must_change else next_path or home)
    set_session(response, request, begun.secret)
    return response


def _led_on(address: str) -> WerkzeugResponse:
    response = redirect(address, 303)
    response.headers["Cache-Control"] = "no-store"
    return response
