"""The layers of a QGIS project as XML: where each reads, how it looks, what its form fills in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from xml.etree.ElementTree import Element, SubElement

#: Name of the section of pg_service.conf that says where the database is; who signs in is not in the project.
SERVICE = "geoservice"


@dataclass(frozen=True)
class Look:
    """How features are drawn."""

    fill: str  #: red,green,blue,opacity, each 0 to 255
    line: str
    line_mm: float  #: or how wide in `line_unit`
    line_unit: str = "MM"  #: of the width of lines, as QGIS calls it
    mark: str = "circle"  #: of points, as QGIS calls it
    size_mm: float = 2.4  #: of points, across


@dataclass(frozen=True)
class ProjectLayer:
    """One layer in EPSG:4326, read from the schema geoservice."""

    #: More than 10 letters, or QGIS makes up another.
    id: str
    title: str
    #: Or view.
    table: str
    #: Which of its rows, as SQL.
    rows: str
    fill: str  #: red,green,blue,opacity, each 0 to 255
    line: str
    line_mm: float
    geometry_type: str = "MultiPolygon"  #: as QGIS calls it: Point, LineString, MultiPolygon …
    geometry: str = "geom"  #: the column
    key: str = "id"  #: the field that names a row among these
    label: str | None = None  #: the field that is written on the map
    editable: bool = False
    #: Field and the expression that fills it when a polygon is drawn.
    defaults: tuple[tuple[str, str], ...] = ()
    hidden: tuple[str, ...] = ()  #: fields that the form does not show

    @property
    def shape(self) -> str:
        """Return what it is drawn as: Point, Line or Polygon."""
        single = self.geometry_type.removeprefix("Multi")
        return "Line" if single == "LineString" else single

    @property
    def source(self) -> str:
        """Return where QGIS reads it; a view has no key of its own, so the key is named."""
        return (
            f"service='{SERVICE}' key='{self.key}' estimatedmetadata=true srid=4326 type={self.geometry_type}"
            f' checkPrimaryKeyUnicity=\'0\' table="geoservice"."{self.table}" ({self.geometry}) sql={self.rows}'
        )


_OUTLINE = {
    "color": "{fill}", "outline_color": "{line}", "outline_style": "solid", "outline_width": "{line_mm}",
    "outline_width_unit": "{line_unit}",
}  # fmt: skip
#: Of each shape: QGIS's kind of symbol, what draws it, and its options.
_SYMBOLS = {
    "Polygon": ("fill", "SimpleFill", _OUTLINE | {"style": "solid", "joinstyle": "round"}),
    "Point": ("marker", "SimpleMarker", _OUTLINE | {"name": "{mark}", "size": "{size_mm}", "size_unit": "MM"}),
    "Line": (
        "line",
        "SimpleLine",
        {"line_color": "{line}", "line_width": "{line_mm}", "line_width_unit": "{line_unit}"},
    ),
}


def layer_element(layer: ProjectLayer) -> Element:
    """Return a layer as QGIS keeps it in a project."""
    element = Element(
        "maplayer", type="vector", geometry=layer.shape, wkbType=layer.geometry_type,
        readOnly="0" if layer.editable else "1", labelsEnabled="0" if layer.label is None else "1",
        styleCategories="AllStyleCategories", simplifyDrawingHints="0", hasScaleBasedVisibilityFlag="0",
    )  # fmt: skip
    for name, text in (("id", layer.id), ("datasource", layer.source), ("layername", layer.title)):
        SubElement(element, name).text = text
    element.append(reference_system("srs"))
    SubElement(element, "provider", encoding="UTF-8").text = "postgres"
    flags = SubElement(element, "flags")
    for name, value in (("Identifiable", "1"), ("Removable", "1"), ("Searchable", "1"), ("Private", "0")):
        SubElement(flags, name).text = value
    element.append(_look(layer))
    if layer.label is not None:
        element.append(_labels(layer.label))
    if layer.editable:
        element.append(_checks())
    element.append(_hidden_fields(layer.hidden))
    defaults = SubElement(element, "defaults")
    for field, expression in layer.defaults:
        SubElement(defaults, "default", field=field, expression=expression, applyOnUpdate="0")
    return element


def reference_system(name: str) -> Element:
    """Return EPSG:4326, in which the database keeps everything."""
    element = Element(name)
    inner = SubElement(element, "spatialrefsys")
    for key, value in (("proj4", "+proj=longlat +datum=WGS84 +no_defs"), ("srid", "4326"), ("authid", "EPSG:4326"),
                       ("description", "WGS 84"), ("geographicflag", "true")):  # fmt: skip
        SubElement(inner, key).text = value
    return element


def _option_map(parent: Element, options: dict[str, str]) -> None:
    """Append named texts as QGIS writes them."""
    inner = SubElement(parent, "Option", type="Map")
    for name, value in options.items():
        SubElement(inner, "Option", name=name, type="QString", value=value)


def _look(layer: ProjectLayer) -> Element:
    return one_look(layer.shape, Look(layer.fill, layer.line, layer.line_mm))


def one_look(shape: str, look: Look) -> Element:
    """Return what draws all features alike; of a shape as `ProjectLayer.shape` has it."""
    renderer = Element("renderer-v2", type="singleSymbol", symbollevels="0", enableorderby="0", forceraster="0")
    SubElement(renderer, "symbols").append(_symbol("0", shape, look))
    return renderer


def looks_by_value(shape: str, field: str, looks: Sequence[tuple[str | None, str, Look]]) -> Element:
    """Return what draws features by the value of a field: value, its words in the legend, look; None: any other."""
    renderer = Element("renderer-v2", type="categorizedSymbol", attr=field, symbollevels="0", enableorderby="0",
                       forceraster="0")  # fmt: skip
    categories, symbols = SubElement(renderer, "categories"), SubElement(renderer, "symbols")
    for n, (value, words, look) in enumerate(looks):
        # QGIS takes the empty text for all that no other category has.
        SubElement(categories, "category", value=value or "", symbol=str(n), label=words, render="true", type="string")
        symbols.append(_symbol(str(n), shape, look))
    return renderer


def _symbol(name: str, shape: str, look: Look) -> Element:
    kind, drawn_by, options = _SYMBOLS[shape]
    symbol = Element("symbol", name=name, type=kind, alpha="1", clip_to_extent="1", force_rhr="0")
    drawn = SubElement(symbol, "layer", {"class": drawn_by}, enabled="1", locked="0")
    _option_map(drawn, {option: value.format_map(asdict(look)) for option, value in options.items()})
    return symbol


def _labels(field: str) -> Element:
    labelling = Element("labeling", type="simple")
    settings = SubElement(labelling, "settings", calloutType="simple")
    style = SubElement(
        settings, "text-style", fieldName=field, isExpression="0", fontSize="9", fontSizeUnit="Point",
        textColor="40,40,40,255", textOpacity="1",
    )  # fmt: skip
    SubElement(style, "text-buffer", bufferDraw="1", bufferSize="0.8", bufferSizeUnits="MM",
               bufferColor="255,255,255,255", bufferOpacity="1")  # fmt: skip
    SubElement(settings, "placement", placement="0", centroidInside="1", centroidWhole="1")
    SubElement(settings, "rendering", drawLabels="1", obstacle="0")
    return labelling


def _checks() -> Element:
    """Return what QGIS looks at before it saves: it names an overlap more kindly than a refused commit.

    Coordinates are neither rounded nor thinned.
    """
    element = Element("geometryOptions", removeDuplicateNodes="0", geometryPrecision="0")
    checks = SubElement(element, "activeChecks", type="StringList")
    for name in ("QgsIsValidCheck", "QgsGeometryOverlapCheck"):
        SubElement(checks, "Option", type="QString", value=name)
    return element


def _hidden_fields(fields: tuple[str, ...]) -> Element:
    element = Element("fieldConfiguration")
    for name in fields:
        widget = SubElement(SubElement(element, "field", name=name), "editWidget", type="Hidden")
        SubElement(SubElement(widget, "config"), "Option")
    return element
