"""A folium map of a jurisdiction for notebooks and files: all that it needs is in it, and it opens without a network.

from geoservice.maps.notebook import jurisdiction_map

town = jurisdiction_map("http://127.0.0.1:8080", "sare", key="grd_…")
town.add_features(late, title="Late")  # GeoJSON, or whatever has __geo_interface__, such as a GeoDataFrame
town.save("late.html")
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

from geoservice.domain.languages import Language
from geoservice.errors import GeoserviceError
from geoservice.maps.standalone import StandaloneMap
from layers.catalogue import styles

_TIMEOUT_S = 30


class NotAnswered(GeoserviceError):
    """The service did not answer with what the map needs."""


def jurisdiction_map(
    address: str, jurisdiction: str, *, key: str | None = None, layers: Iterable[str] | None = None,
    language: Language = "zh",
) -> StandaloneMap:  # fmt: skip
    """Return a map of a jurisdiction, with its layers as they are now.

    Parameters
    ----------
    address
        Of the service, such as http://127.0.0.1:8080.
    key
        An API key; without one the map has what visitors see.
    layers
        Ids of styles or of layers; those that the map of the service shows at first when None.

    Raises
    ------
    NotAnswered
        There is no such jurisdiction, or whoever asks may not see it.
    AssetsMissing
        The map's files are not built.
    """
    code = quote(jurisdiction, safe="")
    home = address.rstrip("/")
    about = _get(f"{home}/v1/jurisdictions/{code}", key)
    town = StandaloneMap(tuple(about["bbox"]), attribution=about.get("attribution") or "")
    wanted = None if layers is None else set(layers)
    fetched: dict[str, Any] = {}
    for layer, style in styles():
        if not style.shown if wanted is None else not wanted & {layer.id, style.id}:
            continue
        if layer.id not in fetched:
            found = f"{home}/maps/{code}/layers/{layer.id}.geojson"
            fetched[layer.id] = _features(found, key, by_name=wanted is not None)
        if fetched[layer.id] is not None:
            title = (style.title or layer.title).text(language)
            town.add_features(fetched[layer.id], title, drawn=(layer, style), language=language)
    return town


def _features(address: str, key: str | None, *, by_name: bool) -> Any:
    """Return a layer; None where whoever asks may not see it and did not ask for it by its name."""
    try:
        return _get(address, key)
    except NotAnswered as exc:
        if not by_name and exc.fields.get("status") in (401, 403):
            return None
        raise


def _get(address: str, key: str | None) -> Any:
    request = Request(address, headers={"Authorization": f"Bearer {key}"} if key else {})  # noqa: S310  the caller's own
    try:
        with urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            return json.load(answer)
    except HTTPError as exc:
        with exc:
            raise NotAnswered(address=address, status=exc.code) from None
