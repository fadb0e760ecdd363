"""The words of the pages with maps that folium's figures do not have: those are in geoservice.maps."""

from __future__ import annotations

MAPS: dict[str, tuple[str, ...]] = {
    "tile_map": ("瓦片地图", "Tile map"),
}
