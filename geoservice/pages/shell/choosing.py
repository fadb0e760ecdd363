"""Which jurisdiction a page is of, where its address names none."""

from __future__ import annotations

from flask import redirect
from werkzeug.wrappers import Response

from geoservice.maps.viewing import Viewing
from geoservice.pages.shell.frame import asked_language, page
from geoservice.pages.shell.navigation import address
from geoservice.web.guard import current_identity, shown_here


def led_on(path: str) -> Response:
    """Lead on to another page."""
    response = redirect(path, 303)
    response.headers["Cache-Control"] = "no-store"
    return response


def chosen(viewing: Viewing, name: str) -> Response:
    """Lead to the page of the only jurisdiction that somebody may see, or let him choose."""
    language, home = asked_language(), current_identity().home
    if home is not None:
        return led_on(address(f"/{name}/{home.code}", language))
    every = tuple(shown_here(viewing.jurisdictions()))
    if len(every) == 1:
        return led_on(address(f"/{name}/{every[0].code}", language))
    choices = [
        {"name": one.name_en if language == "en" and one.name_en else one.name,
         "url": address(f"/{name}/{one.code}", language)}
        for one in every
    ]  # fmt: skip
    return page("shell/templates/jurisdictions.html", name, title="", choices=choices)
