"""A QGIS project as XML, with snapping and topological editing switched on."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from geoservice.writing.qgis.layers import ProjectLayer, layer_element, reference_system
from layers.crs import Bbox

#: The oldest QGIS that is known to read it.
QGIS_VERSION = "3.22.0"
#: How near the pointer catches a vertex or border, in pixels.
SNAP_PX = "12"


def project_xml(title: str, layers: Sequence[ProjectLayer], view: Bbox) -> bytes:
    """Return a .qgs file.

    Parameters
    ----------
    layers
        The uppermost first; the pointer catches those that are editable.
    view
        What the map shows when it is opened.
    """
    root = Element("qgis", projectname=title, version=QGIS_VERSION)
    SubElement(root, "title").text = title
    # Off: a transaction that lasts as long as somebody draws would keep everybody else from saving.
    SubElement(root, "autotransaction", active="0")
    SubElement(root, "evaluateDefaultValues", active="0")
    # The map in the reference system of the data: a vertex that is caught is transformed by nothing, so it is the
    # neighbour's to the last bit.
    root.append(reference_system("projectCrs"))
    root.append(_tree(layers))
    root.append(_snapping(layers))
    kept = SubElement(root, "projectlayers")
    for layer in layers:
        kept.append(layer_element(layer))
    order = SubElement(root, "layerorder")
    for layer in layers:
        SubElement(order, "layer", id=layer.id)
    root.append(_properties())
    root.append(_view(view))
    indent(root)
    doctype = b"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
    return doctype + tostring(root, encoding="utf-8")


def _tree(layers: Sequence[ProjectLayer]) -> Element:
    tree = Element("layer-tree-group")
    for layer in layers:
        SubElement(tree, "layer-tree-layer", id=layer.id, name=layer.title, source=layer.source,
                   providerKey="postgres", checked="Qt::Checked", expanded="0")  # fmt: skip
    return tree


def _snapping(layers: Sequence[ProjectLayer]) -> Element:
    # mode 3: layer by layer; type 3: vertices and borders; unit 1: pixels
    element = Element("snapping-settings", enabled="1", mode="3", type="3", tolerance=SNAP_PX, unit="1",
                      scaleDependencyMode="0", minScale="0", maxScale="0")  # fmt: skip
    element.attrib["intersection-snapping"] = "0"
    element.attrib["self-snapping"] = "0"
    each = SubElement(element, "individual-layer-settings")
    for layer in layers:
        SubElement(each, "layer-setting", id=layer.id, enabled="1" if layer.editable else "0", type="3",
                   tolerance=SNAP_PX, units="1", minScale="0", maxScale="0")  # fmt: skip
    return element


def _properties() -> Element:
    element = Element("properties")
    digitizing = SubElement(element, "Digitizing")
    SubElement(digitizing, "TopologicalEditing", type="int").text = "1"
    SubElement(SubElement(element, "SpatialRefSys"), "ProjectionsEnabled", type="int").text = "1"
    ellipsoid = SubElement(element, "Measure")
    SubElement(ellipsoid, "Ellipsoid", type="QString").text = "EPSG:7030"  # areas in m2, not in square degrees
    return element


def _view(view: Bbox) -> Element:
    element = Element("ProjectViewSettings", UseProjectScales="0", rotation="0")
    west, south, east, north = (repr(side) for side in view)
    extent = SubElement(element, "DefaultViewExtent", xmin=west, ymin=south, xmax=east, ymax=north)
    extent.extend(list(reference_system("srs")))
    return element
