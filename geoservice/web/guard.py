"""Who may enter: every route carries the permission it needs, and a route without one lets nobody in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Request, g

from geoservice.auth.model import PUBLIC, Identity
from geoservice.auth.permissions import Permission, may, roles_with
from geoservice.auth.scope import see_as, see_as_before, see_nothing
from geoservice.web.parsing import Forbidden, NotHere, Unauthorised
from geoservice.web.pipeline import Step
from geoservice.web.sessions import FindSession, PasswordToChange, require_intent, session_of, signed_in

View = TypeVar("View", bound=Callable[..., Any])
Identify = Callable[[str], Identity | None]

#: Where a view keeps its permission; functools.wraps carries it outwards.
LABEL = "__permission__"


def guard(permission: str) -> Callable[[View], View]:
    """Label a view with the permission it needs; `enforce` reads the label before anything else happens."""
    needed = Permission(permission)

    def label(view: View) -> View:
        setattr(view, LABEL, needed)
        return view

    return label


def enforce(app: Flask, identify: Identify, identify_for_look_up: Identify, find_session: FindSession) -> Step:
    """Return the step that checks every request against its view's label.

    Parameters
    ----------
    identify
        Returns who shows a key, None when nobody does.
    identify_for_look_up
        The same for views that only look up who owns a place; they must answer without a database.
    find_session
        Returns who is signed in, by the secret of the session; it is asked when no key is shown.
    """

    def check(request: Request) -> None:
        g.seen_before = see_nothing()
        g.session = None
        rule = request.url_rule
        if rule is None:
            return  # nothing at this address: 404 or 405 follows
        needed = getattr(app.view_functions[rule.endpoint], LABEL, None)
        if needed is None:
            raise Forbidden
        header = request.environ.get("HTTP_AUTHORIZATION")
        # A probe must be answered when the database, which knows the keys, does not.
        if needed is Permission.SEE_HEALTH:
            identity = PUBLIC
        elif header is not None:
            identity = _shown_identity(header, identify_for_look_up if needed is Permission.LOOK_UP_OWNER else identify)
        elif needed is Permission.LOOK_UP_OWNER:  # which is everybody's: it needs no session
            identity = PUBLIC
        else:
            identity = _signed_in_identity(request, needed, find_session)
        g.identity = identity.acting_in(_named_jurisdictions(request))
        see_as(g.identity)
        if may(g.identity.role, needed):
            return
        if identity is PUBLIC:
            raise Unauthorised if signed_in() is None else PasswordToChange
        if may(identity.role, needed) and identity.home is not None:
            raise NotHere(jurisdiction=identity.home.code)
        raise Forbidden(role=identity.role.value, roles=", ".join(role.value for role in roles_with(needed)))

    app.teardown_request(_leave)
    return check


def _leave(error: BaseException | None) -> None:
    before = g.pop("seen_before", None)
    if before is not None:
        see_as_before(before)


def _named_jurisdictions(request: Request) -> set[str]:
    """Return the codes of the jurisdictions that an address names; a body's is left to the database."""
    named = {value for name in ("jurisdiction", "jurisdiction_id") for value in request.args.getlist(name)}
    in_path = (request.view_args or {}).get("jurisdiction")
    return named if in_path is None else named | {in_path}


def _signed_in_identity(request: Request, needed: Permission, find_session: FindSession) -> Identity:
    session = g.session = session_of(request, find_session)
    if session is None:
        return PUBLIC
    if needed is not Permission.SIGN_IN:  # its pages read their forms, and the token in them, themselves
        require_intent(request, session)
    return PUBLIC if session.must_change else session.identity


def _shown_identity(header: str, identify: Identify) -> Identity:
    scheme, _, text = header.partition(" ")
    identity = identify(text.strip()) if scheme.lower() == "bearer" else None
    if identity is None:
        raise Unauthorised
    return identity


def current_identity() -> Identity:
    """Return who asks."""
    identity: Identity = g.identity
    return identity
