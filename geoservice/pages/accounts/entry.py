"""Where whoever signed in is led, with the secret that is his from now on."""

from __future__ import annotations

from flask import redirect, request
from werkzeug.wrappers import Response

from geoservice.auth.model import Role
from geoservice.pages.accounts.rendering import address_of
from geoservice.services.accounts.sessions import CODE_PATIENCE_S, CodePending, NewSession
from geoservice.web.sessions import (
    PASSWORD,
    SECOND_FACTOR,
    SIGN_IN_CODE,
    forget_session,
    set_session,
    set_step,
    shown_secret,
)

#: Where whoever signed in begins, unless he came from somewhere: the first that a role of his has.
_HOMES = {Role.DISPATCHER: "/desk", Role.OFFICER: "/officer", Role.AUDITOR: "/audit"}


def entered(begun: NewSession | CodePending, next_path: str | None) -> Response:
    """Lead on whoever signed in, or to where a code is asked for."""
    if isinstance(begun, CodePending):
        response = led_on(address_of(SIGN_IN_CODE, next=next_path))
        set_step(response, request, "code", begun.secret, patience_s=CODE_PATIENCE_S)
        return response
    first = PASSWORD if begun.must_change else SECOND_FACTOR if begun.must_enrol else None
    home = address_of(next((home for role, home in _HOMES.items() if role in begun.roles), "/"))
    response = led_on(next_path or home if first is None else address_of(first, next=next_path))
    set_session(response, request, begun.secret)
    if shown_secret(request, "code") is not None:
        forget_session(response, request, "code")
    return response


def led_on(address: str) -> Response:
    """Lead on to an address of this service; nobody keeps that he was."""
    response = redirect(address, 303)
    response.headers["Cache-Control"] = "no-store"
    return response
