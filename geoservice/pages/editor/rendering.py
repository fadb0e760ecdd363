"""How the boundary editor is written: the frame of every page of staff, the map of the map page in the midst."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from flask import Response, url_for

from geoservice.auth.permissions import Permission, permitted
from geoservice.domain.languages import Language
from geoservice.maps.builders import MapFrame, display_name, draw_map
from geoservice.maps.viewing import JurisdictionView
from geoservice.pages.shell.files import asset_url
from geoservice.pages.shell.frame import Place, page
from geoservice.pages.words.catalogue import own_words, words
from geoservice.web.guard import current_identity
from geoservice.web.language import asked_language, page_address
from layers.catalogue import catalogue
from layers.grids.model import Edition

#: What is drawn below the borders, as far as whoever asks may see it.
GROUND = ("basemap", "buildings")
#: How often it is asked whether somebody else took a step.
ASKED_EVERY_S = 4


def edition_url(jurisdiction: str, edition: int | None = None) -> str:
    """Return the address of an edition in the editor, or of the list of drafts."""
    path = f"/maps/{quote(jurisdiction, safe='')}/edit"
    return page_address(path if edition is None else f"{path}/{edition}", asked_language())


def drafts_page(
    jurisdiction: JurisdictionView, editions: Sequence[Edition], *, may_begin: bool, title: str, wrong: str,
    detail: str, status: int,
) -> Response:  # fmt: skip
    """Return the list of drafts, with what is in force and the form that begins a draft.

    Parameters
    ----------
    title, wrong, detail
        What was written into the form, the key of the sentence about it, and what else there is to say; empty: nothing.
    """
    language = asked_language()
    said = words("editor", language)
    drafts = [one for one in editions if one.status == "draft"]
    return page(
        "editor/templates/drafts.html", "editor", title=said["drafts"], place=_place(jurisdiction, language),
        status=status, drafts=drafts[::-1], in_force=[one for one in editions if one.status == "published"][::-1],
        url_of=lambda edition: edition_url(jurisdiction.code, edition), own_url=edition_url(jurisdiction.code),
        may_begin=may_begin, written=title, wrong=wrong, detail=detail,
    )  # fmt: skip


def editor_page(jurisdiction: JurisdictionView, edition: Edition) -> Response:
    """Return the page of one edition."""
    language, nonce, code = asked_language(), secrets.token_urlsafe(18), jurisdiction.code
    frame = MapFrame(
        language=language, nonce=nonce, asset_url=asset_url, layers=_ground(),
        layer_url=lambda layer: url_for("maps.map_layer", jurisdiction=code, layer=layer),
        tile_set_url=lambda layer: f"/tiles/{quote(code, safe='')}/{layer}.json",
        settings=_settings(jurisdiction, edition, language),
    )  # fmt: skip
    said = words("editor", language)
    return page(
        "editor/templates/editor.html", "editor", title=said["title"], nonce=nonce,
        place=_place(jurisdiction, language), drawing=draw_map(jurisdiction, frame), edition=edition,
        may_edit=_may_edit(edition), actor=current_identity().actor, drafts_url=edition_url(code),
        map_url=page_address(f"/maps/{quote(code, safe='')}", language),
    )  # fmt: skip


def _ground() -> list[str]:
    identity = current_identity()
    return [id_ for id_ in GROUND if permitted(identity, Permission(catalogue()[id_].read))]


def _may_edit(edition: Edition) -> bool:
    return edition.status == "draft" and permitted(current_identity(), Permission.EDIT_BOUNDARIES)


def _settings(jurisdiction: JurisdictionView, edition: Edition, language: Language) -> dict[str, Any]:
    identity, code = current_identity(), quote(jurisdiction.code, safe="")
    return {
        "words": own_words("maps", language) | own_words("editor", language),
        "asked_every_s": ASKED_EVERY_S, "actor": identity.actor,
        "edition": {
            "id": edition.id, "status": edition.status, "base": edition.base_id, "title": edition.title,
            "may_edit": _may_edit(edition),
            "may_publish": edition.status == "draft" and permitted(identity, Permission.PUBLISH_BOUNDARIES),
        },
        "urls": {
            "edition": f"/v1/editions/{edition.id}",
            "editions": f"/v1/editions?jurisdiction={code}",
            "page": f"/maps/{code}/edit/",
            "ground": {id_: f"/ogc/{code}/collections/{id_}/items" for id_ in _ground()},
        },
    }  # fmt: skip


def _place(jurisdiction: JurisdictionView, language: Language) -> Place:
    return Place(jurisdiction.code, display_name(jurisdiction, language), jurisdiction.time_zone)
