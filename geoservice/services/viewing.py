"""What the map and the figures show: layers as GeoJSON, counts per grid."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from shapely import MultiPolygon
from sqlalchemy import Connection

from geoservice.domain.spans import Span
from geoservice.services import lookups
from geoservice.services.audit.traces import note_features_read
from geoservice.services.mapping import past
from layers.crs import Bbox
from layers.db.session import Database
from layers.features import feature_collection
from layers.jurisdictions.model import Jurisdiction, Retention, Visitors
from layers.jurisdictions.queries import jurisdictions, outline_at
from layers.summaries import grid_figures
from layers.summaries.grid_figures import Figures

#: Of a layer that only grows a page gets so many features, the most urgent, then the newest; the answer says how many
#: there are.
MAX_GROWING = 20_000


@dataclass(frozen=True)
class JurisdictionView:
    """What a map page tells about a jurisdiction."""

    code: str
    name: str
    name_en: str
    bbox: Bbox
    #: Whom what shows its data names, plain text; None: nobody.
    attribution: str | None
    statistics: Figures
    #: By whose clocks its instants are told.
    time_zone: str
    #: What visitors see of it.
    visitors: Visitors = "grids"
    #: Whether who drew a draft can neither publish it nor confirm its outline.
    four_eyes: bool = False
    #: For how long it keeps what people write.
    retention: Retention = field(default_factory=Retention)


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

    def outline(self, code: str, *, at: datetime | None = None) -> MultiPolygon:
        """Return the outline of a jurisdiction at an instant (now when None), EPSG:4326; raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            return outline_at(connection, lookups.get_jurisdiction(connection, code).id, at)

    def layer_geojson(self, jurisdiction_code: str, layer_id: str, *, on: date | None = None) -> bytes:
        """Return a layer as a GeoJSON FeatureCollection, EPSG:4326; raise JurisdictionUnknown, LayerUnknown, DayToCome.

        on: of grids those in force at the end of a day, without figures; None: what there is now. Other layers know
        only that.
        """
        layer = lookups.get_layer(layer_id)
        limit = None if layer.newest_by is None else MAX_GROWING
        with self._database.transaction() as connection:
            jurisdiction = lookups.get_jurisdiction(connection, jurisdiction_code)
            at = None
            if on is not None and layer.bitemporal:
                # Of the day itself: an edition of the next one begins where this one ends.
                until = past(Span(on, on), ZoneInfo(jurisdiction.time_zone), datetime.now(UTC)).until
                at = until - timedelta(microseconds=1)
            collection = feature_collection(connection, layer, jurisdiction_id=jurisdiction.id, limit=limit, at=at)
            note_features_read(connection, layer, jurisdiction.id, None, part="map")
            return collection


def _view(connection: Connection, jurisdiction: Jurisdiction) -> JurisdictionView:
    return JurisdictionView(
        jurisdiction.code, jurisdiction.name, jurisdiction.name_en or "", lookups.whole_bbox(connection, jurisdiction),
        jurisdiction.attribution, grid_figures.figures(connection, jurisdiction_id=jurisdiction.id),
        jurisdiction.time_zone, jurisdiction.visitors, jurisdiction.four_eyes, jurisdiction.retention,
    )  # fmt: skip
