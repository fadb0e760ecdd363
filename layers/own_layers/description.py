"""What is kept of an own layer, as JSON, and the layer that it describes. Looks and tiles follow from its geometry."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from layers.layer import Column, ColumnType, GeometryType, Layer, Tiling
from layers.style import Paint, Style, Symbol
from layers.title import Title

#: What stands before a layer's name in that of its table.
PREFIX = "own_"
#: Of names of layers and columns: migrations/schema/own_layers.sql, is_own_name.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
#: What columns may be.
TYPES: tuple[ColumnType, ...] = ("text", "integer", "number", "boolean", "instant")
#: Names that columns can not have: taken_columns of the same file.
TAKEN = frozenset(
    "bbox building change_id cmax cmin code crs ctid differs ended_by fault fid geom geom_3857 geometry grid_code id"
    " jurisdiction_id known lat lon lost operation place recorded_at row_number seq since stored stored_change tableoid"
    " until valid was wkt xmax xmin".split()
)
_CODE = Column("code", "text", Title("编号", "Code"), identifier=True)
_GRID_CODE = Column("grid_code", "text", Title("所属网格", "Grid"), nullable=True)
_INK = "#3a5a80"
#: Of codes, in their order: Okabe and Ito, without black; what comes after them is grey.
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442")
_OTHERS = "#999999"
#: How each geometry is drawn, where in the order of drawing, and how it is cut into tiles.
_LOOKS: Mapping[str, tuple[Symbol, int, Paint, Tiling]] = {
    "Point": ("circle", 68, {"radius": 6, "weight": 1.5, "color": "#ffffff"}, Tiling(cells=16)),
    "MultiLineString": ("line", 45, {"weight": 3, "fill": False}, Tiling(min_zoom=11)),
    "MultiPolygon": ("area", 35, {"weight": 1.5, "fillOpacity": 0.35}, Tiling(min_zoom=11)),
    "Geometry": ("area", 36, {"weight": 2, "fillOpacity": 0.35}, Tiling(min_zoom=11)),
}


class NotDescribed(ValueError):
    """What is kept describes no layer."""


def is_name(name: str) -> bool:
    """Return whether an own layer, or a column of one, may be called so."""
    return _NAME.fullmatch(name) is not None and not name.endswith("_history")


def own_layer(
    name: str, title: Title, geometry: GeometryType, columns: Sequence[Column], *, description: Title | None = None
) -> Layer:
    """Return a layer of the columns that people write; every layer's key and grid stand around them."""
    symbol, order, paint, tiling = _LOOKS[geometry]
    by = next((column for column in columns if column.codes), None)
    head = next((column.name for column in columns if column.name == "name"), "code")
    told = tuple(dict.fromkeys(("code", head, *([by.name] if by else []))))
    style = Style(
        id=f"{PREFIX}{name}", group="community", order=order, bulk=True, symbol=symbol,
        paint=_coloured(symbol, paint, _INK), by=by.name if by else "", legend=tuple(by.codes) if by else (),
        paints={code: _coloured(symbol, {}, _colour(n)) for n, code in enumerate(by.codes)} if by else {},
    )  # fmt: skip
    return Layer(
        id=name, title=title, one=title, description=description or title, table=f"{PREFIX}{name}", geometry=geometry,
        columns=(_CODE, *columns, _GRID_CODE), head=head, own=True, styles=(style,),
        tiling=Tiling(told, tiling.min_zoom, tiling.cells, (by.name,) if by and tiling.cells else ()),
    )  # fmt: skip


def described(layer: Layer) -> dict[str, Any]:
    """Return what is kept of an own layer."""
    return {
        "title": layer.title._asdict(), "description": layer.description._asdict(), "geometry": layer.geometry,
        "columns": [
            {
                "name": column.name, "type": column.type, "title": column.title._asdict(), "unit": column.unit,
                # A list: the database keeps no order of an object's keys.
                "codes": [{"code": code, **title._asdict()} for code, title in column.codes.items()],
            }
            for column in own_columns(layer)
        ],
    }  # fmt: skip


def layer_of(name: str, kept: Mapping[str, Any]) -> Layer:
    """Return the layer that is described; raise NotDescribed."""
    try:
        if kept["geometry"] not in _LOOKS:
            raise NotDescribed(f"{kept['geometry']} is no geometry of a layer")
        columns = [_column(one) for one in kept["columns"]]
        return own_layer(
            name, _title(kept["title"]), kept["geometry"], columns, description=_title(kept["description"])
        )
    except (KeyError, TypeError, AttributeError) as exc:
        raise NotDescribed(f"it says too little: {exc}") from exc


def own_columns(layer: Layer) -> tuple[Column, ...]:
    """Return the columns of an own layer that no other has."""
    return tuple(column for column in layer.columns if column.name not in ("code", "grid_code"))


def _column(kept: Mapping[str, Any]) -> Column:
    if kept["type"] not in TYPES:
        raise NotDescribed(f"{kept['type']} is no type of a column")
    codes = {one["code"]: _title(one) for one in kept["codes"] or ()}
    return Column(
        str(kept["name"]), cast("ColumnType", kept["type"]), _title(kept["title"]), unit=kept["unit"], nullable=True,
        codes=codes, told=kept["name"] != "name",
    )  # fmt: skip


def _title(kept: Mapping[str, Any]) -> Title:
    return Title(str(kept["zh"]), str(kept["en"]), kept.get("bo"))


def _colour(number: int) -> str:
    return _COLOURS[number] if number < len(_COLOURS) else _OTHERS


def _coloured(symbol: Symbol, paint: Paint, colour: str) -> Paint:
    """Return a paint in a colour: lines and edges of areas have it, and what is filled."""
    edge = {} if symbol == "circle" else {"color": colour}
    return {**paint, **edge, "fillColor": colour}
