"""How pages of staff are written: in one frame, in the language asked for, never stored on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, request
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from geoservice.auth.model import Identity, Role
from geoservice.domain.languages import HTML_LANG, LANGUAGES, OWN_NAME, STAND_IN, Language
from geoservice.pages.shell.files import PAGES, asset_url, file_url
from geoservice.pages.shell.navigation import Lead, leads
from geoservice.pages.shell.spoken import with_languages
from geoservice.pages.shell.telling import moment
from geoservice.pages.words.catalogue import own_words, words
from geoservice.web.files import packed
from geoservice.web.guard import current_identity
from geoservice.web.language import ARGUMENT, asked_language, named_language, page_address
from geoservice.web.sessions import PASSWORD, SIGN_IN, SIGN_OUT, TOKEN_FIELD, signed_in
from layers.incidents.layer import STATUS_COLOURS, STATUS_MARKS
from layers.style import MARKS

TEMPLATES = Environment(
    loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
TEMPLATES.globals |= {
    "file_url": file_url, "asset_url": asset_url, "moment": moment,
    "marks": {status: MARKS[mark] for status, mark in STATUS_MARKS.items()}, "fills": STATUS_COLOURS,
}  # fmt: skip
#: Where whoever works in several jurisdictions chooses another one, by the name of the page; else on the map.
_CHOOSING = {name: f"/{name}" for name in ("desk", "figures", "audit", "admin")}
#: Whoever asks by a script wants the part of a page that changed.
FRAGMENT_HEADER = "X-Fragment"


@dataclass(frozen=True)
class Place:
    """Where a page is: its jurisdiction, and what it is called."""

    code: str
    name: str
    time_zone: str

    @property
    def zone(self) -> ZoneInfo:
        """Return the zone of its clocks."""
        return ZoneInfo(self.time_zone)


def wants_fragment() -> bool:
    """Return whether a script of a page asks."""
    return FRAGMENT_HEADER in request.headers


def page(
    template: str, name: str, *, title: str, place: Place | None = None, stream: str | None = None, nonce: str = "",
    status: int = 200, **values: Any,
) -> Response:  # fmt: skip
    """Return a whole page.

    Parameters
    ----------
    template
        Path below this package; it extends shell/templates/frame.html.
    name
        Of the page, by which its words are known.
    stream
        Address of the events that it listens to; empty: nobody streams any; None: it never listens, and has no lamp.
    nonce
        Of the scripts that stand in the page; empty: none does.
    """
    language = asked_language()
    identity = current_identity()
    ways: tuple[Lead, ...] = () if place is None else leads(identity, place.code, f"page.{name}", language)
    markup = TEMPLATES.get_template(template).render(
        frame_values(language) | values, words=words(name, language), name=name, title=title, place=place,
        stream=stream, leads=ways, languages=page_in_languages(request.path, language, request.args),
        choose_path=_CHOOSING.get(name, "/"),
    )  # fmt: skip
    return _answer(with_languages(markup, language), status, content_security_policy(stream or "", nonce))


def fragment(template: str, name: str, *, status: int = 200, **values: Any) -> Response:
    """Return a part of a page, which a script puts in its place."""
    language = asked_language()
    markup = TEMPLATES.get_template(template).render(frame_values(language) | values, words=words(name, language))
    return _answer(with_languages(markup, language), status, content_security_policy())


def frame_values(language: Language) -> dict[str, Any]:
    """Return what every template knows: the language, who is signed in, and how addresses are made."""
    session = signed_in()
    return {
        "language": language,
        "named_language": named_language(language),
        "lang": HTML_LANG[language],
        "partly": partly_translated(language),
        "address": lambda path, **arguments: page_address(path, language, **arguments),
        "account": {
            "login": "" if session is None else session.login,
            "roles": [] if session is None else _roles(session.identity, current_identity()),
            "places": 1 if session is None else len(session.identity.homes),
            "token": "" if session is None else session.token,
        },
        "token_field": TOKEN_FIELD,
        "here": here(),
        "sign_in_path": SIGN_IN, "sign_out_path": SIGN_OUT, "password_path": PASSWORD,
    }  # fmt: skip


def _roles(whole: Identity, here: Identity) -> list[str]:
    """Return what somebody is who is signed in: where he is nobody, what he is elsewhere."""
    who = whole if here.role is Role.PUBLIC else here
    return list(dict.fromkeys(one.role.value for one in who.held))


def here() -> str:
    """Return the address of the page that is asked for, as a path of this service."""
    query = request.query_string.decode("ascii", "replace")
    path = request.path if request.path.isascii() else ""
    return f"{path}?{query}" if query else path


def page_in_languages(path: str, language: Language, arguments: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the addresses of a page in each language."""
    kept = {name: value for name, value in arguments.items() if name != ARGUMENT}
    return [
        {"lang": HTML_LANG[one], "name": OWN_NAME[one], "url": page_address(path, one, **kept), "here": one == language}
        for one in LANGUAGES
    ]


def partly_translated(language: Language) -> tuple[str, ...]:
    """Return what tells that another language stands in for a part of this one, in both; nothing where none does."""
    if language not in STAND_IN:
        return ()
    return tuple(own_words("shell", one)["partly"] for one in (language, STAND_IN[language]))


def content_security_policy(stream: str = "", nonce: str = "") -> str:
    """Return the policy of these pages: files of this host alone; of what stands in a page, scripts with its nonce."""
    script = f"'self' 'nonce-{nonce}'" if nonce else "'self'"
    connect = f"'self' {stream.removesuffix('/v1/events')}" if stream.startswith("http") else "'self'"
    return "; ".join(
        (
            "default-src 'none'", f"script-src {script}", "style-src 'self'", "font-src 'self'", "img-src 'self' data:",
            f"connect-src {connect}", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
        )
    )  # fmt: skip


def _answer(markup: str, status: int, policy: str) -> Response:
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    return packed(Response(markup, status, content_type="text/html; charset=utf-8", headers=headers))
