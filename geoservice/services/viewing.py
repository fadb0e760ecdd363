"""What the map and the figures show: layers as GeoJSON, counts per grid."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from geoservice.errors import LayerUnknown
from geoservice.services import lookups
from layers.basemap import queries as basemap
from layers.cameras import queries as cameras
from layers.crs import Bbox
from layers.db.session import Database
from layers.incidents import queries as incidents
from layers.jurisdictions.model import Jurisdiction
from layers.jurisdictions.queries import jurisdictions
from layers.organisations import queries as organisations
from layers.summaries import grid_figures
from layers.summaries.grid_figures import Figures

#: Each layer of the map and where its features come from.
LAYERS: Mapping[str, Callable[..., bytes]] = {
    "basemap": basemap.features,
    "grids": grid_figures.grid_features,
    "buildings": grid_figures.building_features,
    "households": grid_figures.household_features,
    "cameras": cameras.features,
    "camera_sectors": cameras.sectors,
    "organisations": organisations.features,
    "incidents": incidents.features,
}


@dataclass(frozen=True)
class JurisdictionView:
    """What a map page tells about a jurisdiction."""

    code: str
    name: str
    name_en: str
    bbox: Bbox
    statistics: Figures


class ViewingService:
    """Reads for pages; changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def jurisdictions(self) -> tuple[JurisdictionView, ...]:
        """Return every jurisdiction with its figures, by code."""
        with self._database.transaction() as connection:
            return tuple(_view(connection, one) for one in jurisdictions(connection))

    def jurisdiction_view(self, code: str) -> JurisdictionView:
        """Return one jurisdiction with its figures; raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            return _view(connection, lookups.get_jurisdiction(connection, code))

    def layer_geojson(self, jurisdiction_code: str, layer: str) -> bytes:
        """Return a layer as a GeoJSON FeatureCollection, EPSG:4326; raise JurisdictionUnknown, LayerUnknown."""
        if layer not in LAYERS:
            raise LayerUnknown(layer=layer)
        with self._database.transaction() as connection:
            return LAYERS[layer](connection, jurisdiction_id=lookups.get_jurisdiction(connection, jurisdiction_code).id)


def _view(connection: Connection, jurisdiction: Jurisdiction) -> JurisdictionView:
    return JurisdictionView(
        jurisdiction.code, jurisdiction.name, jurisdiction.name_en or "", jurisdiction.bbox,
        grid_figures.figures(connection, jurisdiction_id=jurisdiction.id),
    )  # fmt: skip
