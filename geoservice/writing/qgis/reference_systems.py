"""Reference systems as QGIS names and describes them."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from pyproj import CRS

from geoservice.writing.qgis.elements import element

#: That in which the database keeps everything.
WGS84 = 4326


def reference_system(name: str, epsg: int = WGS84) -> Element:
    """Return a reference system by its EPSG code, in an element of a name."""
    described = CRS.from_epsg(epsg)
    told = {
        "wkt": described.to_wkt(), "srid": str(epsg), "authid": f"EPSG:{epsg}", "description": described.name,
        "geographicflag": str(described.is_geographic).lower(),
    }  # fmt: skip
    return element(name, element("spatialrefsys", *(element(key, text=value) for key, value in told.items())))
