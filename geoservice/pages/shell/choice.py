"""Which jurisdiction a page is about, where its address does not say so."""

from __future__ import annotations

from flask import redirect
from werkzeug.wrappers import Response

from geoservice.auth.model import Identity, Role
from geoservice.maps.viewing import Viewing
from geoservice.pages.shell.frame import page
from geoservice.web.guard import current_identity, shown_here
from geoservice.web.language import asked_language, page_address


def chosen(viewing: Viewing, room: str) -> Response:
    """Lead to a page of the only jurisdiction that somebody may see, or let him choose.

    Whoever holds several grants chooses of the jurisdictions where one of them opens the page.

    Parameters
    ----------
    room
        Of the page, by which its address begins and its words are known.
    """
    language, identity = asked_language(), current_identity()
    if identity.home is not None and not identity.grants:
        return led_on(page_address(f"/{room}/{identity.home.code}", language))
    every = tuple(one for one in shown_here(viewing.jurisdictions()) if _may_choose(identity, one.code))
    if len(every) == 1:
        return led_on(page_address(f"/{room}/{every[0].code}", language))
    choices = [
        {"name": one.name_en if language == "en" and one.name_en else one.name,
         "url": page_address(f"/{room}/{one.code}", language)}
        for one in every
    ]  # fmt: skip
    return page("shell/templates/jurisdictions.html", room, title="", choices=choices)


def _may_choose(identity: Identity, code: str) -> bool:
    return not identity.grants or identity.acting_in((code,)).role is not Role.PUBLIC


def led_on(path: str) -> Response:
    """Lead to another page of ours."""
    response = redirect(path, 303)
    response.headers["Cache-Control"] = "no-store"
    return response
