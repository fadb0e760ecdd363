"""What a page shows of who looks on: a way to sign in, or the login name and a way out."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from geoservice.domain.languages import Language
from geoservice.web.language import page_address
from geoservice.web.sessions import PASSWORD, SIGN_IN, SIGN_OUT, TOKEN_FIELD, signed_in


@dataclass(frozen=True)
class AccountFrame:
    """Who looks on, and where the forms of his account are."""

    #: Empty: nobody is signed in.
    login: str
    role: str
    #: What forms of the page send along, and the name of their field for it.
    token: str
    token_field: str
    sign_in_url: str
    sign_out_url: str
    password_url: str


def account_frame(language: Language) -> AccountFrame:
    """Return what a page shows of who looks on; signing in leads back to it."""
    session = signed_in()
    here = page_address(request.path, language)
    return AccountFrame(
        login="" if session is None else session.login,
        role="" if session is None else session.identity.role.value,
        token="" if session is None else session.token,
        token_field=TOKEN_FIELD,
        sign_in_url=page_address(SIGN_IN, language, next=here),
        sign_out_url=page_address(SIGN_OUT, language),
        password_url=page_address(PASSWORD, language, next=here),
    )
