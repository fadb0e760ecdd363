"""How the sign-in pages are written: in the language asked for, never stored, without a script."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Response, current_app, request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from geoservice.auth.passwords import PasswordUnfit
from geoservice.auth.sessions import Session
from geoservice.auth.totp import enrolment_address, secret_text
from geoservice.domain.languages import HTML_LANG, Language
from geoservice.oidc.errors import AnswerRefused, ProviderAway
from geoservice.pages.shell.files import asset_url, file_url
from geoservice.pages.shell.frame import page_in_languages, partly_translated
from geoservice.pages.shell.spoken import with_languages
from geoservice.pages.shell.telling import waiting_time
from geoservice.pages.words.catalogue import words
from geoservice.services.accounts.account_errors import (
    CodeRefused,
    NotLinked,
    PendingSignInOver,
    SecondFactorMissing,
    SecondFactorThere,
    SignInMustWait,
    SignInRefused,
)
from geoservice.services.accounts.second_factors import FactorState, NewFactor
from geoservice.web.files import packed
from geoservice.web.language import asked_language, page_address
from geoservice.web.sessions import (
    PASSWORD,
    PROVIDER,
    SECOND_FACTOR,
    SIGN_IN,
    SIGN_IN_CODE,
    SIGN_OUT,
    TOKEN_FIELD,
    ForeignPage,
    signed_in,
)
from layers.errors import TooBusy

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).resolve().parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
#: No script at all; forms go nowhere else.
_POLICY = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)
_RETRY_AFTER_S = 2
#: Those of the pages for a phone.
STYLES = ("shell/styles/tokens.css", "shell/styles/shell.css", "phone/styles/phone.css")
#: Where the application keeps how people call the identity provider that they may sign in by; none: they may not.
PROVIDER_NAME = "accounts.provider"
#: Of a login name that was typed, what is shown again.
_LOGIN_LENGTH = 40


@dataclass(frozen=True)
class Refusal:
    """Why a form was not taken."""

    status: int
    #: Key of the sentence.
    word: str
    #: How long the next try waits, where it does.
    wait_s: int | None = None
    #: As whom an identity provider knows who tried, where that is told.
    subject: str = ""


_PLAIN: dict[type[Exception], Refusal] = {
    SignInRefused: Refusal(422, "refused"),
    CodeRefused: Refusal(422, "code_refused"),
    PendingSignInOver: Refusal(403, "pending_over"),
    SecondFactorThere: Refusal(409, "factor_there"),
    SecondFactorMissing: Refusal(409, "factor_missing"),
    ForeignPage: Refusal(403, "foreign"),
    AnswerRefused: Refusal(403, "answer_refused"),
    ProviderAway: Refusal(503, "provider_away", _RETRY_AFTER_S),
}


def refusal_of(error: Exception) -> Refusal:
    """Return how an error is told; of what was tried to sign in with, never which part was wrong."""
    if isinstance(error, SignInMustWait):
        return Refusal(429, "must_wait", error.wait_s)
    if isinstance(error, TooBusy):
        return Refusal(503, "busy", _RETRY_AFTER_S)
    if isinstance(error, PasswordUnfit):
        return Refusal(422, str(error.fields["reason"]))
    if isinstance(error, NotLinked):
        return Refusal(403, "not_linked", subject=error.subject)
    return _PLAIN.get(type(error), Refusal(403, "stale"))


def sign_in_page(next_path: str | None, *, login: str = "", refusal: Refusal | None = None) -> Response:
    """Return the page to sign in; whoever is signed in may sign out there, or sign in as somebody else."""
    provider: str | None = current_app.extensions.get(PROVIDER_NAME)
    shown = {
        "login": login[:_LOGIN_LENGTH], "session": signed_in(), "password_url": address_of(PASSWORD),
        "code_url": address_of(SECOND_FACTOR), "provider": provider,
        "provider_url": address_of(PROVIDER, next=next_path),
    }  # fmt: skip
    return _page("signin", "sign_in", SIGN_IN, next_path, refusal, shown)


def password_page(session: Session, next_path: str | None, *, refusal: Refusal | None = None) -> Response:
    """Return the page to change the password of who is signed in."""
    return _page("password", "change_password", PASSWORD, next_path, refusal, {"session": session})


def code_page(next_path: str | None, *, refusal: Refusal | None = None) -> Response:
    """Return the page that asks for a code after the password."""
    shown = {"sign_in_url": address_of(SIGN_IN, next=next_path)}
    return _page("code", "code_title", SIGN_IN_CODE, next_path, refusal, shown)


def second_factor_page(
    session: Session, standing: FactorState | None, next_path: str | None, *, refusal: Refusal | None = None
) -> Response:  # fmt: skip
    """Return the page of who is signed in where a second factor is set up or, where there is one, taken off."""
    shown = {
        "session": session, "standing": standing, "since": "" if standing is None else f"{standing.since:%Y-%m-%d}",
        "off_url": address_of(f"{SECOND_FACTOR}/off"), "back_url": next_path or address_of("/"),
    }  # fmt: skip
    return _page("second_factor", "second_factor", SECOND_FACTOR, next_path, refusal, shown)


def enrolment_page(
    session: Session, enrolment: NewFactor, next_path: str | None, *, refusal: Refusal | None = None
) -> Response:  # fmt: skip
    """Return the page with a secret, which goes on when a code of it is shown."""
    address = enrolment_address(enrolment.secret, login=session.login, service=f"geoservice {request.host}")
    shown = {
        "session": session, "secret": secret_text(enrolment.secret), "otpauth": address,
        "qr_code": _qr_code(address, words("accounts", asked_language())["qr_code"]),
        "confirm_url": address_of(f"{SECOND_FACTOR}/confirm"), "cancel_url": address_of(SECOND_FACTOR, next=next_path),
    }  # fmt: skip
    return _page("enrolment", "second_factor", SECOND_FACTOR, next_path, refusal, shown)


def _qr_code(text: str, title: str) -> Markup:
    """Return a QR code (ISO/IEC 18004) as SVG, dark on light in dark pages too: some cameras read no other."""
    import segno  # noqa: PLC0415  few requests need it, and it costs each start of a worker

    made = segno.make_qr(text, error="m")
    return Markup(made.svg_inline(scale=4, dark="#000", light="#fff", title=title, svgclass="qr"))  # noqa: S704  a drawing


def recovery_codes_page(session: Session, codes: tuple[str, ...], next_path: str | None) -> Response:
    """Return the page with the recovery codes, shown this once."""
    shown = {"session": session, "codes": codes, "back_url": next_path or address_of("/")}
    return _page("recovery_codes", "recovery_codes", SECOND_FACTOR, next_path, None, shown)


def address_of(path: str, /, **arguments: str | None) -> str:
    """Return the address of a page in the language of this request; arguments of None are left out."""
    return page_address(path, asked_language(), **arguments)


def _page(
    name: str, title: str, path: str, next_path: str | None, refusal: Refusal | None, shown: dict[str, Any]
) -> Response:  # fmt: skip
    language = asked_language()
    said = words("accounts", language)
    markup = _TEMPLATES.get_template(f"{name}.html").render(
        lang=HTML_LANG[language],
        languages=page_in_languages(path, language, {"next": next_path} if next_path else {}),
        partly=partly_translated(language),
        title=said[title],
        words=said,
        error=None if refusal is None else _sentence(refusal, language),
        action=address_of(path),
        sign_out_url=address_of(SIGN_OUT),
        home_url=address_of("/"),
        next_path=next_path or "",
        token_field=TOKEN_FIELD,
        style_urls=[asset_url("static/styles/tibetan.css"), *(file_url(one) for one in STYLES)],
        icon_url=asset_url("static/icons/favicon.svg"),
        **shown,
    )
    response = Response(with_languages(markup, language), content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Cache-Control"] = "no-store"
    if refusal is not None:
        response.status_code = refusal.status
        if refusal.wait_s is not None:
            response.headers["Retry-After"] = str(refusal.wait_s)
    return packed(response)


def _sentence(refusal: Refusal, language: Language) -> str:
    said = words("accounts", language)
    wait = "" if refusal.wait_s is None else waiting_time(refusal.wait_s, said)
    return said[refusal.word].format(wait=wait, subject=refusal.subject)
