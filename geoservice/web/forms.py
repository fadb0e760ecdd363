"""Forms of pages, read within limits."""

from __future__ import annotations

from threading import BoundedSemaphore
from urllib.parse import parse_qsl

from flask import g, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from geoservice.errors import GeoserviceError
from geoservice.web.sessions import (
    TOKEN_FIELD,
    SessionRenewed,
    TokenMissing,
    require_own_page,
    require_token,
    signed_in,
)
from geoservice.web.streaming import WrongMediaType, incoming

FORM_TYPE = "application/x-www-form-urlencoded"
_BYTES_MAX = 20_000
_FIELDS_MAX = 20
#: Places for reading forms of those who were refused before anything was read: few, as reading waits for its sender.
_OF_THE_REFUSED = BoundedSemaphore(2)


def read_form(*, bytes_max: int = _BYTES_MAX, fields_max: int = _FIELDS_MAX) -> MultiDict[str, str]:
    """Return the fields of the posted form; what can not be read of it is a sign that stands for nothing.

    Raises
    ------
    WrongMediaType, TooManySenders, RequestEntityTooLarge
    """
    if request.mimetype != FORM_TYPE:
        raise WrongMediaType
    with incoming(bytes_max) as body:
        text = body.read().decode("ascii", "replace")
    try:
        fields = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=fields_max)
    except ValueError:  # more of them
        return MultiDict()
    g.sent_form = MultiDict(fields)
    return g.sent_form


def sent_form(*, bytes_max: int = _BYTES_MAX, fields_max: int = _FIELDS_MAX) -> MultiDict[str, str]:
    """Return the fields of the form that was sent here, read already or not; none where it can not be read."""
    if "sent_form" not in g:
        g.setdefault("readers", _OF_THE_REFUSED)
        try:
            read_form(bytes_max=bytes_max, fields_max=fields_max)
        except (GeoserviceError, HTTPException):
            return MultiDict()
    return g.get("sent_form", MultiDict())


def read_signed_form(*, bytes_max: int = _BYTES_MAX, fields_max: int = _FIELDS_MAX) -> MultiDict[str, str]:
    """Return the fields of a form that a page of whoever is signed in sent, which holds the token of the session.

    The other half of `token_in_form`: whoever shows a key instead has stated what he means by that.

    Raises
    ------
    WrongMediaType, TooManySenders, RequestEntityTooLarge, ForeignPage, TokenMissing, SessionRenewed
    """
    form = read_form(bytes_max=bytes_max, fields_max=fields_max)
    require_signed(form)
    return form


def require_signed(form: MultiDict[str, str]) -> None:
    """Raise ForeignPage, TokenMissing, SessionRenewed unless a page of whoever is signed in sent a form."""
    session = signed_in()
    if session is None:
        return
    require_own_page(request)
    try:
        require_token(session, form.get(TOKEN_FIELD))
    except TokenMissing:
        raise SessionRenewed if form.get(TOKEN_FIELD) else TokenMissing from None
