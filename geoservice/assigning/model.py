"""What is asked, what is told, and the pieces that go from reader to writer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from geoservice.engine.edges import Floats

#: Numbers of method where a row has no position on the earth; the others are those of engine.answers.Method.
NO_POSITION = -1
#: How many rows without a position are named.
NAMED_ROWS = 5
#: Memory that one piece of a file may take, and how many rows at most; some pieces are on their way at a time.
PIECE_BYTES = 24 << 20
PIECE_ROWS = 1 << 18


class CoordinateColumns(NamedTuple):
    """Names of the columns that hold longitude and latitude, or easting and northing."""

    x: str
    y: str


@dataclass(frozen=True)
class Request:
    """What to assign and how."""

    points: Path
    out: Path
    #: None: they are guessed by their names.
    columns: CoordinateColumns | None = None
    #: `wgs84`, `cgcs2000`, `gcj02`, `bd09` or `epsg:N`; None: what the file says, and degrees where it can not say.
    crs: str | None = None
    #: Of text; None: UTF-8.
    encoding: str | None = None
    #: Of a GeoPackage, or the sheet of a workbook; None: it must hold one.
    layer: str | None = None
    #: Whether points may be as far off as an old datum is that no sure way leads from.
    allow_ballpark: bool = False
    #: Put before the names of the columns that are added.
    prefix: str = ""
    overwrite: bool = False

    @property
    def code_column(self) -> str:
        """Name of the column of codes that is added."""
        return f"{self.prefix}grid_code"

    @property
    def method_column(self) -> str:
        """Name of the column of methods that is added."""
        return f"{self.prefix}method"


@dataclass(frozen=True)
class Progress:
    """How far it is."""

    rows: int
    #: 0 to 1; None where the length of the file is not known.
    share: float | None


#: Hears of progress, seldom enough to draw it.
OnProgress = Callable[[Progress], None]


class Misplaced(NamedTuple):
    """A row without a position on the earth, and what stands in its coordinates."""

    row: int
    x: str
    y: str


@dataclass(frozen=True)
class Answers:
    """Owners of the rows of one piece.

    Parameters
    ----------
    owner
        (n,) index into the codes; -1 where no grid owns the place or there is no place.
    method
        (n,) a number of engine.answers.Method, or NO_POSITION.
    lon, lat
        (n,) degrees, EPSG:4326; NaN where the row has no position.
    misplaced
        The first rows without a position.
    """

    owner: NDArray[np.int32]
    method: NDArray[np.int8]
    lon: Floats
    lat: Floats
    misplaced: tuple[Misplaced, ...]


class Piece(Protocol):
    """Some rows of a file, one after the other."""

    @property
    def first_row(self) -> int:
        """Number of its first row, from 1."""

    @property
    def share(self) -> float | None:
        """Part of the file that is read when this piece is, 0 to 1; None when not known."""

    def coordinates(self) -> tuple[pa.Array, pa.Array] | pa.Array:
        """Return two columns of numbers or text, or one of WKB."""

    def table(self) -> pa.Table:
        """Return all columns in the order of the file."""


@dataclass(frozen=True)
class Geometry:
    """The column of geometries of a file."""

    column: str
    #: As GDAL and PROJ take it: a code, WKT or PROJJSON; None when the file does not say.
    crs: str | None
    #: Else a struct of x and y, as GeoParquet may have it.
    is_wkb: bool = True


#: What may be wrong with coordinates of which none is a position, as a code that each door has its own words for.
Mistake = Literal["decimal-commas", "degrees-and-minutes", "columns-exchanged", "points-exchanged", "projected"]
#: How a file says where its points are.
Where = CoordinateColumns | Geometry


@dataclass
class Summary:
    """What came out."""

    rows: int = 0
    covered: int = 0
    nearest: int = 0
    none: int = 0
    without_position: int = 0
    seconds: float = 0.0
    #: What a person should know: what was taken for what, and what looks wrong.
    remarks: list[str] = field(default_factory=list)
    #: From where the coordinates were taken.
    where: Where | None = None
    #: What is likely wrong with them when no row has a position; None when nothing is known.
    mistake: Mistake | None = None

    @property
    def is_nowhere(self) -> bool:
        """Return whether there are rows, and none has a position."""
        return 0 < self.rows == self.without_position


def remark_on(where: Where) -> str:
    """Return in words where the points are taken from."""
    if isinstance(where, CoordinateColumns):
        return f"Coordinates from {where.x} and {where.y}."
    return f"Points from {where.column}."


@dataclass(frozen=True)
class TablePiece:
    """Some rows that are a table already."""

    first_row: int
    share: float | None
    rows: pa.Table
    where: Where

    def coordinates(self) -> tuple[pa.Array, pa.Array] | pa.Array:
        """Return two columns of numbers or text, or one of WKB."""
        if isinstance(self.where, CoordinateColumns):
            return _whole(self.rows.column(self.where.x)), _whole(self.rows.column(self.where.y))
        column = _whole(self.rows.column(self.where.column))
        return column if self.where.is_wkb else (pc.struct_field(column, "x"), pc.struct_field(column, "y"))

    def table(self) -> pa.Table:
        """Return all columns in the order of the file."""
        return self.rows


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


class Source(Protocol):
    """A file of points that was opened."""

    #: Of the tables that its pieces give.
    schema: pa.Schema
    #: What was taken for what.
    remarks: list[str]

    @property
    def where(self) -> Where:
        """How the file says where its points are."""

    def pieces(self) -> Iterator[Piece]:
        """Yield the file piece by piece, in order."""


class Form(Protocol):
    """How a result is written."""

    def shaped(self, piece: Piece, answers: Answers) -> Any:
        """Return what is to be written of one piece; called by several threads at once."""

    def write(self, path: Path, shaped: Iterator[Any]) -> None:
        """Write a new file of the pieces, in order."""
