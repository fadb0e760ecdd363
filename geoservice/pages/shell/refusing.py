"""What people are told instead of a page: a sentence, and where to go. Programs get problem+json, as everywhere."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, redirect, request

from geoservice.maps.assets import AssetsMissing
from geoservice.pages.shell.frame import fragment, here, page, wants_fragment
from geoservice.pages.words.catalogue import words
from geoservice.web.addresses import own_path
from geoservice.web.forms import FORM_TYPE, sent_form
from geoservice.web.language import asked_language, page_address
from geoservice.web.problems import Kind, ProblemError, as_problem, register_problem_format, request_id, wants_page
from geoservice.web.sessions import (
    PASSWORD,
    SAFE_METHODS,
    SECOND_FACTOR,
    SIGN_IN,
    TOKEN_FIELD,
    ForeignPage,
    require_own_page,
    signed_in,
)
from geoservice.web.uploads import UPLOAD_TYPE

#: What is told by sentences of these pages' own, by status; of the rest what programs are told.
_OWN = (401, 403, 404, 503)
_RENEWED = "session-renewed"
#: Of a form that is kept for its writer: as much as any form of these pages may hold.
_BYTES_KEPT, _FIELDS_KEPT = 60_000, 300
#: What was not written by people: the token, versions that were seen, keys of steps, buttons.
_NOT_WRITTEN = frozenset({TOKEN_FIELD, "seen", "shown", "agreed", "version", "key", "action", "sure", "on"})
#: Where whoever is signed in has to go first, by the kind of the problem.
_FIRST = {"password-to-change": PASSWORD, "second-factor-wanted": SECOND_FACTOR}


def register_pages(app: Flask, prefix: str) -> None:
    """Have what goes wrong below a prefix of addresses told to people by these pages."""
    register_problem_format(app, prefix, problem_page)


def problem_page(kind: Kind, detail: str, errors: list[ProblemError]) -> Response:
    """Return what is told of a problem: to programs as ever, to scripts of pages a part, to people a page."""
    if wants_fragment():
        return _told("shell/templates/problem_part.html", kind, detail, errors)
    if not wants_page():
        return as_problem(kind, detail, errors)
    if request.method in SAFE_METHODS and (kind.status == 401 or kind.slug in _FIRST):
        path = SIGN_IN if kind.status == 401 else _FIRST[kind.slug]
        response: Response = redirect(page_address(path, asked_language(), next=own_path(here())), 303)  # type: ignore[assignment]
        response.headers["Cache-Control"] = "no-store"
        return response
    try:
        return _kept(kind) or _told("shell/templates/problem.html", kind, detail, errors)
    except AssetsMissing:
        return as_problem(kind, detail, errors)


def _kept(kind: Kind) -> Response | None:
    """Return the page that holds what was written in a form when the session was over, or another one: to send again.

    A form of another site is not held: nobody is asked to send what he did not write.
    """
    if request.mimetype != FORM_TYPE or not (kind.status == 401 or kind.slug == _RENEWED):
        return None
    try:
        require_own_page(request)
    except ForeignPage:
        return None
    form, session = sent_form(bytes_max=_BYTES_KEPT, fields_max=_FIELDS_KEPT), signed_in()
    if TOKEN_FIELD not in form:
        return None
    if session is not None:
        form[TOKEN_FIELD] = session.token
    fields = list(form.items(multi=True))
    written = [value for name, value in fields if name not in _NOT_WRITTEN and value.strip()]
    said = words("shell", asked_language())
    room = "/".join(request.path.split("/")[:3])
    return page(
        "shell/templates/kept.html", "shell", title=said["kept.renewed" if session else "kept.over"],
        status=kind.status, fields=fields, written=written, room=own_path(room) or "/",
    )  # fmt: skip


def _told(template: str, kind: Kind, detail: str, errors: list[ProblemError]) -> Response:
    said = words("shell", asked_language())
    title = said.get(f"error.{kind.status}") or said["error.other"]
    sentence = said.get(f"error.{kind.status}.detail", detail) if kind.status in _OWN else detail
    if kind.slug == _RENEWED:
        title, sentence = said["kept.renewed"], said["kept.load"]
    if request.mimetype == UPLOAD_TYPE and (kind.status == 401 or kind.slug == _RENEWED):
        sentence = said["kept.file"]
    if errors:
        sentence = said["error.each"]
    lines = [f"{one.pointer}: {one.detail}" for one in errors]
    shown: dict[str, Any] = {"status_code": kind.status, "sentence": sentence, "lines": lines, "number": request_id(),
                             "writes": request.method not in SAFE_METHODS}  # fmt: skip
    if template.endswith("_part.html"):
        return fragment(template, "shell", status=kind.status, title=title, **shown)
    return page(template, "shell", title=title, status=kind.status, **shown)
