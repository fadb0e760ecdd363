"""Which language a page is written in: its address says so, else what the browser prefers (RFC 9110, 12.5.4)."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from flask import request

from geoservice.domain.languages import LANGUAGES, Language, language_of

#: The argument of an address that names it.
ARGUMENT = "lang"


def asked_language() -> Language:
    """Return the language that this request asks for."""
    return language_of(request.args.get(ARGUMENT)) or preferred_language()


def preferred_language() -> Language:
    """Return what this request's page is written in where its address names no language."""
    for tag, quality in request.accept_languages:
        if quality > 0 and (spoken := language_of(tag.partition("-")[0].lower())):
            return spoken
    return LANGUAGES[0]


def page_address(path: str, language: Language, **arguments: str | None) -> str:
    """Return the address of a page in a language, named where the browser would get another; None is left out."""
    said: dict[str, str] = {} if language == preferred_language() else {ARGUMENT: language}
    said |= {name: value for name, value in arguments.items() if value is not None}
    return f"{quote(path)}?{urlencode(said, safe=',')}" if said else quote(path)
