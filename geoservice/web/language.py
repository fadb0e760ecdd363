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


def named_language(language: Language) -> Language | None:
    """Return a language where an address has to name it, because the browser would get another; else None."""
    return None if language == preferred_language() else language


def page_address(path: str, language: Language, **arguments: str | None) -> str:
    """Return the address of a page in a language, which it names where it has to; arguments of None are left out."""
    said = {ARGUMENT: named_language(language)} | arguments
    told = {name: value for name, value in said.items() if value is not None}
    return f"{quote(path)}?{urlencode(told, safe=',')}" if told else quote(path)
