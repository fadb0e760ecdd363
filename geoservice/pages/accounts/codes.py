"""The pages of the second factor: where a code is asked for, and where it is set up and taken off."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from ipaddress import IPv4Network, IPv6Network

from flask import Blueprint, request
from werkzeug.wrappers import Response

from geoservice.auth.sessions import Session
from geoservice.pages.accounts.entry import entered, led_on
from geoservice.pages.accounts.rendering import (
    Refusal,
    address_of,
    code_page,
    enrolment_page,
    recovery_codes_page,
    refusal_of,
    second_factor_page,
    sign_in_page,
)
from geoservice.services.accounts.account_errors import (
    CodeRefused,
    PendingSignInOver,
    SecondFactorMissing,
    SecondFactorThere,
    SignInMustWait,
    SignInRefused,
)
from geoservice.services.accounts.second_factors import SecondFactorService
from geoservice.services.accounts.sessions import SessionService
from geoservice.web.addresses import caller_address, own_path
from geoservice.web.forms import FORM_TYPE, read_form
from geoservice.web.guard import Guard
from geoservice.web.sessions import (
    PASSWORD,
    SECOND_FACTOR,
    SIGN_IN,
    SIGN_IN_CODE,
    TOKEN_FIELD,
    ForeignPage,
    TokenMissing,
    require_own_page,
    require_token,
    shown_secret,
    signed_in,
)
from geoservice.web.streaming import streams
from layers.errors import TooBusy

Networks = Collection[IPv4Network | IPv6Network]
#: Where the secret is confirmed, and where it is taken off.
CONFIRM, OFF = f"{SECOND_FACTOR}/confirm", f"{SECOND_FACTOR}/off"
_Act = Callable[[Session, Mapping[str, str], str | None], Response]


def add_sign_in_code(blueprint: Blueprint, sessions: SessionService, guard: Guard, proxies: Networks) -> None:
    """Add the page that asks for a code after the password."""

    @blueprint.get(SIGN_IN_CODE)
    @guard("sign_in")
    def show_sign_in_code() -> Response:
        next_path, secret = own_path(request.args.get("next")), shown_secret(request, "code")
        if secret is None or not sessions.is_code_wanted(secret):
            return led_on(address_of(SIGN_IN, next=next_path))
        return code_page(next_path)

    @blueprint.post(SIGN_IN_CODE)
    @guard("sign_in")
    @streams(FORM_TYPE)
    def sign_in_with_code() -> Response:
        form, secret = read_form(), shown_secret(request, "code") or ""
        next_path = own_path(form.get("next"))
        try:
            require_own_page(request)
            begun = sessions.show_code(
                secret, form.get("code", ""), address=caller_address(request, proxies), before=shown_secret(request)
            )
        except (PendingSignInOver, SignInRefused) as exc:
            return sign_in_page(next_path, refusal=refusal_of(exc))
        except (ForeignPage, CodeRefused, SignInMustWait) as exc:
            return code_page(next_path, refusal=refusal_of(exc))
        return entered(begun, next_path)


def add_second_factor(blueprint: Blueprint, factors: SecondFactorService, guard: Guard, proxies: Networks) -> None:
    """Add the page where who is signed in sets up a second factor, and takes it off again."""

    @blueprint.get(SECOND_FACTOR)
    @guard("sign_in")
    def show_second_factor() -> Response:
        session, next_path = signed_in(), own_path(request.args.get("next"))
        if session is None:
            return led_on(address_of(SIGN_IN, next=address_of(SECOND_FACTOR, next=next_path)))
        if session.must_change:
            return led_on(address_of(PASSWORD, next=address_of(SECOND_FACTOR, next=next_path)))
        return second_factor_page(session, factors.standing(session.login), next_path)

    acts = _Forms(factors, proxies)
    for path, act in ((SECOND_FACTOR, acts.begin), (CONFIRM, acts.confirm), (OFF, acts.take_off)):
        view = guard("sign_in")(streams(FORM_TYPE)(partial(_acted, factors, act)))
        blueprint.add_url_rule(path, endpoint=f"second_factor_{act.__name__}", view_func=view, methods=["POST"])


class _Forms:
    """What forms of that page do."""

    def __init__(self, factors: SecondFactorService, proxies: Networks) -> None:
        self._factors, self._proxies = factors, proxies

    def begin(self, session: Session, form: Mapping[str, str], next_path: str | None) -> Response:
        address = caller_address(request, self._proxies)
        enrolment = self._factors.begin(session, form.get("current", ""), address=address)
        return enrolment_page(session, enrolment, next_path)

    def confirm(self, session: Session, form: Mapping[str, str], next_path: str | None) -> Response:
        try:
            codes = self._factors.confirm(session.login, form.get("code", ""), keep=shown_secret(request))
        except CodeRefused as exc:
            enrolment = self._factors.begun(session.login)
            if enrolment is None:
                raise
            return enrolment_page(session, enrolment, next_path, refusal=refusal_of(exc))
        return recovery_codes_page(session, codes, next_path)

    def take_off(self, session: Session, form: Mapping[str, str], next_path: str | None) -> Response:
        self._factors.take_off(session.login, form.get("code", ""), address=caller_address(request, self._proxies))
        return led_on(address_of(SECOND_FACTOR, next=next_path))


def _acted(factors: SecondFactorService, act: _Act) -> Response:
    """Do what somebody who is signed in sent a form for, or tell him why not."""
    form, session = read_form(), signed_in()
    next_path = own_path(form.get("next"))
    if session is None or session.must_change:
        return sign_in_page(next_path, refusal=Refusal(403, "signed_out"))
    try:
        require_own_page(request)
        require_token(session, form.get(TOKEN_FIELD))
        return act(session, form, next_path)
    except SignInRefused:
        refusal = Refusal(422, "wrong_password")
    except (
        ForeignPage, TokenMissing, CodeRefused, SecondFactorThere, SecondFactorMissing, SignInMustWait, TooBusy,
    ) as exc:  # fmt: skip
        refusal = refusal_of(exc)
    return second_factor_page(session, factors.standing(session.login), next_path, refusal=refusal)
