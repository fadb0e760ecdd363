"""Who may enter: every route carries the permission it needs, and a route without one lets nobody in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, NoReturn, Protocol, TypeVar

from flask import Flask, Request, current_app, g, request

from geoservice.auth.model import PUBLIC, VISITORS, Identity, Role
from geoservice.auth.permissions import ALWAYS, SHOWN, Permission, asking_for, may, permitted, roles_with
from geoservice.auth.scope import see_as, see_as_before, see_nothing
from geoservice.domain.visitors import Shown
from geoservice.web.parsing import Forbidden, JurisdictionToName, NotHere, Unauthorised
from geoservice.web.pipeline import Step
from geoservice.web.sessions import (
    TOKEN_IN_FORM,
    FindSession,
    PasswordToChange,
    SecondFactorWanted,
    require_intent,
    session_of,
    signed_in,
)
from geoservice.web.traces import act_in_request, begin_acting, end_acting
from layers.jurisdictions.model import Visitors

View = TypeVar("View", bound=Callable[..., Any])
#: `guard("view_map")` returns a decorator for a view.
Guard = Callable[[str], Callable[[View], View]]
Identify = Callable[[str], Identity | None]
#: Codes of the jurisdictions of what a request is about; none, where that is not one thing of one.
Locate = Callable[[Request], Collection[str]]

#: Where a view keeps its permission; functools.wraps carries it outwards.
LABEL = "__permission__"


def guard(permission: str) -> Callable[[View], View]:
    """Label a view with the permission it needs; `enforce` reads the label before anything else happens."""
    needed = Permission(permission)

    def label(view: View) -> View:
        setattr(view, LABEL, needed)
        return view

    return label


def permission_of(app: Flask, request: Request) -> Permission | None:
    """Return the permission that a request needs; None: there is nothing at its address, or nobody is let in."""
    rule = request.url_rule
    needed: Permission | None = None if rule is None else getattr(app.view_functions[rule.endpoint], LABEL, None)
    return needed


def enforce(
    app: Flask, identify: Identify, identify_for_look_up: Identify, find_session: FindSession,
    shown: Callable[[], Shown], located: Locate,
) -> Step:  # fmt: skip
    """Return the step that checks every request against its view's label.

    Parameters
    ----------
    identify
        Returns who shows a key, None when nobody does.
    identify_for_look_up
        The same for views that only look up who owns a place; they must answer without a database.
    find_session
        Returns who is signed in, by the secret of the session; it is asked when no key is shown.
    shown
        Returns what jurisdictions show to visitors.
    located
        Returns the jurisdiction, by code, of what an address names by its number; it is asked for those alone who
        hold several grants, which may differ by place.
    """

    def check(request: Request) -> None:
        g.seen_before = see_nothing()
        begin_acting()
        g.session = None
        rule = request.url_rule
        if rule is None:
            g.identity = g.whole_identity = PUBLIC  # to whom a page may say so
            return  # nothing at this address: 404 or 405 follows
        needed = permission_of(app, request)
        if needed is None:
            raise Forbidden
        named = _named_jurisdictions(request)
        # A probe must be answered when the database, which knows the keys, does not.
        if needed is Permission.SEE_HEALTH:
            identity = PUBLIC
        elif "HTTP_AUTHORIZATION" in request.environ:
            who = identify_for_look_up if needed is Permission.LOOK_UP_OWNER else identify
            identity = _shown_identity(request.environ["HTTP_AUTHORIZATION"], who)
        elif _is_everybodys(needed, shown, named):
            identity = PUBLIC  # it needs no session, which would need the database
        else:
            # Pages to sign in, and those that forms are sent to, look for the token in their forms themselves.
            token_in_form = needed is Permission.SIGN_IN or getattr(
                app.view_functions[rule.endpoint], TOKEN_IN_FORM, False
            )
            identity = _signed_in_identity(request, find_session, token_in_form=token_in_form)
        g.whole_identity = identity
        named = named or _where_it_is(identity, request, located)
        g.identity = _acting(identity, named, needed)
        if needed is Permission.LOOK_UP_OWNER and not named and _may_be_hidden(identity, shown):
            g.identity = PUBLIC
        if g.identity.role is Role.PUBLIC and needed not in ALWAYS:
            g.identity = VISITORS[_shown(shown(), named, needed)]
        see_as(g.identity, needed)
        if not permitted(g.identity, needed):
            _refuse(identity, needed, to_name=not named and _is_told_of_one(needed, shown))

    app.teardown_request(_leave)
    return check


def _where_it_is(identity: Identity, request: Request, located: Locate) -> set[str]:
    """Return the jurisdiction of what an address names by its number, for whoever holds a grant there among others."""
    if not identity.grants:
        return set()
    found = set(located(request))
    return set() if identity.acting_in(found) is PUBLIC else found


def _acting(identity: Identity, named: Collection[str], needed: Permission) -> Identity:
    """Return as who somebody asks in jurisdictions, for what needs a permission, and say so for the traces.

    Elsewhere than where he is somebody he is nobody known; what he is refused is his all the same.
    """
    here = asking_for(identity.acting_in(named), needed)
    principal = identity if g.session is None else g.session.identity
    act_in_request(asking_for(principal, needed) if here.role is Role.PUBLIC else here, needed)
    return here


def _is_told_of_one(needed: Permission, shown: Callable[[], Shown]) -> bool:
    """Return whether some jurisdiction tells visitors what was asked of none by name: who serves a place."""
    return needed is Permission.LOOK_UP_OWNER and any(needed in SHOWN[one] for one in shown().by_code.values())


def _refuse(identity: Identity, needed: Permission, *, to_name: bool = False) -> NoReturn:
    if identity.role is Role.PUBLIC:
        session = signed_in()
        if session is None:
            raise JurisdictionToName if to_name else Unauthorised
        raise PasswordToChange if session.must_change else SecondFactorWanted
    homes = [one.home for one in identity.held if may(one.role, needed)]
    if homes and None not in homes:
        raise NotHere(jurisdiction=", ".join(sorted({one.code for one in homes if one is not None})))
    role = ", ".join(dict.fromkeys(one.role.value for one in identity.held))
    raise Forbidden(role=role, roles=", ".join(role.value for role in roles_with(needed)))


def _is_everybodys(needed: Permission, shown: Callable[[], Shown], named: Collection[str]) -> bool:
    """Return whether a place is looked up where visitors may."""
    return needed is Permission.LOOK_UP_OWNER and permitted(VISITORS[_shown(shown(), named, needed)], needed)


def _may_be_hidden(identity: Identity, shown: Callable[[], Shown]) -> bool:
    """Return whether a place, of which nobody says whose it is, may be that of a jurisdiction closed to who asks."""
    known = shown()
    return bool(known.closed) and known.hides_from(homes_of(identity))


def homes_of(identity: Identity) -> frozenset[str | None]:
    """Return where somebody is known, by code; None: everywhere."""
    return frozenset(None if one is None else one.code for one in identity.homes)


def _shown(shown: Shown, named: Collection[str], needed: Permission) -> Visitors:
    """Return what a visitor is shown: by those that he names; a place that is looked up may be anybody's."""
    return shown.least if not named and needed is Permission.LOOK_UP_OWNER else shown.by(named)


def _leave(error: BaseException | None) -> None:
    end_acting()
    before = g.pop("seen_before", None)
    if before is not None:
        see_as_before(before)


def _named_jurisdictions(request: Request) -> set[str]:
    """Return the codes of the jurisdictions that an address names; a body's is left to the database."""
    named = {value for name in ("jurisdiction", "jurisdiction_id") for value in request.args.getlist(name)}
    in_path = (request.view_args or {}).get("jurisdiction")
    return named if in_path is None else named | {in_path}


def _signed_in_identity(request: Request, find_session: FindSession, *, token_in_form: bool) -> Identity:
    session = g.session = session_of(request, find_session)
    if session is None:
        return PUBLIC
    if not token_in_form:
        require_intent(request, session)
    return PUBLIC if session.must_change or session.must_enrol else session.identity


def _shown_identity(header: str, identify: Identify) -> Identity:
    scheme, _, text = header.partition(" ")
    identity = identify(text.strip()) if scheme.lower() == "bearer" else None
    if identity is None:
        raise Unauthorised
    return identity


class Named(Protocol):
    """What is shown to visitors or not."""

    @property
    def code(self) -> str:
        """By which it is named."""

    @property
    def visitors(self) -> Visitors:
        """What they see."""


One = TypeVar("One", bound=Named)


def shown_here(jurisdictions: Iterable[One], identity: Identity | None = None) -> Iterator[One]:
    """Yield the jurisdictions that somebody, or whoever asks, may know of: of those that are closed none elsewhere."""
    who = current_identity() if identity is None else identity
    for one in jurisdictions:
        if one.visitors != "closed" or who.acting_in((one.code,)).role is not Role.PUBLIC:
            yield one


def acting_in_body(jurisdiction: str | None) -> Identity:
    """Return who asks, acting from now on in the jurisdiction that a body names; raise as the guard does.

    Of whoever holds one grant a body's is left to the database.
    """
    before = current_identity()
    needed = permission_of(current_app, request)
    if jurisdiction is None or needed is None or not before.grants or before.is_here:
        return before
    g.identity = asking_for(before.acting_in((jurisdiction,)), needed)
    see_as(g.identity, needed)
    if not permitted(g.identity, needed):
        _refuse(before, needed)
    act_in_request(g.identity, needed)
    return g.identity


def whole_identity() -> Identity:
    """Return who asks with all that he holds, whatever the request is about."""
    identity: Identity = g.whole_identity
    return identity


def identity_in(jurisdiction: str) -> Identity:
    """Return as who somebody would do in another jurisdiction what the request does; the public, where he is nobody."""
    needed = permission_of(current_app, request)
    here = whole_identity().acting_in((jurisdiction,))
    return here if needed is None else asking_for(here, needed)


def current_identity() -> Identity:
    """Return who asks."""
    identity: Identity = g.identity
    return identity
