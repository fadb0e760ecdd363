"""Who is signed in: the cookie that a browser keeps, and how pages of our own are told from those of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Request, g
from werkzeug.wrappers import Response

from geoservice.auth.sessions import Session, Step, cookie_name, is_token
from geoservice.errors import GeoserviceError

#: Returns the session of a secret; None when there is none.
FindSession = Callable[[str], Session | None]
#: Addresses of the pages, which others link to.
SIGN_IN, SIGN_OUT, PASSWORD = "/signin", "/signout", "/account/password"
SIGN_IN_CODE, SECOND_FACTOR = "/signin/code", "/account/code"
PROVIDER, PROVIDER_BACK = "/signin/provider", "/signin/provider/back"
#: Where a program of a page states the token of its session; forms have a field of their own for it.
TOKEN_HEADER, TOKEN_FIELD = "X-CSRF-Token", "token"
#: What changes nothing (RFC 9110, 9.2.1).
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


#: Where a view says that it looks for the token in its form itself; functools.wraps carries it outwards.
TOKEN_IN_FORM = "__token_in_form__"  # noqa: S105 - the name of a label
View = TypeVar("View", bound=Callable[..., Any])


class ForeignPage(GeoserviceError):
    """A page of another site sent this, or a program that says nothing of its origin; programs show a key instead."""


class TokenMissing(GeoserviceError):
    """Whoever is signed in sends the token of the session as X-CSRF-Token; load the page anew to have it."""


class SessionRenewed(TokenMissing):
    """Somebody signed in anew since the form was loaded: look at it again, and send it."""


class PasswordToChange(GeoserviceError):
    """The password is for one use: change it at /account/password first."""


class SecondFactorWanted(GeoserviceError):
    """Whoever has such a role signs in with a code, too: set up a second factor at /account/code first."""


def token_in_form(view: View) -> View:
    """Label a view that forms are sent to: it reads them by `read_signed_form`, which asks for the token in them."""
    setattr(view, TOKEN_IN_FORM, True)
    return view


def signed_in() -> Session | None:
    """Return the session of whoever asks; None: nobody is signed in, or a key was shown instead."""
    session: Session | None = g.get("session")
    return session


def session_of(request: Request, find: FindSession) -> Session | None:
    """Return the session whose secret comes with a request."""
    secret = shown_secret(request)
    return None if secret is None else find(secret)


def shown_secret(request: Request, step: Step | None = None) -> str | None:
    """Return the secret that a browser sends along: of a session, or of a step on the way to one."""
    return request.cookies.get(_cookie_name(request, step))


def set_session(response: Response, request: Request, secret: str) -> None:
    """Have the browser keep the secret until it is closed: no script sees it, and forms of other sites send it not."""
    _set(response, request, secret, None)


def set_step(response: Response, request: Request, step: Step, secret: str, *, patience_s: float) -> None:
    """Have the browser keep the secret of a step on the way to a session, for so long, in the same way."""
    _set(response, request, secret, step, max_age=int(patience_s))


def forget_session(response: Response, request: Request, step: Step | None = None) -> None:
    """Have the browser forget it."""
    response.delete_cookie(
        _cookie_name(request, step), path="/", httponly=True, samesite="Lax", secure=_scheme(request) == "https"
    )


def _set(response: Response, request: Request, secret: str, step: Step | None, max_age: int | None = None) -> None:
    response.set_cookie(
        _cookie_name(request, step), secret, max_age=max_age, path="/", httponly=True, samesite="Lax",
        secure=_scheme(request) == "https",
    )  # fmt: skip


def require_own_page(request: Request) -> None:
    """Raise ForeignPage unless a page of this service sent the request, as its browser says.

    Browsers say it as Sec-Fetch-Site, but only over https or on this machine; as Origin with every POST.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site not in (None, "same-origin", "none"):
        raise ForeignPage
    origin = request.headers.get("Origin")
    if origin is None and site is None:
        raise ForeignPage
    if origin is not None and urlsplit(origin).netloc.lower() != request.host.lower():
        raise ForeignPage


def require_token(session: Session, shown: str | None) -> None:
    """Raise TokenMissing unless this is the token of a session."""
    if not is_token(shown, session):
        raise TokenMissing


def require_intent(request: Request, session: Session) -> None:
    """Raise unless whoever is signed in means what a request would change.

    Raises
    ------
    ForeignPage, TokenMissing
    """
    if request.method not in SAFE_METHODS:
        require_own_page(request)
        require_token(session, request.headers.get(TOKEN_HEADER))


def _scheme(request: Request) -> str:
    # Who says in vain that a proxy speaks TLS has his own browser keep a cookie that it does not send.
    said = request.headers.get("X-Forwarded-Proto", "").partition(",")[0].strip().lower()
    return "https" if said == "https" else request.scheme


def _cookie_name(request: Request, step: Step | None) -> str:
    return cookie_name(request.host, secure=_scheme(request) == "https", step=step)
