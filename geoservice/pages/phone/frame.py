"""Pages for a phone: shells without anybody's data; what they show, their scripts ask of the interface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, url_for

from geoservice.domain.languages import Language
from geoservice.maps.builders import display_name
from geoservice.maps.viewing import JurisdictionView
from geoservice.pages.phone.worker import FILES
from geoservice.pages.shell.frame import page
from geoservice.pages.words.catalogue import own_words
from geoservice.web.language import asked_language, page_address

#: The one script that is run before the page is drawn.
_NO_MODULE = "shell/scripts/theme.js"
#: Whoever is signed in is not named in a page that a phone keeps.
_NOBODY = {"login": "", "role": "", "token": ""}


def phone_page(
    name: str, template: str, jurisdictions: tuple[JurisdictionView, ...], *, files: Sequence[str] = (),
    stream: str = "", told: dict[str, Any] | None = None, **values: Any,
) -> Response:  # fmt: skip
    """Return a page in the language asked for.

    Parameters
    ----------
    name
        Of the page, by which its words are known.
    files
        Of the page's own that it loads, one from the other: beside those that all such pages load they are named in its
        head, so that a slow network is waited for once. None: there are too few for that.
    told
        What its scripts are told beside the language, the words and the jurisdictions.
    """
    language = asked_language()
    said = own_words(name, language)
    settings = {
        "language": language,
        "words": said,
        "jurisdictions": [jurisdiction_told(one, language) for one in jurisdictions],
    } | (told or {})
    modules = [file for file in (*FILES, *files) if files and file.endswith(".js") and file != _NO_MODULE]
    return page(
        template,
        name,
        title=said["title"],
        stream=stream,
        account=_NOBODY,
        settings=settings,
        modules=modules,
        **values,
    )


def jurisdiction_told(view: JurisdictionView, language: Language) -> dict[str, Any]:
    """Return what scripts are told of a jurisdiction."""
    name = display_name(view, language)
    return {
        "code": view.code, "name": name, "bbox": list(view.bbox), "attribution": view.attribution,
        "time_zone": view.time_zone,
    }  # fmt: skip


def address_of(endpoint: str) -> str:
    """Return the address of a page in the language of this request."""
    return page_address(url_for(endpoint), asked_language())
