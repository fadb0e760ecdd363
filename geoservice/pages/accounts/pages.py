"""The sign-in pages over HTTP: forms that need no script."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from ipaddress import IPv4Network, IPv6Network

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as WerkzeugResponse

from geoservice.auth.model import Role
from geoservice.auth.passwords import PasswordUnfit
from geoservice.auth.sessions import Session
from geoservice.maps.assets import AssetsMissing
from geoservice.pages.accounts.codes import add_second_factor, add_sign_in_code
from geoservice.pages.accounts.entry import entered, led_on
from geoservice.pages.accounts.providers import add_provider
from geoservice.pages.accounts.rendering import (
    PROVIDER_NAME,
    Refusal,
    address_of,
    password_page,
    refusal_of,
    sign_in_page,
)
from geoservice.pages.shell.files import assets_missing
from geoservice.services.accounts.account_errors import SignInMustWait, SignInRefused
from geoservice.services.accounts.providers import ProviderSignInService
from geoservice.services.accounts.second_factors import SecondFactorService
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
    shown_secret,
    signed_in,
)
from geoservice.web.streaming import streams
from layers.errors import TooBusy

Networks = Collection[IPv4Network | IPv6Network]


def accounts_blueprint(
    sessions: SessionService, second_factors: SecondFactorService, provider: ProviderSignInService | None,
    guard: Guard, *, proxies: Networks,
) -> Blueprint:  # fmt: skip
    """Return the pages, each behind the guard, which lets everybody to them: they look for themselves who is who.

    Parameters
    ----------
    provider
        Where people may sign in by an identity provider.
    proxies
        Networks whose `X-Forwarded-For` is believed: failures are counted by whom they heard.
    """
    blueprint = Blueprint("accounts", __name__)
    _add_sign_in(blueprint, sessions, guard, proxies)
    _add_sign_out(blueprint, sessions, guard)
    _add_password(blueprint, sessions, guard, proxies)
    add_sign_in_code(blueprint, sessions, guard, proxies)
    add_second_factor(blueprint, second_factors, guard, proxies)
    if provider is not None:
        add_provider(blueprint, provider, guard, proxies)
        name = provider.name
        blueprint.record_once(lambda state: state.app.extensions.update({PROVIDER_NAME: name}))
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
        return entered(begun, next_path)


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
        # The officers' page forgets what this browser kept for it.
        is_officer = session is not None and any(one.role is Role.OFFICER for one in session.identity.held)
        response = led_on(address_of("/officer" if is_officer else SIGN_IN))
        forget_session(response, request)
        return response


def _add_password(blueprint: Blueprint, sessions: SessionService, guard: Guard, proxies: Networks) -> None:
    @blueprint.get(PASSWORD)
    @guard("sign_in")
    def show_password() -> WerkzeugResponse:
        session, next_path = signed_in(), own_path(request.args.get("next"))
        if session is None:
            return led_on(address_of(SIGN_IN, next=address_of(PASSWORD, next=next_path)))
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
        return entered(changed, next_path)


def _changed_password(
    sessions: SessionService, session: Session, form: Mapping[str, str], proxies: Networks
) -> NewSession:  # fmt: skip
    new = form.get("new", "")
    if new != form.get("again", ""):
        raise PasswordUnfit(reason="differ")
    address = caller_address(request, proxies)
    return sessions.change_password(session.login, form.get("current", ""), new, address=address)
