"""The layers of the catalogue as a project shows them: drawn as on the map, with their words and forms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from geoservice.writing.qgis.fields import Home, fields_of
from geoservice.writing.qgis.layers import ProjectLayer, Reference
from geoservice.writing.qgis.looks import looks_of
from geoservice.writing.qgis.words import AREAS, LINES, PART
from layers.buildings.layer import BUILDINGS
from layers.grids.layer import GRIDS
from layers.layer import Layer
from layers.style import GROUPS, Group

#: QGIS keeps lines and areas in layers of their own. What it would tell them apart by, it guesses from some rows.
_TYPES = {"Geometry": ("LineString", "MultiPolygon")}
_PARTS = {
    "LineString": ("lines", LINES, "'LINESTRING', 'MULTILINESTRING'"),
    "MultiPolygon": ("areas", AREAS, "'POLYGON', 'MULTIPOLYGON'"),
}
#: What columns name in every layer that has them: a feature of another layer, by its key.
_PARENTS = {"grid_code": GRIDS, "building_code": BUILDINGS}
#: Where in the list stands what no map draws.
_GROUP: Group = "community"
#: Before it saves, QGIS says where a shape crosses itself.
VALID = "QgsIsValidCheck"


def project_id(layer: Layer) -> str:
    """Return what a project calls a layer; what is no layer of the catalogue begins otherwise, whatever its name is."""
    return f"geoservice_{layer.id}"


def drawing_order(layer: Layer) -> tuple[int, str]:
    """Return where a layer stands among others: what is larger is drawn later. What no map draws is above the grids."""
    orders = [style.order for style in layer.styles] or [style.order + 1 for style in GRIDS.styles]
    return max(orders), layer.id


def catalogue_layers(layer: Layer, home: Home, *, jurisdiction_id: int, language: str) -> Iterator[ProjectLayer]:
    """Yield a layer of the catalogue as layers of a project, which may be edited where its home says so."""
    rows, editable = f"jurisdiction_id = {jurisdiction_id}", bool(home.written)
    if layer.bitemporal:
        rows += " AND valid @> now() AND upper_inf(known)"
    head = head_of(layer, language)
    whole = ProjectLayer(
        id=project_id(layer), title=layer.title.text(language), table=home.relation, rows=rows,
        fields=fields_of(
            layer.columns, home, language, geometry=layer.geom, given={"jurisdiction_id": str(jurisdiction_id)}
        ),
        looks=looks_of(layer, language), geometry_type=layer.geometry, geometry=layer.geom,
        key="id" if editable else layer.key, head=head, label=head if layer.id == GRIDS.id else None,
        group=GROUPS[layer.styles[0].group if layer.styles else _GROUP].text(language),
        shown=any(style.shown for style in layer.styles),
        interactive=editable or not layer.styles or any(style.interactive for style in layer.styles),
        editable=editable, checks=(VALID,) if editable else (), belongs=_belongs(layer),
    )  # fmt: skip
    yield from _parts(whole, language) if layer.geometry in _TYPES else (whole,)


def _parts(whole: ProjectLayer, language: str) -> Iterator[ProjectLayer]:
    for geometry_type in _TYPES[whole.geometry_type]:
        name, part, kinds = _PARTS[geometry_type]
        yield replace(
            whole, id=f"{name}_of_{whole.id}", geometry_type=geometry_type,
            title=PART.text(language).format(title=whole.title, part=part.text(language)),
            rows=f"{whole.rows} AND geometrytype({whole.geometry}) IN ({kinds})",
        )  # fmt: skip


def head_of(layer: Layer, language: str) -> str:
    """Return the expression of QGIS that names a feature to people."""
    translated = f"{layer.head}_{language}"
    if any(column.name == translated for column in layer.columns):
        return f'coalesce("{translated}", "{layer.head}")'
    return f'"{layer.head}"'


def _belongs(layer: Layer) -> tuple[Reference, ...]:
    return tuple(
        Reference(name, project_id(parent), parent.key)
        for name, parent in _PARENTS.items()
        if any(column.name == name for column in layer.columns)
    )
