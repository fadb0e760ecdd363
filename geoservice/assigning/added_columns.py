"""What a result adds to a file: two columns of answers, and a geometry where the format needs one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import chain, count

import numpy as np
import pyarrow as pa

from geoservice.assigning.coordinates import require_different
from geoservice.assigning.model import Answers, Geometry, Piece, Request, Source
from geoservice.assigning.positions import wkb_points
from geoservice.engine.loaded_editions import METHODS
from layers.crs import STORAGE_SRID

#: Names of the engine's methods in the order of their numbers.
METHOD_NAMES = tuple(METHODS[number] for number in sorted(METHODS))
#: The geometry that is made.
MADE_GEOMETRY = Geometry("geometry", f"EPSG:{STORAGE_SRID}")
_KEYS, _METHOD_KEYS = pa.int32(), pa.int8()


class Places(Enum):
    """How a result says where its points are."""

    #: As the file says it: by its geometry, or by columns.
    KEPT = "kept"
    #: By points in degrees that are made from the positions; a geometry of the file is left out.
    POINTS = "points"
    #: By two columns of degrees; a geometry of the file is left out.
    COLUMNS = "columns"


@dataclass(frozen=True)
class Added:
    """The columns of answers."""

    code_column: str
    method_column: str
    #: What owners are indices into.
    codes: Sequence[str]

    @classmethod
    def by(cls, request: Request, codes: Sequence[str]) -> Added:
        """Return the columns that a request asks for."""
        return cls(request.code_column, request.method_column, codes)

    @property
    def fields(self) -> list[pa.Field]:
        """Return name and type of the two columns: dictionaries of text."""
        return [
            pa.field(self.code_column, pa.dictionary(_KEYS, pa.string())),
            pa.field(self.method_column, pa.dictionary(_METHOD_KEYS, pa.string())),
        ]

    def columns(self, answers: Answers) -> list[pa.Array]:
        """Return the two columns; null for nobody, and for rows that have no position."""
        code = pa.array(answers.owner, _KEYS, mask=answers.owner < 0)
        method = pa.array(answers.method, _METHOD_KEYS, mask=answers.method < 0)
        return [
            pa.DictionaryArray.from_arrays(code, pa.array(self.codes, pa.string())),
            pa.DictionaryArray.from_arrays(method, pa.array(METHOD_NAMES, pa.string())),
        ]


class Shaping:
    """Makes the table that is written of each piece."""

    def __init__(self, source: Source, added: Added, places: Places) -> None:
        self._added, self._places = added, places
        geometry = source.where if isinstance(source.where, Geometry) else None
        dropped = geometry if places is not Places.KEPT else None
        self._kept = [name for name in source.schema.names if dropped is None or name != dropped.column]
        require_different(self._kept)
        made = [pa.field(free_name(name, self._kept), kind) for name, kind in _MADE[places]]
        #: Of the tables; what the file's metadata says of a geometry that is left out is left out too.
        self.schema = pa.schema(
            [*(source.schema.field(name) for name in self._kept), *added.fields, *made],
            source.schema.metadata if dropped is None else None,
        )
        #: The geometry of the tables.
        self.geometry = geometry if places is Places.KEPT else None
        if places is Places.POINTS:
            self.geometry = replace(MADE_GEOMETRY, column=made[0].name)

    def __call__(self, piece: Piece, answers: Answers) -> pa.Table:
        """Return the rows of a piece with their answers."""
        table = piece.table()
        columns = [*(table.column(name) for name in self._kept), *self._added.columns(answers)]
        if self._places is Places.POINTS:
            columns.append(wkb_points(answers.lon, answers.lat))
        elif self._places is Places.COLUMNS:
            columns += [_degrees(answers.lon), _degrees(answers.lat)]
        return pa.table(columns, schema=self.schema)


_MADE: dict[Places, list[tuple[str, pa.DataType]]] = {
    Places.KEPT: [],
    Places.POINTS: [(MADE_GEOMETRY.column, pa.binary())],
    Places.COLUMNS: [("lon", pa.float64()), ("lat", pa.float64())],
}


def free_name(name: str, names: Sequence[str]) -> str:
    """Return a name, with a number behind it when a column is called so already, in whatever case."""
    taken = {one.lower() for one in names}
    return next(one for one in chain([name], (f"{name}_{number}" for number in count(2))) if one.lower() not in taken)


def _degrees(values: np.ndarray) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))
