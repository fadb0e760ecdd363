"""What is written on the map beside features."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from geoservice.writing.qgis.elements import element


def labels(expression: str) -> Element:
    """Return what writes the value of an expression of QGIS into each area, with a light edge."""
    edge = element("text-buffer", bufferDraw="1", bufferSize="0.8", bufferSizeUnits="MM",
                   bufferColor="255,255,255,255", bufferOpacity="1")  # fmt: skip
    style = element("text-style", edge, fieldName=expression, isExpression="1", fontSize="9", fontSizeUnit="Point",
                    textColor="40,40,40,255", textOpacity="1")  # fmt: skip
    place = element("placement", placement="0", centroidInside="1", centroidWhole="1")
    rendering = element("rendering", drawLabels="1", obstacle="0")
    settings = element("settings", style, place, rendering, calloutType="simple")
    return element("labeling", settings, type="simple")
