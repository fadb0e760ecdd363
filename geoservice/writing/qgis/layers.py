"""The layers of a QGIS project: where each reads, how it is drawn, which fields it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from geoservice.writing.qgis.fields import Field
from geoservice.writing.qgis.symbols import Looks
from layers.crs import STORAGE_SRID

#: Name of the section of pg_service.conf that says where the database is; who signs in is not in the project.
SERVICE = "geoservice"


class Reference(NamedTuple):
    """The field of a layer whose value names a feature of another one: the parent, by its id in the project."""

    field: str
    parent: str
    parent_field: str


@dataclass(frozen=True)
class ProjectLayer:
    """One layer in EPSG:4326, or a table without places, read from the schema geoservice."""

    #: More than 10 letters, or QGIS makes up another.
    id: str
    title: str
    #: Or view.
    table: str
    #: Which of its rows, as SQL.
    rows: str
    fields: tuple[Field, ...]
    #: None: it has no places.
    looks: Looks | None = None
    geometry_type: str = "NoGeometry"  #: as QGIS calls it: Point, LineString, MultiPolygon …
    geometry: str = "geom"  #: the column
    key: str = "id"  #: the field that names a row among these
    head: str = '"code"'  #: the expression that names a feature to people
    label: str | None = None  #: the expression that is written on the map
    group: str = ""  #: where it stands in the list of layers; empty: above all groups
    shown: bool = True
    interactive: bool = True  #: whether a click tells about a feature
    editable: bool = False
    checks: tuple[str, ...] = ()  #: what QGIS looks at before it saves, as it calls them
    belongs: tuple[Reference, ...] = ()

    @property
    def shape(self) -> str:
        """Return what it is drawn as: Point, Line or Polygon; "No geometry" of a table."""
        if self.looks is None:
            return "No geometry"
        single = self.geometry_type.removeprefix("Multi")
        return "Line" if single == "LineString" else single

    @property
    def source(self) -> str:
        """Return where QGIS reads it; a view has no key of its own, so the key is named."""
        place, kind = "", ""
        if self.looks is not None:
            place, kind = f" ({self.geometry})", f" srid={STORAGE_SRID} type={self.geometry_type}"
        return (
            f"service='{SERVICE}' key='{self.key}' estimatedmetadata=true{kind}"
            f' checkPrimaryKeyUnicity=\'0\' table="geoservice"."{self.table}"{place} sql={self.rows}'
        )
