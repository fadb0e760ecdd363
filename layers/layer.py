"""What a layer is: one description, from which everything that serves layers is driven.

Its shape follows TiPg's Collection and Martin's TableInfo: a relation with a key, a geometry and described columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from layers.style import Style
from layers.title import Title

ColumnType = Literal["text", "integer", "number", "boolean", "instant", "day"]
#: As PostGIS names them; Geometry is lines and areas in one layer.
GeometryType = Literal["Point", "MultiLineString", "Polygon", "MultiPolygon", "Geometry"]
#: By which rule a feature gets its grid: by its place (of a shape, a point on it); by its building, without one by its
#: place; or, as a report, by the rules of routing. None, in its stead: no grid owns it.
Assignment = Literal["place", "building", "routing"]


class Limit(NamedTuple):
    """What a number has to be: a sign `>=`, `>`, `<=` or `<`, and another number as it is written."""

    sign: str
    number: str


@dataclass(frozen=True)
class Column:
    """One property of a layer's features."""

    name: str
    type: ColumnType
    title: Title
    #: As people write it: m, m2, deg, kPa …
    unit: str | None = None
    nullable: bool = False
    #: The values that it may have, in the order of a legend, where they are codes.
    codes: Mapping[str, Title] = field(default_factory=dict)
    #: Whether a details panel tells it; a name that heads the panel is not told again.
    told: bool = True
    #: Text that names something and says nothing, such as a code.
    identifier: bool = False
    #: Counted now, whatever instant is asked about: never told of another one.
    figure: bool = False


@dataclass(frozen=True)
class Tiling:
    """How a layer is cut into vector tiles. The database knows the same (table layer): its triggers follow it."""

    #: Columns of the layer's table that tiles tell; None: its key, and those that its styles are drawn by.
    columns: tuple[str, ...] | None = None
    #: From this zoom on every feature is in the tiles.
    min_zoom: int = 14
    #: Below it features are counted by square cells, so many to a tile's side, a power of two; None: there is nothing.
    cells: int | None = None
    #: Columns by whose values they are counted.
    counted: tuple[str, ...] = ()

    @property
    def cell_level(self) -> int | None:
        """Return the zoom whose tiles are the finest cells."""
        return None if self.cells is None else self.min_zoom - 1 + self.cells.bit_length() - 1


@dataclass(frozen=True, eq=False)  # each is one thing, not the sum of its parts
class Layer:
    """A kind of feature: where its rows are, what is told of them, who may read them, how they look."""

    #: Plural, as in addresses.
    id: str
    title: Title
    #: One feature of it.
    one: Title
    description: Title
    #: Table of schema geoservice whose rows are the features. What moves from grid to grid is called by its name.
    table: str
    geometry: GeometryType
    #: Of `source`, in the order in which they are told.
    columns: tuple[Column, ...]
    #: Relation that features are read from, where it is not the table itself: a view that adds figures, or counts.
    source: str = ""
    #: Column that names a feature within its jurisdiction.
    key: str = "code"
    geom: str = "geom"
    #: Some features have no place: whatever ground is asked about, they are told as well.
    may_lack_place: bool = False
    assignment: Assignment | None = "place"
    #: Features hold for a period, column `valid`, as it was known in another, column `known`; else what is there holds.
    bitemporal: bool = False
    #: Function over a row of the table: what it gives small values for comes first, before what it gives none for.
    urgent_by: str | None = None
    #: Column by which the newest come first; by key when None.
    newest_by: str | None = None
    #: Column whose values are counted where an answer can not hold every feature.
    counted_by: str | None = None
    #: Column that heads the details of a feature.
    head: str = "name"
    #: Permission that reading takes.
    read: str = "view_features"
    #: Rows are about people: only `source`, which counts them, leaves the database.
    personal: bool = False
    #: None: there are no tiles of it.
    tiling: Tiling | None = Tiling()
    styles: tuple[Style, ...] = ()
    #: Columns of the table that people write, where they are not those that are told.
    stored: tuple[Column, ...] = ()
    #: The database fills its table with what it counts, when somebody asks: nobody writes its features.
    gathered: bool = False
    #: People made it: it is described in the database, not here (layers/own_layers).
    own: bool = False

    @property
    def written(self) -> tuple[Column, ...]:
        """Return the columns of the table that people write, beside its place: what is counted or derived is not."""
        return self.stored or tuple(one for one in self.columns if not one.figure and one.name != "grid_code")

    @property
    def is_written(self) -> bool:
        """Whether people write its features one by one: grids are drawn in drafts, incidents have a lifecycle."""
        return not self.bitemporal and not self.gathered and self.assignment != "routing" and self.geom == "geom"

    @property
    def relation(self) -> str:
        """Return the relation that features are read from."""
        return self.source or self.table

    @property
    def tile_columns(self) -> tuple[str, ...]:
        """Return the columns of the table that tiles tell."""
        if self.tiling is None:
            return ()
        if self.tiling.columns is not None:
            return self.tiling.columns
        drawn_by = {name for style in self.styles for name in (style.by, style.scale_by)}
        return tuple(column.name for column in self.columns if column.name == self.key or column.name in drawn_by)

    @property
    def cells_id(self) -> str:
        """Return what the layer of a tile is called that holds counted cells."""
        return f"{self.id}_cells"

    def column(self, name: str) -> Column:
        """Return a column; raise KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)
