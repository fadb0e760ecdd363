"""Reference systems as QGIS names and describes them."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from pyproj import CRS

from geoservice.writing.qgis.elements import element
from layers.crs import STORAGE_SRID


def reference_system(name: str, epsg: int = STORAGE_SRID) -> Element:
    """Return a reference system by its EPSG code, unless that is said the database's, in an element of a name."""
    described = CRS.from_epsg(epsg)
    told = {
        "wkt": described.to_wkt(), "srid": str(epsg), "authid": f"EPSG:{epsg}", "description": described.name,
        "geographicflag": str(described.is_geographic).lower(),
    }  # fmt: skip
    return element(name, element("spatialrefsys", *(element(key, text=value) for key, value in told.items())))
