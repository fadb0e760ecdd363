"""A QGIS project as XML, with snapping switched on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from geoservice.writing.qgis.crs import reference_system
from geoservice.writing.qgis.elements import element, flag, written
from geoservice.writing.qgis.layers import ProjectLayer
from geoservice.writing.qgis.map_layers import map_layer
from geoservice.writing.qgis.relations import relations_among, relations_element
from geoservice.writing.qgis.tree import tree
from layers.crs import STORAGE_SRID, Bbox

#: The oldest QGIS that is known to read it.
QGIS_VERSION = "3.22.0"
#: How near the pointer catches a vertex or border, in pixels.
SNAP_PX = "12"


@dataclass(frozen=True)
class Project:
    """What a file of QGIS holds."""

    title: str
    #: As they are drawn, the uppermost first; the pointer catches those that are editable.
    layers: tuple[ProjectLayer, ...]
    #: Of the list of layers, from top to bottom.
    groups: tuple[str, ...]
    #: What the map shows when it is opened.
    view: Bbox
    language: str
    #: In which the map is drawn.
    epsg: int = STORAGE_SRID
    #: Whether neighbours share their borders, so that both follow when one is moved.
    topological: bool = False


def project_xml(project: Project) -> bytes:
    """Return a .qgs file."""
    layers, relations = project.layers, relations_among(project.layers)
    kept = [map_layer(layer, relations, project.language) for layer in layers]
    return written(element(
        "qgis",
        element("title", text=project.title),
        # Off: a transaction that lasts as long as somebody draws would keep everybody else from saving.
        element("autotransaction", active="0"),
        element("evaluateDefaultValues", active="0"),
        reference_system("projectCrs", project.epsg),
        tree(layers, project.groups),
        _snapping(layers),
        relations_element(relations),
        element("projectlayers", *kept),
        element("layerorder", *(element("layer", id=layer.id) for layer in layers if layer.looks is not None)),
        _properties(topological=project.topological),
        _view(project.view),
        projectname=project.title, version=QGIS_VERSION,
    ))  # fmt: skip


def _snapping(layers: Sequence[ProjectLayer]) -> Element:
    # mode 3: layer by layer; type 3: vertices and borders; unit 1: pixels
    each = [
        element("layer-setting", id=layer.id, enabled=flag(layer.editable), type="3", tolerance=SNAP_PX, units="1",
                minScale="0", maxScale="0")
        for layer in layers if layer.looks is not None
    ]  # fmt: skip
    switched_off = {"intersection-snapping": "0", "self-snapping": "0"}
    return element("snapping-settings", element("individual-layer-settings", *each), enabled="1", mode="3", type="3",
                   tolerance=SNAP_PX, unit="1", scaleDependencyMode="0", minScale="0", maxScale="0",
                   **switched_off)  # fmt: skip


def _properties(*, topological: bool) -> Element:
    return element(
        "properties",
        element("Digitizing", element("TopologicalEditing", text=flag(topological), type="int")),
        element("SpatialRefSys", element("ProjectionsEnabled", text="1", type="int")),
        # Areas in m2, not in square degrees.
        element("Measure", element("Ellipsoid", text="EPSG:7030", type="QString")),
    )


def _view(view: Bbox) -> Element:
    west, south, east, north = (repr(side) for side in view)
    extent = element("DefaultViewExtent", *reference_system("srs"), xmin=west, ymin=south, xmax=east, ymax=north)
    return element("ProjectViewSettings", extent, UseProjectScales="0", rotation="0")
