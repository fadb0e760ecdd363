"""Which jurisdiction a page is about, where its address does not say so."""

from __future__ import annotations

from flask import redirect
from werkzeug.wrappers import Response

from geoservice.maps.viewing import Viewing
from geoservice.pages.shell.frame import page
from geoservice.web.guard import current_identity, shown_here
from geoservice.web.language import asked_language, page_address


def chosen(viewing: Viewing, room: str) -> Response:
    """Lead to a page of the only jurisdiction that somebody may see, or let him choose.

    Parameters
    ----------
    room
        Of the page, by which its address begins and its words are known.
    """
    language, home = asked_language(), current_identity().home
    if home is not None:
        return led_on(page_address(f"/{room}/{home.code}", language))
    every = tuple(shown_here(viewing.jurisdictions()))
    if len(every) == 1:
        return led_on(page_address(f"/{room}/{every[0].code}", language))
    choices = [
        {"name": one.name_en if language == "en" and one.name_en else one.name,
         "url": page_address(f"/{room}/{one.code}", language)}
        for one in every
    ]  # fmt: skip
    return page("shell/templates/jurisdictions.html", room, title="", choices=choices)


def led_on(path: str) -> Response:
    """Lead to another page of ours."""
    response = redirect(path, 303)
    response.headers["Cache-Control"] = "no-store"
    return response
